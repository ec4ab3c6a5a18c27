//! Whole connections per second: open, 100 bytes each way, close.
//!
//! `bare` is the floor: two smoltcp interfaces joined by queues, with neither time, links, sockets nor trace. It drops the
//! client's end when it is in TIME-WAIT, which no whole connection may; `bare-2msl` keeps it until 2 MSL are over. `off`
//! is the same work in a world whose trace nobody wants, `kept` with the full trace kept in memory. All have buffers of
//! 4 KiB and fresh sockets for each connection. Compare the medians of one run: `cargo bench`.
#![allow(missing_docs)]
// criterion's macros and its timing need them.
#![allow(clippy::disallowed_types)]

#[path = "bare.rs"]
mod bare;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use drywire::app::{Program, Wait};
use drywire::base::{Fd, NodeId, Seeded};
use drywire::scenario::Scenario;
use drywire::scenario::model::Proto;
use drywire::socket::{Received, Sys};
use drywire::socket_api::{Errno, Readiness};
use drywire::trace::{Discard, Record, Sink};
use drywire::world::World;

/// Connections a measurement.
const CONNECTIONS: u32 = 1_000;

const NETWORK: &str = r#"
title = "Two hosts"
hosts = { client = "10.0.0.1", server = "10.0.0.2" }
links = { wire = { joins = ["client", "server"], delay = "1 us" } }
sockets = { rcvbuf = "4 KiB", sndbuf = "4 KiB" }
limits = { events = 1000000000 }
"#;

/// Opens one connection after the other; sends, receives, closes.
struct Client {
    left: u32,
    fd: Option<Fd>,
    connected: bool,
}

impl Client {
    fn talk(&mut self, sys: &mut dyn Sys) -> Result<(), Errno> {
        let fd = match self.fd {
            Some(fd) => fd,
            None => {
                let fd = sys.socket(Proto::Tcp)?;
                self.fd = Some(fd);
                sys.connect(fd, "10.0.0.2:80".parse().expect("an address"))?;
                fd
            }
        };
        if !self.connected {
            sys.finish_connect(fd)?;
            self.connected = true;
            sys.send(fd, &Bytes::from_static(&[7; 100]))?;
        }
        while sys.recv(fd, 4096)? != Received::Eof {}
        sys.close(fd)?;
        (self.fd, self.connected) = (None, false);
        self.left -= 1;
        Ok(())
    }
}

impl Program for Client {
    fn step(&mut self, sys: &mut dyn Sys) -> Wait {
        while self.left > 0 {
            match self.talk(sys) {
                Ok(()) => {}
                Err(Errno::Einprogress | Errno::Ealready) => {
                    return Wait::on(self.fd.expect("a socket"), Readiness::OUT);
                }
                Err(Errno::Eagain) => return Wait::on(self.fd.expect("a socket"), Readiness::IN),
                Err(errno) => panic!("{errno}"),
            }
        }
        Wait::Done
    }
}

/// Accepts, receives 100 bytes, sends 100 bytes, closes.
#[derive(Default)]
struct Server {
    listener: Option<Fd>,
    conn: Option<Fd>,
}

impl Server {
    fn serve(&mut self, sys: &mut dyn Sys, listener: Fd) -> Result<(), Errno> {
        let conn = match self.conn {
            Some(conn) => conn,
            None => sys.accept(listener)?.0,
        };
        self.conn = Some(conn);
        sys.recv(conn, 4096)?;
        sys.send(conn, &Bytes::from_static(&[8; 100]))?;
        sys.close(conn)?;
        self.conn = None;
        Ok(())
    }
}

impl Program for Server {
    fn step(&mut self, sys: &mut dyn Sys) -> Wait {
        let listener = *self.listener.get_or_insert_with(|| {
            let fd = sys.socket(Proto::Tcp).expect("a socket");
            sys.bind(fd, None, 80).expect("a free port");
            sys.listen(fd, 16).expect("a listener");
            fd
        });
        while self.serve(sys, listener).is_ok() {}
        Wait::on(self.conn.unwrap_or(listener), Readiness::IN)
    }

    fn serves(&self) -> bool {
        true
    }
}

fn run(scenario: &Scenario, sink: &mut dyn Sink) {
    let mut world = World::new(scenario, 1);
    world.spawn(NodeId(1), "server", Box::new(Server::default()));
    world.spawn(NodeId(0), "client", Box::new(Client { left: CONNECTIONS, fd: None, connected: false }));
    world.run(&mut Seeded::new(1), sink);
}

fn connections(criterion: &mut Criterion) {
    let scenario = drywire::scenario::load("bench", NETWORK).expect("a good scenario");
    let mut group = criterion.benchmark_group("connections");
    group.throughput(Throughput::Elements(CONNECTIONS.into()));
    group.sample_size(20);
    group.bench_function("bare", |bencher| bencher.iter(|| bare::run(CONNECTIONS, false)));
    group.bench_function("bare-2msl", |bencher| bencher.iter(|| bare::run(CONNECTIONS, true)));
    group.bench_function("off", |bencher| bencher.iter(|| run(&scenario, &mut Discard)));
    group.bench_function("kept", |bencher| {
        bencher.iter_batched(
            || Vec::<Record>::with_capacity(100 * CONNECTIONS as usize),
            |mut records| {
                run(&scenario, &mut records);
                records
            },
            BatchSize::PerIteration,
        )
    });
    group.finish();
}

criterion_group!(benches, connections);
criterion_main!(benches);
