//! After CLOSE: FIN-WAIT-1, FIN-WAIT-2, CLOSING, LAST-ACK, TIME-WAIT.

use super::input::Input as On;
use super::output::Output::{
    ChallengeAck, DeleteTcb, Deliver, Flush, Hold, Resend, RestartTimeWait, ReturnState, SignalClosing, SignalReset,
    SignalTimeout, SndAck, SndRst, SndSynAck, StartTimeWait, TakeAck,
};
use super::output::Refusal;
use super::{State, TcpStep, go, refuse};
use crate::machine::Step;

pub(super) const fn fin_wait_1(on: On) -> TcpStep {
    match on {
        On::OpenPassive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::OpenActive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::Send => refuse(Refusal::Closing, "3.10.2"),
        On::Receive => go(State::FinWait1, &[Deliver], "3.10.3"),
        On::Close => refuse(Refusal::Closing, "3.10.4"),
        On::Abort => go(State::Closed, &[SndRst, SignalReset, Flush, DeleteTcb], "3.10.5"),
        On::Status => go(State::FinWait1, &[ReturnState], "3.10.6"),
        On::UserTimeout => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.10.8"),
        On::Retransmission => go(State::FinWait1, &[Resend], "3.10.8"),
        On::R2Exceeded => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.8.3"),
        On::OutsideWindow => go(State::FinWait1, &[SndAck], "3.10.7.4, first"),
        On::RstOutsideWindow => go(State::FinWait1, &[], "3.10.7.4, first"),
        On::Rst => go(State::Closed, &[SignalReset, Flush, DeleteTcb], "3.10.7.4, second"),
        On::RstInWindow => go(State::FinWait1, &[ChallengeAck], "3.10.7.4, second"),
        On::Syn => go(State::FinWait1, &[ChallengeAck], "3.10.7.4, fourth"),
        On::NoAck => go(State::FinWait1, &[], "3.10.7.4, fifth"),
        On::AckAhead => go(State::FinWait1, &[SndAck], "3.10.7.4, fifth"),
        On::OldAck => go(State::FinWait1, &[], "3.10.7.4, fifth"),
        On::Ack => go(State::FinWait1, &[TakeAck], "3.10.7.4, fifth"),
        On::AckOfFin => go(State::FinWait2, &[TakeAck], "3.10.7.4, fifth"),
        On::Fin => go(State::Closing, &[SignalClosing, SndAck], "3.10.7.4, eighth"),
        On::FinAckOfFin => {
            go(State::TimeWait, &[TakeAck, Deliver, SignalClosing, SndAck, StartTimeWait], "3.10.7.4, eighth")
        }
        On::Text => go(State::FinWait1, &[Deliver, SndAck], "3.10.7.4, seventh"),
        On::TextAhead => go(State::FinWait1, &[Hold, SndAck], "3.10.7.4, seventh"),
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
        | On::BadAck
        | On::FinAckOfSyn
        | On::FinAgain => Step::Never,
    }
}

pub(super) const fn fin_wait_2(on: On) -> TcpStep {
    match on {
        On::OpenPassive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::OpenActive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::Send => refuse(Refusal::Closing, "3.10.2"),
        On::Receive => go(State::FinWait2, &[Deliver], "3.10.3"),
        On::Close => refuse(Refusal::Closing, "3.10.4"),
        On::Abort => go(State::Closed, &[SndRst, SignalReset, Flush, DeleteTcb], "3.10.5"),
        On::Status => go(State::FinWait2, &[ReturnState], "3.10.6"),
        On::UserTimeout => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.10.8"),
        On::OutsideWindow => go(State::FinWait2, &[SndAck], "3.10.7.4, first"),
        On::RstOutsideWindow => go(State::FinWait2, &[], "3.10.7.4, first"),
        On::Rst => go(State::Closed, &[SignalReset, Flush, DeleteTcb], "3.10.7.4, second"),
        On::RstInWindow => go(State::FinWait2, &[ChallengeAck], "3.10.7.4, second"),
        On::Syn => go(State::FinWait2, &[ChallengeAck], "3.10.7.4, fourth"),
        On::NoAck => go(State::FinWait2, &[], "3.10.7.4, fifth"),
        On::AckAhead => go(State::FinWait2, &[SndAck], "3.10.7.4, fifth"),
        On::OldAck => go(State::FinWait2, &[], "3.10.7.4, fifth"),
        On::Fin => go(State::TimeWait, &[SignalClosing, SndAck, StartTimeWait], "3.10.7.4, eighth"),
        On::Text => go(State::FinWait2, &[Deliver, SndAck], "3.10.7.4, seventh"),
        On::TextAhead => go(State::FinWait2, &[Hold, SndAck], "3.10.7.4, seventh"),
        On::SynRfc793 => go(State::Closed, &[SndRst, SignalReset, Flush, DeleteTcb], "3.10.7.4, fourth"),
        On::Retransmission
        | On::R2Exceeded
        | On::TimeWaitTimeout
        | On::RstPassive
        | On::RstAck
        | On::RstBadAck
        | On::SynPassive
        | On::SynNewIncarnation
        | On::SynAck
        | On::SynAckFin
        | On::Ack
        | On::AckOfSyn
        | On::AckOfFin
        | On::BadAck
        | On::FinAckOfSyn
        | On::FinAckOfFin
        | On::FinAgain => Step::Never,
    }
}

