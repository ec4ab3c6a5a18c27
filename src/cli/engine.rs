//! The one door from the command line to the rest of the crate: small adapters, each of which says what a command needs.

use super::Trouble;
use crate::machine::Table;
use crate::scenario::Scenario;
use crate::trace::{Ending, Trace, What};
use crate::view::RunEdge;
use core::ops::Range;

/// One error of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Diagnostic {
    /// What is wrong.
    pub(super) message: String,
    /// Where: a byte range of the source text.
    pub(super) span: Range<usize>,
    /// What to say at the place; may be empty.
    pub(super) label: String,
    /// What would be right.
    pub(super) help: Option<String>,
}

/// All errors of one scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Diagnostics {
    /// What the text is called: its path.
    pub(super) name: String,
    /// The text.
    pub(super) text: String,
    /// The errors, in the order of the text.
    pub(super) list: Vec<Diagnostic>,
}

/// What names a run of a scenario.
#[derive(Clone, Default, Debug)]
pub(super) struct How {
    /// The seed; else the scenario's own.
    pub(super) seed: Option<u64>,
    /// Answers given in order, instead of a seed's.
    pub(super) choices: Option<Vec<u32>>,
}

/// What the text form is narrowed to; what is empty narrows nothing.
#[derive(Clone, Default, Debug)]
pub(super) struct Filter {
    /// Hosts, by name.
    pub(super) hosts: Vec<String>,
    /// Connections, by their names in the trace.
    pub(super) conns: Vec<String>,
    /// Layers, by their names in the trace.
    pub(super) layers: Vec<String>,
}

/// An expectation that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failure {
    /// What does not hold.
    pub(super) message: String,
    /// Where the expectation stands in the scenario.
    pub(super) span: Range<usize>,
    /// What was expected.
    pub(super) expected: String,
    /// What the run showed.
    pub(super) got: String,
}

/// What became of a scenario.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Verdict {
    /// How many expectations there were.
    pub(super) expectations: usize,
    /// Those that do not hold.
    pub(super) failures: Vec<Failure>,
    /// What the judge found that the scenario does not know of, and known divergences that did not show.
    pub(super) findings: Vec<String>,
    /// Divergences that the scenario knows of, and that showed.
    pub(super) known: Vec<String>,
    /// TCP segments sent.
    pub(super) segments: u32,
    /// Records of the trace.
    pub(super) records: u32,
    /// The limit that ended the run, if one did.
    pub(super) limit: Option<String>,
}

fn unconnected<T>(what: &str) -> Result<T, Trouble> {
    Err(Trouble::new(format!("{what} is not connected yet")))
}

/// Reads a scenario, with these values replaced.
pub(super) fn load(_name: &str, _text: &str, _sets: &[(String, String)]) -> Result<Scenario, Trouble> {
    unconnected("the scenario loader")
}

/// The scenario with its defaults filled in.
pub(super) fn explain(_scenario: &Scenario) -> Result<String, Trouble> {
    unconnected("the explanation of scenarios")
}

/// The JSON Schema of scenarios.
pub(super) fn schema() -> Result<String, Trouble> {
    unconnected("the schema")
}

/// The reference of the scenario language.
pub(super) fn reference() -> Result<String, Trouble> {
    unconnected("the reference")
}

/// Runs a scenario; the trace has the judge's divergences.
pub(super) fn run(_scenario: &Scenario, _how: &How) -> Result<Trace, Trouble> {
    unconnected("the world")
}

/// The text form.
pub(super) fn text(_trace: &Trace, _filter: &Filter) -> Result<String, Trouble> {
    unconnected("the text form")
}

/// The states that each end passed.
pub(super) fn path(_trace: &Trace) -> Result<String, Trouble> {
    unconnected("the path form")
}

/// JSON lines; with the packets' bytes if wanted.
pub(super) fn json(_trace: &Trace, _bytes: bool) -> Result<String, Trouble> {
    unconnected("the JSON form")
}

/// A trace from JSON lines.
pub(super) fn from_json(name: &str, _text: &str) -> Result<Trace, Trouble> {
    unconnected(&format!("{name}: the reading of saved traces"))
}

/// A capture.
pub(super) fn pcapng(_trace: &Trace) -> Result<Vec<u8>, Trouble> {
    unconnected("the capture")
}

/// Runs a scenario and holds it to its expectations and to the judge.
pub(super) fn check(_scenario: &Scenario, _how: &How) -> Result<Verdict, Trouble> {
    unconnected("the judge")
}

/// Holds a saved trace to the judge alone.
pub(super) fn check_trace(_trace: &Trace) -> Result<Verdict, Trouble> {
    unconnected("the judge")
}

/// What a run did in every machine of the catalogue: as recorded, and TCP's moves as the judge classifies them.
pub(super) fn witnessed(trace: &Trace) -> Result<Vec<RunEdge>, Trouble> {
    Ok(crate::view::witness::recorded(trace))
}

/// A table's hash as a trace's header has it.
pub(super) fn table_hash(table: &Table) -> String {
    format!("{:016x}", table.hash())
}

/// What kept the run from ending by itself.
pub(super) fn limit(trace: &Trace) -> Option<String> {
    let ending = trace.records.iter().rev().find_map(|record| match &record.what {
        What::End { ending } => Some(ending),
        _ => None,
    });
    match ending? {
        Ending::Quiet | Ending::Stuck(_) => None,
        Ending::EventLimit(events) => Some(format!("the run reached its limit of {events} events")),
        Ending::TimeLimit(span) => Some(format!("the run reached its limit of {span} ms of virtual time")),
        Ending::QueueLimit(bytes) => Some(format!("the run reached its limit of {bytes} queued bytes")),
        Ending::Panic(text) => Some(format!("the stack panicked: {text}")),
    }
}
