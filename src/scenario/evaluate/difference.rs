//! Where two texts differ, for people.

use unicode_width::UnicodeWidthStr;

/// Longer texts are shown around their first difference.
const COLUMNS: usize = 100;
/// How much of what is the same is shown before it.
const BEFORE: usize = 30;

/// Expected and got, each as one line; a second line under `got` marks the first difference.
pub(super) fn texts(expected: &str, got: &str) -> (String, String) {
    let expected: Vec<char> = expected.chars().collect();
    let got: Vec<char> = got.chars().collect();
    let same = expected.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let from = if expected.len().max(got.len()) <= COLUMNS { 0 } else { same.saturating_sub(BEFORE) };
    let marked = mark(&cut(&got, from), &cut(&got, from), &cut(&got[..same], from));
    (cut(&expected, from), marked)
}

/// Two lists of words, joined by ` > `; the mark stands at the first word that differs.
pub(super) fn paths(expected: &[String], got: &[String]) -> (String, String) {
    let same = expected.iter().zip(got).take_while(|(a, b)| a == b).count();
    let mut before = got[..same].join(" > ");
    if same > 0 && same < got.len() {
        before.push_str(" > ");
    }
    let line = got.join(" > ");
    let shown = if line.is_empty() { "(none)" } else { line.as_str() };
    (expected.join(" > "), mark(shown, &line, &before))
}

/// The line with a mark under it, behind what is the same.
fn mark(shown: &str, line: &str, before: &str) -> String {
    let word = if before.len() >= line.len() { "^ ends here" } else { "^ differs from here" };
    format!("{shown}\n{}{word}", " ".repeat(before.width()))
}

/// At most so many characters from `from` on, with ellipses where something is left out.
fn cut(text: &[char], from: usize) -> String {
    let rest = text.get(from..).unwrap_or(&[]);
    let head = if from > 0 { "…" } else { "" };
    let (body, tail) = if rest.len() > COLUMNS { (&rest[..COLUMNS], "…") } else { (rest, "") };
    format!("{head}{}{tail}", body.iter().collect::<String>())
}

/// Bytes as a quoted string: UTF-8 as text, everything else escaped.
pub(super) fn quoted(bytes: &[u8]) -> String {
    match core::str::from_utf8(bytes) {
        Ok(text) => format!("{text:?}"),
        Err(_) => format!("\"{}\"", bytes.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_counts_wide_characters_twice() {
        let (_, got) = texts("안녕하세요", "안녕!");
        assert_eq!(got, "안녕!\n    ^ differs from here");
    }

    #[test]
    fn long_texts_are_shown_around_the_difference() {
        let same = "x".repeat(500);
        let (expected, got) = texts(&format!("{same}abc"), &format!("{same}abd"));
        assert_eq!(expected, format!("…{}abc", "x".repeat(28)));
        let (line, mark) = got.split_once('\n').unwrap();
        assert_eq!(line.chars().position(|c| c == 'd'), mark.find('^'));
    }

    #[test]
    fn paths_are_marked_at_the_state_or_at_their_end() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (_, got) = paths(&words("CLOSED SYN-SENT ESTABLISHED"), &words("CLOSED SYN-SENT CLOSED"));
        assert_eq!(got, "CLOSED > SYN-SENT > CLOSED\n                    ^ differs from here");
        let (_, got) = paths(&words("CLOSED SYN-SENT"), &words("CLOSED"));
        assert_eq!(got, "CLOSED\n      ^ ends here");
        let (_, got) = paths(&words("CLOSED"), &words(""));
        assert_eq!(got, "(none)\n^ ends here");
    }
}
