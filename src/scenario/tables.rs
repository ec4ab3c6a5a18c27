//! The tables of the language. What stands here is what a scenario can say.

use super::leaf::{
    Bool, Chance, Duration, Leaf, List, Map, Name, Named, OneOf, OrOff, Placed, Port, Rate, Size, Some1, Text, Whole,
};
use super::model::{Congestion, CountOf, How, IpNet, Proto, SockOpt};
use super::segments::SegmentTable;
use super::table::{TableInfo, table};
use super::value::{Kind, Value};
use super::words::{
    App, ConnName, CountIs, Downs, EndingWord, Hex, HostPort, Ip, Medium, Net, Ordinals, Packets, Path, SeqRange,
    Stack, Want,
};
use crate::scenario::diagnostic::Errors;
use crate::socket_api::Errno;
use serde_json::{Value as Json, json};

table! {
    /// A whole scenario.
    struct Root is "scenario" like "hosts = { client = \"10.0.0.1\" }" {
        /// One line for people. Without one, the file's name.
        "title" title: Text;
        /// What to look at.
        "about" about: Text = "\"\"";
        /// The seed of all that is random.
        "seed" seed: Whole<0, { i64::MAX }> = "0";
        /// The hosts: each an address, a list of addresses, or a table.
        "hosts" hosts: Map<HostForm>, needed;
        /// The switches: each an empty table. Their links are Ethernet.
        "switches" switches: Map<SwitchTable>;
        /// The routers: each with its addresses, one for each of its links.
        "routers" routers: Map<Some1<Net>>;
        /// The links.
        "links" links: Map<LinkTable>;
        /// What goes wrong, packet by packet.
        "faults" faults: List<FaultTable>;
        /// The defaults of all hosts' sockets.
        "sockets" sockets: SocketsTable;
        /// What the programs do.
        "run" run: RunTable;
        /// What ends a run that would not end by itself.
        "limits" limits: LimitsTable;
        /// What a run must show.
        "expect" expect: ExpectTable;
    }
}

table! {
    /// A host with more than an address.
    struct HostTable is "host" like "{ ip = \"10.0.0.1/24\" }" {
        /// Its addresses, each with the length of its network's prefix; without one, 24 for IPv4 and 64 for IPv6.
        "ip" ip: Some1<Net>, needed;
        /// Its default router. Without one, the router at the other end of its link.
        "via" via: Name;
        /// Its built-in servers.
        "serve" serve: Some1<ServeTable>;
        /// The defaults of its sockets, where they differ from the scenario's.
        "sockets" sockets: SocketsTable;
        /// The host, or the address, that it asks for every name, instead of its static table.
        "dns" dns: Name;
        /// More names for its static table, each with addresses or hosts. All hosts of the scenario are in it. With `dns` the
        /// table is not asked.
        "names" names: Map<Some1<Name>>;
        /// The initial sequence number of its first connection. Without one, it comes from the seed.
        "isn" isn: Whole<0, 4_294_967_295>;
        /// Its TCP: smoltcp's; the model peer, which RFC 9293's own table runs (on links of IP packets; it has no congestion
        /// control, and acknowledges at once); or none (`script`), so that its programs make each segment with `segment` and
        /// take each that comes with `await`. UDP, ICMP and ARP are always smoltcp's.
        "tcp" tcp: OneOf<Stack> = "\"smoltcp\"";
        /// With the model peer: a SYN in the window resets the connection, as in RFC 793; else it is challenged (RFC 5961).
        "rfc793" rfc793: Bool = "false";
        /// With the model peer: the maximum segment lifetime. TIME-WAIT lasts two.
        "msl" msl: Duration = "\"2 min\"";
    }
}

table! {
    /// A switch: it learns where hosts are and forwards Ethernet frames. It has no settings.
    struct SwitchTable is "switch" like "{}" {}
}

