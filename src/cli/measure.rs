//! `drywire measure`: runs in figures, side by side.

use super::args::{MeasureArgs, MeasureBy, MeasureFormat};
use super::engine::{self, How};
use super::files::{self, Input};
use super::sweep::{self, Sweep};
use super::{Done, Status, Trouble, draw, note, run, tell};
use crate::scenario::did_you_mean;
use crate::trace::Trace;
use crate::view::measure::{Figure, Measured, figures, rank};
use serde_json::{Map, Value, json};
use std::io::{self, IsTerminal};

mod table;

/// The version of the JSON form.
const VERSION: u32 = 1;
/// As many runs as are measured at once.
const MOST_RUNS: u64 = 1_000;

/// The figures of a run, of an end, or of many runs.
pub(super) struct Column {
    /// The SIM's name.
    pub(super) sim: String,
    /// What `--set` replaced, and by what.
    pub(super) settings: Vec<(String, String)>,
    /// The seed of the run; none where there are many.
    pub(super) seed: Option<u64>,
    /// The end of a connection, with `--by end`.
    pub(super) end: Option<String>,
    /// `min`, `median` or `max`, with `--seeds`.
    pub(super) stat: Option<&'static str>,
    /// A value for each figure.
    pub(super) values: Vec<Option<u64>>,
}

/// Measures the runs that are asked for. Nothing runs before all scenarios are sound.
pub(super) fn measure(args: &MeasureArgs) -> Done {
    let wanted = wanted(&args.figures)?;
    if args.list {
        return files::put(args.out.as_deref(), listed(&wanted).as_bytes());
    }
    let sweep = Sweep::new(&args.set);
    bounded(args, &sweep)?;
    let Some(inputs) = inputs(args, &sweep)? else { return Ok(Status::BadInput) };
    let mut status = Status::Fine;
    let mut columns = Vec::new();
    for (sim, settings, input) in inputs {
        columns.extend(measured(args, &sim, &settings, &input, &mut status)?);
    }
    let chosen: Vec<usize> = (0..wanted.len()).filter(|at| wanted[*at].1).collect();
    let figures: Vec<Figure> = chosen.iter().map(|at| wanted[*at].0.clone()).collect();
    for column in &mut columns {
        column.values = chosen.iter().map(|at| column.values.get(*at).copied().flatten()).collect();
    }
    let text = match args.format {
        MeasureFormat::Table => table::text(&figures, &columns, args.figures.is_empty()),
        MeasureFormat::Csv => csv(&figures, &columns),
        MeasureFormat::Json => json(&figures, &columns),
    };
    files::put(args.out.as_deref(), text.as_bytes())?;
    Ok(status)
}

/// All figures, and whether each is wanted.
fn wanted(words: &[String]) -> Result<Vec<(Figure, bool)>, Trouble> {
    let all = figures();
    if let Some(word) = words.iter().find(|word| !all.iter().any(|figure| figure.is_called(word))) {
        let known = all.iter().flat_map(|figure| [figure.name.as_str(), head(&figure.name)]);
        let help = match did_you_mean(word, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`drywire measure --list` names them all".to_owned(),
        };
        return Err(Trouble::with_help(format!("no figure `{word}`"), help));
    }
    let chosen = |figure: &Figure| words.is_empty() || words.iter().any(|word| figure.is_called(word));
    Ok(all.into_iter().map(|figure| (chosen(&figure), figure)).map(|(chosen, figure)| (figure, chosen)).collect())
}

/// The first word of a name, by which its like are meant.
fn head(name: &str) -> &str {
    name.split_once('-').map_or(name, |(head, _)| head)
}

fn listed(wanted: &[(Figure, bool)]) -> String {
    let shown: Vec<&Figure> = wanted.iter().filter(|(_, chosen)| *chosen).map(|(figure, _)| figure).collect();
    let width = shown.iter().map(|figure| figure.name.len()).max().unwrap_or(0);
    shown.iter().map(|figure| format!("{:width$}  {}\n", figure.name, figure.about)).collect()
}

fn bounded(args: &MeasureArgs, sweep: &Sweep) -> Result<(), Trouble> {
    let sims = u64::try_from(args.sims.len()).unwrap_or(u64::MAX);
    let runs = sims.saturating_mul(sweep.count()).saturating_mul(args.seeds.unwrap_or(1));
    if runs <= MOST_RUNS {
        return Ok(());
    }
    let lists = "scenarios, values of each list and seeds are multiplied: name fewer of one of them";
    Err(Trouble::with_help(format!("{runs} runs are asked for; {MOST_RUNS} is the most"), lists))
}

type Named = (String, Vec<(String, String)>, Input);

/// Every scenario with every setting; `None` where one is wrong, which has then been told.
fn inputs(args: &MeasureArgs, sweep: &Sweep) -> Result<Option<Vec<Named>>, Trouble> {
    let mut inputs = Vec::new();
    let mut sound = true;
    for path in &args.sims {
        let text = match files::read(path) {
            Ok(text) => text,
            Err(trouble) => {
                tell(&trouble);
                sound = false;
                continue;
            }
        };
        for settings in sweep.settings() {
            match files::parsed(path, text.clone(), &settings) {
                Ok(input) => inputs.push((files::shown(path), settings, input)),
                Err(trouble) => {
                    tell(&trouble);
                    sound = false;
                    break;
                }
            }
        }
    }
    Ok(sound.then_some(inputs))
}

