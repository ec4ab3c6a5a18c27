//! `drywire diff` and `drywire why`: what they say of telling pairs, and what holds of every pair.

use crate::support::{each_sim, root, run};
use drywire::trace::{JsonOptions, TextOptions, Trace, json, path, text};
use drywire::view::diff::{Story, Tell, compare};
use drywire::view::why::why;
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn drywire(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_drywire"))
        .current_dir(folder)
        .args(args)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

/// Exit code, standard output, standard error.
fn ran(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = drywire(folder, args);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!err.contains("panicked"), "{args:?}: {err}");
    (output.status.code().expect("an exit code, not a signal"), out, err)
}

fn here(args: &[&str]) -> (i32, String, String) {
    ran(root(), args)
}

fn trace(name: &str) -> Trace {
    let file = format!("sims/{name}.toml");
    let text = fs::read_to_string(root().join(&file)).expect("a scenario");
    run(&drywire::scenario::load(&file, &text).expect("a sound one")).0
}

fn told(trace: &Trace) -> String {
    text(trace, &TextOptions::default())
}

/// What the program prints is as it was reviewed.
fn reviewed(name: &str, args: &[&str], code: i32) {
    let (was, out, err) = here(args);
    assert_eq!((was, err.as_str()), (code, ""), "{args:?}");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(format!("drywire {}", args.join(" ")));
    settings.bind(|| insta::assert_snapshot!(name, out));
}

#[test]
fn telling_pairs_are_told_as_they_were_reviewed() {
    let pairs: [(&str, &[&str], i32); 11] = [
        ("diff__a-syn-is-lost", &["sims/handshake.toml", "sims/handshake-syn-lost.toml"], 1),
        ("diff__another-close", &["sims/close-by-the-client.toml", "sims/simultaneous-close.toml"], 1),
        ("diff__a-reset", &["sims/recv-at-a-graceful-end.toml", "sims/recv-at-a-reset.toml"], 1),
        ("diff__an-acknowledgment-is-lost", &["sims/fin-with-data.toml", "sims/fin-lost.toml"], 1),
        ("diff__another-latency", &["sims/handshake.toml", "--set", "links.wire.delay=80 ms", "--time"], 0),
        ("diff__another-seed", &["sims/random-loss.toml", "--seed", "1", "--seed", "2"], 1),
        ("diff__datagrams", &["sims/udp-echo.toml", "sims/udp-port-closed.toml"], 1),
        ("diff__a-divergence", &["sims/peer-crashes-and-restarts.toml", "sims/divergence/restarted-peer.toml"], 1),
        ("diff__json", &["sims/handshake.toml", "sims/handshake-syn-lost.toml", "--format", "json"], 1),
        ("diff__dot", &["sims/close-by-the-client.toml", "sims/simultaneous-close.toml", "--format", "dot"], 1),
        ("diff__mermaid", &["sims/close-by-the-client.toml", "sims/simultaneous-close.toml", "--format", "mermaid"], 1),
    ];
    for (name, args, code) in pairs {
        reviewed(name, &[&["diff"], args].concat(), code);
    }
}

#[test]
fn causes_are_told_as_they_were_reviewed() {
    let chains: [(&str, &[&str]); 4] = [
        ("why__accept-returns", &["sims/handshake-syn-lost.toml", "--at", "1150"]),
        ("why__a-state", &["sims/handshake-syn-lost.toml", "27"]),
        ("why__judged", &["sims/divergence/reset-inexact.toml", "33"]),
        ("why__json", &["sims/handshake.toml", "25", "--format", "json"]),
    ];
    for (name, args) in chains {
        reviewed(name, &[&["why"], args].concat(), 0);
    }
}

#[test]
fn a_run_is_like_itself_in_every_form() {
    each_sim(|sim| {
        let (trace, _) = run(&sim.scenario);
        let text = told(&trace);
        let [whole, folded] = [true, false].map(|unfolded| Story::of(&trace, unfolded));
        let read = Story::read(&text).expect("a text form");
        let paths = Story::read(&path(&trace)).expect("a path form");
        assert!(read == folded, "{}: what is read is what was written", sim.file);
        let mut pairs = vec![(&whole, &whole), (&read, &folded), (&paths, &paths)];
        // A host that talks to itself: its text form does not tell all ends apart.
        if sim.name != "loopback" {
            pairs.extend([(&paths, &read), (&read, &paths)]);
        }
        for (one, other) in pairs {
            let difference = compare(one, other);
            let told = difference.tell("a", "a", Tell::default());
            assert!(difference.is_same(), "{}: {told}", sim.file);
            assert!(!told.lines().any(|line| line.starts_with("    ")), "{}: {told}", sim.file);
        }
    });
}

