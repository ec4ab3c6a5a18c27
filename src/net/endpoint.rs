//! One end of a TCP connection: a fresh smoltcp socket in a socket set of its own, or a model peer.
//!
//! A set per connection keeps the cost of a poll flat, makes every state change attributable, and avoids smoltcp's
//! choice of the first socket that accepts (a duplicate SYN made a second connection on the same pair).

use crate::base::{ConnId, RecordId, Span, Time};
use crate::peer::Peer;
use crate::scenario::model::{Congestion, SocketSpec};
use crate::tcp::State;
use crate::trace::End;
use core::net::SocketAddr;
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp as stack;

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
    pub(super) engine: Engine,
    /// The time of what is being done to it.
    pub(super) now: Time,
    /// Time to live of what a model peer sends.
    pub(super) hop_limit: u8,
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

/// What runs an end.
pub(super) enum Engine {
    /// smoltcp.
    Stack(SocketSet<'static>, SocketHandle),
    /// RFC 9293's table.
    Model(Box<Peer>),
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
}

/// What the wire says of one end, enough to tell its timers apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OnWire {
    /// The sequence number after the last one sent, once anything was.
    pub sent_up_to: Option<u32>,
    /// The last acknowledgment that came.
    pub acked_up_to: Option<u32>,
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

pub(super) fn duration(span: Span) -> smoltcp::time::Duration {
    smoltcp::time::Duration::from_micros(span.0 / 1_000)
}

fn stack_engine(spec: &SocketSpec) -> Engine {
    let buffer = |bytes: u32| stack::SocketBuffer::new(vec![0; bytes as usize]);
    let mut socket = stack::Socket::new(buffer(spec.rcvbuf), buffer(spec.sndbuf));
    socket.set_congestion_control(match spec.congestion {
        Congestion::None => stack::CongestionControl::None,
        Congestion::Reno => stack::CongestionControl::Reno,
        Congestion::Cubic => stack::CongestionControl::Cubic,
    });
    let mut set = SocketSet::new(Vec::with_capacity(1));
    let handle = set.add(socket);
    Engine::Stack(set, handle)
}

impl TcpEnd {
    pub(super) fn new(spec: &SocketSpec, via: super::Via, local: SocketAddr, remote: SocketAddr) -> Self {
        Self::with(stack_engine(spec), spec, via, local, remote)
    }

