//! `close-without-fin`: CLOSE on an open connection leads to a FIN, or to a RST where the close is an abort (RFC 9293,
//! 3.10.4, 3.10.5, 3.6.1).

use super::{Check, Finding, Scene, rfc9293};
use crate::base::{ConnId, RecordId, Time};
use crate::machine::{Finite, Machine};
use crate::tcp::{Input, State, Tcp};
use crate::trace::{CallName, End, Ending, Outcome, Record, Subject, TimerKind, What};
use std::collections::BTreeMap;

/// A close that has to be seen on the wire.
struct Closed {
    call: RecordId,
    at: Time,
    name: CallName,
    state: State,
}

/// Remembers who closed, and looks for the FIN when the run is over.
#[derive(Default)]
pub(super) struct Closes {
    due: BTreeMap<(ConnId, End), Closed>,
}

impl Check for Closes {
    fn observe(&mut self, scene: &Scene<'_>, record: &Record, _out: &mut Vec<Finding>) {
        match &record.what {
            What::Call(call) if matches!(call.outcome, Outcome::Ok | Outcome::Pending) => {
                let closes = match call.call {
                    CallName::Close => true,
                    _ => call.shuts_sending(),
                };
                let Some(conn) = call.conn.filter(|_| closes) else { return };
                let Some(end) = scene.end_of(conn, record.node, call.fd) else { return };
                let Some(state) = scene.side(conn, end).and_then(|side| side.state) else { return };
                if matches!(state, State::SynReceived | State::Established | State::CloseWait) {
                    let closed = Closed { call: record.id, at: record.at, name: call.call, state };
                    self.due.entry((conn, end)).or_insert(closed);
                }
            }
            What::Return { of, outcome: Outcome::Err(_), .. } => self.due.retain(|_, closed| closed.call != *of),
            // A model peer says that it was given up: nothing is sent then (3.8.3).
            What::Edge(edge) if edge.machine == Tcp::NAME && edge.input == Input::R2Exceeded.name() => {
                if let Subject::Conn(conn, end) = edge.of {
                    self.due.remove(&(conn, end));
                }
            }
            What::Timer { conn: Some(conn), end: Some(end), timer: TimerKind::UserTimeout, .. } => {
                self.due.remove(&(*conn, *end));
            }
            _ => {}
        }
    }

    fn finish(&mut self, scene: &Scene<'_>, out: &mut Vec<Finding>) {
        let Some((_, ended, ending)) = scene.ending() else { return };
        for (&(conn, end), closed) in &self.due {
            let Some(side) = scene.side(conn, end) else { continue };
            let wire = &side.wire;
            if wire.fin.is_some() || wire.rst || wire.rst_arrived || side.crashed {
                continue;
            }
            // While text comes before it, the FIN is not due: what keeps the text back is another matter.
            let gone = side.state.is_none_or(|state| matches!(state, State::Closed | State::Listen));
            let idle = wire.una == wire.nxt() && side.given <= wire.text_sent() && closed.at < *ended;
            let certain = match ending {
                Ending::Quiet | Ending::Stuck(_) => idle || gone,
                Ending::EventLimit(_) | Ending::TimeLimit(_) | Ending::QueueLimit(_) => idle,
                Ending::Panic(_) => false,
            };
            if certain {
                let now = side.state.map_or(String::new(), |state| format!(" (now {state})"));
                let text = format!(
                    "{} called {} in {}{now}, and no FIN or RST left it until the end; right is a FIN after all that was sent",
                    scene.name(conn, end),
                    closed.name,
                    closed.state
                );
                let rule = "close-without-fin";
                out.push(Finding { record: closed.call, conn: Some(conn), rule, clause: rfc9293("3.10.4"), text });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::base::ConnId;
    use crate::base::Span;
    use crate::judge::sample::{CLIENT, SERVER, Sample, ack};
    use crate::packet::Flags;
    use crate::tcp::State;
    use crate::trace::{CallName, Edge, End, Ending, Outcome, Subject, What};

    #[test]
    fn a_close_that_nobody_sees_is_found() {
        let mut sample = Sample::open();
        sample.moves(End::Acceptor, State::SynReceived);
        sample.call(SERVER, CallName::Close, "", Outcome::Ok);
        sample.moves(End::Acceptor, State::FinWait2);
        sample.later(Span::millis(1));
        sample.end(Ending::Quiet);
        let findings = sample.findings();
        assert_eq!((findings[0].rule, findings[0].clause.as_str()), ("close-without-fin", "RFC 9293 3.10.4"));
        assert!(findings[0].text.starts_with("server called close in SYN-RECEIVED (now FIN-WAIT-2)"));
    }

    #[test]
    fn who_was_given_up_sends_nothing_more() {
        let mut sample = Sample::open();
        sample.call(CLIENT, CallName::Close, "", Outcome::Ok);
        sample.note(
            CLIENT,
            None,
            What::Edge(Edge {
                machine: "tcp".into(),
                of: Subject::Conn(ConnId(0), End::Initiator),
                from: "FIN-WAIT-1".into(),
                input: "R2 exceeded".into(),
                to: "CLOSED".into(),
                refusal: None,
            }),
        );
        sample.moves(End::Initiator, State::Closed);
        sample.end(Ending::Quiet);
        assert!(!sample.rules().contains(&"close-without-fin"));
    }

    #[test]
    fn a_reset_is_a_close_too_and_reading_on_is_none() {
        let mut sample = Sample::open();
        sample.shutdown(SERVER, "SHUT_RD");
        sample.call(CLIENT, CallName::Close, "", Outcome::Ok);
        sample.send(CLIENT, ack(1, 1).flags(Flags::RST.with(Flags::ACK)));
        sample.moves(End::Initiator, State::Closed);
        sample.end(Ending::Quiet);
        assert_eq!(sample.rules(), Vec::<&str>::new());
    }
}
