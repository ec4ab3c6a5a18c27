//! Short words for what happened, the same wherever they stand.

use super::escape::{escape, preview};
use super::{Call, CallName, Fault, LinkChange, Names, Outcome, Record, Relative, What};
use crate::base::{Payload, RecordId};
use crate::packet::{Body, Flags, IcmpKind, Packet};
use crate::tcp;

/// So many columns of data are shown.
const PREVIEW: usize = 24;

/// The layer under which a machine's edges stand in the text form.
pub fn layer_of(machine: &str) -> &str {
    match machine {
        "socket" => "sock",
        "datagram" => "dgram",
        other => other,
    }
}

/// Finds words for records.
pub(super) struct Words<'a> {
    pub(super) records: &'a [Record],
    pub(super) names: &'a Names<'a>,
    pub(super) relative: &'a Relative,
}

impl Words<'_> {
    pub(super) fn record(&self, id: RecordId) -> Option<&Record> {
        self.records.get(id.index())
    }

    /// Why the record came about: words that say what its cause was, not which record. Empty for what has none.
    pub(super) fn cause_of(&self, record: &Record) -> String {
        let mut seen = record;
        while let Some(cause) = seen.cause.and_then(|id| self.record(id)).filter(|cause| cause.id < seen.id) {
            let words = match &cause.what {
                What::Step { .. } => return String::new(),
                What::Conn { .. } => String::new(),
                What::Arrived { .. } => self.received(record, cause),
                _ => self.event(cause),
            };
            if !words.is_empty() {
                return words;
            }
            seen = cause;
        }
        String::new()
    }

    /// An event as a cause of others.
    fn event(&self, record: &Record) -> String {
        match &record.what {
            What::Conn { .. } | What::Step { .. } => String::new(),
            What::Call(call) => format!("{}()", call.call),
            What::Return { of, .. } => match self.record(*of).map(|call| &call.what) {
                Some(What::Call(call)) => format!("{}() returned", call.call),
                _ => "return".to_owned(),
            },
            What::Sent { packet, .. } => format!("snd {}", self.gist(record, packet)),
            What::Arrived { packet, .. } => format!("rcv {}", self.gist(record, packet)),
            What::Fault { fault, .. } => fault_sentence(fault),
            What::Drop { why, .. } => why.to_string(),
            What::Link { change, .. } => link_change(*change).to_owned(),
            What::State { to, .. } => to.to_string(),
            What::Timer { timer, .. } => timer.to_string(),
            What::Edge(edge) => escape(&edge.input),
            What::App { .. } => "app".to_owned(),
            What::Power { up } => power(*up).to_owned(),
            What::Stall { .. } => "stall".to_owned(),
            What::Divergence { rule, .. } => escape(rule),
            What::End { .. } => "end".to_owned(),
        }
    }

    /// `rcv SYN,ACK`, `rcv ACK of FIN`: what an arrival meant to who was in that state.
    fn received(&self, record: &Record, arrival: &Record) -> String {
        let What::Arrived { packet, .. } = &arrival.what else { return String::new() };
        let Some(segment) = packet.tcp() else { return format!("rcv {}", gist(packet)) };
        let flags = segment.flags;
        let of_fin = self.relative.get(arrival.id).is_some_and(|shown| shown.acks_fin);
        let from = match &record.what {
            What::State { from, .. } => Some(*from),
            _ => None,
        };
        let to_closed = matches!(&record.what, What::State { to: tcp::State::Closed, .. });
        let refused = to_closed && segment.len > 0 && matches!(from, Some(tcp::State::FinWait1 | tcp::State::FinWait2));
        let of_fin = of_fin && !refused;
        let of_syn = from == Some(tcp::State::SynReceived) && !flags.has(Flags::SYN) && flags.has(Flags::ACK);
        let suffix = match (from, flags.has(Flags::FIN), flags.has(Flags::RST)) {
            (_, _, true) | (None, ..) => "",
            (Some(tcp::State::FinWait1), true, _) if of_fin => ", ACK of FIN",
            (Some(_), false, _) if of_syn => return "rcv ACK of SYN".to_owned(),
            (Some(_), false, _) if of_fin => return "rcv ACK of FIN".to_owned(),
            (Some(_), ..) => "",
        };
        format!("rcv {}{suffix}", self.gist(arrival, packet))
    }

    /// What the record's packet is, as far as its connection tells.
    fn gist(&self, record: &Record, packet: &Packet) -> String {
        match self.relative.get(record.id) {
            Some(shown) if shown.keeps_alive => "keep-alive".to_owned(),
            _ => gist(packet),
        }
    }
}

/// What a packet is, in a word or two: `SYN,ACK`, `data`, `FIN`, `datagram`, `port-unreachable`.
pub(super) fn gist(packet: &Packet) -> String {
    match &packet.body {
        Body::Tcp(segment) if segment.flags.has(Flags::RST) => "RST".to_owned(),
        Body::Tcp(segment) if segment.flags.has(Flags::SYN) => segment.flags.without(Flags::PSH).to_string(),
        Body::Tcp(segment) if segment.flags.has(Flags::FIN) => "FIN".to_owned(),
        Body::Tcp(segment) if segment.len > 0 => "data".to_owned(),
        Body::Tcp(segment) => segment.flags.without(Flags::PSH).to_string(),
        Body::Udp(_) => "datagram".to_owned(),
        Body::Icmp(icmp) => icmp_words(icmp.kind),
        Body::Arp(arp) => if arp.reply { "ARP reply" } else { "ARP request" }.to_owned(),
        Body::Other(protocol) => format!("protocol {protocol}"),
    }
}

