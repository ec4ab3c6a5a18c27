//! All integration tests, in one binary.

#[cfg(feature = "cli")]
mod badinput;
mod captures;
#[cfg(feature = "cli")]
mod cli;
mod determinism;
mod falsify;
mod linux_sockets;
#[cfg(feature = "cli")]
mod readme;
mod sims;
mod socket_api;
mod support;
mod tidy;
