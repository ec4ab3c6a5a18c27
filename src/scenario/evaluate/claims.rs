//! The claims under `expect`.

use super::difference::paths;
use super::matching::{conn_named, count};
use super::{Failure, Run, ending};
use crate::base::{ActorId, ConnId, NodeId, Span, Time};
use crate::scenario::model::{Claim, CountOf, Expectation, PacketKind, Program, RecordMatch};
use crate::tcp;
use crate::trace::{End, Ending, What};
use core::ops::Range;

/// What does not hold of it: message, expected, got.
type Wrong = (String, String, String);

/// What is wrong with a claim, if something is.
pub(super) fn weigh(run: &Run<'_>, expectation: &Expectation) -> Option<Failure> {
    let wrong = match &expectation.claim {
        Claim::Path { node, conn, end, states } => path(run, *node, *conn, *end, states),
        Claim::Count { of, is } => counted(run, of, is),
        Claim::Elapsed { from, to, is } => elapsed(run, from.as_deref(), to.as_deref(), is),
        Claim::Ending(word) => ends(run, word),
    };
    wrong.map(|(message, expected, got)| Failure { span: expectation.span.clone(), message, expected, got })
}

fn node_name(run: &Run<'_>, node: NodeId) -> String {
    run.scenario.nodes.get(node.index()).map_or_else(|| format!("node {}", node.0), |node| node.name.clone())
}

fn conn_name(run: &Run<'_>, (node, n): (NodeId, u32)) -> String {
    format!("{}.{n}", node_name(run, node))
}

fn path(
    run: &Run<'_>,
    node: NodeId,
    conn: Option<(NodeId, u32)>,
    end: Option<End>,
    states: &[tcp::State],
) -> Option<Wrong> {
    let of = conn.map_or_else(|| "its first connection".to_owned(), |name| conn_name(run, name));
    let wanted: Option<ConnId> = match conn {
        Some(name) => conn_named(run.records, name),
        None => run.records.iter().find_map(|record| match record.what {
            What::State { conn, .. } if record.node == node => Some(conn),
            _ => None,
        }),
    };
    let mut got: Vec<String> = Vec::new();
    let mut end = end;
    for record in run.records {
        let What::State { conn, end: at, from, to } = &record.what else { continue };
        // Where a host is both ends and the claim does not say which, the first to move is meant.
        if record.node != node || wanted != Some(*conn) || *end.get_or_insert(*at) != *at {
            continue;
        }
        if got.is_empty() {
            got.push(from.to_string());
        }
        got.push(to.to_string());
    }
    let expected: Vec<String> = states.iter().map(ToString::to_string).collect();
    if got == expected {
        return None;
    }
    let (expected, mut marked) = paths(&expected, &got);
    if wanted.is_none() {
        marked = "(there is no such connection)".to_owned();
    }
    Some((format!("{} passes other states on {of}", node_name(run, node)), expected, marked))
}

fn counted(run: &Run<'_>, of: &RecordMatch, is: &Range<u64>) -> Option<Wrong> {
    let got = count(run, of);
    if is.contains(&got) {
        return None;
    }
    Some((format!("another number of {}", sort(run, of)), range(is, &|n| n.to_string()), got.to_string()))
}

/// What is counted, in words.
fn sort(run: &Run<'_>, of: &RecordMatch) -> String {
    let mut text = match of.what {
        CountOf::Sent => "packets sent",
        CountOf::Arrived => "packets arrived",
        CountOf::Lost => "packets lost",
        CountOf::Dropped => "packets dropped",
        CountOf::Retransmissions => "retransmissions",
        CountOf::Received => "bytes received",
        CountOf::Timers => "timers fired",
        CountOf::Errors => "calls failed",
        CountOf::Connections => "connections",
        CountOf::Divergences => "divergences",
    }
    .to_owned();
    if let Some(word) = &of.word {
        text.push_str(&format!(" `{word}`"));
    }
    if let Some(kind) = of.packet {
        text.push_str(&format!(" of the kind {}", kind_name(kind)));
    }
    if let Some(node) = of.node {
        text.push_str(&format!(" at {}", node_name(run, node)));
    }
    if let Some(conn) = of.conn {
        text.push_str(&format!(" on {}", conn_name(run, conn)));
    }
    text
}

