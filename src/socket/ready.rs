//! Readiness, and who is woken when it may have changed.

use super::kernel::{Entry, Kernel};
use crate::base::{ActorId, Fd, Time};
use crate::net::UdpId;
use crate::socket_api::Readiness;
use std::task::Waker;

impl Kernel {
    /// Something may have changed for whoever waits on the descriptor.
    pub(super) fn wake(&mut self, fd: Fd) {
        let maker = self.fds.get(&fd).map(|entry| match entry {
            Entry::Stream(stream) => stream.maker,
            Entry::Dgram(dgram) => dgram.maker,
        });
        let maker = maker.or(self.users.get(&fd).map(|(_, maker)| *maker));
        self.woken.entry(fd).and_modify(|known| *known = known.or(maker)).or_insert(maker);
        for waker in self.wakers.remove(&fd).unwrap_or_default() {
            waker.wake();
        }
    }

    /// Whoever waits on the descriptor learns that this program closes it; the program itself knows.
    pub(super) fn wake_for_close(&mut self, fd: Fd, by: Option<ActorId>) {
        self.wake(fd);
        if let Some(maker) = self.woken.get_mut(&fd).filter(|maker| **maker == by) {
            *maker = None;
        }
    }

    pub(super) fn wake_datagram(&mut self, id: UdpId) {
        if let Some(&fd) = self.udp_owners.get(&id) {
            self.wake(fd);
        }
    }

    /// Has the waker woken when the descriptor's readiness may have changed; once. A descriptor that is not open has
    /// nothing to wait for: the waker is woken at once.
    pub fn register(&mut self, fd: Fd, waker: &Waker) {
        if !self.is_open(fd) {
            waker.wake_by_ref();
            return;
        }
        let wakers = self.wakers.entry(fd).or_default();
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }

    /// What the descriptor is ready for; nothing where it is none.
    pub fn readiness(&self, fd: Fd, now: Time) -> Readiness {
        match self.fds.get(&fd) {
            None if self.users.contains_key(&fd) => {
                self.users.get(&fd).map_or(Readiness::NONE, |(id, _)| self.user_readiness(*id))
            }
            None => match self.lingering.get(&fd) {
                Some(&lingering) if self.has_lingered(lingering, now) => Readiness::HUP,
                Some(_) | None => Readiness::NONE,
            },
            Some(Entry::Stream(stream)) => {
                let end = stream.tcp.and_then(|id| self.stack.peek(id));
                let queued = stream.listener.as_ref().is_some_and(|listener| !listener.ready.is_empty());
                let data = queued || !stream.stash.is_empty() || end.is_some_and(|end| end.readable() > 0);
                let room = end.and_then(|end| end.room()).is_some_and(|room| room > 0);
                Readiness::of(stream.machine.state(), data, room, stream.pending.is_some())
            }
            Some(Entry::Dgram(dgram)) => {
                let data = dgram.udp.is_some_and(|id| self.stack.udp_readable(id));
                let room = dgram.udp.is_none_or(|id| self.stack.udp_takes(id, 0));
                Readiness::of_datagram(dgram.machine.state(), data, room, dgram.pending.is_some())
            }
        }
    }
}
