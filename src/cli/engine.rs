//! The one door from the command line to the rest of the crate: small adapters, each of which says what a command needs.

use super::Trouble;
use crate::base::{ActorId, NodeId, Scripted, Seeded, Time};
use crate::judge::{self, Finding};
use crate::machine::Table;
use crate::scenario::model::{Claim, Program};
use crate::scenario::{self, Scenario};
use crate::trace::{self, Ending, JsonOptions, Record, TextOptions, Trace, What};
use crate::world::World;

pub(super) use crate::base::alike_ends;
pub(super) use crate::scenario::{Diagnostic, Diagnostics, Failure, did_you_mean};
pub(super) use crate::trace::{turns_text, xml};
pub(super) use crate::view::witness::witnessed;

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
    /// Each line begins with its record's number.
    pub(super) numbers: bool,
    /// Times are since the run began.
    pub(super) absolute: bool,
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
    /// A saved trace has no expectations: the judge alone was asked.
    pub(super) judged_only: bool,
    /// The named faults that befell no packet.
    pub(super) idle_faults: Vec<String>,
    /// The limit that ended the run, if one did.
    pub(super) limit: Option<String>,
}

/// Reads a scenario, with these values replaced.
pub(super) fn load(name: &str, text: &str, sets: &[(String, String)]) -> Result<Scenario, Trouble> {
    scenario::load_with(name, text, sets).map_err(|diagnostics| Trouble::Diagnostics(Box::new(diagnostics)))
}

/// The scenario with its defaults filled in.
pub(super) fn explain(described: &Scenario) -> String {
    scenario::explain(described)
}

/// The JSON Schema of scenarios.
pub(super) fn schema() -> String {
    format!("{:#}\n", scenario::schema())
}

/// The reference of the scenario language.
pub(super) fn reference() -> String {
    scenario::reference()
}

/// Runs a scenario; the trace has the judge's divergences.
pub(super) fn run(described: &Scenario, how: &How) -> Trace {
    run_and_judge(described, how).0
}

/// The same, and what of the scenario and of the answers had no effect.
pub(super) fn run_with_notes(described: &Scenario, how: &How) -> (Trace, Vec<String>) {
    let (trace, _, asked) = run_and_judge(described, how);
    let mut notes = scenario::idle_faults(described, &trace.records);
    let given = how.choices.as_ref().map_or(0, Vec::len);
    if given > asked {
        notes.push(format!(
            "--choices gives {given} answers, and the run asked {asked} times: the others had no effect"
        ));
    }
    (trace, notes)
}

/// A run, what the judge finds in it, and how many answers were asked of the choices, where they are given.
fn run_and_judge(described: &Scenario, how: &How) -> (Trace, Vec<Finding>, usize) {
    let seed = how.seed.unwrap_or(described.seed);
    let world = World::new(described, seed);
    let mut scripted = how.choices.clone().map(Scripted::new);
    let mut trace = match &mut scripted {
        Some(scripted) => world.trace(scripted),
        None => world.trace(&mut Seeded::new(seed)),
    };
    let findings = judge::append(&mut trace);
    (trace, findings, scripted.map_or(0, |scripted| scripted.given().len()))
}

impl Filter {
    fn options(&self) -> TextOptions {
        let Filter { hosts, conns, layers, numbers, absolute } = self.clone();
        TextOptions { hosts, conns, layers, numbers, absolute, unfolded: false }
    }

    fn is_none(&self) -> bool {
        self.hosts.is_empty() && self.conns.is_empty() && self.layers.is_empty()
    }
}

/// The text form.
pub(super) fn text(trace: &Trace, filter: &Filter) -> String {
    trace::text(trace, &filter.options())
}

/// The states that each end passed.
pub(super) fn path(trace: &Trace, filter: &Filter) -> String {
    if filter.is_none() {
        return trace::path(trace);
    }
    let shown = trace::shown(trace, &filter.options());
    trace::path_among(trace, |record| shown.contains(&record.id))
}

/// JSON lines; with the packets' bytes if wanted.
pub(super) fn json(trace: &Trace, bytes: bool) -> String {
    trace::json(trace, &JsonOptions { bytes })
}

/// The header, and those records that the text form would show.
pub(super) fn narrowed_json(trace: &Trace, bytes: bool, filter: &Filter) -> String {
    if filter.is_none() {
        return json(trace, bytes);
    }
    let shown = trace::shown(trace, &filter.options());
    let whole = json(trace, bytes);
    let mut lines = whole.lines();
    let head = lines.next();
    let records = lines.zip(&trace.records).filter(|(_, record)| shown.contains(&record.id)).map(|(line, _)| line);
    head.into_iter().chain(records).flat_map(|line| [line, "\n"]).collect()
}

