//! One pass over the records of a run.

use super::ends::EndWatch;
use super::figures::Family;
use super::layers::layers;
use super::messages::Datagrams;
use super::{Measured, Of};
use crate::base::{ConnId, LinkId, NodeId, RecordId, Time};
use crate::judge::Scene;
use crate::judge::scene::Returned;
use crate::packet::{Body, Flags, Packet};
use crate::tcp::State;
use crate::trace::{Call, CallName, End, Outcome, Record, Trace, What};
use std::collections::BTreeMap;

/// What a connection came to.
#[derive(Default)]
struct ConnWatch {
    /// When connect() was called.
    called: Option<Time>,
    answered: bool,
    failed: bool,
    reset: bool,
    first_byte: bool,
    last_byte: Option<Time>,
}

type Flight = (Option<Of>, u64);

struct Gather<'a> {
    records: &'a [Record],
    trace: &'a Trace,
    scene: Scene<'a>,
    out: Measured,
    ends: BTreeMap<Of, EndWatch>,
    conns: BTreeMap<ConnId, ConnWatch>,
    /// How many bytes the calls of send() took that blocked.
    took: BTreeMap<RecordId, u32>,
    datagrams: Datagrams,
    flying: BTreeMap<RecordId, u64>,
    in_flight: u64,
    /// By sender, receiver and length: whose packet, and how long it flew.
    flights: BTreeMap<(NodeId, NodeId, u32), Vec<Flight>>,
}

/// The samples of a run, and the scene at its end.
pub(super) fn gather(trace: &Trace) -> (Measured, Scene<'_>) {
    let mut gather = Gather {
        records: &trace.records,
        trace,
        scene: Scene::new(&trace.header),
        out: Measured::default(),
        ends: BTreeMap::new(),
        conns: BTreeMap::new(),
        took: took(&trace.records),
        datagrams: Datagrams::default(),
        flying: BTreeMap::new(),
        in_flight: 0,
        flights: BTreeMap::new(),
    };
    for record in &trace.records {
        gather.see(record);
    }
    gather.finish();
    (gather.out, gather.scene)
}

fn took(records: &[Record]) -> BTreeMap<RecordId, u32> {
    let counts = records.iter().filter_map(|record| match &record.what {
        What::Return { of, outcome: Outcome::Count(count), .. } => Some((*of, *count)),
        _ => None,
    });
    counts.collect()
}

