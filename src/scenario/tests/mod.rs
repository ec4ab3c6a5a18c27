//! The language as a whole.

mod builder;
mod errors;
mod laws;

use super::*;

const SIMS: [(&str, &str); 8] = [
    ("handshake", include_str!("../../../sims/handshake.toml")),
    ("handshake-syn-lost", include_str!("../../../sims/handshake-syn-lost.toml")),
    ("handshake-syn-ack-lost", include_str!("../../../sims/handshake-syn-ack-lost.toml")),
    ("socket-api-flow", include_str!("../../../sims/socket-api-flow.toml")),
    ("full-duplex", include_str!("../../../sims/full-duplex.toml")),
    ("half-close", include_str!("../../../sims/half-close.toml")),
    ("udp-echo", include_str!("../../../sims/udp-echo.toml")),
    ("router", include_str!("../../../sims/router.toml")),
];

#[test]
fn the_sims_load() {
    for (name, text) in SIMS {
        let loaded = load(name, text);
        assert!(loaded.is_ok(), "{}", loaded.unwrap_err());
    }
}

/// Everything but the places in the file.
fn placeless(mut scenario: Scenario) -> Scenario {
    for actor in &mut scenario.actors {
        if let model::Program::Script(steps) = &mut actor.program {
            steps.iter_mut().for_each(|step| step.span = 0..0);
        }
    }
    scenario.expect.iter_mut().for_each(|expectation| expectation.span = 0..0);
    scenario
}

#[test]
fn an_explained_scenario_is_the_same_scenario() {
    for (name, text) in SIMS.into_iter().chain([("everything", EVERYTHING)]) {
        let first = load(name, text).unwrap_or_else(|errors| panic!("{errors}"));
        let explained = explain(&first);
        let second = load(name, &explained).unwrap_or_else(|errors| panic!("{errors}\n{explained}"));
        assert_eq!(placeless(first), placeless(second.clone()), "{explained}");
        assert_eq!(explained, explain(&second));
    }
}

/// Says everything that can be said.
const EVERYTHING: &str = r#"
title = "전부 \"다\""
about = """
two lines
and a tab	here"""
seed = 7

[hosts]
client = { ip = ["10.0.0.1", "2001:db8::1/64"], dns = "ns", names = { "web.example" = "server", two = ["10.0.0.9", "server"] }, isn = 4294967290 }
server = { ip = "10.0.1.2/24", via = "r", sockets = { congestion = "cubic", nagle = false, delayed-ack = "off", keep-alive = true, keep-idle = "30 s", keep-interval = "5 s", rcvbuf = "32 KiB", sndbuf = 5000, hop-limit = 3, user-timeout = "2 min" } }
ns = { ip = "10.0.2.53", serve = [{ app = "dns", port = 53, records = { "www.example" = "server" } }, { app = "echo", port = 7 }, { app = "echo", port = 8, proto = "udp" }, { app = "sink", port = 9, backlog = 3 }, { app = "source", port = 19, bytes = "1 MB" }] }
a = "10.9.0.1"
b = "10.9.0.2"

[switches]
sw = {}

[routers]
r = ["10.0.0.254", "10.0.1.254", "2001:db8::ff/64", "10.0.2.254"]

[sockets]
congestion = "none"

[links]
one = { joins = ["client", "r"], delay = "1.5 ms", jitter = "200 us", rate = "2.5 Mbit/s", queue = "32 kB", mtu = 1492, loss = "0.5 %", burst = { begin = "1 %", end = "30 %" }, duplicate = "3 ppm", reorder = "1 %", reorder-by = "3 ms", corrupt = "0.01 %", down = [["1 s", "3 s"], ["5 s"]], from = { r = { rate = "1 Gbit/s" } } }
two = { joins = ["server", "r"] }
three = { joins = ["ns", "r"] }
four = { joins = ["a", "sw"] }
five = { joins = ["sw", "b"], medium = "ethernet" }

[[faults]]
drop = "SYN,ACK"
from = "server"
link = "two"
nth = [1, "3..4", "9.."]

[[faults]]
delay = "data"
by = "300 ms"
seq = "[1,513)"

[[faults]]
duplicate = "FIN"

[[faults]]
corrupt = "arp"
from = "a"

[[faults]]
hold = "data"
from = "client"
nth = 2
until = "data 3"

[[faults]]
hold = "any"
until = { kind = "RST", from = "server", nth = 1 }

