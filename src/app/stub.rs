//! A host for tests: every socket has what the test put there, and every call is written down.

use crate::base::{Fd, LinkId, Span, Time};
use crate::scenario::model::{How, Inject, PeerSegment, Proto, SockOpt, UserCall};
use crate::socket::{Pair, Received, Sys, Which};
use crate::socket_api::{Errno, Readiness};
use crate::trace::{CallName, Outcome, TimerKind};
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A socket of the stub.
#[derive(Default)]
pub(super) struct StubSocket {
    /// What `recv` and `recvfrom` give.
    pub(super) inbox: VecDeque<Result<Bytes, Errno>>,
    /// After the inbox: the end.
    pub(super) eof: bool,
    /// Bytes that `send` takes until it says EAGAIN.
    pub(super) room: usize,
    /// What was sent.
    pub(super) sent: Vec<u8>,
    /// What was sent last.
    pub(super) last: Bytes,
    /// Connections that wait.
    pub(super) queue: VecDeque<Fd>,
    /// How a connect ends, once it has.
    pub(super) connected: Option<Result<(), Errno>>,
}

/// The host.
#[derive(Default)]
pub(super) struct Stub {
    pub(super) now: Time,
    pub(super) log: Vec<String>,
    pub(super) sockets: BTreeMap<Fd, StubSocket>,
    pub(super) names: BTreeMap<String, Vec<IpAddr>>,
    pub(super) dns: Option<SocketAddr>,
    pub(super) labels: BTreeSet<String>,
    /// Why `bind` fails.
    pub(super) refuse_bind: Option<Errno>,
    pub(super) next: u32,
}

const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(core::net::Ipv4Addr::new(10, 0, 0, 9)), 9_999);

impl Stub {
    /// One more socket, with room to send.
    pub(super) fn add(&mut self) -> Fd {
        let fd = Fd(3 + self.next);
        self.next += 1;
        self.sockets.insert(fd, StubSocket { room: 1 << 20, ..StubSocket::default() });
        fd
    }

    /// The socket of this descriptor.
    pub(super) fn at(&mut self, fd: u32) -> &mut StubSocket {
        self.sockets.entry(Fd(fd)).or_default()
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, span: Span) {
        self.now += span;
    }

    /// What was called since the last time this was asked.
    pub(super) fn said(&mut self) -> Vec<String> {
        core::mem::take(&mut self.log)
    }

    fn note(&mut self, text: String) {
        self.log.push(text);
    }

    fn open(&mut self, fd: Fd) -> Result<&mut StubSocket, Errno> {
        self.sockets.get_mut(&fd).ok_or(Errno::Ebadf)
    }
}

