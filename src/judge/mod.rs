//! The judge: every claim about a run that holds whatever the scenario, from records alone.
//!
//! Rules of the room: it sees a header and records, never the world, so that it works as well on a trace that was saved;
//! it reports only what is certain; every finding names its rule and its clause, and says what was seen and what would
//! have been right.
//!
//! [`Judge`] takes records as they happen. Each check is a small struct that looks at a record and at the [`scene`]
//! before it: connections, states, waiting calls, and what the [`wire`] says of each end.
//!
//! | rule | claim |
//! |---|---|
//! | `move`, `missing-move` | every state change is the table's, and none is missing (3.10) |
//! | `delivery` | what programs receive is a prefix of what was sent (RFC 9293, 3.6, 3.10.3) |
//! | `early-eof` | end of file comes after all of it, and after a FIN (3.6, 3.10.3) |
//! | `ack-unsent` | an acknowledgment covers only what has arrived (3.4, 3.10.7.4) |
//! | `text-after-fin` | nothing behind the peer's FIN is acknowledged (3.10.7.4) |
//! | `gap` | new text begins at SND.NXT (3.4) |
//! | `beyond-window` | text fits into the window offered (3.8.6) |
//! | `old-number` | what has no text has the number SND.NXT (3.10.7.4) |
//! | `rst-without-ack`, `rst-number`, `rst-to-rst` | how a segment is refused (3.5.2, 3.10.7.1) |
//! | `rst-unasked` | a CLOSE or an ABORT that only deletes the connection sends nothing (3.10.4, 3.10.5) |
//! | `no-reply` | what must be answered is answered (3.5.2, 3.8.6.3, 3.10.7.4) |
//! | `no-timer` | while something is unacknowledged or unsent, something is pending (3.8.1, 3.8.6.1, 3.10.8) |
//! | `close-without-fin` | CLOSE leads to a FIN or a RST (3.10.4) |
//! | `corrupt-delivered` | a damaged packet is thrown away (3.1) |
//! | `never` | machines other than TCP's take only what can come, and go where their tables say |
//! | `stall`, `panic` | the stack stays at work |
//! | `trace-order` | causes come first and time does not run backwards |

mod acks;
mod answers;
mod close;
mod corruption;
mod delivery;
mod edges;
mod finding;
mod moves;
mod order;
mod resets;
#[cfg(test)]
pub(crate) mod sample;
pub mod scene;
mod sound;
mod timers;
mod unreachable;
pub mod wire;

pub use finding::Finding;
pub use moves::{Moves, Witness, moves, witnessed};
pub use scene::Scene;
pub use unreachable::{MODEL, SMOLTCP, unreachable};

use crate::base::RecordId;
use crate::machine::Clause;
use crate::trace::{Header, Record, Sink, Trace, What};

/// One claim.
trait Check {
    /// Looks at a record; the scene is as it was before it.
    fn observe(&mut self, scene: &Scene<'_>, record: &Record, out: &mut Vec<Finding>);
    /// Looks at the whole, after the last record.
    fn finish(&mut self, _scene: &Scene<'_>, _out: &mut Vec<Finding>) {}
}

/// Judges a run while it happens, or afterwards.
pub struct Judge<'a> {
    scene: Scene<'a>,
    checks: Vec<Box<dyn Check>>,
    moves: Moves,
    findings: Vec<Finding>,
}

impl<'a> Judge<'a> {
    /// Before the first record.
    pub fn new(header: &'a Header) -> Self {
        let checks: Vec<Box<dyn Check>> = vec![
            Box::new(delivery::Delivery::default()),
            Box::new(acks::Acks::default()),
            Box::new(order::Order::default()),
            Box::new(resets::Resets::default()),
            Box::new(answers::Answers::default()),
            Box::new(timers::Timers::default()),
            Box::new(close::Closes::default()),
            Box::new(corruption::Corruption::default()),
            Box::new(sound::Sound::default()),
            Box::new(edges::Edges::default()),
        ];
        Judge { scene: Scene::new(header), checks, moves: Moves::new(header), findings: Vec::new() }
    }

