//! One end of a TCP connection: a fresh smoltcp socket in a socket set of its own.
//!
//! A set per connection keeps the cost of a poll flat, makes every state change attributable, and avoids smoltcp's
//! choice of the first socket that accepts (a duplicate SYN made a second connection on the same pair).

use super::guard::Guard;
use crate::base::{ConnId, RecordId, Span, Time};
use crate::scenario::model::{Congestion, SocketSpec};
use crate::tcp::State;
use crate::trace::End;
use core::net::SocketAddr;
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp as stack;
use smoltcp::wire::{IpEndpoint, IpListenEndpoint};

/// A state change around one call, arrival or departure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moved {
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
}

/// One end of a connection.
pub struct TcpEnd {
    guard: Guard,
    pub(super) set: SocketSet<'static>,
    handle: SocketHandle,
    pub(super) via: super::Via,
    before: State,
    /// Its own address and port.
    pub local: SocketAddr,
    /// The other's.
    pub remote: SocketAddr,
    /// The connection's name.
    pub conn: ConnId,
    /// Which end it is.
    pub end: End,
    /// When it next has something to do.
    pub due: Option<Time>,
    /// When the event queue next asks: not later than that. An alarm that is put off stays where it is and is set anew
    /// when it goes off, so that the queue does not fill with alarms that every acknowledgment has put off.
    pub alarm: Option<Time>,
    /// Since when something has been unacknowledged with no word from the peer.
    pub unanswered: Option<Mark>,
    /// When it last sent or received.
    pub active: Mark,
    /// Since when its timers run.
    pub armed: Armed,
    /// When the peer was last heard.
    pub heard: Time,
    /// How many keep-alive probes it has been sent since, and when the last.
    pub probes: (u32, Time),
    /// What the monitor reads off the wire.
    pub seen_on_wire: OnWire,
    /// It sends nothing any more.
    pub(super) deleted: bool,
    /// It has something to do at once and does nothing: recorded, and left alone until the next input.
    pub stalled: bool,
}

/// A time, and the record of what happened then.
pub type Mark = (Time, Option<RecordId>);

/// Since when the timers of an end run, read off the wire: smoltcp keeps them to itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Armed {
    /// Retransmission (RFC 6298, 5).
    pub retransmission: Option<Mark>,
    /// Delayed acknowledgment.
    pub acknowledgment: Option<Mark>,
    /// Zero-window probe.
    pub probe: Option<Mark>,
    /// Keep-alive.
    pub keep_alive: Option<Mark>,
    /// TIME-WAIT's two maximum segment lifetimes.
    pub time_wait: Option<Mark>,
}

/// What the wire says of one end, enough to tell its timers apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OnWire {
    /// The sequence number after the last one sent, once anything was.
    pub sent_up_to: Option<u32>,
    /// The last acknowledgment that came and was taken.
    pub acked_up_to: Option<u32>,
    /// The highest acknowledgment that was sent.
    pub told: Option<u32>,
    /// The next segment is sent by a probe's timer.
    pub probing: bool,
    /// The peer's last window, unscaled.
    pub peer_window: u16,
    /// How many duplicate ACKs came in a row (RFC 5681, 2).
    pub duplicates: u8,
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

