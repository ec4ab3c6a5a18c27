//! `corrupt-delivered`: checksums exist so that a damaged packet is thrown away (RFC 9293, 3.1: the checksum is never
//! optional, and the receiver MUST check it).
//!
//! A link may have made copies of a packet and damaged one: so many arrivals are right as there are copies, less the
//! damaged ones. Where no checksum covers the flipped bit (Ethernet's header, the IPv6 header, ARP), nothing is claimed.

use super::{Check, Finding, Scene, rfc9293};
use crate::base::{NodeId, RecordId};
use crate::packet::{Body, Packet};
use crate::trace::{Fault, Record, What};
use std::collections::BTreeMap;

/// Copies of one packet that are on their way.
struct Copies {
    made: u32,
    damaged: u32,
    arrived: BTreeMap<NodeId, u32>,
}

/// Counts copies of damaged packets.
#[derive(Default)]
pub(super) struct Corruption {
    sent: BTreeMap<RecordId, Copies>,
}

impl Check for Corruption {
    fn observe(&mut self, scene: &Scene<'_>, record: &Record, out: &mut Vec<Finding>) {
        let Some(cause) = record.cause else { return };
        match &record.what {
            What::Fault { fault: Fault::Duplicated(_), .. } => self.copies(cause).made += 1,
            What::Fault { fault: Fault::Corrupted(_, bit), packet, .. } if is_covered(packet, *bit) => {
                self.copies(cause).damaged += 1;
            }
            What::Arrived { conn, .. } => {
                let Some(copies) = self.sent.get_mut(&cause) else { return };
                let here = copies.arrived.entry(record.node).or_default();
                *here += 1;
                if copies.damaged > 0 && *here + copies.damaged > copies.made {
                    let text = format!(
                        "a packet with a flipped bit was taken in by {}; right is to drop it for its bad checksum",
                        scene.node_name(record.node)
                    );
                    let rule = "corrupt-delivered";
                    out.push(Finding { record: record.id, conn: *conn, rule, clause: rfc9293("3.1"), text });
                }
            }
            _ => {}
        }
    }
}

impl Corruption {
    fn copies(&mut self, sent: RecordId) -> &mut Copies {
        self.sent.entry(sent).or_insert(Copies { made: 1, damaged: 0, arrived: BTreeMap::new() })
    }
}

/// The flipped bit lies where a checksum covers it, whether or not the frame has an Ethernet header: 14 bytes, and for
/// IPv6 40 more.
fn is_covered(packet: &Packet, bit: u32) -> bool {
    let headers = if packet.src.is_ipv6() { 14 + 40 } else { 14 };
    !matches!(packet.body, Body::Arp(_)) && bit >= headers * 8
}

#[cfg(test)]
mod tests {
    use crate::judge::sample::{CLIENT, SERVER, Sample, ack};
    use crate::trace::Fault;

    #[test]
    fn a_damaged_segment_must_not_arrive() {
        let mut sample = Sample::open();
        let sent = sample.send(CLIENT, ack(1, 1).text(5));
        sample.fault(sent, Fault::Corrupted(Some(0), 300));
        sample.arrive(SERVER, sent);
        sample.send(SERVER, ack(1, 6));
        assert_eq!(sample.rules(), ["corrupt-delivered"]);
    }

    #[test]
    fn its_undamaged_copy_may() {
        let mut sample = Sample::open();
        let sent = sample.send(CLIENT, ack(1, 1).text(5));
        sample.fault(sent, Fault::Duplicated(None));
        sample.fault(sent, Fault::Corrupted(None, 300));
        sample.arrive(SERVER, sent);
        sample.send(SERVER, ack(1, 6));
        assert_eq!(sample.rules(), Vec::<&str>::new());
    }
}
