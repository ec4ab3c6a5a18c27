//! The difference for programs: one JSON object.

use super::Difference;
use super::walks::WalkChange;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The version of this form.
const VERSION: u32 = 1;

impl Difference {
    /// The difference of the runs that go by these names.
    pub fn json(&self, old: &str, new: &str) -> String {
        let phases: Vec<&str> = self.phases.iter().map(|phase| phase.name()).collect();
        let edges = |list: &[(String, String, String)]| -> Vec<Value> {
            list.iter().map(|(layer, from, to)| json!({ "layer": layer, "from": from, "to": to })).collect()
        };
        let coverage: Vec<Value> = self
            .moves
            .coverage
            .iter()
            .map(|(machine, old, new, all)| json!({ "machine": machine, "old": old, "new": new, "all": all }))
            .collect();
        let head: Vec<Value> =
            self.head.iter().map(|(key, old, new)| json!({ "key": key, "old": old, "new": new })).collect();
        let follows: Vec<usize> = self.follows.iter().copied().collect();
        let expectations = self.expectations.as_ref().map(|(old, new)| json!({ "old": old, "new": new }));
        let value = json!({
            "version": VERSION,
            "old": old,
            "new": new,
            "same": self.is_same(),
            "changed_in": phases,
            "head": head,
            "paths": self.walks.changed.iter().map(walk).collect::<Vec<Value>>(),
            "paths_unchanged": self.walks.same.len(),
            "edges": { "gained": edges(&self.moves.gained), "lost": edges(&self.moves.lost), "same": self.moves.same },
            "coverage": coverage,
            "figures": { "old": self.figures.0, "new": self.figures.1 },
            "lines": self.aligned.changes,
            "lines_that_follow": follows,
            "lines_unchanged": self.aligned.same,
            "lines_differing_only_in_time": self.aligned.retimed.len(),
            "interleaved_differently": self.interleaved,
            "findings": {
                "gained": counted(&self.findings.gained),
                "lost": counted(&self.findings.lost),
                "same": self.findings.same,
            },
            "expectations": expectations,
            "ending": { "old": self.ending.0, "new": self.ending.1 },
        });
        format!("{value:#}\n")
    }
}

/// What the judge found, with its number where it is not one, as the path form has it.
fn counted(findings: &BTreeMap<String, u64>) -> Vec<String> {
    let told =
        |(finding, &times): (&String, &u64)| if times > 1 { format!("{finding} x{times}") } else { finding.clone() };
    findings.iter().map(told).collect()
}

fn walk(walk: &WalkChange) -> Value {
    let states = |states: &Option<Vec<(String, u32)>>| {
        states.as_ref().map(|states| states.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>())
    };
    json!({
        "host": walk.host,
        "layer": walk.layer,
        "subjects": walk.subjects,
        "old": states(&walk.old),
        "new": states(&walk.new),
    })
}
