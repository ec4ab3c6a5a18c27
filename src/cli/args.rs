//! What can be asked on the command line.

use clap::{Args as Arguments, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A dry run of the wire: real TCP between simulated hosts, without a network.
///
/// A scenario is a TOML file: hosts, links, faults, what the programs do, what is expected. One scenario gives one
/// trace, the same bytes every time and on every machine. Snapshots, graphs and captures are views of that trace.
#[derive(Parser, Debug)]
#[command(name = "drywire", version, verbatim_doc_comment, arg_required_else_help = true, after_help = FIRST_STEPS)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
}

const FIRST_STEPS: &str = "\
First steps:
  drywire run sims/handshake.toml              what happened, a line for each event
  drywire check                                do all scenarios under sims/ show what they promise?
  drywire graph tcp --run sims/handshake.toml  the path of that run over TCP's state machine, as DOT
  drywire diff sims/handshake.toml sims/handshake-syn-lost.toml   what changed in behaviour
  drywire why sims/handshake.toml --at 150     what led to it
  drywire new lost-syn                         a scenario of your own to begin with
  drywire reference                            the language of scenarios

Where a command takes a SIM, it also takes a trace saved with `run --format json`; `-` is standard input.
Exit codes: 0 fine; 1 a run reached a limit or, with `check`, an expectation failed; 2 bad input.
Colour is for terminals only, and NO_COLOR turns it off.";

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Run scenarios and print their traces
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Hold scenarios to their expectations, and TCP to its RFC
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Draw a state machine, or what a run did in it
    #[command(after_help = GRAPH_EXAMPLES)]
    Graph(GraphArgs),
    /// Tell what changed in behaviour between two runs
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(DiffArgs),
    /// Tell why something happened: the chain of causes down to a record
    #[command(after_help = WHY_EXAMPLES)]
    Why(WhyArgs),
    /// Which edges of which machine the scenarios show
    #[command(after_help = COVERAGE_EXAMPLES)]
    Coverage(CoverageArgs),
    /// Runs in figures, side by side: bytes, times, losses
    #[command(after_help = MEASURE_EXAMPLES)]
    Measure(MeasureArgs),
    /// Write a scenario to begin with
    #[command(after_help = NEW_EXAMPLES)]
    New(NewArgs),
    /// Print the JSON Schema of scenarios, for editors
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema(OutArgs),
    /// Print the reference of the scenario language
    #[command(after_help = REFERENCE_EXAMPLES)]
    Reference(OutArgs),
}

const RUN_EXAMPLES: &str = "\
Examples:
  drywire run sims/handshake.toml                       the trace, one record a line
  drywire run sims/handshake.toml --format path         only the states that each end passed
  drywire run sims/handshake.toml --host client --layer tcp
  drywire run sims/handshake.toml --numbers             each line with its record's number, for `why`
  drywire run sims/handshake.toml --times absolute      times since the run began
  drywire run sims/handshake.toml --set links.wire.delay='80 ms' --seed 7
  drywire run sims/handshake.toml --format pcapng --host client -o client.pcapng    for Wireshark
  drywire run sims/handshake.toml --format json --bytes -o old.jsonl     a trace to keep
  drywire run old.jsonl                                 the same trace again, from the file
  drywire run sims/handshake.toml --explain             the scenario with all its defaults

--host, --conn and --layer narrow what is printed; each may be given several times. Narrowed JSON is for programs, not to
be read back as a trace. A capture has each packet where it left and where it came; with --host it is what that host's
interfaces saw.";