table! {
    /// A built-in server program. It runs from the start.
    struct ServeTable is "server" like "{ app = \"echo\", port = 7 }" {
        /// What it does with each connection or datagram: send it back, forget it, send `bytes`, answer DNS questions.
        "app" app: OneOf<App>, needed;
        /// Where it listens.
        "port" port: Port, needed;
        /// TCP or UDP.
        "proto" proto: OneOf<Proto> = "\"tcp\", for dns \"udp\"";
        /// The length of its accept queue.
        "backlog" backlog: Whole<0, 65_535> = "128";
        /// How many bytes a source sends before it closes.
        "bytes" bytes: Size;
        /// The names that a DNS server knows, each with addresses or hosts. Without them: all hosts of the scenario.
        "records" records: Map<Some1<Name>>;
    }
}

table! {
    /// The defaults of sockets.
    struct SocketsTable is "set of socket defaults" like "{ nagle = false }" {
        /// Congestion control (RFC 5681, RFC 9438).
        "congestion" congestion: OneOf<Congestion> = "\"reno\"";
        /// Nagle's algorithm: small segments wait for the acknowledgment of what is under way.
        "nagle" nagle: Bool = "true";
        /// How long an acknowledgment may wait for company.
        "delayed-ack" delayed_ack: OrOff<Duration> = "\"10 ms\"";
        /// Keep-alive probes: whether a silent peer is asked for a sign of life (RFC 9293, 3.8.4).
        "keep-alive" keep_alive: Bool = "false";
        /// After how long a silence the first keep-alive probe is sent.
        "keep-idle" keep_idle: Duration = "\"2 h\"";
        /// How long after an unanswered keep-alive probe the next is sent.
        "keep-interval" keep_interval: Duration = "\"75 s\"";
        /// How many keep-alive probes may go unanswered before the connection is given up.
        "keep-probes" keep_probes: Whole<1, 127> = "9";
        /// Does not go round the stack's known faults; only below a folder `divergence`.
        "bare" bare: Bool = "false";
        /// Bytes of the receive buffer, which is the window: at most 65,535.
        "rcvbuf" rcvbuf: Size = "\"16 KiB\"";
        /// Bytes of the send buffer: at most 64 MiB.
        "sndbuf" sndbuf: Size = "\"16 KiB\"";
        /// Time to live of packets sent.
        "hop-limit" hop_limit: Whole<1, 255> = "64";
        /// After how long without an acknowledgment a connection is given up (RFC 9293, 3.9.1.1).
        "user-timeout" user_timeout: OrOff<Duration> = "\"5 min\"";
    }
}

table! {
    /// A link between two of the hosts, switches and routers. A host has one link.
    struct LinkTable is "link" like "{ joins = [\"client\", \"server\"] }" {
        with lane: LaneTable;
        /// The two that it joins.
        "joins" joins: Joined, needed;
        /// Bare IP packets, or Ethernet frames with ARP. A switch's links are Ethernet.
        "medium" medium: OneOf<Medium> = "\"ip\"";
        /// When it is cut and when repaired; a pair with one time only is never repaired.
        "down" down: Downs = "[]";
        /// Settings of one direction: what is sent by the end of this name.
        "from" from: Map<LaneTable>;
    }
}

table! {
    /// What a link does to packets, in both directions or in one.
    struct LaneTable is "direction" like "{ delay = \"50 ms\" }" {
        /// Propagation delay.
        "delay" delay: Duration = "\"1 ms\"";
        /// At most so much more delay, evenly spread; packets keep their order.
        "jitter" jitter: Duration = "\"0 ms\"";
        /// Its bandwidth.
        "rate" rate: Rate = "\"1 Gbit/s\"";
        /// Bytes that may wait for the bandwidth, the packet that is being sent included; what comes then is dropped.
        "queue" queue: Size = "\"1 MiB\"";
        /// The largest IP packet in bytes: at least 576, and 1280 where an end has an IPv6 address.
        "mtu" mtu: Whole<576, 65_535> = "1500";
        /// Loss, each packet for itself.
        "loss" loss: Chance = "\"0 %\"";
        /// Loss in bursts.
        "burst" burst: BurstTable;
        /// Duplication.
        "duplicate" duplicate: Chance = "\"0 %\"";
        /// Being late by `reorder-by`, so that later packets overtake.
        "reorder" reorder: Chance = "\"0 %\"";
        /// By how much a reordered packet is late.
        "reorder-by" reorder_by: Duration = "\"1 ms\"";
        /// One flipped bit.
        "corrupt" corrupt: Chance = "\"0 %\"";
    }
}

