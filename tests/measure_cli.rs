//! `drywire measure` as people run it, and the XML of `check --format junit` as a build server reads it.

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn drywire(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_drywire"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(args)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that has refused its arguments reads nothing.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("the program ends")
}

fn out(args: &[&str]) -> String {
    let output = drywire(args, "");
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// What is said to standard error where the input is bad.
fn refused(args: &[&str]) -> String {
    let output = drywire(args, "");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
    String::from_utf8(output.stderr).expect("text")
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&out(&[args, &["--format", "json"]].concat())).expect("JSON")
}

#[test]
fn a_list_makes_a_column_for_each_value() {
    let args = ["measure", "sims/handshake.toml", "--set", "links.wire.delay=10ms,50 ms", "--figures", "connect"];
    let expected = "\
sim   sims/handshake.toml
seed  0

links.wire.delay   10ms   50 ms
connect-p50-us    20000  100000
connect-max-us    20000  100000
";
    assert_eq!(out(&args), expected);
    let csv = "sim,links.wire.delay,seed,connect-p50-us,connect-max-us\r\n\
        sims/handshake.toml,10ms,0,20000,20000\r\nsims/handshake.toml,50 ms,0,100000,100000\r\n";
    assert_eq!(out(&[&args[..], &["--format", "csv"]].concat()), csv);
    let value = json(&args);
    assert_eq!(value["version"], 1);
    assert_eq!(value["runs"][1]["settings"]["links.wire.delay"], "50 ms");
    assert_eq!(value["runs"][1]["figures"]["connect-p50-us"], 100_000);
}

