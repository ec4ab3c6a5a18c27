//! What is said of what is wrong: message, place, help.

use super::super::*;

/// A scenario with nothing wrong, to be spoiled.
const GOOD: &str = r#"
[hosts]
client = "10.0.0.1"
server = "10.0.0.2"

[links]
wire = { joins = ["client", "server"], delay = "50 ms" }

[[faults]]
drop = "SYN"

[run]
steps = [
  { server = "listen", port = 80 },
  { client = "connect", to = "server:80", label = "open" },
]

[expect]
client = "CLOSED > SYN-SENT > ESTABLISHED"
"#;

fn all(text: &str) -> Vec<(String, String, String)> {
    let errors = load("s.toml", text).map(|_| ()).unwrap_err();
    let marked = |error: &Diagnostic| errors.text[error.span.clone()].to_owned();
    errors.list.iter().map(|e| (e.message.clone(), marked(e), e.help.clone())).collect()
}

/// Replaces a part of the good scenario; the first error has this message at this text, and its help has this in it.
#[track_caller]
fn spoil(part: &str, by: &str, message: &str, at: &str, help: &str) {
    assert!(GOOD.contains(part), "{part}");
    let errors = all(&GOOD.replacen(part, by, 1));
    let (said, marked, helped) = &errors[0];
    assert_eq!((said.as_str(), marked.as_str()), (message, at), "{errors:?}");
    assert!(!help.is_empty() && helped.contains(help), "{helped}");
    assert_eq!(errors.len(), 1, "{errors:?}");
}

#[test]
fn unknown_words_are_answered_with_what_was_meant() {
    spoil("delay =", "dealy =", "unknown key `dealy` in a link", "dealy", "did you mean `delay`?");
    spoil("server:80", "sever:80", "unknown host `sever`", "\"sever:80\"", "did you mean `server`?");
    spoil("\"connect\"", "\"conect\"", "unknown action `conect`", "\"conect\"", "did you mean `connect`?");
    spoil("{ client = \"connect\"", "{ clint = \"connect\"", "unknown host `clint`", "clint", "did you mean `client`?");
    spoil("[expect]", "[expct]", "unknown key `expct` in a scenario", "expct", "did you mean `expect`?");
    spoil(
        "> ESTABLISHED",
        "> ESTABLISHD",
        "`ESTABLISHD` is not a TCP state",
        "\"CLOSED > SYN-SENT > ESTABLISHD\"",
        "ESTABLISHED",
    );
    spoil("drop = \"SYN\"", "drop = \"syn\"", "`syn` is not a packet kind", "\"syn\"", "did you mean `SYN`?");
    spoil(
        "label = \"open\"",
        "label = \"open\", after = \"opn\"",
        "unknown label `opn`",
        "\"opn\"",
        "did you mean `open`?",
    );
    spoil(
        "drop = \"SYN\"",
        "drop = \"SYN\"\nlink = \"wier\"",
        "unknown link `wier`",
        "\"wier\"",
        "did you mean `wire`?",
    );
    spoil("label = \"open\"", "on = \"door\"", "unknown socket `door`", "\"door\"", "sockets are: none");
    spoil(
        "client = \"CLOSED",
        "clint = \"CLOSED",
        "`clint` is neither a host nor a key of [expect]",
        "clint",
        "`client`",
    );
    spoil("\"connect\"", "\"wait\"", "unknown action `wait`", "\"wait\"", "did you mean `sleep`?");
}

