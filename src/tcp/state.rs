//! The eleven states of RFC 9293, 3.3.2.

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
