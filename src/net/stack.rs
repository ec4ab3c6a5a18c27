//! One host's TCP/IP stack: interfaces, connections, datagram sockets, and the demultiplexer.

use super::device::Via;
use super::endpoint::{Engine, Moved, TcpEnd};
use super::guard::Guard;
use super::model::Model;
use super::port::{LOOPBACK_MTU, Ports, station};
use super::socket::StackSocket;
use crate::base::{Groups, Numbered, Time};
use crate::packet;
use crate::scenario::model::{IpNet, MAX_ADDRS, ModelSpec, SocketSpec};
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use datagrams::UdpEnd;
use smoltcp::iface::SocketSet;
use std::collections::BTreeMap;

mod datagrams;

/// Room for a host's addresses beside loopback's two: what scenarios are held to is what the stack has.
const _: () = assert!(MAX_ADDRS + 2 <= smoltcp::config::IFACE_MAX_ADDR_COUNT);

/// A TCP end of this stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TcpId(pub u32);

impl From<u32> for TcpId {
    fn from(number: u32) -> Self {
        TcpId(number)
    }
}

impl From<TcpId> for u32 {
    fn from(id: TcpId) -> Self {
        id.0
    }
}

/// A datagram socket of this stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct UdpId(pub u32);

/// What a stack is made from.
#[derive(Clone, Debug)]
pub struct StackConfig {
    /// Its addresses.
    pub addrs: Vec<IpNet>,
    /// The default router's addresses.
    pub gateways: Vec<IpAddr>,
    /// Its link carries Ethernet frames.
    pub ethernet: bool,
    /// Its link's largest IP packet in bytes.
    pub mtu: u32,
    /// The last bytes of its hardware address.
    pub station: u16,
    /// Seeds the stack's random content.
    pub seed: u64,
    /// The initial sequence number of its first connection.
    pub isn: Option<u32>,
    /// Its TCP is the model peer.
    pub model: Option<ModelSpec>,
}

/// For whom a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Destination {
    /// This connection's end.
    Tcp(TcpId),
    /// A TCP segment for no connection; where it goes, whence it comes, and whether it is a bare SYN.
    TcpStray {
        /// Its destination here.
        local: SocketAddr,
        /// Its source.
        remote: SocketAddr,
        /// SYN without ACK or RST: a connection request.
        request: bool,
    },
    /// This datagram socket.
    Udp(UdpId),
    /// The stack itself: ICMP, ARP, a datagram for a closed port.
    Stack,
    /// Another host: a switch that did not know the way has sent it everywhere, or it went astray.
    Other,
}

/// A frame that the stack sends.
#[derive(Clone, Debug)]
pub struct Departure {
    /// Through which device.
    pub via: Via,
    /// The frame.
    pub frame: Bytes,
}

/// Ports and addresses of a connection's two ends, as a key: ports tell connections apart soonest.
type Pair = (u32, IpAddr, IpAddr);

const fn pair(local: SocketAddr, remote: SocketAddr) -> Pair {
    ((local.port() as u32) << 16 | remote.port() as u32, local.ip(), remote.ip())
}

/// One host's stack.
pub struct Stack {
    guard: Guard,
    ports: Ports,
    station: [u8; 6],
    mtu: u32,
    networks: Vec<IpNet>,
    tcp: Numbered<TcpId, Box<TcpEnd>>,
    pairs: BTreeMap<Pair, TcpId>,
    /// The ends at each local port.
    tcp_ports: Groups<u16, TcpId>,
    udp: BTreeMap<UdpId, UdpEnd>,
    udp_ports: Groups<u16, UdpId>,
    /// Bytes of the datagrams that wait to be read or sent.
    udp_waiting: u64,
    nobody: SocketSet<'static>,
    /// What the ends of a host with the model peer are made from.
    model: Option<Model>,
    now: Time,
    next: u32,
}

impl Stack {
    /// A stack with no sockets.
    pub fn new(config: &StackConfig) -> Self {
        let guard = Guard::default();
        Stack {
            ports: Ports::new(&guard, config),
            guard,
            station: station(config.station),
            mtu: config.mtu,
            networks: config.addrs.clone(),
            tcp: Numbered::new(),
            pairs: BTreeMap::new(),
            tcp_ports: Groups::default(),
            udp: BTreeMap::new(),
            udp_ports: Groups::default(),
            udp_waiting: 0,
            nobody: SocketSet::new(Vec::new()),
            model: config.model.map(|spec| Model::new(spec, config)),
            now: Time::ZERO,
            next: 0,
        }
    }

    /// Is this one of the host's own addresses, loopback's included?
    pub fn owns(&self, addr: IpAddr) -> bool {
        self.ports.own(addr)
    }

    /// The address from which the host would speak to `remote`; `None` where it has none of that family.
    pub fn source_for(&self, remote: IpAddr) -> Option<IpAddr> {
        if self.owns(remote) {
            return Some(remote);
        }
        let source: IpAddr = self.guard.run(|| self.ports.link.iface.get_source_address(&remote.into()))?.into();
        (!source.is_loopback() && self.owns(source)).then_some(source)
    }

