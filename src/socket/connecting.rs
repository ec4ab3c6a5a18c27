//! `connect`, and what becomes of it.

use super::holding::Owner;
use super::kernel::{Ctx, Kernel};
use super::record::{Args, Caller, Said};
use crate::base::Fd;
use crate::scenario::model::SockOpt;
use crate::socket_api::{Errno, Input, Output};
use crate::trace::{CallName, Outcome};
use core::net::SocketAddr;

impl Kernel {
    /// `connect`: the OPEN call, active. Goes on in the background: EINPROGRESS, then [`Kernel::connected`].
    ///
    /// # Errors
    /// EINPROGRESS, EALREADY, EISCONN, ECONNREFUSED (port 0), ENETUNREACH, EADDRNOTAVAIL, EOPNOTSUPP, EBADF.
    pub fn connect(&mut self, caller: Caller, fd: Fd, to: SocketAddr, ctx: &mut Ctx<'_, '_>) -> Result<(), Errno> {
        if self.dgram(fd).is_some() {
            return self.connect_datagram(caller, fd, to, ctx);
        }
        let remote = super::options::this_host(to);
        let bound = self.peek_stream(fd).and_then(|stream| stream.local);
        let local = self.local_for(fd, remote);
        let input = match local {
            _ if self.is_untold(fd) => Input::ConnectOutcome,
            _ if to.port() == 0 => Input::ConnectPortZero,
            _ if self.is_for_all(remote.ip()) => Input::ConnectNoRoute,
            _ if !self.reaches(remote.ip()) || self.source_of(bound, remote.ip()).is_none() => Input::ConnectNoRoute,
            Some(local) if !self.stack.pair_taken(local, remote) => Input::Connect,
            Some(_) | None => Input::ConnectNoPort,
        };
        let foreseen = self.foresee(fd, input);
        let outcome = match foreseen {
            Ok(outputs) if outputs.contains(&Output::TakeError) => Outcome::Err(self.pending(fd)),
            Ok(outputs) if outputs.contains(&Output::FailAborted) => Outcome::Err(Errno::Econnaborted),
            Ok(outputs) if outputs.contains(&Output::Answer) => Outcome::Ok,
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
        if self.take(fd, input, ctx).is_ok() {
            self.has_told(fd);
        }
        if foreseen.is_ok_and(|outputs| outputs.contains(&Output::TakeError)) {
            self.clear_pending(fd);
        }
        if let Outcome::Err(errno) = outcome { Err(errno) } else { Ok(()) }
    }

    /// The outcome of a `connect` is still to be told by the next one.
    fn is_untold(&self, fd: Fd) -> bool {
        self.peek_stream(fd).is_some_and(|stream| stream.untold)
    }

    /// A `connect` has told what came of the attempt.
    fn has_told(&mut self, fd: Fd) {
        if let Some(stream) = self.stream(fd) {
            stream.untold = false;
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
        (stream.pending, stream.untold) = (None, true);
        let (spec, reuse, earlier) = (stream.spec, stream.reuse, stream.tcp.take());
        if let Some(earlier) = earlier {
            // The end of an attempt that failed.
            self.forget(earlier);
        }
        let Some(id) = self.stack.connect(&spec, local, remote) else {
            self.report(fd, Input::NetUnreachable, ctx);
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

    /// A `connect` that blocks finds that another call has given up its attempt; the socket may begin anew.
    fn given_up(&mut self, caller: Caller, fd: Fd, ctx: &mut Ctx<'_, '_>) -> Result<(), Errno> {
        let errno = self.peek_stream(fd).and_then(|stream| stream.pending).unwrap_or(Errno::Econnaborted);
        self.clear_pending(fd);
        self.unblock((caller.actor, CallName::Connect, Some(fd)), &Outcome::Err(errno), ctx);
        Err(errno)
    }

    /// What became of a `connect` that was in progress: for a blocking caller the call's return, for any other what
    /// SO_ERROR says.
    ///
    /// # Errors
    /// EALREADY while it goes on; then what it failed with.
    pub fn connected(&mut self, caller: Caller, fd: Fd, ctx: &mut Ctx<'_, '_>) -> Result<(), Errno> {
        let input = if self.is_untold(fd) { Input::ConnectOutcome } else { Input::Connect };
        let foreseen = self.foresee(fd, input);
        if foreseen == Err(Errno::Ealready) {
            return Err(Errno::Ealready);
        }
        if !caller.blocking && foreseen != Err(Errno::Ebadf) {
            let error = self.peek_stream(fd).and_then(|stream| stream.pending);
            self.getsockopt(caller, fd, SockOpt::Error, ctx)?;
            return match (error, foreseen) {
                (Some(errno), _) => Err(errno),
                (None, Err(Errno::Eisconn)) => Ok(()),
                (None, Ok(outputs)) if outputs.contains(&Output::Answer) => Ok(()),
                (None, Err(errno)) => Err(errno),
                (None, Ok(_)) => Err(Errno::Econnaborted),
            };
        }
        if foreseen.is_ok_and(|outputs| outputs.contains(&Output::OpenActive)) {
            return self.given_up(caller, fd, ctx);
        }
        let outcome = match foreseen {
            Err(Errno::Eisconn) => Outcome::Ok,
            Ok(outputs) if outputs.contains(&Output::Answer) => Outcome::Ok,
            Err(errno) => Outcome::Err(errno),
            Ok(outputs) if outputs.contains(&Output::TakeError) => Outcome::Err(self.pending(fd)),
            Ok(_) => Outcome::Err(Errno::Econnaborted),
        };
        match outcome {
            Outcome::Err(errno) if foreseen.is_ok() => {
                self.say(caller, Said::new(CallName::Connect).on(self, fd), &outcome, ctx);
                let _ = self.take(fd, input, ctx);
                self.clear_pending(fd);
                self.has_told(fd);
                Err(errno)
            }
            outcome => {
                self.has_told(fd);
                self.unblock((caller.actor, CallName::Connect, Some(fd)), &outcome, ctx);
                if let Outcome::Err(errno) = outcome { Err(errno) } else { Ok(()) }
            }
        }
    }
}