    pub(super) fn with(
        engine: Engine,
        spec: &SocketSpec,
        via: super::Via,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Self {
        let mut end = TcpEnd {
            engine,
            now: Time::ZERO,
            hop_limit: spec.hop_limit.max(1),
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
        match &mut self.engine {
            Engine::Stack(set, handle) => {
                let socket = set.get_mut::<stack::Socket<'_>>(*handle);
                socket.set_nagle_enabled(spec.nagle);
                socket.set_ack_delay(spec.delayed_ack.map(duration));
                socket.set_hop_limit(Some(spec.hop_limit.max(1)));
            }
            Engine::Model(peer) => {
                self.hop_limit = spec.hop_limit.max(1);
                peer.configure(spec.nagle, spec.user_timeout);
            }
        }
    }

    /// A model peer runs it.
    pub const fn is_model(&self) -> bool {
        matches!(self.engine, Engine::Model(_))
    }

    /// The model peer that runs it, if one does.
    pub fn model(&mut self) -> Option<&mut Peer> {
        match &mut self.engine {
            Engine::Model(peer) => Some(peer),
            Engine::Stack(..) => None,
        }
    }

    /// How long an acknowledgment may wait.
    pub fn ack_delay(&self) -> Span {
        match &self.engine {
            Engine::Stack(set, handle) => {
                let delay = set.get::<stack::Socket<'_>>(*handle).ack_delay();
                delay.map_or(Span::ZERO, |delay| Span::micros(delay.total_micros()))
            }
            Engine::Model(_) => Span::ZERO,
        }
    }

    /// The device that it speaks through.
    pub fn via(&self) -> super::Via {
        self.via
    }

    /// The TCP state.
    pub fn state(&self) -> State {
        match &self.engine {
            Engine::Stack(set, handle) => state_of(set.get::<stack::Socket<'_>>(*handle).state()),
            Engine::Model(peer) => peer.state(),
        }
    }

    /// The change since the last look, if any. Called after everything that could have made one.
    pub fn look(&mut self) -> Option<Moved> {
        let (from, to) = (self.before, self.state());
        self.before = to;
        (from != to).then_some(Moved { from, to })
    }

    /// Free bytes of the send buffer, if it may send at all.
    pub fn room(&self) -> Option<usize> {
        match &self.engine {
            Engine::Stack(set, handle) => {
                let socket = set.get::<stack::Socket<'_>>(*handle);
                socket.may_send().then(|| socket.send_capacity() - socket.send_queue())
            }
            Engine::Model(peer) => matches!(peer.state(), State::Established | State::CloseWait).then(|| peer.room()),
        }
    }

    /// Copies into the send buffer; how many bytes it took.
    pub fn send(&mut self, data: &[u8]) -> usize {
        match &mut self.engine {
            Engine::Stack(set, handle) => set.get_mut::<stack::Socket<'_>>(*handle).send_slice(data).unwrap_or(0),
            Engine::Model(peer) => peer.send(data, self.now).unwrap_or(0),
        }
    }

    /// Bytes that wait to be read.
    pub fn readable(&self) -> usize {
        match &self.engine {
            Engine::Stack(set, handle) => set.get::<stack::Socket<'_>>(*handle).recv_queue(),
            Engine::Model(peer) => peer.readable(),
        }
    }

    /// Takes at most `max` bytes out of the receive buffer.
    pub fn recv(&mut self, max: usize) -> Vec<u8> {
        let mut data = vec![0; self.readable().min(max)];
        let socket = match &mut self.engine {
            Engine::Stack(set, handle) => set.get_mut::<stack::Socket<'_>>(*handle),
            // What was delivered is the socket's, though the connection be over.
            Engine::Model(peer) => {
                let received = peer.receive(max, self.now);
                return received.unwrap_or_else(|_| peer.take_delivered(max, self.now)).to_vec();
            }
        };
        // The buffer is a ring: a read that wraps comes in two pieces.
        let mut got = 0;
        while got < data.len() {
            match socket.recv_slice(&mut data[got..]) {
                Ok(n) if n > 0 => got += n,
                Ok(_) | Err(_) => break,
            }
        }
        data.truncate(got);
        data
    }

    /// Bytes sent or queued and not yet acknowledged.
    pub fn send_queue(&self) -> usize {
        match &self.engine {
            Engine::Stack(set, handle) => set.get::<stack::Socket<'_>>(*handle).send_queue(),
            Engine::Model(peer) => peer.send_queue(),
        }
    }

    /// The CLOSE call of RFC 9293: FIN after what is queued.
    pub fn close(&mut self) {
        match &mut self.engine {
            Engine::Stack(set, handle) => set.get_mut::<stack::Socket<'_>>(*handle).close(),
            // A refusal is the machine's edge.
            Engine::Model(peer) => drop(peer.close(self.now)),
        }
    }

    /// The ABORT call of RFC 9293: RST at the next departure.
    pub fn abort(&mut self) {
        match &mut self.engine {
            Engine::Stack(set, handle) => set.get_mut::<stack::Socket<'_>>(*handle).abort(),
            Engine::Model(peer) => drop(peer.abort(self.now)),
        }
    }

    /// The TCB is deleted (RFC 9293, 3.10.8): CLOSED, and nothing is sent any more. What has come can still be read.
    pub fn delete(&mut self) {
        match &mut self.engine {
            Engine::Stack(..) => {
                self.abort();
                self.deleted = true;
            }
            Engine::Model(peer) => peer.user_timeout(self.now),
        }
    }

    /// Has it send one keep-alive probe at the next departure. The stack's own clock for them is not used: it begins with
    /// a probe at once, and takes no notice of a peer's probe.
    pub fn probe(&mut self) {
        match &mut self.engine {
            Engine::Stack(set, handle) => {
                let socket = set.get_mut::<stack::Socket<'_>>(*handle);
                socket.set_keep_alive(Some(smoltcp::time::Duration::ZERO));
                socket.set_keep_alive(None);
            }
            Engine::Model(peer) => peer.probe(),
        }
    }

    /// Whether it waits for an acknowledgment: of data, SYN or FIN.
    pub fn awaits_answer(&self) -> bool {
        if let Engine::Model(peer) = &self.engine {
            return peer.awaits_answer();
        }
        match self.state() {
            State::SynSent | State::SynReceived | State::FinWait1 | State::Closing | State::LastAck => true,
            State::Established | State::CloseWait => self.send_queue() > 0,
            State::Closed | State::Listen | State::FinWait2 | State::TimeWait => false,
        }
    }
}
