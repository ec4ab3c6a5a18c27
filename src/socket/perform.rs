//! What the machines ask for is done here, output by output, and nothing is done that they did not ask for.
//!
//! A call looks ahead ([`Kernel::foresee`]), is recorded with what it returns, has the machine take its input
//! ([`Kernel::take`]), and has the outputs of that edge performed. What follows from performing comes back as a further
//! input ([`Kernel::report`]).

use super::connecting::Attempt;
use super::kernel::{Ctx, Entry, Kernel, Listener};
use crate::base::{ActorId, Fd};
use crate::machine::{Edge as MachineEdge, Finite, Machine, Running, Step};
use crate::net::TcpId;
use crate::socket_api::{Datagram, DatagramInput, DatagramOutput, Errno, Input, Output, Socket};
use crate::trace::{Edge, Subject, What};
use bytes::Bytes;
use core::net::SocketAddr;

/// What the machine of an input said: what is to be performed, or the error that the call fails with.
pub(super) type Answer<I> = Result<&'static [<<I as OfSocket>::Machine as Machine>::Output], Errno>;

/// An input of one of the machines of descriptors.
pub(super) trait OfSocket: Finite {
    type Machine: Machine<Input = Self, Refusal = Errno>;
    /// The machine at work behind a descriptor, if it is this one.
    fn running(entry: &Entry) -> Option<&Running<Self::Machine>>;
    fn running_mut(entry: &mut Entry) -> Option<&mut Running<Self::Machine>>;
}

impl OfSocket for Input {
    type Machine = Socket;
    fn running(entry: &Entry) -> Option<&Running<Socket>> {
        if let Entry::Stream(stream) = entry { Some(&stream.machine) } else { None }
    }
    fn running_mut(entry: &mut Entry) -> Option<&mut Running<Socket>> {
        if let Entry::Stream(stream) = entry { Some(&mut stream.machine) } else { None }
    }
}

impl OfSocket for DatagramInput {
    type Machine = Datagram;
    fn running(entry: &Entry) -> Option<&Running<Datagram>> {
        if let Entry::Dgram(dgram) = entry { Some(&dgram.machine) } else { None }
    }
    fn running_mut(entry: &mut Entry) -> Option<&mut Running<Datagram>> {
        if let Entry::Dgram(dgram) = entry { Some(&mut dgram.machine) } else { None }
    }
}

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

fn answer_of<S, O>(step: Step<S, O, Errno>) -> Result<&'static [O], Errno> {
    match step {
        Step::Go(_, outputs, _) => Ok(outputs),
        Step::Reject(errno, _) => Err(errno),
        Step::Never => Err(Errno::Einval),
    }
}

/// What a call gives the outputs to be performed with.
#[derive(Clone, Copy, Default)]
pub(super) struct With<'d> {
    /// Who calls.
    pub(super) by: Option<ActorId>,
    /// The local address that is asked for, or that the socket takes by itself.
    pub(super) at: Option<SocketAddr>,
    /// How many connections may wait for `accept`, as `listen` says.
    pub(super) backlog: u32,
    /// The connection that `accept` takes.
    pub(super) queued: Option<TcpId>,
    /// The connection that `connect` sends for.
    pub(super) attempt: Option<Attempt>,
    /// The peer of datagrams, and the address of ours that they come from.
    pub(super) peer: Option<SocketAddr>,
    pub(super) source: Option<SocketAddr>,
    /// The datagram to be sent.
    pub(super) data: Option<&'d Bytes>,
}

impl Kernel {
    /// What the machine would say: for the record of the call, which comes before its edge.
    pub(super) fn foresee<I: OfSocket>(&self, fd: Fd, input: I) -> Answer<I> {
        let running = self.fds.get(&fd).and_then(I::running).ok_or(Errno::Ebadf)?;
        answer_of(running.peek(input).step)
    }

    /// A descriptor's machine takes an input; the edge is recorded.
    pub(super) fn take<I: OfSocket>(&mut self, fd: Fd, input: I, ctx: &mut Ctx<'_, '_>) -> Answer<I> {
        let node = self.node;
        let running = self.fds.get_mut(&fd).and_then(I::running_mut).ok_or(Errno::Ebadf)?;
        let edge = running.step(input, &mut |edge: &MachineEdge<I::Machine>| {
            ctx.tape.note(node, || edge_record(Subject::Fd(fd), edge));
        });
        answer_of(edge.step)
    }

