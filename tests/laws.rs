//! Laws over the whole engine: whatever the link does, whatever the programs send.
//!
//! PROPTEST_CASES says how many plans each law is held to; `cargo test --release campaign -- --ignored` tries many more.

mod known;
mod model;
mod plan;

use crate::support::{self, assert_same};
use drywire::base::{Choose, LinkId, NodeId, Point, Scripted, Seeded};
use drywire::judge::{self, Finding};
use drywire::scenario::model::{Actor, Cut, FaultAction, FaultRule, Link, PacketMatch};
use drywire::scenario::{Scenario, explain, load_bytes};
use drywire::trace::{self, CallName, JsonOptions, Outcome, TextOptions, Trace, What};
use drywire::world::World;
use known::{KNOWN, Known, known};
use plan::{CLIENT, Plan, SERVER, plan};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, RngSeed, TestError, TestRng, TestRunner};
use std::collections::{BTreeMap, BTreeSet};

/// The same plans every time, unless more are asked for.
fn cases(usual: u32) -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases: usual, rng_seed: RngSeed::Fixed(1), ..config },
    }
}

fn run(scenario: &Scenario) -> Trace {
    World::new(scenario, scenario.seed).trace(&mut Seeded::new(scenario.seed))
}

/// What the programs of a host have received, in order.
fn received(trace: &Trace, node: NodeId) -> Vec<u8> {
    let mut calls = BTreeSet::new();
    let mut bytes = Vec::new();
    for record in trace.records.iter().filter(|record| record.node == node) {
        let outcome = match &record.what {
            What::Call(call) if call.call == CallName::Recv => {
                calls.insert(record.id);
                &call.outcome
            }
            What::Return { of, outcome, .. } if calls.contains(of) => outcome,
            _ => continue,
        };
        if let Outcome::Data(data) = outcome {
            bytes.extend_from_slice(&data.0);
        }
    }
    bytes
}

/// What came of a plan: whether everything was received, and which known divergences showed; or what must not be.
fn outcome(plan: &Plan) -> Result<(bool, Vec<&'static Known>), String> {
    let trace = run(&plan.scenario());
    let mut whole = true;
    for (node, talk) in [(SERVER, &plan.client), (CLIENT, &plan.server)] {
        let got = received(&trace, node);
        let sent = drywire::base::pattern(0, talk.total());
        if !sent.starts_with(&got) {
            return Err(format!("node {}: what is received is no prefix of what was sent", node.0));
        }
        whole &= got.len() == sent.len();
    }
    let findings = judge::judge(&trace.header, &trace.records);
    let known = known(&trace, &findings);
    let unknown = findings.iter().zip(&known).find(|(_, known)| known.is_none());
    if let Some((Finding { rule, clause, text, .. }, _)) = unknown {
        return Err(format!("{rule} ({clause}): {text}"));
    }
    if !whole && findings.is_empty() {
        return Err("not all is received, and no divergence says why".into());
    }
    Ok((whole, known.into_iter().flatten().collect()))
}

/// Plans that are the same every time.
fn plans(seed: u64, many: usize) -> impl Iterator<Item = Plan> {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let strategy = plan();
    (0..many).map(move |_| strategy.new_tree(&mut runner).expect("a plan").current())
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn what_is_received_is_what_was_sent_or_a_known_divergence_says_why(plan in plan()) {
        let wrong = outcome(&plan).err();
        prop_assert!(wrong.is_none(), "{}\n{}", wrong.unwrap_or_default(), again(&plan));
    }
}

/// Writes the plan's scenario down, and says how it is run again.
fn again(plan: &Plan) -> String {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("plan.toml");
    let kept = std::fs::write(&file, explain(&plan.scenario()));
    let why = kept.err().map(|error| format!(" (which could not be written: {error})")).unwrap_or_default();
    format!("again: drywire run {} --seed {}{why}", file.display(), plan.seed)
}

/// The smallest plan of which this is not true.
fn smallest(holds: impl Fn(&Plan) -> bool) -> Plan {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config = ProptestConfig { failure_persistence: None, max_shrink_iters: 50_000, ..ProptestConfig::default() };
    let held = TestRunner::new_with_rng(config, rng).run(&plan(), |plan| {
        prop_assert!(holds(&plan));
        Ok(())
    });
    match held {
        Err(TestError::Fail(_, plan)) => plan,
        other => panic!("it does not fail: {other:?}"),
    }
}

