//! `connect`, and what becomes of it.

use super::holding::Owner;
use super::kernel::{Ctx, Kernel};
use super::perform::With;
use super::record::{Args, Caller, Said};
use crate::base::{ConnId, Fd};
use crate::scenario::model::SockOpt;
use crate::socket_api::{Errno, Input, Output};
use crate::trace::{CallName, End, Outcome};
use core::net::{IpAddr, SocketAddr};

/// The connection that a `connect` sends for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// The address of ours that it comes from.
    source: IpAddr,
    remote: SocketAddr,
    conn: ConnId,
    end: End,
}

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
        let outcome = foreseen.map_or_else(Outcome::Err, |outputs| self.told(fd, outputs));
        let said = Said::new(CallName::Connect).args(Args::Addr(to)).on(self, fd);
        let blocks = caller.blocking && outcome == Outcome::Err(Errno::Einprogress);
        let opening = foreseen.is_ok_and(|outputs| outputs.contains(&Output::OpenActive));
        let attempt = local.filter(|_| opening).map(|local| {
            let (conn, end) = ctx.conns.open(self.node, local, remote, ctx.tape);
            Attempt { source: local.ip(), remote, conn, end }
        });
        let said = attempt.map_or(said.clone(), |attempt| said.conn(attempt.conn));
        if blocks {
            self.block(caller, said, ctx)
        } else {
            self.say(caller, said, &outcome, ctx)
        }
        if let Ok(outputs) = self.take(fd, input, ctx) {
            self.has_told(fd);
            self.perform(fd, outputs, With { at: local, attempt, ..With::default() }, ctx);
        }
        if let Outcome::Err(errno) = outcome { Err(errno) } else { Ok(()) }
    }

    /// What a `connect` with these outputs returns.
    fn told(&self, fd: Fd, outputs: &[Output]) -> Outcome {
        let has = |output: Output| outputs.contains(&output);
        match () {
            () if has(Output::InProgress) => Outcome::Err(Errno::Einprogress),
            () if has(Output::TakeError) => Outcome::Err(self.pending(fd)),
            () if has(Output::FailAborted) => Outcome::Err(Errno::Econnaborted),
            () => Outcome::Ok,
        }
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

    /// The OPEN call, from the port that the socket has.
    pub(super) fn open_active(&mut self, fd: Fd, attempt: Option<Attempt>, ctx: &mut Ctx<'_, '_>) {
        let bound = self.peek_stream(fd).and_then(|stream| stream.local);
        let (Some(bound), Some(Attempt { source, remote, conn, end: which })) = (bound, attempt) else { return };
        let local = SocketAddr::new(source, bound.port());
        self.set_local(fd, local);
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

    /// What became of a `connect` that was in progress: for a blocking caller the call's return, for any other what
    /// SO_ERROR says.
    ///
    /// # Errors
    /// EALREADY while it goes on; then what it failed with.
    pub fn connected(&mut self, caller: Caller, fd: Fd, ctx: &mut Ctx<'_, '_>) -> Result<(), Errno> {
        let input = if self.has_pending(fd) { Input::FinishConnectPending } else { Input::FinishConnect };
        let foreseen = self.foresee(fd, input);
        if foreseen == Err(Errno::Ealready) {
            return Err(Errno::Ealready);
        }
        let outcome = foreseen.map_or_else(Outcome::Err, |outputs| self.told(fd, outputs));
        if foreseen.is_err() {
            self.unblock((caller.actor, CallName::Connect, Some(fd)), &outcome, ctx);
        } else if caller.blocking {
            self.say(caller, Said::new(CallName::Connect).on(self, fd), &outcome, ctx);
            if let Ok(outputs) = self.take(fd, input, ctx) {
                self.has_told(fd);
                self.perform(fd, outputs, With::default(), ctx);
            }
        } else {
            self.getsockopt(caller, fd, SockOpt::Error, ctx)?;
        }
        if let Outcome::Err(errno) = outcome { Err(errno) } else { Ok(()) }
    }
}
