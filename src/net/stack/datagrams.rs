//! Datagram sockets: what has come, and what waits to be sent.
//!
//! The stack's socket has one datagram at a time to send: each leaves by the device that leads to its own destination,
//! and what the queue is said to take, it takes.

use super::super::device::Via;
use super::super::port::LOOPBACK_MTU;
use super::super::socket::endpoint;
use super::{Stack, UdpId};
use crate::base::Time;
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::udp;
use smoltcp::wire::IpListenEndpoint;
use std::collections::VecDeque;

/// A datagram, and whence it came or where it goes.
type Datagram = (Bytes, SocketAddr);

pub(super) struct UdpEnd {
    set: SocketSet<'static>,
    handle: SocketHandle,
    local: SocketAddr,
    peer: Option<SocketAddr>,
    /// What has come.
    inbox: Queue,
    /// What waits until the stack's socket has sent what it has.
    outbox: Queue,
    /// The device of what the stack's socket has to send.
    via: Via,
}

/// Datagrams, oldest first, and how many bytes they are.
#[derive(Default)]
struct Queue {
    list: VecDeque<Datagram>,
    bytes: usize,
}

pub(super) const UDP_QUEUE: usize = 64;
const UDP_BYTES: usize = 65_535;

impl Queue {
    fn push(&mut self, datagram: Datagram) {
        self.bytes += datagram.0.len();
        self.list.push_back(datagram);
    }

    fn pop(&mut self) -> Option<Datagram> {
        let datagram = self.list.pop_front()?;
        self.bytes -= datagram.0.len();
        Some(datagram)
    }
}

impl UdpEnd {
    fn socket(&self) -> &udp::Socket<'static> {
        self.set.get(self.handle)
    }

    fn socket_mut(&mut self) -> &mut udp::Socket<'static> {
        self.set.get_mut(self.handle)
    }

    fn waiting(&self) -> u64 {
        (self.inbox.bytes + self.outbox.bytes) as u64
    }

    /// Whether it takes datagrams of this source and destination, and how narrowly it has chosen them.
    pub(super) fn takes(&self, src: SocketAddr, dst: SocketAddr) -> Option<(bool, bool)> {
        let anywhere = self.local.ip().is_unspecified();
        let fits = self.local.port() == dst.port()
            && (anywhere || self.local.ip() == dst.ip())
            && self.peer.is_none_or(|peer| peer == src);
        fits.then_some((self.peer.is_some(), !anywhere))
    }
}

impl Stack {
    /// Bytes of the buffers of one datagram socket.
    pub const UDP_PINNED: u64 = 2 * UDP_BYTES as u64;

    /// Bytes of the datagrams that wait to be read, or to be handed to the stack.
    pub fn udp_waiting(&self) -> u64 {
        self.udp_waiting
    }

