//! What TCP and ICMP report to the sockets: inputs of their machines.

use super::holding::Owner;
use super::kernel::{Ctx, Ended, Entry, Kernel};
use super::perform::With;
use crate::base::Fd;
use crate::machine::Step;
use crate::net::TcpId;
use crate::packet::IcmpKind;
use crate::scenario::model::Proto;
use crate::socket_api::{DatagramInput, Input};
use crate::tcp::{self, State};
use crate::trace::TimerKind;
use core::cmp::Reverse;
use core::net::SocketAddr;

/// What an ICMP message about a packet of theirs is to a stream and to a datagram socket; `None` for what is no error, or
/// none of theirs. A packet that was too big has no edge: no path MTU is kept.
const fn error_of(kind: IcmpKind) -> Option<(Input, DatagramInput)> {
    match kind {
        IcmpKind::PortUnreachable => Some((Input::PortUnreachable, DatagramInput::PortUnreachable)),
        // UDP is everywhere; if it were not, nobody would have the port.
        IcmpKind::ProtocolUnreachable => Some((Input::ProtocolUnreachable, DatagramInput::PortUnreachable)),
        IcmpKind::NetUnreachable => Some((Input::NetUnreachable, DatagramInput::NetUnreachable)),
        // Linux has EHOSTUNREACH for both.
        IcmpKind::HostUnreachable | IcmpKind::TimeExceeded => {
            Some((Input::HostUnreachable, DatagramInput::HostUnreachable))
        }
        IcmpKind::Echo
        | IcmpKind::EchoReply
        | IcmpKind::TooBig(_)
        | IcmpKind::NeighborSolicit
        | IcmpKind::NeighborAdvert
        | IcmpKind::Other(..) => None,
    }
}

/// What a TCP move means to the socket, in order. `ended` is what led to CLOSED, where that was not the connection's
/// own end.
fn reports(from: State, to: State, ended: Option<Ended>) -> Vec<Input> {
    let mut inputs = Vec::new();
    if from.awaits_ack_of_syn() && to.may_send() {
        inputs.push(Input::Established);
    }
    if !from.has_fin_of_peer() && to.has_fin_of_peer() {
        inputs.push(Input::RcvFin);
    }
    let last_ack = matches!(tcp::next(from, tcp::Input::AckOfFin), Step::Go(at, ..) if at == to && to == State::Closed);
    match ended.filter(|_| to == State::Closed) {
        Some(Ended::Reset) => inputs.push(Input::RcvRst),
        Some(Ended::TimedOut) => inputs.push(Input::TimedOut),
        None if to == State::TimeWait || last_ack => inputs.push(Input::Done),
        None => {}
    }
    inputs
}

impl Kernel {
    /// The connection that a `connect` has sent for is CLOSED, and sends nothing any more.
    pub(super) fn drop_attempt(&mut self, fd: Fd, ctx: &mut Ctx<'_, '_>) {
        let Some(id) = self.stream(fd).and_then(|stream| stream.tcp.take()) else { return };
        let Some(end) = self.stack.end(id) else { return };
        end.delete();
        let moved = end.look();
        // The socket knows: what a model peer says of its end is no news to it.
        self.hand_over(id, Owner::Nobody);
        self.note_move(id, moved, ctx);
        self.detach(id);
    }

    /// A connection's state changed: whoever owns it is told.
    pub(super) fn moved(&mut self, id: TcpId, from: State, to: State, ctx: &mut Ctx<'_, '_>) {
        let ended = self.ended;
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
                for input in reports(from, to, ended) {
                    self.report(fd, input, ctx);
                }
            }
            Owner::HalfOpen(listener) => {
                holding
                    .missed
                    .extend(reports(from, to, ended).into_iter().filter(|&input| input != Input::Established));
                self.half_open_moved(id, listener, to);
            }
            Owner::Ready(listener) => {
                holding.missed.extend(reports(from, to, ended));
                self.wake(listener);
            }
            Owner::Lingering(fd) | Owner::User(fd) => self.wake(fd),
            Owner::Nobody => {}
        }
    }

    /// smoltcp forgets unread bytes when TIME-WAIT ends: they are taken out when it begins.
    fn drain(&mut self, fd: Fd, id: TcpId) {
        let unread = self.stack.end(id).map(|end| end.recv(usize::MAX)).unwrap_or_default();
        if let Some(stream) = self.stream(fd) {
            stream.stash.extend_from_slice(&unread);
            self.stashed += unread.len() as u64;
        }
    }

    pub(super) fn half_open_moved(&mut self, id: TcpId, listener: Fd, to: State) {
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
        self.ended = Some(Ended::TimedOut);
        self.note_move(id, moved, ctx);
        self.ended = None;
        self.settle(id, None, ctx);
    }

    /// An ICMP error came about a packet that this host sent (RFC 9293, 3.9.2.2; RFC 1122, 4.1.3.3).
    pub(super) fn take_icmp_error(
        &mut self,
        kind: IcmpKind,
        (src, dst, tcp): (SocketAddr, SocketAddr, bool),
        ctx: &mut Ctx<'_, '_>,
    ) {
        let Some((of_stream, of_datagram)) = error_of(kind) else { return };
        if !tcp {
            self.datagram_unreachable(src, dst, of_datagram, ctx);
        } else if let Some(Owner::Fd(fd)) = self.stack.id_between(src, dst).and_then(|id| self.owner(id)) {
            self.report(fd, of_stream, ctx);
        }
    }

    /// Only a socket with one peer knows whose error it is.
    fn datagram_unreachable(&mut self, src: SocketAddr, dst: SocketAddr, input: DatagramInput, ctx: &mut Ctx<'_, '_>) {
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
        let outputs = self.take(fd, input, ctx).unwrap_or_default();
        self.perform_datagram(fd, outputs, With::default(), ctx);
        self.wake(fd);
    }
}
