//! What a stream socket does with each call, state by state. A descriptor that was closed is EBADF for every call.

use super::stream::{Output, State, Verdict};
use super::{Errno, linux, posix};
use crate::machine::{Clause, Step};
use State::{
    BothShut, Bound, Broken, Closed, Connected, Connecting, Created, Ended, Failed, FailureTold, Listening, PeerClosed,
    ReadShut, Reset, WriteShut,
};
use Step::{Go, Reject};

const NO_DESCRIPTOR: Verdict = Reject(Errno::Ebadf, posix("close()"));

pub(super) const fn bind(at: State) -> Verdict {
    match at {
        Created => Go(Bound, &[Output::Bind], posix("bind()")),
        Bound => Reject(Errno::Einval, linux("S08")),
        Listening | Connecting | Connected | ReadShut | PeerClosed | WriteShut | BothShut => {
            Reject(Errno::Einval, linux("S10"))
        }
        Failed | FailureTold | Reset | Broken | Ended => Reject(Errno::Einval, posix("bind()")),
        Closed => NO_DESCRIPTOR,
    }
}

pub(super) const fn bind_refused(at: State, errno: Errno, sequence: &'static str) -> Verdict {
    match at {
        Created => Reject(errno, linux(sequence)),
        Bound | Listening | Connecting | Connected | ReadShut | PeerClosed | WriteShut | BothShut | Failed
        | FailureTold | Reset | Broken | Ended | Closed => bind(at),
    }
}

pub(super) const fn listen(at: State) -> Verdict {
    match at {
        Created => Go(Listening, &[Output::BindEphemeral, Output::Listen], linux("S04")),
        Bound => Go(Listening, &[Output::Listen], posix("listen()")),
        Listening => Go(Listening, &[Output::Listen], posix("listen()")),
        Connected | ReadShut | PeerClosed | WriteShut | BothShut => Reject(Errno::Einval, linux("S10")),
        Connecting | Failed | FailureTold | Reset | Broken | Ended => Reject(Errno::Einval, posix("listen()")),
        Closed => NO_DESCRIPTOR,
    }
}

pub(super) const fn listen_in_use(at: State) -> Verdict {
    match at {
        Created | Bound => Reject(Errno::Eaddrinuse, linux("S07")),
        Listening | Connecting | Connected | ReadShut | PeerClosed | WriteShut | BothShut | Failed | FailureTold
        | Reset | Broken | Ended | Closed => listen(at),
    }
}

pub(super) const fn accept(at: State) -> Verdict {
    match at {
        Listening => Go(Listening, &[Output::TakeConnection], posix("accept()")),
        Created | Bound | Connecting | Connected | ReadShut | PeerClosed | WriteShut | BothShut | Failed
        | FailureTold | Reset | Broken | Ended | Closed => accept_empty(at),
    }
}

pub(super) const fn accept_empty(at: State) -> Verdict {
    match at {
        Listening => Reject(Errno::Eagain, linux("S27")),
        Created | Bound => Reject(Errno::Einval, linux("S03")),
        Connected | ReadShut | PeerClosed | WriteShut | BothShut => Reject(Errno::Einval, linux("S10")),
        Connecting | Failed | FailureTold | Reset | Broken | Ended => Reject(Errno::Einval, posix("accept()")),
        Closed => NO_DESCRIPTOR,
    }
}

pub(super) const fn connect(at: State) -> Verdict {
    match at {
        Created => {
            Go(Connecting, &[Output::BindEphemeral, Output::OpenActive, Output::InProgress], Clause::rfc9293("3.10.1"))
        }
        Bound => Go(Connecting, &[Output::OpenActive, Output::InProgress], Clause::rfc9293("3.10.1")),
        Listening => Reject(Errno::Eopnotsupp, posix("connect()")),
        Connecting => Reject(Errno::Ealready, linux("S11")),
        Failed => Go(Bound, &[Output::TakeError], linux("S01")),
        FailureTold => Go(Bound, &[Output::FailAborted], linux("S02")),
        Connected | ReadShut | PeerClosed | WriteShut | BothShut => Reject(Errno::Eisconn, linux("S10")),
        Reset | Broken | Ended => Reject(Errno::Eisconn, posix("connect()")),
        Closed => NO_DESCRIPTOR,
    }
}

/// `connect()` with a destination, route or port that cannot do; only a socket that could connect comes so far.
pub(super) const fn connect_refused(at: State, errno: Errno, clause: Clause) -> Verdict {
    match at {
        Created | Bound => Reject(errno, clause),
        Listening | Connecting | Connected | ReadShut | PeerClosed | WriteShut | BothShut | Failed | FailureTold
        | Reset | Broken | Ended | Closed => connect(at),
    }
}

