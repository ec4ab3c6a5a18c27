//! What is sent: text as the windows allow, the front of the retransmission queue again, acknowledgments.

use super::{Departure, Peer};
use crate::base::Span;
use crate::packet::{Flags, Segment};
use crate::tcp::before;
use bytes::Bytes;
use std::collections::VecDeque;

/// The send buffer and the send window.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// Text from the first unacknowledged byte on.
    queue: VecDeque<u8>,
    /// A FIN is to follow it.
    pub(super) fin: bool,
    /// The number of its first byte.
    pub(super) first: u32,
    /// SND.UNA + SND.WND, as the peer last said.
    edge: u32,
    /// The largest window that there ever was.
    largest: u32,
    /// A byte was sent beyond the window, to probe it: this one.
    pub(super) probed: Option<u32>,
    /// SND.WL1 and SND.WL2, once there is a window.
    taken: Option<(u32, u32)>,
}

impl Outbox {
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn push(&mut self, data: &[u8]) {
        self.queue.extend(data);
    }

    /// SND.UNA has moved: what lies before it leaves the queue.
    pub(super) fn acknowledged(&mut self, una: u32) {
        let count = una.wrapping_sub(self.first) as usize;
        self.queue.drain(..count.min(self.queue.len()));
        self.first = una;
    }

    /// The connection was given up.
    pub(super) fn flush(&mut self) {
        self.queue.clear();
        self.fin = false;
    }

    /// SND.WND <- SEG.WND, if the segment is not older than the one that gave the last (3.10.7.4, fifth). One that
    /// acknowledges more was sent later, though its number be lower: it is text sent again.
    pub(super) fn take_window(&mut self, segment: &Segment) {
        let has_ack = segment.flags.has(Flags::ACK);
        let (seq, ack) = (segment.seq, if has_ack { segment.ack } else { self.first });
        let fresh = self.taken.is_none_or(|(wl1, wl2)| {
            before(wl2, ack) || wl2 == ack && !before(seq, wl1) || segment.flags.has(Flags::SYN)
        });
        if fresh {
            let window = u32::from(segment.window);
            self.edge = ack.wrapping_add(window);
            self.largest = self.largest.max(window);
            self.taken = Some((seq, ack));
        }
    }

    /// SND.WND, counted from here: what was offered stays where it was offered.
    fn window(&self, una: u32) -> u32 {
        if before(una, self.edge) { self.edge.wrapping_sub(una) } else { 0 }
    }

    fn copy(&self, from: u32, len: u32) -> Bytes {
        self.queue.iter().skip(from as usize).take(len as usize).copied().collect()
    }

    fn size(&self) -> u32 {
        u32::try_from(self.queue.len()).unwrap_or(u32::MAX)
    }
}

/// How long text that is not worth a segment waits (3.8.6.2.1: 0.1 to 1.0 s).
pub(super) const OVERRIDE: Span = Span::millis(500);

impl Peer {
    /// Our SYN is acknowledged and the peer's is known.
    pub(super) fn synchronized(&self) -> bool {
        self.facts.rcv_nxt().is_some() && self.facts.send_side().is_some_and(|send| send.una != send.iss)
    }

    /// Both SYNs are out, and ours is not acknowledged.
    pub(super) fn half_open(&self) -> bool {
        self.facts.rcv_nxt().is_some() && self.facts.send_side().is_some_and(|send| send.una == send.iss)
    }

    /// Something sent is not acknowledged.
    pub(super) fn outstanding(&self) -> bool {
        self.facts.send_side().is_some_and(|send| send.una != send.nxt)
    }

    /// How many bytes of the queue have been sent.
    fn sent(&self) -> u32 {
        let Some(send) = self.facts.send_side() else { return 0 };
        let first = if send.una == send.iss { send.iss.wrapping_add(1) } else { send.una };
        let sent = send.nxt.wrapping_sub(first).wrapping_sub(u32::from(send.fin.is_some()));
        sent.min(self.outbox.size())
    }

    /// Text that has not been sent.
    pub(super) fn unsent(&self) -> u32 {
        self.outbox.size() - self.sent()
    }

    /// The FIN has been asked for and not been sent.
    pub(super) fn fin_waits(&self) -> bool {
        self.outbox.fin && self.facts.send_side().is_some_and(|send| send.fin.is_none())
    }

    /// The usable window: SND.UNA + SND.WND - SND.NXT.
    pub(super) fn usable(&self) -> u32 {
        let Some(send) = self.facts.send_side() else { return 0 };
        self.outbox.window(send.una).saturating_sub(send.nxt.wrapping_sub(send.una))
    }

    /// The window has no room for what is unacknowledged or waits: the persist timer is at work, not retransmission.
    pub(super) fn shut(&self) -> bool {
        let window = self.facts.send_side().map_or(0, |send| self.outbox.window(send.una));
        self.synchronized() && window == 0 && (self.outstanding() || self.unsent() > 0 || self.fin_waits())
    }

    /// Sends what may be sent: text, then the FIN.
    pub(super) fn segmentize(&mut self) {
        if self.facts.rcv_nxt().is_none() || self.facts.send_side().is_none() {
            return;
        }
        while self.synchronized() && self.unsent() > 0 {
            let len = self.unsent().min(self.usable()).min(self.peer_mss);
            if !self.is_worth_sending(len) {
                return;
            }
            self.send_next(len);
        }
        let open = self.usable() > 0 || self.half_open();
        if self.fin_waits() && self.unsent() == 0 && open {
            self.send_next(0);
        }
    }

