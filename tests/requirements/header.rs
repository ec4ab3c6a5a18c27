//! The header, its options, sequence numbers, segments that arrive: sections 3.1 to 3.4 and 3.10.

use super::seen::{Seen, ahead};
use super::{Beyond, Met, Not, Row, when};
use drywire::packet::{self, Flags};
use drywire::tcp::State;
use drywire::trace::{Fault, What};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "MUST-1",
        section: "3.1",
        says: "the window is an unsigned number",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/large-window", |seen| {
            when(seen.heard("client").iter().any(|seg| seg.segment.window >= 0x8000), most_under_way(seen) > 0x7fff)
        })],
    },
    Row {
        id: "REC-1",
        section: "3.1",
        says: "windows are kept and computed with 32 bits",
        stack: Beyond("how numbers are kept is not to be seen, and Drywire's windows stay below 65,536"),
        model: Beyond("its windows are not scaled"),
        shown: &[],
    },
    Row {
        id: "MUST-2",
        section: "3.1",
        says: "the sender makes the checksum",
        stack: Met(""),
        model: Met(""),
        shown: &[("handshake", |seen| {
            let sent = [seen.sent("client"), seen.sent("server")].concat();
            when(!sent.is_empty(), sent.iter().all(|seg| packet::checksums_ok(seg.packet, false)))
        })],
    },
    Row {
        id: "MUST-3",
        section: "3.1",
        says: "the receiver checks the checksum",
        stack: Met("a damaged frame is dropped before smoltcp, which would do the same, sees it"),
        model: Met("by Drywire: a damaged frame is dropped before the peer sees it"),
        shown: &[("corruption", |seen| {
            let spoilt = |host: &str| {
                seen.records(host)
                    .iter()
                    .any(|record| matches!(record.what, What::Fault { fault: Fault::Corrupted(..), .. }))
            };
            let heard = [seen.heard("client"), seen.heard("server")].concat();
            let right = heard.iter().all(|seg| packet::checksums_ok(seg.packet, false));
            when(spoilt("client") || spoilt("server"), right)
        })],
    },
    Row {
        id: "MUST-4",
        section: "3.1",
        says: "end of list, no-operation and MSS are supported",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/options", |seen| {
            let heard = seen.heard("server");
            let came = |kind: u8| heard.iter().any(|seg| seg.options().iter().any(|option| option.0 == kind));
            when(came(0) && came(1) && came(2), seen.received("server") == 6)
        })],
    },
    Row {
        id: "MUST-5",
        section: "3.1",
        says: "an option may come in any segment",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/options", |seen| {
            let later = seen.heard("server").iter().any(|seg| !seg.has(Flags::SYN) && !seg.options().is_empty());
            when(later, seen.received("server") == 6)
        })],
    },
    Row {
        id: "MUST-6",
        section: "3.1",
        says: "an unknown option is ignored",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/options", |seen| {
            let unknown = |&(kind, _, len): &(u8, usize, usize)| kind == 0xfd && len == 5;
            let came = seen.heard("server").iter().any(|seg| seg.options().iter().any(unknown));
            when(came, seen.received("server") == 6)
        })],
    },
    Row {
        id: "MUST-7",
        section: "3.1",
        says: "an illegal option length is coped with",
        stack: Met("the segment is dropped"),
        model: Met("by Drywire: the segment is dropped"),
        shown: &[("requirements/options", |seen| {
            let illegal = |&(kind, _, len): &(u8, usize, usize)| kind > 1 && len < 2;
            let came = seen.dropped("server").iter().any(|seg| seg.options().iter().any(illegal));
            let stays = seen.moves("server").last().is_some_and(|&(_, _, to)| to == State::Established);
            when(came, stays && seen.received("server") == 6)
        })],
    },
    Row {
        id: "MUST-64",
        section: "3.2",
        says: "an option may begin on any byte",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/option-at-an-odd-place", |seen| {
            let odd = |&(kind, at, _): &(u8, usize, usize)| kind == 2 && at % 2 == 1;
            let came = seen.heard("server").iter().any(|seg| seg.options().iter().any(odd));
            when(came, seen.text_of("server").iter().map(|seg| seg.segment.len).max() == Some(256))
        })],
    },
    Row {
        id: "MUST-65",
        section: "3.2",
        says: "no MSS option but with a SYN",
        stack: Met(""),
        model: Met(""),
        shown: &[("close-by-the-client", |seen| {
            let later = || seen.sent("client").into_iter().filter(|seg| !seg.has(Flags::SYN));
            when(later().next().is_some(), later().all(|seg| seg.segment.mss.is_none()))
        })],
    },
    Row {
        id: "MUST-68",
        section: "3.1",
        says: "every option but end of list and no-operation has a length",
        stack: Met(""),
        model: Met(""),
        shown: &[("fast-retransmit", |seen| {
            let options: Vec<_> = ["client", "server"].iter().flat_map(|host| seen.sent(host)).collect();
            let options: Vec<_> = options.iter().flat_map(|seg| seg.options()).collect();
            when(!options.is_empty(), options.iter().all(|&(kind, _, len)| kind < 2 || len >= 2))
        })],
    },
    Row {
        id: "MUST-69",
        section: "3.1",
        says: "what follows the end of the options is zeros",
        stack: Met(""),
        model: Met(""),
        shown: &[("handshake", |seen| {
            let ended = |seg: &super::seen::Seg<'_>| seg.options().last().filter(|last| last.0 == 0).map(|last| last.1);
            let syns = seen.syns_of("client");
            let zeros =
                syns.iter().all(|seg| ended(seg).is_none_or(|at| seg.header()[at..].iter().all(|&byte| byte == 0)));
            when(!syns.is_empty(), zeros)
        })],
    },
    Row {
        id: "MUST-66",
        section: "3.4",
        says: "RST and URG are processed when the window is zero",
        stack: Not("RST is; URG never is (MUST-30)"),
        model: Not("RST is; URG tells nobody (MUST-30)"),
        shown: &[
            ("requirements/reset-in-a-zero-window", |seen| {
                let shut = seen.sent("server").iter().any(|seg| seg.segment.window == 0 && !seg.has(Flags::RST));
                when(shut, seen.passes("server", &[State::Established, State::Closed]))
            }),
            ("divergence/urgent-data", super::data::told_of_urgent_data),
        ],
    },
    Row {
        id: "MUST-8",
        section: "3.4.1",
        says: "a clock drives initial sequence numbers",
        stack: Not("they are drawn at random"),
        model: Met(""),
        shown: &[("divergence/isn-without-a-clock", by_the_clock)],
    },
    Row {
        id: "SHLD-1",
        section: "3.4.1",
        says: "ISN = M + F(addresses, ports, secret)",
        stack: Not("they are drawn at random"),
        model: Met(""),
        shown: &[("divergence/isn-without-a-clock", by_the_clock)],
    },
    Row {
        id: "MUST-9",
        section: "3.4.1",
        says: "F() is not computable from outside",
        stack: Beyond(
            "there is no F(); smoltcp's generator is no secret one, but a run does not show what can be guessed",
        ),
        model: Beyond("a run does not show what can be guessed"),
        shown: &[],
    },
    Row {
        id: "SHLD-31",
        section: "3.10.7.4",
        says: "segments ahead are held until it is their turn",
        stack: Met("as many as leave four gaps"),
        model: Met(""),
        shown: &[("fast-retransmit", at_once_behind_the_gap)],
    },
    Row {
        id: "MUST-58",
        section: "3.10.7.4",
        says: "ACKs are aggregated where possible",
        stack: Met(""),
        model: Not("every segment is acknowledged at once"),
        shown: &[("requirements/large-window", |seen| {
            let heard = seen.heard("server").iter().filter(|seg| seg.segment.len > 0).count();
            let acks = seen.sent("server").iter().filter(|seg| !seg.has(Flags::SYN)).count();
            when(heard > 4, acks < heard)
        })],
    },
    Row {
        id: "MUST-59",
        section: "3.10.7.4",
        says: "queued segments are all processed before an ACK is sent",
        stack: Met("shown by what waits behind a gap: frames themselves arrive one at a time"),
        model: Met("as with smoltcp, shown by what waits behind a gap"),
        shown: &[("fast-retransmit", at_once_behind_the_gap)],
    },
    Row {
        id: "MAY-13",
        section: "3.10.7.4",
        says: "a segment ahead is answered by an ACK",
        stack: Met(""),
        model: Met(""),
        shown: &[("fast-retransmit", |seen| {
            let acks: Vec<u32> = seen.sent("server").iter().map(|seg| seg.segment.ack).collect();
            when(!acks.is_empty(), acks.windows(4).any(|some| some.iter().all(|ack| *ack == some[0])))
        })],
    },
    Row {
        id: "MAY-12",
        section: "3.10.7.4",
        says: "protection against injected data: old ACKs are answered, not taken (RFC 5961, 5)",
        stack: Not("an ACK below SND.UNA drops the whole segment in silence, an honest late one too"),
        model: Met(""),
        shown: &[("divergence/old-ack-drops-text", |seen| {
            let mut una = None;
            let mut old = None;
            for (sent, seg) in seen.both("client") {
                match (una, old) {
                    _ if sent && old.is_none() => {}
                    (Some(una), None) if ahead(una, seg.segment.ack) < 0 && seg.segment.len > 0 => {
                        old = Some(seg.end())
                    }
                    (_, None) => una = Some(seg.segment.ack),
                    (_, Some(end)) => return Some(sent && ahead(end, seg.segment.ack) >= 0),
                }
            }
            None
        })],
    },
];

