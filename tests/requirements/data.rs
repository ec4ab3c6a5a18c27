//! Data communication: section 3.8.

use super::seen::{Seen, ahead};
use super::{Beyond, Met, Not, Row, when};
use drywire::base::Span;
use drywire::packet::Flags;
use drywire::socket_api::Errno;
use drywire::tcp::State;
use drywire::trace::{CallName, Outcome, TimerKind, What};

const NO_URGENT_CALL: &str = "no call marks text as urgent, so nothing urgent is sent";

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "MUST-18",
        section: "3.8.1",
        says: "the retransmission timeout is computed by RFC 6298, with Karn's algorithm",
        stack: Not("after a SYN that was lost it stays at 2 s, where RFC 6298, 5.7 has 3 s"),
        model: Met(""),
        shown: &[
            ("divergence/rto-after-lost-syn", |seen| match seen.timers("client", TimerKind::Retransmission)[..] {
                [(_, _), (_, second)] => Some(second == Span::secs(3)),
                _ => None,
            }),
            ("rto-backoff", doubles),
        ],
    },
    Row {
        id: "MAY-4",
        section: "3.8.1",
        says: "a retransmission may keep its IPv4 identification",
        stack: Met("it is always 0, and fragmentation forbidden"),
        model: Met("it is always 0"),
        shown: &[("data-lost", |seen| {
            let texts = seen.text_of("client");
            let [first, second] = &texts[..] else { return None };
            when(first.segment.seq == second.segment.seq, first.packet[4..6] == second.packet[4..6])
        })],
    },
    Row {
        id: "MUST-19",
        section: "3.8.2",
        says: "slow start, congestion avoidance, exponential backoff",
        stack: Met("Reno, Drywire's default; smoltcp's own is none"),
        model: Not("exponential backoff alone: there is no congestion control"),
        shown: &[("slow-start-reno", starts_slowly), ("rto-backoff", doubles)],
    },
    Row {
        id: "MAY-18",
        section: "3.8.2",
        says: "other congestion control",
        stack: Met("CUBIC"),
        model: Not("there is none"),
        shown: &[("slow-start-cubic", starts_slowly)],
    },
    Row {
        id: "SHLD-8",
        section: "3.8.2",
        says: "ECN",
        stack: Not("no SYN asks for it"),
        model: Not("no SYN asks for it"),
        shown: &[("handshake", |seen| {
            let syns = seen.syns_of("client");
            when(!syns.is_empty(), syns.iter().all(|seg| seg.has(Flags(0xc0))))
        })],
    },
    Row {
        id: "MUST-20",
        section: "3.8.3",
        says: "at R1 retransmissions IP is advised, at R2 the connection is closed",
        stack: Not("nobody is advised; closed it is, by Drywire: smoltcp would go on for ever"),
        model: Not("nobody is advised; closed it is, after 100 s"),
        shown: &[("requirements/r2-by-default", |seen| {
            let closed = seen.passes("client", &[State::Established, State::SynSent, State::Closed, State::Closed]);
            let other = |what: &What| what.packet().is_some_and(|(_, packet)| packet.tcp().is_none());
            let advised = seen.records("client").iter().any(|record| other(&record.what));
            when(closed && retransmissions(seen) > 3, advised)
        })],
    },
    Row {
        id: "MUST-21",
        section: "3.8.3",
        says: "the program can set R2 of a connection",
        stack: Met("TCP_USER_TIMEOUT"),
        model: Met("TCP_USER_TIMEOUT"),
        shown: &[("connect-times-out", |seen| {
            let set = seen.calls("client", CallName::Setsockopt, "TCP_USER_TIMEOUT=10000");
            let asked = seen.syns_of("client").first()?.at;
            let fired = seen.timers("client", TimerKind::UserTimeout);
            when(!set.is_empty(), matches!(fired[..], [(at, _)] if at.since(asked) == Span::secs(10)))
        })],
    },
    Row {
        id: "MUST-22",
        section: "3.8.3",
        says: "SYNs are retransmitted in the same way, and the program is told",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/r2-by-default", |seen| {
            let told = seen.errors("client").iter().filter(|(_, errno)| *errno == Errno::Etimedout).count();
            when(late_syns(seen).len() > 3, told == 2 && seen.passes("client", &[State::SynSent, State::Closed]))
        })],
    },
    Row {
        id: "MUST-23",
        section: "3.8.3",
        says: "a SYN's R2 is three minutes at least",
        stack: Met("five minutes"),
        model: Met("three minutes, asked when the retransmission timer rings"),
        shown: &[("requirements/r2-by-default", |seen| {
            let syns = late_syns(seen);
            let given_up = seen.moves("client").iter().rfind(|(_, from, _)| *from == State::SynSent)?.0;
            when(syns.len() > 3, given_up.since(*syns.first()?) >= Span::secs(180))
        })],
    },
    Row {
        id: "SHLD-9",
        section: "3.8.3",
        says: "the program is told between R1 and R2",
        stack: Not("it is told at the end"),
        model: Not("it is told at the end"),
        shown: &[("requirements/r2-by-default", |seen| {
            let end = seen.moves("client").iter().find(|(_, _, to)| *to == State::Closed)?.0;
            when(retransmissions(seen) > 3, seen.errors("client").iter().any(|(at, _)| *at < end))
        })],
    },
    Row {
        id: "SHLD-10",
        section: "3.8.3",
        says: "R1 is three retransmissions at least",
        stack: Beyond("there is no R1 (MUST-20)"),
        model: Beyond("there is no R1 (MUST-20)"),
        shown: &[],
    },
    Row {
        id: "SHLD-11",
        section: "3.8.3",
        says: "R2 is 100 s at least",
        stack: Met("five minutes"),
        model: Met("100 s, asked when the retransmission timer rings: 123 s here"),
        shown: &[("requirements/r2-by-default", |seen| {
            let texts = seen.text_of("client");
            let given_up = seen.moves("client").iter().find(|(_, from, _)| *from == State::Established)?.0;
            when(texts.len() > 3, given_up.since(texts.first()?.at) >= Span::secs(100))
        })],
    },
    Row {
        id: "MAY-5",
        section: "3.8.4",
        says: "keep-alives",
        stack: Met("Drywire's clock, smoltcp's probe"),
        model: Met("Drywire's clock, the peer's probe"),
        shown: &[("keep-alive-living-peer", |seen| {
            let idle = !seen.sent("client").is_empty();
            when(idle, !seen.timers("client", TimerKind::KeepAlive).is_empty())
        })],
    },
    Row {
        id: "MUST-24",
        section: "3.8.4",
        says: "the program can turn keep-alives on and off for a connection",
        stack: Met("SO_KEEPALIVE"),
        model: Met("SO_KEEPALIVE"),
        shown: &[("requirements/keep-alive-by-default", |seen| {
            let asked = seen.calls("client", CallName::Setsockopt, "SO_KEEPALIVE=1").len() == 1;
            when(asked, seen.timers("client", TimerKind::KeepAlive).len() == 1)
        })],
    },
    Row {
        id: "MUST-25",
        section: "3.8.4",
        says: "keep-alives are off by default",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/keep-alive-by-default", |seen| {
            let second = seen.sent("client").iter().map(|seg| seg.conn).max()?;
            let idle = |at: drywire::base::Time| at.0 > 2_000_000_000 && at.0 < 10_800_000_000_000;
            let noisy = seen.sent("client").iter().any(|seg| seg.conn == second && idle(seg.at));
            when(seen.sent("client").iter().any(|seg| seg.at.0 > 10_800_000_000_000), !noisy)
        })],
    },
    Row {
        id: "MUST-26",
        section: "3.8.4",
        says: "keep-alives are sent only where nothing is under way and nothing came for an interval",
        stack: Met(""),
        model: Met(""),
        shown: &[("keep-alive-living-peer", |seen| quiet_before_probes(seen, Span::secs(30)))],
    },
    Row {
        id: "MUST-27",
        section: "3.8.4",
        says: "that interval is configurable",
        stack: Met("TCP_KEEPIDLE"),
        model: Met("TCP_KEEPIDLE"),
        shown: &[("keep-alive-dead-peer", |seen| {
            let set = !seen.calls("client", CallName::Setsockopt, "TCP_KEEPIDLE=30").is_empty();
            let heard = seen.heard("client").last()?.at;
            let first = seen.timers("client", TimerKind::KeepAlive).first()?.0;
            when(set, first.since(heard) == Span::secs(30))
        })],
    },
    Row {
        id: "MUST-28",
        section: "3.8.4",
        says: "that interval is two hours at least by default",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/keep-alive-by-default", |seen| quiet_before_probes(seen, Span::secs(7_200)))],
    },
    Row {
        id: "MUST-29",
        section: "3.8.4",
        says: "one keep-alive without an answer is no dead connection",
        stack: Met("nine, or TCP_KEEPCNT"),
        model: Met("nine, or TCP_KEEPCNT"),
        shown: &[("keep-alive-dead-peer", |seen| {
            let probes = probes(seen);
            when(!probes.is_empty() && seen.passes("client", &[State::Established, State::Closed]), probes.len() > 1)
        })],
    },
    Row {
        id: "SHLD-12",
        section: "3.8.4",
        says: "a keep-alive has no text",
        stack: Not("one byte, of zero"),
        model: Met(""),
        shown: &[("keep-alive-living-peer", |seen| {
            let probes = probes(seen);
            when(!probes.is_empty(), probes.iter().all(|len| *len == 0))
        })],
    },
    Row {
        id: "MAY-6",
        section: "3.8.4",
        says: "a keep-alive may be configurable to have one byte",
        stack: Not("it always has, and nothing configures that"),
        model: Not("it never has, and nothing configures that"),
        shown: &[],
    },
    Row {
        id: "SHLD-13",
        section: "3.8.5",
        says: "new programs do not use urgent data",
        stack: Beyond("that is asked of programs"),
        model: Beyond("that is asked of programs"),
        shown: &[],
    },
    Row {
        id: "MUST-30",
        section: "3.8.5",
        says: "urgent data is supported",
        stack: Not("URG is ignored, its text is like any other"),
        model: Not("URG is taken and tells nobody, its text is like any other"),
        shown: &[("divergence/urgent-data", told_of_urgent_data)],
    },
    Row {
        id: "MUST-31",
        section: "3.8.5",
        says: "urgent data of any length is supported",
        stack: Not("of none (MUST-30)"),
        model: Not("of none (MUST-30)"),
        shown: &[("divergence/urgent-data", told_of_urgent_data)],
    },
    Row {
        id: "MUST-32",
        section: "3.8.5",
        says: "the program is told when urgent data comes",
        stack: Not("poll() has no PRI"),
        model: Not("poll() has no PRI"),
        shown: &[("divergence/urgent-data", told_of_urgent_data)],
    },
    Row {
        id: "MUST-33",
        section: "3.8.5",
        says: "the program can learn whether more urgent data remains",
        stack: Not("poll() has no PRI"),
        model: Not("poll() has no PRI"),
        shown: &[("divergence/urgent-data", told_of_urgent_data)],
    },
    Row {
        id: "MUST-62",
        section: "3.8.5",
        says: "the urgent pointer points behind the urgent data",
        stack: Beyond(NO_URGENT_CALL),
        model: Beyond(NO_URGENT_CALL),
        shown: &[],
    },
    Row {
        id: "SHLD-14",
        section: "3.8.6",
        says: "a receiver does not move the window's right edge back",
        stack: Met(""),
        model: Met(""),
        shown: &[("zero-window", edge_stays), ("small-window", edge_stays)],
    },
    Row {
        id: "MUST-34",
        section: "3.8.6",
        says: "a sender copes with a window whose right edge moves back",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/window-shrinks", |seen| {
            let shrunk = shrunk(seen)?;
            let done =
                seen.heard("client").iter().any(|seg| seg.has(Flags::ACK) && ahead(shrunk.edge, seg.segment.ack) > 0);
            when(done, seen.text_of("client").last().is_some_and(|seg| ahead(shrunk.nxt, seg.end()) > 0))
        })],
    },
    Row {
        id: "SHLD-15",
        section: "3.8.6",
        says: "when the window shrinks, nothing new is sent",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/window-shrinks", |seen| {
            let shrunk = shrunk(seen)?;
            when(!shrunk.then.is_empty(), shrunk.then.iter().all(|&(_, end)| ahead(shrunk.nxt, end) <= 0))
        })],
    },
    Row {
        id: "SHLD-16",
        section: "3.8.6",
        says: "when it shrinks, what is within it is retransmitted",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/window-shrinks", |seen| {
            let shrunk = shrunk(seen)?;
            Some(shrunk.then.iter().any(|&(seq, _)| seq == shrunk.una))
        })],
    },
    Row {
        id: "MAY-7",
        section: "3.8.6",
        says: "when it shrinks, what is beyond it may be retransmitted",
        stack: Not("nothing beyond the window is sent"),
        model: Met("the segment at SND.UNA is sent again as a whole, whatever the window"),
        shown: &[("requirements/window-shrinks", |seen| {
            let shrunk = shrunk(seen)?;
            when(!shrunk.then.is_empty(), shrunk.then.iter().any(|&(_, end)| ahead(shrunk.edge, end) > 0))
        })],
    },
    Row {
        id: "SHLD-17",
        section: "3.8.6",
        says: "data beyond a shrunk window is no reason to give up",
        stack: Not("where the window has shrunk to zero it does (MUST-35)"),
        model: Met(""),
        shown: &[("divergence/shrunk-to-zero", |seen| {
            // Where it has asked, and nobody has answered, it may give up.
            shrunk(seen)?;
            let asked = !seen.timers("client", TimerKind::Probe).is_empty();
            Some(asked || seen.timers("client", TimerKind::UserTimeout).is_empty())
        })],
    },
    Row {
        id: "MUST-35",
        section: "3.8.6",
        says: "a window shrunk to zero is probed",
        stack: Not("not where the ACK that closed it acknowledged nothing new: no timer runs any more"),
        model: Met(""),
        shown: &[("divergence/shrunk-to-zero", |seen| {
            shrunk(seen)?;
            Some(!seen.timers("client", TimerKind::Probe).is_empty())
        })],
    },
    Row {
        id: "MUST-36",
        section: "3.8.6.1",
        says: "zero windows are probed",
        stack: Met("but for MUST-35"),
        model: Met(""),
        shown: &[("zero-window", |seen| {
            let shut = seen.heard("client").iter().any(|seg| seg.segment.window == 0);
            when(shut, !seen.timers("client", TimerKind::Probe).is_empty())
        })],
    },
    Row {
        id: "MAY-8",
        section: "3.8.6.1",
        says: "a receiver may keep its window closed",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/window-stays-closed", |seen| {
            let sent = seen.sent("server");
            let shut: Vec<_> = sent.iter().filter(|seg| seg.segment.window == 0).collect();
            Some(shut.last()?.at.since(shut.first()?.at) > Span::secs(500))
        })],
    },
    Row {
        id: "MUST-37",
        section: "3.8.6.1",
        says: "a sender whose probes are answered keeps the connection open",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/window-stays-closed", |seen| {
            let probed = seen.timers("client", TimerKind::Probe).len() > 3;
            when(probed, seen.timers("client", TimerKind::UserTimeout).is_empty() && seen.received("server") == 8_192)
        })],
    },
    Row {
        id: "SHLD-29",
        section: "3.8.6.1",
        says: "the first zero-window probe comes after the retransmission timeout",
        stack: Met(""),
        model: Met(""),
        shown: &[("zero-window", |seen| {
            let shut = seen.heard("client").iter().find(|seg| seg.segment.window == 0)?.at;
            let first = seen.timers("client", TimerKind::Probe).first()?.0;
            Some(in_ms(first.since(shut)) == 1_000)
        })],
    },
    Row {
        id: "SHLD-30",
        section: "3.8.6.1",
        says: "further probes come at intervals that grow exponentially",
        stack: Met("up to a minute"),
        model: Met(""),
        shown: &[("requirements/window-stays-closed", |seen| {
            let after: Vec<u64> =
                seen.timers("client", TimerKind::Probe).iter().map(|(_, after)| in_ms(*after)).collect();
            when(after.len() > 6, doubled(after.get(..6).unwrap_or_default()))
        })],
    },
    Row {
        id: "MUST-38",
        section: "3.8.6.2.1",
        says: "the sender avoids silly windows",
        stack: Not("it sends what the window has room for"),
        model: Met(""),
        shown: &[("divergence/silly-window-sender", |seen| {
            let offered = seen.heard("client").iter().any(|seg| seg.segment.window == 10);
            when(offered, seen.text_of("client").iter().all(|seg| seg.segment.len > 10))
        })],
    },
    Row {
        id: "MUST-39",
        section: "3.8.6.2.2",
        says: "the receiver avoids silly windows",
        stack: Not("a window is opened by a single byte"),
        model: Met(""),
        shown: &[("divergence/silly-window-receiver", |seen| {
            let edges: Vec<u32> =
                seen.sent("server").iter().filter(|seg| !seg.has(Flags::RST)).map(|seg| seg.edge()).collect();
            let read = seen.received("server") > 0;
            when(read, edges.windows(2).all(|two| two[0] == two[1] || ahead(two[0], two[1]) >= 1_460))
        })],
    },
    Row {
        id: "SHLD-18",
        section: "3.8.6.3",
        says: "ACKs are delayed",
        stack: Met("by 10 ms"),
        model: Not("every segment is acknowledged at once"),
        shown: &[("nagle-delayed-ack", |seen| {
            let came = seen.heard("slow-server").iter().any(|seg| seg.segment.len > 0);
            when(came, !seen.timers("slow-server", TimerKind::DelayedAck).is_empty())
        })],
    },
    Row {
        id: "MUST-40",
        section: "3.8.6.3",
        says: "an ACK is delayed by less than half a second",
        stack: Met("unless a scenario says otherwise"),
        model: Met("by nothing at all"),
        shown: &[("nagle-delayed-ack", |seen| {
            let delays = seen.timers("slow-server", TimerKind::DelayedAck);
            let came = seen.heard("slow-server").iter().any(|seg| seg.segment.len > 0);
            when(came, delays.iter().all(|(_, after)| *after < Span::millis(500)))
        })],
    },
    Row {
        id: "SHLD-19",
        section: "3.8.6.3",
        says: "every second full segment is acknowledged",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/large-window", |seen| {
            let (mut waiting, mut most, mut full) = (0, 0, 0);
            for (sent, seg) in seen.both("server") {
                match sent {
                    true => waiting = 0,
                    false if seg.segment.len == 1_460 => (waiting, full) = (waiting + 1, full + 1),
                    false => {}
                }
                most = most.max(waiting);
            }
            when(full > 4, most <= 2)
        })],
    },
];

