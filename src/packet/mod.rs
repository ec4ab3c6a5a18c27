//! Frames taken apart into our own types. Only this room and `net` may name smoltcp.
//!
//! Rules: no bytes make anything here panic; [`dissect`] and [`endpoints`] allocate nothing, for they run for each frame
//! of a run. What cannot be read as an IP packet or an ARP message is `None`; what is IP but no readable segment or
//! datagram is [`Body::Other`].
//!
//! Documents: RFC 791 and RFC 8200 (IP), RFC 9293 (TCP), RFC 768 (UDP), RFC 792 and RFC 4443 (ICMP), RFC 826 (ARP).

mod check;
mod craft;
mod dissect;
mod layout;
mod types;

pub use check::checksums_ok;
pub use craft::{
    craft_tcp, craft_tcp_with, decrement_ttl, echo_reply, ethernet_broadcast, flip_bit, icmp_error, spoil_tcp_checksum,
};
pub use dissect::{dissect, has_readable_options};
pub use layout::{ETHERNET_HEADER, ICMP, ICMPV6, TCP, UDP, endpoints, tcp_flags, tcp_text, tcp_window};
pub use types::{Arp, Body, Datagram, Flags, Icmp, IcmpKind, Packet, Segment};

#[cfg(test)]
mod tests;
