//! `drywire run`: traces.

use super::args::{RunArgs, Times, TraceFormat};
use super::draw::{self, Paint};
use super::engine::{self, Filter, How};
use super::files::{self, Input};
use super::{Done, Status, Trouble, note, replay, tell};
use crate::catalog::catalog;
use crate::trace::{Names, Trace, What};
use std::io::{self, IsTerminal};
use std::path::Path;

/// Runs the scenarios, in order, and puts out what was asked for. Nothing runs before all of them are sound.
pub(super) fn run(args: &RunArgs) -> Done {
    sensible(args)?;
    let mut inputs = Vec::new();
    let mut status = Status::Fine;
    for path in &args.sims {
        match files::input(path, &args.set) {
            Ok(input) => inputs.push((path, input)),
            Err(trouble) => status = status.max(tell(&trouble)),
        }
    }
    if status != Status::Fine {
        return Ok(status);
    }
    let mut whole = Vec::new();
    for (at, (path, input)) in inputs.into_iter().enumerate() {
        let mut bytes = if at > 0 && separated(args) { b"\n".to_vec() } else { Vec::new() };
        bytes.extend(one(args, path, input, &mut status)?);
        if files::to_standard_output(args.out.as_deref()) {
            files::put(None, &bytes)?;
        } else {
            whole.append(&mut bytes);
        }
    }
    if !files::to_standard_output(args.out.as_deref()) {
        files::put(args.out.as_deref(), &whole)?;
    }
    Ok(status)
}

/// What clap cannot tell.
fn sensible(args: &RunArgs) -> Result<(), Trouble> {
    let narrowed = !(args.conn.is_empty() && args.layer.is_empty());
    if narrowed && args.format == TraceFormat::Pcapng {
        return Err(Trouble::with_help(
            "--conn and --layer do not narrow a capture",
            "leave them out; --host gives what one host's interfaces saw",
        ));
    }
    if args.numbers && args.format != TraceFormat::Text {
        return Err(Trouble::with_help(
            "--numbers is for the text form",
            "leave it out, or leave out --format; JSON has each record's number as `id`",
        ));
    }
    if args.times == Times::Absolute && args.format != TraceFormat::Text {
        return Err(Trouble::with_help(
            "--times is for the text form",
            "leave it out, or leave out --format; JSON has each record's time as `at`",
        ));
    }
    if args.bytes && args.format != TraceFormat::Json {
        return Err(Trouble::with_help(
            "--bytes is for the JSON form",
            "add --format json; a capture has the bytes always",
        ));
    }
    if let Some(layer) = args.layer.iter().find(|layer| !layers().contains(&layer.trim_end_matches(['<', '>']))) {
        return Err(unknown(&format!("no layer `{layer}`"), layer, "layers", &layers()));
    }
    if args.format == TraceFormat::Pcapng && args.sims.len() > 1 {
        return Err(Trouble::with_help("a capture holds one run", "name one SIM with --format pcapng"));
    }
    if args.format == TraceFormat::Pcapng
        && files::to_standard_output(args.out.as_deref())
        && io::stdout().is_terminal()
    {
        return Err(Trouble::with_help("a capture is not for a terminal", "write it to a file: -o run.pcapng"));
    }
    Ok(())
}

/// The layers of the text form.
const LAYERS: [&str; 16] = [
    "call", "sock", "dgram", "tcp", "seg", "timer", "udp", "icmp", "arp", "ip", "link", "drop", "conn", "app", "power",
    "judge",
];

/// The layers of the text form: the fixed ones, and the machines that have no other name there.
fn layers() -> Vec<&'static str> {
    let named = ["tcp", "socket", "datagram"];
    let machines = catalog().into_iter().map(|table| table.name).filter(|name| !named.contains(name));
    LAYERS.into_iter().chain(machines).collect()
}

/// Whether an empty line stands between two results.
fn separated(args: &RunArgs) -> bool {
    args.explain || matches!(args.format, TraceFormat::Text | TraceFormat::Path)
}

fn one(args: &RunArgs, path: &Path, input: Input, status: &mut Status) -> Result<Vec<u8>, Trouble> {
    let name = files::shown(path);
    let how = How { seed: args.seed, choices: args.choices.clone() };
    if args.explain {
        return match input {
            Input::Scenario { scenario, .. } => Ok(engine::explain(&scenario).into_bytes()),
            Input::Trace(_) => Err(Trouble::new(format!("{name} is a saved trace: --explain needs its scenario"))),
        };
    }
    let saved = matches!(input, Input::Trace(_));
    let trace = trace(&name, input, &how)?;
    if let Some(limit) = engine::limit(&trace) {
        *status = (*status).max(Status::Failed);
        let help = (!saved).then(|| {
            format!("again: {}; its limits stand in [limits]", replay::line(&name, &args.set, &how, trace.header.seed))
        });
        let paint = Paint::on(io::stderr().is_terminal());
        note(&draw::message(paint, &format!("{name}: {limit}"), help.as_deref()));
    }
    written(args, &trace)
}

