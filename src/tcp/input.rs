//! What can happen to a connection, with the guards of RFC 9293's rules folded in.

crate::finite! {
    /// An event of RFC 9293, 3.10: a user's call, a timeout, or what an arriving segment is.
    pub enum Input {
        /// The user opens and waits for a peer (3.10.1).
        OpenPassive => "OPEN passive",
        /// The user opens towards a remote socket (3.10.1).
        OpenActive => "OPEN active",
        /// The user gives data to send (3.10.2).
        Send => "SEND",
        /// The user asks for data (3.10.3).
        Receive => "RECEIVE",
        /// The user has no more to send (3.10.4).
        Close => "CLOSE",
        /// The user gives the connection up (3.10.5).
        Abort => "ABORT",
        /// The user asks for the state (3.10.6).
        Status => "STATUS",
        /// The time that the user allowed has passed (3.10.8).
        UserTimeout => "USER TIMEOUT",
        /// The retransmission timer expired while something was unacknowledged (3.10.8).
        Retransmission => "RTX TIMEOUT",
        /// The same segment was retransmitted too often: threshold R2 (3.8.3).
        R2Exceeded => "R2 exceeded",
        /// Two maximum segment lifetimes have passed in TIME-WAIT (3.10.8).
        TimeWaitTimeout => "2MSL TIMEOUT",
        /// A RST at RCV.NXT; or any RST without ACK where no sequence number is known to check it by.
        Rst => "rcv RST",
        /// A RST at RCV.NXT while our SYN is unacknowledged, after a passive OPEN.
        RstPassive => "rcv RST, passive",
        /// A RST that acknowledges our SYN, before the peer's SYN is known.
        RstAck => "rcv RST,ACK",
        /// A RST that acknowledges what we never sent, before the peer's SYN is known.
        RstBadAck => "rcv RST, bad ACK",
        /// A RST in the window, but not at RCV.NXT.
        RstInWindow => "rcv RST in window",
        /// A RST outside the window.
        RstOutsideWindow => "rcv RST outside window",
        /// A SYN without ACK where none is known yet; a SYN in the window afterwards.
        Syn => "rcv SYN",
        /// A SYN in the window while our SYN is unacknowledged, after a passive OPEN.
        SynPassive => "rcv SYN, passive",
        /// A SYN in the window, at an end that follows RFC 793 and not RFC 5961.
        SynRfc793 => "rcv SYN, RFC 793",
        /// A SYN in TIME-WAIT whose timestamp shows that it is of a new connection (RFC 6191; MAY-2).
        SynNewIncarnation => "rcv SYN, new incarnation",
        /// A SYN that acknowledges ours.
        SynAck => "rcv SYN,ACK",
        /// A SYN that acknowledges ours, with a FIN (and perhaps text) in order.
        SynAckFin => "rcv SYN,ACK,FIN",
        /// An ACK of something new other than SYN or FIN; any ACK where nothing was ever sent.
        Ack => "rcv ACK",
        /// An ACK of our SYN.
        AckOfSyn => "rcv ACK of SYN",
        /// An ACK of our FIN.
        AckOfFin => "rcv ACK of FIN",
        /// An ACK of nothing new: SEG.ACK =< SND.UNA.
        OldAck => "rcv old ACK",
        /// An ACK of what was not sent yet: SEG.ACK > SND.NXT.
        AckAhead => "rcv ACK ahead",
        /// An ACK, while our SYN is unacknowledged, of something else.
        BadAck => "rcv bad ACK",
        /// Neither ACK nor RST nor SYN.
        NoAck => "rcv no ACK",
        /// New text at RCV.NXT.
        Text => "rcv text",
        /// New text in the window, beyond RCV.NXT.
        TextAhead => "rcv text out of order",
        /// A FIN at RCV.NXT, all text before it received.
        Fin => "rcv FIN",
        /// A FIN in order (with its text, if any) that also acknowledges our SYN.
        FinAckOfSyn => "rcv FIN,ACK of SYN",
        /// A FIN in order (with its text, if any) that also acknowledges our FIN.
        FinAckOfFin => "rcv FIN,ACK of FIN",
        /// The FIN that was received before, once more.
        FinAgain => "rcv FIN again",
        /// Anything else outside the window.
        OutsideWindow => "rcv outside window",
    }
}

impl Input {
    /// An event of the older RFC 793 mode, which RFC 9293 keeps for those who do not follow RFC 5961.
    pub const fn is_legacy(self) -> bool {
        matches!(self, Input::SynRfc793)
    }

    /// The segment's ACK has passed the checks: with SND.UNA =< SEG.ACK, its window counts too.
    pub const fn has_good_ack(self) -> bool {
        matches!(
            self,
            Input::Ack
                | Input::OldAck
                | Input::AckOfSyn
                | Input::AckOfFin
                | Input::SynAck
                | Input::SynAckFin
                | Input::FinAckOfSyn
                | Input::FinAckOfFin
        )
    }

    /// A FIN of the peer's that counts now.
    pub const fn has_fin(self) -> bool {
        matches!(self, Input::Fin | Input::SynAckFin | Input::FinAckOfSyn | Input::FinAckOfFin)
    }
}
