//! Which packets and records are meant.

use super::Run;
use crate::base::{ConnId, NodeId};
use crate::judge::Scene;
use crate::machine::Finite;
use crate::packet::{Body, Flags, Packet};
use crate::scenario::model::{CountOf, PacketKind, RecordMatch};
use crate::trace::{CallName, Fault, Outcome, Record, TimerKind, What};

/// Whether a packet is of this kind.
pub fn is_kind(kind: PacketKind, packet: &Packet) -> bool {
    let tcp = packet.tcp();
    match kind {
        PacketKind::Any => true,
        PacketKind::Flags(flags) => tcp.is_some_and(|segment| {
            let bare = flags.without(Flags::PSH) == Flags::ACK;
            segment.flags.without(Flags::PSH) == flags.without(Flags::PSH) && !(bare && segment.len > 0)
        }),
        PacketKind::Fin => tcp.is_some_and(|segment| segment.flags.has(Flags::FIN)),
        PacketKind::Rst => tcp.is_some_and(|segment| segment.flags.has(Flags::RST)),
        PacketKind::Data => tcp.is_some_and(|segment| segment.len > 0),
        PacketKind::Tcp => tcp.is_some(),
        PacketKind::Udp => matches!(packet.body, Body::Udp(_)),
        PacketKind::Icmp => matches!(packet.body, Body::Icmp(_)),
        PacketKind::Arp => matches!(packet.body, Body::Arp(_)),
    }
}

/// The connection of this name: initiator and count.
pub(super) fn conn_named(records: &[Record], (node, count): (NodeId, u32)) -> Option<ConnId> {
    records.iter().find_map(|record| match record.what {
        What::Conn { conn, n, .. } if record.node == node && n == count => Some(conn),
        _ => None,
    })
}

/// What one record is worth in a count.
struct Worth<'p> {
    many: u64,
    conn: Option<ConnId>,
    packet: Option<&'p Packet>,
    words: Vec<&'static str>,
}

impl<'p> Worth<'p> {
    fn one(conn: Option<ConnId>, packet: Option<&'p Packet>, word: Option<&'static str>) -> Option<Self> {
        Some(Worth { many: 1, conn, packet, words: word.into_iter().collect() })
    }
}

/// How many there are.
pub(super) fn count(run: &Run<'_>, of: &RecordMatch) -> u64 {
    if of.what == CountOf::Divergences {
        return divergences(run, of);
    }
    let wanted = of.conn.map(|name| conn_named(run.records, name));
    let mut scene = Scene::new(run.header);
    let mut total = 0;
    for record in run.records {
        if of.node.is_none_or(|node| node == record.node)
            && let Some(worth) = worth(&scene, of.what, record)
            && wanted.is_none_or(|conn| conn.is_some() && worth.conn == conn)
            && of.packet.is_none_or(|kind| worth.packet.is_some_and(|packet| is_kind(kind, packet)))
            && of.word.as_deref().is_none_or(|word| worth.words.contains(&word))
        {
            total += worth.many;
        }
        scene.observe(record);
    }
    total
}

fn divergences(run: &Run<'_>, of: &RecordMatch) -> u64 {
    let wanted = of.conn.map(|name| conn_named(run.records, name));
    let node = |finding: &crate::judge::Finding| {
        run.records.iter().find(|record| record.id == finding.record).map(|record| record.node)
    };
    let found = run.findings.iter().filter(|finding| {
        of.word.as_deref().is_none_or(|word| word == finding.rule)
            && wanted.is_none_or(|conn| conn.is_some() && finding.conn == conn)
            && (of.node.is_none() || node(finding) == of.node)
    });
    u64::try_from(found.count()).unwrap_or(u64::MAX)
}

/// Whether the record is of this sort, and what it is worth.
fn worth<'p>(scene: &Scene<'_>, what: CountOf, record: &'p Record) -> Option<Worth<'p>> {
    match (what, &record.what) {
        (CountOf::Sent, What::Sent { conn, packet, .. }) | (CountOf::Arrived, What::Arrived { conn, packet, .. }) => {
            Worth::one(*conn, Some(packet), None)
        }
        (CountOf::Retransmissions, What::Sent { conn, packet, .. }) if retransmits(scene, record) => {
            Worth::one(*conn, Some(packet), None)
        }
        (CountOf::Lost, What::Fault { conn, packet, fault, .. }) if fault.is_loss() => {
            Worth::one(*conn, Some(packet), Some(loss(fault)))
        }
        (CountOf::Dropped, What::Drop { conn, packet, why, .. }) => Worth::one(*conn, Some(packet), Some(why.name())),
        (CountOf::Timers, What::Timer { conn, timer, .. }) => Worth::one(*conn, None, Some(timer.name())),
        (CountOf::Connections, What::Conn { conn, .. }) => Worth::one(Some(*conn), None, None),
        (CountOf::Received, What::Call(_) | What::Return { .. }) => {
            let done = scene.returned(record)?;
            let Outcome::Data(data) = done.outcome else { return None };
            let conn = done.call.conn.filter(|_| done.call.call == CallName::Recv)?;
            let many = u64::try_from(data.0.len()).unwrap_or(u64::MAX);
            Some(Worth { many, conn: Some(conn), packet: None, words: Vec::new() })
        }
        (CountOf::Errors, What::Call(_) | What::Return { .. }) => {
            let done = scene.returned(record)?;
            let Outcome::Err(errno) = done.outcome else { return None };
            Worth::one(done.call.conn, None, Some(errno.name()))
        }
        _ => None,
    }
}

/// A segment that begins below the highest number sent. Not counted: what a zero-window probe's or a keep-alive's timer
/// sent, and what by its numbers can only be one of those.
fn retransmits(scene: &Scene<'_>, record: &Record) -> bool {
    let What::Sent { conn: Some(conn), packet, .. } = &record.what else { return false };
    let (Some(segment), Some(end)) = (packet.tcp(), scene.sender(record, *conn, packet)) else { return false };
    let probe = matches!(scene.timer_behind(record), Some(TimerKind::Probe | TimerKind::KeepAlive));
    !probe && scene.side(*conn, end).is_some_and(|side| side.wire.repeats(segment))
}

const fn loss(fault: &Fault) -> &'static str {
    match fault {
        Fault::Dropped(_) => "dropped",
        Fault::Lost => "lost",
        Fault::LostInBurst => "lost-in-burst",
        Fault::QueueFull => "queue-full",
        Fault::Cut => "cut",
        Fault::TooBig => "too-big",
        Fault::Duplicated(_) => "duplicated",
        Fault::Delayed(..) => "delayed",
        Fault::Held(_) => "held",
        Fault::Released(_) => "released",
        Fault::Reordered(_) => "reordered",
        Fault::Corrupted(..) => "corrupted",
    }
}
