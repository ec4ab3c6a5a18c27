//! What the Linux table has no sequence for: ownership, ports, queues, limits, and many connections at once.

use crate::linux_sockets::lab::{At, Client, Lab, Server, server_at};
use bytes::Bytes;
use drywire::base::{Fd, NodeId, Seeded, Span};
use drywire::scenario::Scenario;
use drywire::scenario::model::{How, Proto, SockOpt};
use drywire::socket::{Received, Sys};
use drywire::socket_api::{Errno, Readiness};
use drywire::trace::End::{Acceptor, Initiator};
use drywire::trace::{CallName, Discard, Ending, Outcome, What};
use drywire::world::World;
use std::net::SocketAddr;

fn text(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// What is recorded of the calls of this name: their outcomes, and those of their returns.
fn outcomes(lab: Lab, name: CallName) -> Vec<Outcome> {
    let trace = lab.trace();
    let mut ids = Vec::new();
    let mut outcomes = Vec::new();
    for record in &trace.records {
        match &record.what {
            What::Call(call) if call.call == name => {
                ids.push(record.id);
                outcomes.push(call.outcome.clone());
            }
            What::Return { of, outcome, .. } if ids.contains(of) => outcomes.push(outcome.clone()),
            _ => {}
        }
    }
    outcomes
}

#[test]
fn what_happened_in_the_accept_queue_is_told_in_order() {
    let mut lab = Lab::new();
    let door = lab.listener(80, 5);
    let (client, _) = lab.connecting(Client, server_at(80));
    lab.pass(10);
    lab.at(Client, |sys| {
        sys.send(client, &text("hi")).expect("room");
        sys.setsockopt(client, SockOpt::Linger, 0).expect("an option");
    });
    lab.pass(10);
    lab.at(Client, |sys| sys.shutdown(client, How::Write)).expect("a connection");
    lab.pass(10);
    lab.at(Client, |sys| sys.close(client)).expect("a descriptor");
    lab.pass(10);
    lab.at(Server, |sys| {
        let (server, _) = sys.accept(door).expect("Linux gives it, dead as it is");
        assert_eq!(sys.recv(server, 9), Ok(Received::Data(text("hi"))));
        assert_eq!(sys.send(server, &text("x")), Err(Errno::Epipe), "FIN, then RST: as in S17");
        assert_eq!(sys.recv(server, 9), Ok(Received::Eof));
    });
}

#[test]
fn what_keep_alive_is_set_to_outlives_its_being_off() {
    let mut lab = Lab::new();
    lab.at(Client, |sys| {
        let fd = sys.socket(Proto::Tcp).expect("a socket");
        let all = [SockOpt::KeepAlive, SockOpt::KeepIdle, SockOpt::KeepInterval, SockOpt::KeepCount];
        let told = |sys: &mut dyn Sys| all.map(|option| sys.getsockopt(fd, option).expect("an option"));
        assert_eq!(told(sys), [0, 7_200, 75, 9], "as with Linux");
        for (option, value) in all.into_iter().skip(1).zip([30, 5, 3]) {
            sys.setsockopt(fd, option, value).expect("an option");
        }
        assert_eq!(told(sys), [0, 30, 5, 3], "a time alone switches nothing on");
        for on in [1, 0] {
            sys.setsockopt(fd, SockOpt::KeepAlive, on).expect("an option");
            assert_eq!(told(sys), [on, 30, 5, 3]);
        }
    });
}

#[test]
fn a_connection_given_up_in_the_accept_queue_is_told_so() {
    let mut lab = Lab::new();
    let door = lab.at(Server, |sys| {
        let door = sys.socket(Proto::Tcp).expect("a socket");
        sys.bind(door, None, 80).expect("a free port");
        for (option, value) in
            [(SockOpt::KeepAlive, 1), (SockOpt::KeepIdle, 1), (SockOpt::KeepInterval, 1), (SockOpt::KeepCount, 2)]
        {
            sys.setsockopt(door, option, value).expect("an option");
        }
        sys.listen(door, 5).expect("a listener");
        door
    });
    let _ = lab.connecting(Client, server_at(80));
    lab.pass(10);
    lab.at(Client, |sys| sys.crash_host());
    lab.pass(10_000);
    let told = lab.at(Server, |sys| sys.accept(door).and_then(|(fd, _)| sys.recv(fd, 9)));
    assert_eq!(told, Err(Errno::Etimedout));
}

#[test]
fn closing_a_listener_resets_who_waits_in_its_queue() {
    let mut lab = Lab::new();
    let door = lab.listener(80, 5);
    let (ready, _) = lab.connecting(Client, server_at(80));
    lab.pass(10);
    lab.at(Server, |sys| sys.close(door)).expect("a descriptor");
    lab.pass(10);
    assert_eq!(lab.at(Client, |sys| sys.recv(ready, 9)), Err(Errno::Econnreset));
    let (late, _) = lab.connecting(Client, server_at(80));
    lab.pass(10);
    assert_eq!(lab.at(Client, |sys| sys.finish_connect(late)), Err(Errno::Econnrefused));
    lab.listener(80, 5);
}

/// Linux drops the ACK that would complete a handshake for which the accept queue has no room: the client takes itself
/// for connected, what it sends is dropped too, and all of it is made good when there is room.
#[test]
fn a_full_accept_queue_keeps_a_handshake_half_open() {
    let mut lab = Lab::new();
    let door = lab.listener(80, 1);
    let first = lab.connecting(Client, server_at(80)).0;
    lab.pass(10);
    let others = [lab.connecting(Client, server_at(80)).0, lab.connecting(Client, server_at(80)).0];
    lab.pass(10);
    assert!([0, 1, 2].iter().all(|&conn| lab.state(conn, Initiator) == "ESTABLISHED"), "so the clients think");
    assert_eq!([0, 1, 2].map(|conn| lab.state(conn, Acceptor)), ["ESTABLISHED", "ESTABLISHED", "SYN_RECV"]);
    lab.at(Client, |sys| sys.send(others[1], &text("hello"))).expect("room");
    lab.pass(10);
    let taken = lab.at(Server, |sys| [sys.accept(door), sys.accept(door), sys.accept(door)]);
    assert_eq!(taken.map(|told| told.is_ok()), [true, true, false]);
    lab.pass(3_000);
    let (third, _) = lab.at(Server, |sys| sys.accept(door)).expect("the data brought its ACK again");
    assert_eq!(lab.at(Server, |sys| sys.recv(third, 9)), Ok(Received::Data(text("hello"))));
    assert!(lab.at(Client, |sys| sys.ready(first)).any(Readiness::OUT));
}

#[test]
fn text_for_a_closed_descriptor_is_refused() {
    let mut lab = Lab::new();
    let (client, server) = lab.connection();
    lab.at(Client, |sys| sys.close(client)).expect("a descriptor");
    lab.pass(10);
    assert_eq!(lab.state(0, Initiator), "FIN_WAIT2");
    lab.at(Server, |sys| sys.send(server, &text("late")).and_then(|_| sys.close(server))).expect("closed");
    lab.pass(10);
    assert_eq!([lab.state(0, Initiator), lab.state(0, Acceptor)], ["CLOSE", "CLOSE"], "no TIME-WAIT: it was reset");
}

#[test]
fn a_close_that_lingers_waits_for_its_fin_to_be_acknowledged() {
    let mut lab = Lab::new();
    let (client, _) = lab.connection();
    let close = |lab: &mut Lab| lab.at(Client, |sys| sys.close(client));
    lab.at(Client, |sys| {
        sys.blocking(true);
        sys.setsockopt(client, SockOpt::Linger, 5).expect("an option");
        sys.send(client, &text("last words")).expect("room");
    });
    assert_eq!(close(&mut lab), Err(Errno::Eagain), "it blocks");
    assert_eq!(lab.at(Client, |sys| sys.ready(client)), Readiness::NONE);
    assert_eq!(lab.at(Client, |sys| sys.send(client, &text("x"))), Err(Errno::Ebadf), "nothing else can be done");
    lab.pass(20);
    assert_eq!(lab.at(Client, |sys| sys.ready(client)), Readiness::HUP);
    assert_eq!(close(&mut lab), Ok(()));
    assert_eq!(close(&mut lab), Err(Errno::Ebadf));
    assert_eq!(lab.state(0, Initiator), "FIN_WAIT2");
    let ended = [Outcome::Pending, Outcome::Ok, Outcome::Err(Errno::Ebadf)];
    assert_eq!(outcomes(lab, CallName::Close), ended, "one call, one return");
}

#[test]
fn a_close_that_lingers_gives_up_when_its_time_is_over() {
    let mut lab = Lab::new();
    let (client, _) = lab.connection();
    lab.at(Server, |sys| sys.crash_host());
    let close = |lab: &mut Lab| lab.at(Client, |sys| sys.close(client));
    lab.at(Client, |sys| {
        sys.blocking(true);
        sys.setsockopt(client, SockOpt::Linger, 2).expect("an option");
    });
    assert_eq!(close(&mut lab), Err(Errno::Eagain));
    lab.pass(1_900);
    assert_eq!(close(&mut lab), Err(Errno::Eagain));
    lab.pass(100);
    assert_eq!(lab.at(Client, |sys| sys.ready(client)), Readiness::HUP);
    assert_eq!(close(&mut lab), Ok(()));
    assert_eq!(lab.state(0, Initiator), "FIN_WAIT1", "TCP goes on alone");
}

#[test]
fn a_program_that_blocks_on_one_descriptor_may_call_on_another() {
    let mut lab = Lab::new();
    let (client, server) = lab.connection();
    lab.at(Server, |sys| sys.send(server, &text("x"))).expect("room");
    lab.pass(10);
    lab.at(Client, |sys| {
        sys.blocking(true);
        assert!(matches!(sys.recv(client, 9), Ok(Received::Data(_))));
        assert_eq!(sys.recv(client, 9), Err(Errno::Eagain));
        sys.send(client, &text("meanwhile")).expect("room");
        let other = sys.socket(Proto::Udp).expect("a socket");
        assert_eq!(sys.recv(other, 9), Err(Errno::Eagain), "a second one that blocks");
    });
    lab.at(Server, |sys| sys.send(server, &text("y"))).expect("room");
    lab.pass(10);
    lab.at(Client, |sys| sys.recv(client, 9)).expect("data");
    let data = |text: &'static str| Outcome::Data(drywire::base::Payload(Bytes::from_static(text.as_bytes())));
    assert_eq!(outcomes(lab, CallName::Recv), [data("x"), Outcome::Pending, Outcome::Pending, data("y")]);
}

#[test]
fn calls_on_what_is_no_descriptor_are_recorded_as_any_other() {
    let mut lab = Lab::new();
    let none = Fd(99);
    lab.at(Client, |sys| {
        assert_eq!(sys.poll(none), Err(Errno::Ebadf));
        assert_eq!(sys.sendto(none, &text("x"), server_at(1)), Err(Errno::Ebadf));
        assert_eq!(sys.recvfrom(none, 9), Err(Errno::Ebadf));
        assert_eq!(sys.getsockopt(none, SockOpt::Error), Err(Errno::Ebadf));
        assert_eq!(sys.finish_connect(none), Err(Errno::Ebadf));
        assert_eq!(sys.accept(none), Err(Errno::Ebadf));
    });
    let calls = lab.trace().records.iter().filter(|record| matches!(record.what, What::Call(_))).count();
    assert_eq!(calls, 5, "all but finish_connect, which is none");
}

#[test]
fn a_stream_has_one_peer_whatever_sendto_says() {
    let mut lab = Lab::new();
    let (client, server) = lab.connection();
    assert_eq!(lab.at(Client, |sys| sys.sendto(client, &text("x"), server_at(9))), Ok(1));
    lab.pass(10);
    let (data, from) = lab.at(Server, |sys| sys.recvfrom(server, 9)).expect("data");
    assert_eq!((&data[..], from), (&b"x"[..], lab.at(Client, |sys| sys.getsockname(client)).expect("bound")));
}

/// Binds so many ephemeral ports at the client.
fn take_ports(sys: &mut dyn Sys, proto: Proto, many: usize) -> Vec<Fd> {
    let one = |_| {
        let fd = sys.socket(proto).expect("a socket");
        sys.bind(fd, None, 0).expect("a port is left");
        fd
    };
    (0..many).map(one).collect()
}

#[test]
fn when_no_ephemeral_port_is_left_calls_say_so() {
    let mut lab = Lab::new();
    lab.listener(80, 5);
    let tcp = lab.at(Client, |sys| take_ports(sys, Proto::Tcp, 16_384));
    lab.at(Client, |sys| {
        let fd = sys.socket(Proto::Tcp).expect("a socket");
        assert_eq!(sys.bind(fd, None, 0), Err(Errno::Eaddrinuse));
        assert_eq!(sys.listen(fd, 1), Err(Errno::Eaddrinuse));
        assert_eq!(sys.connect(fd, server_at(80)), Err(Errno::Eaddrnotavail));
        assert_eq!(sys.close(tcp[7]), Ok(()));
        assert_eq!(sys.connect(fd, server_at(80)), Err(Errno::Einprogress), "one is free again");
    });
}

/// A datagram socket sets 128 KiB apart: the limit is met before the ports are all taken.
#[test]
fn datagram_sockets_count_in_the_limit_on_bytes() {
    let mut lab = Lab::new();
    lab.at(Client, |sys| take_ports(sys, Proto::Udp, 10_000));
    lab.at(Client, |sys| sys.socket(Proto::Tcp).and_then(|fd| sys.connect(fd, server_at(80)))).expect_err("goes on");
    lab.step();
    assert_eq!(lab.ending(), Some(&Ending::QueueLimit(1 << 30)));
}

#[test]
fn ports_are_free_when_their_connections_are_over() {
    let mut lab = Lab::new();
    let (client, server) = lab.connection();
    let own = lab.at(Client, |sys| sys.getsockname(client)).expect("bound");
    let bind = |lab: &mut Lab| {
        lab.at(Client, |sys| {
            let fd = sys.socket(Proto::Tcp).expect("a socket");
            sys.bind(fd, None, own.port()).and_then(|()| sys.close(fd))
        })
    };
    assert_eq!(bind(&mut lab), Err(Errno::Eaddrinuse), "it is the client's");
    lab.at(Client, |sys| sys.close(client)).expect("a descriptor");
    lab.pass(10);
    assert_eq!(bind(&mut lab), Err(Errno::Eaddrinuse), "FIN-WAIT-2 holds it");
    lab.at(Server, |sys| sys.close(server)).expect("a descriptor");
    lab.pass(10);
    assert_eq!(bind(&mut lab), Err(Errno::Eaddrinuse), "TIME-WAIT holds it");
    lab.pass(10_000);
    assert_eq!(bind(&mut lab), Ok(()));
}

#[test]
fn where_a_socket_is_bound_decides_where_it_can_connect() {
    let mut lab = Lab::new();
    lab.listener(80, 5);
    let from = |lab: &mut Lab, at: At, ip: [u8; 4], to: SocketAddr| {
        lab.at(at, |sys| {
            let fd = sys.socket(Proto::Tcp).expect("a socket");
            sys.bind(fd, Some(ip.into()), 0).expect("an own address");
            sys.connect(fd, to)
        })
    };
    assert_eq!(
        from(&mut lab, Client, [127, 0, 0, 1], server_at(80)),
        Err(Errno::Enetunreach),
        "loopback leads nowhere"
    );
    assert_eq!(from(&mut lab, Server, [127, 0, 0, 1], server_at(80)), Err(Errno::Einprogress), "but to oneself");
    assert_eq!(from(&mut lab, Client, [10, 0, 0, 1], server_at(80)), Err(Errno::Einprogress));
}

/// Ten thousand connections, all open at once, each echoed to and closed: it must not take ten thousand squared steps.
#[test]
fn ten_thousand_connections() {
    const MANY: usize = 10_000;
    let scenario = Scenario::builder("many")
        .host("client", "10.0.0.1")
        .host_with("server", &["10.0.0.2"], |host| host.serve("echo", Proto::Tcp, 7))
        .link("wire", "client", "server", |link| link.delay(Span::millis(1)))
        .build()
        .expect("a sound scenario");
    let mut world = World::new(&scenario, 1);
    let guest = world.guest(NodeId(0), "many");
    let (mut choose, mut sink) = (Seeded::new(1), Discard);
    let mut fds = Vec::new();
    let pass = |world: &mut World, choose: &mut Seeded| {
        let until = world.now() + Span::millis(10);
        world.advance_to(until, choose, &mut Discard);
    };
    for _ in 0..MANY / 100 {
        let batch = world.call(guest, &mut choose, &mut sink, |sys| {
            let one = |_| {
                let fd = sys.socket(Proto::Tcp).expect("a socket");
                assert_eq!(sys.connect(fd, server_at(7)), Err(Errno::Einprogress));
                fd
            };
            (0..100).map(one).collect::<Vec<_>>()
        });
        fds.extend(batch);
        pass(&mut world, &mut choose);
    }
    world.call(guest, &mut choose, &mut sink, |sys| {
        for &fd in &fds {
            assert_eq!(sys.send(fd, &text("hello")), Ok(5));
        }
    });
    pass(&mut world, &mut choose);
    world.call(guest, &mut choose, &mut sink, |sys| {
        for &fd in &fds {
            assert_eq!(sys.recv(fd, 9), Ok(Received::Data(text("hello"))));
            sys.close(fd).expect("a descriptor");
        }
    });
    assert_eq!(world.run(&mut choose, &mut sink), Ending::Quiet);
}

#[test]
fn a_connect_that_waits_is_told_when_the_attempt_is_given_up() {
    let mut lab = Lab::new();
    lab.at(Server, |sys| sys.crash_host());
    let fd = lab.at(Client, |sys| {
        let fd = sys.socket(Proto::Tcp).expect("a socket");
        sys.blocking(true);
        assert_eq!(sys.connect(fd, server_at(80)), Err(Errno::Einprogress));
        sys.shutdown(fd, How::Both).expect("an attempt");
        fd
    });
    assert_eq!(lab.at(Client, |sys| sys.finish_connect(fd)), Err(Errno::Econnreset), "as Linux tells it");
    assert_eq!(lab.machine(Client, fd), "CREATED", "nothing has begun anew");
    assert_eq!(lab.at(Client, |sys| sys.getsockopt(fd, SockOpt::Error)), Ok(0), "it is told once");
}

/// As Linux: the `connect` that waited finds the socket closed, and returns its error.
#[test]
fn a_blocking_connect_that_wakes_after_a_reset_returns_it() {
    let mut lab = Lab::new();
    let door = lab.listener(80, 5);
    let client = lab.at(Client, |sys| {
        sys.blocking(true);
        let fd = sys.socket(Proto::Tcp).expect("a socket");
        assert_eq!(sys.connect(fd, server_at(80)), Err(Errno::Einprogress));
        fd
    });
    lab.pass(10);
    lab.at(Server, |sys| {
        let (fd, _) = sys.accept(door).expect("a connection");
        sys.setsockopt(fd, SockOpt::Linger, 0).expect("an option");
        sys.close(fd).expect("a reset");
    });
    lab.pass(10);
    lab.at(Client, |sys| assert_eq!(sys.finish_connect(client), Err(Errno::Econnreset)));
    assert_eq!(outcomes(lab, CallName::Connect), [Outcome::Pending, Outcome::Err(Errno::Econnreset)]);
}
