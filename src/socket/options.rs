//! Addresses, ports and options of sockets.

use super::kernel::{Ctx, Entry, Kernel};
use super::perform::With;
use super::ports::Place;
use super::record::{Args, Caller, Said};
use crate::base::{Fd, Span};
use crate::scenario::model::{Proto, SockOpt, SocketSpec};
use crate::socket_api::{Errno, Input, Readiness};
use crate::tcp::State;
use crate::trace::{CallName, Outcome};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// No address at all.
pub(super) const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// The host itself, in this family.
pub(super) const fn loopback(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    }
}

/// 0.0.0.0 and :: as a destination mean this host (Linux S34; `man 7 ip`).
pub(super) fn this_host(to: SocketAddr) -> SocketAddr {
    if to.ip().is_unspecified() { SocketAddr::new(loopback(to.ip()), to.port()) } else { to }
}

fn overlap(a: IpAddr, b: IpAddr) -> bool {
    a.is_unspecified() || b.is_unspecified() || a == b
}

impl Kernel {
    /// Whether another socket holds the port so that this one cannot have it (Linux S05 to S07, S31).
    pub(super) fn port_taken(&self, fd: Fd, at: SocketAddr) -> bool {
        let (proto, reuse) = (self.proto_of(fd), self.reuses(fd));
        let by_socket = self.holders.at(proto, at.port()).any(|other| {
            let (local, listens, shares) = match self.fds.get(&other) {
                Some(Entry::Stream(s)) => (s.local, s.listener.is_some(), s.reuse),
                Some(Entry::Dgram(d)) => (d.local, false, d.reuse),
                None => (None, false, false),
            };
            let here = local.is_some_and(|local| overlap(local.ip(), at.ip()));
            other != fd && here && !(reuse && shares && !listens)
        });
        by_socket || proto == Proto::Tcp && self.port_lingers(at, reuse)
    }

    /// Connections whose descriptor is gone hold their port until they are over; with SO_REUSEADDR it can be shared.
    fn port_lingers(&self, at: SocketAddr, reuse: bool) -> bool {
        self.stack.ends_at(at.port()).any(|(id, end)| {
            let shares = reuse && self.holdings.get(&id).is_some_and(|holding| holding.reuse);
            self.is_orphan(id) && overlap(end.local.ip(), at.ip()) && end.state() != State::Closed && !shares
        })
    }

    /// Whether another socket listens on this address (Linux S07).
    pub(super) fn listens_elsewhere(&self, fd: Fd, at: SocketAddr) -> bool {
        self.holders.listening(at.port()).any(|other| {
            let there = self.peek_stream(other).and_then(|stream| stream.local);
            other != fd && there.is_some_and(|there| overlap(there.ip(), at.ip()))
        })
    }

