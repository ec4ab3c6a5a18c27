//! Ephemeral ports: the dynamic range of RFC 6335, 6, handed out in turn.

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

    /// The next port of which `free` says that it can be used; `None` when all are taken.
    pub(super) fn take(&mut self, free: impl Fn(u16) -> bool) -> Option<u16> {
        for _ in DYNAMIC {
            let port = self.next;
            self.next = if port == *DYNAMIC.end() { *DYNAMIC.start() } else { port + 1 };
            if free(port) {
                return Some(port);
            }
        }
        None
    }
}
