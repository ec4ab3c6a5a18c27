//! Named faults: "drop the second data segment from server".
//!
//! A rule counts the packets that match all of it but `nth`, and acts on those whose count is in `nth`.

use super::Conns;
use crate::base::{LinkId, NodeId};
use crate::packet::Packet;
use crate::scenario::is_kind;
use crate::scenario::model::{FaultAction, FaultRule, PacketMatch};

/// The named faults of a run, with their counts.
#[derive(Debug)]
pub struct Faults {
    rules: Vec<FaultRule>,
    seen: Vec<u64>,
    /// For the rules that hold: how many packets of the kind that would release them have been sent.
    awaited: Vec<u64>,
}

/// A rule that acts on a packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The rule's index.
    pub rule: u32,
    /// What it does.
    pub action: FaultAction,
}

fn in_sequence(rule: &PacketMatch, packet: &Packet, conns: &Conns) -> bool {
    let Some(range) = &rule.seq else { return true };
    let Some(segment) = packet.tcp() else { return false };
    let iss = conns.find(packet.src, packet.dst).and_then(|(conn, end)| conns.iss(conn, end));
    let Some(iss) = iss else { return false };
    let first = u64::from(segment.seq.wrapping_sub(iss));
    let past = first + u64::from(segment.seg_len()).max(1);
    first < range.end && range.start < past
}

/// All of the rule but `nth`.
fn fits(rule: &PacketMatch, link: LinkId, from: NodeId, packet: &Packet, conns: &Conns) -> bool {
    is_kind(rule.kind, packet)
        && rule.from.is_none_or(|node| node == from)
        && rule.link.is_none_or(|wanted| wanted == link)
        && in_sequence(rule, packet, conns)
}

fn chosen(rule: &PacketMatch, count: u64) -> bool {
    rule.nth.is_empty() || rule.nth.iter().any(|range| range.contains(&count))
}

impl Faults {
    /// These rules, nothing counted yet.
    pub fn new(rules: &[FaultRule]) -> Self {
        Faults { rules: rules.to_vec(), seen: vec![0; rules.len()], awaited: vec![0; rules.len()] }
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// A packet goes onto a link: every rule counts it, the first that acts on it is the answer.
    pub fn judge(&mut self, link: LinkId, from: NodeId, packet: &Packet, conns: &Conns) -> Option<Verdict> {
        let mut verdict = None;
        for (index, rule) in self.rules.iter().enumerate() {
            if !fits(&rule.on, link, from, packet, conns) {
                continue;
            }
            self.seen[index] += 1;
            if verdict.is_none() && chosen(&rule.on, self.seen[index]) {
                let rule_index = u32::try_from(index).unwrap_or(u32::MAX);
                verdict = Some(Verdict { rule: rule_index, action: rule.action.clone() });
            }
        }
        verdict
    }

    /// A packet goes onto a link: the holding rules whose condition comes true when it is delivered.
    pub fn releases(&mut self, link: LinkId, from: NodeId, packet: &Packet, conns: &Conns) -> Vec<u32> {
        let mut released = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let FaultAction::Hold(until) = &rule.action else { continue };
            if fits(until, link, from, packet, conns) {
                self.awaited[index] += 1;
                if chosen(until, self.awaited[index]) {
                    released.push(u32::try_from(index).unwrap_or(u32::MAX));
                }
            }
        }
        released
    }
}
