//! A model peer: one end of a TCP connection that RFC 9293's table runs.
//!
//! - Sans-IO: calls, arrivals and the time go in; segments, edges and rung clocks come out. It knows neither addresses nor
//!   devices.
//! - **The machine decides.** Every call, arrival and timeout is an [`Input`], every change of state is
//!   [`Running::step`]'s, and what the machine says is performed in one match without wildcard (`perform`). A segment is
//!   what [`Facts`] says it is.
//! - What the table leaves to the one who performs it is here: numbers and windows (3.4, 3.8.6), both sides' silly window
//!   syndrome avoidance (3.8.6.2), MSS (3.7.1), retransmission with R2 (3.8.1, 3.8.3; RFC 6298), zero-window probes
//!   (3.8.6.1), user timeout and 2MSL (3.10.8), throttled challenge ACKs (RFC 5961, 7). Every segment is acknowledged at
//!   once. There is no congestion control, no window scaling, no SACK; an urgent pointer is taken and tells nobody.
//!
//! RFC 9293; RFC 6298 (retransmission timer), RFC 5961 (challenge ACKs), RFC 6191 (TIME-WAIT reopened, by numbers alone),
//! RFC 6528 (initial sequence numbers).

mod arrivals;
mod clocks;
mod perform;
mod receiving;
mod sending;
mod settings;
#[cfg(test)]
mod tests;

pub use clocks::Clock;
pub use settings::{Settings, Until};

use crate::base::{Span, Time};
use crate::machine::{Edge, Running, Step};
use crate::packet::Segment;
use crate::tcp::{Facts, Input, Output, Refusal, State, Tcp};
use bytes::Bytes;
use clocks::Clocks;
use receiving::Inbox;
use sending::Outbox;
use std::collections::VecDeque;

/// A segment that the peer sends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Departure {
    /// Its header.
    pub segment: Segment,
    /// Its text.
    pub text: Bytes,
}

/// What the user is told of a connection's end (3.9.1.7 and the calls' descriptions).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// "connection closing".
    Closing,
    /// "connection reset".
    Reset,
    /// "connection refused".
    Refused,
    /// "connection aborted due to user timeout".
    Timeout,
}

/// One end of a connection.
#[derive(Debug)]
pub struct Peer {
    settings: Settings,
    machine: Running<Tcp>,
    facts: Facts,
    now: Time,
    /// Largest segment that the other end takes (3.7.1).
    peer_mss: u32,
    outbox: Outbox,
    inbox: Inbox,
    clocks: Clocks,
    /// An acknowledgment is owed.
    ack_owed: bool,
    /// CLOSE was said in SYN-RECEIVED with text queued: it waits until the connection is open (3.10.4).
    close_waits: bool,
    /// Challenge ACKs sent since this time.
    challenges: (Time, u32),
    departures: VecDeque<Departure>,
    edges: Vec<Edge<Tcp>>,
    signal: Option<Signal>,
}

type Said = Step<State, Output, Refusal>;

impl Peer {
    /// A connection that is CLOSED.
    pub fn new(settings: Settings) -> Self {
        Peer {
            machine: Running::new(),
            facts: Facts::new(settings.rfc793),
            now: Time::ZERO,
            peer_mss: settings.default_mss,
            outbox: Outbox::default(),
            inbox: Inbox::new(settings.rcvbuf),
            clocks: Clocks::default(),
            ack_owed: false,
            close_waits: false,
            challenges: (Time::ZERO, 0),
            departures: VecDeque::new(),
            edges: Vec::new(),
            signal: None,
            settings,
        }
    }

    /// Its state.
    pub const fn state(&self) -> State {
        self.machine.state()
    }

    /// The OPEN call, passive (3.9.1.1).
    ///
    /// # Errors
    /// "connection already exists".
    pub fn open_passive(&mut self, now: Time) -> Result<(), Refusal> {
        self.call(Input::OpenPassive, now)
    }

    /// The OPEN call, active: a SYN departs.
    ///
    /// # Errors
    /// "connection already exists".
    pub fn open_active(&mut self, now: Time) -> Result<(), Refusal> {
        self.call(Input::OpenActive, now)
    }

    /// The SEND call (3.9.1.2), pushed: as much as there is room for; how much that was. In LISTEN it opens actively.
    ///
    /// # Errors
    /// "connection does not exist", "connection closing".
    pub fn send(&mut self, data: &[u8], now: Time) -> Result<usize, Refusal> {
        let room = self.settings.sndbuf.saturating_sub(self.outbox.len()).min(data.len());
        if let Step::Reject(refusal, _) = self.machine.peek(Input::Send).step {
            self.call(Input::Send, now)?;
            return Err(refusal);
        }
        self.outbox.push(&data[..room]);
        self.call(Input::Send, now)?;
        Ok(room)
    }

    /// The RECEIVE call (3.9.1.3): at most `max` bytes of what has come, maybe none.
    ///
    /// # Errors
    /// "connection does not exist", "connection closing".
    pub fn receive(&mut self, max: usize, now: Time) -> Result<Bytes, Refusal> {
        self.call(Input::Receive, now)?;
        Ok(self.take_delivered(max, now))
    }

