//! The records. Field names here are the keys of the JSON form.

use crate::base::{ActorId, ConnId, Fd, LinkId, NodeId, Payload, RecordId, Span, Time};
use crate::packet::Packet;
use crate::socket_api::Errno;
use crate::tcp;
use bytes::Bytes;
use core::net::SocketAddr;
use serde::{Deserialize, Serialize};

#[allow(clippy::disallowed_types, reason = "what serde derives for `flatten` names floats; no value is one")]
mod entry {
    use super::{Deserialize, NodeId, RecordId, Serialize, Time, What};

    /// One thing that happened.
    #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
    pub struct Record {
        /// Its position in the run.
        pub id: RecordId,
        /// When, in nanoseconds since the start.
        pub at: Time,
        /// Where: for what happens on a link, the node that sent the frame.
        pub node: NodeId,
        /// The record that led to this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub cause: Option<RecordId>,
        /// What.
        #[serde(flatten)]
        pub what: What,
    }
}

pub use entry::Record;

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum What {
    /// A connection was seen for the first time, and gets its name: initiator and the count of its connects.
    Conn {
        /// The connection.
        conn: ConnId,
        /// That host's n-th connect, from 1.
        n: u32,
        /// The initiator's address and port. (The initiator is the record's node.)
        local: SocketAddr,
        /// The other's.
        remote: SocketAddr,
    },
    /// A program of the scenario began its next step. A step has no cause: it is what the scenario says.
    Step {
        /// The program.
        actor: ActorId,
        /// Which of its steps, from 0; in words for people the first is step 1.
        index: u32,
    },
    /// A program made a call; a call that blocks is `pending` and has a `return` later.
    Call(Call),
    /// A call that blocked returned.
    Return {
        /// The program.
        actor: ActorId,
        /// The call.
        of: RecordId,
        /// What it returned.
        outcome: Outcome,
    },
    /// A packet left a node's stack.
    Sent {
        /// The link out of which it went; `None` for loopback.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<LinkId>,
        /// Its connection, for TCP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conn: Option<ConnId>,
        /// What it says.
        packet: Packet,
        /// Its bytes; not in the JSON form unless asked for.
        #[serde(skip)]
        frame: Bytes,
    },
    /// A packet reached a node's stack. Its cause is the record of its sending.
    Arrived {
        /// The link by which it came; `None` for loopback.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<LinkId>,
        /// Its connection, for TCP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conn: Option<ConnId>,
        /// What it says.
        packet: Packet,
        /// Its bytes; not in the JSON form unless asked for.
        #[serde(skip)]
        frame: Bytes,
    },
    /// A link did to a packet what it does not do to every packet.
    Fault {
        /// The link.
        link: LinkId,
        /// Its connection, for TCP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conn: Option<ConnId>,
        /// What it says (before corruption).
        packet: Packet,
        /// What the link did.
        fault: Fault,
        /// The bytes as they go on (or would have gone on); not in the JSON form unless asked for.
        #[serde(skip)]
        frame: Bytes,
    },
    /// A node threw a packet away. Its cause is the record of its sending.
    Drop {
        /// Its connection, for TCP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conn: Option<ConnId>,
        /// What it says.
        packet: Packet,
        /// Why.
        why: DropWhy,
        /// Its bytes; not in the JSON form unless asked for.
        #[serde(skip)]
        frame: Bytes,
    },
    /// A link changed, as the scenario says.
    Link {
        /// The link.
        link: LinkId,
        /// How.
        change: LinkChange,
    },
    /// A connection's TCP state changed at this node. The cause says why: a call, an arrival, a timer.
    State {
        /// The connection.
        conn: ConnId,
        /// The end: the initiator's; else the acceptor's (a host can be both).
        end: End,
        /// The state before.
        from: tcp::State,
        /// The state after.
        to: tcp::State,
    },
    /// A timer fired.
    Timer {
        /// The connection, if it is of one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conn: Option<ConnId>,
        /// The end of that connection whose timer it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<End>,
        /// Which.
        timer: TimerKind,
        /// How long it had run: since the record that is its cause. Where the wire does not tell, the time for which the end
        /// had been silent on this connection.
        after: Span,
    },
    /// A machine of the catalogue other than TCP's took an input.
    Edge(Edge),
    /// A host's program said something.
    App {
        /// The program.
        actor: ActorId,
        /// What.
        text: String,
    },
    /// A host lost its programs, sockets and connections without a word, or started again.
    Power {
        /// It runs from now on.
        up: bool,
    },
    /// A connection's stack has gone quiet though something is due: its poll time stays "now" and nothing happens.
    Stall {
        /// The connection.
        conn: ConnId,
        /// The end.
        end: End,
    },
    /// A claim about the run does not hold.
    Divergence {
        /// The connection, if it is of one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conn: Option<ConnId>,
        /// The rule's short name, by which a scenario says that it knows it.
        rule: String,
        /// Where the rule stands.
        clause: String,
        /// What was seen and what would have been right.
        text: String,
    },
    /// The run ended.
    End {
        /// How.
        ending: Ending,
    },
}

