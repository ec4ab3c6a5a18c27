//! Short names for wide tables, and identifiers for languages that are particular about them.

use std::collections::BTreeSet;

/// A short name for each, unique among them: `SS` for SYN-SENT, `EST` for ESTABLISHED.
pub(super) fn abbreviations(names: &[&str]) -> Vec<String> {
    let candidates: Vec<Vec<String>> = names.iter().map(|name| candidates(name)).collect();
    (0..names.len())
        .map(|at| {
            let mine = &candidates[at];
            let free = |short: &&String| {
                candidates.iter().enumerate().all(|(other, theirs)| other == at || !claims(theirs, mine, short))
            };
            mine.iter().find(free).cloned().unwrap_or_else(|| format!("{}{at}", mine.first().map_or("S", |s| s)))
        })
        .collect()
}

/// Whether another name could use this short name as early in its own list as this one does.
fn claims(theirs: &[String], mine: &[String], short: &String) -> bool {
    let at = |list: &[String]| list.iter().position(|candidate| candidate == short);
    match (at(theirs), at(mine)) {
        (Some(theirs), Some(mine)) => theirs <= mine,
        _ => false,
    }
}

/// What one could call it, shortest first; the whole name at last.
fn candidates(name: &str) -> Vec<String> {
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut list = Vec::new();
    if words.len() > 1 {
        list.push(words.iter().filter_map(|word| word.chars().next()).collect());
    } else if name.chars().count() > 4 {
        list.push(name.chars().take(3).collect());
        let skeleton: String = skeleton(name);
        list.extend((4..=skeleton.chars().count()).map(|n| skeleton.chars().take(n).collect()));
    }
    list.push(name.to_owned());
    list
}

/// The first letter and the consonants after it.
fn skeleton(name: &str) -> String {
    let vowel = |c: char| "AEIOUaeiou".contains(c);
    name.chars().enumerate().filter(|&(at, c)| at == 0 || !vowel(c)).map(|(_, c)| c).collect()
}

/// An identifier of ASCII letters, digits and underscores for each name, unique among them and none of `reserved`.
pub(super) fn identifiers(names: &[&str], reserved: &[&str]) -> Vec<String> {
    let mut taken: BTreeSet<String> = reserved.iter().map(|word| (*word).to_owned()).collect();
    names
        .iter()
        .map(|name| {
            let mut id: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            if !id.starts_with(|c: char| c.is_ascii_alphabetic()) {
                id.insert(0, 's');
            }
            while taken.contains(&id.to_ascii_lowercase()) {
                id.push('_');
            }
            taken.insert(id.to_ascii_lowercase());
            id
        })
        .collect()
}

/// A small machine for the tests of this room.
#[cfg(test)]
pub(super) fn door() -> crate::machine::Table {
    use crate::machine::{Cell, Clause, Table, Verdict};
    let clause = Clause { document: "House rules", section: "2" };
    let go = |to, outputs: &[&'static str]| Verdict::Go { to, outputs: outputs.to_vec(), clause };
    let verdicts = [
        [go(1, &["creak", "light"]), go(0, &[]), go(2, &[])],
        [Verdict::Reject { refusal: "EALREADY", clause }, go(0, &["bang"]), Verdict::Never],
        [Verdict::Reject { refusal: "EPERM", clause }, Verdict::Never, go(0, &[])],
    ];
    let cells = verdicts
        .into_iter()
        .enumerate()
        .flat_map(|(from, row)| row.into_iter().enumerate().map(move |(input, verdict)| Cell { from, input, verdict }))
        .collect();
    Table {
        name: "door",
        title: "A \"door\" of a house",
        states: vec!["SHUT", "OPEN", "SEALED"],
        inputs: vec!["open", "shut; slowly", "seal #2: <wax>"],
        outputs: vec!["creak", "light", "bang"],
        start: 0,
        finals: vec![0],
        cells,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Finite;
    use crate::tcp::State;

    #[test]
    fn the_states_of_tcp_have_the_short_names_that_people_use() {
        let names: Vec<&str> = State::ALL.iter().map(|state| state.name()).collect();
        let short = abbreviations(&names);
        assert_eq!(short.join(" "), "CLSD LIS SS SR EST FW1 FW2 CW CLSN LA TW");
    }

    #[test]
    fn names_that_cannot_be_shortened_stay_unique() {
        let short = abbreviations(&["A-B", "A.B", "AB", "ab", "same", "same"]);
        assert_eq!(short.iter().collect::<BTreeSet<_>>().len(), 6, "{short:?}");
    }

    #[test]
    fn identifiers_are_plain_unique_and_not_reserved() {
        assert_eq!(identifiers(&["A-B", "A_B", "end", "1", "열림"], &["end"]), ["A_B", "A_B_", "end_", "s1", "s__"]);
    }
}
