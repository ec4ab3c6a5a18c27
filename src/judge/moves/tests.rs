//! Runs written by hand.

use super::{Moves, Witness, witnessed};
use crate::base::{ActorId, ConnId, NodeId, RecordId, Span, Time};
use crate::judge::Finding;
use crate::packet::{Body, Flags, Packet, Segment};
use crate::tcp::State::{self, *};
use crate::trace::{Call, CallName, End, Outcome, Record, TimerKind, What};
use bytes::Bytes;
use core::net::{Ipv4Addr, SocketAddr};

const CONN: ConnId = ConnId(0);
const A: End = End::Initiator;
const B: End = End::Acceptor;

fn host(end: End) -> (NodeId, SocketAddr) {
    match end {
        A => (NodeId(0), SocketAddr::from((Ipv4Addr::new(10, 0, 0, 1), 49_152))),
        B => (NodeId(1), SocketAddr::from((Ipv4Addr::new(10, 0, 0, 2), 80))),
    }
}

/// A run in the making: what a world would record.
struct Run {
    records: Vec<Record>,
}

impl Run {
    fn new() -> Run {
        let mut run = Run { records: Vec::new() };
        let (local, remote) = (host(A).1, host(B).1);
        run.put(A, None, What::Conn { conn: CONN, n: 1, local, remote });
        run
    }

    fn put(&mut self, at: End, cause: Option<u32>, what: What) -> u32 {
        let id = u32::try_from(self.records.len()).expect("a short run");
        let cause = cause.map(RecordId);
        self.records.push(Record { id: RecordId(id), at: Time::ZERO, node: host(at).0, cause, what });
        id
    }

    fn call(&mut self, at: End, call: CallName, args: &str) -> u32 {
        let (args, outcome) = (args.to_owned(), Outcome::Ok);
        self.put(
            at,
            None,
            What::Call(Call { actor: ActorId(0), call, fd: None, conn: None, args, data: None, outcome }),
        )
    }

    fn timer(&mut self, end: End, timer: TimerKind) -> u32 {
        self.put(end, None, What::Timer { conn: Some(CONN), end: Some(end), timer, after: Span::ZERO })
    }

    fn state(&mut self, end: End, cause: u32, from: State, to: State) {
        self.put(end, Some(cause), What::State { conn: CONN, end, from, to });
    }

    fn send(&mut self, from: End, text: &str, seq: u32, ack: u32, len: u32) -> u32 {
        let (src, dst) = if from == A { (host(A).1, host(B).1) } else { (host(B).1, host(A).1) };
        let flags = Flags::parse(text).expect("control bits");
        let body = Body::Tcp(Segment { seq, ack, flags, window: 1_000, len, ..Segment::default() });
        let packet = Packet { src, dst, ttl: 64, bytes: 40 + len, body };
        self.put(from, None, What::Sent { link: None, conn: Some(CONN), packet, frame: Bytes::new() })
    }

    /// The segment of this record arrives at the other end.
    fn deliver(&mut self, sent: u32) -> u32 {
        let Some(What::Sent { packet, .. }) = self.records.get(sent as usize).map(|record| record.what.clone()) else {
            panic!("{sent} was not sent");
        };
        let to = if packet.dst == host(A).1 { A } else { B };
        self.put(to, Some(sent), What::Arrived { link: None, conn: Some(CONN), packet, frame: Bytes::new() })
    }

    fn pass(&mut self, from: End, flags: &str, seq: u32, ack: u32, len: u32) -> u32 {
        let sent = self.send(from, flags, seq, ack, len);
        self.deliver(sent)
    }

    /// A connects to B: ISS 100 and 200.
    fn handshake() -> Run {
        let mut run = Run::new();
        let connect = run.call(A, CallName::Connect, "b:80");
        run.state(A, connect, Closed, SynSent);
        let syn = run.pass(A, "SYN", 100, 0, 0);
        run.state(B, syn, Listen, SynReceived);
        let syn_ack = run.pass(B, "SYN,ACK", 200, 101, 0);
        run.state(A, syn_ack, SynSent, Established);
        let ack = run.pass(A, "ACK", 101, 201, 0);
        run.state(B, ack, SynReceived, Established);
        run
    }

    fn findings(&self) -> Vec<Finding> {
        let mut moves = Moves::default();
        self.records.iter().for_each(|record| moves.observe(record));
        moves.finish().0
    }

