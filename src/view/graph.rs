//! A machine as a graph: a node for each state, an edge for each cell of the table that can occur.

use super::witness::RunEdge;
use crate::machine::{Cell, Table, Verdict};
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use std::collections::BTreeMap;

/// A state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateNode {
    /// Its name.
    pub name: String,
    /// The machine starts here.
    pub start: bool,
    /// The machine may rest here for ever.
    pub is_final: bool,
    /// The table has it; else a trace named it.
    pub declared: bool,
    /// The run was here.
    pub visited: bool,
}

/// What one input does in one state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InputEdge {
    /// The input.
    pub input: String,
    /// What the machine has performed, in order.
    pub outputs: Vec<String>,
    /// What the caller is told instead, where the input is refused.
    pub refusal: Option<String>,
    /// Where the rule stands; empty for an edge that no table has.
    pub clause: String,
    /// The table has it; else a run did it all the same.
    pub declared: bool,
    /// Who took it in the run, and how often.
    pub seen: BTreeMap<String, u32>,
}

impl InputEdge {
    fn of(table: &Table, cell: &Cell) -> Option<(usize, InputEdge)> {
        let edge = |outputs: &[&str], refusal: Option<&str>, clause: String| InputEdge {
            input: table.inputs.get(cell.input).copied().unwrap_or_default().to_owned(),
            outputs: outputs.iter().map(|&output| output.to_owned()).collect(),
            refusal: refusal.map(str::to_owned),
            clause,
            declared: true,
            seen: BTreeMap::new(),
        };
        match &cell.verdict {
            Verdict::Go { to, outputs, clause } => Some((*to, edge(outputs, None, clause.to_string()))),
            Verdict::Reject { refusal, clause } => Some((cell.from, edge(&[], Some(refusal), clause.to_string()))),
            Verdict::Never => None,
        }
    }

    /// How often the run took it.
    pub fn count(&self) -> u32 {
        self.seen.values().sum()
    }
}

/// A machine's graph, alone or with a run laid over it.
#[derive(Clone, Debug)]
pub struct MachineGraph {
    /// The machine's name.
    pub name: String,
    /// What it is, in one line.
    pub title: String,
    /// The run that is laid over it, by its scenario; `None` for the machine alone.
    pub run: Option<String>,
    /// Who took part in the run, by name: the pictures of several machines give a host the same colour.
    pub subjects: Vec<String>,
    /// Two runs are compared: the subjects are not hosts but what became of a move, `kept`, `added`, `gone`.
    pub compared: bool,
    /// All inputs, in the table's order.
    pub inputs: Vec<String>,
    /// What a reader must know besides: that the trace was made with another table, say.
    pub notes: Vec<String>,
    /// The states in the table's order (those that only a run names come after), and the inputs between them.
    pub graph: DiGraph<StateNode, InputEdge>,
}

/// The machine alone.
pub fn declared(table: &Table) -> MachineGraph {
    let mut graph = DiGraph::new();
    let nodes: Vec<NodeIndex> = table
        .states
        .iter()
        .enumerate()
        .map(|(state, &name)| {
            graph.add_node(StateNode {
                name: name.to_owned(),
                start: state == table.start,
                is_final: table.finals.contains(&state),
                declared: true,
                visited: false,
            })
        })
        .collect();
    for cell in &table.cells {
        if let Some((to, edge)) = InputEdge::of(table, cell)
            && let (Some(&from), Some(&to)) = (nodes.get(cell.from), nodes.get(to))
        {
            graph.add_edge(from, to, edge);
        }
    }
    MachineGraph {
        name: table.name.to_owned(),
        title: table.title.to_owned(),
        run: None,
        subjects: Vec::new(),
        compared: false,
        inputs: table.inputs.iter().map(|&input| input.to_owned()).collect(),
        notes: Vec::new(),
        graph,
    }
}

/// The machine with what a run did in it: `run` names the scenario, `witnessed` may hold other machines' edges too.
pub fn over_run(table: &Table, run: &str, witnessed: &[RunEdge]) -> MachineGraph {
    let mut over = declared(table);
    over.run = Some(run.to_owned());
    for edge in witnessed.iter().filter(|edge| edge.machine == table.name) {
        over.witness(edge);
    }
    over.subjects.sort();
    if over.subjects.is_empty() {
        over.notes.push("the run did nothing in this machine".to_owned());
    }
    over
}

