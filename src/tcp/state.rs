//! The eleven states of RFC 9293, 3.3.2, and what the machine's table says of each.

use super::input::Input;
use super::next;
use super::output::Output;
use crate::machine::Step;

crate::finite! {
    /// A connection's state (RFC 9293, 3.3.2).
    pub enum State {
        /// No connection state at all.
        Closed => "CLOSED",
        /// Waits for a connection request from any remote TCP peer and port.
        Listen => "LISTEN",
        /// Waits for a matching connection request after having sent one.
        SynSent => "SYN-SENT",
        /// Waits for a confirming acknowledgment after having both received and sent a connection request.
        SynReceived => "SYN-RECEIVED",
        /// An open connection: data received can be delivered to the user.
        Established => "ESTABLISHED",
        /// Waits for a termination request from the remote peer, or an acknowledgment of the one sent.
        FinWait1 => "FIN-WAIT-1",
        /// Waits for a termination request from the remote peer.
        FinWait2 => "FIN-WAIT-2",
        /// Waits for a termination request from the local user.
        CloseWait => "CLOSE-WAIT",
        /// Waits for a termination request acknowledgment from the remote peer.
        Closing => "CLOSING",
        /// Waits for an acknowledgment of the termination request sent after the peer's.
        LastAck => "LAST-ACK",
        /// Waits for enough time to pass that the peer has received the acknowledgment of its termination request.
        TimeWait => "TIME-WAIT",
    }
}

impl State {
    /// Whether this event has the connection perform this.
    pub fn performs(self, on: Input, output: Output) -> bool {
        match next(self, on) {
            Step::Go(_, outputs, _) => outputs.contains(&output),
            Step::Reject(..) | Step::Never => false,
        }
    }

    /// Our SYN is sent and not acknowledged: an ACK of it can come (3.10.7.3; 3.10.7.4, fifth).
    pub const fn awaits_ack_of_syn(self) -> bool {
        can_happen(self, Input::AckOfSyn)
    }

    /// Our FIN is queued or sent, and not acknowledged: an ACK of it can come (3.10.7.4, fifth).
    pub const fn awaits_ack_of_fin(self) -> bool {
        can_happen(self, Input::AckOfFin)
    }

    /// Something can be unacknowledged: the retransmission timer may run (3.10.8).
    pub const fn retransmits(self) -> bool {
        can_happen(self, Input::Retransmission)
    }

    /// Both SYNs are acknowledged, and our FIN is not queued: SEND goes out (3.10.2).
    pub fn may_send(self) -> bool {
        self.performs(Input::Send, Output::SndText)
    }

    /// The peer's FIN has been received: it can only come again (3.10.7.4, first).
    pub const fn has_fin_of_peer(self) -> bool {
        can_happen(self, Input::FinAgain)
    }
}

const fn can_happen(at: State, on: Input) -> bool {
    !matches!(next(at, on), Step::Never)
}

#[cfg(test)]
mod tests {
    use super::State::{self, *};
    use crate::machine::Finite;

    #[test]
    fn what_the_table_says_of_a_state() {
        let those = |holds: fn(State) -> bool| State::ALL.iter().copied().filter(|&at| holds(at)).collect::<Vec<_>>();
        assert_eq!(those(State::awaits_ack_of_syn), [SynSent, SynReceived]);
        assert_eq!(those(State::may_send), [Established, CloseWait]);
        assert_eq!(those(State::awaits_ack_of_fin), [FinWait1, Closing, LastAck]);
        assert_eq!(those(State::has_fin_of_peer), [CloseWait, Closing, LastAck, TimeWait]);
        assert_eq!(
            those(State::retransmits),
            [SynSent, SynReceived, Established, FinWait1, CloseWait, Closing, LastAck]
        );
    }
}
