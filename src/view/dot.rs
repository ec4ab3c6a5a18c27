//! The DOT language, by an emitter of our own.
//!
//! A state's name in quotes is its identifier, so that one state more renumbers nothing. All inputs between two states
//! that look alike are one edge with a line each; one edge is one line of the file. The machine's start has an arrow out
//! of a dot, a final state a double border. Edges that stay in their state, refusals among them, are left out unless
//! asked for or witnessed. An edge's tooltip names its clauses.
//!
//! Over a run: who took an edge is told by colour, by the line's pattern and by the legend; what was not taken is pale;
//! what no table has is red and says so.
//!
//! The language: <https://graphviz.org/doc/info/lang.html>.

use super::arrows::{Arrow, Look, arrows};
use super::graph::{MachineGraph, StateNode};
use crate::trace::xml;
use petgraph::graph::NodeIndex;

/// What a diagram shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DotOptions {
    /// Also the edges that stay in their state, and the refusals.
    pub loops: bool,
}

const FONT: &str = "Helvetica,Arial,Noto Sans,Noto Sans CJK KR,sans-serif";
const INK: &str = "#1F2328";
const QUIET: &str = "#57606A";
const PALE: &str = "#C4C9D1";
const PALE_TEXT: &str = "#8C959F";
const STRAY: &str = "#D1242F";
const SEVERAL: &str = "#00805D";
/// Colour and pattern of the first, second, … subject; they begin again where there are more.
const SUBJECTS: [(&str, &str); 6] = [
    ("#0072B2", "solid"),
    ("#B45F00", "dashed"),
    ("#7D3FB0", "dotted"),
    ("#A5195C", "solid"),
    ("#4D6A00", "dashed"),
    ("#5B4636", "dotted"),
];

/// The same for moves that were kept, added, or are gone, where two runs are compared.
const FATES: [(&str, &str, &str); 3] =
    [("kept", "#57606A", "solid"), ("added", "#00805D", "solid"), ("gone", "#D1242F", "dashed")];

/// The diagram of a machine, or of a run over it.
pub fn dot(machine: &MachineGraph, options: DotOptions) -> String {
    // Where there are more subjects than looks, the look alone does not tell who it was.
    let arrows = arrows(machine, options.loops, machine.subjects.len() > SUBJECTS.len());
    let split = split(machine, &arrows);
    let mut out = String::new();
    head(&mut out, machine);
    for node in machine.graph.node_indices() {
        state(&mut out, machine, node, split == Some(node));
    }
    for arrow in &arrows {
        edge(&mut out, machine, arrow, split);
    }
    out.push_str("}\n");
    out
}

/// A state in which the machine both starts and ends is drawn twice, as RFC 9293's figure 5 does with CLOSED: once at
/// the top and once at the bottom. Else every edge that ends the machine would cross the whole picture.
fn split(machine: &MachineGraph, arrows: &[Arrow]) -> Option<NodeIndex> {
    let both = |node: &NodeIndex| machine.graph[*node].start && machine.graph[*node].is_final;
    let node = machine.graph.node_indices().find(both)?;
    let leads = |arrow: &Arrow| arrow.from == node && arrow.to != node;
    let ends = |arrow: &Arrow| arrow.to == node && arrow.from != node;
    (arrows.iter().any(leads) && arrows.iter().any(ends)).then_some(node)
}

fn head(out: &mut String, machine: &MachineGraph) {
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    line(&format!("// {}: {}", comment(&machine.name), comment(&machine.title)));
    if let Some(run) = &machine.run {
        let (all, seen) = machine.coverage();
        line(&format!("// run: {}; {seen} of {all} moves taken", comment(run)));
    }
    for note in &machine.notes {
        line(&format!("// note: {}", comment(note)));
    }
    line(&format!("digraph {} {{", quote(&machine.name)));
    line(&format!(
        "  graph [rankdir=TB, nodesep=0.45, ranksep=0.55, pad=0.3, bgcolor=\"white\", fontname=\"{FONT}\", fontsize=13, \
         fontcolor=\"{INK}\", labelloc=t, labeljust=l, label=<{}>];",
        legend(machine)
    ));
    line(&format!(
        "  node [shape=box, style=\"rounded,filled\", fillcolor=\"#F6F8FA\", color=\"{INK}\", fontcolor=\"{INK}\", \
         fontname=\"{FONT}\", fontsize=12, margin=\"0.18,0.09\", height=0.4];"
    ));
    line(&format!("  edge [color=\"{QUIET}\", fontcolor=\"{INK}\", fontname=\"{FONT}\", fontsize=10, arrowsize=0.7];"));
}

