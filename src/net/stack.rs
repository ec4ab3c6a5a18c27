//! One host's TCP/IP stack: interfaces, connections, datagram sockets, and the demultiplexer.

use super::device::{Device, Via};
use super::endpoint::{Engine, Moved, TcpEnd};
use super::model::Model;
use crate::base::Time;
use crate::packet;
use crate::scenario::model::{IpNet, ModelSpec, SocketSpec};
use bytes::Bytes;
use core::cmp::Reverse;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::socket::{tcp, udp};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpAddress, IpCidr, IpEndpoint, IpListenEndpoint};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A TCP end of this stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TcpId(pub u32);

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

struct Port {
    iface: Interface,
    device: Device,
}

struct UdpEnd {
    set: SocketSet<'static>,
    handle: SocketHandle,
    local: SocketAddr,
    peer: Option<SocketAddr>,
    /// What has come, oldest first, and how many bytes that is.
    inbox: VecDeque<(Bytes, SocketAddr)>,
    waiting: usize,
    via: Via,
}

/// One host's stack.
pub struct Stack {
    link: Port,
    loopback: Port,
    station: [u8; 6],
    mtu: u32,
    tcp: BTreeMap<TcpId, Box<TcpEnd>>,
    pairs: BTreeMap<(SocketAddr, SocketAddr), TcpId>,
    /// The ends at each local port.
    tcp_ports: BTreeMap<u16, BTreeSet<TcpId>>,
    udp: BTreeMap<UdpId, UdpEnd>,
    udp_ports: BTreeMap<u16, BTreeSet<UdpId>>,
    nobody: SocketSet<'static>,
    /// What the ends of a host with the model peer are made from.
    pub(super) model: Option<Model>,
    pub(super) now: Time,
    next: u32,
    panic: Option<String>,
}

const LOOPBACK_MTU: u32 = 65_535;
const UDP_QUEUE: usize = 64;
const UDP_BYTES: usize = 65_535;

/// A hardware address, locally administered.
const fn station(number: u16) -> [u8; 6] {
    let [high, low] = number.to_be_bytes();
    [2, 0, 0, 0, high, low]
}

fn instant(at: Time) -> Instant {
    Instant::from_micros(i64::try_from(at.0 / 1_000).unwrap_or(i64::MAX))
}

fn cidr(net: &IpNet) -> IpCidr {
    IpCidr::new(net.addr.into(), net.prefix)
}

fn endpoint(addr: SocketAddr) -> IpEndpoint {
    IpEndpoint::new(addr.ip().into(), addr.port())
}

fn sockaddr(endpoint: IpEndpoint) -> SocketAddr {
    SocketAddr::new(endpoint.addr.into(), endpoint.port)
}

/// The seed with which smoltcp's generator (`s = s * M + A`, 32 bits of it permuted) draws `wanted` for its first
/// connection. Before that it draws once for the interface's IPv4 identification, and again while that is 0.
const fn seed_for(wanted: u32) -> u64 {
    const M: u64 = 0xbb2e_fcec_3c39_611d;
    const A: u64 = 0x7590_ef39;
    let mut inverse = 1_u64;
    let mut i = 0;
    while i < 6 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(M.wrapping_mul(inverse)));
        i += 1;
    }
    // With the top three bits 0 the output is bits 29..61 of the state; those below are free.
    let mut state = (wanted as u64) << 29;
    loop {
        let before = state.wrapping_sub(A).wrapping_mul(inverse);
        let first = (before >> (29 - (before >> 61))) as u32;
        if (first ^ (first >> 16)) as u16 != 0 {
            return before.wrapping_sub(A).wrapping_mul(inverse);
        }
        state += 1;
    }
}

