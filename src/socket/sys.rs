//! The system calls that a program sees. The kernel of a host implements them, for one program at a time.
//!
//! No call waits. What would block says EAGAIN (`connect`: EINPROGRESS); the program then returns a
//! [`crate::app::Wait`] that names the descriptor, and is stepped again when that is ready.
//!
//! Recording is the kernel's: every call is one `call` record, with what it returned. Three things are told by the
//! program, because only it knows them:
//!
//! - [`Sys::blocking`]: its calls stand for blocking ones. A call that cannot be finished at once (EAGAIN,
//!   EINPROGRESS, EALREADY, a part of the bytes) is then recorded as `pending`, and the same call made again (`finish_connect` after `connect`, the rest of the bytes after `send`) is
//!   its continuation: not recorded, until it is finished and gets its `return` record. The return values are the
//!   same in both modes.
//! - [`Sys::enter`] and [`Sys::leave`]: a library call that is made of system calls (`getaddrinfo`) is recorded as one,
//!   and is the cause of what they do.
//! - [`Sys::begin_step`]: a new step of a scenario begins.

use super::scripted::Pair;
use crate::base::{Fd, LinkId, Span, Time};
use crate::scenario::model::{How, Inject, PeerSegment, Proto, SockOpt, UserCall};
use crate::socket_api::{Errno, Readiness};
use crate::trace::{CallName, Outcome, TimerKind};
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeSet;

/// What `recv` gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Received {
    /// At least one byte.
    Data(Bytes),
    /// End of file: the peer sends no more.
    Eof,
}

/// Which connection of a scripted peer is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Which {
    /// The one with this other end.
    pub other: Option<SocketAddr>,
    /// The one at this port of its own.
    pub port: Option<u16>,
    /// Where neither is said: the program's latest.
    pub current: Option<Pair>,
}

/// The system calls. Each returns at once; errors are those of the machines `socket` and `datagram`.
pub trait Sys {
    /// The present.
    fn now(&self) -> Time;

    /// Makes a socket.
    fn socket(&mut self, proto: Proto) -> Result<Fd, Errno>;
    /// Gives it a local address (any of the host's if `None`) and port (0: an ephemeral one).
    fn bind(&mut self, fd: Fd, addr: Option<IpAddr>, port: u16) -> Result<(), Errno>;
    /// Has it take connections, of which so many may wait for `accept`.
    fn listen(&mut self, fd: Fd, backlog: u32) -> Result<(), Errno>;
    /// Takes the first connection that waits: its new descriptor and the peer's address. EAGAIN: none.
    fn accept(&mut self, fd: Fd) -> Result<(Fd, SocketAddr), Errno>;
    /// Opens a connection. EINPROGRESS: under way; wait for OUT, then ask [`Sys::finish_connect`]. A datagram socket
    /// gets its peer at once.
    fn connect(&mut self, fd: Fd, to: SocketAddr) -> Result<(), Errno>;
    /// How a connect that was EINPROGRESS has ended; EALREADY: it has not. An error is told once.
    fn finish_connect(&mut self, fd: Fd) -> Result<(), Errno>;
    /// Sends as many of the bytes as there is room for, and says how many. EAGAIN: for none.
    fn send(&mut self, fd: Fd, data: &Bytes) -> Result<usize, Errno>;
    /// Receives at most `max` bytes. EAGAIN: nothing yet.
    fn recv(&mut self, fd: Fd, max: usize) -> Result<Received, Errno>;
    /// Sends one datagram.
    fn sendto(&mut self, fd: Fd, data: &Bytes, to: SocketAddr) -> Result<usize, Errno>;
    /// Receives one datagram, cut to `max` bytes, and its sender's address. EAGAIN: nothing yet.
    fn recvfrom(&mut self, fd: Fd, max: usize) -> Result<(Bytes, SocketAddr), Errno>;
    /// Closes one direction or both; the descriptor stays.
    fn shutdown(&mut self, fd: Fd, how: How) -> Result<(), Errno>;
    /// Gives the descriptor back. EAGAIN, only for a blocking caller with SO_LINGER above 0: it lingers; wait for HUP
    /// and close again.
    fn close(&mut self, fd: Fd) -> Result<(), Errno>;
    /// Sets an option.
    fn setsockopt(&mut self, fd: Fd, option: SockOpt, value: i64) -> Result<(), Errno>;
    /// Reads an option; SO_ERROR as [`Errno::number`], 0 for none.
    fn getsockopt(&mut self, fd: Fd, option: SockOpt) -> Result<i64, Errno>;
    /// Its local address.
    fn getsockname(&mut self, fd: Fd) -> Result<SocketAddr, Errno>;
    /// Its peer's address.
    fn getpeername(&mut self, fd: Fd) -> Result<SocketAddr, Errno>;
    /// What it is ready for; recorded as a call.
    fn poll(&mut self, fd: Fd) -> Result<Readiness, Errno>;
    /// What it is ready for, for a program's own bookkeeping: not recorded. Nothing for a descriptor that is not open.
    fn ready(&self, fd: Fd) -> Readiness;

