//! What the tests share: the scenarios of the repository, their runs, and files that the program writes and a test holds.

use drywire::base::Seeded;
use drywire::judge::{self, Finding};
use drywire::scenario::{self, Failure, Scenario};
use drywire::trace::{JsonOptions, Trace, json};
use drywire::world::World;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A scenario of the repository.
pub(crate) struct Sim {
    /// Its path below `sims`, without its ending: `handshake`, `divergence/ack-beyond`.
    pub(crate) name: String,
    /// Its file, as a user at the top of the repository would name it: `sims/handshake.toml`.
    pub(crate) file: String,
    pub(crate) scenario: Scenario,
}

impl Sim {
    /// Its name where no folder may stand: `divergence__ack-beyond`.
    pub(crate) fn flat(&self) -> String {
        self.name.replace('/', "__")
    }
}

/// All scenarios of the repository, by name. One that cannot be read is a failed test, with its errors.
pub(crate) fn sims() -> Vec<Sim> {
    let folder = root().join("sims");
    let paths = files(&folder).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
    let sims: Vec<Sim> = paths.map(|path| sim(&folder, &path)).collect();
    assert!(!sims.is_empty(), "there are scenarios");
    sims
}

fn sim(folder: &Path, path: &Path) -> Sim {
    let below = path.strip_prefix(folder).unwrap().with_extension("");
    let name = below.to_str().expect("a name that is text").replace('\\', "/");
    let file = format!("sims/{name}.toml");
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let scenario = scenario::load(&file, &text).unwrap_or_else(|errors| panic!("{file}: {errors:#?}"));
    Sim { name, file, scenario }
}

/// All files in a folder and the folders within it, sorted; none where there is no such folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return all };
    for entry in entries {
        let path = entry.expect("a folder that can be read").path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

/// A run with the scenario's own seed, and what the judge found in it.
pub(crate) fn run(scenario: &Scenario) -> (Trace, Vec<Finding>) {
    let mut trace = traced(scenario, scenario.seed);
    let findings = judge::append(&mut trace);
    (trace, findings)
}

/// A run with this seed, before the judge.
pub(crate) fn traced(scenario: &Scenario, seed: u64) -> Trace {
    World::new(scenario, seed).trace(&mut Seeded::new(seed))
}

/// A trace as JSON with the frames' bytes: all that there is to know of it.
pub(crate) fn whole(trace: &Trace) -> String {
    json(trace, &JsonOptions { bytes: true })
}

/// The expectations that a run of the scenario does not meet.
pub(crate) fn failures(scenario: &Scenario) -> Vec<Failure> {
    let (trace, findings) = run(scenario);
    scenario::evaluate(scenario, &trace.header, &trace.records, &findings)
}

/// Looks at each scenario, and fails once for all of those that are not as they should be.
pub(crate) fn each_sim(look: impl Fn(&Sim)) {
    let failed: Vec<String> = sims()
        .iter()
        .filter_map(|sim| catch_unwind(AssertUnwindSafe(|| look(sim))).err().map(|_| sim.file.clone()))
        .collect();
    assert!(failed.is_empty(), "not as they should be (each is explained above):\n  {}", failed.join("\n  "));
}

/// The first line in which two texts differ, of both.
pub(crate) fn first_difference<'a>(one: &'a str, other: &'a str) -> Option<(usize, &'a str, &'a str)> {
    let (mut a, mut b) = (one.lines(), other.lines());
    (1..).find_map(|line| match (a.next(), b.next()) {
        (None, None) => Some(None),
        (x, y) if x != y => Some(Some((line, x.unwrap_or("(the end)"), y.unwrap_or("(the end)")))),
        _ => None,
    })?
}

/// Two texts are the same; else the first line in which they differ is told.
pub(crate) fn assert_same(what: &str, one: &str, other: &str) {
    if let Some((line, a, b)) = first_difference(one, other) {
        panic!("{what}: line {line} differs\n  one    {a}\n  other  {b}");
    }
    assert!(one == other, "{what}: they differ in the ends of their lines");
}

/// How generated files and snapshots are accepted.
const ACCEPT: &str = "if that is right, write them with\n  \
    DRYWIRE_BLESS=1 INSTA_UPDATE=always cargo test\nand look at the difference before it is committed";

/// Whether generated files are to be written, not held.
pub(crate) fn blessing() -> bool {
    std::env::var_os("DRYWIRE_BLESS").is_some()
}

/// Files that the program writes, kept in the repository: each must be what the program writes now, and no other of
/// their kind may stand beside them. With DRYWIRE_BLESS=1 they are written, and others removed.
#[derive(Default)]
pub(crate) struct Kept {
    files: BTreeSet<PathBuf>,
    wrong: String,
}

impl Kept {
    /// This file, by its path in the repository, must have this content.
    pub(crate) fn file(&mut self, path: &str, made: &str) {
        let full = root().join(path);
        let kept = fs::read_to_string(&full).ok();
        if kept.as_deref() != Some(made) {
            if blessing() {
                fs::create_dir_all(full.parent().expect("a file stands in a folder")).expect("the folder is made");
                fs::write(&full, made).expect("the file is written");
            } else {
                let _ = match kept.as_deref().map(|kept| first_difference(kept, made)) {
                    None => writeln!(self.wrong, "{path} is missing"),
                    Some(None) => writeln!(self.wrong, "{path} has other ends of lines"),
                    Some(Some((line, a, b))) => {
                        writeln!(self.wrong, "{path}, line {line}\n  kept  {a}\n  now   {b}")
                    }
                };
            }
        }
        self.files.insert(full);
    }

    /// Nothing but the files given stands in this folder.
    pub(crate) fn nothing_else_in(&mut self, folder: &str) {
        for path in files(&root().join(folder)) {
            if self.files.contains(&path) {
                continue;
            }
            if blessing() {
                fs::remove_file(&path).expect("the file is removed");
            } else {
                let shown = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
                let _ = writeln!(self.wrong, "{shown} belongs to no scenario and no machine");
            }
        }
    }

    /// Fails if something is not as it should be.
    pub(crate) fn held(self) {
        assert!(self.wrong.is_empty(), "generated files are not what the program makes:\n{}\n{ACCEPT}", self.wrong);
    }
}