table! {
    /// Loss in bursts (Gilbert and Elliott): between bursts nothing is lost by it.
    struct BurstTable is "burst" like "{ begin = \"1 %\", end = \"30 %\" }" {
        /// The probability, per packet, that a burst begins.
        "begin" begin: Chance, needed;
        /// The probability, per packet, that it ends.
        "end" end: Chance, needed;
        /// The probability of loss within a burst.
        "loss" loss: Chance = "\"100 %\"";
    }
}

table! {
    /// A named fault: exactly one of `drop`, `delay`, `duplicate`, `corrupt`, `hold`, and which packets it befalls.
    struct FaultTable is "fault" like "{ drop = \"SYN,ACK\", from = \"server\" }" {
        with on: WhereTable;
        /// Loses the packet of this kind.
        "drop" drop: Packets;
        /// Delivers it later, by `by`; what comes after may overtake.
        "delay" delay: Packets;
        /// Delivers it twice.
        "duplicate" duplicate: Packets;
        /// Flips one bit of its last byte.
        "corrupt" corrupt: Packets;
        /// Holds it back until the packet of `until` has been delivered.
        "hold" hold: Packets;
        /// How much later, for `delay`.
        "by" by: Duration;
        /// What `hold` waits for: a kind with its ordinal, as in "data 3", from the same sender on the same link; or a table.
        "until" until: UntilForm;
    }
}

table! {
    /// Which packets. All that is given must hold.
    struct WhereTable is "choice of packets" like "{ from = \"server\", nth = 1 }" {
        /// Sent onto the link by this host, switch or router.
        "from" from: Name;
        /// On this link.
        "link" link: Name;
        /// Which of the packets that match all else, counted from 1. Without it, every one.
        "nth" nth: Ordinals;
        /// Whose text overlaps this range of relative sequence numbers, where 1 is the first byte of data.
        "seq" seq: SeqRange;
    }
}

table! {
    /// A packet that a held one waits for. `from` and `link` are those of the fault unless given.
    struct UntilTable is "awaited packet" like "{ kind = \"data\", nth = 3 }" {
        with on: WhereTable;
        /// Its kind.
        "kind" kind: Packets, needed;
    }
}

table! {
    /// What the programs do.
    struct RunTable is "run" like "{ steps = [] }" {
        /// The steps. Those of one program run in order, each beginning when the previous one has completed.
        "steps" steps: List<StepTable> = "[]";
    }
}

table! {
    /// One step: a program with its action, `{ client = "connect", to = "server:80" }`, and the action's keys. The program
    /// is a host's name, or `"host/program"` where a host has several.
    struct StepTable is "step" like "{ client = \"connect\", to = \"server:80\" }", open Verbs {
        with payload: PayloadTable;
        with segment: SegmentTable;
        /// Not before this time.
        "at" at: Duration;
        /// So long after the program's previous step has completed.
        "wait" wait: Duration = "\"0 ms\"";
        /// Not before the step of this label has completed.
        "after" after: Name;
        /// So often, with `wait` before each. `at` and `after` hold for the first of them, `label` names the last.
        "times" times: Whole<1, 1_000> = "1";
        /// The step's own label, for `after` and for measures.
        "label" label: Name;
        /// The name of the socket to do it on. Without it, the program's latest one. Programs of one host share these names.
        "on" on: Name;
        /// The name that the new socket gets.
        "as" name_it: Name;
        /// The call fails with EAGAIN or EINPROGRESS where it would wait.
        "no-wait" no_wait: Bool = "false";
        /// What it must give. Without it, success.
        "expect" expect: Want;
        /// The error that it must fail with.
        "fails" fails: Named<Errno>;
        /// Where to: a host's name, a name to be resolved, or an address.
        "to" to: HostPort;
        /// A local port; 0 takes a free one.
        "port" port: Port;
        /// A local address.
        "ip" ip: Ip;
        /// The length of the accept queue.
        "backlog" backlog: Whole<0, 65_535> = "128";
        /// TCP or UDP.
        "proto" proto: OneOf<Proto> = "\"tcp\"";
        /// At most so many bytes a call.
        "max" max: Size = "65536";
        /// Repeat until so many bytes are there, or the end.
        "whole" whole: Size;
        /// Repeat until the end of file.
        "to-end" to_end: Bool = "false";
        /// Which directions.
        "how" how: OneOf<How>;
        /// Which option.
        "option" option: Named<SockOpt>;
        /// Its value.
        "value" value: Whole<{ i64::MIN }, { i64::MAX }>;
        /// The name to resolve.
        "name" name: Name;
        /// The link.
        "link" link: Name;
        /// The source of a crafted segment, true or forged: `":80"` stands for the host's first address.
        "src" src: Text;
        /// From whom: the other end of the connection.
        "from" from: HostPort;
        /// A new connection begins, with this initial sequence number. A connection's own number is the host's `isn` for the
        /// first one, else from the seed.
        "isn" isn: Whole<0, 4_294_967_295>;
        /// Not longer than this; a segment that does not come in time is not what was expected.
        "within" within: Duration;
        /// Nothing must come for so long.
        "silence" silence: Duration;
        /// An OPEN waits for the other end instead of sending a SYN.
        "passive" passive: Bool = "false";
        /// So long after the call the user gives up, unless what it asks for has come about: the connection is open, all is
        /// acknowledged, something has come, the connection is CLOSED.
        "timeout" timeout: Duration;
    }
}