#[test]
fn lists_are_multiplied() {
    let set = ["--set", "links.wire.delay=10ms,20ms", "--set", "seed=1,2,3"];
    let value = json(&[&["measure", "sims/handshake.toml", "sims/data-lost.toml"][..], &set].concat());
    let runs = value["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2 * 2 * 3);
    for run in runs {
        let delay = if run["settings"]["links.wire.delay"] == "10ms" { 10_000 } else { 20_000 };
        assert_eq!(run["figures"]["handshake-rtt-max-us"], 2 * delay);
        assert_eq!(run["seed"].to_string(), run["settings"]["seed"].as_str().unwrap());
    }
}

#[test]
fn seeds_give_least_median_and_greatest() {
    let figure = ["--figures", "retransmissions"];
    let each: Vec<u64> = (1..=5)
        .map(|seed| {
            let seed = seed.to_string();
            let args = [&["measure", "sims/random-loss.toml", "--seed", &seed][..], &figure].concat();
            json(&args)["runs"][0]["figures"]["retransmissions"].as_u64().unwrap()
        })
        .collect();
    let value = json(&[&["measure", "sims/random-loss.toml", "--seeds", "5"][..], &figure].concat());
    let mut sorted = each.clone();
    sorted.sort_unstable();
    for (at, stat, rank) in [(0, "min", 0), (1, "median", 2), (2, "max", 4)] {
        let run = &value["runs"][at];
        assert_eq!(run["of_seeds"], stat);
        assert!(run["seed"].is_null());
        assert_eq!(run["figures"]["retransmissions"], sorted[rank], "{each:?}");
    }
    assert!(sorted[0] < sorted[4], "seeds differ: {each:?}");
}

#[test]
fn a_saved_trace_has_the_figures_of_its_run() {
    for sim in ["sims/data-lost.toml", "sims/udp-echo.toml"] {
        let saved = out(&["run", sim, "--format", "json"]);
        let output = drywire(&["measure", "-", "--format", "json"], &saved);
        let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(value["runs"][0]["figures"], json(&["measure", sim])["runs"][0]["figures"]);
    }
    let saved = out(&["run", "sims/udp-echo.toml", "--format", "json"]);
    for more in [["--seed", "3"], ["--seeds", "3"], ["--set", "seed=1"]] {
        let output = drywire(&[&["measure", "-"][..], &more].concat(), &saved);
        assert_eq!(output.status.code(), Some(2), "{more:?}");
    }
}

#[test]
fn ends_have_columns_of_their_own() {
    let value = json(&["measure", "sims/data-lost.toml", "--by", "end"]);
    let runs = value["runs"].as_array().unwrap();
    assert_eq!([&runs[0]["end"], &runs[1]["end"]], ["client.1 client", "client.1 server"]);
    assert_eq!([&runs[0]["figures"]["segments"], &runs[1]["figures"]["segments"]], [6, 4]);
    assert!(runs[0]["figures"]["duration-us"].is_null());
    assert!(out(&["measure", "sims/udp-echo.toml", "--by", "end"]).starts_with("no connection"));
}

#[test]
fn mistakes_are_told_with_what_was_meant() {
    let sim = "sims/handshake.toml";
    assert!(refused(&["measure", sim, "--set", "links.wire.dealy=1,2"]).contains("did you mean `delay`?"));
    assert!(refused(&["measure", sim, "--figures", "godput"]).contains("did you mean `goodput`?"));
    assert!(refused(&["measure", sim, "--figures", "latncy-p50-us"]).contains("did you mean `latency-p50-us`?"));
    assert!(refused(&["measure", sim, "--figures", "zzzzzzzzzz"]).contains("measure --list"));
    let many = ["measure", sim, "--seeds", "501", "--set", "links.wire.delay=1ms,2ms"];
    assert!(refused(&many).contains("1002 runs are asked for; 1000 is the most"));
    assert!(refused(&["measure"]).contains("<SIM>"));
    assert!(refused(&["measure", sim, "--seed", "1", "--seeds", "2"]).contains("--seed"));
    assert!(refused(&["measure", sim, "--set", "links.wire.delay=1ms,"]).contains("delay"));
}

#[test]
fn a_table_stays_within_a_hundred_columns() {
    let delays: Vec<String> = (1..=40).map(|delay| format!("{delay}ms")).collect();
    let set = format!("links.wire.delay={}", delays.join(","));
    for figures in ["handshake-rtt,segments", "bytes,state,timer,drop,fault"] {
        let text = out(&["measure", "sims/handshake.toml", "--set", &set, "--figures", figures]);
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert_eq!(text.matches(" 40ms").count() + text.matches("\n40ms").count(), 1, "{text}");
    }
    // Two figures fit when the table is turned round: a row for each run.
    let turned = out(&["measure", "sims/handshake.toml", "--set", &set, "--figures", "connect"]);
    assert!(turned.contains("\nlinks.wire.delay  connect-p50-us  connect-max-us\n"), "{turned}");
}

#[test]
fn every_figure_is_explained() {
    let text = out(&["measure", "--list"]);
    assert_eq!(text.lines().count(), drywire::view::measure::figures().len());
    assert!(text.lines().all(|line| line.split_once("  ").is_some_and(|(_, about)| about.trim().len() > 8)), "{text}");
}

/// An element of XML that has begun: its name and its attributes.
type Element = (String, Vec<(String, String)>);

/// Reads XML as far as JUnit's form needs it, and fails where it is not well formed. Gives each element with its depth.
fn elements(text: &str) -> Vec<(usize, Element)> {
    let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a declaration");
    let (mut open, mut all): (Vec<String>, Vec<(usize, Element)>) = (Vec::new(), Vec::new());
    while let Some(at) = rest.find('<') {
        sound_text(&rest[..at]);
        let (tag, after) = rest[at + 1..].split_once('>').expect("a tag that ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut pairs = Vec::new();
        while let Some((key, value)) = attributes.trim_start().split_once("=\"") {
            let (value, after) = value.split_once('"').expect("a value that ends");
            sound_text(value);
            pairs.push((key.to_owned(), value.to_owned()));
            attributes = after;
        }
        all.push((open.len(), (name.to_owned(), pairs)));
        if !empty {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
    all
}

/// Text has no markup of its own: each `&` begins an entity, and there are no control characters but line ends.
fn sound_text(text: &str) {
    for part in text.split('&').skip(1) {
        let entity = part.split_once(';').expect("an entity that ends").0;
        assert!(["amp", "lt", "gt", "quot", "#10"].contains(&entity), "&{entity};");
    }
    assert!(!text.contains(['<', '>']) && !text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}

fn attribute<'e>(element: &'e Element, key: &str) -> &'e str {
    let found = element.1.iter().find(|(known, _)| known == key);
    &found.unwrap_or_else(|| panic!("{key} of {element:?}")).1
}

#[test]
fn junit_is_what_build_servers_read() {
    let folder = tempfile::tempdir().unwrap();
    let good = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("sims/handshake.toml")).unwrap();
    let bad = good.replace("sent = 3", "sent = 4 # <&\">");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let sims = [file("good & \"so\".toml", &good), file("bad.toml", &bad), file("broken.toml", "title = ")];
    let args: Vec<&str> = ["check", "--format", "junit"].into_iter().chain(sims.iter().map(String::as_str)).collect();
    let output = drywire(&args, "");
    assert_eq!(output.status.code(), Some(2));
    let all = elements(&String::from_utf8(output.stdout).expect("text"));
    let shape: Vec<(usize, &str)> = all.iter().map(|(depth, (name, _))| (*depth, name.as_str())).collect();
    let case = (2, "testcase");
    let expected = [(0, "testsuites"), (1, "testsuite"), case, case, (3, "failure"), case, (3, "error")];
    assert_eq!(shape, expected);
    for (_, suite) in &all[..2] {
        assert_eq!(["tests", "failures", "errors"].map(|key| attribute(suite, key)), ["3", "1", "1"]);
        assert!(!attribute(suite, "name").is_empty());
    }
    for (_, case) in all.iter().filter(|(_, (name, _))| name == "testcase") {
        assert_eq!(attribute(case, "classname"), "drywire.check");
        assert!(attribute(case, "name").ends_with(".toml"));
    }
    assert!(attribute(&all[2].1, "name").ends_with("good &amp; &quot;so&quot;.toml"));
    assert!(!attribute(&all[4].1, "message").is_empty() && !attribute(&all[6].1, "message").is_empty());
}