impl What {
    /// The packet that the record is about, with its connection.
    pub const fn packet(&self) -> Option<(Option<ConnId>, &Packet)> {
        match self {
            What::Sent { conn, packet, .. }
            | What::Arrived { conn, packet, .. }
            | What::Fault { conn, packet, .. }
            | What::Drop { conn, packet, .. } => Some((*conn, packet)),
            _ => None,
        }
    }

    /// That packet's bytes; empty in a trace read without them.
    pub const fn frame(&self) -> Option<&Bytes> {
        match self {
            What::Sent { frame, .. }
            | What::Arrived { frame, .. }
            | What::Fault { frame, .. }
            | What::Drop { frame, .. } => Some(frame),
            _ => None,
        }
    }

    /// The place for them.
    pub const fn frame_mut(&mut self) -> Option<&mut Bytes> {
        match self {
            What::Sent { frame, .. }
            | What::Arrived { frame, .. }
            | What::Fault { frame, .. }
            | What::Drop { frame, .. } => Some(frame),
            _ => None,
        }
    }
}

/// Which end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// It sent the first SYN.
    Initiator,
    /// It was listening.
    Acceptor,
}

/// A call of the socket layer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Call {
    /// The program.
    pub actor: ActorId,
    /// Its libc name.
    pub call: CallName,
    /// The descriptor, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fd: Option<Fd>,
    /// The connection behind the descriptor, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conn: Option<ConnId>,
    /// Its other arguments as text: `server:80`, `SHUT_WR`, `SO_LINGER=0`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub args: String,
    /// The bytes given to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Payload>,
    /// What it returned at once.
    pub outcome: Outcome,
}

impl Call {
    /// Whether it shuts the sending direction.
    pub fn shuts_sending(&self) -> bool {
        self.call == CallName::Shutdown && matches!(self.args.as_str(), "SHUT_WR" | "SHUT_RDWR")
    }
}

crate::finite! {
    /// The calls that programs make; names of libc, and of the simulation where libc has none.
    pub enum CallName {
        /// Makes a socket.
        Socket => "socket",
        /// Gives it a local address.
        Bind => "bind",
        /// Makes it wait for connections.
        Listen => "listen",
        /// Takes the next connection.
        Accept => "accept",
        /// Opens a connection, or sets a datagram socket's peer.
        Connect => "connect",
        /// Sends bytes.
        Send => "send",
        /// Receives bytes.
        Recv => "recv",
        /// Sends a datagram to an address.
        Sendto => "sendto",
        /// Receives a datagram and its sender's address.
        Recvfrom => "recvfrom",
        /// Closes one or both directions.
        Shutdown => "shutdown",
        /// Gives the descriptor back.
        Close => "close",
        /// Sets an option.
        Setsockopt => "setsockopt",
        /// Reads an option.
        Getsockopt => "getsockopt",
        /// The local address.
        Getsockname => "getsockname",
        /// The remote address.
        Getpeername => "getpeername",
        /// What a socket is ready for.
        Poll => "poll",
        /// Resolves a name.
        Getaddrinfo => "getaddrinfo",
        /// Waits for a time (scenario steps `wait` and `at`).
        Sleep => "sleep",
        /// Puts a crafted segment on the wire.
        Inject => "inject",
        /// Sends a segment that a scripted peer makes.
        Segment => "segment",
        /// Takes the next segment that reaches a scripted peer.
        Await => "await",
        /// OPEN of RFC 9293's user interface (3.9.1).
        UserOpen => "OPEN",
        /// SEND of the same.
        UserSend => "SEND",
        /// RECEIVE of the same.
        UserReceive => "RECEIVE",
        /// CLOSE of the same.
        UserClose => "CLOSE",
        /// ABORT of the same.
        UserAbort => "ABORT",
        /// STATUS of the same.
        UserStatus => "STATUS",
    }
}

