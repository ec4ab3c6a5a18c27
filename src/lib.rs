//! **Drywire** dry-runs the wire: a deterministic in-memory network, built on smoltcp's virtual devices, on which real
//! TCP and BSD-like sockets run as explicit state machines. One scenario gives one trace; snapshots, graphs and
//! captures are views of that trace. No real network is touched.
//!
//! ```
//! use drywire::base::Seeded;
//! use drywire::judge;
//! use drywire::trace::path;
//! use drywire::world::World;
//!
//! let text = r#"
//! title = "The SYN is lost"
//!
//! [hosts]
//! client = "10.0.0.1"
//! server = "10.0.0.2"
//!
//! [links]
//! wire = { joins = ["client", "server"], delay = "50 ms" }
//!
//! [[faults]]
//! drop = "SYN"
//! nth = 1
//!
//! [run]
//! steps = [
//!   { server = "listen", port = 80 },
//!   { client = "connect", to = "server:80" },
//!   { server = "accept" },
//! ]
//! "#;
//! let scenario = drywire::scenario::load("syn-lost", text)?;
//! let trace = World::new(&scenario, scenario.seed).trace(&mut Seeded::new(scenario.seed));
//! assert_eq!(
//!     path(&trace),
//!     "\
//! path      syn-lost
//! title     The SYN is lost
//!
//! server  fd 3       CREATED > BOUND > LISTENING
//! client  fd 3       CREATED > CONNECTING > CONNECTED
//! client  client.1   CLOSED > SYN-SENT > ESTABLISHED
//! server  client.1   LISTEN > SYN-RECEIVED > ESTABLISHED
//! server  fd 4       CREATED > CONNECTED
//! client  packets    sent=3 arrived=1 again=1 lost=1
//! server  packets    sent=1 arrived=2
//! end: quiet
//! "
//! );
//! assert!(judge::judge(&trace.header, &trace.records).is_empty(), "nothing that RFC 9293 forbids");
//! # Ok::<(), drywire::scenario::Diagnostics>(())
//! ```
//!
//! Where to begin:
//!
//! - [`scenario`]: the language, from a file ([`scenario::load`]) or from Rust ([`scenario::Scenario::builder`]).
//! - [`world`]: runs it; [`world::World::spawn`] puts a program of yours on a host, [`app::Program`] says what that is.
//! - [`trace`]: what happened, as typed records with causes; as text, paths, JSON lines, and a capture.
//! - [`judge`]: holds a trace to the RFC; [`tcp`] and [`socket_api`] are the machines that it is held to.
//! - [`view`]: machines, and runs over them, as DOT, Mermaid and tables.
//!
//! The rooms of the crate import leftwards only:
//! `base < machine < {tcp, socket_api} < catalog < packet < trace < judge < scenario < net < socket < app < world < view < cli`.
//!
//! Without default features the library has no command line and its dependencies are few.

pub mod app;
pub mod base;
pub mod catalog;
#[cfg(feature = "cli")]
pub mod cli;
pub mod judge;
pub mod machine;
pub mod net;
pub mod packet;
pub mod peer;
pub mod scenario;
pub mod socket;
pub mod socket_api;
pub mod tcp;
pub mod trace;
pub mod view;
pub mod world;

/// The Rust of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
