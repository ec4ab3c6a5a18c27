//! The text form, made to be read and compared.
//!
//! One record a line, in columns that do not move:
//!
//! ```text
//!    ~50  server  seg<   client.1  [0,1) SYN win=16384 mss=1460
//!     +0  server  tcp    client.1  LISTEN -> SYN-RECEIVED        | rcv SYN
//! ```
//!
//! - Time is in milliseconds, rounded, and relative, so that one changed delay does not change every line:
//!   `~50` is the flight of what arrived, `+1000` the time since the line before of the same host. A line that
//!   stands for several records has the time of the first.
//! - The layer: `call`, `sock` (edges of the socket machine), `tcp` (states), `seg>` and `seg<`, `timer`, `udp>` and `udp<`,
//!   `icmp>`, `arp>`, `link` and `drop` (what links and nodes did to packets), `conn`, `app`, `power`, `judge`, `end`.
//! - A connection is its initiator and the count of that host's connects; a sequence number is counted from its sender's
//!   initial one; a segment is the range that it occupies, `'2` when it is sent again (see [`super::Relative`]).
//! - After `|` stands the cause, in words that stay the same when lines are put in above.
//! - A run of more than eight like packets with data, or more than four acknowledgments or calls, without a pause
//!   between them, is one line, with `x35` for their number and `over=48` for how long they took. Flags that change, a
//!   loss, a timer or a state end it, and it never stands above what caused a line of it, unless that is folded as well,
//!   at another host. The JSON form has them all.
//! - `end=initiator` and `end=acceptor` tell the two ends apart where one host has both.

mod fold;
mod lines;
mod read;

use super::escape::{escape, pad, width};
use super::words::Words;
use super::{FORMAT, Header, Names, Relative, Trace};
use crate::base::{RecordId, Span, Time};
use core::fmt::Write;
use lines::{Clock, Line};
use std::collections::BTreeSet;

pub(super) use lines::ending_words;
pub(crate) use lines::segment_text;
pub use read::{Page, Row, read_path, read_text};

/// Which lines to print; an empty list stands for all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TextOptions {
    /// Names of hosts, switches and routers.
    pub hosts: Vec<String>,
    /// Names of connections: `client.1`.
    pub conns: Vec<String>,
    /// Layers, with or without their `>` and `<`.
    pub layers: Vec<String>,
    /// Each line begins with its record's number, that of the JSON form; a folded line with that of its first record.
    pub numbers: bool,
    /// In the column of time stands `@`, the time since the run began.
    pub absolute: bool,
    /// Long runs of like packets stay a line for each.
    pub unfolded: bool,
}

impl TextOptions {
    fn shows(&self, line: &Line, names: &Names<'_>) -> bool {
        let among = |list: &[String], it: &str| list.is_empty() || list.iter().any(|word| word == it);
        let bare = line.layer.trim_end_matches(['<', '>']);
        (line.everywhere || among(&self.hosts, names.node(line.node)))
            && (self.conns.is_empty() || line.conn.is_some_and(|conn| among(&self.conns, &names.conn(conn))))
            && (among(&self.layers, &line.layer) || among(&self.layers, bare))
    }
}

/// The columns of a number, of time, layer, and of what stands before the cause.
const NUMBER: usize = 5;
const TIME: usize = 9;
const LAYER: usize = 5;
const TEXT: usize = 57;

/// The trace as text.
pub fn text(trace: &Trace, options: &TextOptions) -> String {
    let names = Names::new(&trace.header, &trace.records);
    let relative = Relative::new(&trace.records);
    let words = Words { records: &trace.records, names: &names, relative: &relative };
    let mut lines = lines::lines(&words);
    lines.retain(|line| options.shows(line, &names));
    let mut lines = if options.unfolded { lines } else { fold::fold(lines, &names) };
    if options.absolute {
        lines.iter_mut().filter(|line| line.clock != Clock::None).for_each(|line| line.clock = Clock::At(line.at));
    } else {
        lines::set_clocks(&mut lines);
    }
    let mut out = head(&trace.header);
    let host = trace.header.nodes.iter().map(|node| width(&node.name)).max().unwrap_or(0);
    for line in &lines {
        if options.numbers {
            let _ = write!(out, "{:>NUMBER$}  ", line.record.0);
        }
        out.push_str(&print(line, &names, host));
        out.push('\n');
    }
    out
}