    /// Takes text that has been delivered, without a call: it is the user's, whatever became of the connection.
    pub fn take_delivered(&mut self, max: usize, now: Time) -> Bytes {
        let data = self.inbox.take(max);
        self.now = now;
        self.settle();
        data
    }

    /// The CLOSE call (3.9.1.4): a FIN after what is queued.
    ///
    /// # Errors
    /// "connection does not exist", "connection closing".
    pub fn close(&mut self, now: Time) -> Result<(), Refusal> {
        if self.half_open() && !self.outbox.is_empty() && !self.close_waits {
            self.close_waits = true;
            return Ok(());
        }
        self.call(Input::Close, now)
    }

    /// The ABORT call (3.9.1.6).
    ///
    /// # Errors
    /// "connection does not exist".
    pub fn abort(&mut self, now: Time) -> Result<(), Refusal> {
        self.call(Input::Abort, now)
    }

    /// The STATUS call (3.9.1.5): the state.
    ///
    /// # Errors
    /// "connection does not exist".
    pub fn status(&mut self, now: Time) -> Result<State, Refusal> {
        self.call(Input::Status, now)?;
        Ok(self.state())
    }

    /// The user gives up at this time unless that has come about before (the TIMEOUT of OPEN and SEND).
    pub fn allow(&mut self, span: Span, until: Until, now: Time) {
        self.clocks.allowed = Some((now + span, until));
        self.now = now;
        self.settle();
    }

    /// The time that the user allowed has passed (3.10.8).
    pub fn user_timeout(&mut self, now: Time) {
        let _ = self.call(Input::UserTimeout, now);
    }

    /// Changes what may change while it lives: Nagle's algorithm, and the user timeout.
    pub fn configure(&mut self, nagle: bool, user_timeout: Option<Span>) {
        self.settings.nagle = nagle;
        self.settings.user_timeout = user_timeout;
    }

    /// The next segment that it sends.
    pub fn depart(&mut self) -> Option<Departure> {
        self.departures.pop_front()
    }

    /// Whether a segment waits to depart.
    pub fn has_departures(&self) -> bool {
        !self.departures.is_empty()
    }

    /// The edges taken since the last look, in order: those that changed the state, had something performed, or refused.
    pub fn edges(&mut self) -> Vec<Edge<Tcp>> {
        core::mem::take(&mut self.edges)
    }

    /// What the user was told last.
    pub const fn signal(&self) -> Option<Signal> {
        self.signal
    }

    /// Bytes delivered and not yet taken by the user.
    pub fn readable(&self) -> usize {
        self.inbox.readable()
    }

    /// Bytes that the user has sent and the other end has not acknowledged.
    pub fn send_queue(&self) -> usize {
        self.outbox.len()
    }

    /// Room for bytes to send.
    pub fn room(&self) -> usize {
        self.settings.sndbuf.saturating_sub(self.outbox.len())
    }

    /// Our SYN or FIN, or text, is out and not acknowledged.
    pub fn awaits_answer(&self) -> bool {
        self.outstanding() || !self.outbox.is_empty()
    }

    fn call(&mut self, input: Input, now: Time) -> Result<(), Refusal> {
        self.now = now;
        let said = self.step(input, None);
        self.settle();
        match said {
            Step::Reject(refusal, _) => Err(refusal),
            Step::Go(..) | Step::Never => Ok(()),
        }
    }

    /// The machine takes an input, and what it says is performed. Without a connection there is no control block.
    fn step(&mut self, input: Input, on: Option<&Segment>) -> Said {
        let edge = self.machine.step(input, &mut |_| {});
        let said = edge.step;
        if let Step::Go(to, outputs, _) = said {
            for &output in outputs {
                self.perform(output, on);
            }
            if edge.from != to && rests(to) {
                self.forget();
            }
        }
        let silent = match said {
            Step::Go(to, outputs, _) => to == edge.from && outputs.is_empty(),
            Step::Reject(..) => false,
            Step::Never => true,
        };
        if !silent {
            self.edges.push(edge);
        }
        said
    }

    /// The variables of the control block are void. What was delivered is the user's, and what was sent is on its way.
    fn forget(&mut self) {
        self.facts = Facts::new(self.settings.rfc793);
        self.peer_mss = self.settings.default_mss;
        self.outbox = Outbox::default();
        self.inbox.restart(0);
        self.clocks.stop();
        self.ack_owed = false;
        self.close_waits = false;
    }

    /// After anything has happened: what waited for it is done.
    fn settle(&mut self) {
        if self.close_waits && self.synchronized() {
            self.close_waits = false;
            self.step(Input::Close, None);
        }
        self.segmentize();
        if self.facts.send_side().is_some() && (self.ack_owed || self.owes_window()) {
            self.send_ack();
        }
        self.ack_owed = false;
        self.set_clocks();
    }
}

/// The clock of initial sequence numbers: one step in four microseconds (3.4.1).
pub const fn isn_clock(now: Time) -> u32 {
    (now.0 / 4_000) as u32
}

/// In these states there is no connection.
const fn rests(state: State) -> bool {
    matches!(state, State::Closed | State::Listen)
}
