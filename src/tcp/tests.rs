//! The machine against the RFC's rules, and segments against what they are.

use super::rows::{ROWS, Row};
use super::{Facts, Input, Segment, State, Tcp, classify_segment, next};
use crate::machine::{Finite, Step, Table};
use std::collections::BTreeMap;

fn cells(row: &Row) -> impl Iterator<Item = (State, Input)> {
    let state = State::named(row.state).expect("a state of the RFC");
    row.inputs.iter().map(move |&input| (state, input))
}

#[test]
fn every_rule_is_what_the_machine_says_and_the_machine_says_nothing_else() {
    let mut spoken_of = BTreeMap::new();
    for row in ROWS {
        let said: Vec<_> = cells(row).map(|(state, input)| next(state, input)).collect();
        for (cell, step) in cells(row).zip(&said) {
            let rule = format!("{} {} {}", row.state, row.event, row.guard);
            assert_eq!(spoken_of.insert(cell, row.event), None, "{rule}: two rules for one cell");
            assert_eq!(step, &said[0], "{rule}: one rule says two things");
            let (to, clause) = match step {
                Step::Go(to, _, clause) => (*to, clause),
                Step::Reject(_, clause) => (cell.0, clause),
                Step::Never => panic!("{rule}: nothing in the machine"),
            };
            assert_eq!((to.name(), clause.section), (row.next, row.section), "{rule}");
        }
    }
    for &state in State::ALL {
        for &input in Input::ALL.iter().filter(|&&input| !spoken_of.contains_key(&(state, input))) {
            assert_eq!(next(state, input), Step::Never, "{state}, {input}: no rule");
        }
    }
}

#[test]
fn one_rule_is_one_arm() {
    let source =
        [include_str!("next_opening.rs"), include_str!("next_open.rs"), include_str!("next_closing.rs")].concat();
    let arms =
        source.matches("=> go(").count() + source.matches("=> refuse(").count() + source.matches("=> {\n").count();
    assert_eq!((ROWS.len(), arms), (215, 215));
    assert!(!source.contains("_ =>"), "a wildcard arm");
}

#[test]
fn edges_are_the_cells_that_change_the_state() {
    let table = Table::of::<Tcp>();
    let (legacy, normative): (Vec<_>, Vec<_>) = table.edges().partition(|cell| Input::ALL[cell.input].is_legacy());
    assert_eq!((normative.len(), legacy.len()), (62, 8));
}

#[test]
fn the_table_is_sound() {
    assert_eq!(Table::of::<Tcp>().audit(), Vec::<String>::new());
}

const ISS: u32 = u32::MAX - 2;
const IRS: u32 = 5_000;

fn seg(seq: u32, ack: u32, len: u32) -> Segment {
    Segment { seq, ack: Some(ack), len, window: 1_000, ..Segment::default() }
}

fn fin(segment: Segment) -> Segment {
    Segment { fin: true, ..segment }
}

fn rst(segment: Segment) -> Segment {
    Segment { rst: true, ..segment }
}

fn syn(segment: Segment) -> Segment {
    Segment { syn: true, ..segment }
}

/// After an active OPEN.
fn opening() -> Facts {
    let mut facts = Facts::default();
    facts.sent(&Segment { ack: None, ..syn(seg(ISS, 0, 0)) });
    facts
}

/// After a passive OPEN and a SYN.
fn half_open() -> Facts {
    let mut facts = Facts::default();
    facts.sent(&syn(seg(ISS, IRS + 1, 0)));
    facts
}

/// An open connection that advertises [IRS+1, IRS+1001), with nothing sent.
fn open() -> Facts {
    let mut facts = opening();
    facts.received(&syn(seg(IRS, ISS.wrapping_add(1), 0)));
    facts.sent(&seg(ISS.wrapping_add(1), IRS + 1, 0));
    facts
}

/// The same after our FIN.
fn closing() -> Facts {
    let mut facts = open();
    facts.sent(&fin(seg(ISS.wrapping_add(1), IRS + 1, 0)));
    facts
}

fn is(facts: &Facts, segment: &Segment) -> Vec<Input> {
    classify_segment(facts, segment).to_vec()
}

#[test]
fn without_a_connection_only_the_control_bits_count() {
    let nobody = Facts::default();
    assert_eq!(is(&nobody, &rst(seg(1, 2, 0))), [Input::Rst]);
    assert_eq!(is(&nobody, &syn(seg(1, 2, 0))), [Input::Ack]);
    assert_eq!(is(&nobody, &Segment { ack: None, ..syn(seg(1, 0, 0)) }), [Input::Syn]);
    assert_eq!(is(&nobody, &Segment { ack: None, ..fin(seg(1, 0, 0)) }), [Input::NoAck]);
}

