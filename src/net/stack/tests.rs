//! What a stack takes for whom.

use super::datagrams::UDP_QUEUE;
use super::*;
use core::net::Ipv4Addr;

fn stack(addr: &str, ethernet: bool, station: u16) -> Stack {
    let addrs = vec![IpNet { addr: addr.parse().expect("an address"), prefix: 24 }];
    Stack::new(&StackConfig {
        addrs,
        gateways: Vec::new(),
        ethernet,
        mtu: 1_500,
        station,
        seed: 1,
        isn: None,
        model: None,
    })
}

fn at(text: &str) -> SocketAddr {
    text.parse().expect("a socket address")
}

/// The frame of a datagram from `from` to `to`.
fn datagram(from: &str, to: &str) -> Bytes {
    let from = at(from);
    let mut sender = stack(&from.ip().to_string(), false, 9);
    let id = sender.udp_open(from, 64);
    sender.udp_send(id, at(to), &Bytes::from_static(b"text"));
    assert!(sender.udp_flush(id, Time::ZERO));
    sender.next_departure().expect("a frame").frame
}

#[test]
fn a_datagram_goes_to_the_socket_that_asked_for_it_most_narrowly() {
    let mut stack = stack("10.0.0.2", false, 1);
    let anywhere = stack.udp_open(at("0.0.0.0:7"), 64);
    let connected = stack.udp_open(at("0.0.0.0:7"), 64);
    stack.udp_connect(connected, at("10.0.0.2:7").ip(), at("10.0.0.1:1"));
    let to = |from: &str| stack.destination(Via::Link, &datagram(from, "10.0.0.2:7"));
    assert_eq!(to("10.0.0.1:1"), Destination::Udp(connected));
    assert_eq!(to("10.0.0.1:2"), Destination::Udp(anywhere));
    assert_eq!(stack.destination(Via::Link, &datagram("10.0.0.1:1", "10.0.0.2:8")), Destination::Stack);
}

#[test]
fn what_is_for_another_host_is_known_as_such() {
    let mut plain = stack("10.0.0.2", false, 1);
    plain.udp_open(at("0.0.0.0:7"), 64);
    assert_eq!(plain.destination(Via::Link, &datagram("10.0.0.1:1", "10.0.0.3:7")), Destination::Other);

    let mut asking = stack("10.0.0.1", true, 5);
    let id = asking.udp_open(at("10.0.0.1:1"), 64);
    asking.udp_send(id, at("10.0.0.2:7"), &Bytes::from_static(b"text"));
    assert!(asking.udp_flush(id, Time::ZERO));
    let question = asking.next_departure().expect("an ARP request").frame;
    let (one, other) = (stack("10.0.0.2", true, 6), stack("10.0.0.3", true, 7));
    assert_eq!(other.destination(Via::Link, &question), Destination::Stack, "a broadcast is for all");
    let mut one = one;
    one.feed_stack(Via::Link, Time::ZERO, &question);
    let reply = one.next_departure().expect("an ARP reply").frame;
    assert_eq!(other.destination(Via::Link, &reply), Destination::Other);
    assert_eq!(asking.destination(Via::Link, &reply), Destination::Stack);
}

#[test]
fn a_socket_that_is_not_read_runs_out_of_room() {
    let mut stack = stack("10.0.0.2", false, 1);
    let id = stack.udp_open(at("0.0.0.0:7"), 64);
    let frame = datagram("10.0.0.1:1", "10.0.0.2:7");
    let mut taken = 0;
    while stack.udp_has_room(id) && taken < 1_000 {
        stack.feed_udp(id, Via::Link, Time::ZERO, &frame);
        taken += 1;
    }
    assert_eq!(taken, UDP_QUEUE);
    assert_eq!(stack.udp_recv(id), Some((Bytes::from_static(b"text"), at("10.0.0.1:1"))));
    assert!(stack.udp_has_room(id));
}

#[test]
fn the_first_connection_has_the_initial_sequence_number_that_was_asked_for() {
    let addr: IpAddr = Ipv4Addr::new(10, 0, 0, 1).into();
    for isn in [0, 1, 1_000, u32::MAX] {
        let config = StackConfig {
            addrs: vec![IpNet { addr, prefix: 24 }],
            gateways: Vec::new(),
            ethernet: false,
            mtu: 1_500,
            station: 1,
            seed: 0,
            isn: Some(isn),
            model: None,
        };
        let mut stack = Stack::new(&config);
        let remote = SocketAddr::from((Ipv4Addr::new(10, 0, 0, 2), 80));
        let id = stack.connect(&SocketSpec::default(), SocketAddr::new(addr, 4_000), remote).expect("a way");
        stack.flush(id, Time::ZERO);
        let frame = stack.next_departure().expect("a SYN").frame;
        let packet = packet::dissect(&frame, false).expect("a packet");
        assert_eq!(packet.tcp().map(|segment| segment.seq), Some(isn));
    }
}
