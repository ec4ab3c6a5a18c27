//! The socket API as machines whose refusals are errno values. What performs it is in [`crate::socket`].
//!
//! - [`Socket`] is a stream socket's descriptor from `socket()` to `close()`, [`Datagram`] a datagram socket's. An input
//!   is a call with its guards folded in (`recv/empty`), or something that TCP reports (`rcv RST`).
//! - No machine blocks. EAGAIN, EALREADY and the output `EINPROGRESS` are what a blocking caller waits on.
//! - An error that arrives by itself is *pending* until a call takes it; that a stream socket has one is part of its
//!   state (FAILED, LOST, BROKEN), which errno it is the shell keeps.
//! - The shell's classification may look at addresses, ports, buffers, options, the pending error, and at whether a
//!   `connect()` has told what came of the attempt (to have that in the state would double half of the states); never at
//!   the machine's state.
//! - What poll says follows from state, buffers and pending error: [`Readiness::of`].
//!
//! Behaviour is that of Linux where [`linux::SEQUENCES`] recorded it, else POSIX.1-2017's, else RFC 9293's.

#![warn(clippy::wildcard_enum_match_arm)]

mod calls;
mod datagram;
mod errno;
mod events;
pub mod linux;
mod ready;
mod stream;

pub use datagram::{Datagram, DatagramInput, DatagramOutput, DatagramState};
pub use errno::Errno;
pub use ready::Readiness;
pub use stream::{Input, Output, Socket, State};

use crate::machine::Clause;

/// A sequence of the Linux table.
const fn linux(sequence: &'static str) -> Clause {
    Clause { document: "Linux", section: sequence }
}

/// A page of POSIX.1-2017.
const fn posix(page: &'static str) -> Clause {
    Clause { document: "POSIX", section: page }
}
