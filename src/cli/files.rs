//! Files in and out.

use super::engine;
use super::{Done, Status, Trouble};
use crate::scenario::Scenario;
use crate::trace::Trace;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// How much input is read.
const LARGEST: u64 = 1 << 30;
/// How much is read of what does not begin as a saved trace: more is no scenario.
const LARGEST_SCENARIO: u64 = 16 << 20;
/// How deep folders are searched.
const DEEPEST: u32 = 8;
/// The folder of the scenarios.
const SIMS: &str = "sims";

/// What was given as a SIM.
#[derive(Debug)]
pub(super) enum Input {
    /// A scenario and its source text.
    Scenario {
        /// The scenario.
        scenario: Box<Scenario>,
        /// Its text, for errors drawn under it.
        text: String,
    },
    /// A trace that was saved as JSON.
    Trace(Box<Trace>),
}

/// A path as people write it.
pub(super) fn shown(path: &Path) -> String {
    let text = if is_dash(path) { "<standard input>".to_owned() } else { path.display().to_string() };
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Standard input, or standard output.
pub(super) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads a SIM: a scenario, or a trace if the text begins with a JSON object.
pub(super) fn input(path: &Path, sets: &[(String, String)]) -> Result<Input, Trouble> {
    parsed(path, read(path)?, sets)
}

/// The SIM that this text of a path is.
pub(super) fn parsed(path: &Path, text: String, sets: &[(String, String)]) -> Result<Input, Trouble> {
    let name = shown(path);
    if !text.trim_start().starts_with('{') {
        let scenario = Box::new(engine::load(&in_full(path, name), &text, sets)?);
        return Ok(Input::Scenario { scenario, text });
    }
    saved(path, &text, sets).map(Input::Trace)
}

/// What `diff` takes: also texts that are neither a scenario nor a trace saved as JSON.
pub(super) enum Given {
    /// A scenario.
    Scenario(Box<Scenario>),
    /// A trace that was saved as JSON.
    Trace(Box<Trace>),
    /// Any other text.
    Text(String),
}

/// Reads one side of a comparison. A scenario is known by its file's ending; on standard input, by not being a trace.
pub(super) fn given(path: &Path, sets: &[(String, String)]) -> Result<Given, Trouble> {
    let is_toml = path.extension().is_some_and(|ending| ending == "toml");
    let text = read(path)?;
    let head = text.trim_start().lines().next().unwrap_or_default();
    if head.starts_with("{\"format\":") && !is_toml {
        return saved(path, &text, sets).map(Given::Trace);
    }
    let is_form = ["trace ", "path ", "---"].iter().any(|word| head.starts_with(word));
    if is_toml || (is_dash(path) && !is_form) {
        let scenario = Box::new(engine::load(&in_full(path, shown(path)), &text, sets)?);
        return Ok(Given::Scenario(scenario));
    }
    if !sets.is_empty() {
        return Err(Trouble::new(format!("{} is no scenario: --set changes scenarios only", shown(path))));
    }
    Ok(Given::Text(text))
}

fn saved(path: &Path, text: &str, sets: &[(String, String)]) -> Result<Box<Trace>, Trouble> {
    let name = shown(path);
    if !sets.is_empty() {
        return Err(Trouble::new(format!("{name} is a saved trace: --set changes scenarios only")));
    }
    Ok(Box::new(engine::from_json(&name, text)?))
}

/// A scenario's name says whether it stands below a folder `divergence`, from wherever it is called.
fn in_full(path: &Path, name: String) -> String {
    let below = |path: &Path| path.components().any(|part| part.as_os_str() == "divergence");
    match std::path::absolute(path) {
        Ok(full) if !is_dash(path) && !below(path) && below(&full) => shown(&full),
        _ => name,
    }
}

/// Reads a text, or says what is wrong with the path.
pub(super) fn read(path: &Path) -> Result<String, Trouble> {
    let name = shown(path);
    let mut bytes = Vec::new();
    let result = if is_dash(path) {
        bounded(&mut io::stdin().lock(), &mut bytes)
    } else if path.is_dir() {
        return Err(folder(path));
    } else {
        File::open(path).and_then(|mut file| bounded(&mut file, &mut bytes))
    };
    match result {
        Ok(true) if bytes.is_empty() && is_dash(path) => {
            return Err(Trouble::with_help(
                "standard input is empty",
                "`-` reads a scenario or a saved trace, and only once: drywire run - < lost-syn.toml",
            ));
        }
        Ok(true) => {}
        Ok(false) => {
            return Err(Trouble::with_help(
                format!("{name} is too large"),
                "a scenario has at most 16 MiB, a saved trace at most 1 GiB",
            ));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(missing(path)),
        Err(error) => return Err(Trouble::new(format!("{name} cannot be read: {error}"))),
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Trouble::with_help(
            format!("{name} is not UTF-8 text: byte {} is the first that is not", at + 1),
            "scenarios and saved traces are UTF-8 text; a capture (pcapng) cannot be read back",
        )
    })
}

/// Reads all, or says that it is more than a scenario or a saved trace has.
fn bounded(from: &mut dyn Read, bytes: &mut Vec<u8>) -> io::Result<bool> {
    from.take(LARGEST_SCENARIO + 1).read_to_end(bytes)?;
    if bytes.len() as u64 <= LARGEST_SCENARIO {
        return Ok(true);
    }
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Ok(false);
    }
    from.take(LARGEST - LARGEST_SCENARIO).read_to_end(bytes)?;
    Ok(bytes.len() as u64 <= LARGEST)
}

