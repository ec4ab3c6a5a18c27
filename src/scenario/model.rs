//! The checked scenario: every name resolved, every unit converted, every default filled in.

mod host_tcp;
mod ip_net;
mod segment;
mod sock_opt;
mod user;

pub use host_tcp::{HostTcp, ModelSpec};
pub use ip_net::IpNet;
pub use segment::{Await, Inject, PeerSegment, SegmentParts, SeqPart};
pub use sock_opt::{MAX_BUFFER, MAX_RCVBUF, SockOpt};
pub use user::{UserCall, UserCallKind};

use crate::base::{Limits, LinkId, NodeId, Payload, Span, Time};
use crate::packet::Flags;
use crate::socket_api::Errno;
use crate::tcp;
use crate::trace::{End, NodeKind};
use core::net::IpAddr;
use core::ops::Range;
use std::collections::BTreeMap;

/// A whole scenario. Indices into its lists are the ids of the trace.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scenario {
    /// The file's name without its folder and ending, or what the builder was given.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What to look at.
    pub about: String,
    /// The default seed.
    pub seed: u64,
    /// Hosts, switches and routers, by [`NodeId`].
    pub nodes: Vec<Node>,
    /// Links, by [`LinkId`].
    pub links: Vec<Link>,
    /// Named faults, in the order of the file.
    pub faults: Vec<FaultRule>,
    /// When which link is cut, and repaired.
    pub cuts: Vec<Cut>,
    /// Programs, by [`crate::base::ActorId`].
    pub actors: Vec<Actor>,
    /// What a run of it must show.
    pub expect: Vec<Expectation>,
    /// The rules of divergences that this scenario exists to show; exactly these must appear.
    pub known: Vec<String>,
    /// What ends its runs.
    pub limits: Limits,
}

/// A host, switch or router.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// Its addresses; a switch has none. A router's address belongs to the port whose link leads into its network.
    pub addrs: Vec<IpNet>,
    /// The rest, for hosts.
    pub host: HostSpec,
}

/// What a host is set to.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct HostSpec {
    /// Its default router.
    pub via: Option<NodeId>,
    /// The defaults of its sockets.
    pub sockets: SocketSpec,
    /// Where its resolver sends questions; without one, names come from the static table alone.
    pub dns: Option<IpAddr>,
    /// The static table of names: every host of the scenario, and what the file adds.
    pub names: BTreeMap<String, Vec<IpAddr>>,
    /// The initial sequence number of its first connection; else from the seed.
    pub isn: Option<u32>,
    /// Whose TCP it has.
    pub tcp: HostTcp,
}

/// Congestion control of a socket (RFC 5681).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Congestion {
    /// None: the peer's window alone limits the sender.
    None,
    /// NewReno.
    #[default]
    Reno,
    /// CUBIC (RFC 9438).
    Cubic,
}

/// The most addresses that one host can have: the stack has room for them beside loopback's two.
pub const MAX_ADDRS: usize = 6;

/// The defaults of a host's sockets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SocketSpec {
    /// Congestion control.
    pub congestion: Congestion,
    /// Nagle's algorithm (RFC 9293, 3.7.4); TCP_NODELAY turns it off.
    pub nagle: bool,
    /// How long an acknowledgment may wait for company; `None` sends each at once.
    pub delayed_ack: Option<Span>,
    /// Whether keep-alive probes are sent (RFC 9293, 3.8.4).
    pub keep_alive: bool,
    /// After how long a silence the first is sent.
    pub keep_idle: Span,
    /// How long after an unanswered one the next is sent.
    pub keep_interval: Span,
    /// How many unanswered keep-alive probes end a connection.
    pub keep_probes: u32,
    /// The socket layer does not go round the stack's known faults: only to show them.
    pub bare: bool,
    /// Bytes of the receive buffer: the window.
    pub rcvbuf: u32,
    /// Bytes of the send buffer.
    pub sndbuf: u32,
    /// Time to live of packets sent.
    pub hop_limit: u8,
    /// After how long without an acknowledgment a connection or an attempt is given up; `None`: never. The default is
    /// the five minutes of RFC 9293, 3.9.1.1.
    pub user_timeout: Option<Span>,
}

