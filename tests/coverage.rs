//! Which edges of the socket machines a run has shown: those that change the state, or have something performed.

use crate::datagram_states;
use crate::linux_sockets::SCENES;
use crate::linux_sockets::lab::Lab;
use crate::socket_states;
use crate::support::{Kept, root, run, sims};
use drywire::judge::unreachable;
use drywire::machine::{Cell, Table, Verdict};
use drywire::socket_api::{Datagram, Socket};
use drywire::trace::{Record, What};
use std::collections::BTreeSet;
use std::process::Command;

/// Machine, state, input.
type Seen = BTreeSet<(String, String, String)>;

fn see(records: &[Record], seen: &mut Seen) {
    for record in records {
        if let What::Edge(edge) = &record.what {
            seen.insert((edge.machine.to_string(), edge.from.to_string(), edge.input.to_string()));
        }
    }
}

/// Everything that the scenarios and the Linux sequences show.
fn seen() -> Seen {
    let mut seen = Seen::new();
    for sim in sims() {
        see(&run(&sim.scenario).0.records, &mut seen);
    }
    for scene in SCENES {
        let mut lab = Lab::new();
        scene(&mut lab);
        see(&lab.trace().records, &mut seen);
    }
    see(&socket_states::grid(), &mut seen);
    see(&socket_states::events(), &mut seen);
    see(&datagram_states::grid(), &mut seen);
    seen
}

fn matters(cell: &Cell) -> bool {
    matches!(&cell.verdict, Verdict::Go { to, outputs, .. } if *to != cell.from || !outputs.is_empty())
}

/// Edges that nothing shows: `machine state: input`.
fn unseen(table: &Table, seen: &Seen) -> Vec<String> {
    let name =
        |cell: &Cell| (table.name.to_owned(), table.states[cell.from].to_owned(), table.inputs[cell.input].to_owned());
    let shown = |edge: &(String, String, String)| {
        seen.contains(edge) || unreachable(&edge.0, &edge.1, &edge.2, "drywire").is_some()
    };
    let missing = table.cells.iter().filter(|cell| matters(cell)).map(name).filter(|edge| !shown(edge));
    missing.map(|(machine, state, input)| format!("{machine} {state}: {input}")).collect()
}

#[test]
fn the_socket_machines_are_witnessed() {
    let seen = seen();
    let tables = [Table::of::<Socket>(), Table::of::<Datagram>()];
    let unseen: Vec<String> = tables.iter().flat_map(|table| unseen(table, &seen)).collect();
    assert_eq!(unseen, Vec::<String>::new(), "what nothing shows, and nothing is known against");
}

/// What `drywire coverage` prints is kept: a witness that is lost, or another, shows in review. No edge may be without a
/// witness and without a reason; the model takes them all.
#[test]
fn every_edge_has_its_witness_or_a_reason() {
    let run = Command::new(env!("CARGO_BIN_EXE_drywire"))
        .args(["coverage", "--complete"])
        .current_dir(root())
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&run.stdout);
    let mut kept = Kept::default();
    kept.file("docs/coverage.txt", &text);
    kept.held();
    let unseen: Vec<&str> = text.lines().filter(|line| line.contains("NOT SHOWN")).collect();
    assert_eq!(unseen, Vec::<&str>::new());
    assert!(text.contains("  by model: 62 of 62 edges\n"));
    assert!(run.status.success());
}

/// RFC 9293's own calls are the model peer's: on any other host they are refused, with the place and a help.
#[test]
fn a_host_of_sockets_has_no_user_of_the_rfc() {
    let text = "[hosts]\na = \"10.0.0.1\"\nb = \"10.0.0.2\"\n[links]\nwire = { joins = [\"a\", \"b\"] }\n\
                [run]\nsteps = [{ a = \"OPEN\", port = 1, to = \"b:1\" }]\n";
    let refused = drywire::scenario::load("sockets", text).expect_err("no such call there");
    let shown = format!("{refused:?}");
    assert!(shown.contains("RFC 9293's own user interface") && shown.contains("tcp = "), "{shown}");
}
