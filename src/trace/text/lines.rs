//! Records as lines, before they are folded and padded.

use super::fold::{Bulk, What as Sort};
use crate::base::{ActorId, ConnId, Fd, NodeId, RecordId, Span, Time};
use crate::machine::{Clause, Finite, Machine, Step};
use crate::packet::{Body, Flags, Packet};
use crate::tcp::{Input, State, Tcp};
use crate::trace::words::{
    Words, addr_words, call_words, fault_words, icmp_words, layer_of, link_change, outcome_words, power,
};
use crate::trace::{Call, CallName, Edge, End, Ending, Outcome, Record, Shown, Subject, TimerKind, What, escape};
use std::collections::BTreeMap;

/// What stands in the column of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Clock {
    /// Nothing: the line is a remark on the one above.
    None,
    /// Since the line before of the same host.
    Since(Span),
    /// Since the packet was sent.
    Flight(Span),
    /// Since the run began.
    At(Time),
}

/// One line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) record: RecordId,
    /// The record that it was caused by.
    pub(super) because: Option<RecordId>,
    pub(super) at: Time,
    pub(super) clock: Clock,
    pub(super) node: NodeId,
    /// It is of the whole run, not of its record's node.
    pub(super) everywhere: bool,
    pub(super) layer: String,
    /// The program that makes the call, or to which it returns.
    pub(super) actor: Option<ActorId>,
    pub(super) conn: Option<ConnId>,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) cause: String,
    pub(super) bulk: Option<Bulk>,
}

/// All lines of a trace. What a judge found stands under the record that it is about.
pub(super) fn lines(words: &Words<'_>) -> Vec<Line> {
    let mut remarks: BTreeMap<RecordId, Vec<&Record>> = BTreeMap::new();
    for record in words.records {
        if let (What::Divergence { .. }, Some(cause)) = (&record.what, record.cause) {
            remarks.entry(cause).or_default().push(record);
        }
    }
    let mut lines = Vec::with_capacity(words.records.len());
    for record in words.records {
        if !(matches!(record.what, What::Divergence { .. }) && record.cause.is_some()) {
            lines.extend(words.line(record));
        }
        for remark in remarks.get(&record.id).into_iter().flatten() {
            lines.extend(words.line(remark));
        }
    }
    lines
}

/// Fills in the times since the line before of the same host; a folded line has the time of its first record.
pub(super) fn set_clocks(lines: &mut [Line]) {
    let mut last: BTreeMap<NodeId, Time> = BTreeMap::new();
    for line in lines.iter_mut().filter(|line| line.clock != Clock::None && !line.everywhere) {
        let before = last.insert(line.node, line.at).unwrap_or_default();
        if let Clock::Since(span) = &mut line.clock {
            *span = line.at.since(before);
        }
    }
}

/// As exact as a reader wants it: from a millisecond on rounded to hundredths of it, below to microseconds.
pub(super) const fn rounded(span: Span) -> Span {
    let grain = if span.0 >= 1_000_000 { 10_000 } else { 1_000 };
    Span(span.0.saturating_add(grain / 2) / grain * grain)
}

/// Where the rule stands by which a model peer moved.
fn clause(edge: &Edge) -> Option<Clause> {
    if edge.machine != Tcp::NAME {
        return None;
    }
    match Tcp::next(State::named(&edge.from)?, Input::named(&edge.input)?) {
        Step::Go(_, _, clause) | Step::Reject(_, clause) => Some(clause),
        Step::Never => None,
    }
}