    /// The sender's side of silly window syndrome avoidance (3.8.6.2.1), with Nagle's algorithm as its condition that
    /// nothing be outstanding. All that the user sends is pushed.
    fn is_worth_sending(&self, len: u32) -> bool {
        let quiet = !self.settings.nagle || !self.outstanding();
        let all = self.unsent() <= self.usable();
        len > 0 && (len >= self.peer_mss || quiet && (all || len >= self.outbox.largest.div_ceil(2)))
    }

    /// Sends the next so many bytes of the queue, and the FIN behind the last.
    pub(super) fn send_next(&mut self, len: u32) {
        let Some(send) = self.facts.send_side() else { return };
        let last = len == self.unsent();
        let fin = self.fin_waits() && last && (self.usable() > len || len == 0);
        let text = self.outbox.copy(self.sent(), len);
        let mut flags = Flags::ACK;
        flags = if len > 0 && last { flags.with(Flags::PSH) } else { flags };
        flags = if fin { flags.with(Flags::FIN) } else { flags };
        self.clocks.time(send.nxt.wrapping_add(len + u32::from(fin)), self.now);
        self.depart_with(flags, send.nxt, text);
    }

    /// The front of the retransmission queue, once more.
    pub(super) fn resend(&mut self) {
        let Some(send) = self.facts.send_side().filter(|send| send.una != send.nxt) else { return };
        self.clocks.untime();
        if send.una == send.iss {
            let flags = if self.facts.rcv_nxt().is_some() { Flags::SYN.with(Flags::ACK) } else { Flags::SYN };
            self.depart_with(flags, send.iss, Bytes::new());
            return;
        }
        let len = self.sent().min(self.peer_mss);
        let whole = len == self.sent();
        let mut flags = Flags::ACK;
        flags = if len > 0 && len == self.outbox.size() { flags.with(Flags::PSH) } else { flags };
        flags = if whole && send.fin.is_some() { flags.with(Flags::FIN) } else { flags };
        let text = self.outbox.copy(0, len);
        self.depart_with(flags, send.una, text);
    }

    /// A probe of a window that is zero: one byte, or the FIN if no text is left (3.8.6.1).
    pub(super) fn probe_window(&mut self) {
        let Some(send) = self.facts.send_side() else { return };
        self.clocks.untime();
        if send.una == send.nxt {
            self.outbox.probed = Some(send.una);
        }
        let fin = self.outbox.is_empty();
        let flags = if fin { Flags::ACK.with(Flags::FIN) } else { Flags::ACK };
        self.depart_with(flags, send.una, self.outbox.copy(0, 1));
    }

    /// Text that was not worth a segment has waited long enough.
    pub(super) fn send_anyway(&mut self) {
        let len = self.unsent().min(self.usable()).min(self.peer_mss);
        if len > 0 {
            self.send_next(len);
        }
    }

    /// A segment without text: `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`.
    pub(super) fn send_ack(&mut self) {
        if let Some(seq) = self.snd_nxt() {
            self.depart_with(Flags::ACK, seq, Bytes::new());
        }
    }

    /// SND.NXT for what takes no room. A probe beyond the window does not count: with its number, no segment would be
    /// acceptable to a peer without room.
    pub(super) fn snd_nxt(&self) -> Option<u32> {
        let send = self.facts.send_side()?;
        Some(self.outbox.probed.filter(|&probed| probed == send.una).unwrap_or(send.nxt))
    }

    /// A keep-alive probe (3.8.4): `<SEQ=SND.NXT-1><ACK=RCV.NXT><CTL=ACK>`.
    pub fn probe(&mut self) {
        if let Some(send) = self.facts.send_side().filter(|_| self.synchronized()) {
            self.depart_with(Flags::ACK, send.nxt.wrapping_sub(1), Bytes::new());
            self.clocks.rang = Some(super::Clock::KeepAlive);
        }
    }

    /// A segment of this connection departs: acknowledgment, window, and the MSS with a SYN.
    pub(super) fn depart_with(&mut self, flags: Flags, seq: u32, text: Bytes) {
        let mut segment = Segment { seq, flags, len: u32::try_from(text.len()).unwrap_or(0), ..Segment::default() };
        if flags.has(Flags::SYN) {
            segment.mss = Some(self.settings.mss);
            segment.window = self.inbox.first_window();
        }
        // A SYN,ACK departs before the control block knows RCV.NXT.
        let rcv_nxt = if flags.has(Flags::SYN) { Some(self.inbox.next) } else { self.facts.rcv_nxt() };
        if let Some(rcv_nxt) = rcv_nxt.filter(|_| flags.has(Flags::ACK)) {
            segment.ack = rcv_nxt;
            segment.window = self.inbox.advertise(rcv_nxt, u32::from(self.settings.mss));
            self.ack_owed = false;
        }
        self.facts.sent(&segment.control());
        self.departures.push_back(Departure { segment, text });
    }

    /// A segment that is of no connection departs.
    pub(super) fn depart_plain(&mut self, segment: Segment) {
        self.departures.push_back(Departure { segment, text: Bytes::new() });
    }
}
