//! A machine as data: its function, evaluated over State x Input.

use super::{Clause, Finite, Machine, Step};
use crate::base::label_hash;

/// What one cell of the table says; states and outputs by their index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Goes to the state, performing the outputs.
    Go {
        /// Index of the next state.
        to: usize,
        /// Names of the outputs, in order.
        outputs: Vec<&'static str>,
        /// Where it stands.
        clause: Clause,
    },
    /// Refuses with this name.
    Reject {
        /// The refusal: an errno, a status, a close code.
        refusal: &'static str,
        /// Where it stands.
        clause: Clause,
    },
    /// Cannot occur.
    Never,
}

/// One state and one input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    /// Index of the state.
    pub from: usize,
    /// Index of the input.
    pub input: usize,
    /// What happens.
    pub verdict: Verdict,
}

impl Cell {
    /// An edge changes the state.
    pub fn moves(&self) -> bool {
        matches!(self.verdict, Verdict::Go { to, .. } if to != self.from)
    }
}

/// A machine as data; all views read this and nothing else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// [`Machine::NAME`].
    pub name: &'static str,
    /// [`Machine::TITLE`].
    pub title: &'static str,
    /// Names of the states.
    pub states: Vec<&'static str>,
    /// Names of the inputs.
    pub inputs: Vec<&'static str>,
    /// Names of the outputs.
    pub outputs: Vec<&'static str>,
    /// Index of the first state.
    pub start: usize,
    /// Indices of the states in which it may rest.
    pub finals: Vec<usize>,
    /// All cells, by state, then input.
    pub cells: Vec<Cell>,
}

impl Table {
    /// Evaluates the machine's function everywhere.
    pub fn of<M: Machine>() -> Table {
        let names = |step| match step {
            Step::Go(to, outputs, clause) => Verdict::Go {
                to: Finite::index(to),
                outputs: <[M::Output]>::iter(outputs).map(|output| output.name()).collect(),
                clause,
            },
            Step::Reject(refusal, clause) => Verdict::Reject { refusal: Finite::name(refusal), clause },
            Step::Never => Verdict::Never,
        };
        let cells = M::State::ALL
            .iter()
            .flat_map(|&from| M::Input::ALL.iter().map(move |&input| (from, input)))
            .map(|(from, input)| {
                let verdict: Verdict = names(M::next(from, input));
                Cell { from: from.index(), input: input.index(), verdict }
            })
            .collect();
        Table {
            name: M::NAME,
            title: M::TITLE,
            states: M::State::ALL.iter().map(|s| s.name()).collect(),
            inputs: M::Input::ALL.iter().map(|i| i.name()).collect(),
            outputs: M::Output::ALL.iter().map(|o| o.name()).collect(),
            start: M::START.index(),
            finals: M::FINAL.iter().map(|s| s.index()).collect(),
            cells,
        }
    }

    /// The cell of a state and an input, both by name.
    pub fn cell(&self, from: &str, input: &str) -> Option<&Cell> {
        let from = self.states.iter().position(|&s| s == from)?;
        let input = self.inputs.iter().position(|&i| i == input)?;
        self.cells.get(from * self.inputs.len() + input)
    }

    /// The cells that change the state: the machine's edges.
    pub fn edges(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| cell.moves())
    }

    /// What changes when the table does, and only then: a trace carries it.
    pub fn hash(&self) -> String {
        let cell = |cell: &Cell| {
            let at = format!("{} | {}", self.states[cell.from], self.inputs[cell.input]);
            match &cell.verdict {
                Verdict::Go { to, outputs, clause } => {
                    format!("{at} | {} | {} | {clause}", self.states[*to], outputs.join(", "))
                }
                Verdict::Reject { refusal, clause } => format!("{at} | refused {refusal} | {clause}"),
                Verdict::Never => format!("{at} | never"),
            }
        };
        let ends: Vec<&str> = core::iter::once(&self.start).chain(&self.finals).map(|at| self.states[*at]).collect();
        let cells: Vec<String> = self.cells.iter().map(cell).collect();
        format!("{:016x}", label_hash(&format!("{} | {}\n{}", self.name, ends.join(", "), cells.join("\n"))))
    }
}
