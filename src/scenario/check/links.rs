//! Links: what they join, on which medium, and what they do to packets.

use super::Checker;
use crate::base::{LinkId, NodeId, Time};
use crate::scenario::diagnostic::{Place, listed, quoted};
use crate::scenario::leaf::Placed;
use crate::scenario::model::{Burst, Cut, IpNet, Lane, Link};
use crate::scenario::tables::{BurstTable, LaneTable, LinkTable, Root};
use crate::scenario::value::Key;
use crate::scenario::words::Medium;
use crate::trace::NodeKind;
use petgraph::unionfind::UnionFind;
use std::collections::BTreeMap;

/// The smallest MTU of IPv6 (RFC 8200, 5); that every IPv4 host takes 576 bytes whole (RFC 791, 3.1), the table says.
const MTU_V6: i64 = 1_280;

impl Checker<'_> {
    pub(super) fn links(&mut self, root: &Root) {
        let before = self.errors.len();
        let mut taken: BTreeMap<NodeId, String> = BTreeMap::new();
        let mut switched = UnionFind::new(self.out.nodes.len());
        for (key, link) in root.links.iter().flat_map(|links| &links.value) {
            let id = LinkId(u16::try_from(self.out.links.len()).unwrap_or(u16::MAX));
            self.links.insert(key.text.clone(), id);
            if id.index() == usize::from(u16::MAX) {
                self.errors.add(key.place.clone(), "too many links", format!("at most {}", u16::MAX));
                return;
            }
            let ends = link.as_ref().and_then(|link| self.ends(&link.value, &key.text, &mut taken));
            let ethernet = ends.is_some_and(|ends| self.ethernet(link.as_ref(), ends, &key.place));
            if let (Some(ends), true) = (ends, ethernet) {
                self.no_ring(ends, &key.place, &mut switched);
            }
            let lanes = link.as_ref().map_or([Lane::default(); 2], |link| self.lanes(&link.value, ends));
            if let (Some(ends), false) = (ends, ethernet) {
                self.common_network(ends, &key.place);
            }
            let ends = ends.unwrap_or([NodeId(0); 2]);
            self.out.links.push(Link { name: key.text.clone(), ends, ethernet, lanes });
            if let Some(link) = link {
                self.cuts(id, &link.value);
            }
        }
        // A link that went wrong may be the one that is missed.
        let mut links = root.links.iter().flat_map(|links| &links.value);
        let whole = links.all(|(_, link)| link.as_ref().is_some_and(|link| link.value.joins.is_some()));
        if whole && self.errors.len() == before {
            self.everyone_is_linked(root, &taken);
        }
    }

    fn ends(&mut self, link: &LinkTable, name: &str, taken: &mut BTreeMap<NodeId, String>) -> Option<[NodeId; 2]> {
        let joins = link.joins.as_ref()?;
        let [a, b] = &joins.value[..] else {
            self.errors
                .add(joins.place.clone(), "a link joins two", "several hosts meet at a switch or a router")
                .label(format!("{} are named", joins.value.len()));
            return None;
        };
        let (first, second) = (self.node(a), self.node(b));
        let ends = [first?, second?];
        if ends[0] == ends[1] {
            let help = "a host reaches itself without a link";
            self.errors.add(b.place.clone(), format!("a link from {} to itself", quoted(&b.value)), help);
            return None;
        }
        for (id, end) in ends.into_iter().zip([a, b]) {
            let host = self.kind(id) == Some(NodeKind::Host);
            if let (true, Some(other)) = (host, taken.insert(id, name.to_owned())) {
                let help = "a host has one link; it meets several others at a switch or a router";
                self.errors
                    .add(end.place.clone(), format!("the host {} has a link already", quoted(&end.value)), help)
                    .label(format!("joined by {}", quoted(&other)));
            }
        }
        Some(ends)
    }

    /// Is it Ethernet? What contradicts that is reported.
    fn ethernet(&mut self, link: Option<&Placed<LinkTable>>, ends: [NodeId; 2], place: &Place) -> bool {
        let medium = link.and_then(|link| link.value.medium.as_ref());
        let any = |checker: &Self, kind| ends.iter().any(|end| checker.kind(*end) == Some(kind));
        let (switch, router) = (any(self, NodeKind::Switch), any(self, NodeKind::Router));
        let asked = medium.map(|medium| medium.value);
        let at = medium.map_or(place, |medium| &medium.place).clone();
        if switch && asked == Some(Medium::Ip) {
            let help = "medium = \"ethernet\", or no `medium` at all";
            self.errors.add(at.clone(), "a switch forwards Ethernet frames", help).label("not bare IP packets");
        }
        if router && (switch || asked == Some(Medium::Ethernet)) {
            let help = "routers forward bare IP packets; Ethernet with ARP is for one subnet and its switches";
            self.errors.add(at, "a router has no Ethernet links", help);
        }
        switch || asked == Some(Medium::Ethernet)
    }

    /// Frames would circle in a ring of switches for ever.
    fn no_ring(&mut self, ends: [NodeId; 2], place: &Place, joined: &mut UnionFind<usize>) {
        if !joined.union(ends[0].index(), ends[1].index()) {
            let help = "frames would circle in it for ever: the switches know no spanning tree";
            self.errors.add(place.clone(), "this link closes a ring of switches", help);
        }
    }

    /// Two that are joined without a switch must have a network in common.
    fn common_network(&mut self, ends: [NodeId; 2], place: &Place) {
        let [a, b] = ends.map(|id| &self.out.nodes[id.index()]);
        let shares = |mine: &IpNet| b.addrs.iter().any(|other| mine.contains(other.addr) && other.contains(mine.addr));
        if a.addrs.is_empty() || b.addrs.is_empty() || a.addrs.iter().any(shares) {
            return;
        }
        let nets = |nets: &[IpNet]| nets.iter().map(|net| format!("{}/{}", net.addr, net.prefix)).collect::<Vec<_>>();
        let (mine, other) = (nets(&a.addrs), nets(&b.addrs));
        let message = format!("{} and {} have no network in common", quoted(&a.name), quoted(&b.name));
        let help =
            [(&a.name, mine), (&b.name, other)].map(|(name, nets)| listed(name, nets.iter().map(String::as_str)));
        self.errors.add(place.clone(), message, help.join("; ")).label("joins them");
    }

    fn lanes(&mut self, link: &LinkTable, ends: Option<[NodeId; 2]>) -> [Lane; 2] {
        let mut both = Lane::default();
        let v6 = ends.is_none_or(|ends| ends.iter().any(|id| self.speaks_v6(*id)));
        self.lane(&link.lane, &mut both, v6);
        let mut lanes = [both; 2];
        for (from, lane) in link.from.iter().flat_map(|from| &from.value) {
            let (Some(ends), Some(lane)) = (ends, lane) else { continue };
            match ends.iter().position(|end| self.out.nodes[end.index()].name == from.text) {
                Some(side) => self.lane(&lane.value, &mut lanes[side], v6),
                None => self.not_an_end(from, ends),
            }
        }
        lanes
    }

    fn speaks_v6(&self, id: NodeId) -> bool {
        self.out.nodes[id.index()].addrs.iter().any(|net| net.addr.is_ipv6())
    }

    fn not_an_end(&mut self, from: &Key, ends: [NodeId; 2]) {
        let names = ends.map(|end| &*self.out.nodes[end.index()].name);
        let help = self.errors.suggestion("end", &from.text, names);
        self.errors.add(from.place.clone(), format!("{} is no end of this link", quoted(&from.text)), help);
    }

    fn lane(&mut self, table: &LaneTable, lane: &mut Lane, v6: bool) {
        let set = |field: &mut u32, given: &Option<Placed<u32>>| {
            if let Some(given) = given {
                *field = given.value;
            }
        };
        set(&mut lane.loss, &table.loss);
        set(&mut lane.duplicate, &table.duplicate);
        set(&mut lane.reorder, &table.reorder);
        set(&mut lane.corrupt, &table.corrupt);
        for (field, given) in [
            (&mut lane.delay, &table.delay),
            (&mut lane.jitter, &table.jitter),
            (&mut lane.reorder_by, &table.reorder_by),
        ] {
            if let Some(given) = given {
                *field = given.value;
            }
        }
        if let Some(burst) = &table.burst {
            lane.burst = burst_of(&burst.value);
        }
        if let Some(queue) = &table.queue {
            lane.queue = queue.value;
        }
        if let Some(rate) = &table.rate {
            lane.rate = rate.value;
            if rate.value == 0 {
                self.errors.add(rate.place.clone(), "a rate of 0 carries nothing", "a link is cut with `down`");
            }
        }
        if let Some(mtu) = &table.mtu {
            lane.mtu = self.mtu(mtu, v6);
        }
    }

    fn mtu(&mut self, mtu: &Placed<i64>, v6: bool) -> u32 {
        if v6 && mtu.value < MTU_V6 {
            self.errors
                .add(
                    mtu.place.clone(),
                    format!("an MTU of {} bytes is too small for IPv6", mtu.value),
                    format!("mtu = {MTU_V6}, or more (RFC 8200, 5)"),
                )
                .label(format!("at least {MTU_V6}"));
        }
        u32::try_from(mtu.value).unwrap_or(0)
    }

    fn cuts(&mut self, link: LinkId, table: &LinkTable) {
        let mut last = Some(Time::ZERO);
        for down in table.down.iter().flat_map(|downs| &downs.value) {
            let (from, until) = down.value;
            let (at, until) = (Time::ZERO + from, until.map(|until| Time::ZERO + until));
            if until.is_some_and(|until| until <= at) {
                let help = "[cut, repaired], both since the start, like [\"1 s\", \"3 s\"]";
                self.errors.add(down.place.clone(), "repaired before it is cut", help);
            }
            if last.is_none_or(|last| at < last) {
                let help = "one after the other, like [[\"1 s\", \"3 s\"], [\"5 s\"]]";
                self.errors.add(down.place.clone(), "cut before the last cut is repaired", help);
            }
            last = until;
            self.out.cuts.push(Cut { link, at, until });
        }
    }

    fn everyone_is_linked(&mut self, root: &Root, taken: &BTreeMap<NodeId, String>) {
        if self.out.nodes.len() < 2 {
            return;
        }
        for (key, _) in root.hosts.iter().flat_map(|hosts| &hosts.value) {
            if self.nodes.get(&key.text).is_some_and(|id| !taken.contains_key(id)) {
                let help = format!("in [links]: wire = {{ joins = [\"{}\", …] }}", key.text);
                self.errors.add(key.place.clone(), format!("no link to {}", quoted(&key.text)), help);
                self.errors.doubtful();
            }
        }
    }
}

fn burst_of(table: &BurstTable) -> Option<Burst> {
    let loss = table.loss.as_ref().map_or(1_000_000, |loss| loss.value);
    Some(Burst { begin: table.begin.as_ref()?.value, end: table.end.as_ref()?.value, loss })
}
