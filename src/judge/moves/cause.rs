//! What moved a state: a cause is followed back to the call, the arrival or the timer that it comes from.

use crate::base::RecordId;
use crate::packet::{Body, Icmp, Packet};
use crate::tcp::{Input, Inputs, State};
use crate::trace::{CallName, End, Record, TimerKind, What};
use core::fmt;
use std::collections::BTreeMap;

/// What RFC 9293 calls an event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause {
    /// A call; whether it ends the sending direction, where that depends on its arguments.
    Call(CallName, bool),
    /// A segment, as this end sees it; and as it sees it if it dropped what it has not acknowledged.
    Arrived(Inputs, Option<Inputs>),
    /// A timer.
    Timer(TimerKind),
    /// An ICMP error about one of its segments (3.9.2.2).
    Icmp,
    /// The host went down: no event of the protocol.
    Power,
    /// No event; its own cause may be one.
    Via(RecordId),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Call(call, _) => write!(f, "the call {call}"),
            Cause::Arrived(..) => f.write_str("a segment"),
            Cause::Timer(timer) => write!(f, "the timer {timer}"),
            Cause::Icmp => f.write_str("an ICMP error"),
            Cause::Power => f.write_str("the power"),
            Cause::Via(_) => f.write_str("another record"),
        }
    }
}

/// The events of a run, by record.
#[derive(Clone, Debug, Default)]
pub(super) struct Causes {
    by_record: BTreeMap<RecordId, Cause>,
}

impl Causes {
    pub(super) fn note(&mut self, record: &Record) {
        let cause = match &record.what {
            What::Call(call) => Cause::Call(call.call, call.shuts_sending()),
            What::Timer { timer, .. } => Cause::Timer(*timer),
            What::Arrived {
                packet: Packet { body: Body::Icmp(Icmp { about: Some((_, _, true)), .. }), .. }, ..
            } => Cause::Icmp,
            What::Power { .. } => Cause::Power,
            What::Return { of, .. } => Cause::Via(*of),
            What::Edge(_) | What::App { .. } | What::Stall { .. } | What::State { .. } => match record.cause {
                Some(cause) => Cause::Via(cause),
                None => return,
            },
            _ => return,
        };
        self.by_record.insert(record.id, cause);
    }

    pub(super) fn arrived(&mut self, record: RecordId, inputs: Inputs, other: Option<Inputs>) {
        self.by_record.insert(record, Cause::Arrived(inputs, other));
    }

    /// The event that a record's cause comes from, and its record.
    pub(super) fn of(&self, cause: Option<RecordId>) -> Option<(RecordId, Cause)> {
        let mut id = cause?;
        loop {
            match *self.by_record.get(&id)? {
                Cause::Via(earlier) if earlier < id => id = earlier,
                Cause::Via(_) => return None,
                event => return Some((id, event)),
            }
        }
    }

    /// Whether a crafted segment is what was sent: it says nothing of its host's control block.
    pub(super) fn injected(&self, cause: Option<RecordId>) -> bool {
        matches!(self.of(cause), Some((_, Cause::Call(call, _))) if call.crafts())
    }
}

/// What the event can be to an end that moved so, likeliest first. A call record does not say that the socket layer
/// aborted: close() with SO_LINGER 0 or with unread data is an ABORT, and so is it where a listener's queue goes with it.
pub(super) fn candidates(cause: Cause, end: End, from: State, to: State) -> Vec<Vec<Input>> {
    match cause {
        // The listening socket of this connection was made when its SYN came.
        Cause::Arrived(..) if (end, from, to) == (End::Acceptor, State::Closed, State::Listen) => {
            vec![vec![Input::OpenPassive]]
        }
        Cause::Arrived(inputs, other) => [inputs].into_iter().chain(other).map(|inputs| inputs.to_vec()).collect(),
        // Any shutdown() gives up an attempt to connect.
        Cause::Call(CallName::Shutdown, _) if from == State::SynSent => vec![vec![Input::Close]],
        Cause::Call(call, ends_sending) => of_call(call, ends_sending).iter().map(|&input| vec![input]).collect(),
        // An attempt to connect is given up, as widespread stacks do (RFC 5461, 4.1); a connection is not.
        Cause::Icmp if from == State::SynSent => vec![vec![Input::Abort]],
        Cause::Timer(timer) => of_timer(timer).iter().map(|&input| vec![input]).collect(),
        Cause::Icmp | Cause::Power | Cause::Via(_) => Vec::new(),
    }
}

const fn of_call(call: CallName, ends_sending: bool) -> &'static [Input] {
    match call {
        CallName::Listen => &[Input::OpenPassive],
        CallName::Connect => &[Input::OpenActive],
        CallName::Send | CallName::Sendto => &[Input::Send],
        CallName::Recv | CallName::Recvfrom => &[Input::Receive],
        CallName::Shutdown if ends_sending => &[Input::Close],
        CallName::Close => &[Input::Close, Input::Abort],
        CallName::Getsockopt | CallName::UserStatus => &[Input::Status],
        CallName::UserOpen => &[Input::OpenPassive, Input::OpenActive],
        CallName::UserSend => &[Input::Send],
        CallName::UserReceive => &[Input::Receive],
        CallName::UserClose => &[Input::Close],
        CallName::UserAbort => &[Input::Abort],
        CallName::Shutdown
        | CallName::Socket
        | CallName::Bind
        | CallName::Accept
        | CallName::Setsockopt
        | CallName::Getsockname
        | CallName::Getpeername
        | CallName::Poll
        | CallName::Getaddrinfo
        | CallName::Sleep
        | CallName::Inject
        | CallName::Segment
        | CallName::Await => &[],
    }
}

const fn of_timer(timer: TimerKind) -> &'static [Input] {
    match timer {
        TimerKind::Retransmission => &[Input::Retransmission, Input::R2Exceeded],
        TimerKind::TimeWait => &[Input::TimeWaitTimeout],
        // A peer that answers no keep-alive is given up as one that acknowledges nothing.
        TimerKind::UserTimeout | TimerKind::KeepAlive => &[Input::UserTimeout],
        TimerKind::FastRetransmit
        | TimerKind::Probe
        | TimerKind::DelayedAck
        | TimerKind::Linger
        | TimerKind::Neighbor
        | TimerKind::Resolver => &[],
    }
}
