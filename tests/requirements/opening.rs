//! Opening and closing a connection: sections 3.5, 3.6 and 3.9.1.1.

use super::{Met, Not, Row, when};
use drywire::base::Span;
use drywire::packet::Flags;
use drywire::socket_api::Errno;
use drywire::tcp::State;
use drywire::trace::{CallName, Outcome};
use std::collections::BTreeMap;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "MUST-10",
        section: "3.5",
        says: "simultaneous open is supported",
        stack: Met(""),
        model: Met(""),
        shown: &[("simultaneous-open", |seen| {
            let opens = |host: &str| seen.passes(host, &[State::SynSent, State::SynReceived, State::Established]);
            when(!seen.syns_of("alice").is_empty() && !seen.syns_of("bob").is_empty(), opens("alice") && opens("bob"))
        })],
    },
    Row {
        id: "MUST-11",
        section: "3.5",
        says: "SYN-RECEIVED by a passive OPEN and by an active one are told apart",
        stack: Met(""),
        model: Met(""),
        shown: &[
            ("requirements/simultaneous-open-refused", |seen| {
                let half_open = seen.passes("client", &[State::SynSent, State::SynReceived]);
                when(half_open, seen.passes("client", &[State::SynReceived, State::Closed]))
            }),
            ("forged-syn-reset-by-the-victim", |seen| {
                let half_open = seen.passes("server", &[State::SynReceived]);
                when(half_open, seen.passes("server", &[State::SynReceived, State::Listen]))
            }),
        ],
    },
    Row {
        id: "SHLD-2",
        section: "3.5.3",
        says: "a RST may carry text",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/reset-with-text", |seen| {
            let came = seen.heard("server").iter().any(|seg| seg.has(Flags::RST) && seg.segment.len > 0);
            when(came, seen.passes("server", &[State::Established, State::Closed]))
        })],
    },
    Row {
        id: "MUST-12",
        section: "3.6",
        says: "the program is told whether a connection was closed or aborted",
        stack: Met(""),
        model: Met(""),
        shown: &[
            ("recv-at-a-graceful-end", |seen| {
                let closed = seen.heard("client").iter().any(|seg| seg.has(Flags::FIN));
                when(closed, seen.told_of_end("client") && seen.errors("client").is_empty())
            }),
            ("recv-at-a-reset", |seen| {
                let aborted = seen.heard("client").iter().any(|seg| seg.has(Flags::RST));
                when(aborted, seen.errors("client").iter().any(|(_, errno)| *errno == Errno::Econnreset))
            }),
        ],
    },
    Row {
        id: "MAY-1",
        section: "3.6.1",
        says: "after CLOSE nothing can be read",
        stack: Met("close() gives the descriptor back; shutdown() closes one direction"),
        model: Met("close() gives the descriptor back; shutdown() closes one direction"),
        shown: &[("close-with-unread-data", |seen| {
            let unread = seen.heard("server").iter().any(|seg| seg.segment.len > 0);
            when(unread, seen.received("server") == 0 && !seen.calls("server", CallName::Close, "").is_empty())
        })],
    },
    Row {
        id: "SHLD-3",
        section: "3.6.1",
        says: "a CLOSE after which nothing can be read sends a RST if data is unread",
        stack: Met("by Drywire"),
        model: Met("by Drywire"),
        shown: &[("close-with-unread-data", |seen| {
            let unread = seen.heard("server").iter().any(|seg| seg.segment.len > 0);
            when(unread && seen.received("server") == 0, seen.sent("server").iter().any(|seg| seg.has(Flags::RST)))
        })],
    },
    Row {
        id: "MUST-13",
        section: "3.6.1",
        says: "who closes first stays in TIME-WAIT for 2 MSL",
        stack: Met("10 s: an MSL of 5 s, where the RFC chooses two minutes (3.4.2)"),
        model: Met("4 min: the MSL is two minutes, unless a scenario says otherwise"),
        shown: &[("close-by-the-client", |seen| {
            let moves = seen.moves("client");
            let entered = moves.iter().find(|(_, _, to)| *to == State::TimeWait)?.0;
            let left = moves.iter().find(|(_, from, _)| *from == State::TimeWait)?.0;
            Some(left.since(entered) >= Span::millis(9_999))
        })],
    },
    Row {
        id: "MAY-2",
        section: "3.6.1",
        says: "a new SYN may open a connection from TIME-WAIT",
        stack: Not("it is dropped in silence"),
        model: Met(""),
        shown: &[("requirements/time-wait-new-syn", |seen| {
            let since = seen.moves("server").iter().find(|(_, _, to)| *to == State::TimeWait)?.0;
            let asked = seen.heard("server").iter().any(|seg| seg.at > since && seg.segment.flags.is_request());
            when(asked, seen.passes("server", &[State::TimeWait, State::SynReceived]))
        })],
    },
    Row {
        id: "SHLD-4",
        section: "3.6.1",
        says: "timestamps shorten TIME-WAIT (RFC 6191)",
        stack: Not("no timestamps are sent"),
        model: Not("no timestamps are sent; numbers alone tell a newer SYN (MAY-2)"),
        shown: &[("handshake", |seen| {
            let syns = seen.syns_of("client");
            let stamped = syns.iter().all(|seg| seg.options().iter().any(|option| option.0 == 8));
            when(!syns.is_empty(), stamped)
        })],
    },
    Row {
        id: "MUST-41",
        section: "3.9.1.1",
        says: "a passive OPEN makes a new connection record or fails, and affects no other",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/listen-twice", |seen| {
            let refused = seen.errors("server").iter().any(|(_, errno)| *errno == Errno::Eaddrinuse);
            when(refused, seen.passes("server", &[State::SynReceived, State::Established]))
        })],
    },
    Row {
        id: "MUST-42",
        section: "3.9.1.1",
        says: "one can LISTEN at the port of a connection that is being opened",
        stack: Met("with SO_REUSEADDR"),
        model: Met("with SO_REUSEADDR"),
        shown: &[("requirements/listen-while-opening", |seen| {
            let listens = seen.calls("client", CallName::Listen, "");
            let (at, outcome) = listens.first()?;
            let moves = seen.moves("client");
            let opening = moves.iter().any(|(since, _, to)| since <= at && *to == State::SynSent)
                && !moves.iter().any(|(since, from, _)| since <= at && *from == State::SynSent);
            when(opening, **outcome == Outcome::Ok && seen.passes("client", &[State::SynReceived, State::Established]))
        })],
    },
    Row {
        id: "MUST-43",
        section: "3.9.1.1",
        says: "OPEN can name the local address",
        stack: Met("bind()"),
        model: Met("bind()"),
        shown: &[("bind-one-address", |seen| {
            let refused = seen.errors("client").iter().filter(|(_, errno)| *errno == Errno::Econnrefused).count();
            let taken =
                seen.heard("client").iter().any(|seg| seg.has(Flags::SYN) && seg.src.ip().to_string() == "10.0.0.22");
            when(!seen.calls("server", CallName::Bind, "10.0.0.22").is_empty(), refused == 2 && taken)
        })],
    },
    Row {
        id: "MUST-44",
        section: "3.9.1.1",
        says: "where OPEN names no local address, the IP layer chooses it before the first SYN",
        stack: Met(""),
        model: Met(""),
        shown: &[("dual-stack", |seen| {
            let syns = seen.syns_of("client");
            let fits = |seg: &super::seen::Seg<'_>| {
                seg.src.ip().to_string() == if seg.v6 { "2001:db8::1" } else { "10.0.0.1" }
            };
            when(syns.iter().any(|seg| seg.v6) && syns.iter().any(|seg| !seg.v6), syns.iter().all(fits))
        })],
    },
    Row {
        id: "MUST-45",
        section: "3.9.1.1",
        says: "a connection keeps its local address",
        stack: Met(""),
        model: Met(""),
        shown: &[("bind-one-address", |seen| {
            let mut sources = BTreeMap::new();
            let sent = [seen.sent("client"), seen.sent("server")].concat();
            let host = |seg: &super::seen::Seg<'_>| (seg.conn, seg.src.port());
            let steady = sent.iter().all(|seg| *sources.entry(host(seg)).or_insert(seg.src) == seg.src);
            when(sent.len() > sources.len(), steady)
        })],
    },
    Row {
        id: "MUST-46",
        section: "3.9.1.1",
        says: "OPEN to a broadcast or multicast address is an error",
        stack: Met("by Drywire"),
        model: Met("by Drywire"),
        shown: &[("requirements/open-to-nobody", |seen| {
            let refused = seen.errors("client").iter().filter(|(_, errno)| *errno == Errno::Enetunreach).count();
            let asked = seen.calls("client", CallName::Connect, "").len();
            when(asked == 3, refused == 3 && seen.sent("client").is_empty())
        })],
    },
];
