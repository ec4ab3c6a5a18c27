//! Every call in every state of a stream socket, on the real layer: what it returns is what the machine's table says of
//! the edge that was recorded.

use crate::linux_sockets::lab::{Client, Lab, Server, server_at};
use bytes::Bytes;
use drywire::base::Fd;
use drywire::machine::{Finite, Machine, Step};
use drywire::scenario::model::{How, Proto, SockOpt};
use drywire::socket::Sys;
use drywire::socket_api::{Errno, Input, Output, Socket, State};
use drywire::trace::{Record, Subject, What};
use std::net::SocketAddr;

type Reach = fn(&mut Lab) -> Fd;

/// A socket of the client's in each state; `unread`: 4 bytes wait in its receive buffer.
const STATES: &[(State, &str, Reach)] = &[
    (State::Created, "", created),
    (State::Bound, "", |lab| {
        let fd = created(lab);
        lab.at(Client, |sys| sys.bind(fd, None, 5_000)).expect("a free port");
        fd
    }),
    (State::Bound, "beside a rival with the port and the peer", |lab| rivals(lab)[0]),
    (State::Listening, "", listening),
    (State::Listening, "with a connection", |lab| {
        let fd = listening(lab);
        let _ = lab.connecting(Server, SocketAddr::from(([10, 0, 0, 1], 5_000)));
        lab.pass(10);
        fd
    }),
    (State::Connecting, "", |lab| {
        lab.at(Server, |sys| sys.crash_host());
        lab.connecting(Client, server_at(80)).0
    }),
    (State::ConnectingBound, "", |lab| {
        lab.at(Server, |sys| sys.crash_host());
        connecting_bound(lab)
    }),
    (State::Created, "with an error", |lab| {
        lab.at(Server, |sys| sys.crash_host());
        let fd = lab.connecting(Client, server_at(80)).0;
        lab.at(Client, |sys| sys.shutdown(fd, How::Both)).expect("an attempt");
        fd
    }),
    (State::Bound, "with an error", |lab| {
        lab.at(Server, |sys| sys.crash_host());
        let fd = connecting_bound(lab);
        lab.at(Client, |sys| sys.shutdown(fd, How::Both)).expect("an attempt");
        fd
    }),
    (State::Listening, "with an error", |lab| {
        lab.at(Server, |sys| sys.crash_host());
        let fd = connecting_bound(lab);
        lab.at(Client, |sys| sys.shutdown(fd, How::Both).and_then(|()| sys.listen(fd, 5))).expect("an attempt");
        fd
    }),
    (State::FailedBound, "", |lab| {
        let fd = failed(lab);
        lab.at(Client, |sys| sys.bind(fd, None, 5_000)).expect("no port");
        fd
    }),
    (State::FailureToldBound, "", |lab| {
        let fd = failed(lab);
        lab.at(Client, |sys| {
            sys.getsockopt(fd, SockOpt::Error).expect("an option");
            sys.bind(fd, None, 5_000).expect("no port");
        });
        fd
    }),
    (State::Connected, "", |lab| lab.connection().0),
    (State::Connected, "told of it", |lab| {
        let fd = lab.connection().0;
        lab.at(Client, |sys| sys.connect(fd, server_at(80))).expect("what came of it");
        fd
    }),
    (State::Connected, "unread", |lab| unread(lab).0),
    (State::Connected, "full", |lab| full(lab).0),
    (State::ReadShut, "", |lab| shut(lab, How::Read)),
    (State::ReadShut, "unread", |lab| {
        let (fd, _) = unread(lab);
        lab.at(Client, |sys| sys.shutdown(fd, How::Read)).expect("a connection");
        fd
    }),
    (State::ReadShut, "full", |lab| {
        let (fd, _) = full(lab);
        lab.at(Client, |sys| sys.shutdown(fd, How::Read)).expect("a connection");
        fd
    }),
    (State::PeerClosed, "", |lab| {
        let pair = lab.connection();
        peer_shuts(lab, pair)
    }),
    (State::PeerClosed, "unread", |lab| {
        let pair = unread(lab);
        peer_shuts(lab, pair)
    }),
    (State::PeerClosed, "full", |lab| {
        let pair = full(lab);
        peer_shuts(lab, pair)
    }),
    (State::WriteShut, "", |lab| shut(lab, How::Write)),
    (State::WriteShut, "unread", |lab| {
        let (fd, _) = unread(lab);
        lab.at(Client, |sys| sys.shutdown(fd, How::Write)).expect("a connection");
        fd
    }),
    (State::BothShut, "", |lab| shut(lab, How::Both)),
    (State::BothShut, "unread", |lab| {
        let (fd, _) = unread(lab);
        lab.at(Client, |sys| sys.shutdown(fd, How::Both)).expect("a connection");
        fd
    }),
    (State::Failed, "", failed),
    (State::FailureTold, "", |lab| {
        let fd = failed(lab);
        lab.at(Client, |sys| sys.getsockopt(fd, SockOpt::Error)).expect("an option");
        fd
    }),
    (State::FailedBound, "beside a rival with the port and the peer", failed_beside_a_rival),
    (State::FailureToldBound, "beside a rival with the port and the peer", |lab| {
        let fd = failed_beside_a_rival(lab);
        lab.at(Client, |sys| sys.getsockopt(fd, SockOpt::Error)).expect("an option");
        fd
    }),
    (State::Lost, "", |lab| {
        let pair = lab.connection();
        peer_resets(lab, pair)
    }),
    (State::Lost, "unread", |lab| {
        let pair = unread(lab);
        peer_resets(lab, pair)
    }),
    (State::Broken, "", |lab| {
        let pair = lab.connection();
        peer_shuts(lab, pair);
        peer_resets(lab, pair)
    }),
    (State::Broken, "unread", |lab| {
        let pair = unread(lab);
        peer_shuts(lab, pair);
        peer_resets(lab, pair)
    }),
    (State::Ended, "", |lab| {
        let pair = lab.connection();
        let fd = peer_resets(lab, pair);
        lab.at(Client, |sys| sys.recv(fd, 9)).expect_err("it was reset");
        fd
    }),
    (State::Ended, "unread", |lab| {
        let pair = unread(lab);
        let fd = peer_resets(lab, pair);
        lab.at(Client, |sys| sys.send(fd, &Bytes::from_static(b"x"))).expect_err("it was reset");
        fd
    }),
];

