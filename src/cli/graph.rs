//! `drywire graph`: machines, and runs over them.

use super::args::{GraphArgs, GraphFormat};
use super::engine::{self, How};
use super::files;
use super::{Done, Trouble, run};
use crate::catalog::{catalog, machine};
use crate::machine::Table;
use crate::view::dot::{DotOptions, dot};
use crate::view::matrix::matrix;
use crate::view::mermaid::mermaid;
use crate::view::{MachineGraph, declared, over_run};
use std::path::Path;
use unicode_width::UnicodeWidthStr;

/// Draws a machine, or lists the catalogue.
pub(super) fn graph(args: &GraphArgs) -> Done {
    let Some(name) = &args.name else {
        return files::put(args.out.as_deref(), listing().as_bytes());
    };
    let table = known(name)?;
    let graph = match &args.run {
        None => declared(&table),
        Some(path) => over(&table, path, args)?,
    };
    let text = match args.format {
        GraphFormat::Dot => dot(&graph, DotOptions { loops: args.loops }),
        GraphFormat::Mermaid => mermaid(&graph, args.loops),
        GraphFormat::Matrix => matrix(&graph),
    };
    files::put(args.out.as_deref(), text.as_bytes())
}

/// The machine of this name; what else could be meant, where there is none.
pub(super) fn known(name: &str) -> Result<Table, Trouble> {
    machine(name).ok_or_else(|| unknown(name))
}

fn over(table: &Table, path: &Path, args: &GraphArgs) -> Result<MachineGraph, Trouble> {
    let name = files::shown(path);
    let input = files::input(path, &args.set)?;
    let trace = run::trace(&name, input, &How { seed: args.seed, choices: None })?;
    let mut graph = over_run(table, &trace.header.scenario, &engine::witnessed(&trace));
    let made_with = trace.header.tables.get(table.name);
    if made_with.is_some_and(|hash| *hash != engine::table_hash(table)) {
        graph.notes.push("the trace was made with another version of this machine".to_owned());
    }
    Ok(graph)
}

fn listing() -> String {
    let tables = catalog();
    let width = tables.iter().map(|table| table.name.width()).max().unwrap_or(0);
    tables
        .iter()
        .map(|table| {
            let (states, inputs) = (table.states.len(), table.inputs.len());
            let counts = format!("{states} states, {inputs} inputs, {} moves", table.edges().count());
            format!("{:width$}  {}  ({counts})\n", table.name, table.title)
        })
        .collect()
}

/// No machine has this name.
pub(super) fn unknown(name: &str) -> Trouble {
    let names: Vec<&str> = catalog().iter().map(|table| table.name).collect();
    let near = names.iter().find(|known| name.len() < 100 && strsim::damerau_levenshtein(known, name) <= 2);
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("machines are: {}", names.join(", ")),
    };
    Trouble::with_help(format!("no machine of the name `{name}`"), help)
}
