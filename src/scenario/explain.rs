//! A checked scenario written out again, with every default filled in.

use super::leaf::word_of;
use super::model::{
    Claim, FaultAction, FaultRule, HostSpec, HostTcp, Lane, Link, Node, PacketMatch, Program, RecordMatch, Scenario,
    Serve, ServeApp, SocketSpec,
};
use super::units::{chance_text, duration_text, rate_text, size_text};
use super::words::{dotted_text, packets_text};
use super::write::{Fields, key, list, quote, quote_lines, step};
use crate::base::{LinkId, NodeId, Span, Time};
use crate::machine::Finite;
use crate::trace::{End, NodeKind, Record, What};
use core::fmt::Write;
use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

/// The scenario as a file that says everything, even what is a default. It loads to the same scenario.
pub fn explain(scenario: &Scenario) -> String {
    let mut text = String::new();
    let mut head = Fields::default();
    head.text("title", &scenario.title).raw("about", quote_lines(&scenario.about)).raw("seed", scenario.seed);
    head.section("", &mut text);
    nodes(scenario, &mut text);
    for (index, link) in scenario.links.iter().enumerate() {
        write_link(scenario, index, link, &mut text);
    }
    for fault in &scenario.faults {
        rule(scenario, fault).section("[[faults]]", &mut text);
    }
    steps(scenario, &mut text);
    let mut limits = Fields::default();
    let bounds = scenario.limits;
    limits.raw("events", bounds.events).span("time", bounds.time).raw("queued", size_text(bounds.queued));
    limits.section("[limits]", &mut text);
    expectations(scenario, &mut text);
    text
}

fn rule(scenario: &Scenario, fault: &FaultRule) -> Fields {
    let (word, mut fields) = (fault_word(&fault.action), Fields::default());
    fields.text(word, &packets_text(fault.on.kind));
    match &fault.action {
        FaultAction::Delay(by) => drop(fields.span("by", *by)),
        FaultAction::Hold(until) => {
            let mut awaited = Fields::default();
            awaited.text("kind", &packets_text(until.kind));
            which(scenario, until, &mut awaited);
            fields.raw("until", awaited.inline());
        }
        FaultAction::Drop | FaultAction::Duplicate | FaultAction::Corrupt => {}
    }
    which(scenario, &fault.on, &mut fields);
    fields
}

/// The named faults that befell no packet of a run, each by its number and as the scenario has it.
pub fn idle_faults(scenario: &Scenario, records: &[Record]) -> Vec<String> {
    let rule_of = |record: &Record| match &record.what {
        What::Fault { fault, .. } => fault.rule(),
        _ => None,
    };
    let befell: BTreeSet<u32> = records.iter().filter_map(rule_of).collect();
    let idle = (0..).zip(&scenario.faults).filter(|(index, _)| !befell.contains(index));
    idle.map(|(index, fault)| format!("fault {} {} befell no packet", index + 1, rule(scenario, fault).inline()))
        .collect()
}

fn node_name(scenario: &Scenario, id: NodeId) -> &str {
    scenario.nodes.get(id.index()).map_or("", |node| &node.name)
}

fn link_name(scenario: &Scenario, id: LinkId) -> &str {
    scenario.links.get(id.index()).map_or("", |link| &link.name)
}

fn nodes(scenario: &Scenario, text: &mut String) {
    for (index, node) in scenario.nodes.iter().enumerate() {
        if node.kind == NodeKind::Host {
            let fields = host(scenario, index, node);
            fields.section(&format!("[hosts.{}]", key(&node.name)), text);
        }
    }
    for (kind, header) in [(NodeKind::Switch, "[switches]"), (NodeKind::Router, "[routers]")] {
        let mut fields = Fields::default();
        for node in scenario.nodes.iter().filter(|node| node.kind == kind) {
            let value = if kind == NodeKind::Switch { "{}".to_owned() } else { nets(node) };
            fields.raw(&node.name, value);
        }
        if !fields.0.is_empty() {
            fields.section(header, text);
        }
    }
}

fn nets(node: &Node) -> String {
    list(node.addrs.iter().map(|net| quote(&format!("{}/{}", net.addr, net.prefix))))
}

fn addresses(addresses: &[IpAddr]) -> String {
    list(addresses.iter().map(|addr| quote(&addr.to_string())))
}

fn names<'a>(table: impl Iterator<Item = (&'a String, &'a Vec<IpAddr>)>) -> Fields {
    let mut fields = Fields::default();
    for (name, addrs) in table {
        fields.raw(name, addresses(addrs));
    }
    fields
}

