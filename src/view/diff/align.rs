//! Two runs side by side: which lines are the same, which came, went, moved or changed.
//!
//! Lines are compared without their times, those of one host and subject with each other: what another host does
//! meanwhile, or another connection, is a matter of time.

use super::phase::Phase;
use super::story::{Line, Story};
use crate::base::alike_ends;
use crate::trace::Row;
use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::BTreeMap;

/// What became of a line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub(super) enum Fate {
    /// Only the new run has it.
    Added,
    /// Only the old run has it.
    Lost,
    /// Both have it, in another place; before this line, or at the end.
    Moved {
        #[serde(skip_serializing_if = "Option::is_none")]
        before: Option<String>,
    },
    /// It says something else.
    Changed { was: String },
}

/// A line that is not the same.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Change {
    #[serde(flatten)]
    pub(super) fate: Fate,
    pub(super) phase: Phase,
    pub(super) host: String,
    pub(super) layer: String,
    pub(super) subject: String,
    /// Text and cause, as the new run has it (the old one, where it is lost).
    pub(super) text: String,
    /// Where it stands: in the new run, or before which line of it.
    #[serde(skip)]
    at: usize,
}

/// What the alignment finds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Aligned {
    /// In the order of the new run.
    pub(super) changes: Vec<Change>,
    /// The same lines with other times: of both runs.
    pub(super) retimed: Vec<(Row, Row)>,
    /// How many lines are the same.
    pub(super) same: usize,
}

/// Beyond so many pairs of lines the middle of a group is taken as a whole.
const MOST_PAIRS: usize = 1 << 28;

/// Lines of one host and subject, by their positions in the run.
type Groups<'a> = BTreeMap<(&'a str, &'a str), Vec<usize>>;

/// Compares all lines.
pub(super) fn align(old: &Story, new: &Story) -> Aligned {
    let (olds, news) = (groups(&old.lines), groups(&new.lines));
    let mut aligned = Aligned::default();
    let nobody = Vec::new();
    let keys: std::collections::BTreeSet<_> = olds.keys().chain(news.keys()).collect();
    for key in keys {
        let (a, b) = (olds.get(key).unwrap_or(&nobody), news.get(key).unwrap_or(&nobody));
        let pick = |lines: &'_ [usize], story: &'_ Story| -> Vec<Line> {
            lines.iter().filter_map(|at| story.lines.get(*at)).cloned().collect()
        };
        group(&pick(a, old), &pick(b, new), b, &mut aligned);
    }
    aligned.changes.sort_by_key(|change| change.at);
    aligned
}

fn groups(lines: &[Line]) -> Groups<'_> {
    let mut groups = Groups::new();
    for (at, line) in lines.iter().enumerate() {
        groups.entry((&line.row.host, &line.row.subject)).or_default().push(at);
    }
    groups
}

/// A line of neither run's partner.
struct Odd<'a> {
    line: &'a Line,
    /// Its place in the new run, or that of what follows it there.
    at: usize,
    /// The same line that comes next, as its text.
    before: Option<String>,
    /// It and its neighbours that differ too.
    block: usize,
}

fn group(old: &[Line], new: &[Line], places: &[usize], out: &mut Aligned) {
    let place = |at: usize| places.get(at).copied().unwrap_or(usize::MAX);
    let (mut lost, mut added) = (Vec::new(), Vec::new());
    for (block, op) in operations(old, new).into_iter().enumerate() {
        let (from, to) = (op.old_range(), op.new_range());
        let before = new.get(to.end).map(|line| brief(&line.row, &line.timeless));
        if let DiffOp::Equal { .. } = op {
            out.same += from.len();
            let pairs = old.get(from).unwrap_or_default().iter().zip(new.get(to).unwrap_or_default());
            let other = pairs.filter(|(a, b)| (&a.row.clock, &a.row.text) != (&b.row.clock, &b.row.text));
            out.retimed.extend(other.map(|(a, b)| (a.row.clone(), b.row.clone())));
            continue;
        }
        let next = place(to.end);
        lost.extend(from.filter_map(|at| Some(Odd { line: old.get(at)?, at: next, before: before.clone(), block })));
        added
            .extend(to.filter_map(|at| Some(Odd { line: new.get(at)?, at: place(at), before: before.clone(), block })));
    }
    pair(lost, added, &mut out.changes);
}

fn key(line: &Line) -> (&str, &str, &str) {
    (&line.row.layer, &line.timeless, &line.row.cause)
}