fn kind_name(kind: PacketKind) -> String {
    match kind {
        PacketKind::Flags(flags) => flags.to_string(),
        PacketKind::Any => "any".to_owned(),
        PacketKind::Fin => "FIN".to_owned(),
        PacketKind::Rst => "RST".to_owned(),
        PacketKind::Data => "data".to_owned(),
        PacketKind::Tcp => "TCP".to_owned(),
        PacketKind::Udp => "UDP".to_owned(),
        PacketKind::Icmp => "ICMP".to_owned(),
        PacketKind::Arp => "ARP".to_owned(),
    }
}

/// A half-open range, in words.
fn range(is: &Range<u64>, show: &dyn Fn(u64) -> String) -> String {
    match (is.start, is.end) {
        (low, u64::MAX) => format!("at least {}", show(low)),
        (low, end) if low.checked_add(1) == Some(end) => show(low),
        (0, end) => format!("at most {}", show(end.saturating_sub(1))),
        (low, end) => format!("{} to {}", show(low), show(end.saturating_sub(1))),
    }
}

fn elapsed(run: &Run<'_>, from: Option<&str>, to: Option<&str>, is: &Range<u64>) -> Option<Wrong> {
    let show = |n: u64| format!("{} ms", Span(n));
    let wrong = |got: String| {
        let (from, to) = (from.unwrap_or("the start"), to.unwrap_or("the end"));
        Some((format!("another time from {from} to {to}"), range(is, &show), got))
    };
    let begin = match from {
        None => Time::ZERO,
        Some(label) => match completion(run, label) {
            Ok(at) => at,
            Err(why) => return wrong(why),
        },
    };
    let end = match to {
        None => last(run),
        Some(label) => match completion(run, label) {
            Ok(at) => at,
            Err(why) => return wrong(why),
        },
    };
    if end < begin {
        return wrong(format!("it ends {} before it begins", show(begin.since(end).0)));
    }
    let span = end.since(begin).0;
    if is.contains(&span) { None } else { wrong(show(span)) }
}

/// The last thing that happened before the run's end was noted.
fn last(run: &Run<'_>) -> Time {
    let happens = |what: &What| !matches!(what, What::End { .. } | What::Divergence { .. });
    run.records.iter().rev().find(|record| happens(&record.what)).map_or(Time::ZERO, |record| record.at)
}

/// When the step of this label completed.
fn completion(run: &Run<'_>, label: &str) -> Result<Time, String> {
    for (id, actor) in (0_u16..).map(ActorId).zip(&run.scenario.actors) {
        let Program::Script(steps) = &actor.program else { continue };
        let Some(index) = (0_u32..).zip(steps).find(|(_, step)| step.label.as_deref() == Some(label)) else { continue };
        return match run.history.step(id, index.0).map(|seen| seen.completed()) {
            Some(Some(at)) => Ok(at),
            Some(None) => Err(format!("`{label}` never completed")),
            None => Err(format!("`{label}` never began")),
        };
    }
    Err(format!("there is no step `{label}`"))
}

fn ends(run: &Run<'_>, word: &str) -> Option<Wrong> {
    let got = ending(run.records);
    if got.map(ending_word) == Some(word) {
        return None;
    }
    let got = got.map_or_else(|| "a trace without an end".to_owned(), ending_text);
    Some(("the run ends otherwise".to_owned(), word.to_owned(), got))
}

const fn ending_word(ending: &Ending) -> &'static str {
    match ending {
        Ending::Quiet => "quiet",
        Ending::Stuck(_) => "stuck",
        Ending::EventLimit(_) => "event-limit",
        Ending::TimeLimit(_) => "time-limit",
        Ending::QueueLimit(_) => "queue-limit",
        Ending::Panic(_) => "panic",
    }
}

/// How it ended, with what the ending knows.
pub(super) fn ending_text(ending: &Ending) -> String {
    let word = ending_word(ending);
    match ending {
        Ending::Quiet => word.to_owned(),
        Ending::Stuck(who) => format!("{word}: {}", who.join("; ")),
        Ending::EventLimit(events) => format!("{word}: {events} events"),
        Ending::TimeLimit(span) => format!("{word}: {span} ms"),
        Ending::QueueLimit(bytes) => format!("{word}: {bytes} bytes"),
        Ending::Panic(message) => format!("{word}: {message}"),
    }
}
