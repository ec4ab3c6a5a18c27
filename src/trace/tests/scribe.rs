//! Traces written by hand: two hosts on one link, 50 ms apart.

use crate::base::{ActorId, ConnId, Fd, LinkId, NodeId, RecordId, Span, Time};
use crate::packet::{Flags, Segment, craft_tcp, dissect};
use crate::socket_api::Errno;
use crate::tcp;
use crate::trace::{
    ActorInfo, Call, CallName, Edge, End, FORMAT, Fault, Header, LinkInfo, NodeInfo, NodeKind, Outcome, Record,
    Subject, TimerKind, Trace, What,
};
use core::net::SocketAddr;

pub(super) const CLIENT: NodeId = NodeId(0);
pub(super) const SERVER: NodeId = NodeId(1);
pub(super) const WIRE: LinkId = LinkId(0);
pub(super) const CONN: ConnId = ConnId(0);
pub(super) const SYN: Flags = Flags::SYN;
pub(super) const ACK: Flags = Flags::ACK;
pub(super) const SYN_ACK: Flags = Flags::SYN.with(Flags::ACK);
pub(super) const PSH_ACK: Flags = Flags::PSH.with(Flags::ACK);
pub(super) const FIN_ACK: Flags = Flags::FIN.with(Flags::ACK);

/// Initial sequence numbers; the client's wraps soon.
const ISN: [u32; 2] = [0xffff_fff0, 5_000];

pub(super) fn header() -> Header {
    let host = |name: &str, addr: &str| NodeInfo {
        name: name.to_owned(),
        kind: NodeKind::Host,
        addrs: vec![addr.parse().expect("an address")],
        model: false,
    };
    Header {
        format: FORMAT,
        scenario: "hand-made".to_owned(),
        title: "손으로 쓴 \u{1b}[31m trace".to_owned(),
        seed: 1,
        stack: "smoltcp 0.14.0".to_owned(),
        tables: [("socket".to_owned(), "02".to_owned()), ("tcp".to_owned(), "01".to_owned())].into(),
        nodes: vec![host("client", "10.0.0.1"), host("server", "10.0.0.2")],
        links: vec![LinkInfo { name: "wire".to_owned(), ends: [0, 1], ethernet: false }],
        actors: vec![
            ActorInfo { node: 0, name: "client".to_owned() },
            ActorInfo { node: 1, name: "server/door".to_owned() },
        ],
    }
}

pub(super) fn addr(node: NodeId) -> SocketAddr {
    if node == CLIENT { "10.0.0.1:49152" } else { "10.0.0.2:80" }.parse().expect("an address and a port")
}

pub(super) struct Scribe {
    pub(super) records: Vec<Record>,
    pub(super) now: Time,
    pub(super) flight: Span,
}

impl Scribe {
    pub(super) fn new() -> Self {
        Scribe { records: Vec::new(), now: Time::ZERO, flight: Span(50_000_320) }
    }

    pub(super) fn wait(&mut self, millis: u64) {
        self.now += Span::millis(millis);
    }

    pub(super) fn note(&mut self, node: NodeId, cause: Option<RecordId>, what: What) -> RecordId {
        let id = RecordId(u32::try_from(self.records.len()).expect("a short trace"));
        self.records.push(Record { id, at: self.now, node, cause, what });
        id
    }

    pub(super) fn call(&mut self, node: NodeId, call: CallName, args: &str, outcome: Outcome) -> RecordId {
        let step = self.note(node, None, What::Step { actor: ActorId(node.0), index: 0 });
        let fd = if call == CallName::Socket { None } else { Some(Fd(3)) };
        let call = Call { actor: ActorId(node.0), call, fd, conn: None, args: args.to_owned(), data: None, outcome };
        self.note(node, Some(step), What::Call(call))
    }

    /// A connection's first record.
    pub(super) fn conn(&mut self, cause: RecordId) {
        let (local, remote) = (addr(CLIENT), addr(SERVER));
        self.note(CLIENT, Some(cause), What::Conn { conn: CONN, n: 1, local, remote });
    }

    /// A segment leaves `node`, in relative numbers.
    pub(super) fn send(
        &mut self,
        node: NodeId,
        cause: RecordId,
        flags: Flags,
        seq: u32,
        ack: u32,
        text: &str,
    ) -> RecordId {
        let (mine, theirs) = (usize::from(node.0), usize::from(1 - node.0));
        let segment = Segment {
            seq: ISN[mine].wrapping_add(seq),
            ack: if flags.has(ACK) { ISN[theirs].wrapping_add(ack) } else { 0 },
            flags,
            window: 1_024,
            mss: flags.has(SYN).then_some(1_460),
            scale: flags.has(SYN).then_some(4),
            sack_permitted: flags.has(SYN),
            ..Segment::default()
        };
        let frame = craft_tcp(addr(node), addr(NodeId(1 - node.0)), 64, &segment, text.as_bytes()).expect("fits");
        let packet = dissect(&frame, false).expect("an IP packet");
        self.note(node, Some(cause), What::Sent { link: Some(WIRE), conn: Some(CONN), packet, frame })
    }