impl Port {
    fn new(config: &StackConfig, ethernet: bool, mtu: u32, addrs: &[IpNet]) -> Self {
        let mut device = Device::new(ethernet, mtu);
        let hardware = match ethernet {
            true => HardwareAddress::Ethernet(EthernetAddress(station(config.station))),
            false => HardwareAddress::Ip,
        };
        let mut setup = Config::new(hardware);
        setup.random_seed = config.isn.map_or(config.seed, seed_for);
        let mut iface = Interface::new(setup, &mut device, Instant::ZERO);
        iface.update_ip_addrs(|list| {
            for net in addrs {
                // More than the stack has room for is refused when the scenario is checked.
                let _ = list.push(cidr(net));
            }
        });
        Port { iface, device }
    }
}

impl Stack {
    /// The most addresses that one stack can have besides loopback's.
    pub const MAX_ADDRS: usize = 6;

    /// A stack with no sockets.
    pub fn new(config: &StackConfig) -> Self {
        let mut link = Port::new(config, config.ethernet, config.mtu, &config.addrs);
        for gateway in &config.gateways {
            let routes = link.iface.routes_mut();
            let _ = match gateway {
                IpAddr::V4(v4) => routes.add_default_ipv4_route(*v4),
                IpAddr::V6(v6) => routes.add_default_ipv6_route(*v6),
            };
        }
        let mut own = vec![
            IpNet { addr: IpAddr::V4(Ipv4Addr::LOCALHOST), prefix: 8 },
            IpNet { addr: IpAddr::V6(Ipv6Addr::LOCALHOST), prefix: 128 },
        ];
        own.extend(&config.addrs);
        let loopback = Port::new(config, false, LOOPBACK_MTU, &own);
        Stack {
            link,
            loopback,
            station: station(config.station),
            mtu: config.mtu,
            tcp: BTreeMap::new(),
            pairs: BTreeMap::new(),
            tcp_ports: BTreeMap::new(),
            udp: BTreeMap::new(),
            udp_ports: BTreeMap::new(),
            nobody: SocketSet::new(Vec::new()),
            model: config.model.map(|spec| Model::new(spec, config)),
            now: Time::ZERO,
            next: 0,
            panic: None,
        }
    }

    /// Is this one of the host's own addresses, loopback's included?
    pub fn owns(&self, addr: IpAddr) -> bool {
        self.loopback.iface.has_ip_addr(IpAddress::from(addr))
    }

    /// The address from which the host would speak to `remote`; `None` where it has none of that family.
    pub fn source_for(&self, remote: IpAddr) -> Option<IpAddr> {
        if self.owns(remote) {
            return Some(remote);
        }
        let source: IpAddr = self.link.iface.get_source_address(&remote.into())?.into();
        (!source.is_loopback() && self.owns(source)).then_some(source)
    }

    /// Why the stack panicked, if it did: the run cannot go on.
    pub fn panicked(&self) -> Option<&str> {
        self.panic.as_deref()
    }

    /// For whom the frame is.
    pub fn destination(&self, via: Via, frame: &[u8]) -> Destination {
        let ethernet = matches!(via, Via::Link) && self.link.device.ethernet();
        // The lowest bit of a hardware address's first byte says that it is a group's.
        if ethernet && frame.first().is_some_and(|first| first & 1 == 0) && !frame.starts_with(&self.station) {
            return Destination::Other;
        }
        let Some((proto, src, dst)) = packet::endpoints(frame, ethernet) else { return Destination::Stack };
        if !self.owns(dst.ip()) && is_single(dst.ip()) {
            return Destination::Other;
        }
        match proto {
            packet::TCP => match self.pairs.get(&(dst, src)) {
                Some(&id) => Destination::Tcp(id),
                None => {
                    let request = packet::tcp_flags(frame, ethernet).is_some_and(|f| f.is_request());
                    Destination::TcpStray { local: dst, remote: src, request }
                }
            },
            packet::UDP => {
                let here = self.udp_ports.get(&dst.port()).into_iter().flatten();
                let takers = here.filter_map(|id| Some((self.udp.get(id)?.takes(src, dst)?, Reverse(*id))));
                takers.max().map_or(Destination::Stack, |(_, Reverse(id))| Destination::Udp(id))
            }
            _ => Destination::Stack,
        }
    }

    fn via_for(&self, remote: IpAddr) -> Via {
        if self.owns(remote) { Via::Loopback } else { Via::Link }
    }

