//! The house rules that no compiler holds us to: who imports whom, how long a file may be, what no file may say.

use crate::support::{files, root};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in the order in which they may see each other: each sees those to its left, in its own group too if that
/// is allowed. Rooms of one group see nothing of each other.
const ORDER: [&[&str]; 15] = [
    &["base"],
    &["machine"],
    &["tcp", "socket_api"],
    &["catalog"],
    &["packet"],
    &["peer"],
    &["trace"],
    &["judge"],
    &["scenario"],
    &["net"],
    &["socket"],
    &["app"],
    &["world"],
    &["view"],
    &["cli"],
];

/// What some rooms see nothing of, though it stands to their left.
const UNSEEN: [(&str, &[&str]); 1] = [("view", &["net", "socket", "app", "world"])];

/// The rooms that may name the TCP/IP stack.
const STACK: [&str; 2] = ["packet", "net"];

/// As long as a source file may be.
const LONGEST: usize = 600;

fn rank(room: &str) -> usize {
    ORDER
        .iter()
        .position(|group| group.contains(&room))
        .unwrap_or_else(|| panic!("src/{room} is a room that has no place in the order of the rooms"))
}

/// A Rust file of the repository.
struct Source {
    /// Its path in the repository.
    path: String,
    /// Its code: without whole-line comments.
    code: String,
}

fn sources(folder: &str) -> Vec<Source> {
    let rust = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "rs");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source file that is text");
        let lines = text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
        Source { path: shown(&path), code: lines.collect::<Vec<_>>().join("\n") }
    };
    files(&root().join(folder)).into_iter().filter(rust).map(read).collect()
}

fn shown(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path);
    path.to_str().expect("a path that is text").replace('\\', "/")
}

/// The room in which a file stands; `None` for the crate's own two files.
fn room(path: &str) -> Option<&str> {
    let below = path.strip_prefix("src/")?;
    let room = below.split('/').next()?;
    let room = room.strip_suffix(".rs").unwrap_or(room);
    (!matches!(room, "lib" | "main")).then_some(room)
}

/// The rooms that a file names by `crate::room` or in `crate::{room, ...}`, with their lines.
fn named(code: &str) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let after = &code[at + "crate::".len()..];
        match after.strip_prefix('{') {
            Some(group) => all.extend(heads(group).into_iter().map(|word| (line, word))),
            None => all.push((line, word(after))),
        }
    }
    all.retain(|(_, word)| ORDER.iter().flat_map(|group| group.iter()).any(|room| room == word));
    all
}

fn word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// The first words of the members of `{a::b, c::{d, e}}`, whose opening brace has been taken.
fn heads(group: &str) -> Vec<String> {
    let (mut all, mut depth) = (vec![word(group)], 0_u32);
    for (at, c) in group.char_indices() {
        match (c, depth) {
            ('{', _) => depth += 1,
            ('}', 0) => break,
            ('}', _) => depth -= 1,
            (',', 0) => all.push(word(&group[at + 1..])),
            _ => {}
        }
    }
    all
}

#[test]
fn imports_are_read_as_rust_reads_them() {
    let code =
        "use crate::base::Time;\nuse crate::{trace::{Call, End}, judge};\nlet x = crate::tcp::State; $crate::net";
    let names: Vec<(usize, String)> = named(code);
    let expected = [(1, "base"), (2, "trace"), (2, "judge"), (3, "tcp")];
    assert_eq!(names, expected.map(|(line, word)| (line, word.to_owned())));
    assert_eq!(room("src/judge/moves/tests.rs"), Some("judge"));
    assert_eq!((room("src/catalog.rs"), room("src/lib.rs")), (Some("catalog"), None));
}

