//! What the machine says, done.

use super::sending::Outbox;
use super::{Peer, Signal};
use crate::base::Span;
use crate::packet::{Flags, Segment};
use crate::tcp::Output;
use bytes::Bytes;

/// So many challenge ACKs in so long a time (RFC 5961, 7).
const CHALLENGES: u32 = 10;
const CHALLENGE_TIME: Span = Span::secs(5);

impl Peer {
    /// Performs one output; `on` is the segment that it comes of, if any.
    pub(super) fn perform(&mut self, output: Output, on: Option<&Segment>) {
        match output {
            // The control block is made when the first number is chosen; buffers are there.
            Output::CreateTcb => self.signal = None,
            Output::SndSyn => self.send_syn(Flags::SYN),
            Output::SndSynAck => self.send_syn_ack(on),
            Output::SndAck => self.ack_owed = true,
            Output::ChallengeAck => self.challenge(),
            Output::SndFin => {
                self.facts.closed();
                self.outbox.fin = true;
            }
            Output::SndRst => self.send_rst(),
            Output::AnswerRst => self.answer_rst(on),
            Output::AnswerRstAck => self.answer_rst_ack(on),
            // Text is in the queue; it is segmentized after the step. SND.UNA is the facts', and the queue follows it.
            Output::SndText | Output::Queue | Output::TakeAck => {}
            Output::Resend => self.resend(),
            Output::Deliver => {
                if let Some(rcv_nxt) = self.facts.rcv_nxt() {
                    self.inbox.deliver(rcv_nxt);
                }
            }
            // Text out of order is held where it stands.
            // The state is the call's own return value.
            Output::Hold | Output::ReturnState => {}
            Output::SignalClosing => self.signal = Some(Signal::Closing),
            Output::SignalReset => self.signal = Some(Signal::Reset),
            Output::SignalRefused => self.signal = Some(Signal::Refused),
            Output::SignalTimeout => self.signal = Some(Signal::Timeout),
            Output::Flush => {
                self.outbox.flush();
                self.inbox.flush();
            }
            Output::StartTimeWait => {
                self.clocks.stop_but_patience();
                self.restart_time_wait();
            }
            Output::RestartTimeWait => self.restart_time_wait(),
            Output::DeleteTcb => self.forget(),
        }
    }

    fn restart_time_wait(&mut self) {
        self.clocks.time_wait = Some(self.now + self.settings.msl + self.settings.msl);
    }

    /// ISS from a clock (3.4.1; RFC 6528): beyond what an earlier incarnation of the connection has used.
    fn choose_iss(&mut self) -> u32 {
        if let Some(first) = self.settings.first_isn.take() {
            return first;
        }
        let clock = self.settings.isn.wrapping_add(super::isn_clock(self.now));
        match self.facts.send_side() {
            Some(old) if clock.wrapping_sub(old.nxt) >= 1 << 31 || clock == old.nxt => old.nxt.wrapping_add(1),
            Some(_) | None => clock,
        }
    }

    fn send_syn(&mut self, flags: Flags) {
        let iss = self.choose_iss();
        self.outbox.first = iss.wrapping_add(1);
        self.clocks.time(iss.wrapping_add(1), self.now);
        self.depart_with(flags, iss, Bytes::new());
    }

    /// Our own SYN stays what it was if it is out (simultaneous open); else it is chosen now. RCV.NXT <- SEG.SEQ+1.
    fn send_syn_ack(&mut self, on: Option<&Segment>) {
        let Some(syn) = on else { return };
        let first = syn.seq.wrapping_add(1);
        self.inbox.restart(first);
        let both = Flags::SYN.with(Flags::ACK);
        match self.facts.send_side() {
            Some(send) if send.una == send.iss => self.depart_with(both, send.iss, Bytes::new()),
            Some(_) | None => {
                let iss = self.choose_iss();
                self.clocks.stop_but_patience();
                self.outbox = Outbox::default();
                self.outbox.first = iss.wrapping_add(1);
                self.take_window(syn);
                self.clocks.time(iss.wrapping_add(1), self.now);
                self.depart_with(both, iss, Bytes::new());
            }
        }
    }

    fn challenge(&mut self) {
        let (since, count) = self.challenges;
        if self.now.since(since) >= CHALLENGE_TIME {
            self.challenges = (self.now, 1);
        } else if count < CHALLENGES {
            self.challenges = (since, count + 1);
        } else {
            return;
        }
        self.ack_owed = true;
    }

    fn send_rst(&mut self) {
        if let Some(seq) = self.snd_nxt() {
            self.depart_plain(Segment { seq, flags: Flags::RST, ..Segment::default() });
        }
    }

    fn answer_rst(&mut self, on: Option<&Segment>) {
        if let Some(on) = on {
            self.depart_plain(Segment { seq: on.ack, flags: Flags::RST, ..Segment::default() });
        }
    }

    fn answer_rst_ack(&mut self, on: Option<&Segment>) {
        if let Some(on) = on {
            let ack = on.seq.wrapping_add(on.seg_len());
            self.depart_plain(Segment { seq: 0, ack, flags: Flags::RST.with(Flags::ACK), ..Segment::default() });
        }
    }

    /// SND.UNA has moved: what is acknowledged leaves the queue, the timer starts anew, and what was sent before the last
    /// timeout and is still missing follows.
    pub(super) fn take_ack(&mut self) {
        let Some(send) = self.facts.send_side() else { return };
        self.outbox.acknowledged(send.una);
        self.clocks.acknowledged(send.una, self.outstanding(), self.now);
        if self.clocks.recover.is_some() && !self.shut() {
            self.resend();
        }
    }
}
