//! What each step must come to.

use super::difference::{quoted, texts};
use super::history::StepSeen;
use super::segments::{self, Came};
use super::{Failure, Run, Tally};
use crate::base::ActorId;
use crate::machine::Finite;
use crate::scenario::model::{Action, Program, Step, Want};
use crate::trace::{Header, Outcome, Relative};

/// Looks at every step of every script.
pub(super) fn weigh(run: &Run<'_>, tally: &mut Tally, failures: &mut Vec<Failure>) {
    let relative = segments::numbers(run);
    for (id, actor) in (0_u16..).map(ActorId).zip(&run.scenario.actors) {
        let Program::Script(steps) = &actor.program else { continue };
        let mut before = "the start".to_owned();
        let mut late: Option<Failure> = None;
        let mut never = 0_usize;
        for (index, step) in (0_u32..).zip(steps) {
            let name = format!("{}'s step {}, {}", actor.name, index + 1, action(&step.action));
            tally.all += usize::from(step.want != Want::Anything);
            match run.history.step(id, index) {
                Some(seen) => {
                    let wrong = match &step.want {
                        Want::Segment(_) | Want::Silence if blocked(seen).is_none() => {
                            segment(run, &relative, step, seen, &name)
                        }
                        _ => outcome(run.header, step, seen, &name),
                    };
                    match wrong {
                        None => tally.met += usize::from(step.want != Want::Anything),
                        Some(failure) => failures.push(failure),
                    }
                    before = where_it_is(seen, &name);
                }
                None if step.want == Want::Anything => {}
                None => {
                    never += 1;
                    late.get_or_insert_with(|| never_began(step, &name, &before));
                }
            }
        }
        if let Some(mut failure) = late {
            if never > 1 {
                failure.message.push_str(&format!(", nor did {} after it", never - 1));
            }
            failures.push(failure);
        }
    }
}

fn never_began(step: &Step, name: &str, before: &str) -> Failure {
    let after = step.after.as_ref().map_or(String::new(), |label| format!("; it is to run after `{label}`"));
    Failure {
        span: step.span.clone(),
        message: format!("{name}, never began"),
        expected: want(&step.want),
        got: format!("the program is at {before}{after}"),
    }
}

/// Where a program is whose latest step this is.
fn where_it_is(seen: &StepSeen<'_>, name: &str) -> String {
    match blocked(seen) {
        Some(call) => format!("{name}, which waits in {call}"),
        None => format!("{name}, which is done"),
    }
}

/// The call in which a step waits.
fn blocked(seen: &StepSeen<'_>) -> Option<String> {
    let waiting = seen.calls.iter().find(|seen| seen.outcome.is_none())?;
    Some(format!("{}({})", waiting.call.call, waiting.call.args))
}

/// What is wrong with a step that began.
fn outcome(header: &Header, step: &Step, seen: &StepSeen<'_>, name: &str) -> Option<Failure> {
    let fails = |message: String, expected: String, got: String| {
        Some(Failure { span: step.span.clone(), message, expected, got })
    };
    if step.want == Want::Anything {
        return None;
    }
    if let Some(call) = blocked(seen) {
        let so_far = match received(seen) {
            data if data.is_empty() => String::new(),
            data => format!(", with {} so far", quoted(&data)),
        };
        let got = format!("{call} waits for ever{so_far}");
        return fails(format!("{name}, never completed"), want(&step.want), got);
    }
    let error = seen.outcomes().find_map(|outcome| match outcome {
        Outcome::Err(errno) => Some(*errno),
        _ => None,
    });
    let last = seen.outcomes().next_back();
    let other = |what: &str| format!("{name}: {what}");
    match &step.want {
        Want::Anything | Want::Segment(_) | Want::Silence => None,
        Want::Success => {
            let refused = seen.outcomes().find(|outcome| matches!(outcome, Outcome::Refused(_))).map(plain);
            let error = error.map(|errno| errno.to_string()).or(refused)?;
            fails(other("the call failed"), want(&step.want), error)
        }
        Want::Fails(errno) => match last {
            Some(Outcome::Err(got)) if got == errno => None,
            _ => fails(other("not the expected error"), errno.to_string(), said(header, last)),
        },
        Want::Eof => match last {
            Some(Outcome::Eof) if received(seen).is_empty() => None,
            _ => fails(other("not the end of file"), "end of file".to_owned(), told(header, seen)),
        },
        Want::Data(data) => {
            let got = received(seen);
            if got == data.0[..] && error.is_none() {
                return None;
            }
            if got == data.0[..] {
                return fails(other("an error after the bytes"), quoted(&data.0), told(header, seen));
            }
            if got.is_empty() {
                return fails(other("no bytes"), quoted(&data.0), said(header, last));
            }
            let (expected, got) = texts(&quoted(&data.0), &quoted(&got));
            fails(other("other bytes than expected"), expected, got)
        }
        Want::Text(text) => {
            let got = said(header, last);
            if got == *text || last.is_some_and(|last| plain(last) == *text) {
                return None;
            }
            let (expected, got) = texts(text, &got);
            fails(other("another answer than expected"), expected, got)
        }
    }
}

