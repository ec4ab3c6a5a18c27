//! What hosts are set to, and their built-in servers.

use super::Checker;
use crate::base::{NodeId, Span};
use crate::scenario::diagnostic::{Place, quoted, thousands};
use crate::scenario::leaf::Placed;
use crate::scenario::model::{
    Actor, HostSpec, HostTcp, MAX_BUFFER, MAX_RCVBUF, ModelSpec, Program, Proto, Serve, ServeApp, SocketSpec,
};
use crate::scenario::table::Table;
use crate::scenario::tables::{HostTable, Root, ServeTable, SocketsTable};
use crate::scenario::value::Key;
use crate::scenario::words::{App, Stack};
use crate::trace::NodeKind;
use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

/// The default length of an accept queue.
pub(super) const BACKLOG: u32 = 128;

type Names = [(Key, Option<Placed<Vec<Placed<String>>>>)];

impl Checker<'_> {
    pub(super) fn hosts(&mut self, root: &Root) {
        let mut defaults = SocketSpec::default();
        if let Some(sockets) = &root.sockets {
            self.sockets(&sockets.value, &mut defaults);
        }
        let everyone: BTreeMap<String, Vec<IpAddr>> = self.everyone();
        for (key, table) in root.hosts.iter().flat_map(|hosts| &hosts.value) {
            let Some(id) = self.nodes.get(&key.text).copied() else { continue };
            let mut spec = HostSpec { sockets: defaults, names: everyone.clone(), ..HostSpec::default() };
            spec.via = self.neighbours(id).find(|other| self.kind(*other) == Some(NodeKind::Router));
            if let Some(table) = table {
                self.host_spec(id, &table.value, &mut spec);
            }
            self.out.nodes[id.index()].host = spec;
        }
    }

    fn everyone(&self) -> BTreeMap<String, Vec<IpAddr>> {
        let hosts = self.out.nodes.iter().filter(|node| node.kind == NodeKind::Host);
        hosts.map(|node| (node.name.clone(), node.addrs.iter().map(|net| net.addr).collect())).collect()
    }

    fn neighbours(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let other = move |ends: [NodeId; 2]| match ends {
            [a, b] if a == id => Some(b),
            [a, b] if b == id => Some(a),
            _ => None,
        };
        self.out.links.iter().filter_map(move |link| other(link.ends))
    }

    fn host_spec(&mut self, id: NodeId, table: &HostTable, spec: &mut HostSpec) {
        if let Some(via) = &table.via {
            spec.via = self.router_of(id, via);
        }
        if let Some(sockets) = &table.sockets {
            self.sockets(&sockets.value, &mut spec.sockets);
        }
        if let Some(dns) = &table.dns {
            spec.dns = self.addresses(dns).into_iter().next();
        }
        if let Some(names) = &table.names {
            spec.names.extend(self.names(&names.value));
        }
        let model = self.model(id, table).map_or(HostTcp::Smoltcp, HostTcp::Model);
        spec.tcp = match table.tcp.as_ref().map(|tcp| tcp.value) {
            Some(Stack::Script) => HostTcp::Script,
            Some(Stack::Model | Stack::Smoltcp) | None => model,
        };
        spec.isn = table.isn.as_ref().and_then(|isn| u32::try_from(isn.value).ok());
    }

    /// The model peer, and what only it can be set to.
    fn model(&mut self, id: NodeId, table: &HostTable) -> Option<ModelSpec> {
        let chosen = table.tcp.as_ref().filter(|tcp| tcp.value == Stack::Model);
        let Some(tcp) = chosen else {
            let only = [table.rfc793.as_ref().map(|key| &key.place), table.msl.as_ref().map(|key| &key.place)];
            for place in only.into_iter().flatten() {
                self.errors.add(place.clone(), "only the model peer can be set so", "add tcp = \"model\"");
            }
            return None;
        };
        if self.out.links.iter().any(|link| link.ethernet && link.ends.contains(&id)) {
            let help = "it sends bare IP packets: leave out `medium`, and the switch";
            self.errors.add(tcp.place.clone(), "the model peer on an Ethernet link", help);
        }
        let usual = ModelSpec::default();
        Some(ModelSpec {
            rfc793: table.rfc793.as_ref().map_or(usual.rfc793, |key| key.value),
            msl: table.msl.as_ref().map_or(usual.msl, |key| key.value),
        })
    }

    fn router_of(&mut self, host: NodeId, via: &Placed<String>) -> Option<NodeId> {
        let router = self.node(via)?;
        let is_router = self.kind(router) == Some(NodeKind::Router);
        let near = self.neighbours(host).any(|other| other == router);
        let why = match (is_router, near) {
            (true, true) => return Some(router),
            (false, _) => "not one of [routers]",
            (true, false) => "no link joins it with this host",
        };
        let help = "a router at the other end of this host's link";
        self.errors.add(via.place.clone(), format!("{} cannot be its router", quoted(&via.value)), help).label(why);
        None
    }

    /// Names with their addresses; hosts stand for theirs.
    fn names(&mut self, names: &Names) -> BTreeMap<String, Vec<IpAddr>> {
        let mut table = BTreeMap::new();
        for (key, addresses) in names {
            let Some(addresses) = addresses else { continue };
            if key.text.is_empty()
                || key.text.len() > 253
                || !key.text.is_ascii()
                || key.text.contains(char::is_whitespace)
            {
                let help = "ASCII without spaces, at most 253 bytes, like \"www.example\"";
                self.errors.add(key.place.clone(), format!("{} is not a host name", quoted(&key.text)), help);
            }
            let found = addresses.value.iter().flat_map(|name| self.addresses(name)).collect();
            table.insert(key.text.clone(), found);
            self.known_names.push(key.text.clone());
        }
        table
    }

    fn sockets(&mut self, table: &SocketsTable, spec: &mut SocketSpec) {
        if let Some(congestion) = &table.congestion {
            spec.congestion = congestion.value;
        }
        if let Some(nagle) = &table.nagle {
            spec.nagle = nagle.value;
        }
        for (field, given) in
            [(&mut spec.delayed_ack, &table.delayed_ack), (&mut spec.user_timeout, &table.user_timeout)]
        {
            if let Some(given) = given {
                *field = given.value;
            }
        }
        if let Some(given) = table.user_timeout.as_ref().filter(|given| given.value == Some(Span::ZERO)) {
            self.errors.add(given.place.clone(), "no time at all", "\"off\" for never, or a time like \"30 s\"");
        }
        if let Some(keep_alive) = &table.keep_alive {
            spec.keep_alive = keep_alive.value;
        }
        for (field, given) in [(&mut spec.keep_idle, &table.keep_idle), (&mut spec.keep_interval, &table.keep_interval)]
        {
            let Some(given) = given else { continue };
            *field = given.value;
            if given.value == Span::ZERO {
                let help = "a time like \"30 s\"; keep-alive = false for no probes";
                self.errors.add(given.place.clone(), "no time at all", help);
            }
        }
        if let Some(probes) = &table.keep_probes {
            spec.keep_probes = u32::try_from(probes.value).unwrap_or(u32::MAX);
        }
        if let Some(bare) = &table.bare {
            spec.bare = bare.value;
            if bare.value && !self.divergence {
                let help = "only a scenario in sims/divergence/ may ask for it";
                self.errors.add(bare.place.clone(), "the stack's faults shown bare", help);
            }
        }
        if let Some(rcvbuf) = &table.rcvbuf {
            spec.rcvbuf = self.receive_buffer(rcvbuf.value, &rcvbuf.place);
        }
        if let Some(sndbuf) = &table.sndbuf {
            spec.sndbuf = self.buffer(sndbuf.value, &sndbuf.place);
        }
        if let Some(hops) = &table.hop_limit {
            spec.hop_limit = u8::try_from(hops.value).unwrap_or(u8::MAX);
        }
    }

    /// Receive buffers that the stack cannot be trusted with are refused.
    fn receive_buffer(&mut self, bytes: u64, place: &Place) -> u32 {
        if bytes > u64::from(MAX_RCVBUF) && !self.divergence {
            let help = "with a larger one smoltcp 0.14.0 loses data and reports a clean end of file, when a peer fills \
                        the window and closes; a scenario in sims/divergence/ may ask for it";
            self.errors
                .add(place.clone(), format!("a receive buffer of {} bytes", thousands(bytes)), help)
                .label(format!("at most {}", thousands(MAX_RCVBUF.into())));
        }
        self.buffer(bytes, place)
    }

    fn buffer(&mut self, bytes: u64, place: &Place) -> u32 {
        if !(1..=u64::from(MAX_BUFFER)).contains(&bytes) {
            let most = thousands(MAX_BUFFER.into());
            self.errors
                .add(place.clone(), format!("a buffer of {} bytes", thousands(bytes)), "like \"16 KiB\"")
                .label(format!("from 1 to {most}"));
        }
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }

    /// Built-in servers: programs that come before the scripts.
    pub(super) fn servers(&mut self, root: &Root) {
        for (key, host) in root.hosts.iter().flat_map(|hosts| &hosts.value) {
            let Some(id) = self.nodes.get(&key.text).copied() else { continue };
            let mut ports = BTreeSet::new();
            let tables = host.iter().filter_map(|host| host.value.serve.as_ref()).flat_map(|serve| &serve.value);
            for table in tables {
                let Some(serve) = self.server(&table.value) else { continue };
                if !ports.insert((serve.proto == Proto::Udp, serve.port)) {
                    let port = format!("two servers on port {} of {}", serve.port, quoted(&key.text));
                    self.errors.add(table.place.clone(), port, "another port for one of them").label("second one");
                }
                let word = crate::scenario::leaf::word_of(table.value.app.as_ref().map_or(App::Echo, |app| app.value));
                let name = self.actor_name(&key.text, word, serve.port);
                self.out.actors.push(Actor { node: id, name, program: Program::Serve(serve) });
            }
        }
    }

    /// `server/echo`, or `server/echo-7` where a host has several.
    fn actor_name(&self, host: &str, word: &str, port: u16) -> String {
        let name = format!("{host}/{word}");
        if self.out.actors.iter().any(|actor| actor.name == name) { format!("{name}-{port}") } else { name }
    }

    fn server(&mut self, table: &ServeTable) -> Option<Serve> {
        let app = table.app.as_ref()?.value;
        let usual = if app == App::Dns { Proto::Udp } else { Proto::Tcp };
        let proto = table.proto.as_ref().map_or(usual, |proto| proto.value);
        let backlog = table.backlog.as_ref().and_then(|backlog| u32::try_from(backlog.value).ok()).unwrap_or(BACKLOG);
        self.server_keys(table, app, proto);
        let app = match app {
            App::Echo => ServeApp::Echo,
            App::Sink => ServeApp::Sink,
            App::Source => ServeApp::Source(table.bytes.as_ref().map_or(0, |bytes| bytes.value)),
            App::Dns => ServeApp::Dns(match &table.records {
                Some(records) => self.names(&records.value),
                None => self.everyone(),
            }),
        };
        let port = table.port.as_ref().and_then(|port| u16::try_from(port.value).ok())?;
        Some(Serve { proto, port, backlog, app })
    }

    fn server_keys(&mut self, table: &ServeTable, app: App, proto: Proto) {
        let word = crate::scenario::leaf::word_of(app);
        for (key, place) in table.seen() {
            let (fits, owner) = match key {
                "bytes" => (app == App::Source, "app = \"source\""),
                "records" => (app == App::Dns, "app = \"dns\""),
                "backlog" => (proto == Proto::Tcp, "servers over TCP"),
                _ => (true, ""),
            };
            if !fits {
                self.errors
                    .add(place, format!("`{key}` has no meaning for this server"), format!("it belongs to {owner}"))
                    .label(format!("the app is {word}"));
            }
        }
        let wrong = match (app, proto) {
            (App::Dns, Proto::Tcp) => Some(("a DNS server answers over UDP", "leave it out, or proto = \"udp\"")),
            (App::Source, Proto::Udp) => Some(("a source needs a connection", "leave it out, or proto = \"tcp\"")),
            (App::Echo | App::Sink, Proto::Udp) | (App::Dns, Proto::Udp) | (_, Proto::Tcp) => None,
        };
        if let (Some((wrong, help)), Some(at)) = (wrong, &table.proto) {
            self.errors.add(at.place.clone(), wrong, help);
        }
        if app == App::Source && !table.seen().iter().any(|(key, _)| *key == "bytes") {
            self.errors
                .add(table.place.clone(), "a source needs `bytes`", "as in bytes = \"64 KiB\"")
                .label("how many does it send?");
        }
        if let Some(port) = table.port.as_ref().filter(|port| port.value == 0) {
            self.errors.add(port.place.clone(), "a server needs a port other than 0", "as in port = 80");
        }
    }
}
