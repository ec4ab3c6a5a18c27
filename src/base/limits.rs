//! What ends a run that would not end by itself.

use super::Span;

/// Bounds of one run. Reaching one is a recorded outcome, never a hang.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// With how many events a run is over: what the queue hands out, and steps of programs.
    pub events: u64,
    /// How much virtual time may pass.
    pub time: Span,
    /// How many bytes may wait in links (also those that a fault holds there) and in sockets' queues, and be set apart
    /// for the buffers of connections, at one time. TIME-WAIT and half-open connections have theirs too.
    pub queued: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { events: 1_000_000, time: Span::secs(3_600), queued: 1 << 30 }
    }
}