impl CallName {
    /// It puts a segment of a program's making on the wire: what that says, no TCP says.
    pub const fn crafts(self) -> bool {
        matches!(self, CallName::Inject | CallName::Segment)
    }
}

/// What a call returned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Success with nothing to give.
    Ok,
    /// It blocks: a `return` record follows.
    Pending,
    /// A new descriptor.
    Fd(Fd),
    /// A new descriptor and the peer's address.
    Accepted(Fd, SocketAddr),
    /// So many bytes.
    Count(u32),
    /// These bytes.
    Data(Payload),
    /// These bytes from this address.
    From(Payload, SocketAddr),
    /// End of file: the peer sends no more.
    Eof,
    /// An address.
    Addr(SocketAddr),
    /// An option's value.
    Value(i64),
    /// SO_ERROR's value: the pending error, taken.
    SoError(Errno),
    /// Readiness, in poll's words: `IN|OUT|HUP`.
    Ready(String),
    /// The segment of this arrival, with its text.
    Segment(RecordId, Payload),
    /// Nothing came in the time.
    Nothing,
    /// What STATUS says: the state.
    Status(String),
    /// What a call of RFC 9293's user interface was refused with.
    Refused(String),
    /// It failed.
    Err(Errno),
}

/// What a link did to a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Lost, by the named fault of this index (from 0, in the order of the file).
    Dropped(u32),
    /// Lost by chance.
    Lost,
    /// Lost by chance, in a burst.
    LostInBurst,
    /// Lost: the link's queue was full.
    QueueFull,
    /// Lost: the link was cut.
    Cut,
    /// Lost: larger than the link's MTU.
    TooBig,
    /// Delivered twice, by a named fault or by chance.
    Duplicated(Option<u32>),
    /// Delivered later by so much, by the named fault.
    Delayed(u32, Span),
    /// Held back until the named fault's condition comes true.
    Held(u32),
    /// The condition came true: it goes on.
    Released(u32),
    /// Overtaken by later packets, by chance.
    Reordered(Span),
    /// A bit was flipped (its index in the frame), by a named fault or by chance.
    Corrupted(Option<u32>, u32),
}

impl Fault {
    /// The packet did not get through.
    pub const fn is_loss(&self) -> bool {
        matches!(
            self,
            Fault::Dropped(_) | Fault::Lost | Fault::LostInBurst | Fault::QueueFull | Fault::Cut | Fault::TooBig
        )
    }

    /// The named fault that did it, by its index.
    pub const fn rule(&self) -> Option<u32> {
        match self {
            Fault::Dropped(rule) | Fault::Delayed(rule, _) | Fault::Held(rule) | Fault::Released(rule) => Some(*rule),
            Fault::Duplicated(rule) | Fault::Corrupted(rule, _) => *rule,
            Fault::Lost | Fault::LostInBurst | Fault::QueueFull | Fault::Cut | Fault::TooBig | Fault::Reordered(_) => {
                None
            }
        }
    }

