//! All integration tests, in one binary.

#[cfg(feature = "cli")]
mod badinput;
mod captures;
#[cfg(feature = "cli")]
mod cli;
mod coverage;
mod datagram_states;
mod datagrams;
mod determinism;
#[cfg(feature = "cli")]
mod diff;
mod falsify;
mod laws;
mod linux_sockets;
mod matrix;
mod measure;
#[cfg(feature = "cli")]
mod measure_cli;
mod programs;
#[cfg(feature = "cli")]
mod readme;
mod requirements;
mod scripted;
mod sims;
mod socket_api;
mod socket_states;
mod sockets;
mod support;
mod tidy;
mod unreachable;
mod wakers;
