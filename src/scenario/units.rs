//! Numbers with units, read and written in integers: durations, rates, sizes, probabilities.

use super::diagnostic::{did_you_mean, quoted};
use crate::base::Span;

/// Why a text is not what it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Bad {
    pub(crate) message: String,
    /// What would be right.
    pub(crate) help: String,
}

impl Bad {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Bad {
        Bad { message: message.into(), help: help.into() }
    }
}

/// A measure: what it is called, an example, and its units in terms of its smallest part.
pub(crate) struct Measure {
    pub(crate) what: &'static str,
    pub(crate) example: &'static str,
    /// What the smallest part is, for what is finer than it.
    part: &'static str,
    pub(crate) units: &'static [(&'static str, u64)],
}

const MINUTE: u64 = 60_000_000_000;
const HOUR: u64 = 60 * MINUTE;

pub(crate) const DURATION: Measure = Measure {
    what: "duration",
    example: "50 ms",
    part: "nanosecond",
    units: &[
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("min", MINUTE),
        ("h", HOUR),
    ],
};

pub(crate) const RATE: Measure = Measure {
    what: "rate",
    example: "100 Mbit/s",
    part: "bit a second",
    units: &[("bit/s", 1), ("kbit/s", 1_000), ("Mbit/s", 1_000_000), ("Gbit/s", 1_000_000_000)],
};

pub(crate) const SIZE: Measure = Measure {
    what: "size",
    example: "16 KiB",
    part: "byte",
    units: &[
        ("B", 1),
        ("kB", 1_000),
        ("KiB", 1 << 10),
        ("MB", 1_000_000),
        ("MiB", 1 << 20),
        ("GB", 1_000_000_000),
        ("GiB", 1 << 30),
    ],
};

pub(crate) const CHANCE: Measure =
    Measure { what: "probability", example: "0.5 %", part: "part per million", units: &[("ppm", 1), ("%", 10_000)] };

/// All of them, for the reference.
pub(crate) const MEASURES: [&Measure; 4] = [&DURATION, &RATE, &SIZE, &CHANCE];

impl Measure {
    /// Reads `1.5 s` as a number of smallest parts.
    pub(crate) fn read(&self, text: &str) -> Result<u64, Bad> {
        let text = text.trim();
        if text.starts_with('-') {
            return Err(Bad::new(format!("a {} cannot be negative", self.what), self.like()));
        }
        let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let unit = unit.trim();
        let scale = match self.units.iter().find(|(name, _)| *name == unit) {
            Some((_, scale)) => *scale,
            None if unit.is_empty() && number == "0" => 1,
            None => return Err(self.bad_unit(text, unit, number)),
        };
        let whole = self.scaled(number, scale)?;
        u64::try_from(whole).map_err(|_| self.too_large())
    }

    /// An example, as a help.
    fn like(&self) -> String {
        format!("like \"{}\"", self.example)
    }

    pub(crate) fn too_large(&self) -> Bad {
        Bad::new(format!("this {} is too large", self.what), self.like())
    }

    fn bad_unit(&self, text: &str, unit: &str, number: &str) -> Bad {
        let names = || self.units.iter().map(|(name, _)| *name);
        let units: Vec<&str> = names().filter(|name| name.is_ascii()).collect();
        let help = format!("{}; units are {}", self.like(), units.join(", "));
        if number.is_empty() {
            return Bad::new(format!("{} is not a {}", quoted(text), self.what), help);
        }
        if unit.is_empty() {
            return Bad::new(format!("a {} needs a unit", self.what), help);
        }
        let help = did_you_mean(unit, names()).map_or(help, |meant| format!("did you mean \"{number} {meant}\"?"));
        Bad::new(format!("{} is not a unit of a {}", quoted(unit), self.what), help)
    }

    fn scaled(&self, number: &str, scale: u64) -> Result<u128, Bad> {
        const DIGITS: usize = 18;
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let malformed = whole.is_empty() || part.contains('.') || (number.contains('.') && part.is_empty());
        if malformed {
            return Err(Bad::new(format!("{} is not a number", quoted(number)), self.like()));
        }
        let part = part.trim_end_matches('0');
        let whole = whole.trim_start_matches('0');
        if whole.len() > DIGITS {
            return Err(self.too_large());
        }
        let finer = || {
            let finest = self.units.first().map_or("", |(unit, _)| unit);
            Bad::new(format!("a {} is no finer than one {}", self.what, self.part), format!("at least \"1 {finest}\""))
        };
        if part.len() > DIGITS {
            return Err(finer());
        }
        let digits: u128 = format!("0{whole}{part}").parse().unwrap_or(0);
        let (value, divisor) = (digits * u128::from(scale), 10_u128.pow(part.len() as u32));
        if value % divisor == 0 { Ok(value / divisor) } else { Err(finer()) }
    }
}

