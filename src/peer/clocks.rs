//! The timers: retransmission (RFC 6298) with R2 (3.8.3), persist, user timeout, 2MSL.

use super::sending::OVERRIDE;
use super::{Peer, Until};
use crate::base::{Span, Time};
use crate::tcp::Input;

/// A timer of a peer's that rang.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// Retransmission, or its threshold R2.
    Retransmission,
    /// A zero window is probed.
    Persist,
    /// Text that was not worth a segment is sent all the same.
    Override,
    /// A keep-alive probe was asked for.
    KeepAlive,
    /// 2MSL.
    TimeWait,
    /// The user's patience.
    UserTimeout,
}

/// When timers ring, and what the retransmission timer has learnt.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    retransmission: Option<Time>,
    persist: Option<Time>,
    override_at: Option<Time>,
    pub(super) time_wait: Option<Time>,
    pub(super) allowed: Option<(Time, Until)>,
    /// Since when something is unacknowledged with no progress: for R2.
    stuck: Option<Time>,
    /// The same for the user timeout, which a peer without room puts off too.
    waiting: Option<Time>,
    /// RTO as backed off; `None` before the first measurement.
    rto: Option<Span>,
    /// SRTT and RTTVAR.
    smoothed: Option<(Span, Span)>,
    /// What is being timed: the number that acknowledges it, and since when (one segment at a time, never a repeat: Karn).
    timed: Option<(u32, Time)>,
    /// Our SYN was sent more than once.
    pub(super) syn_repeated: bool,
    /// Everything before this number was sent before the last timeout: what of it is not acknowledged is sent again.
    pub(super) recover: Option<u32>,
    /// How often the window was probed in a row.
    probes: u32,
    pub(super) rang: Option<Clock>,
}

const FIRST_RTO: Span = Span::secs(1);
const SMALLEST_RTO: Span = Span::secs(1);
const LARGEST_RTO: Span = Span::secs(60);
/// After a SYN that had to be repeated (RFC 6298, 5.7).
const RTO_AFTER_SYN: Span = Span::secs(3);

impl Clocks {
    /// All stand still, and what they have learnt is void.
    pub(super) fn stop(&mut self) {
        *self = Clocks { rang: self.rang, ..Clocks::default() };
    }

    /// The connection goes on to something new: the user's time goes on with it.
    pub(super) fn stop_but_patience(&mut self) {
        *self = Clocks { rang: self.rang, allowed: self.allowed, ..Clocks::default() };
    }

    fn rto(&self) -> Span {
        self.rto.unwrap_or(FIRST_RTO)
    }

    /// This segment is timed, unless another is.
    pub(super) fn time(&mut self, up_to: u32, now: Time) {
        self.timed.get_or_insert((up_to, now));
    }

    /// A repeat is not to be measured.
    pub(super) fn untime(&mut self) {
        self.timed = None;
    }

    /// RFC 6298, 2: a measurement.
    fn measure(&mut self, rtt: Span) {
        let (srtt, rttvar) = match self.smoothed {
            None => (rtt.0, rtt.0 / 2),
            Some((srtt, var)) => ((7 * srtt.0 + rtt.0) / 8, (3 * var.0 + srtt.0.abs_diff(rtt.0)) / 4),
        };
        self.smoothed = Some((Span(srtt), Span(rttvar)));
        self.rto = Some(Span(srtt.saturating_add(4 * rttvar)).clamp(SMALLEST_RTO, LARGEST_RTO));
    }

    /// What was sent before this number is acknowledged.
    pub(super) fn acknowledged(&mut self, una: u32, outstanding: bool, now: Time) {
        if let Some((_, since)) = self.timed.filter(|(up_to, _)| una.wrapping_sub(*up_to) < 1 << 31) {
            self.timed = None;
            self.measure(now.since(since));
        }
        if core::mem::take(&mut self.syn_repeated) {
            self.rto = Some(RTO_AFTER_SYN);
        }
        // RFC 6298, 5.2 and 5.3.
        self.retransmission = outstanding.then(|| now + self.rto());
        self.stuck = outstanding.then_some(now);
        self.waiting = None;
        self.recover = self.recover.filter(|&up_to| up_to != una && up_to.wrapping_sub(una) < 1 << 31);
    }

    fn back_off(&mut self, now: Time) {
        self.rto = Some(Span(self.rto().0.saturating_mul(2)).clamp(SMALLEST_RTO, LARGEST_RTO));
        self.retransmission = Some(now + self.rto());
    }

