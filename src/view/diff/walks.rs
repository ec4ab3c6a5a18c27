//! The states that machines passed, and the moves between them, before and after.

use super::phase::Phase;
use super::story::{Walk, Whose};
use crate::catalog::catalog;
use crate::machine::{Table, Verdict};
use crate::trace::layer_of;
use similar::{Algorithm, DiffTag, capture_diff_slices};
use std::collections::{BTreeMap, BTreeSet};

/// All walks compared.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Walked {
    pub(super) changed: Vec<WalkChange>,
    /// How many are the same, and how many moves the longest of them has.
    pub(super) same: Vec<(Whose, usize)>,
}

/// A walk that is not the same; walks of one host that changed in the same way are one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct WalkChange {
    pub(super) host: String,
    pub(super) layer: String,
    pub(super) subjects: Vec<String>,
    pub(super) phases: BTreeSet<Phase>,
    /// Its states; `None` where one of the runs has no such walk.
    pub(super) old: Option<Vec<(String, u32)>>,
    pub(super) new: Option<Vec<(String, u32)>>,
}

/// Compares the walks; those that changed stand in the order of the new run, lost ones after them.
pub(super) fn walks(old: &[Walk], new: &[Walk]) -> Walked {
    let before: BTreeMap<&Whose, &Walk> = old.iter().map(|walk| (&walk.whose, walk)).collect();
    let after: BTreeSet<&Whose> = new.iter().map(|walk| &walk.whose).collect();
    let pairs =
        new.iter().map(|walk| (&walk.whose, before.get(&walk.whose).map(|old| &old.states), Some(&walk.states)));
    let lost = old.iter().filter(|walk| !after.contains(&walk.whose));
    let mut walked = Walked::default();
    for (whose, old, new) in pairs.chain(lost.map(|walk| (&walk.whose, Some(&walk.states), None))) {
        if old == new {
            let moves = new.map_or(0, |states| states.len().saturating_sub(1));
            walked.same.push((whose.clone(), moves));
            continue;
        }
        let (host, layer, subject) = whose.clone();
        let alike = |walk: &&mut WalkChange| {
            (&walk.host, &walk.layer, walk.old.as_ref(), walk.new.as_ref()) == (&host, &layer, old, new)
        };
        match walked.changed.iter_mut().find(alike) {
            Some(known) => known.subjects.push(subject),
            None => walked.changed.push(WalkChange {
                phases: phases(old.map_or(&[], Vec::as_slice), new.map_or(&[], Vec::as_slice)),
                host,
                layer,
                subjects: vec![subject],
                old: old.cloned(),
                new: new.cloned(),
            }),
        }
    }
    walked
}

fn names(states: &[(String, u32)]) -> Vec<&str> {
    states.iter().map(|(name, _)| name.as_str()).collect()
}

/// The parts of a connection's life in which its paths differ.
fn phases(old: &[(String, u32)], new: &[(String, u32)]) -> BTreeSet<Phase> {
    let phase = |states: &[(String, u32)], at: usize| {
        let before = at.checked_sub(1).and_then(|before| states.get(before)).map(|(name, _)| name.as_str());
        states.get(at).map(|(name, _)| Phase::of_state(name, before))
    };
    let mut phases = BTreeSet::new();
    for op in capture_diff_slices(Algorithm::Myers, &names(old), &names(new)) {
        let (mut a, mut b): (Vec<usize>, Vec<usize>) = (op.old_range().collect(), op.new_range().collect());
        if op.tag() == DiffTag::Equal {
            let again = |states: &[(String, u32)], at: usize| states.get(at).map(|(_, again)| *again);
            a = a.into_iter().zip(b).filter(|(a, b)| again(old, *a) != again(new, *b)).map(|(a, _)| a).collect();
            b = Vec::new();
        }
        phases.extend(a.into_iter().filter_map(|at| phase(old, at)));
        phases.extend(b.into_iter().filter_map(|at| phase(new, at)));
    }
    phases
}

/// One path with what went and what came inline: `A > [- B -][+ C +] > D`; `↻2` is how often something was sent again.
pub(super) fn inline(old: &[(String, u32)], new: &[(String, u32)]) -> String {
    let mut out = String::new();
    for op in capture_diff_slices(Algorithm::Myers, &names(old), &names(new)) {
        let (a, b) = (&old[op.old_range()], &new[op.new_range()]);
        if !out.is_empty() {
            out.push_str(" > ");
        }
        if op.tag() == DiffTag::Equal {
            let states: Vec<String> = a.iter().zip(b).map(|(a, b)| format!("{}{}", a.0, again(a.1, b.1))).collect();
            out.push_str(&states.join(" > "));
            continue;
        }
        for (states, open, close) in [(a, "[- ", " -]"), (b, "[+ ", " +]")] {
            if !states.is_empty() {
                out.push_str(&format!("{open}{}{close}", listed(states)));
            }
        }
    }
    out
}

/// A path as it is.
pub(super) fn listed(states: &[(String, u32)]) -> String {
    let states: Vec<String> = states.iter().map(|(name, times)| format!("{name}{}", again(*times, *times))).collect();
    states.join(" > ")
}

fn again(old: u32, new: u32) -> String {
    match (old, new) {
        (0, 0) => String::new(),
        (old, new) if old == new => format!(" ↻{new}"),
        (0, new) => format!(" [+ ↻{new} +]"),
        (old, 0) => format!(" [- ↻{old} -]"),
        (old, new) => format!(" [- ↻{old} -][+ ↻{new} +]"),
    }
}

/// A move: layer, from, to.
pub(super) type Move = (String, String, String);

/// The moves of both runs, whoever made them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Moves {
    pub(super) gained: Vec<Move>,
    pub(super) lost: Vec<Move>,
    pub(super) same: usize,
    /// Machine; how many of its moves each run made; how many there are.
    pub(super) coverage: Vec<(String, usize, usize, usize)>,
}

/// Compares the moves that were made.
pub(super) fn moves(old: &[Walk], new: &[Walk]) -> Moves {
    let (old, new) = (made(old), made(new));
    Moves {
        gained: new.difference(&old).cloned().collect(),
        lost: old.difference(&new).cloned().collect(),
        same: old.intersection(&new).count(),
        coverage: catalog().iter().filter_map(|table| coverage(table, &old, &new)).collect(),
    }
}

fn made(walks: &[Walk]) -> BTreeSet<Move> {
    let steps = |walk: &Walk| -> Vec<Move> {
        let pairs = walk.states.windows(2).filter(|pair| pair.iter().all(|(state, _)| state != "..."));
        pairs.map(|pair| (walk.whose.1.clone(), pair[0].0.clone(), pair[1].0.clone())).collect()
    };
    walks.iter().flat_map(steps).collect()
}

fn coverage(table: &Table, old: &BTreeSet<Move>, new: &BTreeSet<Move>) -> Option<(String, usize, usize, usize)> {
    let layer = layer_of(table.name);
    let pair = |cell: &crate::machine::Cell| match cell.verdict {
        Verdict::Go { to, .. } => {
            Some((layer.to_owned(), table.states[cell.from].to_owned(), table.states[to].to_owned()))
        }
        _ => None,
    };
    let all: BTreeSet<Move> = table.edges().filter_map(pair).collect();
    let (before, after) = (all.intersection(old).count(), all.intersection(new).count());
    (before + after > 0).then(|| (table.name.to_owned(), before, after, all.len()))
}
