//! The small languages inside strings: addresses, packet kinds, ordinals, ranges, state paths, payloads.

use super::diagnostic::{Errors, did_you_mean, listed, quoted};
use super::leaf::{Duration, Leaf, Placed, Standard, Words, placed, read_leaf, report};
use super::model::{Congestion, CountOf, How, IpNet, PacketKind, Proto, SockOpt};
use super::table::TableInfo;
use super::tables::PayloadTable;
use super::units::Bad;
use super::value::{Kind, Value};
use crate::base::Span;
use crate::machine::Finite;
use crate::packet::Flags;
use crate::socket_api::Errno;
use crate::tcp::State;
use crate::trace::End;
use core::net::IpAddr;
use core::ops::Range;
use serde_json::{Value as Json, json};

read_leaf!(
    /// An IP address.
    Ip -> IpAddr, ip, "address", "10.0.0.1"
);
read_leaf!(
    /// An address with the length of its network's prefix.
    Net -> IpNet, net, "address", "10.0.0.1/24"
);
read_leaf!(
    /// A host and a port.
    HostPort -> (String, u16), host_port, "HOST:PORT", "server:80"
);
read_leaf!(
    /// Exact TCP control bits.
    Bits -> Flags, bits, "control bits", "SYN,ACK"
);
read_leaf!(
    /// A kind of packet.
    Packets -> PacketKind, packets, "packet kind", "SYN,ACK"
);
read_leaf!(
    /// A range of relative sequence numbers.
    SeqRange -> Range<u64>, seq_range, "sequence range", "[1,513)"
);
read_leaf!(
    /// States of a connection's end.
    Path -> Vec<State>, path, "state path", "CLOSED > SYN-SENT > ESTABLISHED"
);
read_leaf!(
    /// Bytes in hexadecimal.
    Hex -> Vec<u8>, hex, "hexadecimal bytes", "00 ff 7e"
);
read_leaf!(
    /// A connection: its initiator and that host's n-th connect.
    ConnName -> (String, u32), conn_name, "connection", "client.1"
);

pub(crate) fn ip(text: &str) -> Result<IpAddr, Bad> {
    text.trim()
        .parse()
        .map_err(|_| Bad::new(format!("{} is not an IP address", quoted(text)), "like \"10.0.0.1\" or \"2001:db8::1\""))
}

fn net(text: &str) -> Result<IpNet, Bad> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.trim())),
        None => (text, None),
    };
    let addr = ip(address)?;
    let (bits, usual) = if addr.is_ipv4() { (32, 24) } else { (128, 64) };
    let Some(prefix) = prefix else { return Ok(IpNet { addr, prefix: usual }) };
    match prefix.parse::<u8>() {
        Ok(prefix) if (1..bits).contains(&prefix) => Ok(IpNet { addr, prefix }),
        _ => Err(Bad::new(
            format!("{} is not the length of a network's prefix", quoted(prefix)),
            format!("a number from 1 to {}; without one it is {usual}", bits - 1),
        )),
    }
}

pub(crate) fn host_port(text: &str) -> Result<(String, u16), Bad> {
    let wrong = |why: String| Err(Bad::new(why, "like \"server:80\", \"10.0.0.2:80\" or \"[2001:db8::2]:80\""));
    let Some((host, port)) = text.rsplit_once(':') else {
        return wrong(format!("{} has no port", quoted(text)));
    };
    let Ok(port) = port.trim().parse::<u16>() else {
        return wrong(format!("{} is not a port", quoted(port)));
    };
    let host = host.trim();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if host.is_empty() || (bare.is_none() && host.contains(':')) {
        return wrong(format!("{} is not a host", quoted(host)));
    }
    Ok((bare.unwrap_or(host).to_owned(), port))
}

const BIT_NAMES: [&str; 8] = ["SYN", "ACK", "FIN", "RST", "PSH", "URG", "ECE", "CWR"];

fn bits(text: &str) -> Result<Flags, Bad> {
    Flags::parse(text).ok_or_else(|| {
        let bad = text.split(',').map(str::trim).find(|word| Flags::parse(word).is_none()).unwrap_or(text);
        let help = match did_you_mean(bad, BIT_NAMES) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => listed("control bits are", BIT_NAMES),
        };
        Bad::new(format!("{} is not a control bit", quoted(bad)), help)
    })
}

