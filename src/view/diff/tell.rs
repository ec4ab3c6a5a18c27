//! The difference as people read it: the verdict first, then paths, moves, packets, calls, and what is only time.

use super::align::{Change, Fate};
use super::walks::{WalkChange, inline, listed};
use super::{Difference, Held, Phase};
use crate::base::alike_ends;
use crate::trace::{escape, pad, width};
use core::fmt::Write;
use similar::TextDiff;
use std::collections::BTreeMap;

/// How much to tell.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tell {
    /// Also the lines that differ only in time.
    pub times: bool,
    /// All lines, however many.
    pub all: bool,
}

/// So many lines of a section are told.
const FEW: usize = 16;
/// The widths of the label's column and of the whole.
const LABEL: usize = 12;
const WIDE: usize = 100;

/// The sections of lines: label and layers.
const SECTIONS: [(&str, &[&str]); 3] = [
    ("segments", &["seg>", "seg<", "drop", "link", "timer"]),
    ("packets", &["udp>", "udp<", "icmp>", "icmp<", "arp>", "arp<", "ip>", "ip<"]),
    ("calls", &["call", "app", "conn", "power"]),
];

impl Difference {
    /// The difference of the runs that go by these names.
    pub fn tell(&self, old: &str, new: &str, how: Tell) -> String {
        let mut out = String::new();
        let names = if old == new { escape(old) } else { format!("{} → {}", escape(old), escape(new)) };
        let verdict = self.verdict();
        let room = WIDE.saturating_sub(width(&verdict)).max(width(&names) + 2);
        let _ = writeln!(out, "{}{verdict}", pad(&names, room));
        for (key, a, b) in &self.head {
            row(&mut out, key, &format!("{a} → {b}"));
        }
        self.paths(&mut out);
        self.moves(&mut out);
        for (label, layers) in SECTIONS {
            let lines: Vec<&Change> = self.changes().filter(|change| layers.contains(&&*change.layer)).collect();
            let figures = self.figures(label);
            if !figures.is_empty() || !lines.is_empty() {
                row(&mut out, label, &figures);
            }
            told(&mut out, &lines, how);
            let follow = self.follows.iter().filter_map(|at| self.aligned.changes.get(*at));
            match follow.filter(|change| layers.contains(&&*change.layer)).count() {
                0 => {}
                1 => row(&mut out, "", "1 arrival follows from this"),
                many => row(&mut out, "", &format!("{many} arrivals follow from this")),
            }
        }
        self.timing(&mut out, how);
        self.invariants(&mut out);
        out
    }

    /// `behaviour changed in: open, close`.
    fn verdict(&self) -> String {
        if self.is_same() {
            return "same behaviour".to_owned();
        }
        let phases: Vec<&str> = self.phases.iter().map(|phase| phase.name()).collect();
        match phases.is_empty() {
            true => "behaviour changed in: expectations".to_owned(),
            false => format!("behaviour changed in: {}", phases.join(", ")),
        }
    }

    fn paths(&self, out: &mut String) {
        let who = |walk: &WalkChange| format!("{} {}", walk.host, subjects(&walk.subjects));
        let room = self.walks.changed.iter().map(|walk| width(&who(walk))).max().unwrap_or(0);
        for walk in &self.walks.changed {
            let text = match (&walk.old, &walk.new) {
                (Some(old), Some(new)) => inline(old, new),
                (Some(old), None) => format!("[- {} -]", listed(old)),
                (None, new) => format!("[+ {} +]", listed(new.as_deref().unwrap_or_default())),
            };
            let label = if walk.layer == "tcp" { "path" } else { &walk.layer };
            row(out, label, &format!("{}  {text}", pad(&who(walk), room)));
        }
        // A move for another cause, or at another time among its connection's packets.
        let states = |change: &&Change| !SECTIONS.iter().any(|(_, layers)| layers.contains(&&*change.layer));
        let moved = |change: &&Change| matches!(change.fate, Fate::Changed { .. } | Fate::Moved { .. });
        let lines: Vec<&Change> = self.changes().filter(states).filter(moved).collect();
        if self.walks.changed.is_empty() || !lines.is_empty() || !self.walks.same.is_empty() {
            row(out, "paths", &self.unchanged());
        }
        told(out, &lines, Tell::default());
    }

    /// The paths that are the same.
    fn unchanged(&self) -> String {
        let same = &self.walks.same;
        let named = |((host, _, subject), moves): &((String, String, String), usize)| {
            format!("{host} {subject} ({moves} {})", if *moves == 1 { "move" } else { "moves" })
        };
        match same.len() {
            0 if self.walks.changed.is_empty() => "none in either".to_owned(),
            0 => "all changed".to_owned(),
            1..=3 => format!("unchanged: {}", same.iter().map(named).collect::<Vec<_>>().join(", ")),
            many => {
                let others = if self.walks.changed.is_empty() { "" } else { "others " };
                format!("{many} {others}unchanged ({} moves)", same.iter().map(|(_, moves)| moves).sum::<usize>())
            }
        }
    }

