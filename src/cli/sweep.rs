//! `--set KEY=VALUE,VALUE`: the values of a list, and all combinations of several lists; rows of CSV.

/// What is replaced, with all values that it takes.
pub(super) struct Sweep(Vec<(String, Vec<String>)>);

impl Sweep {
    /// Reads the lists. A value with commas of its own stands in quotes or brackets.
    pub(super) fn new(sets: &[(String, String)]) -> Sweep {
        Sweep(sets.iter().map(|(key, value)| (key.clone(), listed(value))).collect())
    }

    /// How many combinations there are.
    pub(super) fn count(&self) -> u64 {
        let lengths = self.0.iter().map(|(_, values)| u64::try_from(values.len()).unwrap_or(u64::MAX));
        lengths.fold(1, u64::saturating_mul)
    }

    /// All combinations; the last list changes fastest.
    pub(super) fn settings(&self) -> Vec<Vec<(String, String)>> {
        let mut all = vec![Vec::new()];
        for (key, values) in &self.0 {
            let with = |before: &Vec<(String, String)>, value: &String| {
                before.iter().cloned().chain([(key.clone(), value.clone())]).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(|before| values.iter().map(move |value| with(before, value))).collect();
        }
        all
    }
}

/// The values between commas that stand in no quotes, brackets or braces.
fn listed(text: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let (mut quote, mut depth, mut escaped) = (None, 0_usize, false);
    for c in text.chars() {
        match (c, quote) {
            (_, Some('"')) if escaped => escaped = false,
            ('\\', Some('"')) => escaped = true,
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(c),
            ('[' | '{', None) => depth += 1,
            (']' | '}', None) => depth = depth.saturating_sub(1),
            (',', None) if depth == 0 => {
                values.push(String::new());
                continue;
            }
            _ => {}
        }
        values.last_mut().unwrap_or(&mut String::new()).push(c);
    }
    values.into_iter().map(|value| value.trim().to_owned()).collect()
}

/// A row of CSV as RFC 4180 has it, with its end.
pub(super) fn csv_row(fields: impl Iterator<Item = String>) -> String {
    let fields: Vec<String> = fields.map(csv_field).collect();
    fields.join(",") + "\r\n"
}

fn csv_field(text: String) -> String {
    match text.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_part_values_where_nothing_holds_them_together() {
        assert_eq!(listed("10ms, 50 ms"), ["10ms", "50 ms"]);
        assert_eq!(listed(r#""a,\",b",'c,d'"#), [r#""a,\",b""#, "'c,d'"]);
        assert_eq!(listed("[1, 2],{ a = 1, b = [2] }"), ["[1, 2]", "{ a = 1, b = [2] }"]);
        assert_eq!(listed("don't"), ["don't"]);
        assert_eq!((listed(""), listed("1,")), (vec![String::new()], vec!["1".to_owned(), String::new()]));
    }

    #[test]
    fn lists_are_multiplied_and_the_last_changes_fastest() {
        let set = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let sweep = Sweep::new(&[set("a", "1,2"), set("b", "x"), set("c", "3,4")]);
        let shown: Vec<String> = sweep
            .settings()
            .iter()
            .map(|all| all.iter().map(|(key, value)| format!("{key}{value}")).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(shown, ["a1 bx c3", "a1 bx c4", "a2 bx c3", "a2 bx c4"]);
        assert_eq!((sweep.count(), Sweep::new(&[]).count(), Sweep::new(&[]).settings().len()), (4, 1, 1));
    }

    #[test]
    fn a_row_is_as_rfc_4180_has_it() {
        let fields = ["plain", "a,b", "say \"hi\"", "", "two\nlines"];
        let row = csv_row(fields.iter().map(|&field| field.to_owned()));
        assert_eq!(row, "plain,\"a,b\",\"say \"\"hi\"\"\",,\"two\nlines\"\r\n");
    }
}
