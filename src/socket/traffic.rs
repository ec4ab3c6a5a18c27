//! What goes in and out of a host: arrivals, departures, timers; and the monitor that records each with its cause.

use super::holding::{Due, Owner};
use super::kernel::{Alarm, Ctx, Ended, Kernel, Posted};
use super::perform::edge_record;
use super::timers::{self, Took};
use crate::base::{Fd, RecordId, Time};
use crate::machine::Step;
use crate::net::{Departure, Destination, Frame, Moved, TcpEnd, TcpId, UdpId, Via};
use crate::packet::{self, Body, Flags, Icmp, IcmpKind, Packet, Segment};
use crate::peer::Peer;
use crate::tcp::{self, State};
use crate::trace::{DropWhy, End, Subject, TimerKind, What};
use core::net::SocketAddr;

impl Kernel {
    /// A frame reaches the host.
    pub fn arrive(&mut self, via: Via, frame: &Frame, ctx: &mut Ctx<'_, '_>) {
        let ethernet = via == Via::Link && self.ethernet;
        self.set_time(ctx.tape.now);
        ctx.tape.cause = frame.sent;
        if frame.is_damaged(ethernet) {
            self.note_drop(frame, DropWhy::BadChecksum, ctx);
            return;
        }
        let destination = self.stack.destination(via, &frame.bytes);
        if self.is_scripted() && matches!(destination, Destination::Tcp(_) | Destination::TcpStray { .. }) {
            self.note_arrival(frame, ctx);
            return self.hear(via, frame, ctx);
        }
        let request = match destination {
            Destination::TcpStray { local, remote, request: true } => {
                self.listener_for(local).map(|fd| (fd, local, remote))
            }
            _ => None,
        };
        let listener = request.map(|(listener, ..)| listener);
        if let Some(why) = self.refuses(destination, listener, via, frame) {
            self.note_drop(frame, why, ctx);
            return;
        }
        self.note_arrival(frame, ctx);
        match (destination, request) {
            (Destination::Tcp(id), _) => self.take_segment(id, via, frame, ctx),
            (_, Some((listener, local, remote))) => self.take_request(listener, (local, remote), via, frame, ctx),
            (Destination::Udp(id), _) => self.take_datagram(id, via, frame, ctx),
            (Destination::TcpStray { .. } | Destination::Stack | Destination::Other, None) => {
                self.take_other(via, frame, ctx);
            }
        }
    }

    /// Why a frame is thrown away before the stack sees it, if it is.
    fn refuses(&self, destination: Destination, listener: Option<Fd>, via: Via, frame: &Frame) -> Option<DropWhy> {
        let segment = matches!(destination, Destination::Tcp(_) | Destination::TcpStray { .. });
        if segment && !packet::has_readable_options(&frame.bytes, via == Via::Link && self.ethernet) {
            return Some(DropWhy::Malformed);
        }
        match destination {
            Destination::Other => Some(DropWhy::NotForUs),
            Destination::Udp(id) => (!self.stack.udp_has_room(id)).then_some(DropWhy::NoRoom),
            Destination::TcpStray { remote, .. } if self.is_nobodys(remote.ip()) => Some(DropWhy::BadSource),
            Destination::TcpStray { .. } => listener.and_then(|fd| self.turns_away(fd)),
            Destination::Tcp(id) => self.finds_queue_full(id, via, frame).then_some(DropWhy::BacklogFull),
            Destination::Stack => None,
        }
    }

    /// Whether the segment would complete a handshake for which the accept queue has no room: Linux drops it, and the
    /// client, which takes itself for connected, is answered when it (or the SYN,ACK) is sent again.
    fn finds_queue_full(&self, id: TcpId, via: Via, frame: &Frame) -> bool {
        let Some(Owner::HalfOpen(listener)) = self.owner(id) else { return false };
        let flags = packet::tcp_flags(&frame.bytes, via == Via::Link && self.ethernet);
        let completes = |flags: Flags| flags.has(Flags::ACK) && !flags.has(Flags::RST);
        flags.is_some_and(completes) && !self.has_room(listener)
    }