    fn moves(&self, out: &mut String) {
        let moves = &self.moves;
        let mut layers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (sign, list) in [("+", &moves.gained), ("-", &moves.lost)] {
            for (layer, from, to) in list {
                layers.entry(layer).or_default().push(format!("{sign} {from} → {to}"));
            }
        }
        let mut label = "edges";
        if layers.is_empty() && moves.same > 0 {
            row(out, label, &format!("the same {}", moves.same));
        }
        // TCP's first: they are why people look.
        let (tcp, others): (Vec<_>, Vec<_>) = layers.into_iter().partition(|(layer, _)| *layer == "tcp");
        for (layer, edges) in tcp.into_iter().chain(others) {
            for edges in edges.chunks(3) {
                row(out, label, &format!("{}{}", pad(layer, 6), edges.join("  ")));
                label = "";
            }
        }
        let each: Vec<String> = moves
            .coverage
            .iter()
            .map(|(machine, old, new, all)| {
                format!("{machine} {} of {all}", versus(&old.to_string(), &new.to_string()))
            })
            .collect();
        if !each.is_empty() {
            row(out, "coverage", &format!("pairs of states: {}", each.join(" · ")));
        }
    }

    fn figures(&self, label: &str) -> String {
        let (a, b) = &self.figures;
        let mut parts = Vec::new();
        match label {
            "segments" => {
                parts = by_host(&a.segments, &b.segments, "");
                if !parts.is_empty() {
                    let sums = [("retransmits", a.again, b.again), ("lost", a.lost, b.lost)];
                    parts.extend(sums.map(|(name, a, b)| format!("{name} {}", versus(&a.to_string(), &b.to_string()))));
                }
            }
            "packets" if self.paths_only => {
                let hosts: BTreeMap<&str, [&str; 2]> = merged(&a.packets, &b.packets);
                parts.extend(hosts.iter().map(|(host, [a, b])| format!("{host} {}", versus(a, b))));
            }
            "packets" => parts = by_host(&a.others, &b.others, ""),
            _ => {
                parts = by_host(&a.calls, &b.calls, "");
                parts.extend(by_host(&a.sent, &b.sent, " B sent"));
                parts.extend(by_host(&a.received, &b.received, " B received"));
            }
        }
        parts.join(" · ")
    }

    fn timing(&self, out: &mut String, how: Tell) {
        if self.interleaved && self.phases.is_empty() {
            row(out, "order", "the same for each host and connection, another one among them");
        }
        let retimed = &self.aligned.retimed;
        if retimed.is_empty() {
            return;
        }
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for (old, new) in retimed.iter().filter(|(old, new)| old.clock != new.clock) {
            *kinds.entry(format!("{} → {}", old.clock, new.clock)).or_default() += 1;
        }
        let mut kinds: Vec<(usize, String)> = kinds.into_iter().map(|(kind, many)| (many, kind)).collect();
        kinds.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let mut shown: Vec<String> = kinds.iter().take(2).map(|(_, kind)| kind.clone()).collect();
        if kinds.len() > 2 {
            shown.push("…".to_owned());
        }
        let shown = if shown.is_empty() { String::new() } else { format!(" ({})", shown.join(", ")) };
        let lines = if retimed.len() == 1 { "line differs" } else { "lines differ" };
        let text = format!("{} {lines} only in time{shown}", retimed.len());
        let hint = if how.times { "" } else { "shown with --time" };
        row(out, "timing", &format!("{}  {hint}", pad(&text, WIDE.saturating_sub(LABEL + 2 + hint.len() + 4))));
        for (old, new) in retimed.iter().filter(|_| how.times) {
            let clock =
                if old.clock == new.clock { old.clock.clone() } else { format!("{} → {}", old.clock, new.clock) };
            let text = if old.text == new.text { old.text.clone() } else { format!("{} → {}", old.text, new.text) };
            let who = format!("{} {}", new.host, new.subject);
            let _ = writeln!(out, "    {}  {}  {}  {text}", pad(&clock, 16), pad(&who, 17), pad(&new.layer, 5));
        }
    }

    fn invariants(&self, out: &mut String) {
        let (gained, lost) = (&self.findings.gained, &self.findings.lost);
        let same = self.findings.same;
        let sum = |list: &BTreeMap<String, u64>| list.values().copied().fold(same, u64::saturating_add).to_string();
        let text = match (gained.len() + lost.len(), same) {
            (0, 0) => "none broken in either".to_owned(),
            (0, 1) => "the same one broken in both".to_owned(),
            (0, same) => format!("the same {same} broken in both"),
            _ => format!("broken {}", versus(&sum(lost), &sum(gained))),
        };
        row(out, "invariants", &text);
        for (sign, list) in [("+", gained), ("-", lost)] {
            mark(out, sign, list);
        }
        if let Some((old, new)) = &self.expectations {
            let of = |held: &Held| format!("{} of {}", held.met, held.all);
            row(out, "expected", &format!("holds: {}", versus(&of(old), &of(new))));
            let differ = |one: &'_ Held, other: &'_ Held| {
                let failed = one.failed.iter().filter(|failed| !other.failed.contains(failed));
                failed.fold(BTreeMap::new(), |mut counts, failed| {
                    *counts.entry(escape(failed)).or_default() += 1;
                    counts
                })
            };
            mark(out, "+ fails:", &differ(new, old));
            mark(out, "- failed:", &differ(old, new));
        }
        let (old, new) = &self.ending;
        if self.phases.contains(&Phase::End) {
            row(out, "end", &format!("{old} → {new}"));
        }
    }
}

