//! One end of a connection: how long it was in which state, and how long its buffers held something.

use super::figures::{Family, is_held};
use crate::base::Time;
use crate::tcp::State;
use std::collections::VecDeque;

/// Bytes that wait.
#[derive(Clone, Debug, Default)]
struct Level {
    max: u64,
    since: Option<Time>,
    held: u64,
}

impl Level {
    fn set(&mut self, bytes: u64, at: Time) {
        self.max = self.max.max(bytes);
        match (self.since, bytes) {
            (Some(since), 0) => {
                self.held = self.held.saturating_add(at.since(since).0);
                self.since = None;
            }
            (None, 1..) => self.since = Some(at),
            _ => {}
        }
    }
}

/// One end.
#[derive(Clone, Debug, Default)]
pub(super) struct EndWatch {
    state: Option<(State, Time)>,
    times: Vec<(State, u64)>,
    over: bool,
    /// It has been ESTABLISHED.
    pub(super) established: bool,
    /// Bytes that send() has taken, and those of them that are acknowledged.
    pub(super) given: u64,
    pub(super) acked: u64,
    /// Text that has arrived in order, and what of it recv() has given.
    pub(super) arrived: u64,
    pub(super) read: u64,
    /// Each send(): when it was called, and how many bytes had been sent after it.
    pub(super) sends: VecDeque<(Time, u64)>,
    pub(super) offered: u64,
    /// When the first byte of text left.
    pub(super) left: Option<Time>,
    /// When the last byte of text came.
    pub(super) came: Option<Time>,
    send: Level,
    recv: Level,
}

impl EndWatch {
    /// The state changed.
    pub(super) fn moved(&mut self, to: State, at: Time) {
        if let Some((state, since)) = self.state.replace((to, at)) {
            self.times.push((state, at.since(since).0));
        }
        self.established |= to == State::Established;
        if to == State::Closed {
            self.ended(at);
        }
    }

    /// The connection is gone here; no program reads or sends any more.
    pub(super) fn ended(&mut self, at: Time) {
        if let Some((state, since)) = self.state.take() {
            self.times.push((state, at.since(since).0));
        }
        self.send.set(0, at);
        self.recv.set(0, at);
        self.over = true;
    }

    /// What is in the buffers has changed.
    pub(super) fn weigh(&mut self, at: Time) {
        if !self.over {
            self.send.set(self.given.saturating_sub(self.acked), at);
            self.recv.set(self.arrived.saturating_sub(self.read), at);
        }
    }

    /// What it comes to.
    pub(super) fn samples(&self) -> Vec<(Family, u64)> {
        let mut samples = Vec::new();
        for &(state, span) in self.times.iter().filter(|(state, _)| is_held(*state)) {
            samples.extend([(Family::State(state), span), (Family::Socket, span)]);
        }
        let levels = [
            (&self.send, Family::SendBuffer, Family::SendBufferTime),
            (&self.recv, Family::RecvBuffer, Family::RecvBufferTime),
        ];
        for (level, most, time) in levels {
            samples.extend([(most, level.max), (time, level.held)]);
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_counts_while_it_holds_something() {
        let mut end = EndWatch::default();
        end.moved(State::SynSent, Time(10));
        end.moved(State::Established, Time(30));
        end.given = 5;
        end.weigh(Time(40));
        end.given = 9;
        end.weigh(Time(50));
        end.acked = 9;
        end.weigh(Time(60));
        end.arrived = 3;
        end.weigh(Time(70));
        end.moved(State::Closed, Time(100));
        end.arrived = 8;
        end.weigh(Time(200));
        end.ended(Time(300));
        let samples = end.samples();
        let of = |family| samples.iter().filter(|(it, _)| *it == family).map(|(_, value)| value).sum::<u64>();
        assert_eq!((of(Family::SendBuffer), of(Family::SendBufferTime)), (9, 20));
        assert_eq!((of(Family::RecvBuffer), of(Family::RecvBufferTime)), (3, 30));
        assert_eq!((of(Family::State(State::SynSent)), of(Family::Socket)), (20, 90));
    }
}