#[derive(Arguments, Debug)]
pub(super) struct RunArgs {
    /// Scenarios (TOML), or traces saved as JSON; `-` is standard input
    #[arg(required = true, value_name = "SIM")]
    pub(super) sims: Vec<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = TraceFormat::Text)]
    pub(super) format: TraceFormat,
    /// With --format json: also the bytes of the packets, so that the saved trace can become a capture
    #[arg(long)]
    pub(super) bytes: bool,
    /// The seed of all that is random [default: the scenario's]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub(super) seed: Option<u64>,
    /// Answers to what could go either way, in order (`0,1,0`); then nominal
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "seed", value_parser = answer)]
    pub(super) choices: Option<Vec<u32>>,
    /// Replace a value of the scenario: `links.wire.delay=80 ms`
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) set: Vec<(String, String)>,
    /// Only what happened at this host
    #[arg(long, value_name = "H")]
    pub(super) host: Vec<String>,
    /// Only this connection, by its name in the trace: `client.1`
    #[arg(long, value_name = "C")]
    pub(super) conn: Vec<String>,
    /// Only this layer, by its name in the trace: `tcp`, `seg`, `call`, `timer`, `drop`, …
    #[arg(long, value_name = "L")]
    pub(super) layer: Vec<String>,
    /// In the text form, begin each line with its record's number: what `why` asks for
    #[arg(long)]
    pub(super) numbers: bool,
    /// In the text form, what stands in the column of time
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = Times::Since)]
    pub(super) times: Times,
    /// Print the scenario with all its defaults filled in, and run nothing
    #[arg(long, conflicts_with_all = ["format", "bytes", "host", "conn", "layer", "numbers", "times", "choices"])]
    pub(super) explain: bool,
    /// Write to this file instead of standard output; it appears whole or not at all
    #[arg(short, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Times {
    /// `+` the time since the line before of the same host, `~` the flight of what arrived
    Since,
    /// `@` the time since the run began
    Absolute,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TraceFormat {
    /// One record a line, made for reading and for diffs
    Text,
    /// The states that each end of each connection passed
    Path,
    /// JSON lines: a header, then a record a line
    Json,
    /// A capture for Wireshark
    Pcapng,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  drywire check                              every scenario under sims/
  drywire check sims/divergence              every scenario in a folder
  drywire check sims/handshake.toml --runs 5   five runs: the same bytes every time?
  drywire check --format junit -o check.xml  for a build server

The expectations counted are those of [expect], one for each step (it succeeds, or does what it says), that the
divergences are the known ones, and that the run ends by itself.

A scenario is `ok` when every expectation holds and the judge finds nothing but the divergences that the scenario
names as known. A known divergence that no longer shows fails too: something was repaired.";

#[derive(Arguments, Debug)]
pub(super) struct CheckArgs {
    /// Scenarios, folders of scenarios, or traces saved as JSON [default: sims]
    #[arg(value_name = "SIM")]
    pub(super) sims: Vec<PathBuf>,
    /// Run each so often and compare the bytes of the traces
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) runs: u32,
    /// Replace a value of each scenario: `links.wire.delay=80 ms`
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) set: Vec<(String, String)>,
    /// The seed of all that is random [default: each scenario's own]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub(super) seed: Option<u64>,
    /// What to print
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(super) format: CheckFormat,
    /// Write to this file instead of standard output; it appears whole or not at all
    #[arg(short, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CheckFormat {
    /// A table, and what differs below it
    Text,
    /// One JSON object
    Json,
    /// JUnit's XML, for build servers
    Junit,
}

const GRAPH_EXAMPLES: &str = "\
Examples:
  drywire graph                                      the machines there are
  drywire graph tcp | dot -Tsvg > tcp.svg            TCP's states, drawn by Graphviz
  drywire graph tcp --format matrix                  every state against every input
  drywire graph tcp --run sims/handshake.toml        bold what this run did, pale what it did not
  drywire graph socket --format mermaid --loops      also the refusals: which call fails with which errno";