/// The columns of one scenario with one setting.
fn measured(
    args: &MeasureArgs,
    sim: &str,
    settings: &[(String, String)],
    input: &Input,
    status: &mut Status,
) -> Result<Vec<Column>, Trouble> {
    let seeds: Vec<Option<u64>> = match args.seeds {
        Some(seeds) => (1..=seeds).map(Some).collect(),
        None => vec![args.seed],
    };
    let column = |seed, end, stat, values| {
        let (sim, settings) = (sim.to_owned(), settings.to_vec());
        Column { sim, settings, seed, end, stat, values }
    };
    let mut runs: Vec<Vec<Option<u64>>> = Vec::new();
    for seed in seeds {
        let trace = traced(sim, input, &How { seed, choices: None })?;
        warn(sim, &trace, status);
        let measured = Measured::new(&trace);
        let seed = Some(trace.header.seed);
        match args.by {
            MeasureBy::Run if args.seeds.is_some() => runs.push(measured.values(None)),
            MeasureBy::Run => return Ok(vec![column(seed, None, None, measured.values(None))]),
            MeasureBy::End => {
                let ends = measured.ends().iter();
                let ends = ends.map(|(of, name)| column(seed, Some(name.clone()), None, measured.values(Some(*of))));
                return Ok(ends.collect());
            }
        }
    }
    let over = [("min", 0), ("median", 50), ("max", 100)];
    Ok(over.map(|(stat, percent)| column(None, None, Some(stat), ranked(&runs, percent))).into())
}

fn traced(sim: &str, input: &Input, how: &How) -> Result<Trace, Trouble> {
    match input {
        Input::Scenario { scenario, .. } => Ok(engine::run(scenario, how)),
        Input::Trace(trace) => run::trace(sim, Input::Trace(trace.clone()), how),
    }
}

/// A run that a limit ended has figures, but not those that it would have.
fn warn(sim: &str, trace: &Trace, status: &mut Status) {
    if let Some(limit) = engine::limit(trace) {
        *status = (*status).max(Status::Failed);
        let paint = draw::Paint::on(io::stderr().is_terminal());
        let help = "its figures are of what happened until then";
        note(&draw::message(paint, &format!("{sim} (seed {}): {limit}", trace.header.seed), Some(help)));
    }
}

/// The percentile of each figure over these runs; runs that have no value for it do not count.
fn ranked(runs: &[Vec<Option<u64>>], percent: u64) -> Vec<Option<u64>> {
    let count = runs.first().map_or(0, Vec::len);
    let of = |at: usize| runs.iter().filter_map(|values| values.get(at).copied().flatten()).collect::<Vec<u64>>();
    (0..count).map(|at| rank(&of(at), percent)).collect()
}

/// What tells the columns apart, as (what, its value in each).
pub(super) fn labels(columns: &[Column]) -> Vec<(String, Vec<String>)> {
    let mut labels = vec![("sim".to_owned(), columns.iter().map(|column| column.sim.clone()).collect())];
    for (at, (key, _)) in
        columns.first().map(|column| column.settings.as_slice()).unwrap_or_default().iter().enumerate()
    {
        let value = |column: &Column| column.settings.get(at).map(|(_, value)| value.clone()).unwrap_or_default();
        labels.push((key.clone(), columns.iter().map(value).collect()));
    }
    let mut more = |name: &str, of: &dyn Fn(&Column) -> Option<String>| {
        if columns.iter().any(|column| of(column).is_some()) {
            labels.push((name.to_owned(), columns.iter().map(|column| of(column).unwrap_or_default()).collect()));
        }
    };
    more("seed", &|column| column.seed.map(|seed| seed.to_string()));
    more("end", &|column| column.end.clone());
    more("of-seeds", &|column| column.stat.map(str::to_owned));
    labels
}

/// RFC 4180: a header row, then a row for each run; what has no value is empty.
fn csv(figures: &[Figure], columns: &[Column]) -> String {
    let labels = labels(columns);
    let names = labels.iter().map(|(name, _)| name.clone()).chain(figures.iter().map(|figure| figure.name.clone()));
    let mut out = sweep::csv_row(names);
    for (at, column) in columns.iter().enumerate() {
        let label = labels.iter().map(|(_, values)| values[at].clone());
        let values = column.values.iter().map(|value| value.map(|value| value.to_string()).unwrap_or_default());
        out.push_str(&sweep::csv_row(label.chain(values)));
    }
    out
}

/// One JSON object, with a line for each run.
fn json(figures: &[Figure], columns: &[Column]) -> String {
    let rows: Vec<String> = columns.iter().map(|column| format!("  {}", json_row(figures, column))).collect();
    format!("{{\"version\":{VERSION},\"runs\":[\n{}\n]}}\n", rows.join(",\n"))
}

fn json_row(figures: &[Figure], column: &Column) -> Value {
    let settings: Map<String, Value> =
        column.settings.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    let values: Map<String, Value> =
        figures.iter().zip(&column.values).map(|(figure, value)| (figure.name.clone(), Value::from(*value))).collect();
    json!({
        "sim": column.sim, "settings": settings, "seed": column.seed, "end": column.end, "of_seeds": column.stat,
        "figures": values,
    })
}
