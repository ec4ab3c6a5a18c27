//! Why smoltcp differs where it does: each difference between it and the RFC's machine is one of these.

use super::lab::Place;
use core::fmt;

/// What a difference is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    /// The stack does not do what the text says.
    Deviation,
    /// The text lets an implementation do so.
    Allowed,
    /// The text is silent, or says two things.
    Doubtful,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Deviation => "deviation",
            Kind::Allowed => "allowed",
            Kind::Doubtful => "doubtful",
        })
    }
}

/// Why a cell differs: what it is, how binding the text is (`-`: no word in capitals), and why.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Why {
    pub(crate) kind: Kind,
    pub(crate) level: &'static str,
    pub(crate) text: &'static str,
}

const fn why(kind: Kind, level: &'static str, text: &'static str) -> Option<Why> {
    Some(Why { kind, level, text })
}

/// The reason for a difference in this cell; `None`: the stack is held to agree there.
pub(crate) fn why_smoltcp_differs(place: Place, class: &str) -> Option<Why> {
    let both_syns_known = place > Place::SynSent;
    let flagged = matches!(class, "SYN,FIN" | "SYN,FIN,ACK" | "all flags");
    match (place, class) {
        (Place::Closed, "all flags") | (Place::Listen, "all flags") => None,
        _ if flagged => why(Kind::Deviation, "-", "a segment with SYN and FIN (or RST and more) is dropped unread"),
        (Place::Closed, "FIN without ACK" | "text without ACK" | "no flags") => {
            why(Kind::Deviation, "-", "a segment without ACK is refused by a RST that has no ACK")
        }
        (Place::SynSent, "FIN,ACK" | "FIN,ACK ahead" | "FIN,ACK again" | "text and FIN") => {
            why(Kind::Deviation, "-", "an unacceptable ACK that comes with a FIN gets no RST")
        }
        (Place::PassiveSynReceived, "SYN" | "SYN in the window" | "SYN,ACK") => {
            why(Kind::Deviation, "-", "a SYN in SYN-RECEIVED is ignored: no return to LISTEN")
        }
        (Place::PassiveSynReceived | Place::ActiveSynReceived, "SYN,ACK, bad ACK") => {
            why(Kind::Deviation, "-", "the ACK is checked before the SYN")
        }
        (
            Place::PassiveSynReceived | Place::ActiveSynReceived,
            "FIN,ACK again" | "text, old" | "text beyond the window",
        ) => why(Kind::Deviation, "should", "the ACK is checked before the sequence number: RST instead of ACK"),
        (_, "RST in the window") if both_syns_known => {
            why(Kind::Allowed, "MUST of RFC 5961", "any RST in the window resets, as before RFC 5961")
        }
        (_, "SYN, old") if both_syns_known => {
            why(Kind::Deviation, "should", "a SYN outside the window is not acknowledged")
        }
        (_, "SYN" | "SYN in the window" | "SYN,ACK") if both_syns_known => why(
            Kind::Deviation,
            "MUST of RFC 5961",
            "a SYN in the window gets neither a challenge ACK (RFC 5961) nor a RST (RFC 793)",
        ),
        (Place::CloseWait | Place::Closing, "text" | "text, old and new") => {
            why(Kind::Deviation, "-", "text behind the peer's FIN is taken and acknowledged")
        }
        (Place::CloseWait | Place::Closing, "text, ahead") => {
            why(Kind::Deviation, "-", "text behind the peer's FIN is held and answered")
        }
        (Place::LastAck, "text" | "text, ahead" | "text, old and new" | "FIN,ACK ahead") => {
            why(Kind::Allowed, "-", "what comes behind the peer's FIN is ignored, with an ACK")
        }
        (Place::Closing | Place::LastAck, "FIN,ACK of all") => {
            why(Kind::Deviation, "-", "the ACK of our FIN does not count when it comes with a second FIN")
        }
        (Place::LastAck, "ACK, duplicate" | "ACK, ahead") => {
            why(Kind::Doubtful, "-", "LAST-ACK has a rule for the ACK of our FIN alone; any other gets an ACK")
        }
        (Place::TimeWait, "ACK, part" | "ACK, ahead") => {
            why(Kind::Doubtful, "-", "TIME-WAIT has a rule for the peer's FIN alone; an ACK ahead gets an ACK")
        }
        (Place::TimeWait, "FIN,ACK" | "FIN,ACK of all" | "FIN,ACK ahead" | "text and FIN") => {
            why(Kind::Doubtful, "-", "a second FIN, with another number, is no retransmission of the first")
        }
        _ => None,
    }
}
