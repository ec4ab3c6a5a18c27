//! Packets made, and changed on their way.

use super::layout::{ETHERNET_HEADER, ICMP, ICMPV6, TCP, ip, ip_endpoints};
use super::{IcmpKind, Segment};
use bytes::Bytes;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{Icmpv4Packet, Icmpv6Packet, IpProtocol, Ipv4Packet, Ipv4Repr, Ipv6Packet, Ipv6Repr, TcpPacket};

/// An IP packet with this TCP segment and text, and with right checksums. The segment's `len` is not looked at. `None`
/// where the addresses are of two families, or the text is longer than a packet can be.
pub fn craft_tcp(src: SocketAddr, dst: SocketAddr, ttl: u8, segment: &Segment, text: &[u8]) -> Option<Bytes> {
    craft_tcp_with(src, dst, ttl, segment, &options(segment), text)
}

/// The same with these options, right or wrong, padded with zeros; `None` also for more than 40 bytes of them.
pub fn craft_tcp_with(
    src: SocketAddr,
    dst: SocketAddr,
    ttl: u8,
    segment: &Segment,
    options: &[u8],
    text: &[u8],
) -> Option<Bytes> {
    let header = 20 + options.len().next_multiple_of(4);
    if header > 60 {
        return None;
    }
    let (mut packet, start) = ip_packet(src.ip(), dst.ip(), ttl, TCP, header + text.len())?;
    let bytes = packet.get_mut(start..)?;
    let mut tcp = TcpPacket::new_unchecked(bytes);
    tcp.set_src_port(src.port());
    tcp.set_dst_port(dst.port());
    tcp.set_window_len(segment.window);
    let bytes = tcp.into_inner();
    put(bytes, 4, &segment.seq.to_be_bytes())?;
    put(bytes, 8, &segment.ack.to_be_bytes())?;
    put(bytes, 12, &[u8::try_from(header / 4).ok()? << 4, segment.flags.0])?;
    put(bytes, 20, options)?;
    put(bytes, header, text)?;
    TcpPacket::new_unchecked(bytes).fill_checksum(&src.ip().into(), &dst.ip().into());
    Some(Bytes::from(packet))
}

fn put(bytes: &mut [u8], at: usize, what: &[u8]) -> Option<()> {
    bytes.get_mut(at..)?.get_mut(..what.len())?.copy_from_slice(what);
    Some(())
}

/// The segment's options, padded with no-operations to a multiple of four.
fn options(segment: &Segment) -> Vec<u8> {
    let mut options = Vec::new();
    if let Some(mss) = segment.mss {
        options.extend([2, 4]);
        options.extend(mss.to_be_bytes());
    }
    if let Some(shift) = segment.scale {
        options.extend([3, 3, shift]);
    }
    if segment.sack_permitted {
        options.extend([4, 2]);
    }
    if let Some((left, right)) = segment.sack {
        options.extend([5, 10]);
        options.extend(left.to_be_bytes());
        options.extend(right.to_be_bytes());
    }
    options.resize(options.len().next_multiple_of(4), 1);
    options
}