#[test]
fn nonsense_is_refused_with_the_reason() {
    spoil(
        "port = 80",
        "port = 80, to = \"client:1\"",
        "`to` has no meaning for `listen`",
        "to",
        "`listen` takes: on, as, port",
    );
    spoil("to = \"server:80\", ", "", "`connect` needs `to`", "\"connect\"", "as in to = \"server:80\"");
    spoil("\"50 ms\"", "\"-50 ms\"", "a duration cannot be negative", "\"-50 ms\"", "like \"50 ms\"");
    spoil("\"50 ms\"", "50", "a duration needs a unit", "50", "like \"50 ms\"");
    spoil("\"50 ms\"", "\"50 ms\", rate = 0", "a rate of 0 carries nothing", "0", "`down`");
    spoil("\"50 ms\"", "\"50 ms\", mtu = 100", "100 is not from 576 to 65535", "100", "like 576");
    spoil("\"10.0.0.2\"", "\"10.0.0.1\"", "the address 10.0.0.1 is used twice", "\"10.0.0.1\"", "another one");
    spoil(
        "\"10.0.0.2\"",
        "\"10.0.0.2/33\"",
        "`33` is not the length of a network's prefix",
        "\"10.0.0.2/33\"",
        "from 1 to 31",
    );
    spoil("\"10.0.0.2\"", "\"10.0.0.255\"", "10.0.0.255/24 cannot be a host's address", "\"10.0.0.255\"", "10.0.0.1");
    spoil("\"10.0.0.2\"", "\"10.0.1.2\"", "`client` and `server` have no network in common", "wire", "10.0.1.2/24");
    spoil(
        "[\"client\", \"server\"]",
        "[\"server\", \"server\"]",
        "a link from `server` to itself",
        "\"server\"",
        "without a link",
    );
    spoil("[\"client\", \"server\"]", "[\"server\"]", "a link joins two", "[\"server\"]", "switch");
    spoil(
        "label = \"open\"",
        "label = \"open\", after = \"open\"",
        "this step would wait for itself",
        "\"open\"",
        "`after`",
    );
    spoil("drop = \"SYN\"", "", "a fault does nothing here", "[[faults]]", "one of drop, delay");
    spoil("drop = \"SYN\"", "delay = \"SYN\"", "`delay` needs `by`", "delay", "by = \"300 ms\"");
    spoil("drop = \"SYN\"", "drop = \"SYN\"\nnth = 0", "ordinals count from 1", "0", "1 is the first");
    spoil("drop = \"SYN\"", "drop = \"SYN\"\nby = \"1 s\"", "`by` has no meaning for `drop`", "by", "`delay` instead");
    spoil("\"50 ms\"", "\"50 ms\", loss = \"101 %\"", "a probability is at most 100 %", "\"101 %\"", "like \"0.5 %\"");
    spoil(
        "\"50 ms\"",
        "\"50 ms\", down = [[\"3 s\", \"1 s\"]]",
        "repaired before it is cut",
        "[\"3 s\", \"1 s\"]",
        "[cut, repaired]",
    );
    spoil("\"50 ms\"", "\"50 ms\", from = { sever = {} }", "`sever` is no end of this link", "sever", "`server`");
    spoil(
        "= \"10.0.0.2\"",
        "= { ip = \"10.0.0.2\", via = \"client\" }",
        "`client` cannot be its router",
        "\"client\"",
        "a router at the other end",
    );
    spoil("label = \"open\"", "fails = \"EPIP\"", "unknown errno `EPIP`", "\"EPIP\"", "did you mean `EPIPE`?");
    spoil(
        "{ server = \"listen\", port = 80 }",
        "{ port = 80 }",
        "this step names no program",
        "{ port = 80 }",
        "a host with",
    );
}

#[test]
fn what_is_missing_or_beyond_bounds_is_told_with_an_example() {
    spoil("[hosts]", "seed = -1\n[hosts]", "-1 is less than 0", "-1", "like 1");
    spoil("[hosts]", "seed = \"x\"\n[hosts]", "a string where a whole number is expected", "\"x\"", "like 1");
    let server = |table: &str| format!("= {{ ip = \"10.0.0.2\", serve = {table} }}");
    let source = "{ app = \"source\", port = 9 }";
    spoil("= \"10.0.0.2\"", &server(source), "a source needs `bytes`", source, "as in bytes = \"64 KiB\"");
    spoil(
        "= \"10.0.0.2\"",
        &server("{ app = \"echo\" }"),
        "a server needs `port`",
        "{ app = \"echo\" }",
        "as in port = 80",
    );
    spoil(
        "joins = [\"client\", \"server\"], delay",
        "delay",
        "a link needs `joins`",
        "{ delay = \"50 ms\" }",
        "as in joins = [\"client\", \"server\"]",
    );
    let (message, _, help) = all("").remove(0);
    assert_eq!(
        (message.as_str(), help.as_str()),
        ("a scenario needs `hosts`", "as in hosts = { name = \"10.0.0.1/24\" }")
    );
    let addresses: Vec<String> = (2..9).map(|n| format!("\"10.0.0.{n}\"")).collect();
    let seven = format!("[{}]", addresses.join(", "));
    spoil("\"10.0.0.2\"", &seven, "more than 6 addresses", &seven, "a host has room for 6");
    let six = format!("[{}]", addresses[..6].join(", "));
    assert!(load("s", &GOOD.replace("\"10.0.0.2\"", &six)).is_ok());
}

