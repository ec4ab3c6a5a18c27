//! Text from anywhere, made safe to print: no control characters, nothing that changes how its neighbours are shown.

use core::fmt::Write;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text with control and invisible characters, and the backslash, escaped as in Rust; Korean and the like stay readable.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut out, c, false);
    }
    out
}

/// Whether the character changes the direction of those beside it: a line would be shown as what it is not.
pub fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text and attribute values of XML 1.0, which has no place for control characters; also within HTML.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The beginning of some bytes as a quoted string of about so many columns: `"GET / HTT"…`. Where they are no text, all
/// but printable ASCII is `\xff`; the ellipsis stands outside the quotes.
pub fn preview(bytes: &[u8], columns: usize) -> String {
    let is_text = is_text(bytes);
    let mut out = String::from("\"");
    let mut rest = bytes;
    while !rest.is_empty() {
        if width(&out) > columns {
            out.push_str("\"…");
            return out;
        }
        match first_char(rest).filter(|c| is_text || c.is_ascii() && !c.is_control()) {
            Some(c) => {
                push(&mut out, c, true);
                rest = &rest[c.len_utf8()..];
            }
            None => {
                let _ = write!(out, "\\x{:02x}", rest[0]);
                rest = &rest[1..];
            }
        }
    }
    out.push('"');
    out
}

/// UTF-8 without NUL; a part of a stream may begin and end within a character.
fn is_text(bytes: &[u8]) -> bool {
    let begun = bytes.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
    let whole = match core::str::from_utf8(&bytes[begun..]) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    whole && !bytes.contains(&0)
}

fn first_char(bytes: &[u8]) -> Option<char> {
    // At most four bytes make a character.
    let head = bytes.get(..4).unwrap_or(bytes);
    let valid = match core::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => core::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or(""),
    };
    valid.chars().next()
}

/// It has no shape of its own (Unicode, general category Co).
const fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

fn push(out: &mut String, c: char, quoted: bool) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '"' if quoted => out.push_str("\\\""),
        '\u{2028}' | '\u{2029}' => {
            let _ = write!(out, "{}", c.escape_unicode());
        }
        c if c.is_control() || is_private(c) || (c.width().unwrap_or(0) == 0 && !c.is_alphanumeric()) => {
            let _ = write!(out, "{}", c.escape_unicode());
        }
        c => out.push(c),
    }
}

/// How many columns a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text with spaces after it, up to so many columns.
pub fn pad(text: &str, columns: usize) -> String {
    let mut out = text.to_owned();
    out.extend(core::iter::repeat_n(' ', columns.saturating_sub(width(text))));
    out
}
