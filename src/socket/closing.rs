//! `shutdown` and `close`: CLOSE or ABORT of the connection behind, at once or when a lingering call has waited.

use super::holding::{Lingering, Owner};
use super::kernel::{Ctx, Entry, Kernel};
use super::perform::With;
use super::record::{Args, Caller, Said};
use crate::base::{ActorId, Fd};
use crate::net::TcpId;
use crate::scenario::model::{How, Proto};
use crate::socket_api::{Errno, Input};
use crate::tcp::{Input as Call, Output as Act, State};
use crate::trace::{CallName, Outcome};

impl Kernel {
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
        let outputs = self.plain_call(caller, said, fd, input, ctx)?;
        if let Some(stream) = self.stream(fd) {
            stream.untold = false;
        }
        self.perform(fd, outputs, With::default(), ctx);
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
            self.lingering
                .insert(fd, Lingering { id, since: (ctx.tape.now, ctx.tape.cause), until: ctx.tape.now + span });
        }
        self.perform(fd, outputs, With { by: Some(caller.actor), ..With::default() }, ctx);
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
    pub(super) fn close_connection(&mut self, fd: Fd, ctx: &mut Ctx<'_, '_>) {
        let Some(id) = self.peek_stream(fd).and_then(|stream| stream.tcp) else { return };
        let bare = self.spec_of(fd).bare;
        let Some(end) = self.stack.end(id) else { return };
        let state = end.state();
        if state.performs(Call::Close, Act::SndFin) || bare || end.is_model() {
            if end.can_close() || bare {
                end.close()
            } else {
                end.abort()
            }
            let moved = end.look();
            self.settle(id, moved, ctx);
        } else {
            self.let_go(id, state, Call::Close, ctx);
        }
    }

    /// A call that sends nothing: where the RFC has the TCB deleted for it (3.10.4, 3.10.5), it is; smoltcp would send a
    /// RST.
    fn let_go(&mut self, id: TcpId, state: State, call: Call, ctx: &mut Ctx<'_, '_>) {
        if !state.performs(call, Act::DeleteTcb) {
            self.forget_if_done(id);
            return;
        }
        let Some(end) = self.stack.end(id) else { return };
        end.delete();
        let moved = end.look();
        self.note_move(id, moved, ctx);
        self.detach(id);
    }

    pub(super) fn abort_connection(&mut self, fd: Fd, ctx: &mut Ctx<'_, '_>) {
        let Some(id) = self.peek_stream(fd).and_then(|stream| stream.tcp) else { return };
        self.abort_end(id, ctx);
    }

    pub(super) fn abort_end(&mut self, id: TcpId, ctx: &mut Ctx<'_, '_>) {
        let bare = self.holdings.get(&id).is_some_and(|holding| holding.spec.bare);
        self.hand_over(id, Owner::Nobody);
        let Some(end) = self.stack.end(id) else { return };
        let state = end.state();
        if state.performs(Call::Abort, Act::SndRst) || bare || end.is_model() {
            end.abort();
            let moved = end.look();
            self.settle(id, moved, ctx);
        } else {
            self.let_go(id, state, Call::Abort, ctx);
        }
    }

    /// The descriptor lets go; what TCP has still to do it does alone.
    pub(super) fn release(&mut self, by: Option<ActorId>, fd: Fd, ctx: &mut Ctx<'_, '_>) {
        self.wake_for_close(fd, by);
        let Some(Entry::Stream(stream)) = self.fds.remove(&fd) else { return };
        self.stashed -= stream.stash.len() as u64;
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
