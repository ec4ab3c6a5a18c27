//! From decoded tables to the checked scenario: names resolved, defaults filled in, the rules of the network held.
//!
//! Everything is checked even where something before it failed; what failed is then left out in silence, since it has
//! been reported where it stands.

mod expect;
mod faults;
mod hosts;
mod links;
mod nodes;
mod payload;
mod segments;
mod steps;
mod user;

pub(crate) use payload::PATTERN_SHOWN;

use super::diagnostic::{Errors, Place, listed, quoted};
use super::leaf::Placed;
use super::model::Scenario;
use super::tables::{LimitsTable, Root};
use crate::base::{LinkId, NodeId};
use crate::trace::NodeKind;
use core::net::IpAddr;
use std::collections::BTreeMap;

/// The scenario in the making, and what its names stand for.
pub(crate) struct Checker<'a> {
    errors: &'a mut Errors,
    /// It may ask for what the stack is known to do wrong.
    divergence: bool,
    out: Scenario,
    nodes: BTreeMap<String, NodeId>,
    links: BTreeMap<String, LinkId>,
    /// Labels of steps, with the position of the step among all.
    labels: BTreeMap<String, (usize, Place)>,
    /// Names that only a name server or a static table knows.
    known_names: Vec<String>,
}

/// The file's name without its folder and ending.
fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.strip_suffix(".toml").unwrap_or(file)
}

/// Does it stand below a folder of this name?
fn below(name: &str, folder: &str) -> bool {
    let mut parts = name.rsplit(['/', '\\']);
    parts.next();
    parts.any(|part| part == folder)
}

/// Checks a decoded scenario; it is complete only if no error was reported.
pub(crate) fn check(name: &str, root: Root, errors: &mut Errors) -> Scenario {
    let stem = stem(name).to_owned();
    let mut checker = Checker {
        errors,
        divergence: below(name, "divergence"),
        out: Scenario { name: stem.clone(), ..Scenario::default() },
        nodes: BTreeMap::new(),
        links: BTreeMap::new(),
        labels: BTreeMap::new(),
        known_names: vec![],
    };
    checker.out.title = root.title.as_ref().map_or(stem, |title| title.value.clone());
    checker.out.about = root.about.as_ref().map(|about| about.value.clone()).unwrap_or_default();
    checker.out.seed = root.seed.as_ref().and_then(|seed| u64::try_from(seed.value).ok()).unwrap_or(0);
    checker.limits(root.limits.as_ref().map(|limits| &limits.value));
    checker.declare_nodes(&root);
    checker.links(&root);
    checker.hosts(&root);
    checker.faults(&root);
    checker.servers(&root);
    checker.steps(&root);
    checker.expectations(&root);
    checker.out
}

impl Checker<'_> {
    fn limits(&mut self, limits: Option<&LimitsTable>) {
        let Some(limits) = limits else { return };
        let out = &mut self.out.limits;
        if let Some(events) = &limits.events {
            out.events = u64::try_from(events.value).unwrap_or(u64::MAX);
        }
        if let Some(time) = &limits.time {
            out.time = time.value;
        }
        if let Some(queued) = &limits.queued {
            out.queued = queued.value;
        }
        let zero = [
            limits.time.as_ref().map(|time| (time.value.0, &time.place)),
            limits.queued.as_ref().map(|q| (q.value, &q.place)),
        ];
        for (_, place) in zero.into_iter().flatten().filter(|(value, _)| *value == 0) {
            let help = "leave it out for the default, or give one like time = \"10 s\"";
            self.errors.add(place.clone(), "a limit of 0 lets nothing run", help);
        }
    }

    /// A host, switch or router by its name.
    fn node(&mut self, name: &Placed<String>) -> Option<NodeId> {
        let found = self.nodes.get(&name.value).copied();
        if found.is_none() {
            let known = self.nodes.keys().map(String::as_str);
            self.errors
                .unknown(name.place.clone(), "host", &name.value, known)
                .label("no host, switch or router of this name");
            self.errors.doubtful();
        }
        found
    }

    /// A host by its name.
    fn host(&mut self, name: &str, place: &Place) -> Option<NodeId> {
        let found = self.nodes.get(name).copied();
        match found {
            Some(id) if self.kind(id) == Some(NodeKind::Host) => found,
            Some(_) => {
                let help = self.hosts_are();
                self.errors
                    .add(place.clone(), format!("{} is no host", quoted(name)), help)
                    .label("switches and routers run no programs");
                None
            }
            None => {
                let hosts = self.out.nodes.iter().filter(|node| node.kind == NodeKind::Host);
                let help = self.errors.suggestion("host", name, hosts.map(|node| &*node.name));
                let message = format!("unknown host {}", quoted(name));
                self.errors.add(place.clone(), message, help).label("no host of this name in [hosts]");
                self.errors.doubtful();
                None
            }
        }
    }

    fn hosts_are(&self) -> String {
        let hosts = self.out.nodes.iter().filter(|node| node.kind == NodeKind::Host);
        listed("hosts are", hosts.map(|node| &*node.name))
    }

    fn kind(&self, id: NodeId) -> Option<NodeKind> {
        self.out.nodes.get(id.index()).map(|node| node.kind)
    }

    fn link(&mut self, name: &Placed<String>) -> Option<LinkId> {
        let found = self.links.get(&name.value).copied();
        if found.is_none() {
            let known = self.links.keys().map(String::as_str);
            self.errors
                .unknown(name.place.clone(), "link", &name.value, known)
                .label("no link of this name in [links]");
            self.errors.doubtful();
        }
        found
    }

    /// The addresses of a name: a literal one, or those of a host.
    fn addresses(&mut self, name: &Placed<String>) -> Vec<IpAddr> {
        if let Ok(ip) = name.value.parse::<IpAddr>() {
            return vec![ip];
        }
        match self.host(&name.value, &name.place) {
            Some(id) => self.out.nodes[id.index()].addrs.iter().map(|net| net.addr).collect(),
            None => vec![],
        }
    }
}
