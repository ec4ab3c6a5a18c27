//! pcapng: a capture that Wireshark opens.
//!
//! Rules: each end of each link is an interface (`wire:client`), and so is each host's loopback (`lo:client`). A packet
//! stands at its sender's interface as it left and at its receiver's as it came. What a link or a node did to it is a
//! comment on it. A copy that was corrupted on its way and thrown away for its checksum is told in the comment on the
//! packet sent, and not shown as a packet: every checksum of a capture is right.
//!
//! A packet that got through stands in the capture twice. Wireshark calls the second one a retransmission: [`pcapng_at`]
//! one node gives the capture that would be taken there.
//!
//! Records whose frames are not there (a trace read from JSON without bytes) give no packets: see [`has_frames`].
//!
//! Document: the IETF draft "PCAP Now Generic (pcapng) Capture File Format".

use super::{DropWhy, Header, Names, Record, Trace, What, words};
use crate::base::{LinkId, NodeId, RecordId, Time};
use std::collections::BTreeMap;

const RAW_IP: u16 = 101;
const ETHERNET: u16 = 1;

/// Where a packet stands in the capture: one end of a link, or a host's loopback.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Link(LinkId, NodeId),
    Loop(NodeId),
}

#[derive(Clone, Copy)]
enum Direction {
    Inbound = 1,
    Outbound = 2,
}

/// Are there packets' bytes in these records? If not, a capture of them is empty.
pub fn has_frames(records: &[Record]) -> bool {
    records.iter().any(|record| record.what.frame().is_some_and(|frame| !frame.is_empty()))
}

/// The trace as a capture file.
pub fn pcapng(trace: &Trace) -> Vec<u8> {
    pcapng_at(trace, |_| true)
}

/// The trace as a capture file of what passed the interfaces of these nodes.
pub fn pcapng_at(trace: &Trace, wanted: impl Fn(NodeId) -> bool) -> Vec<u8> {
    let names = Names::new(&trace.header, &trace.records);
    let mut out = Vec::new();
    section(&mut out, &trace.header);
    let places = places(trace);
    for place in places.keys() {
        interface(&mut out, &trace.header, &names, *place);
    }
    let comments = comments(trace, &names);
    for record in trace.records.iter().filter(|record| wanted(record.node)) {
        let Some(frame) = record.what.frame().filter(|frame| !frame.is_empty()) else { continue };
        let Some((place, direction)) = place_of(trace, record) else { continue };
        let Some(id) = places.get(&place) else { continue };
        let comment = comments.get(&record.id).map_or(&[][..], Vec::as_slice);
        packet(&mut out, *id, record.at, frame, direction, comment);
    }
    out
}

/// The interfaces and their numbers: all ends of links, and the loopbacks that were used.
fn places(trace: &Trace) -> BTreeMap<Place, u32> {
    let links = (0_u16..).zip(&trace.header.links);
    let ends = links.flat_map(|(id, link)| link.ends.map(|node| Place::Link(LinkId(id), NodeId(node))));
    let mut all: Vec<Place> = ends.collect();
    for record in trace.records.iter().filter(|record| record.what.frame().is_some()) {
        if let Some((place @ Place::Loop(_), _)) = place_of(trace, record) {
            all.push(place);
        }
    }
    all.sort();
    all.dedup();
    all.into_iter().zip(0..).collect()
}

fn place_of(trace: &Trace, record: &Record) -> Option<(Place, Direction)> {
    let node = record.node;
    match &record.what {
        What::Sent { .. } => Some((place_at(trace, record, node)?, Direction::Outbound)),
        What::Arrived { .. } => Some((place_at(trace, record, node)?, Direction::Inbound)),
        What::Drop { why: DropWhy::BadChecksum | DropWhy::Malformed, .. } => None,
        What::Drop { .. } => Some((place_at(trace, record, node)?, Direction::Inbound)),
        _ => None,
    }
}

/// The interface of `node` that the packet passed: the record says so, or the record of its sending does; else it is the
/// node's only link. `None` for a router in the middle of a path: nothing says by which link the packet came.
fn place_at(trace: &Trace, record: &Record, node: NodeId) -> Option<Place> {
    let from_cause = || match record.what {
        What::Sent { .. } => None,
        _ => link_of(trace.records.get(record.cause?.index())?),
    };
    let joins = |link: &LinkId| {
        let ends = trace.header.links.get(link.index()).map(|link| link.ends);
        ends.is_some_and(|ends| ends.iter().any(|end| usize::from(*end) == node.index()))
    };
    // A packet that was routed did not come by the link onto which it was sent.
    let link = link_of(record).or_else(from_cause).filter(joins);
    if let Some(link) = link {
        return Some(Place::Link(link, node));
    }
    if let What::Sent { packet, .. } | What::Arrived { packet, .. } | What::Drop { packet, .. } = &record.what {
        let own = |addr| trace.header.nodes.get(node.index()).is_some_and(|info| info.addrs.contains(&addr));
        let (src, dst) = (packet.src.ip(), packet.dst.ip());
        if dst.is_loopback() || (own(src) && own(dst)) {
            return Some(Place::Loop(node));
        }
    }
    let links = (0_u16..).zip(&trace.header.links);
    let mut mine = links.map(|(id, _)| LinkId(id)).filter(joins);
    match (mine.next(), mine.next()) {
        (Some(only), None) => Some(Place::Link(only, node)),
        _ => None,
    }
}

