//! What poll says of a socket.

use super::{DatagramState, State};
use core::fmt;
use core::ops::{BitOr, BitOrAssign};

/// A set of poll's words. Shown as `IN|OUT|RDHUP`, or `-`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Readiness(u8);

impl Readiness {
    /// Nothing.
    pub const NONE: Readiness = Readiness(0);
    /// A read (or accept) would not block.
    pub const IN: Readiness = Readiness(1);
    /// A write would not block.
    pub const OUT: Readiness = Readiness(2);
    /// An error is pending.
    pub const ERR: Readiness = Readiness(4);
    /// Neither direction is open.
    pub const HUP: Readiness = Readiness(8);
    /// Nothing more will come from the peer.
    pub const RDHUP: Readiness = Readiness(16);

    const NAMES: [(Readiness, &'static str); 5] = [
        (Readiness::IN, "IN"),
        (Readiness::OUT, "OUT"),
        (Readiness::ERR, "ERR"),
        (Readiness::HUP, "HUP"),
        (Readiness::RDHUP, "RDHUP"),
    ];

    /// Is any of these in it?
    pub const fn any(self, of: Readiness) -> bool {
        self.0 & of.0 != 0
    }

    /// This if it holds, else nothing.
    const fn when(self, holds: bool) -> Readiness {
        if holds { self } else { Readiness::NONE }
    }

    /// What poll says of a stream socket: `data` is to be read (for a listener: a connection is queued), there is `room`
    /// to write, an `error` is pending.
    pub fn of(state: State, data: bool, room: bool, error: bool) -> Readiness {
        let (read, write) = (Readiness::IN.when(data), Readiness::OUT.when(room));
        let ended = Readiness::IN | Readiness::OUT | Readiness::HUP | Readiness::RDHUP;
        match state {
            State::Created | State::Bound => Readiness::OUT | Readiness::HUP | Readiness::ERR.when(error),
            State::Listening => read,
            State::Connecting | State::ConnectingBound | State::Closed => Readiness::NONE,
            State::Connected => read | write,
            State::ReadShut | State::PeerClosed => Readiness::IN | Readiness::RDHUP | write,
            State::WriteShut => read | Readiness::OUT,
            State::BothShut | State::FailureTold | State::FailureToldBound | State::Ended => ended,
            State::Failed | State::FailedBound | State::Lost | State::Broken => ended | Readiness::ERR,
        }
    }

    /// What poll says of a datagram socket: a datagram is `data`, there is `room` for one, an `error` is pending.
    pub fn of_datagram(state: DatagramState, data: bool, room: bool, error: bool) -> Readiness {
        match state {
            DatagramState::Created | DatagramState::Bound | DatagramState::Connected => {
                Readiness::IN.when(data) | Readiness::OUT.when(room) | Readiness::ERR.when(error)
            }
            DatagramState::Closed => Readiness::NONE,
        }
    }
}

impl BitOr for Readiness {
    type Output = Readiness;
    fn bitor(self, other: Readiness) -> Readiness {
        Readiness(self.0 | other.0)
    }
}

impl BitOrAssign for Readiness {
    fn bitor_assign(&mut self, other: Readiness) {
        *self = *self | other;
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> =
            Readiness::NAMES.iter().filter(|(word, _)| self.any(*word)).map(|(_, name)| *name).collect();
        f.pad(&if words.is_empty() { "-".to_owned() } else { words.join("|") })
    }
}