fn created(lab: &mut Lab) -> Fd {
    lab.at(Client, |sys| sys.socket(Proto::Tcp)).expect("a socket")
}

fn connecting_bound(lab: &mut Lab) -> Fd {
    let fd = created(lab);
    lab.at(Client, |sys| {
        sys.bind(fd, None, 5_000).expect("a free port");
        let _ = sys.connect(fd, server_at(80));
    });
    fd
}

fn listening(lab: &mut Lab) -> Fd {
    let fd = created(lab);
    lab.at(Client, |sys| sys.bind(fd, None, 5_000).and_then(|()| sys.listen(fd, 5))).expect("a listener");
    fd
}

fn unread(lab: &mut Lab) -> (Fd, Fd) {
    let pair = lab.connection();
    lab.at(Server, |sys| sys.send(pair.1, &Bytes::from_static(b"data"))).expect("room");
    lab.pass(20);
    pair
}

fn full(lab: &mut Lab) -> (Fd, Fd) {
    let pair = lab.connection();
    for _ in 0..3 {
        lab.at(Client, |sys| while sys.send(pair.0, &vec![b'x'; 65_536].into()).is_ok() {});
        lab.pass(100);
    }
    pair
}

fn shut(lab: &mut Lab, how: How) -> Fd {
    let (fd, _) = lab.connection();
    lab.at(Client, |sys| sys.shutdown(fd, how)).expect("a connection");
    lab.pass(20);
    fd
}

fn failed(lab: &mut Lab) -> Fd {
    let fd = lab.connecting(Client, server_at(81)).0;
    lab.pass(10);
    fd
}

fn failed_beside_a_rival(lab: &mut Lab) -> Fd {
    let [fd, _] = rivals(lab);
    lab.at(Client, |sys| sys.connect(fd, server_at(81))).expect_err("goes on");
    lab.pass(10);
    fd
}

fn peer_shuts(lab: &mut Lab, (fd, peer): (Fd, Fd)) -> Fd {
    lab.at(Server, |sys| sys.shutdown(peer, How::Write)).expect("a connection");
    lab.pass(20);
    fd
}

fn peer_resets(lab: &mut Lab, (fd, peer): (Fd, Fd)) -> Fd {
    lab.at(Server, |sys| sys.setsockopt(peer, SockOpt::Linger, 0).and_then(|()| sys.close(peer))).expect("closed");
    lab.pass(20);
    fd
}