    fn note_arrival(&self, frame: &Frame, ctx: &mut Ctx<'_, '_>) {
        if let Some(packet) = frame.packet {
            let what = || What::Arrived { conn: frame.conn, link: self.link, packet, frame: frame.bytes.clone() };
            ctx.tape.cause = ctx.tape.note(self.node, what);
        }
    }

    fn note_drop(&self, frame: &Frame, why: DropWhy, ctx: &mut Ctx<'_, '_>) {
        if let Some(packet) = frame.packet {
            let what = || What::Drop { conn: frame.conn, packet, why, frame: frame.bytes.clone() };
            ctx.tape.note(self.node, what);
        }
    }

    fn take_segment(&mut self, id: TcpId, via: Via, frame: &Frame, ctx: &mut Ctx<'_, '_>) {
        let now = ctx.tape.now;
        let cause = ctx.tape.cause;
        if let Some(end) = self.stack.end(id) {
            end.heard = now;
            end.probes = (0, now);
            end.stalled = false;
            end.active = (now, cause);
        }
        let ethernet = self.ethernet && self.stack.peek(id).is_some_and(|end| end.via() == Via::Link);
        let resets = packet::tcp_flags(&frame.bytes, ethernet).is_some_and(|flags| flags.has(Flags::RST));
        self.ended = resets.then_some(Ended::Reset);
        let queued = self.stack.peek(id).map(TcpEnd::send_queue);
        let (readable, closes) = (self.stack.peek(id).map(TcpEnd::readable), self.closes_at(id, now));
        let moved = self.stack.feed(id, via, now, &frame.bytes);
        let later = closes.is_some() && self.closes_at(id, now) > closes;
        if let (Some(end), Some(segment)) = (self.stack.end(id), frame.packet.as_ref().and_then(Packet::tcp)) {
            let ack = moved.is_some() || Some(end.send_queue()) < queued;
            timers::hear(end, segment, Took { text: Some(end.readable()) > readable, ack });
            end.armed.time_wait = if later { Some(end.active) } else { end.armed.time_wait };
        }
        // A peer with no room answers too: it keeps the connection (RFC 9293, 3.8.6.1).
        let waits = packet::tcp_window(&frame.bytes, ethernet) == Some(0);
        if let Some(end) = self.stack.end(id)
            && (moved.is_some() || waits || Some(end.send_queue()) < queued)
        {
            end.unanswered = None;
        }
        let moved = self.refuse_text(id, moved);
        let moved = self.end_refused(id, moved);
        self.settle(id, moved, ctx);
        self.ended = None;
        // New text, or room in the send buffer: no state need have changed.
        if let Some(Owner::Fd(fd) | Owner::User(fd)) = self.owner(id) {
            self.wake(fd);
        }
    }

    /// When an end in TIME-WAIT is next asked: at the end of that, if it owes nothing.
    fn closes_at(&mut self, id: TcpId, now: Time) -> Option<Time> {
        self.stack.peek(id).filter(|end| end.state() == State::TimeWait)?;
        self.stack.poll_at(id, now)
    }

    /// A RST in SYN-RECEIVED leads to CLOSED where a `connect` led there (RFC 9293, 3.10.7.4); smoltcp begins to listen.
    fn end_refused(&mut self, id: TcpId, moved: Option<Moved>) -> Option<Moved> {
        let opened = matches!(self.holdings.get(&id), Some(holding)
            if !matches!(holding.owner, Owner::HalfOpen(_)) && !holding.spec.bare);
        if self.stack.peek(id).is_some_and(TcpEnd::is_model) {
            return moved;
        }
        match moved {
            Some(Moved { from, to: State::Listen }) if opened => {
                let end = self.stack.end(id)?;
                end.abort();
                end.look();
                Some(Moved { from, to: State::Closed })
            }
            moved => moved,
        }
    }

