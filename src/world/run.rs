//! The loop: one event after the other, and the programs that it wakes.

use super::host::{Host, Station};
use super::programs::Slot;
use super::queue::{Event, Queue};
use super::topology::Port;
use crate::app::Wait;
use crate::base::{Choose, NodeId, RecordId, Time};
use crate::net::{Conns, Faults, Wire};
use crate::scenario::Scenario;
use crate::socket::{Alarm, Ctx};
use crate::trace::{ActorInfo, Ending, Header, LinkChange, Sink, Tape, Trace, What};
use std::collections::BTreeSet;

/// A run in progress. See the [module](crate::world) for its rules.
pub struct World {
    pub(super) scenario: Scenario,
    pub(super) header: Header,
    pub(super) seed: u64,
    pub(super) now: Time,
    /// When something was last recorded.
    pub(super) busy: Time,
    pub(super) queue: Queue,
    pub(super) stations: Vec<Station>,
    pub(super) wires: Vec<Wire>,
    pub(super) ports: Vec<Vec<Port>>,
    pub(super) faults: Faults,
    pub(super) conns: Conns,
    pub(super) slots: Vec<Slot>,
    pub(super) labels: BTreeSet<String>,
    pub(super) next_record: u32,
    pub(super) events: u64,
    /// The actors of each node.
    pub(super) residents: Vec<Vec<usize>>,
    /// Bytes on links, and in the buffers of connections and datagram sockets.
    pub(super) in_flight: u64,
    pub(super) pinned: u64,
    /// What the stack of a host panicked with.
    pub(super) panic: Option<String>,
    pub(super) ending: Option<Ending>,
}

/// What one step of the world is made with.
pub(super) struct Hands<'a, 't> {
    pub(super) choose: &'a mut dyn Choose,
    pub(super) tape: Tape<'t>,
    pub(super) look: bool,
}

impl World {
    /// What the trace says before its first record.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The present.
    pub fn now(&self) -> Time {
        self.now
    }

    /// How many events have happened.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How the run ended, once it has.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// When the next thing happens; `None` when nothing is left or the run has ended.
    pub fn next_time(&self) -> Option<Time> {
        if self.ending.is_some() { None } else { self.queue.next_time() }
    }

    /// Runs to the end; gives how it ended.
    pub fn run(&mut self, choose: &mut dyn Choose, sink: &mut dyn Sink) -> Ending {
        while self.step(choose, sink) {}
        self.ending.clone().unwrap_or(Ending::Quiet)
    }

    /// Runs to the end, and keeps everything.
    pub fn trace(mut self, choose: &mut dyn Choose) -> Trace {
        let mut records = Vec::new();
        self.run(choose, &mut records);
        Trace { header: self.header, records }
    }

    /// Everything that happens until `time`, which becomes the present.
    pub fn advance_to(&mut self, time: Time, choose: &mut dyn Choose, sink: &mut dyn Sink) {
        // Void alarms are shed first: stepping over one would lead past `time`, or to the end of the run.
        self.shed();
        while self.next_time().is_some_and(|at| at <= time) {
            self.step(choose, sink);
            self.shed();
        }
        self.now = self.now.max(time);
    }

    pub(super) fn hands<'a, 't>(&mut self, choose: &'a mut dyn Choose, sink: &'t mut dyn Sink) -> Hands<'a, 't> {
        let mut tape = Tape::new(sink, self.next_record);
        tape.now = self.now;
        let look = tape.on() || !self.faults.is_empty();
        self.conns.remember(look);
        Hands { choose, tape, look }
    }

    /// The next thing happens; false when there was none, and the run has ended.
    pub fn step(&mut self, choose: &mut dyn Choose, sink: &mut dyn Sink) -> bool {
        if self.ending.is_some() {
            return false;
        }
        let mut hands = self.hands(choose, sink);
        self.shed();
        let going = match self.queue.pop() {
            Some((at, _)) if at.0 > self.scenario.limits.time.0 => {
                self.end(Ending::TimeLimit(self.scenario.limits.time), &mut hands)
            }
            Some((at, event)) => {
                self.now = at;
                hands.tape.now = at;
                let before = hands.tape.next();
                self.handle(event, &mut hands);
                if hands.tape.next() > before {
                    self.busy = at;
                }
                self.within_limits(&mut hands)
            }
            None => {
                let ending = self.rest();
                self.end(ending, &mut hands)
            }
        };
        self.next_record = hands.tape.next();
        self.shed();
        going
    }

