//! Which edges of the catalogue's machines runs have taken: by which stack, in which scenario first, in how many steps.
//!
//! An edge is a state and an input that changes it. Its witness is the run in which an end came there in the fewest
//! steps; among equals, the one that was looked at first.

use super::witness::{RunEdge, sightings};
use crate::catalog::catalog;
use crate::judge::{MODEL, SMOLTCP, unreachable};
use crate::machine::{Cell, Finite, Machine, Table, Verdict};
use crate::tcp::{Input, Tcp};
use crate::trace::Trace;
use std::collections::BTreeMap;

/// Who takes the edges of every machine but TCP's.
const OWN: &str = "drywire";

/// The run that shows an edge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witness {
    /// The scenario.
    pub scenario: String,
    /// How many edges that end had taken by then, with this one.
    pub steps: u32,
}

/// What is known of an edge and of one of those who may take it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shown {
    /// A run shows it.
    By(Witness),
    /// None does, for this reason.
    Never(&'static str),
    /// None does, and nothing says why.
    Not,
}

/// An edge of a machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edge {
    /// The state before.
    pub from: &'static str,
    /// The input.
    pub input: &'static str,
    /// The state after.
    pub to: &'static str,
    /// Where the rule stands.
    pub clause: String,
    /// A rule that the RFC keeps for implementations of its predecessor.
    pub legacy: bool,
    /// What each has shown, in the order of [`MachineCoverage::takers`].
    pub shown: Vec<Shown>,
}

/// A machine's edges, and who took them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MachineCoverage {
    /// The machine's name.
    pub machine: &'static str,
    /// What it is.
    pub title: &'static str,
    /// Who may take its edges.
    pub takers: Vec<&'static str>,
    /// Its edges, in the table's order.
    pub edges: Vec<Edge>,
}

/// What runs have shown so far.
#[derive(Clone, Default, Debug)]
pub struct Gathered {
    best: BTreeMap<(String, String, String, &'static str), Witness>,
    edges: Vec<RunEdge>,
    runs: usize,
}

impl Gathered {
    /// Looks at a run; `scenario` names it.
    pub fn look(&mut self, scenario: &str, trace: &Trace) {
        self.runs += 1;
        for sighting in sightings(trace) {
            let by = taker(&sighting.edge, &sighting.stack);
            let edge = &sighting.edge;
            let key = (edge.machine.clone(), edge.from.clone(), edge.input.clone(), by);
            let found = Witness { scenario: scenario.to_owned(), steps: sighting.steps };
            let best = self.best.entry(key).or_insert_with(|| found.clone());
            if found.steps < best.steps {
                *best = found;
            }
            self.edges.push(RunEdge { subject: by.to_owned(), ..sighting.edge });
        }
    }

    /// How many runs were looked at.
    pub fn runs(&self) -> usize {
        self.runs
    }

    /// All edges taken, whose subject is who took them: what a picture over the machine needs.
    pub fn edges(&self) -> &[RunEdge] {
        &self.edges
    }

    /// The edges of every machine, with what shows them.
    pub fn coverage(&self) -> Vec<MachineCoverage> {
        catalog().iter().map(|table| self.of(table)).collect()
    }

    fn of(&self, table: &Table) -> MachineCoverage {
        let takers = takers(table.name);
        let edges = table.edges().filter_map(|cell| self.edge(table, &takers, cell)).collect();
        MachineCoverage { machine: table.name, title: table.title, takers, edges }
    }

    fn edge(&self, table: &Table, takers: &[&'static str], cell: &Cell) -> Option<Edge> {
        let Verdict::Go { to, clause, .. } = &cell.verdict else { return None };
        let (from, input) = (*table.states.get(cell.from)?, *table.inputs.get(cell.input)?);
        let shown = |by: &&'static str| {
            let key = (table.name.to_owned(), from.to_owned(), input.to_owned(), *by);
            match (self.best.get(&key), unreachable(table.name, from, input, by)) {
                (Some(witness), _) => Shown::By(witness.clone()),
                (None, Some(reason)) => Shown::Never(reason),
                (None, None) => Shown::Not,
            }
        };
        let legacy =
            table.name == Tcp::NAME && Input::ALL.iter().any(|known| known.name() == input && known.is_legacy());
        let shown = takers.iter().map(shown).collect();
        Some(Edge { from, input, to: table.states.get(*to)?, clause: clause.to_string(), legacy, shown })
    }
}

/// Who may take a machine's edges: TCP's each stack, all others' Drywire's own layers.
fn takers(machine: &str) -> Vec<&'static str> {
    if machine == Tcp::NAME { vec![MODEL, SMOLTCP] } else { vec![OWN] }
}

fn taker(edge: &RunEdge, stack: &str) -> &'static str {
    takers(&edge.machine).into_iter().find(|taker| stack.starts_with(taker)).unwrap_or(OWN)
}

impl MachineCoverage {
    /// How many edges this taker (by its place in `takers`) has shown, of how many; without the legacy ones.
    pub fn count(&self, taker: usize) -> (usize, usize) {
        let normative = self.edges.iter().filter(|edge| !edge.legacy);
        let seen = normative.clone().filter(|edge| matches!(edge.shown.get(taker), Some(Shown::By(_)))).count();
        (seen, normative.count())
    }
}