/// Packet kinds that are not lists of control bits.
const KIND_WORDS: [(&str, PacketKind); 8] = [
    ("any", PacketKind::Any),
    ("data", PacketKind::Data),
    ("FIN", PacketKind::Fin),
    ("RST", PacketKind::Rst),
    ("tcp", PacketKind::Tcp),
    ("udp", PacketKind::Udp),
    ("icmp", PacketKind::Icmp),
    ("arp", PacketKind::Arp),
];

pub(crate) fn packets(text: &str) -> Result<PacketKind, Bad> {
    let text = text.trim();
    if let Some((_, kind)) = KIND_WORDS.iter().find(|(word, _)| *word == text) {
        return Ok(*kind);
    }
    let flags = Flags::parse(text).filter(|flags| *flags != Flags::default());
    flags.map(|flags| PacketKind::Flags(flags.without(Flags::PSH))).ok_or_else(|| {
        let known = KIND_WORDS.iter().map(|(word, _)| *word).chain(["SYN", "SYN,ACK", "ACK", "FIN,ACK", "RST,ACK"]);
        let help = match did_you_mean(text, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "control bits like \"SYN,ACK\", or one of: any, data, FIN, RST, tcp, udp, icmp, arp".to_owned(),
        };
        Bad::new(format!("{} is not a packet kind", quoted(text)), help)
    })
}

/// The word of a packet kind.
pub(crate) fn packets_text(kind: PacketKind) -> String {
    match kind {
        PacketKind::Flags(flags) => flags.to_string(),
        other => KIND_WORDS.iter().find(|(_, known)| *known == other).map_or("any", |(word, _)| word).to_owned(),
    }
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// `3`, `2..4` (both included) or `5..` as a half-open range.
pub(crate) fn dotted(text: &str) -> Result<Range<u64>, Bad> {
    let wrong = || Bad::new(format!("{} is not a number or a range", quoted(text)), "like 3, \"2..4\" or \"5..\"");
    match text.split_once("..") {
        None => number(text).map(|n| n..n.saturating_add(1)).ok_or_else(wrong),
        Some((low, high)) => {
            let low = number(low).ok_or_else(wrong)?;
            let high =
                if high.trim().is_empty() { u64::MAX } else { number(high).ok_or_else(wrong)?.saturating_add(1) };
            let empty = || Bad::new(format!("{} is an empty range", quoted(text)), "the smaller first, like \"2..4\"");
            if low < high { Ok(low..high) } else { Err(empty()) }
        }
    }
}

/// How a half-open range is written.
pub(crate) fn dotted_text(range: &Range<u64>) -> String {
    match (range.start, range.end) {
        (low, u64::MAX) => format!("\"{low}..\""),
        (low, end) if low.checked_add(1) == Some(end) => low.to_string(),
        (low, end) => format!("\"{low}..{}\"", end.saturating_sub(1)),
    }
}

fn seq_range(text: &str) -> Result<Range<u64>, Bad> {
    let inner = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(')'));
    let ends = inner.and_then(|inner| inner.split_once(','));
    let range = ends.and_then(|(low, high)| Some(number(low)?..number(high)?)).filter(|range| !range.is_empty());
    range.ok_or_else(|| {
        Bad::new(
            format!("{} is not a sequence range", quoted(text)),
            "as the trace writes it: \"[1,513)\" is from byte 1 up to, not including, 513",
        )
    })
}

fn path(text: &str) -> Result<Vec<State>, Bad> {
    let state = |word: &str| {
        State::named(word.trim()).ok_or_else(|| {
            let names = || State::ALL.iter().map(|state| state.name());
            let help = match did_you_mean(word.trim(), names()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => listed("states are", names()),
            };
            Bad::new(format!("{} is not a TCP state", quoted(word.trim())), help)
        })
    };
    text.split(['>', '›']).map(state).collect()
}

fn hex(text: &str) -> Result<Vec<u8>, Bad> {
    let digits: Vec<u32> = match text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16)).collect() {
        Some(digits) => digits,
        None => return Err(Bad::new("only hexadecimal digits and spaces may stand here", "like \"00 ff 7e\"")),
    };
    if !digits.len().is_multiple_of(2) {
        return Err(Bad::new("an odd number of hexadecimal digits", "two digits a byte, like \"00 ff 7e\""));
    }
    Ok(digits.chunks(2).filter_map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect())
}

pub(crate) fn conn_name(text: &str) -> Result<(String, u32), Bad> {
    let split = text.rsplit_once('.').and_then(|(host, n)| Some((host, n.parse::<u32>().ok().filter(|n| *n > 0)?)));
    split.map(|(host, n)| (host.to_owned(), n)).ok_or_else(|| {
        Bad::new(
            format!("{} is not a connection", quoted(text)),
            "its initiator and the count of that host's connects: \"client.1\"",
        )
    })
}

