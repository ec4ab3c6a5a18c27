//! What the wire says of one end of a connection: the variables of RFC 9293, 3.3.1, inferred from the segments that
//! left it and that reached it.
//!
//! Numbers are relative: 0 is the SYN, 1 the first octet of text; they do not wrap. A number that cannot be placed
//! (no SYN was seen) is `None`.

use crate::base::RecordId;
use crate::packet::{Flags, Segment};

/// One direction's sequence numbers, made relative to its SYN.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Space {
    first: Option<u32>,
    next: i64,
}

impl Space {
    /// The relative number that lies nearest to what is expected next: right as long as the two are less than 2 GiB
    /// apart, which windows guarantee.
    fn place(&self, seq: u32) -> Option<i64> {
        let near = self.first?.wrapping_add(low(self.next));
        Some(self.next + i64::from(seq.wrapping_sub(near).cast_signed()))
    }
}

/// The low 32 bits of a number that is never negative.
fn low(number: i64) -> u32 {
    u32::try_from(number.rem_euclid(1 << 32)).unwrap_or(0)
}

/// One end, seen from the wire.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wire {
    out: Space,
    inn: Space,
    /// SND.UNA: the lowest number not acknowledged by what has arrived.
    pub una: i64,
    /// The number of the FIN that this end sent.
    pub fin: Option<i64>,
    /// It sent a RST.
    pub rst: bool,
    /// A FIN has arrived, in order or not.
    pub fin_arrived: bool,
    /// A RST has arrived.
    pub rst_arrived: bool,
    /// The highest acknowledgment number that it sent: RCV.NXT is at least this.
    pub acked: i64,
    /// SND.WND: the window that the peer offered last (RFC 9293, 3.10.7.4: old segments do not count), in octets.
    pub window: u64,
    /// The right edge of the farthest window that the peer ever offered: the first number beyond it; 0 before any.
    pub edge: i64,
    /// The last segment that it sent.
    pub last: Option<RecordId>,
    update: Option<(i64, i64)>,
    /// The last SYN without an ACK that has arrived: it may begin a new incarnation.
    request: Option<Segment>,
    scales: (Option<u8>, Option<u8>),
    ahead: Vec<(i64, i64)>,
}

impl Wire {
    /// SND.NXT: one more than the highest number sent; 0 before the SYN.
    pub const fn nxt(&self) -> i64 {
        self.out.next
    }

    /// What RCV.NXT is when all that arrived has been taken in: the first number missing.
    pub const fn rcv_nxt(&self) -> i64 {
        self.inn.next
    }

    /// Octets of text among the numbers sent.
    pub fn text_sent(&self) -> u64 {
        let controls = i64::from(self.out.first.is_some()) + i64::from(self.fin.is_some());
        u64::try_from(self.nxt() - controls).unwrap_or(0)
    }

    /// A sequence number of this end, relative.
    pub fn own(&self, seq: u32) -> Option<i64> {
        self.out.place(seq)
    }

    /// A sequence number of the peer, relative, as far as this end has seen the peer's SYN.
    pub fn theirs(&self, seq: u32) -> Option<i64> {
        self.inn.place(seq)
    }

    /// The segment occupies numbers below SND.NXT, and is not a probe by its numbers: neither a keep-alive (RFC 9293,
    /// 3.8.4: SND.NXT-1 when all is acknowledged) nor one octet against a closed window (3.8.6.1).
    pub fn repeats(&self, segment: &Segment) -> bool {
        let Some(start) = self.own(segment.seq) else { return false };
        let control = segment.flags.has(Flags::SYN) || segment.flags.has(Flags::FIN);
        let small = segment.len <= 1 && !control;
        let keep_alive = small && self.una == self.nxt() && start == self.una - 1;
        let probe = small && self.window == 0 && start == self.una;
        segment.seg_len() > 0 && start < self.nxt() && !keep_alive && !probe
    }

    /// Takes in what this end's stack sent.
    pub(super) fn sends(&mut self, id: RecordId, segment: &Segment) {
        self.last = Some(id);
        if segment.flags.has(Flags::RST) {
            self.rst = true;
            return;
        }
        if segment.flags.has(Flags::SYN) && self.out.first != Some(segment.seq) {
            self.out = Space { first: Some(segment.seq), next: 0 };
            (self.una, self.fin, self.window, self.edge, self.update) = (0, None, 0, 0, None);
            // The peer's SYN may have come before: this one answers it.
            self.scales.0 = segment.scale;
        }
        if let Some(start) = self.own(segment.seq) {
            let end = start + i64::from(segment.seg_len());
            self.out.next = self.out.next.max(end);
            if segment.flags.has(Flags::FIN) {
                self.fin = Some(end - 1);
            }
        }
        if segment.flags.has(Flags::ACK) {
            self.acked = self.theirs(segment.ack).map_or(self.acked, |ack| self.acked.max(ack));
        }
    }

    /// Takes in what reached this end.
    pub(super) fn takes(&mut self, segment: &Segment) {
        self.rst_arrived |= segment.flags.has(Flags::RST);
        if segment.flags.has(Flags::RST) {
            return;
        }
        if segment.flags.is_request() {
            self.request = Some(*segment);
        }
        let ack = if segment.flags.has(Flags::ACK) { self.own(segment.ack) } else { None };
        let fits = ack.is_some_and(|ack| (1..=self.nxt()).contains(&ack));
        if segment.flags.has(Flags::SYN) && self.inn.first.is_none() && (fits || !segment.flags.has(Flags::ACK)) {
            self.inn = Space { first: Some(segment.seq), next: 0 };
            self.scales.1 = segment.scale;
            self.acked = 0;
        }
        self.fin_arrived |= segment.flags.has(Flags::FIN);
        if let Some(start) = self.theirs(segment.seq) {
            self.cover(start, start + i64::from(segment.seg_len()));
            if let Some(ack) = ack.filter(|_| fits) {
                self.acknowledged(start, ack, segment);
            }
        }
    }

