//! smoltcp's socket behind one end of a connection, in a socket set of its own.
//!
//! A set per connection keeps the cost of a poll flat, makes every state change attributable, and avoids smoltcp's
//! choice of the first socket that accepts (a duplicate SYN made a second connection on the same pair).

use super::guard::Guard;
use crate::base::Span;
use crate::scenario::model::{Congestion, SocketSpec};
use crate::tcp::State;
use core::net::SocketAddr;
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp as stack;
use smoltcp::wire::{IpEndpoint, IpListenEndpoint};

/// A fresh socket of the stack's.
pub(super) struct StackSocket {
    guard: Guard,
    pub(super) set: SocketSet<'static>,
    handle: SocketHandle,
}

fn state_of(state: stack::State) -> State {
    match state {
        stack::State::Closed => State::Closed,
        stack::State::Listen => State::Listen,
        stack::State::SynSent => State::SynSent,
        stack::State::SynReceived => State::SynReceived,
        stack::State::Established => State::Established,
        stack::State::FinWait1 => State::FinWait1,
        stack::State::FinWait2 => State::FinWait2,
        stack::State::CloseWait => State::CloseWait,
        stack::State::Closing => State::Closing,
        stack::State::LastAck => State::LastAck,
        stack::State::TimeWait => State::TimeWait,
    }
}

pub(super) fn endpoint(addr: SocketAddr) -> IpEndpoint {
    IpEndpoint::new(addr.ip().into(), addr.port())
}

fn duration(span: Span) -> smoltcp::time::Duration {
    smoltcp::time::Duration::from_micros(span.0 / 1_000)
}

impl StackSocket {
    pub(super) fn new(guard: &Guard, spec: &SocketSpec) -> Self {
        let buffer = |bytes: u32| stack::SocketBuffer::new(vec![0; bytes as usize]);
        let mut socket = stack::Socket::new(buffer(spec.rcvbuf), buffer(spec.sndbuf));
        socket.set_congestion_control(match spec.congestion {
            Congestion::None => stack::CongestionControl::None,
            Congestion::Reno => stack::CongestionControl::Reno,
            Congestion::Cubic => stack::CongestionControl::Cubic,
        });
        let mut set = SocketSet::new(Vec::with_capacity(1));
        let handle = set.add(socket);
        StackSocket { guard: guard.clone(), set, handle }
    }

    pub(super) fn configure(&mut self, spec: &SocketSpec) {
        self.with_socket(|socket| {
            socket.set_nagle_enabled(spec.nagle);
            socket.set_ack_delay(spec.delayed_ack.map(duration));
            socket.set_hop_limit(Some(spec.hop_limit.max(1)));
        });
    }

    fn socket(&self) -> &stack::Socket<'static> {
        self.set.get(self.handle)
    }

    /// Does something to the stack's socket: the only way to.
    fn with_socket<R: Default>(&mut self, work: impl FnOnce(&mut stack::Socket<'static>) -> R) -> R {
        let socket = self.set.get_mut(self.handle);
        self.guard.run(|| work(socket))
    }

    /// Has it connect; whether the stack finds a way.
    pub(super) fn connect(&mut self, cx: &mut smoltcp::iface::Context, local: SocketAddr, remote: SocketAddr) -> bool {
        let (to, from) = (endpoint(remote), IpListenEndpoint::from(endpoint(local)));
        self.with_socket(|socket| socket.connect(cx, to, from).is_ok())
    }

    /// Has it listen; whether it can.
    pub(super) fn listen(&mut self, local: SocketAddr) -> bool {
        let at = IpListenEndpoint::from(endpoint(local));
        self.with_socket(|socket| socket.listen(at).is_ok())
    }

    pub(super) fn ack_delay(&self) -> Span {
        self.socket().ack_delay().map_or(Span::ZERO, |delay| Span::micros(delay.total_micros()))
    }

    pub(super) fn state(&self) -> State {
        state_of(self.socket().state())
    }

    pub(super) fn room(&self) -> Option<usize> {
        let socket = self.socket();
        socket.may_send().then(|| socket.send_capacity() - socket.send_queue())
    }

    pub(super) fn send(&mut self, data: &[u8]) -> usize {
        self.with_socket(|socket| socket.send_slice(data).unwrap_or(0))
    }

    pub(super) fn readable(&self) -> usize {
        self.socket().recv_queue()
    }

    pub(super) fn recv(&mut self, max: usize) -> Vec<u8> {
        let mut data = vec![0; self.readable().min(max)];
        // The buffer is a ring: a read that wraps comes in two pieces.
        let mut got = 0;
        while got < data.len() {
            let piece = &mut data[got..];
            match self.with_socket(|socket| socket.recv_slice(piece).unwrap_or(0)) {
                0 => break,
                n => got += n,
            }
        }
        data.truncate(got);
        data
    }

    pub(super) fn send_queue(&self) -> usize {
        self.socket().send_queue()
    }

    pub(super) fn close(&mut self) {
        self.with_socket(|socket| socket.close());
    }

    pub(super) fn abort(&mut self) {
        self.with_socket(|socket| socket.abort());
    }

    /// One keep-alive probe at the next departure. The stack's own clock for them is not used: it begins with a probe at
    /// once, and takes no notice of a peer's probe.
    pub(super) fn probe(&mut self) {
        self.with_socket(|socket| {
            socket.set_keep_alive(Some(smoltcp::time::Duration::ZERO));
            socket.set_keep_alive(None);
        });
    }
}
