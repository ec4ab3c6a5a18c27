//! The list of figures: name, meaning, and how each comes of its samples.

use super::layers::Layer;
use crate::machine::Finite;
use crate::tcp::State;
use crate::trace::{DropWhy, TimerKind};
use std::collections::BTreeMap;

/// What a sample is a sample of. Times are in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Family {
    Duration,
    Packets,
    Segments,
    PureAcks,
    Datagrams,
    Bytes,
    Layer(Layer),
    Connections,
    Established,
    Failed,
    Reset,
    HandshakeRtt,
    Connect,
    FirstByte,
    LastByte,
    Retransmissions,
    Timer(TimerKind),
    Lost,
    Fault(&'static str),
    Drops,
    Drop(DropWhy),
    Latency,
    /// Bytes of application data that arrived; when the first of them left, and the last of them came.
    Arrived,
    Left,
    Came,
    Goodput,
    InFlight,
    FlightExtra,
    SendBuffer,
    SendBufferTime,
    RecvBuffer,
    RecvBufferTime,
    Socket,
    State(State),
}

/// The samples by what they are of.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples(BTreeMap<Family, Vec<u64>>);

impl Samples {
    pub(super) fn add(&mut self, family: Family, value: u64) {
        self.0.entry(family).or_default().push(value);
    }

    pub(super) fn extend(&mut self, other: &Samples) {
        for (family, values) in &other.0 {
            self.0.entry(*family).or_default().extend(values);
        }
    }

    fn of(&self, family: Family) -> &[u64] {
        self.0.get(&family).map_or(&[], Vec::as_slice)
    }

    /// Bits a second, from the first byte's leaving to the last one's coming.
    pub(super) fn rate(&self) -> Option<u64> {
        let (first, last) = (self.of(Family::Left).iter().min()?, self.of(Family::Came).iter().max()?);
        let bytes: u128 = self.of(Family::Arrived).iter().map(|bytes| u128::from(*bytes)).sum();
        let rate = (bytes * 8 * 1_000_000_000).checked_div(u128::from(last.checked_sub(*first)?))?;
        u64::try_from(rate).ok()
    }
}

/// How a figure comes of its samples.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stat {
    Sum,
    Count,
    Percentile(u64),
    Rate,
}

/// A figure: its name ends in its unit, if it is no plain count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    /// The name: `latency-p50-us`.
    pub name: String,
    /// What it says.
    pub about: String,
    /// It is of a run; an end of a connection has none.
    pub whole_run: bool,
    family: Family,
    stat: Stat,
}

impl Figure {
    /// Whether a word names this figure: by its whole name, or by the beginning of it up to a hyphen.
    pub fn is_called(&self, word: &str) -> bool {
        self.name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    pub(super) fn value(&self, samples: &Samples) -> Option<u64> {
        let values = samples.of(self.family);
        let value = match self.stat {
            Stat::Sum => values.iter().fold(0_u64, |sum, value| sum.saturating_add(*value)),
            Stat::Count => u64::try_from(values.len()).unwrap_or(u64::MAX),
            Stat::Percentile(percent) => rank(values, percent)?,
            Stat::Rate => samples.rate()?,
        };
        Some(if self.name.ends_with("-us") { value / 1_000 } else { value })
    }
}

/// A percentile by nearest rank: the least value that so many percent of all do not exceed; 0 gives the least.
pub fn rank(values: &[u64], percent: u64) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let count = u64::try_from(sorted.len()).ok()?;
    let rank = count.saturating_mul(percent.min(100)).div_ceil(100).max(1);
    sorted.get(usize::try_from(rank - 1).ok()?).copied()
}

/// All figures, in the order in which they are shown.
pub fn figures() -> Vec<Figure> {
    let mut list = List::default();
    list.whole(
        "duration-us",
        Family::Duration,
        Stat::Sum,
        "virtual time from the start to the last thing that happened",
    );
    traffic(&mut list);
    connections(&mut list);
    faults(&mut list);
    delivery(&mut list);
    held(&mut list);
    list.0
}

