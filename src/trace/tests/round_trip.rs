//! JSON: what is written is what is read, for any records at all.

use super::scribe::{header, lost_syn_ack};
use crate::base::{ActorId, ConnId, Fd, LinkId, NodeId, Payload, RecordId, Span, Time};
use crate::machine::Finite;
use crate::packet::{Arp, Body, Datagram, Flags, Icmp, IcmpKind, Packet, Segment};
use crate::socket_api::Errno;
use crate::tcp;
use crate::trace::{
    Call, CallName, DropWhy, Edge, End, Ending, Fault, JsonOptions, LinkChange, Outcome, Record, Subject, TextOptions,
    TimerKind, Trace, What, json, path, pcapng, read_json, text,
};
use bytes::Bytes;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn ip() -> BoxedStrategy<IpAddr> {
    prop_oneof![
        select(vec!["10.0.0.1", "10.0.0.2"]).prop_map(|text| text.parse().expect("an address")),
        any::<[u8; 4]>().prop_map(|octets| IpAddr::V4(Ipv4Addr::from(octets))),
        any::<[u8; 16]>().prop_map(|octets| IpAddr::V6(Ipv6Addr::from(octets))),
    ]
    .boxed()
}

fn addr() -> BoxedStrategy<SocketAddr> {
    (ip(), any::<u16>()).prop_map(|(ip, port)| SocketAddr::new(ip, port)).boxed()
}

fn conn() -> BoxedStrategy<ConnId> {
    (0_u32..3).prop_map(ConnId).boxed()
}

fn payload() -> BoxedStrategy<Payload> {
    prop_oneof![
        any::<String>().prop_map(|text| Payload::from(text.as_str())),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| Payload(Bytes::from(bytes))),
    ]
    .boxed()
}

fn finite<T: Finite>() -> BoxedStrategy<T> {
    select(T::ALL).boxed()
}

fn segment() -> BoxedStrategy<Body> {
    let options = (option::of(any::<u16>()), option::of(any::<u8>()), any::<bool>(), option::of(any::<(u32, u32)>()));
    let late = (option::of(any::<(u32, u32)>()), any::<u16>());
    (any::<(u32, u32, u8, u16)>(), 0_u32..70_000, options, late)
        .prop_map(|((seq, ack, flags, window), len, (mss, scale, sack_permitted, sack), (timestamps, urgent))| {
            let flags = Flags(flags);
            Body::Tcp(Segment { seq, ack, flags, window, len, mss, scale, sack_permitted, sack, timestamps, urgent })
        })
        .boxed()
}

fn body() -> BoxedStrategy<Body> {
    let kind = prop_oneof![
        Just(IcmpKind::Echo),
        Just(IcmpKind::ProtocolUnreachable),
        Just(IcmpKind::PortUnreachable),
        Just(IcmpKind::NeighborSolicit),
        any::<u32>().prop_map(IcmpKind::TooBig),
        any::<(u8, u8)>().prop_map(|(kind, code)| IcmpKind::Other(kind, code)),
    ];
    prop_oneof![
        6 => segment(),
        1 => any::<u32>().prop_map(|len| Body::Udp(Datagram { len })),
        1 => (kind, option::of((addr(), addr(), any::<bool>())), option::of(ip()))
            .prop_map(|(kind, about, target)| Body::Icmp(Icmp { kind, about, target })),
        1 => (any::<bool>(), ip(), ip()).prop_map(|(reply, sender, target)| Body::Arp(Arp { reply, sender, target })),
        1 => any::<u8>().prop_map(Body::Other),
    ]
    .boxed()
}

fn on_the_wire() -> BoxedStrategy<What> {
    let link = || option::of((0_u16..1).prop_map(LinkId));
    let packet = (addr(), addr(), any::<u8>(), any::<u32>(), body()).prop_map(|(src, dst, ttl, bytes, body)| Packet {
        src,
        dst,
        ttl,
        bytes,
        body,
    });
    let frame = prop::collection::vec(any::<u8>(), 0..9).prop_map(Bytes::from);
    (0..4, link(), option::of(conn()), packet, frame, fault(), finite::<DropWhy>())
        .prop_map(|(which, link, conn, packet, frame, fault, why)| match which {
            0 => What::Sent { link, conn, packet, frame },
            1 => What::Arrived { link, conn, packet, frame },
            2 => What::Fault { link: LinkId(0), conn, packet, fault, frame },
            _ => What::Drop { conn, packet, why, frame },
        })
        .boxed()
}

