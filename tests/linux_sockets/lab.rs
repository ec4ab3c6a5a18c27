//! Two hosts, driven call by call from outside.

use drywire::base::{ActorId, ConnId, Fd, NodeId, Seeded, Span};
use drywire::machine::Finite;
use drywire::scenario::Scenario;
use drywire::scenario::model::Proto;
use drywire::socket::{Received, Sys};
use drywire::socket_api::{Errno, Readiness};
use drywire::tcp::State;
use drywire::trace::{End, Ending, Record, Trace, What};
use drywire::world::World;
use std::fmt::Display;
use std::net::SocketAddr;
use std::task::Waker;

/// Who calls.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Client,
    Server,
}
pub(crate) use At::{Client, Server};

/// The hosts `client` (10.0.0.1) and `server` (10.0.0.2), a millisecond apart, and all records so far.
pub(crate) struct Lab {
    world: World,
    choose: Seeded,
    records: Vec<Record>,
    guests: [ActorId; 2],
}

pub(crate) fn server_at(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 2], port))
}

impl Lab {
    pub(crate) fn new() -> Lab {
        let scenario = Scenario::builder("sockets")
            .host("client", "10.0.0.1")
            .host("server", "10.0.0.2")
            .link("wire", "client", "server", |link| link.delay(Span::millis(1)))
            .build()
            .expect("a sound scenario");
        let mut world = World::new(&scenario, 1);
        let guests = [world.guest(NodeId(0), "ann"), world.guest(NodeId(1), "ben")];
        Lab { world, choose: Seeded::new(1), records: Vec::new(), guests }
    }

    /// Makes calls at a host.
    pub(crate) fn at<R>(&mut self, at: At, calls: impl FnOnce(&mut dyn Sys) -> R) -> R {
        let actor = self.guests[usize::from(at == Server)];
        self.world.call(actor, &mut self.choose, &mut self.records, calls)
    }

    /// Lets so many milliseconds pass.
    pub(crate) fn pass(&mut self, millis: u64) {
        let until = self.world.now() + Span::millis(millis);
        self.world.advance_to(until, &mut self.choose, &mut self.records);
    }

    /// The next thing happens.
    pub(crate) fn step(&mut self) -> bool {
        self.world.step(&mut self.choose, &mut self.records)
    }

    /// How the run ended, once it has.
    pub(crate) fn ending(&self) -> Option<&Ending> {
        self.world.ending()
    }

    /// Has the waker woken when the descriptor may have become ready.
    pub(crate) fn register(&mut self, at: At, fd: Fd, waker: &Waker) -> Readiness {
        self.world.register(NodeId(u16::from(at == Server)), fd, waker)
    }

    /// Milliseconds since the start.
    pub(crate) fn millis(&self) -> u64 {
        self.world.now().0 / 1_000_000
    }

    /// A listener at the server.
    pub(crate) fn listener(&mut self, port: u16, backlog: u32) -> Fd {
        self.at(Server, |sys| {
            let fd = sys.socket(Proto::Tcp).expect("a socket");
            sys.bind(fd, None, port).expect("a free port");
            sys.listen(fd, backlog).expect("a listener");
            fd
        })
    }

    /// A socket, and its `connect` under way.
    pub(crate) fn connecting(&mut self, at: At, to: SocketAddr) -> (Fd, Result<(), Errno>) {
        self.at(at, |sys| {
            let fd = sys.socket(Proto::Tcp).expect("a socket");
            let told = sys.connect(fd, to);
            (fd, told)
        })
    }

    /// A connection of the client's (its first is the run's connection 0): both descriptors.
    pub(crate) fn connection(&mut self) -> (Fd, Fd) {
        let door = self.listener(80, 5);
        let (client, _) = self.connecting(Client, server_at(80));
        self.pass(10);
        let (server, _) = self.at(Server, |sys| sys.accept(door)).expect("a connection");
        (client, server)
    }

    /// The state of a connection's end, by Linux's names; the end of one that never was is CLOSE.
    pub(crate) fn state(&self, conn: u32, end: End) -> String {
        let of = |record: &Record| match record.what {
            What::State { conn: of, end: side, to, .. } if of == ConnId(conn) && side == end => Some(to),
            _ => None,
        };
        linux_name(self.records.iter().rev().find_map(of).unwrap_or(State::Closed))
    }

    /// The state of the socket's machine.
    pub(crate) fn machine(&self, at: At, fd: Fd) -> &str {
        let node = NodeId(u16::from(at == Server));
        let of = |record| match record {
            &Record { node: here, what: What::Edge(ref edge), .. }
                if here == node && edge.of == drywire::trace::Subject::Fd(fd) =>
            {
                Some(edge.to.as_ref())
            }
            _ => None,
        };
        self.records.iter().rev().find_map(of).unwrap_or("CREATED")
    }

    /// All that happened.
    pub(crate) fn trace(self) -> Trace {
        Trace { header: self.world.header().clone(), records: self.records }
    }
}

fn linux_name(state: State) -> String {
    match state {
        State::Closed => "CLOSE".to_owned(),
        State::SynReceived => "SYN_RECV".to_owned(),
        State::FinWait1 => "FIN_WAIT1".to_owned(),
        State::FinWait2 => "FIN_WAIT2".to_owned(),
        other => other.name().replace('-', "_"),
    }
}

/// What a call gave, as the table writes it.
pub(crate) fn told<T: Display>(result: Result<T, Errno>) -> String {
    result.map_or_else(|errno| errno.name().to_owned(), |value| value.to_string())
}

/// `ok`, or the error.
pub(crate) fn ok(result: Result<(), Errno>) -> String {
    told(result.map(|()| "ok"))
}

/// `fd`, or the error.
pub(crate) fn fd(result: Result<(Fd, SocketAddr), Errno>) -> String {
    told(result.map(|_| "fd"))
}

/// `b'data'`, or the error.
pub(crate) fn bytes(result: Result<Received, Errno>) -> String {
    told(result.map(|received| match received {
        Received::Data(data) => format!("b'{}'", String::from_utf8_lossy(&data)),
        Received::Eof => "b''".to_owned(),
    }))
}