pub(super) const fn send(at: State) -> Verdict {
    match at {
        Connected => Go(Connected, &[Output::CopyIn], Clause::rfc9293("3.10.2")),
        ReadShut => Go(ReadShut, &[Output::CopyIn], Clause::rfc9293("3.10.2")),
        PeerClosed => Go(PeerClosed, &[Output::CopyIn], linux("S17")),
        Created | Bound | Listening | Connecting | WriteShut | BothShut | Failed | FailureTold | Reset | Broken
        | Ended | Closed => send_full(at),
    }
}

pub(super) const fn send_full(at: State) -> Verdict {
    match at {
        Connected | ReadShut | PeerClosed => Reject(Errno::Eagain, linux("S26")),
        Connecting => Reject(Errno::Eagain, linux("S12")),
        Created | Bound | Listening => Reject(Errno::Epipe, linux("S03")),
        WriteShut | BothShut => Reject(Errno::Epipe, linux("S16")),
        FailureTold => Reject(Errno::Epipe, linux("S01")),
        Failed => Go(FailureTold, &[Output::TakeError], posix("getsockopt()")),
        Reset => Go(Ended, &[Output::TakeError], posix("send()")),
        Broken => Go(Ended, &[Output::TakeError], linux("S17")),
        Ended => Reject(Errno::Epipe, linux("S19")),
        Closed => NO_DESCRIPTOR,
    }
}

pub(super) const fn recv(at: State) -> Verdict {
    match at {
        Connected => Go(Connected, &[Output::CopyOut], Clause::rfc9293("3.10.3")),
        WriteShut => Go(WriteShut, &[Output::CopyOut], linux("S16")),
        ReadShut => Go(ReadShut, &[Output::CopyOut], linux("S24")),
        PeerClosed => Go(PeerClosed, &[Output::CopyOut], linux("S29")),
        BothShut => Go(BothShut, &[Output::CopyOut], Clause::rfc9293("3.10.3")),
        Reset => Go(Reset, &[Output::CopyOut], linux("S22")),
        Broken => Go(Broken, &[Output::CopyOut], linux("S22")),
        Ended => Go(Ended, &[Output::CopyOut], linux("S22")),
        Created | Bound | Listening | Connecting | Failed | FailureTold | Closed => recv_empty(at),
    }
}

pub(super) const fn recv_empty(at: State) -> Verdict {
    match at {
        Connected | WriteShut => Reject(Errno::Eagain, linux("S26")),
        Connecting => Reject(Errno::Eagain, linux("S12")),
        ReadShut => Go(ReadShut, &[Output::EndOfFile], linux("S24")),
        PeerClosed => Go(PeerClosed, &[Output::EndOfFile], linux("S29")),
        BothShut => Go(BothShut, &[Output::EndOfFile], linux("S16")),
        Created | Bound | Listening => Reject(Errno::Enotconn, linux("S03")),
        Failed => Go(FailureTold, &[Output::TakeError], posix("recv()")),
        FailureTold => Reject(Errno::Enotconn, linux("S01")),
        Reset => Go(Ended, &[Output::TakeError], linux("S19")),
        Broken => Go(Broken, &[Output::EndOfFile], linux("S17")),
        Ended => Go(Ended, &[Output::EndOfFile], linux("S19")),
        Closed => NO_DESCRIPTOR,
    }
}

/// `shutdown()` of a socket without a connection.
const fn shut_unconnected(at: State) -> Verdict {
    match at {
        Created | Bound => Reject(Errno::Enotconn, linux("S03")),
        Connecting => Go(Bound, &[Output::Close], linux("S12")),
        Listening | Connected | ReadShut | PeerClosed | WriteShut | BothShut | Failed | FailureTold | Reset
        | Broken | Ended => Reject(Errno::Enotconn, posix("shutdown()")),
        Closed => NO_DESCRIPTOR,
    }
}

pub(super) const fn shut_rd(at: State) -> Verdict {
    match at {
        Connected => Go(ReadShut, &[], linux("S24")),
        ReadShut => Go(ReadShut, &[], posix("shutdown()")),
        PeerClosed => Go(PeerClosed, &[], posix("shutdown()")),
        WriteShut | BothShut => Go(BothShut, &[], posix("shutdown()")),
        Created | Bound | Listening | Connecting | Failed | FailureTold | Reset | Broken | Ended | Closed => {
            shut_unconnected(at)
        }
    }
}