#[test]
fn every_line_of_a_text_is_read_in_its_columns() {
    each_sim(|sim| {
        let (trace, _) = run(&sim.scenario);
        for numbers in [false, true] {
            let text = text(&trace, &TextOptions { numbers, ..TextOptions::default() });
            let page = drywire::trace::read_text(&text).expect("a text form");
            let lines: Vec<&str> = text.split_once("\n\n").expect("a head").1.lines().collect();
            assert_eq!(page.rows.len(), lines.len(), "{}", sim.file);
            let hosts: Vec<&str> = trace.header.nodes.iter().map(|node| node.name.as_str()).collect();
            for (row, line) in page.rows.iter().zip(lines) {
                assert!(row.layer == "end" || hosts.contains(&row.host.as_str()), "{}: {line}\n{row:?}", sim.file);
                assert!(row.number.is_some() == numbers && !row.text.is_empty(), "{}: {line}\n{row:?}", sim.file);
                let words: Vec<&str> = line.split_whitespace().collect();
                assert!(words.contains(&row.layer.as_str()) && line.contains(&row.text), "{}: {line}", sim.file);
            }
        }
    });
}

#[test]
fn latency_alone_is_no_behaviour() {
    for (name, delay) in [("handshake", "80 ms"), ("close-by-the-client", "30 ms"), ("half-close", "33 ms")] {
        let file = format!("sims/{name}.toml");
        let (code, out, _) = here(&["diff", &file, "--set", &format!("links.wire.delay={delay}")]);
        assert_eq!(code, 0, "{out}");
        assert!(out.contains("same behaviour\n") && out.contains("only in time"), "{out}");
    }
}

#[test]
fn saved_forms_are_as_good_as_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let trace = trace("fast-retransmit");
    fs::write(folder.path().join("a.jsonl"), json(&trace, &JsonOptions::default())).unwrap();
    fs::write(folder.path().join("a.txt"), told(&trace)).unwrap();
    fs::write(folder.path().join("a.path"), path(&trace)).unwrap();
    fs::copy(root().join("sims/fast-retransmit.toml"), folder.path().join("a.toml")).unwrap();
    fs::copy(root().join("sims/handshake.toml"), folder.path().join("b.toml")).unwrap();
    let forms = ["a.jsonl", "a.txt", "a.path", "a.toml"];
    for one in forms {
        for other in forms {
            let (code, out, _) = ran(folder.path(), &["diff", one, other]);
            assert_eq!(code, 0, "{one} {other}: {out}");
            assert!(out.lines().next().is_some_and(|line| line.ends_with("same behaviour")), "{out}");
        }
        assert_eq!(ran(folder.path(), &["diff", one, "b.toml"]).0, 1, "{one}");
    }
}

#[test]
fn it_is_a_diff_tool_for_snapshots() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("trace.old.snap", &told(&trace("handshake")));
    write("trace.new.snap", &told(&trace("handshake-syn-lost")));
    write("empty.old.snap", "");
    write("other.old.snap", "one\ntwo\nthree");
    write("other.new.snap", "one\n2\nthree");
    let diff = |old: &str, new: &str| ran(folder.path(), &["diff", old, new]);
    let (code, out, _) = diff("trace.old.snap", "trace.new.snap");
    assert!(code == 1 && out.contains("behaviour changed in: open"), "{out}");
    let (code, out, _) = diff("other.old.snap", "other.new.snap");
    assert_eq!((code, out.contains("-two\n+2\n")), (1, true), "{out}");
    let (code, out, _) = diff("empty.old.snap", "trace.new.snap");
    assert_eq!((code, out.contains("+scenario  handshake-syn-lost\n")), (1, true), "{out}");
    assert_eq!(diff("other.old.snap", "other.old.snap"), (0, String::new(), String::new()));
    assert_eq!(ran(folder.path(), &["diff", "other.old.snap", "other.new.snap", "--format", "dot"]).0, 2);
    assert_eq!(ran(folder.path(), &["diff", "trace.old.snap", "trace.new.snap", "--format", "dot"]).0, 2);
}