    /// What is done from now on is done at this time.
    pub fn set_time(&mut self, now: Time) {
        self.now = now;
    }

    /// OPEN active: a new end that will send a SYN. `None` where smoltcp finds no way to address it.
    pub fn connect(&mut self, spec: &SocketSpec, local: SocketAddr, remote: SocketAddr) -> Option<TcpId> {
        let mut end = self.end_for(spec, local, remote);
        match &mut end.engine {
            Engine::Stack(set, handle) => {
                let cx = self.port(end.via).iface.context();
                let (to, from) = (endpoint(remote), IpListenEndpoint::from(endpoint(local)));
                set.get_mut::<tcp::Socket<'_>>(*handle).connect(cx, to, from).ok()?;
            }
            Engine::Model(peer) => peer.open_active(self.now).ok()?,
        }
        Some(self.adopt(end))
    }

    /// OPEN passive for one connection request: a new end in LISTEN, to which the SYN is then fed.
    pub fn listen(&mut self, spec: &SocketSpec, local: SocketAddr, remote: SocketAddr) -> Option<TcpId> {
        let mut end = self.end_for(spec, local, remote);
        match &mut end.engine {
            Engine::Stack(set, handle) => {
                set.get_mut::<tcp::Socket<'_>>(*handle).listen(IpListenEndpoint::from(endpoint(local))).ok()?;
            }
            Engine::Model(peer) => {
                peer.open_passive(self.now).ok()?;
                peer.edges();
            }
        }
        // The listener's LISTEN is where this end begins: no move of its own.
        end.look();
        Some(self.adopt(end))
    }

    fn end_for(&mut self, spec: &SocketSpec, local: SocketAddr, remote: SocketAddr) -> TcpEnd {
        let via = self.via_for(remote.ip());
        let mtu = if via == Via::Loopback { LOOPBACK_MTU } else { self.mtu };
        match &mut self.model {
            Some(model) => {
                let engine = Engine::Model(Box::new(model.peer(spec, local, remote, mtu, self.now)));
                TcpEnd::with(engine, spec, via, local, remote)
            }
            None => TcpEnd::new(spec, via, local, remote),
        }
    }

    fn adopt(&mut self, end: TcpEnd) -> TcpId {
        let id = TcpId(self.next);
        self.next += 1;
        self.pairs.insert((end.local, end.remote), id);
        self.tcp_ports.entry(end.local.port()).or_default().insert(id);
        self.tcp.insert(id, Box::new(end));
        id
    }

    /// The end of this number.
    pub fn end(&mut self, id: TcpId) -> Option<&mut TcpEnd> {
        let end = self.tcp.get_mut(&id)?;
        end.now = self.now;
        Some(end)
    }

    /// The end of this number, to look at.
    pub fn peek(&self, id: TcpId) -> Option<&TcpEnd> {
        self.tcp.get(&id).map(|end| &**end)
    }

    /// All ends.
    pub fn ends(&self) -> impl Iterator<Item = (TcpId, &TcpEnd)> {
        self.tcp.iter().map(|(&id, end)| (id, &**end))
    }

    /// The ends at this local port.
    pub fn ends_at(&self, port: u16) -> impl Iterator<Item = (TcpId, &TcpEnd)> {
        let ids = self.tcp_ports.get(&port).into_iter().flatten();
        ids.filter_map(|&id| Some((id, self.peek(id)?)))
    }

    /// Forgets an end, and gives its buffers back.
    pub fn forget(&mut self, id: TcpId) {
        self.unpair(id);
        if let Some(end) = self.tcp.remove(&id) {
            take_out(&mut self.tcp_ports, end.local.port(), id);
        }
    }

    /// Takes one frame in for an end; replies that the stack gives at once are in `departures`.
    pub fn feed(&mut self, id: TcpId, now: Time, frame: &Bytes) -> Option<Moved> {
        let end = self.tcp.get_mut(&id)?;
        let port = if end.via == Via::Link { &mut self.link } else { &mut self.loopback };
        match &mut end.engine {
            Engine::Stack(set, _) => guard(&mut self.panic, || port.take_in(now, frame, set)),
            Engine::Model(peer) => super::model::feed(peer, frame, now),
        }
        end.look()
    }

