//! The program as people run it: without a shell, by its exit codes and its output.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn drywire(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_drywire"))
        .current_dir(folder)
        .args(args)
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

fn here(args: &[&str]) -> Output {
    drywire(Path::new(env!("CARGO_MANIFEST_DIR")), args)
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code, not a signal")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn machines() -> Vec<&'static str> {
    drywire::catalog::catalog().iter().map(|table| table.name).collect()
}

#[test]
fn help_teaches_and_is_fine() {
    for args in [
        &["--help"][..],
        &["run", "--help"],
        &["check", "--help"],
        &["graph", "--help"],
        &["new", "--help"],
        &["measure", "--help"],
    ] {
        let output = here(args);
        assert_eq!(code(&output), 0, "{args:?}");
        assert!(out(&output).contains("  drywire "), "{args:?} has examples");
    }
    assert!(out(&here(&["--help"])).contains("Exit codes: 0 fine; 1"));
    assert_eq!(code(&here(&["--version"])), 0);
}

#[test]
fn what_cannot_be_understood_is_bad_input() {
    for args in [
        &["walk"][..],
        &["run"],
        &["run", "x.toml", "--format", "gif"],
        &["run", "x.toml", "--set", "novalue"],
        &["run", "x.toml", "--layer", "tpc"],
        &["run", "x.toml", "--bytes"],
        &["run", "x.toml", "--format", "json", "--numbers"],
        &["run", "x.toml", "--format", "pcapng", "--conn", "a"],
        &["run", "x.toml", "y.toml", "--format", "pcapng"],
        &["run", "x.toml", "--seed", "-1"],
        &["run", "x.toml", "--choices", "0,one"],
        &["check", "--runs", "0"],
        &["graph", "no-such-machine"],
        &["graph", "--run", "x.toml"],
        &[],
    ] {
        let output = here(args);
        assert_eq!(code(&output), 2, "{args:?}: {}", err(&output));
        assert!(!err(&output).is_empty() && out(&output).is_empty(), "{args:?}");
    }
}

#[test]
fn a_missing_file_is_named_with_its_neighbour() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sims")).unwrap();
    fs::write(folder.path().join("sims/handshake.toml"), "").unwrap();
    for command in ["run", "check"] {
        let output = drywire(folder.path(), &[command, "handshak.toml"]);
        assert_eq!(code(&output), 2);
        assert!(err(&output).contains("no such file: handshak.toml"), "{}", err(&output));
        assert!(err(&output).contains("did you mean sims/handshake.toml?"), "{}", err(&output));
    }
    let output = drywire(folder.path(), &["run", "sims"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("sims is a folder"), "{}", err(&output));
}

#[test]
fn bytes_that_are_no_text_are_bad_input() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.toml"), b"title = \"\xff\"").unwrap();
    let output = drywire(folder.path(), &["run", "x.toml"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("x.toml is not UTF-8 text: byte 10"), "{}", err(&output));
}

#[test]
fn no_folder_of_scenarios_is_bad_input() {
    let folder = tempfile::tempdir().unwrap();
    let output = drywire(folder.path(), &["check"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("there is no folder sims here"), "{}", err(&output));
}

#[test]
fn every_machine_of_the_catalogue_can_be_drawn() {
    let listing = out(&here(&["graph"]));
    for name in machines() {
        assert!(listing.lines().any(|line| line.starts_with(name)), "{name} is listed");
        let dot = out(&here(&["graph", name]));
        assert!(dot.contains(&format!("digraph \"{name}\" {{")) && dot.ends_with("}\n"), "{dot}");
        let mermaid = out(&here(&["graph", name, "--format", "mermaid"]));
        assert!(mermaid.contains("\nstateDiagram-v2\n"), "{mermaid}");
        let matrix = out(&here(&["graph", name, "--format", "matrix"]));
        let table = drywire::catalog::machine(name).unwrap();
        for input in &table.inputs {
            assert!(matrix.lines().any(|line| line.starts_with(input)), "{input} has a row in\n{matrix}");
        }
    }
}

#[test]
fn a_name_that_is_nearly_a_machine_is_recognised() {
    for name in machines() {
        let output = here(&["graph", &format!("{name}x")]);
        assert_eq!(code(&output), 2);
        assert!(err(&output).contains("did you mean `"), "{}", err(&output));
    }
}

#[test]
fn an_output_file_appears_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let output = drywire(folder.path(), &["graph", "-o", "list.txt"]);
    assert_eq!((code(&output), out(&output)), (0, String::new()));
    assert_eq!(fs::read_to_string(folder.path().join("list.txt")).unwrap(), out(&here(&["graph"])));
    assert_eq!(code(&drywire(folder.path(), &["graph", "-o", "no/such/folder.txt"])), 2);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_new_scenario_is_never_written_over_another_file() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&drywire(folder.path(), &["new", "첫-연결"])), 0);
    let path = folder.path().join("첫-연결.toml");
    assert!(fs::read_to_string(&path).unwrap().starts_with("title = \"첫-연결\"\n"));
    fs::write(&path, "mine").unwrap();
    let output = drywire(folder.path(), &["new", "첫-연결.toml"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("exists already"), "{}", err(&output));
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn nothing_but_text_goes_where_no_terminal_is() {
    let output = here(&["graph", "no-such-machine"]);
    assert!(!err(&output).contains('\u{1b}') && !out(&here(&["--help"])).contains('\u{1b}'));
}

#[test]
fn a_new_scenario_is_sound_and_can_fail() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&drywire(folder.path(), &["new", "first one"])), 0);
    let path = folder.path().join("first one.toml");
    let output = drywire(folder.path(), &["check", "first one.toml", "--runs", "2"]);
    assert_eq!(code(&output), 0, "{}", out(&output));
    let text = fs::read_to_string(&path).unwrap();
    // The fault that stands there as a comment.
    let spoilt = ["[[faults]]", "drop = ", "from = ", "nth = "]
        .iter()
        .fold(text.clone(), |text, line| text.replace(&format!("# {line}"), line));
    assert_ne!(text, spoilt);
    fs::write(&path, spoilt).unwrap();
    let output = drywire(folder.path(), &["check", "first one.toml"]);
    assert_eq!(code(&output), 1, "{}", out(&output));
}