impl Words<'_> {
    pub(super) fn line(&self, record: &Record) -> Option<Line> {
        let mut line = Line {
            record: record.id,
            because: record.cause,
            at: record.at,
            clock: Clock::Since(Span::ZERO),
            node: record.node,
            everywhere: false,
            layer: String::new(),
            actor: None,
            conn: None,
            subject: String::new(),
            text: String::new(),
            cause: self.cause_of(record),
            bulk: None,
        };
        self.fill(record, &mut line)?;
        Some(line)
    }

    fn fill(&self, record: &Record, line: &mut Line) -> Option<()> {
        match &record.what {
            What::Step { .. } => return None,
            What::Conn { conn, local, remote, .. } => {
                self.of_conn(line, "conn", *conn);
                line.text = format!("{local} > {remote}");
                line.cause.clear();
            }
            What::Call(call) => self.call(record, call, line),
            What::Return { actor, of, outcome } => self.returned(record, *actor, *of, outcome, line)?,
            What::Sent { conn, packet, .. } => self.packet(record, '>', *conn, packet, line),
            What::Arrived { conn, packet, .. } => {
                self.flight(record, line);
                self.packet(record, '<', *conn, packet, line);
                line.cause.clear();
                // Routers on the way have taken from its time to live.
                let sent = record.cause.and_then(|id| self.record(id)?.what.packet());
                if sent.is_some_and(|(_, sent)| sent.ttl != packet.ttl) {
                    line.text.push_str(&format!(" ttl={}", packet.ttl));
                }
            }
            What::Fault { link, conn, packet, fault, .. } => {
                let (did, by) = fault_words(fault);
                self.flight(record, line);
                self.packet_briefly(record, *conn, packet, line);
                line.layer = if fault.is_loss() { "drop" } else { "link" }.to_owned();
                if !did.is_empty() {
                    line.text = format!("{} {did}", line.text);
                }
                line.cause = format!("{}: {by}", self.names.link(*link));
                line.bulk = Some(Bulk::one(Sort::Apart));
            }
            What::Drop { conn, packet, why, .. } => {
                self.flight(record, line);
                self.packet_briefly(record, *conn, packet, line);
                line.layer = "drop".to_owned();
                line.cause = why.to_string();
            }
            What::Link { link, change } => {
                line.layer = "link".to_owned();
                line.text = format!("{} {}", self.names.link(*link), link_change(*change));
            }
            // A model peer's edge has said it.
            What::State { .. } if self.follows_an_edge(record) => return None,
            What::State { conn, end, from, to } => {
                self.of_conn(line, "tcp", *conn);
                line.text = format!("{from} -> {to}{}", self.which_end(*conn, *end));
            }
            What::Timer { conn, end, timer, after } => {
                line.layer = "timer".to_owned();
                line.text = timer.to_string();
                // No clock makes a fast retransmission.
                if *timer != TimerKind::FastRetransmit {
                    line.text.push_str(&format!(" after={}", rounded(*after)));
                }
                if let Some(conn) = *conn {
                    self.of_conn(line, "timer", conn);
                    line.text.push_str(end.map_or("", |end| self.which_end(conn, end)));
                }
                if *timer == TimerKind::DelayedAck {
                    line.bulk = Some(Bulk::one(Sort::Tick { after: rounded(*after) }));
                }
            }
            What::Edge(edge) => self.edge(record, edge, line)?,
            What::App { actor, text } => {
                line.layer = "app".to_owned();
                line.text = self.by_program(*actor, escape(text));
            }
            What::Power { up } => {
                line.layer = "power".to_owned();
                line.text = power(*up).to_owned();
            }
            What::Stall { conn, end } => {
                self.of_conn(line, "tcp", *conn);
                line.text = format!("stalls: due now, and nothing happens{}", self.which_end(*conn, *end));
            }
            What::Divergence { conn, rule, clause, text } => {
                line.layer = "judge".to_owned();
                if let Some(conn) = conn {
                    self.of_conn(line, "judge", *conn);
                }
                line.clock = Clock::None;
                line.text = format!("{}: {}", escape(rule), escape(text));
                line.cause = escape(clause);
            }
            What::End { ending } => {
                line.layer = "end".to_owned();
                line.everywhere = true;
                line.clock = Clock::None;
                line.text = format!("{} at={}", ending_words(ending), rounded(Span(record.at.0)));
                line.cause.clear();
            }
        }
        Some(())
    }

    fn of_conn(&self, line: &mut Line, layer: &str, conn: ConnId) {
        line.layer = layer.to_owned();
        line.conn = Some(conn);
        line.subject = self.names.conn(conn);
    }

    /// Which end is meant, where the host has both.
    fn which_end(&self, conn: ConnId, end: End) -> &'static str {
        match end {
            _ if !self.names.is_loop(conn) => "",
            End::Initiator => " end=initiator",
            End::Acceptor => " end=acceptor",
        }
    }

    fn flight(&self, record: &Record, line: &mut Line) {
        if let Some(sent) = record.cause.and_then(|id| self.record(id)) {
            line.clock = Clock::Flight(record.at.since(sent.at));
        }
    }

    fn by_program(&self, actor: ActorId, text: String) -> String {
        match self.names.program(actor) {
            Some(program) => format!("{program}: {text}"),
            None => text,
        }
    }

    fn call(&self, record: &Record, call: &Call, line: &mut Line) {
        line.layer = "call".to_owned();
        line.actor = Some(call.actor);
        self.of_descriptor(record, call, call_result(&call.outcome), line);
        let end = self.outcome(call, &call.outcome).map_or(" ...".to_owned(), |words| format!(" -> {words}"));
        line.text = self.by_program(call.actor, format!("{}{end}", call_words(call, self.names)));
        line.bulk = call_bulk(call, &call.outcome, false);
    }

    fn returned(
        &self,
        record: &Record,
        actor: ActorId,
        of: RecordId,
        outcome: &Outcome,
        line: &mut Line,
    ) -> Option<()> {
        let What::Call(call) = &self.record(of)?.what else { return None };
        line.layer = "call".to_owned();
        line.actor = Some(actor);
        self.of_descriptor(record, call, call_result(outcome), line);
        // A library call has no descriptor: its argument says which one it was.
        let fd = call.fd.map(|fd| fd.0.to_string());
        let fd = fd.or_else(|| addr_words(&call.args, self.names)).unwrap_or_else(|| escape(&call.args));
        let end = self.outcome(call, outcome).map_or(" ...".to_owned(), |words| format!(" -> {words}"));
        line.text = self.by_program(actor, format!("... {}({fd}){end}", call.call));
        line.bulk = call_bulk(call, outcome, true);
        Some(())
    }

    /// What a call returned; of a segment the name that it has in the trace.
    fn outcome(&self, call: &Call, outcome: &Outcome) -> Option<String> {
        if let Outcome::Segment(id, _) = outcome
            && let Some((_, packet)) = self.record(*id).and_then(|arrival| arrival.what.packet())
            && let (Some(segment), Some(shown)) = (packet.tcp(), self.relative.get(*id))
        {
            return Some(format!("{} {}", shown.name(), segment.flags));
        }
        outcome_words(call, outcome, self.names)
    }

    /// The connection behind the descriptor that a call made or was given.
    fn of_descriptor(&self, record: &Record, call: &Call, made: Option<Fd>, line: &mut Line) {
        let by_fd = |fd| self.names.fd_conn(record.node, fd, record.id);
        let conn = made.and_then(by_fd).or(call.conn).or_else(|| call.fd.and_then(by_fd));
        if let Some(conn) = conn {
            self.of_conn(line, "call", conn);
        }
    }

    fn edge(&self, record: &Record, edge: &Edge, line: &mut Line) -> Option<()> {
        if edge.from == edge.to {
            return None;
        }
        let mut end_words = "";
        match edge.of {
            Subject::Fd(fd) => {
                line.conn = self.names.fd_conn(record.node, fd, record.id);
                line.subject = format!("fd {}", fd.0);
            }
            Subject::Conn(conn, end) => {
                self.of_conn(line, "", conn);
                end_words = self.which_end(conn, end);
            }
        }
        line.layer = escape(layer_of(&edge.machine));
        line.text = format!("{} -> {}{end_words}", escape(&edge.from), escape(&edge.to));
        line.cause = match clause(edge) {
            Some(clause) => format!("{} ({clause})", escape(&edge.input)),
            None => escape(&edge.input),
        };
        Some(())
    }

    fn follows_an_edge(&self, record: &Record) -> bool {
        let cause = record.cause.and_then(|id| self.record(id));
        cause.is_some_and(|cause| matches!(&cause.what, What::Edge(edge) if edge.machine == Tcp::NAME))
    }

    /// Layer, subject and the short name of a packet.
    fn packet_briefly(&self, record: &Record, conn: Option<ConnId>, packet: &Packet, line: &mut Line) {
        match conn {
            Some(conn) => self.of_conn(line, "", conn),
            None => line.subject = self.ends_of(packet),
        }
        line.text = match &packet.body {
            Body::Tcp(segment) => match self.relative.get(record.id) {
                Some(shown) => format!("{} {}", shown.name(), segment.flags),
                None => segment.flags.to_string(),
            },
            Body::Udp(datagram) => format!("len={}", datagram.len),
            Body::Icmp(icmp) => match icmp.target {
                Some(target) => format!("{} target={target}", icmp_words(icmp.kind)),
                None => icmp_words(icmp.kind),
            },
            Body::Arp(arp) => match arp.reply {
                true => format!("reply {} to {}", arp.sender, arp.target),
                false => format!("who-has {} tell {}", arp.target, arp.sender),
            },
            Body::Other(protocol) => format!("protocol={protocol} bytes={}", packet.bytes),
        };
    }

    fn ends_of(&self, packet: &Packet) -> String {
        if matches!(&packet.body, Body::Arp(arp) if !arp.reply) {
            return format!("{}>all", self.names.host(packet.src.ip()));
        }
        if packet.src.port() == 0 && packet.dst.port() == 0 {
            return format!("{}>{}", self.names.host(packet.src.ip()), self.names.host(packet.dst.ip()));
        }
        format!("{}>{}", self.names.endpoint(packet.src), self.names.endpoint(packet.dst))
    }

    fn packet(&self, record: &Record, way: char, conn: Option<ConnId>, packet: &Packet, line: &mut Line) {
        self.packet_briefly(record, conn, packet, line);
        let layer = match &packet.body {
            Body::Tcp(_) => "seg",
            Body::Udp(_) => "udp",
            Body::Icmp(_) => "icmp",
            Body::Arp(_) => "arp",
            Body::Other(_) => "ip",
        };
        line.layer = format!("{layer}{way}");
        match (&packet.body, self.relative.get(record.id)) {
            (Body::Tcp(segment), Some(shown)) => {
                line.text = segment_text(segment, shown);
                line.bulk = segment_bulk(segment.flags, segment.len, shown);
            }
            (Body::Udp(datagram), _) => line.bulk = Some(Bulk::one(Sort::Datagram { bytes: datagram.len.into() })),
            (Body::Icmp(icmp), _) => {
                if let Some((src, dst, tcp)) = icmp.about {
                    let proto = if tcp { "tcp" } else { "udp" };
                    let (src, dst) = (self.names.endpoint(src), self.names.endpoint(dst));
                    line.text = format!("{} about={proto}:{src}>{dst}", line.text);
                }
            }
            _ => {}
        }
    }
}

