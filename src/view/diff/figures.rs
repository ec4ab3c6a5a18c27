//! What a run amounts to in numbers.

use super::story::{Story, count, is_again};
use serde::Serialize;
use std::collections::BTreeMap;

/// Numbers of a run, by host.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub(super) struct Figures {
    /// Segments sent.
    pub(super) segments: BTreeMap<String, u64>,
    /// Of these, such as were sent before.
    pub(super) again: u64,
    /// Segments lost on the way, or thrown away.
    pub(super) lost: u64,
    /// Datagrams, ICMP messages and ARP packets sent.
    pub(super) others: BTreeMap<String, u64>,
    /// Calls made.
    pub(super) calls: BTreeMap<String, u64>,
    /// Bytes that programs gave to be sent.
    pub(super) sent: BTreeMap<String, u64>,
    /// Bytes that programs received.
    pub(super) received: BTreeMap<String, u64>,
    /// What the path form says of packets.
    pub(super) packets: Vec<(String, String)>,
}

/// The numbers of a run.
pub(super) fn figures(story: &Story) -> Figures {
    let mut figures = Figures { packets: story.totals.clone(), ..Figures::default() };
    for line in &story.lines {
        let row = &line.row;
        let many = count(row);
        let add = |to: &mut BTreeMap<String, u64>, what: u64| {
            let sum = to.entry(row.host.clone()).or_default();
            *sum = sum.saturating_add(what);
        };
        match row.layer.as_str() {
            "seg>" => {
                add(&mut figures.segments, many);
                figures.again = figures.again.saturating_add(if is_again(row) { many } else { 0 });
            }
            "udp>" | "icmp>" | "arp>" | "ip>" => add(&mut figures.others, many),
            "drop" if row.text.starts_with('[') => figures.lost += 1,
            "call" => {
                let text = row.text.strip_prefix("... ");
                if text.is_none() {
                    add(&mut figures.calls, many);
                }
                let call = text.unwrap_or(&row.text);
                match bytes(call) {
                    Some((true, bytes)) => add(&mut figures.sent, bytes),
                    Some((false, bytes)) => add(&mut figures.received, bytes),
                    None => {}
                }
            }
            _ => {}
        }
    }
    figures
}

/// The bytes that a call moved, and whether it sent them. A program's name may stand before the call.
fn bytes(call: &str) -> Option<(bool, u64)> {
    let name = call.split('(').next()?.rsplit(' ').next()?;
    let sends = match name {
        "send" | "sendto" => true,
        "recv" | "recvfrom" => false,
        _ => return None,
    };
    // What was sent is quoted before the arrow, what was received after it.
    let (_, returned) = if sends { call.rsplit_once(" -> ") } else { call.split_once(" -> ") }?;
    let number = returned.split(' ').next()?.parse().ok()?;
    Some((sends, number))
}
