//! Replacing values by their dotted path: `links.wire.delay=80 ms`.

use super::diagnostic::{Errors, Place, quoted};
use super::value::{Key, Kind, Value, parse_value};

/// Tables whose keys are names of the scenario: a path must not invent one.
const NAMED: [(&str, &str); 4] = [("hosts", "host"), ("links", "link"), ("routers", "router"), ("switches", "switch")];

/// No path of the language is longer.
const DEEPEST: usize = 16;

/// Replaces the values, and gives the text that all places refer to: the file, then one line for each replacement; and
/// where these lines are.
pub(crate) fn apply(
    tree: &mut Value,
    text: &str,
    sets: &[(String, String)],
    errors: &mut Errors,
) -> (String, Vec<Place>) {
    let mut text = text.to_owned();
    let mut lines = vec![];
    if !sets.is_empty() {
        text.push('\n');
    }
    for (path, value) in sets {
        let start = text.len();
        text.push_str(&format!("{path}={value}\n"));
        lines.push(start..text.len() - 1);
        let from = start + path.len() + 1;
        let new = replacement(value, from);
        match split(path, start) {
            Some(keys) => put(tree, &keys, 0, new, errors),
            None => {
                let help = "keys with points between them: `links.wire.delay`, `faults.0.nth`";
                errors.add(start..start + path.len(), format!("{} is no path", quoted(path)), help);
            }
        }
    }
    (text, lines)
}

/// A TOML value, or else a string without its quotes.
fn replacement(text: &str, from: usize) -> Value {
    let bare = || Value::new(Kind::Text(text.to_owned()), from..from + text.len());
    match parse_value(text, from) {
        Some(Value { kind: Kind::Date, .. }) | None => bare(),
        Some(value) => value,
    }
}

/// The keys of a path; a key may stand between double quotes.
fn split(path: &str, start: usize) -> Option<Vec<Key>> {
    let mut keys = vec![];
    let mut rest = path;
    loop {
        let at = start + (path.len() - rest.len());
        let (key, after) = match rest.strip_prefix('"') {
            Some(inner) => inner.split_once('"')?,
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        let key = key.trim();
        keys.push(Key { text: key.to_owned(), place: at..at + key.len() });
        if key.is_empty() || keys.len() > DEEPEST {
            return None;
        }
        if after.is_empty() {
            return Some(keys);
        }
        rest = after.strip_prefix('.')?;
    }
}

fn put(into: &mut Value, keys: &[Key], depth: usize, new: Value, errors: &mut Errors) {
    let Some(key) = keys.get(depth) else {
        *into = new;
        return;
    };
    // A host that is written as its address alone becomes a table.
    if depth == 2 && keys[0].text == "hosts" && !matches!(into.kind, Kind::Table(_)) {
        let (kind, place) = (into.kind.clone(), into.place.clone());
        let ip = Key { text: "ip".to_owned(), place: place.clone() };
        into.kind = Kind::Table(vec![(ip, Value::new(kind, place))]);
    }
    match &mut into.kind {
        Kind::Table(entries) => {
            let last = depth + 1 == keys.len();
            let named = NAMED.iter().find(|(table, _)| depth == 1 && !last && *table == keys[0].text);
            match (entries.iter().position(|(known, _)| known.text == key.text), named) {
                (Some(index), _) => put(&mut entries[index].1, keys, depth + 1, new, errors),
                (None, Some((_, what))) => {
                    errors.unknown(key.place.clone(), what, &key.text, entries.iter().map(|(key, _)| &*key.text));
                }
                (None, None) => {
                    let mut made = Value::new(Kind::Table(vec![]), key.place.clone());
                    put(&mut made, keys, depth + 1, new, errors);
                    entries.push((key.clone(), made));
                }
            }
        }
        Kind::List(items) => put_item(items, key, keys, depth, new, errors),
        _ => not_inside(key.place.clone(), &keys[..depth], into.what(), errors),
    }
}

fn put_item(items: &mut [Value], key: &Key, keys: &[Key], depth: usize, new: Value, errors: &mut Errors) {
    let count = items.len();
    match key.text.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
        Some(item) => put(item, keys, depth + 1, new, errors),
        None => {
            let help = format!("it has {count} entries, counted from 0");
            errors.add(key.place.clone(), format!("{} is no position of this list", quoted(&key.text)), help);
        }
    }
}

fn not_inside(place: Place, path: &[Key], what: &str, errors: &mut Errors) {
    let path: Vec<&str> = path.iter().map(|key| &*key.text).collect();
    let path = path.join(".");
    errors.add(place, format!("{} is {what}: it has no keys", quoted(&path)), format!("`{path}` is replaced whole"));
}
