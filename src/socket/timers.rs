//! Which timer fired, inferred from what its firing did: smoltcp keeps them to itself.

use crate::net::OnWire;
use crate::packet::Segment;
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

/// Is it a segment that was sent before?
pub(super) fn repeats(wire: &OnWire, segment: &Segment) -> bool {
    let behind = |up_to: u32| (segment.seq.wrapping_sub(up_to) as i32) < 0;
    segment.seg_len() > 0 && wire.sent_up_to.is_some_and(behind)
}
