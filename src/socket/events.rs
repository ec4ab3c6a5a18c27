//! What TCP and ICMP report to the sockets: inputs of their machines.

use super::holding::Owner;
use super::kernel::{Ctx, Entry, Kernel};
use crate::base::Fd;
use crate::machine::{Edge as MachineEdge, Finite, Machine, Step};
use crate::net::TcpId;
use crate::packet::IcmpKind;
use crate::scenario::model::Proto;
use crate::socket_api::{Datagram, DatagramInput, DatagramOutput, Errno, Input, Output, Socket};
use crate::tcp::State;
use crate::trace::{Edge, Subject, TimerKind, What};
use core::cmp::Reverse;
use core::net::SocketAddr;

/// A machine's step as a record.
pub(super) fn edge_record<M: Machine>(of: Subject, edge: &MachineEdge<M>) -> What {
    let refusal = match edge.step {
        Step::Reject(refusal, _) => Some(refusal.name().into()),
        Step::Go(..) | Step::Never => None,
    };
    What::Edge(Edge {
        machine: M::NAME.into(),
        of,
        from: edge.from.name().into(),
        input: edge.input.name().into(),
        to: edge.to().name().into(),
        refusal,
    })
}

/// The error that an output makes pending, if it does.
fn pending_of(output: Output) -> Option<Errno> {
    match output {
        Output::SetRefused => Some(Errno::Econnrefused),
        Output::SetReset => Some(Errno::Econnreset),
        Output::SetBroken => Some(Errno::Epipe),
        Output::SetTimedOut => Some(Errno::Etimedout),
        Output::SetUnreachable => Some(Errno::Ehostunreach),
        Output::Bind
        | Output::BindEphemeral
        | Output::Listen
        | Output::StopListening
        | Output::TakeConnection
        | Output::OpenActive
        | Output::InProgress
        | Output::CopyIn
        | Output::CopyOut
        | Output::EndOfFile
        | Output::Close
        | Output::Abort
        | Output::Release
        | Output::Answer
        | Output::TakeError
        | Output::FailAborted => None,
    }
}

/// What a TCP move means to the socket, in order.
fn reports(from: State, to: State, reset: bool) -> Vec<Input> {
    let mut inputs = Vec::new();
    let opening = matches!(from, State::SynSent | State::SynReceived);
    if opening && matches!(to, State::Established | State::CloseWait) {
        inputs.push(Input::Established);
    }
    if matches!(to, State::CloseWait | State::Closing | State::TimeWait) && from != State::Closing {
        inputs.push(Input::RcvFin);
    }
    if to == State::TimeWait || (from, to, reset) == (State::LastAck, State::Closed, false) {
        inputs.push(Input::Done);
    }
    if to == State::Closed && reset {
        inputs.push(Input::RcvRst);
    }
    inputs
}

impl Kernel {
    /// A stream socket's machine takes what was reported.
    pub(super) fn report(&mut self, fd: Fd, input: Input, ctx: &mut Ctx<'_, '_>) {
        let node = self.node;
        let Some(stream) = self.stream(fd) else { return };
        let edge = stream.machine.step(input, &mut |edge: &MachineEdge<Socket>| {
            ctx.tape.note(node, || edge_record(Subject::Fd(fd), edge));
        });
        if let Step::Go(_, outputs, _) = edge.step
            && let Some(errno) = outputs.iter().copied().find_map(pending_of)
        {
            stream.pending = Some(errno);
        }
        self.wake(fd);
    }

    /// A connection's state changed: whoever owns it is told.
    pub(super) fn moved(&mut self, id: TcpId, from: State, to: State, ctx: &mut Ctx<'_, '_>) {
        let reset = self.arriving_reset;
        let Some(holding) = self.holdings.get_mut(&id) else { return };
        if to == State::Closed {
            self.stack.unpair(id);
            if let Some(end) = self.stack.peek(id) {
                ctx.conns.over(end.conn);
            }
        }
        match holding.owner {
            Owner::Fd(fd) => {
                if to == State::TimeWait && !holding.spec.bare {
                    self.drain(fd, id);
                }
                for input in reports(from, to, reset) {
                    self.report(fd, input, ctx);
                }
            }
            Owner::HalfOpen(listener) => {
                holding
                    .missed
                    .extend(reports(from, to, reset).into_iter().filter(|&input| input != Input::Established));
                self.half_open_moved(id, listener, to);
            }
            Owner::Ready(listener) => {
                holding.missed.extend(reports(from, to, reset));
                self.wake(listener);
            }
            Owner::Lingering(fd) => self.wake(fd),
            Owner::Nobody => {}
        }
    }

    /// smoltcp forgets unread bytes when TIME-WAIT ends: they are taken out when it begins.
    fn drain(&mut self, fd: Fd, id: TcpId) {
        let unread = self.stack.end(id).map(|end| end.recv(usize::MAX)).unwrap_or_default();
        if let Some(stream) = self.stream(fd) {
            stream.stash.extend_from_slice(&unread);
        }
    }