pub(super) const fn closing(on: On) -> TcpStep {
    match on {
        On::OpenPassive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::OpenActive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::Send => refuse(Refusal::Closing, "3.10.2"),
        On::Receive => refuse(Refusal::Closing, "3.10.3"),
        On::Close => refuse(Refusal::Closing, "3.10.4"),
        On::Abort => go(State::Closed, &[DeleteTcb], "3.10.5"),
        On::Status => go(State::Closing, &[ReturnState], "3.10.6"),
        On::UserTimeout => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.10.8"),
        On::Retransmission => go(State::Closing, &[Resend], "3.10.8"),
        On::R2Exceeded => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.8.3"),
        On::OutsideWindow | On::FinAgain => go(State::Closing, &[SndAck], "3.10.7.4, first"),
        On::RstOutsideWindow => go(State::Closing, &[], "3.10.7.4, first"),
        On::Rst => go(State::Closed, &[DeleteTcb], "3.10.7.4, second"),
        On::RstInWindow => go(State::Closing, &[ChallengeAck], "3.10.7.4, second"),
        On::Syn => go(State::Closing, &[ChallengeAck], "3.10.7.4, fourth"),
        On::NoAck => go(State::Closing, &[], "3.10.7.4, fifth"),
        On::AckAhead => go(State::Closing, &[SndAck], "3.10.7.4, fifth"),
        On::OldAck => go(State::Closing, &[], "3.10.7.4, fifth"),
        On::Ack => go(State::Closing, &[TakeAck], "3.10.7.4, fifth"),
        On::AckOfFin => go(State::TimeWait, &[TakeAck, StartTimeWait], "3.10.7.4, fifth"),
        On::Text | On::TextAhead => go(State::Closing, &[], "3.10.7.4, seventh"),
        On::Fin => go(State::Closing, &[], "3.10.7.4, eighth"),
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
        | On::BadAck
        | On::FinAckOfSyn
        | On::FinAckOfFin => Step::Never,
    }
}

pub(super) const fn last_ack(on: On) -> TcpStep {
    match on {
        On::OpenPassive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::OpenActive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::Send => refuse(Refusal::Closing, "3.10.2"),
        On::Receive => refuse(Refusal::Closing, "3.10.3"),
        On::Close => refuse(Refusal::Closing, "3.10.4"),
        On::Abort => go(State::Closed, &[DeleteTcb], "3.10.5"),
        On::Status => go(State::LastAck, &[ReturnState], "3.10.6"),
        On::UserTimeout => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.10.8"),
        On::Retransmission => go(State::LastAck, &[Resend], "3.10.8"),
        On::R2Exceeded => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.8.3"),
        On::OutsideWindow | On::FinAgain => go(State::LastAck, &[SndAck], "3.10.7.4, first"),
        On::RstOutsideWindow => go(State::LastAck, &[], "3.10.7.4, first"),
        On::Rst => go(State::Closed, &[DeleteTcb], "3.10.7.4, second"),
        On::RstInWindow => go(State::LastAck, &[ChallengeAck], "3.10.7.4, second"),
        On::Syn => go(State::LastAck, &[ChallengeAck], "3.10.7.4, fourth"),
        On::NoAck => go(State::LastAck, &[], "3.10.7.4, fifth"),
        On::AckOfFin => go(State::Closed, &[DeleteTcb], "3.10.7.4, fifth"),
        On::Ack | On::OldAck | On::AckAhead => go(State::LastAck, &[], "3.10.7.4, fifth"),
        On::Text | On::TextAhead => go(State::LastAck, &[], "3.10.7.4, seventh"),
        On::Fin => go(State::LastAck, &[], "3.10.7.4, eighth"),
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
        | On::BadAck
        | On::FinAckOfSyn
        | On::FinAckOfFin => Step::Never,
    }
}

pub(super) const fn time_wait(on: On) -> TcpStep {
    match on {
        On::OpenPassive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::OpenActive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::Send => refuse(Refusal::Closing, "3.10.2"),
        On::Receive => refuse(Refusal::Closing, "3.10.3"),
        On::Close => refuse(Refusal::Closing, "3.10.4"),
        On::Abort => go(State::Closed, &[DeleteTcb], "3.10.5"),
        On::Status => go(State::TimeWait, &[ReturnState], "3.10.6"),
        On::UserTimeout => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.10.8"),
        On::TimeWaitTimeout => go(State::Closed, &[DeleteTcb], "3.10.8"),
        On::OutsideWindow => go(State::TimeWait, &[SndAck], "3.10.7.4, first"),
        On::RstOutsideWindow => go(State::TimeWait, &[], "3.10.7.4, first"),
        On::Rst => go(State::Closed, &[DeleteTcb], "3.10.7.4, second"),
        On::RstInWindow => go(State::TimeWait, &[ChallengeAck], "3.10.7.4, second"),
        On::Syn => go(State::TimeWait, &[ChallengeAck], "3.10.7.4, fourth"),
        On::SynNewIncarnation => go(State::SynReceived, &[SndSynAck], "3.10.7.4, fourth; 3.6.1"),
        On::NoAck => go(State::TimeWait, &[], "3.10.7.4, fifth"),
        On::Fin | On::FinAgain => go(State::TimeWait, &[SndAck, RestartTimeWait], "3.10.7.4, fifth and eighth"),
        On::Text | On::TextAhead => go(State::TimeWait, &[], "3.10.7.4, seventh"),
        On::SynRfc793 => go(State::Closed, &[SndRst, SignalReset, Flush, DeleteTcb], "3.10.7.4, fourth"),
        On::Retransmission
        | On::R2Exceeded
        | On::RstPassive
        | On::RstAck
        | On::RstBadAck
        | On::SynPassive
        | On::SynAck
        | On::SynAckFin
        | On::Ack
        | On::AckOfSyn
        | On::AckOfFin
        | On::OldAck
        | On::AckAhead
        | On::BadAck
        | On::FinAckOfSyn
        | On::FinAckOfFin => Step::Never,
    }
}
