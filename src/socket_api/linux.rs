//! What Linux 6.18 does on loopback, as a program recorded it: sequences of calls and what came of them. Sockets are
//! non-blocking unless the title says otherwise. The socket layer is held to these; each difference has its reason.

/// A sequence of calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sequence {
    /// Its number, by which clauses cite it.
    pub id: &'static str,
    /// What is called.
    pub title: &'static str,
    /// What came of it, on Linux.
    pub outcome: &'static str,
    /// Whether it is the same here.
    pub standing: Standing,
}

/// How the simulated layer stands to a sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// The same comes of it.
    Held,
    /// Something else comes of it, and this is why.
    Differs(&'static str),
}

use Standing::{Differs, Held};

const fn row(id: &'static str, title: &'static str, outcome: &'static str, standing: Standing) -> Sequence {
    Sequence { id, title, outcome, standing }
}

/// All of them, in order.
pub const SEQUENCES: &[Sequence] = &[
    row(
        "S01",
        "blocking connect() to a port with no listener",
        "connect=ECONNREFUSED; state=CLOSE; 2nd connect=ECONNREFUSED; send=EPIPE; recv=ENOTCONN",
        Held,
    ),
    row(
        "S02",
        "non-blocking connect() refused",
        "connect=EINPROGRESS; poll=IN|OUT|ERR|HUP|RDHUP; state=CLOSE; SO_ERROR=ECONNREFUSED; SO_ERROR again=0; \
         connect again=ECONNABORTED",
        Held,
    ),
    row(
        "S03",
        "fresh socket, no bind() or connect()",
        "send=EPIPE; recv=ENOTCONN; shutdown WR=ENOTCONN; accept=EINVAL; getpeername=ENOTCONN; state=CLOSE; \
         poll=OUT|HUP",
        Held,
    ),
    row("S04", "listen() on an unbound socket", "listen=ok; port!=0; state=LISTEN", Held),
    row("S05", "bind() to the port of a live listener, no SO_REUSEADDR", "bind=EADDRINUSE", Held),
    row("S06", "bind() to the port of a live listener, SO_REUSEADDR on both", "bind=EADDRINUSE", Held),
    row("S07", "two sockets bound with SO_REUSEADDR, both listen()", "bind2=ok; listen1=ok; listen2=EADDRINUSE", Held),
    row("S08", "bind() twice", "bind2=EINVAL", Held),
    row("S09", "bind() to a non-local address", "bind=EADDRNOTAVAIL", Held),
    row(
        "S10",
        "calls on a connected socket",
        "connect=EISCONN; listen=EINVAL; accept=EINVAL; bind=EINVAL; state=ESTABLISHED",
        Held,
    ),
    row(
        "S11",
        "backlog overflow: listen(0), 4 connect(), nobody accepts",
        "connects=EINPROGRESS x4; client states after 50 ms=ESTABLISHED, SYN_SENT x3; poll=OUT, - x3; \
         connect() again of the 3rd=EALREADY",
        Held,
    ),
    row(
        "S12",
        "calls on a socket in SYN_SENT",
        "state=SYN_SENT; send=EAGAIN; recv=EAGAIN; shutdown WR=ok; state after=CLOSE; getpeername=ENOTCONN; close=ok",
        Held,
    ),
    row(
        "S13",
        "after S11 and S12: accept() x4, 1.3 s (the SYNs are sent again), accept() x3",
        "accepts=fd, EAGAIN x3; later=fd, EAGAIN x2; client states=ESTABLISHED x3",
        Differs(
            "Linux sends both SYNs again in one tick of its timers and answers both before either handshake is complete, \
             so the third client takes itself for connected; here each SYN is sent again one second after the first \
             time, and the third client's finds the accept queue full once more",
        ),
    ),
    row(
        "S16",
        "half-close: the client shuts down WR, the server sends late data and closes",
        "after shutdown WR=FIN_WAIT2, CLOSE_WAIT; after late data=FIN_WAIT2, CLOSE_WAIT; client after the server's \
         close=CLOSE; server recv=b'', b''; server send=4; client recv=b'late', b''; client send after shutdown=EPIPE",
        Differs(
            "after the server's close the client's state reads TIME-WAIT: Linux moves TIME-WAIT out of the socket, \
             RFC 9293 (3.3.2) and the trace keep it in the connection; every call returns the same",
        ),
    ),
    row(
        "S17",
        "the peer has closed; we write twice, then read",
        "state after the peer's close=CLOSE_WAIT; poll=IN|OUT|RDHUP; send1=1; state after RST=CLOSE; \
         poll=IN|OUT|ERR|HUP|RDHUP; send2=EPIPE; SO_ERROR=0; recv=b''",
        Held,
    ),
    row(
        "S19",
        "the peer closes with unread data in its receive queue: RST, no FIN",
        "state=CLOSE; poll=IN|OUT|ERR|HUP|RDHUP; recv=ECONNRESET; recv again=b''; send=EPIPE",
        Held,
    ),
    row(
        "S21",
        "the peer closes with SO_LINGER {1, 0}",
        "state=CLOSE; poll=IN|OUT|ERR|HUP|RDHUP; recv=ECONNRESET; recv again=b''; send=EPIPE",
        Held,
    ),
    row(
        "S22",
        "the peer sends 4 bytes and closes with SO_LINGER {1, 0}; we read then",
        "state=CLOSE; recv=b'data'; recv again=ECONNRESET",
        Held,
    ),
    row(
        "S24",
        "shutdown(RD), then the peer sends 5 bytes",
        "shutdown=ok; recv=b''; peer send=5; recv after=b'hello'; recv again=b''; states=ESTABLISHED, ESTABLISHED; \
         poll=IN|OUT|RDHUP",
        Held,
    ),
    row(
        "S26",
        "recv() with nothing there; send() until the buffers are full",
        "recv=EAGAIN; then send=EAGAIN; poll=-",
        Held,
    ),
    row("S27", "accept() with an empty queue", "accept=EAGAIN; poll=-", Held),
    row(
        "S29",
        "the client sends 2 bytes and closes before accept()",
        "accepted state=CLOSE_WAIT; recv=b'hi'; recv again=b''; send=1",
        Held,
    ),
    row(
        "S31",
        "bind() to the server's port while a connection is in TIME_WAIT (the server closed first)",
        "bind without SO_REUSEADDR=EADDRINUSE; with it (the old socket had it too)=ok; listen=ok",
        Held,
    ),
    row(
        "S32",
        "a socket connects to itself (simultaneous open)",
        "connect=ok; state=ESTABLISHED; send=2; recv=b'me'; shutdown WR=ok; state after=CLOSE; recv=b''",
        Differs(
            "as in S16: the connection is in TIME-WAIT, where it has come by SYN-RECEIVED, CLOSING and its own \
             acknowledgments; every call returns the same",
        ),
    ),
    row(
        "S34",
        "connect() to port 0; connect() to 0.0.0.0 and a port with a listener",
        "port 0=ECONNREFUSED; 0.0.0.0=ok",
        Held,
    ),
    row(
        "S35",
        "connect(AF_UNSPEC) on a connected socket",
        "rc=0; state=CLOSE; peer state=CLOSE; peer recv=ECONNRESET; peer recv again=b''; reconnect=ok",
        Differs(
            "connect() always names an address here; close() with SO_LINGER {1, 0} resets the connection as well, and \
             a new socket connects again",
        ),
    ),
    row(
        "S38",
        "connect() into a full backlog, TCP_SYNCNT 1, TCP_USER_TIMEOUT 300 ms",
        "connect=ETIMEDOUT; after s=1.0; state=CLOSE",
        Differs(
            "there is no TCP_SYNCNT, and the user timeout ends the attempt when it is over (0.3 s): Linux looks at it \
             only when the retransmission timer fires",
        ),
    ),
    row(
        "S39",
        "non-blocking connect() refused, from a port that it chose",
        "another bind() to the port=ok; bind=ok; bind again=EINVAL; listen=EINVAL; connect=ECONNREFUSED; port=that of \
         bind(); listen=ok",
        Held,
    ),
    row(
        "S40",
        "the same after bind(): the port is kept",
        "another bind() to the port=EADDRINUSE; bind=EINVAL; listen=EINVAL; connect=ECONNREFUSED; bind=EINVAL; \
         listen=ok; port=the same",
        Held,
    ),
    row(
        "S41",
        "non-blocking connect() refused, then recv() and send()",
        "recv=ECONNREFUSED; recv=b''; poll=IN|OUT|HUP|RDHUP; send=EPIPE; bind=ok; listen=EINVAL; connect=ECONNABORTED; \
         recv=ENOTCONN; poll=OUT|HUP; connect=EINPROGRESS",
        Held,
    ),
    row(
        "S42",
        "shutdown() in SYN_SENT",
        "shutdown=ok; poll=OUT|ERR|HUP; bind=ok; SO_ERROR=ECONNRESET; poll=OUT|HUP; of one that is bound: shutdown=ok; \
         bind=EINVAL; send=ECONNRESET; send=EPIPE; connect=EINPROGRESS; of a third: shutdown=ok; recv=ECONNRESET; \
         recv=ENOTCONN; listen=ok; of a fourth: shutdown=ok; listen=ok; poll=-; accept=EAGAIN; SO_ERROR=ECONNRESET",
        Held,
    ),
    row(
        "S43",
        "connect() again when a non-blocking one has completed",
        "listen=EINVAL; bind=EINVAL; connect=ok; connect=EISCONN; of one whose peer has closed: connect=ok; \
         connect=EISCONN; after shutdown WR: connect=EISCONN",
        Held,
    ),
    row(
        "S44",
        "connect() again when the connection of a non-blocking one has been reset",
        "connect=ECONNRESET; poll=OUT|HUP; connect=EINPROGRESS",
        Differs(
            "a socket whose connection was lost is not used again here: connect() says EISCONN, as Linux does where a \
             connect() has told before that there was a connection",
        ),
    ),
    row(
        "S45",
        "non-blocking connect() to port 0",
        "connect=EINPROGRESS; poll=IN|OUT|ERR|HUP|RDHUP",
        Differs(
            "the stack sends no segment to port 0, which nobody can listen on: the refusal comes at once, and not from \
             the peer",
        ),
    ),
    row(
        "S46",
        "bind() to port 0, then a non-blocking connect() that is refused",
        "another bind() to the port=ok; bind=ok",
        Differs(
            "Linux keeps a port through a failed connect() only if bind() named it; here what bind() gave is kept, \
             whether it was named or chosen",
        ),
    ),
    row(
        "S47",
        "getsockname() after connect() from a port that it chose was refused",
        "port!=0",
        Differs(
            "the port has been given back, and another socket may have it: Linux still names it, here the address is \
             0.0.0.0 and the port 0, as before connect()",
        ),
    ),
    row(
        "S48",
        "setsockopt(SO_RCVBUF, 4096) on a connected socket",
        "setsockopt=ok; getsockopt=8192",
        Differs(
            "the stack's buffers have the size with which the connection was made, so EISCONN; and what is read back is \
             what was set, where Linux doubles it for its own bookkeeping",
        ),
    ),
    row(
        "S49",
        "datagram sockets, not bound: sendto() of 70,000 bytes; send(); sendto() port 0",
        "sendto=EMSGSIZE, port!=0; send=EDESTADDRREQ, port!=0; sendto=EINVAL, port!=0",
        Differs(
            "Linux gives the socket its port before it looks at what is to be sent; here a call that is refused changes \
             nothing, and the socket is not bound",
        ),
    ),
];

