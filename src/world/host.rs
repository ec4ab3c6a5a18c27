//! What stands at a node, and what a program on a host sees of the world.

use crate::base::{ActorId, Fd, LinkId, RecordId, Span, Time, entropy};
use crate::net::{Router, Switch};
use crate::packet;
use crate::scenario::model::{HostSpec, How, Inject, PeerSegment, Proto, SegmentParts, SockOpt, UserCall};
use crate::socket::{self, Caller, Ctx, Kernel, Made, Pair, Received, Sys, Which};
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
    /// The names of its host and of the program: whose random content it draws.
    pub(super) names: [&'a str; 2],
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
        let [host, program] = self.names;
        entropy(self.seed, &format!("{host}/{program}/{label}"))
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
        let pair = (SocketAddr::new(src, segment.src.1), to);
        let header = socket::header(&segment.parts, (0, 0), (0, 0));
        let args = format!("{} > {to} {} seq={} ack={}", pair.0, header.flags, header.seq, header.ack);
        self.put_out(CallName::Inject, args, pair, (&header, &segment.parts), header.flags.is_request())
    }

    fn segment(&mut self, segment: &PeerSegment, which: &Which) -> Result<Pair, Errno> {
        let made = self.host.kernel.make_segment(which, segment.isn, &segment.parts);
        match made {
            Ok(Made { pair, header, opens }) => {
                self.put_out(CallName::Segment, pair.1.to_string(), pair, (&header, &segment.parts), opens)?;
                Ok(pair)
            }
            Err(errno) => {
                self.called(CallName::Segment, String::new(), Outcome::Err(errno));
                Err(errno)
            }
        }
    }

    fn await_segment(&mut self, which: &Which, until: Option<Time>) -> Result<Option<Pair>, Errno> {
        let caller = *self.caller;
        self.host.kernel.await_segment(caller, which, until, self.ctx)
    }
}

impl HostSys<'_, '_, '_> {
    /// Records the call, and puts the segment that it makes on the wire.
    fn put_out(
        &mut self,
        call: CallName,
        args: String,
        (src, dst): Pair,
        (header, parts): (&packet::Segment, &SegmentParts),
        opens: bool,
    ) -> Result<(), Errno> {
        let text = parts.data.as_ref().map(|data| &data.0[..]).unwrap_or_default();
        let ttl = self.host.spec.sockets.hop_limit;
        let frame = match &parts.options {
            Some(options) => packet::craft_tcp_with(src, dst, ttl, header, &options.0, text),
            None => packet::craft_tcp(src, dst, ttl, header, text),
        };
        let outcome = if frame.is_some() { Outcome::Ok } else { Outcome::Err(Errno::Einval) };
        let (actor, node) = (self.actor, self.host.kernel.node());
        let data = parts.data.clone().filter(|data| !data.0.is_empty());
        let conn = self.ctx.conns.find(src, dst).map(|(conn, _)| conn).filter(|_| call == CallName::Segment && !opens);
        let call = Call { actor, call, fd: None, conn, args, data, outcome };
        let noted = self.ctx.tape.note(node, || What::Call(call));
        self.ctx.tape.cause = noted.or(self.ctx.tape.cause);
        let frame = frame.ok_or(Errno::Einval)?;
        if opens {
            self.ctx.conns.open(node, src, dst, self.ctx.tape);
        }
        self.host.kernel.inject(frame, parts.bad_checksum, self.ctx);
        Ok(())
    }
}