#[test]
fn a_plan_that_fails_shrinks_towards_the_one_without_faults() {
    let plain = |plan: &Plan| !plan.is_random() && plan.cut.is_none();
    let never = smallest(|_| false);
    assert!(never.faults.is_empty() && plain(&never) && never.client.total() + never.server.total() == 0, "{never:#?}");
    let is_drop = |rule: &FaultRule| rule.action == FaultAction::Drop;
    let loses = smallest(|plan| !plan.faults.iter().any(is_drop));
    assert!(matches!(loses.faults.as_slice(), [only] if is_drop(only)) && plain(&loses), "{loses:#?}");
    assert_eq!(loses.client.total() + loses.server.total(), 0, "{loses:#?}");
    let speaks = smallest(|plan| plan.client.total() == 0 || !plan.lanes.iter().any(|lane| lane.loss > 0));
    assert_eq!((speaks.client.total(), speaks.server.total(), speaks.faults.len()), (1, 0, 0), "{speaks:#?}");
}

#[test]
fn a_plan_that_is_written_down_is_the_same_run() {
    for plan in plans(3, 40) {
        let scenario = plan.scenario();
        let read = load_bytes("plan", explain(&scenario).as_bytes()).expect("a plan can be written as a scenario");
        assert_same("a plan and what is read of it", &story(&run(&scenario)), &story(&run(&read)));
    }
}

/// Answers as a seed says, and remembers them.
struct Remembered(Seeded, Vec<u32>);

impl Choose for Remembered {
    fn choose(&mut self, at: Point, options: u32) -> u32 {
        let answer = self.0.choose(at, options);
        self.1.push(answer);
        answer
    }
}

proptest! {
    #![proptest_config(cases(25))]

    #[test]
    fn the_same_seed_makes_the_same_bytes_and_json_loses_nothing(plan in plan()) {
        let scenario = plan.scenario();
        let (first, second) = (run(&scenario), run(&scenario));
        let bytes = JsonOptions { bytes: true };
        let text = trace::json(&first, &bytes);
        prop_assert!(text == trace::json(&second, &bytes), "{}", again(&plan));
        prop_assert!(trace::read_json(&text).as_ref() == Ok(&first), "{}", again(&plan));
    }

    #[test]
    fn a_run_is_named_by_its_choices(plan in plan()) {
        let scenario = plan.scenario();
        let mut remembered = Remembered(Seeded::new(plan.seed), Vec::new());
        let first = World::new(&scenario, plan.seed).trace(&mut remembered);
        let mut scripted = Scripted::new(remembered.1.clone());
        let second = World::new(&scenario, plan.seed).trace(&mut scripted);
        prop_assert!(first == second, "{}", again(&plan));
        prop_assert_eq!(scripted.given(), &remembered.1[..]);
    }

    #[test]
    fn an_idle_link_more_changes_nothing_elsewhere(plan in plan()) {
        let (alone, beside) = (plan.scenario(), with_neighbours(plan.scenario()));
        prop_assert!(story(&run(&alone)) == story(&run(&beside)), "{}", again(&plan));
    }
}

/// The same scenario behind two more hosts and a link of theirs: all ids are others.
fn with_neighbours(scenario: Scenario) -> Scenario {
    let stage =
        "hosts = { a = \"10.9.0.1\", b = \"10.9.0.2\" }\nlinks.idle = { joins = [\"a\", \"b\"], loss = \"5 %\" }";
    let mut all = drywire::scenario::load("plan", stage).expect("the neighbours");
    let (node, link) = (|id: NodeId| NodeId(id.0 + 2), |id: LinkId| LinkId(id.0 + 1));
    let moved = |on: &PacketMatch| PacketMatch { from: on.from.map(node), link: on.link.map(link), ..on.clone() };
    all.nodes.extend(scenario.nodes);
    all.links.extend(scenario.links.into_iter().map(|it| Link { ends: it.ends.map(node), ..it }));
    all.faults =
        scenario.faults.iter().map(|rule| FaultRule { action: rule.action.clone(), on: moved(&rule.on) }).collect();
    for rule in &mut all.faults {
        if let FaultAction::Hold(until) = &mut rule.action {
            *until = moved(until);
        }
    }
    all.cuts = scenario.cuts.into_iter().map(|cut| Cut { link: link(cut.link), ..cut }).collect();
    all.actors = scenario.actors.into_iter().map(|actor| Actor { node: node(actor.node), ..actor }).collect();
    Scenario { limits: scenario.limits, seed: scenario.seed, ..all }
}

/// The trace for people, without its header: names, not ids.
fn story(trace: &Trace) -> String {
    let text = trace::text(trace, &TextOptions::default());
    text.split_once("\n\n").map_or(String::new(), |(_, story)| story.to_owned())
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn no_spoiled_scenario_makes_the_loader_panic(
        which in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..20_usize, prop::collection::vec(any::<u8>(), 0..8)), 1..4),
    ) {
        let files: Vec<_> = support::files(&support::root().join("sims"));
        let mut bytes = std::fs::read(which.get(&files)).expect("a scenario");
        for (at, many, with) in cuts {
            let at = at.index(bytes.len() + 1);
            let end = (at + many).min(bytes.len());
            bytes.splice(at..end, with);
        }
        if let Err(errors) = load_bytes("spoiled", &bytes) {
            prop_assert!(!errors.list.is_empty());
        }
    }
}

