//! The states in which the user may send: ESTABLISHED, CLOSE-WAIT.

use super::input::Input as On;
use super::output::Output::{
    ChallengeAck, DeleteTcb, Deliver, Flush, Hold, Resend, ReturnState, SignalClosing, SignalReset, SignalTimeout,
    SndAck, SndFin, SndRst, SndText, TakeAck,
};
use super::output::Refusal;
use super::{State, TcpStep, go, refuse};
use crate::machine::Step;

pub(super) const fn established(on: On) -> TcpStep {
    match on {
        On::OpenPassive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::OpenActive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::Send => go(State::Established, &[SndText], "3.10.2"),
        On::Receive => go(State::Established, &[Deliver], "3.10.3"),
        On::Close => go(State::FinWait1, &[SndFin], "3.10.4"),
        On::Abort => go(State::Closed, &[SndRst, SignalReset, Flush, DeleteTcb], "3.10.5"),
        On::Status => go(State::Established, &[ReturnState], "3.10.6"),
        On::UserTimeout => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.10.8"),
        On::Retransmission => go(State::Established, &[Resend], "3.10.8"),
        On::R2Exceeded => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.8.3"),
        On::OutsideWindow => go(State::Established, &[SndAck], "3.10.7.4, first"),
        On::RstOutsideWindow => go(State::Established, &[], "3.10.7.4, first"),
        On::Rst => go(State::Closed, &[SignalReset, Flush, DeleteTcb], "3.10.7.4, second"),
        On::RstInWindow => go(State::Established, &[ChallengeAck], "3.10.7.4, second"),
        On::Syn => go(State::Established, &[ChallengeAck], "3.10.7.4, fourth"),
        On::NoAck => go(State::Established, &[], "3.10.7.4, fifth"),
        On::AckAhead => go(State::Established, &[SndAck], "3.10.7.4, fifth"),
        On::OldAck => go(State::Established, &[], "3.10.7.4, fifth"),
        On::Ack => go(State::Established, &[TakeAck], "3.10.7.4, fifth"),
        On::Fin => go(State::CloseWait, &[SignalClosing, SndAck], "3.10.7.4, eighth"),
        On::Text => go(State::Established, &[Deliver, SndAck], "3.10.7.4, seventh"),
        On::TextAhead => go(State::Established, &[Hold, SndAck], "3.10.7.4, seventh"),
        On::SynRfc793 => go(State::Closed, &[SndRst, SignalReset, Flush, DeleteTcb], "3.10.7.4, fourth"),
        On::TimeWaitTimeout
        | On::RstPassive
        | On::RstAck
        | On::RstBadAck
        | On::SynPassive
        | On::SynNewIncarnation
        | On::SynAck
        | On::SynAckFin
        | On::AckOfSyn
        | On::AckOfFin
        | On::BadAck
        | On::FinAckOfSyn
        | On::FinAckOfFin
        | On::FinAgain => Step::Never,
    }
}

pub(super) const fn close_wait(on: On) -> TcpStep {
    match on {
        On::OpenPassive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::OpenActive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::Send => go(State::CloseWait, &[SndText], "3.10.2"),
        On::Receive => go(State::CloseWait, &[Deliver], "3.10.3"),
        On::Close => go(State::LastAck, &[SndFin], "3.10.4"),
        On::Abort => go(State::Closed, &[SndRst, SignalReset, Flush, DeleteTcb], "3.10.5"),
        On::Status => go(State::CloseWait, &[ReturnState], "3.10.6"),
        On::UserTimeout => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.10.8"),
        On::Retransmission => go(State::CloseWait, &[Resend], "3.10.8"),
        On::R2Exceeded => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.8.3"),
        On::OutsideWindow | On::FinAgain => go(State::CloseWait, &[SndAck], "3.10.7.4, first"),
        On::RstOutsideWindow => go(State::CloseWait, &[], "3.10.7.4, first"),
        On::Rst => go(State::Closed, &[SignalReset, Flush, DeleteTcb], "3.10.7.4, second"),
        On::RstInWindow => go(State::CloseWait, &[ChallengeAck], "3.10.7.4, second"),
        On::Syn => go(State::CloseWait, &[ChallengeAck], "3.10.7.4, fourth"),
        On::NoAck => go(State::CloseWait, &[], "3.10.7.4, fifth"),
        On::AckAhead => go(State::CloseWait, &[SndAck], "3.10.7.4, fifth"),
        On::OldAck => go(State::CloseWait, &[], "3.10.7.4, fifth"),
        On::Ack => go(State::CloseWait, &[TakeAck], "3.10.7.4, fifth"),
        On::Text | On::TextAhead => go(State::CloseWait, &[], "3.10.7.4, seventh"),
        On::Fin => go(State::CloseWait, &[], "3.10.7.4, eighth"),
        On::SynRfc793 => go(State::Closed, &[SndRst, SignalReset, Flush, DeleteTcb], "3.10.7.4, fourth"),
        On::TimeWaitTimeout
        | On::RstPassive
        | On::RstAck
        | On::RstBadAck
        | On::SynPassive
        | On::SynNewIncarnation
        | On::SynAck
        | On::SynAckFin
        | On::AckOfSyn
        | On::AckOfFin
        | On::BadAck
        | On::FinAckOfSyn
        | On::FinAckOfFin => Step::Never,
    }
}