/// The machine with the moves of two runs, whose subjects say what became of them.
#[cfg(feature = "cli")]
pub(super) fn over_runs(table: &Table, runs: &str, moves: &[RunEdge]) -> MachineGraph {
    MachineGraph { compared: true, ..over_run(table, runs, moves) }
}

impl MachineGraph {
    /// The node of this name.
    pub fn state(&self, name: &str) -> Option<NodeIndex> {
        self.graph.node_indices().find(|&node| self.graph[node].name == name)
    }

    /// How many moves the table has (edges between different states), and how many of them the run took.
    pub fn coverage(&self) -> (usize, usize) {
        let moves = |edge: &petgraph::graph::EdgeReference<'_, InputEdge>| {
            edge.weight().declared && edge.source() != edge.target()
        };
        let all = self.graph.edge_references().filter(moves).count();
        let seen = self.graph.edge_references().filter(moves).filter(|edge| edge.weight().count() > 0).count();
        (all, seen)
    }

    fn witness(&mut self, seen: &RunEdge) {
        if !self.subjects.contains(&seen.subject) {
            self.subjects.push(seen.subject.clone());
        }
        let (from, to) = (self.visit(&seen.from), self.visit(&seen.to));
        let edge = self.find(from, to, &seen.input).unwrap_or_else(|| self.stray(from, to, &seen.input));
        let count = self.graph[edge].seen.entry(seen.subject.clone()).or_default();
        *count = count.saturating_add(1);
    }

    fn visit(&mut self, name: &str) -> NodeIndex {
        let node = self.state(name).unwrap_or_else(|| {
            let stray =
                StateNode { name: name.to_owned(), start: false, is_final: false, declared: false, visited: true };
            self.graph.add_node(stray)
        });
        self.graph[node].visited = true;
        node
    }

    fn find(&self, from: NodeIndex, to: NodeIndex, input: &str) -> Option<EdgeIndex> {
        self.graph.edges_connecting(from, to).find(|edge| edge.weight().input == input).map(|edge| edge.id())
    }

    fn stray(&mut self, from: NodeIndex, to: NodeIndex, input: &str) -> EdgeIndex {
        let edge = InputEdge {
            input: input.to_owned(),
            outputs: Vec::new(),
            refusal: None,
            clause: String::new(),
            declared: false,
            seen: BTreeMap::new(),
        };
        self.graph.add_edge(from, to, edge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::names::door;

    #[test]
    fn a_state_is_a_node_and_a_cell_that_can_occur_is_an_edge() {
        let graph = declared(&door());
        assert_eq!(graph.graph.node_count(), 3);
        assert_eq!(graph.graph.edge_count(), 7, "two of the nine cells cannot occur");
        assert_eq!(graph.coverage(), (4, 0));
    }

    #[test]
    fn a_run_is_counted_by_subject_and_what_no_table_has_is_marked() {
        let seen = |subject: &str, from: &str, input: &str, to: &str| RunEdge {
            machine: "door".into(),
            subject: subject.into(),
            from: from.into(),
            input: input.into(),
            to: to.into(),
        };
        let run = [
            seen("anna", "SHUT", "open", "OPEN"),
            seen("ben", "SHUT", "open", "OPEN"),
            seen("ben", "SHUT", "open", "OPEN"),
            seen("ben", "OPEN", "kick", "BROKEN"),
            RunEdge { machine: "other".into(), ..seen("eve", "SHUT", "open", "OPEN") },
        ];
        let over = over_run(&door(), "test", &run);
        assert_eq!(over.subjects, ["anna", "ben"]);
        let (shut, open) = (over.state("SHUT").unwrap(), over.state("OPEN").unwrap());
        let edge = &over.graph[over.find(shut, open, "open").unwrap()];
        assert_eq!((edge.seen["anna"], edge.seen["ben"], edge.count()), (1, 2, 3));
        let broken = over.state("BROKEN").unwrap();
        assert!(!over.graph[broken].declared);
        assert!(!over.graph[over.find(open, broken, "kick").unwrap()].declared);
        assert_eq!(over.coverage(), (4, 1));
        assert!(!over.graph[over.state("SEALED").unwrap()].visited);
    }
}
