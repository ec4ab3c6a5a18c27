use super::*;
use core::net::{IpAddr, SocketAddr};
use proptest::prelude::*;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{ArpOperation, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, UdpRepr};

fn addr(text: &str) -> SocketAddr {
    text.parse().expect("an address and a port")
}

fn both_families() -> [(SocketAddr, SocketAddr); 2] {
    [(addr("10.0.0.1:49152"), addr("10.0.0.2:80")), (addr("[fd00::1]:49152"), addr("[fd00::2]:80"))]
}

fn in_ethernet(ethertype: EthernetProtocol, payload: &[u8]) -> Vec<u8> {
    let repr = EthernetRepr { src_addr: EthernetAddress([2; 6]), dst_addr: EthernetAddress([4; 6]), ethertype };
    let mut frame = vec![0; 14 + payload.len()];
    repr.emit(&mut EthernetFrame::new_unchecked(&mut frame[..]));
    frame[14..].copy_from_slice(payload);
    frame
}

fn udp(src: SocketAddr, dst: SocketAddr, text: &[u8]) -> Vec<u8> {
    // Made from a TCP packet's IP header: the same addresses, another protocol.
    let model = craft_tcp(src, dst, 64, &Segment::default(), &vec![0; text.len().saturating_sub(12)]).expect("fits");
    assert!(text.len() >= 12, "the tests' datagrams are this long");
    let mut packet = model.to_vec();
    let start = if src.is_ipv4() { 20 } else { 40 };
    if src.is_ipv4() {
        packet[9] = 17;
        packet[8] += 1;
        assert!(decrement_ttl(&mut packet));
    } else {
        packet[6] = 17;
    }
    UdpRepr { src_port: src.port(), dst_port: dst.port() }.emit(
        &mut smoltcp::wire::UdpPacket::new_unchecked(&mut packet[start..]),
        &src.ip().into(),
        &dst.ip().into(),
        text.len(),
        |room| room.copy_from_slice(text),
        &ChecksumCapabilities::default(),
    );
    packet
}

#[test]
fn a_crafted_segment_is_dissected_as_it_was_made() {
    for (src, dst) in both_families() {
        let flags = Flags::SYN.with(Flags::ACK).with(Flags::PSH);
        let made = Segment {
            seq: 0xffff_fff0,
            ack: 7,
            flags,
            window: 1_000,
            len: 5,
            mss: Some(1_460),
            scale: Some(7),
            sack_permitted: true,
            sack: Some((1, 9)),
            timestamps: Some((100, 7)),
            urgent: 3,
        };
        let frame = craft_tcp(src, dst, 17, &made, b"hello").expect("one family");
        let packet = dissect(&frame, false).expect("an IP packet");
        assert_eq!((packet.src, packet.dst, packet.ttl), (src, dst, 17));
        assert_eq!(packet.body, Body::Tcp(made));
        assert!(checksums_ok(&frame, false));
        assert_eq!(endpoints(&frame, false), Some((6, src, dst)));
        let ethertype = if src.is_ipv4() { EthernetProtocol::Ipv4 } else { EthernetProtocol::Ipv6 };
        let framed = in_ethernet(ethertype, &frame);
        assert_eq!(dissect(&framed, true).map(|p| p.body), Some(Body::Tcp(made)));
        assert_eq!(endpoints(&framed, true), Some((6, src, dst)));
        assert!(checksums_ok(&framed, true));
        assert_eq!(tcp_text(&framed, true, 5), Some(&b"hello"[..]));
        let spoiled = spoil_tcp_checksum(&frame).expect("a segment");
        assert!(!checksums_ok(&spoiled, false));
        assert_eq!(dissect(&spoiled, false).map(|p| p.body), Some(Body::Tcp(made)));
    }
    assert_eq!(craft_tcp(addr("10.0.0.1:1"), addr("[fd00::1]:1"), 64, &Segment::default(), b""), None);
}

