//! Every scenario can fail: whatever is taken out of it, or turned round in it, is noticed.
//!
//! What goes wrong in a scenario is there to be seen: without it, the run must no longer be as expected. And each
//! expectation is put otherwise, so that the same run must not meet it.

use crate::support::{run, sims};
use drywire::base::Payload;
use drywire::judge::Finding;
use drywire::packet::Flags;
use drywire::scenario::model::{Claim, Lane, Program, SegmentParts, SeqPart, Want};
use drywire::scenario::{self, Scenario};
use drywire::socket_api::Errno;
use drywire::trace::Trace;
use std::ops::Range;

/// A scenario that differs in one thing, and what that is.
type Other = (String, Scenario);

/// The scenario after a change, if the change changes anything.
fn other(scenario: &Scenario, what: String, change: impl FnOnce(&mut Scenario)) -> Option<Other> {
    let mut changed = scenario.clone();
    change(&mut changed);
    (changed != *scenario).then_some((what, changed))
}

fn meets(scenario: &Scenario, (trace, findings): &(Trace, Vec<Finding>)) -> bool {
    scenario::evaluate(scenario, &trace.header, &trace.records, findings).is_empty()
}

#[test]
fn a_scenario_without_one_of_its_faults_fails() {
    let mut missed = String::new();
    for sim in sims() {
        for (what, changed) in without_faults(&sim.scenario) {
            if meets(&changed, &run(&changed)) {
                missed.push_str(&format!("  {}: {what}\n", sim.file));
            }
        }
    }
    assert!(missed.is_empty(), "nothing that is expected tells of the difference:\n{missed}");
}

fn without_faults(scenario: &Scenario) -> Vec<Other> {
    let faults = (0..scenario.faults.len()).filter_map(|nth| {
        other(scenario, format!("fault {} is taken out", nth + 1), |it| {
            it.faults.remove(nth);
        })
    });
    let cuts = (0..scenario.cuts.len()).filter_map(|nth| {
        other(scenario, format!("cut {} is taken out", nth + 1), |it| {
            it.cuts.remove(nth);
        })
    });
    let chances = CHANCES.iter().flat_map(|(what, change)| {
        (0..scenario.links.len()).filter_map(move |link| {
            let told = format!("{what} on the link {}", scenario.links[link].name);
            other(scenario, told, |it| it.links[link].lanes.iter_mut().for_each(change))
        })
    });
    faults.chain(cuts).chain(chances).collect()
}

/// A change of one direction of a link.
type Change = fn(&mut Lane);

/// What links do by chance, taken from both of their directions.
const CHANCES: [(&str, Change); 5] = [
    ("no loss", |lane| lane.loss = 0),
    ("no bursts of loss", |lane| lane.burst = None),
    ("no duplication", |lane| lane.duplicate = 0),
    ("no reordering", |lane| lane.reorder = 0),
    ("no corruption", |lane| lane.corrupt = 0),
];

#[test]
fn an_expectation_turned_round_is_not_met() {
    let mut missed = String::new();
    let mut tried = 0;
    for sim in sims() {
        let ran = run(&sim.scenario);
        let mut others = turned_claims(&sim.scenario);
        others.extend(turned_steps(&sim.scenario));
        others.extend(turned_divergences(&sim.scenario));
        assert!(!others.is_empty(), "{} expects nothing", sim.file);
        tried += others.len();
        for (what, changed) in others {
            if meets(&changed, &ran) {
                missed.push_str(&format!("  {}: {what}\n", sim.file));
            }
        }
    }
    assert!(missed.is_empty(), "of {tried}, these are met though they are turned round:\n{missed}");
}

fn turned_claims(scenario: &Scenario) -> Vec<Other> {
    let mut others = Vec::new();
    for (nth, expectation) in scenario.expect.iter().enumerate() {
        let mut put = |what: String, claim: Claim| {
            others
                .extend(other(scenario, format!("expectation {}: {what}", nth + 1), |it| it.expect[nth].claim = claim));
        };
        match expectation.claim.clone() {
            Claim::Path { node, conn, end, states } => {
                for at in 0..states.len() {
                    let mut fewer = states.clone();
                    let state = fewer.remove(at);
                    put(format!("a path without its {state}"), Claim::Path { node, conn, end, states: fewer });
                }
            }
            Claim::Count { of, is } => {
                for range in beside(&is) {
                    put(format!("a count in {range:?}"), Claim::Count { of: of.clone(), is: range });
                }
                if beside(&is).is_empty() {
                    put("a count that may be anything".to_owned(), Claim::Count { of, is: 0..0 });
                }
            }
            Claim::Elapsed { from, to, is } => {
                for range in beside(&is) {
                    let claim = Claim::Elapsed { from: from.clone(), to: to.clone(), is: range.clone() };
                    put(format!("a time in {range:?}"), claim);
                }
            }
            Claim::Ending(word) => {
                let words = ["quiet", "stuck", "event-limit", "time-limit", "queue-limit"];
                for ending in words.into_iter().filter(|ending| *ending != word) {
                    put(format!("the ending {ending}"), Claim::Ending(ending.to_owned()));
                }
            }
        }
    }
    others
}