#[test]
fn while_opening_the_ack_of_the_syn_decides() {
    let (facts, good) = (opening(), ISS.wrapping_add(1));
    assert_eq!(is(&facts, &syn(seg(IRS, good, 0))), [Input::SynAck]);
    assert_eq!(is(&facts, &syn(seg(IRS, good, 10))), [Input::SynAck, Input::Text]);
    assert_eq!(is(&facts, &fin(syn(seg(IRS, good, 10)))), [Input::SynAckFin]);
    assert_eq!(is(&facts, &syn(seg(IRS, ISS, 0))), [Input::BadAck]);
    assert_eq!(is(&facts, &rst(seg(0, good, 0))), [Input::RstAck]);
    assert_eq!(is(&facts, &rst(seg(0, ISS, 0))), [Input::RstBadAck]);
    assert_eq!(is(&facts, &seg(IRS, good, 0)), [Input::AckOfSyn]);
    assert_eq!(is(&facts, &Segment { ack: None, ..syn(seg(IRS, 0, 0)) }), [Input::Syn]);
}

#[test]
fn while_half_open_it_matters_who_opened() {
    let (passive, good) = (half_open(), ISS.wrapping_add(1));
    let mut active = opening();
    active.received(&Segment { ack: None, ..syn(seg(IRS, 0, 0)) });
    active.sent(&syn(seg(ISS, IRS + 1, 0)));
    assert_eq!(is(&passive, &rst(seg(IRS + 1, good, 0))), [Input::RstPassive]);
    assert_eq!(is(&active, &rst(seg(IRS + 1, good, 0))), [Input::Rst]);
    assert_eq!(is(&passive, &syn(seg(IRS + 1, good, 0))), [Input::SynPassive]);
    assert_eq!(is(&active, &syn(seg(IRS + 1, good, 0))), [Input::Syn]);
    assert_eq!(is(&passive, &syn(seg(IRS, good, 0))), [Input::OutsideWindow], "the first SYN again");
    assert_eq!(is(&passive, &seg(IRS + 1, good, 0)), [Input::AckOfSyn]);
    assert_eq!(is(&passive, &seg(IRS + 1, ISS, 0)), [Input::BadAck]);
    assert_eq!(is(&passive, &seg(IRS + 1, good, 5)), [Input::AckOfSyn, Input::Text]);
    assert_eq!(is(&passive, &fin(seg(IRS + 1, good, 5))), [Input::FinAckOfSyn]);
}

#[test]
fn resets_and_syns_are_held_to_the_window() {
    let (facts, ack) = (open(), ISS.wrapping_add(1));
    assert_eq!(is(&facts, &rst(seg(IRS + 1, 0, 0))), [Input::Rst]);
    assert_eq!(is(&facts, &rst(seg(IRS + 2, 0, 0))), [Input::RstInWindow]);
    assert_eq!(is(&facts, &rst(seg(IRS + 1_001, 0, 0))), [Input::RstOutsideWindow]);
    assert_eq!(is(&facts, &syn(seg(IRS + 9, ack, 0))), [Input::Syn]);
    assert_eq!(is(&Facts { rfc793: true, ..facts }, &syn(seg(IRS + 9, ack, 0))), [Input::SynRfc793]);
}

#[test]
fn an_ack_is_old_new_of_the_fin_or_ahead() {
    let (facts, una) = (closing(), ISS.wrapping_add(1));
    assert_eq!(is(&facts, &seg(IRS + 1, una, 0)), [Input::OldAck]);
    assert_eq!(is(&facts, &seg(IRS + 1, una.wrapping_add(1), 0)), [Input::AckOfFin]);
    assert_eq!(is(&facts, &seg(IRS + 1, una.wrapping_add(2), 5)), [Input::AckAhead]);
    assert_eq!(is(&facts, &Segment { ack: None, ..seg(IRS + 1, 0, 5) }), [Input::NoAck]);
    assert_eq!(is(&facts, &fin(seg(IRS + 1, una, 0))), [Input::OldAck, Input::Fin]);
    assert_eq!(is(&facts, &fin(seg(IRS + 1, una.wrapping_add(1), 5))), [Input::FinAckOfFin]);
    let mut unsent = open();
    unsent.sent(&seg(una, IRS + 1, 10));
    assert_eq!(is(&unsent, &seg(IRS + 1, una.wrapping_add(4), 5)), [Input::Ack, Input::Text]);
}

