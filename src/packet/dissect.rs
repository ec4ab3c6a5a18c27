//! A frame as a [`Packet`].

use super::layout::{ICMP, ICMPV6, Inside, Ip, TCP, UDP, inside, ip, ip_endpoints, tcp_header};
use super::{Arp, Body, Datagram, Flags, Icmp, IcmpKind, Packet, Segment};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use smoltcp::wire::{ArpOperation, ArpPacket, TcpOption, TcpPacket, UdpPacket};

/// Takes a frame apart. It begins with an Ethernet header if `ethernet`, else with the IP header. Checksums are not
/// looked at: see [`super::checksums_ok`].
pub fn dissect(frame: &[u8], ethernet: bool) -> Option<Packet> {
    let bytes = u32::try_from(frame.len()).ok()?;
    match inside(frame, ethernet)? {
        Inside::Arp(message) => arp(message, bytes),
        Inside::Ip(packet) => Some(ip_packet(&ip(packet)?, bytes)),
    }
}

fn ip_packet(ip: &Ip<'_>, bytes: u32) -> Packet {
    let (ports, body) = body(ip);
    let (from, to) = ports.unwrap_or((0, 0));
    Packet { src: SocketAddr::new(ip.src, from), dst: SocketAddr::new(ip.dst, to), ttl: ip.ttl, bytes, body }
}

fn body(ip: &Ip<'_>) -> (Option<(u16, u16)>, Body) {
    let other = (None, Body::Other(ip.protocol));
    if ip.later_fragment {
        return other;
    }
    match ip.protocol {
        TCP => tcp(ip.payload).unwrap_or(other),
        UDP => udp(ip.payload).unwrap_or(other),
        ICMP => icmp(ip.payload, icmp_kind).unwrap_or(other),
        ICMPV6 => icmp(ip.payload, icmpv6_kind).unwrap_or(other),
        _ => other,
    }
}

fn tcp(bytes: &[u8]) -> Option<(Option<(u16, u16)>, Body)> {
    let header = TcpPacket::new_checked(bytes).ok()?;
    let mut segment = Segment {
        seq: word(bytes, 4)?,
        ack: word(bytes, 8)?,
        flags: Flags(*bytes.get(13)?),
        window: header.window_len(),
        urgent: header.urgent_at(),
        len: u32::try_from(header.payload().len()).ok()?,
        ..Segment::default()
    };
    options(header.options(), &mut segment);
    Some((Some((header.src_port(), header.dst_port())), Body::Tcp(segment)))
}

/// Whether a TCP segment's options can be read up to the end of their list.
pub fn has_readable_options(frame: &[u8], ethernet: bool) -> bool {
    let Some(header) = tcp_header(frame, ethernet).and_then(|bytes| TcpPacket::new_checked(bytes).ok()) else {
        return false;
    };
    options(header.options(), &mut Segment::default())
}

/// Reads the options up to the end of the list or the first that cannot be read: then it is false.
fn options(mut rest: &[u8], segment: &mut Segment) -> bool {
    while let Ok((next, option)) = TcpOption::parse(rest) {
        match option {
            TcpOption::EndOfList => return true,
            TcpOption::MaxSegmentSize(mss) => segment.mss = Some(mss),
            TcpOption::WindowScale(shift) => segment.scale = Some(shift),
            TcpOption::SackPermitted => segment.sack_permitted = true,
            TcpOption::SackRange(blocks) => segment.sack = blocks[0],
            TcpOption::TimeStamp { tsval, tsecr } => segment.timestamps = Some((tsval, tsecr)),
            TcpOption::NoOperation | TcpOption::Unknown { .. } => {}
        }
        rest = next;
    }
    rest.is_empty()
}

fn udp(bytes: &[u8]) -> Option<(Option<(u16, u16)>, Body)> {
    let header = UdpPacket::new_checked(bytes).ok()?;
    let len = u32::from(header.len().saturating_sub(8));
    Some((Some((header.src_port(), header.dst_port())), Body::Udp(Datagram { len })))
}

