//! Segments that arrive: what they are, and what of them is kept.

use super::{Peer, rests};
use crate::base::Time;
use crate::packet::{Flags, Segment};
use crate::tcp::{self, Input};

impl Peer {
    /// A segment arrives: the events that it is are the machine's inputs, in order. Once the connection is no more, the
    /// rest of the segment is nobody's.
    pub fn take(&mut self, segment: &Segment, text: &[u8], now: Time) {
        self.now = now;
        let control = tcp::Segment { newer: self.is_newer(segment), ..segment.control() };
        let (known, edge, shut) = (self.facts.rcv_nxt().is_some(), self.facts.window_edge(), self.shut());
        let una = self.facts.send_side().map(|send| send.una);
        let inputs = self.facts.received(&control);
        let synchronizes = !known && self.facts.rcv_nxt().is_some();
        if synchronizes {
            self.inbox.restart(control.text_start());
        }
        if inputs.iter().any(|&input| brings_text(input)) {
            self.inbox.keep(control.text_start(), text, edge.or(self.facts.window_edge()));
        }
        let current = self.facts.send_side().is_some_and(|send| control.ack == Some(send.una));
        if synchronizes || current && inputs.first().is_some_and(|first| first.has_good_ack()) {
            self.take_window(segment);
        }
        if una != self.facts.send_side().map(|send| send.una) {
            self.take_ack();
        }
        for &input in inputs.iter() {
            let before = self.state();
            self.step(input, Some(segment));
            if before != self.state() && rests(self.state()) {
                break;
            }
        }
        if shut && !self.shut() && self.outstanding() {
            // A probe that was not taken: now there is room for it.
            self.resend();
        }
        self.settle();
    }

    /// A SYN with a number beyond all that the earlier incarnation used is of a new one (MAY-2; RFC 6191, 2).
    fn is_newer(&self, segment: &Segment) -> bool {
        let beyond = |nxt: u32| segment.seq != nxt && segment.seq.wrapping_sub(nxt) < 1 << 31;
        segment.flags.is_request() && self.facts.rcv_nxt().is_some_and(beyond)
    }

    /// SND.WND, and the MSS that comes with a SYN. A window is not taken from a segment older than the one that gave the
    /// last (3.10.7.4, fifth).
    pub(super) fn take_window(&mut self, segment: &Segment) {
        if segment.flags.has(Flags::SYN) {
            let said = segment.mss.map_or(self.settings.default_mss, u32::from);
            self.peer_mss = said.clamp(1, u32::from(self.settings.mss).max(1));
        }
        self.outbox.take_window(segment);
        if segment.window == 0 {
            self.answered();
        }
    }
}

/// An event that comes with new text, or may.
const fn brings_text(input: Input) -> bool {
    matches!(input, Input::Text | Input::TextAhead) || input.has_fin()
}
