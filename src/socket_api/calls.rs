//! What a stream socket does with each call, state by state. A descriptor that was closed is EBADF for every call.

use super::stream::{Output, State, Verdict};
use super::{Errno, linux, posix};
use crate::machine::{Clause, Step};
use State::{
    BothShut, Bound, Broken, Closed, Connected, Connecting, ConnectingBound, Created, Ended, Failed, FailedBound,
    FailureTold, FailureToldBound, Listening, Lost, PeerClosed, ReadShut, WriteShut,
};
use Step::{Go, Never, Reject};

const NO_DESCRIPTOR: Verdict = Reject(Errno::Ebadf, posix("close()"));

/// An attempt to connect that failed has let go of the port that it took by itself: `bind()` can give another.
pub(super) const fn bind(at: State) -> Verdict {
    match at {
        Created => Go(Bound, &[Output::Bind], posix("bind()")),
        Failed => Go(FailedBound, &[Output::Bind], linux("S39")),
        FailureTold => Go(FailureToldBound, &[Output::Bind], linux("S39")),
        Bound => Reject(Errno::Einval, linux("S08")),
        FailedBound | FailureToldBound => Reject(Errno::Einval, linux("S40")),
        Listening | Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut | BothShut => {
            Reject(Errno::Einval, linux("S10"))
        }
        Lost | Broken | Ended => Reject(Errno::Einval, posix("bind()")),
        Closed => NO_DESCRIPTOR,
    }
}

pub(super) const fn bind_refused(at: State, errno: Errno, sequence: &'static str) -> Verdict {
    match at {
        Created | Failed | FailureTold => Reject(errno, linux(sequence)),
        Bound | Listening | Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut | BothShut
        | FailedBound | FailureToldBound | Lost | Broken | Ended | Closed => bind(at),
    }
}

pub(super) const fn listen(at: State) -> Verdict {
    match at {
        Created => Go(Listening, &[Output::BindEphemeral, Output::Listen], linux("S04")),
        Bound => Go(Listening, &[Output::Listen], posix("listen()")),
        Listening => Go(Listening, &[Output::Listen], posix("listen()")),
        Connected | ReadShut | PeerClosed | WriteShut | BothShut => Reject(Errno::Einval, linux("S10")),
        Connecting | ConnectingBound | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken
        | Ended => Reject(Errno::Einval, posix("listen()")),
        Closed => NO_DESCRIPTOR,
    }
}

pub(super) const fn listen_in_use(at: State) -> Verdict {
    match at {
        Created | Bound => Reject(Errno::Eaddrinuse, linux("S07")),
        // While a socket listens, no other at its port can begin to.
        Listening => Never,
        Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut | BothShut | Failed
        | FailedBound | FailureTold | FailureToldBound | Lost | Broken | Ended | Closed => listen(at),
    }
}

pub(super) const fn accept(at: State) -> Verdict {
    match at {
        Listening => Go(Listening, &[Output::TakeConnection], posix("accept()")),
        Created | Bound | Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut | BothShut
        | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken | Ended | Closed => accept_empty(at),
    }
}

pub(super) const fn accept_empty(at: State) -> Verdict {
    match at {
        Listening => Reject(Errno::Eagain, linux("S27")),
        Created | Bound => Reject(Errno::Einval, linux("S03")),
        Connected | ReadShut | PeerClosed | WriteShut | BothShut => Reject(Errno::Einval, linux("S10")),
        Connecting | ConnectingBound | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken
        | Ended => Reject(Errno::Einval, posix("accept()")),
        Closed => NO_DESCRIPTOR,
    }
}

/// `connect()` of a socket that has no attempt to tell of.
pub(super) const fn connect(at: State) -> Verdict {
    match at {
        Created => {
            Go(Connecting, &[Output::BindEphemeral, Output::OpenActive, Output::InProgress], Clause::rfc9293("3.10.1"))
        }
        Bound => Go(ConnectingBound, &[Output::OpenActive, Output::InProgress], Clause::rfc9293("3.10.1")),
        Listening => Reject(Errno::Eopnotsupp, posix("connect()")),
        Connected | ReadShut | PeerClosed | WriteShut | BothShut => Reject(Errno::Eisconn, linux("S10")),
        Lost | Broken | Ended => Reject(Errno::Eisconn, posix("connect()")),
        Connecting | ConnectingBound | Failed | FailedBound | FailureTold | FailureToldBound => Never,
        Closed => NO_DESCRIPTOR,
    }
}