fn icmp(bytes: &[u8], kind: fn(u8, u8, u32) -> IcmpKind) -> Option<(Option<(u16, u16)>, Body)> {
    let kind = kind(*bytes.first()?, *bytes.get(1)?, word(bytes, 4)?);
    let rest = bytes.get(8..)?;
    Some((None, Body::Icmp(Icmp { kind, about: about(kind, rest), target: target(kind, rest) })))
}

fn icmp_kind(kind: u8, code: u8, rest: u32) -> IcmpKind {
    match (kind, code) {
        (0, _) => IcmpKind::EchoReply,
        (3, 0) => IcmpKind::NetUnreachable,
        (3, 1) => IcmpKind::HostUnreachable,
        (3, 2) => IcmpKind::ProtocolUnreachable,
        (3, 3) => IcmpKind::PortUnreachable,
        (3, 4) => IcmpKind::TooBig(rest & 0xffff),
        (8, _) => IcmpKind::Echo,
        (11, 0) => IcmpKind::TimeExceeded,
        (kind, code) => IcmpKind::Other(kind, code),
    }
}

fn icmpv6_kind(kind: u8, code: u8, rest: u32) -> IcmpKind {
    match (kind, code) {
        (1, 0) => IcmpKind::NetUnreachable,
        (1, 3) => IcmpKind::HostUnreachable,
        (1, 4) => IcmpKind::PortUnreachable,
        (2, _) => IcmpKind::TooBig(rest),
        (3, 0) => IcmpKind::TimeExceeded,
        (4, 1) => IcmpKind::ProtocolUnreachable,
        (128, _) => IcmpKind::Echo,
        (129, _) => IcmpKind::EchoReply,
        (135, _) => IcmpKind::NeighborSolicit,
        (136, _) => IcmpKind::NeighborAdvert,
        (kind, code) => IcmpKind::Other(kind, code),
    }
}

/// Whom a message of neighbour discovery is about.
fn target(kind: IcmpKind, rest: &[u8]) -> Option<IpAddr> {
    let discovers = matches!(kind, IcmpKind::NeighborSolicit | IcmpKind::NeighborAdvert);
    let octets = rest.first_chunk::<16>().filter(|_| discovers)?;
    Some(IpAddr::V6(Ipv6Addr::from(*octets)))
}

/// Who sent what an error quotes, to whom, and whether it was TCP.
fn about(kind: IcmpKind, quoted: &[u8]) -> Option<(SocketAddr, SocketAddr, bool)> {
    match kind {
        IcmpKind::NetUnreachable
        | IcmpKind::HostUnreachable
        | IcmpKind::ProtocolUnreachable
        | IcmpKind::PortUnreachable
        | IcmpKind::TooBig(_)
        | IcmpKind::TimeExceeded => {}
        IcmpKind::Echo
        | IcmpKind::EchoReply
        | IcmpKind::NeighborSolicit
        | IcmpKind::NeighborAdvert
        | IcmpKind::Other(..) => return None,
    }
    match ip_endpoints(quoted)? {
        (TCP, src, dst) => Some((src, dst, true)),
        (UDP, src, dst) => Some((src, dst, false)),
        _ => None,
    }
}

fn arp(bytes: &[u8], frame_len: u32) -> Option<Packet> {
    let header = ArpPacket::new_checked(bytes).ok()?;
    let reply = match header.operation() {
        ArpOperation::Reply => true,
        ArpOperation::Request => false,
        ArpOperation::Unknown(_) => return None,
    };
    let sender = v4(header.source_protocol_addr())?;
    let target = v4(header.target_protocol_addr())?;
    Some(Packet {
        src: SocketAddr::new(sender, 0),
        dst: SocketAddr::new(target, 0),
        ttl: 0,
        bytes: frame_len,
        body: Body::Arp(Arp { reply, sender, target }),
    })
}

fn v4(octets: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(octets).ok().map(|octets| IpAddr::V4(Ipv4Addr::from(octets)))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk::<4>()?))
}
