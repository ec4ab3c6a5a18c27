//! What is drawn as one arrow: all inputs that lead from one state to another and look alike.

use super::graph::{InputEdge, MachineGraph};
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use std::collections::BTreeMap;

/// How an arrow is to look.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Look {
    /// Of a machine alone.
    Plain,
    /// Taken in the run, by these of the graph's subjects.
    Seen(Vec<usize>),
    /// Taken in the run, though no table has it.
    Stray,
    /// Not taken in the run.
    Unseen,
}

/// One arrow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Arrow {
    /// Where it begins.
    pub(super) from: NodeIndex,
    /// Where it ends.
    pub(super) to: NodeIndex,
    /// How it looks.
    pub(super) look: Look,
    /// What stands at it, a line for each input.
    pub(super) lines: Vec<String>,
    /// The clauses of the inputs, each once.
    pub(super) clauses: Vec<String>,
}

/// All arrows, sorted by the places of their states in the table. Edges that stay in their state are left out unless
/// asked for by `loops`, or witnessed. `named`: every count says whose it is, because the look does not tell.
pub(super) fn arrows(machine: &MachineGraph, loops: bool, named: bool) -> Vec<Arrow> {
    let mut sorted: BTreeMap<(NodeIndex, NodeIndex, Look), Vec<&InputEdge>> = BTreeMap::new();
    for edge in machine.graph.edge_references() {
        let stays = edge.source() == edge.target();
        if stays && !loops && edge.weight().count() == 0 {
            continue;
        }
        let key = (edge.source(), edge.target(), look(machine, edge.weight()));
        sorted.entry(key).or_default().push(edge.weight());
    }
    sorted.into_iter().map(|((from, to, look), edges)| arrow((from, to), look, named, edges)).collect()
}

fn arrow((from, to): (NodeIndex, NodeIndex), look: Look, named: bool, mut edges: Vec<&InputEdge>) -> Arrow {
    edges.sort_by(|a, b| a.input.cmp(&b.input));
    let mut clauses: Vec<String> = edges.iter().map(|edge| edge.clause.clone()).filter(|c| !c.is_empty()).collect();
    clauses.sort();
    clauses.dedup();
    let named = named || matches!(&look, Look::Seen(subjects) if subjects.len() > 1) || look == Look::Stray;
    let lines = edges.iter().map(|edge| line(edge, named)).collect();
    Arrow { from, to, look, lines, clauses }
}

fn look(machine: &MachineGraph, edge: &InputEdge) -> Look {
    if machine.run.is_none() {
        return Look::Plain;
    }
    if !edge.declared {
        return Look::Stray;
    }
    let by: Vec<usize> =
        (0..machine.subjects.len()).filter(|&at| edge.seen.contains_key(&machine.subjects[at])).collect();
    if by.is_empty() { Look::Unseen } else { Look::Seen(by) }
}

/// `rcv SYN / snd SYN,ACK  ×2`: input, outputs or refusal, count.
fn line(edge: &InputEdge, name_subjects: bool) -> String {
    let mut text = edge.input.clone();
    if let Some(refusal) = &edge.refusal {
        text.push_str(" ! ");
        text.push_str(refusal);
    } else if !edge.outputs.is_empty() {
        text.push_str(" / ");
        text.push_str(&edge.outputs.join(", "));
    }
    if name_subjects && edge.count() > 0 {
        let counts: Vec<String> = edge.seen.iter().map(|(subject, count)| format!("{subject} ×{count}")).collect();
        text.push_str(&format!("  ({})", counts.join(", ")));
    } else if edge.count() > 0 {
        text.push_str(&format!("  ×{}", edge.count()));
    }
    text
}
