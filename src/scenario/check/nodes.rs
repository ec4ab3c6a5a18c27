//! Hosts, switches and routers: their names and addresses.

use super::Checker;
use crate::base::NodeId;
use crate::scenario::diagnostic::{Place, quoted};
use crate::scenario::leaf::Placed;
use crate::scenario::model::{HostSpec, IpNet, MAX_ADDRS, Node};
use crate::scenario::table::Table;
use crate::scenario::tables::{ExpectTable, Root, StepTable};
use crate::scenario::value::Key;
use crate::trace::NodeKind;
use core::net::IpAddr;
use std::collections::BTreeMap;

/// More would not fit the ids.
const MOST_NODES: usize = 4_096;

impl Checker<'_> {
    /// Declares every node in the order of the file: hosts, switches, routers.
    pub(super) fn declare_nodes(&mut self, root: &Root) {
        if let Some(hosts) = &root.hosts {
            for (key, host) in &hosts.value {
                let ip = host.as_ref().and_then(|host| host.value.ip.as_ref());
                self.declare(key, NodeKind::Host, ip.map(|ip| (&ip.value[..], &ip.place)));
            }
            if hosts.value.is_empty() {
                self.errors.add(hosts.place.clone(), "a scenario needs a host", "as in client = \"10.0.0.1\"");
            }
        }
        for (key, _) in root.switches.iter().flat_map(|switches| &switches.value) {
            self.declare(key, NodeKind::Switch, None);
        }
        for (key, nets) in root.routers.iter().flat_map(|routers| &routers.value) {
            self.declare(key, NodeKind::Router, nets.as_ref().map(|nets| (&nets.value[..], &nets.place)));
        }
        self.unique_addresses(root);
    }

    fn declare(&mut self, key: &Key, kind: NodeKind, nets: Option<(&[Placed<IpNet>], &Place)>) {
        self.name_is_fit(key);
        if self.out.nodes.len() >= MOST_NODES {
            if self.out.nodes.len() == MOST_NODES {
                let message = format!("more than {MOST_NODES} hosts, switches and routers");
                self.errors.add(key.place.clone(), message, format!("{MOST_NODES} at most: leave out the rest"));
            }
            return;
        }
        let id = NodeId(u16::try_from(self.out.nodes.len()).unwrap_or(u16::MAX));
        if self.nodes.insert(key.text.clone(), id).is_some() {
            self.errors
                .add(
                    key.place.clone(),
                    format!("the name {} is used twice", quoted(&key.text)),
                    "rename one of the two",
                )
                .label("second use");
        }
        let addrs = nets.map(|(nets, _)| nets.iter().map(|net| net.value).collect()).unwrap_or_default();
        self.out.nodes.push(Node { name: key.text.clone(), kind, addrs, host: HostSpec::default() });
        let Some((nets, place)) = nets else { return };
        if nets.is_empty() {
            let help = "at least one, like \"10.0.0.1\"";
            self.errors.add(place.clone(), format!("{} has no address", quoted(&key.text)), help);
        }
        if kind == NodeKind::Host && nets.len() > MAX_ADDRS {
            let help = format!("a host has room for {MAX_ADDRS}: leave out the rest");
            self.errors
                .add(place.clone(), format!("more than {MAX_ADDRS} addresses"), help)
                .label(format!("{} are given", nets.len()));
        }
        nets.iter().for_each(|net| self.address_is_fit(net));
    }

    fn name_is_fit(&mut self, key: &Key) {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if key.text.is_empty() || key.text.len() > 63 || !key.text.chars().all(fits) {
            self.errors.add(
                key.place.clone(),
                format!("{} cannot be a name", quoted(&key.text)),
                "letters, digits, `-`, `_` and `.`, at most 63 bytes",
            );
        } else if key.text.parse::<IpAddr>().is_ok() {
            self.errors.add(key.place.clone(), "a name cannot be an address", "the name first: client = \"10.0.0.1\"");
        }
        let word = key.text.as_str();
        let taken = match (StepTable::keys().contains(&word), ExpectTable::keys().contains(&word)) {
            (true, _) => "it is a key of steps",
            (false, true) => "it is a key of [expect]",
            (false, false) => return,
        };
        let help = format!("another name, like `{word}1`");
        self.errors.add(key.place.clone(), format!("{} cannot be a name", quoted(word)), help).label(taken);
    }

    fn address_is_fit(&mut self, net: &Placed<IpNet>) {
        let IpNet { addr, prefix } = net.value;
        let why = match addr {
            _ if addr.is_unspecified() => "it stands for no address",
            _ if addr.is_loopback() => "it is a loopback address",
            _ if addr.is_multicast() => "it is a group's address",
            IpAddr::V4(v4) if v4.is_broadcast() => "it is the broadcast address",
            IpAddr::V4(v4) if prefix < 31 => {
                let hosts = u32::MAX >> prefix;
                match u32::from(v4) & hosts {
                    0 => "it is the address of the network itself",
                    bits if bits == hosts => "it is the broadcast address of its network",
                    _ => return,
                }
            }
            IpAddr::V4(_) | IpAddr::V6(_) => return,
        };
        let help = match addr {
            IpAddr::V4(_) => "like \"10.0.0.1\" or \"192.0.2.7/24\"",
            IpAddr::V6(_) => "like \"2001:db8::1\" or \"fd00::7/64\"",
        };
        self.errors.add(net.place.clone(), format!("{addr}/{prefix} cannot be a host's address"), help).label(why);
    }

    fn unique_addresses(&mut self, root: &Root) {
        let mut owners: BTreeMap<IpAddr, &str> = BTreeMap::new();
        let hosts = root.hosts.iter().flat_map(|hosts| &hosts.value);
        let hosts = hosts.filter_map(|(key, host)| Some((key, host.as_ref()?.value.ip.as_ref()?)));
        let routers = root.routers.iter().flat_map(|routers| &routers.value);
        let routers = routers.filter_map(|(key, nets)| Some((key, nets.as_ref()?)));
        for (key, nets) in hosts.chain(routers) {
            for net in &nets.value {
                if let Some(owner) = owners.insert(net.value.addr, &key.text) {
                    let help = "each address has one owner: give another one of its network";
                    self.errors
                        .add(net.place.clone(), format!("the address {} is used twice", net.value.addr), help)
                        .label(format!("{} has it already", quoted(owner)));
                }
            }
        }
    }
}
