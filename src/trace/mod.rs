//! What a run did, as typed records. Everything that people look at is a view of these.
//!
//! Records go into a [`Sink`] as they happen. Each has time, node, and *cause*: the record that led to it; only what a
//! run starts with (the scenario's steps, the first events) has none.

mod header;
mod record;
mod sink;

pub use header::{ActorInfo, FORMAT, Header, LinkInfo, NodeInfo, NodeKind};
pub use record::{
    Call, CallName, DropWhy, Edge, End, Ending, Fault, LinkChange, Name, Outcome, Record, Subject, TimerKind, What,
};
pub use sink::{Discard, Sink, Tape, Trace};
