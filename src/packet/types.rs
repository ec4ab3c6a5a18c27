//! What a frame says, as plain values. Sequence numbers are absolute here; views make them relative.

use crate::tcp;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use serde::{Deserialize, Serialize};

/// TCP control bits (RFC 9293, 3.1), as in the header's 13th and 14th octet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Flags(pub u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Flags = Flags(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: Flags = Flags(0x02);
    /// Reset the connection.
    pub const RST: Flags = Flags(0x04);
    /// Push function.
    pub const PSH: Flags = Flags(0x08);
    /// The acknowledgment field is significant.
    pub const ACK: Flags = Flags(0x10);
    /// The urgent pointer is significant.
    pub const URG: Flags = Flags(0x20);

    const NAMES: [(Flags, &'static str); 8] = [
        (Flags::SYN, "SYN"),
        (Flags::FIN, "FIN"),
        (Flags::RST, "RST"),
        (Flags::PSH, "PSH"),
        (Flags::URG, "URG"),
        (Flags(0x40), "ECE"),
        (Flags(0x80), "CWR"),
        (Flags::ACK, "ACK"),
    ];

    /// Are all of these set?
    pub const fn has(self, flags: Flags) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// These and those.
    pub const fn with(self, flags: Flags) -> Flags {
        Flags(self.0 | flags.0)
    }

    /// These without those.
    pub const fn without(self, flags: Flags) -> Flags {
        Flags(self.0 & !flags.0)
    }

    /// A connection request: SYN without ACK or RST.
    pub const fn is_request(self) -> bool {
        self.has(Flags::SYN) && self.0 & (Flags::ACK.0 | Flags::RST.0) == 0
    }

    /// Reads `SYN,ACK`; names in any order, `-` or nothing for none.
    pub fn parse(text: &str) -> Option<Flags> {
        if matches!(text.trim(), "" | "-") {
            return Some(Flags(0));
        }
        text.split(',').try_fold(Flags(0), |flags, word| {
            let (flag, _) = Flags::NAMES.iter().find(|(_, name)| *name == word.trim())?;
            Some(flags.with(*flag))
        })
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (_, name) in Flags::NAMES.iter().filter(|(flag, _)| self.has(*flag)) {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(name);
        }
        f.pad(if text.is_empty() { "-" } else { &text })
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Flags> for String {
    fn from(flags: Flags) -> String {
        flags.to_string()
    }
}

impl TryFrom<String> for Flags {
    type Error = String;
    fn try_from(text: String) -> Result<Flags, String> {
        Flags::parse(&text).ok_or_else(|| format!("`{text}` are no TCP control bits"))
    }
}

/// A TCP header and the length of what follows it (RFC 9293, 3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Segment {
    /// SEG.SEQ, absolute.
    pub seq: u32,
    /// SEG.ACK, absolute; meaningful where ACK is set.
    pub ack: u32,
    /// The control bits.
    pub flags: Flags,
    /// SEG.WND as it stands in the header, not scaled.
    pub window: u16,
    /// Octets of text.
    pub len: u32,
    /// Maximum segment size option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mss: Option<u16>,
    /// Window scale option: the shift (RFC 7323).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<u8>,
    /// SACK-permitted option (RFC 2018).
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub sack_permitted: bool,
    /// The first block of a SACK option, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sack: Option<(u32, u32)>,
    /// Timestamps option: value and echo (RFC 7323).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<(u32, u32)>,
    /// The urgent pointer; meaningful where URG is set.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub urgent: u16,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u16) -> bool {
    *number == 0
}

impl Segment {
    /// SEG.LEN: octets of text, counting SYN and FIN (RFC 9293, 3.4).
    pub const fn seg_len(&self) -> u32 {
        crate::tcp::seg_len(self.len, self.flags.has(Flags::SYN), self.flags.has(Flags::FIN))
    }

    /// What of it matters to the connection machine.
    pub fn control(&self) -> tcp::Segment {
        let has = |flag| self.flags.has(flag);
        tcp::Segment {
            seq: self.seq,
            ack: has(Flags::ACK).then_some(self.ack),
            len: self.len,
            window: self.window,
            syn: has(Flags::SYN),
            fin: has(Flags::FIN),
            rst: has(Flags::RST),
            scale: self.scale,
            newer: false,
        }
    }
}

/// A UDP datagram: the length of its data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Datagram {
    /// Octets of data.
    pub len: u32,
}

/// What an ICMP message says (RFC 792, RFC 4443).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IcmpKind {
    /// Echo request.
    Echo,
    /// Echo reply.
    EchoReply,
    /// Destination unreachable: network or no route.
    NetUnreachable,
    /// Destination unreachable: host or address.
    HostUnreachable,
    /// Destination unreachable: protocol; of IPv6, a next header that is not known (RFC 4443, 3.4).
    ProtocolUnreachable,
    /// Destination unreachable: port.
    PortUnreachable,
    /// Fragmentation needed, or packet too big: the next hop's MTU in bytes.
    TooBig(u32),
    /// Time exceeded in transit.
    TimeExceeded,
    /// IPv6 neighbour solicitation.
    NeighborSolicit,
    /// IPv6 neighbour advertisement.
    NeighborAdvert,
    /// Anything else: type and code.
    Other(u8, u8),
}

/// An ICMP message, with the packet that it speaks of where it is an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Icmp {
    /// What it says.
    pub kind: IcmpKind,
    /// Source and destination of the quoted packet, and whether it was TCP (else UDP).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<(SocketAddr, SocketAddr, bool)>,
    /// Whose hardware address a neighbor solicitation asks for, or an advertisement tells (RFC 4861, 4.3 and 4.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<IpAddr>,
}

/// An ARP message (RFC 826).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Arp {
    /// A reply; else a request.
    pub reply: bool,
    /// Who sends.
    pub sender: IpAddr,
    /// Whose hardware address is asked for, or who is answered.
    pub target: IpAddr,
}

/// What is in the packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// A TCP segment.
    Tcp(Segment),
    /// A UDP datagram.
    Udp(Datagram),
    /// An ICMP message.
    Icmp(Icmp),
    /// An ARP message.
    Arp(Arp),
    /// Something else: the IP protocol number.
    Other(u8),
}

/// One frame, taken apart. For ICMP and others the ports are 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Packet {
    /// Source address and port.
    pub src: SocketAddr,
    /// Destination address and port.
    pub dst: SocketAddr,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// Bytes of the whole frame.
    pub bytes: u32,
    /// What it carries.
    pub body: Body,
}

impl Packet {
    /// The TCP segment, if it is one.
    pub const fn tcp(&self) -> Option<&Segment> {
        match &self.body {
            Body::Tcp(segment) => Some(segment),
            Body::Udp(_) | Body::Icmp(_) | Body::Arp(_) | Body::Other(_) => None,
        }
    }
}
