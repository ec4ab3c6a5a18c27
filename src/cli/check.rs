//! `drywire check`: do the scenarios show what they promise, and the same every time?

use super::args::{CheckArgs, CheckFormat};
use super::draw::Paint;
use super::engine::{self, How, Verdict};
use super::files::{self, Input};
use super::report;
use super::{Done, Status, Trouble, replay, tell};
use std::io::{self, IsTerminal};
use std::path::Path;

/// One row of the table.
#[derive(Debug)]
pub(super) struct Row {
    /// The file.
    pub(super) name: String,
    /// Its text, where it is a scenario.
    pub(super) text: String,
    /// What became of it; `None` where it could not be read.
    pub(super) verdict: Option<Verdict>,
    /// The first run whose trace differs from the first one's, and the first line that does: of both.
    pub(super) unsteady: Option<(u32, String, String)>,
    /// The command that runs it again; empty for a saved trace.
    pub(super) again: String,
}

impl Row {
    /// Everything is as promised.
    pub(super) fn ok(&self) -> bool {
        self.unsteady.is_none()
            && self.verdict.as_ref().is_some_and(|verdict| {
                verdict.failures.is_empty() && verdict.findings.is_empty() && verdict.limit.is_none()
            })
    }
}

/// Checks all scenarios; one that cannot be read keeps none of the others from being checked.
pub(super) fn check(args: &CheckArgs) -> Done {
    let paths = files::expand(&args.sims)?;
    let how = How { seed: args.seed, choices: None };
    let rows: Vec<Row> = paths.iter().map(|path| row(path, &how, args)).collect();
    let terminal = files::to_standard_output(args.out.as_deref()) && io::stdout().is_terminal();
    let text = match args.format {
        CheckFormat::Text => report::text(Paint::on(terminal), &rows, args.runs),
        CheckFormat::Json => report::json(&rows),
        CheckFormat::Junit => report::junit(&rows),
    };
    files::put(args.out.as_deref(), text.as_bytes())?;
    Ok(rows.iter().map(status).max().unwrap_or(Status::Fine))
}

fn status(row: &Row) -> Status {
    match (&row.verdict, row.ok()) {
        (None, _) => Status::BadInput,
        (Some(_), true) => Status::Fine,
        (Some(_), false) => Status::Failed,
    }
}

fn row(path: &Path, how: &How, args: &CheckArgs) -> Row {
    let name = files::shown(path);
    let mut row = Row { name, text: String::new(), verdict: None, unsteady: None, again: String::new() };
    if let Err(trouble) = fill(&mut row, path, how, args) {
        tell(&trouble);
    }
    row
}

fn fill(row: &mut Row, path: &Path, how: &How, args: &CheckArgs) -> Result<(), Trouble> {
    match files::input(path, &args.set)? {
        Input::Scenario { scenario, text } => {
            row.text = text;
            row.again = replay::line(&row.name, &args.set, how, scenario.seed);
            let verdict = engine::check(&scenario, how);
            if args.runs > 1 {
                let first = engine::json(&engine::run(&scenario, how), true);
                for run in 2..=args.runs {
                    let again = engine::json(&engine::run(&scenario, how), true);
                    if again != first {
                        let (one, other) = first_difference(&first, &again);
                        row.unsteady = Some((run, one, other));
                        break;
                    }
                }
            }
            row.verdict = Some(verdict);
        }
        Input::Trace(trace) => row.verdict = Some(engine::check_trace(&trace)),
    }
    Ok(())
}

/// The first line in which two traces differ.
fn first_difference(one: &str, other: &str) -> (String, String) {
    let (mut a, mut b) = (one.lines(), other.lines());
    loop {
        let (x, y) = (a.next(), b.next());
        if x != y || x.is_none() {
            let line = |line: Option<&str>| line.unwrap_or("(the trace has ended)").to_owned();
            return (line(x), line(y));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_found() {
        assert_eq!(first_difference("a\nb\nc", "a\nx\nc"), ("b".into(), "x".into()));
        assert_eq!(first_difference("a", "a\nb"), ("(the trace has ended)".into(), "b".into()));
    }
}
