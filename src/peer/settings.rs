//! What a peer is told before it begins.

use crate::base::Span;

/// A peer's parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The MSS option that it sends: the largest text that it takes in one segment.
    pub mss: u16,
    /// What it takes for the other's where no option says it (3.7.1: 536 with IPv4, 1220 with IPv6).
    pub default_mss: u32,
    /// Bytes of the receive buffer: at most 65,535, for windows are not scaled.
    pub rcvbuf: usize,
    /// Bytes of the send buffer.
    pub sndbuf: usize,
    /// Nagle's algorithm (3.7.4).
    pub nagle: bool,
    /// After how long with something unacknowledged the user gives up (3.9.1.1); `None`: never.
    pub user_timeout: Option<Span>,
    /// The maximum segment lifetime (3.4.2: two minutes).
    pub msl: Span,
    /// How long a segment is retransmitted before the connection is given up (3.8.3: at least 100 s).
    pub r2: Span,
    /// The same for a SYN (3.8.3: at least three minutes).
    pub r2_syn: Span,
    /// A SYN in the window resets the connection, as in RFC 793, instead of being challenged (RFC 5961).
    pub rfc793: bool,
    /// What the clock of initial sequence numbers (3.4.1: one step in four microseconds) shows at the start of the run.
    pub isn: u32,
    /// The initial sequence number of its first connection, whatever the clock shows.
    pub first_isn: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            mss: 1_460,
            default_mss: 536,
            rcvbuf: 16_384,
            sndbuf: 16_384,
            nagle: true,
            user_timeout: Some(Span::secs(300)),
            msl: Span::secs(120),
            r2: Span::secs(100),
            r2_syn: Span::secs(180),
            rfc793: false,
            isn: 0,
            first_isn: None,
        }
    }
}

/// What a time that the user allows is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// The connection is open.
    Open,
    /// All that was sent is acknowledged.
    Sent,
    /// Text has come, or the peer's FIN.
    Received,
    /// The connection is CLOSED.
    Closed,
}
