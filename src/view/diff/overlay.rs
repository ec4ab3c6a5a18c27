//! A machine with the moves of two runs laid over it: what stayed, what came, what went.

use crate::machine::Table;
use crate::view::graph::{MachineGraph, over_runs};
use crate::view::witness::RunEdge;
use std::collections::BTreeMap;

/// The words for moves of both runs, of the new one alone, of the old one alone.
pub(in crate::view) const KEPT: &str = "kept";
pub(in crate::view) const ADDED: &str = "added";
pub(in crate::view) const GONE: &str = "gone";

/// The machine with the moves of both runs. `title` names the runs.
pub fn overlay(table: &Table, title: &str, old: &[RunEdge], new: &[RunEdge]) -> MachineGraph {
    let (before, after) = (counted(table, old), counted(table, new));
    let mut edges = Vec::new();
    let gone = before.iter().filter(|(edge, _)| !after.contains_key(*edge)).map(|(edge, many)| (edge, many, GONE));
    let came = after.iter().map(|(edge, many)| (edge, many, if before.contains_key(edge) { KEPT } else { ADDED }));
    for (edge, many, word) in gone.chain(came) {
        let edge = RunEdge { subject: word.to_owned(), ..(*edge).clone() };
        edges.extend(std::iter::repeat_n(edge, *many));
    }
    over_runs(table, title, &edges)
}

/// How often each move of the machine was made, whoever made it.
fn counted(table: &Table, edges: &[RunEdge]) -> BTreeMap<RunEdge, usize> {
    let mut counts = BTreeMap::new();
    for edge in edges.iter().filter(|edge| edge.machine == table.name) {
        *counts.entry(RunEdge { subject: String::new(), ..edge.clone() }).or_default() += 1;
    }
    counts
}
