//! The names of what a trace's ids stand for: one place, so that every view calls a thing by the same name.

use super::{Call, Header, Outcome, Record, What};
use crate::base::{ActorId, ConnId, Fd, LinkId, NodeId, RecordId};
use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeMap;

/// Shown for an id that the header does not list.
const UNKNOWN: &str = "?";

/// A connection, as its `conn` record introduced it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConnInfo {
    /// Who sent the first SYN.
    pub initiator: NodeId,
    /// That host's n-th connect, from 1.
    pub n: u32,
    /// The initiator's address and port.
    pub local: SocketAddr,
    /// The other's.
    pub remote: SocketAddr,
    /// The host that has the other address.
    pub acceptor: Option<NodeId>,
}

/// Names for ids and addresses.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    header: &'a Header,
    conns: BTreeMap<ConnId, ConnInfo>,
    fds: BTreeMap<(NodeId, Fd), Vec<(RecordId, ConnId)>>,
    addrs: BTreeMap<IpAddr, NodeId>,
}

impl<'a> Names<'a> {
    /// The names in a trace. One pass over its records.
    pub fn new(header: &'a Header, records: &[Record]) -> Self {
        let nodes = (0_u16..).zip(&header.nodes);
        let addrs = nodes.flat_map(|(id, node)| node.addrs.iter().map(move |addr| (*addr, NodeId(id)))).collect();
        let mut names = Names { header, conns: BTreeMap::new(), fds: BTreeMap::new(), addrs };
        let mut by_addr = BTreeMap::new();
        for record in records {
            names.learn(record, records, &mut by_addr);
        }
        names
    }

    fn learn(&mut self, record: &Record, records: &[Record], by_addr: &mut BTreeMap<SocketAddr, ConnId>) {
        match &record.what {
            What::Conn { conn, n, local, remote } => {
                let acceptor = if remote.ip().is_loopback() { Some(record.node) } else { self.owner(remote.ip()) };
                let info = ConnInfo { initiator: record.node, n: *n, local: *local, remote: *remote, acceptor };
                self.conns.insert(*conn, info);
                by_addr.insert(*local, *conn);
            }
            What::Call(call) => {
                self.learn_conn(record, call);
                self.learn_accepted(record, &call.outcome, by_addr);
            }
            What::Return { of, outcome, .. } => {
                self.learn_accepted(record, outcome, by_addr);
                if let Some(What::Call(call)) = records.get(of.index()).map(|call| &call.what) {
                    self.learn_conn(record, call);
                }
            }
            _ => {}
        }
    }

    fn learn_conn(&mut self, record: &Record, call: &Call) {
        if let (Some(fd), Some(conn)) = (call.fd, call.conn) {
            self.stands_for(record, fd, conn);
        }
    }

    fn learn_accepted(&mut self, record: &Record, outcome: &Outcome, by_addr: &BTreeMap<SocketAddr, ConnId>) {
        if let Outcome::Accepted(fd, peer) = outcome
            && let Some(conn) = by_addr.get(peer)
        {
            self.stands_for(record, *fd, *conn);
        }
    }

    fn stands_for(&mut self, record: &Record, fd: Fd, conn: ConnId) {
        let conns = self.fds.entry((record.node, fd)).or_default();
        if conns.last().is_none_or(|(_, last)| *last != conn) {
            conns.push((record.id, conn));
        }
    }

    /// A host's, switch's or router's name.
    pub fn node(&self, id: NodeId) -> &'a str {
        self.header.nodes.get(id.index()).map_or(UNKNOWN, |node| &node.name)
    }

    /// A link's name.
    pub fn link(&self, id: LinkId) -> &'a str {
        self.header.links.get(id.index()).map_or(UNKNOWN, |link| &link.name)
    }

    /// A program's name: its host's, or `host/program`.
    pub fn actor(&self, id: ActorId) -> &'a str {
        self.header.actors.get(id.index()).map_or(UNKNOWN, |actor| &actor.name)
    }

    /// A program's name within its host, where the host has several.
    pub fn program(&self, id: ActorId) -> Option<&'a str> {
        self.actor(id).split_once('/').map(|(_, program)| program)
    }

    /// A connection's name: its initiator and the count of that host's connects, `client.1`.
    pub fn conn(&self, id: ConnId) -> String {
        match self.conns.get(&id) {
            Some(info) => format!("{}.{}", self.node(info.initiator), info.n),
            None => format!("{UNKNOWN}.{}", id.0),
        }
    }

    /// All connections, in the order of their ids.
    pub fn conns(&self) -> impl Iterator<Item = (ConnId, &ConnInfo)> {
        self.conns.iter().map(|(id, info)| (*id, info))
    }

    /// A host talks to itself over this connection: its name alone does not say which end is meant.
    pub fn is_loop(&self, conn: ConnId) -> bool {
        self.conns.get(&conn).is_some_and(|info| info.acceptor == Some(info.initiator))
    }

    /// The connection behind a descriptor at this record, as calls show it; before its first one, that one.
    pub fn fd_conn(&self, node: NodeId, fd: Fd, at: RecordId) -> Option<ConnId> {
        let conns = self.fds.get(&(node, fd))?;
        let before = conns.iter().rev().find(|(since, _)| *since <= at);
        before.or(conns.first()).map(|(_, conn)| *conn)
    }

    /// The node that has this address; a loopback address is no one's.
    pub fn owner(&self, addr: IpAddr) -> Option<NodeId> {
        self.addrs.get(&addr).copied()
    }

    /// The node that the address stands for by name: not one with several addresses.
    fn namesake(&self, addr: IpAddr) -> Option<NodeId> {
        let node = self.owner(addr)?;
        let info = self.header.nodes.get(node.index())?;
        (info.addrs.len() == 1).then_some(node)
    }

    /// An address as its host's name where that is clear.
    pub fn host(&self, addr: IpAddr) -> String {
        match self.namesake(addr) {
            Some(node) => self.node(node).to_owned(),
            None => addr.to_string(),
        }
    }

    /// An address and port with the host's name where that is clear: `server:80`.
    pub fn endpoint(&self, addr: SocketAddr) -> String {
        match self.namesake(addr.ip()) {
            Some(node) => format!("{}:{}", self.node(node), addr.port()),
            None => addr.to_string(),
        }
    }
}
