//! The one line that runs something again.

use super::engine::How;

/// `drywire run sims/x.toml --set links.wire.delay='80 ms' --seed 7`, as a shell reads it.
pub(super) fn line(sim: &str, sets: &[(String, String)], how: &How, seed: u64) -> String {
    let mut words = vec!["drywire".to_owned(), "run".to_owned()];
    let is_file = sim != "<standard input>";
    words.push(if is_file { quoted(sim) } else { "-".to_owned() });
    for (key, value) in sets {
        words.push("--set".to_owned());
        words.push(quoted(&format!("{key}={value}")));
    }
    match &how.choices {
        Some(choices) => {
            let list: Vec<String> = choices.iter().map(u32::to_string).collect();
            words.push(format!("--choices {}", list.join(",")));
        }
        None => words.push(format!("--seed {}", how.seed.unwrap_or(seed))),
    }
    words.join(" ")
}

/// A word that a shell takes as one, as it stands.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-=+:,@%".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(plain) {
        return word.to_owned();
    }
    let inside = word.replace('\'', "'\\''");
    if word.starts_with('-') { format!("./'{inside}'") } else { format!("'{inside}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_what_a_shell_needs() {
        let sets = [("links.wire.delay".to_owned(), "80 ms".to_owned()), ("title".to_owned(), "it's".to_owned())];
        assert_eq!(line("sims/a.toml", &[], &How::default(), 7), "drywire run sims/a.toml --seed 7");
        assert_eq!(
            line("my sims/a.toml", &sets, &How { seed: Some(3), choices: None }, 7),
            "drywire run 'my sims/a.toml' --set 'links.wire.delay=80 ms' --set 'title=it'\\''s' --seed 3"
        );
        let choices = How { seed: None, choices: Some(vec![0, 1]) };
        assert_eq!(line("<standard input>", &[], &choices, 0), "drywire run - --choices 0,1");
        assert_eq!(line("-x.toml", &[], &How::default(), 0), "drywire run ./'-x.toml' --seed 0");
    }
}
