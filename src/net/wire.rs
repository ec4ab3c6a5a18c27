//! A link: what a frame goes through between two nodes.
//!
//! Each direction is a queue before a serial line: a frame waits until those before it have left, takes its length at
//! the line's rate, then the propagation delay (and jitter, which keeps order). What can go wrong asks the one door,
//! one stream of decisions per direction and kind, so that an idle link more or less changes nothing elsewhere.

use super::Conns;
use super::faults::{Faults, Verdict};
use crate::base::{Choose, ConnId, LinkId, NodeId, Point, PointKind, RecordId, Span, Time, label_hash};
use crate::packet::{self, ETHERNET_HEADER, Packet};
use crate::scenario::model::{FaultAction, Lane, Link};
use crate::trace::{Fault, Tape, What};
use bytes::{Bytes, BytesMut};

/// A frame on its way, with what the trace knows of it; boxed on the way, for it is large.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its bytes, shared by link, duplicates, trace and capture.
    pub bytes: Bytes,
    /// What it says, if anyone looks.
    pub packet: Option<Packet>,
    /// Its connection.
    pub conn: Option<ConnId>,
    /// The record of its sending.
    pub sent: Option<RecordId>,
    /// A bit of it was flipped on the way, or it was crafted: its checksums may not match.
    pub suspect: bool,
    /// A bit of it was flipped on the way.
    pub spoiled: bool,
    /// The rules whose held packets go on when this one is delivered.
    pub releases: Vec<u32>,
}

impl Frame {
    /// A frame of which nobody has looked at more than the bytes.
    pub fn new(bytes: Bytes, suspect: bool) -> Self {
        Frame { bytes, packet: None, conn: None, sent: None, suspect, spoiled: false, releases: Vec::new() }
    }

    /// Flips one bit; others who share the bytes keep theirs.
    fn spoil(&mut self, bit: u32) {
        let mut bytes = BytesMut::from(&self.bytes[..]);
        packet::flip_bit(&mut bytes, bit);
        self.bytes = bytes.freeze();
        self.suspect = true;
        self.spoiled = true;
    }

    /// Whether whoever receives it notices that it is damaged: an Ethernet frame by its frame check sequence (IEEE 802.3,
    /// 3.2.9), which is not modelled otherwise; an IP packet by its checksums.
    pub fn is_damaged(&self, ethernet: bool) -> bool {
        self.spoiled && ethernet || self.suspect && !packet::checksums_ok(&self.bytes, ethernet)
    }
}

/// A frame that will arrive.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// When.
    pub at: Time,
    /// The frame.
    pub frame: Box<Frame>,
}

struct Line {
    from: NodeId,
    stream: u64,
    lane: Lane,
    free_at: Time,
    last_arrival: Time,
    in_burst: bool,
}

struct Held {
    rule: u32,
    direction: usize,
    frame: Box<Frame>,
}

/// A link at work.
pub struct Wire {
    id: LinkId,
    /// Frames have Ethernet headers.
    pub ethernet: bool,
    /// Whether anything gets through.
    pub up: bool,
    lines: [Line; 2],
    held: Vec<Held>,
    held_bytes: u64,
}

