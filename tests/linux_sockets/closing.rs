//! Closing, and being closed: S16 to S24, S29, S35.

use super::lab::{Client, Lab, Server, bytes, ok, server_at, told};
use super::{Played, say};
use bytes::Bytes;
use drywire::base::Fd;
use drywire::scenario::model::{How, Proto, SockOpt};
use drywire::trace::End::{Acceptor, Initiator};

fn played(id: &'static str, parts: &[String]) -> Vec<Played> {
    vec![Played { id, outcome: parts.join("; ") }]
}

fn text(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

pub(super) fn s16(lab: &mut Lab) -> Vec<Played> {
    let (client, server) = lab.connection();
    let states = |lab: &Lab| format!("{}, {}", lab.state(0, Initiator), lab.state(0, Acceptor));
    lab.at(Client, |sys| sys.shutdown(client, How::Write)).expect("a connection");
    lab.pass(10);
    let shut = states(lab);
    let heard = lab.at(Server, |sys| [bytes(sys.recv(server, 9)), bytes(sys.recv(server, 9))]);
    let late = lab.at(Server, |sys| sys.send(server, &text("late")));
    lab.pass(20);
    let spoken = states(lab);
    lab.at(Server, |sys| sys.close(server)).expect("a descriptor");
    lab.pass(20);
    let closed = lab.state(0, Initiator);
    let (got, send) =
        lab.at(Client, |sys| ([bytes(sys.recv(client, 9)), bytes(sys.recv(client, 9))], sys.send(client, &text("x"))));
    let parts = [
        say("after shutdown WR", shut),
        say("after late data", spoken),
        say("client after the server's close", closed),
        say("server recv", heard.join(", ")),
        say("server send", told(late)),
        say("client recv", got.join(", ")),
        say("client send after shutdown", told(send)),
    ];
    played("S16", &parts)
}

pub(super) fn s17(lab: &mut Lab) -> Vec<Played> {
    let (client, server) = lab.connection();
    lab.at(Client, |sys| sys.close(client)).expect("a descriptor");
    lab.pass(20);
    let closed = lab.state(0, Acceptor);
    let (poll, send) = lab.at(Server, |sys| (told(sys.poll(server)), sys.send(server, &text("x"))));
    lab.pass(20);
    let reset = lab.state(0, Acceptor);
    let mut parts = vec![
        say("state after the peer's close", closed),
        say("poll", poll),
        say("send1", told(send)),
        say("state after RST", reset),
    ];
    lab.at(Server, |sys| {
        parts.push(say("poll", told(sys.poll(server))));
        parts.push(say("send2", told(sys.send(server, &text("y")))));
        parts.push(say("SO_ERROR", told(sys.getsockopt(server, SockOpt::Error))));
        parts.push(say("recv", bytes(sys.recv(server, 9))));
    });
    played("S17", &parts)
}

/// What the client finds once the server has reset the connection: S19 and S21.
fn after_reset(lab: &mut Lab, client: Fd) -> Vec<String> {
    lab.pass(20);
    let mut parts = vec![say("state", lab.state(0, Initiator))];
    lab.at(Client, |sys| {
        parts.push(say("poll", told(sys.poll(client))));
        parts.push(say("recv", bytes(sys.recv(client, 9))));
        parts.push(say("recv again", bytes(sys.recv(client, 9))));
        parts.push(say("send", told(sys.send(client, &text("x")))));
    });
    parts
}

pub(super) fn s19(lab: &mut Lab) -> Vec<Played> {
    let (client, server) = lab.connection();
    lab.at(Client, |sys| sys.send(client, &text("unread"))).expect("room");
    lab.pass(10);
    lab.at(Server, |sys| sys.close(server)).expect("a descriptor");
    played("S19", &after_reset(lab, client))
}

pub(super) fn s21(lab: &mut Lab) -> Vec<Played> {
    let (client, server) = lab.connection();
    lab.at(Server, |sys| sys.setsockopt(server, SockOpt::Linger, 0).and_then(|()| sys.close(server))).expect("closed");
    played("S21", &after_reset(lab, client))
}

pub(super) fn s22(lab: &mut Lab) -> Vec<Played> {
    let (client, server) = lab.connection();
    lab.at(Server, |sys| {
        sys.send(server, &text("data")).expect("room");
        sys.setsockopt(server, SockOpt::Linger, 0).expect("an option");
    });
    lab.pass(20);
    lab.at(Server, |sys| sys.close(server)).expect("a descriptor");
    lab.pass(20);
    let state = lab.state(0, Initiator);
    let (first, second) = lab.at(Client, |sys| (sys.recv(client, 9), sys.recv(client, 9)));
    played("S22", &[say("state", state), say("recv", bytes(first)), say("recv again", bytes(second))])
}

pub(super) fn s24(lab: &mut Lab) -> Vec<Played> {
    let (client, server) = lab.connection();
    let (shut, before) = lab.at(Client, |sys| (sys.shutdown(client, How::Read), sys.recv(client, 9)));
    let send = lab.at(Server, |sys| sys.send(server, &text("hello")));
    lab.pass(20);
    let (after, again) = lab.at(Client, |sys| (sys.recv(client, 9), sys.recv(client, 9)));
    let states = format!("{}, {}", lab.state(0, Initiator), lab.state(0, Acceptor));
    let poll = lab.at(Client, |sys| sys.poll(client));
    let parts = [
        say("shutdown", ok(shut)),
        say("recv", bytes(before)),
        say("peer send", told(send)),
        say("recv after", bytes(after)),
        say("recv again", bytes(again)),
        say("states", states),
        say("poll", told(poll)),
    ];
    played("S24", &parts)
}

pub(super) fn s29(lab: &mut Lab) -> Vec<Played> {
    let door = lab.listener(80, 5);
    let (client, _) = lab.connecting(Client, server_at(80));
    lab.pass(10);
    lab.at(Client, |sys| sys.send(client, &text("hi")).and_then(|_| sys.close(client))).expect("closed");
    lab.pass(20);
    let (server, _) = lab.at(Server, |sys| sys.accept(door)).expect("a connection");
    let state = lab.state(0, Acceptor);
    let parts = lab.at(Server, |sys| {
        [
            say("accepted state", state),
            say("recv", bytes(sys.recv(server, 9))),
            say("recv again", bytes(sys.recv(server, 9))),
            say("send", told(sys.send(server, &text("x")))),
        ]
    });
    played("S29", &parts)
}

/// There is no connect(AF_UNSPEC): what comes nearest is a close with SO_LINGER at 0, and a new socket.
pub(super) fn s35(lab: &mut Lab) -> Vec<Played> {
    let (client, server) = lab.connection();
    let close = lab.at(Client, |sys| sys.setsockopt(client, SockOpt::Linger, 0).and_then(|()| sys.close(client)));
    lab.pass(20);
    let states = [say("state", lab.state(0, Initiator)), say("peer state", lab.state(0, Acceptor))];
    let (first, second) = lab.at(Server, |sys| (sys.recv(server, 9), sys.recv(server, 9)));
    let again = lab.at(Client, |sys| {
        let again = sys.socket(Proto::Tcp).expect("a socket");
        let _ = sys.connect(again, server_at(80));
        again
    });
    lab.pass(20);
    let reconnect = lab.at(Client, |sys| sys.finish_connect(again));
    let mut parts = vec![say("close", ok(close))];
    parts.extend(states);
    parts.push(say("peer recv", bytes(first)));
    parts.push(say("peer recv again", bytes(second)));
    parts.push(say("reconnect", ok(reconnect)));
    played("S35", &parts)
}
