//! Local ports: who holds which, and the ephemeral ones (the dynamic range of RFC 6335, 6), handed out in turn.

use crate::base::Fd;
use crate::scenario::model::Proto;
use core::net::SocketAddr;
use core::ops::RangeInclusive;
use std::collections::BTreeSet;

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

/// Which sockets have which local port: what would else be a search through all descriptors.
#[derive(Debug, Default)]
pub(super) struct Holders {
    streams: BTreeSet<(u16, Fd)>,
    datagrams: BTreeSet<(u16, Fd)>,
    listeners: BTreeSet<(u16, Fd)>,
}

impl Holders {
    fn of(&mut self, proto: Proto) -> &mut BTreeSet<(u16, Fd)> {
        match proto {
            Proto::Tcp => &mut self.streams,
            Proto::Udp => &mut self.datagrams,
        }
    }

    /// A socket's local address changes.
    pub(super) fn moved(&mut self, proto: Proto, fd: Fd, from: Option<SocketAddr>, to: Option<SocketAddr>) {
        let set = self.of(proto);
        if let Some(from) = from {
            set.remove(&(from.port(), fd));
        }
        if let Some(to) = to {
            set.insert((to.port(), fd));
        }
    }

    /// A socket begins to listen at this port.
    pub(super) fn listens(&mut self, fd: Fd, port: u16) {
        self.listeners.insert((port, fd));
    }

    /// A socket listens at this port no longer.
    pub(super) fn listens_no_more(&mut self, fd: Fd, port: u16) {
        self.listeners.remove(&(port, fd));
    }

    /// The sockets at this port.
    pub(super) fn at(&self, proto: Proto, port: u16) -> impl Iterator<Item = Fd> + '_ {
        match proto {
            Proto::Tcp => at(&self.streams, port),
            Proto::Udp => at(&self.datagrams, port),
        }
    }

    /// The sockets that listen at this port.
    pub(super) fn listening(&self, port: u16) -> impl Iterator<Item = Fd> + '_ {
        at(&self.listeners, port)
    }
}

fn at(set: &BTreeSet<(u16, Fd)>, port: u16) -> impl Iterator<Item = Fd> + '_ {
    set.range((port, Fd(0))..=(port, Fd(u32::MAX))).map(|&(_, fd)| fd)
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
