//! One host's kernel: its stack, its descriptors, and who owns which connection.

use super::holding::{Holding, Lingering};
use super::ports::{Ephemeral, Holders};
use super::record::{Blocked, BlockedCall};
use super::scripted::Scripted;
use crate::base::{ActorId, Fd, LinkId, NodeId, Numbered, Time};
use crate::machine::Running;
use crate::net::{Conns, Frame, Mark, Stack, StackConfig, TcpId, UdpId, Via, is_single};
use crate::scenario::model::{Proto, SocketSpec};
use crate::socket_api::{Datagram, Errno, Socket};
use crate::trace::{DropWhy, Tape};
use bytes::{Bytes, BytesMut};
use core::net::{IpAddr, SocketAddr};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::Waker;

/// What a kernel needs of the world while something happens to it.
pub struct Ctx<'a, 't> {
    /// Time, cause, and the records.
    pub tape: &'a mut Tape<'t>,
    /// The names of connections.
    pub conns: &'a mut Conns,
    /// Whether frames are taken apart: for the records, or for named faults.
    pub look: bool,
}

/// A frame that the host sends.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Through which device.
    pub via: Via,
    /// The frame.
    pub frame: Box<Frame>,
}

/// What an alarm is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alarm {
    /// A connection's end.
    Tcp(TcpId),
    /// A datagram socket.
    Udp(UdpId),
}

/// A stream socket.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) machine: Running<Socket>,
    /// The program that made it: it is told when something happens to it.
    pub(super) maker: ActorId,
    pub(super) spec: SocketSpec,
    pub(super) local: Option<SocketAddr>,
    /// The local address that `bind` gave.
    pub(super) given: Option<SocketAddr>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) tcp: Option<TcpId>,
    pub(super) listener: Option<Listener>,
    pub(super) pending: Option<Errno>,
    /// A `connect` has been made, and none has said yet what came of it.
    pub(super) untold: bool,
    pub(super) reuse: bool,
    /// SO_LINGER in seconds; `None` is off.
    pub(super) linger: Option<u32>,
    /// Bytes taken out of the stack before it forgets them.
    pub(super) stash: BytesMut,
}

/// What makes a stream socket a listener.
#[derive(Debug, Default)]
pub(super) struct Listener {
    pub(super) backlog: u32,
    pub(super) half_open: BTreeSet<TcpId>,
    pub(super) ready: VecDeque<TcpId>,
}

/// A datagram socket.
#[derive(Debug)]
pub(super) struct Dgram {
    pub(super) machine: Running<Datagram>,
    pub(super) maker: ActorId,
    pub(super) spec: SocketSpec,
    pub(super) local: Option<SocketAddr>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) udp: Option<UdpId>,
    pub(super) pending: Option<Errno>,
    pub(super) reuse: bool,
}

/// What ends a connection from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// A segment with RST arrives.
    Reset,
    /// The user timeout is over, or keep-alive probes went unanswered.
    TimedOut,
}

#[derive(Debug)]
pub(super) enum Entry {
    Stream(Box<Stream>),
    Dgram(Box<Dgram>),
}

/// One host's kernel.
pub struct Kernel {
    pub(super) node: NodeId,
    pub(super) link: Option<LinkId>,
    pub(super) ethernet: bool,
    pub(super) stack: Stack,
    pub(super) defaults: SocketSpec,
    /// The networks that it reaches directly, and whether there is a router for the rest.
    pub(super) on_link: Vec<crate::scenario::model::IpNet>,
    pub(super) routed: bool,
    pub(super) fds: Numbered<Fd, Entry>,
    pub(super) holders: Holders,
    /// The connections that were opened by RFC 9293's OPEN, by local connection name, and who opened them.
    pub(super) users: BTreeMap<Fd, (TcpId, ActorId)>,
    pub(super) udp_owners: BTreeMap<UdpId, Fd>,
    pub(super) holdings: Numbered<TcpId, Holding>,
    pub(super) lingering: BTreeMap<Fd, Lingering>,
    /// Bytes of the buffers of all connections and datagram sockets, whoever they belong to.
    pub(super) pinned: u64,
    /// Bytes of all stashes.
    pub(super) stashed: u64,
    pub(super) ephemeral: Ephemeral,
    next_fd: u32,
    pub(super) blocked: BTreeMap<BlockedCall, Blocked>,
    pub(super) wakers: BTreeMap<Fd, Vec<Waker>>,
    /// Frames to be carried away.
    pub outbox: Vec<Posted>,
    /// Alarms to be set.
    pub alarms: Vec<(Time, Alarm)>,
    /// Descriptors that may have become ready, and who made them.
    pub woken: BTreeMap<Fd, Option<ActorId>>,
    /// What ends a connection just now, if anything does but its own end.
    pub(super) ended: Option<Ended>,
    /// The host has no TCP: segments are for its programs.
    pub(super) scripted: Option<Scripted>,
    /// When it last asked for a hardware address.
    pub(super) asked: Option<Mark>,
}

