//! One end of a connection, brought to a state by segments of an imagined peer, and then given one segment more.

use bytes::Bytes;
use core::net::SocketAddr;
use drywire::base::{Span, Time};
use drywire::net::{Stack, StackConfig, TcpId, Via};
use drywire::packet::{self, Flags, Segment};
use drywire::scenario::model::{IpNet, ModelSpec, SocketSpec};
use drywire::tcp::{self, Facts, State};

/// The sequence number of the peer's SYN.
pub(crate) const IRS: u32 = 1_000;
/// The sequence number of our SYN.
pub(crate) const ISS: u32 = 5_000;
/// How much the end has sent, unacknowledged, in the states in which something can be.
const SENT: usize = 10;

fn local() -> SocketAddr {
    "10.0.0.1:80".parse().expect("an address")
}

fn remote() -> SocketAddr {
    "10.0.0.2:4000".parse().expect("an address")
}

/// The twelve places: the states, SYN-RECEIVED once after a passive and once after an active OPEN.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Place {
    Closed,
    Listen,
    SynSent,
    PassiveSynReceived,
    ActiveSynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

pub(crate) const PLACES: [Place; 12] = [
    Place::Closed,
    Place::Listen,
    Place::SynSent,
    Place::PassiveSynReceived,
    Place::ActiveSynReceived,
    Place::Established,
    Place::FinWait1,
    Place::FinWait2,
    Place::CloseWait,
    Place::Closing,
    Place::LastAck,
    Place::TimeWait,
];

impl Place {
    pub(crate) const fn state(self) -> State {
        match self {
            Place::Closed => State::Closed,
            Place::Listen => State::Listen,
            Place::SynSent => State::SynSent,
            Place::PassiveSynReceived | Place::ActiveSynReceived => State::SynReceived,
            Place::Established => State::Established,
            Place::FinWait1 => State::FinWait1,
            Place::FinWait2 => State::FinWait2,
            Place::CloseWait => State::CloseWait,
            Place::Closing => State::Closing,
            Place::LastAck => State::LastAck,
            Place::TimeWait => State::TimeWait,
        }
    }

    pub(crate) fn name(self) -> String {
        match self {
            Place::PassiveSynReceived => "SYN-RECEIVED, passive".to_owned(),
            Place::ActiveSynReceived => "SYN-RECEIVED, active".to_owned(),
            _ => self.state().to_string(),
        }
    }
}

/// The numbers of a connection, as an outsider who sees the wire knows them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Numbers {
    /// SND.UNA, if our SYN is out.
    pub(crate) una: u32,
    /// SND.NXT.
    pub(crate) nxt: u32,
    /// RCV.NXT, or what it will be once the peer's SYN has come.
    pub(crate) rcv: u32,
    /// RCV.WND.
    pub(crate) window: u32,
    /// The peer's SYN has come.
    pub(crate) synchronized: bool,
}

/// The end, and what can be known of it from outside.
pub(crate) struct Lab {
    stack: Stack,
    id: Option<TcpId>,
    now: Time,
    model: bool,
    pub(crate) facts: Facts,
    pub(crate) numbers: Numbers,
}

/// How long after the last thing that happened a segment is given to the end.
const PAUSE: Span = Span::millis(2);

/// A segment of the peer's.
pub(crate) fn segment(flags: Flags, seq: u32, ack: u32, len: u32) -> Segment {
    Segment { seq, ack, flags, window: 4_000, len, ..Segment::default() }
}

impl Lab {
    /// An end in this place: smoltcp's, or the model's.
    pub(crate) fn at(place: Place, model: Option<ModelSpec>) -> Lab {
        let addrs = vec![IpNet { addr: local().ip(), prefix: 24 }];
        let config = StackConfig {
            addrs,
            gateways: Vec::new(),
            ethernet: false,
            mtu: 1_500,
            station: 1,
            seed: 1,
            isn: Some(ISS),
            model,
        };
        let numbers = Numbers { una: ISS, nxt: ISS, rcv: IRS + 1, window: 0, synchronized: false };
        let facts = Facts::new(model.is_some_and(|model| model.rfc793));
        let mut lab =
            Lab { stack: Stack::new(&config), id: None, now: Time::ZERO, model: model.is_some(), facts, numbers };
        lab.bring(place);
        assert_eq!(lab.state(), place.state(), "the way to {}", place.name());
        lab
    }