    /// A stream socket's machine takes what was reported.
    pub(super) fn report(&mut self, fd: Fd, input: Input, ctx: &mut Ctx<'_, '_>) {
        if self.peek_stream(fd).is_some() {
            let outputs = self.take(fd, input, ctx).unwrap_or_default();
            self.perform(fd, outputs, With::default(), ctx);
            self.wake(fd);
        }
    }

    /// The outputs of a stream socket's edge, in order.
    pub(super) fn perform(&mut self, fd: Fd, outputs: &[Output], with: With<'_>, ctx: &mut Ctx<'_, '_>) {
        for &output in outputs {
            match output {
                Output::Bind => self.bind_to(fd, with.at, true),
                Output::BindEphemeral => self.bind_to(fd, with.at, false),
                Output::Restore => self.restore_local(fd),
                Output::Listen => self.begin_to_listen(fd, with.backlog),
                Output::StopListening => self.stop_listening(fd, ctx),
                Output::TakeConnection => self.adopt_connection(fd, with),
                Output::OpenActive => self.open_active(fd, with.attempt, ctx),
                Output::Close => self.close_connection(fd, ctx),
                Output::Abort => self.abort_connection(fd, ctx),
                Output::DropAttempt => self.drop_attempt(fd, ctx),
                Output::Release => self.release(with.by, fd, ctx),
                Output::SetRefused => self.set_pending(fd, Some(Errno::Econnrefused)),
                Output::SetReset => self.set_pending(fd, Some(Errno::Econnreset)),
                Output::SetBroken => self.set_pending(fd, Some(Errno::Epipe)),
                Output::SetTimedOut => self.set_pending(fd, Some(Errno::Etimedout)),
                Output::SetNoProtocol => self.set_pending(fd, Some(Errno::Enoprotoopt)),
                Output::SetNetUnreachable => self.set_pending(fd, Some(Errno::Enetunreach)),
                Output::SetHostUnreachable => self.set_pending(fd, Some(Errno::Ehostunreach)),
                Output::TakeError => self.set_pending(fd, None),
                // What the call returns, and has returned by now.
                Output::InProgress
                | Output::CopyIn
                | Output::CopyOut
                | Output::EndOfFile
                | Output::Answer
                | Output::FailAborted => {}
            }
        }
    }

    /// The outputs of a datagram socket's edge, in order.
    pub(super) fn perform_datagram(
        &mut self,
        fd: Fd,
        outputs: &[DatagramOutput],
        with: With<'_>,
        ctx: &mut Ctx<'_, '_>,
    ) {
        for &output in outputs {
            match output {
                DatagramOutput::Bind | DatagramOutput::BindEphemeral => self.open_datagram(fd, with.at),
                DatagramOutput::SetPeer => self.set_datagram_peer(fd, with),
                DatagramOutput::SendDatagram => self.put_datagram(fd, with, ctx),
                DatagramOutput::TakeDatagram => self.drop_first_datagram(fd),
                DatagramOutput::Release => self.release_datagram(with.by, fd),
                DatagramOutput::SetRefused => self.set_datagram_pending(fd, Some(Errno::Econnrefused)),
                DatagramOutput::TakeError => self.set_datagram_pending(fd, None),
                // What the call returns.
                DatagramOutput::Answer => {}
            }
        }
    }

    fn set_pending(&mut self, fd: Fd, error: Option<Errno>) {
        if let Some(stream) = self.stream(fd) {
            stream.pending = error;
        }
    }

    fn set_datagram_pending(&mut self, fd: Fd, error: Option<Errno>) {
        if let Some(dgram) = self.dgram(fd) {
            dgram.pending = error;
        }
    }

    /// The socket gets a local address; one that `bind` gives is kept when an attempt to connect fails.
    fn bind_to(&mut self, fd: Fd, at: Option<SocketAddr>, given: bool) {
        let Some(at) = at else { return };
        self.ephemeral.took(at.port());
        self.set_local(fd, at);
        if let Some(stream) = self.stream(fd).filter(|_| given) {
            stream.given = Some(at);
        }
    }

    fn begin_to_listen(&mut self, fd: Fd, backlog: u32) {
        let Some(stream) = self.stream(fd) else { return };
        let Some(at) = stream.local else { return };
        stream.listener.get_or_insert_with(Listener::default).backlog = backlog;
        self.holders.listens(fd, at.port());
    }
}