/// The lines are the same for each host and subject, but in another order among them.
pub(super) fn interleaved(old: &Story, new: &Story) -> bool {
    let whose = |line: &Line| (line.row.host.clone(), line.row.subject.clone());
    let order = |story: &Story| -> Vec<(String, String)> { story.lines.iter().map(whose).collect() };
    let (mut a, mut b) = (order(old), order(new));
    let differs = a != b;
    a.sort();
    b.sort();
    differs && a == b
}

fn operations(old: &[Line], new: &[Line]) -> Vec<DiffOp> {
    let (head, tail) = alike_ends(old, new, |a, b| key(a) == key(b));
    let (old_len, new_len) = (old.len() - head - tail, new.len() - head - tail);
    if old_len.saturating_mul(new_len) > MOST_PAIRS {
        return vec![
            DiffOp::Equal { old_index: 0, new_index: 0, len: head },
            DiffOp::Replace { old_index: head, old_len, new_index: head, new_len },
            DiffOp::Equal { old_index: head + old_len, new_index: head + new_len, len: tail },
        ];
    }
    let keys = |lines: &[Line]| -> Vec<(String, String, String)> {
        lines.iter().map(key).map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())).collect()
    };
    capture_diff_slices(Algorithm::Patience, &keys(old), &keys(new))
}

/// The same line elsewhere has moved; a line of the same beginning in the same place has changed.
fn pair(lost: Vec<Odd<'_>>, added: Vec<Odd<'_>>, changes: &mut Vec<Change>) {
    let mut gone: Vec<Option<Odd<'_>>> = lost.into_iter().map(Some).collect();
    let mut come: Vec<Option<Odd<'_>>> = added.into_iter().map(Some).collect();
    let mut whole: BTreeMap<(String, String, String), Vec<usize>> = BTreeMap::new();
    for (at, odd) in gone.iter().enumerate().rev().filter_map(|(at, odd)| Some((at, odd.as_ref()?))) {
        let (layer, text, cause) = key(odd.line);
        whole.entry((layer.to_owned(), text.to_owned(), cause.to_owned())).or_default().push(at);
    }
    for slot in &mut come {
        let Some(odd) = slot.as_ref() else { continue };
        let (layer, text, cause) = key(odd.line);
        let known = whole.get_mut(&(layer.to_owned(), text.to_owned(), cause.to_owned())).and_then(Vec::pop);
        if let Some(at) = known {
            gone[at] = None;
            changes.push(change(odd, Fate::Moved { before: odd.before.clone() }));
            *slot = None;
        }
    }
    let mut near: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
    for (at, odd) in gone.iter().enumerate().rev().filter_map(|(at, odd)| Some((at, odd.as_ref()?))) {
        near.entry((odd.block, beginning(odd.line))).or_default().push(at);
    }
    for slot in &mut come {
        let Some(odd) = slot.take() else { continue };
        let known = near.get_mut(&(odd.block, beginning(odd.line))).and_then(Vec::pop);
        let was = known.and_then(|at| gone[at].take()).map(|was| full(was.line));
        changes.push(change(&odd, was.map_or(Fate::Added, |was| Fate::Changed { was })));
    }
    changes.extend(gone.into_iter().flatten().map(|odd| change(&odd, Fate::Lost)));
}

fn change(odd: &Odd<'_>, fate: Fate) -> Change {
    let Row { host, layer, subject, .. } = odd.line.row.clone();
    Change { fate, phase: odd.line.phase, host, layer, subject, text: full(odd.line), at: odd.at }
}

/// By what a changed line is known as the same: its layer, and its name or call without the count of repetitions.
fn beginning(line: &Line) -> String {
    let text = line.timeless.strip_prefix("... ").unwrap_or(&line.timeless);
    let word = match line.row.layer.as_str() {
        "call" => text.split('(').next(),
        "seg>" | "seg<" => text.split(' ').next().map(|name| name.split('\'').next().unwrap_or(name)),
        "tcp" | "sock" | "dgram" => Some(text),
        _ => text.split(' ').next(),
    };
    format!("{} {}", line.row.layer, word.unwrap_or_default())
}

fn full(line: &Line) -> String {
    if line.row.cause.is_empty() { line.timeless.clone() } else { format!("{} | {}", line.timeless, line.row.cause) }
}

/// A line as another one names it: without the values that every segment has.
fn brief(row: &Row, timeless: &str) -> String {
    let noise = |word: &&str| !["win=", "mss=", "scale=", "sack-ok"].iter().any(|key| word.starts_with(key));
    let text: Vec<&str> = timeless.split(' ').filter(noise).collect();
    match row.layer.as_str() {
        "seg>" => format!("snd {}", text.join(" ")),
        "seg<" => format!("rcv {}", text.join(" ")),
        _ => text.join(" "),
    }
}
