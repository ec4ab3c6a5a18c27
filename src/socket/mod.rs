//! BSD-like sockets on one host's stack: descriptors, a listener with a backlog, blocking and readiness.
//!
//! - Every call is non-blocking underneath; a program that blocks is a program that waits for readiness.
//! - What a stream socket may do is decided by [`crate::socket_api`]'s machine; this room classifies, performs, and
//!   feeds back what follows.
//! - Every TCP state change is recorded once, with the call, arrival or timer that caused it.
//! - Timers that the stack lacks (user timeout, keep-alive with a count) are kept here.
//!
//! POSIX.1-2017 for the calls; Linux 6.18 where POSIX leaves it open; RFC 9293, 3.9.1 for what they do to TCP.

mod calls;
mod closing;
mod connecting;
mod dgram;
mod events;
mod holding;
mod kernel;
mod options;
mod perform;
mod ports;
mod ready;
mod record;
mod scripted;
mod sys;
mod timers;
mod traffic;
mod user;

pub use kernel::{Alarm, Ctx, Kernel, Posted};
pub use record::Caller;
pub use scripted::{Made, Pair, header};
pub use sys::{Received, Sys, Which};
