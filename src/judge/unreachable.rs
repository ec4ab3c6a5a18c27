//! Edges that a stack cannot take, and why: what coverage says of an edge that nothing shows.

use crate::machine::{Finite, Machine};
use crate::socket_api::{self, Socket};
use crate::tcp::{Input, State, Tcp};

/// How the name of the stack under judgement begins in a trace's header.
pub const SMOLTCP: &str = "smoltcp";
/// The same for the endpoint that the RFC's table drives.
pub const MODEL: &str = "model";

/// Why no run can show this edge of this machine taken by this stack; `None`: nothing is known against it.
pub fn unreachable(machine: &str, from: &str, input: &str, by: &str) -> Option<&'static str> {
    if machine == Socket::NAME {
        return socket_lacks(from, input);
    }
    if machine != Tcp::NAME || by != SMOLTCP {
        return None;
    }
    let from = State::ALL.iter().copied().find(|state| state.name() == from)?;
    let input = Input::ALL.iter().copied().find(|known| known.name() == input)?;
    smoltcp_lacks(from, input)
}

/// What no scenario can bring about; programs of one's own, which share descriptors, can do some of it.
fn socket_lacks(from: &str, input: &str) -> Option<&'static str> {
    let is = |known: socket_api::Input| input == known.name();
    match from {
        _ if is(socket_api::Input::PortUnreachable) => {
            Some("a host without a listener answers a SYN with a RST, and no router looks at ports")
        }
        "FAILURE-TOLD" | "FAILURE-TOLD-BOUND" if is(socket_api::Input::FinishConnect) => {
            Some("only another program that has the descriptor could be told before the one that waits")
        }
        "LOST" | "BROKEN" if is(socket_api::Input::FinishConnectPending) => {
            Some("who waits for a connection goes on at once when it is there, before it can be lost")
        }
        _ => None,
    }
}

/// What smoltcp 0.14.0 does not do.
const fn smoltcp_lacks(from: State, input: Input) -> Option<&'static str> {
    match (from, input) {
        (_, Input::UserTimeout) => Some("smoltcp's own user timeout aborts idle connections too and is left off"),
        (_, Input::R2Exceeded) => Some("smoltcp retransmits for ever: it has no R2"),
        (_, Input::SynRfc793) => Some("legacy: smoltcp answers as RFC 5961 says"),
        (State::Closed, Input::OpenPassive) | (State::Listen, Input::Close | Input::Abort) => {
            Some("a socket's listener has no TCP state: an end begins in LISTEN, when its SYN comes")
        }
        (State::Listen, Input::OpenActive | Input::Send) => Some("a smoltcp listener cannot be made to connect"),
        (State::SynSent, Input::SynAckFin) => Some("smoltcp drops a SYN,ACK that has a FIN"),
        (State::SynReceived, Input::SynPassive) => Some("smoltcp ignores a SYN in SYN-RECEIVED"),
        (State::TimeWait, Input::Abort) => {
            Some("a socket is done with a connection in TIME-WAIT: close() leaves it to TCP")
        }
        (State::TimeWait, Input::SynNewIncarnation) => Some("smoltcp takes no SYN in TIME-WAIT (RFC 6191 is a MAY)"),
        _ => None,
    }
}