#[test]
fn a_capture_may_be_that_of_one_host() {
    let size = |more: &[&str]| {
        let output = here(&[&["run", "sims/handshake.toml", "--format", "pcapng"], more].concat());
        assert_eq!(code(&output), 0, "{}", err(&output));
        output.stdout.len()
    };
    let (all, client, server) = (size(&[]), size(&["--host", "client"]), size(&["--host", "server"]));
    assert!(client < all && server < all, "{client} {server} {all}");
    assert_eq!(code(&here(&["run", "sims/handshake.toml", "--format", "pcapng", "--host", "nobody"])), 2);
}

#[test]
fn names_that_the_run_does_not_have_are_bad_input() {
    let output = here(&["run", "sims/handshake.toml", "--conn", "client.2"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("connections are: client.1"), "{}", err(&output));
}

#[test]
fn a_name_that_is_nearly_right_is_recognised() {
    for (option, name, meant) in
        [("--host", "cleint", "client"), ("--conn", "client1", "client.1"), ("--layer", "timr", "timer")]
    {
        let output = here(&["run", "sims/handshake.toml", option, name]);
        assert_eq!(code(&output), 2, "{option}");
        assert!(err(&output).contains(&format!("did you mean `{meant}`?")), "{}", err(&output));
    }
}

#[test]
fn every_form_can_be_narrowed() {
    let run = |args: &[&str]| {
        let output = here(&[&["run", "sims/switch-two-clients.toml"], args].concat());
        assert_eq!(code(&output), 0, "{args:?}: {}", err(&output));
        out(&output)
    };
    let whole = run(&["--format", "json"]);
    let conns: Vec<&str> = whole.lines().filter(|line| line.contains("\"kind\":\"state\"")).collect();
    let states = run(&["--format", "json", "--layer", "tcp"]);
    assert_eq!(states.lines().skip(1).collect::<Vec<_>>(), conns, "the header, then the records of that layer");
    assert_eq!(states.lines().next(), whole.lines().next());
    let numbered = run(&["--numbers", "--layer", "tcp"]);
    let body = numbered.split_once("\n\n").expect("a head").1;
    for (line, record) in body.lines().zip(&conns) {
        let number = line.split_whitespace().next().expect("a number");
        assert!(record.starts_with(&format!("{{\"id\":{number},")), "{line}\n{record}");
    }
    let path = run(&["--format", "path", "--host", "server", "--layer", "tcp"]);
    let rows = || path.split_once("\n\n").expect("a head").1.lines();
    assert!(rows().any(|line| line.starts_with("server")), "{path}");
    assert!(rows().all(|line| line.starts_with("server") || line.starts_with("end: ")), "{path}");
}

#[test]
fn a_failure_says_how_to_run_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("sims/random-loss.toml")).unwrap();
    fs::write(folder.path().join("x y.toml"), text).unwrap();
    let output = drywire(folder.path(), &["check", "x y.toml", "--seed", "5", "--set", "links.wire.delay=9 ms"]);
    let told = out(&output);
    let again = "\n  again: drywire run 'x y.toml' --set 'links.wire.delay=9 ms' --seed 5\n";
    assert!(code(&output) == 1 && told.contains(again), "{told}");
    let twice = [0, 1]
        .map(|_| out(&drywire(folder.path(), &["run", "x y.toml", "--set", "links.wire.delay=9 ms", "--seed", "5"])));
    assert!(twice[0] == twice[1] && twice[0].contains("\nseed      5\n"));
}

#[test]
fn a_divergence_may_be_shown_from_within_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let within = folder.path().join("divergence");
    fs::create_dir(&within).unwrap();
    let text = "[hosts]\na = { ip = \"10.0.0.1\", sockets = { bare = true } }\n";
    for (place, expected) in [(folder.path(), 2), (&within, 0)] {
        fs::write(place.join("x.toml"), text).unwrap();
        let output = drywire(place, &["run", "x.toml"]);
        assert_eq!(code(&output), expected, "{}", err(&output));
    }
}

#[test]
fn times_may_be_those_since_the_run_began() {
    let run = |more: &[&str]| out(&here(&[&["run", "sims/handshake.toml", "--layer", "seg"], more].concat()));
    let (since, absolute) = (run(&[]), run(&["--times", "absolute"]));
    let clocks = |text: &str| -> Vec<String> {
        let body = text.split_once("\n\n").expect("a head").1;
        body.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
    };
    assert_eq!(run(&["--times", "since"]), since);
    assert_eq!(clocks(&absolute).iter().take(3).collect::<Vec<_>>(), ["@0", "@50", "@50"]);
    assert_eq!(clocks(&absolute).len(), clocks(&since).len());
    assert_eq!(code(&here(&["run", "sims/handshake.toml", "--times", "absolute", "--format", "path"])), 2);
}
