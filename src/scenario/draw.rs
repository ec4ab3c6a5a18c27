//! Errors drawn under their source lines, for the command line.

use super::diagnostic::{Diagnostic, Diagnostics, SHOWN};
use core::fmt;
use miette::{LabeledSpan, NamedSource, Report, SourceCode};

impl Diagnostics {
    /// As a report of the drawing library: one error, or several below a headline that counts them.
    pub fn to_report(&self) -> Report {
        let source = NamedSource::new(&self.name, self.text.clone());
        let shown: Vec<Drawn> = self.list.iter().take(SHOWN).map(|error| self.drawn(error)).collect();
        let count = self.list.len();
        let errors = if count == 1 { "error" } else { "errors" };
        let headline = format!("{}: {} {errors}", self.name, super::diagnostic::thousands(count as u64));
        Report::new(Page { headline, source, shown, more: self.more() })
    }
}

impl Diagnostics {
    fn drawn(&self, error: &Diagnostic) -> Drawn {
        let place = self.source(error);
        // What stands in the file is drawn from the page's text.
        let own = (place.name != self.name).then(|| NamedSource::new(place.name, place.text.to_owned()));
        Drawn { error: Diagnostic { span: place.span, ..error.clone() }, own }
    }
}

struct Drawn {
    error: Diagnostic,
    own: Option<NamedSource<String>>,
}

struct Page {
    headline: String,
    source: NamedSource<String>,
    shown: Vec<Drawn>,
    more: Option<String>,
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error.message)
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
        Some(Box::new(&self.error.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.own.as_ref().map(|own| own as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = if self.error.label.is_empty() { "here" } else { &self.error.label };
        let span = LabeledSpan::new_with_span(Some(label.to_owned()), self.error.span.clone());
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