    /// It arrives at the other host 50 ms (or as long as the flight is) after it left.
    pub(super) fn arrive(&mut self, sent: RecordId) -> RecordId {
        let record = self.records[sent.index()].clone();
        let What::Sent { conn, packet, frame, .. } = record.what else { panic!("a record of a sending") };
        self.now = self.now.max(record.at + self.flight);
        self.note(NodeId(1 - record.node.0), Some(sent), What::Arrived { link: None, conn, packet, frame })
    }

    pub(super) fn fault(&mut self, sent: RecordId, fault: Fault) -> RecordId {
        let record = self.records[sent.index()].clone();
        let What::Sent { conn, packet, frame, .. } = record.what else { panic!("a record of a sending") };
        self.note(record.node, Some(sent), What::Fault { link: WIRE, conn, packet, fault, frame })
    }

    pub(super) fn state(&mut self, node: NodeId, cause: RecordId, from: tcp::State, to: tcp::State) -> RecordId {
        let end = if node == CLIENT { End::Initiator } else { End::Acceptor };
        self.note(node, Some(cause), What::State { conn: CONN, end, from, to })
    }

    pub(super) fn trace(self) -> Trace {
        Trace { header: header(), records: self.records }
    }
}

/// A handshake whose first SYN,ACK is lost; then the client sends, closes, and the judge has a remark.
pub(super) fn lost_syn_ack() -> Trace {
    use tcp::State::*;
    let mut it = Scribe::new();
    it.call(CLIENT, CallName::Socket, "", Outcome::Fd(Fd(3)));
    let connect = it.call(CLIENT, CallName::Connect, "server:80", Outcome::Pending);
    let edge = Edge {
        machine: "socket".into(),
        of: Subject::Fd(Fd(3)),
        from: "FRESH".into(),
        input: "connect".into(),
        to: "CONNECTING".into(),
        refusal: None,
    };
    it.note(CLIENT, Some(connect), What::Edge(edge));
    it.conn(connect);
    it.state(CLIENT, connect, Closed, SynSent);
    let syn = it.send(CLIENT, connect, SYN, 0, 0, "");
    let syn = it.arrive(syn);
    it.state(SERVER, syn, Listen, SynReceived);
    let answer = it.send(SERVER, syn, SYN_ACK, 0, 1, "");
    it.fault(answer, Fault::Dropped(0));
    it.wait(950);
    let after = Span::millis(1_000);
    let (conn, end) = (Some(CONN), Some(End::Initiator));
    let rto = it.note(CLIENT, None, What::Timer { conn, end, timer: TimerKind::Retransmission, after });
    let again = it.send(CLIENT, rto, SYN, 0, 0, "");
    let again = it.arrive(again);
    let answer = it.send(SERVER, again, SYN_ACK, 0, 1, "");
    let answer = it.arrive(answer);
    it.state(CLIENT, answer, SynSent, Established);
    let ok = What::Return { actor: ActorId(0), of: connect, outcome: Outcome::Ok };
    it.note(CLIENT, Some(answer), ok);
    let ack = it.send(CLIENT, answer, ACK, 1, 1, "");
    let data = it.call(CLIENT, CallName::Send, "", Outcome::Count(15));
    if let What::Call(call) = &mut it.records[data.index()].what {
        call.conn = Some(CONN);
        call.data = Some("안녕하세요".into());
    }
    let data = it.send(CLIENT, data, PSH_ACK, 1, 1, "안녕하세요");
    let ack = it.arrive(ack);
    it.state(SERVER, ack, SynReceived, Established);
    let data = it.arrive(data);
    it.note(SERVER, Some(data), What::App { actor: ActorId(1), text: "got\tit".to_owned() });
    it.wait(10);
    let close = it.call(CLIENT, CallName::Close, "", Outcome::Ok);
    it.state(CLIENT, close, Established, FinWait1);
    let fin = it.send(CLIENT, close, FIN_ACK, 16, 1, "");
    let fin = it.arrive(fin);
    it.state(SERVER, fin, Established, CloseWait);
    let ack = it.send(SERVER, fin, ACK, 1, 17, "");
    let ack = it.arrive(ack);
    it.state(CLIENT, ack, FinWait1, FinWait2);
    let refused = it.call(CLIENT, CallName::Send, "", Outcome::Err(Errno::Epipe));
    it.note(CLIENT, Some(refused), What::End { ending: crate::trace::Ending::Quiet });
    let remark = What::Divergence {
        conn: Some(CONN),
        rule: "no-ack".to_owned(),
        clause: "RFC 9293 3.10.7.4".to_owned(),
        text: "data is not acknowledged".to_owned(),
    };
    it.note(SERVER, Some(data), remark);
    it.trace()
}