    fn rules(&self) -> Vec<(&'static str, u32)> {
        self.findings().iter().map(|finding| (finding.rule, finding.record.0)).collect()
    }

    fn edges(&self, end: End) -> Vec<String> {
        let shown = |w: &Witness| format!("{} --{}--> {}", w.from, w.input, w.to);
        witnessed(&self.records).iter().filter(|w| w.end == end).map(shown).collect()
    }
}

#[test]
fn a_handshake_and_a_close_are_lawful() {
    let mut run = Run::handshake();
    let close = run.call(A, CallName::Close, "");
    run.state(A, close, Established, FinWait1);
    let fin = run.pass(A, "FIN,ACK", 101, 201, 0);
    run.state(B, fin, Established, CloseWait);
    let ack = run.pass(B, "ACK", 201, 102, 0);
    run.state(A, ack, FinWait1, FinWait2);
    let close = run.call(B, CallName::Shutdown, "SHUT_WR");
    run.state(B, close, CloseWait, LastAck);
    let fin = run.pass(B, "FIN,ACK", 201, 102, 0);
    run.state(A, fin, FinWait2, TimeWait);
    let ack = run.pass(A, "ACK", 102, 202, 0);
    run.state(B, ack, LastAck, Closed);
    let timer = run.timer(A, TimerKind::TimeWait);
    run.state(A, timer, TimeWait, Closed);
    assert_eq!(run.findings(), []);
    assert_eq!(
        run.edges(A),
        [
            "CLOSED --OPEN active--> SYN-SENT",
            "SYN-SENT --rcv SYN,ACK--> ESTABLISHED",
            "ESTABLISHED --CLOSE--> FIN-WAIT-1",
            "FIN-WAIT-1 --rcv ACK of FIN--> FIN-WAIT-2",
            "FIN-WAIT-2 --rcv FIN--> TIME-WAIT",
            "TIME-WAIT --2MSL TIMEOUT--> CLOSED",
        ]
    );
    assert_eq!(
        run.edges(B),
        [
            "LISTEN --rcv SYN--> SYN-RECEIVED",
            "SYN-RECEIVED --rcv ACK of SYN--> ESTABLISHED",
            "ESTABLISHED --rcv FIN--> CLOSE-WAIT",
            "CLOSE-WAIT --CLOSE--> LAST-ACK",
            "LAST-ACK --rcv ACK of FIN--> CLOSED",
        ]
    );
}

#[test]
fn a_lost_syn_ack_changes_nothing() {
    let mut run = Run::new();
    let connect = run.call(A, CallName::Connect, "b:80");
    run.state(A, connect, Closed, SynSent);
    let syn = run.pass(A, "SYN", 100, 0, 0);
    run.state(B, syn, Listen, SynReceived);
    run.send(B, "SYN,ACK", 200, 101, 0);
    run.timer(A, TimerKind::Retransmission);
    run.pass(A, "SYN", 100, 0, 0);
    run.pass(B, "ACK", 201, 101, 0);
    run.timer(B, TimerKind::Retransmission);
    let syn_ack = run.pass(B, "SYN,ACK", 200, 101, 0);
    run.state(A, syn_ack, SynSent, Established);
    let text = run.pass(A, "ACK,PSH", 101, 201, 10);
    run.state(B, text, SynReceived, Established);
    assert_eq!(run.findings(), []);
}

#[test]
fn text_for_a_program_that_has_closed_may_be_an_abort() {
    let aborts_after = |args: Option<&str>| {
        let mut run = Run::handshake();
        let (call, args) = args.map_or((CallName::Close, ""), |how| (CallName::Shutdown, how));
        let close = run.call(B, call, args);
        if let Some(What::Call(made)) = run.records.last_mut().map(|record| &mut record.what) {
            made.conn = Some(CONN);
        }
        run.state(B, close, Established, FinWait1);
        let fin = run.pass(B, "FIN,ACK", 201, 101, 0);
        run.state(A, fin, Established, CloseWait);
        let ack = run.pass(A, "ACK", 101, 202, 0);
        run.state(B, ack, FinWait1, FinWait2);
        let text = run.pass(A, "ACK", 101, 202, 3);
        run.state(B, text, FinWait2, Closed);
        run.rules().len()
    };
    assert_eq!(aborts_after(None), 0, "RFC 9293, 3.6.1: a RST shows that data was lost");
    assert_eq!(aborts_after(Some("SHUT_WR")), 1, "after half a close the program still reads");
}

