//! Bytes that steps send and expect.

use super::Checker;
use crate::base::Payload;
use crate::scenario::diagnostic::{Place, thousands};
use crate::scenario::table::Table;
use crate::scenario::tables::PayloadTable;
use bytes::Bytes;

/// The largest payload of one step.
const MOST: u64 = 16 << 20;

/// Payloads of the pattern that are longer than this are written as `bytes = N`.
pub(crate) const PATTERN_SHOWN: usize = 64;

/// Bytes in which each stretch tells its own position: blocks of eight, each the position of its first byte and a space.
pub(crate) fn pattern(len: usize) -> Bytes {
    const BLOCK: usize = 8;
    let mut bytes = Vec::with_capacity(len + BLOCK);
    let mut at = 0;
    while bytes.len() < len {
        bytes.extend_from_slice(format!("{:07} ", at % 10_000_000).as_bytes());
        at += BLOCK;
    }
    bytes.truncate(len);
    Bytes::from(bytes)
}

impl Checker<'_> {
    /// The bytes of a payload; `owner` needs them.
    pub(super) fn payload(&mut self, table: &PayloadTable, owner: &str, place: &Place) -> Option<Payload> {
        let seen = table.seen();
        if let [_, (_, second), ..] = &seen[..] {
            self.errors.add(second.clone(), "bytes given twice").help("one of `text`, `hex` and `bytes`");
            return None;
        }
        if seen.is_empty() {
            self.errors
                .add(place.clone(), format!("{owner} needs bytes"))
                .help("as text = \"hello\", hex = \"00 ff\", or bytes = \"4 KiB\" for so many of a pattern");
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
                .add(size.place.clone(), format!("{} bytes in one step", thousands(size.value)))
                .label(format!("at most {}", thousands(MOST)));
            return None;
        }
        Some(Payload(pattern(usize::try_from(size.value).unwrap_or(0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_tells_its_positions() {
        assert_eq!(&pattern(20)[..], b"0000000 0000008 0000");
        assert_eq!(pattern(0).len(), 0);
        assert_eq!(pattern(1000)[..500], pattern(500)[..]);
    }
}
