//! Which numbers an end may use for its text: `gap`: new text begins at SND.NXT, so that none is passed over (RFC 9293,
//! 3.4); `beyond-window`: text fits into the window that the peer has offered (3.8.6).
//!
//! The window that counts is the farthest one ever offered, so that shrinking it accuses nobody. A probe of one octet
//! may go beyond it, and so may a FIN, which takes no room.

use super::wire::Wire;
use super::{Check, Finding, Scene, rfc9293};
use crate::packet::{Flags, Segment};
use crate::trace::{Record, What};

/// Looks at where each end's text begins and ends.
pub(super) struct Order;

impl Check for Order {
    fn observe(&mut self, scene: &Scene<'_>, record: &Record, out: &mut Vec<Finding>) {
        let What::Sent { conn: Some(conn), packet, .. } = &record.what else { return };
        let Some(segment) = packet.tcp().filter(|segment| segment.seg_len() > 0) else { return };
        if segment.flags.has(Flags::SYN) || segment.flags.has(Flags::RST) {
            return;
        }
        let Some(end) = scene.sender(record, *conn, packet) else { return };
        let Some(wire) = scene.side(*conn, end).map(|side| &side.wire) else { return };
        if let Some((rule, section, wrong)) = fault(wire, segment) {
            let text = format!("{} {wrong}", scene.name(*conn, end));
            out.push(Finding { record: record.id, conn: Some(*conn), rule, clause: rfc9293(section), text });
        }
    }
}

/// What is wrong with the numbers of this segment: rule, section, text.
fn fault(wire: &Wire, segment: &Segment) -> Option<(&'static str, &'static str, String)> {
    let start = wire.own(segment.seq)?;
    let (nxt, text_end) = (wire.nxt(), start + i64::from(segment.len));
    if start > nxt {
        let end = start + i64::from(segment.seg_len());
        let text = format!("sends [{start},{end}), but what is from {nxt} to it was never sent; right is to begin at {nxt}");
        return Some(("gap", "3.4", text));
    }
    if segment.len > 1 && wire.edge > 0 && text_end > wire.edge {
        let text = format!("sends text [{start},{text_end}), but no window offered goes beyond {}", wire.edge);
        return Some(("beyond-window", "3.8.6", format!("{text}; right is to send what fits")));
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::judge::sample::{CLIENT, Sample, ack};

    #[test]
    fn text_that_passes_over_numbers_is_found() {
        let mut sample = Sample::open();
        sample.send(CLIENT, ack(1, 1).text(100));
        sample.send(CLIENT, ack(201, 1).text(100));
        sample.send(CLIENT, ack(101, 1).text(100));
        let findings = sample.findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!((findings[0].rule, findings[0].clause.as_str()), ("gap", "RFC 9293 3.4"));
        assert!(findings[0].text.starts_with("client sends [201,301), but what is from 101 to it was never sent"));
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
}
