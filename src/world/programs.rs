//! Programs on hosts: when each is stepped, and calls from outside.

use super::host::{HostSys, Request, Station};
use super::queue::Event;
use super::run::{Hands, World};
use crate::app::{Program, Wait};
use crate::base::{ActorId, Choose, Fd, NodeId, RecordId, Time};
use crate::socket::{Caller, Ctx, Sys};
use crate::socket_api::Readiness;
use crate::trace::{ActorInfo, Sink};
use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

/// A program and what it waits for.
pub(super) struct Slot {
    pub(super) node: NodeId,
    /// None: its calls come from outside, or its host has lost it.
    pub(super) program: Option<Box<dyn Program>>,
    pub(super) wait: Wait,
    caller: Option<Caller>,
    /// How often it was stepped: deadlines of earlier steps are void.
    generation: u32,
    /// What it did last: the cause of what it does when its deadline comes.
    cause: Option<RecordId>,
    within: Option<RecordId>,
    /// Descriptors that it made and to which something has happened since its last step.
    changed: BTreeSet<Fd>,
}

impl Slot {
    pub(super) fn new(node: NodeId, program: Option<Box<dyn Program>>) -> Self {
        let wait = Wait::until(Time::ZERO);
        let changed = BTreeSet::new();
        Slot { node, program, wait, caller: None, generation: 0, cause: None, within: None, changed }
    }

    /// Begins with another program; what was set up for the one before is void.
    pub(super) fn begin(&mut self, program: Box<dyn Program>) {
        *self = Slot { generation: self.generation + 1, ..Slot::new(self.node, Some(program)) };
    }

    /// A deadline that was set after this many steps is void.
    pub(super) fn is_past(&self, generation: u32) -> bool {
        self.generation != generation || self.program.is_none()
    }
}

/// Who acts, on which descriptors something has happened, and what it asks of the world.
struct Turn {
    actor: usize,
    changed: BTreeSet<Fd>,
    requests: Vec<Request>,
}

impl World {
    /// A program of the caller's on a host, beside those of the scenario; it is stepped for the first time at the
    /// present. Where one is left that waits when nothing more can happen, the run ends as stuck; a server, which waits
    /// by its nature, says so in [`Program::serves`].
    ///
    /// # Panics
    /// Where the node is a switch or a router: nothing runs there.
    pub fn spawn(&mut self, node: NodeId, name: &str, program: Box<dyn Program>) -> ActorId {
        let actor = self.settle_in(node, name, Some(program));
        self.start(actor.index());
        actor
    }

    /// A caller from outside on a host: it has a name in the trace, and all it does it does through [`World::call`].
    ///
    /// # Panics
    /// Where the node is a switch or a router.
    pub fn guest(&mut self, node: NodeId, name: &str) -> ActorId {
        self.settle_in(node, name, None)
    }

    fn settle_in(&mut self, node: NodeId, name: &str, program: Option<Box<dyn Program>>) -> ActorId {
        assert!(self.host(node).is_some(), "programs run on hosts");
        let actor = self.slots.len();
        self.header.actors.push(ActorInfo { node: node.0, name: name.to_owned() });
        self.slots.push(Slot::new(node, program));
        self.residents[node.index()].push(actor);
        actor_id(actor)
    }

    /// Has the actor's program stepped at the present.
    pub(super) fn start(&mut self, actor: usize) {
        self.slots[actor].wait = Wait::until(self.now);
        self.set_deadline(actor);
    }

    /// A program's deadline has come.
    pub(super) fn deadline(&mut self, actor: ActorId, generation: u32, hands: &mut Hands<'_, '_>) {
        let slot = &self.slots[actor.index()];
        if slot.is_past(generation) {
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
            let news = host.kernel.has_news();
            if (host.kernel.woken.is_empty() && !news) || self.events >= self.scenario.limits.events {
                return;
            }
            let woken = core::mem::take(&mut host.kernel.woken);
            self.tell_makers(&woken);
            let cause = hands.tape.cause;
            for resident in 0..self.residents[node.index()].len() {
                let actor = self.residents[node.index()][resident];
                if self.is_woken(actor, &woken, news) {
                    hands.tape.cause = cause;
                    self.run_program(actor, hands);
                }
            }
        }
    }

    fn tell_makers(&mut self, woken: &BTreeMap<Fd, Option<ActorId>>) {
        for (&fd, maker) in woken {
            let slot = maker.and_then(|maker| self.slots.get_mut(maker.index()));
            if let Some(slot) = slot.filter(|slot| slot.program.is_some()) {
                slot.changed.insert(fd);
            }
        }
    }

    /// Whether the program waits for one of these descriptors, and it is ready; or for a segment, and one has come.
    fn is_woken(&self, actor: usize, woken: &BTreeMap<Fd, Option<ActorId>>, news: bool) -> bool {
        let slot = &self.slots[actor];
        let waits = match &slot.wait {
            Wait::On { ready, .. } => {
                ready.iter().any(|wanted| woken.contains_key(&wanted.0) && self.is_ready(slot.node, *wanted))
            }
            Wait::Own { .. } => !slot.changed.is_empty(),
            Wait::Segment { .. } => news,
            Wait::Label(_) | Wait::Done => false,
        };
        waits && slot.program.is_some()
    }

