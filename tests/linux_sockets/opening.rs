//! Connecting: S01 to S04, S11 to S13, S32, S34, S38.

use super::lab::{At, Client, Lab, Server, bytes, fd, ok, server_at, told};
use super::{Played, say};
use bytes::Bytes;
use drywire::base::Fd;
use drywire::scenario::model::{How, Proto, SockOpt};
use drywire::socket_api::Errno;
use drywire::trace::End::{Acceptor, Initiator};
use std::net::SocketAddr;

fn played(id: &'static str, parts: &[String]) -> Vec<Played> {
    vec![Played { id, outcome: parts.join("; ") }]
}

/// A connect that blocks: what it returns.
fn connect_blocking(lab: &mut Lab, at: At, fd: Fd, to: SocketAddr) -> Result<(), Errno> {
    lab.at(at, |sys| {
        sys.blocking(true);
        sys.connect(fd, to)
    })
    .or_else(|errno| if errno == Errno::Einprogress { Ok(()) } else { Err(errno) })?;
    lab.pass(10);
    lab.at(at, |sys| sys.finish_connect(fd))
}

pub(super) fn s01(lab: &mut Lab) -> Vec<Played> {
    let client = lab.at(Client, |sys| sys.socket(Proto::Tcp)).expect("a socket");
    let first = connect_blocking(lab, Client, client, server_at(80));
    let state = lab.state(0, Initiator);
    let second = connect_blocking(lab, Client, client, server_at(80));
    let (send, recv) = lab.at(Client, |sys| (sys.send(client, &Bytes::from_static(b"x")), sys.recv(client, 9)));
    let parts = [
        say("connect", ok(first)),
        say("state", state),
        say("2nd connect", ok(second)),
        say("send", told(send)),
        say("recv", bytes(recv)),
    ];
    played("S01", &parts)
}

pub(super) fn s02(lab: &mut Lab) -> Vec<Played> {
    let (client, connect) = lab.connecting(Client, server_at(80));
    lab.pass(10);
    let state = lab.state(0, Initiator);
    let error = |error: Result<i64, Errno>| match error {
        Ok(number) if number == Errno::Econnrefused.number() => "ECONNREFUSED".to_owned(),
        other => told(other),
    };
    let parts = lab.at(Client, |sys| {
        [
            say("connect", ok(connect)),
            say("poll", told(sys.poll(client))),
            say("state", state),
            say("SO_ERROR", error(sys.getsockopt(client, SockOpt::Error))),
            say("SO_ERROR again", error(sys.getsockopt(client, SockOpt::Error))),
            say("connect again", ok(sys.connect(client, server_at(80)))),
        ]
    });
    played("S02", &parts)
}

pub(super) fn s03(lab: &mut Lab) -> Vec<Played> {
    let state = lab.state(0, Initiator);
    let parts = lab.at(Client, |sys| {
        let fresh = sys.socket(Proto::Tcp).expect("a socket");
        [
            say("send", told(sys.send(fresh, &Bytes::from_static(b"x")))),
            say("recv", bytes(sys.recv(fresh, 9))),
            say("shutdown WR", ok(sys.shutdown(fresh, How::Write))),
            say("accept", fd(sys.accept(fresh))),
            say("getpeername", told(sys.getpeername(fresh))),
            say("state", state),
            say("poll", told(sys.poll(fresh))),
        ]
    });
    played("S03", &parts)
}

pub(super) fn s04(lab: &mut Lab) -> Vec<Played> {
    let (door, listen, name) = lab.at(Server, |sys| {
        let door = sys.socket(Proto::Tcp).expect("a socket");
        (door, sys.listen(door, 5), sys.getsockname(door))
    });
    let named = if name.is_ok_and(|at| at.port() != 0) { "port!=0" } else { "port=0" };
    let state = if lab.machine(Server, door) == "LISTENING" { "LISTEN" } else { "CLOSE" };
    played("S04", &[say("listen", ok(listen)), named.to_owned(), say("state", state)])
}

/// `a, b x3`: what is said again is counted.
fn runs(list: &[String]) -> String {
    let mut parts: Vec<(String, usize)> = Vec::new();
    for item in list {
        match parts.last_mut() {
            Some((last, count)) if last == item => *count += 1,
            _ => parts.push((item.clone(), 1)),
        }
    }
    let one = |(item, count): &(String, usize)| if *count > 1 { format!("{item} x{count}") } else { item.clone() };
    parts.iter().map(one).collect::<Vec<_>>().join(", ")
}

