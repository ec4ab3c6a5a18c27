//! A router between subnets, on bare IP packets (RFC 1812 in what it does: longest prefix, TTL, ICMP errors).

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

    /// What becomes of a packet.
    pub fn route(&self, frame: &Bytes) -> Routed {
        let Some((_, src, dst)) = packet::endpoints(frame, false) else {
            return Routed::Away { why: DropWhy::Malformed, error: None };
        };
        if self.addrs.contains(&dst.ip()) {
            return Routed::Away { why: DropWhy::NotForUs, error: None };
        }
        let refuse = |why, kind| {
            let back = self.port_for(src.ip());
            let error =
                back.and_then(|port| Some((port, packet::icmp_error(kind, self.addr_at(port, dst.ip())?, frame)?)));
            Routed::Away { why, error }
        };
        let mut onward = BytesMut::from(&frame[..]);
        if !packet::decrement_ttl(&mut onward) {
            return refuse(DropWhy::TtlExpired, IcmpKind::TimeExceeded);
        }
        let Some(port) = self.port_for(dst.ip()) else {
            return refuse(DropWhy::NoRoute, IcmpKind::HostUnreachable);
        };
        let mtu = self.mtus.get(port).copied().unwrap_or(u32::MAX);
        if frame.len() > mtu as usize {
            return refuse(DropWhy::TooBig, IcmpKind::TooBig(mtu));
        }
        Routed::On { port, frame: onward.freeze() }
    }
}
