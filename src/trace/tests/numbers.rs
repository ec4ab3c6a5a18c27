//! Relative sequence numbers, and names.

use super::scribe::{ACK, CLIENT, CONN, FIN_ACK, PSH_ACK, SERVER, SYN, SYN_ACK, Scribe, addr, header};
use crate::base::{ConnId, Fd, NodeId, RecordId};
use crate::packet::Flags;
use crate::trace::{CallName, End, Names, NodeInfo, NodeKind, Outcome, Relative, Trace, What};

fn names_of(records: &[RecordId], trace: &Trace) -> Vec<String> {
    let relative = Relative::new(&trace.records);
    records.iter().map(|id| relative.get(*id).expect("a segment").name()).collect()
}

#[test]
fn numbers_count_from_the_senders_syn_across_the_wrap_and_repeats_are_counted() {
    let mut it = Scribe::new();
    let start = it.call(CLIENT, CallName::Connect, "server:80", Outcome::Pending);
    it.conn(start);
    let syn = it.send(CLIENT, start, SYN, 0, 0, "");
    let answer = it.send(SERVER, syn, SYN_ACK, 0, 1, "");
    let first = it.send(CLIENT, answer, PSH_ACK, 1, 1, "ten bytes.");
    let second = it.send(CLIENT, answer, PSH_ACK, 11, 1, "and ten more bytes");
    let again = it.send(CLIENT, answer, PSH_ACK, 1, 1, "ten bytes.and");
    let third = it.send(CLIENT, answer, PSH_ACK, 11, 1, "and");
    let arrived = it.arrive(again);
    let fin = it.send(CLIENT, answer, FIN_ACK, 29, 1, "");
    let ack = it.send(SERVER, fin, ACK, 1, 30, "");
    let trace = it.trace();
    let names = names_of(&[syn, answer, first, second, again, third, arrived, fin, ack], &trace);
    assert_eq!(names, ["[0,1)", "[0,1)", "[1,11)", "[11,29)", "[1,14)'2", "[11,14)'3", "[1,14)'2", "[29,30)", "[1)"]);
    let relative = Relative::new(&trace.records);
    let ack = relative.get(ack).expect("a segment");
    assert_eq!((ack.end, ack.ack, ack.acks_fin, ack.window), (End::Acceptor, Some(30), true, 16_384));
    assert_eq!(relative.get(syn).map(|syn| syn.window), Some(1_024), "the window of a SYN is never scaled");
}

#[test]
fn a_forwarded_segment_is_no_retransmission_and_a_forged_one_makes_none() {
    let mut it = Scribe::new();
    let start = it.call(CLIENT, CallName::Connect, "server:80", Outcome::Pending);
    it.conn(start);
    let syn = it.send(CLIENT, start, SYN, 0, 0, "");
    let at_router = it.arrive(syn);
    it.records[at_router.index()].node = NodeId(2);
    let What::Arrived { link, conn, packet, frame } = it.records[at_router.index()].what.clone() else { panic!() };
    let onward = it.note(NodeId(2), Some(at_router), What::Sent { link, conn, packet, frame });
    let forged = it.send(CLIENT, start, PSH_ACK, 1, 1, "x");
    it.records[forged.index()].node = NodeId(2);
    let true_one = it.send(CLIENT, start, PSH_ACK, 1, 1, "x");
    let trace = it.trace();
    assert_eq!(names_of(&[syn, onward, forged, true_one], &trace), ["[0,1)", "[0,1)", "[1,2)", "[1,2)"]);
}

#[test]
fn an_end_made_anew_counts_from_its_new_initial_number_and_late_answers_to_the_old_one_still_count_from_that() {
    let mut it = Scribe::new();
    let start = it.call(CLIENT, CallName::Connect, "server:80", Outcome::Pending);
    it.conn(start);
    let syn = it.send(CLIENT, start, SYN, 0, 0, "");
    let first = it.send(SERVER, syn, SYN_ACK, 0, 1, "");
    let anew = it.send(SERVER, syn, SYN_ACK, 1_000_000_000, 1, "");
    let late = it.send(CLIENT, first, ACK, 1, 1, "");
    let reply = it.send(CLIENT, anew, ACK, 1, 1_000_000_001, "");
    let data = it.send(SERVER, reply, PSH_ACK, 1_000_000_001, 1, "x");
    let trace = it.trace();
    assert_eq!(names_of(&[syn, first, anew, data], &trace), ["[0,1)", "[0,1)", "[0,1)", "[1,2)"]);
    let relative = Relative::new(&trace.records);
    for id in [late, reply] {
        assert_eq!(relative.get(id).and_then(|shown| shown.ack), Some(1));
    }
}

