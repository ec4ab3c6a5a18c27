//! Where in a frame things stand: byte offsets of Ethernet, IPv4 and IPv6.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use smoltcp::wire::{EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, Ipv6Packet};

/// ICMP's IP protocol number.
pub const ICMP: u8 = 1;
/// TCP's IP protocol number.
pub const TCP: u8 = 6;
/// UDP's IP protocol number.
pub const UDP: u8 = 17;
/// The same of ICMP for IPv6.
pub const ICMPV6: u8 = 58;

/// An Ethernet header's length in bytes.
pub const ETHERNET_HEADER: usize = 14;
const IPV6_HEADER: usize = 40;

/// What a frame carries.
pub(super) enum Inside<'a> {
    /// An IP packet, of whatever version it says.
    Ip(&'a [u8]),
    /// An ARP message.
    Arp(&'a [u8]),
}

pub(super) fn inside(frame: &[u8], ethernet: bool) -> Option<Inside<'_>> {
    if !ethernet {
        return Some(Inside::Ip(frame));
    }
    let ethertype = EthernetFrame::new_checked(frame).ok()?.ethertype();
    let payload = frame.get(ETHERNET_HEADER..)?;
    match ethertype {
        EthernetProtocol::Arp => Some(Inside::Arp(payload)),
        EthernetProtocol::Ipv4 | EthernetProtocol::Ipv6 => Some(Inside::Ip(payload)),
        EthernetProtocol::Unknown(_) => None,
    }
}

/// An IP header's fields, and what follows it.
pub(super) struct Ip<'a> {
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
    pub(super) ttl: u8,
    pub(super) protocol: u8,
    /// A fragment after the first: no transport header in it.
    pub(super) later_fragment: bool,
    /// Not a fragment at all.
    pub(super) whole: bool,
    pub(super) payload: &'a [u8],
}

impl Ip<'_> {
    /// Does the packet end where its header says?
    pub(super) fn fills(&self, packet: &[u8]) -> bool {
        packet.as_ptr_range().end == self.payload.as_ptr_range().end
    }
}

/// Reads an IP packet whose lengths agree with each other.
pub(super) fn ip(packet: &[u8]) -> Option<Ip<'_>> {
    match packet.first()? >> 4 {
        4 => {
            let header = Ipv4Packet::new_checked(packet).ok()?;
            let later_fragment = header.frag_offset() != 0;
            Some(Ip {
                src: IpAddr::V4(header.src_addr()),
                dst: IpAddr::V4(header.dst_addr()),
                ttl: header.hop_limit(),
                protocol: number(header.next_header()),
                later_fragment,
                whole: !later_fragment && !header.more_frags(),
                payload: header.payload(),
            })
        }
        6 => {
            let header = Ipv6Packet::new_checked(packet).ok()?;
            Some(Ip {
                src: IpAddr::V6(header.src_addr()),
                dst: IpAddr::V6(header.dst_addr()),
                ttl: header.hop_limit(),
                protocol: number(header.next_header()),
                later_fragment: false,
                whole: true,
                payload: header.payload(),
            })
        }
        _ => None,
    }
}

fn number(protocol: IpProtocol) -> u8 {
    u8::from(protocol)
}

/// The IP protocol number, source and destination of a frame, read from fixed offsets: for the demultiplexer. Ports are
/// 0 where the protocol has none. `None` for what is not IP, and for fragments after the first (they carry no ports).
pub fn endpoints(frame: &[u8], ethernet: bool) -> Option<(u8, SocketAddr, SocketAddr)> {
    let packet = if ethernet {
        match frame.get(12..ETHERNET_HEADER)? {
            [0x08, 0x00] | [0x86, 0xdd] => frame.get(ETHERNET_HEADER..)?,
            _ => return None,
        }
    } else {
        frame
    };
    ip_endpoints(packet)
}

/// The TCP header of a segment, and what follows it.
pub(super) fn tcp_header(frame: &[u8], ethernet: bool) -> Option<&[u8]> {
    let packet = if ethernet { frame.get(ETHERNET_HEADER..)? } else { frame };
    let first = *packet.first()?;
    packet.get(if first >> 4 == 4 { usize::from(first & 0x0f) * 4 } else { IPV6_HEADER }..)
}

/// The text of a TCP segment of this length.
pub fn tcp_text(frame: &[u8], ethernet: bool, len: u32) -> Option<&[u8]> {
    let header = tcp_header(frame, ethernet)?;
    header.get(usize::from(*header.get(12)? >> 4) * 4..)?.get(..len as usize)
}

/// The control bits of a TCP segment, read from fixed offsets: for the demultiplexer.
pub fn tcp_flags(frame: &[u8], ethernet: bool) -> Option<super::Flags> {
    tcp_header(frame, ethernet)?.get(13).copied().map(super::Flags)
}

/// The window of a TCP segment, not scaled, read from fixed offsets.
pub fn tcp_window(frame: &[u8], ethernet: bool) -> Option<u16> {
    let window = tcp_header(frame, ethernet)?.get(14..16)?;
    Some(u16::from_be_bytes([window[0], window[1]]))
}

/// The same of a packet that begins with its IP header and may be cut short after the ports.
pub(super) fn ip_endpoints(packet: &[u8]) -> Option<(u8, SocketAddr, SocketAddr)> {
    let first = *packet.first()?;
    let (protocol, src, dst, header) = match first >> 4 {
        4 => {
            let fixed = packet.first_chunk::<20>()?;
            if fixed[6] & 0x1f != 0 || fixed[7] != 0 {
                return None;
            }
            let header = usize::from(first & 0x0f) * 4;
            if header < 20 {
                return None;
            }
            (fixed[9], IpAddr::V4(v4(fixed, 12)), IpAddr::V4(v4(fixed, 16)), header)
        }
        6 => {
            let fixed = packet.first_chunk::<IPV6_HEADER>()?;
            (fixed[6], IpAddr::V6(v6(fixed, 8)), IpAddr::V6(v6(fixed, 24)), IPV6_HEADER)
        }
        _ => return None,
    };
    let (from, to) = match protocol {
        TCP | UDP => {
            let ports = packet.get(header..)?.first_chunk::<4>()?;
            (u16::from_be_bytes([ports[0], ports[1]]), u16::from_be_bytes([ports[2], ports[3]]))
        }
        _ => (0, 0),
    };
    Some((protocol, SocketAddr::new(src, from), SocketAddr::new(dst, to)))
}

fn v4(header: &[u8; 20], at: usize) -> Ipv4Addr {
    Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3])
}

fn v6(header: &[u8; IPV6_HEADER], at: usize) -> Ipv6Addr {
    let mut octets = [0; 16];
    octets.copy_from_slice(&header[at..at + 16]);
    Ipv6Addr::from(octets)
}