#[derive(Arguments, Debug)]
pub(super) struct GraphArgs {
    /// A machine of the catalogue; without one, the catalogue is listed
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Lay a run over the machine: a scenario, or a trace saved as JSON
    #[arg(long, value_name = "SIM", requires = "name")]
    pub(super) run: Option<PathBuf>,
    /// The seed of that run [default: the scenario's]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed, requires = "run")]
    pub(super) seed: Option<u64>,
    /// Replace a value of that scenario: `links.wire.delay=80 ms`
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value, requires = "run")]
    pub(super) set: Vec<(String, String)>,
    /// What to print
    #[arg(long, value_enum, default_value_t = GraphFormat::Dot)]
    pub(super) format: GraphFormat,
    /// Also the edges that stay in their state, and the refusals (a matrix has them always)
    #[arg(long)]
    pub(super) loops: bool,
    /// Write to this file instead of standard output; it appears whole or not at all
    #[arg(short, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum GraphFormat {
    /// Graphviz
    Dot,
    /// Mermaid's stateDiagram-v2, as Markdown pages show it
    Mermaid,
    /// A table of states and inputs
    Matrix,
}

const DIFF_EXAMPLES: &str = "\
Examples:
  drywire diff sims/handshake.toml sims/handshake-syn-lost.toml
  drywire diff old.jsonl sims/handshake.toml                a saved trace against the run of today
  drywire diff sims/random-loss.toml --seed 1 --seed 2      one scenario, two seeds
  drywire diff sims/handshake.toml --set links.wire.delay='80 ms'     one scenario, with a value replaced
  drywire diff old.toml new.toml --format dot | dot -Tsvg > diff.svg  the machine with moves added and gone
  INSTA_DIFF_TOOL='drywire diff' cargo test                 snapshots that differ show what changed in behaviour

OLD and NEW are scenarios, traces saved as JSON, or their text and path forms. What is neither is compared line by line,
as the snapshots of other tests are. Two runs behave alike if each host and connection did the same in the same order;
times do not count. In a path, `[- … -]` is gone, `[+ … +]` is new, and `↻2` is how often something was sent again.

Exit codes: 0 the same behaviour, 1 changed, 2 bad input.";

#[derive(Arguments, Debug)]
pub(super) struct DiffArgs {
    /// The old run: a scenario, or a trace as JSON, text or path; `-` is standard input
    #[arg(value_name = "OLD")]
    pub(super) old: PathBuf,
    /// The new run; without it, OLD again, with another --seed or with --set
    #[arg(value_name = "NEW")]
    pub(super) new: Option<PathBuf>,
    /// The seed of both runs; given twice, of the old and of the new one
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub(super) seed: Vec<u64>,
    /// Replace a value of the new run's scenario: `links.wire.delay=80 ms`
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) set: Vec<(String, String)>,
    /// What to print
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub(super) format: DiffFormat,
    /// With dot and mermaid: the machine to draw [default: tcp, or the first in which something was done]
    #[arg(long, value_name = "NAME")]
    pub(super) machine: Option<String>,
    /// Also the lines that differ only in time
    #[arg(long)]
    pub(super) time: bool,
    /// All lines, however many differ
    #[arg(long)]
    pub(super) all: bool,
    /// Write to this file instead of standard output; it appears whole or not at all
    #[arg(short, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DiffFormat {
    /// The verdict, then what changed
    Text,
    /// One JSON object
    Json,
    /// Graphviz: a machine with the moves that were added and that are gone
    Dot,
    /// The same for Markdown pages
    Mermaid,
}

const WHY_EXAMPLES: &str = "\
Examples:
  drywire run sims/handshake.toml --numbers         shows the number of each record, at the beginning of its line
  drywire why sims/handshake.toml 24                why record 24?
  drywire why sims/handshake.toml --at '100 ms'     why what happened last at or before that time?
  drywire why old.jsonl 24 --format json            of a saved trace, for programs

A record's number is its `id` in the JSON form. The chain begins with the step of the scenario that set it off, or with what
the run began with; each line has the time since the one above it. A move of a machine has its clause below it, and so has
what the judge found.";