/// `value / scale` as a decimal, if it has at most so many places.
fn decimal(value: u64, scale: u64, places: usize) -> Option<String> {
    let (whole, rest) = (value / scale, value % scale);
    if rest == 0 {
        return Some(whole.to_string());
    }
    let width = scale.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    let digits = digits.trim_end_matches('0');
    (scale == 10_u64.pow(scale.ilog10()) && digits.len() <= places).then(|| format!("{whole}.{digits}"))
}

/// In the largest unit in which it reads well.
fn readable(value: u64, units: &[(&str, u64)]) -> String {
    let fitting = |(unit, scale): &(&str, u64)| {
        let number = (value >= *scale).then(|| decimal(value, *scale, 3)).flatten()?;
        Some(format!("{number} {unit}"))
    };
    units.iter().rev().find_map(fitting).unwrap_or_else(|| format!("0 {}", units[0].0))
}

pub(crate) fn duration_text(span: Span) -> String {
    match span {
        Span::ZERO => "0 ms".to_owned(),
        Span(nanos) if nanos.is_multiple_of(HOUR) => format!("{} h", nanos / HOUR),
        Span(nanos) if nanos.is_multiple_of(MINUTE) => format!("{} min", nanos / MINUTE),
        Span(nanos) => readable(nanos, &[("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)]),
    }
}

pub(crate) fn rate_text(rate: u64) -> String {
    readable(rate, RATE.units)
}

pub(crate) fn size_text(bytes: u64) -> String {
    match bytes {
        1.. if bytes.is_multiple_of(1 << 30) => format!("\"{} GiB\"", bytes >> 30),
        1.. if bytes.is_multiple_of(1 << 20) => format!("\"{} MiB\"", bytes >> 20),
        1.. if bytes.is_multiple_of(1 << 10) => format!("\"{} KiB\"", bytes >> 10),
        _ => bytes.to_string(),
    }
}

pub(crate) fn chance_text(ppm: u32) -> String {
    match decimal(u64::from(ppm), 10_000, 2) {
        Some(percent) => format!("{percent} %"),
        None => format!("{ppm} ppm"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        assert_eq!(DURATION.read("1.5 s"), Ok(1_500_000_000));
        assert_eq!(DURATION.read("50ms"), Ok(50_000_000));
        assert_eq!(DURATION.read("0.000001 ms"), Ok(1));
        assert_eq!(CHANCE.read("0.5 %"), Ok(5_000));
        assert_eq!(RATE.read("2.5 Mbit/s"), Ok(2_500_000));
        assert_eq!(SIZE.read("16 KiB"), Ok(16_384));
        assert_eq!(DURATION.read("0"), Ok(0));
    }

    #[test]
    fn what_cannot_be_read_says_what_would_be_right() {
        let bad = |measure: &Measure, text: &str| measure.read(text).unwrap_err();
        assert_eq!(bad(&DURATION, "0.5 ns").message, "a duration is no finer than one nanosecond");
        assert_eq!(bad(&DURATION, "-5 ms").message, "a duration cannot be negative");
        assert_eq!(bad(&DURATION, "5").message, "a duration needs a unit");
        assert_eq!(bad(&DURATION, "5 MS").help, "did you mean \"5 ms\"?");
        assert_eq!(bad(&RATE, "100 mbit/s").help, "did you mean \"100 Mbit/s\"?");
        assert_eq!(bad(&DURATION, "99999999999999 h").message, "this duration is too large");
        for text in ["", ".", "1..2 s", "1. s", ".5 s", "s", "١ s", "1e3 s"] {
            assert!(DURATION.read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for nanos in [0, 1, 999, 1_000, 1_500, 200_000, 50_000_000, 1_234_567_890, u64::MAX] {
            assert_eq!(DURATION.read(&duration_text(Span(nanos))), Ok(nanos));
        }
        for ppm in [0, 1, 99, 100, 5_000, 333_333, 1_000_000] {
            assert_eq!(CHANCE.read(&chance_text(ppm)), Ok(u64::from(ppm)));
        }
        assert_eq!(duration_text(Span::millis(1_500)), "1.5 s");
        assert_eq!(duration_text(Span::millis(50)), "50 ms");
        assert_eq!(rate_text(1_000_000_000), "1 Gbit/s");
        assert_eq!(chance_text(5_000), "0.5 %");
    }
}
