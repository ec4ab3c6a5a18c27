//! A machine at work.

use super::{Machine, Step};

/// One step that a machine took; recorded without exception.
#[derive(PartialEq, Eq, Debug)]
pub struct Edge<M: Machine> {
    /// The state before.
    pub from: M::State,
    /// What came in.
    pub input: M::Input,
    /// What the machine said.
    pub step: Step<M::State, M::Output, M::Refusal>,
}

impl<M: Machine> Edge<M> {
    /// The state after.
    pub fn to(&self) -> M::State {
        match self.step {
            Step::Go(to, _, _) => to,
            Step::Reject(..) | Step::Never => self.from,
        }
    }
}

/// A machine in one of its states.
#[derive(Debug)]
pub struct Running<M: Machine> {
    state: M::State,
}

impl<M: Machine> Running<M> {
    /// In the machine's first state.
    pub const fn new() -> Self {
        Running { state: M::START }
    }

    /// Where it is.
    pub const fn state(&self) -> M::State {
        self.state
    }

    /// What the input would do, without doing it.
    pub fn peek(&self, input: M::Input) -> Edge<M> {
        Edge { from: self.state, input, step: M::next(self.state, input) }
    }

    /// Takes the input. The only place in which a state changes; `note` gets the edge, always.
    pub fn step(&mut self, input: M::Input, note: &mut impl FnMut(&Edge<M>)) -> Edge<M> {
        let edge = self.peek(input);
        self.state = edge.to();
        note(&edge);
        edge
    }
}

impl<M: Machine> Default for Running<M> {
    fn default() -> Self {
        Self::new()
    }
}
