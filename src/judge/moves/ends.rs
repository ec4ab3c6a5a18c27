//! What is followed for each end of each connection.

use super::Due;
use crate::base::{ConnId, NodeId};
use crate::packet::{self, Packet};
use crate::tcp::{Facts, Inputs, Segment, State};
use crate::trace::End;
use core::net::SocketAddr;
use std::collections::BTreeMap;

/// One end.
#[derive(Clone, Debug, Default)]
pub(super) struct EndState {
    /// Its host, once known.
    pub(super) node: Option<NodeId>,
    /// Its state, once a record has said it.
    pub(super) state: Option<State>,
    /// Its control block, as far as the wire shows it.
    pub(super) facts: Facts,
    /// The same, since its last arrival, if it had dropped until then what it had not acknowledged.
    pub(super) other: Option<Facts>,
    /// Its program has closed: it may abort when text comes that nobody will read.
    pub(super) given_back: bool,
    /// The move that its last arrival demands and that has not been seen yet.
    pub(super) due: Option<Due>,
}

impl EndState {
    /// Whether a record of this node may be the end's: routers see its segments too.
    pub(super) fn is_at(&self, node: NodeId) -> bool {
        self.node.is_none_or(|own| own == node)
    }

    /// Takes note of a segment that it sent.
    pub(super) fn sent(&mut self, segment: &Segment) {
        self.facts.sent(segment);
        if let Some(other) = &mut self.other {
            other.sent(segment);
        }
    }

    /// Takes note of an arrival; says what it is to the end, in both readings.
    pub(super) fn received(&mut self, segment: &Segment) -> (Inputs, Option<Inputs>) {
        if self.facts.may_begin_anew(segment) {
            // An end in TIME-WAIT may take it for a new connection's (RFC 9293, MAY-2): that is the other reading.
            let anew = Segment { newer: true, ..*segment };
            self.other = Some(self.facts.clone());
            let other = self.other.as_mut().map(|facts| facts.received(&anew));
            return (self.facts.received(segment), other);
        }
        self.other = self.facts.if_only_acknowledged();
        let other = self.other.as_mut().map(|facts| facts.received(segment));
        (self.facts.received(segment), other)
    }

    /// The end's move is right in the other reading only: so that is the true one.
    pub(super) fn believe_other(&mut self) {
        if let Some(other) = self.other.take() {
            self.facts = other;
        }
    }

    /// Takes note of a state record. Without a connection there is no control block.
    pub(super) fn enter(&mut self, node: NodeId, to: State) {
        if super::rests(to) {
            self.facts = Facts::default();
            self.other = None;
        }
        if matches!(to, State::FinWait1 | State::LastAck) {
            self.facts.closed();
        }
        self.node = Some(node);
        self.state = Some(to);
    }

    /// The end made this move, or none, on the arrival that demanded one. What it left out, it did not take.
    pub(super) fn answer(&mut self, due: Due, to: State) {
        self.due = None;
        if to == due.to {
            return;
        }
        for &input in due.inputs.iter().filter(|input| to == due.from || input.has_fin()) {
            self.facts.not_taken(input);
        }
    }
}

/// All ends of all connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    /// The addresses of each connection, its initiator's first.
    initiators: BTreeMap<ConnId, (SocketAddr, SocketAddr)>,
    ends: BTreeMap<(ConnId, End), EndState>,
}

impl Ends {
    /// A connection is seen for the first time, at its initiator's node.
    pub(super) fn open(&mut self, conn: ConnId, addrs: (SocketAddr, SocketAddr), node: NodeId) {
        self.initiators.insert(conn, addrs);
        self.at(conn, End::Initiator).node = Some(node);
    }

    /// The end, new if it was not known.
    pub(super) fn at(&mut self, conn: ConnId, end: End) -> &mut EndState {
        self.ends.entry((conn, end)).or_default()
    }

    pub(super) fn get(&mut self, conn: ConnId, end: End) -> Option<&mut EndState> {
        self.ends.get_mut(&(conn, end))
    }

    /// The end that has this address, at this node. A socket connected to itself is its connection's initiator; where a
    /// SYN was forged to come from its own destination, that is the acceptor.
    pub(super) fn with_address(
        &mut self,
        conn: ConnId,
        address: SocketAddr,
        node: NodeId,
    ) -> Option<(End, &mut EndState)> {
        let (initiator, other) = *self.initiators.get(&conn)?;
        let here = initiator != other || self.at(conn, End::Initiator).is_at(node);
        let end = if address == initiator && here { End::Initiator } else { End::Acceptor };
        Some((end, self.at(conn, end)))
    }

    /// The program of this host closed its end; where the host is both, either may be meant.
    pub(super) fn give_back(&mut self, conn: ConnId, node: NodeId) {
        for which in [End::Initiator, End::Acceptor] {
            if let Some(end) = self.get(conn, which).filter(|end| end.node == Some(node)) {
                end.given_back = true;
            }
        }
    }

    /// A host lost everything, without a word.
    pub(super) fn lose(&mut self, node: NodeId) {
        for end in self.ends.values_mut().filter(|end| end.node == Some(node)) {
            *end = EndState { node: Some(node), ..EndState::default() };
        }
    }

    /// The ends at which a move is due.
    pub(super) fn due(&self) -> Vec<(ConnId, End)> {
        self.ends.iter().filter(|(_, end)| end.due.is_some()).map(|(&key, _)| key).collect()
    }
}

/// The segment in a packet, as the machine sees it.
pub(super) fn segment_of(packet: &Packet) -> Option<Segment> {
    packet.tcp().map(packet::Segment::control)
}