/// The first descriptor of a process: 0, 1 and 2 are taken.
const FIRST_FD: u32 = 3;

impl Kernel {
    /// A kernel that has just started.
    pub fn new(node: NodeId, link: Option<LinkId>, config: &StackConfig, defaults: SocketSpec) -> Self {
        Kernel {
            node,
            link,
            ethernet: config.ethernet,
            stack: Stack::new(config),
            defaults,
            on_link: config.addrs.clone(),
            routed: !config.gateways.is_empty(),
            fds: Numbered::new(),
            holders: Holders::default(),
            users: BTreeMap::new(),
            udp_owners: BTreeMap::new(),
            holdings: Numbered::new(),
            lingering: BTreeMap::new(),
            pinned: 0,
            stashed: 0,
            ephemeral: Ephemeral::new(),
            next_fd: FIRST_FD,
            blocked: BTreeMap::new(),
            wakers: BTreeMap::new(),
            outbox: Vec::new(),
            alarms: Vec::new(),
            woken: BTreeMap::new(),
            ended: None,
            scripted: None,
            asked: None,
        }
    }

    /// What is done from now on is done at this time.
    pub fn set_time(&mut self, now: Time) {
        self.stack.set_time(now);
    }

    /// Whose kernel it is.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Is this an open descriptor?
    pub fn is_open(&self, fd: Fd) -> bool {
        self.fds.contains_key(&fd) || self.lingering.contains_key(&fd) || self.users.contains_key(&fd)
    }

    /// The host starts anew: all is lost but the count of descriptors, none of which is ever used twice, and the calls
    /// that block, which are woken to find their descriptors gone.
    pub fn replace_by(&mut self, fresh: Kernel, conns: &mut Conns) {
        for (_, end) in self.stack.ends() {
            conns.over(end.conn);
        }
        let fds: Vec<Fd> =
            self.fds.keys().chain(self.lingering.keys().copied()).chain(self.users.keys().copied()).collect();
        for fd in fds {
            self.wake(fd);
        }
        let (next_fd, blocked) = (self.next_fd, core::mem::take(&mut self.blocked));
        let (wakers, woken) = (core::mem::take(&mut self.wakers), core::mem::take(&mut self.woken));
        *self = fresh;
        (self.next_fd, self.blocked, self.wakers, self.woken) = (next_fd, blocked, wakers, woken);
    }

    /// Why the stack panicked, if it did.
    pub fn panicked(&self) -> Option<&str> {
        self.stack.panicked()
    }

    /// Its first address of this family.
    pub fn first_addr(&self, like: IpAddr) -> Option<IpAddr> {
        self.on_link.iter().map(|net| net.addr).find(|addr| addr.is_ipv4() == like.is_ipv4())
    }

    /// The next descriptor that a socket gets.
    pub(super) fn next_fd(&self) -> Fd {
        Fd(self.next_fd)
    }

    /// A number of its own, for what is a descriptor or is named like one.
    pub(super) fn next_number(&mut self) -> Fd {
        let fd = self.next_fd();
        self.next_fd += 1;
        fd
    }

    pub(super) fn insert(&mut self, entry: Entry) -> Fd {
        let fd = self.next_number();
        self.fds.insert(fd, entry);
        fd
    }

    /// Takes a stream socket to a local address; the old one, if any, is given up.
    pub(super) fn set_local(&mut self, fd: Fd, to: SocketAddr) {
        let Some(stream) = self.stream(fd) else { return };
        let from = stream.local.replace(to);
        self.holders.moved(Proto::Tcp, fd, from, Some(to));
    }

    /// A stream socket has the local address that `bind` gave it, or none.
    pub(super) fn restore_local(&mut self, fd: Fd) {
        let Some(stream) = self.stream(fd) else { return };
        let (from, to) = (stream.local, stream.given);
        stream.local = to;
        self.holders.moved(Proto::Tcp, fd, from, to);
    }

