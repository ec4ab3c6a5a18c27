//! To whom the ends of connections belong, and when they are over.
//!
//! An end outlives its descriptor: after `close` TCP finishes alone. Before its descriptor it belongs to a listener. An
//! end is forgotten, and its buffers are free, when it is CLOSED and nobody can ask for it any more.

use super::kernel::{Ctx, Kernel};
use crate::base::{Fd, Span, Time};
use crate::net::{Mark, Moved, TcpId};
use crate::scenario::model::SocketSpec;
use crate::socket_api::Input;
use crate::tcp::{self, State};
use crate::trace::TimerKind;

/// What is done for an end at a time of this layer's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    /// It is given up, by this timer.
    GiveUp(TimerKind),
    /// A keep-alive probe is sent.
    Probe,
}

/// To whom an end of a connection belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    /// To a descriptor.
    Fd(Fd),
    /// To a listener that waits for the handshake to end.
    HalfOpen(Fd),
    /// To a listener whose program has not accepted it yet.
    Ready(Fd),
    /// To a `close` that lingers.
    Lingering(Fd),
    /// To the user of RFC 9293's calls, by its local connection name.
    User(Fd),
    /// To nobody any more: TCP finishes alone.
    Nobody,
}

/// What the kernel knows of an end besides what the stack does.
#[derive(Clone, Debug)]
pub(super) struct Holding {
    pub(super) owner: Owner,
    pub(super) spec: SocketSpec,
    pub(super) reuse: bool,
    /// Bytes of its buffers.
    pinned: u64,
    /// What happened to it before it had a descriptor that could be told.
    pub(super) missed: Vec<Input>,
}

/// A `close` with SO_LINGER above 0 that blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lingering {
    pub(super) id: TcpId,
    pub(super) since: Mark,
    pub(super) until: Time,
}

impl Kernel {
    /// A new end of a connection belongs to this owner.
    pub(super) fn hold(&mut self, id: TcpId, owner: Owner, spec: SocketSpec, reuse: bool) {
        let pinned = u64::from(spec.rcvbuf) + u64::from(spec.sndbuf);
        self.pinned += pinned;
        self.holdings.insert(id, Holding { owner, spec, reuse, pinned, missed: Vec::new() });
    }

    pub(super) fn owner(&self, id: TcpId) -> Option<Owner> {
        self.holdings.get(&id).map(|holding| holding.owner)
    }

    /// The end belongs to somebody else from now on.
    pub(super) fn hand_over(&mut self, id: TcpId, owner: Owner) {
        if let Some(holding) = self.holdings.get_mut(&id) {
            holding.owner = owner;
        }
    }

    /// No program can read from it any more.
    pub(super) fn is_orphan(&self, id: TcpId) -> bool {
        matches!(self.owner(id), None | Some(Owner::Nobody | Owner::Lingering(_)))
    }

    /// A connection request has come: the end waits for its handshake to be completed.
    pub(super) fn half_open(&mut self, listener: Fd, id: TcpId) {
        let Some(stream) = self.stream(listener) else { return };
        let (spec, reuse) = (stream.spec, stream.reuse);
        if let Some(listener) = &mut stream.listener {
            listener.half_open.insert(id);
        }
        self.hold(id, Owner::HalfOpen(listener), spec, reuse);
    }

    /// Text has come for which there is no reader (RFC 1122, 4.2.2.13; RFC 9293, SHLD-3; Linux S17): ABORT instead of
    /// taking it.
    pub(super) fn refuse_text(&mut self, id: TcpId, moved: Option<Moved>) -> Option<Moved> {
        let orphan = self.is_orphan(id) && self.holdings.get(&id).is_some_and(|holding| !holding.spec.bare);
        let Some(end) = self.stack.end(id).filter(|end| orphan && end.readable() > 0) else { return moved };
        let from = moved.map_or(end.state(), |moved| moved.from);
        end.abort();
        end.look();
        Some(Moved { from, to: State::Closed })
    }

