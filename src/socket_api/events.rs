//! What a stream socket does with what TCP reports, state by state. A closed descriptor hears nothing more.

use super::stream::{Output, State, Verdict};
use super::{linux, posix};
use crate::machine::{Clause, Step};
use State::{
    BothShut, Bound, Broken, Closed, Connected, Connecting, ConnectingBound, Created, Ended, Failed, FailedBound,
    FailureTold, FailureToldBound, Listening, Lost, PeerClosed, ReadShut, WriteShut,
};
use Step::{Go, Never};

/// The first thing that a socket made by `accept()` is told; a FIN or RST that came earlier is told next.
pub(super) const fn accepted(at: State) -> Verdict {
    match at {
        Created => Go(Connected, &[], posix("accept()")),
        Bound | Listening | Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut | BothShut
        | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken | Ended | Closed => Never,
    }
}

pub(super) const fn established(at: State) -> Verdict {
    match at {
        Connecting | ConnectingBound => Go(Connected, &[], posix("connect()")),
        Created | Bound | Listening | Connected | ReadShut | PeerClosed | WriteShut | BothShut | Failed
        | FailedBound | FailureTold | FailureToldBound | Lost | Broken | Ended | Closed => Never,
    }
}

pub(super) const fn rcv_fin(at: State) -> Verdict {
    match at {
        Connected => Go(PeerClosed, &[], Clause::rfc9293("3.10.7.4")),
        ReadShut => Go(PeerClosed, &[], Clause::rfc9293("3.10.7.4")),
        WriteShut | BothShut => Go(BothShut, &[], Clause::rfc9293("3.10.7.4")),
        Created | Bound | Listening | Connecting | ConnectingBound | PeerClosed | Failed | FailedBound
        | FailureTold | FailureToldBound | Lost | Broken | Ended | Closed => Never,
    }
}

pub(super) const fn rcv_rst(at: State) -> Verdict {
    match at {
        Connecting => Go(Failed, &[Output::SetRefused, Output::Restore], linux("S02")),
        ConnectingBound => Go(FailedBound, &[Output::SetRefused, Output::Restore], linux("S40")),
        Connected | ReadShut | WriteShut => Go(Lost, &[Output::SetReset], linux("S21")),
        PeerClosed => Go(Broken, &[Output::SetBroken], linux("S17")),
        BothShut => Go(Broken, &[Output::SetReset], Clause::rfc9293("3.10.7.4")),
        Ended => Go(Ended, &[], Clause::rfc9293("3.10.7.4")),
        Created | Bound | Listening | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken
        | Closed => Never,
    }
}

pub(super) const fn timed_out(at: State) -> Verdict {
    match at {
        Connecting => Go(Failed, &[Output::SetTimedOut, Output::Restore], linux("S38")),
        ConnectingBound => Go(FailedBound, &[Output::SetTimedOut, Output::Restore], linux("S38")),
        Connected | ReadShut | WriteShut => Go(Lost, &[Output::SetTimedOut], Clause::rfc9293("3.10.8")),
        PeerClosed | BothShut => Go(Broken, &[Output::SetTimedOut], Clause::rfc9293("3.10.8")),
        Created | Bound | Listening | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken | Ended
        | Closed => Never,
    }
}

/// A hard ICMP error: an attempt to connect fails (SHLD-26). An established connection should be aborted too; Linux lets
/// it go on, for the error may be forged, and RFC 9293 notes that some do. So do we.
pub(super) const fn hard_error(at: State, failing: &'static [Output]) -> Verdict {
    match at {
        Connecting => Go(Failed, failing, HARD),
        ConnectingBound => Go(FailedBound, failing, HARD),
        Connected | ReadShut | PeerClosed | WriteShut | BothShut | Ended => Go(at, &[], HARD),
        Created | Bound | Listening | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken
        | Closed => Never,
    }
}

const HARD: Clause = Clause::rfc9293("3.9.2.2, hard errors");
/// What RFC 5461 tells of implementations at large.
const RFC_5461: Clause = Clause { document: "RFC 5461", section: "4" };

/// A soft ICMP error. By RFC 9293 (MUST-56; RFC 1122, 4.2.3.9) it must abort nothing, not even an attempt to connect.
/// Linux ends the attempt, as many do: RFC 5461, 4 describes it, and RFC 9293 names it without allowing it. So do we. An
/// established connection takes it as a hint and goes on.
pub(super) const fn soft_error(at: State, failing: &'static [Output]) -> Verdict {
    match at {
        Connecting => Go(Failed, failing, RFC_5461),
        ConnectingBound => Go(FailedBound, failing, RFC_5461),
        Connected | ReadShut | PeerClosed | WriteShut | BothShut | Ended => Go(at, &[], Clause::rfc9293("3.9.2.2")),
        Created | Bound | Listening | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken
        | Closed => Never,
    }
}

pub(super) const fn done(at: State) -> Verdict {
    match at {
        BothShut => Go(Ended, &[], linux("S16")),
        Created | Bound | Listening | Connecting | ConnectingBound | Connected | ReadShut | PeerClosed | WriteShut
        | Failed | FailedBound | FailureTold | FailureToldBound | Lost | Broken | Ended | Closed => Never,
    }
}
