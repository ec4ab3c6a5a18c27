//! Whatever the bytes: no panic, and every error stands at a place of the text.

use super::{EVERYTHING, SIMS};
use crate::scenario::{Diagnostics, explain, load, load_bytes, load_with};
use proptest::prelude::*;

fn well_placed(errors: &Diagnostics) {
    assert!(!errors.list.is_empty());
    for error in &errors.list {
        assert!(errors.text.get(error.span.clone()).is_some(), "{error:?}");
        assert!(!error.help.trim().is_empty(), "{error:?}");
    }
    assert!(errors.list.is_sorted_by_key(|error| error.span.start));
    assert!(!errors.to_string().is_empty());
    #[cfg(feature = "cli")]
    assert!(!format!("{:?}", errors.to_report()).is_empty());
}

/// What a scenario may be spoiled with: pieces of the language, and what does not belong in it.
const PIECES: [&str; 24] = [
    "\"",
    "'''",
    "{",
    "}",
    "[[",
    "]",
    ",",
    "=",
    ".",
    "\n",
    "-1",
    "0",
    "99999999999999999999",
    "true",
    "1979-05-27",
    "1.5",
    "\"10.0.0.1\"",
    "client",
    "안녕",
    "\u{0}",
    "\r",
    "expect = \"end\"",
    "[hosts]\n",
    "\"SYN\"",
];

/// A scenario with some stretches replaced by pieces or by stretches of a scenario.
fn spoiled() -> impl Strategy<Value = String> {
    let texts: Vec<&'static str> = SIMS.iter().map(|(_, text)| *text).chain([EVERYTHING]).collect();
    let cut = (any::<prop::sample::Index>(), 0..40_usize, any::<prop::sample::Index>(), prop::bool::ANY);
    (prop::sample::select(texts), prop::collection::vec(cut, 1..6)).prop_map(|(text, cuts)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, len, with, piece) in cuts {
            let at = at.index(chars.len().max(1)).min(chars.len());
            let end = (at + len).min(chars.len());
            let source: Vec<char> = EVERYTHING.chars().collect();
            let from = with.index(source.len());
            let new: Vec<char> = if piece {
                PIECES[with.index(PIECES.len())].chars().collect()
            } else {
                source[from..(from + len).min(source.len())].to_vec()
            };
            chars.splice(at..end, new);
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn no_bytes_make_the_loader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Err(errors) = load_bytes("x", &bytes) {
            well_placed(&errors);
        }
    }

    #[test]
    fn no_text_makes_the_loader_panic(text in "\\PC*") {
        if let Err(errors) = load("x", &text) {
            well_placed(&errors);
        }
    }

    #[test]
    fn a_spoiled_scenario_is_refused_in_order_or_explained(text in spoiled()) {
        match load("x", &text) {
            Err(errors) => well_placed(&errors),
            Ok(scenario) => {
                let explained = explain(&scenario);
                let again = load("x", &explained);
                prop_assert!(again.is_ok(), "{}\n{explained}", again.unwrap_err());
                prop_assert_eq!(explain(&again.unwrap()), explained);
            }
        }
    }

    #[test]
    fn no_replacement_makes_the_loader_panic(path in "[a-z.\"0-9]{0,20}|links\\.wire\\.[a-z]{1,6}", value in "\\PC{0,20}") {
        if let Err(errors) = load_with("x", SIMS[0].1, &[(path, value)]) {
            well_placed(&errors);
        }
    }
}
