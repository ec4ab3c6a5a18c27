//! From nothing to an open connection: CLOSED, LISTEN, SYN-SENT, SYN-RECEIVED. One arm says what one rule of the RFC
//! says; the last arm of each state lists what no rule speaks of.

use super::input::Input as On;
use super::output::Output::{
    AnswerRst, AnswerRstAck, ChallengeAck, CreateTcb, DeleteTcb, Deliver, Flush, Queue, Resend, ReturnState,
    SignalClosing, SignalRefused, SignalReset, SignalTimeout, SndAck, SndFin, SndRst, SndSyn, SndSynAck, TakeAck,
};
use super::output::Refusal;
use super::{State, TcpStep, go, refuse};
use crate::machine::Step;

pub(super) const fn closed(on: On) -> TcpStep {
    match on {
        On::OpenPassive => go(State::Listen, &[CreateTcb], "3.10.1"),
        On::OpenActive => go(State::SynSent, &[CreateTcb, SndSyn], "3.10.1"),
        On::Send => refuse(Refusal::DoesNotExist, "3.10.2"),
        On::Receive => refuse(Refusal::DoesNotExist, "3.10.3"),
        On::Close => refuse(Refusal::DoesNotExist, "3.10.4"),
        On::Abort => refuse(Refusal::DoesNotExist, "3.10.5"),
        On::Status => refuse(Refusal::DoesNotExist, "3.10.6"),
        On::Rst => go(State::Closed, &[], "3.10.7.1"),
        On::Ack => go(State::Closed, &[AnswerRst], "3.10.7.1"),
        On::Syn | On::NoAck => go(State::Closed, &[AnswerRstAck], "3.10.7.1"),
        On::UserTimeout
        | On::Retransmission
        | On::R2Exceeded
        | On::TimeWaitTimeout
        | On::RstPassive
        | On::RstAck
        | On::RstBadAck
        | On::RstInWindow
        | On::RstOutsideWindow
        | On::SynPassive
        | On::SynRfc793
        | On::SynNewIncarnation
        | On::SynAck
        | On::SynAckFin
        | On::AckOfSyn
        | On::AckOfFin
        | On::OldAck
        | On::AckAhead
        | On::BadAck
        | On::Text
        | On::TextAhead
        | On::Fin
        | On::FinAckOfSyn
        | On::FinAckOfFin
        | On::FinAgain
        | On::OutsideWindow => Step::Never,
    }
}

pub(super) const fn listen(on: On) -> TcpStep {
    match on {
        On::OpenPassive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::OpenActive => go(State::SynSent, &[SndSyn], "3.10.1"),
        On::Send => go(State::SynSent, &[SndSyn, Queue], "3.10.2"),
        On::Receive => go(State::Listen, &[Queue], "3.10.3"),
        On::Close => go(State::Closed, &[SignalClosing, DeleteTcb], "3.10.4"),
        On::Abort => go(State::Closed, &[SignalReset, DeleteTcb], "3.10.5"),
        On::Status => go(State::Listen, &[ReturnState], "3.10.6"),
        On::UserTimeout => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.10.8"),
        On::Rst => go(State::Listen, &[], "3.10.7.2"),
        On::Ack => go(State::Listen, &[AnswerRst], "3.10.7.2"),
        On::Syn => go(State::SynReceived, &[SndSynAck], "3.10.7.2"),
        On::NoAck => go(State::Listen, &[], "3.10.7.2"),
        On::Retransmission
        | On::R2Exceeded
        | On::TimeWaitTimeout
        | On::RstPassive
        | On::RstAck
        | On::RstBadAck
        | On::RstInWindow
        | On::RstOutsideWindow
        | On::SynPassive
        | On::SynRfc793
        | On::SynNewIncarnation
        | On::SynAck
        | On::SynAckFin
        | On::AckOfSyn
        | On::AckOfFin
        | On::OldAck
        | On::AckAhead
        | On::BadAck
        | On::Text
        | On::TextAhead
        | On::Fin
        | On::FinAckOfSyn
        | On::FinAckOfFin
        | On::FinAgain
        | On::OutsideWindow => Step::Never,
    }
}

