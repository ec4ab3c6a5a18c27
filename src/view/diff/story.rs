//! A run as it is compared: lines without their times, the states that each machine passed, what the judge found.

use super::phase::{Phase, Phases};
use crate::trace::{
    FEW_SUBJECTS, POWER, POWER_OFF, Page, Row, TextOptions, Trace, listed, path, read_path, read_text, text, turns_text,
};
use std::collections::BTreeMap;

/// A run, from whatever form.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Story {
    /// What the form says before its first line.
    pub head: Vec<(String, String)>,
    /// Only paths are known, no lines.
    pub paths_only: bool,
    /// What happened, in order; but for what the judge found and the end.
    pub(super) lines: Vec<Line>,
    /// The states that each machine passed.
    pub(super) walks: Vec<Walk>,
    /// What the path form counts, by host.
    pub(super) totals: Vec<(String, String)>,
    /// What the judge found, and how often.
    pub(super) findings: BTreeMap<String, u64>,
    /// How it ended, without the time.
    pub(super) ending: String,
}

/// A line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    pub(super) row: Row,
    /// Its text without times.
    pub(super) timeless: String,
    pub(super) phase: Phase,
}

/// Whose states: host, layer, subject.
pub(super) type Whose = (String, String, String);

/// The states that a machine passed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Walk {
    pub(super) whose: Whose,
    /// Each state, and how often the host sent something again while in it.
    pub(super) states: Vec<(String, u32)>,
}

/// Layers that are not machines' states.
const OTHERS: [&str; 15] = [
    "call", "conn", "timer", "drop", "link", "app", "power", "judge", "end", "seg>", "seg<", "udp>", "udp<", "icmp>",
    "icmp<",
];

/// The words in the text form that say when or how long, by layer.
const TIMES: [(&str, &str); 3] = [("timer", "after="), ("link", "by="), ("end", "at=")];

impl Story {
    /// From a text form: that of a trace or that of its paths. `None` where the text is neither.
    pub fn read(text: &str) -> Option<Story> {
        let text = &visible(without_front_matter(text));
        read_text(text).map(Story::of_lines).or_else(|| read_path(text).map(Story::of_paths))
    }

    /// From a trace. `unfolded`: every packet has its line, as no saved text has.
    pub fn of(trace: &Trace, unfolded: bool) -> Story {
        let options = TextOptions { unfolded, ..TextOptions::default() };
        read_text(&text(trace, &options)).map(Story::of_lines).unwrap_or_default()
    }

    /// The paths of a trace alone.
    pub fn paths_of(trace: &Trace) -> Story {
        read_path(&path(trace)).map(Story::of_paths).unwrap_or_default()
    }

    /// What the paths alone would say.
    #[must_use]
    pub fn without_lines(mut self) -> Story {
        self.paths_only = true;
        self.lines.clear();
        self.totals.clear();
        self.walks.iter_mut().flat_map(|walk| &mut walk.states).for_each(|(_, again)| *again = 0);
        for walk in &mut self.walks {
            let subject = walk.whose.2.trim_end_matches(" initiator").trim_end_matches(" acceptor");
            walk.whose = whose(&walk.whose.0, subject);
        }
        self.walks = together(self.walks);
        apart(&mut self.walks);
        // The path form has no words of the judge's.
        for (finding, times) in core::mem::take(&mut self.findings) {
            self.found(briefly(&finding), times);
        }
        self
    }

    fn of_lines(page: Page) -> Story {
        let mut story = Story { head: page.head, ..Story::default() };
        let mut walks = Walks::default();
        let mut phases = Phases::default();
        for row in page.rows {
            match row.layer.as_str() {
                "judge" => story.found(finding(&row), 1),
                "end" => story.ending = timeless(&row),
                _ => {
                    walks.see(&row);
                    let (timeless, phase) = (timeless(&row), phases.of(&row));
                    story.lines.push(Line { row, timeless, phase });
                }
            }
        }
        story.walks = walks.list;
        story
    }

