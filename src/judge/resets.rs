//! How a segment is refused: `rst-to-rst`, `rst-without-ack`, `rst-number` (RFC 9293, 3.5.2 and 3.10.7.1); and
//! `rst-unasked`: where CLOSE or ABORT only deletes the connection, nothing is sent (3.10.4 and 3.10.5).

use super::{Check, Finding, Scene, rfc9293};
use crate::base::{ConnId, RecordId};
use crate::packet::{Flags, Segment};
use crate::tcp::State;
use crate::trace::{CallName, End, Record, What};
use std::collections::BTreeMap;

/// Looks at resets that answer a segment, and at those that a call led to.
#[derive(Default)]
pub(super) struct Resets {
    /// The calls that close.
    calls: BTreeMap<RecordId, CallName>,
    /// Ends that such a call deleted, with the call and the state before.
    deleted: BTreeMap<(ConnId, End), (RecordId, State)>,
}

impl Check for Resets {
    fn observe(&mut self, scene: &Scene<'_>, record: &Record, out: &mut Vec<Finding>) {
        match &record.what {
            What::Call(call) if matches!(call.call, CallName::Close | CallName::Shutdown) => {
                self.calls.insert(record.id, call.call);
            }
            What::State { conn, end, from, to: State::Closed } => {
                if let Some(call) = record.cause.filter(|cause| self.calls.contains_key(cause)) {
                    self.deleted.insert((*conn, *end), (call, *from));
                }
            }
            What::Sent { .. } => self.sent(scene, record, out),
            _ => {}
        }
    }
}

impl Resets {
    fn sent(&self, scene: &Scene<'_>, record: &Record, out: &mut Vec<Finding>) {
        let What::Sent { conn, packet, .. } = &record.what else { return };
        let Some(reset) = packet.tcp().filter(|segment| segment.flags.has(Flags::RST)) else { return };
        if scene.is_crafted(record) {
            return;
        }
        if let Some((clause, text)) = conn.and_then(|conn| self.unasked(scene, record, conn)) {
            out.push(Finding { record: record.id, conn: *conn, rule: "rst-unasked", clause: rfc9293(clause), text });
        }
        let Some((_, cause)) = scene.arrival_behind(record) else { return };
        // A router passes on what it takes in; only an answer goes the other way.
        let Some(refused) = cause.tcp().filter(|_| cause.src == packet.dst && cause.dst == packet.src) else { return };
        if let Some((rule, clause, wrong)) = fault(reset, refused) {
            let text = format!("{}: {wrong}", scene.node_name(record.node));
            out.push(Finding { record: record.id, conn: *conn, rule, clause: rfc9293(clause), text });
        }
    }

    /// The reset comes of a call that only deletes: section, text.
    fn unasked(&self, scene: &Scene<'_>, record: &Record, conn: ConnId) -> Option<(&'static str, String)> {
        let What::Sent { packet, .. } = &record.what else { return None };
        let end = scene.sender(record, conn, packet)?;
        let (call, from) = self.deleted.get(&(conn, end)).filter(|(call, _)| record.cause == Some(*call))?;
        let section = match from {
            State::SynSent => "3.10.4",
            State::Closing | State::LastAck | State::TimeWait => "3.10.5",
            _ => return None,
        };
        let name = self.calls.get(call)?;
        let text = format!(
            "{} called {name} in {from} and sent a RST; right is to delete the connection and send nothing",
            scene.name(conn, end)
        );
        Some((section, text))
    }
}

/// What is wrong with this answer: rule, section, text.
fn fault(reset: &Segment, refused: &Segment) -> Option<(&'static str, &'static str, String)> {
    let flags = refused.flags;
    if flags.has(Flags::RST) {
        let text = "a RST is answered by a RST; right is to discard it".to_owned();
        return Some(("rst-to-rst", "3.5.2", text));
    }
    if flags.has(Flags::ACK) {
        // With ACK set it is an abort of the program's, which has its own numbers.
        let wrong = !reset.flags.has(Flags::ACK) && reset.seq != refused.ack;
        return wrong.then(|| {
            let by = reset.seq.wrapping_sub(refused.ack).cast_signed();
            let text = format!("the RST that answers {flags} has SEG.SEQ = SEG.ACK{by:+}; right is SEG.ACK itself");
            ("rst-number", "3.10.7.1", text)
        });
    }
    if !reset.flags.has(Flags::ACK) {
        let text = format!(
            "{flags} without ACK is answered by a RST without ACK; right is RST,ACK with sequence number 0, acknowledging \
             SEG.SEQ+SEG.LEN ({} octet of sequence space)",
            refused.seg_len()
        );
        return Some(("rst-without-ack", "3.10.7.1", text));
    }
    let right = refused.seq.wrapping_add(refused.seg_len());
    (reset.ack != right).then(|| {
        let by = reset.ack.wrapping_sub(right).cast_signed();
        let text =
            format!("the RST,ACK that answers {flags} acknowledges SEG.SEQ+SEG.LEN{by:+}; right is SEG.SEQ+SEG.LEN");
        ("rst-number", "3.10.7.1", text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::sample::{CLIENT, Sample, ack};
    use crate::trace::Outcome;

    fn segment(flags: Flags, seq: u32, ack: u32) -> Segment {
        Segment { flags, seq, ack, ..Segment::default() }
    }

    #[test]
    fn a_segment_without_ack_is_refused_with_one() {
        let fin = segment(Flags::FIN, 100, 0);
        let rule = |reset: Segment| fault(&reset, &fin).map(|(rule, ..)| rule);
        assert_eq!(rule(segment(Flags::RST, 0, 0)), Some("rst-without-ack"));
        assert_eq!(rule(segment(Flags::RST.with(Flags::ACK), 0, 100)), Some("rst-number"));
        assert_eq!(rule(segment(Flags::RST.with(Flags::ACK), 0, 101)), None);
    }

    #[test]
    fn a_reset_is_never_answered_by_one() {
        let reset = segment(Flags::RST, 5, 0);
        assert_eq!(fault(&reset, &reset).map(|(rule, ..)| rule), Some("rst-to-rst"));
        let late = segment(Flags::ACK, 5, 9);
        assert_eq!(fault(&segment(Flags::RST, 9, 0), &late), None);
        assert!(fault(&segment(Flags::RST, 8, 0), &late).unwrap().2.contains("SEG.ACK-1"));
    }

    #[test]
    fn an_abort_that_only_deletes_is_silent() {
        let aborts = |state: State| {
            let mut sample = Sample::open();
            sample.moves(End::Initiator, state);
            let call = sample.call(CLIENT, CallName::Close, "", Outcome::Ok);
            sample.moves(End::Initiator, State::Closed);
            let reset = sample.send(CLIENT, ack(1, 1).flags(Flags::RST.with(Flags::ACK)));
            sample.records[reset.index()].cause = Some(call);
            sample.findings()
        };
        assert_eq!(aborts(State::CloseWait), []);
        let found = aborts(State::TimeWait);
        assert_eq!((found[0].rule, found[0].clause.as_str()), ("rst-unasked", "RFC 9293 3.10.5"));
        assert_eq!(
            found[0].text,
            "client called close in TIME-WAIT and sent a RST; right is to delete the connection and send nothing"
        );
    }
}
