//! What is going to happen.

use crate::base::{ActorId, NodeId, Time};
use crate::net::{Frame, TcpId, UdpId};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// One thing that will happen.
#[derive(Debug)]
pub(super) enum Event {
    /// A link changes.
    Link { link: usize, up: bool },
    /// A frame reaches a node by a link.
    Arrive { link: usize, direction: usize, frame: Box<Frame> },
    /// A frame reaches its own host by loopback.
    Loop { node: NodeId, frame: Box<Frame> },
    /// A connection's end has something to do.
    Tcp { node: NodeId, id: TcpId, boot: u32 },
    /// A datagram socket has something to do.
    Udp { node: NodeId, id: UdpId, boot: u32 },
    /// A program's deadline.
    Program { actor: ActorId, generation: u32 },
}

/// The rank of alarms.
const ALARM: u8 = 2;

impl Event {
    /// Among events of one instant: changes of the network first, then what arrives, then timers, then programs.
    fn rank(&self) -> u8 {
        match self {
            Event::Link { .. } => 0,
            Event::Arrive { .. } | Event::Loop { .. } => 1,
            Event::Tcp { .. } | Event::Udp { .. } => ALARM,
            Event::Program { .. } => 3,
        }
    }
}

#[derive(Debug)]
struct Entry {
    at: Time,
    rank: u8,
    sequence: u64,
    event: Event,
}

impl Entry {
    fn key(&self) -> (Time, u8, u64) {
        (self.at, self.rank, self.sequence)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// The earliest is the greatest: the heap gives the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

/// The event queue. Alarms are many, and mostly late: they have a heap of their own, through which nothing else sinks.
#[derive(Debug, Default)]
pub(super) struct Queue {
    alarms: BinaryHeap<Entry>,
    others: BinaryHeap<Entry>,
    sequence: u64,
}

impl Queue {
    pub(super) fn push(&mut self, at: Time, event: Event) {
        let entry = Entry { at, rank: event.rank(), sequence: self.sequence, event };
        self.sequence += 1;
        match entry.rank {
            ALARM => self.alarms.push(entry),
            _ => self.others.push(entry),
        }
    }

    /// Whether the next thing is an alarm. (`None` is less than any entry.)
    fn alarm_is_next(&self) -> bool {
        self.alarms.peek() > self.others.peek()
    }

    pub(super) fn next_time(&self) -> Option<Time> {
        self.peek().map(|(at, _)| at)
    }

    pub(super) fn peek(&self) -> Option<(Time, &Event)> {
        let next = if self.alarm_is_next() { &self.alarms } else { &self.others };
        next.peek().map(|entry| (entry.at, &entry.event))
    }

    pub(super) fn pop(&mut self) -> Option<(Time, Event)> {
        let next = if self.alarm_is_next() { &mut self.alarms } else { &mut self.others };
        next.pop().map(|entry| (entry.at, entry.event))
    }
}
