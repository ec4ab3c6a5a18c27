//! `drywire run`: traces.

use super::args::{RunArgs, TraceFormat};
use super::draw::{self, Paint};
use super::engine::{self, Filter, How};
use super::files::{self, Input};
use super::{Done, Status, Trouble, note, tell};
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
    if !(args.conn.is_empty() && args.layer.is_empty()) && args.format != TraceFormat::Text {
        return Err(Trouble::with_help(
            "--conn and --layer narrow the text form only",
            "leave them out, or leave out --format",
        ));
    }
    if !args.host.is_empty() && !matches!(args.format, TraceFormat::Text | TraceFormat::Pcapng) {
        return Err(Trouble::with_help(
            "--host narrows the text form and the capture only",
            "leave it out, or leave out --format",
        ));
    }
    if args.bytes && args.format != TraceFormat::Json {
        return Err(Trouble::with_help(
            "--bytes is for the JSON form",
            "add --format json; a capture has the bytes always",
        ));
    }
    if let Some(layer) = args.layer.iter().find(|layer| !layers().contains(&layer.trim_end_matches(['<', '>']))) {
        return Err(Trouble::with_help(format!("no layer `{layer}`"), format!("layers are: {}", layers().join(", "))));
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
        let help = (!saved).then(|| format!("{}; its limits stand in [limits]", called(&trace, &how)));
        let paint = Paint::on(io::stderr().is_terminal());
        note(&draw::message(paint, &format!("{name}: {limit}"), help.as_deref()));
    }
    written(args, &trace)
}

/// The trace of an input: that of a run, or the saved one.
pub(super) fn trace(name: &str, input: Input, how: &How) -> Result<Trace, Trouble> {
    match input {
        Input::Scenario { scenario, .. } => Ok(engine::run(&scenario, how)),
        Input::Trace(_) if how.seed.is_some() || how.choices.is_some() => {
            Err(Trouble::new(format!("{name} is a saved trace: it has its seed and its choices already")))
        }
        Input::Trace(trace) => Ok(*trace),
    }
}

/// What names the run, so that it can be had again.
fn called(trace: &Trace, how: &How) -> String {
    match &how.choices {
        Some(choices) => {
            let list: Vec<String> = choices.iter().map(u32::to_string).collect();
            format!("`--choices {}` gives the same run again", list.join(","))
        }
        None => format!("`--seed {}` gives the same run again", trace.header.seed),
    }
}

fn written(args: &RunArgs, trace: &Trace) -> Result<Vec<u8>, Trouble> {
    let terminal = files::to_standard_output(args.out.as_deref()) && io::stdout().is_terminal();
    match args.format {
        TraceFormat::Text => {
            known_hosts(trace, &args.host)?;
            known_conns(trace, &args.conn)?;
            let (hosts, conns, layers) = (args.host.clone(), args.conn.clone(), args.layer.clone());
            let text = engine::text(trace, &Filter { hosts, conns, layers });
            Ok(coloured(Paint::on(terminal), &text).into_bytes())
        }
        TraceFormat::Path => Ok(engine::path(trace).into_bytes()),
        TraceFormat::Json => Ok(engine::json(trace, args.bytes).into_bytes()),
        TraceFormat::Pcapng if frameless(trace) => Err(Trouble::with_help(
            "this saved trace has no packets' bytes to capture",
            "save it with --format json --bytes, or run its scenario",
        )),
        TraceFormat::Pcapng => {
            known_hosts(trace, &args.host)?;
            Ok(engine::pcapng(trace, &args.host))
        }
    }
}

fn known_hosts(trace: &Trace, hosts: &[String]) -> Result<(), Trouble> {
    let names: Vec<&str> = trace.header.nodes.iter().map(|node| node.name.as_str()).collect();
    match hosts.iter().find(|host| !names.contains(&host.as_str())) {
        Some(host) => {
            Err(Trouble::with_help(format!("no host `{host}` in this run"), format!("hosts are: {}", names.join(", "))))
        }
        None => Ok(()),
    }
}

fn known_conns(trace: &Trace, conns: &[String]) -> Result<(), Trouble> {
    let names = Names::new(&trace.header, &trace.records);
    let known: Vec<String> = names.conns().map(|(id, _)| names.conn(id)).collect();
    let Some(conn) = conns.iter().find(|conn| !known.contains(conn)) else { return Ok(()) };
    let help = match known.as_slice() {
        [] => "this run has no connection".to_owned(),
        [first, .., last] if known.len() > 8 => format!("connections are: {first} to {last}"),
        all => format!("connections are: {}", all.join(", ")),
    };
    Err(Trouble::with_help(format!("no connection `{conn}` in this run"), help))
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