[run]
steps = [
  { server = "socket", as = "door" },
  { server = "setsockopt", on = "door", option = "SO_REUSEADDR", value = 1 },
  { server = "bind", on = "door", port = 80, ip = "10.0.1.2" },
  { server = "listen", on = "door", backlog = 0, label = "ready" },
  { "client/first" = "connect", to = "www.example:80", after = "ready", wait = "1 ms" },
  { "client/second" = "connect", to = "[2001:db8::5]:80", no-wait = true, fails = "EINPROGRESS", as = "six" },
  { server = "accept", on = "door", as = "visitor", expect = "10.0.0.1:49152" },
  { "client/first" = "send", bytes = "4 KiB" },
  { "client/first" = "send", hex = "00 ff" },
  { "client/first" = "send", text = "줄\n" },
  { server = "recv", on = "visitor", max = 100, whole = "4 KiB", expect = { bytes = "4 KiB" } },
  { server = "recv", on = "visitor", to-end = true, expect = { text = "end" } },
  { server = "recv", on = "visitor", expect = "end" },
  { server = "recv", on = "visitor", expect = { hex = "ff" } },
  { server = "recv", on = "visitor", expect = "anything" },
  { server = "getsockopt", option = "SO_ERROR", expect = 0 },
  { server = "getsockname" },
  { server = "getpeername", expect = "10.0.0.1:49152" },
  { server = "poll", expect = "IN|OUT" },
  { a = "socket", proto = "udp" },
  { a = "sendto", to = "b:7", text = "" },
  { a = "recvfrom", max = 20 },
  { a = "shutdown", how = "RDWR" },
  { a = "close" },
  { client = "getaddrinfo", name = "nowhere", fails = "EAI_NONAME" },
  { b = "sleep", at = "2 s" },
  { b = "crash" },
  { b = "restart", wait = "1 s" },
  { b = "cut", link = "one" },
  { b = "repair", link = "one", label = "whole again" },
  { b = "inject", src = ":80", to = "a:81", flags = "SYN,ACK", seq = 5, ack = 6, window = 7, options = "01 fe 00", text = "x" },
  { b = "inject", src = "10.9.0.77:80", to = "a:81", flags = "RST" },
]

[limits]
events = 1000
time = "10 min"
queued = "1 MiB"

[expect]
ending = "stuck"
known-divergences = ["x"]
server = "LISTEN › SYN-RECEIVED"
"client client.2" = "CLOSED > SYN-SENT"
"client client.1 initiator" = "CLOSED"
lost = "1.."
retransmissions = 3

[[expect.count]]
what = "errors"
host = "client"
conn = "client.1"
word = "ECONNRESET"
at-least = 2
at-most = 5

[[expect.count]]
what = "sent"
kind = "SYN"
is = "0..2"

[[expect.elapsed]]
from = "ready"
to = "whole again"
at-most = "5 s"
"#;

/// Generated files are held to the program; with DRYWIRE_BLESS they are written.
fn held(path: &str, made: &str) {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("DRYWIRE_BLESS").is_some() {
        std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "{path} is not what the program makes: run the tests with DRYWIRE_BLESS=1");
}

#[test]
fn the_schema_is_up_to_date() {
    held("sims/schema.json", &format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap()));
}

#[test]
fn the_reference_is_up_to_date() {
    held("docs/scenario.md", &reference());
    assert!(load("example", describe::EXAMPLE).is_ok());
}

/// The defaults that the reference names, as a file would write them.
fn defaults<T: table::Table>() -> String {
    let fields = T::fields().into_iter().filter_map(|field| Some(format!("{} = {}\n", field.key, field.default?)));
    fields.collect()
}

#[test]
fn the_defaults_are_those_that_the_reference_names() {
    let text = format!(
        "hosts.a = \"10.0.0.1\"\nhosts.b = \"10.0.0.2\"\n{}\n[sockets]\n{}\n[limits]\n{}\n[links.l]\njoins = [\"a\", \"b\"]\n",
        "run = { steps = [{ a = \"listen\" }, { a = \"recv\" }] }",
        defaults::<tables::SocketsTable>(),
        defaults::<tables::LimitsTable>(),
    );
    let scenario = load("x", &format!("{text}{}{}", "medium = \"ip\"\n", defaults::<tables::LaneTable>())).unwrap();
    assert_eq!(scenario.nodes[0].host.sockets, model::SocketSpec::default());
    assert_eq!(scenario.limits, crate::base::Limits::default());
    assert_eq!(scenario.links[0].lanes, [model::Lane::default(); 2]);
    let steps =
        "steps = [{ a = \"listen\", backlog = 128, wait = \"0 ms\" }, { a = \"recv\", max = 65536, no-wait = false }]";
    let written = text.replace("steps = [{ a = \"listen\" }, { a = \"recv\" }]", steps);
    assert_eq!(placeless(load("x", &written).unwrap()), placeless(load("x", &text).unwrap()));
}

#[test]
fn a_step_with_times_stands_for_so_many() {
    let step =
        |times: &str| format!("{{ a = \"send\", text = \"x\", at = \"1 s\", wait = \"20 ms\", label = \"l\"{times} }}");
    let text = |steps: &str| {
        format!(
            "hosts.a = \"10.0.0.1\"\nhosts.b = \"10.0.0.2\"\nlinks.l = {{ joins = [\"a\", \"b\"] }}\nrun.steps = [{steps}]\n"
        )
    };
    let scenario = load("x", &text(&step(", times = 3"))).unwrap();
    let model::Program::Script(steps) = &scenario.actors[0].program else { panic!("a script") };
    let shape: Vec<_> = steps.iter().map(|step| (step.at.is_some(), step.wait.0, step.label.is_some())).collect();
    assert_eq!(shape, [(true, 20_000_000, false), (false, 20_000_000, false), (false, 20_000_000, true)]);
    assert!(load("x", &text(&step(", times = 0"))).is_err());
}