pub(super) const fn shut_wr(at: State) -> Verdict {
    match at {
        Connected => Go(WriteShut, &[Output::Close], linux("S16")),
        ReadShut | PeerClosed => Go(BothShut, &[Output::Close], Clause::rfc9293("3.10.4")),
        WriteShut => Go(WriteShut, &[], posix("shutdown()")),
        BothShut => Go(BothShut, &[], posix("shutdown()")),
        Created | Bound | Listening | Connecting | Failed | FailureTold | Reset | Broken | Ended | Closed => {
            shut_unconnected(at)
        }
    }
}

pub(super) const fn shut_rdwr(at: State) -> Verdict {
    match at {
        Connected | ReadShut | PeerClosed => Go(BothShut, &[Output::Close], Clause::rfc9293("3.10.4")),
        WriteShut | BothShut => Go(BothShut, &[], posix("shutdown()")),
        Created | Bound | Listening | Connecting | Failed | FailureTold | Reset | Broken | Ended | Closed => {
            shut_unconnected(at)
        }
    }
}

pub(super) const fn close(at: State) -> Verdict {
    match at {
        Created | Bound | Failed | FailureTold | Reset | Broken | Ended => {
            Go(Closed, &[Output::Release], posix("close()"))
        }
        Listening => Go(Closed, &[Output::StopListening, Output::Release], posix("close()")),
        Connecting => Go(Closed, &[Output::Close, Output::Release], linux("S12")),
        Connected | ReadShut | PeerClosed => Go(Closed, &[Output::Close, Output::Release], Clause::rfc9293("3.10.4")),
        WriteShut | BothShut => Go(Closed, &[Output::Release], posix("close()")),
        Closed => NO_DESCRIPTOR,
    }
}

pub(super) const fn close_abort(at: State) -> Verdict {
    match at {
        Connected | ReadShut | PeerClosed | WriteShut | BothShut => {
            Go(Closed, &[Output::Abort, Output::Release], linux("S19, S21"))
        }
        Created | Bound | Listening | Connecting | Failed | FailureTold | Reset | Broken | Ended | Closed => close(at),
    }
}

pub(super) const fn getpeername(at: State) -> Verdict {
    match at {
        Connected | ReadShut | PeerClosed | WriteShut | BothShut => answer(at, "getpeername()"),
        Created | Bound => Reject(Errno::Enotconn, linux("S03")),
        Connecting => Reject(Errno::Enotconn, linux("S12")),
        Listening | Failed | FailureTold | Reset | Broken | Ended => Reject(Errno::Enotconn, posix("getpeername()")),
        Closed => NO_DESCRIPTOR,
    }
}

/// SO_RCVBUF and SO_SNDBUF: a listener's are those of the connections to come.
pub(super) const fn set_buffer(at: State) -> Verdict {
    match at {
        Created | Bound | Listening | Failed | FailureTold => answer(at, "setsockopt()"),
        Connecting | Connected | ReadShut | PeerClosed | WriteShut | BothShut | Reset | Broken | Ended => {
            Reject(Errno::Eisconn, posix("setsockopt()"))
        }
        Closed => NO_DESCRIPTOR,
    }
}

pub(super) const fn take_error(at: State) -> Verdict {
    match at {
        Failed => Go(FailureTold, &[Output::TakeError], linux("S02")),
        FailureTold => Go(FailureTold, &[Output::TakeError], linux("S02")),
        Reset | Broken => Go(Ended, &[Output::TakeError], posix("getsockopt()")),
        Ended => Go(Ended, &[Output::TakeError], linux("S17")),
        Created | Bound | Listening | Connecting | Connected | ReadShut | PeerClosed | WriteShut | BothShut => {
            Go(at, &[Output::TakeError], posix("getsockopt()"))
        }
        Closed => NO_DESCRIPTOR,
    }
}

/// A call that any open descriptor answers.
pub(super) const fn answer(at: State, page: &'static str) -> Verdict {
    match at {
        Created | Bound | Listening | Connecting | Connected | ReadShut | PeerClosed | WriteShut | BothShut
        | Failed | FailureTold | Reset | Broken | Ended => Go(at, &[Output::Answer], posix(page)),
        Closed => NO_DESCRIPTOR,
    }
}

/// A call that any open descriptor refuses.
pub(super) const fn refuse(at: State, errno: Errno, page: &'static str) -> Verdict {
    match at {
        Created | Bound | Listening | Connecting | Connected | ReadShut | PeerClosed | WriteShut | BothShut
        | Failed | FailureTold | Reset | Broken | Ended => Reject(errno, posix(page)),
        Closed => NO_DESCRIPTOR,
    }
}