#[derive(Default)]
struct List(Vec<Figure>);

impl List {
    fn push(&mut self, name: impl Into<String>, family: Family, stat: Stat, about: impl Into<String>) {
        self.0.push(Figure { name: name.into(), about: about.into(), whole_run: false, family, stat });
    }

    fn whole(&mut self, name: impl Into<String>, family: Family, stat: Stat, about: impl Into<String>) {
        self.0.push(Figure { name: name.into(), about: about.into(), whole_run: true, family, stat });
    }

    /// `NAME-p50-UNIT`, `NAME-max-UNIT` and the like.
    fn spread(&mut self, name: &str, unit: &str, family: Family, percents: &[u64], about: &str) {
        for &percent in percents {
            let (word, which) = match percent {
                0 => ("min".to_owned(), "the least of"),
                50 => ("p50".to_owned(), "the median of"),
                100 => ("max".to_owned(), "the greatest of"),
                other => (format!("p{other}"), "that percentile of"),
            };
            self.push(format!("{name}-{word}-{unit}"), family, Stat::Percentile(percent), format!("{which} {about}"));
        }
    }
}

fn traffic(list: &mut List) {
    list.push("packets", Family::Packets, Stat::Sum, "packets sent, each where it was sent first");
    list.push("segments", Family::Segments, Stat::Sum, "TCP segments sent");
    list.push("segments-pure-ack", Family::PureAcks, Stat::Sum, "of them, an ACK and nothing else");
    list.push("datagrams", Family::Datagrams, Stat::Sum, "UDP datagrams sent");
    list.push("bytes", Family::Bytes, Stat::Sum, "bytes sent, of all layers: the sum of those below");
    for &layer in Layer::ALL {
        list.push(format!("bytes-{layer}"), Family::Layer(layer), Stat::Sum, layer.about());
    }
}

fn connections(list: &mut List) {
    const ALL: &[u64] = &[50, 100];
    list.whole("connections", Family::Connections, Stat::Sum, "connections that were asked for");
    list.whole("connections-established", Family::Established, Stat::Sum, "of them, the initiator was ESTABLISHED");
    list.whole("connections-failed", Family::Failed, Stat::Sum, "of them, the initiator was CLOSED before that");
    let reset = "of those established, an end sent a RST, or was CLOSED by one that came";
    list.whole("connections-reset", Family::Reset, Stat::Sum, reset);
    let rtt =
        "the times from the SYN to the SYN,ACK that it led to, at the initiator (none where a timer lies between)";
    list.spread("handshake-rtt", "us", Family::HandshakeRtt, ALL, rtt);
    list.spread("connect", "us", Family::Connect, ALL, "the times from connect() to ESTABLISHED");
    let first = "the times from connect() to the first byte that recv() gave the initiator";
    list.spread("first-byte", "us", Family::FirstByte, ALL, first);
    let last = "the times from connect() to the last byte that recv() gave either end";
    list.spread("last-byte", "us", Family::LastByte, ALL, last);
    let again = "segments that begin below the highest number sent; no probes";
    list.push("retransmissions", Family::Retransmissions, Stat::Sum, again);
    for &timer in TimerKind::ALL {
        list.push(format!("timer-{timer}"), Family::Timer(timer), Stat::Sum, "timers of this kind that fired");
    }
}

/// The kinds of faults, as [`crate::trace::Fault::name`] has them; a release is the end of what was held.
pub(super) const FAULTS: [&str; 11] = [
    "dropped",
    "lost",
    "lost-in-burst",
    "queue-full",
    "cut",
    "too-big",
    "duplicated",
    "delayed",
    "held",
    "reordered",
    "corrupted",
];

