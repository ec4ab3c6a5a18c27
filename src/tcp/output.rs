//! What the machine tells its shell to do, and what it tells the user instead.

crate::finite! {
    /// What is to be performed; the shell has the bytes, the numbers and the timers.
    pub enum Output {
        /// Make a transmission control block.
        CreateTcb => "create TCB",
        /// Select ISS; `<SEQ=ISS><CTL=SYN>`.
        SndSyn => "snd SYN",
        /// `<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>`, with a new ISS if there is none.
        SndSynAck => "snd SYN,ACK",
        /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`, on its own or with what is sent anyway.
        SndAck => "snd ACK",
        /// The same, as an answer to what may be forged; may be throttled (RFC 5961).
        ChallengeAck => "snd challenge ACK",
        /// A FIN, once all data before it has been segmentized.
        SndFin => "snd FIN",
        /// `<SEQ=SND.NXT><CTL=RST>`.
        SndRst => "snd RST",
        /// `<SEQ=SEG.ACK><CTL=RST>`.
        AnswerRst => "answer RST",
        /// `<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>`.
        AnswerRstAck => "answer RST,ACK",
        /// Segmentize the user's data and send it as the windows allow.
        SndText => "snd text",
        /// Send the front of the retransmission queue again, and restart the timer.
        Resend => "resend",
        /// Keep the user's request for later.
        Queue => "queue",
        /// SND.UNA <- SEG.ACK, and the send window with it.
        TakeAck => "take ACK",
        /// Give the user the text that is in order.
        Deliver => "deliver",
        /// Keep the text until what comes before it has arrived (SHLD-31).
        Hold => "hold",
        /// Tell the user the state.
        ReturnState => "return state",
        /// Tell the user that the peer sends no more, or that queued requests end here: "connection closing".
        SignalClosing => "signal closing",
        /// Tell the user "connection reset".
        SignalReset => "signal reset",
        /// Tell the user "connection refused".
        SignalRefused => "signal refused",
        /// Tell the user "connection aborted due to user timeout".
        SignalTimeout => "signal timeout",
        /// Empty all queues.
        Flush => "flush",
        /// Start the time-wait timer and stop the others.
        StartTimeWait => "start 2MSL",
        /// Start the time-wait timer again.
        RestartTimeWait => "restart 2MSL",
        /// Forget the connection.
        DeleteTcb => "delete TCB",
    }
}

crate::finite! {
    /// The errors of RFC 9293, 3.10, that depend on the state alone.
    pub enum Refusal {
        /// OPEN of a connection that is open.
        AlreadyExists => "connection already exists",
        /// Any other call on CLOSED.
        DoesNotExist => "connection does not exist",
        /// A call that comes after CLOSE.
        Closing => "connection closing",
    }
}