#[test]
fn imports_go_leftwards() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let Some(own) = room(&source.path) else { continue };
        let hidden: &[&str] = UNSEEN.iter().find(|(room, _)| *room == own).map_or(&[], |(_, rooms)| rooms);
        for (line, other) in named(&source.code) {
            if other != own && (rank(&other) >= rank(own) || hidden.contains(&other.as_str())) {
                wrong.push(format!("{}:{line}: {own} may see nothing of {other}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_one_of_the_crate() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared: BTreeSet<String> = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")).map(word).collect();
    let ordered: BTreeSet<String> = ORDER.iter().flat_map(|group| group.iter()).map(|&room| room.to_owned()).collect();
    assert_eq!(declared, ordered);
}

#[test]
fn only_two_rooms_name_the_stack() {
    let stack = ["smol", "tcp::"].concat();
    let named: Vec<String> = sources("src")
        .into_iter()
        .filter(|source| !room(&source.path).is_some_and(|room| STACK.contains(&room)) && source.code.contains(&stack))
        .map(|source| source.path)
        .collect();
    assert!(named.is_empty(), "only {STACK:?} may name {stack}: {named:?}");
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<String> = ["src", "tests", "benches", "examples"]
        .into_iter()
        .flat_map(sources)
        .map(|source| (source.code.lines().count(), source.path))
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "longer than {LONGEST} lines: {long:?}");
}

#[test]
fn no_code_is_left_for_later() {
    let later = ["todo", "unimplemented", "dbg"].map(|name| [name, "!("].concat());
    let found: Vec<String> = ["src", "tests", "benches", "examples"]
        .into_iter()
        .flat_map(sources)
        .filter(|source| later.iter().any(|word| source.code.contains(word)))
        .map(|source| source.path)
        .collect();
    assert!(found.is_empty(), "{later:?} in {found:?}");
}

#[test]
fn no_snapshot_is_empty_or_forgotten() {
    for path in files(&root().join("snapshots")) {
        let name = shown(&path);
        let Some(stem) = name.strip_prefix("snapshots/").and_then(|name| name.strip_suffix(".snap")) else {
            panic!("{name} is no snapshot");
        };
        let text = fs::read_to_string(&path).expect("a snapshot that is text");
        let (head, content) = text.strip_prefix("---\n").and_then(|text| text.split_once("\n---\n")).expect("metadata");
        assert!(!content.trim().is_empty(), "{name} is empty");
        let source = head.lines().find_map(|line| line.strip_prefix("source: ")).expect("it names its test");
        let test = fs::read_to_string(root().join(source)).unwrap_or_else(|_| panic!("{name}: there is no {source}"));
        // Those of the scenarios have made-up names; the test that makes them counts them.
        assert!(stem.starts_with("sims__") || test.contains(&format!("\"{stem}\"")), "{name}: {source} has none such");
    }
}

/// Text files of the repository, as far as people wrote them.
fn texts() -> Vec<(String, String)> {
    let skipped = ["target", ".git", "Cargo.lock"];
    let mut all = Vec::new();
    for entry in fs::read_dir(root()).expect("the repository") {
        let path = entry.expect("an entry").path();
        if skipped.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let within = if path.is_dir() { files(&path) } else { vec![path] };
        all.extend(within.into_iter().filter_map(|path| Some((shown(&path), fs::read_to_string(&path).ok()?))));
    }
    all
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let places = ["/home", "/root", "/work", "/Users", "C:\\Users"].map(|place| [place, "/"].concat());
    let mut found = Vec::new();
    for (path, text) in texts() {
        for (nth, line) in text.lines().enumerate() {
            if let Some(place) = places.iter().find(|place| line.contains(place.as_str())) {
                found.push(format!("{path}:{}: {place}", nth + 1));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_line_ends_in_blanks_and_every_file_ends_in_a_line() {
    let ours = |path: &str| path.ends_with(".rs") || path.ends_with(".toml") || path.ends_with(".md");
    for (path, text) in texts().into_iter().filter(|(path, _)| ours(path)) {
        assert!(text.ends_with('\n'), "{path} has no end of its last line");
        let blank = text.lines().position(|line| line.ends_with([' ', '\t', '\r']));
        assert!(blank.is_none(), "{path}:{}: blanks at the end of the line", blank.unwrap_or(0) + 1);
    }
}
