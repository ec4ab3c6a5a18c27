//! Is every move of every TCP state one that RFC 9293 knows, and was every move made that it demands?
//!
//! - Records alone are read. For each end of each connection the variables of its control block are followed from the
//!   segments that it sent and got ([`crate::tcp::Facts`]); the state is followed from the state records.
//! - A state record's cause leads to a call, a segment's arrival or a timer. That is classified, and [`Tcp::next`] says
//!   where it leads; anywhere else is a finding `move`.
//! - A segment's arrival that demands a move, and is followed by none, is a finding `missing-move`. The move is due before
//!   anything else happens to that end: the stack works at once.
//! - What an end took is certain only as far as it has acknowledged it. A segment is classified for an end that took all
//!   it may, and for one that dropped what it has not acknowledged: a move must be right for one of them, and is missing
//!   only if it is due for both.
//! - An end's states must make a path: each begins where the last one ended; else a finding `path`.
//! - What a listener did before its connection had a record is no matter of the connection: an acceptor's path may begin
//!   in CLOSED or in LISTEN.
//!
//! RFC 9293, 3.10.

mod cause;
mod ends;
#[cfg(test)]
mod tests;

use super::Finding;
use crate::base::{ConnId, NodeId, RecordId};
use crate::machine::{Clause, Machine, Step};
use crate::packet::Packet;
use crate::tcp::{Input, Inputs, State, Tcp};
use crate::trace::{Call, CallName, End, Header, Outcome, Record, Sink, What};
use cause::{Cause, Causes, candidates};
use ends::{Ends, segment_of};

/// What a run's moves are found to violate.
pub fn moves(header: &Header, records: &[Record]) -> Vec<Finding> {
    let mut moves = Moves::new(header);
    records.iter().for_each(|record| moves.observe(record));
    moves.finish().0
}

/// The edges of the TCP machine that a run's moves took.
pub fn witnessed(records: &[Record]) -> Vec<Witness> {
    let mut moves = Moves::default();
    records.iter().for_each(|record| moves.observe(record));
    moves.finish().1
}

/// An edge of the TCP machine that a run took. A segment that is several events can take several at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Witness {
    /// Whose.
    pub conn: ConnId,
    /// Which end of it.
    pub end: End,
    /// On which host.
    pub node: NodeId,
    /// The state before.
    pub from: State,
    /// What happened.
    pub input: Input,
    /// The state after.
    pub to: State,
    /// The state record.
    pub record: RecordId,
}

/// The check, a record at a time.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    names: Vec<String>,
    ends: Ends,
    causes: Causes,
    findings: Vec<Finding>,
    witnesses: Vec<Witness>,
}

/// A move that a segment's arrival demands.
#[derive(Clone, Copy, Debug)]
struct Due {
    record: RecordId,
    inputs: Inputs,
    from: State,
    to: State,
    clause: Clause,
    /// Also of an end that dropped what it has not acknowledged.
    sure: bool,
}

/// A state record, taken apart.
#[derive(Clone, Copy)]
struct Move {
    record: RecordId,
    conn: ConnId,
    end: End,
    node: NodeId,
    from: State,
    to: State,
}

impl Sink for Moves {
    fn record(&mut self, record: Record) {
        self.observe(&record);
    }
}

impl Moves {
    /// A check that calls hosts by the header's names.
    pub fn new(header: &Header) -> Moves {
        Moves { names: header.nodes.iter().map(|node| node.name.clone()).collect(), ..Moves::default() }
    }

    /// Looks at the next record.
    pub fn observe(&mut self, record: &Record) {
        self.causes.note(record);
        match &record.what {
            What::Conn { conn, local, .. } => self.ends.open(*conn, *local, record.node),
            What::Sent { conn: Some(conn), packet, .. } if !self.causes.injected(record.cause) => {
                self.sent(*conn, record.node, packet);
            }
            What::Arrived { conn: Some(conn), packet, .. } => self.arrived(*conn, record, packet),
            What::State { conn, end, from, to } => {
                let (from, to) = (*from, *to);
                self.moved(
                    Move { record: record.id, conn: *conn, end: *end, node: record.node, from, to },
                    record.cause,
                );
            }
            What::Timer { conn: Some(conn), end: Some(end), .. } => self.settle(*conn, *end),
            What::Call(Call { call: CallName::Close, conn: Some(conn), outcome: Outcome::Ok, .. }) => {
                self.ends.give_back(*conn, record.node);
            }
            What::Power { up: false } => self.ends.lose(record.node),
            What::End { .. } => self.settle_all(),
            _ => {}
        }
    }

