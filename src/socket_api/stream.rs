//! A stream socket's alphabets, and the machine over them. The arms are in `calls` and `events`.

use super::{Errno, calls, events};
use crate::machine::{Machine, Step};

crate::finite! {
    /// Where the descriptor of a stream socket is in its life.
    pub enum State {
        /// No address, no peer: fresh from `socket()`, or once `connect()` has said why it failed.
        Created => "CREATED",
        /// Has a local address and port, and no connection.
        Bound => "BOUND",
        /// Takes connections into its queue.
        Listening => "LISTENING",
        /// `connect()` has sent for a connection, which is not there yet.
        Connecting => "CONNECTING",
        /// The same, from the port that `bind()` gave: it stays bound if the attempt fails.
        ConnectingBound => "CONNECTING-BOUND",
        /// Both directions are open.
        Connected => "CONNECTED",
        /// `shutdown(SHUT_RD)`: what still arrives can be read, but no read waits.
        ReadShut => "READ-SHUT",
        /// The peer has sent its FIN; we may still send.
        PeerClosed => "PEER-CLOSED",
        /// Our FIN is queued; the peer may still send.
        WriteShut => "WRITE-SHUT",
        /// Neither direction is open.
        BothShut => "BOTH-SHUT",
        /// `connect()` failed; why is pending. The port that it took is free again.
        Failed => "FAILED",
        /// The same of a socket that is bound.
        FailedBound => "FAILED-BOUND",
        /// `connect()` failed and SO_ERROR, send() or recv() has said why: the next `connect()` learns that there was a
        /// failure.
        FailureTold => "FAILURE-TOLD",
        /// The same of a socket that is bound.
        FailureToldBound => "FAILURE-TOLD-BOUND",
        /// The connection was lost while data could still come; why is pending.
        Lost => "LOST",
        /// The connection was lost after the end of the peer's data; why is pending.
        Broken => "BROKEN",
        /// The connection is over and nothing is pending.
        Ended => "ENDED",
        /// The descriptor has been given back.
        Closed => "CLOSED",
    }
}

crate::finite! {
    /// A call with its guards, or what TCP reports.
    pub enum Input {
        /// `bind()` to an address of this host and a free port.
        Bind => "bind",
        /// `bind()` to a port that another socket holds.
        BindInUse => "bind/in-use",
        /// `bind()` to an address that is not this host's.
        BindNotLocal => "bind/not-local",
        /// `listen()`.
        Listen => "listen",
        /// `listen()` on a port that has a listener, or with no ephemeral port left.
        ListenInUse => "listen/in-use",
        /// `accept()` with a connection in the queue.
        Accept => "accept",
        /// `accept()` with an empty queue.
        AcceptEmpty => "accept/empty",
        /// `connect()` to an address with a route, from a port that is free or its own.
        Connect => "connect",
        /// `connect()` tells what came of an attempt: it is the first since one that did not block.
        ConnectOutcome => "connect/outcome",
        /// `connect()` that blocked goes on once the attempt is over, or asks whether it is.
        FinishConnect => "finish-connect",
        /// The same with an error pending.
        FinishConnectPending => "finish-connect/pending",
        /// `connect()` to port 0.
        ConnectPortZero => "connect/port-0",
        /// `connect()` where no route leads.
        ConnectNoRoute => "connect/no-route",
        /// `connect()` with no ephemeral port left, or with the pair of addresses in use.
        ConnectNoPort => "connect/no-port",
        /// `send()` with no error pending, and with room in the send buffer if there is a connection.
        Send => "send",
        /// `send()` with a full send buffer.
        SendFull => "send/full",
        /// `send()` while an error is pending.
        SendPending => "send/pending error",
        /// `recv()` with data in the receive buffer.
        Recv => "recv",
        /// `recv()` with an empty receive buffer, and no error pending.
        RecvEmpty => "recv/empty",
        /// `recv()` with an empty receive buffer, while an error is pending.
        RecvPending => "recv/pending error",
        /// `shutdown(SHUT_RD)`.
        ShutRd => "shutdown/RD",
        /// `shutdown(SHUT_WR)`.
        ShutWr => "shutdown/WR",
        /// `shutdown(SHUT_RDWR)`.
        ShutRdWr => "shutdown/RDWR",
        /// `close()`.
        Close => "close",
        /// `close()` with SO_LINGER at 0 seconds, or with unread data.
        CloseAbort => "close/abort",
        /// `getsockname()`.
        Getsockname => "getsockname",
        /// `getpeername()`.
        Getpeername => "getpeername",
        /// `setsockopt()` with a value that the option takes.
        Setsockopt => "setsockopt",
        /// `setsockopt()` of SO_RCVBUF or SO_SNDBUF, which are fixed once there is a connection.
        SetsockoptBuffer => "setsockopt/buffer",
        /// `setsockopt()` of an option that can only be read.
        SetsockoptReadOnly => "setsockopt/read-only",
        /// `setsockopt()` with a value that the option does not take.
        SetsockoptInvalid => "setsockopt/invalid",
        /// `getsockopt()` of anything but SO_ERROR.
        Getsockopt => "getsockopt",
        /// `getsockopt()` of SO_ERROR.
        GetsockoptError => "getsockopt/SO_ERROR",
        /// The socket was made by `accept()`, for a connection that is established.
        Accepted => "accepted",
        /// TCP: the connection is established.
        Established => "established",
        /// TCP: the peer's FIN is next in sequence; no more data will come.
        RcvFin => "rcv FIN",
        /// TCP: the peer has reset or refused the connection.
        RcvRst => "rcv RST",
        /// TCP: the peer has not answered in time.
        TimedOut => "timeout",
        /// ICMP: nobody has the port that a segment was sent to.
        PortUnreachable => "port unreachable",
        /// ICMP: what a segment was sent to knows no TCP.
        ProtocolUnreachable => "protocol unreachable",
        /// ICMP: no way leads to the peer's network.
        NetUnreachable => "net unreachable",
        /// ICMP: no way leads to the peer, or it is too far.
        HostUnreachable => "host unreachable",
        /// TCP: both FINs are through; the connection is in TIME-WAIT or CLOSED.
        Done => "both closed",
    }
}

