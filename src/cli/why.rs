//! `drywire why`: the causes of a record.

use super::args::{WhyArgs, WhyFormat};
use super::engine::{self, How};
use super::files::{self, Input};
use super::{Done, Trouble, run};
use crate::base::{ActorId, RecordId};
use crate::trace::{Trace, escape};
use crate::view::why;

/// Prints the chain of causes.
pub(super) fn why(args: &WhyArgs) -> Done {
    let name = files::shown(&args.sim);
    let input = files::input(&args.sim, &args.set)?;
    let source = match &input {
        Input::Scenario { scenario, text } => Some((scenario.clone(), text.clone())),
        Input::Trace(_) => None,
    };
    let trace = run::trace(&name, input, &How { seed: args.seed, choices: args.choices.clone() })?;
    let record = record(args, &trace)?;
    let step = |actor: ActorId, index: u32| {
        let (scenario, text) = source.as_ref()?;
        let span = engine::step_span(scenario, actor, index)?;
        let words: Vec<&str> = text.get(span)?.split_whitespace().collect();
        Some(escape(&words.join(" ")))
    };
    let mut links = why::why(&trace, record, step).ok_or_else(|| none(&trace, record.0))?;
    let text = match args.format {
        WhyFormat::Text => why::told(&links),
        WhyFormat::Json => {
            links.iter_mut().for_each(|link| link.line = link.line.trim().to_owned());
            engine::pretty(&links)
        }
    };
    files::put(args.out.as_deref(), text.as_bytes())
}

fn record(args: &WhyArgs, trace: &Trace) -> Result<RecordId, Trouble> {
    let Some(time) = &args.at else {
        let number = args.record.unwrap_or_default();
        let known = trace.records.get(RecordId(number).index());
        return known.map(|record| record.id).ok_or_else(|| none(trace, number));
    };
    let time = engine::time(time).map_err(|why| Trouble::with_help(why, "like `--at 1100` or `--at '1.1 s'`"))?;
    why::at(trace, time).ok_or_else(|| Trouble::new("nothing happened at or before that time"))
}

fn none(trace: &Trace, number: u32) -> Trouble {
    let help = match trace.records.len() {
        0 => "it has none".to_owned(),
        many => format!("records are 0 to {}; `drywire run SIM --numbers` shows which is which", many - 1),
    };
    Trouble::with_help(format!("this run has no record {number}"), help)
}
