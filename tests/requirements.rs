//! RFC 9293's requirements, one by one: what is met, and the scenario that shows it.
//!
//! A row's scenarios each come with a check, which reads from the trace whether the requirement was kept in it. A
//! requirement counts as met where every check says so, as not met where one says that it was not. What holds of the model
//! peer is read from the same scenarios with that peer on every host. The table in docs/rfc9293.md is written from the rows.

mod above;
mod data;
mod header;
mod opening;
mod seen;
mod segments;

use crate::support::{Kept, failures, run, sims};
use drywire::judge::Finding;
use drywire::scenario::Scenario;
use drywire::scenario::model::{HostTcp, ModelSpec};
use drywire::trace::Trace;
use seen::Seen;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Whether a run keeps a requirement; `None` where it does not come to that.
type Check = fn(&Seen<'_>) -> Option<bool>;

/// A requirement.
struct Row {
    /// Its number in RFC 9293.
    id: &'static str,
    /// Where it stands.
    section: &'static str,
    /// It, in a few words.
    says: &'static str,
    /// How it is with smoltcp as Drywire runs it.
    stack: Found,
    /// How it is with the model peer.
    model: Found,
    /// Scenarios that show it.
    shown: &'static [(&'static str, Check)],
}

/// How a requirement stands with a TCP, and what there is to say of it.
#[derive(Clone, Copy)]
enum Found {
    /// It is met: what is optional is done.
    Met(&'static str),
    /// It is not.
    Not(&'static str),
    /// No run can show it here; why.
    Beyond(&'static str),
}

use Found::{Beyond, Met, Not};

impl Found {
    fn word(self, optional: bool) -> &'static str {
        match self {
            Met(_) if optional => "done",
            Not(_) if optional => "not done",
            Met(_) => "met",
            Not(_) => "not met",
            Beyond(_) => "not testable",
        }
    }

    fn note(self) -> &'static str {
        match self {
            Met(note) | Not(note) | Beyond(note) => note,
        }
    }
}

impl Row {
    /// What may be left undone.
    fn optional(&self) -> bool {
        self.id.starts_with("MAY-")
    }
}

/// Where it comes to a requirement, whether it is kept.
const fn when(applies: bool, kept: bool) -> Option<bool> {
    if applies { Some(kept) } else { None }
}

/// How many requirements of each class RFC 9293 has: its sections 2.1 to 3.10 and appendix B number them without a gap.
/// (MUST-22 has its number in the appendix alone; its text is the last paragraph but one of 3.8.3.)
const NUMBERED: [(&str, u32); 4] = [("MUST", 69), ("SHLD", 31), ("MAY", 18), ("REC", 1)];

/// All of them, in their order.
fn numbers() -> Vec<String> {
    NUMBERED.iter().flat_map(|(class, last)| (1..=*last).map(move |nth| format!("{class}-{nth}"))).collect()
}

fn rows() -> BTreeMap<&'static str, &'static Row> {
    let all = [header::ROWS, opening::ROWS, segments::ROWS, data::ROWS, above::ROWS].concat_refs();
    let count = all.len();
    let rows: BTreeMap<&str, &Row> = all.into_iter().map(|row| (row.id, row)).collect();
    assert_eq!(rows.len(), count, "a requirement stands twice in the table");
    rows
}

trait ConcatRefs {
    fn concat_refs(&self) -> Vec<&'static Row>;
}

impl ConcatRefs for [&'static [Row]; 5] {
    fn concat_refs(&self) -> Vec<&'static Row> {
        self.iter().flat_map(|rows| rows.iter()).collect()
    }
}

/// The scenarios of the repository by name.
fn scenarios() -> BTreeMap<String, Scenario> {
    sims().into_iter().map(|sim| (sim.name, sim.scenario)).collect()
}

#[test]
fn every_requirement_has_its_row() {
    let rows = rows();
    let numbers = numbers();
    let missing: Vec<&String> = numbers.iter().filter(|id| !rows.contains_key(id.as_str())).collect();
    assert!(missing.is_empty(), "no row says anything of {missing:?}");
    let unknown: Vec<&&str> = rows.keys().filter(|id| !numbers.iter().any(|number| number == *id)).collect();
    assert!(unknown.is_empty(), "RFC 9293 has no {unknown:?}");
}

/// What a run of the scenario with the model peer on every host may come to: where a scenario forges text of a host's, two
/// peers correct each other for ever, as RFC 9293 has it.
const MOST_EVENTS: u64 = 20_000;

/// The scenario with the model peer on every host.
fn modelled(scenario: &Scenario) -> Scenario {
    let mut changed = scenario.clone();
    changed.nodes.iter_mut().for_each(|node| node.host.tcp = HostTcp::Model(ModelSpec::default()));
    changed.limits.events = MOST_EVENTS;
    changed
}

/// What is wrong with what a row says of a TCP, given what its checks say of that TCP's runs.
fn complaint(row: &Row, found: Found, said: &[Option<bool>]) -> Option<String> {
    if said.contains(&None) {
        return Some("a scenario does not come to the point".to_owned());
    }
    let kept = said.iter().all(|&kept| kept == Some(true));
    match found {
        Met(_) if said.is_empty() => Some("nothing shows that it is met".to_owned()),
        Met(_) if !kept => Some(format!("said to be met; its scenarios say {said:?}")),
        Not("") => Some("not met, and nothing is said of it".to_owned()),
        Not(_) if said.is_empty() && !row.optional() => Some("nothing shows that it is not met".to_owned()),
        Not(_) if kept && !said.is_empty() => Some("said not to be met; its scenarios say that it is".to_owned()),
        Beyond(why) if why.is_empty() || !said.is_empty() => Some("not testable: why, and what are these?".to_owned()),
        _ => None,
    }
}

