//! `drywire new`: a scenario to begin with.

use super::args::NewArgs;
use super::files;
use super::{Done, Trouble};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What a new scenario says; `TITLE` becomes its name.
const TEMPLATE: &str = include_str!("new.toml");

/// Writes a new scenario; never over a file that exists.
pub(super) fn new(args: &NewArgs) -> Done {
    let path = place(&args.name)?;
    let shown = files::shown(&path);
    let mut file = File::options().write(true).create_new(true).open(&path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Trouble::with_help(format!("{shown} exists already"), "give another name, or remove the file first")
        }
        _ => files::unwritten(&path, &error),
    })?;
    if let Err(error) = file.write_all(scenario(&path).as_bytes()) {
        // The first error is the one to tell of.
        let _ = std::fs::remove_file(&path);
        return Err(files::unwritten(&path, &error));
    }
    let file = quoted(&shown);
    let said = format!("{shown}: a scenario to begin with\ntry: drywire run {file}\n     drywire check {file}\n");
    files::put(None, said.as_bytes())
}

/// Where it goes: a bare name into the folder `sims` if there is one; the ending is added.
fn place(name: &Path) -> Result<PathBuf, Trouble> {
    let bad = || Trouble::with_help("a scenario needs a name", "`drywire new lost-syn` writes sims/lost-syn.toml");
    let stem = name.file_stem().filter(|stem| !stem.is_empty() && *stem != "-").ok_or_else(bad)?;
    if stem.to_string_lossy().chars().any(char::is_control) {
        return Err(bad());
    }
    let mut path = name.to_owned();
    if path.extension().is_none_or(|ending| ending != "toml") {
        path.as_mut_os_string().push(".toml");
    }
    let bare = name.components().count() == 1 && name.is_relative();
    Ok(if bare && Path::new("sims").is_dir() { Path::new("sims").join(path) } else { path })
}

/// As a shell takes it for one word.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    match name.chars().all(plain) && !name.starts_with('-') {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', "'\\''")),
    }
}

fn scenario(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let title = stem.replace('\\', "\\\\").replace('"', "\\\"");
    TEMPLATE.replacen("TITLE", &title, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_file_and_a_title() {
        assert_eq!(place(Path::new("/tmp/a")).unwrap(), Path::new("/tmp/a.toml"));
        assert_eq!(place(Path::new("/tmp/a.b.toml")).unwrap(), Path::new("/tmp/a.b.toml"));
        assert_eq!(place(Path::new("/tmp/v1.2")).unwrap(), Path::new("/tmp/v1.2.toml"));
        assert!(place(Path::new("..")).is_err() && place(Path::new("")).is_err());
        assert_eq!(quoted("sims/가.toml"), "sims/가.toml");
        assert_eq!(quoted("it's a.toml"), "'it'\\''s a.toml'");
        assert!(scenario(Path::new("/x/say \"hi\".toml")).contains(r#"title = "say \"hi\"""#));
    }
}
