//! Segmentation: section 3.7, and PUSH of 3.9.1.2.

use super::seen::Seen;
use super::{Beyond, Met, Not, Row, when};
use drywire::packet::Flags;
use drywire::trace::CallName;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "MUST-14",
        section: "3.7.1",
        says: "the MSS option is sent and received",
        stack: Met(""),
        model: Met(""),
        shown: &[("mtu-and-mss", |seen| {
            let syns = seen.syns_of("old");
            let texts = seen.text_of("old");
            let kept = texts.iter().all(|seg| seg.segment.len <= 536);
            when(!texts.is_empty(), kept && syns.iter().all(|seg| seg.segment.mss.is_some()))
        })],
    },
    Row {
        id: "SHLD-5",
        section: "3.7.1",
        says: "a SYN has an MSS option unless it would say the default",
        stack: Met(""),
        model: Met(""),
        shown: &[("mtu-and-mss", said_in_every_syn), ("ipv6", said_in_every_syn)],
    },
    Row {
        id: "MAY-3",
        section: "3.7.1",
        says: "a SYN may have an MSS option always",
        stack: Met("it says 536 too"),
        model: Met("it says 536 too"),
        shown: &[("mtu-and-mss", |seen| {
            let syns = seen.syns_of("old");
            when(!syns.is_empty(), syns.iter().all(|seg| seg.segment.mss == Some(536)))
        })],
    },
    Row {
        id: "MUST-15",
        section: "3.7.1",
        says: "where no MSS was said, it is 536 with IPv4 and 1220 with IPv6",
        stack: Not("536 with IPv6 too"),
        model: Met(""),
        shown: &[("requirements/mss-not-said", default_mss), ("divergence/mss-not-said-ipv6", default_mss)],
    },
    Row {
        id: "MUST-16",
        section: "3.7.1",
        says: "no segment is larger than the other end takes, or than may be sent",
        stack: Met(""),
        model: Met(""),
        shown: &[("mss-smallest-link", |seen| {
            let taken = seen.heard("client").iter().find_map(|seg| seg.segment.mss)?;
            let most = u32::from(taken.min(1_460));
            let texts = seen.text_of("client");
            when(!texts.is_empty(), texts.iter().all(|seg| seg.segment.len <= most))
        })],
    },
    Row {
        id: "MUST-67",
        section: "3.7.1",
        says: "the MSS sent is no more than can be received",
        stack: Met("the link's MTU less 40 bytes, or 60 with IPv6"),
        model: Met("the link's MTU less 40 bytes, or 60 with IPv6"),
        shown: &[("mtu-and-mss", |seen| {
            let syns = [seen.syns_of("dsl"), seen.syns_of("dsl-server")].concat();
            when(!syns.is_empty(), syns.iter().all(|seg| seg.segment.mss.is_some_and(|mss| mss <= 1_492 - 40)))
        })],
    },
    Row {
        id: "SHLD-6",
        section: "3.7.3",
        says: "where the MTU varies, the smallest counts",
        stack: Beyond("a link's MTU does not vary here"),
        model: Beyond("a link's MTU does not vary here"),
        shown: &[],
    },
    Row {
        id: "SHLD-7",
        section: "3.7.4",
        says: "Nagle's algorithm",
        stack: Not("with an acknowledgment that is due goes a short segment, whatever is outstanding"),
        model: Met(""),
        shown: &[
            ("nagle-delayed-ack", |seen| {
                let texts = seen.text_of("slow");
                let [first, second] = &texts[..] else { return None };
                let heard = seen.heard("slow");
                let acked = heard.iter().find(|seg| seg.segment.ack == first.end())?;
                Some(second.at >= acked.at)
            }),
            ("bulk-both-ways", |seen| {
                let (mut sent, mut acked, mut kept) = (None, None, true);
                let last = seen.text_of("left").last()?.at;
                for (goes, seg) in seen.both("left") {
                    if !goes {
                        acked = Some(seg.segment.ack);
                    } else if seg.segment.len > 0 {
                        kept &= sent == acked || seg.segment.len == 1_460 || seg.at == last;
                        sent = Some(seg.end());
                    }
                }
                Some(kept)
            }),
        ],
    },
    Row {
        id: "MUST-17",
        section: "3.7.4",
        says: "Nagle's algorithm can be disabled on a connection",
        stack: Met("TCP_NODELAY"),
        model: Met("TCP_NODELAY"),
        shown: &[("nagle-delayed-ack", |seen| {
            let texts = seen.text_of("quick");
            let [first, second] = &texts[..] else { return None };
            let asked = !seen.calls("quick", CallName::Setsockopt, "TCP_NODELAY=1").is_empty();
            when(asked, first.at == second.at)
        })],
    },
    Row {
        id: "MAY-15",
        section: "3.9.1.2",
        says: "SEND may have a PUSH flag",
        stack: Not("no call has one: all that is sent is pushed"),
        model: Not("no call has one: all that is sent is pushed"),
        shown: &[],
    },
    Row {
        id: "MUST-60",
        section: "3.9.1.2",
        says: "without a PUSH flag on SEND, nothing is buffered for ever",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/sends-collapse", |seen| {
            when(seen.calls("client", CallName::Send, "").len() == 3, seen.received("server") == 13)
        })],
    },
    Row {
        id: "MUST-61",
        section: "3.9.1.2",
        says: "without one, the last segment that is buffered has PSH",
        stack: Not("the last text has FIN in its place where the program has closed by then"),
        model: Met(""),
        shown: &[("fin-with-data", |seen| {
            let texts = seen.text_of("client");
            when(texts.len() == 2, texts.iter().all(|seg| seg.has(Flags::PSH)))
        })],
    },
    Row {
        id: "SHLD-27",
        section: "3.9.1.2",
        says: "successive PSH bits are collapsed",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/sends-collapse", collapsed)],
    },
    Row {
        id: "MAY-16",
        section: "3.9.1.2",
        says: "data that is not pushed may be kept to be sent with more",
        stack: Met("by Nagle's algorithm"),
        model: Met("by Nagle's algorithm"),
        shown: &[("requirements/sends-collapse", collapsed)],
    },
    Row {
        id: "SHLD-28",
        section: "3.9.1.2",
        says: "segments are as large as they can be",
        stack: Met(""),
        model: Met(""),
        shown: &[("requirements/large-window", |seen| {
            let texts = seen.text_of("client");
            let (_, full) = texts.split_last()?;
            Some(full.iter().all(|seg| seg.segment.len == 1_460))
        })],
    },
    Row {
        id: "MAY-17",
        section: "3.9.1.3",
        says: "RECEIVE may tell of PSH",
        stack: Not("no call tells of it"),
        model: Not("no call tells of it"),
        shown: &[],
    },
];

fn said_in_every_syn(seen: &Seen<'_>) -> Option<bool> {
    let hosts = ["client", "server", "dsl", "dsl-server", "old", "old-server"];
    let syns: Vec<_> = hosts.iter().flat_map(|host| seen.syns_of(host)).collect();
    when(!syns.is_empty(), syns.iter().all(|seg| seg.segment.mss.is_some()))
}

/// The server was told no MSS, and its largest segment is of the default size.
fn default_mss(seen: &Seen<'_>) -> Option<bool> {
    let texts = seen.text_of("server");
    let first = texts.first()?;
    let silent = seen.heard("server").iter().all(|seg| seg.segment.mss.is_none());
    let default = if first.v6 { 1_220 } else { 536 };
    when(silent, texts.iter().map(|seg| seg.segment.len).max() == Some(default))
}

/// Three sends have become two segments, each with one PSH.
fn collapsed(seen: &Seen<'_>) -> Option<bool> {
    let texts = seen.text_of("client");
    let pushed = texts.iter().filter(|seg| seg.has(Flags::PSH)).count();
    when(seen.calls("client", CallName::Send, "").len() == 3, texts.len() == 2 && pushed == 2)
}
