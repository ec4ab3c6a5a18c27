//! Bytes that people read: shown as text where they are text.

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes sent or received. In JSON a string where they are UTF-8, else `{"hex": "00ff…"}`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Payload(pub Bytes);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    Hex { hex: String },
}

/// Lower-case hexadecimal digits, two a byte.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// The bytes of such digits, of either case.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}

/// So many bytes, from this position on, of an endless pattern in which each stretch tells its own position: blocks of
/// eight, each the position of its first byte and a space.
pub fn pattern(from: u64, len: u64) -> Bytes {
    const BLOCK: u64 = 8;
    let skip = usize::try_from(from % BLOCK).unwrap_or(0);
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let mut bytes = Vec::with_capacity(len.saturating_add(16));
    let mut at = from - from % BLOCK;
    while bytes.len() < len.saturating_add(skip) {
        bytes.extend_from_slice(format!("{:07} ", at % 10_000_000).as_bytes());
        at += BLOCK;
    }
    bytes.truncate(len + skip);
    Bytes::from(bytes).slice(skip..)
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match core::str::from_utf8(&self.0) {
            Ok(text) => Form::Text(text.to_owned()),
            Err(_) => Form::Hex { hex: to_hex(&self.0) },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Text(text) => Ok(Payload(Bytes::from(text))),
            Form::Hex { hex } => from_hex(&hex)
                .map(|bytes| Payload(Bytes::from(bytes)))
                .ok_or_else(|| serde::de::Error::custom("hex digits, two a byte")),
        }
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Payload(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Payload(bytes)
    }
}
