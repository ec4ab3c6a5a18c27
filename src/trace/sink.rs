//! Where records go.

use super::{End, Header, Record, TimerKind, What};
use crate::base::{ConnId, NodeId, RecordId, Time};

/// Takes records as they happen.
pub trait Sink {
    /// Takes the next record.
    fn record(&mut self, record: Record);
    /// Whether it looks at records at all; if not, the run makes none and is faster.
    fn wants(&self) -> bool {
        true
    }
}

/// Looks at nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Discard;

impl Sink for Discard {
    fn record(&mut self, _record: Record) {}
    fn wants(&self) -> bool {
        false
    }
}

impl Sink for Vec<Record> {
    fn record(&mut self, record: Record) {
        self.push(record);
    }
}

/// A whole run, kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    /// What its ids stand for.
    pub header: Header,
    /// What happened, in order.
    pub records: Vec<Record>,
}

/// Numbers the records on their way into a sink, and remembers what is happening now: the time and the cause that the
/// next records have.
pub struct Tape<'a> {
    sink: &'a mut dyn Sink,
    on: bool,
    next: u32,
    /// The present.
    pub now: Time,
    /// What the next records are caused by.
    pub cause: Option<RecordId>,
}

impl<'a> Tape<'a> {
    /// A tape that goes on at record `next`.
    pub fn new(sink: &'a mut dyn Sink, next: u32) -> Self {
        let on = sink.wants();
        Tape { sink, on, next, now: Time::ZERO, cause: None }
    }

    /// Whether anyone looks: if not, spare the making of records.
    pub const fn on(&self) -> bool {
        self.on
    }

    /// The number that the next record will have.
    pub const fn next(&self) -> u32 {
        self.next
    }

    /// Records what `what` makes, caused by the present cause; gives the record's number, if anyone looks.
    pub fn note(&mut self, node: NodeId, what: impl FnOnce() -> What) -> Option<RecordId> {
        if !self.on {
            return None;
        }
        let id = RecordId(self.next);
        self.next += 1;
        self.sink.record(Record { id, at: self.now, node, cause: self.cause, what: what() });
        Some(id)
    }

    /// Records that a timer fired which had run since then, when that record began it; what comes next is caused by it.
    pub fn expire(
        &mut self,
        node: NodeId,
        of: Option<(ConnId, End)>,
        timer: TimerKind,
        (since, began): (Time, Option<RecordId>),
    ) {
        self.cause = began.or(self.cause);
        let (after, conn, end) = (self.now.since(since), of.map(|of| of.0), of.map(|of| of.1));
        let noted = self.note(node, || What::Timer { conn, end, timer, after });
        self.cause = noted.or(self.cause);
    }
}
