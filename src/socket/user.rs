//! The calls of RFC 9293's own user interface (3.9.1), at a model peer: its user stands beside the sockets, and what it
//! gets by OPEN is a local connection name, counted with the descriptors, that is none.
//!
//! An OPEN names both sockets, the passive one too: so the connection has its name from the beginning.

use super::holding::Owner;
use super::kernel::{Ctx, Kernel};
use super::record::{Args, Caller, Said};
use crate::base::{Fd, Payload, Span};
use crate::machine::Finite;
use crate::net::TcpId;
use crate::peer::{Peer, Until};
use crate::scenario::model::UserCallKind;
use crate::socket_api::{Errno, Readiness};
use crate::tcp::{Refusal, State};
use crate::trace::{CallName, Outcome};
use core::net::SocketAddr;

/// A call: on which connection, with what, and for how long the user waits for it.
pub(super) struct Asked<'a> {
    fd: Fd,
    id: TcpId,
    kind: &'a UserCallKind,
    timeout: Option<Span>,
}

impl Kernel {
    /// OPEN of the connection between a local port and this foreign socket: its local connection name.
    ///
    /// # Errors
    /// EADDRNOTAVAIL where the host has no address for it, or no model peer; EADDRINUSE where it is a socket's. (What the
    /// peer refuses is recorded, and no error.)
    pub fn user_open(
        &mut self,
        caller: Caller,
        (port, remote): (u16, SocketAddr),
        (kind, timeout): (&UserCallKind, Option<Span>),
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<Fd, Errno> {
        let source = self.source(remote.ip()).ok_or(Errno::Eaddrnotavail)?;
        let local = SocketAddr::new(source, port);
        let (fd, id) = match self.stack.id_between(local, remote) {
            Some(id) => match self.owner(id) {
                Some(Owner::User(fd)) => (fd, id),
                _ => return Err(Errno::Eaddrinuse),
            },
            None => self.new_connection(caller, local, remote, ctx)?,
        };
        let _ = self.user_call(caller, Asked { fd, id, kind, timeout }, ctx);
        Ok(fd)
    }

    fn new_connection(
        &mut self,
        caller: Caller,
        local: SocketAddr,
        remote: SocketAddr,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<(Fd, TcpId), Errno> {
        let spec = self.defaults;
        let id = self.stack.closed(&spec, local, remote).ok_or(Errno::Eaddrnotavail)?;
        let (conn, which) = ctx.conns.open(self.node, local, remote, ctx.tape);
        let fd = self.next_number();
        if let Some(end) = self.stack.end(id) {
            (end.conn, end.end) = (conn, which);
        }
        self.users.insert(fd, (id, caller.actor));
        self.hold(id, Owner::User(fd), spec, false);
        Ok((fd, id))
    }

    /// Any other call on a connection that was opened so.
    ///
    /// # Errors
    /// EBADF: there is none of this name. EAGAIN: a RECEIVE waits.
    pub fn user(
        &mut self,
        caller: Caller,
        fd: Fd,
        (kind, timeout): (&UserCallKind, Option<Span>),
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<(), Errno> {
        let Some(&(id, _)) = self.users.get(&fd) else {
            let said = Said::new(kind.name()).on(self, fd);
            self.say(caller, said, &Outcome::Err(Errno::Ebadf), ctx);
            return Err(Errno::Ebadf);
        };
        self.user_call(caller, Asked { fd, id, kind, timeout }, ctx)
    }

    fn user_call(&mut self, caller: Caller, asked: Asked<'_>, ctx: &mut Ctx<'_, '_>) -> Result<(), Errno> {
        let Asked { fd, id, kind, timeout } = asked;
        let said = self.words_of(&asked);
        let now = ctx.tape.now;
        let waits = matches!(kind, UserCallKind::Receive { .. }) && caller.blocking && !self.user_has_news(id);
        let Some(end) = self.stack.end(id) else { return Err(Errno::Ebadf) };
        end.stalled = false;
        let Some(peer) = end.model() else { return Err(Errno::Ebadf) };
        if waits {
            if let Some(span) = timeout.filter(|_| !self.blocked_on(caller, CallName::UserReceive, fd)) {
                self.allow(id, span, Until::Received, ctx);
            }
            self.block(caller, said, ctx);
            self.settle(id, None, ctx);
            return Err(Errno::Eagain);
        }
        let (outcome, until) = call(peer, kind, now);
        self.say(caller, said, &outcome, ctx);
        if let Some(span) = timeout.filter(|_| !matches!(outcome, Outcome::Refused(_))) {
            self.allow(id, span, until, ctx);
        }
        self.settle(id, None, ctx);
        Ok(())
    }

    /// The user waits no longer than so.
    fn allow(&mut self, id: TcpId, span: Span, until: Until, ctx: &Ctx<'_, '_>) {
        let now = ctx.tape.now;
        let Some(end) = self.stack.end(id) else { return };
        end.armed.allowed = Some(((now, ctx.tape.cause), now + span));
        if let Some(peer) = end.model() {
            peer.allow(span, until, now);
        }
    }

    fn words_of(&self, asked: &Asked<'_>) -> Said {
        let said = Said::new(asked.kind.name());
        let conn = self.stack.peek(asked.id).map(|end| end.conn);
        let said = match conn {
            Some(conn) => said.on(self, asked.fd).conn(conn),
            None => said.on(self, asked.fd),
        };
        match asked.kind {
            UserCallKind::Open { passive: true, .. } => said.args(Args::Word("passive")),
            UserCallKind::Open { passive: false, .. } => said.args(Args::Word("active")),
            UserCallKind::Send(data) => said.data(&data.0),
            UserCallKind::Receive { max } => said.args(Args::Number(u64::from(*max))),
            UserCallKind::Close | UserCallKind::Abort | UserCallKind::Status => said,
        }
    }

    /// A RECEIVE has something to return: text, the peer's FIN, or that nothing can come any more.
    fn user_has_news(&self, id: TcpId) -> bool {
        self.stack.peek(id).is_none_or(|end| {
            let over = end.state() == State::Closed || end.state().has_fin_of_peer();
            over || end.readable() > 0
        })
    }

    /// What a connection that was opened so is ready for.
    pub(super) fn user_readiness(&self, id: TcpId) -> Readiness {
        if self.user_has_news(id) { Readiness::IN } else { Readiness::NONE }
    }
}

/// The call, made; and what a time that the user allows with it is for.
fn call(peer: &mut Peer, kind: &UserCallKind, now: crate::base::Time) -> (Outcome, Until) {
    let done = |said: Result<(), Refusal>| said.map(|()| Outcome::Ok);
    let (said, until) = match kind {
        UserCallKind::Open { passive: true, .. } => (done(peer.open_passive(now)), Until::Open),
        UserCallKind::Open { passive: false, .. } => (done(peer.open_active(now)), Until::Open),
        UserCallKind::Send(data) => {
            let count = |taken| Outcome::Count(u32::try_from(taken).unwrap_or(u32::MAX));
            (peer.send(&data.0, now).map(count), Until::Sent)
        }
        UserCallKind::Receive { max } => {
            let max = usize::try_from(*max).unwrap_or(usize::MAX);
            (peer.receive(max, now).map(|data| Outcome::Data(Payload(data))), Until::Received)
        }
        UserCallKind::Close => (done(peer.close(now)), Until::Closed),
        UserCallKind::Abort => (done(peer.abort(now)), Until::Closed),
        UserCallKind::Status => (peer.status(now).map(|state| Outcome::Status(state.name().to_owned())), Until::Closed),
    };
    (said.unwrap_or_else(|refusal| Outcome::Refused(refusal.name().to_owned())), until)
}