const ANOTHER_RUN: &str = "a saved trace is of one run: `drywire run ONE.toml --format json -o FILE` for each";
const NOT_A_TRACE: &str = "a trace is saved with `drywire run SIM --format json -o FILE`, and read by the same version";

const WHOLE: &str =
    "save the whole of it again: `drywire run SIM --format json -o FILE`, without --host, --conn and --layer";

/// A trace from JSON lines. One without its end is refused: what it does not have would count as not having happened.
pub(super) fn from_json(name: &str, text: &str) -> Result<Trace, Trouble> {
    let trace = trace::read_json(text).map_err(|error| {
        let help = if error.another_run { ANOTHER_RUN } else { NOT_A_TRACE };
        Trouble::with_help(format!("{name}: {error}"), help)
    })?;
    if !trace.records.iter().any(|record| matches!(record.what, What::End { .. })) {
        return Err(Trouble::with_help(format!("{name}: the trace has no end: its last lines are missing"), WHOLE));
    }
    Ok(trace)
}

/// A capture of what passed these hosts' interfaces; of everything where none is named.
pub(super) fn pcapng(trace: &Trace, hosts: &[String]) -> Vec<u8> {
    let wanted = |node: NodeId| {
        let name = trace.header.nodes.get(node.index()).map(|node| &node.name);
        hosts.is_empty() || name.is_some_and(|name| hosts.contains(name))
    };
    trace::pcapng_at(trace, wanted)
}

/// Runs a scenario and holds it to its expectations and to the judge.
pub(super) fn check(described: &Scenario, how: &How) -> Verdict {
    run_and_check(described, how).1
}

/// The same, with the trace.
pub(super) fn run_and_check(described: &Scenario, how: &How) -> (Trace, Verdict) {
    let (trace, findings, _) = run_and_judge(described, how);
    let tally = scenario::satisfied(described, &trace.header, &trace.records, &findings);
    let failures = scenario::evaluate(described, &trace.header, &trace.records, &findings);
    let known = described.known.iter().filter(|rule| findings.iter().any(|finding| finding.rule == **rule));
    let counted = counted(&trace);
    // A limit that the scenario asks for is a claim like others.
    let asked = described.expect.iter().any(|expectation| matches!(expectation.claim, Claim::Ending(_)));
    let limit = counted.limit.clone().filter(|_| !asked);
    let known = known.cloned().collect();
    let idle_faults = scenario::idle_faults(described, &trace.records);
    (trace, Verdict { expectations: tally.all, failures, known, limit, idle_faults, ..counted })
}

/// Where a program's step stands in the scenario's text.
pub(super) fn step_span(described: &Scenario, actor: ActorId, index: u32) -> Option<core::ops::Range<usize>> {
    let Program::Script(steps) = &described.actors.get(actor.index())?.program else { return None };
    Some(steps.get(usize::try_from(index).ok()?)?.span.clone())
}

/// A time since the start: `1.1 s`, or milliseconds as in the trace.
pub(super) fn time(text: &str) -> Result<Time, String> {
    scenario::duration(text).map(|span| Time::ZERO + span)
}

/// A value as JSON, over several lines.
pub(super) fn pretty(value: &impl serde::Serialize) -> String {
    // Our types have string keys and no failing serialisers.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// Holds a saved trace to the judge alone.
pub(super) fn check_trace(trace: &Trace) -> Verdict {
    let findings = judge::judge(&trace.header, &trace.records);
    let told = findings.iter().map(|finding| format!("{} ({}): {}", finding.rule, finding.clause, finding.text));
    Verdict { findings: told.collect(), judged_only: true, ..counted(trace) }
}

fn counted(trace: &Trace) -> Verdict {
    let segment = |record: &&Record| matches!(&record.what, What::Sent { packet, .. } if packet.tcp().is_some());
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Verdict {
        segments: count(trace.records.iter().filter(segment).count()),
        records: count(trace.records.len()),
        limit: limit(trace),
        ..Verdict::default()
    }
}

/// A table's hash as a trace's header has it.
pub(super) fn table_hash(table: &Table) -> String {
    table.hash()
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
        Ending::TimeLimit(span) => {
            Some(format!("the run reached its limit of {} of virtual time", scenario::duration_text(*span)))
        }
        Ending::QueueLimit(bytes) => Some(format!("the run reached its limit of {bytes} queued bytes")),
        Ending::Panic(text) => Some(format!("the stack panicked: {text}")),
    }
}
