//! What can arrive: a segment of each class, with numbers that make it so at a given end.

use super::lab::{IRS, Numbers, segment};
use drywire::packet::{Flags, Segment};

/// A class of segments: its name, and the segment.
pub(crate) type Class = (&'static str, fn(Numbers) -> Option<Segment>);

const SYN: Flags = Flags::SYN;
const ACK: Flags = Flags::ACK;
const FIN: Flags = Flags::FIN;
const RST: Flags = Flags::RST;
const SYN_ACK: Flags = Flags::SYN.with(Flags::ACK);
const FIN_ACK: Flags = Flags::FIN.with(Flags::ACK);
const RST_ACK: Flags = Flags::RST.with(Flags::ACK);
const ALL: Flags = Flags(0x3f);

/// The number at which a SYN is taken for one of this connection, if the peer's has not come: its ISS; else RCV.NXT.
fn syn_at(n: Numbers) -> u32 {
    if n.synchronized { n.rcv } else { IRS }
}

pub(crate) const CLASSES: [Class; 34] = [
    ("nothing", |_| None),
    ("SYN", |n| Some(segment(SYN, syn_at(n), 0, 0))),
    ("SYN in the window", |n| Some(segment(SYN, n.rcv + 10, 0, 0))),
    ("SYN, old", |_| Some(segment(SYN, IRS, 0, 0))),
    ("SYN,ACK", |n| Some(segment(SYN_ACK, syn_at(n), n.nxt, 0))),
    ("SYN,ACK, old", |n| Some(segment(SYN_ACK, IRS, n.nxt, 0))),
    ("SYN,ACK, bad ACK", |n| Some(segment(SYN_ACK, syn_at(n), n.nxt + 50, 0))),
    ("SYN,FIN", |n| Some(segment(SYN.with(FIN), syn_at(n), 0, 0))),
    ("SYN,FIN,ACK", |n| Some(segment(SYN.with(FIN_ACK), syn_at(n), n.nxt, 0))),
    ("RST at RCV.NXT", |n| Some(segment(RST, n.rcv, 0, 0))),
    ("RST in the window", |n| Some(segment(RST, n.rcv + 10, 0, 0))),
    ("RST outside the window", |n| Some(segment(RST, n.rcv - 100, 0, 0))),
    ("RST,ACK, good ACK", |n| Some(segment(RST_ACK, n.rcv, n.nxt, 0))),
    ("RST,ACK, bad ACK", |n| Some(segment(RST_ACK, n.rcv, n.nxt + 50, 0))),
    ("ACK, new", |n| Some(segment(ACK, n.rcv, n.nxt, 0))),
    ("ACK, part", |n| Some(segment(ACK, n.rcv, n.una + 1, 0))),
    ("ACK, duplicate", |n| Some(segment(ACK, n.rcv, n.una, 0))),
    ("ACK, old", |n| Some(segment(ACK, n.rcv, n.una - 1_000, 0))),
    ("ACK, ahead", |n| Some(segment(ACK, n.rcv, n.nxt + 50, 0))),
    ("ACK before the window", |n| Some(segment(ACK, n.rcv - 1, n.nxt, 0))),
    ("FIN,ACK", |n| Some(segment(FIN_ACK, n.rcv, n.una, 0))),
    ("FIN,ACK of all", |n| Some(segment(FIN_ACK, n.rcv, n.nxt, 0))),
    ("FIN,ACK ahead", |n| Some(segment(FIN_ACK, n.rcv + 10, n.una, 0))),
    ("FIN,ACK again", |n| Some(segment(FIN_ACK, n.rcv - 1, n.una, 0))),
    ("FIN without ACK", |n| Some(segment(FIN, n.rcv, 0, 0))),
    ("text", |n| Some(segment(ACK, n.rcv, n.una, 20))),
    ("text and FIN", |n| Some(segment(FIN_ACK, n.rcv, n.una, 20))),
    ("text, ahead", |n| Some(segment(ACK, n.rcv + 10, n.una, 20))),
    ("text, old", |n| Some(segment(ACK, n.rcv - 20, n.una, 20))),
    ("text, old and new", |n| Some(segment(ACK, n.rcv - 10, n.una, 20))),
    ("text beyond the window", |n| Some(segment(ACK, n.rcv + 60_000, n.una, 20))),
    ("text without ACK", |n| Some(segment(Flags::PSH, n.rcv, 0, 20))),
    ("no flags", |n| Some(segment(Flags(0), n.rcv, 0, 0))),
    ("all flags", |n| Some(segment(ALL, n.rcv, n.nxt, 0))),
];
