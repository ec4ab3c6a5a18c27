//! The scripted actor: a scenario's steps, one after the other, as a blocking socket program does them.
//!
//! - A step begins when the one before it has completed, its `wait` is over, its `at` has come, and the step of its
//!   `after` has completed. It completes when its call has returned, whatever it returned: what was wanted of it is
//!   judged from the records.
//! - It is done on the socket that it names, else on the actor's most recently made or accepted one that is still open.
//!   `accept` alone prefers the most recent one that listens: several clients are taken from one listener.
//! - Where no socket is open, the call goes to the one that was closed last (or to descriptor 0), and fails with EBADF.

mod perform;
mod segments;
mod sockets;
mod target;

use super::{Program, Wait};
use crate::base::{Span, Time};
use crate::scenario::model::Step;
use crate::socket::Sys;
use perform::Doing;
use sockets::Sockets;

/// A program made of a scenario's steps.
#[derive(Debug)]
pub struct Script {
    steps: Vec<Step>,
    next: usize,
    /// When the step before the next one completed.
    idle_since: Time,
    /// The step that is being done.
    doing: Option<Doing>,
    sockets: Sockets,
}

/// Whether a step goes on without waiting.
#[derive(PartialEq, Eq, Debug)]
enum Flow {
    /// Not before this has come.
    Wait(Wait),
    /// It has completed.
    Complete,
}

impl Script {
    /// An actor that does these steps.
    pub fn new(steps: Vec<Step>) -> Script {
        Script { steps, next: 0, idle_since: Time::ZERO, doing: None, sockets: Sockets::default() }
    }

    /// What the step still waits for before it begins.
    fn not_before(step: &Step, idle_since: Time, sys: &dyn Sys) -> Option<Wait> {
        let earliest = idle_since + step.wait;
        if let Some(label) = step.after.as_ref().filter(|label| !sys.completed(label)) {
            return Some(Wait::Label(label.clone()));
        }
        let earliest = earliest.max(step.at.unwrap_or(Time::ZERO));
        (earliest.since(sys.now()) > Span::ZERO).then(|| Wait::until(earliest))
    }
}

impl Program for Script {
    fn step(&mut self, sys: &mut dyn Sys) -> Wait {
        let Some(step) = self.steps.get(self.next) else { return Wait::Done };
        let doing = match &mut self.doing {
            Some(doing) => doing,
            None => {
                if let Some(wait) = Script::not_before(step, self.idle_since, sys) {
                    return wait;
                }
                sys.begin_step(self.next);
                sys.blocking(!step.nonblocking);
                self.doing.insert(Doing::default())
            }
        };
        if let Flow::Wait(wait) = doing.perform(step, &mut self.sockets, sys) {
            return wait;
        }
        if let Some(label) = &step.label {
            sys.complete(label);
        }
        self.idle_since = sys.now();
        self.doing = None;
        self.next += 1;
        // The next one in its own turn: what this one has sent is on the wire by then.
        if self.next < self.steps.len() { Wait::until(self.idle_since) } else { Wait::Done }
    }
}

#[cfg(test)]
mod tests;
