//! What one end knows about its connection: the variables of its transmission control block (RFC 9293, 3.3.1), as they
//! can be followed from the segments that it sends and gets.

use super::input::Input;
use super::segment::Segment;
use super::seq::{before, earlier, later};

/// The facts that settle what a segment is. They know nothing of the state; [`Facts::sent`] and [`Facts::received`]
/// keep them up to date, and [`Facts::default`] is an end without a transmission control block.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// The end treats a SYN in the window as RFC 793 did, not as RFC 5961 does.
    pub rfc793: bool,
    pub(super) passive: bool,
    pub(super) closed: bool,
    pub(super) scale: Scale,
    pub(super) send: Option<SendSide>,
    pub(super) receive: Option<ReceiveSide>,
    /// RCV.WND as our SYN gave it, until there is a RCV.NXT to count it from.
    pub(super) first_window: u32,
}

/// The window scale options of the two SYNs; they hold only where both had one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Scale {
    pub(super) own: Option<u8>,
    pub(super) peer: Option<u8>,
}

/// The variables of the sending direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SendSide {
    /// ISS.
    pub iss: u32,
    /// SND.UNA.
    pub una: u32,
    /// SND.NXT, at its highest: a retransmission does not bring it back.
    pub nxt: u32,
    /// The number of our FIN, once sent.
    pub fin: Option<u32>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ReceiveSide {
    /// RCV.NXT, if the end takes all that it may.
    pub(super) nxt: u32,
    /// What the end has acknowledged: its RCV.NXT at that time, whatever it took.
    pub(super) acked: u32,
    /// RCV.NXT + RCV.WND as last advertised.
    pub(super) edge: u32,
    /// The number of the peer's FIN, once seen; it is received when RCV.NXT is beyond it.
    pub(super) fin: Option<u32>,
    /// Text beyond RCV.NXT: first number and the one after the last, in order, apart from each other.
    pub(super) held: Vec<(u32, u32)>,
}

impl Facts {
    /// An end without a transmission control block, that treats a SYN in the window as RFC 793 did, or as RFC 5961 does.
    pub fn new(rfc793: bool) -> Facts {
        Facts { rfc793, ..Facts::default() }
    }

    /// The variables of the sending direction, once a SYN was sent.
    pub const fn send_side(&self) -> Option<SendSide> {
        self.send
    }

    /// RCV.NXT, once the peer's SYN is known.
    pub fn rcv_nxt(&self) -> Option<u32> {
        self.receive.as_ref().map(|receive| receive.nxt)
    }

    /// RCV.NXT + RCV.WND as last advertised.
    pub fn window_edge(&self) -> Option<u32> {
        self.receive.as_ref().map(|receive| receive.edge)
    }

    /// The peer's FIN has been received, and all before it.
    pub fn fin_received(&self) -> bool {
        self.receive.as_ref().is_some_and(ReceiveSide::fin_received)
    }

    /// Takes note of a segment that the end sent.
    pub fn sent(&mut self, segment: &Segment) {
        if segment.rst {
            return;
        }
        if segment.syn && self.send.is_none_or(|send| send.iss != segment.seq) {
            self.begin(segment);
        }
        let Some(send) = &mut self.send else { return };
        send.nxt = later(send.nxt, segment.end());
        if segment.fin {
            send.fin = Some(segment.text_end());
        }
        if let Some(ack) = segment.ack {
            self.advertise(ack, segment);
        }
    }

    /// A SYN begins the connection; with an ACK it answers a SYN that came to a listener.
    fn begin(&mut self, syn: &Segment) {
        let iss = syn.seq;
        *self = Facts { rfc793: self.rfc793, passive: syn.ack.is_some(), ..Facts::default() };
        self.scale.own = syn.scale;
        // Our SYN,ACK has the option only if the peer's SYN had it (RFC 7323, 2.2).
        self.scale.peer = syn.ack.and(syn.scale);
        self.first_window = u32::from(syn.window);
        self.send = Some(SendSide { iss, una: iss, nxt: iss.wrapping_add(1), fin: None });
    }