pub(super) fn s11_to_s13(lab: &mut Lab) -> Vec<Played> {
    let door = lab.listener(80, 0);
    let started: Vec<(Fd, Result<(), Errno>)> = (0..4)
        .map(|_| {
            let started = lab.connecting(Client, server_at(80));
            lab.pass(10);
            started
        })
        .collect();
    let clients: Vec<Fd> = started.iter().map(|(fd, _)| *fd).collect();
    let states = |lab: &Lab, count| runs(&(0..count).map(|conn| lab.state(conn, Initiator)).collect::<Vec<_>>());
    let connects: Vec<String> = started.into_iter().map(|(_, told)| ok(told)).collect();
    let after = states(lab, 4);
    let polls: Vec<String> = clients.iter().map(|&fd| lab.at(Client, |sys| told(sys.poll(fd)))).collect();
    let again = lab.at(Client, |sys| sys.connect(clients[2], server_at(80)));
    let s11 = [
        say("connects", runs(&connects)),
        say("client states after 50 ms", after),
        say("poll", runs(&polls)),
        say("connect() again of the 3rd", ok(again)),
    ];
    let s12 = s12(lab, clients[3]);

    let accepts = |lab: &mut Lab, count| {
        let all: Vec<String> = (0..count).map(|_| lab.at(Server, |sys| fd(sys.accept(door)))).collect();
        runs(&all)
    };
    let first = accepts(lab, 4);
    lab.pass(1_300);
    let s13 = [say("accepts", first), say("later", accepts(lab, 3)), say("client states", states(lab, 3))];
    [played("S11", &s11), s12, played("S13", &s13)].into_iter().flatten().collect()
}

fn s12(lab: &mut Lab, client: Fd) -> Vec<Played> {
    let mut parts = vec![say("state", lab.state(3, Initiator))];
    lab.at(Client, |sys| {
        parts.push(say("send", told(sys.send(client, &Bytes::from_static(b"x")))));
        parts.push(say("recv", bytes(sys.recv(client, 9))));
        parts.push(say("shutdown WR", ok(sys.shutdown(client, How::Write))));
    });
    parts.push(say("state after", lab.state(3, Initiator)));
    lab.at(Client, |sys| {
        parts.push(say("getpeername", told(sys.getpeername(client))));
        parts.push(say("close", ok(sys.close(client))));
    });
    played("S12", &parts)
}

pub(super) fn s32(lab: &mut Lab) -> Vec<Played> {
    let own = SocketAddr::from(([127, 0, 0, 1], 7));
    let me = lab.at(Client, |sys| {
        let me = sys.socket(Proto::Tcp).expect("a socket");
        sys.bind(me, Some(own.ip()), own.port()).expect("a free port");
        me
    });
    let connect = connect_blocking(lab, Client, me, own);
    let state = lab.state(0, Initiator);
    let send = lab.at(Client, |sys| sys.send(me, &Bytes::from_static(b"me")));
    lab.pass(1);
    let recv = lab.at(Client, |sys| sys.recv(me, 9));
    let shut = lab.at(Client, |sys| sys.shutdown(me, How::Write));
    lab.pass(50);
    let after = lab.state(0, Initiator);
    let end = lab.at(Client, |sys| sys.recv(me, 9));
    let parts = [
        say("connect", ok(connect)),
        say("state", state),
        say("send", told(send)),
        say("recv", bytes(recv)),
        say("shutdown WR", ok(shut)),
        say("state after", after),
        say("recv", bytes(end)),
    ];
    played("S32", &parts)
}

pub(super) fn s34(lab: &mut Lab) -> Vec<Played> {
    lab.listener(80, 5);
    let (_, zero) = lab.connecting(Server, SocketAddr::from(([127, 0, 0, 1], 0)));
    let fd = lab.at(Server, |sys| sys.socket(Proto::Tcp)).expect("a socket");
    let any = connect_blocking(lab, Server, fd, SocketAddr::from(([0, 0, 0, 0], 80)));
    assert_eq!(lab.state(0, Acceptor), "ESTABLISHED");
    played("S34", &[say("port 0", ok(zero)), say("0.0.0.0", ok(any))])
}

pub(super) fn s38(lab: &mut Lab) -> Vec<Played> {
    lab.listener(80, 0);
    let _ = lab.connecting(Client, server_at(80));
    lab.pass(10);
    let client = lab.at(Client, |sys| {
        let client = sys.socket(Proto::Tcp).expect("a socket");
        sys.setsockopt(client, SockOpt::UserTimeout, 300).expect("an option");
        sys.blocking(true);
        let _ = sys.connect(client, server_at(80));
        client
    });
    let began = lab.millis();
    let told = loop {
        match lab.at(Client, |sys| sys.finish_connect(client)) {
            Err(Errno::Ealready) => lab.pass(1),
            told => break told,
        }
    };
    let after = lab.millis() - began;
    let state = lab.state(1, Initiator);
    let after = say("after s", format!("{}.{}", after / 1_000, after % 1_000 / 100));
    played("S38", &[say("connect", ok(told)), after, say("state", state)])
}