table! {
    /// Bytes: exactly one of these keys.
    struct PayloadTable is "payload" like "{ text = \"hello\" }" {
        /// As UTF-8 text.
        "text" text: Text;
        /// In hexadecimal.
        "hex" hex: Hex;
        /// So many bytes of a pattern in which each stretch tells its own position.
        "bytes" bytes: Size;
    }
}

table! {
    /// What ends a run that would not end by itself. Reaching a limit is a recorded ending.
    struct LimitsTable is "set of limits" like "{ time = \"1 h\" }" {
        /// How many events.
        "events" events: Whole<1, { i64::MAX }> = "1000000";
        /// How much virtual time.
        "time" time: Duration = "\"1 h\"";
        /// How many bytes may wait in links, and be set apart for connections' buffers, at one time.
        "queued" queued: Size = "\"1 GiB\"";
    }
}

table! {
    /// What a run must show. Besides these keys, each host may have its state path:
    /// `client = "CLOSED > SYN-SENT > ESTABLISHED"`. A key `"server client.2"` speaks of the client's second connection;
    /// without it, of the first one in which the host has a part. Where a host is both ends, `initiator` or `acceptor`
    /// follows.
    struct ExpectTable is "set of expectations" like "{ client = \"CLOSED > SYN-SENT > ESTABLISHED\" }", open Path {
        /// How the run ends.
        "ending" ending: OneOf<EndingWord>;
        /// The rules of divergences that the scenario exists to show: exactly these must appear.
        "known-divergences" known: List<Name> = "[]";
        /// Counts of certain records.
        "count" count: List<CountTable>;
        /// Times between steps.
        "elapsed" elapsed: List<ElapsedTable>;
        /// How many packets were sent.
        "sent" sent: CountIs;
        /// How many packets reached a host.
        "arrived" arrived: CountIs;
        /// How many packets were lost on links.
        "lost" lost: CountIs;
        /// How many packets were thrown away by hosts, switches and routers.
        "dropped" dropped: CountIs;
        /// How many segments carried again what had been sent before.
        "retransmissions" retransmissions: CountIs;
        /// How many bytes of TCP text the programs got.
        "received" received: CountIs;
        /// How often a TCP timer fired.
        "timers" timers: CountIs;
        /// How many calls failed.
        "errors" errors: CountIs;
        /// How many connections were opened.
        "connections" connections: CountIs;
        /// How many divergences were found.
        "divergences" divergences: CountIs;
    }
}

table! {
    /// A count of certain records: `is`, or `at-least` and `at-most`.
    struct CountTable is "count" like "{ what = \"timers\", is = 2 }" {
        /// What to count.
        "what" what: OneOf<CountOf>, needed;
        /// Of this host. For packets, those that it sent; for `arrived`, those that reached it.
        "host" host: Name;
        /// Of this connection.
        "conn" conn: ConnName;
        /// Packets of this kind.
        "kind" kind: Packets;
        /// A word that must stand in the record: the reason of a drop or a loss, a timer's name, an errno, a divergence's rule.
        "word" word: Text;
        /// How many.
        "is" is: CountIs;
        /// No fewer.
        "at-least" at_least: Whole<0, { i64::MAX }>;
        /// No more.
        "at-most" at_most: Whole<0, { i64::MAX }>;
    }
}