    /// The findings, by record, and the edges taken, in order.
    pub fn finish(mut self) -> (Vec<Finding>, Vec<Witness>) {
        self.settle_all();
        self.findings.sort_by_key(|finding| finding.record);
        (self.findings, self.witnesses)
    }

    fn sent(&mut self, conn: ConnId, node: NodeId, packet: &Packet) {
        let Some(segment) = segment_of(packet) else { return };
        if let Some((_, end)) = self.ends.with_address(conn, packet.src)
            && end.is_at(node)
        {
            end.sent(&segment);
        }
    }

    fn arrived(&mut self, conn: ConnId, record: &Record, packet: &Packet) {
        let Some(segment) = segment_of(packet) else { return };
        let Some((which, end)) = self.ends.with_address(conn, packet.dst) else { return };
        if !end.is_at(record.node) {
            return;
        }
        self.settle(conn, which);
        let Some(end) = self.ends.get(conn, which) else { return };
        let (inputs, other) = end.received(&segment);
        self.causes.arrived(record.id, inputs, other);
        if let Some(from) = end.state.filter(|&state| !rests(state))
            && let Some((to, clause)) = demanded(from, &inputs)
        {
            let sure = other.is_none_or(|inputs| demanded(from, &inputs).is_some_and(|(other, _)| other == to));
            end.due = Some(Due { record: record.id, inputs, from, to, clause, sure });
        }
    }

    fn moved(&mut self, step: Move, cause: Option<RecordId>) {
        let found = self.causes.of(cause);
        let end = self.ends.at(step.conn, step.end);
        match end.due {
            Some(due) if found.is_some_and(|(id, _)| id == due.record) => end.answer(due, step.to),
            _ => self.settle(step.conn, step.end),
        }
        let end = self.ends.at(step.conn, step.end);
        let was = end.state;
        end.enter(step.node, step.to);
        match found {
            // A host that lost everything keeps to no rule.
            Some((_, Cause::Power)) => {}
            Some((_, cause)) => {
                self.check_path(step, was);
                self.check(step, cause);
            }
            None => self.find(
                step,
                "move",
                "RFC 9293 3.10",
                format!("moved from {} to {}, with no call, segment or timer to cause it", step.from, step.to),
            ),
        }
    }

    /// A path goes on where it was; a listener that closes, and another that opens, are no matter of the connection.
    fn check_path(&mut self, step: Move, was: Option<State>) {
        let goes_on = match was {
            Some(was) => was == step.from || (begins(step.end, was) && begins(step.end, step.from)),
            None => begins(step.end, step.from),
        };
        if !goes_on {
            let was = was.unwrap_or(State::Closed);
            self.find(step, "path", "RFC 9293 3.3.2", format!("left {}, but was in {was}", step.from));
        }
    }

    /// Holds the move to the table; what could have caused it is tried in order.
    fn check(&mut self, step: Move, cause: Cause) {
        let mut tries = candidates(cause, step.end, step.from, step.to);
        if self.ends.at(step.conn, step.end).given_back && brings_text(cause) {
            tries.push(vec![Input::Abort]);
        }
        for (reading, inputs) in tries.iter().enumerate() {
            let edges = walk(step.from, inputs);
            if edges.last().map_or(step.from, |edge| edge.2) == step.to && step.from != step.to {
                let seen = edges.iter().filter(|(from, _, to)| from != to);
                self.witnesses.extend(seen.map(|&(from, input, to)| Witness {
                    conn: step.conn,
                    end: step.end,
                    node: step.node,
                    from,
                    input,
                    to,
                    record: step.record,
                }));
                if reading == 0 && matches!(cause, Cause::Arrived(..)) && inputs.iter().any(|input| input.has_fin()) {
                    self.ends.at(step.conn, step.end).facts.taken();
                }
                if reading > 0 && matches!(cause, Cause::Arrived(..)) && *inputs != [Input::Abort] {
                    self.ends.at(step.conn, step.end).believe_other();
                }
                return;
            }
        }
        let (text, clause) = match tries.first() {
            Some(inputs) => (verdict(step, inputs), clause_for(step.from, inputs)),
            None => (format!("moved from {} to {} on {cause}, which is no event of the RFC", step.from, step.to), None),
        };
        let clause = clause.map_or("RFC 9293 3.10".to_owned(), |clause| clause.to_string());
        self.find(step, "move", &clause, text);
    }