#[test]
fn each_known_divergence_has_its_scenario() {
    let sims = support::sims();
    for known in KNOWN {
        let sim = sims.iter().find(|sim| sim.name == format!("divergence/{}", known.sim));
        let rules = sim.map(|sim| &sim.scenario.known).unwrap_or_else(|| panic!("no scenario {}", known.sim));
        assert!(known.rules.iter().any(|rule| rules.iter().any(|shown| shown == rule)), "{}: {rules:?}", known.sim);
    }
}

#[test]
fn the_plans_are_as_bad_as_they_claim() {
    let plans: Vec<Plan> = plans(0, 1_000).collect();
    let share = |of: &dyn Fn(&Plan) -> bool| plans.iter().filter(|plan| of(plan)).count();
    let with = |of: fn(&FaultAction) -> bool| {
        plans.iter().flat_map(|plan| &plan.faults).filter(|rule| of(&rule.action)).count()
    };
    assert!(share(&|plan| plan.faults.len() >= 2) >= 300, "two or more named faults");
    assert!(share(&|plan| plan.faults.is_empty() && !plan.is_random()) >= 20, "nothing goes wrong");
    assert!(share(&Plan::is_long) >= 300, "payloads beyond window and MSS");
    assert!(share(&Plan::is_random) >= 300, "chance");
    assert!(share(&|plan| plan.cut.is_some()) >= 50, "a link that is cut and repaired");
    assert!(share(&|plan| plan.client.total() > 0 && plan.server.total() > 0) >= 300, "both speak");
    let kinds: [fn(&FaultAction) -> bool; 5] = [
        |action| matches!(action, FaultAction::Drop),
        |action| matches!(action, FaultAction::Delay(_)),
        |action| matches!(action, FaultAction::Duplicate),
        |action| matches!(action, FaultAction::Corrupt),
        |action| matches!(action, FaultAction::Hold(_)),
    ];
    for (index, kind) in kinds.into_iter().enumerate() {
        assert!(with(kind) >= 100, "faults of every kind: {index}");
    }
    for (index, lane) in [
        share(&|plan| plan.lanes.iter().any(|lane| lane.loss > 0)),
        share(&|plan| plan.lanes.iter().any(|lane| lane.burst.is_some())),
        share(&|plan| plan.lanes.iter().any(|lane| lane.duplicate > 0)),
        share(&|plan| plan.lanes.iter().any(|lane| lane.reorder > 0)),
        share(&|plan| plan.lanes.iter().any(|lane| lane.corrupt > 0)),
        share(&|plan| plan.lanes.iter().any(|lane| lane.jitter.0 > 0)),
        share(&|plan| plan.lanes.iter().any(|lane| lane.rate < 1_000_000)),
        share(&|plan| plan.lanes.iter().any(|lane| lane.queue < 10_000)),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(lane >= 80, "links of every kind: {index}: {lane}");
    }
}

/// Many plans at once: DRYWIRE_CAMPAIGN says how many, and from which seed.
#[test]
#[ignore = "long"]
fn campaign() {
    let asked = std::env::var("DRYWIRE_CAMPAIGN").unwrap_or_default();
    let (many, seed) = asked.split_once(' ').unwrap_or((&asked, "1"));
    let (many, seed) = (many.parse().unwrap_or(20_000), seed.parse().unwrap_or(1));
    let mut wrong: BTreeMap<String, (u32, String)> = BTreeMap::new();
    let mut shown: BTreeMap<&str, u32> = BTreeMap::new();
    let mut whole = 0;
    for plan in plans(seed, many) {
        match outcome(&plan) {
            Ok((all, known)) => {
                whole += u32::from(all);
                let sims: BTreeSet<&str> = known.iter().map(|known| known.sim).collect();
                sims.into_iter().for_each(|sim| *shown.entry(sim).or_default() += 1);
            }
            Err(what) => {
                let plain: String = what.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
                let told = format!("{what}\n{}", explain(&plan.scenario()));
                let entry = wrong.entry(plain).or_insert_with(|| (0, told.clone()));
                entry.0 += 1;
                if told.len() < entry.1.len() {
                    entry.1 = told;
                }
            }
        }
    }
    let told: Vec<String> = wrong.values().map(|(many, what)| format!("{many} times: {what}\n")).collect();
    if std::env::var_os("DRYWIRE_CAMPAIGN_TELL").is_some() || !told.is_empty() {
        panic!("{many} plans, {whole} whole; known: {shown:#?}\n{}", told.join("\n"));
    }
}