    /// The kind's name, as the JSON form has it.
    pub const fn name(&self) -> &'static str {
        match self {
            Fault::Dropped(_) => "dropped",
            Fault::Lost => "lost",
            Fault::LostInBurst => "lost-in-burst",
            Fault::QueueFull => "queue-full",
            Fault::Cut => "cut",
            Fault::TooBig => "too-big",
            Fault::Duplicated(_) => "duplicated",
            Fault::Delayed(..) => "delayed",
            Fault::Held(_) => "held",
            Fault::Released(_) => "released",
            Fault::Reordered(_) => "reordered",
            Fault::Corrupted(..) => "corrupted",
        }
    }
}

crate::finite! {
    /// Why a node threw a packet away.
    pub enum DropWhy {
        /// A checksum does not match.
        BadChecksum => "bad-checksum",
        /// The accept queue is full.
        BacklogFull => "backlog-full",
        /// As many connections of the listener are half-open as may be.
        HalfOpenFull => "half-open-full",
        /// The time to live reached zero.
        TtlExpired => "ttl-expired",
        /// No route leads there.
        NoRoute => "no-route",
        /// Larger than the next link's MTU, and not to be fragmented.
        TooBig => "too-big",
        /// The node itself has nothing that takes it.
        NoProtocol => "no-protocol",
        /// No socket is bound to its port there.
        NoPort => "no-port",
        /// Addressed to someone else.
        NotForUs => "not-for-us",
        /// The host is down.
        HostDown => "host-down",
        /// It cannot be read as what it claims to be.
        Malformed => "malformed",
        /// From an address that no host can have.
        BadSource => "bad-source",
        /// The node's queues are full.
        NoRoom => "no-room",
    }
}

/// How a link changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkChange {
    /// Nothing gets through from now on.
    Cut,
    /// It works again.
    Repaired,
}

crate::finite! {
    /// A timer; TCP's are inferred from what their firing did.
    pub enum TimerKind {
        /// Retransmission timeout (RFC 6298).
        Retransmission => "rto",
        /// Third duplicate ACK (RFC 5681, 3.2); not a clock, but the stack sends it as if one had fired.
        FastRetransmit => "fast-retransmit",
        /// Zero-window probe (RFC 9293, 3.8.6.1).
        Probe => "zero-window-probe",
        /// Keep-alive (RFC 9293, 3.8.4).
        KeepAlive => "keep-alive",
        /// Delayed acknowledgment (RFC 9293, 3.8.6.3).
        DelayedAck => "delayed-ack",
        /// Two maximum segment lifetimes in TIME-WAIT (RFC 9293, 3.10.8).
        TimeWait => "2msl",
        /// A connection attempt or unacknowledged data took too long (RFC 9293, 3.8.3; RFC 5482).
        UserTimeout => "user-timeout",
        /// SO_LINGER's time, for which close() waits.
        Linger => "linger",
        /// A question for a hardware address had no answer, and is asked again (RFC 1122, 2.3.2.1; RFC 4861, 7.2.2).
        Neighbor => "neighbor",
        /// The resolver's patience with a name server that does not answer (RFC 1123, 6.1.3.3).
        Resolver => "resolver",
    }
}

/// A name of the catalogue: static where a run wrote it, owned where a file was read.
pub type Name = std::borrow::Cow<'static, str>;

/// What the machine belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A descriptor of the record's node.
    Fd(Fd),
    /// A connection's end.
    Conn(ConnId, End),
}

/// A machine took an input; all by their names in the catalogue.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Edge {
    /// Which machine.
    pub machine: Name,
    /// Whose.
    pub of: Subject,
    /// The state before.
    pub from: Name,
    /// The input.
    pub input: Name,
    /// The state after.
    pub to: Name,
    /// What the caller was refused with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Name>,
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Nothing is left to happen and no program waits.
    Quiet,
    /// Nothing is left to happen, but these programs wait for ever: actor and what it waits for.
    Stuck(Vec<String>),
    /// More events than the limit.
    EventLimit(u64),
    /// More virtual time than the limit.
    TimeLimit(Span),
    /// More queued bytes than the limit.
    QueueLimit(u64),
    /// The stack panicked.
    Panic(String),
}
