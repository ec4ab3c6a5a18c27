//! A name server's answers (RFC 1034, RFC 1035; AAAA: RFC 3596): from a table, with authority, over UDP.

use bytes::Bytes;
use core::net::IpAddr;
use simple_dns::rdata::RData;
use simple_dns::{CLASS, OPCODE, Packet, PacketFlag, QTYPE, Question, RCODE, ResourceRecord, TYPE};
use std::collections::BTreeMap;

/// Seconds for which an answer may be kept.
const TTL: u32 = 60;
/// Bytes of a DNS message over UDP (RFC 1035, 4.2.1).
pub(super) const LARGEST: usize = 512;

/// Names and their addresses.
pub(super) struct Table(BTreeMap<String, Vec<IpAddr>>);

/// Names are compared without case and without the root's dot.
fn normal(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

impl Table {
    pub(super) fn new(names: &BTreeMap<String, Vec<IpAddr>>) -> Table {
        Table(names.iter().map(|(name, addrs)| (normal(name), addrs.clone())).collect())
    }

    /// The reply to a message; none to what is no question.
    pub(super) fn answer(&self, message: &[u8]) -> Option<Bytes> {
        let asked = Packet::parse(message).ok()?;
        if asked.has_flags(PacketFlag::RESPONSE) {
            return None;
        }
        let mut reply = Packet::new_reply(asked.id());
        *reply.opcode_mut() = asked.opcode();
        reply.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
        if asked.has_flags(PacketFlag::RECURSION_DESIRED) {
            reply.set_flags(PacketFlag::RECURSION_DESIRED);
        }
        if asked.opcode() == OPCODE::StandardQuery {
            self.fill(&mut reply, asked.questions);
        } else {
            *reply.rcode_mut() = RCODE::NotImplemented;
        }
        fitting(reply)
    }

    fn fill<'a>(&self, reply: &mut Packet<'a>, questions: Vec<Question<'a>>) {
        for question in &questions {
            let Some(addrs) = self.0.get(&normal(&question.qname.to_string())) else {
                *reply.rcode_mut() = RCODE::NameError;
                continue;
            };
            let data = addrs.iter().filter_map(|addr| rdata(*addr, question.qtype));
            let records = data.map(|data| ResourceRecord::new(question.qname.clone(), CLASS::IN, TTL, data));
            reply.answers.extend(records);
        }
        reply.questions = questions;
    }
}

/// The address as a record's data, if it is of the type asked for.
fn rdata(addr: IpAddr, asked: QTYPE) -> Option<RData<'static>> {
    let any = asked == QTYPE::ANY;
    match addr {
        IpAddr::V4(addr) => (any || asked == QTYPE::TYPE(TYPE::A)).then(|| RData::A(addr.into())),
        IpAddr::V6(addr) => (any || asked == QTYPE::TYPE(TYPE::AAAA)).then(|| RData::AAAA(addr.into())),
    }
}

/// The reply's bytes; answers that do not fit are left out, and TC says so.
fn fitting(mut reply: Packet<'_>) -> Option<Bytes> {
    loop {
        let bytes = reply.build_bytes_vec_compressed().ok()?;
        if bytes.len() <= LARGEST || reply.answers.pop().is_none() {
            return Some(Bytes::from(bytes));
        }
        reply.set_flags(PacketFlag::TRUNCATION);
    }
}

/// A reply for people: `www.example A 10.0.0.2`.
pub(super) fn told(reply: &[u8]) -> String {
    let Ok(reply) = Packet::parse(reply) else { return "an unreadable reply".to_owned() };
    let asked = reply.questions.iter().map(|asked| format!("{} {}", asked.qname, qtype(asked.qtype)));
    let asked = asked.collect::<Vec<_>>().join(", ");
    let addrs = reply.answers.iter().filter_map(|record| match &record.rdata {
        RData::A(a) => Some(IpAddr::V4(a.address.into()).to_string()),
        RData::AAAA(a) => Some(IpAddr::V6(a.address.into()).to_string()),
        _ => None,
    });
    let addrs = addrs.collect::<Vec<_>>().join(" ");
    match reply.rcode() {
        RCODE::NoError if addrs.is_empty() => format!("{asked}: no such record"),
        RCODE::NoError => format!("{asked}: {addrs}"),
        RCODE::NameError => format!("{asked}: no such name"),
        other => format!("{asked}: {other:?}"),
    }
}

fn qtype(asked: QTYPE) -> String {
    match asked {
        QTYPE::TYPE(kind) => format!("{kind:?}"),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simple_dns::{Name, QCLASS};

    fn ask(table: &Table, name: &str, kind: TYPE) -> (RCODE, Vec<IpAddr>) {
        let mut question = Packet::new_query(7);
        let name = Name::new(name).expect("a name");
        question.questions.push(Question::new(name, kind.into(), QCLASS::CLASS(CLASS::IN), false));
        let reply = table.answer(&question.build_bytes_vec().expect("bytes")).expect("a reply");
        let reply = Packet::parse(&reply).expect("a message");
        assert_eq!(reply.id(), 7);
        let addrs = reply.answers.iter().filter_map(|record| match &record.rdata {
            RData::A(a) => Some(IpAddr::V4(a.address.into())),
            RData::AAAA(a) => Some(IpAddr::V6(a.address.into())),
            _ => None,
        });
        (reply.rcode(), addrs.collect())
    }

    #[test]
    fn answers_what_it_knows() {
        let (v4, v6): (IpAddr, IpAddr) = ("10.0.0.2".parse().expect("v4"), "2001:db8::2".parse().expect("v6"));
        let table = Table::new(&BTreeMap::from([("Server.example.".to_owned(), vec![v4, v6])]));
        assert_eq!(ask(&table, "server.EXAMPLE", TYPE::A), (RCODE::NoError, vec![v4]));
        assert_eq!(ask(&table, "server.example", TYPE::AAAA), (RCODE::NoError, vec![v6]));
        assert_eq!(ask(&table, "server.example", TYPE::MX), (RCODE::NoError, vec![]));
        assert_eq!(ask(&table, "other.example", TYPE::A), (RCODE::NameError, vec![]));
        let asked = |name: &'static str, kind: TYPE| {
            let mut question = Packet::new_query(7);
            let name = Name::new(name).expect("a name");
            question.questions.push(Question::new(name, kind.into(), QCLASS::CLASS(CLASS::IN), false));
            told(&table.answer(&question.build_bytes_vec().expect("bytes")).expect("a reply"))
        };
        assert_eq!(asked("server.example", TYPE::A), "server.example A: 10.0.0.2");
        assert_eq!(asked("other.example", TYPE::A), "other.example A: no such name");
        assert_eq!(asked("server.example", TYPE::MX), "server.example MX: no such record");
    }

    #[test]
    fn what_is_no_question_gets_no_answer_and_large_answers_are_cut() {
        let addrs = (1..=60).map(|n| IpAddr::from([10, 0, 0, n])).collect();
        let table = Table::new(&BTreeMap::from([("many".to_owned(), addrs)]));
        assert_eq!(table.answer(b"hello"), None);
        let reply = Packet::new_reply(1).build_bytes_vec().expect("bytes");
        assert_eq!(table.answer(&reply), None, "two servers must not answer each other for ever");
        assert_eq!(ask(&table, "many", TYPE::A).1.len(), 30, "(512 - 22) / 16 records fit");
    }
}