/// The scenarios that the rows name, as they are or changed, with what the judge finds in their runs.
fn runs(of: fn(&Scenario) -> Scenario) -> BTreeMap<&'static str, (Trace, Vec<Finding>)> {
    let scenarios = scenarios();
    let named = rows().into_values().flat_map(|row| row.shown.iter().map(|(sim, _)| *sim));
    let there = named.filter_map(|sim| Some((sim, scenarios.get(sim)?)));
    let named: BTreeMap<&str, &Scenario> = there.collect();
    named.into_iter().map(|(sim, scenario)| (sim, run(&of(scenario)))).collect()
}

/// The rows of which a column says something else than the runs.
fn wrong(column: fn(&Row) -> Found, runs: &BTreeMap<&str, (Trace, Vec<Finding>)>) -> String {
    let mut wrong = String::new();
    for row in rows().values() {
        let mut said = Vec::new();
        for (sim, check) in row.shown {
            match runs.get(sim) {
                Some((trace, _)) => said.push(check(&Seen::new(trace))),
                None => drop(writeln!(wrong, "  {}: there is no scenario {sim}", row.id)),
            }
        }
        if let Some(complaint) = complaint(row, column(row), &said) {
            let _ = writeln!(wrong, "  {}: {complaint}", row.id);
        }
    }
    wrong
}

#[test]
fn scenarios_show_what_the_table_claims_of_smoltcp() {
    let runs = runs(Scenario::clone);
    let mut wrong = wrong(|row| row.stack, &runs);
    let scenarios = scenarios();
    for sim in runs.keys() {
        if !failures(&scenarios[*sim]).is_empty() {
            let _ = writeln!(wrong, "  {sim} does not keep its own promises");
        }
    }
    assert!(wrong.is_empty(), "the table and the runs differ:\n{wrong}");
}

#[test]
fn scenarios_show_what_the_table_claims_of_the_model_peer() {
    let runs = runs(modelled);
    let mut wrong = wrong(|row| row.model, &runs);
    // It is the table that the judge holds a run to.
    for (sim, (_, findings)) in &runs {
        for finding in findings {
            let _ = writeln!(wrong, "  {sim}: the judge finds {finding:?}");
        }
    }
    assert!(wrong.is_empty(), "the table and the model peer's runs differ:\n{wrong}");
}

#[test]
fn a_run_in_which_nothing_happens_shows_nothing() {
    let scenarios = scenarios();
    for row in rows().values() {
        for (sim, check) in row.shown {
            let mut trace = run(&scenarios[*sim]).0;
            trace.records.clear();
            assert_eq!(check(&Seen::new(&trace)), None, "{}: its check says something of an empty run", row.id);
        }
    }
}

#[test]
fn the_table_in_the_docs_is_this_one() {
    let mut kept = Kept::default();
    kept.file("docs/rfc9293.md", &document());
    kept.held();
}

/// How many rows of a class have this word.
fn count(class: &str, of: fn(&Row) -> Found, word: &str) -> usize {
    let rows = rows();
    let counted = rows.values().filter(|row| row.id.starts_with(class) && of(row).word(row.optional()) == word);
    counted.count()
}

const HEAD: &str = "\
# RFC 9293, requirement by requirement

RFC 9293 numbers what an implementation MUST, SHOULD and MAY do (2.1, appendix B). This table says of each how it is with
smoltcp 0.14.0 as Drywire runs it, and with the model peer (`tcp = \"model\"`). tests/requirements.rs writes the table and holds
it: the scenarios named are run, as they are and with the model peer on every host, and a check for each reads from the trace
whether the requirement was kept.

- **met**, **not met**: so the runs say. Where several scenarios are named, \"not met\" means in one of them at least.
- **done**, **not done**: the same for what MAY be done.
- **not testable**: no run here can show it, and why.

What is met may be met by the TCP or by the socket layer around it: a program sees no difference.

";

fn document() -> String {
    let mut text = String::from(HEAD);
    text.push_str("| class | requirements | smoltcp | model peer |\n|---|---|---|---|\n");
    for (class, total) in NUMBERED {
        let words = ["met", "not met", "done", "not done", "not testable"];
        let sum = |of: fn(&Row) -> Found| {
            let some = words.iter().map(|word| (count(class, of, word), word)).filter(|(n, _)| *n > 0);
            some.map(|(n, word)| format!("{n} {word}")).collect::<Vec<_>>().join(", ")
        };
        let _ = writeln!(text, "| {class} | {total} | {} | {} |", sum(|row| row.stack), sum(|row| row.model));
    }
    let rows = rows();
    for (class, title) in [("MUST", "MUST"), ("SHLD", "SHOULD"), ("MAY", "MAY"), ("REC", "RECOMMENDED")] {
        let _ = write!(text, "\n## {title}\n\n| number | section | requirement | smoltcp | model peer | shown by |\n");
        text.push_str("|---|---|---|---|---|---|\n");
        for id in numbers().iter().filter(|id| id.split('-').next() == Some(class)) {
            if let Some(row) = rows.get(id.as_str()) {
                text.push_str(&line(row));
            }
        }
    }
    text
}

fn line(row: &Row) -> String {
    let said = |found: Found| match (found.word(row.optional()), found.note()) {
        (word, "") => word.to_owned(),
        (word, note) => format!("{word}: {note}"),
    };
    let sims: Vec<String> = row.shown.iter().map(|(sim, _)| format!("[{sim}](../sims/{sim}.toml)")).collect();
    let (stack, model) = (said(row.stack), said(row.model));
    format!("| {} | {} | {} | {stack} | {model} | {} |\n", row.id, row.section, row.says, sims.join(", "))
}
