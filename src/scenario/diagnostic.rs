//! Errors of a scenario: what is wrong, where, and what would be right.

use core::fmt;
use core::ops::Range;
use std::collections::BTreeSet;
use unicode_width::UnicodeWidthStr;

/// How many errors are shown; the rest is counted.
pub const SHOWN: usize = 20;

/// Beyond so many errors none is compared with what may have been meant: they are not shown, and comparing costs.
const SUGGESTED: usize = 100;

/// Beyond so many errors the others are only counted: a file can be wrong in more places than there is room for.
const KEPT: usize = 30_000;

/// A byte range of the source text.
pub(crate) type Place = Range<usize>;

/// One error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// What is wrong.
    pub message: String,
    /// Where: a byte range of the source text, on character boundaries.
    pub span: Range<usize>,
    /// What to say at the place; may be empty.
    pub label: String,
    /// What would be right; never empty.
    pub help: String,
}

impl Diagnostic {
    pub(crate) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = label.into();
        self
    }

    /// A better one than what [`Errors::unknown`] found.
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = help.into();
        self
    }
}

/// All errors of one scenario, in the order of its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostics {
    /// What the text is called: a path as a rule.
    pub name: String,
    /// The source text that the places refer to.
    pub text: String,
    /// The errors.
    pub list: Vec<Diagnostic>,
    /// How many more there are at most, which are not in the list.
    pub beyond: usize,
    /// Where in the text values stand that did not come from the file: replacements, a line for each.
    pub sets: Vec<Range<usize>>,
}

/// The text in which an error stands: the file, or the replacement that it came with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source<'a> {
    /// What it is called.
    pub name: &'a str,
    /// The text.
    pub text: &'a str,
    /// The error's place in it.
    pub span: Range<usize>,
}

impl Source<'_> {
    /// Line and column of the error, both from 1; the column counts characters.
    pub fn position(&self) -> (usize, usize) {
        let before = self.text.get(..self.span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

impl Diagnostics {
    /// Where an error stands: in the file, or in a replacement.
    pub fn source(&self, error: &Diagnostic) -> Source<'_> {
        let span = error.span.clone();
        let within = self.sets.iter().find(|set| set.start <= span.start && span.end <= set.end);
        let replaced = within.and_then(|set| Some((self.text.get(set.clone())?, set.start)));
        match replaced {
            Some((text, start)) => Source { name: "--set", text, span: span.start - start..span.end - start },
            None => Source { name: &self.name, text: &self.text, span },
        }
    }

    /// What to say of the errors that are not shown.
    pub fn more(&self) -> Option<String> {
        let hidden = self.list.len().saturating_sub(SHOWN);
        let least = if self.beyond > 0 { "more than " } else { "" };
        (hidden > 0).then(|| format!("and {least}{} more", thousands(hidden as u64)))
    }
}

impl std::error::Error for Diagnostics {}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.list.iter().take(SHOWN).enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            self.show(f, error)?;
        }
        match self.more() {
            Some(more) => write!(f, "\n{more}"),
            None => Ok(()),
        }
    }
}

impl Diagnostics {
    fn show(&self, f: &mut fmt::Formatter<'_>, error: &Diagnostic) -> fmt::Result {
        let place = self.source(error);
        let (line, column) = place.position();
        writeln!(f, "{}:{line}:{column}: {}", place.name, error.message)?;
        let start = place.text.get(..place.span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let source = place.text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        let from = (place.span.start - start).min(source.len());
        let to = place.span.end.saturating_sub(start).clamp(from, source.len());
        let width = |part: Option<&str>| visible(part.unwrap_or_default()).width();
        let (indent, marks) = (width(source.get(..from)), width(source.get(from..to)).max(1));
        writeln!(f, "{line:5} | {}", visible(source))?;
        let marked = format!("      | {:indent$}{} {}", "", "^".repeat(marks), error.label);
        writeln!(f, "{}", marked.trim_end())?;
        writeln!(f, "      = help: {}", error.help)
    }
}

/// The text without control characters, each replaced by one space.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `9980` as `9,980`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A word of the file between backticks, shortened and without control characters.
pub(crate) fn quoted(word: &str) -> String {
    const LONGEST: usize = 60;
    let mut short = visible(&word.chars().take(LONGEST).collect::<String>());
    if word.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}

/// The candidate that was probably meant.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    let long = word.chars().count();
    let near = (long / 3).max(usize::from(long > 1));
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `what: a, b, c`, cut where it gets long.
pub(crate) fn listed<'a>(what: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    const SHOW: usize = 24;
    let mut words = words.into_iter();
    let mut text: Vec<String> = words.by_ref().take(SHOW).map(str::to_owned).collect();
    if words.next().is_some() {
        text.push("…".to_owned());
    }
    if text.is_empty() { format!("{what}: none") } else { format!("{what}: {}", text.join(", ")) }
}

