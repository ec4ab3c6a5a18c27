//! How frames get from node to node.

use super::host::Station;
use super::queue::Event;
use super::run::{Hands, World};
use crate::base::{NodeId, Span};
use crate::net::{Air, Frame, Routed, Via};
use crate::packet::{self, Packet};
use crate::socket::{Alarm, Ctx, Posted};
use crate::trace::{DropWhy, What};
use bytes::Bytes;

/// How long a frame takes through loopback.
const LOOPBACK: Span = Span::micros(10);

impl World {
    /// What the host has sent goes onto its link; its alarms are set.
    pub(super) fn carry(&mut self, node: NodeId, hands: &mut Hands<'_, '_>) {
        self.set_alarms(node);
        let Station::Host(host) = &mut self.stations[node.index()] else { return };
        let before = core::mem::replace(&mut host.counted, host.kernel.queued());
        self.pinned = self.pinned.saturating_sub(before).saturating_add(host.counted);
        if host.kernel.outbox.is_empty() {
            return;
        }
        let mut posted = core::mem::take(&mut host.kernel.outbox);
        for Posted { via, frame } in posted.drain(..) {
            match via {
                Via::Link => self.send(node, 0, frame, hands),
                Via::Loopback => {
                    self.in_flight += frame.bytes.len() as u64;
                    self.queue.push(self.now + LOOPBACK, Event::Loop { node, frame });
                }
            }
        }
        // The list goes back empty: it need not grow anew each time.
        if let Some(host) = self.host(node) {
            host.kernel.outbox = posted;
        }
    }

    /// What the host is to be asked for later goes into the queue.
    pub(super) fn set_alarms(&mut self, node: NodeId) {
        let Station::Host(host) = &mut self.stations[node.index()] else { return };
        let boot = host.boot;
        for (at, alarm) in host.kernel.alarms.drain(..) {
            let event = match alarm {
                Alarm::Tcp(id) => Event::Tcp { node, id, boot },
                Alarm::Udp(id) => Event::Udp { node, id, boot },
            };
            self.queue.push(at, event);
        }
    }

    /// A frame leaves a node by one of its ports.
    fn send(&mut self, node: NodeId, port: usize, frame: Box<Frame>, hands: &mut Hands<'_, '_>) {
        let Some(&port) = self.ports[node.index()].get(port) else {
            note_drop(node, &frame, DropWhy::NoRoute, hands);
            return;
        };
        let World { wires, queue, faults, conns, in_flight, .. } = self;
        let mut air = Air { faults, conns, choose: hands.choose, tape: &mut hands.tape };
        let wire = &mut wires[port.link];
        let held_before = wire.held_bytes();
        wire.send(port.direction, frame, &mut air, &mut |arrival| {
            *in_flight += arrival.frame.bytes.len() as u64;
            let frame = arrival.frame;
            queue.push(arrival.at, Event::Arrive { link: port.link, direction: port.direction, frame });
        });
        // What a fault holds is on its way too, until it arrives.
        *in_flight += wire.held_bytes() - held_before;
    }

    /// A frame reaches the node at the end of a link.
    pub(super) fn arrive(&mut self, link: usize, direction: usize, mut frame: Box<Frame>, hands: &mut Hands<'_, '_>) {
        self.in_flight = self.in_flight.saturating_sub(frame.bytes.len() as u64);
        let to = self.scenario.links[link].ends[1 - direction];
        let releases = core::mem::take(&mut frame.releases);
        self.deliver(link, to, frame, hands);
        for rule in releases {
            self.release_held(rule, hands);
        }
    }

    fn release_held(&mut self, rule: u32, hands: &mut Hands<'_, '_>) {
        for link in 0..self.wires.len() {
            for (direction, frame) in self.wires[link].release(rule, &mut hands.tape) {
                self.queue.push(self.now, Event::Arrive { link, direction, frame });
            }
        }
    }

    fn deliver(&mut self, link: usize, to: NodeId, frame: Box<Frame>, hands: &mut Hands<'_, '_>) {
        let port = self.ports[to.index()].iter().position(|port| port.link == link).unwrap_or(0);
        match &mut self.stations[to.index()] {
            Station::Host(host) if !host.up => note_drop(to, &frame, DropWhy::HostDown, hands),
            Station::Host(host) => {
                let mut ctx = Ctx { tape: &mut hands.tape, conns: &mut self.conns, look: hands.look };
                host.kernel.arrive(Via::Link, &frame, &mut ctx);
                self.after(to, hands);
            }
            Station::Switch(_) if frame.is_damaged(true) => note_drop(to, &frame, DropWhy::BadChecksum, hands),
            Station::Switch(switch) => {
                for out in switch.forward(port, &frame.bytes) {
                    self.send(to, out, frame.clone(), hands);
                }
            }
            Station::Router(router) => {
                if frame.is_damaged(false) {
                    note_drop(to, &frame, DropWhy::BadChecksum, hands);
                    return;
                }
                match router.route(&frame.bytes) {
                    Routed::On { port, frame: onward } => {
                        let hop_fewer = |packet: Packet| Packet { ttl: packet.ttl.saturating_sub(1), ..packet };
                        let packet = frame.packet.map(hop_fewer);
                        self.send(to, port, Box::new(Frame { bytes: onward, packet, ..*frame }), hands);
                    }
                    Routed::Answered { port, frame: reply } => {
                        hands.tape.cause = frame.sent;
                        self.originate(to, port, reply, hands);
                    }
                    Routed::Away { why, error } => {
                        note_drop(to, &frame, why, hands);
                        if let Some((port, error)) = error {
                            self.originate(to, port, error, hands);
                        }
                    }
                }
            }
        }
    }

    /// A router sends a packet of its own, about what it has just dropped or taken.
    fn originate(&mut self, node: NodeId, port: usize, bytes: Bytes, hands: &mut Hands<'_, '_>) {
        let mut frame = Box::new(Frame::new(bytes, false));
        if hands.look {
            frame.packet = packet::dissect(&frame.bytes, false);
        }
        if let Some(packet) = frame.packet {
            let link = self.ports[node.index()].get(port);
            let link = link.map(|port| crate::base::LinkId(u16::try_from(port.link).unwrap_or(u16::MAX)));
            let what = || What::Sent { conn: None, link, packet, frame: frame.bytes.clone() };
            frame.sent = hands.tape.note(node, what);
        }
        self.send(node, port, frame, hands);
    }

    pub(super) fn arrive_by_loopback(&mut self, node: NodeId, frame: Box<Frame>, hands: &mut Hands<'_, '_>) {
        self.in_flight = self.in_flight.saturating_sub(frame.bytes.len() as u64);
        let Station::Host(host) = &mut self.stations[node.index()] else { return };
        if !host.up {
            note_drop(node, &frame, DropWhy::HostDown, hands);
            return;
        }
        let mut ctx = Ctx { tape: &mut hands.tape, conns: &mut self.conns, look: hands.look };
        host.kernel.arrive(Via::Loopback, &frame, &mut ctx);
        self.after(node, hands);
    }
}

fn note_drop(node: NodeId, frame: &Frame, why: DropWhy, hands: &mut Hands<'_, '_>) {
    let Some(packet) = frame.packet else { return };
    hands.tape.cause = frame.sent;
    let noted = hands.tape.note(node, || What::Drop { conn: frame.conn, packet, why, frame: frame.bytes.clone() });
    hands.tape.cause = noted.or(hands.tape.cause);
}