/// A difference that none of the sequences shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What it is about.
    pub title: &'static str,
    /// What Linux does.
    pub linux: &'static str,
    /// What is done here, and why.
    pub here: &'static str,
}

const fn beyond(title: &'static str, linux: &'static str, here: &'static str) -> Difference {
    Difference { title, linux, here }
}

/// What differs beyond the sequences.
pub const BEYOND: &[Difference] = &[
    beyond(
        "descriptor numbers",
        "a new descriptor has the lowest number that is free",
        "no number is used twice on a host, so that in a trace a number means one socket",
    ),
    beyond(
        "a flood of SYNs",
        "with SYN cookies (on by default) a SYN is answered though too many connections are half-open",
        "no cookies: a SYN beyond the backlog is dropped (`half-open-full`), as Linux does without them",
    ),
    beyond(
        "an orphan in FIN-WAIT-2",
        "is over after 60 s (tcp_fin_timeout)",
        "waits for the peer's FIN as long as it takes, as RFC 9293 has it",
    ),
    beyond("TIME-WAIT", "60 s", "10 s, the stack's constant; RFC 9293 would have 4 minutes"),
    beyond(
        "one listener for IPv4 and IPv6",
        "an AF_INET6 socket at [::], to which IPv4 peers have mapped addresses; one at 0.0.0.0 takes IPv4 only",
        "sockets have no family: one that is bound to all addresses takes both, and peers have their own addresses",
    ),
    beyond(
        "errors of ICMP for datagram sockets",
        "with IP_RECVERR a program can ask for all of them",
        "there is no IP_RECVERR: as without it, a connected socket is told of port unreachable (and of protocol \
         unreachable: ECONNREFUSED, on Linux ENOPROTOOPT), and of nothing else",
    ),
    beyond(
        "shutdown() after a failed connect(), before it is told",
        "ENOTCONN, and connect() is EINVAL from then on",
        "ENOTCONN, and connect() tells the error: the other leads nowhere",
    ),
    beyond(
        "send() to a peer with port 0, datagrams",
        "a socket can connect() to port 0, and what it sends goes out, to nobody",
        "EINVAL, as for sendto() to port 0",
    ),
    beyond(
        "the buffers of a listener's connections",
        "SO_RCVBUF and SO_SNDBUF are at least 2304 and 4608 bytes, and at most what the system allows",
        "1 to 65,535 bytes: the stack loses data from larger ones",
    ),
];