    /// What is next to be done for an end beside what its stack does, and when: it is given up when nothing was
    /// acknowledged for the user timeout, or when keep-alive probes went unanswered.
    pub(super) fn deadline(&mut self, id: TcpId, now: Time) -> Option<(Time, Due)> {
        let spec = self.holdings.get(&id)?.spec;
        let end = self.stack.end(id)?;
        if end.state() == State::Closed {
            return None;
        }
        if end.is_model() && end.awaits_answer() {
            // Its user timeout is its own.
            return None;
        }
        if end.awaits_answer() {
            let (since, _) = *end.unanswered.get_or_insert((now, end.active.1));
            return spec.user_timeout.map(|timeout| (since + timeout, Due::GiveUp(TimerKind::UserTimeout)));
        }
        end.unanswered = None;
        if !spec.keep_alive || end.state() == State::TimeWait {
            return None;
        }
        Some(match end.probes {
            (0, _) => (end.heard + spec.keep_idle, Due::Probe),
            (count, last) if count < spec.keep_probes => (last + spec.keep_interval, Due::Probe),
            (_, last) => (last + spec.keep_interval, Due::GiveUp(TimerKind::KeepAlive)),
        })
    }

    /// Whether `close` of this descriptor, by a caller that blocks, has to wait: for our FIN to be acknowledged.
    pub(super) fn would_linger(&self, fd: Fd) -> Option<(TcpId, Span)> {
        let stream = self.peek_stream(fd)?;
        let (id, seconds) = (stream.tcp?, stream.linger.filter(|&seconds| seconds > 0)?);
        let end = self.stack.peek(id)?;
        let will_send_fin = end.state().performs(tcp::Input::Close, tcp::Output::SndFin) && end.can_close();
        (will_send_fin || end.state().awaits_ack_of_fin()).then_some((id, Span::secs(u64::from(seconds))))
    }

    /// The `close` that lingers under this descriptor has nothing more to wait for.
    pub(super) fn has_lingered(&self, lingering: Lingering, now: Time) -> bool {
        let closing = self.stack.peek(lingering.id).is_some_and(|end| end.state().awaits_ack_of_fin());
        !closing || now >= lingering.until
    }

    /// When a `close` that lingers gives up waiting for this end.
    pub(super) fn lingers_until(&self, id: TcpId) -> Option<Time> {
        match self.owner(id)? {
            Owner::Lingering(fd) => self.lingering.get(&fd).map(|lingering| lingering.until),
            Owner::Fd(_) | Owner::HalfOpen(_) | Owner::Ready(_) | Owner::User(_) | Owner::Nobody => None,
        }
    }

    /// Since when a `close` lingers for this end.
    pub(super) fn lingering_since(&self, id: TcpId) -> Option<Mark> {
        match self.owner(id)? {
            Owner::Lingering(fd) => self.lingering.get(&fd).map(|lingering| lingering.since),
            Owner::Fd(_) | Owner::HalfOpen(_) | Owner::Ready(_) | Owner::User(_) | Owner::Nobody => None,
        }
    }

    /// An end that is CLOSED and belongs to nobody is forgotten.
    pub(super) fn forget_if_done(&mut self, id: TcpId) {
        if self.stack.peek(id).is_some_and(|end| end.state() == State::Closed)
            && matches!(self.owner(id), None | Some(Owner::Nobody))
        {
            self.forget(id);
        }
    }

    pub(super) fn forget(&mut self, id: TcpId) {
        self.stack.forget(id);
        if let Some(holding) = self.holdings.remove(&id) {
            self.pinned = self.pinned.saturating_sub(holding.pinned);
        }
    }

    /// An end that must not send anything more: forgotten at once.
    pub(super) fn detach(&mut self, id: TcpId) {
        if let Some(Owner::Fd(fd)) = self.owner(id)
            && let Some(stream) = self.stream(fd)
        {
            stream.tcp = None;
        }
        self.forget(id);
    }

    /// Connections that nobody accepted are reset, as are those half-open.
    pub(super) fn stop_listening(&mut self, fd: Fd, ctx: &mut Ctx<'_, '_>) {
        let Some(stream) = self.stream(fd) else { return };
        let (listener, local) = (stream.listener.take(), stream.local);
        if let Some(at) = local {
            self.holders.listens_no_more(fd, at.port());
        }
        let Some(listener) = listener else { return };
        for id in listener.ready.into_iter().chain(listener.half_open) {
            self.hand_over(id, Owner::Nobody);
            self.abort_end(id, ctx);
        }
    }
}
