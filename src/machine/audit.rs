//! What every machine of the catalogue must prove, from its table alone.

use super::table::{Table, Verdict};
use std::collections::BTreeSet;

impl Table {
    /// What is wrong with this machine, a sentence each; empty when it is sound: every state reachable from the start,
    /// a final state reachable from every state, no trap but the final states, every input and every output used.
    pub fn audit(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let reached = self.closure(BTreeSet::from([self.start]), |cell, to| (cell, to));
        let returning = self.closure(self.finals.iter().copied().collect(), |cell, to| (to, cell));
        for (state, name) in self.states.iter().enumerate() {
            if !reached.contains(&state) {
                faults.push(format!("{}: no path leads to {name}", self.name));
            }
            if !returning.contains(&state) {
                faults.push(format!("{}: no path leads from {name} to a final state", self.name));
            }
        }
        for (input, name) in self.inputs.iter().enumerate() {
            if self.cells.iter().all(|cell| cell.input != input || cell.verdict == Verdict::Never) {
                faults.push(format!("{}: no state takes the input {name}", self.name));
            }
        }
        for output in &self.outputs {
            let used = |verdict: &Verdict| matches!(verdict, Verdict::Go { outputs, .. } if outputs.contains(output));
            if !self.cells.iter().any(|cell| used(&cell.verdict)) {
                faults.push(format!("{}: no edge has the output {output}", self.name));
            }
        }
        faults
    }

    /// All states that can be reached from `seed` along edges, each seen as (from, to) by `direct`.
    fn closure(&self, mut seed: BTreeSet<usize>, direct: impl Fn(usize, usize) -> (usize, usize)) -> BTreeSet<usize> {
        loop {
            let before = seed.len();
            for cell in &self.cells {
                if let Verdict::Go { to, .. } = cell.verdict {
                    let (from, to) = direct(cell.from, to);
                    if seed.contains(&from) {
                        seed.insert(to);
                    }
                }
            }
            if seed.len() == before {
                return seed;
            }
        }
    }
}