/// After urgent text came, poll() had a word for it.
pub(super) fn told_of_urgent_data(seen: &Seen<'_>) -> Option<bool> {
    let came = seen.heard("server").iter().any(|seg| seg.has(Flags::URG));
    let polled = seen.calls("server", CallName::Poll, "");
    let told = |outcome: &Outcome| matches!(outcome, Outcome::Ready(words) if words.contains("PRI"));
    when(came && !polled.is_empty(), polled.iter().any(|(_, outcome)| told(outcome)))
}

fn retransmissions(seen: &Seen<'_>) -> usize {
    seen.timers("client", TimerKind::Retransmission).len()
}

/// When the SYNs of the client's second connection were sent.
fn late_syns(seen: &Seen<'_>) -> Vec<drywire::base::Time> {
    let syns = seen.syns_of("client");
    let last = syns.iter().map(|seg| seg.conn).max();
    syns.iter().filter(|seg| Some(seg.conn) == last).map(|seg| seg.at).collect()
}

/// The stack counts in microseconds: to the next millisecond that is nothing.
fn in_ms(span: Span) -> u64 {
    (span.0 + 500_000) / 1_000_000
}

fn doubled(after: &[u64]) -> bool {
    after.windows(2).all(|two| two[1] == 2 * two[0])
}

