//! What each step of a scenario did: its calls and what they returned.

use crate::base::{ActorId, RecordId, Time};
use crate::trace::{Call, Outcome, Record, What};
use std::collections::BTreeMap;

/// A call and what came of it.
pub(super) struct Seen<'r> {
    pub(super) call: &'r Call,
    /// `None` while it blocks.
    pub(super) outcome: Option<&'r Outcome>,
}

/// A step that began.
pub(super) struct StepSeen<'r> {
    pub(super) calls: Vec<Seen<'r>>,
    last: Time,
}

impl StepSeen<'_> {
    /// When it completed: at its last call or return, once nothing of it blocks.
    pub(super) fn completed(&self) -> Option<Time> {
        self.calls.iter().all(|seen| seen.outcome.is_some()).then_some(self.last)
    }

    /// What its calls returned, in order.
    pub(super) fn outcomes(&self) -> impl DoubleEndedIterator<Item = &Outcome> {
        self.calls.iter().filter_map(|seen| seen.outcome)
    }
}

/// All steps that began. Steps of one actor run one after the other, so a call belongs to the latest of its actor's.
pub(super) struct History<'r> {
    steps: BTreeMap<(ActorId, u32), StepSeen<'r>>,
}

impl<'r> History<'r> {
    pub(super) fn new(records: &'r [Record]) -> Self {
        let mut steps: BTreeMap<(ActorId, u32), StepSeen<'r>> = BTreeMap::new();
        let mut current: BTreeMap<ActorId, u32> = BTreeMap::new();
        let mut blocked: BTreeMap<RecordId, (ActorId, u32, usize)> = BTreeMap::new();
        for record in records {
            match &record.what {
                What::Step { actor, index } => {
                    current.insert(*actor, *index);
                    steps.insert((*actor, *index), StepSeen { calls: Vec::new(), last: record.at });
                }
                What::Call(call) => {
                    let Some(&index) = current.get(&call.actor) else { continue };
                    let Some(step) = steps.get_mut(&(call.actor, index)) else { continue };
                    let pending = call.outcome == Outcome::Pending;
                    if pending {
                        blocked.insert(record.id, (call.actor, index, step.calls.len()));
                    }
                    step.calls.push(Seen { call, outcome: (!pending).then_some(&call.outcome) });
                    step.last = record.at;
                }
                What::Return { of, outcome, .. } => {
                    let Some((actor, index, at)) = blocked.remove(of) else { continue };
                    let Some(step) = steps.get_mut(&(actor, index)) else { continue };
                    step.last = record.at;
                    if let Some(seen) = step.calls.get_mut(at) {
                        seen.outcome = Some(outcome);
                    }
                }
                _ => {}
            }
        }
        History { steps }
    }

    pub(super) fn step(&self, actor: ActorId, index: u32) -> Option<&StepSeen<'r>> {
        self.steps.get(&(actor, index))
    }
}
