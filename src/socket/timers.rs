//! Which timer fired, inferred from what its firing did: smoltcp keeps them to itself.

use crate::net::OnWire;
use crate::packet::{Flags, Segment};
use crate::trace::TimerKind;

/// The timer behind a segment that was sent with nothing else to cause it; `None` where it is new data that had waited
/// for something else (an address to be resolved).
pub(super) fn behind(wire: &OnWire, segment: &Segment) -> Option<TimerKind> {
    let sent_up_to = wire.sent_up_to?;
    if segment.seg_len() == 0 {
        return Some(TimerKind::DelayedAck);
    }
    let all_acknowledged = wire.acked_up_to == Some(sent_up_to);
    let behind = segment.seq.wrapping_sub(sent_up_to) as i32;
    if all_acknowledged && behind == -1 && segment.len <= 1 {
        return Some(TimerKind::KeepAlive);
    }
    if wire.peer_window == 0 && segment.len == 1 {
        return Some(TimerKind::Probe);
    }
    (behind < 0).then_some(TimerKind::Retransmission)
}

/// A segment arrived: what it says of the peer's window and of what the peer has got.
pub(super) fn hear(wire: &mut OnWire, segment: &Segment) {
    let same_window = wire.peer_window == segment.window;
    wire.peer_window = segment.window;
    if !segment.flags.has(Flags::ACK) {
        return;
    }
    let ack = segment.ack;
    let outstanding = wire.sent_up_to.is_some_and(|up_to| before(ack, up_to));
    let duplicate = wire.acked_up_to == Some(ack) && segment.seg_len() == 0 && same_window && outstanding;
    wire.duplicates = if duplicate { wire.duplicates.saturating_add(1) } else { 0 };
    if wire.acked_up_to.is_none_or(|up_to| before(up_to, ack)) {
        wire.acked_up_to = Some(ack);
    }
}

/// Is it what the third duplicate ACK makes the stack send: the first segment that the peer has not got (RFC 5681, 3.2)?
pub(super) fn is_fast_retransmission(wire: &OnWire, segment: &Segment) -> bool {
    let repeats = wire.sent_up_to.is_some_and(|up_to| before(segment.seq, up_to));
    segment.seg_len() > 0 && repeats && wire.duplicates == DUPLICATES && wire.acked_up_to == Some(segment.seq)
}

/// How many duplicate ACKs mean a loss (RFC 5681, 3.2).
const DUPLICATES: u8 = 3;

const fn before(one: u32, other: u32) -> bool {
    (one.wrapping_sub(other) as i32) < 0
}