/// `[1,79) PSH,ACK ack=1 len=78 win=16384`: keys always in this order.
pub(crate) fn segment_text(segment: &crate::packet::Segment, shown: &Shown) -> String {
    use core::fmt::Write;
    let mut text = format!("{} {}", shown.name(), segment.flags);
    if let Some(ack) = shown.ack {
        let _ = write!(text, " ack={ack}");
    }
    if segment.len > 0 {
        let _ = write!(text, " len={}", segment.len);
    }
    let _ = write!(text, " win={}", shown.window);
    if let Some(mss) = segment.mss {
        let _ = write!(text, " mss={mss}");
    }
    if let Some(scale) = segment.scale {
        let _ = write!(text, " scale={scale}");
    }
    if segment.sack_permitted {
        text.push_str(" sack-ok");
    }
    if let Some((left, right)) = shown.sack {
        let _ = write!(text, " sack=[{left},{right})");
    }
    if let Some((value, echo)) = segment.timestamps {
        let _ = write!(text, " ts={value}/{echo}");
    }
    if segment.flags.has(Flags::URG) {
        let _ = write!(text, " urg={}", segment.urgent);
    }
    text
}

/// Data and acknowledgments may be folded; whatever is special may not.
fn segment_bulk(flags: Flags, len: u32, shown: &Shown) -> Option<Bulk> {
    let plain = flags.without(Flags::PSH) == Flags::ACK && shown.window > 0;
    plain.then(|| {
        let (start, stop, ack) = (shown.start, shown.stop, shown.ack.unwrap_or(0));
        let sort = match shown.sack {
            Some(block) if len == 0 => Sort::Gap { at: start, first: block, last: block },
            None if len == 0 => Sort::Ack { from: start, to: start },
            None => Sort::Data { start, stop, flags, nth: shown.nth },
            Some(_) => Sort::Apart,
        };
        Bulk { count: 1, sort, acks: (ack, ack), windows: (shown.window, shown.window) }
    })
}

