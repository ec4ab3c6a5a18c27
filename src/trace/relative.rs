//! Sequence numbers as people read them: counted from the initial sequence number of who sent them.
//!
//! A sender's numbers begin at 0 (its SYN), so its first byte of data is 1, in every run and whatever the seed. Where no
//! SYN was seen (a forged segment, an answer to a forgotten connection) the first number seen counts as 1.

use super::{End, Record, What};
use crate::base::{ConnId, NodeId, RecordId};
use crate::packet::{Flags, Packet, Segment};
use core::net::SocketAddr;
use std::collections::BTreeMap;

/// A segment in relative numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shown {
    /// Who sent it.
    pub end: End,
    /// Its first sequence number.
    pub start: i64,
    /// The one after its last: `start` plus text, SYN and FIN.
    pub stop: i64,
    /// How often its first number has now been sent by a host's stack; 2 and more is a retransmission. 1 where it
    /// occupies no sequence number.
    pub nth: u32,
    /// The acknowledgment number, where ACK is set.
    pub ack: Option<i64>,
    /// It acknowledges the FIN of its receiver.
    pub acks_fin: bool,
    /// It is a keep-alive with an octet that has been acknowledged before.
    pub keeps_alive: bool,
    /// The window in bytes: scaled, where both SYNs offered to scale (RFC 7323).
    pub window: u32,
    /// The first SACK block.
    pub sack: Option<(i64, i64)>,
}

impl Shown {
    /// The segment's name: `[1,79)`, or `[1)` where it occupies no sequence number; `'2` where it is sent again.
    pub fn name(&self) -> String {
        let repeat = if self.nth > 1 { format!("'{}", self.nth) } else { String::new() };
        if self.stop == self.start {
            format!("[{}){repeat}", self.start)
        } else {
            format!("[{},{}){repeat}", self.start, self.stop)
        }
    }
}

/// All segments of a run in relative numbers, by record.
#[derive(Clone, Debug, Default)]
pub struct Relative {
    shown: BTreeMap<RecordId, Shown>,
    initiators: BTreeMap<ConnId, SocketAddr>,
    sides: BTreeMap<(Flow, SocketAddr), Side>,
}

/// A connection; or the two addresses, in order, of segments that belong to none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Flow {
    Conn(ConnId),
    Pair(SocketAddr, SocketAddr),
}

impl Relative {
    /// Follows all segments of a run.
    pub fn new(records: &[Record]) -> Self {
        let mut relative = Relative::default();
        for record in records {
            relative.see(record, records);
        }
        relative
    }

    /// The segment of a record (sent, arrived, dropped, or met by a fault).
    pub fn get(&self, id: RecordId) -> Option<&Shown> {
        self.shown.get(&id)
    }

    fn see(&mut self, record: &Record, records: &[Record]) {
        if let What::Conn { conn, local, .. } = &record.what {
            self.initiators.insert(*conn, *local);
        }
        let Some((conn, packet)) = record.what.packet() else { return };
        let Some(segment) = packet.tcp() else { return };
        let sender = matches!(record.what, What::Sent { .. }).then_some(record.node);
        let shown = match self.on_its_way(record, packet, records) {
            Some(shown) => shown,
            None => self.show(conn, packet, segment, sender),
        };
        self.shown.insert(record.id, shown);
        if let (What::Arrived { .. }, Some(ack)) = (&record.what, shown.ack) {
            let side = self.sides.entry((flow(conn, packet), packet.dst)).or_default();
            side.acked = side.acked.max(ack);
        }
    }

    /// What a segment is already known as, when this record is one more stage of its way: its arrival, its loss, or its
    /// being forwarded (which is no retransmission).
    fn on_its_way(&self, record: &Record, packet: &Packet, records: &[Record]) -> Option<Shown> {
        let cause = record.cause?;
        let known = self.shown.get(&cause)?;
        let same = || {
            let before = records.get(cause.index()).and_then(|before| before.what.packet());
            before.is_some_and(|(_, before)| {
                (before.src, before.dst, before.body) == (packet.src, packet.dst, packet.body)
            })
        };
        let forwarded = !matches!(record.what, What::Sent { .. }) || same();
        forwarded.then_some(*known)
    }

    fn end(&self, conn: Option<ConnId>, packet: &Packet) -> End {
        let initiator = conn.and_then(|conn| self.initiators.get(&conn).copied());
        let initiator = initiator.unwrap_or_else(|| packet.src.max(packet.dst));
        if packet.src == initiator { End::Initiator } else { End::Acceptor }
    }

