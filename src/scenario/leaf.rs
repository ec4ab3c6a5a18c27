//! The kinds of values of the language: how each is decoded, called, and described to an editor.

use super::diagnostic::{Errors, Place};
use super::table::TableInfo;
use super::units::{Bad, CHANCE, DURATION, Measure, RATE, SIZE};
use super::value::{Key, Kind, Value};
use crate::base::Span;
use crate::machine::Finite;
use core::fmt::Debug;
use core::marker::PhantomData;
use serde_json::{Value as Json, json};

/// A value with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// A kind of value.
pub(crate) trait Leaf {
    /// What it is decoded into.
    type Out: Clone + Debug;
    /// Decodes it; what is wrong is reported.
    fn decode(value: &Value, errors: &mut Errors) -> Option<Self::Out>;
    /// What it is called in the reference.
    fn words() -> String;
    /// One of it, as TOML writes it: for helps.
    fn example() -> String;
    /// Its JSON Schema.
    fn schema() -> Json;
    /// The tables that it is made of.
    fn tables(_into: &mut Vec<TableInfo>) {}
}

/// Decodes a value and keeps its place.
pub(crate) fn placed<L: Leaf>(value: &Value, errors: &mut Errors) -> Option<Placed<L::Out>> {
    L::decode(value, errors).map(|out| Placed { value: out, place: value.place.clone() })
}

/// Reports what a text failed to be read as.
pub(crate) fn report<T>(outcome: Result<T, Bad>, place: &Place, errors: &mut Errors) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(bad) => {
            errors.add(place.clone(), bad.message, bad.help);
            None
        }
    }
}

/// A string.
pub(crate) struct Text;

impl Leaf for Text {
    type Out = String;
    fn decode(value: &Value, errors: &mut Errors) -> Option<String> {
        let text = value.text();
        if text.is_none() {
            value.mismatch(errors, "a string", &Self::example());
        }
        text.map(str::to_owned)
    }
    fn words() -> String {
        "string".to_owned()
    }
    fn example() -> String {
        "\"hello\"".to_owned()
    }
    fn schema() -> Json {
        json!({ "type": "string" })
    }
}

/// The name of something in the scenario.
pub(crate) struct Name;

impl Leaf for Name {
    type Out = String;
    fn decode(value: &Value, errors: &mut Errors) -> Option<String> {
        let text = value.text();
        if text.is_none() {
            value.mismatch(errors, "a name", &Self::example());
        }
        text.map(str::to_owned)
    }
    fn words() -> String {
        "name".to_owned()
    }
    fn example() -> String {
        "\"client\"".to_owned()
    }
    fn schema() -> Json {
        json!({ "type": "string", "minLength": 1 })
    }
}

/// True or false.
pub(crate) struct Bool;

impl Leaf for Bool {
    type Out = bool;
    fn decode(value: &Value, errors: &mut Errors) -> Option<bool> {
        if let Kind::Bool(answer) = value.kind {
            return Some(answer);
        }
        value.mismatch(errors, "true or false", "true, without quotes");
        None
    }
    fn words() -> String {
        "true or false".to_owned()
    }
    fn example() -> String {
        "true".to_owned()
    }
    fn schema() -> Json {
        json!({ "type": "boolean" })
    }
}

/// A whole number within bounds.
pub(crate) struct Whole<const LOW: i64, const HIGH: i64>;

impl<const LOW: i64, const HIGH: i64> Leaf for Whole<LOW, HIGH> {
    type Out = i64;
    fn decode(value: &Value, errors: &mut Errors) -> Option<i64> {
        let Kind::Int(number) = value.kind else {
            value.mismatch(errors, "a whole number", &Self::example());
            return None;
        };
        let fits = i64::try_from(number).ok().filter(|number| (LOW..=HIGH).contains(number));
        if fits.is_none() {
            let message = match HIGH {
                i64::MAX if number < i128::from(LOW) => format!("{number} is less than {LOW}"),
                i64::MAX => format!("{number} is more than {HIGH}"),
                _ => format!("{number} is not from {LOW} to {HIGH}"),
            };
            errors.add(value.place.clone(), message, format!("a whole number, like {}", Self::example()));
        }
        fits
    }
    fn words() -> String {
        match (LOW, HIGH) {
            (i64::MIN, i64::MAX) => "whole number".to_owned(),
            (low, i64::MAX) => format!("whole number from {low}"),
            (low, high) => format!("whole number from {low} to {high}"),
        }
    }
    fn example() -> String {
        LOW.max(1).to_string()
    }
    fn schema() -> Json {
        json!({ "type": "integer", "minimum": LOW, "maximum": HIGH })
    }
}

/// A port.
pub(crate) struct Port;

type PortNumber = Whole<0, 65_535>;

impl Leaf for Port {
    type Out = i64;
    fn decode(value: &Value, errors: &mut Errors) -> Option<i64> {
        PortNumber::decode(value, errors)
    }
    fn words() -> String {
        PortNumber::words()
    }
    fn example() -> String {
        "80".to_owned()
    }
    fn schema() -> Json {
        PortNumber::schema()
    }
}

