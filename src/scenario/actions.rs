//! The actions of steps: what each does, and which keys it takes.

use super::leaf::Standard;

crate::finite! {
    /// What a step does, by the word of the file: libc's name where libc has one.
    #[allow(unreachable_pub)] // the macro makes public alphabets only
    pub enum Verb {
        /// A new socket.
        Socket => "socket",
        /// Gives the socket a local address.
        Bind => "bind",
        /// Makes the socket wait for connections.
        Listen => "listen",
        /// Waits for the next connection and takes it: a new socket.
        Accept => "accept",
        /// Opens a connection.
        Connect => "connect",
        /// Sends bytes.
        Send => "send",
        /// Receives bytes.
        Recv => "recv",
        /// Sends a datagram.
        Sendto => "sendto",
        /// Receives a datagram.
        Recvfrom => "recvfrom",
        /// Closes one direction, or both.
        Shutdown => "shutdown",
        /// Gives the socket back.
        Close => "close",
        /// Sets an option.
        Setsockopt => "setsockopt",
        /// Reads an option.
        Getsockopt => "getsockopt",
        /// Reads the local address.
        Getsockname => "getsockname",
        /// Reads the remote address.
        Getpeername => "getpeername",
        /// Asks what the socket is ready for.
        Poll => "poll",
        /// Resolves a name.
        Getaddrinfo => "getaddrinfo",
        /// Does nothing but wait.
        Sleep => "sleep",
        /// The host loses everything without a word.
        Crash => "crash",
        /// The host starts again.
        Restart => "restart",
        /// A link stops working.
        Cut => "cut",
        /// A link works again.
        Repair => "repair",
        /// A crafted TCP segment leaves the host.
        Inject => "inject",
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

impl Verb {
    /// What it does and takes.
    pub(crate) const fn info(self) -> ActionInfo {
        use Gives::{Bytes, Nothing, Success, Value};
        match self {
            Verb::Socket => call("A new socket: TCP, or UDP with `proto`.", &[], &["proto", "as"], Success),
            Verb::Bind => {
                call("Gives the socket a local address: all of the host's, or `ip`.", &["port"], &["on", "ip"], Success)
            }
            Verb::Listen => call(
                "Waits for connections; with a `port` it first makes and binds a socket where the program has no fresh one.",
                &[],
                &["on", "as", "port", "backlog"],
                Success,
            ),
            Verb::Accept => {
                call("Waits for a connection and takes it: a new socket.", &[], &["on", "as", "no-wait"], Value)
            }
            Verb::Connect => call(
                "Opens a connection; it first makes a socket where the program has no fresh one, and resolves a name.",
                &["to"],
                &["on", "as", "no-wait"],
                Success,
            ),
            Verb::Send => call("Sends, until all is taken.", &[], &["on", "text", "hex", "bytes", "no-wait"], Value),
            Verb::Recv => call(
                "Receives once: what is there, at most `max` bytes. Repeated with `whole` until so many bytes are there, \
                 with `to-end` until the end of file.",
                &[],
                &["on", "max", "whole", "to-end", "no-wait"],
                Bytes,
            ),
            Verb::Sendto => call("Sends a datagram.", &["to"], &["on", "text", "hex", "bytes", "no-wait"], Value),
            Verb::Recvfrom => call("Receives a datagram.", &[], &["on", "max", "no-wait"], Bytes),
            Verb::Shutdown => {
                call("Closes the receiving direction, the sending one, or both.", &["how"], &["on"], Success)
            }
            Verb::Close => call("Gives the socket back; TCP then closes the connection.", &[], &["on"], Success),
            Verb::Setsockopt => call("Sets an option.", &["option", "value"], &["on"], Success),
            Verb::Getsockopt => call("Reads an option.", &["option"], &["on"], Value),
            Verb::Getsockname => call("Reads the local address.", &[], &["on"], Value),
            Verb::Getpeername => call("Reads the remote address.", &[], &["on"], Value),
            Verb::Poll => call("Asks what the socket is ready for, as in \"IN|OUT\".", &[], &["on"], Value),
            Verb::Getaddrinfo => call("Resolves a name.", &["name"], &[], Value),
            Verb::Sleep => call("Does nothing, for its `wait`, `at` or `after`.", &[], &[], Nothing),
            Verb::Crash => {
                call("The host loses its programs, sockets and connections without a word.", &[], &[], Nothing)
            }
            Verb::Restart => call("The host starts again, with its built-in servers.", &[], &[], Nothing),
            Verb::Cut => call("The link stops working.", &["link"], &[], Nothing),
            Verb::Repair => call("The link works again.", &["link"], &[], Nothing),
            Verb::Inject => call(
                "A crafted TCP segment leaves the host; sequence numbers are absolute.",
                &["src", "to", "flags"],
                &["seq", "ack", "window", "options", "text", "hex", "bytes"],
                Nothing,
            ),
        }
    }

    /// All keys that it takes.
    pub(crate) fn keys(self) -> Vec<&'static str> {
        let info = self.info();
        let outcome: &[&str] = if info.gives == Gives::Nothing { &[] } else { &OUTCOME };
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
