//! What programs and IP have to do with it: sections 3.9.1.7 to 3.9.2.3.

use super::seen::Seen;
use super::{Beyond, Met, Not, Row, when};
use drywire::base::Time;
use drywire::packet::{Body, IcmpKind};
use drywire::socket_api::Errno;
use drywire::tcp::State;
use drywire::trace::{CallName, Outcome, What};

const NO_IP_OPTIONS: &str = "no packet with an IP option can be made here";

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "MAY-14",
        section: "3.9.1.7",
        says: "a FLUSH call",
        stack: Not("there is none"),
        model: Not("there is none"),
        shown: &[],
    },
    Row {
        id: "MUST-47",
        section: "3.9.1.8",
        says: "soft errors are reported to the program",
        stack: Not("not once the connection is open: neither an ICMP error nor a retransmission too many"),
        model: Not("not once the connection is open: neither an ICMP error nor a retransmission too many"),
        shown: &[("requirements/unreachable-in-established", told_of_soft_error)],
    },
    Row {
        id: "SHLD-20",
        section: "3.9.1.8",
        says: "the program can disable reports of soft errors",
        stack: Beyond("there are none (MUST-47)"),
        model: Beyond("there are none (MUST-47)"),
        shown: &[],
    },
    Row {
        id: "MUST-48",
        section: "3.9.1.9",
        says: "the program can set the Differentiated Services field",
        stack: Not("there is no such option: it is always 0"),
        model: Not("there is no such option: it is always 0"),
        shown: &[("handshake", any_traffic_class)],
    },
    Row {
        id: "SHLD-21",
        section: "3.9.1.9",
        says: "the program can change the Differentiated Services field while the connection lasts",
        stack: Not("there is no such option: it is always 0"),
        model: Not("there is no such option: it is always 0"),
        shown: &[("close-by-the-client", any_traffic_class)],
    },
    Row {
        id: "SHLD-22",
        section: "3.9.1.9",
        says: "TCP passes that field to IP unchanged",
        stack: Beyond("there is nothing to pass (MUST-48)"),
        model: Beyond("there is nothing to pass (MUST-48)"),
        shown: &[],
    },
    Row {
        id: "MAY-9",
        section: "3.9.1.9",
        says: "the Differentiated Services field that was received may be told to the program",
        stack: Not("no call tells of it"),
        model: Not("no call tells of it"),
        shown: &[],
    },
    Row {
        id: "SHLD-23",
        section: "3.9.2",
        says: "programs do not change that field in a connection",
        stack: Beyond("that is asked of programs"),
        model: Beyond("that is asked of programs"),
        shown: &[],
    },
    Row {
        id: "MUST-49",
        section: "3.9.2",
        says: "the time to live is configurable",
        stack: Met("`hop-limit`, IP_TTL"),
        model: Met("`hop-limit`, IP_TTL"),
        shown: &[("requirements/unreachable-in-established", |seen| {
            let set = seen.calls("client", CallName::Setsockopt, "IP_TTL=1").first()?.0;
            let reset = seen.calls("client", CallName::Setsockopt, "IP_TTL=64").first()?.0;
            let sent = seen.sent("client");
            let right = |at: Time| if at >= set && at < reset { 1 } else { 64 };
            when(sent.iter().any(|seg| right(seg.at) == 1), sent.iter().all(|seg| seg.ttl == right(seg.at)))
        })],
    },
    Row {
        id: "MUST-50",
        section: "3.9.2",
        says: "unknown IP options are ignored",
        stack: Beyond(NO_IP_OPTIONS),
        model: Beyond(NO_IP_OPTIONS),
        shown: &[],
    },
    Row {
        id: "MAY-10",
        section: "3.9.2",
        says: "IP's Timestamp option",
        stack: Not("smoltcp has no IP options"),
        model: Not("it sends no IP options"),
        shown: &[],
    },
    Row {
        id: "MAY-11",
        section: "3.9.2",
        says: "IP's Record Route option",
        stack: Not("smoltcp has no IP options"),
        model: Not("it sends no IP options"),
        shown: &[],
    },
    Row {
        id: "MUST-51",
        section: "3.9.2.1",
        says: "an active OPEN can name a source route",
        stack: Not("smoltcp has no IP options"),
        model: Not("it sends no IP options"),
        shown: &[("handshake", |seen| {
            let sent = seen.sent("client");
            when(!sent.is_empty(), sent.iter().any(|seg| !seg.v6 && seg.packet[0] & 15 > 5))
        })],
    },
    Row {
        id: "MUST-52",
        section: "3.9.2.1",
        says: "that source route goes before one that was received",
        stack: Beyond(NO_IP_OPTIONS),
        model: Beyond(NO_IP_OPTIONS),
        shown: &[],
    },
    Row {
        id: "MUST-53",
        section: "3.9.2.1",
        says: "a passive OPEN goes back by the source route that was received",
        stack: Beyond(NO_IP_OPTIONS),
        model: Beyond(NO_IP_OPTIONS),
        shown: &[],
    },
    Row {
        id: "SHLD-24",
        section: "3.9.2.1",
        says: "a later source route goes before an earlier one",
        stack: Beyond(NO_IP_OPTIONS),
        model: Beyond(NO_IP_OPTIONS),
        shown: &[],
    },
    Row {
        id: "MUST-54",
        section: "3.9.2.2",
        says: "an ICMP error goes to the connection that it is about",
        stack: Met("by Drywire: smoltcp's TCP hears nothing of ICMP"),
        model: Met("by Drywire"),
        shown: &[("ttl-expires-tcp", |seen| {
            let told = seen.errors("client").iter().any(|(_, errno)| *errno == Errno::Ehostunreach);
            when(unreachable_at(seen).is_some(), told)
        })],
    },
    Row {
        id: "MUST-55",
        section: "3.9.2.2",
        says: "Source Quench is discarded in silence",
        stack: Beyond("nobody here sends one"),
        model: Beyond("nobody here sends one"),
        shown: &[],
    },
    Row {
        id: "MUST-56",
        section: "3.9.2.2",
        says: "a soft error aborts no connection",
        stack: Not("it does in SYN-SENT, as with Linux; an open connection goes on"),
        model: Not("it does in SYN-SENT, by the socket layer, as with Linux; an open connection goes on"),
        shown: &[
            ("ttl-expires-tcp", outlives_soft_error),
            ("requirements/unreachable-in-established", outlives_soft_error),
        ],
    },
    Row {
        id: "SHLD-25",
        section: "3.9.2.2",
        says: "the program can learn of a soft error",
        stack: Not("it can in SYN-SENT, not once the connection is open"),
        model: Not("it can in SYN-SENT, not once the connection is open"),
        shown: &[
            ("ttl-expires-tcp", told_of_soft_error),
            ("requirements/unreachable-in-established", told_of_soft_error),
        ],
    },
    Row {
        id: "SHLD-26",
        section: "3.9.2.2",
        says: "a hard error aborts the connection",
        stack: Not(
            "it does in SYN-SENT; an open connection goes on, and one to a link that is too small goes on in vain",
        ),
        model: Not(
            "it does in SYN-SENT; an open connection goes on, and one to a link that is too small goes on in vain",
        ),
        shown: &[
            ("router-is-no-host", |seen| {
                let refused = seen.errors("client").iter().any(|(_, errno)| *errno == Errno::Enoprotoopt);
                when(!seen.syns_of("client").is_empty(), refused)
            }),
            ("mtu-black-hole", |seen| {
                let told = icmp_at(seen, |kind| matches!(kind, IcmpKind::TooBig(_)))?;
                Some(seen.moves("client").iter().any(|&(at, _, to)| at == told && to == State::Closed))
            }),
        ],
    },
    Row {
        id: "MUST-63",
        section: "3.9.2.3",
        says: "a SYN from an invalid address is ignored",
        stack: Not("one from 127.0.0.1 is not; one from a broadcast address, a group's or none is"),
        model: Met(""),
        shown: &[
            ("requirements/syn-from-nobody", answers_only_hosts),
            ("divergence/syn-from-loopback", answers_only_hosts),
        ],
    },
    Row {
        id: "MUST-57",
        section: "3.9.2.3",
        says: "a SYN to a broadcast or multicast address is discarded in silence",
        stack: Not("where nobody listens a RST answers it, from that address"),
        model: Met(""),
        shown: &[("divergence/syn-to-broadcast", |seen| {
            let came = seen.heard("server").iter().any(|seg| seg.segment.flags.is_request());
            when(came, seen.sent("server").is_empty())
        })],
    },
];

