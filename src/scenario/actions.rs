//! The actions of steps: what each does, and which keys it takes.

use super::leaf::Standard;
use crate::machine::Finite;
use crate::trace::CallName;
use core::fmt;

/// What a step does, by the word of the file: a call by its name, or what befalls a host or a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Verb {
    /// A call.
    Call(CallName),
    /// The host loses everything without a word.
    Crash,
    /// The host starts again.
    Restart,
    /// A link stops working.
    Cut,
    /// A link works again.
    Repair,
}

impl From<CallName> for Verb {
    fn from(call: CallName) -> Verb {
        Verb::Call(call)
    }
}

const CALLS: usize = CallName::ALL.len();

/// The calls in their order, then the others.
const VERBS: [Verb; CALLS + 4] = {
    let mut verbs = [Verb::Crash; CALLS + 4];
    let mut at = 0;
    while at < CALLS {
        verbs[at] = Verb::Call(CallName::ALL[at]);
        at += 1;
    }
    (verbs[CALLS + 1], verbs[CALLS + 2], verbs[CALLS + 3]) = (Verb::Restart, Verb::Cut, Verb::Repair);
    verbs
};

impl Finite for Verb {
    const ALL: &'static [Verb] = &VERBS;
    fn name(self) -> &'static str {
        match self {
            Verb::Call(call) => call.name(),
            Verb::Crash => "crash",
            Verb::Restart => "restart",
            Verb::Cut => "cut",
            Verb::Repair => "repair",
        }
    }
    fn index(self) -> usize {
        match self {
            Verb::Call(call) => call.index(),
            Verb::Crash => CALLS,
            Verb::Restart => CALLS + 1,
            Verb::Cut => CALLS + 2,
            Verb::Repair => CALLS + 3,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Standard for Verb {
    const WHAT: &'static str = "action";
}

/// What `expect` may ask of an action.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gives {
    /// No call: neither `expect` nor `fails`.
    Nothing,
    /// Success or an error.
    Success,
    /// A value as the trace prints it.
    Value,
    /// Bytes, or the end of file.
    Bytes,
    /// A segment, which the step's keys describe.
    Segment,
}

/// An action, described.
pub(crate) struct ActionInfo {
    pub(crate) about: &'static str,
    /// The keys that it needs.
    pub(crate) needs: &'static [&'static str],
    /// The keys that it also takes.
    pub(crate) takes: &'static [&'static str],
    pub(crate) gives: Gives,
}

/// The keys of every action.
pub(crate) const TIMING: [&str; 5] = ["at", "wait", "after", "label", "times"];

/// The keys of every action that is a call.
pub(crate) const OUTCOME: [&str; 2] = ["expect", "fails"];

/// The keys of which one gives the bytes.
pub(crate) const PAYLOAD: [&str; 3] = ["text", "hex", "bytes"];

const fn call(
    about: &'static str,
    needs: &'static [&'static str],
    takes: &'static [&'static str],
    gives: Gives,
) -> ActionInfo {
    ActionInfo { about, needs, takes, gives }
}