/// What is wrong with a step that awaited a segment, and has gone on.
fn segment(run: &Run<'_>, relative: &Relative, step: &Step, seen: &StepSeen<'_>, name: &str) -> Option<Failure> {
    let fails = |what: &str, got: String| {
        let message = format!("{name}: {what}");
        Some(Failure { span: step.span.clone(), message, expected: want(&step.want), got })
    };
    let last = seen.outcomes().next_back();
    let came = last.and_then(|outcome| Came::of(outcome, run.records, relative));
    match (&step.want, came) {
        (Want::Segment(parts), Some(came)) if came.is(parts) => None,
        (Want::Segment(parts), Some(came)) => fails("another segment than expected", came.told(parts.data.is_some())),
        (Want::Segment(_), None) => {
            let within = if let Action::Await(awaits) = &step.action { awaits.within } else { None };
            let nothing = matches!(last, Some(Outcome::Nothing));
            fails("no segment", if nothing { segments::nothing(within) } else { said(run.header, last) })
        }
        (_, Some(came)) => fails("a segment where none was expected", came.told(false)),
        (_, None) if matches!(last, Some(Outcome::Nothing)) => None,
        (_, None) => fails("no silence", said(run.header, last)),
    }
}

/// What a step's calls received, all together.
fn received(seen: &StepSeen<'_>) -> Vec<u8> {
    let mut all = Vec::new();
    for outcome in seen.outcomes() {
        if let Outcome::Data(data) | Outcome::From(data, _) = outcome {
            all.extend_from_slice(&data.0);
        }
    }
    all
}

/// Bytes received and how it ended.
fn told(header: &Header, seen: &StepSeen<'_>) -> String {
    let (data, last) = (received(seen), seen.outcomes().next_back());
    match last {
        Some(Outcome::Data(_) | Outcome::From(..)) => quoted(&data),
        _ if data.is_empty() => said(header, last),
        _ => format!("{}, then {}", quoted(&data), said(header, last)),
    }
}

/// An outcome in words; addresses by their host's name.
fn said(header: &Header, outcome: Option<&Outcome>) -> String {
    let Some(outcome) = outcome else { return "nothing".to_owned() };
    let (Outcome::Addr(addr) | Outcome::Accepted(_, addr)) = outcome else { return plain(outcome) };
    match header.nodes.iter().find(|node| node.addrs.contains(&addr.ip())) {
        // Only a name's address has no port, but for sockets that are not bound, which have no host's address either.
        Some(node) if addr.port() == 0 => node.name.clone(),
        Some(node) => format!("{}:{}", node.name, addr.port()),
        None => addr.to_string(),
    }
}

fn plain(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok => "ok".to_owned(),
        Outcome::Pending => "nothing yet".to_owned(),
        Outcome::Fd(fd) => fd.0.to_string(),
        Outcome::Count(count) => count.to_string(),
        Outcome::Data(data) | Outcome::From(data, _) => quoted(&data.0),
        Outcome::Eof => "end of file".to_owned(),
        Outcome::Accepted(_, addr) | Outcome::Addr(addr) => addr.to_string(),
        Outcome::Value(value) => value.to_string(),
        Outcome::SoError(errno) => errno.to_string(),
        Outcome::Ready(ready) => ready.clone(),
        Outcome::Segment(..) => "a segment".to_owned(),
        Outcome::Nothing => "nothing".to_owned(),
        Outcome::Status(state) => state.clone(),
        Outcome::Refused(refusal) => format!("error: {refusal}"),
        Outcome::Err(errno) => errno.to_string(),
    }
}

fn want(want: &Want) -> String {
    match want {
        Want::Success => "success".to_owned(),
        Want::Anything => "anything".to_owned(),
        Want::Data(data) => quoted(&data.0),
        Want::Eof => "end of file".to_owned(),
        Want::Text(text) => text.clone(),
        Want::Fails(errno) => errno.to_string(),
        Want::Segment(parts) => segments::wanted(parts),
        Want::Silence => "silence".to_owned(),
    }
}

fn action(action: &Action) -> &'static str {
    match action {
        Action::Socket(_) => "socket",
        Action::Bind { .. } => "bind",
        Action::Listen { .. } => "listen",
        Action::Accept => "accept",
        Action::Connect(_) => "connect",
        Action::Send(_) => "send",
        Action::Recv { .. } => "recv",
        Action::SendTo(..) => "sendto",
        Action::RecvFrom { .. } => "recvfrom",
        Action::Shutdown(_) => "shutdown",
        Action::Close => "close",
        Action::SetOpt(..) => "setsockopt",
        Action::GetOpt(_) => "getsockopt",
        Action::GetSockName => "getsockname",
        Action::GetPeerName => "getpeername",
        Action::Poll => "poll",
        Action::Resolve(_) => "getaddrinfo",
        Action::Wait => "sleep",
        Action::Crash => "crash",
        Action::Restart => "restart",
        Action::Cut(_) => "cut",
        Action::Repair(_) => "repair",
        Action::Inject(_) => "inject",
        Action::Segment(_) => "segment",
        Action::Await(_) => "await",
        Action::User(call) => call.kind.name().name(),
    }
}