/// Each retransmission of the client's waits twice as long as the one before.
fn doubles(seen: &Seen<'_>) -> Option<bool> {
    let after: Vec<u64> =
        seen.timers("client", TimerKind::Retransmission).iter().map(|(_, after)| in_ms(*after)).collect();
    when(after.len() > 2, doubled(&after))
}

/// At first no more than four segments are under way, then more.
fn starts_slowly(seen: &Seen<'_>) -> Option<bool> {
    let (mut una, mut first, mut most, mut under_way) = (None, None, 0, 0);
    for (sent, seg) in seen.both("client") {
        if sent && seg.segment.len > 0 {
            under_way = una.map_or(0, |una| ahead(una, seg.end()));
            most = most.max(under_way);
        } else if !sent {
            una = Some(seg.segment.ack);
            if under_way > 0 {
                first.get_or_insert(under_way);
            }
        }
    }
    let first = first?;
    Some(first <= 4 * 1_460 && most >= 4 * first)
}

/// Lengths of the client's keep-alive probes.
fn probes(seen: &Seen<'_>) -> Vec<u32> {
    let sent = seen.sent("client");
    let at = seen.timers("client", TimerKind::KeepAlive);
    at.iter().filter_map(|(at, _)| sent.iter().find(|seg| seg.at == *at)).map(|seg| seg.segment.len).collect()
}

