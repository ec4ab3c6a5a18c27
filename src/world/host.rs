//! What stands at a node, and what a program on a host sees of the world.

use crate::base::{ActorId, Fd, LinkId, RecordId, Time, entropy};
use crate::net::{Router, Switch};
use crate::packet;
use crate::scenario::model::{HostSpec, How, Inject, Proto, SockOpt};
use crate::socket::{Caller, Ctx, Kernel, Received, Sys};
use crate::socket_api::{Errno, Readiness};
use crate::trace::{Call, CallName, Outcome, What};
use bytes::Bytes;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::collections::BTreeSet;

/// What stands at a node.
pub(super) enum Station {
    Host(Box<Host>),
    Switch(Switch),
    Router(Router),
}

/// A host: its kernel, and what outlives a crash.
pub(super) struct Host {
    pub(super) kernel: Kernel,
    pub(super) up: bool,
    /// How often it has started: alarms of an earlier life are void.
    pub(super) boot: u32,
    pub(super) spec: HostSpec,
}

/// What a program asks of the world beyond its own host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Request {
    Crash,
    Restart,
    SetLink(LinkId, bool),
}

/// The system calls of one program, for one step of it.
pub(super) struct HostSys<'a, 'b, 't> {
    pub(super) host: &'a mut Host,
    pub(super) ctx: &'a mut Ctx<'b, 't>,
    pub(super) actor: ActorId,
    pub(super) caller: &'a mut Caller,
    pub(super) labels: &'a mut BTreeSet<String>,
    pub(super) requests: &'a mut Vec<Request>,
    pub(super) seed: u64,
    pub(super) name: &'a str,
    /// The record of the library call that is going on, and what was the cause before it.
    pub(super) within: &'a mut Option<RecordId>,
}

/// A port at which names are asked for (RFC 1035, 4.2).
const DNS_PORT: u16 = 53;