#[test]
fn a_fin_counts_when_all_before_it_is_there() {
    let (mut facts, ack) = (open(), ISS.wrapping_add(1));
    assert_eq!(is(&facts, &fin(seg(IRS + 1, ack, 10))), [Input::OldAck, Input::Text, Input::Fin]);
    assert_eq!(is(&facts, &fin(seg(IRS + 11, ack, 10))), [Input::OldAck, Input::TextAhead]);
    // [11,21) and the FIN are held; the hole's filler makes both count.
    facts.received(&fin(seg(IRS + 11, ack, 10)));
    let filler = seg(IRS + 1, ack, 10);
    assert_eq!(is(&facts, &filler), [Input::OldAck, Input::Text, Input::Fin]);
    let forgetful = facts.if_only_acknowledged().expect("something is held");
    assert_eq!(is(&forgetful, &filler), [Input::OldAck, Input::Text]);
    assert_eq!(forgetful.if_only_acknowledged(), None);
    // Held text, and a FIN of its own after the filler's.
    let mut facts = open();
    facts.received(&seg(IRS + 11, ack, 10));
    facts.received(&seg(IRS + 31, ack, 10));
    assert_eq!(is(&facts, &seg(IRS + 1, ack, 10)), [Input::OldAck, Input::Text]);
    facts.received(&seg(IRS + 1, ack, 10));
    assert_eq!(is(&facts, &fin(seg(IRS + 41, ack, 0))), [Input::OldAck], "21 to 31 is missing");
    facts.received(&seg(IRS + 21, ack, 10));
    assert_eq!(is(&facts, &fin(seg(IRS + 41, ack, 0))), [Input::OldAck, Input::Fin]);
    facts.received(&fin(seg(IRS + 41, ack, 0)));
    assert_eq!(is(&facts, &fin(seg(IRS + 41, ack, 0))), [Input::FinAgain]);
    assert_eq!(is(&facts, &seg(IRS + 31, ack, 10)), [Input::OutsideWindow]);
}

#[test]
fn text_beyond_the_window_is_cut_off_and_its_fin_with_it() {
    let (mut facts, ack) = (open(), ISS.wrapping_add(1));
    assert_eq!(is(&facts, &fin(seg(IRS + 1, ack, 1_001))), [Input::OldAck, Input::Text]);
    facts.sent(&Segment { window: 0, ..seg(ack, IRS + 1, 0) });
    assert_eq!(is(&facts, &seg(IRS + 1, ack, 1)), [Input::OutsideWindow]);
    assert_eq!(is(&facts, &seg(IRS + 1, ack, 0)), [Input::OldAck]);
    assert_eq!(is(&facts, &fin(seg(IRS + 1, ack, 0))), [Input::OldAck, Input::Fin]);
}

#[test]
fn what_the_end_acknowledges_corrects_what_was_inferred() {
    let (mut facts, ack) = (open(), ISS.wrapping_add(1));
    facts.received(&fin(seg(IRS + 1, ack, 10)));
    facts.sent(&seg(ack, IRS + 5, 0));
    assert_eq!(is(&facts, &fin(seg(IRS + 5, ack, 6))), [Input::OldAck, Input::Text, Input::Fin]);
    facts.received(&fin(seg(IRS + 5, ack, 6)));
    facts.not_taken(Input::Fin);
    assert_eq!(is(&facts, &fin(seg(IRS + 11, ack, 0))), [Input::OldAck, Input::Fin]);
}

#[test]
fn windows_scale_only_if_both_said_so() {
    let mut facts = Facts::default();
    facts.sent(&Segment { ack: None, scale: Some(2), ..syn(seg(ISS, 0, 0)) });
    let mut unscaled = facts.clone();
    facts.received(&Segment { scale: Some(0), ..syn(seg(IRS, ISS.wrapping_add(1), 0)) });
    unscaled.received(&syn(seg(IRS, ISS.wrapping_add(1), 0)));
    let far = seg(IRS + 3_990, ISS.wrapping_add(1), 10);
    for facts in [&mut facts, &mut unscaled] {
        facts.sent(&seg(ISS.wrapping_add(1), IRS + 1, 0));
    }
    assert_eq!(is(&facts, &far), [Input::OldAck, Input::TextAhead]);
    assert_eq!(is(&unscaled, &far), [Input::OutsideWindow]);
}

#[test]
fn in_time_wait_a_newer_syn_begins_anew() {
    let (mut facts, ack) = (closing(), ISS.wrapping_add(2));
    let newer = Segment { newer: true, ack: None, ..syn(seg(IRS + 77, 0, 0)) };
    assert_eq!(is(&facts, &newer), [Input::Syn]);
    facts.received(&fin(seg(IRS + 1, ack, 0)));
    assert_eq!(is(&facts, &newer), [Input::SynNewIncarnation]);
}

proptest::proptest! {
    #[test]
    fn any_segments_in_any_order_are_something(
        segments in proptest::collection::vec((0..2u8, 0..64u8, 0..12u32, 0..12u32, 0..6u32, 0..8u16), 1..40),
    ) {
        let mut facts = Facts::default();
        for (sent, bits, seq, ack, len, window) in segments {
            let has = |bit: u8| bits & bit != 0;
            let near = |n: u32| (u32::MAX - 5).wrapping_add(n);
            let (syn, fin, rst, newer) = (has(1), has(2), has(4), has(8));
            let len = if has(32) { u32::MAX - len } else { len };
            let ack = has(16).then_some(near(ack));
            let segment = Segment { seq: near(seq), ack, len, window, syn, fin, rst, scale: None, newer };
            if sent == 1 {
                facts.sent(&segment);
                continue;
            }
            let inputs = classify_segment(&facts, &segment);
            proptest::prop_assert!(!inputs.is_empty());
            proptest::prop_assert_eq!(inputs, facts.received(&segment));
            // It is an event that some state knows.
            for &input in inputs.iter() {
                proptest::prop_assert!(State::ALL.iter().any(|&state| next(state, input) != Step::Never));
            }
        }
    }
}