pub(super) fn icmp_words(kind: IcmpKind) -> String {
    match kind {
        IcmpKind::Echo => "echo".to_owned(),
        IcmpKind::EchoReply => "echo-reply".to_owned(),
        IcmpKind::NetUnreachable => "net-unreachable".to_owned(),
        IcmpKind::HostUnreachable => "host-unreachable".to_owned(),
        IcmpKind::ProtocolUnreachable => "protocol-unreachable".to_owned(),
        IcmpKind::PortUnreachable => "port-unreachable".to_owned(),
        IcmpKind::TooBig(mtu) => format!("too-big mtu={mtu}"),
        IcmpKind::TimeExceeded => "time-exceeded".to_owned(),
        IcmpKind::NeighborSolicit => "neighbor-solicit".to_owned(),
        IcmpKind::NeighborAdvert => "neighbor-advert".to_owned(),
        IcmpKind::Other(kind, code) => format!("type={kind} code={code}"),
    }
}

pub(super) const fn link_change(change: LinkChange) -> &'static str {
    match change {
        LinkChange::Cut => "cut",
        LinkChange::Repaired => "repaired",
    }
}

pub(super) const fn power(up: bool) -> &'static str {
    if up { "power on" } else { "power off" }
}

/// What a link did, and by what: named faults are counted from 1, in the order of the scenario.
pub(super) fn fault_sentence(fault: &Fault) -> String {
    let (did, by) = fault_words(fault);
    if did.is_empty() { format!("lost by {by}") } else { format!("{did} by {by}") }
}

/// What was done (empty for a loss), and by what.
pub(super) fn fault_words(fault: &Fault) -> (String, String) {
    let rule = |index: u32| format!("fault {}", u64::from(index) + 1);
    let chance = || "chance".to_owned();
    match *fault {
        Fault::Dropped(index) => (String::new(), rule(index)),
        Fault::Lost => (String::new(), chance()),
        Fault::LostInBurst => (String::new(), "chance, in a burst".to_owned()),
        Fault::QueueFull => (String::new(), "queue-full".to_owned()),
        Fault::Cut => (String::new(), "cut".to_owned()),
        Fault::TooBig => (String::new(), "MTU".to_owned()),
        Fault::Duplicated(index) => ("duplicated".to_owned(), index.map_or_else(chance, rule)),
        Fault::Delayed(index, span) => (format!("delayed by={span}"), rule(index)),
        Fault::Held(index) => ("held".to_owned(), rule(index)),
        Fault::Released(index) => ("released".to_owned(), rule(index)),
        Fault::Reordered(span) => (format!("reordered by={span}"), chance()),
        Fault::Corrupted(index, bit) => (format!("corrupted bit={bit}"), index.map_or_else(chance, rule)),
    }
}

/// `connect(3, server:80)`.
pub(super) fn call_words(call: &Call, names: &Names<'_>) -> String {
    let mut args = Vec::new();
    args.extend(call.fd.map(|fd| fd.0.to_string()));
    if !call.args.is_empty() {
        args.push(addr_words(&call.args, names).unwrap_or_else(|| option_words(&call.args)));
    }
    if let Some(data) = &call.data {
        args.push(preview(&data.0, PREVIEW));
        args.push(data.0.len().to_string());
    }
    format!("{}({})", call.call, args.join(", "))
}

/// An argument that is an address.
pub(super) fn addr_words(arg: &str, names: &Names<'_>) -> Option<String> {
    arg.parse().map(|addr| names.endpoint(addr)).ok()
}

/// The argument of an option's call. SO_LINGER's is a struct: `{on, 0 s}` is far from off.
fn option_words(args: &str) -> String {
    match args.strip_prefix(LINGER).and_then(|rest| rest.strip_prefix('=')).and_then(|value| value.parse().ok()) {
        Some(value) => format!("{LINGER}={}", linger_words(value)),
        None => escape(args),
    }
}

const LINGER: &str = "SO_LINGER";

fn linger_words(seconds: i64) -> String {
    if seconds < 0 { "{off}".to_owned() } else { format!("{{on, {seconds} s}}") }
}

/// What a call returned; nothing yet if it blocks.
pub(super) fn outcome_words(call: &Call, outcome: &Outcome, names: &Names<'_>) -> Option<String> {
    let data = |data: &Payload| format!("{} {}", data.0.len(), preview(&data.0, PREVIEW));
    Some(match outcome {
        Outcome::Pending => return None,
        Outcome::Ok => "ok".to_owned(),
        Outcome::Fd(fd) => fd.0.to_string(),
        Outcome::Accepted(fd, peer) => format!("{} from {}", fd.0, names.endpoint(*peer)),
        Outcome::Count(count) => count.to_string(),
        Outcome::Data(bytes) => data(bytes),
        Outcome::From(bytes, _) if call.call == CallName::Recv => data(bytes),
        Outcome::From(bytes, peer) => format!("{} from {}", data(bytes), names.endpoint(*peer)),
        // Which it is, the arrival says.
        Outcome::Segment(_, text) if text.0.is_empty() => "segment".to_owned(),
        Outcome::Segment(_, text) => format!("segment {}", data(text)),
        Outcome::Nothing => "nothing".to_owned(),
        Outcome::Eof => "eof".to_owned(),
        // It is asked for a name alone.
        Outcome::Addr(addr) if call.call == CallName::Getaddrinfo => addr.ip().to_string(),
        Outcome::Addr(addr) => addr.to_string(),
        Outcome::Value(value) if call.args == LINGER => linger_words(*value),
        Outcome::Value(value) => value.to_string(),
        Outcome::SoError(errno) => errno.to_string(),
        Outcome::Ready(ready) => escape(ready),
        Outcome::Status(state) => escape(state),
        Outcome::Refused(refusal) => format!("error: {}", escape(refusal)),
        Outcome::Err(errno) => errno.to_string(),
    })
}