/// Two sockets at one port; the second is connected to the server.
fn rivals(lab: &mut Lab) -> [Fd; 2] {
    lab.listener(80, 5);
    let both = [(); 2].map(|()| {
        lab.at(Client, |sys| {
            let fd = sys.socket(Proto::Tcp).expect("a socket");
            sys.setsockopt(fd, SockOpt::ReuseAddr, 1).and_then(|()| sys.bind(fd, None, 5_000)).expect("a shared port");
            fd
        })
    });
    let _ = lab.at(Client, |sys| sys.connect(both[1], server_at(80)));
    lab.pass(10);
    both
}

type Call = fn(&mut dyn Sys, Fd) -> Result<(), Errno>;

/// It goes on waiting, and nothing is recorded, while there is nothing to return.
const WAITED: &str = "connect that waited";

/// Every call with its guards, as far as the call alone decides them.
const CALLS: &[(&str, Call)] = &[
    ("bind", |sys, fd| sys.bind(fd, None, 6_000)),
    ("bind ephemeral", |sys, fd| sys.bind(fd, None, 0)),
    ("bind in use", |sys, fd| {
        let other = sys.socket(Proto::Tcp)?;
        sys.bind(other, None, 7_000).and_then(|()| sys.bind(fd, None, 7_000))
    }),
    ("bind elsewhere", |sys, fd| sys.bind(fd, Some([10, 0, 0, 2].into()), 6_000)),
    ("listen", |sys, fd| sys.listen(fd, 3)),
    ("accept", |sys, fd| sys.accept(fd).map(|_| ())),
    ("connect", |sys, fd| sys.connect(fd, server_at(80))),
    (WAITED, |sys, fd| {
        sys.blocking(true);
        sys.finish_connect(fd)
    }),
    ("connect to port 0", |sys, fd| sys.connect(fd, server_at(0))),
    ("connect nowhere", |sys, fd| sys.connect(fd, SocketAddr::from(([10, 9, 9, 9], 80)))),
    ("send", |sys, fd| sys.send(fd, &Bytes::from_static(b"text")).map(|_| ())),
    ("send nothing", |sys, fd| sys.send(fd, &Bytes::new()).map(|_| ())),
    ("recv", |sys, fd| sys.recv(fd, 9).map(|_| ())),
    ("shutdown RD", |sys, fd| sys.shutdown(fd, How::Read)),
    ("shutdown WR", |sys, fd| sys.shutdown(fd, How::Write)),
    ("shutdown RDWR", |sys, fd| sys.shutdown(fd, How::Both)),
    ("close", |sys, fd| sys.close(fd)),
    ("close at once", |sys, fd| {
        sys.setsockopt(fd, SockOpt::Linger, 0)?;
        sys.close(fd)
    }),
    ("getsockname", |sys, fd| sys.getsockname(fd).map(|_| ())),
    ("getpeername", |sys, fd| sys.getpeername(fd).map(|_| ())),
    ("setsockopt", |sys, fd| sys.setsockopt(fd, SockOpt::NoDelay, 1)),
    ("setsockopt of a buffer", |sys, fd| sys.setsockopt(fd, SockOpt::RcvBuf, 4_096)),
    ("setsockopt of what is read", |sys, fd| sys.setsockopt(fd, SockOpt::Error, 1)),
    ("setsockopt out of range", |sys, fd| sys.setsockopt(fd, SockOpt::Ttl, 0)),
    ("getsockopt", |sys, fd| sys.getsockopt(fd, SockOpt::KeepAlive).map(|_| ())),
    ("getsockopt SO_ERROR", |sys, fd| sys.getsockopt(fd, SockOpt::Error).map(|_| ())),
];

/// The last edge of the client's descriptor.
fn last_edge(records: &[Record], fd: Fd) -> Option<(State, Input, State)> {
    let edge = records.iter().rev().find_map(|record| match &record.what {
        What::Edge(edge) if edge.of == Subject::Fd(fd) && record.node.0 == 0 => Some(edge),
        _ => None,
    })?;
    Some((State::named(&edge.from)?, Input::named(&edge.input)?, State::named(&edge.to)?))
}

