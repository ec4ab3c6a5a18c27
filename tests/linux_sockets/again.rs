//! What is left of an attempt to connect, and what the next call makes of it: S39 to S49.

use super::lab::{Client, Lab, Server, bytes, fd, ok, server_at, told};
use super::{Played, say};
use bytes::Bytes;
use drywire::base::Fd;
use drywire::machine::Finite;
use drywire::scenario::model::{How, Proto, SockOpt};
use drywire::socket::Sys;
use drywire::socket_api::Errno;

fn played(id: &'static str, parts: &[String]) -> Vec<Played> {
    vec![Played { id, outcome: parts.join("; ") }]
}

const X: Bytes = Bytes::from_static(b"x");

fn made(sys: &mut dyn Sys, port: Option<u16>) -> Fd {
    let socket = sys.socket(Proto::Tcp).expect("a socket");
    if let Some(port) = port {
        sys.bind(socket, None, port).expect("a free port");
    }
    socket
}

/// A socket of the client's, bound if a port is given, whose connect to this port of the server's is under way.
fn trying(lab: &mut Lab, port: Option<u16>, to: u16) -> Fd {
    lab.at(Client, |sys| {
        let socket = made(sys, port);
        assert_eq!(sys.connect(socket, server_at(to)), Err(Errno::Einprogress));
        socket
    })
}

/// The same, refused.
fn refused(lab: &mut Lab, port: Option<u16>) -> Fd {
    let socket = trying(lab, port, 81);
    lab.pass(10);
    socket
}

/// Nobody answers any more: what connects goes on connecting.
fn unanswered(lab: &mut Lab, port: Option<u16>) -> Fd {
    lab.at(Server, |sys| sys.crash_host());
    trying(lab, port, 80)
}

fn port(sys: &mut dyn Sys, socket: Fd) -> u16 {
    sys.getsockname(socket).expect("a descriptor").port()
}

/// What another socket hears that asks for the port.
fn rival(sys: &mut dyn Sys, port: u16) -> String {
    let rival = sys.socket(Proto::Tcp).expect("a socket");
    let bind = sys.bind(rival, None, port);
    sys.close(rival).expect("a descriptor");
    say("another bind() to the port", ok(bind))
}

/// SO_ERROR by its name.
fn error(sys: &mut dyn Sys, socket: Fd) -> String {
    let number = sys.getsockopt(socket, SockOpt::Error).expect("an option");
    let errno = Errno::ALL.iter().find(|errno| errno.number() == number);
    say("SO_ERROR", errno.map_or("0", |errno| errno.name()))
}

pub(super) fn s39(lab: &mut Lab) -> Vec<Played> {
    let socket = trying(lab, None, 81);
    let chosen = lab.at(Client, |sys| port(sys, socket));
    lab.pass(10);
    let parts = lab.at(Client, |sys| {
        let mut parts = vec![rival(sys, chosen)];
        parts.push(say("bind", ok(sys.bind(socket, None, 7_000))));
        parts.push(say("bind again", ok(sys.bind(socket, None, 7_001))));
        parts.push(say("listen", ok(sys.listen(socket, 5))));
        parts.push(say("connect", ok(sys.connect(socket, server_at(81)))));
        parts.push(say("port", if port(sys, socket) == 7_000 { "that of bind()" } else { "another" }));
        parts.push(say("listen", ok(sys.listen(socket, 5))));
        parts
    });
    played("S39", &parts)
}

pub(super) fn s40(lab: &mut Lab) -> Vec<Played> {
    let socket = refused(lab, Some(7_000));
    let parts = lab.at(Client, |sys| {
        let mut parts = vec![rival(sys, 7_000)];
        parts.push(say("bind", ok(sys.bind(socket, None, 7_001))));
        parts.push(say("listen", ok(sys.listen(socket, 5))));
        parts.push(say("connect", ok(sys.connect(socket, server_at(81)))));
        parts.push(say("bind", ok(sys.bind(socket, None, 7_001))));
        parts.push(say("listen", ok(sys.listen(socket, 5))));
        parts.push(say("port", if port(sys, socket) == 7_000 { "the same" } else { "another" }));
        parts
    });
    played("S40", &parts)
}

pub(super) fn s41(lab: &mut Lab) -> Vec<Played> {
    let socket = refused(lab, None);
    let parts = lab.at(Client, |sys| {
        [
            say("recv", bytes(sys.recv(socket, 9))),
            say("recv", bytes(sys.recv(socket, 9))),
            say("poll", told(sys.poll(socket))),
            say("send", told(sys.send(socket, &X))),
            say("bind", ok(sys.bind(socket, None, 7_000))),
            say("listen", ok(sys.listen(socket, 5))),
            say("connect", ok(sys.connect(socket, server_at(81)))),
            say("recv", bytes(sys.recv(socket, 9))),
            say("poll", told(sys.poll(socket))),
            say("connect", ok(sys.connect(socket, server_at(81)))),
        ]
    });
    played("S41", &parts)
}

