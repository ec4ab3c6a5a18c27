//! One host's kernel: its stack, its descriptors, and who owns which connection.

use super::ports::Ephemeral;
use crate::base::{ActorId, Fd, LinkId, NodeId, Time};
use crate::machine::Running;
use crate::net::{Conns, Frame, Stack, StackConfig, TcpId, UdpId, Via};
use crate::scenario::model::SocketSpec;
use crate::socket_api::{Datagram, Errno, Readiness, Socket};
use crate::tcp::State;
use crate::trace::{Tape, TimerKind};
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
    pub frame: Frame,
}

/// What an alarm is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alarm {
    /// A connection's end.
    Tcp(TcpId),
    /// A datagram socket.
    Udp(UdpId),
}

/// To whom an end of a connection belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    /// To a descriptor.
    Fd(Fd),
    /// To a listener that waits for the handshake to end.
    HalfOpen(Fd),
    /// To a listener whose program has not accepted it yet.
    Ready(Fd),
    /// To nobody any more: TCP finishes alone.
    Nobody,
}

/// What is done for an end at a time of this layer's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    /// It is given up, by this timer.
    GiveUp(TimerKind),
    /// A keep-alive probe is sent.
    Probe,
}

/// What the kernel knows of an end besides what the stack does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holding {
    pub(super) owner: Owner,
    pub(super) spec: SocketSpec,
    pub(super) reuse: bool,
    /// It came to CLOSED by the peer's RST.
    pub(super) reset: bool,
}

