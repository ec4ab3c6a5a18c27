//! The calls on stream sockets: classify, ask the machine, record, perform. `connect` and the calls that close have files
//! of their own.

use super::holding::Owner;
use super::kernel::{Ctx, Entry, Kernel, Stream};
use super::perform::{Answer, With};
use super::record::{Args, Caller, Said};
use super::sys::Received;
use crate::base::{ActorId, Fd, Payload};
use crate::net::TcpId;
use crate::scenario::model::{Proto, SocketSpec};
use crate::socket_api::{Errno, Input, Output};
use crate::trace::{CallName, Outcome};
use bytes::{Bytes, BytesMut};
use core::net::{IpAddr, SocketAddr};

impl Kernel {
    /// `socket`: SOCK_STREAM or SOCK_DGRAM.
    pub fn socket(&mut self, caller: Caller, proto: Proto, ctx: &mut Ctx<'_, '_>) -> Fd {
        let spec = self.defaults;
        let entry = match proto {
            Proto::Tcp => Entry::Stream(Box::new(Stream::new(spec, caller.actor))),
            Proto::Udp => Entry::Dgram(Box::new(super::dgram::fresh(spec, caller.actor))),
        };
        let fd = self.insert(entry);
        let args = if proto == Proto::Tcp { "SOCK_STREAM" } else { "SOCK_DGRAM" };
        self.say(caller, Said::new(CallName::Socket).args(Args::Word(args)), &Outcome::Fd(fd), ctx);
        fd
    }

    /// A call whose outcome is known from the machine alone; its outputs are still to be performed.
    pub(super) fn plain_call(
        &mut self,
        caller: Caller,
        said: Said,
        fd: Fd,
        input: Input,
        ctx: &mut Ctx<'_, '_>,
    ) -> Answer<Input> {
        let outcome = self.foresee(fd, input).map_or_else(Outcome::Err, |_| Outcome::Ok);
        self.say(caller, said.on(self, fd), &outcome, ctx);
        self.take(fd, input, ctx)
    }