/// The errors found so far.
#[derive(Default, Debug)]
pub(crate) struct Errors {
    list: Vec<Diagnostic>,
    /// How many there are for which the list has no room, and the last of them.
    beyond: usize,
    last: Option<Diagnostic>,
    /// Those that may only follow from something that could not be read: a name that stands nowhere, a key that misses.
    doubtful: BTreeSet<usize>,
}

impl Errors {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len() + self.beyond
    }

    /// Reports an error with what would be right; a label may be added to what it returns.
    pub(crate) fn add(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) -> &mut Diagnostic {
        let error = Diagnostic { message: message.into(), span: place, label: String::new(), help: help.into() };
        let index = self.list.len();
        if index == KEPT {
            self.beyond += 1;
            return self.last.insert(error);
        }
        self.list.push(error);
        &mut self.list[index]
    }

    /// Reports a word that is none of the known ones.
    pub(crate) fn unknown<'a, I>(&mut self, place: Place, what: &str, word: &str, known: I) -> &mut Diagnostic
    where
        I: IntoIterator<Item = &'a str> + Clone,
    {
        let help = self.suggestion(what, word, known);
        self.add(place, format!("unknown {what} {}", quoted(word)), help)
    }

    /// `did you mean …?`, or else what there is.
    pub(crate) fn suggestion<'a, I>(&self, what: &str, word: &str, known: I) -> String
    where
        I: IntoIterator<Item = &'a str> + Clone,
    {
        let meant = if self.list.len() < SUGGESTED { did_you_mean(word, known.clone()) } else { None };
        match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => listed(&format!("{what}s are"), known),
        }
    }

    /// The error reported last may only follow from another.
    pub(crate) fn doubtful(&mut self) {
        if self.beyond == 0 {
            self.doubtful.insert(self.list.len().saturating_sub(1));
        }
    }

    /// Where a file could not be read: drops what may only follow from that, and what is said of values that the parser
    /// may have made up: around such a place, on its line, or after it under the same header.
    /// The errors of reading, at these places in their order, are the first in the list.
    pub(crate) fn forget_echoes(&mut self, text: &str, broken: &[Place]) {
        let breaks = || core::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        let lines: Vec<usize> = breaks().collect();
        let headers: Vec<usize> = breaks().filter(|at| text.as_bytes().get(*at) == Some(&b'[')).collect();
        let begin = |of: &[usize], at: usize| of.partition_point(|start| *start <= at).checked_sub(1).map(|i| of[i]);
        let made_up = |error: &Diagnostic| {
            let (line, header) = (begin(&lines, error.span.start), begin(&headers, error.span.start));
            let before = broken.partition_point(|place| place.start < error.span.end.max(error.span.start + 1));
            let near = before
                .checked_sub(1)
                .and_then(|last| broken.get(last))
                .is_some_and(|place| header.is_none_or(|header| place.start >= header) || place.end > error.span.start);
            near || broken.get(before).is_some_and(|place| begin(&lines, place.start) == line)
        };
        let mut index = 0;
        self.list.retain(|error| {
            let keep = index < broken.len() || !(self.doubtful.contains(&index) || made_up(error));
            index += 1;
            keep
        });
    }

    /// All of them, in the order of the text, with places on character boundaries within it.
    pub(crate) fn into_diagnostics(self, name: &str, text: String) -> Diagnostics {
        let mut list = self.list;
        for error in &mut list {
            let start = floor(&text, error.span.start);
            let end = ceil(&text, error.span.end.max(start));
            error.span = start..end;
        }
        list.sort_by_key(|error| (error.span.start, error.span.end));
        list.dedup();
        Diagnostics { name: name.to_owned(), text, list, beyond: self.beyond, sets: vec![] }
    }
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn ceil(text: &str, at: usize) -> usize {
    (at.min(text.len())..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}
