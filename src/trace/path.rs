//! The path form: what a reviewer reads first. About ten lines: the states that each end of each connection and each
//! socket passed, what was sent and lost, what the judge found, and how the run ended.

use super::escape::{escape, pad, width};
use super::text::ending_words;
use super::{Fault, Names, Record, Relative, Subject, Trace, What};
use crate::base::NodeId;
use crate::machine::Machine;
use crate::tcp::Tcp;
use core::fmt::Write;
use std::collections::BTreeMap;

/// What stands for the host itself among the names.
pub const POWER: &str = "power";

/// What stands for the states that a host lost when it went off.
pub const POWER_OFF: &str = "(power off)";

/// So many names are listed one by one.
pub const FEW_SUBJECTS: usize = 2;

/// The trace as paths.
pub fn path(trace: &Trace) -> String {
    path_among(trace, |_| true)
}

/// The paths of these records alone; the end is always told.
pub fn path_among(trace: &Trace, among: impl Fn(&Record) -> bool) -> String {
    let names = Names::new(&trace.header, &trace.records);
    let host = trace.header.nodes.iter().map(|node| width(&node.name)).max().unwrap_or(0);
    let mut out = format!("path      {}\n", escape(&trace.header.scenario));
    if !trace.header.title.is_empty() {
        let _ = writeln!(out, "title     {}", escape(&trace.header.title));
    }
    out.push('\n');
    let rows = paths(trace, &names, &among);
    let column = rows.iter().map(|row| width(&listed(&row.subjects))).max().unwrap_or(0).max(host + 3);
    let mut print = |node: NodeId, subject: &str, text: &str| {
        let row = format!("{}  {}  {text}", pad(names.node(node), host), pad(subject, column));
        let _ = writeln!(out, "{}", row.trim_end());
    };
    for row in &rows {
        print(row.node, &listed(&row.subjects), &row.states.join(" > "));
    }
    for (node, totals) in totals(trace, &among) {
        print(node, "packets", &totals.text());
    }
    for ((node, subject, text), count) in remarks(trace, &names, &among) {
        let times = if count > 1 { format!(" x{count}") } else { String::new() };
        print(node, &subject, &format!("{text}{times}"));
    }
    for record in &trace.records {
        if let What::End { ending } = &record.what {
            let _ = writeln!(out, "end: {}", ending_words(ending));
        }
    }
    out
}

/// What a reader must not miss, in the order in which it was first said; and how often that was.
fn remarks(trace: &Trace, names: &Names<'_>, among: &impl Fn(&Record) -> bool) -> Vec<((NodeId, String, String), u32)> {
    let mut remarks: Vec<((NodeId, String, String), u32)> = Vec::new();
    for record in trace.records.iter().filter(|record| among(record)) {
        let (conn, text) = match &record.what {
            What::Divergence { conn, rule, clause, .. } => {
                (*conn, format!("diverges: {} | {}", escape(rule), escape(clause)))
            }
            What::Stall { conn, .. } => (Some(*conn), "stalls".to_owned()),
            _ => continue,
        };
        let remark = (record.node, conn.map(|conn| names.conn(conn)).unwrap_or_default(), text);
        match remarks.iter_mut().find(|(known, _)| *known == remark) {
            Some((_, count)) => *count += 1,
            None => remarks.push((remark, 1)),
        }
    }
    remarks
}

/// The same path, passed by these at one node.
struct Row {
    node: NodeId,
    subjects: Vec<String>,
    states: Vec<String>,
}

/// All paths in the order in which they began; like ones together.
fn paths(trace: &Trace, names: &Names<'_>, among: &impl Fn(&Record) -> bool) -> Vec<Row> {
    let mut walks: Vec<Row> = Vec::new();
    let mut open: BTreeMap<(NodeId, &str, Subject), usize> = BTreeMap::new();
    for record in trace.records.iter().filter(|record| among(record)) {
        let (machine, subject, from, to) = match &record.what {
            What::State { conn, end, from, to } => {
                ("tcp", Subject::Conn(*conn, *end), from.to_string(), to.to_string())
            }
            // TCP's moves have state records.
            What::Edge(edge) if edge.from != edge.to && edge.machine != Tcp::NAME => {
                (&*edge.machine, edge.of, escape(&edge.from), escape(&edge.to))
            }
            What::Power { up } => {
                if !*up {
                    open.retain(|(node, ..), walk| *node != record.node || !lose(&mut walks[*walk]));
                }
                power(record.node, *up, &mut walks);
                continue;
            }
            _ => continue,
        };
        let walk = *open.entry((record.node, machine, subject)).or_insert_with(|| {
            let name = match subject {
                Subject::Conn(conn, _) => names.conn(conn),
                Subject::Fd(fd) => format!("fd {}", fd.0),
            };
            walks.push(Row { node: record.node, subjects: vec![name], states: vec![from.clone()] });
            walks.len() - 1
        });
        let states = &mut walks[walk].states;
        if states.last() != Some(&from) {
            states.extend(["...".to_owned(), from]);
        }
        states.push(to);
    }
    together(walks)
}

