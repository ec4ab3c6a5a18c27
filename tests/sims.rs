//! Every scenario of the repository keeps what it promises, and its views are those that reviewers have seen.

use crate::support::{Kept, Sim, blessing, each_sim, failures, files, root, run, sims};
use drywire::base::Span;
use drywire::catalog::catalog;
use drywire::machine::Table;
use drywire::packet::{Body, Packet};
use drywire::trace::{Record, TextOptions, TimerKind, Trace, What, path, text};
use drywire::view::dot::{DotOptions, dot};
use drywire::view::matrix::matrix;
use drywire::view::mermaid::mermaid;
use drywire::view::witness::witnessed;
use drywire::view::{declared, over_run};
use std::collections::BTreeSet;
use std::fs;

#[test]
fn every_scenario_shows_what_it_promises() {
    each_sim(|sim| {
        let failures = failures(&sim.scenario);
        let again = format!("drywire run {} --seed {}", sim.file, sim.scenario.seed);
        assert!(failures.is_empty(), "{}: {failures:#?}\nagain: {again}", sim.file);
    });
}

#[test]
fn timers_have_run_for_as_long_as_they_are_set() {
    // The stack counts in microseconds.
    let about = |after: Span, span: Span| after.0.abs_diff(span.0) <= 1_000;
    each_sim(|sim| {
        for record in run(&sim.scenario).0.records {
            let What::Timer { timer, after, .. } = record.what else { continue };
            let model = sim.scenario.nodes[record.node.index()].host.tcp.model();
            let right = match timer {
                // The stack's is its own; a model peer's are two maximum segment lifetimes.
                TimerKind::TimeWait => about(after, model.map_or(Span::secs(10), |model| model.msl + model.msl)),
                TimerKind::Neighbor => about(after, Span::secs(1)),
                TimerKind::Resolver => after == Span::secs(5),
                // RFC 6298: doubled from 1 s on, up to 60 s, where no round trip was measured; else at least 0.2 s.
                TimerKind::Retransmission => after >= Span::millis(200) && after <= Span::secs(60),
                TimerKind::DelayedAck => [10, 20, 30, 40].iter().any(|ms| about(after, Span::millis(*ms))),
                TimerKind::Probe
                | TimerKind::KeepAlive
                | TimerKind::UserTimeout
                | TimerKind::FastRetransmit
                | TimerKind::Linger => true,
            };
            assert!(right, "{}: {timer} after {after} at {}", sim.file, record.at);
        }
    });
}

#[test]
fn every_scenario_says_what_to_look_at() {
    each_sim(|sim| {
        assert!(!sim.scenario.title.is_empty(), "{} has no title", sim.file);
        assert!(!sim.scenario.about.trim().is_empty(), "{} does not say what to look at", sim.file);
    });
}

/// How many segments carry the octets before and behind the one with number 0.
fn across_zero(trace: &Trace) -> usize {
    let across = |record: &&Record| {
        let What::Sent { packet: Packet { body: Body::Tcp(segment), .. }, .. } = &record.what else { return false };
        segment.len > 1 && segment.seq.checked_add(segment.len - 1).is_none()
    };
    trace.records.iter().filter(across).count()
}

#[test]
fn sequence_numbers_wrap_where_a_scenario_says_so_and_it_makes_no_difference() {
    let sims = sims();
    let named = |name: &str| sims.iter().find(|sim| sim.name == name).expect("a scenario of this name");
    for sim in [named("sequence-wrap"), named("sequence-numbers-wrap")] {
        assert!(across_zero(&run(&sim.scenario).0) > 0, "{}: no segment reaches across number 0", sim.file);
    }
    let wraps = &named("sequence-wrap").scenario;
    let mut straight = wraps.clone();
    straight.nodes.iter_mut().for_each(|node| node.host.isn = Some(0));
    let shown = |scenario| text(&run(scenario).0, &TextOptions::default());
    assert_eq!(across_zero(&run(&straight).0), 0);
    assert_eq!(shown(wraps), shown(&straight));
}

/// The two snapshots of a scenario: what a reviewer reads first, and everything.
const VIEWS: [&str; 2] = ["path", "trace"];

fn snapshot(sim: &Sim, view: &str) -> String {
    format!("sims__{}.{view}", sim.flat())
}

#[test]
fn paths_and_traces_are_those_that_were_reviewed() {
    each_sim(|sim| {
        let (trace, _) = run(&sim.scenario);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(root().join("snapshots"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_description(&sim.file);
        settings.bind(|| {
            insta::assert_snapshot!(snapshot(sim, "path"), path(&trace));
            insta::assert_snapshot!(snapshot(sim, "trace"), text(&trace, &TextOptions::default()));
        });
    });
}

#[test]
fn every_snapshot_belongs_to_a_scenario() {
    let named = |sim: &Sim| VIEWS.map(|view| format!("{}.snap", snapshot(sim, view)));
    let wanted: BTreeSet<String> = sims().iter().flat_map(named).collect();
    for path in files(&root().join("snapshots")) {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name that is text");
        if !name.starts_with("sims__") || wanted.contains(name) {
            continue;
        }
        assert!(blessing(), "snapshots/{name} belongs to no scenario");
        fs::remove_file(&path).expect("the snapshot is removed");
    }
}

#[test]
fn diagrams_are_what_the_program_draws() {
    let mut kept = Kept::default();
    for table in catalog() {
        let graph = declared(&table);
        kept.file(&format!("graphs/{}.dot", table.name), &dot(&graph, DotOptions::default()));
        kept.file(&format!("graphs/{}.mmd", table.name), &mermaid(&graph, false));
        kept.file(&format!("graphs/{}.txt", table.name), &matrix(&graph));
    }
    for sim in sims() {
        for (file, text) in graphs(&sim) {
            kept.file(&file, &text);
        }
    }
    kept.nothing_else_in("graphs");
    kept.held();
}

/// A scenario's run over each machine in which it did something, as `drywire graph MACHINE --run SIM` draws it. The
/// first of them has the scenario's plain name.
fn graphs(sim: &Sim) -> Vec<(String, String)> {
    let tables = catalog();
    assert!(tables.iter().all(|table| table.name != sim.name), "{} has the name of a machine", sim.file);
    let edges = witnessed(&run(&sim.scenario).0);
    let takes = |table: &&Table| edges.iter().any(|edge| edge.machine == table.name);
    let used: Vec<&Table> = tables.iter().filter(takes).collect();
    // What moves no machine (a segment to nobody) is shown over the first, untouched.
    let used = if used.is_empty() { tables.iter().take(1).collect() } else { used };
    used.iter()
        .enumerate()
        .map(|(nth, table)| {
            let graph = over_run(table, &sim.scenario.name, &edges);
            let machine = if nth == 0 { String::new() } else { format!(".{}", table.name) };
            (format!("graphs/{}{machine}.dot", sim.name), dot(&graph, DotOptions::default()))
        })
        .collect()
}
