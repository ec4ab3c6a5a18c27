//! The pattern of every protocol machine: **classify, then a total function over two finite alphabets.**
//!
//! - State, input, output and refusal are field-less enums that list their values ([`Finite`], made by [`crate::finite!`]).
//! - [`Machine::next`] is a `const fn`'s nested match with no wildcard arm: a forgotten case does not compile. Each arm
//!   carries its [`Clause`].
//! - Data and guards are folded into the input by a stateless `classify` in the shell, which also performs the outputs;
//!   what follows from performing comes back as a further input.
//! - [`Table`] is that function evaluated over State x Input. Behaviour ([`Running::step`]), graph, matrix and the audit
//!   all read the one function.

mod audit;
mod running;
mod table;

pub use running::{Edge, Running};
pub use table::{Cell, Table, Verdict};

use core::fmt;

/// A finite alphabet: all values, in a fixed order, each with its name in the RFC or in libc.
pub trait Finite: Copy + Eq + Ord + fmt::Debug + 'static {
    /// All values, in declaration order.
    const ALL: &'static [Self];
    /// The standard name, as the trace prints it.
    fn name(self) -> &'static str;
    /// The position in [`Finite::ALL`].
    fn index(self) -> usize;
    /// The value of this name.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.name() == name)
    }
}

/// Declares a field-less enum as a [`Finite`] alphabet that serialises as its name.
#[macro_export]
macro_rules! finite {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $value:ident => $text:expr),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $value),+
        }

        impl $crate::machine::Finite for $name {
            const ALL: &'static [Self] = &[$(Self::$value),+];
            fn name(self) -> &'static str {
                match self { $(Self::$value => $text),+ }
            }
            fn index(self) -> usize {
                self as usize
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad($crate::machine::Finite::name(*self))
            }
        }
    };
}

/// Where a rule stands: a document and its section.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Clause {
    /// The document: `RFC 9293`, `POSIX connect()`, `Linux 6.18 S05`.
    pub document: &'static str,
    /// The section in it: `3.10.7.4`; empty where the document has none.
    pub section: &'static str,
}

impl Clause {
    /// A section of RFC 9293 (Transmission Control Protocol).
    pub const fn rfc9293(section: &'static str) -> Clause {
        Clause { document: "RFC 9293", section }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.section {
            "" => f.write_str(self.document),
            section => write!(f, "{} {section}", self.document),
        }
    }
}

/// What a machine does with an input in a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<S, O: 'static, R> {
    /// Goes to a state (maybe the same) and has these outputs performed, in order.
    Go(S, &'static [O], Clause),
    /// Refuses: nothing changes, the caller gets the refusal.
    Reject(R, Clause),
    /// The input cannot be classified so in this state (an ACK of a FIN where none was sent): no clause speaks of it.
    Never,
}

/// The empty alphabet: of a machine that refuses nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Nothing {}

impl Finite for Nothing {
    const ALL: &'static [Self] = &[];
    fn name(self) -> &'static str {
        match self {}
    }
    fn index(self) -> usize {
        match self {}
    }
}

/// A protocol machine. A state changes in [`Running::step`] and nowhere else.
pub trait Machine: 'static {
    /// The name in the catalogue: `tcp`, `socket`.
    const NAME: &'static str;
    /// One line for people: what this machine is, and by which document.
    const TITLE: &'static str;
    /// Its states.
    type State: Finite;
    /// Its inputs: events with their guards folded in.
    type Input: Finite;
    /// What the shell is to perform.
    type Output: Finite;
    /// What a caller is told instead.
    type Refusal: Finite;
    /// Where it starts.
    const START: Self::State;
    /// Where it may rest for ever.
    const FINAL: &'static [Self::State];
    /// The machine itself.
    fn next(at: Self::State, on: Self::Input) -> Step<Self::State, Self::Output, Self::Refusal>;
}
