//! Which timer fired, inferred from what its firing did: smoltcp keeps them to itself.

use crate::net::{Mark, OnWire, TcpEnd};
use crate::packet::{Flags, Segment};
use crate::peer::{Clock, Peer};
use crate::tcp::before;
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

/// The clock of a model peer's that rang, if one did. Text sent after all, though it was little, is no timer of the RFC's.
pub(super) fn rung(peer: &mut Peer) -> Option<TimerKind> {
    match peer.rang()? {
        Clock::Retransmission => Some(TimerKind::Retransmission),
        Clock::Persist => Some(TimerKind::Probe),
        Clock::KeepAlive => Some(TimerKind::KeepAlive),
        Clock::TimeWait => Some(TimerKind::TimeWait),
        Clock::UserTimeout => Some(TimerKind::UserTimeout),
        Clock::Override => None,
    }
}

/// A segment arrived: what it says of the peer's window and of what the peer has got, and which timers it starts.
pub(super) fn hear(end: &mut TcpEnd, segment: &Segment) {
    let delay = end.ack_delay();
    let (now, wire, armed) = (end.active, &mut end.seen_on_wire, &mut end.armed);
    if segment.seg_len() > 0 {
        // One that was not taken, and answered by nothing, has started no timer: it would have fired by now.
        let runs = armed.acknowledgment.filter(|(since, _)| now.0.since(*since) < delay);
        armed.acknowledgment = Some(runs.unwrap_or(now));
    }
    let same_window = wire.peer_window == segment.window;
    wire.peer_window = segment.window;
    armed.probe = (segment.window == 0).then(|| armed.probe.unwrap_or(now));
    if !segment.flags.has(Flags::ACK) {
        return;
    }
    let ack = segment.ack;
    let outstanding = wire.sent_up_to.is_some_and(|up_to| before(ack, up_to));
    let duplicate = wire.acked_up_to == Some(ack) && segment.seg_len() == 0 && same_window && outstanding;
    wire.duplicates = if duplicate { wire.duplicates.saturating_add(1) } else { 0 };
    if wire.acked_up_to.is_none_or(|up_to| before(up_to, ack)) {
        wire.acked_up_to = Some(ack);
        armed.retransmission = outstanding.then_some(now);
    }
}

/// A segment leaves: which timers it starts.
pub(super) fn leave(end: &mut TcpEnd, segment: &Segment) {
    let (now, wire, armed) = (end.active, &mut end.seen_on_wire, &mut end.armed);
    armed.acknowledgment = None;
    let past = segment.seq.wrapping_add(segment.seg_len());
    if wire.peer_window == 0 && segment.len == 1 {
        armed.probe = Some(now);
    } else if segment.seg_len() > 0 && wire.acked_up_to.is_none_or(|up_to| before(up_to, past)) {
        armed.retransmission.get_or_insert(now);
    }
    if wire.sent_up_to.is_none_or(|up_to| before(up_to, past)) {
        wire.sent_up_to = Some(past);
    }
}

/// A timer has fired: since when it ran. It stands still until something starts it again.
pub(super) fn fire(end: &mut TcpEnd, timer: TimerKind) -> Mark {
    let since = match timer {
        TimerKind::Retransmission => end.armed.retransmission.take(),
        TimerKind::DelayedAck => end.armed.acknowledgment.take(),
        TimerKind::Probe => end.armed.probe,
        TimerKind::UserTimeout => end.unanswered,
        TimerKind::FastRetransmit => {
            end.armed.retransmission = None;
            None
        }
        TimerKind::KeepAlive | TimerKind::TimeWait => None,
    };
    since.unwrap_or(end.active)
}

/// Is it what the third duplicate ACK makes the stack send: the first segment that the peer has not got (RFC 5681, 3.2)?
pub(super) fn is_fast_retransmission(wire: &OnWire, segment: &Segment) -> bool {
    let repeats = wire.sent_up_to.is_some_and(|up_to| before(segment.seq, up_to));
    segment.seg_len() > 0 && repeats && wire.duplicates == DUPLICATES && wire.acked_up_to == Some(segment.seq)
}

/// How many duplicate ACKs mean a loss (RFC 5681, 3.2).
const DUPLICATES: u8 = 3;
