//! The text forms read back, as far as text goes: their columns, not the records that they were made of.
//!
//! Any text may be given. What does not begin as a text form does is none, and a line that has no columns is left out.

use super::LAYER;
use crate::trace::width;

/// A text form in its parts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Page {
    /// What it says before its first line, in order: `scenario`, `seed`, …, each with its value.
    pub head: Vec<(String, String)>,
    /// Its lines.
    pub rows: Vec<Row>,
}

/// A line in its columns; what a line does not have is empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Row {
    /// The record's number, where the trace was written with them.
    pub number: Option<u32>,
    /// `+1000`, `~50`.
    pub clock: String,
    /// Where.
    pub host: String,
    /// `seg>`, `tcp`, `end`.
    pub layer: String,
    /// A connection, a descriptor.
    pub subject: String,
    /// What.
    pub text: String,
    /// Why.
    pub cause: String,
}

/// What [`super::text()`] wrote, whole or narrowed; `None` where the text does not begin as a trace does.
pub fn read_text(text: &str) -> Option<Page> {
    let (head, body) = head(text, "trace")?;
    head.first()?.1.parse::<u32>().ok()?;
    Some(Page { head, rows: body.filter_map(row).collect() })
}

/// What [`crate::trace::path()`] wrote: rows of host, subject and text. The run's end is a row of the layer `end`, what
/// the judge found is of the layer `judge`.
pub fn read_path(text: &str) -> Option<Page> {
    let (head, body) = head(text, "path")?;
    Some(Page { head, rows: body.filter_map(path_row).collect() })
}

/// The lines `key      value` down to the first empty one, if the first of them has this key; and the lines after it.
fn head<'a>(text: &'a str, first: &str) -> Option<(Vec<(String, String)>, impl Iterator<Item = &'a str>)> {
    let mut lines = text.lines();
    let mut head: Vec<(String, String)> = Vec::new();
    for line in lines.by_ref() {
        let Some((key, value)) = line.split_once(' ').filter(|(key, _)| !key.is_empty()) else { break };
        head.push((key.to_owned(), value.trim().to_owned()));
    }
    (head.first()?.0 == first).then_some((head, lines))
}

/// A word and how many spaces come after it; then the rest.
fn column(text: &str) -> (&str, usize, &str) {
    let end = text.find("  ").unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let after = rest.trim_start_matches(' ');
    (word, rest.len() - after.len(), after)
}

fn row(line: &str) -> Option<Row> {
    let mut row = Row::default();
    let mut rest = line.trim();
    let is_clock = |word: &str| {
        word.strip_prefix(['+', '~', '@']).is_some_and(|span| span.starts_with(|first: char| first.is_ascii_digit()))
    };
    let (word, _, after) = column(rest);
    if let Ok(number) = word.parse()
        && !is_clock(word)
        && column(after).0 != "judge"
    {
        (row.number, rest) = (Some(number), after);
    }
    let (word, _, after) = column(rest);
    if is_clock(word) {
        (row.clock, rest) = (word.to_owned(), after);
    }
    let (word, _, after) = column(rest);
    if row.clock.is_empty() && word == "end" && column(after).0 != "judge" {
        (row.layer, row.text) = (word.to_owned(), after.to_owned());
        return Some(row);
    }
    row.host = word.to_owned();
    let (layer, gap, mut rest) = column(after);
    row.layer = layer.to_owned();
    if row.host.is_empty() || row.layer.is_empty() {
        return None;
    }
    // An empty subject makes the gap after the layer wider than the layer's own column does.
    if gap <= LAYER.saturating_sub(width(layer)) + 2 {
        let (subject, _, after) = column(rest);
        (row.subject, rest) = (subject.to_owned(), after);
    }
    let (text, cause) = split_cause(rest);
    (row.text, row.cause) = (text.trim_end().to_owned(), cause.to_owned());
    Some(row)
}

/// What stands before and after the bar of the cause. A bar within quotes is data.
fn split_cause(text: &str) -> (&str, &str) {
    let bars = text.rmatch_indices(" | ").map(|(at, bar)| (text.get(..at), text.get(at + bar.len()..)));
    let outside = |before: &str| before.replace("\\\\", "").replace("\\\"", "").matches('"').count().is_multiple_of(2);
    for (before, after) in bars {
        if let (Some(before), Some(after)) = (before, after)
            && outside(before)
        {
            return (before, after);
        }
    }
    (text, "")
}

fn path_row(line: &str) -> Option<Row> {
    if let Some(text) = line.strip_prefix("end: ") {
        return Some(Row { layer: "end".to_owned(), text: text.to_owned(), ..Row::default() });
    }
    let (host, _, rest) = column(line.trim_end());
    let (subject, _, text) = column(rest);
    let (subject, text) = if text.is_empty() { ("", subject) } else { (subject, text) };
    if host.is_empty() || text.is_empty() {
        return None;
    }
    let mut row = Row { host: host.to_owned(), subject: subject.to_owned(), ..Row::default() };
    match text.strip_prefix("diverges: ") {
        Some(rule) => {
            let (rule, clause) = split_cause(rule);
            (row.layer, row.text, row.cause) = ("judge".to_owned(), rule.to_owned(), clause.to_owned());
        }
        None => row.text = text.to_owned(),
    }
    Some(row)
}