/// The `connect()` that tells what came of the attempt. A socket whose connection was lost in between is not used again
/// (Linux would let it).
pub(super) const fn connect_outcome(at: State) -> Verdict {
    match at {
        Connecting | ConnectingBound => Reject(Errno::Ealready, linux("S11")),
        Connected | PeerClosed => Go(at, &[Output::Answer], linux("S43")),
        // A shutdown() ends the asking.
        ReadShut | WriteShut | BothShut => Never,
        Failed => Go(Created, &[Output::TakeError], linux("S39")),
        FailedBound => Go(Bound, &[Output::TakeError], linux("S40")),
        FailureTold => Go(Created, &[Output::FailAborted], linux("S02")),
        FailureToldBound => Go(Bound, &[Output::FailAborted], linux("S40")),
        Lost | Broken | Ended => Reject(Errno::Eisconn, posix("connect()")),
        Created | Bound | Listening => Never,
        Closed => NO_DESCRIPTOR,
    }
}

/// A `connect()` that blocked returns. Where another call has given up its attempt, or has taken the error, there is
/// none left to return.
pub(super) const fn finish_connect(at: State) -> Verdict {
    match at {
        Connecting | ConnectingBound => Reject(Errno::Ealready, linux("S11")),
        Connected | ReadShut | PeerClosed | WriteShut | BothShut => Go(at, &[Output::Answer], posix("connect()")),
        FailureTold => Go(Created, &[Output::FailAborted], linux("S02")),
        FailureToldBound => Go(Bound, &[Output::FailAborted], linux("S40")),
        Created | Bound | Listening | Ended => Go(at, &[Output::FailAborted], posix("connect()")),
        // Their error is pending.
        Failed | FailedBound | Lost | Broken => Never,
        Closed => NO_DESCRIPTOR,
    }
}

/// The same with an error pending, which it takes: that of the attempt, or of a connection that was lost since.
pub(super) const fn finish_connect_pending(at: State) -> Verdict {
    match at {
        Failed => Go(Created, &[Output::TakeError], linux("S39")),
        FailedBound => Go(Bound, &[Output::TakeError], linux("S40")),
        Lost | Broken => Go(Ended, &[Output::TakeError], posix("connect()")),
        // shutdown() has given up the attempt.
        Created | Bound | Listening => Go(at, &[Output::TakeError], linux("S42")),
        Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut | BothShut | FailureTold
        | FailureToldBound | Ended => Never,
        Closed => NO_DESCRIPTOR,
    }
}

/// `connect()` with a destination, route or port that cannot do; only a socket that could connect comes so far.
pub(super) const fn connect_refused(at: State, errno: Errno, clause: Clause) -> Verdict {
    match at {
        Created | Bound => Reject(errno, clause),
        Listening | Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut | BothShut
        | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken | Ended | Closed => connect(at),
    }
}

pub(super) const fn send(at: State) -> Verdict {
    match at {
        Connected => Go(Connected, &[Output::CopyIn], Clause::rfc9293("3.10.2")),
        ReadShut => Go(ReadShut, &[Output::CopyIn], Clause::rfc9293("3.10.2")),
        PeerClosed => Go(PeerClosed, &[Output::CopyIn], linux("S17")),
        Connecting | ConnectingBound => Reject(Errno::Eagain, linux("S12")),
        Created | Bound | Listening => Reject(Errno::Epipe, linux("S03")),
        WriteShut | BothShut => Reject(Errno::Epipe, linux("S16")),
        FailureTold | FailureToldBound => Reject(Errno::Epipe, linux("S41")),
        Ended => Reject(Errno::Epipe, linux("S19")),
        Failed | FailedBound | Lost | Broken => Never,
        Closed => NO_DESCRIPTOR,
    }
}

pub(super) const fn send_full(at: State) -> Verdict {
    match at {
        Connected | ReadShut | PeerClosed => Reject(Errno::Eagain, linux("S26")),
        Created | Bound | Listening | Connecting | ConnectingBound | WriteShut | BothShut | Failed | FailedBound
        | FailureTold | FailureToldBound | Lost | Broken | Ended | Closed => send(at),
    }
}

