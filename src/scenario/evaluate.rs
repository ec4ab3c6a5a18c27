//! A scenario's expectations against what a run did.
//!
//! Rules of the room: it looks at records and findings alone; every expectation is looked at, so that all failures are
//! told at once; a failure says what was expected and what was got, one line each, and where they differ a second line
//! under `got` has a `^` at the first difference (print both with the same indent).
//!
//! Expectations are: what each step must come to, the claims under `expect`, the known divergences (exactly those must
//! show), and that the run ends by itself unless the scenario says how else.

mod claims;
mod difference;
mod history;
mod matching;
mod segments;
mod steps;

pub use matching::is_kind;

use super::model::{Claim, Scenario};
use crate::judge::Finding;
use crate::trace::{Ending, Header, Record, What};
use core::ops::Range;
use history::History;

/// An expectation that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Where the expectation stands in the file: byte range; empty where none is written.
    pub span: Range<usize>,
    /// What does not hold, in one line.
    pub message: String,
    /// What was expected.
    pub expected: String,
    /// What the run did; maybe with a second line that marks the first difference.
    pub got: String,
}

/// How many expectations there are, and how many hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Those that hold.
    pub met: usize,
    /// All.
    pub all: usize,
}

/// What all parts of the evaluation look at.
struct Run<'r> {
    scenario: &'r Scenario,
    header: &'r Header,
    records: &'r [Record],
    findings: &'r [Finding],
    history: History<'r>,
}

/// Every expectation of the scenario that the run does not meet.
pub fn evaluate(scenario: &Scenario, header: &Header, records: &[Record], findings: &[Finding]) -> Vec<Failure> {
    weigh(scenario, header, records, findings).1
}

/// How many of the scenario's expectations the run meets.
pub fn satisfied(scenario: &Scenario, header: &Header, records: &[Record], findings: &[Finding]) -> Tally {
    weigh(scenario, header, records, findings).0
}

fn weigh(scenario: &Scenario, header: &Header, records: &[Record], findings: &[Finding]) -> (Tally, Vec<Failure>) {
    let run = Run { scenario, header, records, findings, history: History::new(records) };
    let mut tally = Tally::default();
    let mut failures = Vec::new();
    steps::weigh(&run, &mut tally, &mut failures);
    for expectation in &scenario.expect {
        tally.all += 1;
        match claims::weigh(&run, expectation) {
            None => tally.met += 1,
            Some(failure) => failures.push(failure),
        }
    }
    known(&run, &mut tally, &mut failures);
    if !scenario.expect.iter().any(|expectation| matches!(expectation.claim, Claim::Ending(_))) {
        tally.all += 1;
        match by_itself(&run) {
            None => tally.met += 1,
            Some(failure) => failures.push(failure),
        }
    }
    (tally, failures)
}

/// Exactly the known divergences show.
fn known(run: &Run<'_>, tally: &mut Tally, failures: &mut Vec<Failure>) {
    let shown = |rule: &str| run.findings.iter().any(|finding| finding.rule == rule);
    for rule in &run.scenario.known {
        tally.all += 1;
        if shown(rule) {
            tally.met += 1;
            continue;
        }
        failures.push(Failure {
            span: 0..0,
            message: format!("the known divergence `{rule}` no longer shows"),
            expected: format!("a divergence from the rule `{rule}`"),
            got: rules(run),
        });
    }
    tally.all += 1;
    let mut told: Vec<&str> = Vec::new();
    for finding in run.findings {
        if told.contains(&finding.rule) || run.scenario.known.iter().any(|rule| rule == finding.rule) {
            continue;
        }
        told.push(finding.rule);
        let times = run.findings.iter().filter(|other| other.rule == finding.rule).count();
        let more =
            if times > 1 { format!(" ({times} times, first in record {})", finding.record.0) } else { String::new() };
        failures.push(Failure {
            span: 0..0,
            message: format!("a divergence from the rule `{}` ({}){more}", finding.rule, finding.clause),
            expected: "no divergence but the known ones".to_owned(),
            got: finding.text.clone(),
        });
    }
    tally.met += usize::from(told.is_empty());
}

/// The rules found, as text.
fn rules(run: &Run<'_>) -> String {
    let mut rules: Vec<String> = run.findings.iter().map(|finding| format!("`{}`", finding.rule)).collect();
    rules.sort();
    rules.dedup();
    if rules.is_empty() { "no divergence".to_owned() } else { rules.join(", ") }
}

/// A limit is an outcome that a scenario must ask for; so is a panic.
fn by_itself(run: &Run<'_>) -> Option<Failure> {
    let ending = ending(run.records);
    if matches!(ending, Some(Ending::Quiet | Ending::Stuck(_))) {
        return None;
    }
    Some(Failure {
        span: 0..0,
        message: "the run did not end by itself".to_owned(),
        expected: "quiet (or say under `expect` how it ends)".to_owned(),
        got: ending.map_or_else(|| "a trace without an end".to_owned(), claims::ending_text),
    })
}

/// How the run ended.
fn ending(records: &[Record]) -> Option<&Ending> {
    records.iter().rev().find_map(|record| match &record.what {
        What::End { ending } => Some(ending),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