/// Lines with a mark before each, and how often each stands for itself.
fn mark(out: &mut String, sign: &str, lines: &BTreeMap<String, u64>) {
    for (line, &many) in lines {
        let times = if many > 1 { format!("  ×{many}") } else { String::new() };
        let _ = writeln!(out, "    {sign} {line}{times}");
    }
}

fn row(out: &mut String, label: &str, text: &str) {
    let _ = writeln!(out, "{}", format!("  {}{text}", pad(label, LABEL)).trim_end());
}

/// `6 = 6`, or `6 → 7`.
fn versus(old: &str, new: &str) -> String {
    let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    if old == new {
        format!("{} = {}", or_none(old), or_none(new))
    } else {
        format!("{} → {}", or_none(old), or_none(new))
    }
}

fn by_host(old: &BTreeMap<String, u64>, new: &BTreeMap<String, u64>, unit: &str) -> Vec<String> {
    let mut hosts: Vec<&String> = old.keys().chain(new.keys()).collect();
    hosts.sort();
    hosts.dedup();
    let of = |figures: &BTreeMap<String, u64>, host: &String| figures.get(host).copied().unwrap_or(0).to_string();
    hosts.into_iter().map(|host| format!("{host} {}{unit}", versus(&of(old, host), &of(new, host)))).collect()
}

fn merged<'a>(old: &'a [(String, String)], new: &'a [(String, String)]) -> BTreeMap<&'a str, [&'a str; 2]> {
    let mut hosts: BTreeMap<&str, [&str; 2]> = BTreeMap::new();
    for (at, list) in [old, new].into_iter().enumerate() {
        list.iter().for_each(|(host, text)| hosts.entry(host).or_default()[at] = text);
    }
    hosts
}

fn subjects(list: &[String]) -> String {
    match list {
        [first, .., last] if list.len() > 3 => format!("{first} .. {last} ({})", list.len()),
        _ => list.join(", "),
    }
}

/// Lines with their marks, in columns.
fn told(out: &mut String, lines: &[&Change], how: Tell) {
    let shown = if how.all || lines.len() <= FEW + 1 { lines } else { &lines[..FEW] };
    let who = |change: &Change| format!("{} {}", change.host, change.subject).trim_end().to_owned();
    let room = shown.iter().map(|change| width(&who(change))).max().unwrap_or(0);
    for change in shown {
        let (sign, text) = match &change.fate {
            Fate::Added => ("+", change.text.clone()),
            Fate::Lost => ("-", change.text.clone()),
            Fate::Moved { before: Some(before) } => ("~", format!("{}  moved before {before}", change.text)),
            Fate::Moved { before: None } => ("~", format!("{}  moved to the end", change.text)),
            Fate::Changed { was } => ("~", changed(was, &change.text)),
        };
        let _ = writeln!(out, "    {sign} {}  {}  {text}", pad(&who(change), room), pad(&change.layer, 5));
    }
    if shown.len() < lines.len() {
        let _ = writeln!(out, "    … and {} more, shown with --all", lines.len() - shown.len());
    }
}

/// The words of a text; its cause is one.
fn words(text: &str) -> Vec<&str> {
    let (text, cause) = text.rsplit_once(" | ").map_or((text, None), |(text, cause)| (text, Some(cause)));
    text.split(' ').chain(cause.map(|_| "|")).chain(cause).collect()
}

/// Two texts as one, with what went and what came inline, word by word.
fn changed(old: &str, new: &str) -> String {
    let (a, b) = (words(old), words(new));
    let (before, after) = alike_ends(&a, &b, |a, b| a == b);
    let part = |words: &[&str], open: &str, close: &str| match words.is_empty() {
        true => String::new(),
        false => format!("{open}{}{close}", words.join(" ")),
    };
    let middle = part(&a[before..a.len() - after], "[- ", " -]") + &part(&b[before..b.len() - after], "[+ ", " +]");
    let parts = [part(&a[..before], "", ""), middle, part(&a[a.len() - after..], "", "")];
    parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ")
}

/// The plain difference of texts that are no runs, each with its name, line by line; `None` where they are the same.
pub fn lines((old_name, old): (&str, &str), (new_name, new): (&str, &str)) -> Option<String> {
    let difference = TextDiff::from_lines(old, new);
    (old != new).then(|| difference.unified_diff().context_radius(3).header(old_name, new_name).to_string())
}