pub(super) const fn syn_sent(on: On) -> TcpStep {
    match on {
        On::OpenPassive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::OpenActive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::Send => go(State::SynSent, &[Queue], "3.10.2"),
        On::Receive => go(State::SynSent, &[Queue], "3.10.3"),
        On::Close => go(State::Closed, &[SignalClosing, DeleteTcb], "3.10.4"),
        On::Abort => go(State::Closed, &[SignalReset, DeleteTcb], "3.10.5"),
        On::Status => go(State::SynSent, &[ReturnState], "3.10.6"),
        On::UserTimeout => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.10.8"),
        On::Retransmission => go(State::SynSent, &[Resend], "3.10.8"),
        On::R2Exceeded => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.8.3"),
        On::BadAck => go(State::SynSent, &[AnswerRst], "3.10.7.3"),
        On::RstBadAck => go(State::SynSent, &[], "3.10.7.3"),
        On::RstAck => go(State::Closed, &[SignalReset, DeleteTcb], "3.10.7.3"),
        On::Rst => go(State::SynSent, &[], "3.10.7.3"),
        On::SynAck => go(State::Established, &[TakeAck, SndAck], "3.10.7.3"),
        On::SynAckFin => go(State::CloseWait, &[TakeAck, Deliver, SignalClosing, SndAck], "3.10.7.3"),
        On::Syn => go(State::SynReceived, &[SndSynAck], "3.10.7.3"),
        On::AckOfSyn | On::NoAck => go(State::SynSent, &[], "3.10.7.3"),
        On::TimeWaitTimeout
        | On::RstPassive
        | On::RstInWindow
        | On::RstOutsideWindow
        | On::SynPassive
        | On::SynRfc793
        | On::SynNewIncarnation
        | On::Ack
        | On::AckOfFin
        | On::OldAck
        | On::AckAhead
        | On::Text
        | On::TextAhead
        | On::Fin
        | On::FinAckOfSyn
        | On::FinAckOfFin
        | On::FinAgain
        | On::OutsideWindow => Step::Never,
    }
}

pub(super) const fn syn_received(on: On) -> TcpStep {
    match on {
        On::OpenPassive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::OpenActive => refuse(Refusal::AlreadyExists, "3.10.1"),
        On::Send => go(State::SynReceived, &[Queue], "3.10.2"),
        On::Receive => go(State::SynReceived, &[Queue], "3.10.3"),
        On::Close => go(State::FinWait1, &[SndFin], "3.10.4"),
        On::Abort => go(State::Closed, &[SndRst, SignalReset, Flush, DeleteTcb], "3.10.5"),
        On::Status => go(State::SynReceived, &[ReturnState], "3.10.6"),
        On::UserTimeout => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.10.8"),
        On::Retransmission => go(State::SynReceived, &[Resend], "3.10.8"),
        On::R2Exceeded => go(State::Closed, &[Flush, SignalTimeout, DeleteTcb], "3.8.3"),
        On::OutsideWindow => go(State::SynReceived, &[SndAck], "3.10.7.4, first"),
        On::RstOutsideWindow => go(State::SynReceived, &[], "3.10.7.4, first"),
        On::RstPassive => go(State::Listen, &[Flush], "3.10.7.4, second"),
        On::Rst => go(State::Closed, &[Flush, SignalRefused, DeleteTcb], "3.10.7.4, second"),
        On::RstInWindow => go(State::SynReceived, &[ChallengeAck], "3.10.7.4, second"),
        On::SynPassive => go(State::Listen, &[], "3.10.7.4, fourth"),
        On::Syn => go(State::SynReceived, &[ChallengeAck], "3.10.7.4, fourth"),
        On::NoAck => go(State::SynReceived, &[], "3.10.7.4, fifth"),
        On::AckOfSyn => go(State::Established, &[TakeAck], "3.10.7.4, fifth"),
        On::BadAck => go(State::SynReceived, &[AnswerRst], "3.10.7.4, fifth"),
        On::FinAckOfSyn => {
            go(State::CloseWait, &[TakeAck, Deliver, SignalClosing, SndAck], "3.10.7.4, fifth and eighth")
        }
        On::SynRfc793 => go(State::Closed, &[SndRst, SignalReset, Flush, DeleteTcb], "3.10.7.4, fourth"),
        On::TimeWaitTimeout
        | On::RstAck
        | On::RstBadAck
        | On::SynNewIncarnation
        | On::SynAck
        | On::SynAckFin
        | On::Ack
        | On::AckOfFin
        | On::OldAck
        | On::AckAhead
        | On::Text
        | On::TextAhead
        | On::Fin
        | On::FinAckOfFin
        | On::FinAgain => Step::Never,
    }
}