impl Default for SocketSpec {
    fn default() -> Self {
        SocketSpec {
            congestion: Congestion::default(),
            nagle: true,
            delayed_ack: Some(Span::millis(10)),
            keep_alive: false,
            keep_idle: Span::secs(7_200),
            keep_interval: Span::secs(75),
            keep_probes: 9,
            bare: false,
            rcvbuf: 16_384,
            sndbuf: 16_384,
            hop_limit: 64,
            user_timeout: Some(Span::secs(300)),
        }
    }
}

/// A link between two nodes.
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// The nodes that it joins.
    pub ends: [NodeId; 2],
    /// Ethernet frames with ARP; else bare IP packets.
    pub ethernet: bool,
    /// What the direction from `ends[0]` to `ends[1]` does, and the other one.
    pub lanes: [Lane; 2],
}

/// One direction of a link. Probabilities are parts per million.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lane {
    /// Propagation delay.
    pub delay: Span,
    /// At most so much more, evenly spread; order is kept.
    pub jitter: Span,
    /// Bits per second.
    pub rate: u64,
    /// Bytes that may wait for the rate; what comes then is dropped.
    pub queue: u64,
    /// Largest IP packet in bytes.
    pub mtu: u32,
    /// Independent loss.
    pub loss: u32,
    /// Loss in bursts (Gilbert-Elliott).
    pub burst: Option<Burst>,
    /// Duplication.
    pub duplicate: u32,
    /// Being overtaken by what comes within `reorder_by`.
    pub reorder: u32,
    /// By how much a reordered packet is late.
    pub reorder_by: Span,
    /// One flipped bit.
    pub corrupt: u32,
}

impl Default for Lane {
    fn default() -> Self {
        Lane {
            delay: Span::millis(1),
            jitter: Span::ZERO,
            rate: 1_000_000_000,
            queue: 1 << 20,
            mtu: 1_500,
            loss: 0,
            burst: None,
            duplicate: 0,
            reorder: 0,
            reorder_by: Span::millis(1),
            corrupt: 0,
        }
    }
}

/// Loss in bursts: two states, in the bad one packets are lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Burst {
    /// Probability, per packet, that a burst begins.
    pub begin: u32,
    /// Probability, per packet, that it ends.
    pub end: u32,
    /// Probability of loss within a burst.
    pub loss: u32,
}

/// A named fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FaultRule {
    /// What is done.
    pub action: FaultAction,
    /// To which packets.
    pub on: PacketMatch,
}

/// What a named fault does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FaultAction {
    /// Loses it.
    Drop,
    /// Delivers it so much later; what comes after may overtake.
    Delay(Span),
    /// Delivers it twice.
    Duplicate,
    /// Flips one bit of its last byte.
    Corrupt,
    /// Holds it until a packet that matches has been delivered.
    Hold(PacketMatch),
}

/// Which packets. All that is given must hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PacketMatch {
    /// What kind of packet.
    pub kind: PacketKind,
    /// Sent by this node onto the link (for a routed packet: the last sender).
    pub from: Option<NodeId>,
    /// On this link.
    pub link: Option<LinkId>,
    /// Which of those that match all else, counted from 1; empty means every one.
    pub nth: Vec<Range<u64>>,
    /// Its text overlaps this range of the connection's relative sequence numbers (1 is the first byte of data).
    pub seq: Option<Range<u64>>,
}

/// A kind of packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PacketKind {
    /// Any at all.
    Any,
    /// A TCP segment with exactly these control bits, PSH left aside; without text where only ACK is named.
    Flags(Flags),
    /// A TCP segment with FIN, whatever else.
    Fin,
    /// A TCP segment with RST, whatever else.
    Rst,
    /// A TCP segment with text.
    Data,
    /// Any TCP segment.
    Tcp,
    /// A UDP datagram.
    Udp,
    /// An ICMP message.
    Icmp,
    /// An ARP message.
    Arp,
}

