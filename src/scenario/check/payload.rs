//! Bytes that steps send and expect.

use super::Checker;
use crate::base::{Payload, pattern};
use crate::scenario::diagnostic::{Place, thousands};
use crate::scenario::table::Table;
use crate::scenario::tables::PayloadTable;
use bytes::Bytes;

/// The largest payload of one step.
const MOST: u64 = 16 << 20;

/// Payloads of the pattern that are longer than this are written as `bytes = N`.
pub(crate) const PATTERN_SHOWN: usize = 64;

impl Checker<'_> {
    /// The bytes of a payload; `owner` needs them.
    pub(super) fn payload(&mut self, table: &PayloadTable, owner: &str, place: &Place) -> Option<Payload> {
        let seen = table.seen();
        if let [_, (_, second), ..] = &seen[..] {
            self.errors.add(second.clone(), "bytes given twice", "one of `text`, `hex` and `bytes`");
            return None;
        }
        if seen.is_empty() {
            let help = "as text = \"hello\", hex = \"00 ff\", or bytes = \"4 KiB\" for so many of a pattern";
            self.errors.add(place.clone(), format!("{owner} needs bytes"), help);
            return None;
        }
        self.payload_given(table)
    }

    /// The bytes of a payload, if one is given.
    pub(super) fn payload_given(&mut self, table: &PayloadTable) -> Option<Payload> {
        if let Some(text) = &table.text {
            return Some(Payload::from(text.value.as_str()));
        }
        if let Some(hex) = &table.hex {
            return Some(Payload(Bytes::from(hex.value.clone())));
        }
        let size = table.bytes.as_ref()?;
        if size.value > MOST {
            self.errors
                .add(
                    size.place.clone(),
                    format!("{} bytes in one step", thousands(size.value)),
                    "several steps, or one that is repeated: bytes = \"1 MiB\", times = 20",
                )
                .label(format!("at most {}", thousands(MOST)));
            return None;
        }
        Some(Payload(pattern(0, size.value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_tells_its_positions() {
        assert_eq!(&pattern(0, 20)[..], b"0000000 0000008 0000");
        assert_eq!(pattern(5, 0).len(), 0);
        assert_eq!(pattern(0, 1000)[500..], pattern(500, 500)[..]);
    }
}
