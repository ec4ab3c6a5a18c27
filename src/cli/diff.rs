//! `drywire diff`: what changed in behaviour.

use super::args::{DiffArgs, DiffFormat};
use super::draw::{self, Paint};
use super::engine::{self, How};
use super::files::{self, Given};
use super::{Done, Status, Trouble, graph};
use crate::catalog::{catalog, machine};
use crate::trace::Trace;
use crate::view::diff::{Difference, Held, Story, Tell, compare, lines, overlay};
use crate::view::dot::{DotOptions, dot};
use crate::view::mermaid::mermaid;
use std::io::{self, IsTerminal};
use std::path::Path;

/// One of the two.
struct Side {
    /// What it is called.
    name: String,
    is: Is,
}

enum Is {
    /// A whole trace; what its scenario expects, if it has one.
    Trace(Box<Trace>, Option<Held>),
    /// A text or path form.
    Story(Box<Story>),
    /// No run at all.
    Plain(String),
}

/// Compares two runs, or two texts that are none.
pub(super) fn diff(args: &DiffArgs) -> Done {
    let (old, new) = sides(args)?;
    let (same, text) = match (&old.is, &new.is) {
        (Is::Plain(_), _) | (_, Is::Plain(_)) => plain(args, &old, &new)?,
        _ if matches!(args.format, DiffFormat::Dot | DiffFormat::Mermaid) => picture(args, &old, &new)?,
        _ => {
            let difference = difference(&old, &new);
            let text = match args.format {
                DiffFormat::Json => difference.json(&old.name, &new.name),
                _ => difference.tell(&old.name, &new.name, Tell { times: args.time, all: args.all }),
            };
            (difference.is_same(), text)
        }
    };
    let terminal = files::to_standard_output(args.out.as_deref()) && io::stdout().is_terminal();
    let text = if args.format == DiffFormat::Text { coloured(Paint::on(terminal), &text) } else { text };
    files::put(args.out.as_deref(), text.as_bytes())?;
    Ok(if same { Status::Fine } else { Status::Failed })
}

fn sides(args: &DiffArgs) -> Result<(Side, Side), Trouble> {
    let (first, second) = match (args.seed.as_slice(), &args.new) {
        ([_, _, _, ..], _) => return Err(Trouble::new("--seed is given more than twice: there are two runs")),
        ([], None) | ([_], None) if args.set.is_empty() => {
            return Err(Trouble::with_help(
                "there is nothing to compare with",
                "name a second SIM; or give --seed twice, or --set, to compare a scenario with itself",
            ));
        }
        ([], _) => (None, None),
        ([both], _) => (Some(*both), Some(*both)),
        ([first, second, ..], _) => (Some(*first), Some(*second)),
    };
    if files::is_dash(&args.old) && args.new.as_deref().is_some_and(files::is_dash) {
        return Err(Trouble::with_help("standard input holds one run, not two", "give the other one as a file"));
    }
    let path = args.new.as_ref().unwrap_or(&args.old);
    let old = side(files::given(&args.old, &[])?, &files::shown(&args.old), first)?;
    let mut new = side(files::given(path, &args.set)?, &files::shown(path), second)?;
    let marks = [second.filter(|_| first != second).map(|seed| format!("seed {seed}"))];
    let sets = args.set.iter().map(|(key, value)| format!("{key}={value}"));
    let marks: Vec<String> = marks.into_iter().flatten().chain(sets).collect();
    if args.new.is_none() {
        new.name = marks.join(", ");
    }
    Ok((old, new))
}

fn side(given: Given, name: &str, seed: Option<u64>) -> Result<Side, Trouble> {
    let how = How { seed, choices: None };
    let saved = || Trouble::new(format!("{name} is a saved trace: it has its seed already"));
    let is = match given {
        Given::Scenario(scenario) => {
            let (trace, verdict) = engine::run_and_check(&scenario, &how);
            let met = verdict.expectations.saturating_sub(verdict.failures.len());
            let failed = verdict.failures.iter().map(|failure| failure.message.clone()).collect();
            Is::Trace(Box::new(trace), Some(Held { met, all: verdict.expectations, failed }))
        }
        Given::Trace(_) | Given::Text(_) if seed.is_some() => return Err(saved()),
        Given::Trace(trace) => Is::Trace(trace, None),
        Given::Text(text) => match Story::read(&text) {
            Some(story) => Is::Story(Box::new(story)),
            None => Is::Plain(text),
        },
    };
    Ok(Side { name: name.to_owned(), is })
}