/// When the client was first sent an ICMP error of this kind.
fn icmp_at(seen: &Seen<'_>, of: fn(IcmpKind) -> bool) -> Option<Time> {
    seen.records("client").iter().find_map(|record| match &record.what {
        What::Arrived { packet, .. } => match packet.body {
            Body::Icmp(icmp) if of(icmp.kind) => Some(record.at),
            _ => None,
        },
        _ => None,
    })
}

/// When the client was first sent a soft error.
fn unreachable_at(seen: &Seen<'_>) -> Option<Time> {
    icmp_at(seen, |kind| matches!(kind, IcmpKind::TimeExceeded | IcmpKind::HostUnreachable | IcmpKind::NetUnreachable))
}

fn outlives_soft_error(seen: &Seen<'_>) -> Option<bool> {
    let told = unreachable_at(seen)?;
    Some(!seen.moves("client").iter().any(|&(at, _, to)| at == told && to == State::Closed))
}

/// A call failed because of it, or SO_ERROR says it.
fn told_of_soft_error(seen: &Seen<'_>) -> Option<bool> {
    let told = unreachable_at(seen)?;
    let asked = seen.calls("client", CallName::Getsockopt, "SO_ERROR");
    let said = asked.iter().any(|(at, outcome)| *at >= told && matches!(outcome, Outcome::SoError(_)));
    Some(said || seen.errors("client").iter().any(|&(at, errno)| at >= told && errno == Errno::Ehostunreach))
}

fn any_traffic_class(seen: &Seen<'_>) -> Option<bool> {
    let sent = [seen.sent("client"), seen.sent("server")].concat();
    when(!sent.is_empty(), sent.iter().any(|seg| seg.traffic_class() != 0))
}

/// Of the SYNs that came, the server answered none but those of the client, 10.0.0.1.
fn answers_only_hosts(seen: &Seen<'_>) -> Option<bool> {
    let heard = [seen.heard("server"), seen.dropped("server")].concat();
    let honest = |conn: u32| heard.iter().any(|seg| seg.conn == conn && seg.src.ip().to_string() == "10.0.0.1");
    let forged = heard.iter().any(|seg| !honest(seg.conn));
    when(forged, seen.sent("server").iter().all(|seg| honest(seg.conn)))
}
