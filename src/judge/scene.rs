//! What all checks need to know: the connections, their ends and states, the calls that wait, and what happened at
//! this instant. Checks see the scene as it was before the record that they look at.

use super::wire::Wire;
use crate::base::{ConnId, Fd, NodeId, RecordId, Time};
use crate::packet::Packet;
use crate::tcp::State;
use crate::trace::{Call, CallName, End, Ending, Header, Outcome, Record, TimerKind, What};
use core::net::SocketAddr;
use std::collections::{BTreeMap, BTreeSet};

/// One end of a connection.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// What the wire says of it.
    pub wire: Wire,
    /// Its state, once a record told it; `None` also after its host has crashed.
    pub state: Option<State>,
    /// Octets that `send` has taken from the program.
    pub given: u64,
    /// Segments of a program's own making have reached it, with text or controls: what it receives is not its peer's.
    pub misled: bool,
    /// Its host has crashed since the connection began.
    pub crashed: bool,
}

/// A connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The initiator's node.
    pub initiator: NodeId,
    /// The acceptor's node, if an address of the header is the remote one.
    pub acceptor: Option<NodeId>,
    /// The initiator's address and port.
    pub local: SocketAddr,
    /// The acceptor's.
    pub remote: SocketAddr,
    sides: [Side; 2],
}

const fn slot(end: End) -> usize {
    match end {
        End::Initiator => 0,
        End::Acceptor => 1,
    }
}

impl Connection {
    /// One end.
    pub fn side(&self, end: End) -> &Side {
        &self.sides[slot(end)]
    }

    fn side_mut(&mut self, end: End) -> &mut Side {
        &mut self.sides[slot(end)]
    }

    /// The end that hears what this end sends: the other one, or itself where a socket is connected to itself.
    pub fn peer(&self, end: End) -> End {
        match end {
            End::Initiator if self.local == self.remote => End::Initiator,
            End::Initiator => End::Acceptor,
            End::Acceptor => End::Initiator,
        }
    }

    /// The node on which an end is.
    pub fn node(&self, end: End) -> Option<NodeId> {
        match end {
            End::Initiator => Some(self.initiator),
            End::Acceptor => self.acceptor,
        }
    }

    /// The end whose address this is.
    pub fn end_at(&self, addr: SocketAddr) -> Option<End> {
        if addr == self.local {
            Some(End::Initiator)
        } else if addr == self.remote {
            Some(End::Acceptor)
        } else {
            None
        }
    }
}

/// A call that has returned, at once or later.
#[derive(Clone, Copy, Debug)]
pub struct Returned<'r> {
    /// The record of the call.
    pub id: RecordId,
    /// Its host.
    pub node: NodeId,
    /// The call itself.
    pub call: &'r Call,
    /// What it returned.
    pub outcome: &'r Outcome,
}

/// The run so far.
#[derive(Debug)]
pub struct Scene<'a> {
    pub(super) header: &'a Header,
    conns: BTreeMap<ConnId, Connection>,
    accepted: BTreeSet<(NodeId, Fd)>,
    waiting: BTreeMap<RecordId, (NodeId, Call)>,
    crafted: BTreeSet<RecordId>,
    now: Time,
    arrivals: BTreeMap<RecordId, Packet>,
    links: BTreeMap<RecordId, RecordId>,
    timers: BTreeMap<RecordId, TimerKind>,
    ending: Option<(RecordId, Time, Ending)>,
}

impl<'a> Scene<'a> {
    /// Before the first record.
    pub fn new(header: &'a Header) -> Self {
        Scene {
            header,
            conns: BTreeMap::new(),
            accepted: BTreeSet::new(),
            waiting: BTreeMap::new(),
            crafted: BTreeSet::new(),
            now: Time::ZERO,
            arrivals: BTreeMap::new(),
            links: BTreeMap::new(),
            timers: BTreeMap::new(),
            ending: None,
        }
    }

    /// All connections, by id.
    pub fn conns(&self) -> impl Iterator<Item = (ConnId, &Connection)> {
        self.conns.iter().map(|(&id, conn)| (id, conn))
    }

    /// All ends of all connections.
    pub fn sides(&self) -> impl Iterator<Item = (ConnId, End, &Connection)> {
        self.conns().flat_map(|(id, conn)| [End::Initiator, End::Acceptor].map(|end| (id, end, conn)))
    }

    /// A connection.
    pub fn conn(&self, id: ConnId) -> Option<&Connection> {
        self.conns.get(&id)
    }

    /// One end of a connection.
    pub fn side(&self, id: ConnId, end: End) -> Option<&Side> {
        self.conn(id).map(|conn| conn.side(end))
    }