    fn of_paths(page: Page) -> Story {
        let mut story = Story { head: page.head, paths_only: true, ..Story::default() };
        for row in page.rows {
            match row.layer.as_str() {
                "judge" => {
                    let (row, times) = counted(row);
                    story.found(briefly(&finding(&row)), times);
                }
                "end" => story.ending = row.text,
                _ if row.subject == "packets" => story.totals.push((row.host, row.text)),
                _ => story.walks.extend(walks_of(&row)),
            }
        }
        apart(&mut story.walks);
        story
    }

    fn found(&mut self, finding: String, times: u64) {
        let sum = self.findings.entry(finding).or_default();
        *sum = sum.saturating_add(times);
    }
}

/// A snapshot's file has YAML between two lines of three hyphens before the snapshot itself.
fn without_front_matter(text: &str) -> &str {
    let body = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    body.map_or(text, |(_, body)| body)
}

/// Without control characters, as what we write has none: another file may.
fn visible(text: &str) -> String {
    let hidden = |c: char| (c.is_control() && c != '\n') || turns_text(c);
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

fn finding(row: &Row) -> String {
    let subject = if row.subject.is_empty() { String::new() } else { format!(" {}", row.subject) };
    format!("{}{subject}  {} | {}", row.host, row.text, row.cause)
}

/// A finding of the path form, and how often it was made: `| RFC 9293 3.10 x5`.
fn counted(row: Row) -> (Row, u64) {
    let times = row.cause.rsplit_once(" x").and_then(|(clause, times)| Some((clause.to_owned(), times.parse().ok()?)));
    match times {
        Some((clause, times)) => (Row { cause: clause, ..row }, times),
        None => (row, 1),
    }
}

/// Host, subject and rule, without what was seen.
fn briefly(finding: &str) -> String {
    let (before, clause) = finding.rsplit_once(" | ").unwrap_or((finding, ""));
    let rule = before.split_once(": ").map_or(before, |(rule, _)| rule);
    format!("{rule} | {clause}")
}

/// The text without what says when or how long.
fn timeless(row: &Row) -> String {
    let is_time = |word: &str, key: &str| {
        word.strip_prefix(key)
            .is_some_and(|span| !span.is_empty() && span.chars().all(|c| c.is_ascii_digit() || c == '.'))
    };
    let keys: Vec<&str> = TIMES.iter().filter(|(layer, _)| *layer == row.layer).map(|(_, key)| *key).collect();
    let mut words: Vec<&str> = row.text.split(' ').collect();
    if words.last().is_some_and(|word| is_time(word, "over=")) {
        words.pop();
    }
    words.retain(|word| !keys.iter().any(|key| is_time(word, key)));
    words.join(" ")
}

/// How many records the line stands for: `x12`.
pub(super) fn count(row: &Row) -> u64 {
    let folded = row.text.ends_with(|c: char| c.is_ascii_digit()) && row.text.contains(" over=");
    let times = row.text.split(' ').find_map(|word| word.strip_prefix('x')?.parse().ok());
    times.filter(|_| folded).unwrap_or(1)
}

/// The row of a path: several subjects may have the same one.
fn walks_of(row: &Row) -> Vec<Walk> {
    let states: Vec<(String, u32)> = row.text.split(" > ").map(|state| (state.to_owned(), 0)).collect();
    let known = |walk: &Walk| states.len() > 1 && !walk.whose.2.is_empty();
    let all = row.subject.split(", ").map(|subject| Walk { whose: whose(&row.host, subject), states: states.clone() });
    all.filter(known).collect()
}

/// Whose path it is, as far as the path form tells: not of which machine a descriptor's is.
fn whose(host: &str, subject: &str) -> Whose {
    let layer = if subject.starts_with("fd ") { "fd" } else { "tcp" };
    (host.to_owned(), layer.to_owned(), subject.to_owned())
}

/// Many like paths of one host as one, as in the path form.
fn together(walks: Vec<Walk>) -> Vec<Walk> {
    let mut rows: Vec<Vec<Walk>> = Vec::new();
    for walk in walks {
        let alike = |row: &&mut Vec<Walk>| {
            row.first().is_some_and(|first| (&first.whose.0, &first.states) == (&walk.whose.0, &walk.states))
        };
        match rows.iter_mut().find(alike) {
            Some(row) => row.push(walk),
            None => rows.push(vec![walk]),
        }
    }
    let listed = |row: Vec<Walk>| match row.as_slice() {
        [first, ..] if row.len() > FEW_SUBJECTS => {
            let subjects: Vec<String> = row.iter().map(|walk| walk.whose.2.clone()).collect();
            let subject = listed(&subjects);
            vec![Walk { whose: whose(&first.whose.0, &subject), states: first.states.clone() }]
        }
        _ => row,
    };
    rows.into_iter().flat_map(listed).collect()
}

/// Several paths of one subject (a host that talks to itself) are told apart by their order.
fn apart(walks: &mut [Walk]) {
    let mut seen: BTreeMap<Whose, u32> = BTreeMap::new();
    for walk in walks {
        let times = seen.entry(walk.whose.clone()).or_default();
        *times += 1;
        if *times > 1 {
            walk.whose.2 = format!("{} ({times})", walk.whose.2);
        }
    }
}

/// Collects walks.
#[derive(Default)]
struct Walks {
    list: Vec<Walk>,
    places: BTreeMap<Whose, usize>,
}

impl Walks {
    fn see(&mut self, row: &Row) {
        match row.layer.as_str() {
            "seg>" => return self.sent(row),
            POWER => return self.power(row),
            _ => {}
        }
        let Some((from, to)) = row.text.split_once(" -> ").filter(|_| !OTHERS.contains(&row.layer.as_str())) else {
            return;
        };
        let (to, end) = to.split_once(" end=").unwrap_or((to, ""));
        let subject = if end.is_empty() { row.subject.clone() } else { format!("{} {end}", row.subject) };
        let whose = (row.host.clone(), row.layer.clone(), subject);
        let place = *self.places.entry(whose.clone()).or_insert_with(|| {
            self.list.push(Walk { whose, states: vec![(from.to_owned(), 0)] });
            self.list.len() - 1
        });
        let states = &mut self.list[place].states;
        if states.last().is_none_or(|(last, _)| last != from) {
            states.extend([("...".to_owned(), 0), (from.to_owned(), 0)]);
        }
        states.push((to.to_owned(), 0));
    }

    /// A host goes off, and loses what it has; or on.
    fn power(&mut self, row: &Row) {
        let up = row.text.ends_with("on");
        if !up {
            let lost = |walk: &&mut Walk| walk.whose.0 == row.host && walk.whose.2 != POWER;
            let open =
                |walk: &&mut Walk| walk.states.last().is_some_and(|(last, _)| last != "CLOSED" && last != POWER_OFF);
            for walk in self.list.iter_mut().filter(lost).filter(open) {
                walk.states.push((POWER_OFF.to_owned(), 0));
                self.places.remove(&walk.whose);
            }
        }
        let word = |up: bool| (if up { "on" } else { "off" }.to_owned(), 0);
        let whose = whose(&row.host, POWER);
        let place = *self.places.entry(whose.clone()).or_insert_with(|| {
            self.list.push(Walk { whose, states: vec![word(!up)] });
            self.list.len() - 1
        });
        self.list[place].states.push(word(up));
    }

    fn sent(&mut self, row: &Row) {
        let whose = (row.host.clone(), "tcp".to_owned(), row.subject.clone());
        let walk = self.places.get(&whose).and_then(|place| self.list.get_mut(*place));
        if let Some((_, again)) = walk.and_then(|walk| walk.states.last_mut())
            && is_again(row)
        {
            *again = again.saturating_add(u32::try_from(count(row)).unwrap_or(u32::MAX));
        }
    }
}

/// The segment was sent before.
pub(super) fn is_again(row: &Row) -> bool {
    row.text.split(' ').next().is_some_and(|name| name.starts_with('[') && name.contains('\''))
}
