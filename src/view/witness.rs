//! What a run did in its machines, as a plain list: the views need no more of a run.

use crate::judge;
use crate::machine::{Finite, Machine};
use crate::tcp::Tcp;
use crate::trace::{Trace, What};

/// One input that a machine took in a run. All names are those of the catalogue.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RunEdge {
    /// The machine: `tcp`, `socket`.
    pub machine: String,
    /// Whose machine it was, as a picture tells them apart: the host's name.
    pub subject: String,
    /// The state before.
    pub from: String,
    /// The input.
    pub input: String,
    /// The state after.
    pub to: String,
}

/// What a run did in every machine of the catalogue: as recorded, and TCP's moves as the judge classifies them.
pub fn witnessed(trace: &Trace) -> Vec<RunEdge> {
    let mut edges = recorded(trace);
    let name = |node: usize| trace.header.nodes.get(node).map_or_else(String::new, |node| node.name.clone());
    edges.extend(judge::witnessed(&trace.records).iter().map(|witness| RunEdge {
        machine: Tcp::NAME.to_owned(),
        subject: name(witness.node.index()),
        from: witness.from.name().to_owned(),
        input: witness.input.name().to_owned(),
        to: witness.to.name().to_owned(),
    }));
    edges
}

/// The edges that the records name themselves: of every machine but TCP's, whose moves the judge classifies.
fn recorded(trace: &Trace) -> Vec<RunEdge> {
    trace
        .records
        .iter()
        .filter_map(|record| match &record.what {
            What::Edge(edge) if edge.machine != Tcp::NAME => Some(RunEdge {
                machine: edge.machine.to_string(),
                subject: trace.header.nodes.get(record.node.index()).map_or_else(String::new, |node| node.name.clone()),
                from: edge.from.to_string(),
                input: edge.input.to_string(),
                to: edge.to.to_string(),
            }),
            _ => None,
        })
        .collect()
}
