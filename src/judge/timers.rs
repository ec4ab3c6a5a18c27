//! `no-timer`: while something is unacknowledged or unsent, something is pending.
//!
//! Judged where the run has come to rest: nothing is left to happen, so no timer runs. An end whose segments are not
//! all acknowledged then waits for ever (RFC 9293, 3.8.1 and 3.10.8: a retransmission timer runs while the
//! retransmission queue is not empty), and so does one that holds bytes back without probing the window (3.8.6.1).
//! Where others go on until a limit ends the run, such an end rests if it has neither sent nor been given anything for
//! ten minutes; retransmission timers are bounded, at a minute as a rule (RFC 6298, 2.5).

use super::scene::Connection;
use super::{Check, Finding, Scene, rfc9293};
use crate::base::{ConnId, RecordId, Span, Time};
use crate::tcp::State;
use crate::trace::{CallName, End, Ending, Record, What};
use std::collections::BTreeMap;

const REST: Span = Span::secs(600);

/// Looks at the end of the run.
#[derive(Default)]
pub(super) struct Timers {
    /// When an end last sent what is to be acknowledged, or its program last called send.
    active: BTreeMap<(ConnId, End), Time>,
}

impl Check for Timers {
    fn observe(&mut self, scene: &Scene<'_>, record: &Record, _out: &mut Vec<Finding>) {
        let key = match &record.what {
            What::Sent { conn: Some(conn), packet, .. } if packet.tcp().is_some_and(|it| it.seg_len() > 0) => {
                scene.sender(record, *conn, packet).map(|end| (*conn, end))
            }
            What::Call(call) if call.call == CallName::Send => {
                call.conn.and_then(|conn| Some((conn, scene.end_of(conn, record.node, call.fd)?)))
            }
            _ => None,
        };
        self.active.extend(key.map(|key| (key, record.at)));
    }

    fn finish(&mut self, scene: &Scene<'_>, out: &mut Vec<Finding>) {
        let Some((last, at, ending)) = scene.ending() else { return };
        for (id, end, conn) in scene.sides() {
            let rests = match ending {
                Ending::Quiet | Ending::Stuck(_) => true,
                Ending::EventLimit(_) | Ending::TimeLimit(_) | Ending::QueueLimit(_) => {
                    self.active.get(&(id, end)).is_some_and(|&active| at.since(active) > REST)
                }
                Ending::Panic(_) => false,
            };
            if let Some((section, text)) = left_behind(scene, id, end, conn).filter(|_| rests) {
                let record: RecordId = conn.side(end).wire.last.unwrap_or(*last);
                out.push(Finding { record, conn: Some(id), rule: "no-timer", clause: rfc9293(section), text });
            }
        }
    }
}

fn left_behind(scene: &Scene<'_>, id: ConnId, end: End, conn: &Connection) -> Option<(&'static str, String)> {
    let side = conn.side(end);
    let state = side.state.filter(|&state| can_be_owed(state))?;
    if side.crashed || conn.side(conn.peer(end)).crashed {
        return None;
    }
    let (me, wire) = (scene.name(id, end), &side.wire);
    if wire.una < wire.nxt() {
        let what = if wire.fin == Some(wire.una) { "its FIN, number " } else { "" };
        let text = format!(
            "{me} rests in {state} with {what}[{},{}) unacknowledged; right is a retransmission timer that sends it again",
            wire.una,
            wire.nxt()
        );
        return Some(("3.8.1", text));
    }
    let held = side.given.saturating_sub(wire.text_sent());
    let blocked = scene.waiting().any(|(_, node, call)| {
        call.call == CallName::Send && call.conn == Some(id) && scene.end_of(id, node, call.fd) == Some(end)
    });
    let what = match (held, blocked) {
        (0, false) => return None,
        (0, true) => "a send that blocks".to_owned(),
        (held, false) => format!("{held} bytes taken by send and never sent"),
        (held, true) => format!("{held} bytes taken by send and never sent, and a send that blocks"),
    };
    let right = match wire.window {
        0 => "the window was closed: right is to probe it".to_owned(),
        window => format!("the peer's window has room for {window}: right is to send, or to probe"),
    };
    Some(("3.8.6.1", format!("{me} rests in {state} with {what}, all else acknowledged; {right}")))
}

const fn can_be_owed(state: State) -> bool {
    !matches!(state, State::Closed | State::Listen | State::TimeWait)
}

#[cfg(test)]
mod tests {
    use crate::base::Span;
    use crate::judge::sample::{CLIENT, SERVER, Sample, ack};
    use crate::packet::Flags;
    use crate::tcp::State;
    use crate::trace::{CallName, End, Ending, Outcome};

    #[test]
    fn a_lost_fin_with_nothing_pending_is_found() {
        let mut sample = Sample::open();
        sample.moves(End::Initiator, State::FinWait1);
        sample.send(CLIENT, ack(1, 1).flags(Flags::FIN.with(Flags::ACK)));
        sample.end(Ending::Quiet);
        let findings = sample.findings();
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].rule, findings[0].clause.as_str()), ("no-timer", "RFC 9293 3.8.1"));
        assert!(findings[0].text.contains("rests in FIN-WAIT-1 with its FIN, number [1,2) unacknowledged"));
    }

    #[test]
    fn bytes_held_back_for_ever_are_found() {
        let mut sample = Sample::open();
        sample.gives(CLIENT, "hello");
        sample.end(Ending::Stuck(vec!["server: recv".into()]));
        let findings = sample.findings();
        assert_eq!(findings[0].clause, "RFC 9293 3.8.6.1");
        assert!(findings[0].text.contains("5 bytes taken by send and never sent, all else acknowledged"));
        assert!(findings[0].text.contains("room for 1000"));
    }

    #[test]
    fn a_send_that_blocks_with_nothing_in_flight_is_found() {
        let mut sample = Sample::open();
        sample.call(CLIENT, CallName::Send, "hello", Outcome::Pending);
        sample.end(Ending::Stuck(vec!["client: send".into()]));
        assert!(sample.findings()[0].text.contains("a send that blocks"));
    }

    #[test]
    fn a_limit_or_a_crash_says_nothing() {
        let mut sample = Sample::open();
        sample.send(CLIENT, ack(1, 1).text(5));
        sample.end(Ending::EventLimit(10));
        assert_eq!(sample.rules(), Vec::<&str>::new());
        let mut sample = Sample::open();
        sample.send(CLIENT, ack(1, 1).text(5));
        sample.crash(SERVER);
        sample.end(Ending::Quiet);
        assert_eq!(sample.rules(), Vec::<&str>::new());
    }

    #[test]
    fn an_end_that_rests_while_others_go_on_is_found() {
        let mut sample = Sample::open();
        sample.send(CLIENT, ack(1, 1).text(5));
        sample.later(Span::secs(300));
        sample.send(SERVER, ack(1, 1).text(1));
        sample.later(Span::secs(400));
        sample.end(Ending::TimeLimit(Span::secs(700)));
        let findings = sample.findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].text.starts_with("client rests in ESTABLISHED"), "{findings:?}");
    }
}
