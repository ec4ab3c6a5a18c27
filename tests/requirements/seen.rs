//! What a run shows of its hosts, as the checks of the requirements ask for it.

use core::net::SocketAddr;
use drywire::base::{NodeId, RecordId, Span, Time};
use drywire::packet::{Flags, Segment};
use drywire::socket_api::Errno;
use drywire::tcp::State;
use drywire::trace::{CallName, Outcome, Record, TimerKind, Trace, What};
use std::collections::BTreeSet;

/// A run.
pub(super) struct Seen<'a> {
    trace: &'a Trace,
    injections: BTreeSet<RecordId>,
}

/// A segment that a host's stack sent, or that reached it.
#[derive(Clone)]
pub(super) struct Seg<'a> {
    pub(super) at: Time,
    pub(super) conn: u32,
    pub(super) segment: Segment,
    pub(super) src: SocketAddr,
    pub(super) ttl: u8,
    /// Its IP packet.
    pub(super) packet: &'a [u8],
    /// Its end is of IPv6.
    pub(super) v6: bool,
}

impl Seg<'_> {
    pub(super) fn has(&self, flags: Flags) -> bool {
        self.segment.flags.has(flags)
    }

    /// The sequence number behind it.
    pub(super) fn end(&self) -> u32 {
        self.segment.seq.wrapping_add(self.segment.seg_len())
    }

    /// The right edge of the window that it offers.
    pub(super) fn edge(&self) -> u32 {
        self.segment.ack.wrapping_add(self.segment.window.into())
    }

    /// Its TCP header, options included.
    pub(super) fn header(&self) -> &[u8] {
        let start = if self.v6 { 40 } else { usize::from(self.packet[0] & 15) * 4 };
        let tcp = &self.packet[start..];
        &tcp[..usize::from(tcp[12] >> 4) * 4]
    }

    /// Its options: kind, place in the header, length as it says (0 without a length). The last is the end of the list, if
    /// it has one.
    pub(super) fn options(&self) -> Vec<(u8, usize, usize)> {
        let (header, mut at, mut all) = (self.header(), 20, Vec::new());
        while let Some(&kind) = header.get(at) {
            let len = if kind > 1 { header.get(at + 1).map_or(0, |&len| usize::from(len)) } else { 0 };
            all.push((kind, at, len));
            if kind == 0 || kind > 1 && len < 2 {
                break;
            }
            at += len.max(1);
        }
        all
    }

    /// The Differentiated Services field, and ECN's bits.
    pub(super) fn traffic_class(&self) -> u8 {
        if self.v6 { self.packet[0] << 4 | self.packet[1] >> 4 } else { self.packet[1] }
    }
}

