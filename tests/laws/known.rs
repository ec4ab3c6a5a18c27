//! What smoltcp is known to do wrong, as plans without forged segments can show it; each has its scenario.

use drywire::base::ConnId;
use drywire::judge::wire::Wire;
use drywire::judge::{Finding, Scene};
use drywire::packet::{Flags, Segment};
use drywire::trace::{Record, Trace, What};
use std::collections::BTreeSet;

/// A known divergence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Known {
    /// The scenario below `sims/divergence` that shows it.
    pub(super) sim: &'static str,
}

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

    fn is(&self, rules: &[&str]) -> bool {
        rules.contains(&self.finding.rule)
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
    ack == Some(wire.una) && segment.window == 0 && segment.len == 0 && wire.window > 0
}

/// It is the one expected next after a FIN; until it has acknowledged that, smoltcp counts its window from before the
/// FIN, and a FIN that filled it has left no number inside.
fn follows_fin(segment: &Segment, wire: &Wire) -> bool {
    wire.fin_arrived && segment.len == 0 && wire.theirs(segment.seq) == Some(wire.rcv_nxt())
}

fn which(case: &Case<'_>) -> Option<&'static str> {
    let silent = case.is(&["no-reply", "missing-move"]);
    if silent && case.arrived(has_old_ack) {
        return Some("old-ack-drops-text");
    }
    if case.is(&["no-reply"]) && case.arrived(|segment, _| segment.flags == Flags::SYN) {
        return Some("restarted-peer");
    }
    if case.is(&["missing-move"]) && case.arrived(follows_fin) {
        return Some("reset-after-full-window");
    }
    if case.is(&["missing-move"]) && case.arrived(has_new_fin_behind_old_text) {
        return Some("old-text-new-fin");
    }
    if case.is(&["no-timer"]) && case.finding.text.contains("its FIN, number") {
        return Some("fin-never-again");
    }
    if case.is(&["old-number"]) {
        return Some("rewound-acks");
    }
    if case.is(&["beyond-window"]) {
        return Some("fast-retransmit-beyond-window");
    }
    if case.is(&["no-timer"]) && case.after(Past::Overrun) {
        return Some("fast-retransmit-beyond-window");
    }
    if case.is(&["move", "early-eof", "no-reply"]) && case.after(Past::Overrun) {
        return Some("fin-beyond-window");
    }
    if case.is(&["no-timer"]) && case.after(Past::StaleWindow) {
        return Some("stale-window");
    }
    None
}

/// Which known divergence each finding is.
pub(super) fn known(trace: &Trace, findings: &[Finding]) -> Vec<Option<Known>> {
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
                *known = which(&Case { finding, before: &before, arrived }).map(|sim| Known { sim });
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
