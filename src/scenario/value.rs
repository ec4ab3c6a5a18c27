//! A TOML file as a tree of values, each with its place, tables in the order of the file.

use super::diagnostic::{Errors, Place};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
}

/// What a value is. Numbers with a point are kept as they are written.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Text(String),
    Int(i128),
    Point(String),
    Bool(bool),
    Date,
    List(Vec<Value>),
    Table(Vec<(Key, Value)>),
}

/// A key and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) place: Place,
}

impl Value {
    pub(crate) fn new(kind: Kind, place: Place) -> Value {
        Value { kind, place }
    }

    /// What it is, in words.
    pub(crate) fn what(&self) -> &'static str {
        match &self.kind {
            Kind::Text(_) => "a string",
            Kind::Int(_) => "a whole number",
            Kind::Point(_) => "a number with a point",
            Kind::Bool(_) => "true or false",
            Kind::Date => "a date",
            Kind::List(_) => "a list",
            Kind::Table(_) => "a table",
        }
    }

    /// Reports that something else was wanted: this, and as an example that, as TOML writes it.
    pub(crate) fn mismatch(&self, errors: &mut Errors, wanted: &str, example: &str) {
        let message = format!("{} where {wanted} is expected", self.what());
        errors.add(self.place.clone(), message, format!("like {example}")).label(wanted);
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Parses with recovery; syntax errors are reported, and their places given back.
pub(crate) fn parse(text: &str, errors: &mut Errors) -> (Value, Vec<Place>) {
    let (table, syntax) = DeTable::parse_recoverable(text);
    let mut stumbles: Vec<(Place, &str)> =
        syntax.iter().map(|error| (error.span().unwrap_or(text.len()..text.len()), error.message())).collect();
    // The parser tells of what was not closed at its end, after all that followed from it.
    stumbles.sort_by_key(|(place, _)| place.start);
    let mut broken: Vec<Place> = vec![];
    let (mut lines, mut counted, mut last) = (0, 0, None);
    for (place, message) in stumbles {
        // One mistake makes the parser stumble several times on its line: the first tells what it is.
        if let Some(between) = text.as_bytes().get(counted..place.start) {
            lines += between.iter().filter(|byte| **byte == b'\n').count();
            counted = place.start;
        }
        // In a list that is not closed every line that follows lacks a comma.
        let begins_line = place.start == 0 || text.as_bytes().get(place.start - 1) == Some(&b'\n');
        if begins_line && message.starts_with("missing comma between array") && !broken.is_empty() {
            continue;
        }
        if last.replace(lines) != Some(lines) {
            errors.add(place.clone(), format!("this is not TOML: {message}"), syntax_help(message));
            broken.push(place);
        }
    }
    // What is said of the file as a whole stands at its beginning.
    (Value::new(convert_table(table.get_ref()), 0..0), broken)
}

/// What would be right, by the words with which the parser says what is wrong.
fn syntax_help(message: &str) -> &'static str {
    const HELPS: [(&str, &str); 13] = [
        ("duplicate key", "each key once in a table; several of a kind are a list, or [[table]] for each"),
        ("must be quoted", "text stands in quotes, like \"50 ms\"; a list that begins above ends with a `]`"),
        ("string", "a string ends with the quote that it began with, on the same line: title = \"hello\""),
        ("escape", "in double quotes `\\n`, `\\t`, `\\\"` and `\\\\` are escapes; in single quotes there are none"),
        ("inline table", "an inline table is written { key = \"value\", other = 1 }"),
        ("array table", "the header of one table of a list stands alone on its line: [[faults]]"),
        ("array", "a list is written [1, 2, 3], with a `]` at its end"),
        ("table", "the header of a table stands alone on its line: [hosts]"),
        ("integer", "a whole number like 80, or a string with a unit like \"50 ms\""),
        ("radix", "a whole number like 80 or 0xff"),
        ("zero", "a whole number like 80, without zeros before it"),
        ("newline", "a line ends with a line feed, with or without a carriage return before it"),
        ("recursion", "values lie within each other a few levels deep at most"),
    ];
    const OTHERWISE: &str = "a line is key = \"value\", [table], [[list of tables]] or # comment";
    HELPS.iter().find(|(word, _)| message.contains(word)).map_or(OTHERWISE, |(_, help)| help)
}

/// Parses one value, moved so far along the text.
pub(crate) fn parse_value(text: &str, shift: usize) -> Option<Value> {
    let parsed = DeValue::parse(text).ok()?;
    let mut value = convert(&parsed);
    shift_places(&mut value, shift);
    Some(value)
}

fn shift_places(value: &mut Value, by: usize) {
    let shift = |place: &mut Place| *place = place.start + by..place.end + by;
    shift(&mut value.place);
    match &mut value.kind {
        Kind::List(items) => items.iter_mut().for_each(|item| shift_places(item, by)),
        Kind::Table(entries) => {
            for (key, item) in entries {
                shift(&mut key.place);
                shift_places(item, by);
            }
        }
        Kind::Text(_) | Kind::Int(_) | Kind::Point(_) | Kind::Bool(_) | Kind::Date => {}
    }
}

fn convert(value: &Spanned<DeValue<'_>>) -> Value {
    let kind = match value.get_ref() {
        DeValue::String(text) => Kind::Text(text.to_string()),
        DeValue::Integer(number) => Kind::Int(integer(number.as_str(), number.radix())),
        DeValue::Float(number) => Kind::Point(number.as_str().to_owned()),
        DeValue::Boolean(value) => Kind::Bool(*value),
        DeValue::Datetime(_) => Kind::Date,
        DeValue::Array(items) => Kind::List(items.iter().map(convert).collect()),
        DeValue::Table(table) => convert_table(table),
    };
    Value::new(kind, value.span())
}

/// Beyond 128 bits the sign alone matters: no field takes so much.
fn integer(digits: &str, radix: u32) -> i128 {
    let beyond = if digits.starts_with('-') { i128::MIN } else { i128::MAX };
    i128::from_str_radix(digits, radix).unwrap_or(beyond)
}

fn convert_table(table: &DeTable<'_>) -> Kind {
    let mut entries: Vec<(Key, Value)> = table
        .iter()
        .map(|(key, value)| (Key { text: key.get_ref().to_string(), place: key.span() }, convert(value)))
        .collect();
    entries.sort_by_key(|(key, _)| key.place.start);
    Kind::Table(entries)
}