    fn take_request(
        &mut self,
        listener: Fd,
        (local, remote): (SocketAddr, SocketAddr),
        via: Via,
        frame: &Frame,
        ctx: &mut Ctx<'_, '_>,
    ) {
        let spec = self.spec_of(listener);
        let Some(id) = self.stack.listen(&spec, local, remote) else { return };
        if let Some((conn, end)) = ctx.conns.find(local, remote) {
            ctx.conns.join(conn);
            // Who listens did not initiate, though a forged SYN may say that it comes from here.
            let end = if local == remote { End::Acceptor } else { end };
            if let Some(this) = self.stack.end(id) {
                (this.conn, this.end) = (conn, end);
            }
        }
        self.half_open(listener, id);
        self.take_segment(id, via, frame, ctx);
        if self.stack.peek(id).is_some_and(|end| end.state() == State::Listen) {
            // The stack has ignored it.
            self.half_open_moved(id, listener, State::Listen);
        }
    }

    fn take_datagram(&mut self, id: UdpId, via: Via, frame: &Frame, ctx: &mut Ctx<'_, '_>) {
        self.stack.feed_udp(id, via, ctx.tape.now, &frame.bytes);
        self.post(ctx);
        self.wake_datagram(id);
    }

    fn take_other(&mut self, via: Via, frame: &Frame, ctx: &mut Ctx<'_, '_>) {
        match self.stack.destination(via, &frame.bytes) {
            Destination::TcpStray { local, .. } => {
                let listening = self.listener_for(local).is_some();
                self.stack.feed_stray(via, ctx.tape.now, &frame.bytes, listening);
            }
            _ => self.stack.feed_stack(via, ctx.tape.now, &frame.bytes),
        }
        self.post(ctx);
        let ethernet = via == Via::Link && self.ethernet;
        if let Some(Packet { body: Body::Icmp(Icmp { kind, about: Some(about), .. }), .. }) =
            packet::dissect(&frame.bytes, ethernet)
        {
            self.take_icmp_error(kind, about, ctx);
        }
        let answers = |proto| proto != packet::TCP && proto != packet::UDP;
        if ethernet && packet::endpoints(&frame.bytes, ethernet).is_none_or(|(proto, ..)| answers(proto)) {
            self.flush_all(ctx);
        }
    }

    /// After an address was resolved: whoever waited for it may send.
    fn flush_all(&mut self, ctx: &mut Ctx<'_, '_>) {
        let ends: Vec<_> = self.stack.ends().map(|(id, _)| id).collect();
        for id in ends {
            self.settle(id, None, ctx);
        }
        let sockets: Vec<_> = self.stack.udp_ends().collect();
        for id in sockets {
            self.flush_datagrams(id, ctx);
        }
    }

    /// After anything happened to an end: records the move, lets it send what it has to, and sets its alarm.
    pub(super) fn settle(&mut self, id: TcpId, moved: Option<Moved>, ctx: &mut Ctx<'_, '_>) {
        let now = ctx.tape.now;
        self.note_move(id, moved, ctx);
        self.post(ctx);
        let mut due = self.stack.poll_at(id, now);
        while due == Some(now) {
            let (sent, moved) = self.stack.flush(id, now);
            if sent && ctx.tape.on() {
                self.note_fast_retransmission(id, ctx);
                self.acknowledges(id);
            }
            self.note_rung(id, ctx);
            self.note_move(id, moved, ctx);
            self.post(ctx);
            due = self.stack.poll_at(id, now);
            if !sent && moved.is_none() {
                break;
            }
        }
        self.set_alarm(id, due, ctx);
        self.forget_if_done(id);
    }

    fn note_fast_retransmission(&mut self, id: TcpId, ctx: &mut Ctx<'_, '_>) {
        let Some(segment) = self.waiting_segment() else { return };
        let Some(end) = self.stack.peek(id).filter(|end| !end.is_model()) else { return };
        if timers::is_fast_retransmission(&end.seen_on_wire, &segment) {
            self.note_timer(id, TimerKind::FastRetransmit, ctx);
        }
    }

