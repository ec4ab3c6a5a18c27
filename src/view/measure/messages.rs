//! Datagrams from the call that sent them to the call that received them.
//!
//! A packet's cause is not always the call: one that waited for ARP was sent by the answer. Then it is the first call of
//! that host to that address, with as many bytes, whose packet has not been seen.

use crate::base::{Fd, NodeId, RecordId, Time};
use crate::judge::scene::Returned;
use crate::packet::{Body, Packet};
use crate::trace::{Call, CallName, Outcome, Record};
use core::net::SocketAddr;
use std::collections::{BTreeMap, VecDeque};

/// A call that sent a datagram.
struct Asked {
    call: RecordId,
    at: Time,
    len: u32,
}

/// A datagram that has arrived.
struct Here {
    called: Time,
    len: u32,
}

/// All datagrams of a run.
#[derive(Default)]
pub(super) struct Datagrams {
    peers: BTreeMap<(NodeId, Fd), SocketAddr>,
    asked: BTreeMap<(NodeId, SocketAddr), VecDeque<Asked>>,
    sent: BTreeMap<RecordId, Time>,
    here: BTreeMap<(NodeId, SocketAddr), VecDeque<Here>>,
}

impl Datagrams {
    /// A call returned; how long the datagram took that it gave, if it gave one.
    pub(super) fn returned(&mut self, done: &Returned<'_>, called: Time, now: Time) -> Option<u64> {
        match (done.call.call, done.outcome) {
            (CallName::Connect, Outcome::Ok) => {
                let peer = done.call.args.parse().ok()?;
                self.peers.insert((done.node, done.call.fd?), peer);
            }
            (CallName::Send | CallName::Sendto, Outcome::Count(len)) => {
                let to = self.target(done.node, done.call)?;
                let asked = Asked { call: done.id, at: called, len: *len };
                self.asked.entry((done.node, to)).or_default().push_back(asked);
            }
            (CallName::Recv | CallName::Recvfrom, Outcome::From(data, from)) => {
                let here = self.here.get_mut(&(done.node, *from))?;
                // A short buffer cuts a datagram off.
                let fits = |it: &Here| usize::try_from(it.len).is_ok_and(|len| len >= data.0.len());
                let found = here.remove(here.iter().position(fits)?)?;
                return Some(now.since(found.called).0);
            }
            _ => {}
        }
        None
    }

    fn target(&self, node: NodeId, call: &Call) -> Option<SocketAddr> {
        match call.call {
            CallName::Sendto => call.args.parse().ok(),
            _ => self.peers.get(&(node, call.fd?)).copied(),
        }
    }

    /// A packet left.
    pub(super) fn sent(&mut self, record: &Record, packet: &Packet) {
        let Body::Udp(datagram) = &packet.body else { return };
        let Some(asked) = self.asked.get_mut(&(record.node, packet.dst)) else { return };
        let by_cause = asked.iter().position(|it| Some(it.call) == record.cause);
        let found = by_cause.or_else(|| asked.iter().position(|it| it.len == datagram.len));
        if let Some(found) = found.and_then(|at| asked.remove(at)) {
            self.sent.insert(record.id, found.at);
        }
    }

    /// A packet arrived.
    pub(super) fn arrived(&mut self, record: &Record, packet: &Packet) {
        let (Body::Udp(datagram), Some(cause)) = (&packet.body, record.cause) else { return };
        if let Some(&called) = self.sent.get(&cause) {
            let here = Here { called, len: datagram.len };
            self.here.entry((record.node, packet.src)).or_default().push_back(here);
        }
    }
}