    /// All local addresses: a socket at it takes both families, and it is written as the host's own addresses are.
    pub(super) fn anywhere(&self) -> IpAddr {
        let v6_only = !self.on_link.is_empty() && self.on_link.iter().all(|net| net.addr.is_ipv6());
        if v6_only { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) }
    }

    fn proto_of(&self, fd: Fd) -> Proto {
        if matches!(self.fds.get(&fd), Some(Entry::Dgram(_))) { Proto::Udp } else { Proto::Tcp }
    }

    fn reuses(&self, fd: Fd) -> bool {
        match self.fds.get(&fd) {
            Some(Entry::Stream(stream)) => stream.reuse,
            Some(Entry::Dgram(dgram)) => dgram.reuse,
            None => false,
        }
    }

    /// An ephemeral port for the socket at this address; `None` when all are taken. It is not taken yet: the call may
    /// still be refused.
    pub(super) fn ephemeral_port(&self, fd: Fd, ip: IpAddr) -> Option<u16> {
        let free = |port| !self.port_taken(fd, SocketAddr::new(ip, port)) && self.stack.ends_at(port).next().is_none();
        self.ephemeral.find(free)
    }

    /// The address of a `bind` in full: port 0 becomes an ephemeral one. `None`: it cannot be had.
    pub(super) fn bindable(&self, fd: Fd, at: SocketAddr) -> Option<SocketAddr> {
        match at.port() {
            0 => self.ephemeral_port(fd, at.ip()).map(|port| SocketAddr::new(at.ip(), port)),
            _ if self.port_taken(fd, at) => None,
            _ => Some(at),
        }
    }

    /// Where `bind` to this address would put the socket.
    pub(super) fn place_for(&self, fd: Fd, at: SocketAddr) -> Place {
        if !at.ip().is_unspecified() && !self.stack.owns(at.ip()) {
            return Place::NotLocal;
        }
        self.bindable(fd, at).map_or(Place::InUse, Place::Free)
    }

    /// The local address from which the socket would connect to `remote`: its own where it is bound; else the host's
    /// address on the way there and an ephemeral port.
    pub(super) fn local_for(&self, fd: Fd, remote: SocketAddr) -> Option<SocketAddr> {
        let bound = self.peek_stream(fd)?.local;
        let ip = self.source_of(bound, remote.ip())?;
        let port = match bound.map(|at| at.port()).filter(|&port| port != 0) {
            Some(port) => port,
            None => self.ephemeral_port(fd, ip)?,
        };
        Some(SocketAddr::new(ip, port))
    }

    /// The address from which a socket that is bound so would speak to `remote`; `None` where it cannot: the families
    /// differ, or it is bound to loopback.
    pub(super) fn source_of(&self, bound: Option<SocketAddr>, remote: IpAddr) -> Option<IpAddr> {
        let source = self.source(remote)?;
        let Some(own) = bound.map(|at| at.ip()).filter(|ip| !ip.is_unspecified()) else { return Some(source) };
        let fits = own.is_ipv4() == remote.is_ipv4() && (!own.is_loopback() || self.stack.owns(remote));
        fits.then_some(own)
    }

    /// `getsockname`; nothing but zeros before the socket is bound.
    ///
    /// # Errors
    /// EBADF.
    pub fn getsockname(&mut self, caller: Caller, fd: Fd, ctx: &mut Ctx<'_, '_>) -> Result<SocketAddr, Errno> {
        let local = match self.fds.get(&fd) {
            Some(Entry::Stream(stream)) => stream.local,
            Some(Entry::Dgram(dgram)) => dgram.local,
            None => None,
        };
        self.answer(caller, Said::new(CallName::Getsockname), fd, Input::Getsockname, local, ctx)
    }

    /// `getpeername`.
    ///
    /// # Errors
    /// ENOTCONN, EBADF.
    pub fn getpeername(&mut self, caller: Caller, fd: Fd, ctx: &mut Ctx<'_, '_>) -> Result<SocketAddr, Errno> {
        let peer = match self.fds.get(&fd) {
            Some(Entry::Stream(stream)) => stream.peer,
            Some(Entry::Dgram(dgram)) => dgram.peer,
            None => None,
        };
        self.answer(caller, Said::new(CallName::Getpeername), fd, Input::Getpeername, peer, ctx)
    }

    fn answer(
        &mut self,
        caller: Caller,
        said: Said,
        fd: Fd,
        input: Input,
        addr: Option<SocketAddr>,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<SocketAddr, Errno> {
        let addr = addr.unwrap_or(SocketAddr::new(self.anywhere(), 0));
        if self.dgram(fd).is_some() {
            return self.answer_datagram(caller, said, fd, input, addr, ctx);
        }
        let outcome = self.foresee(fd, input).map_or_else(Outcome::Err, |_| Outcome::Addr(addr));
        self.say(caller, said.on(self, fd), &outcome, ctx);
        self.take(fd, input, ctx).map(|_| addr)
    }

    /// `poll` with no time-out: what the descriptor is ready for.
    ///
    /// # Errors
    /// EBADF (poll's POLLNVAL).
    pub fn poll(&mut self, caller: Caller, fd: Fd, ctx: &mut Ctx<'_, '_>) -> Result<Readiness, Errno> {
        let open = self.fds.contains_key(&fd);
        let ready = if open { Ok(self.readiness(fd, ctx.tape.now)) } else { Err(Errno::Ebadf) };
        let outcome = ready.map_or_else(Outcome::Err, |ready| Outcome::Ready(ready.to_string()));
        self.say(caller, Said::new(CallName::Poll).on(self, fd), &outcome, ctx);
        ready
    }

    /// `setsockopt`; units as [`SockOpt`] says.
    ///
    /// # Errors
    /// EINVAL (a value out of range), ENOPROTOOPT (SO_ERROR), EISCONN (a buffer's size once there is a connection: a
    /// difference from Linux, where it changes the window to come), EBADF.
    pub fn setsockopt(
        &mut self,
        caller: Caller,
        fd: Fd,
        option: SockOpt,
        value: i64,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<(), Errno> {
        let said = Said::new(CallName::Setsockopt).args(Args::Option(crate::machine::Finite::name(option), value));
        if self.dgram(fd).is_some() {
            return self.setsockopt_datagram(caller, said, fd, option, value, ctx);
        }
        let input = match option {
            SockOpt::Error => Input::SetsockoptReadOnly,
            _ if !option.takes(value) => Input::SetsockoptInvalid,
            SockOpt::RcvBuf | SockOpt::SndBuf => Input::SetsockoptBuffer,
            _ => Input::Setsockopt,
        };
        let outcome = self.foresee(fd, input).map_or_else(Outcome::Err, |_| Outcome::Ok);
        self.say(caller, said.on(self, fd), &outcome, ctx);
        self.take(fd, input, ctx)?;
        self.apply(fd, option, value, ctx);
        Ok(())
    }

    fn apply(&mut self, fd: Fd, option: SockOpt, value: i64, ctx: &mut Ctx<'_, '_>) {
        let Some(stream) = self.stream(fd) else { return };
        match option {
            SockOpt::ReuseAddr => stream.reuse = value != 0,
            SockOpt::Linger => stream.linger = u32::try_from(value).ok(),
            _ => set(&mut stream.spec, option, value),
        }
        let (spec, reuse, id) = (stream.spec, stream.reuse, stream.tcp);
        let Some(id) = id else { return };
        if let Some(holding) = self.holdings.get_mut(&id) {
            (holding.spec, holding.reuse) = (spec, reuse);
        }
        if let Some(end) = self.stack.end(id) {
            end.configure(&spec);
        }
        self.settle(id, None, ctx);
    }

    /// `getsockopt`; SO_ERROR as its number, read and cleared.
    ///
    /// # Errors
    /// EBADF.
    pub fn getsockopt(&mut self, caller: Caller, fd: Fd, option: SockOpt, ctx: &mut Ctx<'_, '_>) -> Result<i64, Errno> {
        let said = Said::new(CallName::Getsockopt).args(Args::Word(crate::machine::Finite::name(option)));
        if self.dgram(fd).is_some() {
            return self.getsockopt_datagram(caller, said, fd, option, ctx);
        }
        let input = if option == SockOpt::Error { Input::GetsockoptError } else { Input::Getsockopt };
        let value = self.peek_stream(fd).map_or(Outcome::Value(0), |stream| match option {
            SockOpt::Error => stream.pending.map_or(Outcome::Value(0), Outcome::SoError),
            SockOpt::ReuseAddr => Outcome::Value(stream.reuse.into()),
            SockOpt::Linger => Outcome::Value(stream.linger.map_or(-1, i64::from)),
            _ => Outcome::Value(get(&stream.spec, option)),
        });
        let outcome = self.foresee(fd, input).map_or_else(Outcome::Err, |_| value.clone());
        self.say(caller, said.on(self, fd), &outcome, ctx);
        let outputs = self.take(fd, input, ctx)?;
        self.perform(fd, outputs, With::default(), ctx);
        Ok(number(&value))
    }
}

/// An option's value as the call gives it: SO_ERROR as its number.
pub(super) fn number(outcome: &Outcome) -> i64 {
    match outcome {
        Outcome::Value(number) => *number,
        Outcome::SoError(errno) => errno.number(),
        _ => 0,
    }
}

pub(super) fn set(spec: &mut SocketSpec, option: SockOpt, value: i64) {
    let number = u64::try_from(value).unwrap_or(0);
    let small = u32::try_from(number).unwrap_or(u32::MAX);
    match option {
        SockOpt::RcvBuf => spec.rcvbuf = small,
        SockOpt::SndBuf => spec.sndbuf = small,
        SockOpt::KeepAlive => spec.keep_alive = value != 0,
        SockOpt::KeepIdle => spec.keep_idle = Span::secs(number),
        SockOpt::KeepInterval => spec.keep_interval = Span::secs(number),
        SockOpt::KeepCount => spec.keep_probes = small,
        SockOpt::NoDelay => spec.nagle = value == 0,
        SockOpt::UserTimeout => spec.user_timeout = (value != 0).then(|| Span::millis(number)),
        SockOpt::Ttl => spec.hop_limit = u8::try_from(number).unwrap_or(u8::MAX),
        SockOpt::ReuseAddr | SockOpt::Linger | SockOpt::Error => {}
    }
}

pub(super) fn get(spec: &SocketSpec, option: SockOpt) -> i64 {
    let span = |span: Span, unit: Span| i64::try_from(span.0 / unit.0).unwrap_or(i64::MAX);
    match option {
        SockOpt::RcvBuf => spec.rcvbuf.into(),
        SockOpt::SndBuf => spec.sndbuf.into(),
        SockOpt::KeepAlive => spec.keep_alive.into(),
        SockOpt::KeepIdle => span(spec.keep_idle, Span::secs(1)),
        SockOpt::KeepInterval => span(spec.keep_interval, Span::secs(1)),
        SockOpt::KeepCount => spec.keep_probes.into(),
        SockOpt::NoDelay => i64::from(!spec.nagle),
        SockOpt::UserTimeout => spec.user_timeout.map_or(0, |timeout| span(timeout, Span::millis(1))),
        SockOpt::Ttl => spec.hop_limit.into(),
        SockOpt::ReuseAddr | SockOpt::Linger | SockOpt::Error => 0,
    }
}