/// The most bytes that the client had under way.
fn most_under_way(seen: &Seen<'_>) -> i32 {
    let (mut nxt, mut una, mut most) = (None, None, 0);
    for (sent, seg) in seen.both("client") {
        if sent {
            nxt = Some(seg.end());
        } else if seg.has(Flags::ACK) {
            una = Some(seg.segment.ack);
        }
        if let (Some(una), Some(nxt)) = (una, nxt) {
            most = most.max(ahead(una, nxt));
        }
    }
    most
}

/// Between two connections of the same addresses and ports the number went on by one in 4 us, a millisecond at most away.
fn by_the_clock(seen: &Seen<'_>) -> Option<bool> {
    let syns = seen.syns_of("client");
    let [first, second] = &syns[..] else { return None };
    let ticks = i64::try_from(second.at.since(first.at).0 / 4_000).ok()?;
    let went = i64::from(ahead(first.segment.seq, second.segment.seq));
    Some((went - ticks).abs() < 250)
}

/// When a gap was filled, one ACK acknowledged all that had come behind it, and none of that was sent again.
fn at_once_behind_the_gap(seen: &Seen<'_>) -> Option<bool> {
    let acks: Vec<u32> = seen.sent("server").iter().map(|seg| seg.segment.ack).collect();
    let leap = acks.windows(2).map(|two| ahead(two[0], two[1])).max()?;
    let mut starts: Vec<u32> = seen.text_of("client").iter().map(|seg| seg.segment.seq).collect();
    let sent = starts.len();
    starts.sort_unstable();
    starts.dedup();
    when(sent > starts.len(), leap > 2 * 1_460 && sent == starts.len() + 1)
}
