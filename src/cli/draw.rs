//! What people read on a terminal: colours, errors under their source lines, differences.

use super::engine::{Diagnostic, Diagnostics, alike_ends, turns_text};
use core::fmt;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use std::env;
use unicode_width::UnicodeWidthStr;

/// So many errors of one file are drawn; the rest is counted.
const SHOWN: usize = 20;
/// Errors of a file with a longer line are told without drawing that line.
const LONGEST_LINE: usize = 2_000;

/// Whether there are colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint(bool);

impl Paint {
    /// Colours for a terminal, if the environment does not object (<https://no-color.org>).
    pub(super) fn on(terminal: bool) -> Paint {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        Paint(terminal && set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb"))
    }

    /// No colours.
    pub(super) const NONE: Paint = Paint(false);

    fn wrap(self, code: &str, text: &str) -> String {
        if self.0 && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    pub(super) fn cyan(self, text: &str) -> String {
        self.wrap("36", text)
    }
}

/// A trouble without a place.
pub(super) fn message(paint: Paint, message: &str, help: Option<&str>) -> String {
    let help = help.map(|help| format!("  {} {help}\n", paint.cyan("help:"))).unwrap_or_default();
    format!("{} {message}\n{help}", paint.red("error:"))
}

/// What is no error, but may not be what was meant.
pub(super) fn remark(paint: Paint, text: &str) -> String {
    format!("{} {text}\n", paint.yellow("note:"))
}

/// All errors of a scenario, each under its line.
pub(super) fn diagnostics(paint: Paint, all: &Diagnostics) -> String {
    let mut out: Vec<String> = all.list.iter().take(SHOWN).map(|error| placed(paint, all, error)).collect();
    if all.list.len() > SHOWN {
        let least = if all.beyond > 0 { "more than " } else { "" };
        out.push(format!("… and {least}{} more errors in {}\n", all.list.len() - SHOWN, all.name));
    }
    out.join("\n")
}

fn placed(paint: Paint, all: &Diagnostics, error: &Diagnostic) -> String {
    let place = all.source(error);
    let error = Diagnostic { span: place.span, ..error.clone() };
    // In a blank text there is no line to draw.
    if place.text.trim().is_empty() {
        return message(paint, &format!("{}: {}", place.name, error.message), helped(&error));
    }
    // Every character that stands for another is as long as that: places stay true.
    diagnostic(paint, place.name, &visible(place.text), &error)
}

/// One error under its line.
pub(super) fn diagnostic(paint: Paint, name: &str, text: &str, error: &Diagnostic) -> String {
    let span = clamp(text, &error.span);
    let lines = text.get(around(text, span.start)).unwrap_or_default();
    if lines.lines().any(|line| line.len() > LONGEST_LINE) || span.len() > LONGEST_LINE {
        let (line, column) = position(text, span.start);
        return message(paint, &format!("{name}:{line}:{column}: {}", error.message), helped(error));
    }
    let source = NamedSource::new(name, text.to_owned());
    let drawn = Drawn { error, span, source };
    let theme = if paint.0 { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut out = String::new();
    match GraphicalReportHandler::new_themed(theme).with_links(false).with_width(100).render_report(&mut out, &drawn) {
        Ok(()) => out,
        Err(_) => message(paint, &format!("{name}: {}", error.message), helped(error)),
    }
}

/// An expectation that failed has no help: the difference below it says what there is.
fn helped(error: &Diagnostic) -> Option<&str> {
    Some(error.help.as_str()).filter(|help| !help.is_empty())
}

/// Line and column, both from 1; the column counts characters.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..clamp(text, &(at..at)).start).unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// The line of a place with the two before and after it.
fn around(text: &str, at: usize) -> core::ops::Range<usize> {
    let start = text.get(..at).map_or(0, |before| before.rmatch_indices('\n').nth(2).map_or(0, |(at, _)| at + 1));
    let end =
        text.get(at..).map_or(text.len(), |after| after.match_indices('\n').nth(2).map_or(text.len(), |(n, _)| at + n));
    start..end
}

/// Within the text, and on character boundaries.
fn clamp(text: &str, span: &core::ops::Range<usize>) -> core::ops::Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// Without control characters, byte for byte as long.
pub(super) fn visible(text: &str) -> String {
    let stand_in = |c: char| match c {
        '\n' | '\t' | '\r' => c,
        c if c.is_control() && c.len_utf8() == 1 => '?',
        c if c.is_control() => '¿',
        c if turns_text(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(stand_in).collect()
}

/// An error as the drawing library wants it.
struct Drawn<'a> {
    error: &'a Diagnostic,
    span: core::ops::Range<usize>,
    source: NamedSource<String>,
}

impl fmt::Debug for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&visible(&self.error.message))
    }
}

impl std::error::Error for Drawn<'_> {}

impl miette::Diagnostic for Drawn<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        helped(self.error).map(|help| Box::new(visible(help)) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = if self.error.label.is_empty() { "here".to_owned() } else { visible(&self.error.label) };
        Some(Box::new(core::iter::once(LabeledSpan::new_with_span(Some(label), self.span.clone()))))
    }
}