    fn is_ready(&self, node: NodeId, (fd, interest): (Fd, Readiness)) -> bool {
        let Station::Host(host) = &self.stations[node.index()] else { return false };
        let ready = host.kernel.readiness(fd, self.now);
        !host.kernel.is_open(fd) || ready.any(interest | Readiness::ERR | Readiness::HUP)
    }

    fn is_due(&self, actor: usize) -> bool {
        let slot = &self.slots[actor];
        let over = |until: Option<Time>| until.is_some_and(|at| at <= self.now);
        match &slot.wait {
            Wait::On { ready, until } => over(*until) || ready.iter().any(|&wanted| self.is_ready(slot.node, wanted)),
            Wait::Own { until } => over(*until) || !slot.changed.is_empty(),
            Wait::Segment { until } => over(*until),
            Wait::Label(label) => self.labels.contains(label),
            Wait::Done => false,
        }
    }

    /// Steps a program until it waits for something that is not there yet.
    fn run_program(&mut self, actor: usize, hands: &mut Hands<'_, '_>) {
        loop {
            let Some(mut program) = self.slots[actor].program.take() else { return };
            let changed = core::mem::take(&mut self.slots[actor].changed);
            let wait = self.take_turn(actor, changed, hands, |sys| program.step(sys));
            let slot = &mut self.slots[actor];
            slot.wait = wait;
            slot.cause = hands.tape.cause;
            slot.generation += 1;
            slot.program = Some(program);
            self.events += 1;
            if !self.is_due(actor) || self.events >= self.scenario.limits.events {
                break;
            }
        }
        self.set_deadline(actor);
    }

    /// An actor makes its calls; then what they ask of the world is done.
    fn take_turn<R>(
        &mut self,
        actor: usize,
        changed: BTreeSet<Fd>,
        hands: &mut Hands<'_, '_>,
        calls: impl FnOnce(&mut dyn Sys) -> R,
    ) -> R {
        let slot = &mut self.slots[actor];
        let node = slot.node;
        let Station::Host(host) = &mut self.stations[node.index()] else { unreachable!("an actor stands on a host") };
        let labels = self.labels.len();
        let mut turn = Turn { actor, changed, requests: Vec::new() };
        let mut ctx = Ctx { tape: &mut hands.tape, conns: &mut self.conns, look: hands.look };
        let mut sys = HostSys {
            host,
            ctx: &mut ctx,
            actor: actor_id(turn.actor),
            caller: slot.caller.get_or_insert(Caller::new(actor_id(actor))),
            labels: &mut self.labels,
            requests: &mut turn.requests,
            changed: &mut turn.changed,
            seed: self.seed,
            names: [&self.header.nodes[node.index()].name, &self.header.actors[actor].name],
            within: &mut slot.within,
        };
        let result = calls(&mut sys);
        self.carry(node, hands);
        for request in turn.requests {
            self.fulfil(actor, request, hands);
        }
        if self.labels.len() > labels {
            self.wake_labelled(actor);
        }
        result
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
        if let Wait::On { until: Some(at), .. } | Wait::Own { until: Some(at) } | Wait::Segment { until: Some(at) } =
            slot.wait
        {
            let event = Event::Program { actor: actor_id(actor), generation: slot.generation };
            self.queue.push(at.max(self.now), event);
        }
    }

    fn fulfil(&mut self, actor: usize, request: Request, hands: &mut Hands<'_, '_>) {
        let node = self.slots[actor].node;
        match request {
            Request::SetLink(link, up) => self.change_link(link.index(), up, hands),
            Request::Crash => self.crash(node, hands),
            Request::Restart => self.restart(node, hands),
        }
    }

    /// Makes socket calls on a host from outside, as this actor (see [`World::guest`]); what they send is carried away,
    /// and whom they wake is stepped, before this returns.
    pub fn call<R>(
        &mut self,
        actor: ActorId,
        choose: &mut dyn Choose,
        sink: &mut dyn Sink,
        calls: impl FnOnce(&mut dyn Sys) -> R,
    ) -> R {
        let mut hands = self.hands(choose, sink);
        let node = self.slots[actor.index()].node;
        let result = self.take_turn(actor.index(), BTreeSet::new(), &mut hands, calls);
        self.after(node, &mut hands);
        if hands.tape.next() > self.next_record {
            self.busy = self.now;
        }
        if self.ending.is_none() {
            self.within_limits(&mut hands);
        }
        self.next_record = hands.tape.next();
        result
    }

    /// Has the waker woken, once, when the descriptor of this host may have become ready; what it is ready for now.
    pub fn register(&mut self, node: NodeId, fd: Fd, waker: &Waker) -> Readiness {
        let now = self.now;
        self.host(node).map_or(Readiness::NONE, |host| {
            host.kernel.register(fd, waker);
            host.kernel.readiness(fd, now)
        })
    }
}

fn actor_id(index: usize) -> ActorId {
    ActorId(u16::try_from(index).unwrap_or(u16::MAX))
}
