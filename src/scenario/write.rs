//! TOML as text: what [`super::explain`] and the builder write.

use super::check::PATTERN_SHOWN;
use super::leaf::word_of;
use super::model::{Action, Await, SegmentParts, SeqPart, Step, Target, UserCallKind, Want};
use super::segments::seq_text;
use super::units::duration_text;
use crate::base::pattern;
use crate::base::{LinkId, Payload, Span, Time};
use crate::machine::Finite;
use core::fmt::Write;
use core::net::IpAddr;

/// Keys and values, as they are written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Fields(pub(crate) Vec<(String, String)>);

impl Fields {
    /// A value that is TOML already.
    pub(crate) fn raw(&mut self, name: &str, value: impl ToString) -> &mut Self {
        self.0.push((key(name), value.to_string()));
        self
    }

    /// A string.
    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.raw(name, quote(value))
    }

    pub(crate) fn span(&mut self, name: &str, span: Span) -> &mut Self {
        self.text(name, &duration_text(span))
    }

    /// As an inline table.
    pub(crate) fn inline(&self) -> String {
        if self.0.is_empty() {
            return "{}".to_owned();
        }
        let fields: Vec<String> = self.0.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        format!("{{ {} }}", fields.join(", "))
    }

    /// One line each, below a header.
    pub(crate) fn section(&self, header: &str, into: &mut String) {
        if !header.is_empty() {
            let _ = writeln!(into, "\n{header}");
        }
        for (key, value) in &self.0 {
            let _ = writeln!(into, "{key} = {value}");
        }
    }
}

/// A key, quoted where it must be.
pub(crate) fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quote(name) }
}

/// A basic string.
pub(crate) fn quote(text: &str) -> String {
    format!("\"{}\"", escape(text, false))
}

/// A string, over several lines if it has them.
pub(crate) fn quote_lines(text: &str) -> String {
    if text.contains('\n') { format!("\"\"\"\n{}\"\"\"", escape(text, true)) } else { quote(text) }
}

fn escape(text: &str, lines: bool) -> String {
    let mut quoted = String::new();
    for c in text.chars() {
        match c {
            '\n' if lines => quoted.push('\n'),
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted
}

/// A list of what is TOML already.
pub(crate) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(", "))
}