impl Sys for Stub {
    fn now(&self) -> Time {
        self.now
    }
    fn socket(&mut self, proto: Proto) -> Result<Fd, Errno> {
        let fd = self.add();
        self.note(format!("socket {proto:?} -> {}", fd.0));
        Ok(fd)
    }
    fn bind(&mut self, fd: Fd, _addr: Option<IpAddr>, port: u16) -> Result<(), Errno> {
        self.note(format!("bind {} {port}", fd.0));
        self.refuse_bind.map_or(Ok(()), Err)
    }
    fn listen(&mut self, fd: Fd, backlog: u32) -> Result<(), Errno> {
        self.note(format!("listen {} {backlog}", fd.0));
        self.open(fd).map(drop)
    }
    fn accept(&mut self, fd: Fd) -> Result<(Fd, SocketAddr), Errno> {
        self.note(format!("accept {}", fd.0));
        self.open(fd)?.queue.pop_front().map(|fd| (fd, PEER)).ok_or(Errno::Eagain)
    }
    fn connect(&mut self, fd: Fd, to: SocketAddr) -> Result<(), Errno> {
        self.note(format!("connect {} {to}", fd.0));
        if Some(to) == self.dns { Ok(()) } else { Err(Errno::Einprogress) }
    }
    fn finish_connect(&mut self, fd: Fd) -> Result<(), Errno> {
        self.note(format!("finish_connect {}", fd.0));
        self.open(fd)?.connected.take().unwrap_or(Err(Errno::Ealready))
    }
    fn send(&mut self, fd: Fd, data: &Bytes) -> Result<usize, Errno> {
        let socket = self.open(fd)?;
        let taken = data.len().min(socket.room);
        socket.room -= taken;
        socket.sent.extend_from_slice(&data[..taken]);
        socket.last = data.slice(..taken);
        self.note(format!("send {} {} of {}", fd.0, taken, data.len()));
        if taken == 0 && !data.is_empty() { Err(Errno::Eagain) } else { Ok(taken) }
    }
    fn recv(&mut self, fd: Fd, max: usize) -> Result<Received, Errno> {
        self.note(format!("recv {} {max}", fd.0));
        let socket = self.open(fd)?;
        match socket.inbox.pop_front() {
            Some(Ok(mut data)) => {
                let given = data.split_to(max.min(data.len()));
                if !data.is_empty() {
                    socket.inbox.push_front(Ok(data));
                }
                Ok(Received::Data(given))
            }
            Some(Err(errno)) => Err(errno),
            None if socket.eof => Ok(Received::Eof),
            None => Err(Errno::Eagain),
        }
    }
    fn sendto(&mut self, fd: Fd, data: &Bytes, to: SocketAddr) -> Result<usize, Errno> {
        self.note(format!("sendto {} {to} {}", fd.0, data.len()));
        self.open(fd)?.last = data.clone();
        Ok(data.len())
    }
    fn recvfrom(&mut self, fd: Fd, _max: usize) -> Result<(Bytes, SocketAddr), Errno> {
        self.note(format!("recvfrom {}", fd.0));
        self.open(fd)?.inbox.pop_front().unwrap_or(Err(Errno::Eagain)).map(|data| (data, PEER))
    }
    fn shutdown(&mut self, fd: Fd, how: How) -> Result<(), Errno> {
        self.note(format!("shutdown {} {how:?}", fd.0));
        Ok(())
    }
    fn close(&mut self, fd: Fd) -> Result<(), Errno> {
        self.note(format!("close {}", fd.0));
        self.sockets.remove(&fd).map(drop).ok_or(Errno::Ebadf)
    }
    fn setsockopt(&mut self, fd: Fd, option: SockOpt, value: i64) -> Result<(), Errno> {
        self.note(format!("setsockopt {} {option}={value}", fd.0));
        Ok(())
    }
    fn getsockopt(&mut self, fd: Fd, option: SockOpt) -> Result<i64, Errno> {
        self.note(format!("getsockopt {} {option}", fd.0));
        Ok(0)
    }
    fn getsockname(&mut self, fd: Fd) -> Result<SocketAddr, Errno> {
        self.note(format!("getsockname {}", fd.0));
        Ok(PEER)
    }
    fn getpeername(&mut self, fd: Fd) -> Result<SocketAddr, Errno> {
        self.note(format!("getpeername {}", fd.0));
        Ok(PEER)
    }
    fn poll(&mut self, fd: Fd) -> Result<Readiness, Errno> {
        self.note(format!("poll {}", fd.0));
        Ok(self.ready(fd))
    }
    fn ready(&self, fd: Fd) -> Readiness {
        let Some(socket) = self.sockets.get(&fd) else { return Readiness::NONE };
        let mut ready = Readiness::NONE;
        if !socket.inbox.is_empty() || socket.eof || !socket.queue.is_empty() {
            ready |= Readiness::IN;
        }
        if socket.room > 0 {
            ready |= Readiness::OUT;
        }
        ready
    }
    fn changed(&mut self) -> BTreeSet<Fd> {
        self.sockets.keys().copied().collect()
    }
    fn lookup(&self, name: &str) -> Vec<IpAddr> {
        self.names.get(name).cloned().unwrap_or_default()
    }
    fn dns_server(&self) -> Option<SocketAddr> {
        self.dns
    }
    fn entropy(&self, label: &str) -> u64 {
        crate::base::entropy(1, label)
    }
    fn say(&mut self, text: &str) {
        self.note(format!("say {text}"));
    }
    fn blocking(&mut self, on: bool) {
        if !on {
            self.note("non-blocking".to_owned());
        }
    }
    fn called(&mut self, call: CallName, args: String, outcome: Outcome) {
        self.note(format!("called {call} {args} {outcome:?}"));
    }
    fn enter(&mut self, call: CallName, args: String) {
        self.note(format!("enter {call} {args}"));
    }
    fn leave(&mut self, outcome: Outcome) {
        self.note(format!("leave {outcome:?}"));
    }
    fn expired(&mut self, timer: TimerKind, after: Span) {
        self.note(format!("expired {timer} {after}"));
    }
    fn begin_step(&mut self, index: usize) {
        self.note(format!("step {index}"));
    }
    fn complete(&mut self, label: &str) {
        self.labels.insert(label.to_owned());
    }
    fn completed(&self, label: &str) -> bool {
        self.labels.contains(label)
    }
    fn crash_host(&mut self) {
        self.sockets.clear();
        self.note("crash".to_owned());
    }
    fn restart_host(&mut self) {
        self.note("restart".to_owned());
    }
    fn set_link(&mut self, link: LinkId, up: bool) {
        self.note(format!("link {} {up}", link.0));
    }
    fn user_open(&mut self, port: u16, to: SocketAddr, _call: &UserCall) -> Result<Fd, Errno> {
        self.note(format!("OPEN {port} {to}"));
        Err(Errno::Eaddrnotavail)
    }
    fn user(&mut self, fd: Fd, call: &UserCall) -> Result<(), Errno> {
        self.note(format!("{:?} {}", call.kind, fd.0));
        Err(Errno::Ebadf)
    }
    fn inject(&mut self, _segment: &Inject, to: SocketAddr) -> Result<(), Errno> {
        self.note(format!("inject {to}"));
        Ok(())
    }
    fn segment(&mut self, _segment: &PeerSegment, which: &Which) -> Result<Pair, Errno> {
        self.note("segment".to_owned());
        which.current.ok_or(Errno::Edestaddrreq)
    }
    fn await_segment(&mut self, which: &Which, until: Option<Time>) -> Result<Option<Pair>, Errno> {
        self.note("await".to_owned());
        if until.is_some_and(|until| until <= self.now()) { Ok(which.current) } else { Err(Errno::Eagain) }
    }
}
