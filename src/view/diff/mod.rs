//! What changed in behaviour between two runs.
//!
//! - A run is compared in its text form, whatever it was given as: a line is known by its host, subject, layer, text and
//!   cause, never by its time. So a saved text is as good as a trace, but that it has long runs of packets folded.
//! - Behaviour is the same when every host and subject did the same things in the same order. What differs only in
//!   time is counted, and changes no verdict.
//! - An arrival that only follows from what was sent or lost is not told of again.
//!
//! [`Story`] is a run as it is compared, [`compare`] compares, [`Difference::tell`] and [`Difference::json`] write it
//! down; [`overlay`] makes a machine's graph of the moves that came and went, for DOT and Mermaid.

mod align;
mod figures;
mod json;
mod overlay;
mod phase;
mod story;
mod tell;
mod walks;

pub use overlay::overlay;
pub use story::Story;
pub use tell::{Tell, lines};

use align::{Aligned, Change, Fate};
use figures::Figures;
use phase::Phase;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use walks::{Moves, Walked};

/// What is different between two runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Which parts of the run.
    phases: BTreeSet<Phase>,
    /// What the heads say, where they say different things: key, old, new.
    head: Vec<(String, String, String)>,
    walks: Walked,
    moves: Moves,
    figures: (Figures, Figures),
    aligned: Aligned,
    /// Of `aligned.changes`: arrivals that follow from what was sent or lost.
    follows: BTreeSet<usize>,
    findings: Findings,
    ending: (String, String),
    /// What the scenarios expect; only where both runs are of scenarios.
    pub expectations: Option<(Held, Held)>,
    paths_only: bool,
    /// Hosts and connections did the same, but what one did stands elsewhere among what others did.
    interleaved: bool,
}

/// How far a scenario's expectations hold.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Held {
    /// How many hold.
    pub met: usize,
    /// How many there are.
    pub all: usize,
    /// Those that do not, each in a sentence.
    pub failed: Vec<String>,
}

/// What the judge found, and how often more or less than before.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
struct Findings {
    gained: BTreeMap<String, u64>,
    lost: BTreeMap<String, u64>,
    same: u64,
}

/// Compares two runs.
pub fn compare(old: &Story, new: &Story) -> Difference {
    if old.paths_only != new.paths_only {
        return compare(&old.clone().without_lines(), &new.clone().without_lines());
    }
    let aligned = align::align(old, new);
    let follows = follows(&aligned.changes);
    let mut difference = Difference {
        phases: aligned.changes.iter().map(|change| change.phase).collect(),
        head: head(old, new),
        walks: walks::walks(&old.walks, &new.walks),
        moves: walks::moves(&old.walks, &new.walks),
        figures: (figures::figures(old), figures::figures(new)),
        aligned,
        follows,
        findings: findings(&old.findings, &new.findings),
        ending: (old.ending.clone(), new.ending.clone()),
        expectations: None,
        paths_only: old.paths_only,
        interleaved: align::interleaved(old, new),
    };
    difference.phases.extend(difference.walks.changed.iter().flat_map(|walk| walk.phases.iter().copied()));
    if old.paths_only && difference.figures.0.packets != difference.figures.1.packets {
        difference.phases.insert(Phase::Exchange);
    }
    if !(difference.findings.gained.is_empty() && difference.findings.lost.is_empty()) {
        difference.phases.insert(Phase::Judgement);
    }
    if old.ending != new.ending {
        difference.phases.insert(Phase::End);
    }
    difference
}

impl Difference {
    /// Both runs behaved alike.
    pub fn is_same(&self) -> bool {
        let broken = |held: &Held| held.failed.len();
        self.phases.is_empty() && self.expectations.as_ref().is_none_or(|(old, new)| broken(old) == broken(new))
    }

    fn changes(&self) -> impl Iterator<Item = &Change> {
        let told = |(at, _): &(usize, &Change)| !self.follows.contains(at);
        self.aligned.changes.iter().enumerate().filter(told).map(|(_, change)| change)
    }
}

fn head(old: &Story, new: &Story) -> Vec<(String, String, String)> {
    let keys: BTreeSet<&str> = old.head.iter().chain(&new.head).map(|(key, _)| key.as_str()).collect();
    let values = |story: &Story, key: &str| -> String {
        let all: Vec<&str> = story.head.iter().filter(|(known, _)| known == key).map(|(_, value)| &**value).collect();
        all.join(", ")
    };
    let form = |key: &str| matches!(key, "trace" | "path" | "scenario");
    let pairs = keys.into_iter().filter(|key| !form(key)).map(|key| (key, values(old, key), values(new, key)));
    // A path's head says less than a trace's.
    let both = |(_, a, b): &(&str, String, String)| a != b && !a.is_empty() && !b.is_empty();
    pairs.filter(both).map(|(key, a, b)| (key.to_owned(), a, b)).collect()
}

fn findings(old: &BTreeMap<String, u64>, new: &BTreeMap<String, u64>) -> Findings {
    let times = |findings: &BTreeMap<String, u64>, finding: &String| findings.get(finding).copied().unwrap_or(0);
    let more = |than: &BTreeMap<String, u64>, list: &BTreeMap<String, u64>| -> BTreeMap<String, u64> {
        let rest = list.iter().map(|(it, many)| (it.clone(), many.saturating_sub(times(than, it))));
        rest.filter(|(_, many)| *many > 0).collect()
    };
    let both = new.iter().map(|(it, many)| times(old, it).min(*many));
    Findings { gained: more(old, new), lost: more(new, old), same: both.fold(0, u64::saturating_add) }
}

/// Arrivals whose coming, going or repetition another change explains: that of a packet sent or lost.
fn follows(changes: &[Change]) -> BTreeSet<usize> {
    let name = |change: &Change| -> (String, String) {
        let words: Vec<&str> = change.text.split(' ').take_while(|word| *word != "|").take(2).collect();
        (change.subject.clone(), words.join(" "))
    };
    let (mut came, mut went) = (BTreeSet::new(), BTreeSet::new());
    for change in changes {
        match (change.layer.as_str(), &change.fate) {
            ("seg>" | "udp>", Fate::Added | Fate::Changed { .. }) | ("drop", Fate::Lost) => came.insert(name(change)),
            ("seg>" | "udp>", Fate::Lost) | ("drop", Fate::Added) => went.insert(name(change)),
            _ => false,
        };
    }
    let explained = |change: &Change| match (change.layer.as_str(), &change.fate) {
        ("seg<" | "udp<", Fate::Added | Fate::Changed { .. }) => came.contains(&name(change)),
        ("seg<" | "udp<", Fate::Lost) => went.contains(&name(change)),
        _ => false,
    };
    (0..).zip(changes).filter(|(_, change)| explained(change)).map(|(at, _)| at).collect()
}