table! {
    /// A time between the completions of two steps.
    struct ElapsedTable is "measure of time" like "{ to = \"open\", at-most = \"2 s\" }" {
        /// The label of the step that it begins with. Without it, the start of the run.
        "from" from: Name;
        /// The label of the step that it ends with. Without it, the last thing that happens.
        "to" to: Name;
        /// No shorter.
        "at-least" at_least: Duration = "\"0 ms\"";
        /// No longer.
        "at-most" at_most: Duration;
    }
}

/// A host: addresses, or a table.
pub(crate) struct HostForm;

impl Leaf for HostForm {
    type Out = HostTable;
    fn decode(value: &Value, errors: &mut Errors) -> Option<HostTable> {
        match value.kind {
            Kind::Table(_) => HostTable::decode(value, errors),
            Kind::Text(_) | Kind::List(_) => {
                let ip: Option<Vec<Placed<IpNet>>> = Some1::<Net>::decode(value, errors);
                let ip = ip.map(|ip| Placed { value: ip, place: value.place.clone() });
                Some(HostTable { ip, place: value.place.clone(), ..HostTable::default() })
            }
            _ => {
                value.mismatch(errors, "an address, a list of addresses, or a table", &Self::example());
                None
            }
        }
    }
    fn words() -> String {
        format!("{}, or {}", Some1::<Net>::words(), HostTable::words())
    }
    fn example() -> String {
        Net::example()
    }
    fn schema() -> Json {
        json!({ "anyOf": [Some1::<Net>::schema(), HostTable::schema()] })
    }
    fn tables(into: &mut Vec<TableInfo>) {
        HostTable::tables(into);
    }
}

/// The names of the two that a link joins.
pub(crate) struct Joined;

impl Leaf for Joined {
    type Out = Vec<Placed<String>>;
    fn decode(value: &Value, errors: &mut Errors) -> Option<Self::Out> {
        let Kind::List(_) = &value.kind else {
            value.mismatch(errors, "a list of two names", &Self::example());
            return None;
        };
        List::<Name>::decode(value, errors)
    }
    fn words() -> String {
        List::<Name>::words()
    }
    fn example() -> String {
        "[\"client\", \"server\"]".to_owned()
    }
    fn schema() -> Json {
        List::<Name>::schema()
    }
}

/// What a held packet waits for: `"data 3"`, or a table.
pub(crate) struct UntilForm;

impl Leaf for UntilForm {
    type Out = UntilTable;
    fn decode(value: &Value, errors: &mut Errors) -> Option<UntilTable> {
        let Some(text) = value.text() else { return UntilTable::decode(value, errors) };
        let (kind, nth) = match text.trim().rsplit_once(' ') {
            Some((kind, nth)) => (kind, Some(nth)),
            None => (text, None),
        };
        let place = || value.place.clone();
        let part = |text: &str| Value::new(Kind::Text(text.to_owned()), place());
        let mut until = UntilTable { place: place(), ..UntilTable::default() };
        until.kind = Some(Placed { value: Packets::decode(&part(kind), errors)?, place: place() });
        if let Some(nth) = nth {
            until.on.nth = Some(Placed { value: Ordinals::decode(&part(nth), errors)?, place: place() });
        }
        Some(until)
    }
    fn words() -> String {
        format!("packet kind and ordinals, or {}", UntilTable::words())
    }
    fn example() -> String {
        "\"data 3\"".to_owned()
    }
    fn schema() -> Json {
        json!({ "anyOf": [{ "type": "string", "examples": ["data 3"] }, UntilTable::schema()] })
    }
    fn tables(into: &mut Vec<TableInfo>) {
        UntilTable::tables(into);
    }
}

/// The action of a program's step: an open key of a step.
pub(crate) type Verbs = Named<super::actions::Verb>;