#[test]
fn each_flipped_bit_of_an_ipv4_packet_is_noticed() {
    let (src, dst) = both_families()[0];
    let frame = craft_tcp(src, dst, 64, &Segment { len: 3, ..Segment::default() }, b"abc").expect("fits");
    for bit in 0..u32::try_from(frame.len()).expect("small") * 8 {
        let mut bad = frame.to_vec();
        flip_bit(&mut bad, bit);
        assert!(!checksums_ok(&bad, false), "bit {bit}");
        flip_bit(&mut bad, bit);
        assert_eq!(bad, frame);
    }
    flip_bit(&mut [0; 2], 16);
}

#[test]
fn a_router_takes_one_hop_and_stops_at_the_last() {
    for (src, dst) in both_families() {
        let mut packet = craft_tcp(src, dst, 2, &Segment::default(), b"").expect("fits").to_vec();
        assert!(decrement_ttl(&mut packet));
        assert!(checksums_ok(&packet, false));
        assert_eq!(dissect(&packet, false).map(|p| p.ttl), Some(1));
        assert!(!decrement_ttl(&mut packet));
        assert_eq!(dissect(&packet, false).map(|p| p.ttl), Some(1));
    }
    assert!(!decrement_ttl(&mut []));
}

#[test]
fn an_icmp_error_quotes_what_it_is_about_and_is_never_about_an_error() {
    let kinds = [
        IcmpKind::NetUnreachable,
        IcmpKind::HostUnreachable,
        IcmpKind::PortUnreachable,
        IcmpKind::TooBig(1_400),
        IcmpKind::TimeExceeded,
    ];
    for (src, dst) in both_families() {
        let router: IpAddr = if src.is_ipv4() { "10.0.0.9" } else { "fd00::9" }.parse().expect("an address");
        let datagram = udp(src, dst, &[7; 900]);
        assert!(checksums_ok(&datagram, false));
        assert_eq!(dissect(&datagram, false).map(|p| p.body), Some(Body::Udp(Datagram { len: 900 })));
        for kind in kinds {
            let error = icmp_error(kind, router, &datagram).expect("may be sent");
            assert!(checksums_ok(&error, false));
            let packet = dissect(&error, false).expect("an IP packet");
            assert_eq!((packet.src, packet.dst), (SocketAddr::new(router, 0), SocketAddr::new(src.ip(), 0)));
            assert_eq!(packet.body, Body::Icmp(Icmp { kind, about: Some((src, dst, false)), target: None }));
            assert_eq!(icmp_error(kind, router, &error), None);
        }
        assert_eq!(icmp_error(IcmpKind::Echo, router, &datagram), None);
        let nowhere = SocketAddr::new(if src.is_ipv4() { "224.0.0.1" } else { "ff02::1" }.parse().expect("one"), 9);
        assert_eq!(icmp_error(IcmpKind::TimeExceeded, router, &udp(src, nowhere, &[0; 12])), None);
    }
}

#[test]
fn arp_has_addresses_and_no_ports() {
    let repr = ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Reply,
        source_hardware_addr: EthernetAddress([2; 6]),
        source_protocol_addr: [10, 0, 0, 2].into(),
        target_hardware_addr: EthernetAddress([4; 6]),
        target_protocol_addr: [10, 0, 0, 1].into(),
    };
    let mut message = [0; 28];
    repr.emit(&mut smoltcp::wire::ArpPacket::new_unchecked(&mut message[..]));
    let frame = in_ethernet(EthernetProtocol::Arp, &message);
    let packet = dissect(&frame, true).expect("an ARP message");
    assert_eq!((packet.src, packet.dst), (addr("10.0.0.2:0"), addr("10.0.0.1:0")));
    let (sender, target) = (packet.src.ip(), packet.dst.ip());
    assert_eq!(packet.body, Body::Arp(Arp { reply: true, sender, target }));
    assert!(checksums_ok(&frame, true));
    assert_eq!(endpoints(&frame, true), None);
}

