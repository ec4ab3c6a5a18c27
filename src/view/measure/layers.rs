//! A packet's bytes by layer. They add up to the packet, whatever it is.

use crate::packet::{Body, ETHERNET_HEADER, Packet};

crate::finite! {
    /// Whose bytes they are.
    pub enum Layer {
        /// Ethernet headers.
        Ethernet => "ethernet",
        /// IP headers.
        Ip => "ip",
        /// TCP headers without options.
        Tcp => "tcp",
        /// TCP options.
        TcpOptions => "tcp-options",
        /// UDP headers.
        Udp => "udp",
        /// ICMP messages.
        Icmp => "icmp",
        /// ARP messages.
        Arp => "arp",
        /// Packets of other protocols.
        Other => "other",
        /// Application data, sent for the first time.
        Payload => "payload",
        /// Application data, sent again.
        PayloadAgain => "payload-again",
    }
}

impl Layer {
    pub(super) const fn about(self) -> &'static str {
        match self {
            Layer::Ethernet => "of them, Ethernet headers",
            Layer::Ip => "of them, IP headers",
            Layer::Tcp => "of them, TCP headers without their options",
            Layer::TcpOptions => "of them, TCP options",
            Layer::Udp => "of them, UDP headers",
            Layer::Icmp => "of them, ICMP messages",
            Layer::Arp => "of them, ARP messages",
            Layer::Other => "of them, packets of other protocols, without the IP header",
            Layer::Payload => "of them, application data sent for the first time",
            Layer::PayloadAgain => "of them, TCP text below the highest number sent: sent again",
        }
    }
}

/// The lengths of the fixed headers.
const IPV4: u64 = 20;
const IPV6: u64 = 40;
const TCP: u64 = 20;
const UDP: u64 = 8;

/// The bytes of a packet; `again` of its text have been sent before.
pub(super) fn layers(packet: &Packet, ethernet: bool, again: u64) -> Vec<(Layer, u64)> {
    let mut rest = u64::from(packet.bytes);
    let mut parts = Vec::new();
    let mut take = |layer: Layer, most: u64| {
        let part = most.min(rest);
        rest -= part;
        if part > 0 {
            parts.push((layer, part));
        }
    };
    if ethernet {
        take(Layer::Ethernet, ETHERNET_HEADER as u64);
    }
    if !matches!(packet.body, Body::Arp(_)) {
        take(Layer::Ip, if packet.src.is_ipv4() { IPV4 } else { IPV6 });
    }
    match &packet.body {
        Body::Tcp(segment) => {
            let text = u64::from(segment.len);
            take(Layer::Tcp, TCP);
            take(Layer::PayloadAgain, again.min(text));
            take(Layer::Payload, text - again.min(text));
            take(Layer::TcpOptions, u64::MAX);
        }
        Body::Udp(_) => {
            take(Layer::Udp, UDP);
            take(Layer::Payload, u64::MAX);
        }
        Body::Icmp(_) => take(Layer::Icmp, u64::MAX),
        Body::Arp(_) => take(Layer::Arp, u64::MAX),
        Body::Other(_) => take(Layer::Other, u64::MAX),
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Datagram, Segment};

    fn packet(src: &str, bytes: u32, body: Body) -> Packet {
        let src = src.parse().unwrap();
        Packet { src, dst: src, ttl: 64, bytes, body }
    }

    #[test]
    fn the_layers_of_a_segment() {
        let body = Body::Tcp(Segment { len: 100, ..Segment::default() });
        let parts = layers(&packet("10.0.0.1:1", 14 + 20 + 32 + 100, body), true, 30);
        let expected = [
            (Layer::Ethernet, 14),
            (Layer::Ip, 20),
            (Layer::Tcp, 20),
            (Layer::PayloadAgain, 30),
            (Layer::Payload, 70),
            (Layer::TcpOptions, 12),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn a_packet_that_lies_about_its_length_is_not_exceeded() {
        let body = Body::Udp(Datagram { len: 9_999 });
        assert_eq!(
            layers(&packet("[::1]:1", 50, body), false, 0),
            [(Layer::Ip, 40), (Layer::Udp, 8), (Layer::Payload, 2)]
        );
        assert_eq!(layers(&packet("[::1]:1", 7, body), false, 0), [(Layer::Ip, 7)]);
    }
}