#[test]
fn both_may_close_at_once() {
    let mut run = Run::handshake();
    let sides = [(A, 101, 201), (B, 201, 101)];
    let fins = sides.map(|(end, seq, ack)| {
        let close = run.call(end, CallName::Close, "");
        run.state(end, close, Established, FinWait1);
        run.send(end, "FIN,ACK", seq, ack, 0)
    });
    let acks = [(B, fins[0], 202, 102), (A, fins[1], 102, 202)].map(|(end, fin, seq, ack)| {
        let fin = run.deliver(fin);
        run.state(end, fin, FinWait1, Closing);
        run.send(end, "ACK", seq, ack, 0)
    });
    for (end, ack) in [(A, acks[0]), (B, acks[1])] {
        let ack = run.deliver(ack);
        run.state(end, ack, Closing, TimeWait);
    }
    assert_eq!(run.findings(), []);
    assert_eq!(run.edges(A)[3..], ["FIN-WAIT-1 --rcv FIN--> CLOSING", "CLOSING --rcv ACK of FIN--> TIME-WAIT"]);
}

#[test]
fn both_may_open_at_once() {
    let mut run = Run::new();
    let syns = [(A, 100), (B, 200)].map(|(end, seq)| {
        let connect = run.call(end, CallName::Connect, "");
        run.state(end, connect, Closed, SynSent);
        run.send(end, "SYN", seq, 0, 0)
    });
    for (end, syn, seq, ack) in [(B, syns[0], 200, 101), (A, syns[1], 100, 201)] {
        let syn = run.deliver(syn);
        run.state(end, syn, SynSent, SynReceived);
        run.send(end, "SYN,ACK", seq, ack, 0);
    }
    run.pass(A, "SYN,ACK", 100, 201, 0);
    let ack = run.pass(B, "ACK", 201, 101, 0);
    run.state(A, ack, SynReceived, Established);
    assert_eq!(run.findings(), []);
    // A reset would now refuse B, which opened actively.
    let reset = run.pass(A, "RST", 101, 0, 0);
    run.state(B, reset, SynReceived, Listen);
    assert_eq!(run.rules(), [("move", reset + 1)]);
}

#[test]
fn a_closed_port_refuses() {
    let mut run = Run::new();
    let connect = run.call(A, CallName::Connect, "b:80");
    run.state(A, connect, Closed, SynSent);
    run.pass(A, "SYN", 100, 0, 0);
    let reset = run.pass(B, "RST,ACK", 0, 101, 0);
    run.state(A, reset, SynSent, Closed);
    assert_eq!(run.findings(), []);
    assert_eq!(run.edges(A)[1..], ["SYN-SENT --rcv RST,ACK--> CLOSED"]);
}

#[test]
fn a_close_that_resets_is_an_abort() {
    let mut run = Run::handshake();
    let close = run.call(A, CallName::Close, "");
    run.state(A, close, Established, Closed);
    let reset = run.pass(A, "RST,ACK", 101, 201, 0);
    run.state(B, reset, Established, Closed);
    assert_eq!(run.findings(), []);
    assert_eq!(run.edges(A)[2..], ["ESTABLISHED --ABORT--> CLOSED"]);
    assert_eq!(run.edges(B)[2..], ["ESTABLISHED --rcv RST--> CLOSED"]);
}

#[test]
fn a_reset_that_is_only_in_the_window_must_not_close() {
    let mut run = Run::handshake();
    let reset = run.pass(A, "RST", 111, 0, 0);
    run.state(B, reset, Established, Closed);
    let [finding] = &run.findings()[..] else { panic!("one finding") };
    assert_eq!((finding.rule, finding.record.0, &*finding.clause), ("move", reset + 1, "RFC 9293 3.10.7.4, second"));
    assert_eq!(
        finding.text,
        "the acceptor moved from ESTABLISHED to CLOSED on rcv RST in window; the RFC says to stay"
    );
}

