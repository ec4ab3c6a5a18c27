//! What a run did, as typed records. Everything that people look at is a view of these.
//!
//! Records go into a [`Sink`] as they happen. Each has time, node, and *cause*: the record that led to it; only what a
//! run starts with (the scenario's steps, the first events) has none.
//!
//! The views of this room need nothing but a header and records: [`text()`] and [`path()`] for people, [`json()`] and
//! [`read_json`] for programs, [`pcapng()`] for Wireshark. [`Names`] and [`Relative`] give every other view the same
//! names and numbers. [`read_text`] and [`read_path`] take what was written for people back into its columns, for who
//! has no more of a run than that.

mod escape;
mod header;
mod json;
mod names;
mod path;
mod pcapng;
mod record;
mod relative;
mod sink;
mod text;
mod words;

pub use escape::{escape, pad, preview, turns_text, width, xml};
pub use words::layer_of;

pub use header::{ActorInfo, FORMAT, Header, LinkInfo, NodeInfo, NodeKind};
pub use json::{JsonError, JsonOptions, json, read_json};
pub use names::{ConnInfo, Names};
pub use path::{FEW_SUBJECTS, POWER, POWER_OFF, listed, path, path_among};
pub use pcapng::{has_frames, pcapng, pcapng_at};
pub use record::{
    Call, CallName, DropWhy, Edge, End, Ending, Fault, LinkChange, Name, Outcome, Record, Subject, TimerKind, What,
};
pub use relative::{Relative, Shown};
pub use sink::{Discard, Sink, Tape, Trace};
pub(crate) use text::segment_text;
pub use text::{Page, Row, TextOptions, read_path, read_text, shown, text, text_of};

#[cfg(test)]
mod tests;
