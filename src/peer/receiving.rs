//! Text that has come: what is beyond RCV.NXT is held, what is before it is the user's.

use super::Peer;
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// The receive buffer.
#[derive(Debug)]
pub(super) struct Inbox {
    capacity: usize,
    /// Delivered, and not yet taken by the user.
    delivered: BytesMut,
    /// The number of the next byte to be delivered.
    pub(super) next: u32,
    /// What has come from that number on, with gaps that [`crate::tcp::Facts`] knows.
    held: VecDeque<u8>,
    /// RCV.NXT + RCV.WND as last advertised: it is never moved back (3.8.6, SHLD-14).
    edge: Option<u32>,
}

impl Inbox {
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = capacity.min(usize::from(u16::MAX));
        Inbox { capacity, delivered: BytesMut::new(), next: 0, held: VecDeque::new(), edge: None }
    }

    /// A connection begins: this is the number of its first byte.
    pub(super) fn restart(&mut self, next: u32) {
        self.next = next;
        self.held.clear();
        self.edge = None;
    }

    pub(super) fn readable(&self) -> usize {
        self.delivered.len()
    }

    pub(super) fn take(&mut self, max: usize) -> Bytes {
        self.delivered.split_to(self.delivered.len().min(max)).freeze()
    }

    /// Empties it: the connection was given up.
    pub(super) fn flush(&mut self) {
        self.delivered.clear();
        self.held.clear();
    }

    /// Keeps text from `start` on, as far as the window goes.
    pub(super) fn keep(&mut self, start: u32, text: &[u8], edge: Option<u32>) {
        let Some(edge) = edge else { return };
        let room = edge.wrapping_sub(self.next) as usize;
        for (number, &byte) in (0_u32..).zip(text) {
            let at = start.wrapping_add(number).wrapping_sub(self.next) as usize;
            if at >= room || room > usize::from(u16::MAX) {
                continue;
            }
            if self.held.len() <= at {
                self.held.resize(at + 1, 0);
            }
            self.held[at] = byte;
        }
    }

    /// Gives the user what lies before RCV.NXT.
    pub(super) fn deliver(&mut self, rcv_nxt: u32) {
        let ready = (rcv_nxt.wrapping_sub(self.next) as usize).min(self.held.len());
        self.delivered.extend(self.held.drain(..ready));
        self.next = self.next.wrapping_add(u32::try_from(ready).unwrap_or(0));
    }

    fn room(&self) -> u32 {
        u32::try_from(self.capacity.saturating_sub(self.delivered.len())).unwrap_or(0)
    }

    /// How far the window's edge can be moved on, where that is worth it: by half of the buffer or by a whole segment
    /// (3.8.6.2.2).
    fn growth(&self, rcv_nxt: u32, mss: u32) -> Option<u32> {
        let worth = (u32::try_from(self.capacity).unwrap_or(0) / 2).min(mss);
        let could = rcv_nxt.wrapping_add(self.room());
        let growth = could.wrapping_sub(self.edge?);
        (growth >= worth && growth < 1 << 31 && growth > 0).then_some(could)
    }

    /// RCV.WND for a segment that departs now.
    pub(super) fn advertise(&mut self, rcv_nxt: u32, mss: u32) -> u16 {
        let edge = match self.edge {
            None => rcv_nxt.wrapping_add(self.room()),
            Some(edge) => self.growth(rcv_nxt, mss).unwrap_or(edge),
        };
        self.edge = Some(edge);
        // A FIN takes no room, and stands one beyond.
        let window = edge.wrapping_sub(rcv_nxt);
        if window < 1 << 31 { u16::try_from(window).unwrap_or(u16::MAX) } else { 0 }
    }

    /// RCV.WND before RCV.NXT is known.
    pub(super) fn first_window(&self) -> u16 {
        u16::try_from(self.room()).unwrap_or(u16::MAX)
    }

    /// Whether the peer should hear of the room that there is: it may be waiting for it.
    fn owes_window(&self, rcv_nxt: u32, mss: u32) -> bool {
        let Some(edge) = self.edge else { return false };
        let window = edge.wrapping_sub(rcv_nxt);
        let small = window >= 1 << 31 || window < mss.max(u32::try_from(self.capacity).unwrap_or(0) / 2);
        small && self.growth(rcv_nxt, mss).is_some()
    }
}

impl Peer {
    /// Room has been made since the window was last advertised, and the peer may still send.
    pub(super) fn owes_window(&self) -> bool {
        let Some(rcv_nxt) = self.facts.rcv_nxt() else { return false };
        !self.facts.fin_received()
            && self.synchronized()
            && self.inbox.owes_window(rcv_nxt, u32::from(self.settings.mss))
    }
}
