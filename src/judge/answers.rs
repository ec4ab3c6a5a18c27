//! `no-reply`: what must be answered is answered.
//!
//! In a synchronized state, and in SYN-RECEIVED, an acknowledgment is due at once for a segment that is certainly
//! unacceptable (all of it below what this end has acknowledged); in a synchronized one also for a SYN, and for an ACK of
//! what was never sent (RFC 9293, 3.5.2 and 3.10.7.4); within 0.5 s for what occupies sequence space from RCV.NXT on
//! (3.8.6.3, MUST-40). A SYN in TIME-WAIT may open the connection anew (3.6.1, MAY-2), which answers it as well. RFC 5961,
//! section 7, lets an end hold back such answers after one: a duplicate acknowledgment excuses silence for 1 s.

use super::{Check, Finding, Scene, rfc9293};
use crate::base::{ConnId, RecordId, Span, Time};
use crate::packet::{Flags, Segment};
use crate::tcp::State;
use crate::trace::{End, Ending, Record, What};
use std::collections::BTreeMap;

const DELAYED: Span = Span::millis(500);
const THROTTLE: Span = Span::secs(1);
/// Where the answers stand that are due at once.
const AT_ONCE: &str = "3.10.7.4";

/// An answer that is due.
struct Due {
    record: RecordId,
    /// Overdue once time has passed this.
    until: Time,
    section: &'static str,
    seen: String,
}

/// Looks at what arrives and waits for the answer.
#[derive(Default)]
pub(super) struct Answers {
    due: BTreeMap<(ConnId, End), Vec<Due>>,
    throttled: BTreeMap<(ConnId, End), Time>,
    /// The last arrival, if it brought nothing that its end did not have.
    stale: Option<RecordId>,
}

impl Check for Answers {
    fn observe(&mut self, scene: &Scene<'_>, record: &Record, out: &mut Vec<Finding>) {
        self.overdue(scene, record.at, out);
        match &record.what {
            What::Arrived { conn: Some(conn), packet, .. } => {
                let (Some(end), Some(segment)) = (scene.receiver(record, *conn, packet), packet.tcp()) else { return };
                self.arrived(scene, record, (*conn, end), segment);
            }
            What::Sent { conn: Some(conn), packet, .. } => {
                let (Some(end), Some(segment)) = (scene.sender(record, *conn, packet), packet.tcp()) else { return };
                self.due.remove(&(*conn, end));
                let wire = scene.side(*conn, end).map(|side| &side.wire);
                let again = wire.is_some_and(|wire| wire.theirs(segment.ack).is_some_and(|ack| ack <= wire.acked));
                // What answers something stale is one of those that may be held back, whatever else it acknowledges.
                let held = scene.arrival_behind(record).is_some_and(|(cause, _)| again || self.stale == Some(cause));
                if held && segment.seg_len() == 0 {
                    self.throttled.insert((*conn, end), record.at + THROTTLE);
                }
            }
            What::State { conn, end, to: State::Closed | State::Listen, .. } => _ = self.due.remove(&(*conn, *end)),
            What::Power { up: false } => self
                .due
                .retain(|(conn, end), _| scene.conn(*conn).is_some_and(|conn| conn.node(*end) != Some(record.node))),
            _ => {}
        }
    }

    fn finish(&mut self, scene: &Scene<'_>, out: &mut Vec<Finding>) {
        if matches!(scene.ending(), Some((_, _, Ending::Quiet | Ending::Stuck(_)))) {
            self.overdue(scene, Time::NEVER, out);
        }
    }
}

