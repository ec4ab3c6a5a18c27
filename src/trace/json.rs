//! JSON lines: the header (its `format` is the schema's version), then one record a line. Nothing is left out but the
//! frames' bytes, and these only where they are not asked for; so what is read back is the trace.

use super::{FORMAT, Header, Record, Trace, What};
use crate::base::{from_hex, to_hex};
use bytes::Bytes;
use core::fmt;
use line_in::LineIn;
use serde::{Deserialize, Serialize};

/// What to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct JsonOptions {
    /// Each packet's bytes too, as hex digits under `frame`.
    pub bytes: bool,
}

/// Why a text is not a trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JsonError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
    /// The line is the header of another run.
    pub another_run: bool,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl core::error::Error for JsonError {}

#[derive(Serialize)]
struct LineOut<'a> {
    #[serde(flatten)]
    record: &'a Record,
    #[serde(skip_serializing_if = "Option::is_none")]
    frame: Option<String>,
}

#[allow(clippy::disallowed_types, reason = "what serde derives for `flatten` names floats; no value is one")]
mod line_in {
    use super::{Deserialize, Record};

    #[derive(Deserialize)]
    pub(super) struct LineIn {
        #[serde(flatten)]
        pub(super) record: Record,
        #[serde(default)]
        pub(super) frame: Option<String>,
    }
}

/// The trace as JSON lines.
pub fn json(trace: &Trace, options: &JsonOptions) -> String {
    let mut out = line(&trace.header);
    for record in &trace.records {
        let frame = options.bytes.then(|| record.what.frame()).flatten().filter(|frame| !frame.is_empty());
        out.push_str(&line(&LineOut { record, frame: frame.map(|frame| to_hex(frame)) }));
    }
    out
}

fn line(value: &impl Serialize) -> String {
    // Our types have string keys and no failing serialisers.
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Reads what [`json`] wrote. Besides the form of each line it holds to what views rely on: records are numbered by their
/// position, a cause comes before its effect, and every id of a node, link or program is in the header.
pub fn read_json(text: &str) -> Result<Trace, JsonError> {
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let Some((number, first)) = lines.next() else {
        return Err(JsonError {
            line: 1,
            message: "the trace's header is missing: the text is empty".to_owned(),
            another_run: false,
        });
    };
    let header = header(first).map_err(|message| JsonError { line: number, message, another_run: false })?;
    let mut records = Vec::new();
    for (number, line) in lines {
        let record = record(line, &header, records.len()).map_err(|message| {
            let another_run = self::header(line).is_ok();
            let message = if another_run { "the header of another run".to_owned() } else { message };
            JsonError { line: number, message, another_run }
        })?;
        records.push(record);
    }
    Ok(Trace { header, records })
}

fn header(line: &str) -> Result<Header, String> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let version: Version =
        serde_json::from_str(line).map_err(|error| format!("not a trace's header: {}", within(&error)))?;
    if version.format != FORMAT {
        return Err(format!("the trace has format {}, this program reads format {FORMAT}", version.format));
    }
    let header: Header =
        serde_json::from_str(line).map_err(|error| format!("not a trace's header: {}", within(&error)))?;
    let known = |node: u16| usize::from(node) < header.nodes.len();
    if let Some(link) = header.links.iter().find(|link| !link.ends.iter().all(|end| known(*end))) {
        return Err(format!("link `{}` ends at a node that the header does not list", link.name));
    }
    if let Some(actor) = header.actors.iter().find(|actor| !known(actor.node)) {
        return Err(format!("program `{}` runs on a node that the header does not list", actor.name));
    }
    Ok(header)
}

/// What is wrong within a line: the parser counts lines of its own.
fn within(error: &serde_json::Error) -> String {
    let told = error.to_string();
    match told.rsplit_once(" at line ") {
        Some((what, _)) => format!("{what} at column {}", error.column()),
        None => told,
    }
}

fn record(line: &str, header: &Header, position: usize) -> Result<Record, String> {
    let LineIn { mut record, frame } =
        serde_json::from_str(line).map_err(|error| format!("not a record: {}", within(&error)))?;
    if record.id.index() != position {
        return Err(format!(
            "record {} stands where record {position} is due: the trace was narrowed when it was saved, or lines are missing",
            record.id.0
        ));
    }
    if let Some(cause) = record.cause.filter(|cause| *cause >= record.id) {
        return Err(format!("record {} has a cause, {}, that does not come before it", record.id.0, cause.0));
    }
    known_ids(&record, header)?;
    if let Some(hex) = frame {
        let bytes = from_hex(&hex).ok_or("the frame must be hex digits, two a byte")?;
        *record.what.frame_mut().ok_or("a record of this kind has no frame")? = Bytes::from(bytes);
    }
    Ok(record)
}

fn known_ids(record: &Record, header: &Header) -> Result<(), String> {
    if record.node.index() >= header.nodes.len() {
        return Err(format!("node {} is not in the header", record.node.0));
    }
    let (link, actor) = match &record.what {
        What::Sent { link, .. } | What::Arrived { link, .. } => (*link, None),
        What::Fault { link, .. } | What::Link { link, .. } => (Some(*link), None),
        What::Step { actor, .. } | What::Return { actor, .. } | What::App { actor, .. } => (None, Some(*actor)),
        What::Call(call) => (None, Some(call.actor)),
        _ => (None, None),
    };
    if let Some(link) = link.filter(|link| link.index() >= header.links.len()) {
        return Err(format!("link {} is not in the header", link.0));
    }
    if let Some(actor) = actor.filter(|actor| actor.index() >= header.actors.len()) {
        return Err(format!("program {} is not in the header", actor.0));
    }
    if let What::Return { of, .. } = &record.what
        && *of >= record.id
    {
        return Err(format!("record {} returns from a call, {}, that does not come before it", record.id.0, of.0));
    }
    Ok(())
}