    fn bring(&mut self, place: Place) {
        match place {
            Place::Closed => {}
            Place::Listen => self.listen(),
            Place::SynSent => self.connect(),
            Place::PassiveSynReceived => {
                self.listen();
                self.hear(Flags::SYN, IRS);
            }
            Place::ActiveSynReceived => {
                self.connect();
                self.hear(Flags::SYN, IRS);
            }
            Place::Established => {
                self.bring(Place::PassiveSynReceived);
                self.acknowledge();
                self.send();
            }
            Place::FinWait1 => {
                self.bring(Place::Established);
                self.close();
            }
            Place::FinWait2 => {
                self.bring(Place::FinWait1);
                self.acknowledge();
            }
            Place::CloseWait => {
                self.bring(Place::Established);
                self.fin();
            }
            Place::Closing => {
                self.bring(Place::FinWait1);
                self.fin();
            }
            Place::LastAck => {
                self.bring(Place::CloseWait);
                self.close();
            }
            Place::TimeWait => {
                self.bring(Place::FinWait2);
                self.fin();
            }
        }
    }

    fn spec() -> SocketSpec {
        SocketSpec { delayed_ack: None, nagle: false, rcvbuf: 1_000, ..SocketSpec::default() }
    }

    fn listen(&mut self) {
        self.id = self.stack.listen(&Self::spec(), local(), remote());
        assert!(self.id.is_some());
    }

    fn connect(&mut self) {
        self.id = self.stack.connect(&Self::spec(), local(), remote());
        self.departures();
    }

    /// The peer acknowledges everything.
    fn acknowledge(&mut self) {
        let rcv = self.numbers.rcv;
        self.hear(Flags::ACK, rcv);
    }

    /// The peer's FIN, which acknowledges nothing new.
    fn fin(&mut self) {
        let Numbers { una, rcv, .. } = self.numbers;
        self.take(&segment(Flags::FIN.with(Flags::ACK), rcv, una, 0));
        self.numbers.rcv = rcv + 1;
    }

    fn hear(&mut self, flags: Flags, seq: u32) {
        let heard = segment(flags, seq, self.numbers.nxt, 0);
        self.take(&heard);
        self.numbers.synchronized = true;
        if flags.has(Flags::ACK) {
            self.numbers.una = self.numbers.nxt;
        }
    }

    fn send(&mut self) {
        let end = self.id.and_then(|id| self.stack.end(id)).expect("an end");
        assert_eq!(end.send(&[b'a'; SENT]), SENT);
        self.departures();
    }

    fn close(&mut self) {
        self.id.and_then(|id| self.stack.end(id)).expect("an end").close();
        self.facts.closed();
        self.departures();
    }

    /// What the classification needs of a segment that comes now. The model tells a SYN of a new connection by its number,
    /// which is beyond all that the old one used (RFC 9293, MAY-2; RFC 6191, 2).
    pub(crate) fn hears(&self, segment: &Segment) -> tcp::Segment {
        let beyond = segment.seq > self.numbers.rcv && self.numbers.synchronized;
        tcp::Segment { newer: self.model && segment.flags.is_request() && beyond, ..segment.control() }
    }

    /// The number that a SYN sent in answer has. A new connection's is beyond all that the old one used.
    pub(crate) fn iss(&self) -> u32 {
        let again = self.model && self.state() == State::TimeWait;
        if again { self.numbers.nxt + 1 } else { ISS }
    }

    pub(crate) fn state(&self) -> State {
        self.id.and_then(|id| self.stack.peek(id)).map_or(State::Closed, |end| end.state())
    }

    /// Gives the end a segment; what it sends at once.
    pub(crate) fn take(&mut self, heard: &Segment) -> Vec<Segment> {
        self.facts.received(&heard.control());
        let text = vec![b'x'; heard.len as usize];
        let frame = packet::craft_tcp(remote(), local(), 64, heard, &text).expect("a packet");
        self.give(&frame)
    }

    fn give(&mut self, frame: &Bytes) -> Vec<Segment> {
        self.now += PAUSE;
        match self.id {
            Some(id) => {
                self.stack.feed(id, Via::Link, self.now, frame);
            }
            None => self.stack.feed_stray(Via::Link, self.now, frame, false),
        }
        self.departures()
    }

    /// Everything that is sent now.
    pub(crate) fn departures(&mut self) -> Vec<Segment> {
        if let Some(id) = self.id {
            while self.stack.flush(id, self.now).0 {}
        }
        let frames: Vec<Bytes> =
            core::iter::from_fn(|| self.stack.next_departure()).map(|departure| departure.frame).collect();
        let segments: Vec<Segment> =
            frames.iter().filter_map(|frame| packet::dissect(frame, false)?.tcp().copied()).collect();
        for segment in &segments {
            self.note(segment);
        }
        segments
    }

    fn note(&mut self, sent: &Segment) {
        if sent.flags.has(Flags::RST) {
            return;
        }
        let classified = sent.control();
        self.facts.sent(&classified);
        self.numbers.nxt = self.numbers.nxt.max(classified.end());
        self.numbers.window = u32::from(sent.window);
    }
}
