//! A host's two interfaces: the one on its link, and loopback.

use super::device::{Device, Receiving, Via};
use super::guard::Guard;
use super::stack::StackConfig;
use crate::base::Time;
use crate::scenario::model::IpNet;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpAddress, IpCidr};

/// An interface of the stack, and its device.
pub(super) struct Port {
    guard: Guard,
    pub(super) iface: Interface,
    pub(super) device: Device,
}

/// Both of them.
pub(super) struct Ports {
    pub(super) link: Port,
    pub(super) loopback: Port,
}

pub(super) const LOOPBACK_MTU: u32 = 65_535;

/// A hardware address, locally administered.
pub(super) const fn station(number: u16) -> [u8; 6] {
    let [high, low] = number.to_be_bytes();
    [2, 0, 0, 0, high, low]
}

fn instant(at: Time) -> Instant {
    Instant::from_micros(i64::try_from(at.0 / 1_000).unwrap_or(i64::MAX))
}

fn cidr(net: &IpNet) -> IpCidr {
    IpCidr::new(net.addr.into(), net.prefix)
}

/// The seed with which smoltcp's generator (`s = s * M + A`, 32 bits of it permuted) draws `wanted` for its first
/// connection. Before that it draws once for the interface's IPv4 identification, and again while that is 0.
const fn seed_for(wanted: u32) -> u64 {
    const M: u64 = 0xbb2e_fcec_3c39_611d;
    const A: u64 = 0x7590_ef39;
    let mut inverse = 1_u64;
    let mut i = 0;
    while i < 6 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(M.wrapping_mul(inverse)));
        i += 1;
    }
    // With the top three bits 0 the output is bits 29..61 of the state; those below are free.
    let mut state = (wanted as u64) << 29;
    loop {
        let before = state.wrapping_sub(A).wrapping_mul(inverse);
        let first = (before >> (29 - (before >> 61))) as u32;
        if (first ^ (first >> 16)) as u16 != 0 {
            return before.wrapping_sub(A).wrapping_mul(inverse);
        }
        state += 1;
    }
}

impl Port {
    fn new(guard: &Guard, config: &StackConfig, ethernet: bool, mtu: u32, addrs: &[IpNet]) -> Self {
        let mut device = Device::new(ethernet, mtu);
        let hardware = match ethernet {
            true => HardwareAddress::Ethernet(EthernetAddress(station(config.station))),
            false => HardwareAddress::Ip,
        };
        let mut setup = Config::new(hardware);
        setup.random_seed = config.isn.map_or(config.seed, seed_for);
        let mut iface = Interface::new(setup, &mut device, Instant::ZERO);
        iface.update_ip_addrs(|list| {
            for net in addrs {
                // More than the stack has room for is refused when the scenario is checked.
                let _ = list.push(cidr(net));
            }
        });
        Port { guard: guard.clone(), iface, device }
    }

    /// Takes one frame in, for these sockets.
    pub(super) fn take_in(&mut self, now: Time, frame: &[u8], set: &mut SocketSet<'static>) {
        let (iface, device) = (&mut self.iface, &mut self.device);
        self.guard.run(|| {
            iface.poll_ingress_single(instant(now), &mut Receiving { frame: Some(frame), device }, set);
        });
    }

    /// Lets these sockets send what they have to, at most one packet each; whether anything went out.
    pub(super) fn let_out(&mut self, now: Time, set: &mut SocketSet<'static>) -> bool {
        let before = self.device.outgoing.len();
        let (iface, device) = (&mut self.iface, &mut self.device);
        self.guard.run(|| {
            iface.poll_egress(instant(now), device, set);
        });
        self.device.outgoing.len() > before
    }

    /// When these sockets next have something to do; `now` where that is at once.
    pub(super) fn poll_at(&mut self, now: Time, set: &SocketSet<'static>) -> Option<Time> {
        let iface = &mut self.iface;
        let at = self.guard.run(|| iface.poll_at(instant(now), set))?;
        Some(Time(u64::try_from(at.total_micros()).unwrap_or(0).saturating_mul(1_000)).max(now))
    }
}

impl Ports {
    /// Two interfaces with the host's addresses; loopback has its own besides.
    pub(super) fn new(guard: &Guard, config: &StackConfig) -> Self {
        let mut link = Port::new(guard, config, config.ethernet, config.mtu, &config.addrs);
        for gateway in &config.gateways {
            let routes = link.iface.routes_mut();
            let _ = match gateway {
                IpAddr::V4(v4) => routes.add_default_ipv4_route(*v4),
                IpAddr::V6(v6) => routes.add_default_ipv6_route(*v6),
            };
        }
        let mut own = vec![
            IpNet { addr: IpAddr::V4(Ipv4Addr::LOCALHOST), prefix: 8 },
            IpNet { addr: IpAddr::V6(Ipv6Addr::LOCALHOST), prefix: 128 },
        ];
        own.extend(&config.addrs);
        Ports { link, loopback: Port::new(guard, config, false, LOOPBACK_MTU, &own) }
    }

    pub(super) fn at(&mut self, via: Via) -> &mut Port {
        match via {
            Via::Link => &mut self.link,
            Via::Loopback => &mut self.loopback,
        }
    }

    /// Is this one of the host's own addresses, loopback's included?
    pub(super) fn own(&self, addr: IpAddr) -> bool {
        self.loopback.iface.has_ip_addr(IpAddress::from(addr))
    }

    /// The device that leads to the address.
    pub(super) fn via_for(&self, remote: IpAddr) -> Via {
        if self.own(remote) { Via::Loopback } else { Via::Link }
    }
}