crate::finite! {
    /// What the shell performs.
    pub enum Output {
        /// Takes the address and the port for this socket.
        Bind => "bind",
        /// Takes an ephemeral port for this socket.
        BindEphemeral => "bind ephemeral",
        /// The local address is what it was before `connect()`: what `bind()` gave, or none. A port that `connect()`
        /// chose is free again.
        Restore => "restore address",
        /// Has SYNs to the port queued, up to the backlog. Once more: sets the backlog.
        Listen => "listen",
        /// Stops listening; connections that wait in the queue are reset.
        StopListening => "stop listening",
        /// Gives the first connection of the queue a socket of its own.
        TakeConnection => "take connection",
        /// OPEN, active.
        OpenActive => "OPEN",
        /// The caller is told EINPROGRESS; a blocking caller waits for `established` or a failure.
        InProgress => "EINPROGRESS",
        /// SEND: bytes go into the send buffer; the call returns how many.
        CopyIn => "SEND",
        /// RECEIVE: bytes leave the receive buffer; the call returns them.
        CopyOut => "RECEIVE",
        /// The call returns 0 bytes: end of file.
        EndOfFile => "end of file",
        /// CLOSE: a FIN follows what is queued. In SYN-SENT the attempt is dropped.
        Close => "CLOSE",
        /// ABORT: a RST.
        Abort => "ABORT",
        /// The descriptor lets go of port and connection; what TCP has still to do it does alone.
        Release => "release",
        /// The call returns what was asked for, or takes the option's value.
        Answer => "answer",
        /// ECONNREFUSED becomes pending.
        SetRefused => "pending ECONNREFUSED",
        /// ECONNRESET becomes pending.
        SetReset => "pending ECONNRESET",
        /// EPIPE becomes pending.
        SetBroken => "pending EPIPE",
        /// ETIMEDOUT becomes pending.
        SetTimedOut => "pending ETIMEDOUT",
        /// ENOPROTOOPT becomes pending.
        SetNoProtocol => "pending ENOPROTOOPT",
        /// ENETUNREACH becomes pending.
        SetNetUnreachable => "pending ENETUNREACH",
        /// EHOSTUNREACH becomes pending.
        SetHostUnreachable => "pending EHOSTUNREACH",
        /// The attempt is dropped: the connection is CLOSED, and nothing is sent.
        DropAttempt => "drop attempt",
        /// The call takes the pending error: fails with it, or, reading SO_ERROR, returns it (0 if there is none).
        TakeError => "take pending error",
        /// The call fails with ECONNABORTED.
        FailAborted => "ECONNABORTED",
    }
}