impl Lane {
    /// How long a frame of so many bytes takes to leave.
    pub fn serialisation(&self, bytes: usize) -> Span {
        let nanos = (bytes as u128 * 8 * 1_000_000_000).div_ceil(u128::from(self.rate.max(1)));
        Span(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many bytes still wait at the line, of which the last leaves after so long.
    fn waiting(&self, backlog: Span) -> u64 {
        let bytes = u128::from(backlog.0) * u128::from(self.rate) / 8 / 1_000_000_000;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// Jitter is drawn in so many steps.
const JITTER_STEPS: u32 = 1_000;

/// All that a frame on its way may meet.
pub struct Air<'a, 'b> {
    /// The named faults.
    pub faults: &'a mut Faults,
    /// The connections' names.
    pub conns: &'a Conns,
    /// The one door.
    pub choose: &'a mut dyn Choose,
    /// The records.
    pub tape: &'a mut Tape<'b>,
}

impl Wire {
    /// A link as the scenario sets it.
    pub fn new(id: LinkId, link: &Link) -> Self {
        let line = |direction: usize| Line {
            from: link.ends[direction],
            stream: label_hash(&link.name).wrapping_add(direction as u64),
            lane: link.lanes[direction],
            free_at: Time::ZERO,
            last_arrival: Time::ZERO,
            in_burst: false,
        };
        Wire { id, ethernet: link.ethernet, up: true, lines: [line(0), line(1)], held: Vec::new(), held_bytes: 0 }
    }

    /// A frame goes onto the link in this direction; what arrives of it goes to `out`.
    pub fn send(
        &mut self,
        direction: usize,
        mut frame: Box<Frame>,
        air: &mut Air<'_, '_>,
        out: &mut impl FnMut(Arrival),
    ) {
        let id = self.id;
        let ethernet = self.ethernet;
        let up = self.up;
        let line = &mut self.lines[direction];
        let now = air.tape.now;
        let header = if ethernet { ETHERNET_HEADER } else { 0 };
        let verdict = match (&frame.packet, air.faults.is_empty()) {
            (Some(packet), false) => {
                frame.releases = air.faults.releases(id, line.from, packet, air.conns);
                air.faults.judge(id, line.from, packet, air.conns)
            }
            (Some(_), true) | (None, _) => None,
        };
        let mut report = |frame: &Frame, fault| note(air.tape, line.from, id, frame, fault);
        if !up {
            report(&frame, Fault::Cut);
            return;
        }
        if frame.bytes.len() > line.lane.mtu as usize + header {
            report(&frame, Fault::TooBig);
            return;
        }
        let backlog = line.free_at.since(now);
        if backlog > Span::ZERO && line.lane.waiting(backlog) + frame.bytes.len() as u64 > line.lane.queue {
            report(&frame, Fault::QueueFull);
            return;
        }
        line.free_at = line.free_at.max(now) + line.lane.serialisation(frame.bytes.len());
        match verdict {
            Some(Verdict { rule, action }) => self.apply(direction, rule, action, frame, air, out),
            None => {
                let line = &mut self.lines[direction];
                line.by_chance(id, frame, air, out);
            }
        }
    }

    fn apply(
        &mut self,
        direction: usize,
        rule: u32,
        action: FaultAction,
        mut frame: Box<Frame>,
        air: &mut Air<'_, '_>,
        out: &mut impl FnMut(Arrival),
    ) {
        let line = &mut self.lines[direction];
        let id = self.id;
        let from = line.from;
        match action {
            FaultAction::Drop => note(air.tape, from, id, &frame, Fault::Dropped(rule)),
            FaultAction::Delay(by) => {
                note(air.tape, from, id, &frame, Fault::Delayed(rule, by));
                // A delayed frame does not hold up what comes after it.
                out(Arrival { at: line.free_at + line.lane.delay + by, frame });
            }
            FaultAction::Duplicate => {
                note(air.tape, from, id, &frame, Fault::Duplicated(Some(rule)));
                let at = line.arrival(air);
                out(Arrival { at, frame: frame.clone() });
                out(Arrival { at, frame });
            }
            FaultAction::Corrupt => {
                let bit = u32::try_from(frame.bytes.len() * 8 - 1).unwrap_or(u32::MAX);
                note(air.tape, from, id, &frame, Fault::Corrupted(Some(rule), bit));
                frame.spoil(bit);
                let at = line.arrival(air);
                out(Arrival { at, frame });
            }
            FaultAction::Hold(_) => {
                note(air.tape, from, id, &frame, Fault::Held(rule));
                self.held_bytes += frame.bytes.len() as u64;
                self.held.push(Held { rule, direction, frame });
            }
        }
    }

    /// Bytes of the frames that faults hold here.
    pub fn held_bytes(&self) -> u64 {
        self.held_bytes
    }

    /// The holding rule's condition came true: what it holds here arrives now. Gives the directions too.
    pub fn release(&mut self, rule: u32, tape: &mut Tape<'_>) -> Vec<(usize, Box<Frame>)> {
        let (released, kept) = self.held.drain(..).partition(|held: &Held| held.rule == rule);
        self.held = kept;
        self.held_bytes = self.held.iter().map(|held| held.frame.bytes.len() as u64).sum();
        let go_on = |held: Held| {
            note(tape, self.lines[held.direction].from, self.id, &held.frame, Fault::Released(rule));
            (held.direction, held.frame)
        };
        released.into_iter().map(go_on).collect()
    }
}

fn note(tape: &mut Tape<'_>, from: NodeId, link: LinkId, frame: &Frame, fault: Fault) {
    let Some(packet) = frame.packet else { return };
    let before = tape.cause;
    tape.cause = frame.sent.or(before);
    tape.note(from, || What::Fault { link, conn: frame.conn, packet, fault, frame: frame.bytes.clone() });
    tape.cause = before;
}

impl Line {
    fn decide(&self, kind: PointKind, ppm: u32, choose: &mut dyn Choose) -> bool {
        ppm > 0 && choose.choose(Point { kind, stream: self.stream, ppm: Some(ppm) }, 2) == 1
    }

    /// When the frame that leaves last arrives; jitter does not change the order.
    fn arrival(&mut self, air: &mut Air<'_, '_>) -> Time {
        let mut at = self.free_at + self.lane.delay;
        if self.lane.jitter > Span::ZERO {
            let point = Point { kind: PointKind::Jitter, stream: self.stream, ppm: None };
            let step = u64::from(air.choose.choose(point, JITTER_STEPS + 1));
            let jitter = u128::from(self.lane.jitter.0) * u128::from(step) / u128::from(JITTER_STEPS);
            at += Span(u64::try_from(jitter).unwrap_or(u64::MAX));
        }
        self.last_arrival = self.last_arrival.max(at);
        self.last_arrival
    }

    fn lost(&mut self, choose: &mut dyn Choose) -> Option<Fault> {
        if let Some(burst) = self.lane.burst {
            let turn = if self.in_burst { burst.end } else { burst.begin };
            if self.decide(PointKind::Burst, turn, choose) {
                self.in_burst = !self.in_burst;
            }
            if self.in_burst && self.decide(PointKind::Loss, burst.loss, choose) {
                return Some(Fault::LostInBurst);
            }
        }
        self.decide(PointKind::Loss, self.lane.loss, choose).then_some(Fault::Lost)
    }

    fn by_chance(&mut self, id: LinkId, mut frame: Box<Frame>, air: &mut Air<'_, '_>, out: &mut impl FnMut(Arrival)) {
        if let Some(fault) = self.lost(air.choose) {
            note(air.tape, self.from, id, &frame, fault);
            return;
        }
        if self.decide(PointKind::Corrupt, self.lane.corrupt, air.choose) {
            let point = Point { kind: PointKind::Bit, stream: self.stream, ppm: None };
            let bits = u32::try_from(frame.bytes.len() * 8).unwrap_or(u32::MAX);
            let bit = air.choose.choose(point, bits);
            note(air.tape, self.from, id, &frame, Fault::Corrupted(None, bit));
            frame.spoil(bit);
        }
        if self.decide(PointKind::Duplicate, self.lane.duplicate, air.choose) {
            note(air.tape, self.from, id, &frame, Fault::Duplicated(None));
            let at = self.arrival(air);
            out(Arrival { at, frame: frame.clone() });
        }
        if self.decide(PointKind::Reorder, self.lane.reorder, air.choose) {
            let late = self.lane.reorder_by;
            note(air.tape, self.from, id, &frame, Fault::Reordered(late));
            out(Arrival { at: self.free_at + self.lane.delay + late, frame });
            return;
        }
        let at = self.arrival(air);
        out(Arrival { at, frame });
    }
}
