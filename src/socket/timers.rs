//! Which timer fired, inferred from what its firing did: smoltcp keeps them to itself.

use crate::base::{Span, Time};
use crate::net::{Mark, OnWire, TcpEnd};
use crate::packet::{Flags, Segment};
use crate::peer::{Clock, Peer};
use crate::tcp::before;
use crate::trace::TimerKind;

/// The timer behind a segment that was sent with nothing else to cause it; `None` where it is new data that had waited
/// for something else (an address to be resolved).
pub(super) fn behind(end: &TcpEnd, segment: &Segment, now: Time) -> Option<TimerKind> {
    let wire = &end.seen_on_wire;
    let sent_up_to = wire.sent_up_to?;
    let all_acknowledged = wire.acked_up_to == Some(sent_up_to);
    let behind = segment.seq.wrapping_sub(sent_up_to) as i32;
    if all_acknowledged && behind == -1 && segment.len <= 1 {
        return Some(TimerKind::KeepAlive);
    }
    if wire.peer_window == 0 && (segment.len == 1 || segment.seg_len() == 0 && end.armed.acknowledgment.is_none()) {
        return Some(TimerKind::Probe);
    }
    if segment.seg_len() > 0 && behind < 0 {
        return Some(TimerKind::Retransmission);
    }
    // With the acknowledgment goes what Nagle's algorithm has held back.
    let owed = end.armed.acknowledgment.is_some_and(|(since, _)| is_over(since, end.ack_delay(), now));
    (segment.seg_len() == 0 || owed).then_some(TimerKind::DelayedAck)
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

/// What a segment has done to the end that it was fed to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Took {
    /// There is more to read.
    pub(super) text: bool,
    /// There is less to send, or another state.
    pub(super) ack: bool,
}

/// A segment was fed to an end: what it says of the peer's window and of what the peer has got, and which timers it
/// starts. One that the stack drops says nothing.
pub(super) fn hear(end: &mut TcpEnd, segment: &Segment, took: Took) {
    let delay = end.ack_delay();
    let (now, wire, armed) = (end.active, &mut end.seen_on_wire, &mut end.armed);
    armed.keep_alive = Some(now);
    if segment.flags.has(Flags::RST) || !is_taken(wire, segment, took) {
        return;
    }
    if took.text {
        // One that has run out already is answered by what is sent now.
        let runs = armed.acknowledgment.filter(|(since, _)| !is_over(*since, delay, now.0));
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

/// What has done something to the end was taken. Of the rest, that is dropped which lies below what this end has acknowledged
/// (RFC 9293, 3.10.7.4), and what acknowledges less than was acknowledged before, or more: that would have done something.
fn is_taken(wire: &OnWire, segment: &Segment, took: Took) -> bool {
    let past = segment.seq.wrapping_add(segment.seg_len());
    let below = wire.told.is_some_and(|told| match segment.seg_len() {
        0 => before(segment.seq, told),
        _ => !before(told, past),
    });
    let in_vain = segment.flags.has(Flags::ACK) && wire.acked_up_to != Some(segment.ack);
    took.text || took.ack || !below && !in_vain
}

/// A segment leaves: which timers it starts.
pub(super) fn leave(end: &mut TcpEnd, segment: &Segment) {
    let (now, wire, armed) = (end.active, &mut end.seen_on_wire, &mut end.armed);
    let past = segment.seq.wrapping_add(segment.seg_len());
    if core::mem::take(&mut wire.probing) || wire.peer_window == 0 && segment.len == 1 {
        (armed.probe, armed.keep_alive) = (Some(now), Some(now));
    } else if segment.seg_len() > 0 && wire.acked_up_to.is_none_or(|up_to| before(up_to, past)) {
        armed.retransmission.get_or_insert(now);
    }
    if wire.sent_up_to.is_none_or(|up_to| before(up_to, past)) {
        wire.sent_up_to = Some(past);
    }
    if segment.flags.has(Flags::ACK) && wire.told.is_none_or(|told| before(told, segment.ack)) {
        wire.told = Some(segment.ack);
    }
}

/// A timer has fired: since when it ran. It stands still until something starts it again.
pub(super) fn fire(end: &mut TcpEnd, timer: TimerKind) -> Mark {
    end.seen_on_wire.probing = matches!(timer, TimerKind::Probe | TimerKind::KeepAlive);
    let since = match timer {
        TimerKind::Retransmission => end.armed.retransmission.take(),
        TimerKind::DelayedAck => end.armed.acknowledgment.take(),
        TimerKind::Probe => end.armed.probe,
        TimerKind::KeepAlive => end.armed.keep_alive,
        TimerKind::TimeWait => end.armed.time_wait,
        TimerKind::UserTimeout => {
            let allowed = end.armed.allowed.filter(|(_, until)| *until == end.now()).map(|(since, _)| since);
            allowed.or(end.unanswered)
        }
        TimerKind::FastRetransmit => {
            end.armed.retransmission = None;
            None
        }
        TimerKind::Linger | TimerKind::Neighbor | TimerKind::Resolver => None,
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

/// How long the stack waits for an answer before it asks again for a hardware address (RFC 1122, 2.3.2.1).
pub(super) const NEIGHBOR: Span = Span::secs(1);

/// The stack's clock counts microseconds.
const fn is_over(since: Time, delay: Span, now: Time) -> bool {
    now.0 / 1_000 >= (since.0 + delay.0) / 1_000
}