#[test]
fn options_have_the_ranges_that_the_sockets_know() {
    let step = |option: &str, value: &str| {
        format!(
            "{{ client = \"connect\", to = \"server:80\" }}, {{ client = \"setsockopt\", option = \"{option}\", value = {value} }}, {{ client = \"sleep\", wait = \"1 s\""
        )
    };
    let connect = "{ client = \"connect\", to = \"server:80\"";
    let told = |option: &str, value: &str, message: &str, help: &str| {
        spoil(connect, &step(option, value), message, value, help);
    };
    told("SO_LINGER", "32768", "SO_LINGER cannot be 32768", "from -1 to 32767 (seconds; -1 is off)");
    told("SO_RCVBUF", "65536", "SO_RCVBUF cannot be 65536", "from 1 to 65535 (bytes)");
    told("TCP_KEEPINTVL", "0", "TCP_KEEPINTVL cannot be 0", "from 1 to 32767 (seconds)");
    told("SO_ERROR", "0", "SO_ERROR can only be read", "getsockopt");
    let shown = step("IP_TTL", "0").replacen("value = 0", "value = 0, fails = \"EINVAL\"", 1);
    assert!(load("s", &GOOD.replace(connect, &shown)).is_ok(), "a step that is there to show it");
}

#[test]
fn routers_switches_and_second_links_have_their_rules() {
    let text = r#"
        [hosts]
        a = "10.0.0.1"
        b = "10.0.0.2"
        [switches]
        s = {}
        t = {}
        [routers]
        r = "10.0.0.254"
        [links]
        one = { joins = ["a", "s"], medium = "ip" }
        two = { joins = ["r", "s"] }
        three = { joins = ["a", "b"] }
        four = { joins = ["s", "t"] }
        five = { joins = ["t", "s"] }
    "#;
    let messages: Vec<String> = all(text).into_iter().map(|(message, _, _)| message).collect();
    assert_eq!(
        messages,
        [
            "a switch forwards Ethernet frames",
            "a router has no Ethernet links",
            "the host `a` has a link already",
            "this link closes a ring of switches",
        ]
    );
}

#[test]
fn large_receive_buffers_are_for_divergences_alone() {
    let text = GOOD.replace("[links]", "[sockets]\nrcvbuf = 65536\n[links]");
    let (message, marked, help) = &all(&text)[0];
    assert_eq!((message.as_str(), marked.as_str()), ("a receive buffer of 65,536 bytes", "65536"));
    assert!(help.contains("loses data"), "{help}");
    let name = "sims/divergence/lost-tail.toml";
    let scenario = load(name, &text).unwrap();
    assert_eq!((scenario.name.as_str(), scenario.nodes[0].host.sockets.rcvbuf), ("lost-tail", 65_536));
}