fn link_of(record: &Record) -> Option<LinkId> {
    match &record.what {
        What::Sent { link, .. } | What::Arrived { link, .. } => *link,
        What::Fault { link, .. } => Some(*link),
        _ => None,
    }
}

/// What to say about each packet: the faults that met it on the record of its sending, a drop on the dropped packet (or,
/// where that is not shown, on the sent one).
fn comments(trace: &Trace, names: &Names<'_>) -> BTreeMap<RecordId, Vec<String>> {
    let mut all: BTreeMap<RecordId, Vec<String>> = BTreeMap::new();
    for record in &trace.records {
        let (on, text) = match &record.what {
            What::Fault { fault, link, .. } => {
                (record.cause, format!("{} on {}", words::fault_sentence(fault), names.link(*link)))
            }
            What::Drop { why, .. } => {
                let on = if place_of(trace, record).is_some() { Some(record.id) } else { record.cause };
                (on, format!("thrown away by {}: {why}", names.node(record.node)))
            }
            What::Divergence { rule, clause, text, .. } => (record.cause, format!("{rule} ({clause}): {text}")),
            _ => continue,
        };
        if let Some(on) = on {
            all.entry(on).or_default().push(text);
        }
    }
    all
}

fn section(out: &mut Vec<u8>, header: &Header) {
    let mut body = Vec::new();
    body.extend(0x1a2b_3c4d_u32.to_le_bytes());
    body.extend(1_u16.to_le_bytes());
    body.extend(0_u16.to_le_bytes());
    body.extend(u64::MAX.to_le_bytes());
    option(&mut body, 1, format!("{} (seed {}): {}", header.scenario, header.seed, header.title).as_bytes());
    option(&mut body, 4, format!("drywire, on {}", header.stack).as_bytes());
    end_of_options(&mut body);
    block(out, 0x0a0d_0d0a, &body);
}

fn interface(out: &mut Vec<u8>, header: &Header, names: &Names<'_>, place: Place) {
    let (name, ethernet) = match place {
        Place::Link(link, node) => {
            let ethernet = header.links.get(link.index()).is_some_and(|link| link.ethernet);
            (format!("{}:{}", names.link(link), names.node(node)), ethernet)
        }
        Place::Loop(node) => (format!("lo:{}", names.node(node)), false),
    };
    let mut body = Vec::new();
    body.extend(if ethernet { ETHERNET } else { RAW_IP }.to_le_bytes());
    body.extend([0; 2]);
    body.extend(0_u32.to_le_bytes());
    option(&mut body, 2, name.as_bytes());
    option(&mut body, 9, &[9]);
    end_of_options(&mut body);
    block(out, 1, &body);
}

fn packet(out: &mut Vec<u8>, interface: u32, at: Time, frame: &[u8], direction: Direction, comments: &[String]) {
    let Ok(len) = u32::try_from(frame.len()) else { return };
    let mut body = Vec::with_capacity(frame.len() + 48);
    body.extend(interface.to_le_bytes());
    let [high, low] = [at.0 >> 32, at.0 & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or(u32::MAX));
    body.extend(high.to_le_bytes());
    body.extend(low.to_le_bytes());
    body.extend(len.to_le_bytes());
    body.extend(len.to_le_bytes());
    padded(&mut body, frame);
    for comment in comments {
        option(&mut body, 1, comment.as_bytes());
    }
    option(&mut body, 2, &(direction as u32).to_le_bytes());
    end_of_options(&mut body);
    block(out, 6, &body);
}

fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let Ok(len) = u32::try_from(body.len() + 12) else { return };
    out.extend(kind.to_le_bytes());
    out.extend(len.to_le_bytes());
    out.extend_from_slice(body);
    out.extend(len.to_le_bytes());
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let mut end = value.len().min(usize::from(u16::MAX));
    while end < value.len() && value[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(end).unwrap_or(u16::MAX).to_le_bytes());
    padded(body, &value[..end]);
}

fn end_of_options(body: &mut Vec<u8>) {
    body.extend([0; 4]);
}

fn padded(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend_from_slice(bytes);
    body.resize(body.len().next_multiple_of(4), 0);
}