impl Answers {
    fn arrived(&mut self, scene: &Scene<'_>, record: &Record, key: (ConnId, End), segment: &Segment) {
        let Some(side) = scene.side(key.0, key.1) else { return };
        if let Some(seen) = again(scene, key, segment) {
            if self.throttled.get(&key).is_none_or(|&until| record.at >= until) {
                let due = Due { record: record.id, until: record.at, section: AT_ONCE, seen };
                self.due.entry(key).or_default().push(due);
            }
            return;
        }
        let half_open = side.state == Some(State::SynReceived);
        let Some(state) = side.state.filter(|&state| half_open || is_synchronized(state)) else { return };
        let (Some(seq), false) = (side.wire.theirs(segment.seq), segment.flags.has(Flags::RST)) else { return };
        let (flags, len) = (segment.flags, i64::from(segment.seg_len()));
        self.stale = (seq + len <= side.wire.rcv_nxt()).then_some(record.id);
        let ack = if flags.has(Flags::ACK) { side.wire.own(segment.ack) } else { None };
        let acked = side.wire.acked;
        // An old ACK of an old ACK is of no use to anyone: only one that is up to date asks for an answer.
        let current = ack.is_some_and(|ack| ack >= side.wire.una);
        // Two SYNs have crossed: the peer's second one is how it acknowledges ours (3.5, figure 8).
        if half_open && flags.has(Flags::SYN) && flags.has(Flags::ACK) {
            return;
        }
        let below = if len > 0 { seq + len <= acked } else { seq < acked && current };
        let (wait, section, seen) = if below {
            let seen = format!("{flags} [{seq},{}) lies below {acked}, which it has acknowledged", seq + len);
            (Span::ZERO, AT_ONCE, seen)
        } else if half_open {
            return;
        } else if flags.has(Flags::SYN) {
            (Span::ZERO, AT_ONCE, format!("{flags} in {state}"))
        } else if let Some(ack) = ack.filter(|&ack| ack > side.wire.nxt()) {
            let seen = format!("{flags} acknowledges {ack}, but what is below {} has been sent", side.wire.nxt());
            (Span::ZERO, AT_ONCE, seen)
        } else if len > 0 && seq <= acked && !flags.has(Flags::SYN) {
            (DELAYED, "3.8.6.3", format!("{flags} [{seq},{}) brings the bytes expected next", seq + len))
        } else {
            return;
        };
        if wait == Span::ZERO && self.throttled.get(&key).is_some_and(|&until| record.at < until) {
            return;
        }
        self.due.entry(key).or_default().push(Due { record: record.id, until: record.at + wait, section, seen });
    }

    fn overdue(&mut self, scene: &Scene<'_>, now: Time, out: &mut Vec<Finding>) {
        for (&(conn, end), due) in &mut self.due {
            for due in due.extract_if(.., |due| due.until < now) {
                let when = if due.section == "3.8.6.3" { "within 0.5 s" } else { "at once" };
                out.push(Finding {
                    record: due.record,
                    conn: Some(conn),
                    rule: "no-reply",
                    clause: rfc9293(due.section),
                    text: format!("{}: {}; right is an ACK {when}, none was sent", scene.name(conn, end), due.seen),
                });
            }
        }
        self.due.retain(|_, due| !due.is_empty());
    }
}

/// A SYN that begins a connection anew, for an end that still has the old one.
fn again(scene: &Scene<'_>, (conn, end): (ConnId, End), segment: &Segment) -> Option<String> {
    let fresh = scene.side(conn, end)?.state.is_none_or(|state| matches!(state, State::Closed | State::Listen));
    let state = scene.earlier(conn, end).filter(|&state| fresh && is_synchronized(state))?;
    let request = segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK) && !segment.flags.has(Flags::RST);
    request.then(|| format!("a SYN that is not of the connection it still has ({state})"))
}

const fn is_synchronized(state: State) -> bool {
    match state {
        State::Closed | State::Listen | State::SynSent | State::SynReceived => false,
        State::Established
        | State::FinWait1
        | State::FinWait2
        | State::CloseWait
        | State::Closing
        | State::LastAck
        | State::TimeWait => true,
    }
}

#[cfg(test)]
mod tests {
    use crate::base::ConnId;
    use crate::base::Span;
    use crate::judge::sample::{CLIENT, SERVER, Sample, ack};
    use crate::packet::Flags;
    use crate::tcp::State;
    use crate::trace::{End, Ending, What};

    #[test]
    fn a_stray_syn_ack_in_time_wait_is_to_be_answered() {
        let mut sample = Sample::open();
        sample.close_both();
        assert_eq!(sample.state(End::Initiator), Some(State::TimeWait));
        sample.later(Span::secs(2));
        sample.craft(SERVER, ack(0, 1).flags(Flags::SYN.with(Flags::ACK)));
        sample.end(Ending::Quiet);
        let findings = sample.findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!((findings[0].rule, findings[0].clause.as_str()), ("no-reply", "RFC 9293 3.10.7.4"));
    }

    #[test]
    fn a_new_syn_in_time_wait_is_to_be_answered_or_taken() {
        let time_wait = |answer: Option<Flags>| {
            let mut sample = Sample::open();
            sample.close_both();
            sample.later(Span::secs(2));
            sample.craft(SERVER, ack(100_000, 0).flags(Flags::SYN));
            if let Some(flags) = answer {
                sample.send(CLIENT, ack(2, 2).flags(flags));
            }
            sample.end(Ending::Quiet);
            sample.rules().into_iter().filter(|rule| *rule == "no-reply").count()
        };
        assert_eq!([None, Some(Flags::ACK), Some(Flags::SYN.with(Flags::ACK))].map(time_wait), [1, 0, 0]);
    }