/// The title and, over a run, what the colours and patterns mean: an HTML-like label.
fn legend(machine: &MachineGraph) -> String {
    let mut rows = vec![format!("<b>{}</b>", xml(&machine.title))];
    if let Some(run) = &machine.run {
        let (all, seen) = machine.coverage();
        rows.push(xml(&format!("{run}: {seen} of {all} moves taken; ×n says how often")));
        let key = |colour: &str, text: &str| format!("<font color=\"{colour}\">{}</font>", xml(text));
        let mut keys: Vec<String> = machine
            .subjects
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let (colour, pattern) = subject(machine, at);
                key(colour, &format!("{} {name}", sample(pattern)))
            })
            .collect();
        if machine.graph.edge_weights().any(|edge| edge.declared && edge.seen.len() > 1) {
            keys.push(key(SEVERAL, "━━ several"));
        }
        keys.push(key(PALE_TEXT, "── not taken"));
        if machine.graph.edge_weights().any(|edge| !edge.declared) {
            keys.push(key(STRAY, "━━ not in the table"));
        }
        rows.push(keys.join("&#160;&#160;&#160;"));
    }
    rows.extend(machine.notes.iter().map(|note| format!("<i>{}</i>", xml(note))));
    let rows: String = rows.iter().map(|row| format!("<tr><td align=\"left\">{row}</td></tr>")).collect();
    format!("<table border=\"0\" cellspacing=\"3\">{rows}</table>")
}

fn sample(pattern: &str) -> &'static str {
    match pattern {
        "dashed" => "╍╍",
        "dotted" => "┅┅",
        _ => "━━",
    }
}

/// Colour and pattern of a subject.
fn subject(machine: &MachineGraph, at: usize) -> (&'static str, &'static str) {
    let name = machine.subjects.get(at).map_or("", String::as_str);
    let fate = FATES.iter().find(|(fate, ..)| machine.compared && *fate == name);
    fate.map_or(SUBJECTS[at % SUBJECTS.len()], |(_, colour, pattern)| (colour, pattern))
}

fn state(out: &mut String, machine: &MachineGraph, node: NodeIndex, twice: bool) {
    let state = &machine.graph[node];
    if state.start {
        out.push_str(&format!(
            "  \"(start)\" [shape=point, width=0.12, fillcolor=\"{INK}\", label=\"\", tooltip=\"start\"];\n"
        ));
        out.push_str(&format!("  \"(start)\" -> {};\n", quote(&state.name)));
    }
    let mut write = |id: &str, label: Option<&str>, border: bool| {
        let mut attributes: Vec<String> = label.iter().map(|label| format!("label={}", quote(label))).collect();
        if border {
            attributes.push("peripheries=2".to_owned());
        }
        attributes.extend(dress(machine, state));
        let attributes = if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
        out.push_str(&format!("  {}{attributes};\n", quote(id)));
    };
    write(&state.name, None, state.is_final && !twice);
    if twice {
        write(&end_id(&state.name), Some(&state.name), true);
    }
}

fn end_id(name: &str) -> String {
    format!("{name} (end)")
}

/// How a state differs from others over a run.
fn dress(machine: &MachineGraph, state: &StateNode) -> Option<String> {
    if !state.declared {
        return Some(format!("color=\"{STRAY}\", fontcolor=\"{STRAY}\", fillcolor=\"#FFEBE9\""));
    }
    machine.run.as_ref()?;
    Some(match state.visited {
        true => "penwidth=1.8, fillcolor=\"#DDEBF7\"".to_owned(),
        false => format!("color=\"{PALE}\", fontcolor=\"{PALE_TEXT}\", fillcolor=\"#FBFCFD\""),
    })
}