    /// A model peer says which of its clocks rang.
    fn note_rung(&mut self, id: TcpId, ctx: &mut Ctx<'_, '_>) {
        if let Some(timer) = self.stack.end(id).and_then(|end| timers::rung(end.model()?)) {
            self.note_timer(id, timer, ctx);
        }
    }

    /// An end has put out a segment of its own accord: with it goes the acknowledgment that waited. (What the stack
    /// answers while it takes a segment in leaves that timer running.)
    fn acknowledges(&mut self, id: TcpId) {
        if self.waiting_segment().is_some()
            && let Some(end) = self.stack.end(id)
        {
            end.armed.acknowledgment = None;
        }
    }

    /// The segment that the stack has just put out, before it is posted.
    fn waiting_segment(&self) -> Option<Segment> {
        let (via, frame) = self.stack.last_departure()?;
        let packet = packet::dissect(frame, via == Via::Link && self.ethernet)?;
        packet.tcp().copied()
    }

    fn note_timer(&mut self, id: TcpId, timer: TimerKind, ctx: &mut Ctx<'_, '_>) {
        let lingering = self.lingering_since(id);
        let Some(end) = self.stack.end(id) else { return };
        let since = match timer {
            TimerKind::Linger => lingering.unwrap_or(end.active),
            TimerKind::Neighbor => self.asked.unwrap_or(end.active),
            _ => timers::fire(end, timer),
        };
        ctx.tape.expire(self.node, Some((end.conn, end.end)), timer, since);
    }

    /// A state change: recorded, and told to whom the end belongs.
    pub(super) fn note_move(&mut self, id: TcpId, moved: Option<Moved>, ctx: &mut Ctx<'_, '_>) {
        if self.stack.peek(id).is_some_and(TcpEnd::is_model) {
            return self.note_edges(id, ctx);
        }
        let (Some(Moved { from, to }), Some(end)) = (moved, self.stack.peek(id)) else { return };
        let (conn, which) = (end.conn, end.end);
        if to == State::TimeWait
            && let Some(end) = self.stack.end(id)
        {
            end.armed.time_wait = Some((ctx.tape.now, ctx.tape.cause));
        }
        ctx.tape.note(self.node, || What::State { conn, end: which, from, to });
        self.moved(id, from, to, ctx);
    }

    /// A model peer tells each edge that it took: recorded, with the state record that follows from it, and told to whom
    /// the end belongs.
    fn note_edges(&mut self, id: TcpId, ctx: &mut Ctx<'_, '_>) {
        let Some(end) = self.stack.end(id) else { return };
        let (conn, which) = (end.conn, end.end);
        let edges = end.model().map(Peer::edges).unwrap_or_default();
        let cause = ctx.tape.cause;
        for edge in edges {
            let noted = ctx.tape.note(self.node, || edge_record(Subject::Conn(conn, which), &edge));
            let (from, to) = (edge.from, edge.to());
            if from == to {
                continue;
            }
            ctx.tape.cause = noted.or(cause);
            ctx.tape.note(self.node, || What::State { conn, end: which, from, to });
            match to {
                State::Listen | State::TimeWait => ctx.conns.reopens(conn, which, true),
                State::Closed => ctx.conns.reopens(conn, which, false),
                _ => {}
            }
            let before = self.ended;
            if let Step::Go(_, outputs, _) = edge.step {
                self.ended = ended_by(edge.input, outputs).or(before);
            }
            self.moved(id, from, to, ctx);
            self.ended = before;
            ctx.tape.cause = cause;
        }
    }

    /// Records what the stack has sent, and hands it to whoever carries it.
    pub(super) fn post(&mut self, ctx: &mut Ctx<'_, '_>) {
        while let Some(Departure { via, frame }) = self.stack.next_departure() {
            self.post_frame(via, frame, false, ctx);
        }
    }

