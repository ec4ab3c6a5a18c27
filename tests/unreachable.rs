//! What becomes of packets that nobody takes, and what the sender learns of it.

use crate::linux_sockets::lab::{Client, Lab, Server};
use bytes::Bytes;
use drywire::base::Seeded;
use drywire::judge;
use drywire::packet::{Body, Flags, IcmpKind};
use drywire::scenario;
use drywire::scenario::model::{How, Proto, SockOpt};
use drywire::socket_api::Errno;
use drywire::trace::{CallName, DropWhy, Outcome, Record, What};
use drywire::world::World;

fn records_of(text: &str) -> Vec<Record> {
    let scenario = scenario::load("test.toml", text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let trace = World::new(&scenario, 1).trace(&mut Seeded::new(1));
    let findings = judge::judge(&trace.header, &trace.records);
    assert_eq!(findings, [], "the judge");
    assert_eq!(scenario::evaluate(&scenario, &trace.header, &trace.records, &findings), [], "what its steps expect");
    trace.records
}

/// A client behind a router, which does these steps.
fn behind_a_router(steps: &str) -> Vec<Record> {
    records_of(&format!(
        r#"
title = "routed"
[hosts]
client = "10.1.0.10"
server = "10.2.0.10"
[routers]
router = ["10.1.0.1/24", "10.2.0.1/24"]
[links]
a = {{ joins = ["client", "router"], delay = "5 ms" }}
b = {{ joins = ["router", "server"], delay = "5 ms" }}
[run]
steps = [
{steps}]
"#
    ))
}

/// The ICMP messages that were sent.
fn icmp(records: &[Record]) -> Vec<IcmpKind> {
    let of = |record: &Record| match &record.what {
        What::Sent { packet, .. } => match packet.body {
            Body::Icmp(icmp) => Some(icmp.kind),
            _ => None,
        },
        _ => None,
    };
    records.iter().filter_map(of).collect()
}

/// What `connect` of a stream returned.
fn connected(records: &[Record]) -> Outcome {
    let connect = records.iter().find_map(|record| match &record.what {
        What::Call(call) if call.call == CallName::Connect => Some(record.id),
        _ => None,
    });
    let returned = records.iter().find_map(|record| match &record.what {
        What::Return { of, outcome, .. } if Some(*of) == connect => Some(outcome.clone()),
        _ => None,
    });
    returned.expect("connect returns")
}

#[test]
fn no_route_is_net_unreachable() {
    let records = behind_a_router("  { client = \"connect\", to = \"203.0.113.5:80\", fails = \"ENETUNREACH\" },\n");
    assert_eq!(icmp(&records), [IcmpKind::NetUnreachable]);
    assert_eq!(connected(&records), Outcome::Err(Errno::Enetunreach));
}

#[test]
fn a_connected_datagram_socket_is_not_told_that_no_route_leads_there() {
    let records = behind_a_router(
        r#"  { client = "socket", proto = "udp", as = "u" },
  { client = "connect", on = "u", to = "203.0.113.5:9" },
  { client = "send", on = "u", text = "is anybody there?" },
  { client = "recv", on = "u", wait = "1 s", no-wait = true, fails = "EAGAIN" },
  { client = "getsockopt", on = "u", option = "SO_ERROR", expect = 0 },
"#,
    );
    assert_eq!(icmp(&records), [IcmpKind::NetUnreachable], "it came");
}

#[test]
fn a_router_has_no_tcp() {
    let records = behind_a_router("  { client = \"connect\", to = \"10.1.0.1:80\", fails = \"ENOPROTOOPT\" },\n");
    assert_eq!(icmp(&records), [IcmpKind::ProtocolUnreachable]);
    assert_eq!(connected(&records), Outcome::Err(Errno::Enoprotoopt));
    let why = |record: &Record| match record.what {
        What::Drop { why, .. } => Some(why),
        _ => None,
    };
    assert_eq!(records.iter().filter_map(why).collect::<Vec<_>>(), [DropWhy::NoProtocol]);
}

#[test]
fn a_router_has_no_udp_ports() {
    let records = behind_a_router(
        r#"  { client = "socket", proto = "udp", as = "u" },
  { client = "connect", on = "u", to = "10.2.0.1:9" },
  { client = "send", on = "u", text = "is anybody there?" },
  { client = "recv", on = "u", fails = "ECONNREFUSED" },
"#,
    );
    assert_eq!(icmp(&records), [IcmpKind::PortUnreachable]);
}

#[test]
fn a_crafted_segment_reaches_its_host_on_ethernet() {
    let records = records_of(
        r#"
title = "forged"
[hosts]
client = "10.0.0.1"
server = "10.0.0.2"
[links]
wire = { joins = ["client", "server"], medium = "ethernet", delay = "5 ms" }
[run]
steps = [
  { server = "listen", port = 80 },
  { client = "inject", at = "1 ms", src = ":4000", to = "server:80", flags = "SYN", seq = 100 },
]
"#,
    );
    let answer = records.iter().any(|record| match &record.what {
        What::Arrived { packet, .. } => record.node.0 == 0 && packet.tcp().is_some_and(|it| it.flags.has(Flags::SYN)),
        _ => false,
    });
    assert!(answer, "the server asks for the way by ARP, and answers with a SYN,ACK");
}

#[test]
fn a_packet_to_oneself_is_lost_with_the_host() {
    let mut lab = Lab::new();
    lab.at(Client, |sys| {
        let fd = sys.socket(Proto::Udp).expect("a socket");
        sys.sendto(fd, &Bytes::from_static(b"to myself"), ([127, 0, 0, 1], 9).into()).expect("a way");
        sys.crash_host();
    });
    lab.pass(1);
    let why = lab.trace().records.iter().find_map(|record| match record.what {
        What::Drop { why, .. } => Some(why),
        _ => None,
    });
    assert_eq!(why, Some(DropWhy::HostDown));
}

/// A user timeout in LAST-ACK leads to CLOSED as the ACK of our FIN does; the socket is told which it was.
#[test]
fn a_timeout_in_last_ack_is_not_a_clean_end() {
    let mut lab = Lab::new();
    let (client, server) = lab.connection();
    lab.at(Client, |sys| sys.shutdown(client, How::Write)).expect("a connection");
    lab.pass(20);
    lab.at(Client, |sys| sys.crash_host());
    lab.at(Server, |sys| {
        sys.setsockopt(server, SockOpt::UserTimeout, 500).expect("an option");
        sys.send(server, &Bytes::from_static(b"anyone?")).expect("room");
        sys.shutdown(server, How::Write).expect("a connection");
    });
    lab.pass(5_000);
    lab.at(Server, |sys| {
        assert_eq!(sys.getsockopt(server, SockOpt::Error), Ok(Errno::Etimedout.number()));
    });
}