pub(super) fn s42(lab: &mut Lab) -> Vec<Played> {
    let sockets = [None, Some(7_000), None, None].map(|port| unanswered(lab, port));
    let [first, bound, third, fourth] = sockets;
    let parts = lab.at(Client, |sys| {
        [
            say("shutdown", ok(sys.shutdown(first, How::Read))),
            say("poll", told(sys.poll(first))),
            say("bind", ok(sys.bind(first, None, 7_001))),
            error(sys, first),
            say("poll", told(sys.poll(first))),
            say("of one that is bound: shutdown", ok(sys.shutdown(bound, How::Both))),
            say("bind", ok(sys.bind(bound, None, 7_002))),
            say("send", told(sys.send(bound, &X))),
            say("send", told(sys.send(bound, &X))),
            say("connect", ok(sys.connect(bound, server_at(80)))),
            say("of a third: shutdown", ok(sys.shutdown(third, How::Write))),
            say("recv", bytes(sys.recv(third, 9))),
            say("recv", bytes(sys.recv(third, 9))),
            say("listen", ok(sys.listen(third, 5))),
            say("of a fourth: shutdown", ok(sys.shutdown(fourth, How::Both))),
            say("listen", ok(sys.listen(fourth, 5))),
            say("poll", told(sys.poll(fourth))),
            say("accept", fd(sys.accept(fourth))),
            error(sys, fourth),
        ]
    });
    played("S42", &parts)
}

pub(super) fn s43(lab: &mut Lab) -> Vec<Played> {
    let door = lab.listener(80, 5);
    let sockets = [(); 3].map(|()| trying(lab, None, 80));
    lab.pass(10);
    lab.at(Server, |sys| {
        let all = [(); 3].map(|()| sys.accept(door).expect("a connection").0);
        sys.close(all[1]).expect("a descriptor");
    });
    lab.pass(10);
    let [first, closed, shut] = sockets;
    let parts = lab.at(Client, |sys| {
        sys.shutdown(shut, How::Write).expect("a connection");
        [
            say("listen", ok(sys.listen(first, 5))),
            say("bind", ok(sys.bind(first, None, 0))),
            say("connect", ok(sys.connect(first, server_at(80)))),
            say("connect", ok(sys.connect(first, server_at(80)))),
            say("of one whose peer has closed: connect", ok(sys.connect(closed, server_at(80)))),
            say("connect", ok(sys.connect(closed, server_at(80)))),
            say("after shutdown WR: connect", ok(sys.connect(shut, server_at(80)))),
        ]
    });
    played("S43", &parts)
}

pub(super) fn s44(lab: &mut Lab) -> Vec<Played> {
    let (client, server) = lab.connection();
    lab.at(Server, |sys| sys.setsockopt(server, SockOpt::Linger, 0).and_then(|()| sys.close(server))).expect("closed");
    lab.pass(10);
    let parts = lab.at(Client, |sys| {
        [
            say("connect", ok(sys.connect(client, server_at(80)))),
            say("poll", told(sys.poll(client))),
            say("connect", ok(sys.connect(client, server_at(80)))),
        ]
    });
    played("S44", &parts)
}

pub(super) fn s45(lab: &mut Lab) -> Vec<Played> {
    let (client, connect) = lab.connecting(Client, server_at(0));
    lab.pass(10);
    let poll = lab.at(Client, |sys| sys.poll(client));
    played("S45", &[say("connect", ok(connect)), say("poll", told(poll))])
}

pub(super) fn s46(lab: &mut Lab) -> Vec<Played> {
    let socket = refused(lab, Some(0));
    let parts = lab.at(Client, |sys| {
        let port = port(sys, socket);
        [rival(sys, port), say("bind", ok(sys.bind(socket, None, 7_000)))]
    });
    played("S46", &parts)
}

/// Whether it has a port.
fn has_port(sys: &mut dyn Sys, socket: Fd) -> String {
    if port(sys, socket) == 0 { "port=0".to_owned() } else { "port!=0".to_owned() }
}

pub(super) fn s47(lab: &mut Lab) -> Vec<Played> {
    let socket = refused(lab, None);
    played("S47", &[lab.at(Client, |sys| has_port(sys, socket))])
}

pub(super) fn s48(lab: &mut Lab) -> Vec<Played> {
    let (client, _) = lab.connection();
    let parts = lab.at(Client, |sys| {
        [
            say("setsockopt", ok(sys.setsockopt(client, SockOpt::RcvBuf, 4_096))),
            say("getsockopt", told(sys.getsockopt(client, SockOpt::RcvBuf))),
        ]
    });
    played("S48", &parts)
}

pub(super) fn s49(lab: &mut Lab) -> Vec<Played> {
    let parts = lab.at(Client, |sys| {
        let sockets = [(); 3].map(|()| sys.socket(Proto::Udp).expect("a socket"));
        let [large, lone, zero] = sockets;
        let large = (told(sys.sendto(large, &vec![b'x'; 70_000].into(), server_at(9))), has_port(sys, large));
        let lone = (told(sys.send(lone, &X)), has_port(sys, lone));
        let zero = (told(sys.sendto(zero, &X, server_at(0))), has_port(sys, zero));
        [("sendto", large), ("send", lone), ("sendto", zero)]
            .map(|(call, (told, port))| format!("{}, {port}", say(call, told)))
    });
    played("S49", &parts)
}