/// A link that does not work for a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cut {
    /// Which link.
    pub link: LinkId,
    /// From when.
    pub at: Time,
    /// Until when; `None`: for ever.
    pub until: Option<Time>,
}

/// A program on a host.
#[derive(Clone, PartialEq, Debug)]
pub struct Actor {
    /// Where it runs.
    pub node: NodeId,
    /// Its name in the trace: the host's, or `host/program`.
    pub name: String,
    /// What it does.
    pub program: Program,
}

/// A program as data.
#[derive(Clone, PartialEq, Debug)]
pub enum Program {
    /// The steps of a scenario, one after the other.
    Script(Vec<Step>),
    /// A built-in server.
    Serve(Serve),
}

/// A built-in server program.
#[derive(Clone, PartialEq, Debug)]
pub struct Serve {
    /// TCP or UDP.
    pub proto: Proto,
    /// Where it listens.
    pub port: u16,
    /// Its listen backlog (TCP).
    pub backlog: u32,
    /// What it does.
    pub app: ServeApp,
}

/// What a built-in server does with each connection or datagram.
#[derive(Clone, PartialEq, Debug)]
pub enum ServeApp {
    /// Sends back what it gets; closes when the peer has closed.
    Echo,
    /// Reads and forgets; closes when the peer has closed.
    Sink,
    /// Sends so many bytes, then closes.
    Source(u64),
    /// Answers DNS questions over UDP from this table.
    Dns(BTreeMap<String, Vec<IpAddr>>),
}

/// Transport protocol of a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Proto {
    /// SOCK_STREAM.
    #[default]
    Tcp,
    /// SOCK_DGRAM.
    Udp,
}

/// One step of a script.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// What to do.
    pub action: Action,
    /// Not before this time.
    pub at: Option<Time>,
    /// So long after the previous step has completed.
    pub wait: Span,
    /// Not before the step of this label has completed.
    pub after: Option<String>,
    /// Its own label.
    pub label: Option<String>,
    /// The name of the socket it is done on; else the actor's current one.
    pub on: Option<String>,
    /// The name that the socket it makes gets.
    pub name: Option<String>,
    /// Do not wait: the call fails with EAGAIN or EINPROGRESS instead of blocking.
    pub nonblocking: bool,
    /// What must come of it.
    pub want: Want,
    /// Where it stands in the file: byte range.
    pub span: Range<usize>,
}

/// What must come of a step.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Want {
    /// Success, whatever it gives.
    #[default]
    Success,
    /// Whatever.
    Anything,
    /// These bytes, in all calls of the step together.
    Data(Payload),
    /// End of file.
    Eof,
    /// This value, address or readiness as the trace prints it.
    Text(String),
    /// This error.
    Fails(Errno),
    /// A segment that is so.
    Segment(Box<SegmentParts>),
    /// No segment in the time.
    Silence,
}

