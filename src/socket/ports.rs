//! Local ports: who holds which, and the ephemeral ones (the dynamic range of RFC 6335, 6), handed out in turn.

use crate::base::{Fd, Groups};
use crate::scenario::model::Proto;
use core::net::SocketAddr;
use core::ops::RangeInclusive;

/// The dynamic ports.
const DYNAMIC: RangeInclusive<u16> = 49_152..=65_535;

/// Hands out ephemeral ports in turn, so that a trace reads the same from run to run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ephemeral {
    next: u16,
}

impl Ephemeral {
    pub(super) const fn new() -> Self {
        Ephemeral { next: *DYNAMIC.start() }
    }

    /// The next port of which `free` says that it can be used; `None` when all are taken. It is not taken yet.
    pub(super) fn find(self, free: impl Fn(u16) -> bool) -> Option<u16> {
        (self.next..=*DYNAMIC.end()).chain(*DYNAMIC.start()..self.next).find(|&port| free(port))
    }

    /// The port has been taken: the search goes on behind it.
    pub(super) fn took(&mut self, port: u16) {
        if DYNAMIC.contains(&port) {
            self.next = if port == *DYNAMIC.end() { *DYNAMIC.start() } else { port + 1 };
        }
    }
}

/// What comes of asking for a local address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// It can be had; port 0 has become an ephemeral one.
    Free(SocketAddr),
    /// Another socket has it, or no ephemeral port is left.
    InUse,
    /// It is not one of this host's.
    NotLocal,
}

impl Place {
    /// The address, if it can be had.
    pub(super) const fn free(self) -> Option<SocketAddr> {
        match self {
            Place::Free(at) => Some(at),
            Place::InUse | Place::NotLocal => None,
        }
    }

    /// What `bind` there is to a machine: one of its inputs for each case.
    pub(super) fn input<I>(self, [free, in_use, not_local]: [I; 3]) -> I {
        match self {
            Place::Free(_) => free,
            Place::InUse => in_use,
            Place::NotLocal => not_local,
        }
    }
}

/// Which sockets have which local port: what would else be a search through all descriptors.
#[derive(Debug, Default)]
pub(super) struct Holders {
    streams: Groups<u16, Fd>,
    datagrams: Groups<u16, Fd>,
    listeners: Groups<u16, Fd>,
}

impl Holders {
    fn of(&mut self, proto: Proto) -> &mut Groups<u16, Fd> {
        match proto {
            Proto::Tcp => &mut self.streams,
            Proto::Udp => &mut self.datagrams,
        }
    }

    /// A socket's local address changes.
    pub(super) fn moved(&mut self, proto: Proto, fd: Fd, from: Option<SocketAddr>, to: Option<SocketAddr>) {
        let map = self.of(proto);
        if let Some(from) = from {
            map.remove(&from.port(), &fd);
        }
        if let Some(to) = to {
            map.insert(to.port(), fd);
        }
    }

    /// A socket begins to listen at this port.
    pub(super) fn listens(&mut self, fd: Fd, port: u16) {
        self.listeners.insert(port, fd);
    }

    /// A socket listens at this port no longer.
    pub(super) fn listens_no_more(&mut self, fd: Fd, port: u16) {
        self.listeners.remove(&port, &fd);
    }

    /// The sockets at this port.
    pub(super) fn at(&self, proto: Proto, port: u16) -> impl Iterator<Item = Fd> + '_ {
        let map = match proto {
            Proto::Tcp => &self.streams,
            Proto::Udp => &self.datagrams,
        };
        map.of(&port).copied()
    }

    /// The sockets that listen at this port.
    pub(super) fn listening(&self, port: u16) -> impl Iterator<Item = Fd> + '_ {
        self.listeners.of(&port).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_come_in_turn_and_round_again() {
        let mut ephemeral = Ephemeral::new();
        let take = |ephemeral: &mut Ephemeral, free: &dyn Fn(u16) -> bool| {
            let port = ephemeral.find(free);
            port.inspect(|&port| ephemeral.took(port))
        };
        assert_eq!(take(&mut ephemeral, &|_| true), Some(49_152));
        assert_eq!(take(&mut ephemeral, &|port| port == 65_535), Some(65_535));
        assert_eq!(take(&mut ephemeral, &|port| port != 49_152), Some(49_153), "round again, past the one in use");
        assert_eq!(take(&mut ephemeral, &|_| false), None);
        assert_eq!(take(&mut ephemeral, &|_| true), Some(49_154), "a search that found none moves nothing");
    }

    #[test]
    fn a_socket_that_moves_holds_one_port() {
        let at = |port| Some(SocketAddr::from(([10, 0, 0, 1], port)));
        let mut holders = Holders::default();
        holders.moved(Proto::Tcp, Fd(3), None, at(80));
        holders.moved(Proto::Tcp, Fd(3), at(80), at(81));
        assert_eq!(holders.at(Proto::Tcp, 80).count(), 0);
        assert_eq!(holders.at(Proto::Tcp, 81).collect::<Vec<_>>(), [Fd(3)]);
        assert_eq!(holders.at(Proto::Udp, 81).count(), 0, "the ports of UDP are others");
    }
}
