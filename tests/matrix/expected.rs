//! What RFC 9293 says to a segment: its machine's answer, as state and as segments with their numbers.

use super::lab::Lab;
use core::fmt;
use drywire::machine::Step;
use drywire::packet::{Flags, Segment};
use drywire::tcp::{Input, Output, State, next};

/// A segment sent in answer, by what can be told of it exactly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reply {
    flags: Flags,
    seq: u32,
    ack: Option<u32>,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seq={}", self.flags, self.seq)?;
        self.ack.map_or(Ok(()), |ack| write!(f, " ack={ack}"))
    }
}

impl From<&Segment> for Reply {
    fn from(segment: &Segment) -> Reply {
        let ack = segment.flags.has(Flags::ACK).then_some(segment.ack);
        Reply { flags: segment.flags.without(Flags::PSH), seq: segment.seq, ack }
    }
}

/// What is to follow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Expected {
    pub(crate) state: State,
    pub(crate) reply: Option<Reply>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) clause: String,
}

/// What the RFC's machine does with this segment at this end; nothing, where none comes.
pub(crate) fn expected(lab: &Lab, from: State, heard: Option<&Segment>) -> Expected {
    let mut all = Expected { state: from, reply: None, inputs: Vec::new(), clause: "-".to_owned() };
    let Some(heard) = heard else { return all };
    let inputs = lab.facts.clone().received(&lab.hears(heard));
    let mut numbers = Received { nxt: lab.numbers.rcv, heard };
    for &input in inputs.iter() {
        if all.state == State::Closed && !all.inputs.is_empty() {
            // The connection is deleted; "return" ends the processing of the segment.
            break;
        }
        all.inputs.push(input);
        let Step::Go(to, outputs, clause) = next(all.state, input) else {
            // The text does not foresee it (an ACK in TIME-WAIT, say): nothing follows.
            all.clause = "the text is silent".to_owned();
            continue;
        };
        numbers.advance(input, outputs);
        all.state = to;
        all.clause = clause.to_string();
        // An ACK that a later event of the same segment moves on is sent once.
        all.reply = outputs.iter().find_map(|&output| numbers.reply(output, lab)).or(all.reply);
    }
    all
}

struct Received<'a> {
    nxt: u32,
    heard: &'a Segment,
}

impl Received<'_> {
    /// RCV.NXT goes over what is taken.
    fn advance(&mut self, input: Input, outputs: &[Output]) {
        let segment = self.heard.control();
        if outputs.contains(&Output::Deliver) {
            self.nxt = segment.text_end();
        }
        if input.has_fin() && outputs.contains(&Output::SignalClosing) {
            self.nxt = segment.text_end().wrapping_add(1);
        }
        if matches!(input, Input::Syn | Input::SynAck | Input::SynNewIncarnation)
            && outputs.iter().any(|o| matches!(o, Output::SndSynAck))
        {
            self.nxt = segment.text_start();
        }
    }

    fn reply(&self, output: Output, lab: &Lab) -> Option<Reply> {
        let heard = self.heard.control();
        let reply = |flags, seq, ack| Some(Reply { flags, seq, ack });
        match output {
            Output::SndAck | Output::ChallengeAck => reply(Flags::ACK, lab.numbers.nxt, Some(self.nxt)),
            Output::SndSynAck => reply(Flags::SYN.with(Flags::ACK), lab.iss(), Some(self.nxt)),
            Output::AnswerRst => reply(Flags::RST, self.heard.ack, None),
            Output::AnswerRstAck => reply(Flags::RST.with(Flags::ACK), 0, Some(heard.end())),
            Output::SndRst => reply(Flags::RST, lab.numbers.nxt, None),
            _ => None,
        }
    }
}