fn fault() -> BoxedStrategy<Fault> {
    let plain = select(vec![
        Fault::Lost,
        Fault::LostInBurst,
        Fault::QueueFull,
        Fault::Cut,
        Fault::TooBig,
        Fault::Duplicated(None),
    ]);
    prop_oneof![
        plain,
        any::<u32>().prop_map(Fault::Dropped),
        any::<u32>().prop_map(|rule| Fault::Duplicated(Some(rule))),
        any::<(u32, u64)>().prop_map(|(rule, span)| Fault::Delayed(rule, Span(span))),
        any::<u32>().prop_map(Fault::Held),
        any::<u32>().prop_map(Fault::Released),
        any::<u64>().prop_map(|span| Fault::Reordered(Span(span))),
        any::<(Option<u32>, u32)>().prop_map(|(rule, bit)| Fault::Corrupted(rule, bit)),
    ]
    .boxed()
}

fn outcome() -> BoxedStrategy<Outcome> {
    prop_oneof![
        select(vec![Outcome::Ok, Outcome::Pending, Outcome::Eof, Outcome::Nothing]),
        any::<u32>().prop_map(|fd| Outcome::Fd(Fd(fd))),
        (any::<u32>(), addr()).prop_map(|(fd, peer)| Outcome::Accepted(Fd(fd), peer)),
        any::<u32>().prop_map(Outcome::Count),
        payload().prop_map(Outcome::Data),
        (payload(), addr()).prop_map(|(data, peer)| Outcome::From(data, peer)),
        addr().prop_map(Outcome::Addr),
        any::<i64>().prop_map(Outcome::Value),
        any::<String>().prop_map(Outcome::Ready),
        (any::<u32>(), payload()).prop_map(|(id, text)| Outcome::Segment(RecordId(id), text)),
        finite::<Errno>().prop_map(Outcome::Err),
    ]
    .boxed()
}

fn end() -> BoxedStrategy<End> {
    select(vec![End::Initiator, End::Acceptor]).boxed()
}

fn actor() -> BoxedStrategy<ActorId> {
    (0_u16..2).prop_map(ActorId).boxed()
}

fn call() -> BoxedStrategy<What> {
    let fd = option::of((0_u32..5).prop_map(Fd));
    (actor(), finite::<CallName>(), fd, option::of(conn()), any::<String>(), option::of(payload()), outcome())
        .prop_map(|(actor, call, fd, conn, args, data, outcome)| {
            What::Call(Call { actor, call, fd, conn, args, data, outcome })
        })
        .boxed()
}

fn edge() -> BoxedStrategy<What> {
    let of = prop_oneof![
        any::<u32>().prop_map(|fd| Subject::Fd(Fd(fd))),
        (conn(), end()).prop_map(|(conn, end)| Subject::Conn(conn, end))
    ];
    (of, any::<[String; 4]>(), option::of(any::<String>()))
        .prop_map(|(of, [machine, from, input, to], refusal)| {
            What::Edge(Edge {
                machine: machine.into(),
                of,
                from: from.into(),
                input: input.into(),
                to: to.into(),
                refusal: refusal.map(Into::into),
            })
        })
        .boxed()
}

fn ending() -> BoxedStrategy<Ending> {
    prop_oneof![
        Just(Ending::Quiet),
        prop::collection::vec(any::<String>(), 0..3).prop_map(Ending::Stuck),
        any::<u64>().prop_map(Ending::EventLimit),
        any::<u64>().prop_map(|span| Ending::TimeLimit(Span(span))),
        any::<u64>().prop_map(Ending::QueueLimit),
        any::<String>().prop_map(Ending::Panic),
    ]
    .boxed()
}