/// All of it as a document: `docs/linux-sockets.md`.
pub fn document() -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let mut out = String::from(HEAD);
    for Sequence { id, title, outcome, standing } in SEQUENCES {
        let here = match standing {
            Held => "held".to_owned(),
            Differs(why) => format!("differs: {}", cell(why)),
        };
        out.push_str(&format!("| {id} | {} | {} | {here} |\n", cell(title), cell(outcome)));
    }
    out.push_str(MIDDLE);
    for Difference { title, linux, here } in BEYOND {
        out.push_str(&format!("| {} | {} | {} |\n", cell(title), cell(linux), cell(here)));
    }
    out
}

const HEAD: &str = "\
# Sockets, held to Linux

Linux 6.18 was asked, on its loopback: each row is a sequence of calls and what came of them. Sockets are non-blocking
unless the title says otherwise. A test makes the same calls on simulated hosts. *Held*: the same comes of it, word for
word. *Differs*: something else does, and the test holds that too. The machines of sockets cite these rows by number.

| row | calls | on Linux | here |
|---|---|---|---|
";

const MIDDLE: &str = "
## Beyond these

Differences that none of the rows shows:

| what | on Linux | here |
|---|---|---|
";

/// The sequence of this number.
pub fn sequence(id: &str) -> Option<&'static Sequence> {
    SEQUENCES.iter().find(|sequence| sequence.id == id)
}