    #[test]
    fn an_ack_of_what_was_not_sent_is_to_be_answered() {
        let mut sample = Sample::open();
        sample.craft(SERVER, ack(1, 6));
        sample.later(Span::millis(1));
        sample.send(CLIENT, ack(1, 1));
        assert_eq!(
            sample.findings()[0].text,
            "client: ACK acknowledges 6, but what is below 1 has been sent; right is an ACK at once, none was sent"
        );
    }

    #[test]
    fn text_may_wait_half_a_second_and_repeats_may_be_throttled() {
        let mut sample = Sample::open();
        sample.pass(CLIENT, ack(1, 1).text(5));
        sample.later(Span::millis(400));
        sample.pass(SERVER, ack(1, 6));
        sample.later(Span::millis(10));
        sample.pass(CLIENT, ack(1, 1).text(5));
        sample.answer(SERVER, ack(1, 6));
        sample.later(Span::millis(10));
        sample.pass(CLIENT, ack(1, 1).text(5));
        sample.end(Ending::Quiet);
        assert_eq!(sample.rules(), Vec::<&str>::new());
    }

    #[test]
    fn text_without_an_acknowledgment_is_found() {
        let mut sample = Sample::open();
        sample.pass(CLIENT, ack(1, 1).text(5));
        sample.later(Span::secs(1));
        sample.pass(SERVER, ack(1, 1).text(5));
        assert_eq!(sample.findings()[0].clause, "RFC 9293 3.8.6.3");
    }

    #[test]
    fn a_peer_that_begins_anew_is_to_be_answered() {
        let mut sample = Sample::open();
        sample.crash(CLIENT);
        let again = |sample: &mut Sample| {
            let (local, remote) = ("10.0.0.1:49152".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
            sample.conn = ConnId(1);
            sample.note(CLIENT, None, What::Conn { conn: sample.conn, n: 2, local, remote });
            sample.pass(CLIENT, ack(900, 0).flags(Flags::SYN));
        };
        again(&mut sample);
        sample.end(Ending::Quiet);
        let findings = sample.findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!((findings[0].rule, findings[0].clause.as_str()), ("no-reply", "RFC 9293 3.10.7.4"));
        let mut sample = Sample::open();
        sample.crash(CLIENT);
        again(&mut sample);
        sample.answer(SERVER, ack(1, 1));
        sample.end(Ending::Quiet);
        assert_eq!(sample.rules(), Vec::<&str>::new());
    }

    #[test]
    fn a_second_syn_in_syn_received_is_to_be_answered() {
        let half_open = |answers: bool| {
            let mut sample = Sample::new();
            let (conn, local, remote) =
                (sample.conn, "10.0.0.1:49152".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
            sample.note(CLIENT, None, What::Conn { conn, n: 1, local, remote });
            sample.moves(End::Initiator, State::SynSent);
            sample.pass(CLIENT, ack(0, 0).flags(Flags::SYN));
            sample.moves(End::Acceptor, State::SynReceived);
            sample.answer(SERVER, ack(0, 1).flags(Flags::SYN.with(Flags::ACK)));
            sample.later(Span::secs(1));
            sample.pass(CLIENT, ack(0, 0).flags(Flags::SYN));
            if answers {
                sample.answer(SERVER, ack(0, 1).flags(Flags::SYN.with(Flags::ACK)));
            }
            sample.later(Span::secs(1));
            sample.end(Ending::Quiet);
            sample.rules().into_iter().filter(|rule| *rule == "no-reply").count()
        };
        assert_eq!((half_open(true), half_open(false)), (0, 1));
    }

    #[test]
    fn one_answer_excuses_the_next_whatever_it_acknowledges() {
        let mut sample = Sample::open();
        sample.pass(SERVER, ack(1, 1).text(1));
        sample.pass(SERVER, ack(1, 1));
        sample.answer(CLIENT, ack(1, 2));
        sample.craft(SERVER, ack(0, 1));
        sample.craft(SERVER, ack(0, 1));
        sample.end(Ending::Quiet);
        assert_eq!(sample.rules(), Vec::<&str>::new());
    }
}