/// An end of a connection, by its word.
pub(crate) fn end_named(word: &str) -> Option<End> {
    match word {
        "initiator" => Some(End::Initiator),
        "acceptor" => Some(End::Acceptor),
        _ => None,
    }
}

/// Which of the packets that match, counted from 1.
pub(crate) struct Ordinals;

impl Ordinals {
    fn one(value: &Value, errors: &mut Errors) -> Option<Range<u64>> {
        let text = match &value.kind {
            Kind::Int(number) => number.to_string(),
            Kind::Text(text) => text.clone(),
            _ => {
                value.mismatch(errors, "a number from 1, a range, or a list of them", "1, \"2..4\" or [1, 3]");
                return None;
            }
        };
        report(from_one(&text), &value.place, errors)
    }
}

/// A range of ordinals.
pub(crate) fn from_one(text: &str) -> Result<Range<u64>, Bad> {
    match dotted(text)? {
        range if range.start == 0 => Err(Bad::new("ordinals count from 1", "1 is the first, \"2..\" are all after it")),
        range => Ok(range),
    }
}

impl Leaf for Ordinals {
    type Out = Vec<Range<u64>>;
    fn decode(value: &Value, errors: &mut Errors) -> Option<Self::Out> {
        match &value.kind {
            Kind::List(items) => items.iter().map(|item| Ordinals::one(item, errors)).collect(),
            _ => Ordinals::one(value, errors).map(|one| vec![one]),
        }
    }
    fn words() -> String {
        "ordinals".to_owned()
    }
    fn example() -> String {
        "1".to_owned()
    }
    fn schema() -> Json {
        let one = json!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "string" }] });
        json!({ "anyOf": [one, { "type": "array", "items": one }], "examples": [1, [2, 3], "2..4", "5.."] })
    }
}

/// How many: a number, or a range.
pub(crate) struct CountIs;

impl Leaf for CountIs {
    type Out = Range<u64>;
    fn decode(value: &Value, errors: &mut Errors) -> Option<Range<u64>> {
        match &value.kind {
            Kind::Int(number) => report(dotted(&number.to_string()), &value.place, errors),
            Kind::Text(text) => report(dotted(text), &value.place, errors),
            _ => {
                value.mismatch(errors, "a number or a range", "3 or \"2..4\"");
                None
            }
        }
    }
    fn words() -> String {
        "count".to_owned()
    }
    fn example() -> String {
        "1".to_owned()
    }
    fn schema() -> Json {
        json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "examples": ["1..", "2..4"] }] })
    }
}

/// When a link is cut and repaired: `[["1 s", "3 s"], ["5 s"]]`.
pub(crate) struct Downs;

impl Leaf for Downs {
    type Out = Vec<Placed<(Span, Option<Span>)>>;
    fn decode(value: &Value, errors: &mut Errors) -> Option<Self::Out> {
        const WANTED: &str = "a list of pairs [cut, repaired]";
        let Kind::List(pairs) = &value.kind else {
            value.mismatch(errors, WANTED, &Self::example());
            return None;
        };
        let mut downs = vec![];
        for pair in pairs {
            let Kind::List(times) = &pair.kind else {
                pair.mismatch(errors, WANTED, &Self::example());
                continue;
            };
            if !(1..=2).contains(&times.len()) {
                let help = format!("[cut, repaired], like {}", Self::example());
                errors.add(pair.place.clone(), "a cut has one time or two", help);
                continue;
            }
            let mut read = times.iter().map(|time| placed::<Duration>(time, errors));
            let (from, until) = (read.next().flatten(), read.next());
            if let Some(from) = from
                && until.as_ref().is_none_or(Option::is_some)
            {
                let until = until.flatten().map(|time| time.value);
                downs.push(Placed { value: (from.value, until), place: pair.place.clone() });
            }
        }
        Some(downs)
    }
    fn words() -> String {
        "list of [cut, repaired]".to_owned()
    }
    fn example() -> String {
        "[[\"1 s\", \"3 s\"]]".to_owned()
    }
    fn schema() -> Json {
        let pair = json!({ "type": "array", "items": Duration::schema(), "minItems": 1, "maxItems": 2 });
        json!({ "type": "array", "items": pair, "examples": [[["1 s", "3 s"]]] })
    }
}

/// What a step must give, as it is written.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// A string: text received, a value, or one of the words `end` and `anything`.
    Text(String),
    /// A number.
    Number(i128),
    /// Bytes.
    Bytes(Box<PayloadTable>),
}