fn call_result(outcome: &Outcome) -> Option<Fd> {
    match outcome {
        Outcome::Fd(fd) | Outcome::Accepted(fd, _) => Some(*fd),
        _ => None,
    }
}

fn call_bulk(call: &Call, outcome: &Outcome, returned: bool) -> Option<Bulk> {
    let bytes = match outcome {
        Outcome::Pending => None,
        Outcome::Count(count) => Some(u64::from(*count)),
        Outcome::Data(data) | Outcome::From(data, _) => Some(u64::try_from(data.0.len()).unwrap_or(u64::MAX)),
        _ => return None,
    };
    match call.call {
        CallName::Send | CallName::Recv | CallName::Sendto | CallName::Recvfrom => {
            Some(Bulk::one(Sort::Call { name: call.call, fd: call.fd, actor: call.actor, returned, bytes }))
        }
        _ => None,
    }
}

/// How a run ended.
pub(in crate::trace) fn ending_words(ending: &Ending) -> String {
    match ending {
        Ending::Quiet => "quiet".to_owned(),
        Ending::Stuck(who) => format!("stuck: {}", escape(&who.join("; "))),
        Ending::EventLimit(events) => format!("event-limit: {events} events"),
        Ending::TimeLimit(span) => format!("time-limit: {span} ms"),
        Ending::QueueLimit(bytes) => format!("queue-limit: {bytes} bytes"),
        Ending::Panic(text) => format!("panic: {}", escape(text)),
    }
}