/// The trace of an input: that of a run, or the saved one.
pub(super) fn trace(name: &str, input: Input, how: &How) -> Result<Trace, Trouble> {
    match input {
        Input::Scenario { scenario, .. } => {
            let (trace, notes) = engine::run_with_notes(&scenario, how);
            let paint = Paint::on(io::stderr().is_terminal());
            notes.iter().for_each(|text| note(&draw::remark(paint, &format!("{name}: {text}"))));
            Ok(trace)
        }
        Input::Trace(_) if how.seed.is_some() || how.choices.is_some() => {
            Err(Trouble::new(format!("{name} is a saved trace: it has its seed and its choices already")))
        }
        Input::Trace(trace) => Ok(*trace),
    }
}

fn written(args: &RunArgs, trace: &Trace) -> Result<Vec<u8>, Trouble> {
    let terminal = files::to_standard_output(args.out.as_deref()) && io::stdout().is_terminal();
    known_hosts(trace, &args.host)?;
    known_conns(trace, &args.conn)?;
    let (hosts, conns, layers) = (args.host.clone(), args.conn.clone(), args.layer.clone());
    let filter = Filter { hosts, conns, layers, numbers: args.numbers, absolute: args.times == Times::Absolute };
    match args.format {
        TraceFormat::Text => Ok(coloured(Paint::on(terminal), &engine::text(trace, &filter)).into_bytes()),
        TraceFormat::Path => Ok(engine::path(trace, &filter).into_bytes()),
        TraceFormat::Json => Ok(engine::narrowed_json(trace, args.bytes, &filter).into_bytes()),
        TraceFormat::Pcapng if frameless(trace) => Err(Trouble::with_help(
            "this saved trace has no packets' bytes to capture",
            "save it with --format json --bytes, or run its scenario",
        )),
        TraceFormat::Pcapng => Ok(engine::pcapng(trace, &args.host)),
    }
}

fn known_hosts(trace: &Trace, hosts: &[String]) -> Result<(), Trouble> {
    let names: Vec<&str> = trace.header.nodes.iter().map(|node| node.name.as_str()).collect();
    match hosts.iter().find(|host| !names.contains(&host.as_str())) {
        Some(host) => Err(unknown(&format!("no host `{host}` in this run"), host, "hosts", &names)),
        None => Ok(()),
    }
}

fn known_conns(trace: &Trace, conns: &[String]) -> Result<(), Trouble> {
    let names = Names::new(&trace.header, &trace.records);
    let known: Vec<String> = names.conns().map(|(id, _)| names.conn(id)).collect();
    let Some(conn) = conns.iter().find(|conn| !known.contains(conn)) else { return Ok(()) };
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Err(unknown(&format!("no connection `{conn}` in this run"), conn, "connections", &known))
}

/// A name that is not among those that there are: with the one that was meant, or all.
fn unknown(message: &str, name: &str, what: &str, known: &[&str]) -> Trouble {
    let all = match known {
        [] => format!("this run has no {what}"),
        [first, .., last] if known.len() > 20 => format!("{what} are: {first} to {last}"),
        all => format!("{what} are: {}", all.join(", ")),
    };
    let meant = engine::did_you_mean(name, known.iter().copied());
    Trouble::with_help(message, meant.map_or(all.clone(), |meant| format!("did you mean `{meant}`? {all}")))
}

/// Packets were sent, but none has its bytes: the trace was saved without them.
fn frameless(trace: &Trace) -> bool {
    let mut frames = trace.records.iter().filter_map(|record| match &record.what {
        What::Sent { frame, .. } => Some(frame),
        _ => None,
    });
    frames.clone().next().is_some() && frames.all(|frame| frame.is_empty())
}

/// The text form with a colour for each kind of line: the layer is one of the first three words.
fn coloured(paint: Paint, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut head = true;
    for line in text.lines() {
        head &= !line.is_empty();
        let layer = line.split_whitespace().take(3).find(|word| layers_with_colour(word).is_some());
        out.push_str(&match layer.and_then(layers_with_colour) {
            _ if head => paint.dim(line),
            Some(colour) => colour(paint, line),
            None => line.to_owned(),
        });
        out.push('\n');
    }
    out
}

fn layers_with_colour(layer: &str) -> Option<fn(Paint, &str) -> String> {
    match layer {
        "tcp" | "sock" | "dgram" => Some(Paint::cyan),
        "drop" | "judge" => Some(Paint::red),
        "timer" => Some(Paint::yellow),
        "call" => Some(Paint::bold),
        _ => None,
    }
}