#[test]
fn what_cannot_be_compared_is_bad_input() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.toml"), "no = scenario").unwrap();
    fs::write(folder.path().join("x.jsonl"), "{\"format\":1}").unwrap();
    fs::write(folder.path().join("x.bin"), b"\xff\xfe").unwrap();
    for args in [
        &["diff", "x.toml", "x.toml"][..],
        &["diff", "x.jsonl", "x.jsonl"],
        &["diff", "x.bin", "x.bin"],
        &["diff", "missing.toml", "x.toml"],
        &["diff", "x.toml"],
        &["diff", "x.toml", "--seed", "1", "--seed", "2", "--seed", "3"],
        &["why", "x.toml", "1"],
        &["why", "x.jsonl"],
    ] {
        let (code, out, err) = ran(folder.path(), args);
        assert!(code == 2 && out.is_empty() && !err.is_empty(), "{args:?}: {code} {out} {err}");
    }
    let (code, _, err) = here(&["why", "sims/handshake.toml", "999"]);
    assert!(code == 2 && err.contains("records are 0 to "), "{err}");
    assert_eq!(here(&["why", "sims/handshake.toml", "--at", "soon"]).0, 2);
    assert_eq!(here(&["diff", "sims/handshake.toml", "--seed", "1", "--set", "a=b"]).0, 2);
}

#[test]
fn every_record_has_a_chain_down_from_what_has_no_cause() {
    each_sim(|sim| {
        let (trace, _) = run(&sim.scenario);
        for record in trace.records.iter().step_by(7) {
            let links = why(&trace, record.id, |_, _| None).expect("a chain");
            let first = &trace.records[links[0].record as usize];
            assert_eq!(first.cause, None, "{}", sim.file);
            assert_eq!(links.last().expect("a link").record, record.id.0);
            for pair in links.windows(2) {
                let cause = trace.records[pair[1].record as usize].cause;
                assert_eq!(cause.map(|id| id.0), Some(pair[0].record), "{}", sim.file);
            }
            assert!(links.iter().all(|link| !link.line.is_empty()), "{}: {links:#?}", sim.file);
        }
    });
}

/// Lines that are nearly those of a trace.
fn nearly_a_trace() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("~50".to_owned()),
        Just("+0".to_owned()),
        Just("client".to_owned()),
        Just("tcp".to_owned()),
        Just("seg>".to_owned()),
        Just("client.1".to_owned()),
        Just("CLOSED -> SYN-SENT".to_owned()),
        Just("[0,1)'2 SYN".to_owned()),
        Just("| rcv SYN".to_owned()),
        Just(" > ".to_owned()),
        Just("end:".to_owned()),
        Just("call".to_owned()),
        Just("send(3, \"x\", 1) -> 1 over=5".to_owned()),
        Just("judge".to_owned()),
        "\\PC{0,6}",
        any::<String>(),
    ];
    let line = prop::collection::vec(word, 0..7).prop_map(|words| words.join("  "));
    let head =
        prop_oneof![Just("trace     1\n\n"), Just("path      x\n\n"), Just("---\na: b\n---\ntrace  1\n\n"), Just("")];
    (head, prop::collection::vec(line, 0..12)).prop_map(|(head, lines)| format!("{head}{}", lines.join("\n")))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_text_makes_a_comparison_panic(one in nearly_a_trace(), other in nearly_a_trace()) {
        let (one, other) = (Story::read(&one), Story::read(&other));
        if let (Some(one), Some(other)) = (&one, &other) {
            let difference = compare(one, other);
            let backwards = compare(other, one);
            prop_assert_eq!(difference.is_same(), backwards.is_same());
            let told = difference.tell("a", "b", Tell { times: true, all: true });
            prop_assert!(!told.is_empty());
            prop_assert!(difference.json("a", "b").contains("\"version\": 1"));
        }
        for story in [one, other].into_iter().flatten() {
            prop_assert!(compare(&story, &story).is_same());
        }
    }

    #[test]
    fn no_spoiled_trace_makes_a_comparison_panic(
        which in any::<prop::sample::Index>(),
        paths in any::<bool>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..40_usize, prop::collection::vec(any::<u8>(), 0..9)), 1..6),
    ) {
        let traces = ["duplication", "udp-echo", "switch-partition", "loopback"];
        let trace = trace(which.get::<&str>(&traces));
        let text = if paths { path(&trace) } else { told(&trace) };
        let mut bytes = text.clone().into_bytes();
        for (at, many, with) in cuts {
            let at = at.index(bytes.len() + 1);
            let end = (at + many).min(bytes.len());
            bytes.splice(at..end, with);
        }
        let whole = Story::read(&text).expect("a form");
        if let Some(spoiled) = Story::read(&String::from_utf8_lossy(&bytes)) {
            let told = compare(&whole, &spoiled).tell("a", "b", Tell { times: true, all: true });
            prop_assert!(!told.chars().any(|c| c.is_control() && c != '\n'), "{told:?}");
        }
    }
}