    /// Alarms that were set and are no longer meant would be the next thing to happen: they must not move time.
    fn shed(&mut self) {
        while let Some((at, event)) = self.queue.peek() {
            let void = match *event {
                Event::Tcp { node, id, boot } => !self.is_alarmed(node, Alarm::Tcp(id), boot, at),
                Event::Udp { node, id, boot } => !self.is_alarmed(node, Alarm::Udp(id), boot, at),
                Event::Program { actor, generation } => {
                    let slot = &self.slots[actor.index()];
                    slot.is_past(generation)
                }
                Event::Link { .. } | Event::Arrive { .. } | Event::Loop { .. } => false,
            };
            if !void {
                return;
            }
            self.queue.pop();
        }
    }

    fn is_alarmed(&mut self, node: NodeId, alarm: Alarm, boot: u32, at: Time) -> bool {
        let meant = self.host(node).is_some_and(|host| host.boot == boot && host.kernel.is_due(alarm, at));
        self.set_alarms(node);
        meant
    }

    fn end(&mut self, ending: Ending, hands: &mut Hands<'_, '_>) -> bool {
        hands.tape.cause = hands.tape.next().checked_sub(1).map(RecordId);
        match &ending {
            // A timer that found nothing to do may have run out since: nothing happened then.
            Ending::Quiet | Ending::Stuck(_) => hands.tape.now = self.busy,
            // However the present came to be when the first thing beyond the limit was found.
            Ending::TimeLimit(limit) => hands.tape.now = Time(limit.0),
            Ending::EventLimit(_) | Ending::QueueLimit(_) | Ending::Panic(_) => {}
        }
        hands.tape.note(NodeId(0), || What::End { ending: ending.clone() });
        self.ending = Some(ending);
        false
    }

    /// How a run ends in which nothing is left to happen.
    fn rest(&self) -> Ending {
        let waiting = |(slot, actor): (&Slot, &ActorInfo)| {
            let scripted = matches!(&slot.program, Some(program) if !program.serves());
            (scripted && slot.wait != Wait::Done).then(|| actor.name.clone())
        };
        let stuck: Vec<String> = self.slots.iter().zip(&self.header.actors).filter_map(waiting).collect();
        if stuck.is_empty() { Ending::Quiet } else { Ending::Stuck(stuck) }
    }

    pub(super) fn within_limits(&mut self, hands: &mut Hands<'_, '_>) -> bool {
        self.events += 1;
        let limits = self.scenario.limits;
        let ending = match self.panic.take() {
            Some(text) => Some(Ending::Panic(text)),
            None if self.events >= limits.events => Some(Ending::EventLimit(limits.events)),
            None if self.in_flight.saturating_add(self.pinned) > limits.queued => {
                Some(Ending::QueueLimit(limits.queued))
            }
            None => None,
        };
        ending.is_none_or(|ending| self.end(ending, hands))
    }

    fn handle(&mut self, event: Event, hands: &mut Hands<'_, '_>) {
        match event {
            Event::Link { link, up } => self.change_link(link, up, hands),
            Event::Arrive { link, direction, frame } => self.arrive(link, direction, frame, hands),
            Event::Loop { node, frame } => self.arrive_by_loopback(node, frame, hands),
            Event::Tcp { node, id, boot } => self.ring(node, boot, Alarm::Tcp(id), hands),
            Event::Udp { node, id, boot } => self.ring(node, boot, Alarm::Udp(id), hands),
            Event::Program { actor, generation } => self.deadline(actor, generation, hands),
        }
    }

    pub(super) fn change_link(&mut self, link: usize, up: bool, hands: &mut Hands<'_, '_>) {
        let Some(wire) = self.wires.get_mut(link) else { return };
        wire.up = up;
        let change = if up { LinkChange::Repaired } else { LinkChange::Cut };
        let node = self.scenario.links[link].ends[0];
        let id = crate::base::LinkId(u16::try_from(link).unwrap_or(u16::MAX));
        hands.tape.note(node, || What::Link { link: id, change });
    }

    fn ring(&mut self, node: NodeId, boot: u32, alarm: Alarm, hands: &mut Hands<'_, '_>) {
        let Station::Host(host) = &mut self.stations[node.index()] else { return };
        if host.boot != boot {
            return;
        }
        let mut ctx = Ctx { tape: &mut hands.tape, conns: &mut self.conns, look: hands.look };
        match alarm {
            Alarm::Tcp(id) => host.kernel.ring_tcp(id, &mut ctx),
            Alarm::Udp(id) => host.kernel.ring_udp(id, &mut ctx),
        }
        self.after(node, hands);
    }

    pub(super) fn host(&mut self, node: NodeId) -> Option<&mut Host> {
        match &mut self.stations[node.index()] {
            Station::Host(host) => Some(host),
            Station::Switch(_) | Station::Router(_) => None,
        }
    }
}
