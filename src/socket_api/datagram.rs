//! A datagram socket's machine (POSIX.1-2017; `man 7 udp`; RFC 768).

use super::{Errno, posix};
use crate::machine::{Clause, Machine, Step};
use DatagramState::{Bound, Closed, Connected, Created};
use Step::{Go, Never, Reject};

crate::finite! {
    /// Where the descriptor of a datagram socket is in its life.
    pub enum DatagramState {
        /// Fresh from `socket()`: no address, no peer.
        Created => "CREATED",
        /// Has a local port; sends to and hears from anyone.
        Bound => "BOUND",
        /// Has a peer: sends to it without naming it, hears from it alone, and learns that it is not there.
        Connected => "CONNECTED",
        /// The descriptor has been given back.
        Closed => "CLOSED",
    }
}

crate::finite! {
    /// A call with its guards, or what the network reports.
    pub enum DatagramInput {
        /// `bind()` to an address of this host and a free port.
        Bind => "bind",
        /// `bind()` to a port that another socket holds.
        BindInUse => "bind/in-use",
        /// `bind()` to an address that is not this host's.
        BindNotLocal => "bind/not-local",
        /// `connect()` to an address with a route.
        Connect => "connect",
        /// `connect()` where no route leads.
        ConnectNoRoute => "connect/no-route",
        /// `listen()` or `accept()`.
        ListenAccept => "listen, accept",
        /// `send()` of a datagram for which there is room.
        Send => "send",
        /// `sendto()` of a datagram for which there is room, to an address with a route.
        Sendto => "sendto",
        /// `send()` or `sendto()` with a full queue.
        SendFull => "send/full",
        /// `send()` or `sendto()` of more than a datagram holds.
        SendTooBig => "send/too-big",
        /// `sendto()` where no route leads.
        SendNoRoute => "send/no-route",
        /// `send()` or `sendto()` to port 0.
        SendPortZero => "send/port-0",
        /// `send()`, `sendto()`, `connect()` with no ephemeral port left.
        NoPort => "no ephemeral port",
        /// `recv()` or `recvfrom()` with a datagram waiting.
        Recv => "recv",
        /// `recv()` or `recvfrom()` with none.
        RecvEmpty => "recv/empty",
        /// `send()`, `sendto()`, `recv()` or `recvfrom()` while an error is pending.
        Pending => "send, recv/pending error",
        /// `shutdown()`.
        Shutdown => "shutdown",
        /// `close()`.
        Close => "close",
        /// `getsockname()`.
        Getsockname => "getsockname",
        /// `getpeername()`.
        Getpeername => "getpeername",
        /// `setsockopt()` with a value that the option takes.
        Setsockopt => "setsockopt",
        /// `setsockopt()` of an option that can only be read, or is of stream sockets.
        SetsockoptUnknown => "setsockopt/no-option",
        /// `setsockopt()` with a value that the option does not take.
        SetsockoptInvalid => "setsockopt/invalid",
        /// `getsockopt()` of anything but SO_ERROR.
        Getsockopt => "getsockopt",
        /// `getsockopt()` of SO_ERROR.
        GetsockoptError => "getsockopt/SO_ERROR",
        /// ICMP: nobody has the port that a datagram was sent to.
        PortUnreachable => "port unreachable",
        /// ICMP: no way leads to the network that a datagram was sent to.
        NetUnreachable => "net unreachable",
        /// ICMP: no way leads to the host that a datagram was sent to, or it is too far.
        HostUnreachable => "host unreachable",
    }
}

