//! The loop: one event after the other, and the programs that it wakes.

use super::host::{Host, HostSys, Request, Station};
use super::queue::{Event, Queue};
use super::topology::Port;
use crate::app::{Program, Wait};
use crate::base::{ActorId, Choose, NodeId, RecordId, Time};
use crate::net::{Conns, Faults, Wire};
use crate::scenario::Scenario;
use crate::scenario::model;
use crate::socket::{Alarm, Caller, Ctx, Sys};
use crate::socket_api::Readiness;
use crate::trace::{ActorInfo, Ending, Header, LinkChange, Sink, Tape, Trace, What};
use std::collections::BTreeSet;

/// A program and what it waits for.
pub(super) struct Slot {
    pub(super) node: NodeId,
    pub(super) program: Option<Box<dyn Program>>,
    pub(super) wait: Wait,
    pub(super) caller: Option<Caller>,
    /// How often it was stepped: deadlines of earlier steps are void.
    generation: u32,
    /// What it did last: the cause of what it does when its deadline comes.
    cause: Option<RecordId>,
    within: Option<RecordId>,
}

impl Slot {
    pub(super) fn new(node: NodeId, program: Box<dyn Program>) -> Self {
        let wait = Wait::until(Time::ZERO);
        Slot { node, program: Some(program), wait, caller: None, generation: 0, cause: None, within: None }
    }
}

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
    pub(super) in_flight: u64,
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

    /// A program of the caller's on a host, beside those of the scenario; it is stepped for the first time at the
    /// present.
    pub fn spawn(&mut self, node: NodeId, name: &str, program: Box<dyn Program>) -> ActorId {
        let actor = self.slots.len();
        self.header.actors.push(ActorInfo { node: node.0, name: name.to_owned() });
        self.slots.push(Slot::new(node, program));
        self.start(actor);
        actor_id(actor)
    }

    /// Has the actor's program stepped at the present.
    pub(super) fn start(&mut self, actor: usize) {
        self.slots[actor].wait = Wait::until(self.now);
        self.set_deadline(actor);
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

    fn hands<'a, 't>(&mut self, choose: &'a mut dyn Choose, sink: &'t mut dyn Sink) -> Hands<'a, 't> {
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
                    slot.generation != generation || slot.program.is_none()
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
        match &mut self.stations[node.index()] {
            Station::Host(host) => host.boot == boot && host.kernel.is_due(alarm, at),
            Station::Switch(_) | Station::Router(_) => false,
        }
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

    fn within_limits(&mut self, hands: &mut Hands<'_, '_>) -> bool {
        self.events += 1;
        let limits = self.scenario.limits;
        let ending = match self.panic.take() {
            Some(text) => Some(Ending::Panic(text)),
            None if self.events >= limits.events => Some(Ending::EventLimit(limits.events)),
            None if self.in_flight > limits.queued => Some(Ending::QueueLimit(limits.queued)),
            None => None,
        };
        ending.is_none_or(|ending| self.end(ending, hands))
    }

    fn handle(&mut self, event: Event, hands: &mut Hands<'_, '_>) {
        match event {
            Event::Link { link, up } => self.change_link(link, up, hands),
            Event::Arrive { link, direction, frame } => self.arrive(link, direction, *frame, hands),
            Event::Loop { node, frame } => self.arrive_by_loopback(node, *frame, hands),
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

    fn deadline(&mut self, actor: ActorId, generation: u32, hands: &mut Hands<'_, '_>) {
        let slot = &self.slots[actor.index()];
        if slot.generation != generation || slot.program.is_none() {
            return;
        }
        hands.tape.cause = slot.cause;
        let node = slot.node;
        self.run_program(actor.index(), hands);
        self.after(node, hands);
    }

    /// After anything happened on a host: what it sent is carried away, its alarms are set, and the programs that it
    /// woke are stepped, until nobody is woken any more.
    pub(super) fn after(&mut self, node: NodeId, hands: &mut Hands<'_, '_>) {
        loop {
            self.carry(node, hands);
            let Station::Host(host) = &mut self.stations[node.index()] else { return };
            if let Some(text) = host.kernel.panicked() {
                self.panic = Some(text.to_owned());
                return;
            }
            if host.kernel.woken.is_empty() {
                return;
            }
            let woken = core::mem::take(&mut host.kernel.woken);
            let cause = hands.tape.cause;
            for actor in 0..self.slots.len() {
                if self.slots[actor].node == node && self.is_woken(actor, &woken) {
                    hands.tape.cause = cause;
                    self.run_program(actor, hands);
                }
            }
        }
    }

    /// Whether the program waits for one of these descriptors, and it is ready.
    fn is_woken(&self, actor: usize, woken: &BTreeSet<crate::base::Fd>) -> bool {
        let slot = &self.slots[actor];
        let Wait::On { ready, .. } = &slot.wait else { return false };
        slot.program.is_some()
            && ready.iter().any(|wanted| woken.contains(&wanted.0) && self.is_ready(slot.node, *wanted))
    }

    fn is_ready(&self, node: NodeId, (fd, interest): (crate::base::Fd, Readiness)) -> bool {
        let Station::Host(host) = &self.stations[node.index()] else { return false };
        !host.kernel.is_open(fd) || host.kernel.readiness(fd).any(interest | Readiness::ERR | Readiness::HUP)
    }

    fn is_due(&self, actor: usize) -> bool {
        let slot = &self.slots[actor];
        match &slot.wait {
            Wait::On { ready, until } => {
                until.is_some_and(|at| at <= self.now) || ready.iter().any(|&wanted| self.is_ready(slot.node, wanted))
            }
            Wait::Label(label) => self.labels.contains(label),
            Wait::Done => false,
        }
    }

    /// Steps a program until it waits for something that is not there yet.
    fn run_program(&mut self, actor: usize, hands: &mut Hands<'_, '_>) {
        loop {
            let labels = self.labels.len();
            let Some(requests) = self.step_program(actor, hands) else { return };
            self.carry(self.slots[actor].node, hands);
            for request in requests {
                self.fulfil(actor, request, hands);
            }
            if self.labels.len() > labels {
                self.wake_labelled(actor);
            }
            self.events += 1;
            if !self.is_due(actor) || self.events >= self.scenario.limits.events {
                break;
            }
        }
        self.set_deadline(actor);
    }

    fn step_program(&mut self, actor: usize, hands: &mut Hands<'_, '_>) -> Option<Vec<Request>> {
        let slot = &mut self.slots[actor];
        let mut program = slot.program.take()?;
        let node = slot.node;
        let Station::Host(host) = &mut self.stations[node.index()] else { return None };
        let mut requests = Vec::new();
        let caller = slot.caller.get_or_insert(Caller::new(actor_id(actor)));
        let mut ctx = Ctx { tape: &mut hands.tape, conns: &mut self.conns, look: hands.look };
        let mut sys = HostSys {
            host,
            ctx: &mut ctx,
            actor: actor_id(actor),
            caller,
            labels: &mut self.labels,
            requests: &mut requests,
            seed: self.seed,
            name: &self.header.actors[actor].name,
            within: &mut slot.within,
        };
        slot.wait = program.step(&mut sys);
        slot.cause = hands.tape.cause;
        slot.generation += 1;
        slot.program = Some(program);
        Some(requests)
    }

    /// Programs that wait for a label which has just been completed are stepped at the present, in their own turn.
    fn wake_labelled(&mut self, except: usize) {
        for actor in 0..self.slots.len() {
            let waits = matches!(&self.slots[actor].wait, Wait::Label(label) if self.labels.contains(label));
            if waits && actor != except {
                let generation = self.slots[actor].generation;
                self.queue.push(self.now, Event::Program { actor: actor_id(actor), generation });
            }
        }
    }

    fn set_deadline(&mut self, actor: usize) {
        let slot = &self.slots[actor];
        if let Wait::On { until: Some(at), .. } = slot.wait {
            let event = Event::Program { actor: actor_id(actor), generation: slot.generation };
            self.queue.push(at.max(self.now), event);
        }
    }

    fn fulfil(&mut self, actor: usize, request: Request, hands: &mut Hands<'_, '_>) {
        let node = self.slots[actor].node;
        match request {
            Request::SetLink(link, up) => self.change_link(link.index(), up, hands),
            Request::Crash => self.crash(node, actor, hands),
            Request::Restart => self.restart(node, hands),
        }
    }

    /// The host loses its other programs and all its sockets without a word.
    fn crash(&mut self, node: NodeId, except: usize, hands: &mut Hands<'_, '_>) {
        let Station::Host(host) = &mut self.stations[node.index()] else { return };
        host.up = false;
        host.boot += 1;
        let fresh = super::build::kernel(&self.scenario, &self.ports, node, self.seed, host.boot);
        host.kernel.replace_by(fresh);
        for (actor, slot) in self.slots.iter_mut().enumerate() {
            if slot.node == node && actor != except {
                slot.program = None;
            }
        }
        hands.tape.note(node, || What::Power { up: false });
    }

    /// The host starts again, with its built-in servers.
    fn restart(&mut self, node: NodeId, hands: &mut Hands<'_, '_>) {
        let Station::Host(host) = &mut self.stations[node.index()] else { return };
        host.up = true;
        hands.tape.note(node, || What::Power { up: true });
        let actors = self.scenario.actors.clone();
        for (actor, spec) in actors.iter().enumerate() {
            if spec.node == node && matches!(spec.program, model::Program::Serve(_)) {
                self.slots[actor] = Slot::new(node, crate::app::program(&spec.program));
                self.start(actor);
            }
        }
    }

    /// Makes socket calls on a host from outside, as the program of this actor (see [`World::spawn`]); what they send
    /// is carried away before this returns.
    pub fn call<R>(
        &mut self,
        actor: ActorId,
        choose: &mut dyn Choose,
        sink: &mut dyn Sink,
        calls: impl FnOnce(&mut dyn Sys) -> R,
    ) -> R {
        let mut hands = self.hands(choose, sink);
        let slot = &mut self.slots[actor.index()];
        let node = slot.node;
        let caller = slot.caller.get_or_insert(Caller::new(actor));
        let Station::Host(host) = &mut self.stations[node.index()] else { unreachable!("an actor stands on a host") };
        let mut requests = Vec::new();
        let mut ctx = Ctx { tape: &mut hands.tape, conns: &mut self.conns, look: hands.look };
        let mut sys = HostSys {
            host,
            ctx: &mut ctx,
            actor,
            caller,
            labels: &mut self.labels,
            requests: &mut requests,
            seed: self.seed,
            name: &self.header.actors[actor.index()].name,
            within: &mut slot.within,
        };
        let result = calls(&mut sys);
        for request in requests {
            self.fulfil(actor.index(), request, &mut hands);
        }
        self.after(node, &mut hands);
        self.next_record = hands.tape.next();
        result
    }

    /// Has the waker woken when the descriptor of this host may have become ready; what it is ready for now.
    pub fn register(&mut self, node: NodeId, fd: crate::base::Fd, waker: &std::task::Waker) -> Readiness {
        match &mut self.stations[node.index()] {
            Station::Host(host) => {
                host.kernel.register(fd, waker);
                host.kernel.readiness(fd)
            }
            Station::Switch(_) | Station::Router(_) => Readiness::NONE,
        }
    }

    pub(super) fn host(&mut self, node: NodeId) -> Option<&mut Host> {
        match &mut self.stations[node.index()] {
            Station::Host(host) => Some(host),
            Station::Switch(_) | Station::Router(_) => None,
        }
    }
}

fn actor_id(index: usize) -> ActorId {
    ActorId(u16::try_from(index).unwrap_or(u16::MAX))
}