    /// Takes a frame in that is for no end: the stack answers as it sees fit (RST, ICMP, ARP).
    pub fn feed_stack(&mut self, via: Via, now: Time, frame: &Bytes) {
        let port = if via == Via::Link { &mut self.link } else { &mut self.loopback };
        guard(&mut self.panic, || port.take_in(now, frame, &mut self.nobody));
    }

    /// Takes a segment in that is for no end; what LISTEN or CLOSED says of it departs.
    pub fn feed_stray(&mut self, via: Via, now: Time, frame: &Bytes, listening: bool) {
        let Some(model) = &self.model else { return self.feed_stack(via, now, frame) };
        let answers = model.answer_stray(frame, listening, now);
        self.port(via).device.outgoing.extend(answers);
    }

    /// Takes a datagram in for a socket.
    pub fn feed_udp(&mut self, id: UdpId, via: Via, now: Time, frame: &Bytes) {
        let port = if via == Via::Link { &mut self.link } else { &mut self.loopback };
        let Some(end) = self.udp.get_mut(&id) else { return };
        guard(&mut self.panic, || port.take_in(now, frame, &mut end.set));
        let socket = end.set.get_mut::<udp::Socket<'_>>(end.handle);
        while let Ok((data, meta)) = socket.recv() {
            end.waiting += data.len();
            end.inbox.push_back((Bytes::copy_from_slice(data), sockaddr(meta.endpoint)));
        }
    }

    /// Whether a datagram socket has room for one more that comes.
    pub fn udp_has_room(&self, id: UdpId) -> bool {
        self.udp.get(&id).is_some_and(|end| end.inbox.len() < UDP_QUEUE && end.waiting < UDP_BYTES)
    }

    /// Lets an end send at most one segment; whether anything went out or changed.
    pub fn flush(&mut self, id: TcpId, now: Time) -> (bool, Option<Moved>) {
        let Some(end) = self.tcp.get_mut(&id) else { return (false, None) };
        if end.deleted {
            return (false, end.look());
        }
        let port = if end.via == Via::Link { &mut self.link } else { &mut self.loopback };
        let before = port.device.outgoing.len();
        match &mut end.engine {
            Engine::Stack(set, _) => {
                guard(&mut self.panic, || port.iface.poll_egress(instant(now), &mut port.device, set))
            }
            Engine::Model(peer) => {
                let frame = super::model::depart(peer, (end.local, end.remote), end.hop_limit, now);
                port.device.outgoing.extend(frame);
            }
        }
        (port.device.outgoing.len() > before, end.look())
    }

    /// When the end next has something to do; `now` where that is at once.
    pub fn poll_at(&mut self, id: TcpId, now: Time) -> Option<Time> {
        let end = self.tcp.get_mut(&id).filter(|end| !end.deleted)?;
        let port = if end.via == Via::Link { &mut self.link } else { &mut self.loopback };
        match &end.engine {
            Engine::Stack(set, _) => {
                let at = port.iface.poll_at(instant(now), set)?;
                Some(Time(u64::try_from(at.total_micros()).unwrap_or(0).saturating_mul(1_000)).max(now))
            }
            Engine::Model(peer) if peer.has_departures() => Some(now),
            Engine::Model(peer) => peer.due().map(|at| at.max(now)),
        }
    }

    /// Nothing has been sent since the last look at the departures.
    pub fn is_silent(&self) -> bool {
        self.link.device.outgoing.is_empty() && self.loopback.device.outgoing.is_empty()
    }

    /// The frame sent last, before it departs.
    pub fn last_departure(&self) -> Option<(Via, &Bytes)> {
        let link = self.link.device.outgoing.last().map(|frame| (Via::Link, frame));
        link.or_else(|| self.loopback.device.outgoing.last().map(|frame| (Via::Loopback, frame)))
    }

