//! All integration tests, in one binary.

#[cfg(feature = "cli")]
mod cli;
mod linux_sockets;
mod wakers;
mod sockets;