/// `send()` takes the pending error and fails with it.
pub(super) const fn send_pending(at: State) -> Verdict {
    match at {
        Created | Bound | Listening => Go(at, &[Output::TakeError], linux("S42")),
        Failed => Go(FailureTold, &[Output::TakeError], posix("send()")),
        FailedBound => Go(FailureToldBound, &[Output::TakeError], posix("send()")),
        Lost => Go(Ended, &[Output::TakeError], posix("send()")),
        Broken => Go(Ended, &[Output::TakeError], linux("S17")),
        Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut | BothShut | FailureTold
        | FailureToldBound | Ended => Never,
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
        Lost => Go(Lost, &[Output::CopyOut], linux("S22")),
        Broken => Go(Broken, &[Output::CopyOut], linux("S22")),
        Ended => Go(Ended, &[Output::CopyOut], linux("S22")),
        // What has had no connection has received nothing.
        Created | Bound | Listening | Connecting | ConnectingBound | Failed | FailedBound | FailureTold
        | FailureToldBound => Never,
        Closed => NO_DESCRIPTOR,
    }
}

pub(super) const fn recv_empty(at: State) -> Verdict {
    match at {
        Connected | WriteShut => Reject(Errno::Eagain, linux("S26")),
        Connecting | ConnectingBound => Reject(Errno::Eagain, linux("S12")),
        ReadShut => Go(ReadShut, &[Output::EndOfFile], linux("S24")),
        PeerClosed => Go(PeerClosed, &[Output::EndOfFile], linux("S29")),
        BothShut => Go(BothShut, &[Output::EndOfFile], linux("S16")),
        Created | Bound | Listening => Reject(Errno::Enotconn, linux("S03")),
        FailureTold => Go(FailureTold, &[Output::EndOfFile], linux("S41")),
        FailureToldBound => Go(FailureToldBound, &[Output::EndOfFile], linux("S41")),
        Ended => Go(Ended, &[Output::EndOfFile], linux("S19")),
        Failed | FailedBound | Lost | Broken => Never,
        Closed => NO_DESCRIPTOR,
    }
}

/// `recv()` takes the pending error and fails with it, but for the end of file that came before the error.
pub(super) const fn recv_pending(at: State) -> Verdict {
    match at {
        Created | Bound => Go(at, &[Output::TakeError], linux("S42")),
        Listening => Reject(Errno::Enotconn, linux("S03")),
        Failed => Go(FailureTold, &[Output::TakeError], linux("S41")),
        FailedBound => Go(FailureToldBound, &[Output::TakeError], linux("S41")),
        Lost => Go(Ended, &[Output::TakeError], linux("S19")),
        Broken => Go(Broken, &[Output::EndOfFile], linux("S17")),
        Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut | BothShut | FailureTold
        | FailureToldBound | Ended => Never,
        Closed => NO_DESCRIPTOR,
    }
}

/// `shutdown()` of a socket without a connection.
const fn shut_unconnected(at: State) -> Verdict {
    match at {
        Created | Bound => Reject(Errno::Enotconn, linux("S03")),
        Connecting => Go(Created, &[Output::DropAttempt, Output::SetReset, Output::Restore], linux("S42")),
        ConnectingBound => Go(Bound, &[Output::DropAttempt, Output::SetReset, Output::Restore], linux("S42")),
        Listening | Connected | ReadShut | PeerClosed | WriteShut | BothShut | Failed | FailedBound | FailureTold
        | FailureToldBound | Lost | Broken | Ended => Reject(Errno::Enotconn, posix("shutdown()")),
        Closed => NO_DESCRIPTOR,
    }
}

pub(super) const fn shut_rd(at: State) -> Verdict {
    match at {
        Connected => Go(ReadShut, &[], linux("S24")),
        ReadShut => Go(ReadShut, &[], posix("shutdown()")),
        PeerClosed => Go(PeerClosed, &[], posix("shutdown()")),
        WriteShut | BothShut => Go(BothShut, &[], posix("shutdown()")),
        Created | Bound | Listening | Connecting | ConnectingBound | Failed | FailedBound | FailureTold
        | FailureToldBound | Lost | Broken | Ended | Closed => shut_unconnected(at),
    }
}

