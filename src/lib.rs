//! **Drywire** dry-runs the wire: a deterministic in-memory network, built on smoltcp's virtual devices, on which real
//! TCP and BSD-like sockets run as explicit state machines. One scenario gives one trace; snapshots, graphs and
//! captures are views of that trace. No real network is touched.
//!
//! The rooms of the crate import leftwards only:
//! `base < machine < {tcp, socket_api} < catalog < packet < trace < judge < scenario < net < socket < app < world < view < cli`.

pub mod app;
pub mod base;
pub mod catalog;
#[cfg(feature = "cli")]
pub mod cli;
pub mod judge;
pub mod machine;
pub mod net;
pub mod packet;
pub mod scenario;
pub mod socket;
pub mod socket_api;
pub mod tcp;
pub mod trace;
pub mod view;
pub mod world;