    pub(super) fn stream(&mut self, fd: Fd) -> Option<&mut Stream> {
        match self.fds.get_mut(&fd) {
            Some(Entry::Stream(stream)) => Some(stream),
            Some(Entry::Dgram(_)) | None => None,
        }
    }

    pub(super) fn peek_stream(&self, fd: Fd) -> Option<&Stream> {
        match self.fds.get(&fd) {
            Some(Entry::Stream(stream)) => Some(stream),
            Some(Entry::Dgram(_)) | None => None,
        }
    }

    pub(super) fn dgram(&mut self, fd: Fd) -> Option<&mut Dgram> {
        match self.fds.get_mut(&fd) {
            Some(Entry::Dgram(dgram)) => Some(dgram),
            Some(Entry::Stream(_)) | None => None,
        }
    }

    pub(super) fn spec_of(&self, fd: Fd) -> SocketSpec {
        self.peek_stream(fd).map_or(self.defaults, |stream| stream.spec)
    }

    /// Whether a way leads to the address.
    pub(super) fn reaches(&self, to: IpAddr) -> bool {
        self.stack.owns(to)
            || self.on_link.iter().any(|net| net.contains(to))
            || self.routed && self.source(to).is_some()
    }

    /// Whether the address is that of all hosts of a network of ours: no connection leads there (RFC 9293, MUST-46).
    pub(super) fn is_for_all(&self, to: IpAddr) -> bool {
        self.on_link.iter().any(|net| net.is_broadcast(to))
    }

    /// Whether no host can have the address: nothing that comes from there is heeded (RFC 9293, MUST-63).
    pub(super) fn is_nobodys(&self, from: IpAddr) -> bool {
        from.is_unspecified() || !is_single(from) || self.is_for_all(from)
    }

    pub(super) fn source(&self, to: IpAddr) -> Option<IpAddr> {
        self.stack.source_for(to)
    }

    /// The listener for connection requests to this address: one that is bound to it goes before one bound to all.
    pub(super) fn listener_for(&self, local: SocketAddr) -> Option<Fd> {
        let bound = |fd: &Fd| self.peek_stream(*fd).and_then(|stream| stream.local).map(|at| at.ip());
        let own = self.holders.listening(local.port()).find(|fd| bound(fd) == Some(local.ip()));
        let any = |fd: &Fd| bound(fd).is_some_and(|ip| ip.is_unspecified());
        own.or_else(|| self.holders.listening(local.port()).find(any))
    }

    /// The accept queue takes one connection more than the backlog says, as Linux counts.
    pub(super) fn has_room(&self, listener: Fd) -> bool {
        let queue = self.peek_stream(listener).and_then(|stream| stream.listener.as_ref());
        queue.is_some_and(|queue| queue.ready.len() as u64 <= u64::from(queue.backlog))
    }

    /// Why a connection request is not taken, if it is not: the accept queue is full, or that of half-open connections.
    pub(super) fn turns_away(&self, listener: Fd) -> Option<DropWhy> {
        let queue = self.peek_stream(listener).and_then(|stream| stream.listener.as_ref());
        let half_open = queue.is_none_or(|queue| queue.half_open.len() as u64 > u64::from(queue.backlog));
        match self.has_room(listener) {
            false => Some(DropWhy::BacklogFull),
            true => half_open.then_some(DropWhy::HalfOpenFull),
        }
    }

    /// Bytes pinned by the buffers of connections and datagram sockets: also of half-open ones, and of those that no
    /// descriptor leads to any more (TIME-WAIT). And what waits beside those buffers, to be read or to be sent.
    pub fn queued(&self) -> u64 {
        let heard = self.scripted.as_ref().map_or(0, Scripted::waiting);
        self.pinned + self.stashed + self.stack.udp_waiting() + heard
    }

    /// Puts a crafted packet on the wire. On Ethernet it goes to all stations: whoever forges a packet does not ask for the
    /// way by ARP, and only the host with the address takes it.
    pub fn inject(&mut self, packet: Bytes, spoiled: bool, ctx: &mut Ctx<'_, '_>) {
        let packet = if spoiled { crate::packet::spoil_tcp_checksum(&packet).unwrap_or(packet) } else { packet };
        let frame = self.stack.framed(packet);
        self.post_frame(Via::Link, frame, true, ctx);
    }
}