    /// The end with this local and this remote socket.
    pub fn id_between(&self, local: SocketAddr, remote: SocketAddr) -> Option<TcpId> {
        self.pairs.get(&(local, remote)).copied()
    }

    /// The end with this local and this remote socket.
    pub fn end_between(&mut self, local: SocketAddr, remote: SocketAddr) -> Option<&mut TcpEnd> {
        let id = self.id_between(local, remote)?;
        self.end(id)
    }

    /// Whether there is such an end already.
    pub fn pair_taken(&self, local: SocketAddr, remote: SocketAddr) -> bool {
        self.pairs.contains_key(&(local, remote))
    }

    /// Segments for this end are no longer its own: it is CLOSED.
    pub fn unpair(&mut self, id: TcpId) {
        if let Some(end) = self.tcp.get(&id)
            && self.pairs.get(&(end.local, end.remote)) == Some(&id)
        {
            self.pairs.remove(&(end.local, end.remote));
        }
    }

    /// The frames sent since the last call, in order.
    pub fn departures(&mut self) -> impl Iterator<Item = Departure> + '_ {
        let link = self.link.device.outgoing.drain(..).map(|frame| Departure { via: Via::Link, frame });
        let loopback = self.loopback.device.outgoing.drain(..).map(|frame| Departure { via: Via::Loopback, frame });
        link.chain(loopback)
    }

    fn port(&mut self, via: Via) -> &mut Port {
        match via {
            Via::Link => &mut self.link,
            Via::Loopback => &mut self.loopback,
        }
    }

    /// Bytes of the buffers of one datagram socket.
    pub const UDP_PINNED: u64 = 2 * UDP_BYTES as u64;

    /// Opens a datagram socket at a local address (unspecified: all of the host's).
    pub fn udp_open(&mut self, local: SocketAddr, hop_limit: u8) -> UdpId {
        let buffer = |bytes| udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; UDP_QUEUE], vec![0; bytes]);
        let mut socket = udp::Socket::new(buffer(UDP_BYTES), buffer(UDP_BYTES));
        socket.set_hop_limit(Some(hop_limit.max(1)));
        let addr = (!local.ip().is_unspecified()).then(|| local.ip().into());
        let bound = socket.bind(IpListenEndpoint { addr, port: local.port() });
        debug_assert!(bound.is_ok(), "a fresh socket and a port that is not 0");
        let mut set = SocketSet::new(Vec::with_capacity(1));
        let handle = set.add(socket);
        let id = UdpId(self.next);
        self.next += 1;
        let inbox = VecDeque::new();
        self.udp_ports.entry(local.port()).or_default().insert(id);
        self.udp.insert(id, UdpEnd { set, handle, local, peer: None, inbox, waiting: 0, via: Via::Link });
        id
    }

    /// From now on the socket is at this local address and hears nobody but its peer.
    pub fn udp_connect(&mut self, id: UdpId, local: IpAddr, peer: SocketAddr) {
        if let Some(end) = self.udp.get_mut(&id) {
            end.local.set_ip(local);
            end.peer = Some(peer);
        }
    }

    /// The time to live of what the socket sends from now on.
    pub fn udp_hop_limit(&mut self, id: UdpId, hop_limit: u8) {
        if let Some(end) = self.udp.get_mut(&id) {
            end.set.get_mut::<udp::Socket<'_>>(end.handle).set_hop_limit(Some(hop_limit.max(1)));
        }
    }

    /// Queues a datagram; false where the queue is full or the stack cannot address it.
    pub fn udp_send(&mut self, id: UdpId, to: SocketAddr, data: &[u8]) -> bool {
        let via = self.via_for(to.ip());
        let Some(end) = self.udp.get_mut(&id) else { return false };
        end.via = via;
        end.set.get_mut::<udp::Socket<'_>>(end.handle).send_slice(data, endpoint(to)).is_ok()
    }

    /// Whether so many bytes more can be queued: those before may still wait for an address to be resolved.
    pub fn udp_takes(&self, id: UdpId, bytes: usize) -> bool {
        self.udp.get(&id).is_some_and(|end| {
            let socket = end.set.get::<udp::Socket<'_>>(end.handle);
            socket.can_send() && socket.send_queue() + bytes <= socket.payload_send_capacity()
        })
    }

    /// The largest datagram that goes to `to` unfragmented, in bytes of data.
    pub fn udp_max(&self, to: SocketAddr) -> usize {
        let mtu = if self.owns(to.ip()) { LOOPBACK_MTU } else { self.mtu };
        mtu as usize - 8 - if to.is_ipv4() { 20 } else { 40 }
    }

    /// Lets a datagram socket send what it has queued, one datagram at a time; whether one went out.
    pub fn udp_flush(&mut self, id: UdpId, now: Time) -> bool {
        let Some(end) = self.udp.get_mut(&id) else { return false };
        let port = if end.via == Via::Link { &mut self.link } else { &mut self.loopback };
        let before = port.device.outgoing.len();
        guard(&mut self.panic, || port.iface.poll_egress(instant(now), &mut port.device, &mut end.set));
        port.device.outgoing.len() > before
    }

    /// When a datagram socket next has something to do: it waits for an address to be resolved.
    pub fn udp_poll_at(&mut self, id: UdpId, now: Time) -> Option<Time> {
        let end = self.udp.get_mut(&id)?;
        let port = if end.via == Via::Link { &mut self.link } else { &mut self.loopback };
        let at = port.iface.poll_at(instant(now), &end.set)?;
        Some(Time(u64::try_from(at.total_micros()).unwrap_or(0).saturating_mul(1_000)).max(now))
    }

    /// Takes the next datagram that has come.
    pub fn udp_recv(&mut self, id: UdpId) -> Option<(Bytes, SocketAddr)> {
        let end = self.udp.get_mut(&id)?;
        let (data, from) = end.inbox.pop_front()?;
        end.waiting -= data.len();
        Some((data, from))
    }

    /// Whether a datagram waits to be read.
    pub fn udp_readable(&self, id: UdpId) -> bool {
        self.udp.get(&id).is_some_and(|end| !end.inbox.is_empty())
    }

    /// Closes a datagram socket.
    pub fn udp_close(&mut self, id: UdpId) {
        if let Some(end) = self.udp.remove(&id) {
            take_out(&mut self.udp_ports, end.local.port(), id);
        }
    }

    /// All datagram sockets.
    pub fn udp_ends(&self) -> impl Iterator<Item = UdpId> + '_ {
        self.udp.keys().copied()
    }
}