fn folder(path: &Path) -> Trouble {
    let name = shown(path);
    match scenarios(path).first() {
        Some(first) => Trouble::with_help(
            format!("{name} is a folder, not a scenario"),
            format!("name a file in it, such as {}; `drywire check {name}` takes the whole folder", shown(first)),
        ),
        None => Trouble::new(format!("{name} is a folder, not a scenario")),
    }
}

fn missing(path: &Path) -> Trouble {
    let name = shown(path);
    let near = near(path);
    match near.as_slice() {
        [] => Trouble::with_help(format!("no such file: {name}"), "`drywire new NAME` writes a scenario to begin with"),
        near => Trouble::with_help(format!("no such file: {name}"), format!("did you mean {}?", near.join(" or "))),
    }
}

/// Files whose names are near to that of a missing one: beside it, and under `sims`.
fn near(path: &Path) -> Vec<String> {
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let candidates: BTreeSet<PathBuf> =
        list(beside, 0).into_iter().chain(scenarios(Path::new(SIMS))).map(|file| plain(&file)).collect();
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let wanted = stem(path);
    let limit = (wanted.chars().count() / 3).max(1);
    let mut near: Vec<(usize, String)> = candidates
        .iter()
        .filter(|file| stem(file).len() <= 200 && wanted.len() <= 200)
        .map(|file| (strsim::damerau_levenshtein(&wanted, &stem(file)), shown(file)))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort();
    near.into_iter().take(3).map(|(_, file)| file).collect()
}

/// Without a `./` at its beginning.
fn plain(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_owned()
}

/// All scenarios in a folder and the folders within it, sorted.
pub(super) fn scenarios(folder: &Path) -> Vec<PathBuf> {
    list(folder, DEEPEST)
}

fn list(folder: &Path, depth: u32) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return files };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && depth > 0 {
            files.extend(list(&path, depth - 1));
        } else if !kind.is_dir() && path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The SIMs of `check`: folders become the scenarios in them, nothing becomes the folder `sims`.
pub(super) fn expand(given: &[PathBuf]) -> Result<Vec<PathBuf>, Trouble> {
    let default = [PathBuf::from(SIMS)];
    let given = match given {
        [] if !default[0].is_dir() => {
            return Err(Trouble::with_help(
                "there is no folder sims here",
                "name the scenarios to check, or go to the folder that has them",
            ));
        }
        [] => &default,
        given => given,
    };
    let mut files = Vec::new();
    for path in given {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let within = scenarios(path);
        if within.is_empty() {
            return Err(Trouble::new(format!("there is no scenario (*.toml) in {}", shown(path))));
        }
        files.extend(within);
    }
    Ok(files)
}

/// Writes a result to the file of `-o`, or to standard output.
pub(super) fn put(out: Option<&Path>, bytes: &[u8]) -> Done {
    match out {
        Some(path) if !is_dash(path) => {
            whole(path, bytes).map_err(|error| unwritten(path, &error)).map(|()| Status::Fine)
        }
        _ => standard_output(bytes).map(|()| Status::Fine),
    }
}

/// A file that cannot be written, and why.
pub(super) fn unwritten(path: &Path, error: &io::Error) -> Trouble {
    let name = shown(path);
    match (error.kind(), path.parent()) {
        (ErrorKind::NotFound, Some(folder)) => Trouble::with_help(
            format!("{name} cannot be written: there is no folder {}", shown(folder)),
            "make the folder first, or name a file in one that is there",
        ),
        _ => Trouble::new(format!("{name} cannot be written: {error}")),
    }
}

/// Whether a result goes to standard output.
pub(super) fn to_standard_output(out: Option<&Path>) -> bool {
    out.is_none_or(is_dash)
}

fn standard_output(bytes: &[u8]) -> Result<(), Trouble> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Trouble::Gone,
        _ => Trouble::new(format!("standard output cannot be written: {error}")),
    })
}

/// Writes a file so that it appears whole or not at all: to a new file beside it, which then takes its name.
fn whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&target) {
        Ok(found) if found.is_dir() => return Err(io::Error::other("it is a folder")),
        // A device or a pipe has no content to protect, and must stay what it is.
        Ok(found) if !found.is_file() => return File::options().write(true).open(&target)?.write_all(bytes),
        _ => {}
    }
    let beside = beside(&target)?;
    let written = File::options().write(true).create_new(true).open(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        if let Ok(found) = fs::metadata(&target) {
            file.set_permissions(found.permissions())?;
        }
        drop(file);
        fs::rename(&beside, &target)
    });
    if written.is_err() {
        // The first error is the one to tell of.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn beside(target: &Path) -> io::Result<PathBuf> {
    let name = target.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.part", std::process::id()));
    Ok(target.with_file_name(hidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.txt");
        whole(&path, b"one").unwrap();
        whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(whole(folder.path(), b"three").is_err());
        assert!(whole(&folder.path().join("no/such/folder"), b"four").is_err());
    }

    #[test]
    fn what_is_missing_is_looked_for_nearby() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("handshake.toml"), "").unwrap();
        let Trouble::Message(message, Some(help)) = missing(&folder.path().join("handshak")) else { panic!() };
        assert!(message.starts_with("no such file: ") && message.ends_with("handshak"), "{message}");
        assert!(help.starts_with("did you mean ") && help.ends_with("handshake.toml?"), "{help}");
    }

    #[test]
    fn bytes_that_are_no_text_are_told_of_with_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        fs::write(&path, b"ab\xff").unwrap();
        let Err(Trouble::Message(message, _)) = read(&path) else { panic!() };
        assert!(message.ends_with("byte 3 is the first that is not"), "{message}");
        let Err(Trouble::Message(message, Some(help))) = read(folder.path()) else { panic!() };
        assert!(message.contains("is a folder") && help.contains("x.toml"), "{message} {help}");
    }
}
