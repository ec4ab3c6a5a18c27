//! Which numbers an end may use for its text: `gap`: new text begins at SND.NXT, so that none is passed over (RFC 9293,
//! 3.4); `beyond-window`: text fits into the window that the peer has offered (3.8.6); `old-number`: what has no text
//! has the number SND.NXT, which a retransmission does not bring back (3.10.7.4). A lower one makes it unacceptable to a
//! peer that has received more, and its acknowledgment is dropped with it.
//!
//! The window that counts is the farthest one ever offered, so that shrinking it accuses nobody. A probe of one octet
//! may go beyond it, and so may a FIN, which takes no room.

use super::wire::Wire;
use super::{Check, Finding, Scene, rfc9293};
use crate::base::ConnId;
use crate::packet::{Flags, Segment};
use crate::tcp::State;
use crate::trace::{End, Record, What};
use std::collections::BTreeSet;

/// Looks at where each end's text begins and ends.
#[derive(Default)]
pub(super) struct Order {
    /// The old numbers told, by end: one complaint each.
    told: BTreeSet<(ConnId, End, i64)>,
}

impl Check for Order {
    fn observe(&mut self, scene: &Scene<'_>, record: &Record, out: &mut Vec<Finding>) {
        let What::Sent { conn: Some(conn), packet, .. } = &record.what else { return };
        let Some(segment) = packet.tcp() else { return };
        if segment.flags.has(Flags::SYN) || segment.flags.has(Flags::RST) {
            return;
        }
        let Some(end) = scene.sender(record, *conn, packet) else { return };
        let Some(wire) = scene.side(*conn, end).map(|side| &side.wire) else { return };
        // An end without a connection answers for none of these numbers.
        let open = scene.side(*conn, end).is_some_and(|side| side.state.is_some_and(|state| state != State::Closed));
        let found = match segment.seg_len() {
            0 => {
                let at = wire.own(segment.seq).filter(|_| open);
                [at.and_then(|at| old(wire, at).filter(|_| self.told.insert((*conn, end, at)))), None]
            }
            _ => [gap(wire, segment), beyond(wire, segment)],
        };
        for (rule, section, wrong) in found.into_iter().flatten() {
            let text = format!("{} {wrong}", scene.name(*conn, end));
            out.push(Finding { record: record.id, conn: Some(*conn), rule, clause: rfc9293(section), text });
        }
    }
}

/// Rule, section, text.
type Wrong = (&'static str, &'static str, String);

/// What is wrong with this number of a segment that has no text. SND.UNA-1 is a keep-alive (3.8.4).
fn old(wire: &Wire, seq: i64) -> Option<Wrong> {
    (seq < wire.una - 1).then(|| {
        let (una, nxt) = (wire.una, wire.nxt());
        let text = format!("sends an ACK with the number {seq}, but {una} has been acknowledged; SND.NXT is {nxt}");
        ("old-number", "3.10.7.4", text)
    })
}

/// It begins after SND.NXT.
fn gap(wire: &Wire, segment: &Segment) -> Option<Wrong> {
    let (start, nxt) = (wire.own(segment.seq)?, wire.nxt());
    let (end, last) = (start + i64::from(segment.seg_len()), start - 1);
    (start > nxt).then(|| {
        let missing = if last == nxt { format!("octet {nxt} was") } else { format!("octets {nxt} to {last} were") };
        ("gap", "3.4", format!("sends [{start},{end}), but {missing} never sent; right is to begin at {nxt}"))
    })
}

/// Its text ends beyond the window.
fn beyond(wire: &Wire, segment: &Segment) -> Option<Wrong> {
    let start = wire.own(segment.seq)?;
    let (end, edge) = (start + i64::from(segment.len), wire.edge);
    (segment.len > 1 && edge > 0 && end > edge).then(|| {
        let text = format!("sends text [{start},{end}), but no window offered goes beyond {edge}");
        ("beyond-window", "3.8.6", format!("{text}; right is to send what fits"))
    })
}

#[cfg(test)]
mod tests {
    use crate::judge::sample::{CLIENT, SERVER, Sample, ack};

    #[test]
    fn text_that_passes_over_numbers_is_found() {
        let mut sample = Sample::open();
        sample.send(CLIENT, ack(1, 1).text(100));
        sample.send(CLIENT, ack(201, 1).text(100));
        sample.send(CLIENT, ack(101, 1).text(100));
        let findings = sample.findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!((findings[0].rule, findings[0].clause.as_str()), ("gap", "RFC 9293 3.4"));
        assert!(findings[0].text.starts_with("client sends [201,301), but octets 101 to 200 were never sent"));
    }

    #[test]
    fn text_beyond_the_window_is_found() {
        let mut sample = Sample::open();
        sample.send(CLIENT, ack(1, 1).text(1_000));
        sample.send(CLIENT, ack(1_001, 1).text(1));
        assert_eq!(sample.rules(), Vec::<&str>::new(), "a probe");
        sample.send(CLIENT, ack(1, 1).text(1_200));
        let findings = sample.findings();
        assert_eq!((findings[0].rule, findings[0].clause.as_str()), ("beyond-window", "RFC 9293 3.8.6"));
        assert!(findings[0].text.starts_with("client sends text [1,1201), but no window offered goes beyond 1001"));
    }

    #[test]
    fn text_can_be_both() {
        let mut sample = Sample::open();
        sample.send(CLIENT, ack(1_101, 1).text(100));
        assert_eq!(sample.rules(), ["gap", "beyond-window"]);
        assert!(sample.findings()[0].text.contains("octets 1 to 1100 were never sent"));
    }

    #[test]
    fn an_ack_with_a_number_long_acknowledged_is_found_once() {
        let mut sample = Sample::open();
        sample.pass(CLIENT, ack(1, 1).text(900));
        sample.pass(SERVER, ack(1, 901));
        sample.send(CLIENT, ack(900, 1));
        assert_eq!(sample.rules(), Vec::<&str>::new(), "a keep-alive");
        sample.send(CLIENT, ack(501, 1));
        sample.send(CLIENT, ack(501, 1));
        let findings = sample.findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!((findings[0].rule, findings[0].clause.as_str()), ("old-number", "RFC 9293 3.10.7.4"));
        assert_eq!(
            findings[0].text,
            "client sends an ACK with the number 501, but 901 has been acknowledged; SND.NXT is 901"
        );
    }
}