/// Room for an IP packet with its header filled in, and where its payload begins.
fn ip_packet(src: IpAddr, dst: IpAddr, ttl: u8, protocol: u8, len: usize) -> Option<(Vec<u8>, usize)> {
    let next_header = IpProtocol::from(protocol);
    match (src, dst) {
        (IpAddr::V4(src_addr), IpAddr::V4(dst_addr)) => {
            u16::try_from(20 + len).ok()?;
            let mut packet = vec![0; 20 + len];
            let repr = Ipv4Repr { src_addr, dst_addr, next_header, payload_len: len, hop_limit: ttl };
            repr.emit(&mut Ipv4Packet::new_unchecked(&mut packet[..]), &ChecksumCapabilities::default());
            Some((packet, 20))
        }
        (IpAddr::V6(src_addr), IpAddr::V6(dst_addr)) => {
            u16::try_from(len).ok()?;
            let mut packet = vec![0; 40 + len];
            let repr = Ipv6Repr { src_addr, dst_addr, next_header, payload_len: len, hop_limit: ttl };
            repr.emit(&mut Ipv6Packet::new_unchecked(&mut packet[..]));
            Some((packet, 40))
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

/// An Ethernet frame from this station to all, with this IP packet.
pub fn ethernet_broadcast(from: [u8; 6], packet: &[u8]) -> Bytes {
    let version = packet.first().map_or(0, |first| first >> 4);
    let mut frame = Vec::with_capacity(ETHERNET_HEADER + packet.len());
    frame.extend([0xff; 6]);
    frame.extend(from);
    frame.extend(if version == 6 { [0x86, 0xdd] } else { [0x08, 0x00] });
    frame.extend(packet);
    Bytes::from(frame)
}

/// The ICMP error that `from` sends about an IP packet to that packet's source, quoting it (RFC 792; RFC 4443, 3). `None`
/// where none may be sent (RFC 1122, 3.2.2; RFC 4443, 2.4): about an ICMP error, about a fragment after the first, about
/// what was sent to or from no single host; and where `kind` is no error.
pub fn icmp_error(kind: IcmpKind, from: IpAddr, about: &[u8]) -> Option<Bytes> {
    let (_, offender, _) = ip_endpoints(about)?;
    if !may_answer(about)? {
        return None;
    }
    match (from, offender.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => icmpv4_error(kind, from, to, about),
        (IpAddr::V6(from), IpAddr::V6(to)) => icmpv6_error(kind, from, to, about),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

fn may_answer(about: &[u8]) -> Option<bool> {
    let ip = ip(about)?;
    let single = |addr: IpAddr| match addr {
        IpAddr::V4(addr) => !addr.is_multicast() && !addr.is_broadcast() && !addr.is_unspecified(),
        IpAddr::V6(addr) => !addr.is_multicast() && !addr.is_unspecified(),
    };
    let error = match (ip.protocol, ip.payload.first()) {
        (ICMP, Some(kind)) => !matches!(kind, 0 | 8 | 13..=18),
        (ICMPV6, Some(kind)) => *kind < 128,
        _ => false,
    };
    Some(single(ip.src) && single(ip.dst) && !error)
}

fn icmpv4_error(kind: IcmpKind, from: Ipv4Addr, to: Ipv4Addr, about: &[u8]) -> Option<Bytes> {
    let (kind, code, rest) = match kind {
        IcmpKind::NetUnreachable => (3, 0, 0),
        IcmpKind::HostUnreachable => (3, 1, 0),
        IcmpKind::ProtocolUnreachable => (3, 2, 0),
        IcmpKind::PortUnreachable => (3, 3, 0),
        IcmpKind::TooBig(mtu) => (3, 4, mtu.min(0xffff)),
        IcmpKind::TimeExceeded => (11, 0, 0),
        IcmpKind::Echo
        | IcmpKind::EchoReply
        | IcmpKind::NeighborSolicit
        | IcmpKind::NeighborAdvert
        | IcmpKind::Other(..) => return None,
    };
    // As much of the packet as fits into 576 bytes (RFC 1812, 4.3.2.3).
    let quote = &about[..about.len().min(576 - 28)];
    let (mut packet, start) = ip_packet(from.into(), to.into(), 64, ICMP, 8 + quote.len())?;
    let bytes = packet.get_mut(start..)?;
    put(bytes, 0, &[kind, code])?;
    put(bytes, 4, &rest.to_be_bytes())?;
    put(bytes, 8, quote)?;
    Icmpv4Packet::new_unchecked(bytes).fill_checksum();
    Some(Bytes::from(packet))
}

fn icmpv6_error(kind: IcmpKind, from: Ipv6Addr, to: Ipv6Addr, about: &[u8]) -> Option<Bytes> {
    let (kind, code, rest) = match kind {
        IcmpKind::NetUnreachable => (1, 0, 0),
        IcmpKind::HostUnreachable => (1, 3, 0),
        // Its pointer is to the header's "next header" field.
        IcmpKind::ProtocolUnreachable => (4, 1, 6),
        IcmpKind::PortUnreachable => (1, 4, 0),
        IcmpKind::TooBig(mtu) => (2, 0, mtu),
        IcmpKind::TimeExceeded => (3, 0, 0),
        IcmpKind::Echo
        | IcmpKind::EchoReply
        | IcmpKind::NeighborSolicit
        | IcmpKind::NeighborAdvert
        | IcmpKind::Other(..) => return None,
    };
    // As much of the packet as fits into the smallest MTU of IPv6 (RFC 4443, 3).
    let quote = &about[..about.len().min(1_280 - 48)];
    let (mut packet, start) = ip_packet(from.into(), to.into(), 64, ICMPV6, 8 + quote.len())?;
    let bytes = packet.get_mut(start..)?;
    put(bytes, 0, &[kind, code])?;
    put(bytes, 4, &rest.to_be_bytes())?;
    put(bytes, 8, quote)?;
    Icmpv6Packet::new_unchecked(bytes).fill_checksum(&from, &to);
    Some(Bytes::from(packet))
}

/// The echo reply to an echo request that came in one packet; `None` for any other packet, and where none may be sent
/// (RFC 1122, 3.2.2.6; RFC 4443, 4.2): it goes from the address that was asked to the one that asked.
pub fn echo_reply(request: &[u8]) -> Option<Bytes> {
    let asked = ip(request)?;
    if !asked.whole || !may_answer(request)? {
        return None;
    }
    let reply = match (asked.protocol, asked.payload.first()) {
        (ICMP, Some(8)) => 0,
        (ICMPV6, Some(128)) => 129,
        _ => return None,
    };
    let (mut packet, start) = ip_packet(asked.dst, asked.src, 64, asked.protocol, asked.payload.len())?;
    let bytes = packet.get_mut(start..)?;
    put(bytes, 0, asked.payload)?;
    put(bytes, 0, &[reply, 0, 0, 0])?;
    match (asked.dst, asked.src) {
        (IpAddr::V6(from), IpAddr::V6(to)) => Icmpv6Packet::new_unchecked(bytes).fill_checksum(&from, &to),
        _ => Icmpv4Packet::new_unchecked(bytes).fill_checksum(),
    }
    Some(Bytes::from(packet))
}

/// Takes one from the time to live of an IP packet, as a router does, and makes its header checksum right again. `false`,
/// with the packet unchanged, where none is left to take (or it is no IP packet): it must not go on.
pub fn decrement_ttl(packet: &mut [u8]) -> bool {
    match packet.first().map(|first| first >> 4) {
        Some(4) => {
            let Ok(mut header) = Ipv4Packet::new_checked(packet) else { return false };
            let ttl = header.hop_limit();
            if ttl > 1 {
                header.set_hop_limit(ttl - 1);
                header.fill_checksum();
            }
            ttl > 1
        }
        Some(6) => {
            let Ok(mut header) = Ipv6Packet::new_checked(packet) else { return false };
            let ttl = header.hop_limit();
            if ttl > 1 {
                header.set_hop_limit(ttl - 1);
            }
            ttl > 1
        }
        _ => false,
    }
}

/// Flips one bit, counted from the first byte's highest; beyond the end, nothing changes.
pub fn flip_bit(frame: &mut [u8], bit: u32) {
    if let Some(byte) = usize::try_from(bit / 8).ok().and_then(|at| frame.get_mut(at)) {
        *byte ^= 0x80 >> (bit % 8);
    }
}
