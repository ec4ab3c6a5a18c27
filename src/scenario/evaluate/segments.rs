//! What an awaited segment is, against what was expected of it; both are told as the trace writes them.

use super::Run;
use super::difference::quoted;
use crate::base::Span;
use crate::packet::{Flags, Segment};
use crate::scenario::model::{Program, SegmentParts, SeqPart, Step, Want};
use crate::trace::{Outcome, Record, Relative, Shown, segment_text};
use core::fmt::Write;

/// The numbers of the run's segments, if any step awaits one.
pub(super) fn numbers(run: &Run<'_>) -> Relative {
    let awaits = |step: &Step| matches!(step.want, Want::Segment(_) | Want::Silence);
    let any = run.scenario.actors.iter().any(|actor| match &actor.program {
        Program::Script(steps) => steps.iter().any(awaits),
        Program::Serve(_) => false,
    });
    if any { Relative::new(run.records) } else { Relative::default() }
}

/// The segment that a step took, and its text.
pub(super) struct Came<'r> {
    segment: &'r Segment,
    shown: &'r Shown,
    text: &'r [u8],
}

impl<'r> Came<'r> {
    /// The segment that an outcome names.
    pub(super) fn of(outcome: &'r Outcome, records: &'r [Record], relative: &'r Relative) -> Option<Came<'r>> {
        let Outcome::Segment(arrival, text) = outcome else { return None };
        let (_, packet) = records.get(arrival.index())?.what.packet()?;
        Some(Came { segment: packet.tcp()?, shown: relative.get(*arrival)?, text: &text.0 })
    }

    /// As the trace writes it; its text too, if that is looked at.
    pub(super) fn told(&self, with_text: bool) -> String {
        let mut told = segment_text(self.segment, self.shown);
        if with_text {
            let _ = write!(told, " {}", quoted(self.text));
        }
        told
    }

    /// Whether it is as expected.
    pub(super) fn is(&self, wanted: &SegmentParts) -> bool {
        let Came { segment, shown, text } = self;
        let seq = |part: SeqPart| part.start == shown.start && part.stop.is_none_or(|stop| stop == shown.stop);
        let flags = |flags: Flags| {
            let unasked = if flags.has(Flags::PSH) { Flags::default() } else { Flags::PSH };
            segment.flags.without(unasked) == flags
        };
        wanted.flags.is_none_or(flags)
            && wanted.seq.is_none_or(seq)
            && wanted.ack.is_none_or(|ack| shown.ack == Some(ack))
            && wanted.window.is_none_or(|window| shown.window == window)
            && wanted.urgent.is_none_or(|urgent| segment.urgent == urgent)
            && (wanted.mss.is_none() || wanted.mss == segment.mss)
            && (wanted.scale.is_none() || wanted.scale == segment.scale)
            && wanted.sack_permitted.is_none_or(|permitted| permitted == segment.sack_permitted)
            && (wanted.sack.is_none() || wanted.sack == shown.sack)
            && (wanted.timestamps.is_none() || wanted.timestamps == segment.timestamps)
            && wanted.data.as_ref().is_none_or(|data| data.0[..] == **text)
    }
}

/// What is expected, as the trace would write it.
pub(super) fn wanted(parts: &SegmentParts) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(parts.seq.map(|part| match part.stop {
        Some(stop) if stop == part.start => format!("[{stop})"),
        Some(stop) => format!("[{},{stop})", part.start),
        None => format!("[{},...)", part.start),
    }));
    words.extend(parts.flags.map(|flags| flags.to_string()));
    words.extend(parts.ack.map(|ack| format!("ack={ack}")));
    words.extend(parts.window.map(|window| format!("win={window}")));
    words.extend(parts.mss.map(|mss| format!("mss={mss}")));
    words.extend(parts.scale.map(|scale| format!("scale={scale}")));
    words.extend(parts.sack_permitted.map(|permitted| if permitted { "sack-ok" } else { "no sack-ok" }.to_owned()));
    words.extend(parts.sack.map(|(left, right)| format!("sack=[{left},{right})")));
    words.extend(parts.timestamps.map(|(value, echo)| format!("ts={value}/{echo}")));
    words.extend(parts.urgent.map(|urgent| format!("urg={urgent}")));
    words.extend(parts.data.as_ref().map(|data| quoted(&data.0)));
    if words.is_empty() { "a segment".to_owned() } else { words.join(" ") }
}

/// That nothing came.
pub(super) fn nothing(within: Option<Span>) -> String {
    within.map_or_else(|| "nothing".to_owned(), |within| format!("nothing within {within} ms"))
}