    fn half_open_moved(&mut self, id: TcpId, listener: Fd, to: State) {
        let queue = self.stream(listener).and_then(|stream| stream.listener.as_mut());
        match to {
            State::Established | State::CloseWait => {
                if let Some(queue) = queue {
                    queue.half_open.remove(&id);
                    queue.ready.push_back(id);
                }
                self.hand_over(id, Owner::Ready(listener));
                self.wake(listener);
            }
            State::Closed | State::Listen => {
                if let Some(queue) = queue {
                    queue.half_open.remove(&id);
                }
                self.hand_over(id, Owner::Nobody);
                if to == State::Listen {
                    // The listener itself goes on; this end was made for one request only.
                    self.forget(id);
                }
            }
            State::SynSent
            | State::SynReceived
            | State::FinWait1
            | State::FinWait2
            | State::Closing
            | State::LastAck
            | State::TimeWait => {}
        }
    }

    /// Nothing was heard for too long: the connection is CLOSED, and the socket is told.
    ///
    /// The TCB is deleted, and nothing is sent (RFC 9293, 3.10.8). Unanswered keep-alives end in a RST, as with Linux:
    /// nothing is under way then, so the peer, if it lives, finds it in order.
    pub(super) fn timed_out(&mut self, id: TcpId, timer: TimerKind, ctx: &mut Ctx<'_, '_>) {
        let Some(end) = self.stack.end(id) else { return };
        if timer == TimerKind::KeepAlive {
            end.abort();
        } else {
            end.delete();
        }
        let moved = end.look();
        self.note_move(id, moved, ctx);
        self.tell_timed_out(id, ctx);
        self.settle(id, None, ctx);
    }

    /// Whoever the end belongs to hears that its time was over.
    pub(super) fn tell_timed_out(&mut self, id: TcpId, ctx: &mut Ctx<'_, '_>) {
        match self.owner(id) {
            Some(Owner::Fd(fd)) => self.report(fd, Input::TimedOut, ctx),
            Some(Owner::Ready(_)) => {
                if let Some(holding) = self.holdings.get_mut(&id) {
                    holding.missed.push(Input::TimedOut);
                }
            }
            Some(Owner::HalfOpen(_) | Owner::Lingering(_) | Owner::Nobody) | None => {}
        }
    }

    /// An ICMP error came about a packet that this host sent (RFC 9293, 3.9.2.2; RFC 1122, 4.1.3.3).
    pub(super) fn take_icmp_error(
        &mut self,
        kind: IcmpKind,
        (src, dst, tcp): (SocketAddr, SocketAddr, bool),
        ctx: &mut Ctx<'_, '_>,
    ) {
        let refused = match kind {
            IcmpKind::PortUnreachable => true,
            IcmpKind::HostUnreachable | IcmpKind::NetUnreachable | IcmpKind::TimeExceeded => false,
            IcmpKind::Echo
            | IcmpKind::EchoReply
            | IcmpKind::TooBig(_)
            | IcmpKind::NeighborSolicit
            | IcmpKind::NeighborAdvert
            | IcmpKind::Other(..) => return,
        };
        if tcp {
            self.segment_unreachable(src, dst, ctx);
        } else {
            self.datagram_unreachable(src, dst, refused, ctx);
        }
    }

    /// An attempt to connect fails; an established connection goes on.
    fn segment_unreachable(&mut self, src: SocketAddr, dst: SocketAddr, ctx: &mut Ctx<'_, '_>) {
        let Some(id) = self.stack.id_between(src, dst) else { return };
        let Some(Owner::Fd(fd)) = self.owner(id) else { return };
        let opening = self.stack.peek(id).is_some_and(|end| end.state() == State::SynSent);
        if opening && let Some(end) = self.stack.end(id) {
            end.abort();
            let moved = end.look();
            self.note_move(id, moved, ctx);
            self.detach(id);
        }
        self.report(fd, Input::Unreachable, ctx);
    }

    /// Only a socket with one peer knows whose error it is.
    fn datagram_unreachable(&mut self, src: SocketAddr, dst: SocketAddr, refused: bool, ctx: &mut Ctx<'_, '_>) {
        let node = self.node;
        // The socket with just this peer, else one with none: which takes no notice.
        let suits = |fd: Fd| match self.fds.get(&fd) {
            Some(Entry::Dgram(dgram)) => match dgram.peer {
                Some(peer) => (peer == dst).then_some((true, Reverse(fd))),
                None => Some((false, Reverse(fd))),
            },
            Some(Entry::Stream(_)) | None => None,
        };
        let best = self.holders.at(Proto::Udp, src.port()).filter_map(suits).max();
        let Some((_, Reverse(fd))) = best else { return };
        let Some(dgram) = self.dgram(fd) else { return };
        let input = if refused { DatagramInput::PortUnreachable } else { DatagramInput::HostUnreachable };
        let edge = dgram.machine.step(input, &mut |edge: &MachineEdge<Datagram>| {
            ctx.tape.note(node, || edge_record(Subject::Fd(fd), edge));
        });
        if let Step::Go(_, outputs, _) = edge.step {
            if outputs.contains(&DatagramOutput::SetRefused) {
                dgram.pending = Some(Errno::Econnrefused);
            }
            if outputs.contains(&DatagramOutput::SetUnreachable) {
                dgram.pending = Some(Errno::Ehostunreach);
            }
        }
        self.wake(fd);
    }
}