    /// Looks at the next record. Divergences are judgements, not events: it does not judge those.
    pub fn observe(&mut self, record: &Record) {
        if matches!(record.what, What::Divergence { .. }) {
            return;
        }
        for check in &mut self.checks {
            check.observe(&self.scene, record, &mut self.findings);
        }
        self.moves.observe(record);
        self.scene.observe(record);
    }

    /// What was found, in the order of the records that show it.
    pub fn finish(mut self) -> Vec<Finding> {
        for check in &mut self.checks {
            check.finish(&self.scene, &mut self.findings);
        }
        self.findings.extend(self.moves.finish().0);
        self.findings.sort_by_key(|finding| finding.record);
        self.findings
    }
}

impl Sink for Judge<'_> {
    fn record(&mut self, record: Record) {
        self.observe(&record);
    }
}

/// All that is wrong with a run, in the order of the records that show it.
pub fn judge(header: &Header, records: &[Record]) -> Vec<Finding> {
    let mut judge = Judge::new(header);
    records.iter().for_each(|record| judge.observe(record));
    judge.finish()
}

/// Judges a trace and writes the findings behind its last record, in place of any that were there; gives them.
pub fn append(trace: &mut Trace) -> Vec<Finding> {
    while trace.records.last().is_some_and(|record| matches!(record.what, What::Divergence { .. })) {
        trace.records.pop();
    }
    let findings = judge(&trace.header, &trace.records);
    let mut next = trace.records.last().map_or(0, |record| record.id.0.saturating_add(1));
    for finding in &findings {
        let Some(shown) =
            trace.records.binary_search_by_key(&finding.record, |record| record.id).ok().map(|at| &trace.records[at])
        else {
            continue;
        };
        let what = What::Divergence {
            conn: finding.conn,
            rule: finding.rule.to_owned(),
            clause: finding.clause.clone(),
            text: finding.text.clone(),
        };
        let record = Record { id: RecordId(next), at: shown.at, node: shown.node, cause: Some(shown.id), what };
        trace.records.push(record);
        next = next.saturating_add(1);
    }
    findings
}

/// A clause of RFC 9293, as findings carry it.
fn rfc9293(section: &'static str) -> String {
    Clause::rfc9293(section).to_string()
}

#[cfg(test)]
mod tests {
    use super::sample::Sample;
    use super::*;
    use crate::tcp::State;
    use crate::trace::{End, Ending};

    #[test]
    fn a_whole_connection_is_sound() {
        let mut sample = Sample::open();
        sample.talk("안녕하세요");
        sample.close_both();
        sample.end(Ending::Quiet);
        assert_eq!(sample.rules(), Vec::<&str>::new());
    }

    #[test]
    fn a_judge_at_work_finds_what_is_found_afterwards() {
        let mut sample = Sample::open();
        sample.moves(End::Initiator, State::LastAck);
        sample.end(Ending::Quiet);
        let mut judge = Judge::new(&sample.header);
        sample.records.iter().for_each(|record| Sink::record(&mut judge, record.clone()));
        let found = judge.finish();
        assert!(found.iter().any(|finding| finding.rule == "move"), "{found:?}");
        assert_eq!(found, super::judge(&sample.header, &sample.records));
    }

    #[test]
    fn findings_become_records_once() {
        let mut sample = Sample::open();
        sample.end(Ending::Panic("SeqNumber underflow".into()));
        let mut trace = Trace { header: sample.header.clone(), records: sample.records.clone() };
        append(&mut trace);
        let findings = append(&mut trace);
        assert_eq!(findings.len(), 1);
        assert_eq!(trace.records.len(), sample.records.len() + 1);
        let last = trace.records.last().unwrap();
        assert_eq!(last.cause, Some(findings[0].record));
        assert_eq!(last.id.0 + 1, u32::try_from(trace.records.len()).unwrap());
    }
}
