//! The transition matrix as text: a row for each input, a column for each state.
//!
//! A cell is the next state's short name, the refusal, `.` where the state stays, `*` where it stays and something is
//! performed, or blank where the input cannot occur. The legend below says what the short names stand for. Over a run, a
//! cell is a count: `.` for what could have happened and did not.

use super::graph::{InputEdge, MachineGraph};
use super::names::abbreviations;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use unicode_width::UnicodeWidthStr;

/// A refusal that is longer than this gets a number and a line in the legend; in a machine of many states sooner.
const LONG: usize = 16;
const LONG_AMONG_MANY: usize = 8;
const MANY_STATES: usize = 8;

/// The matrix of a machine; over a run, of counts.
pub fn matrix(machine: &MachineGraph) -> String {
    let names: Vec<&str> = machine.graph.node_weights().map(|state| state.name.as_str()).collect();
    let short = abbreviations(&names);
    let refusals = long_refusals(machine);
    let mut rows = vec![std::iter::once(String::new()).chain(short.iter().cloned()).collect::<Vec<_>>()];
    for input in inputs(machine) {
        let mut row = vec![input.to_owned()];
        row.extend(machine.graph.node_indices().map(|from| cell(machine, from, input, &short, &refusals)));
        rows.push(row);
    }
    let mut out = heading(machine);
    out.push('\n');
    out.push_str(&grid(&rows));
    out.push('\n');
    legend(&mut out, machine, &short, &refusals);
    out
}

fn heading(machine: &MachineGraph) -> String {
    let mut lines = vec![format!("{}: {}", machine.name, machine.title)];
    if let Some(run) = &machine.run {
        let (all, seen) = machine.coverage();
        lines.push(format!("run {run}: {seen} of {all} moves taken, by {}", machine.subjects.join(", ")));
    }
    lines.extend(machine.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n") + "\n"
}

/// All inputs, in the table's order, then those that only the run names.
fn inputs(machine: &MachineGraph) -> Vec<&str> {
    let mut inputs: Vec<&str> = machine.inputs.iter().map(String::as_str).collect();
    for edge in machine.graph.edge_weights() {
        if !inputs.contains(&edge.input.as_str()) {
            inputs.push(&edge.input);
        }
    }
    inputs
}

fn cell(machine: &MachineGraph, from: NodeIndex, input: &str, short: &[String], refusals: &[&str]) -> String {
    let edges: Vec<_> = machine.graph.edges(from).filter(|edge| edge.weight().input == input).collect();
    if machine.run.is_some() {
        return counts(edges.iter().map(|edge| edge.weight()));
    }
    let one = |edge: &petgraph::graph::EdgeReference<'_, InputEdge>| match &edge.weight().refusal {
        Some(refusal) => match refusals.iter().position(|long| long == refusal) {
            Some(at) => format!("!{}", at + 1),
            None => refusal.clone(),
        },
        None if edge.target() != from => short[edge.target().index()].clone(),
        None if edge.weight().outputs.is_empty() => ".".to_owned(),
        None => "*".to_owned(),
    };
    edges.iter().map(one).collect::<Vec<_>>().join("|")
}

/// `3`; `2!` where the table has no such move; `.` where it could have happened; blank where it could not.
fn counts<'a>(edges: impl Iterator<Item = &'a InputEdge>) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut possible = false;
    for edge in edges {
        possible = true;
        if edge.count() > 0 {
            parts.push(format!("{}{}", edge.count(), if edge.declared { "" } else { "!" }));
        }
    }
    match (parts.is_empty(), possible) {
        (false, _) => parts.join("|"),
        (true, true) => ".".to_owned(),
        (true, false) => String::new(),
    }
}

fn long_refusals(machine: &MachineGraph) -> Vec<&str> {
    let limit = if machine.graph.node_count() > MANY_STATES { LONG_AMONG_MANY } else { LONG };
    let mut long: Vec<&str> = machine
        .graph
        .edge_weights()
        .filter_map(|edge| edge.refusal.as_deref())
        .filter(|text| text.width() > limit)
        .collect();
    long.sort_unstable();
    long.dedup();
    long
}

/// Columns of equal width for their content, two blanks apart; the first row is ruled off.
fn grid(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> =
        (0..columns).map(|column| rows.iter().map(|row| row[column].width()).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for (at, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (text, &width) in row.iter().zip(&widths) {
            line.push_str(text);
            line.push_str(&" ".repeat(width - text.width() + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
        if at == 0 {
            let rule: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
            out.push_str(&rule.join("  "));
            out.push('\n');
        }
    }
    out
}

fn legend(out: &mut String, machine: &MachineGraph, short: &[String], refusals: &[&str]) {
    let width = short.iter().map(|name| name.width()).max().unwrap_or(0);
    for (state, name) in machine.graph.node_weights().zip(short) {
        let role = match (state.start, state.is_final, state.declared) {
            (_, _, false) => "  (not in the table)",
            (true, true, true) => "  (start and final)",
            (true, false, true) => "  (start)",
            (false, true, true) => "  (final)",
            (false, false, true) => "",
        };
        out.push_str(&format!("{name}{}  {}{role}\n", " ".repeat(width - name.width()), state.name));
    }
    // Over a run the cells are counts: no refusal stands in them.
    for (at, refusal) in refusals.iter().enumerate().filter(|_| machine.run.is_none()) {
        out.push_str(&format!("!{}  refused: {refusal}\n", at + 1));
    }
    out.push_str(match machine.run {
        None => ".  stays   *  stays, and something is performed   blank  cannot occur\n",
        Some(_) => "n  taken n times   n!  not in the table   .  not taken   blank  cannot occur\n",
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::names::door;
    use crate::view::{RunEdge, declared, over_run};

    #[test]
    fn cells_stand_under_their_states() {
        let text = matrix(&declared(&door()));
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows[2].find("OPEN"), rows[4].find("EALREADY"), "{text}");
        assert!(rows[4].starts_with("open            OPEN") && rows[4].ends_with("EPERM"), "{text}");
        assert!(text.contains("SHUT  SHUT  (start and final)\n"), "{text}");
    }

    #[test]
    fn over_a_run_cells_are_counts() {
        let edge = |from: &str, input: &str, to: &str| RunEdge {
            machine: "door".into(),
            subject: "문지기".into(),
            from: from.into(),
            input: input.into(),
            to: to.into(),
        };
        let run = [edge("SHUT", "open", "OPEN"), edge("SHUT", "open", "OPEN"), edge("OPEN", "kick", "SHUT")];
        let text = matrix(&over_run(&door(), "r", &run));
        let row = |name: &str| text.lines().find(|line| line.starts_with(name)).map(str::to_owned).unwrap_or_default();
        assert_eq!(row("open").split_whitespace().collect::<Vec<_>>(), ["open", "2", ".", "."], "{text}");
        assert_eq!(row("kick").split_whitespace().collect::<Vec<_>>(), ["kick", "1!"], "{text}");
    }
}
