//! Segments in the language: the keys of `inject`, `segment` and `await`.

use super::leaf::Words;
use super::leaf::{Bool, Leaf, List, OneOf, Whole, report};
use super::model::SeqPart;
use super::table::table;
use super::units::Bad;
use super::value::{Kind, Value};
use super::words::{Bits, Hex};
use crate::scenario::diagnostic::{Errors, quoted};
use serde_json::{Value as Json, json};

/// So far on either side of an initial sequence number.
const FAR: i64 = 0xffff_ffff;

table! {
    /// A TCP segment. For `segment` and `await` its numbers are relative, as the trace has them: 0 is the SYN, 1 the first
    /// byte of text. For `inject` they are absolute. What `await` does not say may be anything.
    struct SegmentTable is "segment" like "{ flags = \"SYN,ACK\", ack = 1 }" {
        /// Its control bits. Where a segment is awaited, PSH counts only if it is named.
        "flags" flags: Bits;
        /// Its sequence numbers: the first one, or all of them as the trace writes it, `"[1,79)"`, or `"[1)"` for none. They
        /// are relative to the connection, as in the trace: 0 is the SYN, 1 the first byte of text; for `inject` they are
        /// absolute. Without them, `segment` goes on after the highest sent, and `inject` has 0.
        "seq" seq: SeqNumbers;
        /// Its acknowledgment number: relative, but absolute where the other end's SYN has not been seen, and for `inject`.
        /// Without one, `segment` acknowledges the highest that came, and `inject` has 0.
        "ack" ack: Whole<{ -FAR }, FAR>;
        /// Its window in bytes: as it stands in the header where one is sent, scaled where one is awaited. Without it, 65535
        /// is sent, by `segment` with RST 0.
        "window" window: Whole<0, 1_073_725_440>;
        /// Its urgent pointer.
        "urgent" urgent: Whole<0, 65_535>;
        /// Option: maximum segment size.
        "mss" mss: Whole<0, 65_535>;
        /// Option: window scale, the shift.
        "scale" scale: Whole<0, 255>;
        /// Option: SACK permitted.
        "sack-ok" sack_ok: Bool;
        /// Option: a SACK block, `"[513,1025)"`.
        "sack" sack: SeqNumbers;
        /// Option: timestamps, value and echo.
        "timestamps" timestamps: List<Whole<0, 4_294_967_295>>;
        /// Its options as they stand in the header, right or wrong, in place of those above: at most 40 bytes, padded with
        /// zeros to a multiple of four.
        "options" options: Hex;
        /// A bad one is wrong by some bits.
        "checksum" checksum: OneOf<Checksum> = "\"good\"";
    }
}

/// Whether a checksum is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Checksum {
    /// Right.
    Good,
    /// Wrong.
    Bad,
}

impl Words for Checksum {
    const WHAT: &'static str = "checksum";
    const ALL: &'static [(&'static str, Checksum)] = &[("good", Checksum::Good), ("bad", Checksum::Bad)];
}

/// Sequence numbers as the trace writes them, or the first one alone.
pub(crate) struct SeqNumbers;

impl Leaf for SeqNumbers {
    type Out = SeqPart;
    fn decode(value: &Value, errors: &mut Errors) -> Option<SeqPart> {
        match &value.kind {
            Kind::Int(number) => {
                let first = i64::try_from(*number).ok().filter(|number| (-FAR..=FAR).contains(number));
                report(
                    first.map(|start| SeqPart { start, stop: None }).ok_or_else(|| bad(&number.to_string())),
                    &value.place,
                    errors,
                )
            }
            Kind::Text(text) => report(numbers(text), &value.place, errors),
            _ => {
                value.mismatch(errors, "a sequence number or a range of them", "1 or \"[1,79)\"");
                None
            }
        }
    }
    fn words() -> String {
        "sequence numbers".to_owned()
    }
    fn example() -> String {
        "\"[1,79)\"".to_owned()
    }
    fn schema() -> Json {
        json!({ "anyOf": [{ "type": "integer", "minimum": -FAR, "maximum": FAR }, { "type": "string", "examples": ["[1,79)", "[1)"] }] })
    }
}

fn bad(text: &str) -> Bad {
    Bad::new(
        format!("{} are no sequence numbers", quoted(text)),
        "the first one, or as the trace writes it: \"[1,79)\" is from 1 up to, not including, 79; \"[1)\" is none, at 1",
    )
}

fn numbers(text: &str) -> Result<SeqPart, Bad> {
    let number = |text: &str| text.trim().parse::<i64>().ok().filter(|number| (-FAR..=FAR).contains(number));
    let inner = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(')'));
    let part = inner.and_then(|inner| match inner.split_once(',') {
        Some((start, stop)) => Some(SeqPart { start: number(start)?, stop: Some(number(stop)?) }),
        None => number(inner).map(|start| SeqPart { start, stop: Some(start) }),
    });
    part.filter(|part| part.stop.is_none_or(|stop| stop >= part.start)).ok_or_else(|| bad(text))
}

/// How sequence numbers are written.
pub(crate) fn seq_text(part: SeqPart) -> String {
    match part.stop {
        None => part.start.to_string(),
        Some(stop) if stop == part.start => format!("\"[{stop})\""),
        Some(stop) => format!("\"[{},{stop})\"", part.start),
    }
}