impl Sys for HostSys<'_, '_, '_> {
    fn now(&self) -> Time {
        self.ctx.tape.now
    }

    fn socket(&mut self, proto: Proto) -> Result<Fd, Errno> {
        Ok(self.host.kernel.socket(*self.caller, proto, self.ctx))
    }

    fn bind(&mut self, fd: Fd, addr: Option<IpAddr>, port: u16) -> Result<(), Errno> {
        self.host.kernel.bind(*self.caller, fd, addr, port, self.ctx)
    }

    fn listen(&mut self, fd: Fd, backlog: u32) -> Result<(), Errno> {
        self.host.kernel.listen(*self.caller, fd, backlog, self.ctx)
    }

    fn accept(&mut self, fd: Fd) -> Result<(Fd, SocketAddr), Errno> {
        self.host.kernel.accept(*self.caller, fd, self.ctx)
    }

    fn connect(&mut self, fd: Fd, to: SocketAddr) -> Result<(), Errno> {
        self.host.kernel.connect(*self.caller, fd, to, self.ctx)
    }

    fn finish_connect(&mut self, fd: Fd) -> Result<(), Errno> {
        self.host.kernel.connected(*self.caller, fd, self.ctx)
    }

    fn send(&mut self, fd: Fd, data: &Bytes) -> Result<usize, Errno> {
        self.host.kernel.send(*self.caller, fd, data, self.ctx)
    }

    fn recv(&mut self, fd: Fd, max: usize) -> Result<Received, Errno> {
        self.host.kernel.recv(*self.caller, fd, max, self.ctx)
    }

    fn sendto(&mut self, fd: Fd, data: &Bytes, to: SocketAddr) -> Result<usize, Errno> {
        self.host.kernel.sendto(*self.caller, fd, data, to, self.ctx)
    }

    fn recvfrom(&mut self, fd: Fd, max: usize) -> Result<(Bytes, SocketAddr), Errno> {
        self.host.kernel.recvfrom(*self.caller, fd, max, self.ctx)
    }

    fn shutdown(&mut self, fd: Fd, how: How) -> Result<(), Errno> {
        self.host.kernel.shutdown(*self.caller, fd, how, self.ctx)
    }

    fn close(&mut self, fd: Fd) -> Result<(), Errno> {
        self.host.kernel.close(*self.caller, fd, self.ctx)
    }

    fn setsockopt(&mut self, fd: Fd, option: SockOpt, value: i64) -> Result<(), Errno> {
        self.host.kernel.setsockopt(*self.caller, fd, option, value, self.ctx)
    }

    fn getsockopt(&mut self, fd: Fd, option: SockOpt) -> Result<i64, Errno> {
        self.host.kernel.getsockopt(*self.caller, fd, option, self.ctx)
    }

    fn getsockname(&mut self, fd: Fd) -> Result<SocketAddr, Errno> {
        self.host.kernel.getsockname(*self.caller, fd, self.ctx)
    }

    fn getpeername(&mut self, fd: Fd) -> Result<SocketAddr, Errno> {
        self.host.kernel.getpeername(*self.caller, fd, self.ctx)
    }

    fn poll(&mut self, fd: Fd) -> Result<Readiness, Errno> {
        Ok(self.host.kernel.poll(*self.caller, fd, self.ctx))
    }

    fn ready(&self, fd: Fd) -> Readiness {
        self.host.kernel.readiness(fd)
    }

    fn lookup(&self, name: &str) -> Vec<IpAddr> {
        self.host.spec.names.get(name).cloned().unwrap_or_default()
    }

    fn dns_server(&self) -> Option<SocketAddr> {
        self.host.spec.dns.map(|addr| SocketAddr::new(addr, DNS_PORT))
    }

    fn entropy(&self, label: &str) -> u64 {
        entropy(self.seed, &format!("{}/{label}", self.name))
    }

    fn say(&mut self, text: &str) {
        let actor = self.actor;
        self.ctx.tape.note(self.host.kernel.node(), || What::App { actor, text: text.to_owned() });
    }

    fn blocking(&mut self, on: bool) {
        self.caller.blocking = on;
    }

    fn called(&mut self, call: CallName, args: String, outcome: Outcome) {
        let (kernel, caller) = (&mut self.host.kernel, *self.caller);
        kernel.library_call(caller, call, args, &outcome, self.ctx);
    }

    fn enter(&mut self, call: CallName, args: String) {
        let (kernel, caller) = (&mut self.host.kernel, Caller { blocking: true, muted: false, ..*self.caller });
        kernel.library_call(caller, call, args, &Outcome::Pending, self.ctx);
        *self.within = self.ctx.tape.cause;
        self.caller.muted = true;
    }

    fn leave(&mut self, outcome: Outcome) {
        self.caller.muted = false;
        *self.within = None;
        let (kernel, caller) = (&mut self.host.kernel, *self.caller);
        kernel.unblock(caller, &outcome, self.ctx);
    }

    fn begin_step(&mut self, index: usize) {
        let (actor, node) = (self.actor, self.host.kernel.node());
        self.ctx.tape.cause = None;
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        self.ctx.tape.cause = self.ctx.tape.note(node, || What::Step { actor, index });
    }

    fn complete(&mut self, label: &str) {
        self.labels.insert(label.to_owned());
    }

    fn completed(&self, label: &str) -> bool {
        self.labels.contains(label)
    }

    fn crash_host(&mut self) {
        self.requests.push(Request::Crash);
    }

    fn restart_host(&mut self) {
        self.requests.push(Request::Restart);
    }

    fn set_link(&mut self, link: LinkId, up: bool) {
        self.requests.push(Request::SetLink(link, up));
    }

    fn inject(&mut self, segment: &Inject, to: SocketAddr) -> Result<(), Errno> {
        let own = self.host.kernel.first_addr(to.ip());
        let src = segment.src.0.or(own).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let src = SocketAddr::new(src, segment.src.1);
        let header = packet::Segment {
            seq: segment.seq,
            ack: segment.ack,
            flags: segment.flags,
            window: segment.window,
            ..packet::Segment::default()
        };
        let ttl = self.host.spec.sockets.hop_limit;
        let frame = packet::craft_tcp(src, to, ttl, &header, &segment.data.0).ok_or(Errno::Einval)?;
        let (actor, node) = (self.actor, self.host.kernel.node());
        let args = format!("{src} > {to} {} seq={} ack={}", segment.flags, segment.seq, segment.ack);
        let data = (!segment.data.0.is_empty()).then(|| segment.data.clone());
        let call =
            Call { actor, call: CallName::Inject, fd: None, conn: None, args, data, outcome: Outcome::Ok };
        let noted = self.ctx.tape.note(node, || What::Call(call));
        self.ctx.tape.cause = noted.or(self.ctx.tape.cause);
        if segment.flags.is_request() {
            self.ctx.conns.open(node, src, to, self.ctx.tape);
        }
        self.host.kernel.inject(frame, self.ctx);
        Ok(())
    }
}
