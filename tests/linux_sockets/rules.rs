//! Ports, descriptors and buffers: S05 to S10, S26, S27, S31.

use super::lab::{Client, Lab, Server, bytes, fd, ok, server_at, told};
use super::{Played, say};
use bytes::Bytes;
use drywire::base::Fd;
use drywire::scenario::model::{Proto, SockOpt};
use drywire::socket::Sys;
use drywire::socket_api::Errno;
use drywire::trace::End::Acceptor;

fn played(id: &'static str, parts: &[String]) -> Vec<Played> {
    vec![Played { id, outcome: parts.join("; ") }]
}

/// A socket with SO_REUSEADDR as given, and what `bind` to the port said.
fn bound(sys: &mut dyn Sys, port: u16, reuse: bool) -> (Fd, Result<(), Errno>) {
    let fd = sys.socket(Proto::Tcp).expect("a socket");
    sys.setsockopt(fd, SockOpt::ReuseAddr, reuse.into()).expect("an option");
    (fd, sys.bind(fd, None, port))
}

fn bind_beside_a_listener(lab: &mut Lab, reuse: bool) -> String {
    let told = lab.at(Server, |sys| {
        let (door, _) = bound(sys, 80, reuse);
        sys.listen(door, 5).expect("a listener");
        bound(sys, 80, reuse).1
    });
    say("bind", ok(told))
}

pub(super) fn s05(lab: &mut Lab) -> Vec<Played> {
    played("S05", &[bind_beside_a_listener(lab, false)])
}

pub(super) fn s06(lab: &mut Lab) -> Vec<Played> {
    played("S06", &[bind_beside_a_listener(lab, true)])
}

pub(super) fn s07(lab: &mut Lab) -> Vec<Played> {
    let parts = lab.at(Server, |sys| {
        let ((one, _), (other, bind)) = (bound(sys, 80, true), bound(sys, 80, true));
        [say("bind2", ok(bind)), say("listen1", ok(sys.listen(one, 5))), say("listen2", ok(sys.listen(other, 5)))]
    });
    played("S07", &parts)
}

pub(super) fn s08(lab: &mut Lab) -> Vec<Played> {
    let again = lab.at(Server, |sys| {
        let (fd, _) = bound(sys, 80, false);
        sys.bind(fd, None, 81)
    });
    played("S08", &[say("bind2", ok(again))])
}

pub(super) fn s09(lab: &mut Lab) -> Vec<Played> {
    let bind = lab.at(Server, |sys| {
        let fd = sys.socket(Proto::Tcp).expect("a socket");
        sys.bind(fd, Some([10, 0, 0, 99].into()), 80)
    });
    played("S09", &[say("bind", ok(bind))])
}

pub(super) fn s10(lab: &mut Lab) -> Vec<Played> {
    let (_, server) = lab.connection();
    let mut parts = lab.at(Server, |sys| {
        vec![
            say("connect", ok(sys.connect(server, server_at(80)))),
            say("listen", ok(sys.listen(server, 5))),
            say("accept", fd(sys.accept(server))),
            say("bind", ok(sys.bind(server, None, 81))),
        ]
    });
    parts.push(say("state", lab.state(0, Acceptor)));
    played("S10", &parts)
}

pub(super) fn s26(lab: &mut Lab) -> Vec<Played> {
    let (client, _) = lab.connection();
    let recv = lab.at(Client, |sys| sys.recv(client, 9));
    let more = Bytes::from(vec![b'x'; 4_096]);
    let mut sent = 0;
    let mut full = 0;
    let refused = loop {
        match lab.at(Client, |sys| sys.send(client, &more)) {
            Ok(taken) => sent += taken,
            // The peer's buffer fills as well.
            Err(errno) if full == 3 => break errno,
            Err(_) => {
                full += 1;
                lab.pass(20);
            }
        }
    };
    assert!(sent >= 2 * 16_384 - 4_096, "both buffers are full: {sent}");
    let poll = lab.at(Client, |sys| sys.poll(client));
    played("S26", &[say("recv", bytes(recv)), say("then send", refused), say("poll", told(poll))])
}

pub(super) fn s27(lab: &mut Lab) -> Vec<Played> {
    let door = lab.listener(80, 5);
    let (accept, poll) = lab.at(Server, |sys| (sys.accept(door), sys.poll(door)));
    played("S27", &[say("accept", fd(accept)), say("poll", told(poll))])
}

pub(super) fn s31(lab: &mut Lab) -> Vec<Played> {
    let door = lab.at(Server, |sys| {
        let (door, _) = bound(sys, 80, true);
        sys.listen(door, 5).expect("a listener");
        door
    });
    let (client, _) = lab.connecting(Client, server_at(80));
    lab.pass(10);
    lab.at(Server, |sys| {
        let (server, _) = sys.accept(door).expect("a connection");
        sys.close(server).and_then(|()| sys.close(door)).expect("closed");
    });
    lab.pass(20);
    lab.at(Client, |sys| sys.close(client)).expect("closed");
    lab.pass(20);
    assert_eq!(lab.state(0, Acceptor), "TIME_WAIT");
    let parts = lab.at(Server, |sys| {
        let (_, without) = bound(sys, 80, false);
        let (door, with) = bound(sys, 80, true);
        [
            say("bind without SO_REUSEADDR", ok(without)),
            say("with it (the old socket had it too)", ok(with)),
            say("listen", ok(sys.listen(door, 5))),
        ]
    });
    played("S31", &parts)
}