/// The host loses what it has; true where there was something to lose.
fn lose(walk: &mut Row) -> bool {
    let open = walk.states.last().is_some_and(|state| state != "CLOSED");
    if open {
        walk.states.push(POWER_OFF.to_owned());
    }
    open
}

/// The host itself goes off or on.
fn power(node: NodeId, up: bool, walks: &mut Vec<Row>) {
    let word = |up: bool| if up { "on".to_owned() } else { "off".to_owned() };
    match walks.iter_mut().find(|walk| walk.node == node && walk.subjects == [POWER]) {
        Some(walk) => walk.states.push(word(up)),
        None => walks.push(Row { node, subjects: vec![POWER.to_owned()], states: vec![word(!up), word(up)] }),
    }
}

fn together(walks: Vec<Row>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut known: BTreeMap<(NodeId, Vec<String>), usize> = BTreeMap::new();
    for walk in walks {
        let key = (walk.node, walk.states.clone());
        match known.get(&key) {
            Some(row) => rows[*row].subjects.extend(walk.subjects),
            None => {
                known.insert(key, rows.len());
                rows.push(walk);
            }
        }
    }
    rows
}

/// Several subjects in one cell: `client.1 .. client.4 (4)` where their numbers follow each other, else how many they are.
pub fn listed(subjects: &[String]) -> String {
    match subjects {
        [first, .., last] if subjects.len() > FEW_SUBJECTS => {
            let follow = subjects.windows(2).all(|two| number(&two[0]).is_some_and(|at| follows(at, &two[1])));
            let others = subjects.len() - 1;
            if follow {
                format!("{first} .. {last} ({})", subjects.len())
            } else {
                format!("{first} and {others} others")
            }
        }
        _ => subjects.join(", "),
    }
}

/// A subject's name without its number, and that.
fn number(subject: &str) -> Option<(&str, u64)> {
    let stem = subject.trim_end_matches(|c: char| c.is_ascii_digit());
    Some((stem, subject.strip_prefix(stem)?.parse().ok()?))
}

fn follows((stem, at): (&str, u64), next: &str) -> bool {
    number(next).is_some_and(|(next, number)| next == stem && at.checked_add(1) == Some(number))
}

/// Packets at one node.
#[derive(Default)]
struct Totals {
    sent: u32,
    again: u32,
    lost: u32,
    arrived: u32,
    dropped: u32,
}

impl Totals {
    fn text(&self) -> String {
        let mut text = format!("sent={} arrived={}", self.sent, self.arrived);
        for (key, count) in [("again", self.again), ("lost", self.lost), ("dropped", self.dropped)] {
            if count > 0 {
                let _ = write!(text, " {key}={count}");
            }
        }
        text
    }
}

fn totals(trace: &Trace, among: &impl Fn(&Record) -> bool) -> BTreeMap<NodeId, Totals> {
    let relative = Relative::new(&trace.records);
    let mut all: BTreeMap<NodeId, Totals> = BTreeMap::new();
    for record in trace.records.iter().filter(|record| record.what.packet().is_some() && among(record)) {
        let totals = all.entry(record.node).or_default();
        match &record.what {
            What::Sent { .. } => {
                totals.sent += 1;
                totals.again += u32::from(relative.get(record.id).is_some_and(|shown| shown.nth > 1));
            }
            What::Arrived { .. } => totals.arrived += 1,
            What::Fault { fault, .. } => totals.lost += u32::from(Fault::is_loss(fault)),
            What::Drop { .. } => totals.dropped += 1,
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn a_range_is_said_only_of_numbers_that_follow_each_other() {
        let of = |subjects: &[&str]| listed(&subjects.iter().map(|subject| (*subject).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["a.1", "a.3"]), "a.1, a.3");
        assert_eq!(of(&["fd 9", "fd 10", "fd 11"]), "fd 9 .. fd 11 (3)");
        assert_eq!(of(&["a.1", "a.3", "a.6"]), "a.1 and 2 others");
        assert_eq!(of(&["a.1", "b.2", "c.3"]), "a.1 and 2 others");
        assert_eq!(of(&["power", "power", "power"]), "power and 2 others");
        assert_eq!(of(&["a.18446744073709551615", "a.0", "a.1"]), "a.18446744073709551615 and 2 others");
    }
}
