//! The same scenario and seed give the same bytes, however the run is driven and whoever looks on.

use crate::support::{assert_same, each_sim, traced, whole};
use drywire::base::{Seeded, Time};
use drywire::trace::{Discard, Record, Trace, read_json};
use drywire::world::World;

/// Seeds besides the scenario's own.
const SEEDS: [u64; 3] = [1, 0x5eed, u64::MAX];

#[test]
fn every_scenario_gives_the_same_bytes_twice() {
    each_sim(|sim| {
        for seed in SEEDS.into_iter().chain([sim.scenario.seed]) {
            let [one, other] = [0, 1].map(|_| whole(&traced(&sim.scenario, seed)));
            assert_same(&format!("{} with seed {seed}", sim.file), &one, &other);
        }
    });
}

#[test]
fn a_trace_that_was_saved_is_the_trace() {
    each_sim(|sim| {
        let trace = traced(&sim.scenario, sim.scenario.seed);
        let read = read_json(&whole(&trace)).unwrap_or_else(|error| panic!("{}: {error}", sim.file));
        assert!(read == trace, "{}: what is read is not what was written", sim.file);
    });
}

/// A run that somebody else drives, one thing or one time after the other.
fn driven(scenario: &drywire::scenario::Scenario, drive: impl Fn(&mut World, &mut Seeded, &mut Vec<Record>)) -> Trace {
    let mut world = World::new(scenario, scenario.seed);
    let (mut choose, mut records) = (Seeded::new(scenario.seed), Vec::new());
    drive(&mut world, &mut choose, &mut records);
    assert!(world.ending().is_some(), "it ends");
    Trace { header: world.header().clone(), records }
}

#[test]
fn a_run_that_is_stepped_is_the_same_run() {
    each_sim(|sim| {
        let whole_run = whole(&traced(&sim.scenario, sim.scenario.seed));
        let stepped = driven(&sim.scenario, |world, choose, records| {
            while let Some(next) = world.next_time() {
                assert!(next >= world.now(), "time does not run backwards");
                world.step(choose, records);
                assert!(world.ending().is_some() || world.now() == next, "what was next has happened");
            }
            world.step(choose, records);
        });
        assert_same(&format!("{}, step by step", sim.file), &whole_run, &whole(&stepped));
        let advanced = driven(&sim.scenario, |world, choose, records| {
            while let Some(next) = world.next_time() {
                // Somewhere between two events first, then at the next one.
                world.advance_to(Time(world.now().0.midpoint(next.0)), choose, records);
                world.advance_to(next, choose, records);
            }
            world.step(choose, records);
        });
        assert_same(&format!("{}, time by time", sim.file), &whole_run, &whole(&advanced));
    });
}

#[test]
fn a_run_at_which_nobody_looks_is_the_same_run() {
    each_sim(|sim| {
        let mut seen = World::new(&sim.scenario, sim.scenario.seed);
        let mut unseen = World::new(&sim.scenario, sim.scenario.seed);
        let mut records = Vec::new();
        let ending = seen.run(&mut Seeded::new(sim.scenario.seed), &mut records);
        let same = unseen.run(&mut Seeded::new(sim.scenario.seed), &mut Discard);
        assert_eq!(ending, same, "{}", sim.file);
        assert_eq!((seen.events(), seen.now()), (unseen.events(), unseen.now()), "{}", sim.file);
    });
}