impl Gather<'_> {
    /// Takes in a record. What it says is read off the scene before it; what it changes, off the scene after it.
    fn see(&mut self, record: &Record) {
        match &record.what {
            What::Sent { link, conn, packet, .. } => self.sent(record, *link, *conn, packet),
            What::Fault { conn, packet, fault, .. } => {
                let of = self.sender(*conn, packet);
                self.out.add(of, Family::Fault(fault.name()), 1);
                if fault.is_loss() {
                    self.out.add(of, Family::Lost, 1);
                    self.landed(record.cause);
                }
            }
            What::Drop { conn, packet, why, .. } => {
                let of = self.sender(*conn, packet);
                self.out.add(of, Family::Drops, 1);
                self.out.add(of, Family::Drop(*why), 1);
                self.landed(record.cause);
            }
            What::Timer { conn, end, timer, .. } => self.out.add(conn.zip(*end), Family::Timer(*timer), 1),
            What::Conn { conn, .. } => _ = self.conns.entry(*conn).or_default(),
            What::State { conn, end, from, to } => self.moved(record, (*conn, *end), *from, *to),
            What::Call(call) => self.called(record, call),
            What::Power { up: false } => self.power_off(record),
            _ => {}
        }
        if let What::Call(_) | What::Return { .. } = &record.what {
            self.returned(record);
        }
        let before = self.text_at(record);
        self.scene.observe(record);
        if let What::Arrived { conn, packet, .. } = &record.what {
            self.arrived(record, *conn, packet, before);
        }
    }

    fn end(&mut self, of: Of) -> &mut EndWatch {
        self.ends.entry(of).or_default()
    }

    /// The end from whose address the packet comes.
    fn sender(&self, conn: Option<ConnId>, packet: &Packet) -> Option<Of> {
        let conn = conn?;
        Some((conn, self.scene.conn(conn)?.end_at(packet.src)?))
    }

    fn sent(&mut self, record: &Record, link: Option<LinkId>, conn: Option<ConnId>, packet: &Packet) {
        let of = self.sender(conn, packet);
        self.out.add(of, Family::Packets, 1);
        self.out.add(of, Family::Bytes, packet.bytes.into());
        let again = conn.map_or(0, |conn| self.sent_again(record, conn, packet));
        let info = link.and_then(|link| self.trace.header.links.get(link.index()));
        for (layer, bytes) in layers(packet, info.is_some_and(|link| link.ethernet), again) {
            self.out.add(of, Family::Layer(layer), bytes);
        }
        if self.scene.retransmits(record) {
            self.out.add(of, Family::Retransmissions, 1);
        }
        match &packet.body {
            Body::Tcp(_) => self.segment(record, conn, of, packet),
            Body::Udp(_) => {
                self.out.add(of, Family::Datagrams, 1);
                self.out.add(of, Family::Left, record.at.0);
                self.datagrams.sent(record, packet);
            }
            Body::Icmp(_) | Body::Arp(_) | Body::Other(_) => {}
        }
        if link.is_some() {
            self.flying.insert(record.id, packet.bytes.into());
            self.in_flight += u64::from(packet.bytes);
            self.out.add(None, Family::InFlight, self.in_flight);
        }
    }

    fn segment(&mut self, record: &Record, conn: Option<ConnId>, of: Option<Of>, packet: &Packet) {
        let Some(segment) = packet.tcp() else { return };
        self.out.add(of, Family::Segments, 1);
        if segment.flags == Flags::ACK && segment.len == 0 {
            self.out.add(of, Family::PureAcks, 1);
        }
        let Some(conn) = conn else { return };
        let Some(end) = self.scene.sender(record, conn, packet) else { return };
        let established = self.established(conn);
        if segment.flags.has(Flags::RST) && established {
            self.conns.entry(conn).or_default().reset = true;
        }
        if segment.len > 0 {
            let end = self.end((conn, end));
            end.left = end.left.or(Some(record.at));
        }
    }

    /// Either end has been ESTABLISHED.
    fn established(&self, conn: ConnId) -> bool {
        [End::Initiator, End::Acceptor].iter().any(|&end| self.ends.get(&(conn, end)).is_some_and(|it| it.established))
    }

    /// How much of a segment's text lies below the highest number that this end has sent.
    fn sent_again(&self, record: &Record, conn: ConnId, packet: &Packet) -> u64 {
        let again = || {
            let segment = packet.tcp()?;
            let end = self.scene.sender(record, conn, packet)?;
            let wire = &self.scene.side(conn, end)?.wire;
            let start = wire.own(segment.seq)? + i64::from(segment.flags.has(Flags::SYN));
            Some((wire.nxt() - start).clamp(0, i64::from(segment.len)))
        };
        again().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0)
    }

    /// A packet is on its way no more.
    fn landed(&mut self, sent: Option<RecordId>) {
        if let Some(bytes) = sent.and_then(|sent| self.flying.remove(&sent)) {
            self.in_flight -= bytes;
        }
    }

    fn moved(&mut self, record: &Record, of: Of, from: State, to: State) {
        let now = record.at;
        self.end(of).moved(to, now);
        let established = self.established(of.0);
        let by_reset = self.scene.arrival_behind(record).and_then(|(_, packet)| packet.tcp());
        let by_reset = by_reset.is_some_and(|segment| segment.flags.has(Flags::RST));
        let conn = self.conns.entry(of.0).or_default();
        conn.reset |= to == State::Closed && by_reset && established;
        if of.1 == End::Acceptor {
            return;
        }
        conn.failed |= to == State::Closed && from.awaits_ack_of_syn();
        if let (State::Established, Some(called)) = (to, conn.called) {
            self.out.add(Some(of), Family::Connect, now.since(called).0);
        }
    }

    fn called(&mut self, record: &Record, call: &Call) {
        let Some(conn) = call.conn else { return };
        match call.call {
            CallName::Connect => {
                let watch = self.conns.entry(conn).or_default();
                watch.called = watch.called.or(Some(record.at));
            }
            CallName::Send => {
                let Some(end) = self.scene.end_of(conn, record.node, call.fd) else { return };
                let whole = || call.data.as_ref().and_then(|data| u32::try_from(data.0.len()).ok());
                let bytes = match call.outcome {
                    Outcome::Count(count) => Some(count),
                    Outcome::Pending => self.took.get(&record.id).copied().or_else(whole),
                    _ => None,
                };
                if let Some(bytes) = bytes.filter(|bytes| *bytes > 0) {
                    let end = self.end((conn, end));
                    end.offered += u64::from(bytes);
                    end.sends.push_back((record.at, end.offered));
                }
            }
            _ => {}
        }
    }

    fn returned(&mut self, record: &Record) {
        let Some(done) = self.scene.returned(record) else { return };
        let called = self.records.get(done.id.index()).map_or(record.at, |call| call.at);
        let Some(conn) = done.call.conn else {
            if let Some(span) = self.datagrams.returned(&done, called, record.at) {
                self.out.add(None, Family::Latency, span);
            }
            return;
        };
        let Some(end) = self.scene.end_of(conn, done.node, done.call.fd) else { return };
        let Returned { call, outcome, .. } = done;
        match (call.call, outcome) {
            (CallName::Send, Outcome::Count(count)) => {
                let count = u64::from(*count);
                let end = self.ends.entry((conn, end)).or_default();
                end.given += count;
                end.weigh(record.at);
            }
            (CallName::Recv, Outcome::Data(data)) if !data.0.is_empty() => {
                let count = u64::try_from(data.0.len()).unwrap_or(u64::MAX);
                self.received((conn, end), count, record.at);
            }
            _ => {}
        }
    }

    /// recv() gave so many bytes.
    fn received(&mut self, of: Of, count: u64, now: Time) {
        let end = self.end(of);
        end.read += count;
        end.weigh(now);
        let read = end.read;
        let from = self.scene.conn(of.0).map(|conn| (of.0, conn.peer(of.1)));
        if let Some(from) = from {
            while let Some(&(called, _)) = self.end(from).sends.front().filter(|(_, upto)| *upto <= read) {
                self.end(from).sends.pop_front();
                self.out.add(Some(of), Family::Latency, now.since(called).0);
            }
        }
        let conn = self.conns.entry(of.0).or_default();
        conn.last_byte = Some(now);
        if let (End::Initiator, false, Some(called)) = (of.1, conn.first_byte, conn.called) {
            conn.first_byte = true;
            self.out.add(Some(of), Family::FirstByte, now.since(called).0);
        }
    }

    /// The end that a segment reaches, and how much text had reached it in order.
    fn text_at(&self, record: &Record) -> Option<(Of, u64)> {
        let What::Arrived { conn: Some(conn), packet, .. } = &record.what else { return None };
        let end = self.scene.receiver(record, *conn, packet)?;
        Some(((*conn, end), self.text((*conn, end))))
    }

    fn text(&self, of: Of) -> u64 {
        let Some(conn) = self.scene.conn(of.0) else { return 0 };
        let next = conn.side(of.1).wire.rcv_nxt();
        let fin = conn.side(conn.peer(of.1)).wire.fin.is_some_and(|fin| fin < next);
        u64::try_from(next - 1 - i64::from(fin)).unwrap_or(0)
    }

    fn arrived(&mut self, record: &Record, conn: Option<ConnId>, packet: &Packet, before: Option<(Of, u64)>) {
        let now = record.at;
        self.landed(record.cause);
        let sent = record.cause.and_then(|cause| self.records.get(cause.index()));
        if let Some(sent) = sent.filter(|sent| matches!(sent.what, What::Sent { link: Some(_), .. })) {
            let of = self.sender(conn, packet);
            let flights = self.flights.entry((sent.node, record.node, packet.bytes)).or_default();
            flights.push((of, now.since(sent.at).0));
        }
        if let Body::Udp(datagram) = &packet.body {
            self.datagrams.arrived(record, packet);
            self.out.add(None, Family::Arrived, datagram.len.into());
            self.out.add(None, Family::Came, now.0);
        }
        let Some((of, before)) = before else { return };
        let after = self.text(of);
        let una = self.scene.side(of.0, of.1).map_or(0, |side| side.wire.una);
        let end = self.end(of);
        if after > before {
            end.arrived += after - before;
            end.came = Some(now);
        }
        end.acked = end.acked.max(u64::try_from(una - 1).unwrap_or(0));
        end.weigh(now);
        self.handshake(record, of, packet);
    }

    /// The SYN,ACK that answers a SYN: back to the SYN by its causes.
    fn handshake(&mut self, record: &Record, of: Of, packet: &Packet) {
        let both = Flags::SYN.with(Flags::ACK);
        let answer = packet.tcp().is_some_and(|segment| segment.flags.has(both));
        if of.1 == End::Acceptor || !answer || self.conns.get(&of.0).is_none_or(|conn| conn.answered) {
            return;
        }
        let mut at = record;
        while let Some(cause) = at.cause.filter(|cause| *cause < at.id).and_then(|id| self.records.get(id.index())) {
            match &cause.what {
                What::Timer { .. } => return,
                What::Sent { packet, .. } if packet.tcp().is_some_and(|segment| segment.flags.is_request()) => {
                    self.conns.entry(of.0).or_default().answered = true;
                    self.out.add(Some(of), Family::HandshakeRtt, record.at.since(cause.at).0);
                    return;
                }
                _ => at = cause,
            }
        }
    }

    fn power_off(&mut self, record: &Record) {
        for (of, end) in &mut self.ends {
            if self.scene.conn(of.0).and_then(|conn| conn.node(of.1)) == Some(record.node) {
                end.ended(record.at);
            }
        }
    }

    fn finish(&mut self) {
        // What the judge has found stands behind the run's end, with the time of what it is about.
        let now = self.records.iter().map(|record| record.at).max().unwrap_or(Time::ZERO);
        self.out.add(None, Family::Duration, now.0);
        for end in self.ends.values_mut() {
            end.ended(now);
        }
        for of in self.ends.keys().copied().collect::<Vec<_>>() {
            self.finish_end(of);
        }
        for (id, conn) in &self.conns {
            let established = self.ends.get(&(*id, End::Initiator)).is_some_and(|end| end.established);
            self.out.add(None, Family::Connections, 1);
            self.out.add(None, Family::Established, established.into());
            self.out.add(None, Family::Failed, (conn.failed && !established).into());
            self.out.add(None, Family::Reset, conn.reset.into());
            if let (Some(called), Some(last)) = (conn.called, conn.last_byte) {
                self.out.add(Some((*id, End::Initiator)), Family::LastByte, last.since(called).0);
            }
        }
        for flights in self.flights.values() {
            let least = flights.iter().map(|(_, span)| *span).min().unwrap_or(0);
            for (of, span) in flights {
                self.out.add(*of, Family::FlightExtra, span - least);
            }
        }
    }

    fn finish_end(&mut self, of: Of) {
        let from = self.scene.conn(of.0).map(|conn| (of.0, conn.peer(of.1)));
        let left = from.and_then(|from| self.ends.get(&from)).and_then(|end| end.left);
        let Some(end) = self.ends.get(&of) else { return };
        for (family, value) in end.samples() {
            self.out.add(Some(of), family, value);
        }
        let (Some(left), Some(came)) = (left, end.came) else { return };
        for (family, value) in [(Family::Arrived, end.arrived), (Family::Left, left.0), (Family::Came, came.0)] {
            self.out.add(Some(of), family, value);
        }
        if let Some(rate) = self.out.samples.get(&Some(of)).and_then(super::figures::Samples::rate) {
            self.out.add(Some(of), Family::Goodput, rate);
        }
    }
}