crate::finite! {
    /// What the shell performs.
    pub enum DatagramOutput {
        /// Takes the address and the port for this socket.
        Bind => "bind",
        /// Takes an ephemeral port for this socket.
        BindEphemeral => "bind ephemeral",
        /// Remembers the peer, and the local address that leads to it.
        SetPeer => "set peer",
        /// One datagram goes out; the call returns its length.
        SendDatagram => "send datagram",
        /// The first datagram waiting is given, cut to what was asked for.
        TakeDatagram => "take datagram",
        /// The port is free again; datagrams waiting are thrown away.
        Release => "release",
        /// The call returns what was asked for, or takes the option's value.
        Answer => "answer",
        /// ECONNREFUSED becomes pending.
        SetRefused => "pending ECONNREFUSED",
        /// The call takes the pending error: fails with it, or, reading SO_ERROR, returns it (0 if there is none).
        TakeError => "take pending error",
    }
}

type Verdict = Step<DatagramState, DatagramOutput, Errno>;
use DatagramInput as In;
use DatagramOutput as Out;

/// The life of a datagram socket's descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Datagram;

impl Machine for Datagram {
    const NAME: &'static str = "datagram";
    const TITLE: &'static str = "The life of a datagram socket, as POSIX and Linux have it";
    type State = DatagramState;
    type Input = DatagramInput;
    type Output = DatagramOutput;
    type Refusal = Errno;
    const START: DatagramState = Created;
    const FINAL: &'static [DatagramState] = &[Closed];

    fn next(at: DatagramState, on: DatagramInput) -> Verdict {
        match at {
            Created | Bound | Connected => open(at, on),
            Closed => closed(on),
        }
    }
}

const UDP: Clause = Clause { document: "man 7 udp", section: "" };

const fn open(at: DatagramState, on: In) -> Verdict {
    match on {
        In::Bind => bind(at),
        In::BindInUse => bind_refused(at, Errno::Eaddrinuse),
        In::BindNotLocal => bind_refused(at, Errno::Eaddrnotavail),
        In::Connect => connect(at),
        In::ConnectNoRoute => Reject(Errno::Enetunreach, posix("connect()")),
        In::ListenAccept => Reject(Errno::Eopnotsupp, posix("listen()")),
        In::Send => send(at),
        In::Sendto => sendto(at),
        In::SendFull => Reject(Errno::Eagain, posix("send()")),
        In::SendTooBig => Reject(Errno::Emsgsize, posix("send()")),
        In::SendNoRoute => Reject(Errno::Enetunreach, posix("sendto()")),
        In::SendPortZero => send_port_zero(at),
        In::NoPort => Reject(Errno::Eagain, UDP),
        In::Recv => recv(at),
        In::RecvEmpty => Reject(Errno::Eagain, posix("recvfrom()")),
        In::Pending => pending(at),
        In::Shutdown => shutdown(at),
        In::Close => Go(Closed, &[Out::Release], posix("close()")),
        In::Getsockname => Go(at, &[Out::Answer], posix("getsockname()")),
        In::Getpeername => getpeername(at),
        In::Setsockopt => Go(at, &[Out::Answer], posix("setsockopt()")),
        In::SetsockoptUnknown => Reject(Errno::Enoprotoopt, posix("setsockopt()")),
        In::SetsockoptInvalid => Reject(Errno::Einval, posix("setsockopt()")),
        In::Getsockopt => Go(at, &[Out::Answer], posix("getsockopt()")),
        In::GetsockoptError => Go(at, &[Out::TakeError], posix("getsockopt()")),
        In::PortUnreachable => icmp(at, &[Out::SetRefused]),
        In::NetUnreachable | In::HostUnreachable => soft_error(at),
    }
}

const fn closed(on: In) -> Verdict {
    match on {
        In::PortUnreachable | In::NetUnreachable | In::HostUnreachable => Never,
        In::Bind
        | In::BindInUse
        | In::BindNotLocal
        | In::Connect
        | In::ConnectNoRoute
        | In::ListenAccept
        | In::Send
        | In::Sendto
        | In::SendFull
        | In::SendTooBig
        | In::SendNoRoute
        | In::SendPortZero
        | In::NoPort
        | In::Recv
        | In::RecvEmpty
        | In::Pending
        | In::Shutdown
        | In::Close
        | In::Getsockname
        | In::Getpeername
        | In::Setsockopt
        | In::SetsockoptUnknown
        | In::SetsockoptInvalid
        | In::Getsockopt
        | In::GetsockoptError => Reject(Errno::Ebadf, posix("close()")),
    }
}

