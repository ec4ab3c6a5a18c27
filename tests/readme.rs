//! What README.md shows is what the program prints.
//!
//! - A block of `console` is commands after `$ `, each with its output: standard output, then standard error.
//! - A block of `toml` whose first line names a file (`# x.toml`) is that file, for the commands after it.
//! - A comment `<!-- drywire … -->` before a block says what printed it.
//!
//! `DRYWIRE_BLESS=1 cargo test readme` writes what the program prints into README.md.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// What begins a command of ours; the rest are its arguments.
const OURS: [&str; 2] = ["drywire ", "cargo run --release -- "];

/// The words of a command line; single quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("never empty").push(c),
        }
    }
    words
}

/// What the command prints, its lines without spaces at their ends; `None` for one that is not ours.
fn printed(folder: &Path, line: &str) -> Option<Vec<String>> {
    let args = OURS.iter().find_map(|ours| line.strip_prefix(ours))?;
    let output = Command::new(env!("CARGO_BIN_EXE_drywire"))
        .current_dir(folder)
        .args(words(args))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    assert!(matches!(output.status.code(), Some(0..=2)), "{line}: {:?}", output.status);
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text")).concat();
    Some(text.lines().map(|line| line.trim_end().to_owned()).collect())
}

/// A block of console, as the program would have it.
fn console(folder: &Path, block: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    let mut ours = true;
    for line in block {
        if let Some(command) = line.strip_prefix("$ ") {
            out.push((*line).to_owned());
            let output = printed(folder, command);
            ours = output.is_some();
            out.extend(output.unwrap_or_default());
        } else if !ours {
            out.push((*line).to_owned());
        }
    }
    out
}

/// The text with all that the program prints in it.
fn renewed(folder: &Path, text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut lines = text.lines();
    let mut maker = None;
    while let Some(line) = lines.next() {
        out.push(line.to_owned());
        if let Some(comment) = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) {
            maker = Some(comment.to_owned());
        }
        let Some(language) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let file = block.first().and_then(|first| first.strip_prefix("# ")).filter(|file| file.ends_with(".toml"));
        if let (Some(file), "toml") = (file, language) {
            fs::write(folder.join(file), block[1..].join("\n") + "\n").expect("a file can be written");
        }
        match maker.take().and_then(|command| printed(folder, &command)) {
            Some(output) => out.extend(output),
            None if language == "console" => out.extend(console(folder, &block)),
            None => out.extend(block.iter().map(|line| (*line).to_owned())),
        }
        out.push("```".to_owned());
    }
    out.join("\n") + "\n"
}

#[test]
fn readme_shows_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("sims/divergence")).expect("a folder");
    for name in
        ["handshake.toml", "handshake-syn-lost.toml", "socket-api-flow.toml", "divergence/syn-to-broadcast.toml"]
    {
        fs::copy(root.join("sims").join(name), folder.path().join("sims").join(name)).expect("a copy");
    }
    let readme = root.join("README.md");
    let text = fs::read_to_string(&readme).expect("README.md");
    let right = renewed(folder.path(), &text);
    if std::env::var_os("DRYWIRE_BLESS").is_some() {
        return fs::write(&readme, right).expect("README.md can be written");
    }
    let differs = text.lines().zip(right.lines()).position(|(shown, right)| shown != right);
    let at = differs.unwrap_or_else(|| text.lines().count().min(right.lines().count()));
    let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
    assert!(
        text == right,
        "README.md, line {}:\n  shows   {}\n  printed {}\nDRYWIRE_BLESS=1 writes it anew",
        at + 1,
        line(&text),
        line(&right)
    );
}

#[test]
fn readme_links_to_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(root.join(document)).expect(document);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let outside = link.contains("://") || file.is_empty();
            assert!(outside || root.join(file).exists(), "{document} links to {link}");
        }
    }
}
