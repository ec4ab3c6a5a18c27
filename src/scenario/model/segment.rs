//! Crafted segments, and what is expected of those that come.

use super::Target;
use crate::base::{Payload, Span};
use crate::packet::Flags;
use core::net::IpAddr;

/// What is said of a TCP segment; what is not said is left to its usual value, or may be anything.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SegmentParts {
    /// Control bits.
    pub flags: Option<Flags>,
    /// Its sequence numbers.
    pub seq: Option<SeqPart>,
    /// Its acknowledgment number.
    pub ack: Option<i64>,
    /// Its window.
    pub window: Option<u32>,
    /// Its urgent pointer.
    pub urgent: Option<u16>,
    /// Maximum segment size option.
    pub mss: Option<u16>,
    /// Window scale option: the shift.
    pub scale: Option<u8>,
    /// Whether it has the SACK-permitted option.
    pub sack_permitted: Option<bool>,
    /// The first block of a SACK option.
    pub sack: Option<(i64, i64)>,
    /// Timestamps option: value and echo.
    pub timestamps: Option<(u32, u32)>,
    /// All its options as they stand in the header, right or wrong: at most 40 bytes.
    pub options: Option<Payload>,
    /// Its checksum is wrong.
    pub bad_checksum: bool,
    /// Its text.
    pub data: Option<Payload>,
}

/// Sequence numbers as the trace writes them: `[1,79)`, `[1)`, or the first one alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SeqPart {
    /// The first.
    pub start: i64,
    /// The one after the last, where it is said.
    pub stop: Option<i64>,
}

/// A crafted TCP segment with absolute numbers, from any source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inject {
    /// The source address and port, true or forged; the host's first address if `None`.
    pub src: (Option<IpAddr>, u16),
    /// The destination.
    pub to: Target,
    /// What it says.
    pub parts: SegmentParts,
}

/// A segment of a scripted peer, with numbers relative to its connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerSegment {
    /// The other end; else the one of the connection that `port` names, or of the program's latest.
    pub to: Option<Target>,
    /// Its own port; else that of the connection.
    pub port: Option<u16>,
    /// A new connection begins, with this initial sequence number.
    pub isn: Option<u32>,
    /// What it says.
    pub parts: SegmentParts,
}

/// A scripted peer waits for the next segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Await {
    /// From this other end; else from any, or that of the program's latest connection.
    pub from: Option<Target>,
    /// To this port of its own.
    pub port: Option<u16>,
    /// Not longer than this.
    pub within: Option<Span>,
}