impl TcpEnd {
    pub(super) fn new(
        guard: &Guard,
        spec: &SocketSpec,
        via: super::Via,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Self {
        let buffer = |bytes: u32| stack::SocketBuffer::new(vec![0; bytes as usize]);
        let mut socket = stack::Socket::new(buffer(spec.rcvbuf), buffer(spec.sndbuf));
        socket.set_congestion_control(match spec.congestion {
            Congestion::None => stack::CongestionControl::None,
            Congestion::Reno => stack::CongestionControl::Reno,
            Congestion::Cubic => stack::CongestionControl::Cubic,
        });
        let mut set = SocketSet::new(Vec::with_capacity(1));
        let handle = set.add(socket);
        let mut end = TcpEnd {
            guard: guard.clone(),
            set,
            handle,
            via,
            before: State::Closed,
            local,
            remote,
            conn: ConnId(0),
            end: End::Initiator,
            due: None,
            alarm: None,
            unanswered: None,
            active: (Time::ZERO, None),
            armed: Armed::default(),
            heard: Time::ZERO,
            probes: (0, Time::ZERO),
            seen_on_wire: OnWire::default(),
            deleted: false,
            stalled: false,
        };
        end.configure(spec);
        end
    }

    /// Sets what may change while it lives.
    pub fn configure(&mut self, spec: &SocketSpec) {
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

    /// Has it connect from its own to the other's address; whether the stack finds a way.
    pub(super) fn connect(&mut self, cx: &mut smoltcp::iface::Context) -> bool {
        let (to, from) = (endpoint(self.remote), IpListenEndpoint::from(endpoint(self.local)));
        self.with_socket(|socket| socket.connect(cx, to, from).is_ok())
    }

    /// Has it listen at its own address; whether it can.
    pub(super) fn listen(&mut self) -> bool {
        let at = IpListenEndpoint::from(endpoint(self.local));
        self.with_socket(|socket| socket.listen(at).is_ok())
    }

    /// How long an acknowledgment may wait.
    pub fn ack_delay(&self) -> Span {
        self.socket().ack_delay().map_or(Span::ZERO, |delay| Span::micros(delay.total_micros()))
    }

    /// The device that it speaks through.
    pub fn via(&self) -> super::Via {
        self.via
    }

    /// The TCP state.
    pub fn state(&self) -> State {
        state_of(self.socket().state())
    }

    /// The change since the last look, if any. Called after everything that could have made one.
    pub fn look(&mut self) -> Option<Moved> {
        let (from, to) = (self.before, self.state());
        self.before = to;
        (from != to).then_some(Moved { from, to })
    }

    /// Free bytes of the send buffer, if it may send at all.
    pub fn room(&self) -> Option<usize> {
        let socket = self.socket();
        socket.may_send().then(|| socket.send_capacity() - socket.send_queue())
    }

    /// Copies into the send buffer; how many bytes it took.
    pub fn send(&mut self, data: &[u8]) -> usize {
        self.with_socket(|socket| socket.send_slice(data).unwrap_or(0))
    }

    /// Bytes that wait to be read.
    pub fn readable(&self) -> usize {
        self.socket().recv_queue()
    }

    /// Takes at most `max` bytes out of the receive buffer.
    pub fn recv(&mut self, max: usize) -> Vec<u8> {
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

    /// Bytes sent or queued and not yet acknowledged.
    pub fn send_queue(&self) -> usize {
        self.socket().send_queue()
    }

    /// The CLOSE call of RFC 9293: FIN after what is queued.
    pub fn close(&mut self) {
        self.with_socket(|socket| socket.close());
    }

    /// The ABORT call of RFC 9293: RST at the next departure.
    pub fn abort(&mut self) {
        self.with_socket(|socket| socket.abort());
    }

    /// The TCB is deleted (RFC 9293, 3.10.8): CLOSED, and nothing is sent any more. What has come can still be read.
    pub fn delete(&mut self) {
        self.abort();
        self.deleted = true;
    }

    /// Has it send one keep-alive probe at the next departure. The stack's own clock for them is not used: it begins with
    /// a probe at once, and takes no notice of a peer's probe.
    pub fn probe(&mut self) {
        self.with_socket(|socket| {
            socket.set_keep_alive(Some(smoltcp::time::Duration::ZERO));
            socket.set_keep_alive(None);
        });
    }

    /// Whether the stack's CLOSE does what RFC 9293 says (3.10.4): in SYN-RECEIVED smoltcp's sends no FIN, and takes the
    /// SYN's acknowledgment for the FIN's.
    pub fn can_close(&self) -> bool {
        self.state() != State::SynReceived
    }

    /// Whether it waits for an acknowledgment: of data, SYN or FIN.
    pub fn awaits_answer(&self) -> bool {
        let state = self.state();
        let of_text = state.retransmits() && self.send_queue() > 0;
        state.awaits_ack_of_syn() || state.awaits_ack_of_fin() || of_text
    }
}