fn small() -> BoxedStrategy<What> {
    let change = select(vec![LinkChange::Cut, LinkChange::Repaired]);
    prop_oneof![
        (conn(), any::<u32>(), addr(), addr()).prop_map(|(conn, n, local, remote)| What::Conn {
            conn,
            n,
            local,
            remote
        }),
        (actor(), any::<u32>()).prop_map(|(actor, index)| What::Step { actor, index }),
        (actor(), any::<u32>(), outcome()).prop_map(|(actor, of, outcome)| What::Return {
            actor,
            of: RecordId(of),
            outcome
        }),
        change.prop_map(|change| What::Link { link: LinkId(0), change }),
        (conn(), end(), finite::<tcp::State>(), finite::<tcp::State>()).prop_map(|(conn, end, from, to)| What::State {
            conn,
            end,
            from,
            to
        }),
        (option::of(conn()), option::of(end()), finite::<TimerKind>(), any::<u64>())
            .prop_map(|(conn, end, timer, after)| What::Timer { conn, end, timer, after: Span(after) }),
        (actor(), any::<String>()).prop_map(|(actor, text)| What::App { actor, text }),
        any::<bool>().prop_map(|up| What::Power { up }),
        (conn(), end()).prop_map(|(conn, end)| What::Stall { conn, end }),
        (option::of(conn()), any::<[String; 3]>()).prop_map(|(conn, [rule, clause, text])| What::Divergence {
            conn,
            rule,
            clause,
            text
        }),
        ending().prop_map(|ending| What::End { ending }),
    ]
    .boxed()
}

/// Any records, held to what a trace promises: numbered by position, causes before effects.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let what = prop_oneof![4 => on_the_wire(), 2 => call(), 1 => edge(), 4 => small()];
    let one = (any::<u64>(), 0_u16..2, option::of(any::<u32>()), what);
    prop::collection::vec(one, 0..40).prop_map(|drawn| {
        let place = |(id, (at, node, cause, mut what)): (u32, (u64, u16, Option<u32>, What))| {
            let before = |number: u32| RecordId(number % id.max(1));
            let id = RecordId(id);
            if let What::Return { of, .. } = &mut what {
                if id.0 == 0 {
                    what = What::Power { up: true };
                } else {
                    *of = before(of.0);
                }
            }
            let cause = cause.filter(|_| id.0 > 0).map(before);
            Record { id, at: Time(at), node: NodeId(node), cause, what }
        };
        (0..).zip(drawn).map(place).collect()
    })
}

fn without_frames(trace: &Trace) -> Trace {
    let mut bare = trace.clone();
    for frame in bare.records.iter_mut().filter_map(|record| record.what.frame_mut()) {
        frame.clear();
    }
    bare
}

proptest! {
    #[test]
    fn a_trace_is_read_as_it_was_written(records in records()) {
        let trace = Trace { header: header(), records };
        let whole = json(&trace, &JsonOptions { bytes: true });
        prop_assert_eq!(read_json(&whole), Ok(trace.clone()));
        let bare = json(&trace, &JsonOptions::default());
        prop_assert_eq!(read_json(&bare), Ok(without_frames(&trace)));
    }

    #[test]
    fn every_view_stands_any_records(records in records()) {
        let trace = Trace { header: header(), records };
        let shown = text(&trace, &TextOptions::default());
        prop_assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
        let bare = without_frames(&trace);
        prop_assert_eq!(shown, text(&bare, &TextOptions::default()));
        prop_assert!(path(&trace).chars().all(|c| c == '\n' || !c.is_control()));
        pcapng(&trace);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), line in 0_usize..60, cut in 0_usize..400) {
        prop_assert!(read_json(&text).is_err());
        let mut lines: Vec<String> = json(&lost_syn_ack(), &JsonOptions { bytes: true }).lines().map(str::to_owned).collect();
        let line = line % lines.len();
        let keep = cut % lines[line].len();
        if lines[line].is_char_boundary(keep) {
            lines[line].truncate(keep);
            if keep > 0 {
                prop_assert_eq!(read_json(&lines.join("\n")).map_err(|error| error.line), Err(line + 1));
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let good = json(&lost_syn_ack(), &JsonOptions::default());
    let wrong = |from: &str, to: &str| read_json(&good.replacen(from, to, 1)).expect_err("wrong").to_string();
    assert_eq!(wrong("\"format\":1", "\"format\":9"), "line 1: the trace has format 9, this program reads format 1");
    let gap = wrong("\"id\":3", "\"id\":4");
    assert!(gap.starts_with("line 5: record 4 stands where record 3 is due: ") && gap.contains("narrowed"), "{gap}");
    let torn = wrong("\"kind\":\"step\"", "\"kind\" \"step\"");
    assert!(torn.starts_with("line 2: not a record: ") && !torn.contains("line 1"), "the line's own number: {torn}");
    assert_eq!(
        wrong("\"node\":0,\"kind\":\"step\"", "\"node\":7,\"kind\":\"step\""),
        "line 2: node 7 is not in the header"
    );
    assert!(wrong("\"kind\":\"step\"", "\"kind\":\"stop\"").starts_with("line 2: not a record: "));
    assert_eq!(read_json("").expect_err("empty").line, 1);
}