    /// What an end of an earlier connection between the same sockets is still in, on the same host: its state. What
    /// comes for the later one reaches that end.
    pub fn earlier(&self, id: ConnId, end: End) -> Option<State> {
        let (conn, later) = (self.conn(id)?, self.conn(id)?.node(end)?);
        let (local, remote) = if end == End::Initiator { (conn.local, conn.remote) } else { (conn.remote, conn.local) };
        let older = self.conns.range(..id).rev().filter_map(|(_, older)| {
            let which = older.end_at(local).filter(|&which| older.end_at(remote) == Some(older.peer(which)))?;
            (older.node(which) == Some(later)).then(|| older.side(which).state)
        });
        older.flatten().find(|state| !matches!(state, State::Closed | State::Listen))
    }

    /// How the run ended: the record, when, and how.
    pub const fn ending(&self) -> Option<&(RecordId, Time, Ending)> {
        self.ending.as_ref()
    }

    /// The name of an end for people: its host's, and which end where the host is both; an address where no node is.
    pub fn name(&self, id: ConnId, end: End) -> String {
        let Some(conn) = self.conn(id) else { return format!("{end:?}").to_lowercase() };
        let addr = if end == End::Initiator { conn.local } else { conn.remote };
        let name = conn.node(end).and_then(|node| self.header.nodes.get(node.index())).map(|node| node.name.as_str());
        match (name, end) {
            (Some(name), End::Initiator) if conn.acceptor == Some(conn.initiator) => format!("{name} (initiator)"),
            (Some(name), End::Acceptor) if conn.acceptor == Some(conn.initiator) => format!("{name} (acceptor)"),
            (Some(name), _) => name.to_owned(),
            (None, _) => addr.to_string(),
        }
    }

    /// The name of a node for people.
    pub fn node_name(&self, node: NodeId) -> String {
        self.header.nodes.get(node.index()).map_or_else(|| format!("node {}", node.0), |node| node.name.clone())
    }

    /// The end behind a descriptor of a node.
    pub fn end_of(&self, id: ConnId, node: NodeId, fd: Option<Fd>) -> Option<End> {
        let conn = self.conn(id)?;
        if conn.acceptor != Some(conn.initiator) {
            return Some(if conn.initiator == node { End::Initiator } else { End::Acceptor });
        }
        Some(if self.accepted.contains(&(node, fd?)) { End::Acceptor } else { End::Initiator })
    }

    /// The end whose stack sent this packet: none if a program crafted it, or another node did.
    pub fn sender(&self, record: &Record, id: ConnId, packet: &Packet) -> Option<End> {
        let conn = self.conn(id)?;
        let end = conn.end_at(packet.src)?;
        let crafted = self.is_crafted(record);
        (!crafted && conn.node(end) == Some(record.node)).then_some(end)
    }

    /// The end that this packet reached.
    pub fn receiver(&self, record: &Record, id: ConnId, packet: &Packet) -> Option<End> {
        let conn = self.conn(id)?;
        let end = conn.end_at(packet.dst)?;
        (conn.node(end) == Some(record.node)).then_some(end)
    }

    /// A program made this packet by hand (or its cause's packet, for an arrival).
    pub fn is_crafted(&self, record: &Record) -> bool {
        record.cause.is_some_and(|cause| self.crafted.contains(&cause))
    }

    /// The packet whose arrival, at this very instant, led to the record: straight or through a state change.
    pub fn arrival_behind(&self, record: &Record) -> Option<(RecordId, &Packet)> {
        let mut at = record.cause?;
        while let Some(&before) = self.links.get(&at) {
            at = before;
        }
        self.arrivals.get(&at).map(|packet| (at, packet))
    }

    /// The timer whose firing, at this very instant, led to the record.
    pub fn timer_behind(&self, record: &Record) -> Option<TimerKind> {
        self.timers.get(&record.cause?).copied()
    }

    /// A segment that begins below the highest number sent. Not counted: what a zero-window probe's or a keep-alive's timer
    /// sent, and what by its numbers can only be one of those. Asked before the record is taken in.
    pub fn retransmits(&self, record: &Record) -> bool {
        let What::Sent { conn: Some(conn), packet, .. } = &record.what else { return false };
        let (Some(segment), Some(end)) = (packet.tcp(), self.sender(record, *conn, packet)) else { return false };
        let probe = matches!(self.timer_behind(record), Some(TimerKind::Probe | TimerKind::KeepAlive));
        !probe && self.side(*conn, end).is_some_and(|side| side.wire.repeats(segment))
    }

    /// The call that this record shows returned.
    pub fn returned<'r>(&'r self, record: &'r Record) -> Option<Returned<'r>> {
        match &record.what {
            What::Call(call) if call.outcome != Outcome::Pending => {
                Some(Returned { id: record.id, node: record.node, call, outcome: &call.outcome })
            }
            What::Return { of, outcome, .. } => {
                let (node, call) = self.waiting.get(of)?;
                Some(Returned { id: *of, node: *node, call, outcome })
            }
            _ => None,
        }
    }

    /// Calls that have not returned.
    pub fn waiting(&self) -> impl Iterator<Item = (RecordId, NodeId, &Call)> {
        self.waiting.iter().map(|(&id, (node, call))| (id, *node, call))
    }

