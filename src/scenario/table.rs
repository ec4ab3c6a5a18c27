//! Tables of the language, declared once: [`table!`] makes of each declaration a flat struct of optional fields with
//! their places, its decoding, which collects every error, and its description, from which the reference and the JSON
//! Schema are made.

use super::diagnostic::{Errors, Place, quoted};
use super::value::{Key, Kind, Value};
use serde_json::{Map as JsonMap, Value as Json, json};

/// A field, described.
pub(crate) struct FieldInfo {
    pub(crate) key: &'static str,
    pub(crate) words: String,
    pub(crate) schema: Json,
    pub(crate) default: Option<&'static str>,
    pub(crate) needed: bool,
    pub(crate) about: String,
}

/// A table, described.
pub(crate) struct TableInfo {
    pub(crate) title: &'static str,
    pub(crate) about: String,
    pub(crate) fields: Vec<FieldInfo>,
}

/// What [`table!`] makes.
pub(crate) trait Table: Default {
    /// What one is called.
    const TITLE: &'static str;
    /// One, as TOML writes it.
    const EXAMPLE: &'static str;
    /// It takes keys beyond its own: they are kept in `rest`.
    const OPEN: bool;
    /// Takes a key of its own; false if it is none.
    fn take(&mut self, key: &Key, value: &Value, errors: &mut Errors) -> bool;
    /// The keys that the file gives, with their places.
    fn seen(&self) -> Vec<(&'static str, Place)>;
    /// Its fields, described.
    fn fields() -> Vec<FieldInfo>;
    /// The tables that its fields are made of.
    fn inner(into: &mut Vec<TableInfo>);
    /// Its keys.
    fn keys() -> Vec<&'static str>;
    /// Those that must be given.
    fn needed() -> Vec<&'static str>;
    /// Where it stands, and what is left over.
    fn finish(&mut self, place: Place, rest: Vec<(Key, Value)>);
    /// What it is for.
    fn about() -> String;
    /// A value for a key of its own, as TOML writes it; empty if it is none.
    fn example_of(key: &str) -> String;
}

/// Decodes a table: takes its own keys, reports or keeps the others, reports what is missing.
pub(crate) fn decode<T: Table>(value: &Value, errors: &mut Errors) -> Option<T> {
    let Kind::Table(entries) = &value.kind else {
        value.mismatch(errors, &format!("a table for a {}", T::TITLE), T::EXAMPLE);
        return None;
    };
    let mut table = T::default();
    let mut rest = vec![];
    for (key, value) in entries {
        if table.take(key, value, errors) {
            continue;
        }
        if T::OPEN {
            rest.push((key.clone(), value.clone()));
        } else {
            unknown_key::<T>(key, errors);
        }
    }
    table.finish(value.place.clone(), rest);
    let seen = table.seen();
    for key in T::needed() {
        if !seen.iter().any(|(known, _)| *known == key) {
            let help = format!("as in {key} = {}", T::example_of(key));
            errors.add(value.place.clone(), format!("a {} needs `{key}`", T::TITLE), help).label("missing here");
            errors.doubtful();
        }
    }
    Some(table)
}

/// Reports a key that the table does not have.
pub(crate) fn unknown_key<T: Table>(key: &Key, errors: &mut Errors) {
    let message = format!("unknown key {} in a {}", quoted(&key.text), T::TITLE);
    let help = errors.suggestion("key", &key.text, T::keys());
    errors.add(key.place.clone(), message, help).label("no such key");
}

/// The JSON Schema of a table.
pub(crate) fn schema<T: Table>(others: Json) -> Json {
    let mut properties = JsonMap::new();
    let mut required = vec![];
    for field in T::fields() {
        let mut schema = field.schema;
        if let Json::Object(fields) = &mut schema {
            fields.insert("description".to_owned(), json!(field.about));
        }
        properties.insert(field.key.to_owned(), schema);
        if field.needed {
            required.push(field.key);
        }
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": others })
}

/// Declares a table of the language. After `like` stands one, as the file would write it; after `with` stand tables whose keys it shares; after a kind its default as the
/// file would write it, or `needed`.
macro_rules! table {
    (
        $(#[doc = $about:literal])+
        struct $name:ident is $title:literal like $like:literal $(, open $other:ty)? {
            $(with $part:ident: $part_kind:ident;)*
            $(
                $(#[doc = $doc:literal])+
                $key:literal $field:ident: $kind:ty $(= $default:literal)? $(, $needed:ident)?;
            )*
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, Default)]
        pub(crate) struct $name {
            pub(crate) place: $crate::scenario::diagnostic::Place,
            pub(crate) rest: Vec<($crate::scenario::value::Key, $crate::scenario::value::Value)>,
            seen: Vec<(&'static str, $crate::scenario::diagnostic::Place)>,
            $(pub(crate) $part: $part_kind,)*
            $(
                $(#[doc = $doc])+
                pub(crate) $field:
                    Option<$crate::scenario::leaf::Placed<<$kind as $crate::scenario::leaf::Leaf>::Out>>,
            )*
        }

        impl $crate::scenario::table::Table for $name {
            const TITLE: &'static str = $title;
            const EXAMPLE: &'static str = $like;
            const OPEN: bool = { let open: &[&str] = &[$(stringify!($other))?]; !open.is_empty() };

            #[allow(unused_variables)]
            fn take(
                &mut self,
                key: &$crate::scenario::value::Key,
                value: &$crate::scenario::value::Value,
                errors: &mut $crate::scenario::diagnostic::Errors,
            ) -> bool {
                match key.text.as_str() {
                    $($key => {
                        self.seen.push(($key, key.place.clone()));
                        self.$field = $crate::scenario::leaf::placed::<$kind>(value, errors);
                        true
                    })*
                    _ => false $(|| $crate::scenario::table::Table::take(&mut self.$part, key, value, errors))*,
                }
            }

            fn seen(&self) -> Vec<(&'static str, $crate::scenario::diagnostic::Place)> {
                #[allow(unused_mut)]
                let mut seen = self.seen.clone();
                $(seen.extend($crate::scenario::table::Table::seen(&self.$part));)*
                seen
            }

            fn fields() -> Vec<$crate::scenario::table::FieldInfo> {
                #[allow(unused_mut)]
                let mut fields = vec![$($crate::scenario::table::FieldInfo {
                    key: $key,
                    words: <$kind as $crate::scenario::leaf::Leaf>::words(),
                    schema: <$kind as $crate::scenario::leaf::Leaf>::schema(),
                    default: { let default: &[&'static str] = &[$($default)?]; default.first().copied() },
                    needed: { let needed: &[&str] = &[$(stringify!($needed))?]; !needed.is_empty() },
                    about: [$($doc),+].concat().trim().to_owned(),
                }),*];
                $(fields.extend(<$part_kind as $crate::scenario::table::Table>::fields());)*
                fields
            }

            #[allow(unused_variables)]
            fn inner(into: &mut Vec<$crate::scenario::table::TableInfo>) {
                $(<$kind as $crate::scenario::leaf::Leaf>::tables(into);)*
                $(<$part_kind as $crate::scenario::table::Table>::inner(into);)*
                $(<$other as $crate::scenario::leaf::Leaf>::tables(into);)?
            }

            fn keys() -> Vec<&'static str> {
                #[allow(unused_mut)]
                let mut keys = vec![$($key),*];
                $(keys.extend(<$part_kind as $crate::scenario::table::Table>::keys());)*
                keys
            }

            fn needed() -> Vec<&'static str> {
                let each: &[(&'static str, &[&str])] = &[$(($key, &[$(stringify!($needed))?])),*];
                each.iter().filter(|(_, needed)| !needed.is_empty()).map(|(key, _)| *key).collect()
            }

            fn finish(
                &mut self,
                place: $crate::scenario::diagnostic::Place,
                rest: Vec<($crate::scenario::value::Key, $crate::scenario::value::Value)>,
            ) {
                self.place = place;
                self.rest = rest;
            }

            fn about() -> String {
                [$($about),+].concat().trim().to_owned()
            }

            fn example_of(key: &str) -> String {
                match key {
                    $($key => <$kind as $crate::scenario::leaf::Leaf>::example(),)*
                    _ => {
                        #[allow(unused_mut)]
                        let mut example = String::new();
                        $(example += &<$part_kind as $crate::scenario::table::Table>::example_of(key);)*
                        example
                    }
                }
            }
        }

        impl $crate::scenario::leaf::Leaf for $name {
            type Out = Self;
            fn decode(
                value: &$crate::scenario::value::Value,
                errors: &mut $crate::scenario::diagnostic::Errors,
            ) -> Option<Self> {
                $crate::scenario::table::decode(value, errors)
            }
            fn words() -> String {
                format!("table: [{0}](#{1})", $title, $title.replace(' ', "-"))
            }
            fn example() -> String {
                $like.to_owned()
            }
            fn schema() -> serde_json::Value {
                #[allow(unused_variables)]
                let others = serde_json::json!(false);
                $(let others = <$other as $crate::scenario::leaf::Leaf>::schema();)?
                $crate::scenario::table::schema::<Self>(others)
            }
            fn tables(into: &mut Vec<$crate::scenario::table::TableInfo>) {
                use $crate::scenario::table::{Table, TableInfo};
                if into.iter().all(|known| known.title != $title) {
                    into.push(TableInfo { title: $title, about: Self::about(), fields: Self::fields() });
                    Self::inner(into);
                }
            }
        }
    };
}
pub(crate) use table;