/// Whether the table's step gives this result.
fn gives(step: Step<State, Output, Errno>, told: Result<(), Errno>) -> bool {
    match step {
        Step::Reject(errno, _) => told == Err(errno),
        Step::Go(_, outputs, _) if outputs.contains(&Output::InProgress) => told == Err(Errno::Einprogress),
        Step::Go(_, outputs, _) if outputs.contains(&Output::FailAborted) => told == Err(Errno::Econnaborted),
        // SO_ERROR gives the error; every other call that takes it fails with it.
        Step::Go(_, outputs, _) if outputs.contains(&Output::TakeError) => true,
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
            if name == WAITED && told == Err(Errno::Ealready) {
                continue;
            }
            let (from, input, to) = last_edge(&records, fd).unwrap_or_else(|| panic!("{what}: an edge is recorded"));
            assert_eq!(from, state, "{what}");
            let step = Socket::next(from, input);
            assert!(gives(step, told), "{what}: `{input}` is {step:?}, and the call says {told:?}");
            assert!(!matches!(step, Step::Go(next, ..) if next != to), "{what}");
            all.extend(records);
        }
    }
    all
}

type Play = fn(&mut Lab);

/// What the network does to the socket, in every state in which it can.
const EVENTS: &[(&str, State, Play, State)] = &[
    (
        "FIN, not reading",
        State::ReadShut,
        |lab| {
            let pair = quiet(lab, How::Read);
            peer_shuts(lab, pair);
        },
        State::PeerClosed,
    ),
    (
        "FIN, not sending",
        State::WriteShut,
        |lab| {
            let pair = quiet(lab, How::Write);
            peer_shuts(lab, pair);
        },
        State::Ended,
    ),
    (
        "RST, not reading",
        State::ReadShut,
        |lab| {
            let pair = quiet(lab, How::Read);
            peer_resets(lab, pair);
        },
        State::Lost,
    ),
    (
        "RST, not sending",
        State::WriteShut,
        |lab| {
            let pair = quiet(lab, How::Write);
            peer_resets(lab, pair);
        },
        State::Lost,
    ),
    (
        "RST, neither",
        State::BothShut,
        |lab| {
            let pair = quiet(lab, How::Both);
            peer_resets(lab, pair);
        },
        State::Broken,
    ),
    (
        "silence",
        State::Connected,
        |lab| {
            let pair = lab.connection();
            silence(lab, pair.0, None);
        },
        State::Lost,
    ),
    (
        "silence, not reading",
        State::ReadShut,
        |lab| {
            let pair = quiet(lab, How::Read);
            silence(lab, pair.0, None);
        },
        State::Lost,
    ),
    (
        "silence, not sending",
        State::WriteShut,
        |lab| {
            let pair = lab.connection();
            silence(lab, pair.0, Some(How::Write));
        },
        State::Lost,
    ),
    (
        "silence, neither",
        State::BothShut,
        |lab| {
            let pair = lab.connection();
            silence(lab, pair.0, Some(How::Both));
        },
        State::Broken,
    ),
    (
        "silence of one who has closed",
        State::PeerClosed,
        |lab| {
            let pair = lab.connection();
            peer_shuts(lab, pair);
            silence(lab, pair.0, None);
        },
        State::Broken,
    ),
];

fn quiet(lab: &mut Lab, how: How) -> (Fd, Fd) {
    let pair = lab.connection();
    lab.at(Client, |sys| sys.shutdown(pair.0, how)).expect("a connection");
    lab.pass(20);
    pair
}

/// The server goes down, and what the client sends is not acknowledged: text, or its FIN.
fn silence(lab: &mut Lab, fd: Fd, fin: Option<How>) {
    lab.at(Server, |sys| sys.crash_host());
    lab.at(Client, |sys| {
        sys.setsockopt(fd, SockOpt::UserTimeout, 500).expect("an option");
        match fin {
            Some(how) => sys.shutdown(fd, how).expect("a connection"),
            None => drop(sys.send(fd, &Bytes::from_static(b"anyone?"))),
        }
    });
    lab.pass(1_000);
}

pub(crate) fn events() -> Vec<Record> {
    let mut all = Vec::new();
    for &(name, from, play, to) in EVENTS {
        let mut lab = Lab::new();
        play(&mut lab);
        let records = lab.trace().records;
        let passed = |record: &Record| match &record.what {
            What::Edge(edge) if record.node.0 == 0 && edge.of == Subject::Fd(Fd(3)) => Some(edge.to.to_string()),
            _ => None,
        };
        let path: Vec<String> = records.iter().filter_map(passed).collect();
        assert!(path.contains(&from.name().to_owned()), "{name}: {path:?}");
        assert_eq!(path.last().map(String::as_str), Some(to.name()), "{name}: {path:?}");
        all.extend(records);
    }
    all
}

#[test]
fn every_call_in_every_state_does_what_the_table_says() {
    grid();
}

#[test]
fn every_state_hears_what_the_network_does() {
    events();
}