fn faults(list: &mut List) {
    list.push("lost", Family::Lost, Stat::Sum, "packets lost on links, whatever the cause");
    for fault in FAULTS {
        list.push(format!("fault-{fault}"), Family::Fault(fault), Stat::Sum, "packets that a link did this to");
    }
    list.push("drops", Family::Drops, Stat::Sum, "packets that a node threw away, whatever the reason");
    for &why in DropWhy::ALL {
        list.push(format!("drop-{why}"), Family::Drop(why), Stat::Sum, "packets thrown away for this reason");
    }
}

fn delivery(list: &mut List) {
    list.push("messages", Family::Latency, Stat::Count, "calls of send() whose bytes have all been received");
    let latency = "the times from the call of send() to the recv() that gave its last byte";
    list.spread("latency", "us", Family::Latency, &[50, 90, 99, 100], latency);
    let goodput = "application data that arrived, over the time from its first byte's leaving to its last one's coming";
    list.push("goodput-bps", Family::Goodput, Stat::Rate, goodput);
    list.spread("goodput-end", "bps", Family::Goodput, &[0, 50, 100], "the same of each receiving end of a connection");
}

fn held(list: &mut List) {
    let flying = "the most bytes that were on their way at one time (between hosts)";
    list.whole("in-flight-max-bytes", Family::InFlight, Stat::Percentile(100), flying);
    let extra = "how much longer packets flew than the fastest of the same length between the same nodes: queues, jitter, \
                 faults";
    list.spread("flight-extra", "us", Family::FlightExtra, &[50, 99, 100], extra);
    let unacked = "the most bytes at one end that send() took and no ACK has covered";
    list.push("send-buffer-max-bytes", Family::SendBuffer, Stat::Percentile(100), unacked);
    list.push("send-buffer-us", Family::SendBufferTime, Stat::Sum, "how long there were such bytes; ends added up");
    let unread = "the most bytes at one end that had arrived in order and recv() had not given";
    list.push("recv-buffer-max-bytes", Family::RecvBuffer, Stat::Percentile(100), unread);
    list.push("recv-buffer-us", Family::RecvBufferTime, Stat::Sum, "how long there were such bytes; ends added up");
    list.push("socket-us", Family::Socket, Stat::Sum, "time in all states other than CLOSED and LISTEN; ends added up");
    for &state in State::ALL.iter().filter(|&&state| is_held(state)) {
        let name = format!("state-{}-us", state.name().to_lowercase());
        list.push(name, Family::State(state), Stat::Sum, "time in this state; ends added up");
    }
}

/// The state of a connection that exists.
pub(super) fn is_held(state: State) -> bool {
    !matches!(state, State::Closed | State::Listen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn nearest_rank_gives_a_value_that_occurred() {
        let values = [50, 15, 40, 20, 35];
        let ranks = [0, 5, 30, 40, 50, 99, 100].map(|percent| rank(&values, percent));
        assert_eq!(ranks, [15, 15, 20, 20, 35, 50, 50].map(Some));
        assert_eq!((rank(&[], 50), rank(&[7], 99), rank(&[1, 2], 50)), (None, Some(7), Some(1)));
    }

    #[test]
    fn names_are_unique_and_tell_their_units() {
        let all = figures();
        let names: BTreeSet<&str> = all.iter().map(|figure| figure.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.iter().all(|figure| !figure.about.is_empty()));
        let goodput: Vec<&str> =
            all.iter().filter(|figure| figure.is_called("goodput")).map(|figure| &*figure.name).collect();
        assert_eq!(goodput, ["goodput-bps", "goodput-end-min-bps", "goodput-end-p50-bps", "goodput-end-max-bps"]);
        assert!(!all.iter().any(|figure| figure.is_called("good") || figure.is_called("")));
    }

    #[test]
    fn a_rate_needs_time() {
        let mut samples = Samples::default();
        assert_eq!(samples.rate(), None);
        for (family, value) in [(Family::Arrived, 1_000), (Family::Left, 5_000_000), (Family::Came, 5_000_000)] {
            samples.add(family, value);
        }
        assert_eq!(samples.rate(), None);
        samples.add(Family::Came, 13_000_000);
        assert_eq!(samples.rate(), Some(1_000_000));
    }
}