    /// `bind`; port 0 takes an ephemeral one.
    ///
    /// # Errors
    /// EADDRINUSE, EADDRNOTAVAIL, EINVAL, EBADF.
    pub fn bind(
        &mut self,
        caller: Caller,
        fd: Fd,
        addr: Option<IpAddr>,
        port: u16,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<(), Errno> {
        if self.dgram(fd).is_some() {
            return self.bind_datagram(caller, fd, addr, port, ctx);
        }
        let at = SocketAddr::new(addr.unwrap_or(self.anywhere()), port);
        let place = self.place_for(fd, at);
        let input = place.input([Input::Bind, Input::BindInUse, Input::BindNotLocal]);
        let said = Said::new(CallName::Bind).args(Args::Addr(at));
        let outputs = self.plain_call(caller, said, fd, input, ctx)?;
        self.perform(fd, outputs, With { at: place.free(), ..With::default() }, ctx);
        Ok(())
    }

    /// `listen`: an accept queue of at most `backlog` + 1 connections, as Linux counts.
    ///
    /// # Errors
    /// EADDRINUSE, EINVAL, EOPNOTSUPP, EBADF.
    pub fn listen(&mut self, caller: Caller, fd: Fd, backlog: u32, ctx: &mut Ctx<'_, '_>) -> Result<(), Errno> {
        if self.dgram(fd).is_some() {
            let said = Said::new(CallName::Listen);
            return self.refuse_datagram(caller, said, fd, ctx);
        }
        let anywhere = SocketAddr::new(self.anywhere(), 0);
        let bound = self.peek_stream(fd).and_then(|stream| stream.local);
        let at = bound.or_else(|| self.bindable(fd, anywhere));
        let input = match at {
            Some(at) if !self.listens_elsewhere(fd, at) => Input::Listen,
            Some(_) | None => Input::ListenInUse,
        };
        let said = Said::new(CallName::Listen).args(Args::Number(backlog.into()));
        let outputs = self.plain_call(caller, said, fd, input, ctx)?;
        self.perform(fd, outputs, With { at, backlog, ..With::default() }, ctx);
        Ok(())
    }

    /// `accept`: a new socket for the first connection of the queue, and its peer's address.
    ///
    /// # Errors
    /// EAGAIN (a blocking caller waits), EINVAL, EBADF.
    pub fn accept(&mut self, caller: Caller, fd: Fd, ctx: &mut Ctx<'_, '_>) -> Result<(Fd, SocketAddr), Errno> {
        if self.dgram(fd).is_some() {
            let said = Said::new(CallName::Accept);
            return self.refuse_datagram(caller, said, fd, ctx).and(Err(Errno::Eopnotsupp));
        }
        let queued = self.peek_stream(fd).and_then(|stream| stream.listener.as_ref()?.ready.front().copied());
        let input = if queued.is_some() { Input::Accept } else { Input::AcceptEmpty };
        let said = Said::new(CallName::Accept);
        let (Some(id), Ok(_)) = (queued, self.foresee(fd, input)) else {
            return self.refused(caller, said, fd, input, ctx);
        };
        let (new, peer) = (self.next_fd(), self.pair_of(id).1);
        self.say(caller, said.on(self, fd), &Outcome::Accepted(new, peer), ctx);
        let outputs = self.take(fd, input, ctx)?;
        self.perform(fd, outputs, With { by: Some(caller.actor), queued, ..With::default() }, ctx);
        self.tell_what_happened_before(new, id, ctx);
        Ok((new, peer))
    }

    /// The addresses of a connection: ours and the peer's.
    fn pair_of(&self, id: TcpId) -> (SocketAddr, SocketAddr) {
        let pair = self.stack.peek(id).map(|end| (end.local, end.remote));
        pair.unwrap_or((super::options::NOWHERE, super::options::NOWHERE))
    }

    /// The first connection of the queue gets a descriptor of its own.
    pub(super) fn adopt_connection(&mut self, listener: Fd, with: With<'_>) {
        let (Some(id), Some(maker)) = (with.queued, with.by) else { return };
        let (local, peer) = self.pair_of(id);
        let mut stream = Stream::new(self.spec_of(listener), maker);
        if let Some(listener) = self.stream(listener) {
            stream.reuse = listener.reuse;
            stream.linger = listener.linger;
            if let Some(queue) = &mut listener.listener {
                queue.ready.pop_front();
            }
        }
        stream.peer = Some(peer);
        stream.tcp = Some(id);
        let fd = self.insert(Entry::Stream(Box::new(stream)));
        self.set_local(fd, local);
        self.hand_over(id, Owner::Fd(fd));
    }

    /// A connection may have been closed or lost while it waited in the queue.
    fn tell_what_happened_before(&mut self, fd: Fd, id: TcpId, ctx: &mut Ctx<'_, '_>) {
        self.report(fd, Input::Accepted, ctx);
        let missed = self.holdings.get_mut(&id).map(|holding| core::mem::take(&mut holding.missed));
        for input in missed.unwrap_or_default() {
            self.report(fd, input, ctx);
        }
    }

    /// A refused call: recorded, unless it blocks and has been recorded as blocking already.
    fn refused<T>(
        &mut self,
        caller: Caller,
        said: Said,
        fd: Fd,
        input: Input,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<T, Errno> {
        let errno = self.foresee(fd, input).err().unwrap_or(Errno::Einval);
        if self.waits_on(caller, errno) {
            self.block(caller, said.on(self, fd), ctx);
            return Err(errno);
        }
        self.say(caller, said.on(self, fd), &Outcome::Err(errno), ctx);
        let _ = self.take(fd, input, ctx);
        Err(errno)
    }

    /// The pending error, which the caller takes.
    pub(super) fn pending(&self, fd: Fd) -> Errno {
        self.peek_stream(fd).and_then(|stream| stream.pending).unwrap_or(Errno::Econnreset)
    }

    pub(super) fn has_pending(&self, fd: Fd) -> bool {
        self.peek_stream(fd).is_some_and(|stream| stream.pending.is_some())
    }

    /// `send`: as much as there is room for; how much that was.
    ///
    /// # Errors
    /// EAGAIN with a full buffer (a blocking caller waits), EPIPE, ENOTCONN, the pending error, EBADF.
    pub fn send(&mut self, caller: Caller, fd: Fd, data: &Bytes, ctx: &mut Ctx<'_, '_>) -> Result<usize, Errno> {
        if self.dgram(fd).is_some() {
            return self.send_datagram(caller, fd, None, data, ctx);
        }
        let id = self.peek_stream(fd).and_then(|stream| stream.tcp);
        // A connection that is over has no room, and is not full.
        let full = id.and_then(|id| self.stack.peek(id)?.room()) == Some(0) && !data.is_empty();
        let input = match full {
            _ if self.has_pending(fd) => Input::SendPending,
            true => Input::SendFull,
            false => Input::Send,
        };
        let said = Said::new(CallName::Send).data(data);
        match self.foresee(fd, input) {
            Ok(outputs) if outputs.contains(&Output::CopyIn) => {}
            Ok(_) => return self.fail_pending(caller, said, fd, input, ctx),
            Err(_) => return self.refused(caller, said, fd, input, ctx),
        }
        let Some(id) = id else { return Err(Errno::Epipe) };
        let taken = self.stack.end(id).map_or(0, |end| end.send(data));
        self.say_sent(caller, said.on(self, fd), taken, data.len(), ctx);
        let _ = self.take(fd, input, ctx);
        let now = ctx.tape.now;
        if let Some(end) = self.stack.end(id) {
            end.stalled = false;
            end.unanswered.get_or_insert((now, ctx.tape.cause));
        }
        self.settle(id, None, ctx);
        Ok(taken)
    }

    /// A call that takes the pending error.
    fn fail_pending<T>(
        &mut self,
        caller: Caller,
        said: Said,
        fd: Fd,
        input: Input,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<T, Errno> {
        let errno = self.pending(fd);
        self.say(caller, said.on(self, fd), &Outcome::Err(errno), ctx);
        let outputs = self.take(fd, input, ctx)?;
        self.perform(fd, outputs, With::default(), ctx);
        Err(errno)
    }

    /// `recv`: at most `max` bytes of what has come, or the end of file.
    ///
    /// # Errors
    /// EAGAIN while there is nothing (a blocking caller waits), ENOTCONN, the pending error, EBADF.
    pub fn recv(&mut self, caller: Caller, fd: Fd, max: usize, ctx: &mut Ctx<'_, '_>) -> Result<Received, Errno> {
        if self.dgram(fd).is_some() {
            return self.recv_datagram(caller, CallName::Recv, fd, max, ctx).map(|(data, _)| Received::Data(data));
        }
        let stream = self.peek_stream(fd);
        let id = stream.and_then(|stream| stream.tcp);
        let stashed = stream.is_some_and(|stream| !stream.stash.is_empty());
        let readable = id.and_then(|id| self.stack.peek(id)).is_some_and(|end| end.readable() > 0);
        let input = match stashed || readable {
            true => Input::Recv,
            false if self.has_pending(fd) => Input::RecvPending,
            false => Input::RecvEmpty,
        };
        let said = Said::new(CallName::Recv).args(Args::Number(max as u64));
        let outputs = match self.foresee(fd, input) {
            Ok(outputs) => outputs,
            Err(_) => return self.refused(caller, said, fd, input, ctx),
        };
        if outputs.contains(&Output::EndOfFile) {
            self.say(caller, said.on(self, fd), &Outcome::Eof, ctx);
            let _ = self.take(fd, input, ctx);
            return Ok(Received::Eof);
        }
        if !outputs.contains(&Output::CopyOut) {
            return self.fail_pending(caller, said, fd, input, ctx);
        }
        let data = self.copy_out(fd, id, max);
        self.say(caller, said.on(self, fd), &Outcome::Data(Payload(data.clone())), ctx);
        let _ = self.take(fd, input, ctx);
        if let Some(id) = id {
            // Room in the buffer may be worth a window update.
            if let Some(end) = self.stack.end(id) {
                end.stalled = false;
            }
            self.settle(id, None, ctx);
        }
        Ok(Received::Data(data))
    }

    fn copy_out(&mut self, fd: Fd, id: Option<TcpId>, max: usize) -> Bytes {
        if let Some(stream) = self.stream(fd)
            && !stream.stash.is_empty()
        {
            let take = stream.stash.len().min(max);
            let data = stream.stash.split_to(take).freeze();
            self.stashed -= data.len() as u64;
            return data;
        }
        id.and_then(|id| self.stack.end(id)).map(|end| Bytes::from(end.recv(max))).unwrap_or_default()
    }
}

impl Stream {
    fn new(spec: SocketSpec, maker: ActorId) -> Self {
        Stream {
            machine: crate::machine::Running::new(),
            maker,
            spec,
            local: None,
            given: None,
            peer: None,
            tcp: None,
            listener: None,
            pending: None,
            untold: false,
            reuse: false,
            linger: None,
            stash: BytesMut::new(),
        }
    }
}
