//! From a checked scenario to a world at time zero.

use super::host::{Host, Station};
use super::programs::Slot;
use super::queue::{Event, Queue};
use super::run::World;
use super::topology::{self, Port};
use crate::app;
use crate::base::{LinkId, NodeId, Time, entropy};
use crate::catalog;
use crate::net::{Conns, Faults, Router, STACK, StackConfig, Switch, Wire};
use crate::scenario::Scenario;
use crate::scenario::model::HostTcp;
use crate::socket::Kernel;
use crate::trace::{ActorInfo, FORMAT, Header, LinkInfo, NodeInfo, NodeKind};
use core::net::IpAddr;
use std::collections::BTreeSet;

/// What the trace of a run of this scenario says before its first record.
pub(super) fn header(scenario: &Scenario, seed: u64) -> Header {
    let node = |node: &crate::scenario::model::Node| NodeInfo {
        name: node.name.clone(),
        kind: node.kind,
        addrs: node.addrs.iter().map(|net| net.addr).collect(),
        model: node.host.tcp.model().is_some(),
    };
    let link = |link: &crate::scenario::model::Link| LinkInfo {
        name: link.name.clone(),
        ends: [link.ends[0].0, link.ends[1].0],
        ethernet: link.ethernet,
    };
    let actor = |actor: &crate::scenario::model::Actor| ActorInfo { node: actor.node.0, name: actor.name.clone() };
    Header {
        format: FORMAT,
        scenario: scenario.name.clone(),
        title: scenario.title.clone(),
        seed,
        stack: STACK.to_owned(),
        tables: catalog::hashes().iter().cloned().collect(),
        nodes: scenario.nodes.iter().map(node).collect(),
        links: scenario.links.iter().map(link).collect(),
        actors: scenario.actors.iter().map(actor).collect(),
    }
}

/// The kernel of a host in its `boot`-th life.
pub(super) fn kernel(scenario: &Scenario, ports: &[Vec<Port>], node: NodeId, seed: u64, boot: u32) -> Kernel {
    let spec = &scenario.nodes[node.index()];
    let port = ports[node.index()].first();
    let link = port.map(|port| &scenario.links[port.link]);
    let gateways: Vec<IpAddr> = match spec.host.via {
        Some(router) => {
            let addrs = &scenario.nodes[router.index()].addrs;
            let near = addrs.iter().filter(|net| spec.addrs.iter().any(|own| net.contains(own.addr)));
            near.map(|net| net.addr).collect()
        }
        None => Vec::new(),
    };
    let config = StackConfig {
        addrs: spec.addrs.clone(),
        gateways,
        ethernet: link.is_some_and(|link| link.ethernet),
        mtu: link.zip(port).map_or(1_500, |(link, port)| link.lanes[port.direction].mtu),
        station: node.0 + 1,
        seed: entropy(seed, &format!("stack/{}/{boot}", spec.name)),
        isn: spec.host.isn.filter(|_| boot == 0),
        model: spec.host.tcp.model(),
    };
    let link = port.map(|port| LinkId(u16::try_from(port.link).unwrap_or(u16::MAX)));
    let mut kernel = Kernel::new(node, link, &config, spec.host.sockets);
    if spec.host.tcp == HostTcp::Script {
        kernel.play_by_hand(config.seed, config.isn);
    }
    kernel
}

fn station(scenario: &Scenario, ports: &[Vec<Port>], node: NodeId, seed: u64) -> Station {
    let spec = &scenario.nodes[node.index()];
    match spec.kind {
        NodeKind::Host => {
            let kernel = kernel(scenario, ports, node, seed, 0);
            Station::Host(Box::new(Host { kernel, up: true, boot: 0, counted: 0, spec: spec.host.clone() }))
        }
        NodeKind::Switch => Station::Switch(Switch::new(ports[node.index()].len())),
        NodeKind::Router => {
            let mtus = ports[node.index()].iter().map(|port| scenario.links[port.link].lanes[port.direction].mtu);
            let addrs = spec.addrs.iter().map(|net| net.addr).collect();
            Station::Router(Router::new(addrs, topology::routes(scenario, ports, node), mtus.collect()))
        }
    }
}

impl World {
    /// A world as the scenario describes it, at time zero. `seed` decides all that is random in it.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let ports = topology::ports(scenario);
        let ids = (0_u16..).map(NodeId).take(scenario.nodes.len());
        let stations = ids.map(|node| station(scenario, &ports, node, seed)).collect();
        let wire = |(index, link)| Wire::new(LinkId(u16::try_from(index).unwrap_or(u16::MAX)), link);
        let wires = scenario.links.iter().enumerate().map(wire).collect();
        let mut queue = Queue::default();
        for cut in &scenario.cuts {
            queue.push(cut.at, Event::Link { link: cut.link.index(), up: false });
            if let Some(until) = cut.until {
                queue.push(until, Event::Link { link: cut.link.index(), up: true });
            }
        }
        let slot = |actor: &crate::scenario::model::Actor| Slot::new(actor.node, Some(app::program(&actor.program)));
        let slots = scenario.actors.iter().map(slot).collect();
        let mut residents = vec![Vec::new(); scenario.nodes.len()];
        for (index, actor) in scenario.actors.iter().enumerate() {
            residents[actor.node.index()].push(index);
        }
        let mut world = World {
            header: header(scenario, seed),
            scenario: scenario.clone(),
            seed,
            now: Time::ZERO,
            busy: Time::ZERO,
            queue,
            stations,
            wires,
            ports,
            faults: Faults::new(&scenario.faults),
            conns: Conns::default(),
            slots,
            labels: BTreeSet::new(),
            next_record: 0,
            events: 0,
            residents,
            in_flight: 0,
            pinned: 0,
            panic: None,
            ending: None,
        };
        for actor in 0..world.slots.len() {
            world.start(actor);
        }
        world
    }
}
