//! What a segment is: the checks of RFC 9293, 3.10.7, in their order, on facts alone.

use super::facts::{Facts, ReceiveSide, SendSide};
use super::input::Input;
use super::receive::{Taken, Text};
use super::segment::Segment;
use super::seq::{before, not_after};
use core::ops::Deref;

/// The events that one segment is, in the order in which they are processed: its ACK, its text, its FIN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inputs {
    list: [Input; 3],
    len: u8,
}

impl Inputs {
    const fn one(input: Input) -> Inputs {
        Inputs { list: [input; 3], len: 1 }
    }

    fn and(mut self, input: Input) -> Inputs {
        if let Some(place) = self.list.get_mut(usize::from(self.len)) {
            *place = input;
            self.len += 1;
        }
        self
    }
}

impl Deref for Inputs {
    type Target = [Input];
    fn deref(&self) -> &[Input] {
        &self.list[..usize::from(self.len)]
    }
}

/// What the segment is to an end that knows these facts. A segment with a FIN in order that also acknowledges our SYN
/// or FIN is one event; any other is up to three.
pub fn classify_segment(facts: &Facts, segment: &Segment) -> Inputs {
    facts.clone().received(segment)
}

impl Facts {
    /// Takes note of a segment that arrived; says what it was, as [`classify_segment`] does.
    pub fn received(&mut self, segment: &Segment) -> Inputs {
        match (self.send, self.receive.is_some()) {
            (None, _) => Inputs::one(to_nobody(segment)),
            (Some(send), false) => self.received_in_opening(segment, send),
            (Some(send), true) => self.received_in_sequence(segment, send),
        }
    }

    /// 3.10.7.3: our SYN is out, the peer's is not known.
    fn received_in_opening(&mut self, segment: &Segment, mut send: SendSide) -> Inputs {
        let acknowledges = |ack| before(send.iss, ack) && not_after(ack, send.nxt);
        let kind = match segment.ack {
            Some(ack) if !acknowledges(ack) => {
                return Inputs::one(if segment.rst { Input::RstBadAck } else { Input::BadAck });
            }
            Some(_) if segment.rst => return Inputs::one(Input::RstAck),
            None if segment.rst => return Inputs::one(Input::Rst),
            Some(_) if !segment.syn => return Inputs::one(Input::AckOfSyn),
            None if !segment.syn => return Inputs::one(Input::NoAck),
            Some(ack) => {
                send.una = ack;
                Input::SynAck
            }
            None => Input::Syn,
        };
        self.send = Some(send);
        self.scale.peer = segment.scale;
        let mut receive = ReceiveSide::at(segment.text_start(), self.first_window);
        let inputs = match kind {
            // What comes with the SYN waits until ours is acknowledged.
            Input::Syn => Inputs::one(kind),
            _ => after_ack(kind, segment, receive.take(segment)),
        };
        self.receive = Some(receive);
        inputs
    }

    /// 3.10.7.4: both SYNs are known.
    fn received_in_sequence(&mut self, segment: &Segment, send: SendSide) -> Inputs {
        let Some(receive) = &self.receive else { return Inputs::one(to_nobody(segment)) };
        if let Some(input) = self.before_ack(segment, receive) {
            return Inputs::one(input);
        }
        let Some(ack) = segment.ack else { return Inputs::one(Input::NoAck) };
        let kind = self.kind_of_ack(ack, send);
        if matches!(kind, Input::BadAck | Input::AckAhead) {
            return Inputs::one(kind);
        }
        if before(send.una, ack) {
            self.send = Some(SendSide { una: ack, ..send });
        }
        let Some(receive) = &mut self.receive else { return Inputs::one(kind) };
        let fin_before = receive.fin_received();
        let taken = receive.take(segment);
        match fin_before {
            true => after_fin(kind, segment),
            false => after_ack(kind, segment, taken),
        }
    }

    /// The first to the fourth check: sequence number, RST, SYN. `None`: the segment passes them.
    fn before_ack(&self, segment: &Segment, receive: &ReceiveSide) -> Option<Input> {
        if segment.syn && segment.newer && self.finished() {
            return Some(Input::SynNewIncarnation);
        }
        if !receive.accepts(segment) {
            let again = segment.fin && receive.fin_received() && receive.fin == Some(segment.text_end());
            return Some(match (segment.rst, again) {
                (true, _) => Input::RstOutsideWindow,
                (false, true) => Input::FinAgain,
                (false, false) => Input::OutsideWindow,
            });
        }
        let passive = self.passive && self.half_open();
        match (segment.rst, segment.syn) {
            (true, _) if segment.seq != receive.nxt => Some(Input::RstInWindow),
            (true, _) if passive => Some(Input::RstPassive),
            (true, _) => Some(Input::Rst),
            (false, true) if passive => Some(Input::SynPassive),
            (false, true) if self.rfc793 => Some(Input::SynRfc793),
            (false, true) => Some(Input::Syn),
            (false, false) => None,
        }
    }

    /// The fifth check.
    fn kind_of_ack(&self, ack: u32, send: SendSide) -> Input {
        let new = before(send.una, ack) && not_after(ack, send.nxt);
        if self.half_open() {
            return if new { Input::AckOfSyn } else { Input::BadAck };
        }
        match send.fin {
            _ if before(send.nxt, ack) => Input::AckAhead,
            _ if !new => Input::OldAck,
            Some(fin) if before(fin, ack) => Input::AckOfFin,
            _ => Input::Ack,
        }
    }
}

/// 3.10.7.1 and 3.10.7.2: nothing has been sent.
const fn to_nobody(segment: &Segment) -> Input {
    match (segment.rst, segment.ack, segment.syn) {
        (true, _, _) => Input::Rst,
        (false, Some(_), _) => Input::Ack,
        (false, None, true) => Input::Syn,
        (false, None, false) => Input::NoAck,
    }
}

/// The seventh and eighth check, the peer's FIN not having been received before.
fn after_ack(kind: Input, segment: &Segment, taken: Taken) -> Inputs {
    let whole = match kind {
        Input::SynAck => Some(Input::SynAckFin),
        Input::AckOfSyn => Some(Input::FinAckOfSyn),
        Input::AckOfFin => Some(Input::FinAckOfFin),
        _ => None,
    };
    if let (Some(whole), true) = (whole, segment.fin && taken.fin) {
        return Inputs::one(whole);
    }
    let mut inputs = Inputs::one(kind);
    inputs = match taken.text {
        Text::None => inputs,
        Text::InOrder => inputs.and(Input::Text),
        Text::Ahead => inputs.and(Input::TextAhead),
    };
    if taken.fin { inputs.and(Input::Fin) } else { inputs }
}

/// The same once the peer's FIN has been received: neither should occur, and both are ignored.
fn after_fin(kind: Input, segment: &Segment) -> Inputs {
    let inputs = Inputs::one(kind);
    let inputs = if segment.len > 0 { inputs.and(Input::Text) } else { inputs };
    if segment.fin { inputs.and(Input::Fin) } else { inputs }
}