/// `host:port`, an IPv6 address in brackets.
pub(crate) fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// The payload's key and value.
pub(crate) fn payload(payload: &Payload) -> (&'static str, String) {
    let bytes = &payload.0;
    if bytes.len() > PATTERN_SHOWN && *bytes == pattern(0, bytes.len() as u64) {
        return ("bytes", bytes.len().to_string());
    }
    match core::str::from_utf8(bytes) {
        Ok(text) => ("text", quote(text)),
        Err(_) => ("hex", quote(&hex(bytes))),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn give(fields: &mut Fields, bytes: &Payload) {
    let (key, value) = payload(bytes);
    fields.raw(key, value);
}

fn to(fields: &mut Fields, target: &Target) {
    fields.text("to", &host_port(&target.host, target.port));
}

/// A step's program, action and keys.
pub(crate) fn step(actor: &str, step: &Step, link: &dyn Fn(LinkId) -> String) -> Fields {
    let mut fields = Fields::default();
    action(&mut fields, actor, &step.action, link);
    for (name, value) in [("on", &step.on), ("as", &step.name), ("after", &step.after), ("label", &step.label)] {
        if let Some(value) = value {
            fields.text(name, value);
        }
    }
    if let Some(at) = step.at {
        fields.span("at", at.since(Time::ZERO));
    }
    if step.wait != Span::ZERO || (step.action == Action::Wait && step.at.is_none() && step.after.is_none()) {
        fields.span("wait", step.wait);
    }
    if step.nonblocking {
        fields.raw("no-wait", true);
    }
    if let Action::Await(Await { within: Some(within), .. }) = &step.action {
        fields.span(if step.want == Want::Silence { "silence" } else { "within" }, *within);
    }
    want(&mut fields, &step.want);
    fields
}

fn some(fields: &mut Fields, key: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        fields.raw(key, value);
    }
}

/// The keys of a segment.
fn parts(fields: &mut Fields, parts: &SegmentParts) {
    let block = |(start, stop)| seq_text(SeqPart { start, stop: Some(stop) });
    some(fields, "flags", parts.flags.map(|flags| quote(&flags.to_string())));
    some(fields, "seq", parts.seq.map(seq_text));
    some(fields, "ack", parts.ack);
    some(fields, "window", parts.window);
    some(fields, "urgent", parts.urgent);
    some(fields, "mss", parts.mss);
    some(fields, "scale", parts.scale);
    some(fields, "sack-ok", parts.sack_permitted);
    some(fields, "sack", parts.sack.map(block));
    some(fields, "timestamps", parts.timestamps.map(|(value, echo)| format!("[{value}, {echo}]")));
    some(fields, "options", parts.options.as_ref().map(|options| quote(&hex(&options.0))));
    if parts.bad_checksum {
        fields.text("checksum", "bad");
    }
    if let Some(data) = &parts.data {
        give(fields, data);
    }
}

fn action(fields: &mut Fields, actor: &str, action: &Action, link: &dyn Fn(LinkId) -> String) {
    let mut verb = |word: &str| {
        fields.text(actor, word);
    };
    match action {
        Action::Socket(_) => verb("socket"),
        Action::Bind { .. } => verb("bind"),
        Action::Listen { .. } => verb("listen"),
        Action::Accept => verb("accept"),
        Action::Connect(_) => verb("connect"),
        Action::Send(_) => verb("send"),
        Action::Recv { .. } => verb("recv"),
        Action::SendTo(..) => verb("sendto"),
        Action::RecvFrom { .. } => verb("recvfrom"),
        Action::Shutdown(_) => verb("shutdown"),
        Action::Close => verb("close"),
        Action::SetOpt(..) => verb("setsockopt"),
        Action::GetOpt(_) => verb("getsockopt"),
        Action::GetSockName => verb("getsockname"),
        Action::GetPeerName => verb("getpeername"),
        Action::Poll => verb("poll"),
        Action::Resolve(_) => verb("getaddrinfo"),
        Action::Wait => verb("sleep"),
        Action::Crash => verb("crash"),
        Action::Restart => verb("restart"),
        Action::Cut(_) => verb("cut"),
        Action::Repair(_) => verb("repair"),
        Action::Inject(_) => verb("inject"),
        Action::Segment(_) => verb("segment"),
        Action::Await(_) => verb("await"),
        Action::User(call) => verb(call.kind.name().name()),
    }
    arguments(fields, action, link);
}

fn arguments(fields: &mut Fields, action: &Action, link: &dyn Fn(LinkId) -> String) {
    match action {
        Action::Socket(proto) => drop(fields.text("proto", word_of(*proto))),
        Action::Bind { addr, port } => {
            if let Some(addr) = addr {
                fields.text("ip", &addr.to_string());
            }
            fields.raw("port", port);
        }
        Action::Listen { port, backlog } => {
            if let Some(port) = port {
                fields.raw("port", port);
            }
            fields.raw("backlog", backlog);
        }
        Action::Connect(target) => to(fields, target),
        Action::Send(bytes) => give(fields, bytes),
        Action::Recv { max, whole, to_end } => {
            fields.raw("max", max);
            if let Some(whole) = whole {
                fields.raw("whole", whole);
            }
            if *to_end {
                fields.raw("to-end", true);
            }
        }
        Action::SendTo(target, bytes) => {
            to(fields, target);
            give(fields, bytes);
        }
        Action::RecvFrom { max } => drop(fields.raw("max", max)),
        Action::Shutdown(how) => drop(fields.text("how", word_of(*how))),
        Action::SetOpt(option, value) => drop(fields.text("option", option.name()).raw("value", value)),
        Action::GetOpt(option) => drop(fields.text("option", option.name())),
        Action::Resolve(name) => drop(fields.text("name", name)),
        Action::Cut(id) | Action::Repair(id) => drop(fields.text("link", &link(*id))),
        Action::Inject(inject) => {
            let host = inject.src.0.map(|ip: IpAddr| ip.to_string()).unwrap_or_default();
            fields.text("src", &host_port(&host, inject.src.1));
            to(fields, &inject.to);
            parts(fields, &inject.parts);
        }
        Action::Segment(segment) => {
            if let Some(target) = &segment.to {
                to(fields, target);
            }
            some(fields, "port", segment.port);
            some(fields, "isn", segment.isn);
            parts(fields, &segment.parts);
        }
        Action::Await(awaits) => {
            if let Some(from) = &awaits.from {
                fields.text("from", &host_port(&from.host, from.port));
            }
            some(fields, "port", awaits.port);
        }
        Action::User(call) => {
            match &call.kind {
                UserCallKind::Open { port, to: foreign, passive } => {
                    fields.raw("port", port);
                    to(fields, foreign);
                    fields.raw("passive", passive);
                }
                UserCallKind::Send(bytes) => give(fields, bytes),
                UserCallKind::Receive { max } => drop(fields.raw("max", max)),
                UserCallKind::Close | UserCallKind::Abort | UserCallKind::Status => {}
            }
            if let Some(timeout) = call.timeout {
                fields.span("timeout", timeout);
            }
        }
        Action::Accept
        | Action::Close
        | Action::GetSockName
        | Action::GetPeerName
        | Action::Poll
        | Action::Wait
        | Action::Crash
        | Action::Restart => {}
    }
}

fn want(fields: &mut Fields, want: &Want) {
    match want {
        Want::Success | Want::Silence => {}
        Want::Segment(wanted) => parts(fields, wanted),
        Want::Anything => drop(fields.text("expect", "anything")),
        Want::Eof => drop(fields.text("expect", "end")),
        Want::Text(text) => drop(fields.text("expect", text)),
        Want::Fails(errno) => drop(fields.text("fails", errno.name())),
        Want::Data(bytes) => {
            let (name, value) = payload(bytes);
            let reserved = matches!(&bytes.0[..], b"end" | b"anything");
            let plain = name == "text" && !reserved;
            fields.raw("expect", if plain { value } else { format!("{{ {name} = {value} }}") });
        }
    }
}
