//! Every call in every state of a datagram socket, on the real layer, against the machine's table.

use crate::linux_sockets::lab::{Client, Lab, Server, server_at};
use bytes::Bytes;
use drywire::base::Fd;
use drywire::machine::{Finite, Machine, Step};
use drywire::scenario::model::{How, Proto, SockOpt};
use drywire::socket::Sys;
use drywire::socket_api::{Datagram, DatagramInput, DatagramOutput, DatagramState as State, Errno};
use drywire::trace::{Record, Subject, What};
use std::net::SocketAddr;

type Reach = fn(&mut Lab) -> Fd;

const STATES: &[(State, &str, Reach)] = &[
    (State::Created, "", created),
    (State::Bound, "", bound),
    (State::Bound, "with a datagram", |lab| {
        let fd = bound(lab);
        answer(lab, fd);
        fd
    }),
    (State::Connected, "", |lab| connected(lab, 53)),
    (State::Connected, "with a datagram", |lab| {
        let fd = connected(lab, 53);
        answer(lab, fd);
        fd
    }),
    (State::Connected, "with an error", |lab| {
        let fd = connected(lab, 54);
        lab.at(Client, |sys| sys.send(fd, &Bytes::from_static(b"who?"))).expect("room");
        lab.pass(10);
        fd
    }),
];

fn created(lab: &mut Lab) -> Fd {
    lab.at(Client, |sys| sys.socket(Proto::Udp)).expect("a socket")
}

fn bound(lab: &mut Lab) -> Fd {
    let fd = created(lab);
    lab.at(Client, |sys| sys.bind(fd, None, 5_000)).expect("a free port");
    fd
}

fn connected(lab: &mut Lab, port: u16) -> Fd {
    let fd = bound(lab);
    lab.at(Client, |sys| sys.connect(fd, server_at(port))).expect("a peer");
    fd
}

/// The server sends it a datagram, from port 53.
fn answer(lab: &mut Lab, _to: Fd) {
    lab.at(Server, |sys| {
        let fd = sys.socket(Proto::Udp).expect("a socket");
        sys.bind(fd, None, 53).expect("a free port");
        sys.sendto(fd, &Bytes::from_static(b"it is I"), ([10, 0, 0, 1], 5_000).into()).expect("room");
    });
    lab.pass(10);
}

type Call = fn(&mut dyn Sys, Fd) -> Result<(), Errno>;

const CALLS: &[(&str, Call)] = &[
    ("bind", |sys, fd| sys.bind(fd, None, 6_000)),
    ("bind in use", |sys, fd| {
        let other = sys.socket(Proto::Udp)?;
        sys.bind(other, None, 7_000).and_then(|()| sys.bind(fd, None, 7_000))
    }),
    ("bind elsewhere", |sys, fd| sys.bind(fd, Some([10, 0, 0, 2].into()), 6_000)),
    ("connect", |sys, fd| sys.connect(fd, server_at(53))),
    ("connect nowhere", |sys, fd| sys.connect(fd, SocketAddr::from(([10, 9, 9, 9], 53)))),
    ("listen", |sys, fd| sys.listen(fd, 1)),
    ("accept", |sys, fd| sys.accept(fd).map(|_| ())),
    ("send", |sys, fd| sys.send(fd, &Bytes::from_static(b"text")).map(|_| ())),
    ("sendto", |sys, fd| sys.sendto(fd, &Bytes::from_static(b"text"), server_at(53)).map(|_| ())),
    ("sendto of too much", |sys, fd| sys.sendto(fd, &vec![0; 9_000].into(), server_at(53)).map(|_| ())),
    ("sendto nowhere", |sys, fd| sys.sendto(fd, &Bytes::new(), SocketAddr::from(([10, 9, 9, 9], 53))).map(|_| ())),
    ("sendto port 0", |sys, fd| sys.sendto(fd, &Bytes::new(), server_at(0)).map(|_| ())),
    ("recv", |sys, fd| sys.recv(fd, 9).map(|_| ())),
    ("recvfrom", |sys, fd| sys.recvfrom(fd, 9).map(|_| ())),
    ("shutdown", |sys, fd| sys.shutdown(fd, How::Both)),
    ("close", |sys, fd| sys.close(fd)),
    ("getsockname", |sys, fd| sys.getsockname(fd).map(|_| ())),
    ("getpeername", |sys, fd| sys.getpeername(fd).map(|_| ())),
    ("setsockopt", |sys, fd| sys.setsockopt(fd, SockOpt::Ttl, 9)),
    ("setsockopt of streams", |sys, fd| sys.setsockopt(fd, SockOpt::NoDelay, 1)),
    ("setsockopt out of range", |sys, fd| sys.setsockopt(fd, SockOpt::Ttl, 0)),
    ("getsockopt", |sys, fd| sys.getsockopt(fd, SockOpt::Ttl).map(|_| ())),
    ("getsockopt SO_ERROR", |sys, fd| sys.getsockopt(fd, SockOpt::Error).map(|_| ())),
];

fn last_edge(records: &[Record], fd: Fd) -> Option<(State, DatagramInput)> {
    let edge = records.iter().rev().find_map(|record| match &record.what {
        What::Edge(edge) if edge.of == Subject::Fd(fd) && record.node.0 == 0 => Some(edge),
        _ => None,
    })?;
    Some((State::named(&edge.from)?, DatagramInput::named(&edge.input)?))
}

fn gives(step: Step<State, DatagramOutput, Errno>, told: Result<(), Errno>) -> bool {
    match step {
        Step::Reject(errno, _) => told == Err(errno),
        Step::Go(_, outputs, _) if outputs.contains(&DatagramOutput::TakeError) => true,
        Step::Go(..) => told == Ok(()),
        Step::Never => false,
    }
}

/// Makes every call in every state; gives what was recorded.
pub(crate) fn grid() -> Vec<Record> {
    let mut all = Vec::new();
    for &(state, how, reach) in STATES {
        for &(name, call) in CALLS {
            let what = format!("{name} in {state} {how}");
            let mut lab = Lab::new();
            let fd = reach(&mut lab);
            assert_eq!(lab.machine(Client, fd), state.name(), "{what}: the state is reached");
            let told = lab.at(Client, |sys| call(sys, fd));
            let records = lab.trace().records;
            let (from, input) = last_edge(&records, fd).unwrap_or_else(|| panic!("{what}: an edge is recorded"));
            let step = Datagram::next(from, input);
            assert!(from == state && gives(step, told), "{what}: `{input}` is {step:?}, and the call says {told:?}");
            all.extend(records);
        }
    }
    all
}

#[test]
fn every_call_in_every_state_does_what_the_table_says() {
    grid();
}