#[derive(Arguments, Debug)]
pub(super) struct WhyArgs {
    /// A scenario, or a trace saved as JSON; `-` is standard input
    #[arg(value_name = "SIM")]
    pub(super) sim: PathBuf,
    /// The record's number, as `run --numbers` and JSON have it
    #[arg(value_name = "RECORD", required_unless_present = "at")]
    pub(super) record: Option<u32>,
    /// Instead of a number: the last record at or before this time (`1100` is in milliseconds)
    #[arg(long, value_name = "TIME", conflicts_with = "record")]
    pub(super) at: Option<String>,
    /// The seed of all that is random [default: the scenario's]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub(super) seed: Option<u64>,
    /// Answers to what could go either way, in order (`0,1,0`); then nominal
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "seed", value_parser = answer)]
    pub(super) choices: Option<Vec<u32>>,
    /// Replace a value of the scenario: `links.wire.delay=80 ms`
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) set: Vec<(String, String)>,
    /// What to print
    #[arg(long, value_enum, default_value_t = WhyFormat::Text)]
    pub(super) format: WhyFormat,
    /// Write to this file instead of standard output; it appears whole or not at all
    #[arg(short, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WhyFormat {
    /// A line for each record, the first cause first
    Text,
    /// A JSON list
    Json,
}

const COVERAGE_EXAMPLES: &str = "\
Examples:
  drywire coverage                             every machine, shown by the scenarios under sims/
  drywire coverage --machine tcp sims/handshake.toml
  drywire coverage --format json -o coverage.json
  drywire coverage --machine tcp --format dot | dot -Tsvg > coverage.svg

An edge is a state and an input that changes it. Its witness is the scenario in which an end came there in the fewest
steps, which is the number behind the scenario's name. TCP's edges are asked of each stack: `smoltcp`, and `model`, the
endpoint that RFC 9293's table drives. (A USER TIMEOUT at an end of smoltcp is by Drywire's own timer.) An edge that is
never shown has its reason; one with no reason either is NOT SHOWN, which --complete makes a failure (exit code 1).
Rules that the RFC keeps for implementations of RFC 793 are `legacy` and not counted.

The JSON form is a list of {machine, from, input, to, clause, legacy, witness, steps, by, reason}: one object for each
edge and each of those who may take it. `witness` and `steps` are null where nothing shows it, `reason` where something
does.";

#[derive(Arguments, Debug)]
pub(super) struct CoverageArgs {
    /// Scenarios, folders of scenarios, or traces saved as JSON [default: sims]
    #[arg(value_name = "SIM")]
    pub(super) sims: Vec<PathBuf>,
    /// Only this machine of the catalogue
    #[arg(long, value_name = "NAME")]
    pub(super) machine: Option<String>,
    /// Fail unless each edge has a witness or a reason
    #[arg(long)]
    pub(super) complete: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = CoverageFormat::Text)]
    pub(super) format: CoverageFormat,
    /// Write to this file instead of standard output; it appears whole or not at all
    #[arg(short, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CoverageFormat {
    /// A table for each machine
    Text,
    /// A JSON list
    Json,
    /// Graphviz
    Dot,
}

const MEASURE_EXAMPLES: &str = "\
Examples:
  drywire measure sims/data-lost.toml                       all figures of one run
  drywire measure sims/nagle-delayed-ack.toml sims/bandwidth.toml    two runs, side by side
  drywire measure sims/handshake.toml --set links.wire.delay=10ms,50ms,100ms --figures handshake-rtt,connect
  drywire measure sims/random-loss.toml --seeds 20 --figures retransmissions,latency
  drywire measure sims/full-duplex.toml --by end            a column for each end of each connection
  drywire measure sims/bulk-both-ways.toml --set links.wire.delay=1ms,10ms --set links.wire.rate='1 Mbit/s,1 Gbit/s' --format csv
  drywire measure old.jsonl                                 a run that was saved with `run --format json`
  drywire measure --list                                    what each figure means

