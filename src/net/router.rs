//! A router between subnets, on bare IP packets (RFC 1812 in what it does: longest prefix, TTL, ICMP errors, echo).

use crate::packet::{self, IcmpKind};
use crate::scenario::model::IpNet;
use crate::trace::DropWhy;
use bytes::{Bytes, BytesMut};
use core::net::IpAddr;

/// A way to a network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// The network.
    pub net: IpNet,
    /// Through this port.
    pub port: usize,
}

/// A router at work; its ports are numbered from 0.
#[derive(Debug)]
pub struct Router {
    addrs: Vec<IpAddr>,
    routes: Vec<Route>,
    mtus: Vec<u32>,
}

/// What a router does with a packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Routed {
    /// Sends it on.
    On {
        /// Through this port.
        port: usize,
        /// With its TTL one less.
        frame: Bytes,
    },
    /// It was an echo request to the router itself: answers.
    Answered {
        /// Through this port.
        port: usize,
        /// The echo reply.
        frame: Bytes,
    },
    /// Throws it away, and tells the sender where that is allowed.
    Away {
        /// Why.
        why: DropWhy,
        /// The ICMP error and the port that it goes through.
        error: Option<(usize, Bytes)>,
    },
}

impl Router {
    /// A router with these addresses, routes, and the MTU of each port's link.
    pub fn new(addrs: Vec<IpAddr>, mut routes: Vec<Route>, mtus: Vec<u32>) -> Self {
        routes.sort_by_key(|route| (core::cmp::Reverse(route.net.prefix), route.port));
        Router { addrs, routes, mtus }
    }

    fn port_for(&self, to: IpAddr) -> Option<usize> {
        self.routes.iter().find(|route| route.net.contains(to)).map(|route| route.port)
    }

    /// The router's own address at a port (RFC 1812, 4.3.2.4); where it has none of that family there, another one.
    fn addr_at(&self, port: usize, like: IpAddr) -> Option<IpAddr> {
        let fits = |addr: &IpAddr| addr.is_ipv4() == like.is_ipv4() && self.addrs.contains(addr);
        let near = self.routes.iter().filter(|route| route.port == port).map(|route| route.net.addr).find(fits);
        near.or_else(|| self.addrs.iter().copied().find(fits))
    }

    /// What becomes of a packet. Where no route leads the error is network unreachable (RFC 1812, 5.2.7.1). What is for the
    /// router itself finds an echo server (4.3.3.6) and a UDP without a bound port; it has no TCP (6.2 only says that it
    /// should), which a host learns as protocol unreachable.
    pub fn route(&self, frame: &Bytes) -> Routed {
        let Some((protocol, src, dst)) = packet::endpoints(frame, false) else {
            return Routed::Away { why: DropWhy::Malformed, error: None };
        };
        let refuse = |why, kind| {
            let back = self.port_for(src.ip());
            let error =
                back.and_then(|port| Some((port, packet::icmp_error(kind, self.addr_at(port, dst.ip())?, frame)?)));
            Routed::Away { why, error }
        };
        if self.addrs.contains(&dst.ip()) {
            let reply = packet::echo_reply(frame).and_then(|frame| Some((self.port_for(src.ip())?, frame)));
            return match reply {
                Some((port, frame)) => Routed::Answered { port, frame },
                // What other ICMP messages say, a router has no use for (RFC 1122, 3.2.2).
                None if matches!(protocol, packet::ICMP | packet::ICMPV6) => {
                    Routed::Away { why: DropWhy::NoProtocol, error: None }
                }
                None if protocol == packet::UDP => refuse(DropWhy::NoPort, IcmpKind::PortUnreachable),
                None => refuse(DropWhy::NoProtocol, IcmpKind::ProtocolUnreachable),
            };
        }
        let mut onward = BytesMut::from(&frame[..]);
        if !packet::decrement_ttl(&mut onward) {
            return refuse(DropWhy::TtlExpired, IcmpKind::TimeExceeded);
        }
        let Some(port) = self.port_for(dst.ip()) else {
            return refuse(DropWhy::NoRoute, IcmpKind::NetUnreachable);
        };
        let mtu = self.mtus.get(port).copied().unwrap_or(u32::MAX);
        if frame.len() > mtu as usize {
            return refuse(DropWhy::TooBig, IcmpKind::TooBig(mtu));
        }
        Routed::On { port, frame: onward.freeze() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Flags, Segment, craft_tcp, dissect};

    fn net(text: &str, prefix: u8) -> IpNet {
        IpNet { addr: text.parse().expect("an address"), prefix }
    }

    fn router() -> Router {
        let addrs = ["10.1.0.1", "10.2.0.1"].map(|addr| addr.parse().expect("an address"));
        let routes = vec![
            Route { net: net("10.1.0.10", 32), port: 0 },
            Route { net: net("10.1.0.1", 24), port: 0 },
            Route { net: net("10.2.0.1", 24), port: 1 },
        ];
        Router::new(addrs.into(), routes, vec![1_500, 600])
    }

    fn segment(src: &str, dst: &str, ttl: u8, text: &[u8]) -> Bytes {
        let [src, dst] = [src, dst].map(|addr| addr.parse().expect("a socket address"));
        craft_tcp(src, dst, ttl, &Segment { flags: Flags::ACK, ..Segment::default() }, text).expect("a segment")
    }

    #[test]
    fn what_is_sent_on_is_one_hop_older() {
        let Routed::On { port, frame } = router().route(&segment("10.1.0.10:1", "10.2.0.10:2", 64, b"")) else {
            panic!("it has a route")
        };
        assert_eq!((port, dissect(&frame, false).expect("a packet").ttl), (1, 63));
        assert!(crate::packet::checksums_ok(&frame, false));
    }

    #[test]
    fn errors_come_from_the_address_at_which_they_leave() {
        let cases = [
            (segment("10.2.0.10:1", "10.1.0.10:2", 1, b""), DropWhy::TtlExpired, IcmpKind::TimeExceeded, "10.2.0.1"),
            (segment("10.1.0.10:1", "10.9.0.1:2", 64, b""), DropWhy::NoRoute, IcmpKind::NetUnreachable, "10.1.0.1"),
            (segment("10.1.0.10:1", "10.2.0.10:2", 64, &[0; 600]), DropWhy::TooBig, IcmpKind::TooBig(600), "10.1.0.1"),
        ];
        for (frame, why, kind, from) in cases {
            let Routed::Away { why: got, error: Some((_, error)) } = router().route(&frame) else {
                panic!("{why:?} is told to the sender")
            };
            let error = dissect(&error, false).expect("a packet");
            let crate::packet::Body::Icmp(icmp) = error.body else { panic!("ICMP") };
            assert_eq!((got, icmp.kind, error.src.ip().to_string()), (why, kind, from.to_owned()));
        }
    }
}