fn host(scenario: &Scenario, index: usize, node: &Node) -> Fields {
    let HostSpec { via, sockets, dns, names: table, isn, tcp } = &node.host;
    let mut fields = Fields::default();
    fields.raw("ip", nets(node));
    if let Some(via) = via {
        fields.text("via", node_name(scenario, *via));
    }
    let servers = scenario.actors.iter().filter(|actor| actor.node.index() == index);
    let servers: Vec<String> = servers
        .filter_map(|actor| match &actor.program {
            Program::Serve(serve) => Some(server(serve).inline()),
            Program::Script(_) => None,
        })
        .collect();
    if !servers.is_empty() {
        fields.raw("serve", list(servers));
    }
    fields.raw("sockets", socket_defaults(sockets).inline());
    if let Some(dns) = dns {
        fields.text("dns", &dns.to_string());
    }
    let hosts = scenario.nodes.iter().filter(|node| node.kind == NodeKind::Host);
    let usual: BTreeMap<&str, Vec<IpAddr>> =
        hosts.map(|node| (&*node.name, node.addrs.iter().map(|net| net.addr).collect())).collect();
    let added = names(table.iter().filter(|(name, addrs)| usual.get(name.as_str()) != Some(addrs)));
    if !added.0.is_empty() {
        fields.raw("names", added.inline());
    }
    match tcp {
        HostTcp::Smoltcp => {}
        HostTcp::Model(model) => {
            fields.text("tcp", "model").raw("rfc793", model.rfc793).text("msl", &duration_text(model.msl));
        }
        HostTcp::Script => drop(fields.text("tcp", "script")),
    }
    if let Some(isn) = isn {
        fields.raw("isn", isn);
    }
    fields
}

fn server(serve: &Serve) -> Fields {
    let mut fields = Fields::default();
    let word = match serve.app {
        ServeApp::Echo => "echo",
        ServeApp::Sink => "sink",
        ServeApp::Source(_) => "source",
        ServeApp::Dns(_) => "dns",
    };
    fields.text("app", word).raw("port", serve.port).text("proto", word_of(serve.proto));
    if serve.proto == super::model::Proto::Tcp {
        fields.raw("backlog", serve.backlog);
    }
    match &serve.app {
        ServeApp::Source(bytes) => drop(fields.raw("bytes", bytes)),
        ServeApp::Dns(records) => drop(fields.raw("records", names(records.iter()).inline())),
        ServeApp::Echo | ServeApp::Sink => {}
    }
    fields
}

fn or_off(span: Option<Span>) -> String {
    span.map_or_else(|| "off".to_owned(), duration_text)
}

/// The keys of socket defaults.
pub(crate) fn socket_defaults(spec: &SocketSpec) -> Fields {
    let mut fields = Fields::default();
    fields.text("congestion", word_of(spec.congestion)).raw("nagle", spec.nagle);
    fields.text("delayed-ack", &or_off(spec.delayed_ack)).raw("keep-alive", spec.keep_alive);
    fields.span("keep-idle", spec.keep_idle).span("keep-interval", spec.keep_interval);
    fields.raw("keep-probes", spec.keep_probes).raw("bare", spec.bare);
    fields.raw("rcvbuf", size_text(spec.rcvbuf.into())).raw("sndbuf", size_text(spec.sndbuf.into()));
    fields.raw("hop-limit", spec.hop_limit).text("user-timeout", &or_off(spec.user_timeout));
    fields
}

fn write_link(scenario: &Scenario, index: usize, link: &Link, text: &mut String) {
    let name = key(&link.name);
    let ends = link.ends.map(|end| node_name(scenario, end));
    let mut fields = Fields::default();
    fields.raw("joins", list(ends.map(quote)));
    fields.text("medium", if link.ethernet { "ethernet" } else { "ip" });
    let cuts = scenario.cuts.iter().filter(|cut| cut.link.index() == index);
    let time = |time: Time| quote(&duration_text(time.since(Time::ZERO)));
    let downs: Vec<String> = cuts.map(|cut| list([Some(cut.at), cut.until].into_iter().flatten().map(time))).collect();
    fields.raw("down", list(downs));
    let same = link.lanes[0] == link.lanes[1];
    if same {
        lane(&link.lanes[0], &mut fields);
    }
    fields.section(&format!("[links.{name}]"), text);
    for (end, direction) in ends.into_iter().zip(&link.lanes).filter(|_| !same) {
        let mut fields = Fields::default();
        lane(direction, &mut fields);
        fields.section(&format!("[links.{name}.from.{}]", key(end)), text);
    }
}

