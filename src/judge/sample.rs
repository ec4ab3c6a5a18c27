//! Records made by hand, for the tests: a client and a server with one connection.

use super::{Finding, judge};
use crate::base::{ActorId, ConnId, Fd, LinkId, NodeId, RecordId, Span, Time};
use crate::packet::{Body, Flags, Packet, Segment};
use crate::tcp::State;
use crate::trace::{
    ActorInfo, Call, CallName, End, Ending, FORMAT, Fault, Header, NodeInfo, NodeKind, Outcome, Record, What,
};
use bytes::Bytes;
use core::net::SocketAddr;
use std::collections::BTreeMap;

pub(crate) const CLIENT: NodeId = NodeId(0);
pub(crate) const SERVER: NodeId = NodeId(1);
const ISS: [u32; 2] = [4_294_967_290, 7_000];

/// A segment in relative numbers.
#[derive(Clone, Copy)]
pub(crate) struct Rel(Segment);

/// An ACK, with the sender's number and the number acknowledged.
pub(crate) fn ack(seq: u32, ack: u32) -> Rel {
    Rel(Segment { seq, ack, flags: Flags::ACK, window: 1_000, ..Segment::default() })
}

impl Rel {
    pub(crate) fn text(mut self, len: u32) -> Rel {
        self.0.len = len;
        self
    }

    pub(crate) fn flags(mut self, flags: Flags) -> Rel {
        self.0.flags = flags;
        self
    }
}

pub(crate) struct Sample {
    pub(crate) header: Header,
    pub(crate) records: Vec<Record>,
    pub(crate) conn: ConnId,
    now: Time,
    states: BTreeMap<End, State>,
}

fn peer(node: NodeId) -> NodeId {
    if node == CLIENT { SERVER } else { CLIENT }
}

fn addr(node: NodeId) -> SocketAddr {
    if node == CLIENT { "10.0.0.1:49152".parse().unwrap() } else { "10.0.0.2:80".parse().unwrap() }
}

pub(crate) fn header() -> Header {
    let node = |name: &str, at: NodeId| NodeInfo {
        name: name.into(),
        kind: NodeKind::Host,
        addrs: vec![addr(at).ip()],
        model: false,
    };
    let actor = |name: &str, node| ActorInfo { node, name: name.into() };
    Header {
        format: FORMAT,
        scenario: "sample".into(),
        title: String::new(),
        seed: 0,
        stack: "hand".into(),
        tables: BTreeMap::new(),
        nodes: vec![node("client", CLIENT), node("server", SERVER)],
        links: Vec::new(),
        actors: vec![actor("client", 0), actor("server", 1)],
    }
}

impl Sample {
    /// Nothing has happened.
    pub(crate) fn new() -> Sample {
        let header = header();
        Sample { header, records: Vec::new(), conn: ConnId(0), now: Time::ZERO, states: BTreeMap::new() }
    }

    /// The connection is open.
    pub(crate) fn open() -> Sample {
        let mut sample = Sample::new();
        let conn = sample.conn;
        let (local, remote) = (addr(CLIENT), addr(SERVER));
        sample.note(CLIENT, None, What::Conn { conn, n: 1, local, remote });
        sample.call(CLIENT, CallName::Connect, "", Outcome::Pending);
        sample.moves(End::Initiator, State::SynSent);
        sample.pass(CLIENT, ack(0, 0).flags(Flags::SYN));
        sample.moves(End::Acceptor, State::SynReceived);
        sample.answer(SERVER, ack(0, 1).flags(Flags::SYN.with(Flags::ACK)));
        sample.moves(End::Initiator, State::Established);
        sample.answer(CLIENT, ack(1, 1));
        sample.moves(End::Acceptor, State::Established);
        sample
    }

    pub(crate) fn state(&self, end: End) -> Option<State> {
        self.states.get(&end).copied()
    }

    pub(crate) fn later(&mut self, span: Span) {
        self.now += span;
    }

    pub(crate) fn note(&mut self, node: NodeId, cause: Option<RecordId>, what: What) -> RecordId {
        let id = RecordId(u32::try_from(self.records.len()).unwrap());
        self.records.push(Record { id, at: self.now, node, cause, what });
        id
    }

    fn last(&self) -> Option<RecordId> {
        self.records.last().map(|record| record.id)
    }

    fn packet(node: NodeId, Rel(mut segment): Rel) -> Packet {
        let me = usize::from(node.0);
        segment.seq = segment.seq.wrapping_add(ISS[me]);
        segment.ack = segment.ack.wrapping_add(ISS[1 - me]);
        Packet { src: addr(node), dst: addr(peer(node)), ttl: 64, bytes: 40 + segment.len, body: Body::Tcp(segment) }
    }

    fn sent(&mut self, node: NodeId, from: NodeId, cause: Option<RecordId>, segment: Rel) -> RecordId {
        let packet = Self::packet(from, segment);
        let what = What::Sent { link: None, conn: Some(self.conn), packet, frame: Bytes::new() };
        self.note(node, cause, what)
    }

    /// Sends it; it does not arrive.
    pub(crate) fn send(&mut self, node: NodeId, segment: Rel) -> RecordId {
        self.sent(node, node, None, segment)
    }

    /// What was sent arrives, 1 ms later.
    pub(crate) fn arrive(&mut self, node: NodeId, sent: RecordId) -> RecordId {
        self.later(Span::millis(1));
        let What::Sent { packet, .. } = self.records[sent.index()].what.clone() else { panic!("not sent") };
        let what = What::Arrived { link: None, conn: Some(self.conn), packet, frame: Bytes::new() };
        self.note(node, Some(sent), what)
    }

