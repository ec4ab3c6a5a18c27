//! What a run did in its machines, as a plain list: the views need no more of a run.

use crate::base::{ConnId, Fd, NodeId};
use crate::catalog::catalog;
use crate::judge;
use crate::machine::{Finite, Machine};
use crate::tcp::{Input, Tcp};
use crate::trace::{End, Record, Subject, Trace, What};
use std::collections::BTreeMap;

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

/// An edge, and where in a run it was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sighting {
    /// The edge.
    pub edge: RunEdge,
    /// The TCP/IP stack of that host.
    pub stack: String,
    /// Which of the moves of that end or descriptor it is, from 1; an input that leaves the state does not count.
    pub steps: u32,
}

/// What a run did in every machine of the catalogue: as recorded, and TCP's moves as the judge classifies them.
pub fn witnessed(trace: &Trace) -> Vec<RunEdge> {
    sightings(trace).into_iter().map(|sighting| sighting.edge).collect()
}

/// The same, with what tells one sighting of an edge from another.
pub fn sightings(trace: &Trace) -> Vec<Sighting> {
    let mut walks = Walks::default();
    let mut all = recorded(trace, &mut walks);
    all.extend(judge::witnessed(&trace.records).iter().map(|witness| {
        let (from, to) = (witness.from.name(), witness.to.name());
        let edge = run_edge(trace, witness.node, Tcp::NAME, from, witness.input.name(), to);
        let steps =
            walks.step((Tcp::NAME.to_owned(), witness.node, Walker::End(witness.conn, witness.end)), &edge, false);
        Sighting { edge, stack: stack(trace, witness.node), steps }
    }));
    all.extend(trace.records.iter().filter_map(|record| legacy(trace, record, &mut walks)));
    all
}

/// A move by RFC 793's rule for a SYN, which the judge does not know: a model peer tells it.
fn legacy(trace: &Trace, record: &Record, walks: &mut Walks) -> Option<Sighting> {
    let What::Edge(edge) = &record.what else { return None };
    let Subject::Conn(conn, end) = edge.of else { return None };
    if edge.machine != Tcp::NAME || edge.input != Input::SynRfc793.name() {
        return None;
    }
    let seen = run_edge(trace, record.node, &edge.machine, &edge.from, &edge.input, &edge.to);
    let steps = walks.step((Tcp::NAME.to_owned(), record.node, Walker::End(conn, end)), &seen, false);
    Some(Sighting { edge: seen, stack: stack(trace, record.node), steps })
}

/// The edges that the records name themselves: of every machine but TCP's, whose moves the judge classifies.
fn recorded(trace: &Trace, walks: &mut Walks) -> Vec<Sighting> {
    let starts: BTreeMap<&str, &str> =
        catalog().iter().filter_map(|table| Some((table.name, *table.states.get(table.start)?))).collect();
    let sighting = |record: &Record| {
        let What::Edge(edge) = &record.what else { return None };
        if edge.machine == Tcp::NAME {
            // A model peer's: the judge classifies its moves too, and tells them.
            return None;
        }
        let walker = match edge.of {
            Subject::Fd(fd) => Walker::Fd(fd),
            Subject::Conn(conn, end) => Walker::End(conn, end),
        };
        let begins = starts.get(edge.machine.as_ref()).is_some_and(|start| *start == edge.from);
        let seen = run_edge(trace, record.node, &edge.machine, &edge.from, &edge.input, &edge.to);
        let steps = walks.step((edge.machine.to_string(), record.node, walker), &seen, begins);
        Some(Sighting { edge: seen, stack: stack(trace, record.node), steps })
    };
    trace.records.iter().filter_map(sighting).collect()
}

fn run_edge(trace: &Trace, node: NodeId, machine: &str, from: &str, input: &str, to: &str) -> RunEdge {
    let subject = trace.header.nodes.get(node.index()).map_or_else(String::new, |node| node.name.clone());
    let [machine, from, input, to] = [machine, from, input, to].map(str::to_owned);
    RunEdge { machine, subject, from, input, to }
}

fn stack(trace: &Trace, node: NodeId) -> String {
    match trace.header.nodes.get(node.index()) {
        Some(node) if node.model => "model".to_owned(),
        Some(_) | None => trace.header.stack.clone(),
    }
}

/// Whose machine it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Walker {
    Fd(Fd),
    End(ConnId, End),
}

/// How many moves each machine of a run has made.
#[derive(Default)]
struct Walks(BTreeMap<(String, NodeId, Walker), u32>);

impl Walks {
    /// Counts a move; one that begins anew (a descriptor is used again) counts from 1.
    fn step(&mut self, who: (String, NodeId, Walker), edge: &RunEdge, begins: bool) -> u32 {
        let count = self.0.entry(who).or_default();
        if begins {
            *count = 0;
        }
        if edge.from != edge.to {
            *count = count.saturating_add(1);
        }
        *count
    }
}