#[test]
fn syntax_errors_and_all_others_come_at_once_and_in_order() {
    let text = GOOD.replace("delay = ", "delay : ").replace("\"connect\"", "\"conect\"");
    let messages: Vec<String> = all(&text).into_iter().map(|(message, _, _)| message).collect();
    assert!(messages[0].starts_with("this is not TOML: "), "{messages:?}");
    assert_eq!(messages[1..], ["unknown action `conect`"]);

    let unclosed = GOOD.replace("[\"client\", \"server\"],", "[\"client\", \"server\",");
    for text in [
        unclosed,
        GOOD.replace("\"10.0.0.1\"", "\"10.0.0.1"),
        GOOD.replace("[hosts]", "[hosts"),
        GOOD.replace("[run]", "run]"),
        GOOD.replace("steps = [", "steps = "),
        GOOD.replace("\n]", "\n"),
        GOOD.replace("client = \"10.0.0.1\"", "client = 10.0.0.1"),
        GOOD.replace("delay = \"50 ms\"", "delay = "),
        GOOD.replace("delay = \"50 ms\"", "joins = []"),
    ] {
        let errors = all(&text);
        let follow: Vec<_> =
            errors.iter().filter(|(message, _, _)| !message.starts_with("this is not TOML: ")).collect();
        assert!(follow.is_empty(), "{text}\n{errors:#?}");
        assert!(errors.iter().all(|(_, _, help)| !help.is_empty()), "{errors:#?}");
    }

    let steps: String = (0..10_000).map(|n| format!("{{ nobody{n} = \"conect\", too = 1 }},\n")).collect();
    let text = format!("[hosts]\nclient = \"10.0.0.1\"\n[run]\nsteps = [\n{steps}]");
    let errors = load("many", &text).map(|_| ()).unwrap_err();
    assert_eq!(errors.list.len(), 30_000);
    let shown = errors.to_string();
    assert!(shown.ends_with("and 29,980 more"), "{}", &shown[shown.len() - 100..]);
    assert!(errors.list.is_sorted_by_key(|error| error.span.start));
}

#[test]
fn an_error_is_shown_below_its_line() {
    let text = "about = \"안녕\"\n[hosts]\na = \"10.0.0.1\"\n\"안녕\" = \"안녕\"\n";
    let shown = load("한글.toml", text).map(|_| ()).unwrap_err().to_string();
    let expected = "\
한글.toml:3:1: no link to `a`
    3 | a = \"10.0.0.1\"
      | ^
      = help: in [links]: wire = { joins = [\"a\", …] }

한글.toml:4:1: no link to `안녕`
    4 | \"안녕\" = \"안녕\"
      | ^^^^^^
      = help: in [links]: wire = { joins = [\"안녕\", …] }

한글.toml:4:8: `안녕` is not an IP address
    4 | \"안녕\" = \"안녕\"
      |          ^^^^^^
      = help: like \"10.0.0.1\" or \"2001:db8::1\"
";
    assert_eq!(shown, expected);
}

#[test]
fn replacements_by_path_are_checked_as_the_file_is() {
    let with = |path: &str, value: &str| load_with("s", GOOD, &[(path.to_owned(), value.to_owned())]);
    let delay = with("links.wire.delay", "80 ms").unwrap().links[0].lanes[0].delay;
    assert_eq!(delay, crate::base::Span::millis(80));
    assert_eq!(with("hosts.client.isn", "5").unwrap().nodes[0].host.isn, Some(5));
    assert_eq!(with("seed", "3").unwrap().seed, 3);
    let first = |path: &str, value: &str| {
        let errors = with(path, value).map(|_| ()).unwrap_err();
        let error = &errors.list[0];
        (error.message.clone(), errors.text[error.span.clone()].to_owned(), error.help.clone())
    };
    let told = |message: &str, at: &str, help: &str| (message.to_owned(), at.to_owned(), help.to_owned());
    assert_eq!(first("links.wier.delay", "1 s"), told("unknown link `wier`", "wier", "did you mean `wire`?"));
    assert_eq!(
        first("links.wire.delay", "80"),
        told("a duration needs a unit", "80", "like \"50 ms\"; units are ns, us, ms, s, min, h")
    );
    assert_eq!(
        first("links.wire.dealy", "1 s"),
        told("unknown key `dealy` in a link", "dealy", "did you mean `delay`?")
    );
    assert_eq!(
        first("faults.1.nth", "1"),
        told("`1` is no position of this list", "1", "it has 1 entries, counted from 0")
    );
    assert_eq!(first("faults..nth", "1").0, "`faults..nth` is no path");
    assert_eq!(first("title.x", "1").0, "a table where a string is expected");
}

#[test]
fn bytes_that_are_no_text_are_an_error() {
    let errors = load_bytes("s", b"title = \"\xff\"").map(|_| ()).unwrap_err();
    assert_eq!(errors.list[0].message, "not UTF-8 text");
}
