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
    for args in [&["--help"][..], &["run", "--help"], &["check", "--help"], &["graph", "--help"], &["new", "--help"]] {
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
        &["run", "x.toml", "--format", "json", "--host", "a"],
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