/// How far `to` is ahead of `from`; less than zero where it is behind.
pub(super) fn ahead(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

impl<'a> Seen<'a> {
    pub(super) fn new(trace: &'a Trace) -> Self {
        let injects = |record: &&Record| matches!(&record.what, What::Call(call) if call.call == CallName::Inject);
        let injections = trace.records.iter().filter(injects).map(|record| record.id).collect();
        Seen { trace, injections }
    }

    fn of(&self, host: &str) -> impl Iterator<Item = &'a Record> + use<'a> {
        let node = self.trace.header.nodes.iter().position(|node| node.name == host);
        let node = node.and_then(|at| u16::try_from(at).ok()).map(NodeId);
        self.trace.records.iter().filter(move |record| Some(record.node) == node)
    }

    fn segment(record: &'a Record) -> Option<Seg<'a>> {
        let (conn, packet) = record.what.packet()?;
        Some(Seg {
            at: record.at,
            conn: conn?.0,
            segment: *packet.tcp()?,
            src: packet.src,
            ttl: packet.ttl,
            packet: record.what.frame()?,
            v6: packet.src.is_ipv6(),
        })
    }

    /// The segments that a host's stack sent: what was crafted is not its own.
    pub(super) fn sent(&self, host: &str) -> Vec<Seg<'a>> {
        let own = |record: &&Record| {
            matches!(record.what, What::Sent { .. })
                && record.cause.is_none_or(|cause| !self.injections.contains(&cause))
        };
        self.of(host).filter(own).filter_map(Self::segment).collect()
    }

    /// Those with text.
    pub(super) fn text_of(&self, host: &str) -> Vec<Seg<'a>> {
        self.sent(host).into_iter().filter(|seg| seg.segment.len > 0).collect()
    }

    /// Those with a SYN.
    pub(super) fn syns_of(&self, host: &str) -> Vec<Seg<'a>> {
        self.sent(host).into_iter().filter(|seg| seg.has(Flags::SYN)).collect()
    }

    /// The segments that reached a host.
    pub(super) fn heard(&self, host: &str) -> Vec<Seg<'a>> {
        self.of(host).filter(|record| matches!(record.what, What::Arrived { .. })).filter_map(Self::segment).collect()
    }

    /// The segments that reached a host and that it threw away, as they are.
    pub(super) fn dropped(&self, host: &str) -> Vec<Seg<'a>> {
        self.of(host).filter(|record| matches!(record.what, What::Drop { .. })).filter_map(Self::segment).collect()
    }

    /// What was sent and what arrived, in order: `true` for what was sent.
    pub(super) fn both(&self, host: &str) -> Vec<(bool, Seg<'a>)> {
        let way = |record: &'a Record| match record.what {
            What::Sent { .. } => Some((true, Self::segment(record)?)),
            What::Arrived { .. } => Some((false, Self::segment(record)?)),
            _ => None,
        };
        self.of(host).filter_map(way).collect()
    }

    /// The states that a host's ends entered, and when.
    pub(super) fn moves(&self, host: &str) -> Vec<(Time, State, State)> {
        let moved = |record: &Record| match record.what {
            What::State { from, to, .. } => Some((record.at, from, to)),
            _ => None,
        };
        self.of(host).filter_map(moved).collect()
    }

    /// Whether a host's ends entered these states one after the other.
    pub(super) fn passes(&self, host: &str, states: &[State]) -> bool {
        let entered: Vec<State> = self.moves(host).iter().map(|&(_, _, to)| to).collect();
        entered.windows(states.len()).any(|some| some == states)
    }

    /// When a host's timers of a kind fired, and how long they had run.
    pub(super) fn timers(&self, host: &str, kind: TimerKind) -> Vec<(Time, Span)> {
        let fired = |record: &Record| match record.what {
            What::Timer { timer, after, .. } if timer == kind => Some((record.at, after)),
            _ => None,
        };
        self.of(host).filter_map(fired).collect()
    }

    fn outcome(record: &Record) -> Option<&Outcome> {
        match &record.what {
            What::Call(call) => Some(&call.outcome),
            What::Return { outcome, .. } => Some(outcome),
            _ => None,
        }
    }

    /// What a host's calls failed with, and when.
    pub(super) fn errors(&self, host: &str) -> Vec<(Time, Errno)> {
        let failed = |record: &Record| match Self::outcome(record)? {
            Outcome::Err(errno) if *errno != Errno::Einprogress => Some((record.at, *errno)),
            _ => None,
        };
        self.of(host).filter_map(failed).collect()
    }

    /// A host's call gave an end of file.
    pub(super) fn told_of_end(&self, host: &str) -> bool {
        self.of(host).any(|record| Self::outcome(record) == Some(&Outcome::Eof))
    }

    /// Bytes that a host's calls received.
    pub(super) fn received(&self, host: &str) -> usize {
        let bytes = |record: &Record| match Self::outcome(record)? {
            Outcome::Data(data) => Some(data.0.len()),
            _ => None,
        };
        self.of(host).filter_map(bytes).sum()
    }

    /// A host made this call with this argument in it.
    pub(super) fn calls(&self, host: &str, name: CallName, word: &str) -> Vec<(Time, &'a Outcome)> {
        let made = |record: &'a Record| match &record.what {
            What::Call(call) if call.call == name && call.args.contains(word) => Some((record.at, &call.outcome)),
            _ => None,
        };
        self.of(host).filter_map(made).collect()
    }

    /// All records of a host.
    pub(super) fn records(&self, host: &str) -> Vec<&'a Record> {
        self.of(host).collect()
    }
}