/// What was expected above what came, with marks under what differs.
pub(super) fn difference(paint: Paint, expected: &str, got: &str) -> String {
    if expected.contains('\n') || got.contains('\n') {
        return line_difference(paint, expected, got);
    }
    let (want, have): (Vec<&str>, Vec<&str>) = (expected.split(" > ").collect(), got.split(" > ").collect());
    let (before, after) = alike_ends(&want, &have, |a, b| a == b);
    let line = |title: &str, words: &[&str], paint_mark: &dyn Fn(&str) -> String| {
        let (same, rest) = words.split_at(before);
        let (other, tail) = rest.split_at(rest.len() - after);
        let part = |words: &[&str], lead: bool| match words.is_empty() {
            true => String::new(),
            false => format!("{}{}", if lead { " > " } else { "" }, words.join(" > ")),
        };
        let (head, mid) = (part(same, false), part(other, !same.is_empty()));
        let tail = part(tail, !same.is_empty() || !other.is_empty());
        let skip = mid.len() - mid.trim_start_matches(" > ").len();
        let indent = title.width() + head.width() + skip;
        let marks = if other.is_empty() {
            String::new()
        } else {
            format!("{}{}\n", " ".repeat(indent), paint_mark(&"~".repeat(mid[skip..].width().max(1))))
        };
        format!("{title}{head}{}{tail}\n{marks}", paint_mark(&mid))
    };
    let green = |text: &str| paint.green(text);
    let red = |text: &str| paint.red(text);
    line("  expected  ", &want, &green) + &line("  got       ", &have, &red)
}

fn line_difference(paint: Paint, expected: &str, got: &str) -> String {
    let (want, have): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), got.lines().collect());
    let (before, after) = alike_ends(&want, &have, |a, b| a == b);
    let mut out = String::new();
    for line in &want[before.saturating_sub(2)..before] {
        out.push_str(&format!("    {line}\n"));
    }
    for line in &want[before..want.len() - after] {
        out.push_str(&format!("  {}\n", paint.green(&format!("- {line}"))));
    }
    for line in &have[before..have.len() - after] {
        out.push_str(&format!("  {}\n", paint.red(&format!("+ {line}"))));
    }
    for line in have[have.len() - after..].iter().take(2) {
        out.push_str(&format!("    {line}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(span: core::ops::Range<usize>) -> Diagnostic {
        let (message, label) = ("unknown field `dealy`".into(), "here".into());
        Diagnostic { message, span, label, help: "did you mean `delay`?".into() }
    }

    #[test]
    fn an_error_is_drawn_under_its_line() {
        let text = "[hosts]\n[link]\ndealy = \"50ms\"\n";
        let drawn = diagnostic(Paint::NONE, "s.toml", text, &error(15..20));
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[0], "  × unknown field `dealy`");
        assert!(lines[1].contains("[s.toml:3:1]"), "{drawn}");
        assert!(drawn.contains("╰── here") && drawn.ends_with("  help: did you mean `delay`?\n"), "{drawn}");
    }

    #[test]
    fn no_place_and_no_text_breaks_the_drawing() {
        for text in ["", "한글", "a\u{1b}[31mb\u{9b}c\u{202e}", "x\r\n\r\n", &"y".repeat(5_000)] {
            for span in [0..0, 1..2, 0..9_999, 9_999..10_000, core::ops::Range { start: 2, end: 1 }] {
                let list = vec![error(span); 30];
                let all = Diagnostics { name: "n".into(), text: text.into(), list, beyond: 0, sets: vec![] };
                let drawn = diagnostics(Paint::NONE, &all);
                assert!(drawn.contains("unknown field") && drawn.contains("10 more errors"), "{drawn}");
                assert!(!drawn.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{drawn}");
            }
        }
    }

    #[test]
    fn a_difference_of_paths_is_marked_where_they_part() {
        let text = difference(Paint::NONE, "CLOSED > LISTEN > CLOSED", "CLOSED > SYN-SENT > ESTABLISHED > CLOSED");
        let expected = "  expected  CLOSED > LISTEN > CLOSED
                     ~~~~~~
  got       CLOSED > SYN-SENT > ESTABLISHED > CLOSED
                     ~~~~~~~~~~~~~~~~~~~~~~
";
        assert_eq!(text, expected);
        assert_eq!(difference(Paint::NONE, "a > b", "a"), "  expected  a > b\n                ~\n  got       a\n");
        assert_eq!(difference(Paint::NONE, "a\nb\nc", "a\nx\nc"), "    a\n  - b\n  + x\n    c\n");
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(position("a\n한글x", 8), (2, 3));
        assert_eq!(position("ab", 99), (1, 3));
    }
}