fn lane(lane: &Lane, fields: &mut Fields) {
    fields.span("delay", lane.delay).span("jitter", lane.jitter).text("rate", &rate_text(lane.rate));
    fields.raw("queue", size_text(lane.queue)).raw("mtu", lane.mtu).text("loss", &chance_text(lane.loss));
    if let Some(burst) = lane.burst {
        let mut inner = Fields::default();
        inner.text("begin", &chance_text(burst.begin)).text("end", &chance_text(burst.end));
        inner.text("loss", &chance_text(burst.loss));
        fields.raw("burst", inner.inline());
    }
    fields.text("duplicate", &chance_text(lane.duplicate)).text("reorder", &chance_text(lane.reorder));
    fields.span("reorder-by", lane.reorder_by).text("corrupt", &chance_text(lane.corrupt));
}

const fn fault_word(action: &FaultAction) -> &'static str {
    match action {
        FaultAction::Drop => "drop",
        FaultAction::Delay(_) => "delay",
        FaultAction::Duplicate => "duplicate",
        FaultAction::Corrupt => "corrupt",
        FaultAction::Hold(_) => "hold",
    }
}

fn which(scenario: &Scenario, on: &PacketMatch, fields: &mut Fields) {
    if let Some(from) = on.from {
        fields.text("from", node_name(scenario, from));
    }
    if let Some(link) = on.link {
        fields.text("link", link_name(scenario, link));
    }
    if !on.nth.is_empty() {
        fields.raw("nth", list(on.nth.iter().map(dotted_text)));
    }
    if let Some(seq) = &on.seq {
        fields.text("seq", &format!("[{},{})", seq.start, seq.end));
    }
}

fn steps(scenario: &Scenario, text: &mut String) {
    // In the order of the file, which is that of their places; the steps of one program keep their own order.
    let mut all = vec![];
    for actor in &scenario.actors {
        let Program::Script(steps) = &actor.program else { continue };
        let mut least = 0;
        for step in steps {
            least = step.span.start.max(least);
            all.push((least, &actor.name, step));
        }
    }
    all.sort_by_key(|(at, _, _)| *at);
    text.push_str("\n[run]\nsteps = [\n");
    for (_, actor, made) in all {
        let fields = step(actor, made, &|id| link_name(scenario, id).to_owned());
        let _ = writeln!(text, "  {},", fields.inline());
    }
    text.push_str("]\n");
}

fn conn(scenario: &Scenario, (node, n): (NodeId, u32)) -> String {
    format!("{}.{n}", node_name(scenario, node))
}

fn expectations(scenario: &Scenario, text: &mut String) {
    let mut head = Fields::default();
    let mut lists = String::new();
    for expectation in &scenario.expect {
        match &expectation.claim {
            Claim::Path { node, conn: of, end, states } => {
                let mut name = node_name(scenario, *node).to_owned();
                if let Some(of) = of {
                    name = format!("{name} {}", conn(scenario, *of));
                }
                match end {
                    Some(End::Initiator) => name.push_str(" initiator"),
                    Some(End::Acceptor) => name.push_str(" acceptor"),
                    None => {}
                }
                let states: Vec<&str> = states.iter().map(|state| state.name()).collect();
                head.text(&name, &states.join(" > "));
            }
            Claim::Ending(word) => drop(head.text("ending", word)),
            Claim::Count { of, is } => {
                let mut fields = counted(scenario, of);
                fields.raw("is", dotted_text(is)).section("[[expect.count]]", &mut lists);
            }
            Claim::Elapsed { from, to, is } => {
                let mut fields = Fields::default();
                for (name, label) in [("from", from), ("to", to)] {
                    if let Some(label) = label {
                        fields.text(name, label);
                    }
                }
                fields.span("at-least", Span(is.start));
                if is.end != u64::MAX {
                    fields.span("at-most", Span(is.end.saturating_sub(1)));
                }
                fields.section("[[expect.elapsed]]", &mut lists);
            }
        }
    }
    head.raw("known-divergences", list(scenario.known.iter().map(|rule| quote(rule))));
    head.section("[expect]", text);
    text.push_str(&lists);
}

fn counted(scenario: &Scenario, of: &RecordMatch) -> Fields {
    let mut fields = Fields::default();
    fields.text("what", word_of(of.what));
    if let Some(node) = of.node {
        fields.text("host", node_name(scenario, node));
    }
    if let Some(of) = of.conn {
        fields.text("conn", &conn(scenario, of));
    }
    if let Some(kind) = of.packet {
        fields.text("kind", &packets_text(kind));
    }
    if let Some(word) = &of.word {
        fields.text("word", word);
    }
    fields
}
