//! The language described, from its declaration: for editors as a JSON Schema, for people as a page of reference.

use super::actions::{Gives, OUTCOME, TIMING, Verb};
use super::leaf::Leaf;
use super::model::SockOpt;
use super::table::TableInfo;
use super::tables::Root;
use super::units::MEASURES;
use crate::machine::Finite;
use crate::socket_api::Errno;
use core::fmt::Write;
use serde_json::{Value as Json, json};

/// The JSON Schema of scenario files, for editors.
pub fn schema() -> Json {
    let mut schema = Root::schema();
    if let Json::Object(fields) = &mut schema {
        fields.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        fields.insert("title".to_owned(), json!("Drywire scenario"));
    }
    schema
}

/// A short scenario, whole.
pub(crate) const EXAMPLE: &str = include_str!("../../examples/handshake.toml");

const INTRODUCTION: &str = "\
A scenario is a TOML file: hosts, the links that join them, what goes wrong, what the programs do, and what a run must
show. It is data, never a program. `drywire run --explain SIM` prints a scenario with every default filled in, and
`--set links.wire.delay=\"80 ms\"` replaces a value for one run.

Steps of one program run in order, each beginning when the previous one has completed, as the calls of a blocking socket
program do. Programs run side by side. `at`, `wait` and `after` add timing.";

const KINDS: [(&str, &str); 13] = [
    ("address", "An IPv4 or IPv6 address, with its network's prefix where it is a host's own: `\"10.0.0.1/24\"`."),
    ("HOST:PORT", "`\"server:80\"`, `\"10.0.0.2:80\"`, `\"[2001:db8::2]:80\"`."),
    (
        "packet kind",
        "Control bits name exactly such TCP segments, PSH left aside: `\"SYN\"`, `\"SYN,ACK\"`, `\"FIN,ACK\"`; `\"ACK\"` is one \
         without text. `\"FIN\"` and `\"RST\"` are segments with this bit, whatever else. `\"data\"` is a segment with text, `\"tcp\"` \
         any segment; then `\"udp\"`, `\"icmp\"`, `\"arp\"` and `\"any\"`.",
    ),
    ("control bits", "SYN, ACK, FIN, RST, PSH, URG, ECE, CWR, with commas between them."),
    ("ordinals", "`1`, `[2, 3]`, `\"2..4\"` (both included), `\"5..\"`; counted from 1."),
    ("count", "`3`, `\"2..4\"` (both included), `\"1..\"` for at least one."),
    ("sequence range", "Relative sequence numbers as the trace prints them: `\"[1,513)\"` is the first 512 bytes."),
    (
        "state path",
        "TCP states with `>` between them: `\"LISTEN > SYN-RECEIVED > ESTABLISHED\"`. It is the whole path.",
    ),
    ("connection", "Its initiator and the count of that host's connects: `\"client.1\"`."),
    ("errno", "The name of an error."),
    ("socket option", "Its libc name: see [socket options](#socket-options)."),
    ("hexadecimal bytes", "Two digits a byte; spaces may stand anywhere."),
    ("list of [cut, repaired]", "`[[\"1 s\", \"3 s\"], [\"5 s\"]]`: cut at 1 s, repaired at 3 s, cut at 5 s for good."),
];

/// The reference page of the language, in Markdown.
pub fn reference() -> String {
    let mut text = format!("# The language of scenarios\n\n{INTRODUCTION}\n\n```toml\n{EXAMPLE}```\n\n## Values\n\n");
    text.push_str("Numbers with a unit are strings and exact; there are no fractions of the smallest part.\n\n");
    text.push_str("| kind | what it is |\n|---|---|\n");
    for measure in MEASURES {
        let units: Vec<String> = measure.units.iter().map(|(unit, _)| format!("`{unit}`")).collect();
        let _ = writeln!(text, "| {} | `\"{}\"`; units: {} |", measure.what, measure.example, units.join(", "));
    }
    for (kind, about) in KINDS {
        let _ = writeln!(text, "| {kind} | {about} |");
    }
    let errnos: Vec<&str> = Errno::ALL.iter().map(|errno| errno.name()).collect();
    let _ = writeln!(text, "\nA size may also be a whole number of bytes. The errors are: {}.", errnos.join(", "));
    let mut tables = vec![];
    Root::tables(&mut tables);
    for table in &tables {
        write_table(table, &mut text);
    }
    options(&mut text);
    actions(&mut text);
    text
}

fn write_table(table: &TableInfo, text: &mut String) {
    let _ = write!(text, "\n## {}\n\n{}\n", table.title, table.about);
    if table.fields.is_empty() {
        return;
    }
    text.push_str("\n| key | value | default | what it is |\n|---|---|---|---|\n");
    for field in &table.fields {
        let default = match (field.needed, field.default) {
            (true, _) => "must be given".to_owned(),
            (false, Some(default)) => format!("`{default}`"),
            (false, None) => String::new(),
        };
        let _ = writeln!(text, "| `{}` | {} | {default} | {} |", field.key, field.words, field.about);
    }
}

fn options(text: &mut String) {
    text.push_str("\n## socket options\n\n| option | from | to | what it counts |\n|---|---|---|---|\n");
    for option in SockOpt::ALL {
        let _ = match option.range() {
            Some((low, high, what)) => writeln!(text, "| `{option}` | {low} | {high} | {what} |"),
            None => writeln!(text, "| `{option}` | | | it can only be read |"),
        };
    }
}

fn actions(text: &mut String) {
    let every = TIMING.map(|key| format!("`{key}`")).join(", ");
    let outcome = OUTCOME.map(|key| format!("`{key}`")).join(" and ");
    let _ = write!(
        text,
        "\n## actions\n\nEvery action takes {every}; every one that gives something, if only success, takes {outcome}. What a call gives, `expect` \
         compares: bytes, or \"end\" for the end of file; or a value as the trace prints it. \"anything\" accepts whatever \
         comes, failure included.\n\n| action | needs | takes | gives | what it does |\n|---|---|---|---|---|\n"
    );
    for verb in Verb::ALL {
        let info = verb.info();
        let keys = |keys: &[&str]| keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let gives = match info.gives {
            Gives::Nothing => "nothing",
            Gives::Success => "",
            Gives::Value => "value",
            Gives::Bytes => "bytes",
            Gives::Segment => "segment",
        };
        let (needs, takes) = (keys(info.needs), keys(info.takes));
        let about = info.about.replace('|', "\\|");
        let _ = writeln!(text, "| `{verb}` | {needs} | {takes} | {gives} | {about} |");
    }
}
