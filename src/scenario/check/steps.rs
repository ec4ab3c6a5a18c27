//! Steps: whose they are, what they do, what must come of them, and that none waits for itself.

use super::Checker;
use super::hosts::BACKLOG;
use crate::base::{NodeId, Time};
use crate::machine::Finite;
use crate::scenario::actions::{Gives, SYNONYMS, Verb};
use crate::scenario::diagnostic::{Place, quoted};
use crate::scenario::leaf::Placed;
use crate::scenario::model::{Action, Actor, How, Program, Proto, SockOpt, Step, Target, Want};
use crate::scenario::table::Table;
use crate::scenario::tables::{Root, StepTable};
use crate::scenario::value::{Key, Value};
use crate::scenario::words::Wanted;
use crate::socket_api::Errno;
use crate::trace::CallName;
use core::net::IpAddr;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeMap, BTreeSet};

/// Programs, servers included; more would not fit the ids.
const MOST_ACTORS: usize = 16_384;
/// What `recv` asks for at most, without `max`.
const RECV_MAX: u32 = 65_536;

/// A script in the making.
struct Script {
    node: NodeId,
    name: String,
    steps: Vec<Step>,
}

/// Where each step of the file went: its script, and the place of its `after`.
struct Entry {
    script: usize,
    after: Option<Placed<String>>,
}

/// A step that is done so often, as so many steps.
fn repeated(step: Step, times: i64) -> impl Iterator<Item = Step> {
    (1..=times).map(move |nth| {
        let mut one = step.clone();
        if nth > 1 {
            (one.at, one.after) = (None, None);
        }
        one.label = one.label.filter(|_| nth == times);
        one
    })
}

