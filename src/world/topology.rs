//! Who is joined to whom: ports of nodes, and the routes that follow.

use crate::base::NodeId;
use crate::net::Route;
use crate::scenario::model::{IpNet, Scenario};
use crate::trace::NodeKind;
use std::collections::{BTreeSet, VecDeque};

/// A node's end of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Port {
    /// The link's index.
    pub(super) link: usize,
    /// Which end of the link: frames that leave by this port travel in this direction.
    pub(super) direction: usize,
    /// The node at the other end.
    pub(super) peer: NodeId,
}

/// The ports of every node, in the order of the links.
pub(super) fn ports(scenario: &Scenario) -> Vec<Vec<Port>> {
    let mut ports = vec![Vec::new(); scenario.nodes.len()];
    for (link, spec) in scenario.links.iter().enumerate() {
        for direction in 0..2 {
            let peer = spec.ends[1 - direction];
            ports[spec.ends[direction].index()].push(Port { link, direction, peer });
        }
    }
    ports
}

/// A router's routes: for every address of the scenario's nodes the first port of a shortest path there; an own
/// network that a port leads into is found in the same way.
pub(super) fn routes(scenario: &Scenario, ports: &[Vec<Port>], router: NodeId) -> Vec<Route> {
    let mut routes = Vec::new();
    for (index, port) in ports[router.index()].iter().enumerate() {
        for node in reached_first_by(scenario, ports, router, index) {
            routes.extend(scenario.nodes[node.index()].addrs.iter().map(|net| Route { net: whole(net), port: index }));
            if node == port.peer {
                let own = &scenario.nodes[router.index()].addrs;
                let shared =
                    own.iter().filter(|net| scenario.nodes[node.index()].addrs.iter().any(|a| net.contains(a.addr)));
                routes.extend(shared.map(|net| Route { net: *net, port: index }));
            }
        }
    }
    routes
}

/// The route to one address.
fn whole(net: &IpNet) -> IpNet {
    IpNet { addr: net.addr, prefix: if net.addr.is_ipv4() { 32 } else { 128 } }
}

/// The nodes to which no other port of `from` leads in fewer hops (the lower port wins a draw).
fn reached_first_by(scenario: &Scenario, ports: &[Vec<Port>], from: NodeId, first: usize) -> Vec<NodeId> {
    let mut owner: Vec<Option<usize>> = vec![None; scenario.nodes.len()];
    let mut queue = VecDeque::new();
    let mut seen = BTreeSet::from([from]);
    for (index, port) in ports[from.index()].iter().enumerate() {
        if seen.insert(port.peer) {
            owner[port.peer.index()] = Some(index);
            queue.push_back(port.peer);
        }
    }
    while let Some(node) = queue.pop_front() {
        // Hosts do not forward.
        if scenario.nodes[node.index()].kind == NodeKind::Host {
            continue;
        }
        for port in &ports[node.index()] {
            if seen.insert(port.peer) {
                owner[port.peer.index()] = owner[node.index()];
                queue.push_back(port.peer);
            }
        }
    }
    let ids = (0_u16..).map(NodeId).zip(&owner);
    ids.filter(|(_, owner)| **owner == Some(first)).map(|(id, _)| id).collect()
}