const fn call_info(name: CallName) -> ActionInfo {
    use Gives::{Bytes, Nothing, Segment, Success, Value};
    match name {
        CallName::Socket => call("A new socket: TCP, or UDP with `proto`.", &[], &["proto", "as"], Success),
        CallName::Bind => {
            call("Gives the socket a local address: all of the host's, or `ip`.", &["port"], &["on", "ip"], Success)
        }
        CallName::Listen => call(
            "Waits for connections; with a `port` it first makes and binds a socket where the program has no fresh one.",
            &[],
            &["on", "as", "port", "backlog"],
            Success,
        ),
        CallName::Accept => {
            call("Waits for a connection and takes it: a new socket.", &[], &["on", "as", "no-wait"], Value)
        }
        CallName::Connect => call(
            "Opens a connection; it first makes a socket where the program has no fresh one, and resolves a name.",
            &["to"],
            &["on", "as", "no-wait"],
            Success,
        ),
        CallName::Send => call("Sends, until all is taken.", &[], &["on", "text", "hex", "bytes", "no-wait"], Value),
        CallName::Recv => call(
            "Receives once: what is there, at most `max` bytes. Repeated with `whole` until so many bytes are there, \
                 with `to-end` until the end of file.",
            &[],
            &["on", "max", "whole", "to-end", "no-wait"],
            Bytes,
        ),
        CallName::Sendto => call("Sends a datagram.", &["to"], &["on", "text", "hex", "bytes", "no-wait"], Value),
        CallName::Recvfrom => call("Receives a datagram.", &[], &["on", "max", "no-wait"], Bytes),
        CallName::Shutdown => {
            call("Closes the receiving direction, the sending one, or both.", &["how"], &["on"], Success)
        }
        CallName::Close => call("Gives the socket back; TCP then closes the connection.", &[], &["on"], Success),
        CallName::Setsockopt => call("Sets an option.", &["option", "value"], &["on"], Success),
        CallName::Getsockopt => call("Reads an option.", &["option"], &["on"], Value),
        CallName::Getsockname => call("Reads the local address.", &[], &["on"], Value),
        CallName::Getpeername => call("Reads the remote address.", &[], &["on"], Value),
        CallName::Poll => call("Asks what the socket is ready for, as in \"IN|OUT\".", &[], &["on"], Value),
        CallName::Getaddrinfo => call("Resolves a name.", &["name"], &[], Value),
        CallName::Sleep => call("Does nothing, for its `wait`, `at` or `after`.", &[], &[], Nothing),
        CallName::Inject => call(
            "A crafted TCP segment leaves the host; sequence numbers are absolute.",
            &["src", "to", "flags"],
            &[
                "seq",
                "ack",
                "window",
                "urgent",
                "mss",
                "scale",
                "sack-ok",
                "sack",
                "timestamps",
                "options",
                "checksum",
                "text",
                "hex",
                "bytes",
            ],
            Nothing,
        ),
        CallName::Segment => call(
            "Sends a TCP segment from a scripted peer (`tcp = \"script\"`), on the connection with `to` and the peer's own \
             `port`; without them on the program's latest one.",
            &["flags"],
            &[
                "to",
                "port",
                "isn",
                "seq",
                "ack",
                "window",
                "urgent",
                "mss",
                "scale",
                "sack-ok",
                "sack",
                "timestamps",
                "options",
                "checksum",
                "text",
                "hex",
                "bytes",
            ],
            Success,
        ),
        CallName::Await => call(
            "Waits for the next TCP segment that reaches a scripted peer: on the connection with `from`, or at the peer's own \
             `port`; without them on the program's latest connection, or the first that comes. It must be as the keys say; \
             with `silence`, none must come.",
            &[],
            &[
                "from",
                "port",
                "within",
                "silence",
                "flags",
                "seq",
                "ack",
                "window",
                "urgent",
                "mss",
                "scale",
                "sack-ok",
                "sack",
                "timestamps",
                "text",
                "hex",
                "bytes",
            ],
            Segment,
        ),
        CallName::UserOpen => call(
            "RFC 9293's OPEN, at a host of the model peer: of the connection between a local `port` and the foreign \
                 socket `to`. It waits for nothing.",
            &["port", "to"],
            &["passive", "timeout", "as"],
            Value,
        ),
        CallName::UserSend => call(
            "RFC 9293's SEND: as much as there is room for.",
            &[],
            &["on", "text", "hex", "bytes", "timeout"],
            Value,
        ),
        CallName::UserReceive => {
            call("RFC 9293's RECEIVE: waits for text, or the end.", &[], &["on", "max", "timeout", "no-wait"], Bytes)
        }
        CallName::UserClose => call("RFC 9293's CLOSE.", &[], &["on", "timeout"], Value),
        CallName::UserAbort => call("RFC 9293's ABORT.", &[], &["on"], Value),
        CallName::UserStatus => call("RFC 9293's STATUS: the connection's state.", &[], &["on"], Value),
    }
}

impl Verb {
    /// A call of RFC 9293's user interface.
    pub(crate) const fn is_user_call(self) -> bool {
        matches!(
            self,
            Verb::Call(
                CallName::UserOpen
                    | CallName::UserSend
                    | CallName::UserReceive
                    | CallName::UserClose
                    | CallName::UserAbort
                    | CallName::UserStatus
            )
        )
    }

    /// What it does and takes.
    pub(crate) const fn info(self) -> ActionInfo {
        use Gives::Nothing;
        match self {
            Verb::Call(call) => call_info(call),
            Verb::Crash => {
                call("The host loses its programs, sockets and connections without a word.", &[], &[], Nothing)
            }
            Verb::Restart => call("The host starts again, with its built-in servers.", &[], &[], Nothing),
            Verb::Cut => call("The link stops working.", &["link"], &[], Nothing),
            Verb::Repair => call("The link works again.", &["link"], &[], Nothing),
        }
    }

    /// All keys that it takes.
    pub(crate) fn keys(self) -> Vec<&'static str> {
        let info = self.info();
        let outcome: &[&str] = match info.gives {
            Gives::Nothing => &[],
            Gives::Segment => &OUTCOME[..1],
            Gives::Success | Gives::Value | Gives::Bytes => &OUTCOME,
        };
        [info.needs, info.takes, &TIMING, outcome].concat()
    }
}

/// Words that people may try, and ours.
pub(crate) const SYNONYMS: [(&str, &str); 9] = [
    ("wait", "sleep"),
    ("pause", "sleep"),
    ("resolve", "getaddrinfo"),
    ("write", "send"),
    ("read", "recv"),
    ("receive", "recv"),
    ("open", "connect"),
    ("setopt", "setsockopt"),
    ("getopt", "getsockopt"),
];
