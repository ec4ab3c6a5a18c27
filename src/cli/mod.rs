//! The command line: the only room that prints or touches files.
//!
//! - Exit codes: 0 fine; 1 a run reached a limit or, with `check`, an expectation failed; 2 bad input.
//! - Results go to standard output or to the file of `-o`, which appears whole or not at all. Everything else goes to
//!   standard error. A reader that goes away (`| head`) ends the program quietly.
//! - Colour only on terminals, and never where NO_COLOR is set.
//!
//! `args` says what can be asked, a module for each command does it, `engine` is the one door to the rest of the crate,
//! `files` reads and writes, `draw` makes errors and differences readable.

mod args;
mod check;
mod coverage;
mod diff;
mod draw;
mod engine;
mod files;
mod graph;
mod new;
mod replay;
mod report;
mod run;
mod why;

use args::{Args, Command};
use clap::Parser;
use draw::Paint;
use engine::Diagnostics;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// How a command ended well enough to have an exit code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Status {
    /// All is as it should be.
    Fine,
    /// An expectation failed, a run reached a limit, or two runs behave differently.
    Failed,
    /// What was given cannot be used.
    BadInput,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        match status {
            Status::Fine => ExitCode::SUCCESS,
            Status::Failed => ExitCode::from(1),
            Status::BadInput => ExitCode::from(2),
        }
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
enum Trouble {
    /// The errors of a scenario, drawn under its lines.
    Diagnostics(Box<Diagnostics>),
    /// A sentence, and what to do about it.
    Message(String, Option<String>),
    /// Whoever read our output has gone.
    Gone,
}

impl Trouble {
    fn new(message: impl Into<String>) -> Trouble {
        Trouble::Message(message.into(), None)
    }

    fn with_help(message: impl Into<String>, help: impl Into<String>) -> Trouble {
        Trouble::Message(message.into(), Some(help.into()))
    }
}

/// What commands return.
type Done = Result<Status, Trouble>;

/// Runs the command line.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Nothing can be done for a reader who has gone.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let done = match args.command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::check(&args),
        Command::Graph(args) => graph::graph(&args),
        Command::Diff(args) => diff::diff(&args),
        Command::Why(args) => why::why(&args),
        Command::Coverage(args) => coverage::coverage(&args),
        Command::New(args) => new::new(&args),
        Command::Schema(args) => files::put(args.out.as_deref(), engine::schema().as_bytes()),
        Command::Reference(args) => files::put(args.out.as_deref(), engine::reference().as_bytes()),
    };
    let status = done.unwrap_or_else(|trouble| tell(&trouble));
    status.into()
}

/// Tells standard error what the trouble is.
fn tell(trouble: &Trouble) -> Status {
    let paint = Paint::on(io::stderr().is_terminal());
    let text = match trouble {
        Trouble::Gone => return Status::Fine,
        Trouble::Message(message, help) => draw::message(paint, message, help.as_deref()),
        Trouble::Diagnostics(diagnostics) => draw::diagnostics(paint, diagnostics),
    };
    note(&text);
    Status::BadInput
}

/// Writes to standard error; there is nobody to tell if that fails.
fn note(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
