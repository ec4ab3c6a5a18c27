//! One end of a TCP connection: smoltcp's, or a model peer.

use super::socket::StackSocket;
use crate::base::{ConnId, RecordId, Span, Time};
use crate::peer::Peer;
use crate::scenario::model::SocketSpec;
use crate::tcp::State;
use crate::trace::End;
use core::net::SocketAddr;

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
    Stack(Box<StackSocket>),
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
    /// Keep-alive.
    pub keep_alive: Option<Mark>,
    /// The time that the user of RFC 9293's calls has allowed: since when, and until when.
    pub allowed: Option<(Mark, Time)>,
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

impl TcpEnd {
    pub(super) fn new(
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
        self.hop_limit = spec.hop_limit.max(1);
        match &mut self.engine {
            Engine::Stack(socket) => socket.configure(spec),
            Engine::Model(peer) => peer.configure(spec.nagle, spec.user_timeout),
        }
    }

    /// The time of what is being done to it.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// A model peer runs it.
    pub const fn is_model(&self) -> bool {
        matches!(self.engine, Engine::Model(_))
    }

    /// The model peer that runs it, if one does.
    pub fn model(&mut self) -> Option<&mut Peer> {
        match &mut self.engine {
            Engine::Model(peer) => Some(peer),
            Engine::Stack(_) => None,
        }
    }

    /// How long an acknowledgment may wait.
    pub fn ack_delay(&self) -> Span {
        match &self.engine {
            Engine::Stack(socket) => socket.ack_delay(),
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
            Engine::Stack(socket) => socket.state(),
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
            Engine::Stack(socket) => socket.room(),
            Engine::Model(peer) => matches!(peer.state(), State::Established | State::CloseWait).then(|| peer.room()),
        }
    }

    /// Copies into the send buffer; how many bytes it took.
    pub fn send(&mut self, data: &[u8]) -> usize {
        match &mut self.engine {
            Engine::Stack(socket) => socket.send(data),
            Engine::Model(peer) => peer.send(data, self.now).unwrap_or(0),
        }
    }

    /// Bytes that wait to be read.
    pub fn readable(&self) -> usize {
        match &self.engine {
            Engine::Stack(socket) => socket.readable(),
            Engine::Model(peer) => peer.readable(),
        }
    }

    /// Takes at most `max` bytes out of the receive buffer.
    pub fn recv(&mut self, max: usize) -> Vec<u8> {
        match &mut self.engine {
            Engine::Stack(socket) => socket.recv(max),
            // What was delivered is the socket's, though the connection be over.
            Engine::Model(peer) => {
                let received = peer.receive(max, self.now);
                received.unwrap_or_else(|_| peer.take_delivered(max, self.now)).to_vec()
            }
        }
    }

    /// Bytes sent or queued and not yet acknowledged.
    pub fn send_queue(&self) -> usize {
        match &self.engine {
            Engine::Stack(socket) => socket.send_queue(),
            Engine::Model(peer) => peer.send_queue(),
        }
    }

    /// The CLOSE call of RFC 9293: FIN after what is queued.
    pub fn close(&mut self) {
        match &mut self.engine {
            Engine::Stack(socket) => socket.close(),
            // A refusal is the machine's edge.
            Engine::Model(peer) => drop(peer.close(self.now)),
        }
    }

    /// The ABORT call of RFC 9293: RST at the next departure.
    pub fn abort(&mut self) {
        match &mut self.engine {
            Engine::Stack(socket) => socket.abort(),
            Engine::Model(peer) => drop(peer.abort(self.now)),
        }
    }

    /// The TCB is deleted (RFC 9293, 3.10.8): CLOSED, and nothing is sent any more. What has come can still be read.
    pub fn delete(&mut self) {
        match &mut self.engine {
            Engine::Stack(socket) => {
                socket.abort();
                self.deleted = true;
            }
            Engine::Model(peer) => peer.user_timeout(self.now),
        }
    }

    /// Has it send one keep-alive probe at the next departure.
    pub fn probe(&mut self) {
        match &mut self.engine {
            Engine::Stack(socket) => socket.probe(),
            Engine::Model(peer) => peer.probe(),
        }
    }

    /// Whether the end's CLOSE does what RFC 9293 says (3.10.4): in SYN-RECEIVED smoltcp's sends no FIN, and takes the
    /// SYN's acknowledgment for the FIN's.
    pub fn can_close(&self) -> bool {
        self.is_model() || self.state() != State::SynReceived
    }

    /// Whether it waits for an acknowledgment: of data, SYN or FIN.
    pub fn awaits_answer(&self) -> bool {
        let state = self.state();
        let of_text = state.retransmits() && self.send_queue() > 0;
        state.awaits_ack_of_syn() || state.awaits_ack_of_fin() || of_text
    }
}
