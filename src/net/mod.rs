//! The network below the sockets: virtual devices and the TCP/IP stack on them, links with their faults, switches and
//! routers. The only room besides `packet` that names smoltcp: the stack can be replaced here.
//!
//! - A [`Stack`] is one host's: an interface for its link, one for loopback, **one socket set per connection**, and our
//!   own demultiplexer. It takes in one frame at a time and compares a connection's state around every call, arrival
//!   and departure, so that each move has exactly one cause.
//! - A [`Wire`] is one link: each direction serialises, queues, delays and spoils frames as its settings and the named
//!   faults say. Whatever could go either way asks [`crate::base::Choose`].
//! - [`Switch`] and [`Router`] forward; smoltcp does neither.

mod conns;
mod device;
mod endpoint;
mod faults;
mod guard;
mod model;
mod port;
mod router;
mod socket;
mod stack;
mod switch;
mod wire;

pub use conns::Conns;
pub use device::Via;
pub use endpoint::{Mark, Moved, OnWire, TcpEnd};
pub use faults::{Faults, Verdict};
pub use router::{Route, Routed, Router};
pub use stack::{Departure, Destination, Stack, StackConfig, TcpId, UdpId, is_single};
pub use switch::Switch;
pub use wire::{Air, Arrival, Frame, Wire};

/// The stack and its version, as a trace's header names it.
pub const STACK: &str = "smoltcp 0.14.0";
