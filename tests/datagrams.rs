//! Datagrams as Linux has them: destinations that are none, what waits to be read, and what waits to be sent.

use crate::linux_sockets::lab::{Client, Lab, Server, server_at};
use bytes::Bytes;
use drywire::base::{Fd, Seeded};
use drywire::scenario::model::Proto;
use drywire::scenario::{self, Scenario};
use drywire::socket::Sys;
use drywire::socket_api::Errno;
use drywire::trace::{Ending, Record, What};
use drywire::world::World;
use std::net::SocketAddr;

fn text(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn udp(sys: &mut dyn Sys, port: u16) -> Fd {
    let fd = sys.socket(Proto::Udp).expect("a socket");
    sys.bind(fd, None, port).expect("a free port");
    fd
}

fn load(text: &str) -> Scenario {
    scenario::load("test.toml", text).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn records_of(text: &str) -> Vec<Record> {
    World::new(&load(text), 1).trace(&mut Seeded::new(1)).records
}

fn ending(records: &[Record]) -> &Ending {
    match &records.last().expect("a record").what {
        What::End { ending } => ending,
        other => panic!("the end, not {other:?}"),
    }
}

#[test]
fn port_0_is_no_destination() {
    let mut lab = Lab::new();
    lab.at(Client, |sys| {
        let fd = udp(sys, 5_000);
        assert_eq!(sys.sendto(fd, &text("x"), server_at(0)), Err(Errno::Einval));
        sys.connect(fd, server_at(0)).expect("Linux takes it");
        assert_eq!(sys.send(fd, &text("x")), Err(Errno::Einval));
    });
}

#[test]
fn the_unspecified_address_means_this_host() {
    for nowhere in ["0.0.0.0:53", "[::]:53"] {
        let nowhere: SocketAddr = nowhere.parse().expect("an address");
        let mut lab = Lab::new();
        let (one, two, server) = lab.at(Client, |sys| {
            let server = sys.socket(Proto::Udp).expect("a socket");
            sys.bind(server, Some(nowhere.ip()), 53).expect("a free port");
            let [one, two] = [(); 2].map(|()| sys.socket(Proto::Udp).expect("a socket"));
            assert_eq!(sys.sendto(one, &text("to"), nowhere), Ok(2));
            sys.connect(two, nowhere).expect("a peer");
            assert!(sys.getpeername(two).expect("a peer").ip().is_loopback());
            assert_eq!(sys.send(two, &text("send")), Ok(4));
            (one, two, server)
        });
        lab.pass(10);
        lab.at(Client, |sys| {
            assert_eq!(sys.recvfrom(server, 9).expect("a datagram").0, text("to"));
            assert_eq!(sys.recvfrom(server, 9).expect("a datagram").0, text("send"));
            assert!(sys.close(one).is_ok() && sys.close(two).is_ok());
        });
    }
}

#[test]
fn all_that_send_took_goes_out() {
    // What the queue says it takes, it must take, whatever the sizes.
    let mut lab = Lab::new();
    let server = lab.at(Server, |sys| udp(sys, 53));
    let client = lab.at(Client, |sys| udp(sys, 5_000));
    let mut sent = 0;
    for round in 0..40 {
        let size = [1_400, 900, 1_300, 7][round % 4];
        sent += lab.at(Client, |sys| {
            (0..9).filter(|_| sys.sendto(client, &vec![0; size].into(), server_at(53)).is_ok()).count()
        });
        lab.pass(10);
        let got = lab.at(Server, |sys| std::iter::from_fn(|| sys.recvfrom(server, 2_000).ok()).count());
        sent -= got;
    }
    assert_eq!(sent, 0, "no datagram was lost between send and the wire");
}

const TWO: &str = r#"
title = "two"
[hosts]
a = "10.0.0.1"
b = "10.0.0.2"
"#;

#[test]
fn a_datagram_that_waits_for_an_address_does_not_leave_by_loopback() {
    let records = records_of(&format!(
        r#"{TWO}
[links]
wire = {{ joins = ["a", "b"], medium = "ethernet", delay = "1 ms" }}
[run]
steps = [
  {{ a = "socket", proto = "udp", as = "u" }},
  {{ a = "bind", on = "u", port = 5000 }},
  {{ a = "sendto", on = "u", to = "10.0.0.2:9", text = "far" }},
  {{ a = "sendto", on = "u", to = "127.0.0.1:5000", text = "near" }},
  {{ a = "recvfrom", on = "u" }},
]
"#
    ));
    let sent = |far: bool| {
        let to = if far { "10.0.0.2" } else { "127.0.0.1" }.parse::<std::net::IpAddr>().expect("an address");
        let of = |record: &Record| match &record.what {
            What::Sent { packet, link, .. } if packet.dst.ip() == to && packet.dst.port() != 0 => Some(link.is_some()),
            _ => None,
        };
        records.iter().filter_map(of).collect::<Vec<_>>()
    };
    assert_eq!((sent(true), sent(false)), (vec![true], vec![false]), "each by its own device, once");
}

/// Sixty datagrams of 1,000 bytes, one a millisecond.
fn sixty() -> String {
    "  { a = \"sendto\", on = \"u\", to = \"10.0.0.2:53\", bytes = \"1000 B\", wait = \"1 ms\" },\n".repeat(60)
}

#[test]
fn what_is_held_on_a_link_counts_as_queued() {
    let records = records_of(&format!(
        r#"{TWO}
[links]
wire = {{ joins = ["a", "b"], delay = "1 ms" }}
[limits]
queued = "160 kB"
[[faults]]
hold = "udp"
from = "a"
nth = "1.."
until = "data 1"
[run]
steps = [
  {{ a = "socket", proto = "udp", as = "u" }},
{}]
"#,
        sixty()
    ));
    assert_eq!(ending(&records), &Ending::QueueLimit(160_000));
}

#[test]
fn datagrams_that_are_not_read_count_as_queued() {
    let records = records_of(&format!(
        r#"{TWO}
[links]
wire = {{ joins = ["a", "b"], delay = "1 ms" }}
[limits]
queued = "300 kB"
[run]
steps = [
  {{ b = "socket", proto = "udp", as = "door" }},
  {{ b = "bind", on = "door", port = 53 }},
  {{ a = "socket", proto = "udp", as = "u" }},
{}]
"#,
        sixty()
    ));
    assert_eq!(ending(&records), &Ending::QueueLimit(300_000));
}

#[test]
fn what_a_connection_in_time_wait_left_unread_counts_as_queued() {
    let pieces = "  { b = \"send\", bytes = \"5000 B\", wait = \"50 ms\" },\n".repeat(10);
    let records = records_of(&format!(
        r#"{TWO}
[links]
wire = {{ joins = ["a", "b"], delay = "1 ms" }}
[sockets]
rcvbuf = "60000 B"
sndbuf = "10000 B"
[limits]
queued = "160 kB"
[run]
steps = [
  {{ b = "listen", port = 80 }},
  {{ a = "connect", to = "b:80" }},
  {{ b = "accept" }},
  {{ a = "shutdown", how = "WR" }},
{pieces}  {{ b = "close" }},
]
"#
    ));
    assert_eq!(ending(&records), &Ending::QueueLimit(160_000));
}