A list after --set runs the scenario once for each of its values, several lists for each combination; a value with commas
of its own stands in quotes. --seeds N runs each with the seeds 1 to N, and shows least, median and greatest value of
each figure. In all, 1000 runs at most.

Figures are integers, and their names end in their unit: bits a second (-bps), microseconds (-us, rounded down), bytes;
else they are counts. Percentiles are by nearest rank. --figures takes names or the beginnings of names up to a hyphen:
`goodput` is goodput-bps and goodput-end-min-bps and so on. What did not occur has no value: `-` in the table, nothing
in CSV (RFC 4180, a row for each run), null in JSON.";

#[derive(Arguments, Debug)]
pub(super) struct MeasureArgs {
    /// Scenarios (TOML), or traces saved as JSON; `-` is standard input
    #[arg(required_unless_present = "list", value_name = "SIM")]
    pub(super) sims: Vec<PathBuf>,
    /// Replace a value of each scenario, or run it with each of a list: `links.wire.delay=10 ms,80 ms`
    #[arg(long, value_name = "KEY=VALUE,…", value_parser = key_value)]
    pub(super) set: Vec<(String, String)>,
    /// The seed of all that is random [default: each scenario's own]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub(super) seed: Option<u64>,
    /// Run with the seeds 1 to N: least, median and greatest value of each figure
    #[arg(long, value_name = "N", conflicts_with = "seed", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) seeds: Option<u64>,
    /// Only these figures
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(super) figures: Vec<String>,
    /// A column for each run, or for each end of each connection
    #[arg(long, value_enum, default_value_t = MeasureBy::Run, conflicts_with = "seeds")]
    pub(super) by: MeasureBy,
    /// What to print
    #[arg(long, value_enum, default_value_t = MeasureFormat::Table)]
    pub(super) format: MeasureFormat,
    /// Say what each figure means, and run nothing
    #[arg(long, conflicts_with_all = ["sims", "set", "seed", "seeds", "by", "format"])]
    pub(super) list: bool,
    /// Write to this file instead of standard output; it appears whole or not at all
    #[arg(short, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MeasureBy {
    /// A column for each run
    Run,
    /// A column for each end of each connection
    End,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MeasureFormat {
    /// A row for each figure, a column for each run
    Table,
    /// RFC 4180: a header, then a row for each run
    Csv,
    /// One JSON object
    Json,
}

const NEW_EXAMPLES: &str = "\
Examples:
  drywire new lost-syn             writes sims/lost-syn.toml (or lost-syn.toml where there is no folder sims)
  drywire new /tmp/lost-syn.toml   writes exactly there

A file that exists is never overwritten.";

#[derive(Arguments, Debug)]
pub(super) struct NewArgs {
    /// The scenario's name, or a path
    #[arg(value_name = "NAME")]
    pub(super) name: PathBuf,
}

const SCHEMA_EXAMPLES: &str = "\
Example:
  drywire schema -o sims/schema.json";

const REFERENCE_EXAMPLES: &str = "\
Example:
  drywire reference | less";

#[derive(Arguments, Debug)]
pub(super) struct OutArgs {
    /// Write to this file instead of standard output; it appears whole or not at all
    #[arg(short, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// A seed, within what a scenario can say too.
fn seed(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|seed| i64::try_from(*seed).is_ok());
    number.ok_or_else(|| format!("a seed is a whole number from 0 to {}", i64::MAX))
}

fn answer(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "answers are whole numbers with commas between them, as in `0,1,0`".to_owned())
}

/// `KEY=VALUE`: what is before the first `=`, and all after it.
fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err("expected KEY=VALUE, as in `links.wire.delay=80 ms`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_value_may_hold_equals_signs() {
        assert_eq!(key_value("a.b = c=d"), Ok(("a.b".into(), "c=d".into())));
        assert!(key_value("=x").is_err() && key_value("x").is_err());
    }
}