    /// An IP packet as it goes onto the host's link: with an Ethernet header where the link has them, to all stations.
    pub fn framed(&self, packet: Bytes) -> Bytes {
        if self.ports.link.device.ethernet() { packet::ethernet_broadcast(self.station, &packet) } else { packet }
    }

    /// Why the stack panicked, if it did: the run cannot go on.
    pub fn panicked(&self) -> Option<&str> {
        self.guard.panicked()
    }

    /// For whom the frame is.
    pub fn destination(&self, via: Via, frame: &[u8]) -> Destination {
        let ethernet = matches!(via, Via::Link) && self.ports.link.device.ethernet();
        // The lowest bit of a hardware address's first byte says that it is a group's.
        if ethernet && frame.first().is_some_and(|first| first & 1 == 0) && !frame.starts_with(&self.station) {
            return Destination::Other;
        }
        let Some((proto, src, dst)) = packet::endpoints(frame, ethernet) else { return Destination::Stack };
        if !self.owns(dst.ip()) && is_single(dst.ip()) {
            return Destination::Other;
        }
        match proto {
            packet::TCP => match self.pairs.get(&pair(dst, src)) {
                Some(&id) => Destination::Tcp(id),
                None => {
                    let request = packet::tcp_flags(frame, ethernet).is_some_and(|f| f.is_request());
                    Destination::TcpStray { local: dst, remote: src, request }
                }
            },
            packet::UDP => {
                let here = self.udp_ports.of(&dst.port());
                // Of several that share the port with SO_REUSEADDR, the one bound last (Linux).
                let takers = here.filter_map(|id| Some((self.udp.get(id)?.takes(src, dst)?, *id)));
                takers.max().map_or(Destination::Stack, |(_, id)| Destination::Udp(id))
            }
            _ => Destination::Stack,
        }
    }

    /// What is done from now on is done at this time.
    pub fn set_time(&mut self, now: Time) {
        self.now = now;
    }

    fn end_for(&mut self, spec: &SocketSpec, local: SocketAddr, remote: SocketAddr) -> TcpEnd {
        let via = self.ports.via_for(remote.ip());
        let mtu = if via == Via::Loopback { LOOPBACK_MTU } else { self.mtu };
        let engine = match &mut self.model {
            Some(model) => Engine::Model(Box::new(model.peer(spec, (local, remote), mtu))),
            None => Engine::Stack(Box::new(StackSocket::new(&self.guard, spec))),
        };
        TcpEnd::new(engine, spec, via, local, remote)
    }

    /// OPEN active: a new end that will send a SYN. `None` where smoltcp finds no way to address it.
    pub fn connect(&mut self, spec: &SocketSpec, local: SocketAddr, remote: SocketAddr) -> Option<TcpId> {
        let mut end = self.end_for(spec, local, remote);
        let opens = match &mut end.engine {
            Engine::Stack(socket) => socket.connect(self.ports.at(end.via).iface.context(), local, remote),
            Engine::Model(peer) => peer.open_active(self.now).is_ok(),
        };
        opens.then(|| self.adopt(end))
    }

    /// A new end of the model peer's that is CLOSED; `None` on a host without.
    pub fn closed(&mut self, spec: &SocketSpec, local: SocketAddr, remote: SocketAddr) -> Option<TcpId> {
        self.model.is_some().then(|| self.end_for(spec, local, remote)).map(|end| self.adopt(end))
    }

    /// OPEN passive for one connection request: a new end in LISTEN, to which the SYN is then fed.
    pub fn listen(&mut self, spec: &SocketSpec, local: SocketAddr, remote: SocketAddr) -> Option<TcpId> {
        let mut end = self.end_for(spec, local, remote);
        let listens = match &mut end.engine {
            Engine::Stack(socket) => socket.listen(local),
            Engine::Model(peer) => {
                let opened = peer.open_passive(self.now).is_ok();
                // No edge of this end's own.
                peer.edges();
                opened
            }
        };
        if !listens {
            return None;
        }
        // The listener's LISTEN is where this end begins: no move of its own.
        end.look();
        Some(self.adopt(end))
    }

    fn adopt(&mut self, end: TcpEnd) -> TcpId {
        let id = TcpId(self.next);
        self.next += 1;
        self.pairs.insert(pair(end.local, end.remote), id);
        self.tcp_ports.insert(end.local.port(), id);
        self.tcp.insert(id, Box::new(end));
        id
    }

    /// The end of this number.
    pub fn end(&mut self, id: TcpId) -> Option<&mut TcpEnd> {
        let end = self.tcp.get_mut(&id)?;
        end.now = self.now;
        Some(&mut **end)
    }

    /// The end of this number, to look at.
    pub fn peek(&self, id: TcpId) -> Option<&TcpEnd> {
        self.tcp.get(&id).map(|end| &**end)
    }

    /// All ends.
    pub fn ends(&self) -> impl Iterator<Item = (TcpId, &TcpEnd)> {
        self.tcp.iter().map(|(id, end)| (id, &**end))
    }