fn edge(out: &mut String, machine: &MachineGraph, arrow: &Arrow, split: Option<NodeIndex>) {
    let from = &machine.graph[arrow.from].name;
    let to = &machine.graph[arrow.to].name;
    let ends = split == Some(arrow.to) && arrow.from != arrow.to;
    let to = if ends { end_id(to) } else { to.clone() };
    let mut attributes = vec![format!("label={}", label(&shown(arrow)))];
    attributes.extend(line_style(machine, &arrow.look));
    if !arrow.clauses.is_empty() {
        attributes.push(format!("tooltip={}", quote(&arrow.clauses.join("; "))));
    }
    out.push_str(&format!("  {} -> {} [{}];\n", quote(from), quote(&to), attributes.join(", ")));
}

fn line_style(machine: &MachineGraph, look: &Look) -> Option<String> {
    let bold = |colour: &str, pattern: &str| {
        format!("color=\"{colour}\", fontcolor=\"{colour}\", style=\"{pattern}\", penwidth=2.2, weight=4")
    };
    match look {
        Look::Plain => None,
        Look::Unseen => Some(format!("color=\"{PALE}\", fontcolor=\"{PALE_TEXT}\", fontsize=9")),
        Look::Stray => Some(bold(STRAY, "solid")),
        Look::Seen(by) => match by.as_slice() {
            [one] => {
                let (colour, pattern) = subject(machine, *one);
                Some(bold(colour, pattern))
            }
            _ => Some(bold(SEVERAL, "solid")),
        },
    }
}

/// The lines of an arrow. Over a run, what was not taken is told by its inputs alone, in three lines at most: the
/// machine's own diagram has all.
fn shown(arrow: &Arrow) -> Vec<String> {
    let mut lines = arrow.lines.clone();
    if arrow.look != Look::Unseen {
        return lines;
    }
    for line in &mut lines {
        line.truncate(line.find(" / ").unwrap_or(line.len()));
    }
    if lines.len() > 3 {
        let more = lines.len() - 2;
        lines.truncate(2);
        lines.push(format!("… and {more} more"));
    }
    lines
}

/// Lines as one quoted string, each set to the left with some room before it.
fn label(lines: &[String]) -> String {
    let text: String = lines.iter().map(|line| format!("  {}\\l", escape(line))).collect();
    format!("\"{text}\"")
}

/// A quoted identifier or text.
fn quote(text: &str) -> String {
    format!("\"{}\"", escape(text))
}

/// Within quotes only the quote and the backslash mean something; control characters would break the line.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::names::door;
    use crate::view::{RunEdge, declared, over_run};

    #[test]
    fn names_are_identifiers_and_text_is_escaped() {
        let text = dot(&declared(&door()), DotOptions::default());
        assert!(
            text.contains(r#"  "OPEN" -> "SHUT (end)" [label="  shut; slowly / bang\l", tooltip="House rules 2"];"#),
            "{text}"
        );
        assert!(text.contains("<b>A &quot;door&quot; of a house</b>"));
        assert!(!text.contains("EPERM"), "a refusal is shown only when asked for");
        assert!(dot(&declared(&door()), DotOptions { loops: true }).contains("open ! EPERM"));
        assert_eq!(escape("a\"b\\c\nd\u{1b}"), "a\\\"b\\\\c\\nd\u{fffd}");
    }

    #[test]
    fn a_run_tells_subjects_apart_and_strays_stand_out() {
        let seen = |subject: &str, to: &str| RunEdge {
            machine: "door".into(),
            subject: subject.into(),
            from: "SHUT".into(),
            input: "open".into(),
            to: to.into(),
        };
        let one = dot(&over_run(&door(), "r", &[seen("anna", "OPEN")]), DotOptions::default());
        assert!(one.contains("open / creak, light  ×1"), "{one}");
        assert!(one.contains(SUBJECTS[0].0) && !one.contains("not in the table"));
        let both = [seen("anna", "OPEN"), seen("ben", "OPEN"), seen("ben", "CELLAR")];
        let both = dot(&over_run(&door(), "r", &both), DotOptions::default());
        assert!(both.contains("(anna ×1, ben ×1)") && both.contains("not in the table"), "{both}");
    }
}
