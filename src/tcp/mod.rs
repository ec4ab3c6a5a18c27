//! TCP as RFC 9293 writes it down: the connection machine, and the classification of segments for it.
//!
//! - The machine has one arm for each rule of the RFC's section 3.10, and no other; the test in this room holds it to
//!   the list of rules, row by row.
//! - Guards are part of the input: whether an ACK acknowledges the FIN, whether a RST stands at RCV.NXT, whether the OPEN
//!   was passive. [`classify_segment`] settles them from what the transmission control block knows ([`Facts`]), never
//!   from the state.
//! - A segment can be several events, which the RFC processes in order: its ACK, its text, its FIN. So it is classified
//!   as a short list of inputs.
//! - Where RFC 9293 lets an implementation choose between RFC 5961 and the older RFC 793, the machine has both; the rules
//!   of the older mode are [`Input::is_legacy`].
//!
//! RFC 9293 (with RFC 5961 for resets and SYNs in a window, RFC 6191 for TIME-WAIT), RFC 7323 for window scaling.

mod classify;
mod facts;
mod input;
mod next_closing;
mod next_open;
mod next_opening;
mod output;
mod receive;
#[cfg(test)]
mod rows;
mod segment;
mod seq;
mod state;
#[cfg(test)]
mod tests;

pub use classify::{Inputs, classify_segment};
pub use facts::{Facts, SendSide};
pub use input::Input;
pub use output::{Output, Refusal};
pub use segment::{Segment, seg_len};
pub use seq::before;
pub use state::State;

use crate::machine::{Clause, Machine, Step};

/// RFC 9293's connection machine.
#[derive(Clone, Copy, Debug)]
pub struct Tcp;

type TcpStep = Step<State, Output, Refusal>;

impl Machine for Tcp {
    const NAME: &'static str = "tcp";
    const TITLE: &'static str = "A TCP connection at one end (RFC 9293, 3.10)";
    type State = State;
    type Input = Input;
    type Output = Output;
    type Refusal = Refusal;
    const START: State = State::Closed;
    /// CLOSED alone: a listener waits, and its user's CLOSE ends that.
    const FINAL: &'static [State] = &[State::Closed];

    fn next(at: State, on: Input) -> TcpStep {
        next(at, on)
    }
}

/// The machine as a function.
pub const fn next(at: State, on: Input) -> Step<State, Output, Refusal> {
    match at {
        State::Closed => next_opening::closed(on),
        State::Listen => next_opening::listen(on),
        State::SynSent => next_opening::syn_sent(on),
        State::SynReceived => next_opening::syn_received(on),
        State::Established => next_open::established(on),
        State::FinWait1 => next_closing::fin_wait_1(on),
        State::FinWait2 => next_closing::fin_wait_2(on),
        State::CloseWait => next_open::close_wait(on),
        State::Closing => next_closing::closing(on),
        State::LastAck => next_closing::last_ack(on),
        State::TimeWait => next_closing::time_wait(on),
    }
}

const fn go(to: State, outputs: &'static [Output], section: &'static str) -> TcpStep {
    Step::Go(to, outputs, Clause::rfc9293(section))
}

const fn refuse(refusal: Refusal, section: &'static str) -> TcpStep {
    Step::Reject(refusal, Clause::rfc9293(section))
}