    /// What has arrived now includes `[start, end)`.
    fn cover(&mut self, start: i64, end: i64) {
        if end > start && end > self.inn.next {
            self.ahead.push((start, end));
        }
        while let Some(at) = self.ahead.iter().position(|&(start, _)| start <= self.inn.next) {
            let (_, end) = self.ahead.swap_remove(at);
            self.inn.next = self.inn.next.max(end);
        }
    }

    /// An acceptable acknowledgment arrived (RFC 9293, 3.10.7.4, fifth).
    fn acknowledged(&mut self, seq: i64, ack: i64, segment: &Segment) {
        let newer = self.update.is_none_or(|(wl1, wl2)| wl1 < seq || (wl1 == seq && wl2 <= ack));
        let shift = match self.scales {
            (Some(_), Some(theirs)) if !segment.flags.has(Flags::SYN) => theirs.min(14),
            _ => 0,
        };
        let window = u32::from(segment.window) << shift;
        self.edge = self.edge.max(ack + i64::from(window));
        if ack >= self.una && newer {
            self.window = window.into();
            self.update = Some((seq, ack));
        }
        self.una = self.una.max(ack);
    }

    /// The connection goes on to a new incarnation, with the SYN that arrived last.
    pub(super) fn begins_anew(&mut self) {
        self.forget_peer();
        if let Some(request) = self.request.take() {
            self.takes(&request);
        }
    }

    /// The connection is gone at this end: what arrives from now on belongs to no numbers that it knows.
    pub(super) fn forget_peer(&mut self) {
        self.inn = Space::default();
        self.scales.1 = None;
        self.acked = 0;
        self.ahead.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(flags: Flags, seq: u32, ack: u32, len: u32, window: u16) -> Segment {
        Segment { seq, ack, flags, window, len, ..Segment::default() }
    }

    fn open() -> Wire {
        let mut wire = Wire::default();
        let syn = Segment { scale: Some(2), ..segment(Flags::SYN, u32::MAX, 0, 0, 100) };
        wire.sends(RecordId(1), &syn);
        let answer = Segment { scale: Some(3), ..segment(Flags::SYN.with(Flags::ACK), 500, 0, 0, 100) };
        wire.takes(&answer);
        wire.sends(RecordId(2), &segment(Flags::ACK, 0, 501, 0, 100));
        wire
    }

    #[test]
    fn numbers_wrap_and_stay_relative() {
        let mut wire = open();
        assert_eq!((wire.nxt(), wire.una, wire.rcv_nxt(), wire.acked), (1, 1, 1, 1));
        wire.sends(RecordId(3), &segment(Flags::ACK, 0, 501, 40, 100));
        wire.takes(&segment(Flags::ACK, 501, 30, 0, 10));
        assert_eq!((wire.nxt(), wire.una, wire.text_sent(), wire.window), (41, 31, 40, 80));
        assert_eq!(wire.own(u32::MAX), Some(0));
    }

    #[test]
    fn an_older_segment_does_not_shrink_the_window() {
        let mut wire = open();
        wire.takes(&segment(Flags::ACK, 511, 0, 10, 7));
        wire.takes(&segment(Flags::ACK, 501, 0, 10, 0));
        assert_eq!(wire.window, 56, "the first had the higher sequence number");
        assert_eq!(wire.rcv_nxt(), 21, "both are in place");
    }

    #[test]
    fn who_answers_a_syn_knows_its_scale() {
        let mut wire = Wire::default();
        wire.takes(&Segment { scale: Some(7), ..segment(Flags::SYN, 500, 0, 0, 100) });
        wire.sends(RecordId(1), &Segment { scale: Some(0), ..segment(Flags::SYN.with(Flags::ACK), 9, 501, 0, 100) });
        wire.takes(&segment(Flags::ACK, 501, 10, 0, 100));
        assert_eq!((wire.window, wire.edge), (12_800, 12_801));
    }

    #[test]
    fn a_gap_is_not_covered_until_it_is_filled() {
        let mut wire = open();
        wire.takes(&segment(Flags::ACK.with(Flags::FIN), 511, 0, 5, 7));
        assert_eq!(wire.rcv_nxt(), 1);
        assert!(wire.fin_arrived);
        wire.takes(&segment(Flags::ACK, 501, 0, 12, 7));
        assert_eq!(wire.rcv_nxt(), 17);
    }

    #[test]
    fn probes_are_no_repeats() {
        let mut wire = open();
        wire.sends(RecordId(3), &segment(Flags::ACK, 0, 501, 10, 100));
        assert!(wire.repeats(&segment(Flags::ACK, 0, 501, 10, 100)));
        wire.takes(&segment(Flags::ACK, 501, 10, 0, 0));
        assert!(!wire.repeats(&segment(Flags::ACK, 9, 501, 1, 100)), "keep-alive");
        wire.sends(RecordId(4), &segment(Flags::ACK, 10, 501, 1, 100));
        assert!(!wire.repeats(&segment(Flags::ACK, 10, 501, 1, 100)), "zero-window probe");
    }
}