    /// Sends it, and it arrives.
    pub(crate) fn pass(&mut self, node: NodeId, segment: Rel) -> RecordId {
        let sent = self.send(node, segment);
        self.arrive(peer(node), sent)
    }

    /// Sends it because of the last record, and it arrives.
    pub(crate) fn answer(&mut self, node: NodeId, segment: Rel) -> RecordId {
        let sent = self.sent(node, node, self.last(), segment);
        self.arrive(peer(node), sent)
    }

    /// A program makes a segment that seems to come from `node`, and it arrives.
    pub(crate) fn craft(&mut self, node: NodeId, segment: Rel) -> RecordId {
        let call = self.call(node, CallName::Inject, "", Outcome::Ok);
        let sent = self.sent(node, node, Some(call), segment);
        self.arrive(peer(node), sent)
    }

    pub(crate) fn fault(&mut self, sent: RecordId, fault: Fault) -> RecordId {
        let What::Sent { packet, conn, .. } = self.records[sent.index()].what.clone() else { panic!("not sent") };
        let node = self.records[sent.index()].node;
        self.note(node, Some(sent), What::Fault { link: LinkId(0), conn, packet, fault, frame: Bytes::new() })
    }

    pub(crate) fn moves(&mut self, end: End, to: State) -> RecordId {
        let first = if end == End::Initiator { State::Closed } else { State::Listen };
        let from = self.states.insert(end, to).unwrap_or(first);
        let node = if end == End::Initiator { CLIENT } else { SERVER };
        self.note(node, self.last(), What::State { conn: self.conn, end, from, to })
    }

    /// A call on the connection's descriptor; `data` is what a send gives.
    pub(crate) fn call(&mut self, node: NodeId, name: CallName, data: &str, outcome: Outcome) -> RecordId {
        let data = (name == CallName::Send).then(|| data.into());
        self.called(node, name, String::new(), data, outcome)
    }

    fn called(
        &mut self,
        node: NodeId,
        call: CallName,
        args: String,
        data: Option<crate::base::Payload>,
        outcome: Outcome,
    ) -> RecordId {
        let call = Call { actor: ActorId(node.0), call, fd: Some(Fd(3)), conn: Some(self.conn), args, data, outcome };
        self.note(node, None, What::Call(call))
    }

    pub(crate) fn shutdown(&mut self, node: NodeId, how: &str) -> RecordId {
        self.called(node, CallName::Shutdown, how.to_owned(), None, Outcome::Ok)
    }

    pub(crate) fn returns(&mut self, of: RecordId, outcome: Outcome) -> RecordId {
        let node = self.records[of.index()].node;
        self.note(node, Some(of), What::Return { actor: ActorId(node.0), of, outcome })
    }

    /// A send that takes all.
    pub(crate) fn gives(&mut self, node: NodeId, text: &str) -> RecordId {
        self.call(node, CallName::Send, text, Outcome::Count(u32::try_from(text.len()).unwrap()))
    }

    /// The client sends a text, the server receives it.
    pub(crate) fn talk(&mut self, text: &str) {
        let len = u32::try_from(text.len()).unwrap();
        self.gives(CLIENT, text);
        self.pass(CLIENT, ack(1, 1).text(len));
        self.answer(SERVER, ack(1, 1 + len));
        self.call(SERVER, CallName::Recv, "", Outcome::Data(text.into()));
    }

    /// The client closes, then the server.
    pub(crate) fn close_both(&mut self) {
        let sent = |sample: &Sample| {
            let text = |record: &Record| match &record.what {
                What::Sent { packet, .. } if record.node == CLIENT => packet.tcp().map_or(0, |segment| segment.len),
                _ => 0,
            };
            1 + sample.records.iter().map(text).sum::<u32>()
        };
        let at = sent(self);
        let fin = Flags::FIN.with(Flags::ACK);
        self.call(CLIENT, CallName::Close, "", Outcome::Ok);
        self.moves(End::Initiator, State::FinWait1);
        self.pass(CLIENT, ack(at, 1).flags(fin));
        self.moves(End::Acceptor, State::CloseWait);
        self.answer(SERVER, ack(1, at + 1));
        self.moves(End::Initiator, State::FinWait2);
        self.call(SERVER, CallName::Recv, "", Outcome::Eof);
        self.call(SERVER, CallName::Close, "", Outcome::Ok);
        self.moves(End::Acceptor, State::LastAck);
        self.pass(SERVER, ack(1, at + 1).flags(fin));
        self.moves(End::Initiator, State::TimeWait);
        self.answer(CLIENT, ack(at + 1, 2));
        self.moves(End::Acceptor, State::Closed);
    }

    pub(crate) fn crash(&mut self, node: NodeId) {
        self.note(node, None, What::Power { up: false });
    }

    pub(crate) fn end(&mut self, ending: Ending) {
        self.note(CLIENT, None, What::End { ending });
    }

    /// What is found, the state table's rules aside: a sample has just as many moves as its test needs, and `moves` has
    /// tests of its own.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut findings = judge(&self.header, &self.records);
        findings.retain(|finding| !matches!(finding.rule, "move" | "missing-move" | "path"));
        findings
    }

    pub(crate) fn rules(&self) -> Vec<&'static str> {
        self.findings().iter().map(|finding| finding.rule).collect()
    }
}