/// What a step must give.
pub(crate) struct Want;

impl Leaf for Want {
    type Out = Wanted;
    fn decode(value: &Value, errors: &mut Errors) -> Option<Wanted> {
        match &value.kind {
            Kind::Text(text) => Some(Wanted::Text(text.clone())),
            Kind::Int(number) => Some(Wanted::Number(*number)),
            Kind::Table(_) => PayloadTable::decode(value, errors).map(Box::new).map(Wanted::Bytes),
            _ => {
                value.mismatch(errors, "a text, a number or a payload", "\"hello\", \"end\" or { bytes = 1000 }");
                None
            }
        }
    }
    fn words() -> String {
        "string, number, \"end\", \"anything\" or [payload](#payload)".to_owned()
    }
    fn example() -> String {
        "\"hello\"".to_owned()
    }
    fn schema() -> Json {
        json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }, PayloadTable::schema()] })
    }
    fn tables(into: &mut Vec<TableInfo>) {
        PayloadTable::tables(into);
    }
}

impl Standard for Errno {
    const WHAT: &'static str = "errno";
}

impl Standard for SockOpt {
    const WHAT: &'static str = "socket option";
}

impl Words for Proto {
    const WHAT: &'static str = "transport protocol";
    const ALL: &'static [(&'static str, Proto)] = &[("tcp", Proto::Tcp), ("udp", Proto::Udp)];
}

impl Words for How {
    const WHAT: &'static str = "direction";
    const ALL: &'static [(&'static str, How)] = &[("RD", How::Read), ("WR", How::Write), ("RDWR", How::Both)];
}

/// Whose TCP a host has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stack {
    /// The stack's.
    Smoltcp,
    /// The model peer.
    Model,
    /// None: its programs make each segment.
    Script,
}

impl Words for Stack {
    const WHAT: &'static str = "TCP";
    const ALL: &'static [(&'static str, Stack)] =
        &[("smoltcp", Stack::Smoltcp), ("model", Stack::Model), ("script", Stack::Script)];
}

impl Words for Congestion {
    const WHAT: &'static str = "congestion control";
    const ALL: &'static [(&'static str, Congestion)] =
        &[("none", Congestion::None), ("reno", Congestion::Reno), ("cubic", Congestion::Cubic)];
}

impl Words for CountOf {
    const WHAT: &'static str = "sort of record";
    const ALL: &'static [(&'static str, CountOf)] = &[
        ("sent", CountOf::Sent),
        ("arrived", CountOf::Arrived),
        ("lost", CountOf::Lost),
        ("dropped", CountOf::Dropped),
        ("retransmissions", CountOf::Retransmissions),
        ("received", CountOf::Received),
        ("timers", CountOf::Timers),
        ("errors", CountOf::Errors),
        ("connections", CountOf::Connections),
        ("divergences", CountOf::Divergences),
    ];
}

/// What carries a link's packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Medium {
    /// Bare IP packets.
    Ip,
    /// Ethernet frames with ARP.
    Ethernet,
}

impl Words for Medium {
    const WHAT: &'static str = "medium";
    const ALL: &'static [(&'static str, Medium)] = &[("ip", Medium::Ip), ("ethernet", Medium::Ethernet)];
}

/// A built-in server program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum App {
    /// Sends back what it gets.
    Echo,
    /// Reads and forgets.
    Sink,
    /// Sends so many bytes.
    Source,
    /// Answers DNS questions.
    Dns,
}

impl Words for App {
    const WHAT: &'static str = "server program";
    const ALL: &'static [(&'static str, App)] =
        &[("echo", App::Echo), ("sink", App::Sink), ("source", App::Source), ("dns", App::Dns)];
}

/// How a run ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum EndingWord {
    /// Nothing is left to happen.
    Quiet,
    /// Programs wait for ever.
    Stuck,
    /// Too many events.
    EventLimit,
    /// Too much virtual time.
    TimeLimit,
    /// Too many queued bytes.
    QueueLimit,
    /// The stack panicked.
    Panic,
}

impl Words for EndingWord {
    const WHAT: &'static str = "ending";
    const ALL: &'static [(&'static str, EndingWord)] = &[
        ("quiet", EndingWord::Quiet),
        ("stuck", EndingWord::Stuck),
        ("event-limit", EndingWord::EventLimit),
        ("time-limit", EndingWord::TimeLimit),
        ("queue-limit", EndingWord::QueueLimit),
        ("panic", EndingWord::Panic),
    ];
}