/// Before each of the client's probes nothing came for so long, and nothing was unacknowledged.
fn quiet_before_probes(seen: &Seen<'_>, interval: Span) -> Option<bool> {
    let at: Vec<_> = seen.timers("client", TimerKind::KeepAlive).iter().map(|(at, _)| *at).collect();
    let heard = seen.heard("client");
    let quiet = |at: drywire::base::Time| {
        let conn = seen.sent("client").iter().find(|seg| seg.at == at).map(|seg| seg.conn);
        let last = heard.iter().rfind(|seg| Some(seg.conn) == conn && seg.at < at);
        let up_to = seen.sent("client").iter().rfind(|seg| Some(seg.conn) == conn && seg.at < at).map(|seg| seg.end());
        last.is_some_and(|last| at.since(last.at) >= interval && Some(last.segment.ack) >= up_to)
    };
    when(!at.is_empty(), at.iter().all(|&at| quiet(at)))
}

/// The right edge of the server's window never moves back.
fn edge_stays(seen: &Seen<'_>) -> Option<bool> {
    let edges: Vec<u32> = seen.sent("server").iter().map(|seg| seg.edge()).collect();
    when(edges.len() > 4, edges.windows(2).all(|two| ahead(two[0], two[1]) >= 0))
}

/// The moment at which the client's peer took back a part of its window.
struct Shrunk {
    una: u32,
    /// The right edge after it.
    edge: u32,
    nxt: u32,
    /// Text that the client sent until the window grew again: where it begins and ends.
    then: Vec<(u32, u32)>,
}

fn shrunk(seen: &Seen<'_>) -> Option<Shrunk> {
    let (mut edge, mut nxt, mut shrunk) = (None, None, None::<Shrunk>);
    for (sent, seg) in seen.both("client") {
        match &mut shrunk {
            None if sent => nxt = Some(seg.end()),
            None if edge.is_some_and(|edge| ahead(edge, seg.edge()) < 0) && !seg.has(Flags::RST) => {
                shrunk = Some(Shrunk { una: seg.segment.ack, edge: seg.edge(), nxt: nxt?, then: Vec::new() });
            }
            None => edge = Some(seg.edge()),
            Some(shrunk) if sent && seg.segment.len > 0 => shrunk.then.push((seg.segment.seq, seg.end())),
            Some(_) if sent => {}
            Some(_) => break,
        }
    }
    shrunk.filter(|shrunk| ahead(shrunk.edge, shrunk.nxt) > 0)
}