    /// Nothing more can come of the last arrival at this end: was a move due?
    fn settle(&mut self, conn: ConnId, which: End) {
        let Some(end) = self.ends.get(conn, which) else { return };
        let Some(due) = end.due.take() else { return };
        let node = end.node;
        end.answer(due, due.from);
        if !due.sure {
            return;
        }
        let step =
            Move { record: due.record, conn, end: which, node: node.unwrap_or(NodeId(0)), from: due.from, to: due.to };
        let text = format!("stayed in {} on {}; the RFC says {}", due.from, events(&due.inputs), due.to);
        self.find(step, "missing-move", &due.clause.to_string(), text);
    }

    fn settle_all(&mut self) {
        for (conn, end) in self.ends.due() {
            self.settle(conn, end);
        }
    }

    fn find(&mut self, step: Move, rule: &'static str, clause: &str, text: String) {
        let name = self.names.get(step.node.index()).map_or("", String::as_str);
        let who = match step.end {
            End::Initiator => "the initiator",
            End::Acceptor => "the acceptor",
        };
        let text = if name.is_empty() { format!("{who} {text}") } else { format!("{who} ({name}) {text}") };
        self.findings.push(Finding {
            record: step.record,
            conn: Some(step.conn),
            rule,
            clause: clause.to_owned(),
            text,
        });
    }
}

/// Text for a program that has closed is an abort of the stack's own (RFC 9293, 3.6.1, SHLD-3).
fn brings_text(cause: Cause) -> bool {
    matches!(cause, Cause::Arrived(inputs, _) if inputs.contains(&Input::Text))
}

/// Where an end's path may begin.
const fn begins(end: End, state: State) -> bool {
    matches!((end, state), (_, State::Closed) | (End::Acceptor, State::Listen))
}

/// In these states there is no connection.
const fn rests(state: State) -> bool {
    matches!(state, State::Closed | State::Listen)
}

/// The steps that the machine takes on these inputs. Once the connection is no more, the rest of a segment is nobody's.
fn walk(from: State, inputs: &[Input]) -> Vec<(State, Input, State)> {
    let mut at = from;
    let mut steps = Vec::with_capacity(inputs.len());
    for &input in inputs {
        if let Step::Go(to, _, _) = Tcp::next(at, input) {
            steps.push((at, input, to));
            at = to;
            if rests(at) {
                break;
            }
        }
    }
    steps
}

/// The move that the inputs demand, and the clause of its last step.
fn demanded(from: State, inputs: &[Input]) -> Option<(State, Clause)> {
    let steps = walk(from, inputs);
    let &(at, input, to) = steps.iter().rfind(|(at, _, to)| at != to)?;
    let clause = clause_of(at, input)?;
    (to != from).then_some((to, clause))
}

fn clause_of(at: State, input: Input) -> Option<Clause> {
    match Tcp::next(at, input) {
        Step::Go(_, _, clause) | Step::Reject(_, clause) => Some(clause),
        Step::Never => None,
    }
}

/// The clause that a wrong move is held against: of the move that was demanded, else of the last thing said.
fn clause_for(from: State, inputs: &[Input]) -> Option<Clause> {
    let last = || inputs.iter().rev().find_map(|&input| clause_of(from, input));
    demanded(from, inputs).map(|(_, clause)| clause).or_else(last)
}

fn verdict(step: Move, inputs: &[Input]) -> String {
    let (from, to, on) = (step.from, step.to, events(inputs));
    let known = inputs.iter().any(|&input| clause_of(from, input).is_some());
    match walk(from, inputs).last() {
        Some(&(_, _, right)) if right != from => format!("moved from {from} to {to} on {on}; the RFC says {right}"),
        _ if known => format!("moved from {from} to {to} on {on}; the RFC says to stay"),
        _ => format!("moved from {from} to {to} on {on}, which the RFC does not know there"),
    }
}

fn events(inputs: &[Input]) -> String {
    inputs.iter().map(|input| input.to_string()).collect::<Vec<_>>().join(" + ")
}
