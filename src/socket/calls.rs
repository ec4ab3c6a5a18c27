//! The calls on stream sockets: classify, ask the machine, record, perform.

use super::events::edge_record;
use super::holding::{Lingering, Owner};
use super::kernel::{Ctx, Entry, Kernel, Listener, Stream};
use super::record::{Args, Caller, Said};
use super::sys::Received;
use crate::base::{ActorId, Fd, Payload};
use crate::machine::{Edge, Step};
use crate::net::TcpId;
use crate::scenario::model::{How, Proto, SockOpt, SocketSpec};
use crate::socket_api::{Errno, Input, Output, Socket};
use crate::tcp::State;
use crate::trace::{CallName, Outcome};
use bytes::{Bytes, BytesMut};
use core::net::{IpAddr, SocketAddr};

/// What the machine said, and what it is to perform.
pub(super) type Answer = Result<&'static [Output], Errno>;

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

    /// The machine of a stream socket takes an input; the edge is recorded behind the call.
    pub(super) fn take(&mut self, fd: Fd, input: Input, ctx: &mut Ctx<'_, '_>) -> Answer {
        let node = self.node;
        let Some(stream) = self.stream(fd) else { return Err(Errno::Ebadf) };
        let edge = stream.machine.step(input, &mut |edge: &Edge<Socket>| {
            ctx.tape.note(node, || edge_record(fd, edge));
        });
        match edge.step {
            Step::Go(_, outputs, _) => Ok(outputs),
            Step::Reject(errno, _) => Err(errno),
            Step::Never => Err(Errno::Einval),
        }
    }

    /// What the machine would say: for the record of the call, which comes before its edge.
    pub(super) fn foresee(&self, fd: Fd, input: Input) -> Answer {
        let Some(stream) = self.peek_stream(fd) else { return Err(Errno::Ebadf) };
        match stream.machine.peek(input).step {
            Step::Go(_, outputs, _) => Ok(outputs),
            Step::Reject(errno, _) => Err(errno),
            Step::Never => Err(Errno::Einval),
        }
    }

    /// A call whose outcome is known from the machine alone.
    fn plain_call(&mut self, caller: Caller, said: Said, fd: Fd, input: Input, ctx: &mut Ctx<'_, '_>) -> Answer {
        let outcome = match self.foresee(fd, input) {
            Ok(outputs) if outputs.contains(&Output::FailAborted) => Outcome::Err(Errno::Econnaborted),
            Ok(_) => Outcome::Ok,
            Err(errno) => Outcome::Err(errno),
        };
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
        let free = self.bindable(fd, at);
        let input = match addr {
            Some(addr) if !addr.is_unspecified() && !self.stack.owns(addr) => Input::BindNotLocal,
            Some(_) | None if free.is_none() => Input::BindInUse,
            Some(_) | None => Input::Bind,
        };
        let said = Said::new(CallName::Bind).args(Args::Addr(at));
        self.plain_call(caller, said, fd, input, ctx)?;
        if let Some(free) = free {
            self.bind_to(fd, free);
        }
        Ok(())
    }

    /// The socket gets its local address.
    fn bind_to(&mut self, fd: Fd, at: SocketAddr) {
        self.ephemeral.took(at.port());
        self.set_local(fd, at);
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
        self.plain_call(caller, said, fd, input, ctx)?;
        if let Some(at) = at {
            if bound.is_none() {
                self.bind_to(fd, at);
            }
            self.holders.listens(fd, at.port());
        }
        if let Some(stream) = self.stream(fd) {
            stream.listener.get_or_insert_with(Listener::default).backlog = backlog;
        }
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
        let (new, peer) = self.adopt_connection(caller, fd, id);
        self.say(caller, said.on(self, fd), &Outcome::Accepted(new, peer), ctx);
        let _ = self.take(fd, input, ctx);
        self.tell_what_happened_before(new, id, ctx);
        Ok((new, peer))
    }

    fn adopt_connection(&mut self, caller: Caller, listener: Fd, id: TcpId) -> (Fd, SocketAddr) {
        let pair = self.stack.peek(id).map(|end| (end.local, end.remote));
        let (local, peer) = pair.unwrap_or((super::options::NOWHERE, super::options::NOWHERE));
        let mut stream = Stream::new(self.spec_of(listener), caller.actor);
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
        (fd, peer)
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

    /// `connect`: the OPEN call, active. Goes on in the background: EINPROGRESS, then [`Kernel::connected`].
    ///
    /// # Errors
    /// EINPROGRESS, EALREADY, EISCONN, ECONNREFUSED (port 0), ENETUNREACH, EADDRNOTAVAIL, EOPNOTSUPP, EBADF.
    pub fn connect(&mut self, caller: Caller, fd: Fd, to: SocketAddr, ctx: &mut Ctx<'_, '_>) -> Result<(), Errno> {
        if self.dgram(fd).is_some() {
            return self.connect_datagram(caller, fd, to, ctx);
        }
        // 0.0.0.0 means this host (Linux S34).
        let remote =
            if to.ip().is_unspecified() { SocketAddr::new(super::options::loopback(to.ip()), to.port()) } else { to };
        let bound = self.peek_stream(fd).and_then(|stream| stream.local);
        let local = self.local_for(fd, remote);
        let input = match local {
            _ if to.port() == 0 => Input::ConnectPortZero,
            _ if !self.reaches(remote.ip()) || self.source_of(bound, remote.ip()).is_none() => Input::ConnectNoRoute,
            Some(local) if !self.stack.pair_taken(local, remote) => Input::Connect,
            Some(_) | None => Input::ConnectNoPort,
        };
        let foreseen = self.foresee(fd, input);
        let outcome = match foreseen {
            Ok(outputs) if outputs.contains(&Output::TakeError) => Outcome::Err(self.pending(fd)),
            Ok(outputs) if outputs.contains(&Output::FailAborted) => Outcome::Err(Errno::Econnaborted),
            Ok(_) => Outcome::Err(Errno::Einprogress),
            Err(errno) => Outcome::Err(errno),
        };
        let said = Said::new(CallName::Connect).args(Args::Addr(to)).on(self, fd);
        let blocks = caller.blocking && outcome == Outcome::Err(Errno::Einprogress);
        let opening = foreseen.is_ok_and(|outputs| outputs.contains(&Output::OpenActive));
        if let (true, Some(local)) = (opening, local) {
            let (conn, end) = ctx.conns.open(self.node, local, remote, ctx.tape);
            let said = said.conn(conn);
            if blocks {
                self.block(caller, said, ctx)
            } else {
                self.say(caller, said, &outcome, ctx)
            }
            let _ = self.take(fd, input, ctx);
            self.open_active(fd, local, remote, conn, end, ctx);
            return Err(Errno::Einprogress);
        }
        self.say(caller, said, &outcome, ctx);
        let _ = self.take(fd, input, ctx);
        match outcome {
            Outcome::Err(errno) => {
                self.clear_pending(fd);
                Err(errno)
            }
            _ => Ok(()),
        }
    }

    fn open_active(
        &mut self,
        fd: Fd,
        local: SocketAddr,
        remote: SocketAddr,
        conn: crate::base::ConnId,
        which: crate::trace::End,
        ctx: &mut Ctx<'_, '_>,
    ) {
        self.bind_to(fd, local);
        let Some(stream) = self.stream(fd) else { return };
        stream.peer = Some(remote);
        let (spec, reuse, earlier) = (stream.spec, stream.reuse, stream.tcp.take());
        if let Some(earlier) = earlier {
            // The end of an attempt that failed.
            self.forget(earlier);
        }
        let Some(id) = self.stack.connect(&spec, local, remote) else {
            self.report(fd, Input::Unreachable, ctx);
            return;
        };
        let now = ctx.tape.now;
        let cause = ctx.tape.cause;
        let mut moved = None;
        if let Some(end) = self.stack.end(id) {
            (end.conn, end.end) = (conn, which);
            end.heard = now;
            end.active = (now, cause);
            moved = end.look();
        }
        self.hold(id, Owner::Fd(fd), spec, reuse);
        if let Some(stream) = self.stream(fd) {
            stream.tcp = Some(id);
        }
        self.settle(id, moved, ctx);
    }

    /// What became of a `connect` that was in progress: for a blocking caller the call's return, for any other what
    /// SO_ERROR says.
    ///
    /// # Errors
    /// EALREADY while it goes on; then what it failed with.
    pub fn connected(&mut self, caller: Caller, fd: Fd, ctx: &mut Ctx<'_, '_>) -> Result<(), Errno> {
        let foreseen = self.foresee(fd, Input::Connect);
        if foreseen == Err(Errno::Ealready) {
            return Err(Errno::Ealready);
        }
        if !caller.blocking && foreseen != Err(Errno::Ebadf) {
            let error = self.peek_stream(fd).and_then(|stream| stream.pending);
            self.getsockopt(caller, fd, SockOpt::Error, ctx)?;
            return match (error, foreseen) {
                (Some(errno), _) => Err(errno),
                (None, Err(Errno::Eisconn)) => Ok(()),
                (None, Err(errno)) => Err(errno),
                (None, Ok(_)) => Err(Errno::Econnaborted),
            };
        }
        let outcome = match foreseen {
            Err(Errno::Eisconn) => Outcome::Ok,
            Err(errno) => Outcome::Err(errno),
            Ok(outputs) if outputs.contains(&Output::TakeError) => Outcome::Err(self.pending(fd)),
            Ok(_) => Outcome::Err(Errno::Econnaborted),
        };
        match outcome {
            Outcome::Err(errno) if foreseen.is_ok() => {
                self.say(caller, Said::new(CallName::Connect).on(self, fd), &outcome, ctx);
                let _ = self.take(fd, Input::Connect, ctx);
                self.clear_pending(fd);
                Err(errno)
            }
            outcome => {
                self.unblock((caller.actor, CallName::Connect, Some(fd)), &outcome, ctx);
                if let Outcome::Err(errno) = outcome { Err(errno) } else { Ok(()) }
            }
        }
    }

    /// The pending error, which the caller takes.
    pub(super) fn pending(&self, fd: Fd) -> Errno {
        self.peek_stream(fd).and_then(|stream| stream.pending).unwrap_or(Errno::Econnreset)
    }

    pub(super) fn clear_pending(&mut self, fd: Fd) {
        if let Some(stream) = self.stream(fd) {
            stream.pending = None;
        }
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
        let room = id.and_then(|id| self.stack.peek(id)?.room()).unwrap_or(0);
        let input = if room > 0 || data.is_empty() { Input::Send } else { Input::SendFull };
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
            end.unanswered.get_or_insert(now);
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
        let _ = self.take(fd, input, ctx);
        self.clear_pending(fd);
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
        let input = if stashed || readable { Input::Recv } else { Input::RecvEmpty };
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
            return stream.stash.split_to(take).freeze();
        }
        id.and_then(|id| self.stack.end(id)).map(|end| Bytes::from(end.recv(max))).unwrap_or_default()
    }

    /// `shutdown`.
    ///
    /// # Errors
    /// ENOTCONN, EBADF.
    pub fn shutdown(&mut self, caller: Caller, fd: Fd, how: How, ctx: &mut Ctx<'_, '_>) -> Result<(), Errno> {
        let (input, name) = match how {
            How::Read => (Input::ShutRd, "SHUT_RD"),
            How::Write => (Input::ShutWr, "SHUT_WR"),
            How::Both => (Input::ShutRdWr, "SHUT_RDWR"),
        };
        let said = Said::new(CallName::Shutdown).args(Args::Word(name));
        if self.dgram(fd).is_some() {
            return self.shutdown_datagram(caller, said, fd, ctx);
        }
        for output in self.plain_call(caller, said, fd, input, ctx)? {
            if *output == Output::Close {
                self.close_connection(fd, ctx);
            }
        }
        self.wake(fd);
        Ok(())
    }

    /// `close`: FIN after what is queued; RST where bytes are unread or SO_LINGER is 0 (RFC 9293, 3.6; RFC 1122,
    /// 4.2.2.13).
    ///
    /// # Errors
    /// EBADF.
    pub fn close(&mut self, caller: Caller, fd: Fd, ctx: &mut Ctx<'_, '_>) -> Result<(), Errno> {
        if self.dgram(fd).is_some() {
            return self.close_datagram(caller, fd, ctx);
        }
        let stream = self.peek_stream(fd);
        let unread = stream.is_some_and(|stream| {
            !stream.stash.is_empty()
                || stream.tcp.and_then(|id| self.stack.peek(id)).is_some_and(|end| end.readable() > 0)
        });
        let abrupt = unread || stream.is_some_and(|stream| stream.linger == Some(0));
        let input = if abrupt { Input::CloseAbort } else { Input::Close };
        if let Some(lingering) = self.lingering.get(&fd).copied() {
            return self.close_lingering(caller, fd, lingering, ctx);
        }
        let said = Said::new(CallName::Close);
        let lingers = self.would_linger(fd).filter(|_| caller.blocking && !abrupt);
        let outputs = if lingers.is_some() {
            self.block(caller, said.on(self, fd), ctx);
            self.take(fd, input, ctx)?
        } else {
            self.plain_call(caller, said, fd, input, ctx)?
        };
        if let Some((id, span)) = lingers {
            self.lingering.insert(fd, Lingering { id, until: ctx.tape.now + span });
        }
        for output in outputs {
            match output {
                Output::Close => self.close_connection(fd, ctx),
                Output::Abort => self.abort_connection(fd, ctx),
                Output::StopListening => self.stop_listening(fd, ctx),
                Output::Release => self.release(caller, fd, ctx),
                _ => {}
            }
        }
        if lingers.is_some() { Err(Errno::Eagain) } else { Ok(()) }
    }

    /// A `close` that lingers is made again: it returns once our FIN is acknowledged, or the time is over.
    fn close_lingering(
        &mut self,
        caller: Caller,
        fd: Fd,
        lingering: Lingering,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<(), Errno> {
        if !self.has_lingered(lingering, ctx.tape.now) {
            return Err(Errno::Eagain);
        }
        self.lingering.remove(&fd);
        self.say(caller, Said::new(CallName::Close).on(self, fd), &Outcome::Ok, ctx);
        self.hand_over(lingering.id, Owner::Nobody);
        self.forget_if_done(lingering.id);
        Ok(())
    }

    /// CLOSE on the connection behind a descriptor.
    fn close_connection(&mut self, fd: Fd, ctx: &mut Ctx<'_, '_>) {
        let Some(id) = self.peek_stream(fd).and_then(|stream| stream.tcp) else { return };
        let bare = self.spec_of(fd).bare;
        let Some(end) = self.stack.end(id) else { return };
        let state = end.state();
        // smoltcp's CLOSE in SYN-RECEIVED sends no FIN and takes the SYN's acknowledgment for the FIN's.
        if state == State::SynReceived && !bare {
            end.abort()
        } else {
            end.close()
        }
        let moved = end.look();
        if state == State::SynSent && !bare {
            // RFC 9293, 3.10.4: the TCB is deleted; smoltcp would send a RST.
            self.note_move(id, moved, ctx);
            self.detach(id);
        } else {
            self.settle(id, moved, ctx);
        }
    }

    fn abort_connection(&mut self, fd: Fd, ctx: &mut Ctx<'_, '_>) {
        let Some(id) = self.peek_stream(fd).and_then(|stream| stream.tcp) else { return };
        self.abort_end(id, ctx);
    }

    pub(super) fn abort_end(&mut self, id: TcpId, ctx: &mut Ctx<'_, '_>) {
        let bare = self.holdings.get(&id).is_some_and(|holding| holding.spec.bare);
        self.hand_over(id, Owner::Nobody);
        let Some(end) = self.stack.end(id) else { return };
        let state = end.state();
        end.abort();
        let moved = end.look();
        if matches!(state, State::TimeWait | State::LastAck | State::Closing) && !bare {
            // RFC 9293, 3.10.5: the TCB is deleted and nothing is sent; smoltcp would send a RST.
            self.note_move(id, moved, ctx);
            self.detach(id);
        } else {
            self.settle(id, moved, ctx);
        }
    }

    /// The descriptor lets go; what TCP has still to do it does alone.
    fn release(&mut self, caller: Caller, fd: Fd, ctx: &mut Ctx<'_, '_>) {
        self.wake_for_close(fd, caller.actor);
        let Some(Entry::Stream(stream)) = self.fds.remove(&fd) else { return };
        self.holders.moved(Proto::Tcp, fd, stream.local, None);
        if let Some(id) = stream.tcp {
            let lingers = self.lingering.contains_key(&fd);
            self.hand_over(id, if lingers { Owner::Lingering(fd) } else { Owner::Nobody });
            if lingers {
                self.settle(id, None, ctx);
            }
            self.forget_if_done(id);
        }
    }
}

impl Stream {
    fn new(spec: SocketSpec, maker: ActorId) -> Self {
        Stream {
            machine: crate::machine::Running::new(),
            maker,
            spec,
            local: None,
            peer: None,
            tcp: None,
            listener: None,
            pending: None,
            reuse: false,
            linger: None,
            stash: BytesMut::new(),
        }
    }
}