/// Bytes that are packets but for a few places, so that the parsers get far.
fn nearly_packets() -> impl Strategy<Value = Vec<u8>> {
    let good = prop_oneof![
        Just(craft_tcp(both_families()[0].0, both_families()[0].1, 9, &full(), b"text").expect("fits").to_vec()),
        Just(craft_tcp(both_families()[1].0, both_families()[1].1, 9, &full(), b"text").expect("fits").to_vec()),
        Just(udp(both_families()[0].0, both_families()[0].1, &[1; 40])),
        Just(udp(both_families()[1].0, both_families()[1].1, &[1; 40])),
        Just(
            icmp_error(
                IcmpKind::PortUnreachable,
                "10.0.0.9".parse().expect("an address"),
                &udp(both_families()[0].0, both_families()[0].1, &[1; 12])
            )
            .expect("may be sent")
            .to_vec()
        ),
        prop::collection::vec(any::<u8>(), 0..120),
    ];
    (good, prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4), any::<prop::sample::Index>())
        .prop_map(|(mut bytes, changes, cut)| {
            for (at, value) in changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = value;
                }
            }
            let keep = cut.index(bytes.len() * 4 + 1);
            bytes.truncate(keep.max(1));
            bytes
        })
}

fn full() -> Segment {
    Segment { flags: Flags::SYN, mss: Some(536), scale: Some(2), sack: Some((1, 2)), ..Segment::default() }
}

proptest! {
    #[test]
    fn no_bytes_make_anything_panic(bytes in nearly_packets(), ethernet in any::<bool>(), bit in any::<u32>()) {
        let packet = dissect(&bytes, ethernet);
        let quick = endpoints(&bytes, ethernet);
        if let Some(Packet { src, dst, body: Body::Tcp(_) | Body::Udp(_), .. }) = packet {
            prop_assert_eq!(quick.map(|(_, from, to)| (from, to)), Some((src, dst)));
        }
        let _ = checksums_ok(&bytes, ethernet);
        let from: IpAddr = "10.0.0.9".parse().expect("an address");
        let _ = icmp_error(IcmpKind::TimeExceeded, from, &bytes);
        let mut bytes = bytes;
        flip_bit(&mut bytes, bit);
        decrement_ttl(&mut bytes);
    }
}

#[test]
fn options_are_readable_up_to_the_end_of_their_list() {
    let (src, dst) = both_families()[0];
    let readable = |options: &[u8]| {
        let frame = craft_tcp_with(src, dst, 64, &Segment::default(), options, b"text").expect("a segment");
        has_readable_options(&frame, false)
    };
    assert!([&[][..], &[1, 1, 1, 1], &[1, 0xfd, 5, 0xaa, 0xbb, 0xcc, 1, 0, 0xff]].into_iter().all(readable));
    assert!(!readable(&[0xfd, 0, 1, 1]), "a length of zero");
    assert!(!readable(&[1, 1, 0xfd, 5]), "beyond the header");
    assert!(!has_readable_options(&[0x45; 24], false), "no TCP header");
}

#[test]
fn no_length_overflows() {
    let segment = Segment { len: u32::MAX, flags: Flags::SYN.with(Flags::FIN), ..Segment::default() };
    assert_eq!(segment.seg_len(), u32::MAX, "a saved trace can say so");
}

#[test]
fn an_echo_request_is_answered_with_the_same_text() {
    let (asker, asked) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
    let mut request =
        icmp_error(IcmpKind::PortUnreachable, asker, &echo_quotable(asked, asker)).expect("a packet").to_vec();
    // The same packet as an echo request, with what was quoted for its text.
    request[20] = 8;
    request[21] = 0;
    let reply = echo_reply(&request).expect("an answer");
    let packet = dissect(&reply, false).expect("a packet");
    assert!(checksums_ok(&reply, false) && reply.len() == request.len() && reply[24..] == request[24..]);
    assert_eq!((packet.src.ip(), packet.dst.ip()), (asked, asker));
    assert!(matches!(packet.body, Body::Icmp(Icmp { kind: IcmpKind::EchoReply, .. })));
    assert_eq!(echo_reply(&reply), None, "a reply is not answered");
}

fn echo_quotable(src: core::net::IpAddr, dst: core::net::IpAddr) -> bytes::Bytes {
    let (src, dst) = (core::net::SocketAddr::new(src, 1), core::net::SocketAddr::new(dst, 2));
    craft_tcp(src, dst, 64, &Segment::default(), b"text").expect("a segment")
}