    /// What the end acknowledges is its RCV.NXT: this corrects what was inferred, if the end took less than it could.
    fn advertise(&mut self, ack: u32, segment: &Segment) {
        let window = if segment.syn { u32::from(segment.window) } else { self.scaled(segment.window) };
        let receive = self.receive.get_or_insert_with(|| ReceiveSide::at(ack, window));
        receive.nxt = ack;
        receive.acked = ack;
        receive.edge = ack.wrapping_add(window);
        receive.held.retain(|&(_, end)| before(ack, end));
    }

    fn scaled(&self, window: u16) -> u32 {
        let shift = if self.scale.peer.is_some() { self.scale.own.unwrap_or(0).min(14) } else { 0 };
        u32::from(window) << shift
    }

    /// The same end, if it has dropped all that it has not acknowledged, where that makes a difference: holding text out
    /// of order is a SHOULD (SHLD-31), and a buffer can be full.
    pub fn if_only_acknowledged(&self) -> Option<Facts> {
        let receive = self.receive.as_ref()?;
        let doubtful = receive.nxt != receive.acked || !receive.held.is_empty() || receive.fin_is_ahead();
        doubtful.then(|| {
            let (nxt, fin) = (receive.acked, receive.fin.filter(|&fin| before(fin, receive.acked)));
            Facts { receive: Some(ReceiveSide { nxt, fin, held: Vec::new(), ..*receive }), ..self.clone() }
        })
    }

    /// The end has shown that it took all that it may, though it has not acknowledged it yet: it moved on a FIN behind it.
    pub fn taken(&mut self) {
        if let Some(receive) = &mut self.receive {
            receive.acked = receive.nxt;
        }
    }

    /// The user has said CLOSE; the FIN may still wait for what is to be sent before it.
    pub fn closed(&mut self) {
        self.closed = true;
    }

    /// The end did not do what an arrival of this kind leads to: it did not take the FIN, the SYN,ACK, or the ACK of
    /// our FIN or SYN, that was inferred to be good.
    pub fn not_taken(&mut self, input: Input) {
        if let (Some(receive), true) = (&mut self.receive, input.has_fin())
            && let Some(fin) = receive.fin.filter(|&fin| before(fin, receive.nxt))
        {
            receive.nxt = fin;
            receive.fin = None;
        }
        if matches!(input, Input::SynAck | Input::SynAckFin) {
            self.receive = None;
        }
        let Some(send) = &mut self.send else { return };
        match (input, send.fin) {
            (Input::SynAck | Input::SynAckFin, _) => send.una = send.iss,
            (Input::AckOfFin | Input::FinAckOfFin, Some(fin)) => send.una = earlier(send.una, fin),
            (Input::AckOfSyn | Input::FinAckOfSyn, _) => send.una = send.iss,
            _ => {}
        }
    }

    /// Our SYN is not acknowledged, and the user has not said CLOSE: after that, the RFC makes no difference.
    pub(super) fn half_open(&self) -> bool {
        !self.closed && self.send.is_some_and(|send| send.una == send.iss && send.fin.is_none())
    }

    /// A SYN with a number beyond all that the other end has used, when both FINs are through: it may be a new
    /// connection's (MAY-2; RFC 6191, 2).
    pub fn may_begin_anew(&self, segment: &Segment) -> bool {
        let request = segment.syn && segment.ack.is_none() && !segment.rst;
        request && self.finished() && self.rcv_nxt().is_some_and(|nxt| before(nxt, segment.seq))
    }

    /// Both FINs are through: ours acknowledged, the peer's received.
    pub(super) fn finished(&self) -> bool {
        let ours = self.send.is_some_and(|send| send.fin.is_some_and(|fin| before(fin, send.una)));
        ours && self.fin_received()
    }
}

impl ReceiveSide {
    pub(super) fn at(nxt: u32, window: u32) -> ReceiveSide {
        ReceiveSide { nxt, acked: nxt, edge: nxt.wrapping_add(window), fin: None, held: Vec::new() }
    }

    fn fin_is_ahead(&self) -> bool {
        self.fin.is_some_and(|fin| !before(fin, self.nxt))
    }

    pub(super) fn fin_received(&self) -> bool {
        self.fin.is_some_and(|fin| before(fin, self.nxt))
    }
}