fn measured(measure: &Measure, value: &Value, errors: &mut Errors) -> Option<u64> {
    match &value.kind {
        Kind::Text(text) => report(measure.read(text), &value.place, errors),
        Kind::Int(0) => Some(0),
        Kind::Int(number) => report(measure.read(&number.to_string()), &value.place, errors),
        Kind::Point(number) => report(measure.read(number), &value.place, errors),
        Kind::Bool(_) | Kind::Date | Kind::List(_) | Kind::Table(_) => {
            value.mismatch(errors, &format!("a {}", measure.what), &format!("\"{}\"", measure.example));
            None
        }
    }
}

fn measure_schema(measure: &Measure) -> Json {
    let units: Vec<&str> = measure.units.iter().map(|(unit, _)| *unit).collect();
    let pattern = format!("^\\s*(0|[0-9]+(\\.[0-9]+)?\\s*({}))\\s*$", units.join("|"));
    json!({ "type": "string", "pattern": pattern, "examples": [measure.example] })
}

macro_rules! measured_leaf {
    ($(#[$doc:meta])* $name:ident, $measure:expr, $out:ty, $map:expr) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl Leaf for $name {
            type Out = $out;
            fn decode(value: &Value, errors: &mut Errors) -> Option<$out> {
                measured(&$measure, value, errors).map($map)
            }
            fn words() -> String {
                $measure.what.to_owned()
            }
            fn example() -> String {
                format!("\"{}\"", $measure.example)
            }
            fn schema() -> Json {
                json!({ "anyOf": [measure_schema(&$measure), { "const": 0 }] })
            }
        }
    };
}

measured_leaf!(
    /// A length of time: `"50 ms"`.
    Duration,
    DURATION,
    Span,
    Span
);
measured_leaf!(
    /// Bits per second: `"100 Mbit/s"`.
    Rate,
    RATE,
    u64,
    core::convert::identity
);

/// A probability in parts per million: `"0.5 %"`.
pub(crate) struct Chance;

impl Leaf for Chance {
    type Out = u32;
    fn decode(value: &Value, errors: &mut Errors) -> Option<u32> {
        let ppm = measured(&CHANCE, value, errors)?;
        let fits = u32::try_from(ppm).ok().filter(|ppm| *ppm <= 1_000_000);
        if fits.is_none() {
            errors.add(value.place.clone(), "a probability is at most 100 %", format!("like {}", Self::example()));
        }
        fits
    }
    fn words() -> String {
        CHANCE.what.to_owned()
    }
    fn example() -> String {
        format!("\"{}\"", CHANCE.example)
    }
    fn schema() -> Json {
        json!({ "anyOf": [measure_schema(&CHANCE), { "const": 0 }] })
    }
}

/// A number of bytes: `4096` or `"16 KiB"`.
pub(crate) struct Size;

impl Leaf for Size {
    type Out = u64;
    fn decode(value: &Value, errors: &mut Errors) -> Option<u64> {
        match value.kind {
            Kind::Int(number) if number >= 0 => {
                report(u64::try_from(number).map_err(|_| SIZE.too_large()), &value.place, errors)
            }
            _ => measured(&SIZE, value, errors),
        }
    }
    fn words() -> String {
        SIZE.what.to_owned()
    }
    fn example() -> String {
        format!("\"{}\"", SIZE.example)
    }
    fn schema() -> Json {
        json!({ "anyOf": [measure_schema(&SIZE), { "type": "integer", "minimum": 0 }] })
    }
}

/// A value, or `"off"`.
pub(crate) struct OrOff<L>(PhantomData<L>);

impl<L: Leaf> Leaf for OrOff<L> {
    type Out = Option<L::Out>;
    fn decode(value: &Value, errors: &mut Errors) -> Option<Option<L::Out>> {
        match value.text() {
            Some("off") => Some(None),
            _ => L::decode(value, errors).map(Some),
        }
    }
    fn words() -> String {
        format!("{} or \"off\"", L::words())
    }
    fn example() -> String {
        L::example()
    }
    fn schema() -> Json {
        json!({ "anyOf": [L::schema(), { "const": "off" }] })
    }
}

/// A closed set of words.
pub(crate) trait Words: Copy + PartialEq + Debug + 'static {
    /// What one of them is called.
    const WHAT: &'static str;
    /// Each with what it stands for.
    const ALL: &'static [(&'static str, Self)];
}

/// The word of a value.
pub(crate) fn word_of<E: Words>(value: E) -> &'static str {
    E::ALL.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| word)
}

/// One of a closed set of words.
pub(crate) struct OneOf<E>(PhantomData<E>);

impl<E: Words> Leaf for OneOf<E> {
    type Out = E;
    fn decode(value: &Value, errors: &mut Errors) -> Option<E> {
        let words = E::ALL.iter().map(|(word, _)| *word);
        one_word(value, E::WHAT, words, errors, |text| {
            E::ALL.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
        })
    }
    fn words() -> String {
        let words: Vec<String> = E::ALL.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        words.join(", ")
    }
    fn example() -> String {
        E::ALL.first().map_or_else(String::new, |(word, _)| format!("\"{word}\""))
    }
    fn schema() -> Json {
        let words: Vec<&str> = E::ALL.iter().map(|(word, _)| *word).collect();
        json!({ "enum": words })
    }
}

