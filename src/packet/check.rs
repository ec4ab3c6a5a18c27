//! Checksums of what arrives.

use super::layout::{ICMP, ICMPV6, Inside, Ip, TCP, UDP, inside, ip};
use core::net::IpAddr;
use smoltcp::wire::{Icmpv4Packet, Icmpv6Packet, Ipv4Packet, TcpPacket, UdpPacket};

/// Do all checksums of the frame match: of the IPv4 header, and of TCP, UDP and ICMP? What cannot be read does not match;
/// what has no checksum (ARP, other protocols) does. Without Ethernet's padding a packet must be as long as it says.
pub fn checksums_ok(frame: &[u8], ethernet: bool) -> bool {
    match inside(frame, ethernet) {
        Some(Inside::Arp(_)) => true,
        Some(Inside::Ip(packet)) => {
            header_ok(packet) && ip(packet).is_some_and(|ip| (ethernet || ip.fills(packet)) && transport_ok(&ip))
        }
        None => false,
    }
}

fn header_ok(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| first >> 4 != 4)
        || Ipv4Packet::new_checked(packet).is_ok_and(|header| header.verify_checksum())
}

fn transport_ok(ip: &Ip<'_>) -> bool {
    if !ip.whole {
        return true;
    }
    let (src, dst) = (ip.src.into(), ip.dst.into());
    match (ip.protocol, ip.src, ip.dst) {
        (TCP, ..) => TcpPacket::new_checked(ip.payload).is_ok_and(|p| p.verify_checksum(&src, &dst)),
        (UDP, ..) => UdpPacket::new_checked(ip.payload).is_ok_and(|p| p.verify_checksum(&src, &dst)),
        (ICMP, IpAddr::V4(_), _) => Icmpv4Packet::new_checked(ip.payload).is_ok_and(|p| p.verify_checksum()),
        (ICMPV6, IpAddr::V6(src), IpAddr::V6(dst)) => {
            Icmpv6Packet::new_checked(ip.payload).is_ok_and(|p| p.verify_checksum(&src, &dst))
        }
        _ => true,
    }
}
