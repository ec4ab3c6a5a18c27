//! Errors drawn under their source lines, for the command line.

use super::diagnostic::{Diagnostic, Diagnostics, SHOWN};
use core::fmt;
use miette::{LabeledSpan, NamedSource, Report, SourceCode};

impl Diagnostics {
    /// As a report of the drawing library: one error, or several below a headline that counts them.
    pub fn to_report(&self) -> Report {
        let source = NamedSource::new(&self.name, self.text.clone());
        let shown: Vec<Drawn> = self.list.iter().take(SHOWN).cloned().map(Drawn).collect();
        let count = self.list.len();
        let errors = if count == 1 { "error" } else { "errors" };
        let headline = format!("{}: {} {errors}", self.name, super::diagnostic::thousands(count as u64));
        Report::new(Page { headline, source, shown, more: self.more() })
    }
}

struct Drawn(Diagnostic);

struct Page {
    headline: String,
    source: NamedSource<String>,
    shown: Vec<Drawn>,
    more: Option<String>,
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Drawn {}

impl miette::Diagnostic for Drawn {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.0.help))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = if self.0.label.is_empty() { "here" } else { &self.0.label };
        let span = LabeledSpan::new_with_span(Some(label.to_owned()), self.0.span.clone());
        Some(Box::new(core::iter::once(span)))
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline)
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Page {}

impl miette::Diagnostic for Page {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.more.as_ref().map(|more| Box::new(more) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        Some(Box::new(self.shown.iter().map(|error| error as &dyn miette::Diagnostic)))
    }
}
