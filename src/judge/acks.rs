//! `ack-unsent`: an acknowledgment number says which octet is expected next (RFC 9293, 3.1), so it covers what has
//! arrived and nothing more.
//!
//! `text-after-fin`: behind the peer's FIN there is nothing. Who has received it acknowledges it and no more: text that
//! comes later is ignored (3.10.7.4, seventh).

use super::{Check, Finding, Scene, rfc9293};
use crate::base::ConnId;
use crate::packet::Flags;
use crate::tcp::State;
use crate::trace::{End, Record, What};
use std::collections::BTreeMap;

/// Looks at what each end acknowledges.
#[derive(Default)]
pub(super) struct Acks {
    /// The highest number complained of, by end: one complaint a number.
    told: BTreeMap<(ConnId, End), i64>,
    /// What each end acknowledged first after it had received the peer's FIN.
    last: BTreeMap<(ConnId, End), i64>,
}

impl Check for Acks {
    fn observe(&mut self, scene: &Scene<'_>, record: &Record, out: &mut Vec<Finding>) {
        let What::Sent { conn: Some(conn), packet, .. } = &record.what else { return };
        let Some(segment) = packet.tcp() else { return };
        if !segment.flags.has(Flags::ACK) || segment.flags.has(Flags::RST) {
            return;
        }
        let Some(end) = scene.sender(record, *conn, packet) else { return };
        let Some(side) = scene.side(*conn, end) else { return };
        // Without a state of its own this end answers for another incarnation, whose numbers are not these.
        if side.state.is_none_or(|state| matches!(state, State::Closed | State::Listen)) {
            return;
        }
        let Some(ack) = side.wire.theirs(segment.ack) else { return };
        out.extend(self.beyond_fin(scene, record, (*conn, end), ack));
        let told = self.told.entry((*conn, end)).or_insert(i64::MIN);
        if ack <= side.wire.rcv_nxt() || ack <= *told {
            return;
        }
        *told = ack;
        let Some(peer) = scene.conn(*conn).map(|conn| conn.peer(end)) else { return };
        let sent = scene.side(*conn, peer).map_or(0, |side| side.wire.nxt());
        let (me, them) = (scene.name(*conn, end), scene.name(*conn, peer));
        let why = if ack > sent {
            format!("{them} has sent only what is below {sent}")
        } else {
            format!("only what is below {} has arrived of what {them} sent", side.wire.rcv_nxt())
        };
        out.push(Finding {
            record: record.id,
            conn: Some(*conn),
            rule: "ack-unsent",
            clause: rfc9293("3.4"),
            text: format!("{me} acknowledges {ack}, but {why}; right is at most {}", side.wire.rcv_nxt()),
        });
    }
}

impl Acks {
    fn beyond_fin(&mut self, scene: &Scene<'_>, record: &Record, key: (ConnId, End), ack: i64) -> Option<Finding> {
        if !has_received_fin(scene.side(key.0, key.1)?.state?) {
            self.last.remove(&key);
            return None;
        }
        let last = *self.last.entry(key).or_insert(ack);
        if ack <= last {
            return None;
        }
        self.last.insert(key, ack);
        let (me, them) = (scene.name(key.0, key.1), scene.name(key.0, scene.conn(key.0)?.peer(key.1)));
        Some(Finding {
            record: record.id,
            conn: Some(key.0),
            rule: "text-after-fin",
            clause: rfc9293("3.10.7.4, seventh"),
            text: format!("{me} acknowledges {ack}, but {them}'s FIN ends at {last}; right is {last}"),
        })
    }
}

const fn has_received_fin(state: State) -> bool {
    matches!(state, State::CloseWait | State::Closing | State::LastAck | State::TimeWait)
}

#[cfg(test)]
mod tests {
    use crate::judge::sample::{CLIENT, SERVER, Sample, ack};
    use crate::packet::Flags;
    use crate::tcp::State;
    use crate::trace::End;

    #[test]
    fn text_behind_a_fin_is_not_acknowledged() {
        let mut sample = Sample::open();
        sample.pass(CLIENT, ack(1, 1).flags(Flags::FIN.with(Flags::ACK)));
        sample.moves(End::Acceptor, State::CloseWait);
        sample.answer(SERVER, ack(1, 2));
        sample.craft(CLIENT, ack(2, 1).text(5));
        sample.answer(SERVER, ack(1, 7));
        let findings = sample.findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!((findings[0].rule, findings[0].clause.as_str()), ("text-after-fin", "RFC 9293 3.10.7.4, seventh"));
        assert_eq!(findings[0].text, "server acknowledges 7, but client's FIN ends at 2; right is 2");
    }

    #[test]
    fn an_ack_of_what_was_never_sent_is_found_and_told_once() {
        let mut sample = Sample::open();
        sample.send(SERVER, ack(1, 2));
        sample.send(SERVER, ack(1, 2));
        let findings = sample.findings();
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].rule, findings[0].clause.as_str()), ("ack-unsent", "RFC 9293 3.4"));
        assert_eq!(
            findings[0].text,
            "server acknowledges 2, but client has sent only what is below 1; right is at most 1"
        );
    }

    #[test]
    fn an_ack_of_what_was_lost_is_found() {
        let mut sample = Sample::open();
        sample.send(CLIENT, ack(1, 1).text(10));
        sample.send(SERVER, ack(1, 11));
        assert!(sample.findings()[0].text.contains("only what is below 1 has arrived"));
    }
}
