//! Addresses and networks.

use core::net::IpAddr;

/// An address with the length of its network's prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IpNet {
    /// The address.
    pub addr: IpAddr,
    /// Bits of the prefix.
    pub prefix: u8,
}

impl IpNet {
    /// Is the address in this network?
    pub fn contains(&self, other: IpAddr) -> bool {
        let shared = |a: u128, b: u128, width: u32| {
            let keep = width - u32::from(self.prefix).min(width);
            keep >= 128 || (a >> keep) == (b >> keep)
        };
        match (self.addr, other) {
            (IpAddr::V4(a), IpAddr::V4(b)) => shared(u128::from(u32::from(a)), u128::from(u32::from(b)), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => shared(u128::from(a), u128::from(b), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Is it the address of all hosts of this network (RFC 919)? A network of one or two has none (RFC 3021).
    pub fn is_broadcast(&self, other: IpAddr) -> bool {
        let IpAddr::V4(addr) = other else { return false };
        let hosts = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
        self.contains(other) && hosts > 1 && u32::from(addr) & hosts == hosts
    }
}

#[cfg(test)]
mod tests {
    use super::IpNet;

    #[test]
    fn a_network_of_more_than_two_has_a_broadcast_address() {
        let is = |net: (&str, u8), addr: &str| {
            IpNet { addr: net.0.parse().unwrap(), prefix: net.1 }.is_broadcast(addr.parse().unwrap())
        };
        assert!(
            is(("10.0.0.1", 24), "10.0.0.255")
                && is(("10.0.0.1", 30), "10.0.0.3")
                && is(("10.1.2.3", 0), "255.255.255.255")
        );
        assert!(!is(("10.0.0.1", 24), "10.0.1.255") && !is(("10.0.0.1", 24), "10.0.0.254"));
        assert!(
            !is(("10.0.0.0", 31), "10.0.0.1") && !is(("10.0.0.1", 32), "10.0.0.1") && !is(("fd00::1", 64), "fd00::ff")
        );
    }
}
