//! Why a record came about: the chain of causes, from the step of the scenario (or what the run began with) down to it.
//!
//! Each link has its line as in the text form. A move of a machine has the clause by which it was made, and what the
//! judge found at a record stands below it.

use crate::base::{ActorId, RecordId, Span, Time};
use crate::catalog::catalog;
use crate::judge;
use crate::machine::{Finite, Machine, Table, Verdict};
use crate::tcp::Tcp;
use crate::trace::{Names, Record, Trace, What, pad, text_of, width};
use core::fmt::Write;
use serde::Serialize;

/// A record in a chain of causes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Link {
    /// Its number.
    pub record: u32,
    /// When, in nanoseconds since the start.
    pub at: u64,
    /// Where.
    pub host: String,
    /// Its line in the text form, with the time since the link before.
    pub line: String,
    /// The input and the clause of each move that it is.
    pub clauses: Vec<String>,
    /// What the judge found at it, each with its clause.
    pub judged: Vec<String>,
}

/// The chain that led to a record, the first cause first; `None` where the trace has no such record. `step` finds the
/// words of a program's step; without them it is told by its number alone.
pub fn why(trace: &Trace, id: RecordId, step: impl Fn(ActorId, u32) -> Option<String>) -> Option<Vec<Link>> {
    let chain = chain(&trace.records, id)?;
    let names = Names::new(&trace.header, &trace.records);
    let room = trace.header.nodes.iter().map(|node| width(&node.name)).max().unwrap_or(0);
    let clauses = Clauses::of(trace);
    let lines = text_of(trace, &chain);
    let link = |(id, line): (&RecordId, Option<String>)| {
        let record = trace.records.get(id.index())?;
        let line = line.or_else(|| match &record.what {
            What::Step { actor, index } => {
                let words = step(*actor, *index).unwrap_or_default();
                let nth = format!("step {} of {}  {words}", u64::from(*index) + 1, names.actor(*actor));
                Some(format!("{:>9}  {}  {}", "", pad(names.node(record.node), room), nth.trim_end()))
            }
            What::Edge(edge) => {
                let stays = format!("{} stays {}  | {}", edge.machine, edge.from, edge.input);
                Some(format!("{:>9}  {}  {stays}", "", pad(names.node(record.node), room)))
            }
            // In the text form a model peer's edge stands for the state that follows from it.
            What::State { from, to, .. } => {
                Some(format!("{:>9}  {}  tcp  {from} -> {to}", "", pad(names.node(record.node), room)))
            }
            _ => None,
        });
        Some(Link {
            record: id.0,
            at: record.at.0,
            host: names.node(record.node).to_owned(),
            line: line.unwrap_or_default().trim_end().to_owned(),
            clauses: clauses.at(record),
            judged: judged(&trace.records, *id),
        })
    };
    chain.iter().zip(lines).map(link).collect()
}

/// The record that a reader means by a time: the last one at or before it, but for the end and the judge's findings. Times
/// are compared as the text form rounds them, to hundredths of a millisecond.
pub fn at(trace: &Trace, time: Time) -> Option<RecordId> {
    const HALF: Span = Span::micros(5);
    let event =
        |record: &&Record| !matches!(record.what, What::Divergence { .. } | What::End { .. } | What::Step { .. });
    trace.records.iter().filter(event).take_while(|record| record.at < time + HALF).last().map(|record| record.id)
}

/// The chain as text.
pub fn told(links: &[Link]) -> String {
    let mut out = String::new();
    for link in links {
        let _ = writeln!(out, "{:>5}  {}", link.record, link.line);
        for clause in &link.clauses {
            let _ = writeln!(out, "{:>18}{clause}", "");
        }
        for finding in &link.judged {
            let _ = writeln!(out, "{:>18}judged: {finding}", "");
        }
    }
    out
}

/// The record and its causes, the first one first.
fn chain(records: &[Record], id: RecordId) -> Option<Vec<RecordId>> {
    let mut chain = vec![records.get(id.index())?.id];
    while let Some(cause) = chain.last().and_then(|id| records.get(id.index())?.cause) {
        // A cause comes before its effect; a trace that says otherwise has no end.
        if chain.last().is_none_or(|last| cause >= *last) || records.get(cause.index()).is_none() {
            break;
        }
        chain.push(cause);
    }
    chain.reverse();
    Some(chain)
}

fn judged(records: &[Record], id: RecordId) -> Vec<String> {
    let about = records.iter().filter(|record| record.cause == Some(id));
    about
        .filter_map(|record| match &record.what {
            What::Divergence { rule, clause, text, .. } => Some(format!("{rule}: {text} | {clause}")),
            _ => None,
        })
        .collect()
}

/// The clauses of a run's moves.
struct Clauses {
    tables: Vec<Table>,
    witnesses: Vec<judge::Witness>,
}

impl Clauses {
    fn of(trace: &Trace) -> Clauses {
        Clauses { tables: catalog(), witnesses: judge::witnessed(&trace.records) }
    }

    /// `rcv ACK of SYN: RFC 9293 3.10.7.4`.
    fn at(&self, record: &Record) -> Vec<String> {
        match &record.what {
            What::State { .. } => {
                let these = self.witnesses.iter().filter(|witness| witness.record == record.id);
                these.filter_map(|w| self.clause(Tcp::NAME, w.from.name(), w.input.name())).collect()
            }
            What::Edge(edge) => self.clause(&edge.machine, &edge.from, &edge.input).into_iter().collect(),
            What::Divergence { clause, .. } => vec![clause.clone()],
            _ => Vec::new(),
        }
    }

    fn clause(&self, machine: &str, from: &str, input: &str) -> Option<String> {
        let table = self.tables.iter().find(|table| table.name == machine)?;
        match &table.cell(from, input)?.verdict {
            Verdict::Go { clause, .. } | Verdict::Reject { clause, .. } => Some(format!("{input}: {clause}")),
            Verdict::Never => None,
        }
    }
}