pub(super) const fn shut_wr(at: State) -> Verdict {
    match at {
        Connected => Go(WriteShut, &[Output::Close], linux("S16")),
        ReadShut | PeerClosed => Go(BothShut, &[Output::Close], Clause::rfc9293("3.10.4")),
        WriteShut => Go(WriteShut, &[], posix("shutdown()")),
        BothShut => Go(BothShut, &[], posix("shutdown()")),
        Created | Bound | Listening | Connecting | ConnectingBound | Failed | FailedBound | FailureTold
        | FailureToldBound | Lost | Broken | Ended | Closed => shut_unconnected(at),
    }
}

pub(super) const fn shut_rdwr(at: State) -> Verdict {
    match at {
        Connected | ReadShut | PeerClosed => Go(BothShut, &[Output::Close], Clause::rfc9293("3.10.4")),
        WriteShut | BothShut => Go(BothShut, &[], posix("shutdown()")),
        Created | Bound | Listening | Connecting | ConnectingBound | Failed | FailedBound | FailureTold
        | FailureToldBound | Lost | Broken | Ended | Closed => shut_unconnected(at),
    }
}

pub(super) const fn close(at: State) -> Verdict {
    match at {
        Created | Bound | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken | Ended => {
            Go(Closed, &[Output::Release], posix("close()"))
        }
        Listening => Go(Closed, &[Output::StopListening, Output::Release], posix("close()")),
        Connecting | ConnectingBound => Go(Closed, &[Output::Close, Output::Release], linux("S12")),
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
        Created | Bound | Listening | Connecting | ConnectingBound | Failed | FailedBound | FailureTold
        | FailureToldBound | Lost | Broken | Ended | Closed => close(at),
    }
}

pub(super) const fn getpeername(at: State) -> Verdict {
    match at {
        Connected | ReadShut | PeerClosed | WriteShut | BothShut => answer(at, "getpeername()"),
        Created | Bound => Reject(Errno::Enotconn, linux("S03")),
        Connecting | ConnectingBound => Reject(Errno::Enotconn, linux("S12")),
        Listening | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken | Ended => {
            Reject(Errno::Enotconn, posix("getpeername()"))
        }
        Closed => NO_DESCRIPTOR,
    }
}

/// SO_RCVBUF and SO_SNDBUF: a listener's are those of the connections to come.
pub(super) const fn set_buffer(at: State) -> Verdict {
    match at {
        Created | Bound | Listening | Failed | FailedBound | FailureTold | FailureToldBound => {
            answer(at, "setsockopt()")
        }
        Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut | BothShut | Lost | Broken
        | Ended => Reject(Errno::Eisconn, posix("setsockopt()")),
        Closed => NO_DESCRIPTOR,
    }
}

pub(super) const fn take_error(at: State) -> Verdict {
    match at {
        Failed => Go(FailureTold, &[Output::TakeError], linux("S02")),
        FailedBound => Go(FailureToldBound, &[Output::TakeError], linux("S02")),
        FailureTold | FailureToldBound => Go(at, &[Output::TakeError], linux("S02")),
        Lost | Broken => Go(Ended, &[Output::TakeError], posix("getsockopt()")),
        Ended => Go(Ended, &[Output::TakeError], linux("S17")),
        Created | Bound | Listening | Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut
        | BothShut => Go(at, &[Output::TakeError], posix("getsockopt()")),
        Closed => NO_DESCRIPTOR,
    }
}

/// A call that any open descriptor answers.
pub(super) const fn answer(at: State, page: &'static str) -> Verdict {
    match at {
        Created | Bound | Listening | Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut
        | BothShut | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken | Ended => {
            Go(at, &[Output::Answer], posix(page))
        }
        Closed => NO_DESCRIPTOR,
    }
}

/// A call that any open descriptor refuses.
pub(super) const fn refuse(at: State, errno: Errno, page: &'static str) -> Verdict {
    match at {
        Created | Bound | Listening | Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut
        | BothShut | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken | Ended => {
            Reject(errno, posix(page))
        }
        Closed => NO_DESCRIPTOR,
    }
}