/// Where to connect or send to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// A host's name (resolved when the step runs) or a literal address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// What a step does. Each is one call of the socket layer, unless its text says otherwise.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// `socket`.
    Socket(Proto),
    /// `bind`.
    Bind {
        /// The local address; unspecified if `None`.
        addr: Option<IpAddr>,
        /// The port; 0 asks for an ephemeral one.
        port: u16,
    },
    /// `listen`; `socket` and `bind` before it where a port is given and the actor has no fresh socket.
    Listen {
        /// The port to bind to first.
        port: Option<u16>,
        /// The length of the accept queue.
        backlog: u32,
    },
    /// `accept`.
    Accept,
    /// `connect`; `socket` before it where the actor has no fresh socket; `getaddrinfo` before it for a name.
    Connect(Target),
    /// `send`, repeated until all is taken.
    Send(Payload),
    /// `recv`.
    Recv {
        /// At most so many bytes a call.
        max: u32,
        /// Repeated until so many bytes are there, or the end.
        whole: Option<u32>,
        /// Repeated until the end of file.
        to_end: bool,
    },
    /// `sendto`.
    SendTo(Target, Payload),
    /// `recvfrom`.
    RecvFrom {
        /// At most so many bytes.
        max: u32,
    },
    /// `shutdown`.
    Shutdown(How),
    /// `close`.
    Close,
    /// `setsockopt`.
    SetOpt(SockOpt, i64),
    /// `getsockopt`.
    GetOpt(SockOpt),
    /// `getsockname`.
    GetSockName,
    /// `getpeername`.
    GetPeerName,
    /// `poll` with no time-out.
    Poll,
    /// `getaddrinfo`.
    Resolve(String),
    /// Nothing: for its `at`, `wait` and `after`.
    Wait,
    /// The actor's host loses its programs, sockets and connections without a word.
    Crash,
    /// The actor's host starts again, with its built-in servers.
    Restart,
    /// The link stops working.
    Cut(LinkId),
    /// The link works again.
    Repair(LinkId),
    /// A crafted TCP segment leaves the actor's host.
    Inject(Inject),
    /// A segment of a scripted peer leaves the actor's host.
    Segment(PeerSegment),
    /// The next segment that reaches the scripted peer.
    Await(Await),
    /// A call of RFC 9293's user interface.
    User(UserCall),
}

/// Which direction `shutdown` closes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// SHUT_RD.
    Read,
    /// SHUT_WR.
    Write,
    /// SHUT_RDWR.
    Both,
}

/// What a run must show.
#[derive(Clone, PartialEq, Debug)]
pub struct Expectation {
    /// The claim.
    pub claim: Claim,
    /// Where it stands in the file: byte range.
    pub span: Range<usize>,
}

/// A claim about a run's records.
#[derive(Clone, PartialEq, Debug)]
pub enum Claim {
    /// A connection's end passes exactly these TCP states, the first included.
    Path {
        /// The host.
        node: NodeId,
        /// The connection: initiator and the count of its connects; `None`: the first in which the host has a part.
        conn: Option<(NodeId, u32)>,
        /// Which end; needed only where the host is both.
        end: Option<End>,
        /// The states.
        states: Vec<tcp::State>,
    },
    /// So many records match.
    Count {
        /// Which records.
        of: RecordMatch,
        /// How many, at least and at most.
        is: Range<u64>,
    },
    /// The time between two labelled steps' completions (or from the start, or to the end of the run).
    Elapsed {
        /// From the completion of this step; `None`: the start.
        from: Option<String>,
        /// To the completion of this step; `None`: the last record before the end.
        to: Option<String>,
        /// At least and less than, in nanoseconds.
        is: Range<u64>,
    },
    /// How the run ends: `quiet`, `stuck`, `event-limit`, `time-limit`, `queue-limit`.
    Ending(String),
}

/// Which records to count.
#[derive(Clone, PartialEq, Debug)]
pub struct RecordMatch {
    /// What sort of record.
    pub what: CountOf,
    /// At this node (for packets and faults: sent by it).
    pub node: Option<NodeId>,
    /// Of this connection: initiator and count.
    pub conn: Option<(NodeId, u32)>,
    /// Packets of this kind.
    pub packet: Option<PacketKind>,
    /// A word that must stand in the record: a drop's reason, a timer's name, an errno, a rule.
    pub word: Option<String>,
}

/// A sort of record to count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CountOf {
    /// Packets sent by a stack.
    Sent,
    /// Packets that reached a stack.
    Arrived,
    /// Packets lost on a link, for whatever reason.
    Lost,
    /// Packets thrown away by a node.
    Dropped,
    /// Segments that carry a sequence range sent before.
    Retransmissions,
    /// Bytes of TCP text handed to programs.
    Received,
    /// Timers fired.
    Timers,
    /// Calls returned with this `word` as their errno.
    Errors,
    /// Connections opened.
    Connections,
    /// Divergences.
    Divergences,
}