/// What the machine says to an input.
pub(super) type Verdict = Step<State, Output, Errno>;

/// The life of a stream socket's descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Socket;

impl Machine for Socket {
    const NAME: &'static str = "socket";
    const TITLE: &'static str = "The life of a stream socket, as POSIX and Linux have it";
    type State = State;
    type Input = Input;
    type Output = Output;
    type Refusal = Errno;
    const START: State = State::Created;
    const FINAL: &'static [State] = &[State::Closed];

    fn next(at: State, on: Input) -> Verdict {
        next(at, on)
    }
}

/// The machine, by input; each arm is a match over the states.
const fn next(at: State, on: Input) -> Verdict {
    match on {
        Input::Bind => calls::bind(at),
        Input::BindInUse => calls::bind_refused(at, Errno::Eaddrinuse, "S05"),
        Input::BindNotLocal => calls::bind_refused(at, Errno::Eaddrnotavail, "S09"),
        Input::Listen => calls::listen(at),
        Input::ListenInUse => calls::listen_in_use(at),
        Input::Accept => calls::accept(at),
        Input::AcceptEmpty => calls::accept_empty(at),
        Input::Connect => calls::connect(at),
        Input::ConnectOutcome => calls::connect_outcome(at),
        Input::FinishConnect => calls::finish_connect(at),
        Input::FinishConnectPending => calls::finish_connect_pending(at),
        Input::ConnectPortZero => calls::connect_refused(at, Errno::Econnrefused, super::linux("S34")),
        Input::ConnectNoRoute => calls::connect_refused(at, Errno::Enetunreach, super::posix("connect()")),
        Input::ConnectNoPort => calls::connect_refused(at, Errno::Eaddrnotavail, super::posix("connect()")),
        Input::Send => calls::send(at),
        Input::SendFull => calls::send_full(at),
        Input::SendPending => calls::send_pending(at),
        Input::Recv => calls::recv(at),
        Input::RecvEmpty => calls::recv_empty(at),
        Input::RecvPending => calls::recv_pending(at),
        Input::ShutRd => calls::shut_rd(at),
        Input::ShutWr => calls::shut_wr(at),
        Input::ShutRdWr => calls::shut_rdwr(at),
        Input::Close => calls::close(at),
        Input::CloseAbort => calls::close_abort(at),
        Input::Getsockname => calls::answer(at, "getsockname()"),
        Input::Getpeername => calls::getpeername(at),
        Input::Setsockopt => calls::answer(at, "setsockopt()"),
        Input::SetsockoptBuffer => calls::set_buffer(at),
        Input::SetsockoptReadOnly => calls::refuse(at, Errno::Enoprotoopt, "setsockopt()"),
        Input::SetsockoptInvalid => calls::refuse(at, Errno::Einval, "setsockopt()"),
        Input::Getsockopt => calls::answer(at, "getsockopt()"),
        Input::GetsockoptError => calls::take_error(at),
        Input::Accepted => events::accepted(at),
        Input::Established => events::established(at),
        Input::RcvFin => events::rcv_fin(at),
        Input::RcvRst => events::rcv_rst(at),
        Input::TimedOut => events::timed_out(at),
        Input::PortUnreachable => events::hard_error(at, &[Output::SetRefused, Output::DropAttempt, Output::Restore]),
        Input::ProtocolUnreachable => {
            events::hard_error(at, &[Output::SetNoProtocol, Output::DropAttempt, Output::Restore])
        }
        Input::NetUnreachable => {
            events::soft_error(at, &[Output::SetNetUnreachable, Output::DropAttempt, Output::Restore])
        }
        Input::HostUnreachable => {
            events::soft_error(at, &[Output::SetHostUnreachable, Output::DropAttempt, Output::Restore])
        }
        Input::Done => events::done(at),
    }
}
