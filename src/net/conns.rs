//! Which connection a segment belongs to: names that do not shift.
//!
//! A connection is its initiator and that host's n-th connect. Whoever sees a segment anywhere (a link, a router)
//! finds the connection by its two sockets.

use crate::base::{ConnId, NodeId};
use crate::trace::{End, Tape, What};
use core::net::SocketAddr;
use std::collections::BTreeMap;

/// All connections of a run.
#[derive(Debug, Default)]
pub struct Conns {
    /// Off: nobody looks, and nothing is remembered.
    on: bool,
    by_pair: BTreeMap<(SocketAddr, SocketAddr), ConnId>,
    infos: Vec<Info>,
    connects: BTreeMap<NodeId, u32>,
}

#[derive(Debug)]
struct Info {
    /// Nobody else can become its acceptor: it has one, or its initiator has given up.
    joined: bool,
    /// This end may be opened again by the other: it listens anew, or is in TIME-WAIT (RFC 9293, MAY-2).
    reopens: Option<End>,
    /// Initial sequence numbers: the initiator's, the acceptor's.
    iss: [Option<u32>; 2],
}

impl Conns {
    /// Whether connections are remembered from now on: only if someone will ask.
    pub fn remember(&mut self, on: bool) {
        self.on = on;
    }

    /// A host calls connect (or sends a crafted SYN): the connection gets its name, and a record. Where the other end
    /// has just done the same (simultaneous open), it is that connection's other end.
    pub fn open(&mut self, node: NodeId, local: SocketAddr, remote: SocketAddr, tape: &mut Tape<'_>) -> (ConnId, End) {
        if !self.on {
            return (ConnId(0), End::Initiator);
        }
        if let Some((id, other)) = self.find(remote, local)
            && self.infos[id.index()].reopens == Some(other)
        {
            return (id, if other == End::Initiator { End::Acceptor } else { End::Initiator });
        }
        if let Some(&id) = self.by_pair.get(&(remote, local)) {
            let info = &mut self.infos[id.index()];
            // A socket that connects to itself is both ends at once, and its connection's initiator.
            if !info.joined && local != remote {
                info.joined = true;
                return (id, End::Acceptor);
            }
        }
        let count = self.connects.entry(node).or_insert(0);
        *count += 1;
        let n = *count;
        let conn = ConnId(u32::try_from(self.infos.len()).unwrap_or(u32::MAX));
        self.infos.push(Info { joined: false, reopens: None, iss: [None; 2] });
        self.by_pair.insert((local, remote), conn);
        tape.note(node, || What::Conn { conn, n, local, remote });
        (conn, End::Initiator)
    }

    /// The acceptor's end of a connection now exists.
    pub fn join(&mut self, conn: ConnId) {
        if let Some(info) = self.infos.get_mut(conn.index()) {
            info.joined = true;
        }
    }

    /// This end, a model peer's, can be opened again by the other's SYN, or cannot any more: what the other opens then is
    /// this connection still.
    pub fn reopens(&mut self, conn: ConnId, end: End, can: bool) {
        if let Some(info) = self.infos.get_mut(conn.index()).filter(|info| can || info.reopens == Some(end)) {
            info.reopens = can.then_some(end);
        }
    }

    /// An end of the connection is CLOSED: what opens from now on between its sockets is another connection.
    pub fn over(&mut self, conn: ConnId) {
        if self.on {
            self.join(conn);
        }
    }

    /// The connection of a segment from `src` to `dst`, and the end that sends it.
    pub fn find(&self, src: SocketAddr, dst: SocketAddr) -> Option<(ConnId, End)> {
        let initiated = self.by_pair.get(&(src, dst)).map(|&id| (id, End::Initiator));
        let accepted = self.by_pair.get(&(dst, src)).map(|&id| (id, End::Acceptor));
        // Both exist where a host connected to itself, or where the ports were used again the other way round.
        match (initiated, accepted) {
            (Some(one), Some(other)) => Some(if one.0 >= other.0 { one } else { other }),
            (one, other) => one.or(other),
        }
    }

    /// A SYN passed: its sequence number is the end's ISS.
    pub fn saw_syn(&mut self, conn: ConnId, end: End, seq: u32) {
        if let Some(info) = self.infos.get_mut(conn.index()) {
            info.iss[end as usize] = Some(seq);
        }
    }

    /// The end's ISS, once its SYN has passed.
    pub fn iss(&self, conn: ConnId, end: End) -> Option<u32> {
        self.infos.get(conn.index())?.iss[end as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::RecordId;
    use crate::trace::Record;

    const A: ([u8; 4], u16) = ([10, 0, 0, 1], 7);
    const B: ([u8; 4], u16) = ([10, 0, 0, 2], 9);

    fn opened(conns: &mut Conns, node: u16, from: SocketAddr, to: SocketAddr) -> (ConnId, End) {
        let mut records: Vec<Record> = Vec::new();
        let mut tape = Tape::new(&mut records, RecordId(0).0);
        conns.open(NodeId(node), from, to, &mut tape)
    }

    #[test]
    fn a_simultaneous_open_is_one_connection_and_a_later_one_another() {
        let (a, b) = (SocketAddr::from(A), SocketAddr::from(B));
        let mut conns = Conns::default();
        conns.remember(true);
        assert_eq!(opened(&mut conns, 0, a, b), (ConnId(0), End::Initiator));
        assert_eq!(opened(&mut conns, 1, b, a), (ConnId(0), End::Acceptor), "both at once");
        conns.over(ConnId(0));
        assert_eq!(opened(&mut conns, 1, b, a), (ConnId(1), End::Initiator), "the ports again");
        conns.over(ConnId(1));
        assert_eq!(opened(&mut conns, 0, a, b), (ConnId(2), End::Initiator), "an attempt that failed has no other end");
        assert_eq!(conns.find(a, b), Some((ConnId(2), End::Initiator)), "segments are the latest one's");
    }

    #[test]
    fn on_one_host_too_and_with_oneself() {
        let (a, b) = (SocketAddr::from(A), SocketAddr::from(B));
        let mut conns = Conns::default();
        conns.remember(true);
        assert_eq!(opened(&mut conns, 0, a, b), (ConnId(0), End::Initiator));
        assert_eq!(opened(&mut conns, 0, b, a), (ConnId(0), End::Acceptor));
        assert_eq!(opened(&mut conns, 0, a, a), (ConnId(1), End::Initiator));
        assert_eq!(opened(&mut conns, 0, a, a), (ConnId(2), End::Initiator));
        assert_eq!(conns.find(a, a), Some((ConnId(2), End::Initiator)));
    }
}
