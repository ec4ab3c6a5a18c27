//! The calls on datagram sockets (POSIX.1-2017; RFC 768; RFC 1122, 4.1).

use super::kernel::{Ctx, Dgram, Entry, Kernel};
use super::options::{get, set};
use super::perform::With;
use super::record::{Args, Caller, Said};
use super::sys::Received;
use crate::base::{ActorId, Fd, Payload};
use crate::machine::Running;
use crate::net::Stack;
use crate::scenario::model::{Proto, SockOpt, SocketSpec};
use crate::socket_api::{DatagramInput as In, Errno, Input};
use crate::trace::{CallName, Outcome};
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};

/// A datagram socket fresh from `socket`.
pub(super) fn fresh(spec: SocketSpec, maker: ActorId) -> Dgram {
    Dgram { machine: Running::new(), maker, spec, local: None, peer: None, udp: None, pending: None, reuse: false }
}

impl Kernel {
    /// Records the call with `outcome` (or the refusal), has the machine take the input, and performs its outputs.
    fn datagram_call(
        &mut self,
        caller: Caller,
        (said, with): (Said, With<'_>),
        fd: Fd,
        input: In,
        outcome: Outcome,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<(), Errno> {
        let outcome = match self.foresee(fd, input) {
            Ok(_) if input == In::Pending => Outcome::Err(self.datagram_pending(fd)),
            Ok(_) => outcome,
            Err(errno) if self.waits_on(caller, errno) => {
                self.block(caller, said.on(self, fd), ctx);
                return Err(errno);
            }
            Err(errno) => Outcome::Err(errno),
        };
        self.say(caller, said.on(self, fd), &outcome, ctx);
        let outputs = self.take(fd, input, ctx)?;
        self.perform_datagram(fd, outputs, with, ctx);
        if let Outcome::Err(errno) = outcome { Err(errno) } else { Ok(()) }
    }

    fn datagram_pending(&mut self, fd: Fd) -> Errno {
        self.dgram(fd).and_then(|dgram| dgram.pending).unwrap_or(Errno::Econnrefused)
    }

    pub(super) fn refuse_datagram(
        &mut self,
        caller: Caller,
        said: Said,
        fd: Fd,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<(), Errno> {
        self.datagram_call(caller, (said, With::default()), fd, In::ListenAccept, Outcome::Ok, ctx)
    }

    pub(super) fn shutdown_datagram(
        &mut self,
        caller: Caller,
        said: Said,
        fd: Fd,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<(), Errno> {
        self.datagram_call(caller, (said, With::default()), fd, In::Shutdown, Outcome::Ok, ctx)
    }

    pub(super) fn bind_datagram(
        &mut self,
        caller: Caller,
        fd: Fd,
        addr: Option<IpAddr>,
        port: u16,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<(), Errno> {
        let at = SocketAddr::new(addr.unwrap_or(self.anywhere()), port);
        let place = self.place_for(fd, at);
        let input = place.input([In::Bind, In::BindInUse, In::BindNotLocal]);
        let said = Said::new(CallName::Bind).args(Args::Addr(at));
        let with = With { at: place.free(), ..With::default() };
        self.datagram_call(caller, (said, with), fd, input, Outcome::Ok, ctx)
    }

    /// The socket gets a local address, and is open at its port.
    pub(super) fn open_datagram(&mut self, fd: Fd, at: Option<SocketAddr>) {
        let Some(at) = at else { return };
        let hop_limit = self.dgram(fd).map_or(0, |dgram| dgram.spec.hop_limit);
        self.ephemeral.took(at.port());
        let id = self.stack.udp_open(at, hop_limit);
        self.pinned += Stack::UDP_PINNED;
        self.udp_owners.insert(id, fd);
        self.holders.moved(Proto::Udp, fd, None, Some(at));
        if let Some(dgram) = self.dgram(fd) {
            dgram.local = Some(at);
            dgram.udp = Some(id);
        }
    }

    /// The address that a socket which is not bound yet will get, all addresses and an ephemeral port; `None` where it
    /// needs one and there is none.
    fn implicit(&self, fd: Fd) -> Option<SocketAddr> {
        self.bindable(fd, SocketAddr::new(self.anywhere(), 0))
    }

    fn is_unbound(&self, fd: Fd) -> bool {
        matches!(self.fds.get(&fd), Some(Entry::Dgram(dgram)) if dgram.udp.is_none())
    }

    pub(super) fn connect_datagram(
        &mut self,
        caller: Caller,
        fd: Fd,
        to: SocketAddr,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<(), Errno> {
        let peer = super::options::this_host(to);
        let bound = self.dgram(fd).and_then(|dgram| dgram.local);
        let source = self.source_of(bound, peer.ip()).filter(|_| self.reaches(peer.ip()));
        let new = if self.is_unbound(fd) { self.implicit(fd) } else { None };
        let input = match source {
            None => In::ConnectNoRoute,
            Some(_) if self.is_unbound(fd) && new.is_none() => In::NoPort,
            Some(_) => In::Connect,
        };
        let said = Said::new(CallName::Connect).args(Args::Addr(to));
        let source = source.map(|source| SocketAddr::new(source, 0));
        let with = With { at: new, peer: Some(peer), source, ..With::default() };
        self.datagram_call(caller, (said, with), fd, input, Outcome::Ok, ctx)
    }

    pub(super) fn set_datagram_peer(&mut self, fd: Fd, with: With<'_>) {
        let Some(dgram) = self.dgram(fd) else { return };
        dgram.peer = with.peer;
        if let (Some(local), Some(id), Some(source), Some(peer)) = (&mut dgram.local, dgram.udp, with.source, with.peer)
        {
            local.set_ip(source.ip());
            self.stack.udp_connect(id, source.ip(), peer);
        }
    }

    /// `sendto`: one datagram. See [`Kernel::send`] for a socket with a peer.
    ///
    /// # Errors
    /// EMSGSIZE, ENETUNREACH, EDESTADDRREQ, EAGAIN, the pending error, EBADF.
    pub fn sendto(
        &mut self,
        caller: Caller,
        fd: Fd,
        data: &Bytes,
        to: SocketAddr,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<usize, Errno> {
        if self.peek_stream(fd).is_some() {
            // A stream has one peer: Linux takes no notice of the address.
            return self.send(caller, fd, data, ctx);
        }
        self.send_datagram(caller, fd, Some(to), data, ctx)
    }

    pub(super) fn send_datagram(
        &mut self,
        caller: Caller,
        fd: Fd,
        to: Option<SocketAddr>,
        data: &Bytes,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<usize, Errno> {
        let known = self.dgram(fd).map(|dgram| (dgram.pending.is_some(), dgram.peer, dgram.local, dgram.udp));
        let (pending, peer, bound, id) = known.unwrap_or_default();
        let peer = to.map(super::options::this_host).or(peer);
        let new = if self.is_unbound(fd) { self.implicit(fd) } else { None };
        let input = match peer {
            _ if pending => In::Pending,
            Some(peer) if peer.port() == 0 => In::SendPortZero,
            Some(peer) if !self.reaches(peer.ip()) || self.source_of(bound, peer.ip()).is_none() => In::SendNoRoute,
            Some(peer) if data.len() > self.stack.udp_max(peer) => In::SendTooBig,
            Some(_) if self.is_unbound(fd) && new.is_none() => In::NoPort,
            Some(_) if id.is_some_and(|id| !self.stack.udp_takes(id, data.len())) => In::SendFull,
            Some(_) | None if to.is_some() => In::Sendto,
            Some(_) | None => In::Send,
        };
        let name = if to.is_some() { CallName::Sendto } else { CallName::Send };
        let said = Said::new(name).args(to.map_or(Args::None, Args::Addr)).data(data);
        let count = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let with = With { at: new, peer, data: Some(data), ..With::default() };
        self.datagram_call(caller, (said, with), fd, input, Outcome::Count(count), ctx)?;
        Ok(data.len())
    }

    pub(super) fn put_datagram(&mut self, fd: Fd, with: With<'_>, ctx: &mut Ctx<'_, '_>) {
        let id = self.dgram(fd).and_then(|dgram| dgram.udp);
        let (Some(id), Some(peer), Some(data)) = (id, with.peer, with.data) else { return };
        self.stack.udp_send(id, peer, data);
        self.flush_datagrams(id, ctx);
    }

    /// `recvfrom`: the first datagram that waits, cut to `max` bytes, and its sender.
    ///
    /// # Errors
    /// EAGAIN (a blocking caller waits), the pending error, EBADF.
    pub fn recvfrom(
        &mut self,
        caller: Caller,
        fd: Fd,
        max: usize,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<(Bytes, SocketAddr), Errno> {
        if let Some(stream) = self.peek_stream(fd) {
            let peer = stream.peer.unwrap_or(super::options::NOWHERE);
            let data = match self.recv(caller, fd, max, ctx)? {
                Received::Data(data) => data,
                Received::Eof => Bytes::new(),
            };
            return Ok((data, peer));
        }
        self.recv_datagram(caller, CallName::Recvfrom, fd, max, ctx)
    }

    pub(super) fn recv_datagram(
        &mut self,
        caller: Caller,
        name: CallName,
        fd: Fd,
        max: usize,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<(Bytes, SocketAddr), Errno> {
        let (pending, id) = self.dgram(fd).map(|dgram| (dgram.pending.is_some(), dgram.udp)).unwrap_or_default();
        let next = id.and_then(|id| self.stack.udp_first(id));
        let input = match &next {
            _ if pending => In::Pending,
            Some(_) => In::Recv,
            None => In::RecvEmpty,
        };
        let cut = next.map(|(data, from)| (data.slice(..data.len().min(max)), *from));
        let outcome = cut.clone().map_or(Outcome::Ok, |(data, from)| Outcome::From(Payload(data), from));
        let said = Said::new(name).args(Args::Number(max as u64));
        self.datagram_call(caller, (said, With::default()), fd, input, outcome, ctx)?;
        cut.ok_or(Errno::Eagain)
    }

    pub(super) fn drop_first_datagram(&mut self, fd: Fd) {
        if let Some(id) = self.dgram(fd).and_then(|dgram| dgram.udp) {
            self.stack.udp_recv(id);
        }
    }

    pub(super) fn close_datagram(&mut self, caller: Caller, fd: Fd, ctx: &mut Ctx<'_, '_>) -> Result<(), Errno> {
        let with = With { by: Some(caller.actor), ..With::default() };
        self.datagram_call(caller, (Said::new(CallName::Close), with), fd, In::Close, Outcome::Ok, ctx)
    }

    pub(super) fn release_datagram(&mut self, by: Option<ActorId>, fd: Fd) {
        self.wake_for_close(fd, by);
        let Some(Entry::Dgram(dgram)) = self.fds.remove(&fd) else { return };
        self.holders.moved(Proto::Udp, fd, dgram.local, None);
        if let Some(id) = dgram.udp {
            self.stack.udp_close(id);
            self.udp_owners.remove(&id);
            self.pinned = self.pinned.saturating_sub(Stack::UDP_PINNED);
        }
    }

    pub(super) fn answer_datagram(
        &mut self,
        caller: Caller,
        said: Said,
        fd: Fd,
        input: Input,
        addr: SocketAddr,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<SocketAddr, Errno> {
        let input = if input == Input::Getpeername { In::Getpeername } else { In::Getsockname };
        self.datagram_call(caller, (said, With::default()), fd, input, Outcome::Addr(addr), ctx).map(|()| addr)
    }

    pub(super) fn setsockopt_datagram(
        &mut self,
        caller: Caller,
        said: Said,
        fd: Fd,
        option: SockOpt,
        value: i64,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<(), Errno> {
        let input = match option {
            SockOpt::ReuseAddr | SockOpt::Ttl if option.takes(value) => In::Setsockopt,
            SockOpt::ReuseAddr | SockOpt::Ttl => In::SetsockoptInvalid,
            _ => In::SetsockoptUnknown,
        };
        self.datagram_call(caller, (said, With::default()), fd, input, Outcome::Ok, ctx)?;
        if let Some(dgram) = self.dgram(fd) {
            if option == SockOpt::ReuseAddr {
                dgram.reuse = value != 0;
            }
            set(&mut dgram.spec, option, value);
            let (id, hop_limit) = (dgram.udp, dgram.spec.hop_limit);
            if let Some(id) = id {
                self.stack.udp_hop_limit(id, hop_limit);
            }
        }
        Ok(())
    }

    pub(super) fn getsockopt_datagram(
        &mut self,
        caller: Caller,
        said: Said,
        fd: Fd,
        option: SockOpt,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<i64, Errno> {
        let Some(dgram) = self.dgram(fd) else { return Err(Errno::Ebadf) };
        let (input, outcome) = match option {
            SockOpt::Error => (In::GetsockoptError, dgram.pending.map_or(Outcome::Value(0), Outcome::SoError)),
            SockOpt::ReuseAddr => (In::Getsockopt, Outcome::Value(dgram.reuse.into())),
            _ => (In::Getsockopt, Outcome::Value(get(&dgram.spec, option))),
        };
        let value = super::options::number(&outcome);
        self.datagram_call(caller, (said, With::default()), fd, input, outcome, ctx)?;
        Ok(value)
    }
}
