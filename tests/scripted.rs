//! Scripted peers: what reaches their programs, what is left to the stack, and what is made of their numbers.

use crate::support::{failures, traced};
use drywire::scenario::{self, Scenario, evaluate};
use drywire::trace::{JsonOptions, Record, What, json, read_json};

fn loaded(hosts: &str, links: &str, steps: &str) -> Scenario {
    let text = format!("title = \"by hand\"\n[hosts]\n{hosts}\n[links]\n{links}\n[run]\nsteps = [\n{steps}\n]\n");
    scenario::load("test.toml", &text).unwrap_or_else(|errors| panic!("{errors}"))
}

const HOSTS: &str = "peer = { ip = \"10.0.0.1\", tcp = \"script\", serve = { app = \"echo\", port = 7, proto = \"udp\" } }\n\
                     server = \"10.0.0.2\"";
const WIRE: &str = "wire = { joins = [\"peer\", \"server\"], delay = \"10 ms\" }";
const ETHERNET: &str = "wire = { joins = [\"peer\", \"server\"], delay = \"10 ms\", medium = \"ethernet\" }";

/// TCP segments that the peer sent.
fn sent_by_peer(records: &[Record]) -> usize {
    let sent = |record: &&Record| matches!(&record.what, What::Sent { packet, .. } if packet.tcp().is_some());
    records.iter().filter(|record| record.node.0 == 0).filter(sent).count()
}

#[test]
fn no_stack_answers_for_a_scripted_peer_but_for_udp_and_arp_it_does() {
    for link in [WIRE, ETHERNET] {
        let steps = r#"
  { server = "sendto", to = "peer:7", text = "echo" },
  { server = "recvfrom", expect = "echo" },
  { "server/second" = "connect", to = "peer:80", no-wait = true, fails = "EINPROGRESS" },
  { peer = "await", port = 80, flags = "SYN", seq = "[0,1)", within = "5 s" },
  { peer = "segment", flags = "RST,ACK" },
  { peer = "await", silence = "5 s" },
"#;
        let scenario = loaded(HOSTS, link, steps);
        assert_eq!(failures(&scenario), []);
        let trace = traced(&scenario, 0);
        assert_eq!(sent_by_peer(&trace.records), 1, "its own RST alone");
    }
}

#[test]
fn numbers_follow_what_was_sent_and_what_came_where_none_are_given() {
    let steps = r#"
  { server = "listen", port = 80 },
  { peer = "segment", to = "server:80", flags = "SYN" },
  { peer = "await", flags = "SYN,ACK", seq = "[0,1)", ack = 1 },
  { peer = "segment", flags = "ACK" },
  { peer = "segment", flags = "PSH,ACK", text = "hello" },
  { server = "accept" },
  { server = "recv", expect = "hello" },
  { server = "send", text = "you too" },
  { peer = "await", seq = "[1,8)", ack = 6, text = "you too" },
  { peer = "segment", flags = "FIN,ACK" },
  { peer = "await", flags = "ACK", seq = "[8)", ack = 7 },
"#;
    for seed in [0, 1, 99] {
        let scenario = Scenario { seed, ..loaded(HOSTS, WIRE, steps) };
        assert_eq!(failures(&scenario), [], "seed {seed}");
    }
}

#[test]
fn a_saved_trace_is_held_to_the_same_segments() {
    let steps = r#"
  { server = "listen", port = 80 },
  { peer = "segment", to = "server:80", port = 4000, flags = "SYN" },
  { peer = "await", flags = "SYN,ACK", ack = 1 },
  { peer = "segment", flags = "PSH,ACK", seq = "[1,6)", ack = 1, text = "hello" },
  { peer = "await", flags = "ACK", ack = 5, text = "" },
"#;
    let scenario = loaded(HOSTS, WIRE, steps);
    let trace = traced(&scenario, 0);
    let text = json(&trace, &JsonOptions::default());
    let saved = read_json(&text).expect("its own JSON");
    let found = evaluate(&scenario, &saved.header, &saved.records, &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "peer's step 4, await: another segment than expected");
    assert_eq!(found[0].expected, "ACK ack=5 \"\"");
    assert_eq!(found[0].got, "[1) ACK ack=6 win=16379 \"\"");
    assert_eq!(found, evaluate(&scenario, &trace.header, &trace.records, &[]));
}

#[test]
fn programs_of_one_peer_have_each_their_own_connection() {
    let steps = r#"
  { server = "listen", port = 80 },
  { "peer/one" = "segment", to = "server:80", port = 4000, flags = "SYN" },
  { "peer/two" = "segment", to = "server:80", port = 4001, flags = "SYN" },
  { "peer/two" = "await", flags = "SYN,ACK", ack = 1 },
  { "peer/one" = "await", flags = "SYN,ACK", ack = 1 },
  { "peer/two" = "segment", flags = "RST" },
  { "peer/one" = "segment", flags = "ACK" },
  { server = "accept", expect = "peer:4000" },
"#;
    assert_eq!(failures(&loaded(HOSTS, WIRE, steps)), []);
}

#[test]
fn a_crash_takes_what_nobody_has_taken() {
    let steps = r#"
  { server = "connect", to = "peer:80", no-wait = true, fails = "EINPROGRESS" },
  { peer = "crash", at = "500 ms" },
  { peer = "restart" },
  { peer = "await", port = 80, silence = "100 ms" },
  { peer = "await", port = 80, flags = "SYN", within = "1 s" },
"#;
    assert_eq!(failures(&loaded(HOSTS, WIRE, steps)), []);
}