/// What lies below a range and what lies above it.
fn beside(range: &Range<u64>) -> Vec<Range<u64>> {
    [0..range.start, range.end..u64::MAX].into_iter().filter(|beside| !beside.is_empty()).collect()
}

fn turned_steps(scenario: &Scenario) -> Vec<Other> {
    let mut others = Vec::new();
    for (actor, program) in scenario.actors.iter().enumerate() {
        let Program::Script(steps) = &program.program else { continue };
        for (nth, step) in steps.iter().enumerate() {
            for want in turned(&step.want) {
                let what = format!("{}'s step {} must come to {want:?}", program.name, nth + 1);
                others.extend(other(scenario, what, |it| {
                    if let Program::Script(steps) = &mut it.actors[actor].program {
                        steps[nth].want = want;
                    }
                }));
            }
        }
    }
    others
}

/// What cannot hold where this holds.
fn turned(want: &Want) -> Vec<Want> {
    match want {
        Want::Anything => Vec::new(),
        Want::Success => vec![Want::Fails(Errno::Econnreset)],
        Want::Data(Payload(data)) => {
            let longer = [data, &b"!"[..]].concat();
            vec![Want::Data(Payload(longer.into())), Want::Eof, Want::Fails(Errno::Econnreset)]
        }
        Want::Eof => vec![Want::Data(Payload(b"!"[..].into())), Want::Fails(Errno::Econnreset)],
        Want::Text(text) => vec![Want::Text(format!("{text}!")), Want::Fails(Errno::Econnreset)],
        Want::Silence => vec![Want::Segment(Box::default())],
        Want::Segment(parts) => turned_segments(parts),
        Want::Fails(Errno::Econnreset) => vec![Want::Success, Want::Fails(Errno::Etimedout)],
        Want::Fails(_) => vec![Want::Success, Want::Fails(Errno::Econnreset)],
    }
}

/// Each part of a segment otherwise, and no segment.
fn turned_segments(parts: &SegmentParts) -> Vec<Want> {
    let mut others = vec![Want::Silence];
    let mut put = |change: &dyn Fn(&mut SegmentParts)| {
        let mut other = parts.clone();
        change(&mut other);
        if other != *parts {
            others.push(Want::Segment(Box::new(other)));
        }
    };
    put(&|it| it.flags = it.flags.map(|flags| Flags(flags.0 ^ Flags::ACK.0)));
    put(&|it| it.seq = it.seq.map(|seq| SeqPart { start: seq.start + 1, stop: seq.stop.map(|stop| stop + 1) }));
    put(&|it| it.ack = it.ack.map(|ack| ack + 1));
    put(&|it| it.window = it.window.map(|window| window + 1));
    put(&|it| it.mss = it.mss.map(|mss| mss ^ 1));
    put(&|it| it.scale = it.scale.map(|scale| scale ^ 1));
    put(&|it| it.sack = it.sack.map(|(left, right)| (left + 1, right)));
    put(&|it| it.sack_permitted = it.sack_permitted.map(|permitted| !permitted));
    put(&|it| it.data = it.data.as_ref().map(|data| Payload([&data.0, &b"!"[..]].concat().into())));
    others
}

fn turned_divergences(scenario: &Scenario) -> Vec<Other> {
    let fewer = (0..scenario.known.len()).filter_map(|nth| {
        other(scenario, format!("the divergence {} is not known", scenario.known[nth]), |it| {
            it.known.remove(nth);
        })
    });
    let more =
        other(scenario, "one more divergence is known".to_owned(), |it| it.known.push("no-such-rule".to_owned()));
    fewer.chain(more).collect()
}

#[test]
fn what_is_expected_does_not_change_what_happens() {
    for sim in sims() {
        let mut blind = sim.scenario.clone();
        blind.expect.clear();
        blind.known.clear();
        for actor in &mut blind.actors {
            if let Program::Script(steps) = &mut actor.program {
                steps.iter_mut().for_each(|step| step.want = Want::Anything);
            }
        }
        assert!(run(&blind) == run(&sim.scenario), "{}: it runs otherwise where nothing is expected", sim.file);
    }
}