    /// The ends at this local port.
    pub fn ends_at(&self, port: u16) -> impl Iterator<Item = (TcpId, &TcpEnd)> {
        let ids = self.tcp_ports.of(&port);
        ids.filter_map(|&id| Some((id, self.peek(id)?)))
    }

    /// Forgets an end, and gives its buffers back.
    pub fn forget(&mut self, id: TcpId) {
        self.unpair(id);
        if let Some(end) = self.tcp.remove(&id) {
            self.tcp_ports.remove(&end.local.port(), &id);
        }
    }

    /// Takes one frame in for an end; replies that the stack gives at once depart.
    pub fn feed(&mut self, id: TcpId, via: Via, now: Time, frame: &Bytes) -> Option<Moved> {
        let end = self.tcp.get_mut(&id)?;
        match &mut end.engine {
            Engine::Stack(socket) => self.ports.at(end.via).take_in(now, frame, &mut socket.set),
            Engine::Model(peer) => {
                if super::model::is_between_hosts(via, frame, &self.networks) {
                    super::model::feed(peer, frame, now);
                }
            }
        }
        end.look()
    }

    /// Takes a frame in that is for no end: the stack answers as it sees fit (RST, ICMP, ARP).
    pub fn feed_stack(&mut self, via: Via, now: Time, frame: &Bytes) {
        self.ports.at(via).take_in(now, frame, &mut self.nobody);
    }

    /// Takes a segment in that is for no end; what LISTEN or CLOSED says of it departs.
    pub fn feed_stray(&mut self, via: Via, now: Time, frame: &Bytes, listening: bool) {
        let Some(model) = &self.model else { return self.feed_stack(via, now, frame) };
        if !super::model::is_between_hosts(via, frame, &self.networks) {
            return;
        }
        let answers = model.answer_stray(frame, listening, now);
        self.ports.at(via).device.outgoing.extend(answers);
    }

    /// Lets an end send at most one segment; whether anything went out or changed.
    pub fn flush(&mut self, id: TcpId, now: Time) -> (bool, Option<Moved>) {
        let Some(end) = self.tcp.get_mut(&id) else { return (false, None) };
        if end.deleted {
            return (false, end.look());
        }
        let sent = match &mut end.engine {
            Engine::Stack(socket) => self.ports.at(end.via).let_out(now, &mut socket.set),
            Engine::Model(peer) => {
                let frame = super::model::depart(peer, (end.local, end.remote), end.hop_limit, now);
                let sent = frame.is_some();
                self.ports.at(end.via).device.outgoing.extend(frame);
                sent
            }
        };
        (sent, end.look())
    }

    /// When the end next has something to do; `now` where that is at once.
    pub fn poll_at(&mut self, id: TcpId, now: Time) -> Option<Time> {
        let end = self.tcp.get_mut(&id).filter(|end| !end.deleted)?;
        match &end.engine {
            Engine::Stack(socket) => self.ports.at(end.via).poll_at(now, &socket.set),
            Engine::Model(peer) if peer.has_departures() => Some(now),
            Engine::Model(peer) => peer.due().map(|at| at.max(now)),
        }
    }

    /// The frame sent last, before it departs.
    pub fn last_departure(&self) -> Option<(Via, &Bytes)> {
        let link = self.ports.link.device.outgoing.back().map(|frame| (Via::Link, frame));
        link.or_else(|| self.ports.loopback.device.outgoing.back().map(|frame| (Via::Loopback, frame)))
    }

    /// The end with this local and this remote socket.
    pub fn id_between(&self, local: SocketAddr, remote: SocketAddr) -> Option<TcpId> {
        self.pairs.get(&pair(local, remote)).copied()
    }

    /// The end with this local and this remote socket.
    pub fn end_between(&mut self, local: SocketAddr, remote: SocketAddr) -> Option<&mut TcpEnd> {
        let id = self.id_between(local, remote)?;
        self.end(id)
    }

    /// Whether there is such an end already.
    pub fn pair_taken(&self, local: SocketAddr, remote: SocketAddr) -> bool {
        self.pairs.contains_key(&pair(local, remote))
    }

    /// Segments for this end are no longer its own: it is CLOSED.
    pub fn unpair(&mut self, id: TcpId) {
        if let Some(end) = self.tcp.get(&id)
            && self.id_between(end.local, end.remote) == Some(id)
        {
            self.pairs.remove(&pair(end.local, end.remote));
        }
    }

    /// Takes the frame that was sent first of those that have not been taken.
    pub fn next_departure(&mut self) -> Option<Departure> {
        [(&mut self.ports.link, Via::Link), (&mut self.ports.loopback, Via::Loopback)]
            .into_iter()
            .find_map(|(port, via)| Some(Departure { via, frame: port.device.outgoing.pop_front()? }))
    }
}

/// The address of one host, not of a group.
pub fn is_single(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(addr) => !addr.is_multicast() && !addr.is_broadcast(),
        IpAddr::V6(addr) => !addr.is_multicast(),
    }
}

#[cfg(test)]
mod tests;