#[test]
fn an_ack_of_the_syn_is_no_ack_of_a_fin_that_was_never_sent() {
    let mut run = Run::new();
    let connect = run.call(A, CallName::Connect, "b:80");
    run.state(A, connect, Closed, SynSent);
    let syn = run.pass(A, "SYN", 100, 0, 0);
    run.state(B, syn, Listen, SynReceived);
    let syn_ack = run.pass(B, "SYN,ACK", 200, 101, 0);
    run.state(A, syn_ack, SynSent, Established);
    let close = run.call(B, CallName::Close, "");
    run.state(B, close, SynReceived, FinWait1);
    let ack = run.pass(A, "ACK", 101, 201, 0);
    run.state(B, ack, FinWait1, FinWait2);
    assert_eq!(run.rules(), [("move", ack + 1)]);
}

#[test]
fn a_move_that_is_due_and_not_made_is_found() {
    let mut run = Run::handshake();
    let fin = run.pass(A, "FIN,ACK", 101, 201, 0);
    let again = run.pass(A, "FIN,ACK", 101, 201, 0);
    run.state(B, again, Established, CloseWait);
    assert_eq!(run.rules(), [("missing-move", fin)]);
    assert_eq!(
        run.findings()[0].text,
        "the acceptor stayed in ESTABLISHED on rcv old ACK + rcv FIN; the RFC says CLOSE-WAIT"
    );
}

#[test]
fn a_fin_beyond_a_hole_may_be_held_or_not() {
    let mut run = Run::handshake();
    run.pass(A, "FIN,ACK", 111, 201, 5);
    let filler = run.pass(A, "ACK", 101, 201, 10);
    let mut other = Run { records: run.records.clone() };
    run.state(B, filler, Established, CloseWait);
    assert_eq!(run.findings(), []);
    other.send(B, "ACK", 201, 116, 0);
    let fin = other.pass(A, "FIN,ACK", 116, 201, 0);
    other.state(B, fin, Established, CloseWait);
    assert_eq!(other.findings(), []);
    assert_eq!(other.edges(B)[2..], ["ESTABLISHED --rcv FIN--> CLOSE-WAIT"]);
}

#[test]
fn text_and_fin_with_the_ack_of_our_fin_is_one_edge() {
    let mut run = Run::handshake();
    let shutdown = run.call(A, CallName::Shutdown, "SHUT_WR");
    run.state(A, shutdown, Established, FinWait1);
    let fin = run.pass(A, "FIN,ACK", 101, 201, 0);
    run.state(B, fin, Established, CloseWait);
    let close = run.call(B, CallName::Close, "");
    run.state(B, close, CloseWait, LastAck);
    let fin = run.pass(B, "FIN,ACK", 201, 102, 10);
    run.state(A, fin, FinWait1, TimeWait);
    assert_eq!(run.findings(), []);
    assert_eq!(run.edges(A)[3..], ["FIN-WAIT-1 --rcv FIN,ACK of FIN--> TIME-WAIT"]);
}

#[test]
fn a_state_that_jumps_is_found() {
    let mut run = Run::handshake();
    let close = run.call(A, CallName::Close, "");
    run.state(A, close, CloseWait, LastAck);
    let id = run.records.len();
    run.put(A, None, What::State { conn: CONN, end: A, from: LastAck, to: Closed });
    assert_eq!(run.rules(), [("path", close + 1), ("move", u32::try_from(id).expect("short"))]);
}

#[test]
fn a_crashed_host_and_a_crafted_segment_break_no_rule() {
    let mut run = Run::handshake();
    let inject = run.call(A, CallName::Inject, "");
    let forged = run.send(A, "FIN,ACK", 500, 201, 0);
    run.records[forged as usize].cause = Some(RecordId(inject));
    run.deliver(forged);
    run.pass(B, "ACK", 201, 501, 0);
    let off = run.put(A, None, What::Power { up: false });
    run.state(A, off, Established, Closed);
    run.put(A, None, What::Power { up: true });
    let text = run.pass(B, "ACK", 201, 101, 5);
    let reset = run.send(A, "RST", 101, 0, 0);
    run.records[reset as usize].cause = Some(RecordId(text));
    let reset = run.deliver(reset);
    run.state(B, reset, Established, Closed);
    assert_eq!(run.findings(), []);
}

#[test]
fn a_router_on_the_way_is_nobodys_end() {
    let mut run = Run::handshake();
    let fin = run.send(A, "FIN,ACK", 101, 201, 0);
    let passing = run.deliver(fin);
    run.records[passing as usize].node = NodeId(2);
    let forwarded = run.send(A, "FIN,ACK", 101, 201, 0);
    run.records[forwarded as usize].node = NodeId(2);
    assert_eq!(run.findings(), []);
}