    /// Records one frame as sent by this host, and hands it on.
    pub(super) fn post_frame(&mut self, via: Via, bytes: bytes::Bytes, suspect: bool, ctx: &mut Ctx<'_, '_>) {
        let mut frame = Box::new(Frame::new(bytes, suspect));
        if ctx.look {
            frame.packet = packet::dissect(&frame.bytes, via == Via::Link && self.ethernet);
        }
        if let Some(packet) = frame.packet {
            self.watch_departure(&packet, &mut frame, ctx);
            let link = (via == Via::Link).then_some(self.link).flatten();
            let what = || What::Sent { conn: frame.conn, link, packet, frame: frame.bytes.clone() };
            frame.sent = ctx.tape.note(self.node, what);
            if !suspect {
                self.arm(&packet, frame.sent, ctx.tape.now);
            }
        }
        self.outbox.push(Posted { via, frame });
    }

    fn watch_departure(&mut self, packet: &Packet, frame: &mut Frame, ctx: &mut Ctx<'_, '_>) {
        let Some(segment) = packet.tcp() else { return };
        let Some((conn, end)) = ctx.conns.find(packet.src, packet.dst) else { return };
        frame.conn = Some(conn);
        if segment.flags.has(Flags::SYN) {
            ctx.conns.saw_syn(conn, end, segment.seq);
        }
    }

    /// A segment was sent: it is what arms the end's timers.
    fn arm(&mut self, packet: &Packet, sent: Option<RecordId>, now: Time) {
        if asks_for_neighbor(packet) {
            self.asked = Some((now, sent));
        }
        let Some(segment) = packet.tcp() else { return };
        let Some(end) = self.stack.end_between(packet.src, packet.dst) else { return };
        end.active = (now, sent);
        timers::leave(end, segment);
    }

    /// An end's alarm went off.
    pub fn ring_tcp(&mut self, id: TcpId, ctx: &mut Ctx<'_, '_>) {
        let now = ctx.tape.now;
        self.set_time(now);
        let Some(end) = self.stack.end(id) else { return };
        if end.due != Some(now) {
            return;
        }
        (end.due, end.alarm) = (None, None);
        ctx.tape.cause = end.active.1;
        if self.lingers_until(id).is_some_and(|at| at <= now)
            && let Some(Owner::Lingering(fd)) = self.owner(id)
        {
            self.note_timer(id, TimerKind::Linger, ctx);
            self.wake(fd);
        }
        match self.deadline(id, now) {
            Some((at, Due::GiveUp(timer))) if at <= now => {
                self.note_timer(id, timer, ctx);
                self.timed_out(id, timer, ctx);
                return;
            }
            Some((at, Due::Probe)) if at <= now => self.probe(id, now),
            Some(_) | None => {}
        }
        let (sent, moved) = self.stack.flush(id, now);
        self.note_rung(id, ctx);
        if let Some(timer) = self.timer_behind(id, sent, moved, ctx) {
            self.note_timer(id, timer, ctx);
        }
        if sent && ctx.tape.on() {
            self.acknowledges(id);
        }
        self.settle(id, moved, ctx);
    }

    fn probe(&mut self, id: TcpId, now: Time) {
        if let Some(end) = self.stack.end(id) {
            end.probe();
            end.probes = (end.probes.0 + 1, now);
        }
    }

    fn timer_behind(&self, id: TcpId, sent: bool, moved: Option<Moved>, ctx: &Ctx<'_, '_>) -> Option<TimerKind> {
        if self.stack.peek(id).is_some_and(TcpEnd::is_model) {
            return None;
        }
        if matches!(moved, Some(Moved { from: State::TimeWait, to: State::Closed })) {
            return Some(TimerKind::TimeWait);
        }
        if !sent || !ctx.tape.on() {
            return None;
        }
        match self.waiting_segment() {
            Some(segment) => timers::behind(self.stack.peek(id)?, &segment, ctx.tape.now),
            None => self.asks_again(ctx.tape.now).then_some(TimerKind::Neighbor),
        }
    }

    /// Whether the question for a hardware address that the stack has just put out repeats one without an answer.
    fn asks_again(&self, now: Time) -> bool {
        self.asked.is_some_and(|(at, _)| now.since(at) <= timers::NEIGHBOR)
    }