    /// Descriptors that this program made (by `socket` or `accept`) and to which something may have happened since its
    /// last step, but for those that it closed itself; asked once a step. With [`crate::app::Wait::Own`] a program of many sockets need not look at all.
    fn changed(&mut self) -> BTreeSet<Fd>;

    /// The addresses that the host's static table has for the name; not recorded.
    fn lookup(&self, name: &str) -> Vec<IpAddr>;
    /// Where the host's resolver sends its questions, if names are resolved by DNS.
    fn dns_server(&self) -> Option<SocketAddr>;
    /// Random content that depends on the run's seed, the names of host and program, and the label alone.
    fn entropy(&self, label: &str) -> u64;
    /// Says something to whoever reads the trace.
    fn say(&mut self, text: &str);

    /// Whether the program's calls from now on stand for blocking ones; off at first. It changes what is recorded
    /// and nothing else (but for a lingering [`Sys::close`]).
    fn blocking(&mut self, on: bool);
    /// Records a library call that needed no system call.
    fn called(&mut self, call: CallName, args: String, outcome: Outcome);
    /// A library call begins, and is recorded as `pending`; the system calls until [`Sys::leave`] are not recorded and
    /// are caused by it.
    fn enter(&mut self, call: CallName, args: String);
    /// The library call returns.
    fn leave(&mut self, outcome: Outcome);

    /// A timer of the program's own has run out, after so long: what it does now is caused by that.
    fn expired(&mut self, timer: TimerKind, after: Span);

    /// The program begins this step of its script, counted from 0. What it does from now on is caused by the step.
    fn begin_step(&mut self, index: usize);
    /// The step of this label has completed.
    fn complete(&mut self, label: &str);
    /// Has the step of this label completed?
    fn completed(&self, label: &str) -> bool;

    /// The program's host loses its servers, and all sockets and connections, without a word. Scripts are the hand of
    /// the scenario and go on; every descriptor that they have is EBADF from now on, and calls that block return so.
    fn crash_host(&mut self);
    /// The host starts again, with its built-in servers.
    fn restart_host(&mut self);
    /// A link stops working, or works again.
    fn set_link(&mut self, link: LinkId, up: bool);
    /// RFC 9293's OPEN, at a host of the model peer, of the connection between a local port and this foreign socket: its
    /// local connection name.
    fn user_open(&mut self, port: u16, to: SocketAddr, call: &UserCall) -> Result<Fd, Errno>;
    /// Another call of RFC 9293's user interface, on the connection of this name. EAGAIN, only for a blocking caller: a
    /// RECEIVE waits for IN.
    fn user(&mut self, fd: Fd, call: &UserCall) -> Result<(), Errno>;
    /// Puts a crafted TCP segment on the wire; `to` is its resolved target.
    fn inject(&mut self, segment: &Inject, to: SocketAddr) -> Result<(), Errno>;
    /// Sends a segment from a scripted peer on the connection that is meant; says which that is.
    fn segment(&mut self, segment: &PeerSegment, which: &Which) -> Result<Pair, Errno>;
    /// Takes the next segment that came to a scripted peer on a connection that is meant, and says which; none if it is too
    /// late. EAGAIN: not yet.
    fn await_segment(&mut self, which: &Which, until: Option<Time>) -> Result<Option<Pair>, Errno>;
}
