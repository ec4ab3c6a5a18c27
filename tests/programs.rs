//! Programs of a user's own on simulated hosts.

use crate::linux_sockets::lab::server_at;
use bytes::Bytes;
use drywire::app::{Program, Wait};
use drywire::base::{Fd, NodeId, Scripted, Seeded, Span, Time};
use drywire::judge;
use drywire::scenario::Scenario;
use drywire::scenario::model::{How, Proto};
use drywire::socket::{Received, Sys};
use drywire::socket_api::{Errno, Readiness};
use drywire::trace::{Ending, Trace, What};
use drywire::world::World;
use std::collections::VecDeque;

/// One of two who chat: says its lines in turn with the other, and hangs up after the last.
struct Chatter {
    door: Option<Fd>,
    talk: Option<Fd>,
    /// Whether it calls, or is called.
    calls: bool,
    connected: bool,
    lines: VecDeque<&'static str>,
    its_turn: bool,
}

impl Chatter {
    fn new(calls: bool, lines: &[&'static str]) -> Box<Chatter> {
        let lines = lines.iter().copied().collect();
        Box::new(Chatter { door: None, talk: None, calls, connected: false, lines, its_turn: calls })
    }

    /// The connection, once there is one.
    fn meet(&mut self, sys: &mut dyn Sys) -> Result<Option<Fd>, Errno> {
        if let Some(fd) = self.talk {
            if !self.connected {
                sys.finish_connect(fd)?;
                self.connected = true;
            }
            return Ok(Some(fd));
        }
        if self.calls {
            let fd = *self.talk.insert(sys.socket(Proto::Tcp)?);
            return match sys.connect(fd, server_at(4_000)) {
                Err(Errno::Einprogress) => Ok(None),
                told => told.map(|()| None),
            };
        }
        let door = match self.door {
            Some(door) => door,
            None => {
                let door = *self.door.insert(sys.socket(Proto::Tcp)?);
                sys.bind(door, None, 4_000)?;
                sys.listen(door, 1)?;
                door
            }
        };
        let (fd, _) = sys.accept(door)?;
        self.connected = true;
        Ok(Some(*self.talk.insert(fd)))
    }

    fn chat(&mut self, sys: &mut dyn Sys) -> Result<Wait, Errno> {
        let Some(fd) = self.meet(sys)? else { return Err(Errno::Einprogress) };
        loop {
            if self.its_turn {
                let Some(line) = self.lines.pop_front() else {
                    return sys.close(fd).map(|()| Wait::Done);
                };
                sys.send(fd, &Bytes::from_static(line.as_bytes()))?;
                self.its_turn = false;
            }
            match sys.recv(fd, 4_096)? {
                Received::Eof => return sys.close(fd).map(|()| Wait::Done),
                Received::Data(data) => sys.say(&String::from_utf8_lossy(&data)),
            }
            self.its_turn = true;
        }
    }
}

impl Program for Chatter {
    fn step(&mut self, sys: &mut dyn Sys) -> Wait {
        sys.blocking(true);
        match self.chat(sys) {
            Ok(wait) => wait,
            Err(Errno::Eagain) => Wait::on(self.talk.or(self.door).expect("it waits for one of them"), Readiness::IN),
            Err(Errno::Einprogress | Errno::Ealready) => Wait::on(self.talk.expect("it calls"), Readiness::OUT),
            Err(errno) => {
                sys.say(&format!("failed: {errno}"));
                Wait::Done
            }
        }
    }
}

fn hosts() -> Scenario {
    Scenario::builder("programs")
        .host("client", "10.0.0.1")
        .host("server", "10.0.0.2")
        .link("wire", "client", "server", |link| link.delay(Span::millis(10)))
        .build()
        .expect("a sound scenario")
}

/// What programs said, in order.
fn said(trace: &Trace) -> Vec<(&str, &str)> {
    let one = |what| match what {
        &What::App { actor, ref text } => Some((trace.header.actors[actor.index()].name.as_str(), text.as_str())),
        _ => None,
    };
    trace.records.iter().filter_map(|record| one(&record.what)).collect()
}

fn chat(scenario: &Scenario) -> Trace {
    let mut world = World::new(scenario, 1);
    world.spawn(NodeId(1), "ben", Chatter::new(false, &["fine", "아니"]));
    world.spawn(NodeId(0), "ann", Chatter::new(true, &["how are you?", "같이 갈래?"]));
    let mut trace = world.trace(&mut Seeded::new(1));
    judge::append(&mut trace);
    trace
}

#[test]
fn two_programs_chat() {
    let trace = chat(&hosts());
    let expected = [("ben", "how are you?"), ("ann", "fine"), ("ben", "같이 갈래?"), ("ann", "아니")];
    assert_eq!(said(&trace), expected);
    assert!(matches!(&trace.records.last().expect("records").what, What::End { ending: Ending::Quiet }));
    assert_eq!(chat(&hosts()), trace, "the same again");
}

#[test]
fn they_chat_over_a_lossy_wire_as_well() {
    let mut scenario = hosts();
    scenario.links[0].lanes.iter_mut().for_each(|lane| lane.loss = 300_000);
    let trace = chat(&scenario);
    assert_eq!(said(&trace).len(), 4, "{:?}", said(&trace));
    assert!(trace.records.iter().any(|record| matches!(record.what, What::Fault { .. })), "something was lost");
}

/// Serves until it is told to stop; knows nothing of readiness but what has changed.
#[derive(Default)]
struct Counter {
    door: Option<Fd>,
    bytes: usize,
    visitors: usize,
}

impl Counter {
    fn visit(&mut self, sys: &mut dyn Sys, fd: Fd) {
        loop {
            match sys.recv(fd, 64) {
                Ok(Received::Data(data)) => self.bytes += data.len(),
                Err(Errno::Eagain) => return,
                Ok(Received::Eof) | Err(_) => {
                    sys.close(fd).expect("it is open");
                    self.visitors += 1;
                    return;
                }
            }
        }
    }
}

impl Program for Counter {
    fn step(&mut self, sys: &mut dyn Sys) -> Wait {
        let Some(door) = self.door else {
            let door = *self.door.insert(sys.socket(Proto::Tcp).expect("a socket"));
            sys.bind(door, None, 9).and_then(|()| sys.listen(door, 5)).expect("a free port");
            return Wait::Own { until: Some(Time::ZERO + Span::secs(60)) };
        };
        for fd in sys.changed() {
            if fd != door {
                self.visit(sys, fd);
            }
        }
        while let Ok((fd, _)) = sys.accept(door) {
            self.visit(sys, fd);
        }
        if sys.now() < Time::ZERO + Span::secs(60) {
            return Wait::Own { until: Some(Time::ZERO + Span::secs(60)) };
        }
        sys.say(&format!("{} bytes of {} visitors", self.bytes, self.visitors));
        Wait::Done
    }
}

/// Sends so many bytes, and closes.
struct Visitor(usize, Option<Fd>);

impl Program for Visitor {
    fn step(&mut self, sys: &mut dyn Sys) -> Wait {
        match self.1 {
            None => {
                let fd = *self.1.insert(sys.socket(Proto::Tcp).expect("a socket"));
                let _ = sys.connect(fd, server_at(9));
                Wait::on(fd, Readiness::OUT)
            }
            Some(fd) => {
                sys.finish_connect(fd).expect("somebody listens");
                sys.send(fd, &vec![b'v'; self.0].into()).expect("room");
                sys.shutdown(fd, How::Write).and_then(|()| sys.close(fd)).expect("a connection");
                Wait::Done
            }
        }
    }
}

#[test]
fn a_server_of_ones_own_waits_for_whatever_changes() {
    let mut world = World::new(&hosts(), 1);
    world.spawn(NodeId(1), "counter", Box::new(Counter::default()));
    for many in [10, 200, 3_000] {
        world.spawn(NodeId(0), "visitor", Box::new(Visitor(many, None)));
    }
    let trace = world.trace(&mut Scripted::new(Vec::new()));
    assert_eq!(said(&trace), [("counter", "3210 bytes of 3 visitors")]);
}

/// A program that never rests, without time going by.
struct Restless(Option<Fd>);

impl Program for Restless {
    fn step(&mut self, sys: &mut dyn Sys) -> Wait {
        let fd = *self.0.get_or_insert_with(|| sys.socket(Proto::Tcp).expect("a socket"));
        let _ = sys.shutdown(fd, How::Both);
        Wait::on(fd, Readiness::OUT)
    }
}

#[test]
fn a_program_that_never_rests_meets_the_limit_on_events() {
    let mut scenario = hosts();
    scenario.limits.events = 1_000;
    let mut world = World::new(&scenario, 1);
    world.spawn(NodeId(0), "restless", Box::new(Restless(None)));
    let trace = world.trace(&mut Seeded::new(1));
    assert!(matches!(&trace.records.last().expect("records").what, What::End { ending: Ending::EventLimit(1_000) }));
}

/// Runs until its host crashes under it.
struct Listener(Option<Fd>);

impl Program for Listener {
    fn step(&mut self, sys: &mut dyn Sys) -> Wait {
        let Some(door) = self.0 else {
            let door = *self.0.insert(sys.socket(Proto::Tcp).expect("a socket"));
            sys.blocking(true);
            sys.bind(door, None, 9).and_then(|()| sys.listen(door, 5)).expect("a free port");
            let _ = sys.accept(door);
            return Wait::on(door, Readiness::IN);
        };
        let told = sys.accept(door).map(|_| ());
        sys.say(&format!("{told:?}"));
        Wait::Done
    }
}

#[test]
fn a_call_that_blocks_returns_when_its_host_crashes() {
    let mut world = World::new(&hosts(), 1);
    world.spawn(NodeId(1), "listener", Box::new(Listener(None)));
    let hand = world.guest(NodeId(1), "hand");
    let (mut choose, mut records) = (Seeded::new(1), Vec::new());
    world.advance_to(Time::ZERO + Span::secs(1), &mut choose, &mut records);
    world.call(hand, &mut choose, &mut records, |sys| sys.crash_host());
    world.run(&mut choose, &mut records);
    let trace = Trace { header: world.header().clone(), records };
    assert_eq!(said(&trace), [("listener", "Err(Ebadf)")]);
    let returns = trace.records.iter().filter(|record| matches!(record.what, What::Return { .. })).count();
    assert_eq!(returns, 1, "of the accept that had blocked");
}

/// Draws a number when it begins, and says it.
struct Drawer;

impl Program for Drawer {
    fn step(&mut self, sys: &mut dyn Sys) -> Wait {
        sys.say(&sys.entropy("id").to_string());
        Wait::Done
    }
}

#[test]
fn programs_of_one_name_on_two_hosts_draw_different_numbers() {
    let scenario = Scenario::builder("namesakes")
        .host("a", "10.0.0.1")
        .host("b", "10.0.0.2")
        .link("wire", "a", "b", |link| link)
        .build()
        .expect("a sound scenario");
    let mut world = World::new(&scenario, 1);
    world.spawn(NodeId(0), "drawer", Box::new(Drawer));
    world.spawn(NodeId(1), "drawer", Box::new(Drawer));
    let trace = world.trace(&mut Seeded::new(1));
    let drawn: Vec<&str> = said(&trace).into_iter().map(|(_, number)| number).collect();
    assert_eq!(drawn.len(), 2);
    assert_ne!(drawn[0], drawn[1]);
}