const fn bind(at: DatagramState) -> Verdict {
    match at {
        Created => Go(Bound, &[Out::Bind], posix("bind()")),
        Bound | Connected | Closed => Reject(Errno::Einval, posix("bind()")),
    }
}

const fn bind_refused(at: DatagramState, errno: Errno) -> Verdict {
    match at {
        Created => Reject(errno, posix("bind()")),
        Bound | Connected | Closed => bind(at),
    }
}

const fn connect(at: DatagramState) -> Verdict {
    match at {
        Created => Go(Connected, &[Out::BindEphemeral, Out::SetPeer], posix("connect()")),
        Bound | Connected | Closed => Go(Connected, &[Out::SetPeer], posix("connect()")),
    }
}

const fn send(at: DatagramState) -> Verdict {
    match at {
        Connected => Go(Connected, &[Out::SendDatagram], posix("send()")),
        Created | Bound | Closed => Reject(Errno::Edestaddrreq, posix("send()")),
    }
}

const fn sendto(at: DatagramState) -> Verdict {
    match at {
        Created => Go(Bound, &[Out::BindEphemeral, Out::SendDatagram], posix("sendto()")),
        Bound | Connected | Closed => Go(at, &[Out::SendDatagram], posix("sendto()")),
    }
}

/// Linux: EINVAL where the call names the port. What a socket with port 0 for its peer sends goes out on Linux, and to
/// nobody; here it is refused too.
const fn send_port_zero(at: DatagramState) -> Verdict {
    match at {
        Created | Bound | Connected => Reject(Errno::Einval, Clause { document: "Linux", section: "udp_sendmsg()" }),
        Closed => Reject(Errno::Ebadf, posix("close()")),
    }
}

/// A datagram socket has no end of file to give or to send.
const fn shutdown(at: DatagramState) -> Verdict {
    match at {
        Created | Bound => Reject(Errno::Enotconn, posix("shutdown()")),
        Connected | Closed => Reject(Errno::Eopnotsupp, UDP),
    }
}

const fn getpeername(at: DatagramState) -> Verdict {
    match at {
        Connected => Go(Connected, &[Out::Answer], posix("getpeername()")),
        Created | Bound | Closed => Reject(Errno::Enotconn, posix("getpeername()")),
    }
}

/// Without a port nothing comes.
const fn recv(at: DatagramState) -> Verdict {
    match at {
        Bound | Connected => Go(at, &[Out::TakeDatagram], posix("recvfrom()")),
        Created => Never,
        Closed => Reject(Errno::Ebadf, posix("close()")),
    }
}

/// Only a socket with one peer is told of errors.
const fn pending(at: DatagramState) -> Verdict {
    match at {
        Connected => Go(Connected, &[Out::TakeError], UDP),
        Created | Bound => Never,
        Closed => Reject(Errno::Ebadf, posix("close()")),
    }
}

/// The network, or a host, may be reached again soon. Linux tells no socket that has not asked for it (IP_RECVERR, which
/// there is not here); RFC 1122, 4.1.3.3 would have the application told.
const fn soft_error(at: DatagramState) -> Verdict {
    match at {
        Bound | Connected => Go(at, &[], Clause { document: "man 7 ip", section: "IP_RECVERR" }),
        Created | Closed => Never,
    }
}

/// Only a socket with one peer knows whose error it is.
const fn icmp(at: DatagramState, pending: &'static [Out]) -> Verdict {
    match at {
        Connected => Go(Connected, pending, UDP),
        Created => Never,
        Bound | Closed => Go(at, &[], UDP),
    }
}
