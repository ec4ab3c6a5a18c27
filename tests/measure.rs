//! `view::measure`: figures worked out by hand, and what holds of the figures of every run.

use crate::support::{run, sims, traced};
use drywire::machine::Finite;
use drywire::packet::Body;
use drywire::scenario::{self, Scenario};
use drywire::trace::{JsonOptions, Trace, What, json, read_json};
use drywire::view::measure::{Layer, Measured, Of, figures};
use std::collections::BTreeMap;

/// The figures that have a value, by name.
type Values = BTreeMap<String, u64>;

fn values(measured: &Measured, of: Option<Of>) -> Values {
    let named = figures().into_iter().zip(measured.values(of));
    named.filter_map(|(figure, value)| Some((figure.name, value?))).collect()
}

fn scenario(text: &str) -> Scenario {
    scenario::load("measured.toml", text).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn whole_run(text: &str) -> Values {
    values(&Measured::new(&run(&scenario(text)).0), None)
}

fn named(file: &str) -> Scenario {
    sims().into_iter().find(|sim| sim.name == file).expect("a scenario of this name").scenario
}

fn holds(values: &Values, expected: &[(&str, u64)]) {
    for (name, value) in expected {
        assert_eq!(values.get(*name), Some(value), "{name} in {values:#?}");
    }
}

const TWO_HOSTS: &str = r#"
title = "measured"
[hosts]
client = "10.0.0.1"
server = "10.0.0.2"
"#;

/// A line of 8 Mbit/s: a byte takes a microsecond.
const SLOW_WIRE: &str = r#"
[links]
wire = { joins = ["client", "server"], delay = "10 ms", rate = "8 Mbit/s" }
"#;

#[test]
fn a_handshake_by_hand() {
    let steps = r#"
        [run]
        steps = [
          { server = "listen", port = 80 }, { client = "connect", to = "server:80" }, { server = "accept" },
        ]"#;
    let values = whole_run(&format!("{TWO_HOSTS}{SLOW_WIRE}{steps}"));
    // SYN and SYN,ACK have 20 + 20 bytes and options of 12 (MSS 4, window scale 3, SACK-permitted 2, and 3 to fill up);
    // the ACK has none. Each of the two takes 52 us to leave and 10 ms to fly.
    let rtt = 2 * (10_000 + 52);
    let end = rtt + 10_000 + 40;
    holds(
        &values,
        &[
            ("duration-us", end),
            ("packets", 3),
            ("segments", 3),
            ("segments-pure-ack", 1),
            ("bytes", 144),
            ("bytes-ethernet", 0),
            ("bytes-ip", 60),
            ("bytes-tcp", 60),
            ("bytes-tcp-options", 24),
            ("bytes-payload", 0),
            ("connections", 1),
            ("connections-established", 1),
            ("connections-failed", 0),
            ("connections-reset", 0),
            ("handshake-rtt-p50-us", rtt),
            ("connect-max-us", rtt),
            ("retransmissions", 0),
            ("lost", 0),
            ("messages", 0),
            ("in-flight-max-bytes", 52),
            ("state-syn-sent-us", rtt),
            ("state-syn-received-us", rtt / 2 + 10_040),
            ("state-established-us", 10_040),
            ("socket-us", rtt + rtt / 2 + 10_040 + 10_040),
        ],
    );
    assert!(!values.contains_key("goodput-bps") && !values.contains_key("latency-p50-us"), "{values:#?}");
}

#[test]
fn one_retransmission_by_hand() {
    let values = values(&Measured::new(&run(&named("data-lost")).0), None);
    // Two SYNs of 52 bytes, four ACKs and two FINs of 40, and twice the segment with 16 bytes of text.
    holds(
        &values,
        &[
            ("segments", 10),
            ("segments-pure-ack", 4),
            ("bytes", 2 * 52 + 6 * 40 + 2 * 56),
            ("bytes-payload", 16),
            ("bytes-payload-again", 16),
            ("retransmissions", 1),
            ("timer-rto", 1),
            ("timer-fast-retransmit", 0),
            ("timer-2msl", 1),
            ("lost", 1),
            ("fault-dropped", 1),
            ("fault-lost", 0),
            ("messages", 1),
            // A second of RTO and 50 ms of flight; the stack's clock has lost the 832 ns of the handshake's frames.
            ("latency-p50-us", 1_049_999),
            ("latency-max-us", 1_049_999),
            ("last-byte-p50-us", 1_150_000),
            // 128 bits in those 1.05 s.
            ("goodput-bps", 121),
            ("send-buffer-max-bytes", 16),
            ("recv-buffer-us", 0),
        ],
    );
    assert!(!values.contains_key("first-byte-p50-us"), "nothing was sent to the client");
}

#[test]
fn datagrams_by_hand() {
    let steps = r#"
        [run]
        steps = [
          { server = "socket", proto = "udp" }, { server = "bind", port = 7 },
          { server = "recvfrom", wait = "1 s", expect = "one" }, { server = "recvfrom", expect = "three" },
          { client = "socket", proto = "udp" },
          { client = "sendto", to = "server:7", text = "one" },
          { client = "sendto", to = "server:7", text = "two!!" },
          { client = "sendto", to = "server:7", text = "three" },
        ]
        [[faults]]
        drop = "udp"
        from = "client"
        nth = 2"#;
    let values = whole_run(&format!("{TWO_HOSTS}{SLOW_WIRE}{steps}"));
    holds(
        &values,
        &[
            ("segments", 0),
            ("datagrams", 3),
            ("bytes", 3 * 28 + 13),
            ("bytes-udp", 24),
            ("bytes-payload", 13),
            ("lost", 1),
            ("connections", 0),
            ("messages", 2),
            // The server slept for a second; both had arrived by then.
            ("latency-p50-us", 1_000_000),
            ("latency-max-us", 1_000_000),
            // All three stood in the line: 31, 33 and 33 us. 8 bytes arrived.
            ("goodput-bps", 8 * 8 * 1_000_000 / (10_000 + 97)),
        ],
    );
}

#[test]
fn queues_and_buffers_by_hand() {
    let steps = r#"
        [run]
        steps = [
          { server = "listen", port = 80 }, { server = "accept" },
          { client = "connect", to = "server:80" }, { client = "send", text = "hello" },
          { server = "recv", wait = "1 s", expect = "hello" },
          { server = "send", text = "bye" }, { client = "recv", expect = "bye" },
        ]"#;
    let values = whole_run(&format!("{TWO_HOSTS}{SLOW_WIRE}{steps}"));
    // The server sleeps from when it has accepted, with the ACK. The text is 45 us behind it: ACK and text left together.
    holds(
        &values,
        &[
            ("recv-buffer-max-bytes", 5),
            ("recv-buffer-us", 1_000_000 - 45),
            ("send-buffer-max-bytes", 5),
            ("messages", 2),
            ("flight-extra-p50-us", 0),
            ("in-flight-max-bytes", 40 + 45),
        ],
    );
    let connect = 2 * (10_000 + 52);
    let first = connect + 10_000 + 40 + 1_000_000 + 10_000 + 43;
    holds(&values, &[("first-byte-p50-us", first), ("last-byte-p50-us", first)]);
}

#[test]
fn failed_and_reset_connections_are_told_apart() {
    let outcome = |name: &str| {
        let values = values(&Measured::new(&run(&named(name)).0), None);
        ["connections", "connections-established", "connections-failed", "connections-reset"].map(|name| values[name])
    };
    assert_eq!(outcome("connect-to-a-closed-port"), [2, 0, 2, 0]);
    assert_eq!(outcome("connect-times-out"), [1, 0, 1, 0]);
    assert_eq!(outcome("linger-zero"), [1, 1, 0, 1]);
    assert_eq!(outcome("close-by-the-client"), [1, 1, 0, 0]);
}

#[test]
fn the_handshake_takes_twice_the_delay() {
    let text = std::fs::read_to_string(crate::support::root().join("sims/handshake.toml")).unwrap();
    for delay in [1, 7, 50, 100, 3_000] {
        let sets = [("links.wire.delay".to_owned(), format!("{delay} ms"))];
        let scenario = scenario::load_with("handshake.toml", &text, &sets).expect("a sound scenario");
        let values = values(&Measured::new(&traced(&scenario, 0)), None);
        assert_eq!(values["handshake-rtt-p50-us"], 2 * delay * 1_000);
        // Where the SYN goes out again meanwhile, the round trip is still that of the first.
        assert_eq!(values["retransmissions"] > 0, delay > 500);
    }
}

/// All bytes that nodes sent, and the TCP options among them, read off the frames themselves.
fn on_the_wire(trace: &Trace) -> (u64, u64) {
    let (mut bytes, mut options) = (0, 0);
    for record in &trace.records {
        let What::Sent { link, packet, frame, .. } = &record.what else { continue };
        bytes += u64::try_from(frame.len()).unwrap();
        let ethernet = link.is_some_and(|link| trace.header.links[link.index()].ethernet);
        if let Body::Tcp(_) = packet.body {
            let at = if ethernet { 14 } else { 0 } + if packet.src.is_ipv4() { 20 } else { 40 };
            options += u64::from(frame[at + 12] >> 4) * 4 - 20;
        }
    }
    (bytes, options)
}

#[test]
fn what_holds_of_every_run() {
    for sim in sims() {
        let (trace, _) = run(&sim.scenario);
        let measured = Measured::new(&trace);
        let whole = values(&measured, None);
        let layers: u64 = Layer::ALL.iter().map(|layer| whole[&format!("bytes-{layer}")]).sum();
        assert_eq!((layers, whole["bytes-tcp-options"]), on_the_wire(&trace), "{}", sim.name);
        assert_eq!(layers, whole["bytes"], "{}", sim.name);
        ends_add_up(&trace, &measured, &whole);
        in_order(&whole);
        let saved = read_json(&json(&trace, &JsonOptions::default())).expect("what was written");
        assert_eq!(values(&Measured::new(&saved), None), whole, "{}", sim.name);
    }
}

/// The segments of a connection are those of its ends; and no end is in a state before the run or after it.
fn ends_add_up(trace: &Trace, measured: &Measured, whole: &Values) {
    let ends: Vec<Values> = measured.ends().iter().map(|(of, _)| values(measured, Some(*of))).collect();
    let sum = |name: &str| ends.iter().map(|end| end[name]).sum::<u64>();
    let sent = trace
        .records
        .iter()
        .filter(|record| matches!(&record.what, What::Sent { conn: Some(_), packet, .. } if packet.tcp().is_some()));
    assert_eq!(sum("segments"), u64::try_from(sent.count()).unwrap());
    for end in &ends {
        assert!(end["socket-us"] <= whole["duration-us"], "{end:#?}");
    }
}

fn in_order(whole: &Values) {
    for names in [
        ["latency-p50-us", "latency-p90-us", "latency-p99-us", "latency-max-us"],
        ["goodput-end-min-bps", "goodput-end-p50-bps", "goodput-end-max-bps", "goodput-end-max-bps"],
    ] {
        let found: Vec<u64> = names.iter().filter_map(|name| whole.get(*name).copied()).collect();
        assert!(found.is_sorted(), "{names:?} {found:?}");
    }
    assert!(whole["messages"] == 0 || whole.contains_key("latency-p50-us"));
    assert!(whole["connections"] >= whole["connections-established"] + whole["connections-failed"]);
}

#[test]
fn every_fault_has_its_figure() {
    let known: Vec<String> = figures().into_iter().map(|figure| figure.name).collect();
    let mut seen = 0;
    for sim in sims() {
        let (trace, _) = run(&sim.scenario);
        for record in &trace.records {
            let What::Fault { fault, .. } = &record.what else { continue };
            seen += 1;
            let released = fault.name() == "released";
            assert!(released || known.contains(&format!("fault-{}", fault.name())), "{fault:?}");
        }
    }
    assert!(seen > 0);
}