#[test]
fn without_a_syn_the_first_number_counts_as_one() {
    let mut it = Scribe::new();
    let start = it.call(CLIENT, CallName::Inject, "", Outcome::Ok);
    let stray = it.send(CLIENT, start, ACK, 700, 900, "");
    let reset = it.send(SERVER, stray, Flags::RST, 900, 0, "");
    for id in [stray, reset] {
        let What::Sent { conn, .. } = &mut it.records[id.index()].what else { panic!() };
        *conn = None;
    }
    let trace = it.trace();
    assert_eq!(names_of(&[stray, reset], &trace), ["[1)", "[1)"]);
    assert_eq!(Relative::new(&trace.records).get(stray).and_then(|shown| shown.ack), Some(1));
}

#[test]
fn a_descriptor_stands_for_one_connection_after_the_other() {
    let mut it = Scribe::new();
    let mut connect = |conn: u32| {
        let socket = it.call(CLIENT, CallName::Socket, "", Outcome::Ok);
        let id = it.call(CLIENT, CallName::Connect, "server:80", Outcome::Pending);
        let What::Call(call) = &mut it.records[id.index()].what else { panic!() };
        (call.fd, call.conn) = (Some(Fd(3)), Some(ConnId(conn)));
        (socket, id)
    };
    let (before, first) = connect(0);
    let (between, second) = connect(1);
    let trace = it.trace();
    let names = Names::new(&trace.header, &trace.records);
    let stands_for = [before, first, between, second].map(|at| names.fd_conn(CLIENT, Fd(3), at).expect("one").0);
    assert_eq!(stands_for, [0, 0, 0, 1]);
}

#[test]
fn a_keep_alives_octet_is_no_retransmission() {
    let mut it = Scribe::new();
    let start = it.call(CLIENT, CallName::Connect, "server:80", Outcome::Ok);
    it.conn(start);
    let syn = it.send(CLIENT, start, SYN, 0, 0, "");
    let syn = it.arrive(syn);
    let answer = it.send(SERVER, syn, SYN_ACK, 0, 1, "");
    let answer = it.arrive(answer);
    let data = it.send(CLIENT, answer, PSH_ACK, 1, 1, "one");
    let again = it.send(CLIENT, answer, PSH_ACK, 3, 1, "e");
    let got = it.arrive(data);
    let ack = it.send(SERVER, got, ACK, 1, 4, "");
    let ack = it.arrive(ack);
    let probe = it.send(CLIENT, ack, ACK, 3, 1, "\0");
    assert_eq!(names_of(&[again, probe], &it.trace()), ["[3,4)'2", "[3,4)"]);
}

#[test]
fn names_come_from_the_header_and_from_conn_records() {
    let mut it = Scribe::new();
    let start = it.call(CLIENT, CallName::Connect, "server:80", Outcome::Pending);
    it.conn(start);
    it.call(SERVER, CallName::Accept, "", Outcome::Accepted(Fd(4), addr(CLIENT)));
    let (local, remote) = ("127.0.0.1:5".parse().expect("both"), "127.0.0.1:80".parse().expect("both"));
    it.note(CLIENT, None, What::Conn { conn: ConnId(1), n: 2, local, remote });
    let mut header = header();
    header.nodes.push(NodeInfo { name: "hub".to_owned(), kind: NodeKind::Switch, addrs: vec![], model: false });
    header.nodes[0].addrs.push("2001:db8::1".parse().expect("an address"));
    let names = Names::new(&header, &it.records);
    assert_eq!(names.conn(CONN), "client.1");
    assert_eq!(names.endpoint(addr(SERVER)), "server:80");
    assert_eq!(names.endpoint(addr(CLIENT)), "10.0.0.1:49152", "one of several addresses");
    assert_eq!(names.endpoint("[::1]:5".parse().expect("an address")), "[::1]:5");
    assert_eq!(names.fd_conn(SERVER, Fd(4), start), Some(CONN));
    assert_eq!(names.conns().find_map(|(_, info)| info.acceptor), Some(SERVER));
    assert!(!names.is_loop(CONN));
    assert!(names.is_loop(ConnId(1)), "127.0.0.1 is one's own");
    assert_eq!(names.node(NodeId(9)), "?");
}
