//! What stands at a node, and what a program on a host sees of the world.

use crate::base::{ActorId, Fd, LinkId, RecordId, Span, Time, entropy};
use crate::net::{Router, Switch};
use crate::packet;
use crate::scenario::model::{HostSpec, How, Inject, Proto, SockOpt, UserCall};
use crate::socket::{Caller, Ctx, Kernel, Received, Sys};
use crate::socket_api::{Errno, Readiness};
use crate::trace::{Call, CallName, Outcome, TimerKind, What};
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
    /// Bytes of its buffers, as the world has counted them.
    pub(super) counted: u64,
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
    /// What has happened since the program's last step.
    pub(super) changed: &'a mut BTreeSet<Fd>,
    pub(super) seed: u64,
    pub(super) name: &'a str,
    /// The record of the library call that is going on, and what was the cause before it.
    pub(super) within: &'a mut Option<RecordId>,
}

impl<'b, 't> HostSys<'_, 'b, 't> {
    /// Makes one call; what the program does after it is not caused by it.
    fn calling<R>(&mut self, call: impl FnOnce(&mut Kernel, Caller, &mut Ctx<'b, 't>) -> R) -> R {
        let before = self.ctx.tape.cause;
        self.ctx.tape.cause = self.within.or(before);
        self.host.kernel.set_time(self.ctx.tape.now);
        let result = call(&mut self.host.kernel, *self.caller, self.ctx);
        self.ctx.tape.cause = before;
        result
    }
}

/// A port at which names are asked for (RFC 1035, 4.2).
const DNS_PORT: u16 = 53;

impl Sys for HostSys<'_, '_, '_> {
    fn now(&self) -> Time {
        self.ctx.tape.now
    }

    fn socket(&mut self, proto: Proto) -> Result<Fd, Errno> {
        Ok(self.calling(|kernel, caller, ctx| kernel.socket(caller, proto, ctx)))
    }

    fn bind(&mut self, fd: Fd, addr: Option<IpAddr>, port: u16) -> Result<(), Errno> {
        self.calling(|kernel, caller, ctx| kernel.bind(caller, fd, addr, port, ctx))
    }

    fn listen(&mut self, fd: Fd, backlog: u32) -> Result<(), Errno> {
        self.calling(|kernel, caller, ctx| kernel.listen(caller, fd, backlog, ctx))
    }

    fn accept(&mut self, fd: Fd) -> Result<(Fd, SocketAddr), Errno> {
        self.calling(|kernel, caller, ctx| kernel.accept(caller, fd, ctx))
    }

    fn connect(&mut self, fd: Fd, to: SocketAddr) -> Result<(), Errno> {
        self.calling(|kernel, caller, ctx| kernel.connect(caller, fd, to, ctx))
    }

    fn finish_connect(&mut self, fd: Fd) -> Result<(), Errno> {
        self.calling(|kernel, caller, ctx| kernel.connected(caller, fd, ctx))
    }

    fn send(&mut self, fd: Fd, data: &Bytes) -> Result<usize, Errno> {
        self.calling(|kernel, caller, ctx| kernel.send(caller, fd, data, ctx))
    }

    fn recv(&mut self, fd: Fd, max: usize) -> Result<Received, Errno> {
        self.calling(|kernel, caller, ctx| kernel.recv(caller, fd, max, ctx))
    }

    fn sendto(&mut self, fd: Fd, data: &Bytes, to: SocketAddr) -> Result<usize, Errno> {
        self.calling(|kernel, caller, ctx| kernel.sendto(caller, fd, data, to, ctx))
    }

    fn recvfrom(&mut self, fd: Fd, max: usize) -> Result<(Bytes, SocketAddr), Errno> {
        self.calling(|kernel, caller, ctx| kernel.recvfrom(caller, fd, max, ctx))
    }

    fn shutdown(&mut self, fd: Fd, how: How) -> Result<(), Errno> {
        self.calling(|kernel, caller, ctx| kernel.shutdown(caller, fd, how, ctx))
    }

    fn close(&mut self, fd: Fd) -> Result<(), Errno> {
        self.calling(|kernel, caller, ctx| kernel.close(caller, fd, ctx))
    }

    fn setsockopt(&mut self, fd: Fd, option: SockOpt, value: i64) -> Result<(), Errno> {
        self.calling(|kernel, caller, ctx| kernel.setsockopt(caller, fd, option, value, ctx))
    }

    fn getsockopt(&mut self, fd: Fd, option: SockOpt) -> Result<i64, Errno> {
        self.calling(|kernel, caller, ctx| kernel.getsockopt(caller, fd, option, ctx))
    }

    fn getsockname(&mut self, fd: Fd) -> Result<SocketAddr, Errno> {
        self.calling(|kernel, caller, ctx| kernel.getsockname(caller, fd, ctx))
    }

    fn getpeername(&mut self, fd: Fd) -> Result<SocketAddr, Errno> {
        self.calling(|kernel, caller, ctx| kernel.getpeername(caller, fd, ctx))
    }

    fn poll(&mut self, fd: Fd) -> Result<Readiness, Errno> {
        self.calling(|kernel, caller, ctx| kernel.poll(caller, fd, ctx))
    }

    fn ready(&self, fd: Fd) -> Readiness {
        self.host.kernel.readiness(fd, self.ctx.tape.now)
    }

    fn changed(&mut self) -> BTreeSet<Fd> {
        core::mem::take(self.changed)
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
        kernel.library_returns(caller, &outcome, self.ctx);
    }

    fn expired(&mut self, timer: TimerKind, after: Span) {
        let tape = &mut self.ctx.tape;
        let since = Time(tape.now.0.saturating_sub(after.0));
        tape.expire(self.host.kernel.node(), None, timer, (since, self.within.or(tape.cause)));
        if self.within.is_some() {
            *self.within = tape.cause;
        }
    }

    fn begin_step(&mut self, index: usize) {
        let (actor, node) = (self.actor, self.host.kernel.node());
        self.ctx.tape.cause = None;
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        self.caller.step = self.ctx.tape.note(node, || What::Step { actor, index });
        self.ctx.tape.cause = self.caller.step;
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

    fn user_open(&mut self, port: u16, to: SocketAddr, call: &UserCall) -> Result<Fd, Errno> {
        let with = (&call.kind, call.timeout);
        self.calling(|kernel, caller, ctx| kernel.user_open(caller, (port, to), with, ctx))
    }

    fn user(&mut self, fd: Fd, call: &UserCall) -> Result<(), Errno> {
        self.calling(|kernel, caller, ctx| kernel.user(caller, fd, (&call.kind, call.timeout), ctx))
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
        let frame =
            packet::craft_tcp_with(src, to, ttl, &header, &segment.options.0, &segment.data.0).ok_or(Errno::Einval)?;
        let (actor, node) = (self.actor, self.host.kernel.node());
        let args = format!("{src} > {to} {} seq={} ack={}", segment.flags, segment.seq, segment.ack);
        let data = (!segment.data.0.is_empty()).then(|| segment.data.clone());
        let call = Call { actor, call: CallName::Inject, fd: None, conn: None, args, data, outcome: Outcome::Ok };
        let noted = self.ctx.tape.note(node, || What::Call(call));
        self.ctx.tape.cause = noted.or(self.ctx.tape.cause);
        if segment.flags.is_request() {
            self.ctx.conns.open(node, src, to, self.ctx.tape);
        }
        self.host.kernel.inject(frame, self.ctx);
        Ok(())
    }
}