/// The records that have a line in the text form, narrowed as the options say.
pub fn shown(trace: &Trace, options: &TextOptions) -> BTreeSet<RecordId> {
    let names = Names::new(&trace.header, &trace.records);
    let relative = Relative::new(&trace.records);
    let words = Words { records: &trace.records, names: &names, relative: &relative };
    lines::lines(&words).iter().filter(|line| options.shows(line, &names)).map(|line| line.record).collect()
}

/// These records as lines of the text form, unfolded; `None` for those that it does not show (a step of the scenario).
/// In the column of time stands `+`, the time since the record before among these.
pub fn text_of(trace: &Trace, records: &[RecordId]) -> Vec<Option<String>> {
    let names = Names::new(&trace.header, &trace.records);
    let relative = Relative::new(&trace.records);
    let words = Words { records: &trace.records, names: &names, relative: &relative };
    let host = trace.header.nodes.iter().map(|node| width(&node.name)).max().unwrap_or(0);
    let mut before: Option<Time> = None;
    let mut shown = |id: &RecordId| {
        let record = trace.records.get(id.index())?;
        let since = before.replace(record.at).map_or(Span::ZERO, |before| record.at.since(before));
        let mut line = words.line(record)?;
        line.clock = Clock::Since(since);
        Some(print(&line, &names, host))
    };
    records.iter().map(&mut shown).collect()
}

fn print(line: &Line, names: &Names<'_>, host: usize) -> String {
    let clock = match line.clock {
        Clock::None => String::new(),
        Clock::Since(span) => format!("+{}", lines::rounded(span)),
        Clock::At(at) => format!("@{}", lines::rounded(at.since(Time::ZERO))),
        Clock::Flight(span) => format!("~{}", lines::rounded(span)),
    };
    let node = if line.everywhere { "" } else { names.node(line.node) };
    let mut out = format!("{clock:>TIME$}  {}  {}", pad(node, host), pad(&line.layer, LAYER));
    // A subject is a connection of a host: its name, a point and a number.
    let _ = write!(out, "  {}", pad(&line.subject, host + 3));
    let _ = write!(out, "  {}", line.text);
    if line.cause.is_empty() {
        return out.trim_end().to_owned();
    }
    let before_cause = TIME + 2 + host + 2 + LAYER + 2 + host + 3 + 2 + TEXT;
    format!("{} | {}", pad(&out, before_cause), line.cause)
}

fn head(header: &Header) -> String {
    let mut out = format!("trace     {FORMAT}\nscenario  {}\n", escape(&header.scenario));
    if !header.title.is_empty() {
        let _ = writeln!(out, "title     {}", escape(&header.title));
    }
    let _ = writeln!(out, "seed      {}", header.seed);
    let _ = writeln!(out, "stack     {}", escape(&header.stack));
    let tables: Vec<String> = header.tables.iter().map(|(name, hash)| format!("{name}={hash}")).collect();
    if !tables.is_empty() {
        let _ = writeln!(out, "tables    {}", escape(&tables.join(" ")));
    }
    for node in header.nodes.iter().filter(|node| !node.addrs.is_empty()) {
        let addrs: Vec<String> = node.addrs.iter().map(ToString::to_string).collect();
        let tcp = if node.model { " tcp=model" } else { "" };
        let _ = writeln!(out, "node      {} {}{tcp}", escape(&node.name), addrs.join(" "));
    }
    out.push('\n');
    out
}
