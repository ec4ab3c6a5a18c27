//! Frames taken apart into our own types. Only this room and `net` may name smoltcp.

mod types;

pub use types::{Arp, Body, Datagram, Flags, Icmp, IcmpKind, Packet, Segment};