impl Checker<'_> {
    pub(super) fn steps(&mut self, root: &Root) {
        let Some(tables) = root.run.as_ref().and_then(|run| run.value.steps.as_ref()) else { return };
        self.labels(&tables.value);
        let named = self.socket_names(&tables.value);
        let mut scripts: Vec<Script> = vec![];
        let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
        let mut entries = vec![];
        for table in &tables.value {
            let Some((key, value)) = self.whose(&table.value) else {
                entries.push(None);
                continue;
            };
            let script = self.script(key, &mut scripts, &mut by_name);
            if let (Some(_), Some(on)) = (script, &table.value.on) {
                self.socket_is_named(on, &key.text, &named);
            }
            if let Some(script) = script {
                self.user_is_there(scripts[script].node, value);
            }
            let step = self.step(&table.value, value);
            if let (Some(script), Some(Verb::Call(call))) = (script, value.text().and_then(Verb::named)) {
                self.tcp_takes(scripts[script].node, call, &value.place);
            }
            if let (Some(script), Some(step)) = (script, step) {
                scripts[script].steps.extend(repeated(step, table.value.times.as_ref().map_or(1, |times| times.value)));
            }
            entries.push(script.map(|script| Entry { script, after: table.value.after.clone() }));
        }
        self.nobody_waits_for_himself(&entries);
        let scripts = scripts.into_iter();
        self.out.actors.extend(scripts.map(|s| Actor {
            node: s.node,
            name: s.name,
            program: Program::Script(s.steps),
        }));
        self.first_segment_has_a_destination();
    }

    fn labels(&mut self, tables: &[Placed<StepTable>]) {
        for (index, table) in tables.iter().enumerate() {
            let Some(label) = &table.value.label else { continue };
            if self.labels.insert(label.value.clone(), (index, label.place.clone())).is_some() {
                let help = "another label: `after` and `elapsed` must know which step is meant";
                self.errors
                    .add(label.place.clone(), format!("the label {} is used twice", quoted(&label.value)), help)
                    .label("second use");
            }
        }
    }

    /// The sockets that each program names.
    fn socket_names(&self, tables: &[Placed<StepTable>]) -> BTreeMap<String, BTreeSet<String>> {
        let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for table in tables {
            let keys = &mut table.value.rest.iter().map(|(key, _)| &key.text);
            let program = keys.find(|key| self.nodes.contains_key(host_of(key)));
            if let (Some(program), Some(name)) = (program, &table.value.name_it) {
                named.entry(program.clone()).or_default().insert(name.value.clone());
            }
        }
        named
    }

    fn socket_is_named(&mut self, on: &Placed<String>, program: &str, named: &BTreeMap<String, BTreeSet<String>>) {
        let known = named.get(program);
        if known.is_some_and(|known| known.contains(&on.value)) {
            return;
        }
        let known = known.into_iter().flatten().map(String::as_str);
        self.errors
            .unknown(on.place.clone(), "socket", &on.value, known)
            .label(format!("no step of {} names one so with `as`", quoted(program)));
        self.errors.doubtful();
    }

    /// The key that names the program; the others that a step does not have are reported.
    fn whose<'t>(&mut self, table: &'t StepTable) -> Option<(&'t Key, &'t Value)> {
        let host = |(key, _): &(Key, Value)| self.nodes.contains_key(host_of(&key.text));
        let action = |(_, value): &(Key, Value)| value.text().is_some_and(|text| Verb::named(text).is_some());
        let rest = &table.rest;
        let found = rest.iter().position(host).or_else(|| rest.iter().position(action)).or(rest.first().map(|_| 0));
        let Some(found) = found else {
            let help = format!("a host with its action, as in {}", StepTable::EXAMPLE);
            self.errors.add(table.place.clone(), "this step names no program", help);
            return None;
        };
        for (_, (key, _)) in rest.iter().enumerate().filter(|(index, _)| *index != found) {
            if self.nodes.contains_key(host_of(&key.text)) {
                let help = "two steps, one for each";
                self.errors.add(key.place.clone(), "a step has one program", help).label("a second one");
            } else {
                let help = self.errors.suggestion("key", &key.text, StepTable::keys());
                let message = format!("unknown key {} in a step", quoted(&key.text));
                self.errors.add(key.place.clone(), message, help).label("no such key");
            }
        }
        rest.get(found).map(|(key, value)| (key, value))
    }

    fn script(&mut self, key: &Key, scripts: &mut Vec<Script>, by_name: &mut BTreeMap<String, usize>) -> Option<usize> {
        if let Some(known) = by_name.get(&key.text) {
            return Some(*known);
        }
        let host = host_of(&key.text);
        let place = if host.len() == key.text.len() { key.place.clone() } else { within(&key.place, host.len()) };
        let node = self.host(host, &place)?;
        let program = key.text.strip_prefix(host).and_then(|rest| rest.strip_prefix('/'));
        if program.is_some_and(|program| program.is_empty() || program.contains('/')) {
            let help = format!("like \"{host}/prober\"");
            self.errors.add(key.place.clone(), "a program is named `host/program`", help);
            return None;
        }
        if self.out.actors.iter().any(|actor| actor.name == key.text) {
            let help = "give the program of these steps another name";
            self.errors
                .add(key.place.clone(), format!("{} is a built-in server", quoted(&key.text)), help)
                .label("it takes no steps");
            return None;
        }
        if scripts.len() + self.out.actors.len() >= MOST_ACTORS {
            let help = "steps of one program run in order: let one do more";
            self.errors.add(key.place.clone(), format!("more than {MOST_ACTORS} programs"), help);
            return None;
        }
        by_name.insert(key.text.clone(), scripts.len());
        scripts.push(Script { node, name: key.text.clone(), steps: vec![] });
        Some(scripts.len() - 1)
    }

    fn verb(&mut self, value: &Value) -> Option<Verb> {
        let Some(text) = value.text() else {
            value.mismatch(self.errors, "an action", "\"connect\"");
            return None;
        };
        let verb = Verb::named(text);
        if verb.is_none() {
            let synonym = SYNONYMS.iter().find(|(word, _)| *word == text);
            let verbs = Verb::ALL.iter().map(|verb| verb.name());
            let error = self.errors.unknown(value.place.clone(), "action", text, verbs).label("not an action");
            if let Some((_, ours)) = synonym {
                error.help(format!("did you mean `{ours}`?"));
            }
        }
        verb
    }

    fn step(&mut self, table: &StepTable, value: &Value) -> Option<Step> {
        let verb = self.verb(value)?;
        self.keys_fit(table, verb, &value.place);
        let want = self.want(table, verb);
        let action = self.action(table, verb, &value.place);
        let after = table.after.as_ref().filter(|after| self.label_exists(after));
        Some(Step {
            action: action?,
            at: table.at.as_ref().map(|at| Time::ZERO + at.value),
            wait: table.wait.as_ref().map(|wait| wait.value).unwrap_or_default(),
            after: after.map(|after| after.value.clone()),
            label: table.label.as_ref().map(|label| label.value.clone()),
            on: table.on.as_ref().map(|on| on.value.clone()),
            name: table.name_it.as_ref().map(|name| name.value.clone()),
            nonblocking: table.no_wait.as_ref().is_some_and(|no_wait| no_wait.value),
            want: want?,
            span: table.place.clone(),
        })
    }

    pub(super) fn label_exists(&mut self, label: &Placed<String>) -> bool {
        let exists = self.labels.contains_key(&label.value);
        if !exists {
            let known = self.labels.keys().map(String::as_str);
            self.errors.unknown(label.place.clone(), "label", &label.value, known).label("no step has this label");
            self.errors.doubtful();
        }
        exists
    }

    fn keys_fit(&mut self, table: &StepTable, verb: Verb, place: &Place) {
        let (seen, keys) = (table.seen(), verb.keys());
        for (key, place) in seen.iter().filter(|(key, _)| !keys.contains(key)) {
            self.errors.add(
                place.clone(),
                format!("`{key}` has no meaning for `{verb}`"),
                format!("`{verb}` takes: {}", keys.join(", ")),
            );
        }
        for need in verb.info().needs.iter().filter(|need| !seen.iter().any(|(key, _)| key == *need)) {
            let help = format!("as in {need} = {}", StepTable::example_of(need));
            self.errors.add(place.clone(), format!("`{verb}` needs `{need}`"), help).label("missing in this step");
        }
        if verb == CallName::Sleep.into() && !seen.iter().any(|(key, _)| matches!(*key, "at" | "wait" | "after")) {
            self.errors.add(place.clone(), "`sleep` needs `wait`, `at` or `after`", "as in wait = \"5 s\"");
        }
    }

    fn want(&mut self, table: &StepTable, verb: Verb) -> Option<Want> {
        let gives = verb.info().gives;
        if let (Some(expect), Some(_)) = (&table.expect, &table.fails) {
            let help = "`expect` or `fails`, not both";
            self.errors.add(expect.place.clone(), "a step that fails gives nothing", help);
        }
        if let Some(fails) = &table.fails {
            return Some(Want::Fails(fails.value));
        }
        let Some(expect) = &table.expect else {
            return if gives == Gives::Segment { self.awaited_segment(table) } else { Some(Want::Success) };
        };
        match (&expect.value, gives) {
            (Wanted::Text(text), _) if text == "anything" => Some(Want::Anything),
            (Wanted::Text(text), Gives::Bytes) if text == "end" => Some(Want::Eof),
            (Wanted::Text(text), Gives::Bytes) => Some(Want::Data(text.as_str().into())),
            (Wanted::Bytes(payload), Gives::Bytes) => self.payload(payload, "`expect`", &expect.place).map(Want::Data),
            (Wanted::Text(text), Gives::Value) => Some(Want::Text(text.clone())),
            (Wanted::Number(number), Gives::Value) => Some(Want::Text(number.to_string())),
            (_, Gives::Nothing) => Some(Want::Success),
            (_, Gives::Value) => {
                self.bad_want(&expect.place, verb, "a value", "as the trace prints it, like 5 or \"IN|OUT\"")
            }
            (_, Gives::Bytes) => {
                self.bad_want(&expect.place, verb, "bytes", "like \"hello\" or { bytes = 1000 }, or \"end\"")
            }
            (_, Gives::Segment) => self.bad_want(
                &expect.place,
                verb,
                "a segment",
                "its keys say what it must be, like flags = \"SYN,ACK\"",
            ),
            (_, Gives::Success) => self.bad_want(&expect.place, verb, "nothing", "only \"anything\" may stand here"),
        }
    }

    fn bad_want(&mut self, place: &Place, verb: Verb, gives: &str, help: &str) -> Option<Want> {
        self.errors.add(place.clone(), format!("`{verb}` gives {gives}"), help);
        None
    }

    fn action(&mut self, table: &StepTable, verb: Verb, place: &Place) -> Option<Action> {
        let link = |checker: &mut Self| table.link.as_ref().and_then(|link| checker.link(link));
        Some(match verb {
            Verb::Call(call) => self.call(table, call, place)?,
            Verb::Crash => Action::Crash,
            Verb::Restart => Action::Restart,
            Verb::Cut => Action::Cut(link(self)?),
            Verb::Repair => Action::Repair(link(self)?),
        })
    }

    fn call(&mut self, table: &StepTable, call: CallName, place: &Place) -> Option<Action> {
        let port = table.port.as_ref().and_then(|port| u16::try_from(port.value).ok());
        Some(match call {
            CallName::Socket => Action::Socket(table.proto.as_ref().map_or(Proto::Tcp, |proto| proto.value)),
            CallName::Bind => Action::Bind { addr: table.ip.as_ref().map(|ip| ip.value), port: port? },
            CallName::Listen => Action::Listen { port, backlog: number(&table.backlog).unwrap_or(BACKLOG) },
            CallName::Accept => Action::Accept,
            CallName::Connect => Action::Connect(self.target(table)?),
            CallName::Send => Action::Send(self.payload(&table.payload, "`send`", place)?),
            CallName::Recv => self.recv(table)?,
            CallName::Sendto => {
                let payload = self.payload(&table.payload, "`sendto`", place);
                Action::SendTo(self.target(table)?, payload?)
            }
            CallName::Recvfrom => Action::RecvFrom { max: self.bytes(&table.max)?.unwrap_or(RECV_MAX) },
            CallName::Shutdown => Action::Shutdown(table.how.as_ref().map_or(How::Both, |how| how.value)),
            CallName::Close => Action::Close,
            CallName::Setsockopt => {
                let (option, value) = (table.option.as_ref()?, table.value.as_ref()?);
                let fails = table.fails.as_ref().map(|fails| fails.value);
                self.option_fits(option.value, value, fails);
                Action::SetOpt(option.value, value.value)
            }
            CallName::Getsockopt => Action::GetOpt(table.option.as_ref()?.value),
            CallName::Getsockname => Action::GetSockName,
            CallName::Getpeername => Action::GetPeerName,
            CallName::Poll => Action::Poll,
            CallName::Getaddrinfo => {
                let name = table.name.as_ref()?;
                self.name_resolves(&name.value, &name.place, table);
                Action::Resolve(name.value.clone())
            }
            CallName::Sleep => Action::Wait,
            CallName::Inject => Action::Inject(self.inject(table)?),
            CallName::Segment => Action::Segment(self.peer_segment(table)?),
            CallName::Await => Action::Await(self.awaits(table)?),
            CallName::UserOpen
            | CallName::UserSend
            | CallName::UserReceive
            | CallName::UserClose
            | CallName::UserAbort
            | CallName::UserStatus => self.user_call(table, call, place)?,
        })
    }

    pub(super) fn target(&mut self, table: &StepTable) -> Option<Target> {
        let to = table.to.as_ref()?;
        let (host, port) = &to.value;
        self.name_resolves(host, &to.place, table);
        Some(Target { host: host.clone(), port: *port })
    }

    /// A name that nobody knows is an error, unless the step is there to show that.
    pub(super) fn name_resolves(&mut self, name: &str, place: &Place, table: &StepTable) {
        let meant = match (&table.fails, &table.expect) {
            (Some(fails), _) => matches!(fails.value, Errno::Enoname | Errno::Etryagain),
            (None, Some(expect)) => matches!(&expect.value, Wanted::Text(text) if text == "anything"),
            (None, None) => false,
        };
        let known = self.nodes.contains_key(name) || self.known_names.iter().any(|known| known == name);
        if meant || (known && !self.is_relay(name)) || name.parse::<IpAddr>().is_ok() {
            return;
        }
        self.host(name, place);
    }

    fn is_relay(&self, name: &str) -> bool {
        let node = self.nodes.get(name).and_then(|id| self.out.nodes.get(id.index()));
        node.is_some_and(|node| node.kind != crate::trace::NodeKind::Host)
    }

    fn recv(&mut self, table: &StepTable) -> Option<Action> {
        let (max, whole) = (self.bytes(&table.max)?, self.bytes(&table.whole)?);
        let to_end = table.to_end.as_ref().is_some_and(|to_end| to_end.value);
        if let (Some(whole), true) = (&table.whole, to_end) {
            let help = "until so many bytes, or until the end";
            self.errors.add(whole.place.clone(), "`whole` and `to-end` together", help);
        }
        Some(Action::Recv { max: max.unwrap_or(RECV_MAX), whole, to_end })
    }

    /// A number of bytes that a call takes; the outer option fails.
    pub(super) fn bytes(&mut self, size: &Option<Placed<u64>>) -> Option<Option<u32>> {
        let Some(size) = size else { return Some(None) };
        let bytes =
            i32::try_from(size.value).ok().and_then(|bytes| u32::try_from(bytes).ok()).filter(|bytes| *bytes > 0);
        if bytes.is_none() {
            self.errors.add(
                size.place.clone(),
                "a call takes from 1 byte to 2 GiB less one",
                "like 1000 or \"16 KiB\"",
            );
        }
        bytes.map(Some)
    }

    /// A value that the option does not take is an error, unless the step is there to show that.
    fn option_fits(&mut self, option: SockOpt, value: &Placed<i64>, fails: Option<Errno>) {
        let place = value.place.clone();
        match option.range() {
            None if fails != Some(Errno::Enoprotoopt) => {
                self.errors.add(place, format!("{option} can only be read"), "with `getsockopt`");
            }
            Some((low, high, what)) if !option.takes(value.value) && fails != Some(Errno::Einval) => {
                let help = format!("a number from {low} to {high} ({what})");
                self.errors.add(place, format!("{option} cannot be {}", value.value), help);
            }
            Some(_) | None => {}
        }
    }

    /// A step waits for the one before it and for that of its `after`: in a ring none would ever begin.
    fn nobody_waits_for_himself(&mut self, entries: &[Option<Entry>]) {
        let mut graph: DiGraph<usize, ()> = DiGraph::new();
        let nodes: Vec<NodeIndex> = (0..entries.len()).map(|index| graph.add_node(index)).collect();
        let mut last: BTreeMap<usize, usize> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            let Some(entry) = entry else { continue };
            if let Some(before) = last.insert(entry.script, index) {
                graph.add_edge(nodes[before], nodes[index], ());
            }
            if let Some((target, _)) = entry.after.as_ref().and_then(|after| self.labels.get(&after.value)) {
                graph.add_edge(nodes[*target], nodes[index], ());
            }
        }
        let mut ring = vec![0; entries.len()];
        for (number, members) in kosaraju_scc(&graph).iter().enumerate() {
            members.iter().for_each(|member| ring[member.index()] = number);
        }
        for (index, entry) in entries.iter().enumerate() {
            let Some(after) = entry.as_ref().and_then(|entry| entry.after.as_ref()) else { continue };
            let Some((target, _)) = self.labels.get(&after.value) else { continue };
            if ring[*target] == ring[index] {
                let label = if *target == index { "its own label" } else { "that step waits for this one" };
                let help = "`after` names a step that can be over before this one begins";
                self.errors.add(after.place.clone(), "this step would wait for itself", help).label(label);
            }
        }
    }
}

fn number(field: &Option<Placed<i64>>) -> Option<u32> {
    field.as_ref().and_then(|field| u32::try_from(field.value).ok())
}

/// The host of a program's name.
fn host_of(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

/// The beginning of a quoted key.
fn within(key: &Place, len: usize) -> Place {
    let start = key.start + 1;
    start..(start + len).min(key.end)
}