    /// Opens a datagram socket at a local address (unspecified: all of the host's).
    pub fn udp_open(&mut self, local: SocketAddr, hop_limit: u8) -> UdpId {
        let buffer = |count| udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; count], vec![0; UDP_BYTES]);
        let mut socket = udp::Socket::new(buffer(1), buffer(1));
        socket.set_hop_limit(Some(hop_limit.max(1)));
        let addr = (!local.ip().is_unspecified()).then(|| local.ip().into());
        let bound = socket.bind(IpListenEndpoint { addr, port: local.port() });
        debug_assert!(bound.is_ok(), "a fresh socket and a port that is not 0");
        let mut set = SocketSet::new(Vec::with_capacity(1));
        let handle = set.add(socket);
        let id = UdpId(self.next);
        self.next += 1;
        let (inbox, outbox) = (Queue::default(), Queue::default());
        self.udp_ports.insert(local.port(), id);
        self.udp.insert(id, UdpEnd { set, handle, local, peer: None, inbox, outbox, via: Via::Link });
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
            end.socket_mut().set_hop_limit(Some(hop_limit.max(1)));
        }
    }

    /// Takes a datagram in for a socket.
    pub fn feed_udp(&mut self, id: UdpId, via: Via, now: Time, frame: &Bytes) {
        let Some(end) = self.udp.get_mut(&id) else { return };
        self.ports.at(via).take_in(now, frame, &mut end.set);
        let socket = end.set.get_mut::<udp::Socket<'_>>(end.handle);
        let got = self.guard.run(|| {
            let (data, meta) = socket.recv().ok()?;
            Some((Bytes::copy_from_slice(data), SocketAddr::new(meta.endpoint.addr.into(), meta.endpoint.port)))
        });
        if let Some(datagram) = got {
            self.udp_waiting += datagram.0.len() as u64;
            end.inbox.push(datagram);
        }
    }

    /// Whether a datagram socket has room for one more that comes.
    pub fn udp_has_room(&self, id: UdpId) -> bool {
        self.udp.get(&id).is_some_and(|end| end.inbox.list.len() < UDP_QUEUE && end.inbox.bytes < UDP_BYTES)
    }

    /// The first datagram that has come, and its sender.
    pub fn udp_first(&self, id: UdpId) -> Option<&(Bytes, SocketAddr)> {
        self.udp.get(&id)?.inbox.list.front()
    }

    /// Takes the first datagram that has come.
    pub fn udp_recv(&mut self, id: UdpId) -> Option<(Bytes, SocketAddr)> {
        let datagram = self.udp.get_mut(&id)?.inbox.pop()?;
        self.udp_waiting -= datagram.0.len() as u64;
        Some(datagram)
    }

    /// Whether a datagram waits to be read.
    pub fn udp_readable(&self, id: UdpId) -> bool {
        self.udp_first(id).is_some()
    }

    /// The largest datagram that goes to `to` unfragmented, in bytes of data.
    pub fn udp_max(&self, to: SocketAddr) -> usize {
        let mtu = if self.owns(to.ip()) { LOOPBACK_MTU } else { self.mtu };
        mtu as usize - 8 - if to.is_ipv4() { 20 } else { 40 }
    }

    /// Whether so many bytes more can be queued: those before may still wait for an address to be resolved.
    pub fn udp_takes(&self, id: UdpId, bytes: usize) -> bool {
        self.udp.get(&id).is_some_and(|end| {
            let (under_way, idle) = (end.socket().send_queue(), end.socket().can_send());
            let count = end.outbox.list.len() + usize::from(!idle);
            count < UDP_QUEUE && under_way + end.outbox.bytes + bytes <= UDP_BYTES
        })
    }

    /// Queues a datagram that the queue takes ([`Stack::udp_takes`]), to an address that can be one's.
    pub fn udp_send(&mut self, id: UdpId, to: SocketAddr, data: &Bytes) {
        if let Some(end) = self.udp.get_mut(&id) {
            self.udp_waiting += data.len() as u64;
            end.outbox.push((data.clone(), to));
        }
    }

    /// Lets a datagram socket send what it has queued, one datagram at a time; whether one went out.
    pub fn udp_flush(&mut self, id: UdpId, now: Time) -> bool {
        let Some(end) = self.udp.get_mut(&id) else { return false };
        if end.socket().can_send()
            && let Some((data, to)) = end.outbox.pop()
        {
            self.udp_waiting -= data.len() as u64;
            end.via = self.ports.via_for(to.ip());
            let socket = end.set.get_mut::<udp::Socket<'_>>(end.handle);
            let taken = self.guard.run(|| socket.send_slice(&data, endpoint(to)).is_ok());
            debug_assert!(
                taken || self.guard.panicked().is_some(),
                "it is empty, and the address was looked at before"
            );
        }
        self.ports.at(end.via).let_out(now, &mut end.set)
    }

    /// When a datagram socket next has something to do: it waits for an address to be resolved.
    pub fn udp_poll_at(&mut self, id: UdpId, now: Time) -> Option<Time> {
        let end = self.udp.get_mut(&id)?;
        self.ports.at(end.via).poll_at(now, &end.set)
    }

    /// Closes a datagram socket.
    pub fn udp_close(&mut self, id: UdpId) {
        if let Some(end) = self.udp.remove(&id) {
            self.udp_waiting -= end.waiting();
            self.udp_ports.remove(&end.local.port(), &id);
        }
    }

    /// All datagram sockets.
    pub fn udp_ends(&self) -> impl Iterator<Item = UdpId> + '_ {
        self.udp.keys().copied()
    }
}
