//! What smoltcp is known to do wrong, as plans without forged segments can show it; each has its scenario.

use drywire::base::ConnId;
use drywire::judge::wire::Wire;
use drywire::judge::{Finding, Scene};
use drywire::packet::{Flags, Segment};
use drywire::trace::{Record, Trace, What};
use std::collections::BTreeSet;

/// A known divergence.
pub(super) struct Known {
    /// The scenario below `sims/divergence` that shows it, and explains it.
    pub(super) sim: &'static str,
    /// The judge's rules by which it shows.
    pub(super) rules: &'static [&'static str],
    when: fn(&Case<'_>) -> bool,
}

/// All of them; the first that fits is it.
pub(super) const KNOWN: &[Known] = &[
    // A segment whose ACK is old is dropped with all that is in it: text, FIN, SYN,ACK.
    Known { sim: "old-ack-drops-text", rules: &["no-reply", "missing-move"], when: |case| case.arrived(has_old_ack) },
    // A SYN without ACK is dropped in silence by whoever has a connection: a late duplicate as well as a new one.
    Known {
        sim: "restarted-peer",
        rules: &["no-reply"],
        when: |case| case.arrived(|segment, _| segment.flags == Flags::SYN),
    },
    // After a FIN that fills the window, nothing is in the window until that FIN is acknowledged.
    Known { sim: "reset-after-full-window", rules: &["missing-move"], when: |case| case.arrived(follows_fin) },
    // A segment whose text is old is dropped, though its FIN is new.
    Known { sim: "old-text-new-fin", rules: &["missing-move"], when: |case| case.arrived(has_new_fin_behind_old_text) },
    // A fast retransmission with no text to send forgets the FIN, and the timer with it.
    Known { sim: "fin-never-again", rules: &["no-timer"], when: |case| case.finding.text.contains("its FIN, number") },
    // After a time-out, an ACK has a number of long ago.
    Known { sim: "rewound-acks", rules: &["old-number"], when: |_| true },
    // A fast retransmission fills a segment, window or not; what was beyond the window counts as sent.
    Known { sim: "fast-retransmit-beyond-window", rules: &["beyond-window"], when: |_| true },
    Known { sim: "fast-retransmit-beyond-window", rules: &["no-timer"], when: |case| case.after(Past::Overrun) },
    // The FIN of such a segment is taken, though its text was cut off before it.
    Known {
        sim: "fin-beyond-window",
        rules: &["move", "early-eof", "no-reply", "text-after-fin"],
        when: |case| case.after(Past::Overrun),
    },
    // The older of two windows is believed; if it is zero, the retransmission timer finds nothing to send and stops.
    Known { sim: "stale-window", rules: &["no-timer"], when: |case| case.after(Past::StaleWindow) },
];

/// A finding with what stood on the wire when it came.
struct Case<'a> {
    finding: &'a Finding,
    /// What happened before on the connection.
    before: &'a BTreeSet<(ConnId, Past)>,
    /// The segment that arrived, with the end that it reached, if the finding is about one.
    arrived: Option<(&'a Segment, &'a Wire)>,
}

/// What explains a later finding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Past {
    /// A fast retransmission went beyond the window.
    Overrun,
    /// An old ACK closed a window that had been opened again.
    StaleWindow,
}

impl Case<'_> {
    fn after(&self, past: Past) -> bool {
        self.finding.conn.is_some_and(|conn| self.before.contains(&(conn, past)))
    }

    fn arrived(&self, of: impl Fn(&Segment, &Wire) -> bool) -> bool {
        self.arrived.is_some_and(|(segment, wire)| of(segment, wire))
    }
}

/// It acknowledges less than the end has seen acknowledged: smoltcp drops such a segment with all that is in it.
fn has_old_ack(segment: &Segment, wire: &Wire) -> bool {
    segment.flags.has(Flags::ACK) && wire.own(segment.ack).is_some_and(|ack| ack < wire.una)
}

/// A FIN that is expected next, behind text that is not new.
fn has_new_fin_behind_old_text(segment: &Segment, wire: &Wire) -> bool {
    let end = wire.theirs(segment.seq).map(|seq| seq + i64::from(segment.len));
    segment.flags.has(Flags::FIN) && segment.len > 0 && end.is_some_and(|end| end <= wire.rcv_nxt())
}

/// A window of zero that is older than the one that the end has, and that smoltcp takes for the newer.
fn closes_a_newer_window(segment: &Segment, wire: &Wire) -> bool {
    let ack = if segment.flags.has(Flags::ACK) { wire.own(segment.ack) } else { None };
    ack == Some(wire.una) && segment.window == 0 && wire.window > 0
}

/// It is the one expected next after a FIN; until it has acknowledged that, smoltcp counts its window from before the
/// FIN, and a FIN that filled it has left no number inside.
fn follows_fin(segment: &Segment, wire: &Wire) -> bool {
    wire.fin_arrived && segment.len == 0 && wire.theirs(segment.seq) == Some(wire.rcv_nxt())
}

fn which(case: &Case<'_>) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.rules.contains(&case.finding.rule) && (known.when)(case))
}

/// Which known divergence each finding is.
pub(super) fn known(trace: &Trace, findings: &[Finding]) -> Vec<Option<&'static Known>> {
    let mut scene = Scene::new(&trace.header);
    let mut known = vec![None; findings.len()];
    // A stall is told at the last segment of the end that stalls: what explains it may come later.
    let last = trace.records.last().map(|record| record.id);
    let mut before = BTreeSet::new();
    for record in &trace.records {
        let arrived = arrival(&scene, record);
        if let Some((conn, segment, wire)) = arrived
            && closes_a_newer_window(segment, wire)
        {
            before.insert((conn, Past::StaleWindow));
        }
        for (finding, known) in findings.iter().zip(&mut known) {
            let due = if finding.rule == "no-timer" { last } else { Some(finding.record) };
            if finding.rule == "beyond-window" && finding.record == record.id {
                before.extend(finding.conn.map(|conn| (conn, Past::Overrun)));
            }
            if due == Some(record.id) {
                let arrived = arrived.filter(|_| finding.record == record.id).map(|(_, segment, wire)| (segment, wire));
                *known = which(&Case { finding, before: &before, arrived });
            }
        }
        scene.observe(record);
    }
    known
}

/// The segment that a record brings to an end, with what that end has seen so far.
fn arrival<'a>(scene: &'a Scene<'_>, record: &'a Record) -> Option<(ConnId, &'a Segment, &'a Wire)> {
    let What::Arrived { packet, conn: Some(conn), .. } = &record.what else { return None };
    let end = scene.receiver(record, *conn, packet)?;
    Some((*conn, packet.tcp()?, &scene.side(*conn, end)?.wire))
}