    /// Takes the record in.
    pub fn observe(&mut self, record: &Record) {
        if record.at != self.now {
            self.now = record.at;
            self.arrivals.clear();
            self.links.clear();
            self.timers.clear();
        }
        self.note_return(record);
        match &record.what {
            What::Conn { conn, local, remote, .. } => self.meet(*conn, record.node, *local, *remote),
            What::Call(call) => self.note_call(record, call),
            What::Sent { conn, packet, .. } => self.note_sent(record, *conn, packet),
            What::Arrived { conn, packet, .. } => self.note_arrived(record, *conn, packet),
            What::State { conn, end, to, .. } => self.note_state(record, *conn, *end, *to),
            What::Edge(_) => self.link(record),
            What::Timer { timer, .. } => _ = self.timers.insert(record.id, *timer),
            What::Power { up: false } => self.crash(record.node),
            What::End { ending } => self.ending = Some((record.id, record.at, ending.clone())),
            What::Step { .. }
            | What::Return { .. }
            | What::Fault { .. }
            | What::Drop { .. }
            | What::Link { .. }
            | What::App { .. }
            | What::Power { up: true }
            | What::Stall { .. }
            | What::Divergence { .. } => {}
        }
    }

    fn link(&mut self, record: &Record) {
        // Only backwards, so that following links ends even in a trace that is out of order.
        if let Some(cause) = record.cause.filter(|&cause| cause < record.id) {
            self.links.insert(record.id, cause);
        }
    }

    fn meet(&mut self, id: ConnId, initiator: NodeId, local: SocketAddr, remote: SocketAddr) {
        let lives = |ip| self.header.nodes.iter().position(|node| node.addrs.contains(&ip));
        let acceptor = if remote.ip().is_loopback() || remote.ip() == local.ip() {
            Some(initiator)
        } else {
            lives(remote.ip()).and_then(|at| u16::try_from(at).ok()).map(NodeId)
        };
        let sides = [Side::default(), Side::default()];
        self.conns.insert(id, Connection { initiator, acceptor, local, remote, sides });
    }

    fn note_call(&mut self, record: &Record, call: &Call) {
        if call.call.crafts() {
            self.crafted.insert(record.id);
        }
        if call.outcome == Outcome::Pending {
            self.waiting.insert(record.id, (record.node, call.clone()));
        }
    }

    fn note_return(&mut self, record: &Record) {
        let Some(done) = self.returned(record) else { return };
        let (id, node) = (done.id, done.node);
        let of = done.call.conn.and_then(|conn| Some((conn, self.end_of(conn, node, done.call.fd)?)));
        let (call, outcome) = (done.call.call, done.outcome.clone());
        match (call, outcome) {
            (CallName::Accept, Outcome::Accepted(fd, _)) => _ = self.accepted.insert((node, fd)),
            (CallName::Send, Outcome::Count(count)) => {
                if let Some((conn, end)) = of
                    && let Some(conn) = self.conns.get_mut(&conn)
                {
                    conn.side_mut(end).given += u64::from(count);
                }
            }
            _ => {}
        }
        self.waiting.remove(&id);
    }

    fn note_sent(&mut self, record: &Record, id: Option<ConnId>, packet: &Packet) {
        if self.is_crafted(record) {
            self.crafted.insert(record.id);
        }
        let (Some(id), Some(segment)) = (id, packet.tcp()) else { return };
        if let Some(end) = self.sender(record, id, packet)
            && let Some(conn) = self.conns.get_mut(&id)
        {
            conn.side_mut(end).wire.sends(record.id, segment);
        }
    }

    fn note_arrived(&mut self, record: &Record, id: Option<ConnId>, packet: &Packet) {
        self.arrivals.insert(record.id, *packet);
        let (Some(id), Some(segment)) = (id, packet.tcp()) else { return };
        let crafted = self.is_crafted(record);
        let misled = crafted && segment.seg_len() > 0;
        let receiver = self.receiver(record, id, packet);
        if crafted && receiver.is_none() {
            // A router has it, and will send it on.
            self.crafted.insert(record.id);
        }
        if let Some(end) = receiver
            && let Some(conn) = self.conns.get_mut(&id)
        {
            let side = conn.side_mut(end);
            side.misled |= misled;
            side.wire.takes(segment);
        }
    }

    fn note_state(&mut self, record: &Record, id: ConnId, end: End, to: State) {
        self.link(record);
        if let Some(conn) = self.conns.get_mut(&id) {
            let side = conn.side_mut(end);
            if (side.state, to) == (Some(State::TimeWait), State::SynReceived) {
                side.wire.begins_anew();
            }
            side.state = Some(to);
            if matches!(to, State::Closed | State::Listen) {
                side.wire.forget_peer();
            }
        }
    }

    fn crash(&mut self, node: NodeId) {
        for conn in self.conns.values_mut() {
            for end in [End::Initiator, End::Acceptor] {
                if conn.node(end) == Some(node) {
                    let side = conn.side_mut(end);
                    side.state = None;
                    side.crashed = true;
                }
            }
        }
        self.waiting.retain(|_, (at, _)| *at != node);
    }
}
