//! The model peer with its like, and with smoltcp: no end of its own is ever found at fault, and all arrives.

use super::plan::{CLIENT, Plan, SERVER, plan};
use super::{cases, received, run};
use drywire::base::NodeId;
use drywire::judge::{self, Finding};
use drywire::machine::{Finite, Machine};
use drywire::tcp::{Input, Tcp};
use drywire::trace::{Ending, Trace, What};
use proptest::prelude::*;

/// What the trace says against this host.
fn against(trace: &Trace, findings: &[Finding], node: NodeId) -> Vec<String> {
    let of = |finding: &&Finding| trace.records.iter().any(|it| it.id == finding.record && it.node == node);
    findings.iter().filter(of).map(|one| format!("{} ({}): {}", one.rule, one.clause, one.text)).collect()
}

fn is_given_up(what: &What) -> bool {
    matches!(what, What::Edge(edge) if edge.machine == Tcp::NAME && edge.input == Input::R2Exceeded.name())
}

/// What must hold of a run in which some ends are model peers: no finding against them, what is received is a prefix of
/// what was sent, and between two of them all of it.
fn held(mut plan: Plan, models: [bool; 2]) -> Result<(), String> {
    plan.models = models;
    let trace = run(&plan.scenario());
    let findings = judge::judge(&trace.header, &trace.records);
    for node in [CLIENT, SERVER].into_iter().filter(|node| models[node.index()]) {
        if let Some(first) = against(&trace, &findings, node).first() {
            return Err(format!("{}: {first}", trace.header.nodes[node.index()].name));
        }
    }
    // A link that loses the same segment for so long as R2 says has not healed in time.
    let given_up = trace.records.iter().any(|record| is_given_up(&record.what));
    let both = models == [true; 2];
    for (node, talk) in [(SERVER, &plan.client), (CLIENT, &plan.server)] {
        let got = received(&trace, node);
        let sent = drywire::base::pattern(0, talk.total());
        if !sent.starts_with(&got) {
            return Err(format!("node {}: what is received is no prefix of what was sent", node.0));
        }
        if got.len() < sent.len() && !given_up && (both || findings.is_empty()) {
            return Err(format!("node {}: {} of {} bytes received", node.0, got.len(), sent.len()));
        }
    }
    let last = trace.records.last().map(|record| &record.what);
    match last {
        Some(What::End { ending: Ending::Quiet }) => Ok(()),
        _ if given_up || !both && !findings.is_empty() => Ok(()),
        last => Err(format!("the end: {last:?}")),
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn between_model_peers_all_arrives_and_nothing_is_found(plan in plan()) {
        prop_assert_eq!(held(plan, [true, true]), Ok(()));
    }

    #[test]
    fn a_model_peer_that_connects_to_smoltcp_is_never_at_fault(plan in plan()) {
        prop_assert_eq!(held(plan, [true, false]), Ok(()));
    }

    #[test]
    fn a_model_peer_that_accepts_from_smoltcp_is_never_at_fault(plan in plan()) {
        prop_assert_eq!(held(plan, [false, true]), Ok(()));
    }
}