fn difference(old: &Side, new: &Side) -> Difference {
    // A saved text has long runs of packets folded: then the other is read in the same way.
    let unfolded = matches!((&old.is, &new.is), (Is::Trace(..), Is::Trace(..)));
    let paths = [old, new].iter().any(|side| matches!(&side.is, Is::Story(story) if story.paths_only));
    let story = |side: &Side| match &side.is {
        Is::Trace(trace, _) if paths => Story::paths_of(trace),
        Is::Trace(trace, _) => Story::of(trace, unfolded),
        Is::Story(story) => (**story).clone(),
        Is::Plain(_) => Story::default(),
    };
    let mut difference = compare(&story(old), &story(new));
    if let (Is::Trace(_, Some(old)), Is::Trace(_, Some(new))) = (&old.is, &new.is) {
        difference.expectations = Some((old.clone(), new.clone()));
    }
    difference
}

/// Texts, one of which at least is no run.
fn plain(args: &DiffArgs, old: &Side, new: &Side) -> Result<(bool, String), Trouble> {
    if args.format != DiffFormat::Text {
        let name = if matches!(old.is, Is::Plain(_)) { &old.name } else { &new.name };
        return Err(Trouble::with_help(
            format!("{name} is neither a scenario nor a trace: --format is for runs"),
            "leave it out: texts are compared line by line",
        ));
    }
    // A new snapshot has no old text: then all of it is new, a trace too.
    let text = |side: &Side, path: &Path| match &side.is {
        Is::Plain(text) => Ok(text.clone()),
        Is::Trace(trace, _) => Ok(engine::text(trace, &engine::Filter::default())),
        Is::Story(_) => files::read(path),
    };
    let (a, b) = (text(old, &args.old)?, text(new, args.new.as_ref().unwrap_or(&args.old))?);
    let difference = lines((&old.name, &a), (&new.name, &b));
    Ok((difference.is_none(), draw::visible(&difference.unwrap_or_default())))
}

/// A machine with what came and went.
fn picture(args: &DiffArgs, old: &Side, new: &Side) -> Result<(bool, String), Trouble> {
    let (Is::Trace(before, _), Is::Trace(after, _)) = (&old.is, &new.is) else {
        return Err(Trouble::with_help(
            "a text does not name the inputs that a machine took: it cannot be drawn",
            "compare scenarios, or traces saved with `run --format json`",
        ));
    };
    let (gone, came) = (engine::witnessed(before), engine::witnessed(after));
    let used = |name: &str| gone.iter().chain(&came).any(|edge| edge.machine == name);
    let table = match &args.machine {
        Some(name) => machine(name).ok_or_else(|| graph::unknown(name))?,
        None => {
            let mut tables = catalog();
            let first = tables.iter().position(|table| used(table.name)).unwrap_or(0);
            tables.swap_remove(first)
        }
    };
    let title = format!("{} → {}", old.name, new.name);
    let picture = overlay(&table, &title, &gone, &came);
    let text = match args.format {
        DiffFormat::Mermaid => mermaid(&picture, false),
        _ => dot(&picture, DotOptions::default()),
    };
    Ok((difference(old, new).is_same(), text))
}

/// What came is green, what went is red, what moved or changed is yellow.
fn coloured(paint: Paint, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.lines().enumerate() {
        let mark = line.trim_start().split(' ').next().unwrap_or_default();
        let inner = line.starts_with("    ");
        out.push_str(&match mark {
            "+" if inner => paint.green(line),
            "-" if inner => paint.red(line),
            "~" if inner => paint.yellow(line),
            _ if at == 0 => paint.bold(line),
            _ if line.starts_with('+') => paint.green(line),
            _ if line.starts_with('-') => paint.red(line),
            _ => marked(paint, line),
        });
        out.push('\n');
    }
    out
}

/// The parts of a path between `[- -]` and `[+ +]`.
fn marked(paint: Paint, line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("[- ").into_iter().chain(rest.find("[+ ")).min() {
        let gone = rest[at..].starts_with("[- ");
        let close = if gone { " -]" } else { " +]" };
        let Some(len) = rest[at..].find(close) else { break };
        let (before, part) = (&rest[..at], &rest[at..at + len + close.len()]);
        out.push_str(before);
        out.push_str(&if gone { paint.red(part) } else { paint.green(part) });
        rest = &rest[at + part.len()..];
    }
    out + rest
}
