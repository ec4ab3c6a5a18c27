//! Mermaid's `stateDiagram-v2` text.
//!
//! Identifiers are made of ASCII letters, digits and underscores (a hyphen is part of an arrow there), and the real name
//! is a description beside them. In a label, the characters that mean something to Mermaid become entity codes. A
//! transition cannot have a style in this language: over a run, those that were taken have a text with counts, those that
//! were not are drawn without one, and the states that were not visited are pale. The counts name their hosts.
//!
//! The language: <https://mermaid.js.org/syntax/stateDiagram.html>.

use super::arrows::{Look, arrows};
use super::graph::MachineGraph;
use super::names::identifiers;

/// What cannot be an identifier there.
const RESERVED: [&str; 16] = [
    "accdescr",
    "acctitle",
    "as",
    "class",
    "classdef",
    "click",
    "default",
    "direction",
    "end",
    "hide",
    "note",
    "scale",
    "state",
    "style",
    "undefined",
    "root",
];

/// The diagram of a machine, or of a run over it. `loops`: also the edges that stay in their state, and the refusals.
pub fn mermaid(machine: &MachineGraph, loops: bool) -> String {
    let names: Vec<&str> = machine.graph.node_weights().map(|state| state.name.as_str()).collect();
    let ids = identifiers(&names, &RESERVED);
    let mut lines = vec!["---".to_owned(), format!("title: {}", yaml(&title(machine))), "---".to_owned()];
    lines.push("stateDiagram-v2".to_owned());
    lines.extend(machine.notes.iter().map(|note| format!("  %% {}", one_line(note))));
    for (state, id) in machine.graph.node_weights().zip(&ids) {
        lines.push(format!("  state \"{}\" as {id}", escape(&state.name)));
    }
    for (state, id) in machine.graph.node_weights().zip(&ids).filter(|(state, _)| state.start) {
        lines.push(format!("  [*] --> {id}{}", if state.is_final { " : start and end" } else { "" }));
    }
    for arrow in arrows(machine, loops, true) {
        let label: Vec<String> = arrow.lines.iter().map(|line| escape(line)).collect();
        let label = match arrow.look {
            Look::Unseen => String::new(),
            Look::Stray => format!(" : {} (not in the table)", label.join("<br/>")),
            Look::Plain | Look::Seen(_) => format!(" : {}", label.join("<br/>")),
        };
        lines.push(format!("  {} --> {}{label}", ids[arrow.from.index()], ids[arrow.to.index()]));
    }
    for (_, id) in machine.graph.node_weights().zip(&ids).filter(|(state, _)| state.is_final && !state.start) {
        lines.push(format!("  {id} --> [*]"));
    }
    lines.extend(styles(machine, &ids));
    lines.join("\n") + "\n"
}

fn title(machine: &MachineGraph) -> String {
    match &machine.run {
        None => machine.title.clone(),
        Some(run) => {
            let (all, seen) = machine.coverage();
            format!("{}: {run}, {seen} of {all} moves taken", machine.title)
        }
    }
}

fn styles(machine: &MachineGraph, ids: &[String]) -> Vec<String> {
    if machine.run.is_none() {
        return Vec::new();
    }
    let list = |wanted: bool| -> Vec<&str> {
        machine
            .graph
            .node_weights()
            .zip(ids)
            .filter(|(state, _)| state.visited == wanted)
            .map(|(_, id)| &**id)
            .collect()
    };
    let mut lines = Vec::new();
    for (visited, class, style) in [
        (true, "seen", "fill:#DDEBF7,stroke:#0072B2,color:#1F2328,stroke-width:2px"),
        (false, "unseen", "fill:#FBFCFD,stroke:#C4C9D1,color:#8C959F"),
    ] {
        let states = list(visited);
        if !states.is_empty() {
            lines.push(format!("  classDef {class} {style}"));
            lines.push(format!("  class {} {class}", states.join(",")));
        }
    }
    lines
}

/// Entity codes for what would end a label, begin a comment or make markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '%' => out.push_str("#37;"),
            '&' => out.push_str("#amp;"),
            ':' => out.push_str("#58;"),
            ';' => out.push_str("#59;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '\\' => out.push_str("#92;"),
            '{' => out.push_str("#123;"),
            '}' => out.push_str("#125;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A double-quoted YAML scalar.
fn yaml(text: &str) -> String {
    format!("\"{}\"", one_line(text).replace('\\', "\\\\").replace('"', "\\\""))
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::names::door;
    use crate::view::{RunEdge, declared, over_run};

    #[test]
    fn labels_are_escaped_and_identifiers_plain() {
        let text = mermaid(&declared(&door()), false);
        assert!(text.contains("  SHUT --> SEALED : seal #35;2#58; #lt;wax#gt;\n"), "{text}");
        assert!(text.contains("  [*] --> SHUT : start and end\n"));
        assert!(text.contains("  SHUT --> OPEN : open / creak, light\n"));
    }

    #[test]
    fn over_a_run_the_unseen_is_silent_and_pale() {
        let run = [RunEdge {
            machine: "door".into(),
            subject: "anna".into(),
            from: "SHUT".into(),
            input: "open".into(),
            to: "OPEN".into(),
        }];
        let text = mermaid(&over_run(&door(), "r", &run), false);
        assert!(text.contains("  SHUT --> OPEN : open / creak, light  (anna ×1)\n"), "{text}");
        assert!(text.contains("  SHUT --> SEALED\n"));
        assert!(text.contains("  class SEALED unseen\n"));
        assert!(text.contains("1 of 4 moves taken"));
    }
}