    fn next(&self) -> Option<(Time, Clock)> {
        [
            (self.time_wait, Clock::TimeWait),
            (self.retransmission, Clock::Retransmission),
            (self.persist, Clock::Persist),
            (self.override_at, Clock::Override),
        ]
        .into_iter()
        .filter_map(|(at, clock)| Some((at?, clock)))
        .min_by_key(|(at, _)| *at)
    }
}

impl Peer {
    /// When it next has something to do by itself.
    pub fn due(&self) -> Option<Time> {
        [self.clocks.next().map(|(at, _)| at), self.patience()].into_iter().flatten().min()
    }

    /// Until when the user waits.
    fn patience(&self) -> Option<Time> {
        let unanswered = self.clocks.waiting.and_then(|since| Some(since + self.settings.user_timeout?));
        [self.clocks.allowed.map(|(at, _)| at), unanswered].into_iter().flatten().min()
    }

    /// The clock that rang last, if it has not been asked for.
    pub fn rang(&mut self) -> Option<Clock> {
        self.clocks.rang.take()
    }

    /// Time has come: the first timer that is due rings.
    pub fn ring(&mut self, now: Time) {
        self.now = now;
        if self.patience().is_some_and(|at| at <= now) {
            self.clocks.rang = Some(Clock::UserTimeout);
            self.clocks.allowed = None;
            self.user_timeout(now);
            return;
        }
        let Some((_, clock)) = self.clocks.next().filter(|(at, _)| *at <= now) else { return };
        self.clocks.rang = Some(clock);
        match clock {
            Clock::TimeWait => {
                self.clocks.time_wait = None;
                self.step(Input::TimeWaitTimeout, None);
            }
            Clock::Retransmission => self.retransmission_timeout(),
            Clock::Persist => self.persist_timeout(),
            Clock::Override => {
                self.clocks.override_at = None;
                self.send_anyway();
            }
            Clock::KeepAlive | Clock::UserTimeout => {}
        }
        self.settle();
    }

    /// 3.8.3: the same segment again, until it has been tried for so long as R2 says.
    fn retransmission_timeout(&mut self) {
        let Some(send) = self.facts.send_side() else { return };
        let syn = send.una == send.iss;
        let r2 = if syn { self.settings.r2_syn } else { self.settings.r2 };
        let tried = self.clocks.stuck.map_or(Span::ZERO, |since| self.now.since(since));
        if tried >= r2 {
            self.step(Input::R2Exceeded, None);
            return;
        }
        self.clocks.syn_repeated |= syn;
        self.clocks.recover = Some(send.nxt);
        self.clocks.back_off(self.now);
        self.step(Input::Retransmission, None);
    }

    fn persist_timeout(&mut self) {
        self.clocks.probes = self.clocks.probes.saturating_add(1);
        self.clocks.persist = None;
        self.probe_window();
    }

    /// Sets each timer as what is under way demands.
    pub(super) fn set_clocks(&mut self) {
        let now = self.now;
        let outstanding = self.outstanding();
        let shut = self.shut();
        let clocks = &mut self.clocks;
        if shut {
            clocks.retransmission = None;
            clocks.stuck = None;
            let wait = Span(clocks.rto().0.saturating_mul(1 << clocks.probes.min(6))).clamp(SMALLEST_RTO, LARGEST_RTO);
            clocks.persist.get_or_insert(now + wait);
        } else {
            clocks.persist = None;
            clocks.probes = 0;
            self.outbox.probed = None;
            if outstanding {
                let at = now + clocks.rto();
                clocks.retransmission.get_or_insert(at);
                clocks.stuck.get_or_insert(now);
            } else {
                clocks.retransmission = None;
                clocks.stuck = None;
            }
        }
        let small = !outstanding && !shut && self.unsent() > 0 && self.synchronized() && self.usable() > 0;
        self.clocks.override_at = small.then(|| self.clocks.override_at.unwrap_or(now + OVERRIDE));
        self.set_patience();
    }

    fn set_patience(&mut self) {
        let waits = self.facts.send_side().is_some() && self.awaits_answer();
        self.clocks.waiting = waits.then(|| self.clocks.waiting.unwrap_or(self.now));
        let done = match self.clocks.allowed {
            Some((_, Until::Open)) => self.synchronized(),
            Some((_, Until::Sent)) => self.synchronized() && !self.awaits_answer(),
            Some((_, Until::Received)) => self.readable() > 0 || self.facts.fin_received(),
            Some((_, Until::Closed)) | None => false,
        };
        if done {
            self.clocks.allowed = None;
        }
    }

    /// The peer has answered without taking anything: it is there (3.8.6.1).
    pub(super) fn answered(&mut self) {
        self.clocks.waiting = None;
    }
}