/// A stream socket.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) machine: Running<Socket>,
    pub(super) spec: SocketSpec,
    pub(super) local: Option<SocketAddr>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) tcp: Option<TcpId>,
    pub(super) listener: Option<Listener>,
    pub(super) pending: Option<Errno>,
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
    pub(super) spec: SocketSpec,
    pub(super) local: Option<SocketAddr>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) udp: Option<UdpId>,
    pub(super) pending: Option<Errno>,
    pub(super) reuse: bool,
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
    pub(super) fds: BTreeMap<Fd, Entry>,
    pub(super) holdings: BTreeMap<TcpId, Holding>,
    pub(super) ephemeral: Ephemeral,
    next_fd: u32,
    /// Calls that block: the program and the record of its call.
    pub(super) blocked: BTreeMap<ActorId, super::record::Blocked>,
    wakers: BTreeMap<Fd, Vec<Waker>>,
    /// Frames to be carried away.
    pub outbox: Vec<Posted>,
    /// Alarms to be set.
    pub alarms: Vec<(Time, Alarm)>,
    /// Descriptors that may have become ready.
    pub woken: BTreeSet<Fd>,
    /// What is arriving now carries RST.
    pub(super) arriving_reset: bool,
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
            fds: BTreeMap::new(),
            holdings: BTreeMap::new(),
            ephemeral: Ephemeral::new(),
            next_fd: FIRST_FD,
            blocked: BTreeMap::new(),
            wakers: BTreeMap::new(),
            outbox: Vec::new(),
            alarms: Vec::new(),
            woken: BTreeSet::new(),
            arriving_reset: false,
        }
    }

    /// Whose kernel it is.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Is this an open descriptor?
    pub fn is_open(&self, fd: Fd) -> bool {
        self.fds.contains_key(&fd)
    }

    /// The host starts anew: all is lost but the count of descriptors, none of which is ever used twice.
    pub fn replace_by(&mut self, fresh: Kernel) {
        let next_fd = self.next_fd;
        *self = fresh;
        self.next_fd = next_fd;
    }

    /// Why the stack panicked, if it did.
    pub fn panicked(&self) -> Option<&str> {
        self.stack.panicked()
    }

    /// Its first address of this family.
    pub fn first_addr(&self, like: IpAddr) -> Option<IpAddr> {
        self.on_link.iter().map(|net| net.addr).find(|addr| addr.is_ipv4() == like.is_ipv4())
    }

    pub(super) fn insert(&mut self, entry: Entry) -> Fd {
        let fd = Fd(self.next_fd);
        self.next_fd += 1;
        self.fds.insert(fd, entry);
        fd
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

    pub(super) fn source(&self, to: IpAddr) -> Option<IpAddr> {
        self.stack.source_for(to)
    }

    /// The listener for connection requests to this address.
    pub(super) fn listener_for(&self, local: SocketAddr) -> Option<Fd> {
        let takes = |stream: &Stream| {
            stream.listener.is_some()
                && stream
                    .local
                    .is_some_and(|at| at.port() == local.port() && (at.ip().is_unspecified() || at.ip() == local.ip()))
        };
        let mut listeners = self.fds.iter().filter_map(|(&fd, entry)| match entry {
            Entry::Stream(stream) if takes(stream) => Some(fd),
            Entry::Stream(_) | Entry::Dgram(_) => None,
        });
        listeners.next()
    }

    /// Linux admits one connection more than the backlog says; half-open ones count.
    pub(super) fn has_room(&self, listener: Fd) -> bool {
        self.peek_stream(listener).and_then(|stream| stream.listener.as_ref()).is_some_and(|listener| {
            (listener.half_open.len() + listener.ready.len()) as u64 <= u64::from(listener.backlog)
        })
    }

    pub(super) fn half_open(&mut self, listener: Fd, id: TcpId) {
        let Some(stream) = self.stream(listener) else { return };
        let (spec, reuse) = (stream.spec, stream.reuse);
        if let Some(listener) = &mut stream.listener {
            listener.half_open.insert(id);
        }
        self.holdings.insert(id, Holding { owner: Owner::HalfOpen(listener), spec, reuse, reset: false });
    }

    /// Something may have changed for whoever waits on the descriptor.
    pub(super) fn wake(&mut self, fd: Fd) {
        self.woken.insert(fd);
        for waker in self.wakers.remove(&fd).unwrap_or_default() {
            waker.wake();
        }
    }

    pub(super) fn wake_datagram(&mut self, id: UdpId) {
        let owner = self.fds.iter().find_map(|(&fd, entry)| match entry {
            Entry::Dgram(dgram) if dgram.udp == Some(id) => Some(fd),
            Entry::Dgram(_) | Entry::Stream(_) => None,
        });
        if let Some(fd) = owner {
            self.wake(fd);
        }
    }

    /// Has the waker woken when the descriptor's readiness may have changed; once.
    pub fn register(&mut self, fd: Fd, waker: &Waker) {
        self.wakers.entry(fd).or_default().push(waker.clone());
    }

    /// What the descriptor is ready for; nothing where it is none.
    pub fn readiness(&self, fd: Fd) -> Readiness {
        match self.fds.get(&fd) {
            None => Readiness::NONE,
            Some(Entry::Stream(stream)) => {
                let end = stream.tcp.and_then(|id| self.stack.peek(id));
                let queued = stream.listener.as_ref().is_some_and(|listener| !listener.ready.is_empty());
                let data = queued || !stream.stash.is_empty() || end.is_some_and(|end| end.readable() > 0);
                let room = end.and_then(|end| end.room()).is_some_and(|room| room > 0);
                Readiness::of(stream.machine.state(), data, room)
            }
            Some(Entry::Dgram(dgram)) => {
                let data = dgram.udp.is_some_and(|id| self.stack.udp_readable(id));
                Readiness::of_datagram(dgram.machine.state(), data, true, dgram.pending.is_some())
            }
        }
    }

    /// What is next to be done for an end beside what its stack does, and when: it is given up when nothing was
    /// acknowledged for the user timeout, or when keep-alive probes went unanswered.
    pub(super) fn deadline(&mut self, id: TcpId, now: Time) -> Option<(Time, Due)> {
        let spec = self.holdings.get(&id)?.spec;
        let end = self.stack.end(id)?;
        if end.state() == State::Closed {
            return None;
        }
        if end.awaits_answer() {
            let since = *end.unanswered.get_or_insert(now);
            return spec.user_timeout.map(|timeout| (since + timeout, Due::GiveUp(TimerKind::UserTimeout)));
        }
        end.unanswered = None;
        let idle = spec.keep_alive.filter(|_| end.state() != State::TimeWait)?;
        Some(match end.probes {
            (0, _) => (end.heard + idle, Due::Probe),
            (count, last) if count < spec.keep_probes => (last + idle, Due::Probe),
            (_, last) => (last + idle, Due::GiveUp(TimerKind::KeepAlive)),
        })
    }

    /// An end that is CLOSED and belongs to nobody is forgotten.
    pub(super) fn forget_if_done(&mut self, id: TcpId) {
        if self.stack.peek(id).is_some_and(|end| end.state() == State::Closed)
            && self.holdings.get(&id).is_none_or(|holding| holding.owner == Owner::Nobody)
        {
            self.forget(id);
        }
    }

    pub(super) fn forget(&mut self, id: TcpId) {
        self.stack.forget(id);
        self.holdings.remove(&id);
    }

    /// Connections that have not come to CLOSED, for the end of a run.
    pub fn open_connections(&self) -> usize {
        self.stack.ends().filter(|(_, end)| end.state() != State::Closed).count()
    }

    /// Bytes pinned by connections' buffers.
    pub fn pinned(&self) -> u64 {
        self.holdings.values().map(|holding| u64::from(holding.spec.rcvbuf) + u64::from(holding.spec.sndbuf)).sum()
    }

    /// Puts a crafted frame on the wire.
    pub fn inject(&mut self, frame: Bytes, ctx: &mut Ctx<'_, '_>) {
        self.post_frame(Via::Link, frame, true, ctx);
    }
}
