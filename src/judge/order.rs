//! `gap`: new text begins at SND.NXT, so that no number is passed over (RFC 9293, 3.4).

use super::{Check, Finding, Scene, rfc9293};
use crate::packet::Flags;
use crate::trace::{Record, What};

/// Looks at where each end's text begins.
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
        let Some(start) = wire.own(segment.seq).filter(|&start| start > wire.nxt()) else { return };
        let text = format!(
            "{} sends {}, but what is from {} to it was never sent; right is to begin at {}",
            scene.name(*conn, end),
            format_args!("[{start},{})", start + i64::from(segment.seg_len())),
            wire.nxt(),
            wire.nxt()
        );
        out.push(Finding { record: record.id, conn: Some(*conn), rule: "gap", clause: rfc9293("3.4"), text });
    }
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
}