impl Port {
    fn take_in(&mut self, now: Time, frame: &Bytes, set: &mut SocketSet<'static>) {
        self.device.incoming = Some(frame.clone());
        self.iface.poll_ingress_single(instant(now), &mut self.device, set);
    }
}

impl UdpEnd {
    /// Whether it takes datagrams of this source and destination, and how narrowly it has chosen them.
    fn takes(&self, src: SocketAddr, dst: SocketAddr) -> Option<(bool, bool)> {
        let anywhere = self.local.ip().is_unspecified();
        let fits = self.local.port() == dst.port()
            && (anywhere || self.local.ip() == dst.ip())
            && self.peer.is_none_or(|peer| peer == src);
        fits.then_some((self.peer.is_some(), !anywhere))
    }
}

/// The address of one host, not of a group.
fn is_single(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(addr) => !addr.is_multicast() && !addr.is_broadcast(),
        IpAddr::V6(addr) => !addr.is_multicast(),
    }
}

fn take_out<I: Ord>(ports: &mut BTreeMap<u16, BTreeSet<I>>, port: u16, id: I) {
    if let Some(ids) = ports.get_mut(&port) {
        ids.remove(&id);
        if ids.is_empty() {
            ports.remove(&port);
        }
    }
}

/// smoltcp's arithmetic on sequence numbers can panic: that ends the run with a record, not the process.
fn guard<R>(panic: &mut Option<String>, work: impl FnOnce() -> R) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
        let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        panic.get_or_insert(text.unwrap_or_else(|| "the stack panicked".to_owned()));
    }
}

#[cfg(test)]
mod tests;