    /// Sets the time at which the end next has something to do: the stack's, or ours if that comes first.
    fn set_alarm(&mut self, id: TcpId, stack_due: Option<Time>, ctx: &mut Ctx<'_, '_>) {
        let now = ctx.tape.now;
        let ours = self.deadline(id, now).map(|(at, _)| at.max(now));
        let lingers = self.lingers_until(id).filter(|at| *at > now);
        let node = self.node;
        let Some(end) = self.stack.end(id) else { return };
        let mut due = stack_due;
        if stack_due == Some(now) {
            // It was let send until it sent nothing more: what it still wants "now" does not come by asking again.
            if !end.stalled {
                end.stalled = true;
                let (conn, which) = (end.conn, end.end);
                ctx.tape.note(node, || What::Stall { conn, end: which });
            }
            due = None;
        }
        let due = [due, ours, lingers].into_iter().flatten().min();
        end.due = due;
        if let Some(at) = due
            && end.alarm.is_none_or(|alarm| at < alarm)
        {
            end.alarm = due;
            self.alarms.push((at, Alarm::Tcp(id)));
        }
    }

    /// A datagram socket sends what it has queued.
    pub(super) fn flush_datagrams(&mut self, id: UdpId, ctx: &mut Ctx<'_, '_>) {
        let now = ctx.tape.now;
        while self.stack.udp_flush(id, now) {
            self.post(ctx);
        }
        if let Some(at) = self.stack.udp_poll_at(id, now).filter(|at| *at > now) {
            self.alarms.push((at, Alarm::Udp(id)));
        }
    }

    /// Whether an alarm that goes off at this time is meant; one that was put off is set anew.
    pub fn is_due(&mut self, alarm: Alarm, at: Time) -> bool {
        match alarm {
            Alarm::Tcp(id) => {
                let Some(end) = self.stack.end(id).filter(|end| end.alarm == Some(at)) else { return false };
                if end.due != Some(at) {
                    end.alarm = end.due;
                    self.alarms.extend(end.due.map(|due| (due, alarm)));
                }
                end.due == Some(at)
            }
            Alarm::Udp(id) => self.stack.udp_poll_at(id, at).is_some_and(|due| due <= at),
        }
    }

    /// A datagram socket's alarm went off.
    pub fn ring_udp(&mut self, id: UdpId, ctx: &mut Ctx<'_, '_>) {
        let now = ctx.tape.now;
        if let Some(asked) = self.asked
            && self.asks_again(now)
            && self.stack.udp_flush(id, now)
        {
            ctx.tape.cause = asked.1;
            if self.waits_to_ask(ctx) {
                ctx.tape.expire(self.node, None, TimerKind::Neighbor, asked);
            }
            self.post(ctx);
        }
        self.flush_datagrams(id, ctx);
    }

    /// The frame that the stack has just put out asks for a hardware address.
    fn waits_to_ask(&self, ctx: &Ctx<'_, '_>) -> bool {
        let frame = self.stack.last_departure().filter(|_| ctx.tape.on());
        let packet = frame.and_then(|(via, frame)| packet::dissect(frame, via == Via::Link && self.ethernet));
        packet.as_ref().is_some_and(asks_for_neighbor)
    }
}

/// A question for the hardware address of a neighbour (RFC 826; RFC 4861).
fn asks_for_neighbor(packet: &Packet) -> bool {
    match &packet.body {
        Body::Arp(arp) => !arp.reply,
        Body::Icmp(icmp) => icmp.kind == IcmpKind::NeighborSolicit,
        Body::Tcp(_) | Body::Udp(_) | Body::Other(_) => false,
    }
}

/// What a model peer's edge says of the connection's end, beyond what the segment does that led to it.
fn ended_by(input: tcp::Input, outputs: &[tcp::Output]) -> Option<Ended> {
    match input {
        _ if outputs.contains(&tcp::Output::SignalTimeout) => Some(Ended::TimedOut),
        tcp::Input::SynRfc793 => Some(Ended::Reset),
        _ => None,
    }
}
