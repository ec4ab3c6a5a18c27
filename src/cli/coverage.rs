//! `drywire coverage`: which edges of which machine the scenarios show, by which of them, in how many steps.

use super::args::{CoverageArgs, CoverageFormat};
use super::engine::How;
use super::{Done, Status, Trouble, files, graph, run};
use crate::catalog::catalog;
use crate::view::coverage::{Edge, Gathered, MachineCoverage, Shown};
use crate::view::dot::{DotOptions, dot};
use crate::view::over_run;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

/// Runs the scenarios and says what they have shown.
pub(super) fn coverage(args: &CoverageArgs) -> Done {
    if let Some(name) = &args.machine {
        graph::known(name)?;
    }
    let gathered = gather(args)?;
    let machines: Vec<MachineCoverage> = gathered
        .coverage()
        .into_iter()
        .filter(|of| args.machine.as_ref().is_none_or(|name| *name == of.machine))
        .collect();
    let text = match args.format {
        CoverageFormat::Text => text(&machines, gathered.runs()),
        CoverageFormat::Json => rows(&machines),
        CoverageFormat::Dot => drawn(&machines, &gathered),
    };
    files::put(args.out.as_deref(), text.as_bytes())?;
    let lost = machines.iter().flat_map(|of| &of.edges).any(|edge| !edge.legacy && edge.shown.contains(&Shown::Not));
    Ok(if args.complete && lost { Status::Failed } else { Status::Fine })
}

fn gather(args: &CoverageArgs) -> Result<Gathered, Trouble> {
    let mut gathered = Gathered::default();
    for path in files::expand(&args.sims)? {
        let name = files::shown(&path);
        let trace = run::trace(&name, files::input(&path, &[])?, &How::default())?;
        gathered.look(&name, &trace);
    }
    Ok(gathered)
}

/// A table for each machine.
fn text(machines: &[MachineCoverage], runs: usize) -> String {
    let tables: Vec<String> = machines.iter().map(table).collect();
    let scenarios = if runs == 1 { "scenario" } else { "scenarios" };
    format!("{runs} {scenarios}\n\n{}", tables.join("\n"))
}

fn table(of: &MachineCoverage) -> String {
    let mut head: Vec<String> = ["from", "input", "to", "clause"].map(str::to_owned).to_vec();
    head.extend(of.takers.iter().map(|taker| format!("by {taker}")));
    let cells: Vec<Vec<String>> = core::iter::once(head).chain(of.edges.iter().map(line)).collect();
    let columns = cells.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = format!("{}: {}\n", of.machine, of.title);
    for (taker, name) in of.takers.iter().enumerate() {
        let (seen, all) = of.count(taker);
        out.push_str(&format!("  by {name}: {seen} of {all} edges\n"));
    }
    for row in cells {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        out.push_str(format!("  {}", padded.collect::<Vec<_>>().join("  ")).trim_end());
        out.push('\n');
    }
    out
}

fn line(edge: &Edge) -> Vec<String> {
    let clause = if edge.legacy { format!("{} (legacy)", edge.clause) } else { edge.clause.clone() };
    let mut cells = vec![edge.from.to_owned(), edge.input.to_owned(), edge.to.to_owned(), clause];
    cells.extend(edge.shown.iter().map(|shown| match shown {
        Shown::By(witness) => format!("{} ({})", witness.scenario, witness.steps),
        Shown::Never(reason) => format!("never: {reason}"),
        Shown::Not if edge.legacy => "not shown".to_owned(),
        Shown::Not => "NOT SHOWN".to_owned(),
    }));
    cells
}

/// A JSON list with an object for each edge and each of those who may take it.
fn rows(machines: &[MachineCoverage]) -> String {
    let rows: Vec<String> = machines
        .iter()
        .flat_map(|of| of.edges.iter().map(move |edge| (of, edge)))
        .flat_map(|(of, edge)| of.takers.iter().zip(&edge.shown).map(move |(by, shown)| row(of, edge, by, shown)))
        .map(|row| format!("  {row}"))
        .collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}

fn row(of: &MachineCoverage, edge: &Edge, by: &str, shown: &Shown) -> Value {
    let (witness, steps, reason) = match shown {
        Shown::By(witness) => (Some(witness.scenario.as_str()), Some(witness.steps), None),
        Shown::Never(reason) => (None, None, Some(*reason)),
        Shown::Not => (None, None, None),
    };
    json!({
        "machine": of.machine, "from": edge.from, "input": edge.input, "to": edge.to, "clause": edge.clause,
        "legacy": edge.legacy, "witness": witness, "steps": steps, "by": by, "reason": reason,
    })
}

/// Every machine as a graph, with who took which edge how often.
fn drawn(machines: &[MachineCoverage], gathered: &Gathered) -> String {
    let tables = catalog();
    let wanted = tables.iter().filter(|table| machines.iter().any(|of| of.machine == table.name));
    let title = format!("{} scenarios", gathered.runs());
    wanted.map(|table| dot(&over_run(table, &title, gathered.edges()), DotOptions::default())).collect()
}