    fn show(&mut self, conn: Option<ConnId>, packet: &Packet, segment: &Segment, sender: Option<NodeId>) -> Shown {
        let flow = flow(conn, packet);
        let end = self.end(conn, packet);
        let peer = self.sides.entry((flow, packet.dst)).or_default();
        let ack = segment.flags.has(Flags::ACK).then(|| peer.relative(segment.ack));
        let sack = segment.sack.map(|(left, right)| (peer.relative(left), peer.relative(right)));
        let (peer_scales, acks_fin) = (peer.scale.is_some(), ack.is_some() && peer.fin == ack);
        let side = self.sides.entry((flow, packet.src)).or_default();
        side.learn(segment, sender);
        let start = side.relative(segment.seq);
        let stop = start + i64::from(segment.seg_len());
        // A keep-alive's octet is none of the text (RFC 9293, 3.8.4): it has been acknowledged, with all the rest.
        let control = segment.flags.has(Flags::SYN) || segment.flags.has(Flags::FIN);
        let keeps_alive = segment.len == 1 && !control && stop == side.high && side.acked == side.high;
        side.high = side.high.max(stop);
        if segment.flags.has(Flags::FIN) {
            side.fin = Some(stop);
        }
        let nth =
            sender.filter(|_| !keeps_alive).map_or(1, |node| side.sent.entry(node).or_default().send(start, stop));
        let window = match side.scale {
            Some(shift) if peer_scales && !segment.flags.has(Flags::SYN) => u32::from(segment.window) << shift.min(14),
            _ => u32::from(segment.window),
        };
        Shown { end, start, stop, nth, ack, acks_fin, keeps_alive, window, sack }
    }
}

fn flow(conn: Option<ConnId>, packet: &Packet) -> Flow {
    conn.map_or_else(|| Flow::Pair(packet.src.min(packet.dst), packet.src.max(packet.dst)), Flow::Conn)
}

/// One direction of a connection.
#[derive(Clone, Debug, Default)]
struct Side {
    isn: Option<u32>,
    /// The initial sequence number was read from a SYN, not guessed.
    certain: bool,
    /// The node that sent this SYN.
    owner: Option<NodeId>,
    scale: Option<u8>,
    /// The highest number so far, from which later ones are unwrapped.
    high: i64,
    /// The highest acknowledgment that has reached it.
    acked: i64,
    /// The number after its FIN.
    fin: Option<i64>,
    /// What it counted from before, each with the highest number then: an end that was deleted, and made anew by a SYN
    /// sent again, answers from another initial sequence number, while what it sent before may be on its way.
    former: Vec<(u32, i64)>,
    /// What each node has sent: a forged segment makes no retransmission of the true one.
    sent: BTreeMap<NodeId, Ranges>,
}

/// How often each range was sent.
#[derive(Clone, Debug, Default)]
struct Ranges {
    high: i64,
    times: BTreeMap<(i64, i64), u32>,
}

/// No segment is longer, so none that begins earlier than this covers a number.
const LONGEST: i64 = 1 << 16;

impl Side {
    fn learn(&mut self, segment: &Segment, sender: Option<NodeId>) {
        let anew = segment.flags.has(Flags::ACK) && self.isn != Some(segment.seq) && self.owner == sender;
        if segment.flags.has(Flags::SYN) && (!self.certain || anew) {
            let mut former = core::mem::take(&mut self.former);
            former.extend(self.isn.filter(|_| self.certain).map(|isn| (isn, self.high)));
            let (isn, scale) = (Some(segment.seq), segment.scale);
            *self = Side { isn, certain: true, owner: sender, scale, former, ..Side::default() };
        }
    }

    fn relative(&mut self, number: u32) -> i64 {
        let isn = match self.isn {
            Some(isn) => isn,
            // A reset that answers a segment without ACK has the number 0 (RFC 9293, 3.10.7.1); it says nothing.
            None if number == 0 => return 0,
            None => *self.isn.insert(number.wrapping_sub(1)),
        };
        let from = |(isn, high): (u32, i64)| {
            let highest = isn.wrapping_add(u32::try_from(high.rem_euclid(1 << 32)).unwrap_or(0));
            let beyond = i64::from(number.wrapping_sub(highest).cast_signed());
            (beyond.abs(), high + beyond)
        };
        let former = self.former.iter().rev().copied().map(from);
        let (_, relative) = former.fold(from((isn, self.high)), |best, next| if next.0 < best.0 { next } else { best });
        relative
    }
}

impl Ranges {
    /// Counts how often the first number has been sent, this time included.
    fn send(&mut self, start: i64, stop: i64) -> u32 {
        if start == stop {
            return 1;
        }
        let before = if start < self.high {
            let near = self.times.range((start - LONGEST, i64::MIN)..=(start, i64::MAX));
            near.filter(|((_, end), _)| *end > start).map(|(_, times)| times).sum()
        } else {
            0
        };
        self.high = self.high.max(stop);
        *self.times.entry((start, stop)).or_insert(0) += 1;
        before + 1
    }
}