/// A value of a finite alphabet that has a standard name, like an errno.
pub(crate) trait Standard: Finite {
    /// What one of them is called.
    const WHAT: &'static str;
}

/// A standard name.
pub(crate) struct Named<F>(PhantomData<F>);

impl<F: Standard> Leaf for Named<F> {
    type Out = F;
    fn decode(value: &Value, errors: &mut Errors) -> Option<F> {
        let names = F::ALL.iter().map(|value| value.name());
        one_word(value, F::WHAT, names, errors, F::named)
    }
    fn words() -> String {
        F::WHAT.to_owned()
    }
    fn example() -> String {
        F::ALL.first().map_or_else(String::new, |value| format!("\"{}\"", value.name()))
    }
    fn schema() -> Json {
        let names: Vec<&str> = F::ALL.iter().map(|value| value.name()).collect();
        json!({ "enum": names })
    }
}

fn one_word<'a, T>(
    value: &Value,
    what: &str,
    words: impl Iterator<Item = &'a str> + Clone,
    errors: &mut Errors,
    find: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let Some(text) = value.text() else {
        let example = words.clone().next().map_or_else(String::new, |word| format!("\"{word}\""));
        value.mismatch(errors, &format!("the name of a {what}"), &example);
        return None;
    };
    let found = find(text);
    if found.is_none() {
        errors.unknown(value.place.clone(), what, text, words).label(format!("not a known {what}"));
    }
    found
}

/// A list.
pub(crate) struct List<L>(PhantomData<L>);

impl<L: Leaf> Leaf for List<L> {
    type Out = Vec<Placed<L::Out>>;
    fn decode(value: &Value, errors: &mut Errors) -> Option<Self::Out> {
        if let Kind::List(items) = &value.kind {
            return Some(items.iter().filter_map(|item| placed::<L>(item, errors)).collect());
        }
        value.mismatch(errors, "a list", &Self::example());
        None
    }
    fn words() -> String {
        format!("list: {}", L::words())
    }
    fn example() -> String {
        format!("[{}]", L::example())
    }
    fn schema() -> Json {
        json!({ "type": "array", "items": L::schema() })
    }
    fn tables(into: &mut Vec<TableInfo>) {
        L::tables(into);
    }
}

/// One, or a list of them.
pub(crate) struct Some1<L>(PhantomData<L>);

impl<L: Leaf> Leaf for Some1<L> {
    type Out = Vec<Placed<L::Out>>;
    fn decode(value: &Value, errors: &mut Errors) -> Option<Self::Out> {
        match value.kind {
            Kind::List(_) => List::<L>::decode(value, errors),
            _ => placed::<L>(value, errors).map(|one| vec![one]),
        }
    }
    fn words() -> String {
        format!("{}, or a list of them", L::words())
    }
    fn example() -> String {
        L::example()
    }
    fn schema() -> Json {
        json!({ "anyOf": [L::schema(), { "type": "array", "items": L::schema() }] })
    }
    fn tables(into: &mut Vec<TableInfo>) {
        L::tables(into);
    }
}

/// A table whose keys are names.
pub(crate) struct Map<L>(PhantomData<L>);

impl<L: Leaf> Leaf for Map<L> {
    /// A name whose value could not be decoded is still a name that others may refer to.
    type Out = Vec<(Key, Option<Placed<L::Out>>)>;
    fn decode(value: &Value, errors: &mut Errors) -> Option<Self::Out> {
        let Kind::Table(entries) = &value.kind else {
            value.mismatch(errors, "a table", &Self::example());
            return None;
        };
        Some(entries.iter().map(|(key, value)| (key.clone(), placed::<L>(value, errors))).collect())
    }
    fn words() -> String {
        format!("NAME = {}", L::words())
    }
    fn example() -> String {
        format!("{{ name = {} }}", L::example())
    }
    fn schema() -> Json {
        json!({ "type": "object", "additionalProperties": L::schema() })
    }
    fn tables(into: &mut Vec<TableInfo>) {
        L::tables(into);
    }
}

/// A kind of value that is read from a string by one function.
macro_rules! read_leaf {
    ($(#[$doc:meta])* $name:ident -> $out:ty, $read:path, $words:literal, $example:literal) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl $crate::scenario::leaf::Leaf for $name {
            type Out = $out;
            fn decode(
                value: &$crate::scenario::value::Value,
                errors: &mut $crate::scenario::diagnostic::Errors,
            ) -> Option<$out> {
                let Some(text) = value.text() else {
                    value.mismatch(errors, concat!("a string (", $words, ")"), concat!("\"", $example, "\""));
                    return None;
                };
                $crate::scenario::leaf::report($read(text), &value.place, errors)
            }
            fn words() -> String {
                $words.to_owned()
            }
            fn example() -> String {
                concat!("\"", $example, "\"").to_owned()
            }
            fn schema() -> serde_json::Value {
                serde_json::json!({ "type": "string", "examples": [$example] })
            }
        }
    };
}
pub(crate) use read_leaf;
