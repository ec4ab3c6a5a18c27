//! Scenarios from Rust. The builder writes TOML and loads it: it goes through the same checks as a file, and its errors
//! show the file that it stands for.

mod faults;
mod link;
mod segments;
mod steps;

pub use faults::{FaultBuilder, fault};
pub use link::{DirectionBuilder, LinkBuilder};
pub use steps::{StepBuilder, step};

use super::diagnostic::Diagnostics;
use super::explain::socket_defaults;
use super::leaf::word_of;
use super::model::{Proto, Scenario, SocketSpec};
use super::units::duration_text;
use super::units::size_text;
use super::write::{Fields, key, list, quote, quote_lines};
use crate::base::{Limits, Span};
use core::fmt::Write;

/// A scenario in the making.
///
/// ```
/// use drywire::base::Span;
/// use drywire::scenario::{Scenario, fault, step};
///
/// let scenario = Scenario::builder("greeting")
///     .host("client", "10.0.0.1")
///     .host("server", "10.0.0.2")
///     .link("wire", "client", "server", |link| link.delay(Span::millis(50)))
///     .fault(fault::drop("SYN,ACK").from("server").nth(1))
///     .step("server", step::listen(80))
///     .step("client", step::connect("server:80"))
///     .step("server", step::accept())
///     .expect_path("client", "CLOSED > SYN-SENT > ESTABLISHED")
///     .build()?;
/// assert_eq!(scenario.nodes.len(), 2);
/// # Ok::<(), drywire::scenario::Diagnostics>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    name: String,
    head: Fields,
    hosts: Vec<(String, Fields)>,
    switches: Fields,
    routers: Fields,
    links: Vec<(String, LinkBuilder)>,
    /// Whole tables, in the order of the calls: header and fields.
    sections: Vec<(&'static str, Fields)>,
    steps: Vec<Fields>,
    expect: Fields,
    known: Vec<String>,
    lists: Vec<(&'static str, Fields)>,
}

impl Builder {
    pub(super) fn new(name: &str) -> Builder {
        Builder {
            name: name.to_owned(),
            head: Fields::default(),
            hosts: vec![],
            switches: Fields::default(),
            routers: Fields::default(),
            links: vec![],
            sections: vec![],
            steps: vec![],
            expect: Fields::default(),
            known: vec![],
            lists: vec![],
        }
    }

    /// One line for people.
    #[must_use]
    pub fn title(mut self, title: &str) -> Self {
        self.head.text("title", title);
        self
    }

    /// What to look at.
    #[must_use]
    pub fn about(mut self, about: &str) -> Self {
        self.head.raw("about", quote_lines(about));
        self
    }

    /// The default seed, below 2^63.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.head.raw("seed", seed);
        self
    }

    /// A host with one address.
    #[must_use]
    pub fn host(self, name: &str, ip: &str) -> Self {
        self.host_with(name, &[ip], |host| host)
    }

    /// A host with addresses and settings.
    #[must_use]
    pub fn host_with(mut self, name: &str, ip: &[&str], with: impl FnOnce(HostBuilder) -> HostBuilder) -> Self {
        let mut fields = Fields::default();
        fields.raw("ip", list(ip.iter().map(|ip| quote(ip))));
        self.hosts
            .push((name.to_owned(), with(HostBuilder { fields, serve: vec![], names: Fields::default() }).finish()));
        self
    }

    /// A switch.
    #[must_use]
    pub fn switch(mut self, name: &str) -> Self {
        self.switches.raw(name, "{}");
        self
    }

    /// A router with its addresses.
    #[must_use]
    pub fn router(mut self, name: &str, ip: &[&str]) -> Self {
        self.routers.raw(name, list(ip.iter().map(|ip| quote(ip))));
        self
    }

    /// A link between two of the hosts, switches and routers.
    #[must_use]
    pub fn link(mut self, name: &str, a: &str, b: &str, with: impl FnOnce(LinkBuilder) -> LinkBuilder) -> Self {
        self.links.push((name.to_owned(), with(LinkBuilder::new(a, b))));
        self
    }

    /// The defaults of all hosts' sockets.
    #[must_use]
    pub fn sockets(mut self, spec: &SocketSpec) -> Self {
        self.sections.push(("[sockets]", socket_defaults(spec)));
        self
    }

    /// A named fault.
    #[must_use]
    pub fn fault(mut self, fault: FaultBuilder) -> Self {
        self.sections.push(("[[faults]]", fault.finish()));
        self
    }

    /// The next step of a program: a host's name, or `host/program`.
    #[must_use]
    pub fn step(mut self, actor: &str, step: StepBuilder) -> Self {
        self.steps.push(step.finish(actor));
        self
    }

    /// What ends a run that would not end by itself.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        let mut fields = Fields::default();
        fields.raw("events", limits.events).span("time", limits.time).raw("queued", size_text(limits.queued));
        self.sections.push(("[limits]", fields));
        self
    }

    /// The state path of a host's end: `host`, or `host client.2` for a certain connection.
    #[must_use]
    pub fn expect_path(mut self, of: &str, states: &str) -> Self {
        self.expect.text(of, states);
        self
    }

    /// How the run ends: `quiet`, `stuck`, …
    #[must_use]
    pub fn expect_ending(mut self, ending: &str) -> Self {
        self.expect.text("ending", ending);
        self
    }

    /// How many records there are of this sort in all: `retransmissions`, `lost`, …
    #[must_use]
    pub fn expect_count(mut self, what: &str, is: u64) -> Self {
        self.expect.raw(what, is);
        self
    }

    /// The time from one labelled step's completion (or the start) to another's (or the end): at least, at most.
    #[must_use]
    pub fn expect_elapsed(mut self, from: Option<&str>, to: Option<&str>, is: (Span, Span)) -> Self {
        let mut fields = Fields::default();
        for (name, label) in [("from", from), ("to", to)] {
            if let Some(label) = label {
                fields.text(name, label);
            }
        }
        fields.span("at-least", is.0).span("at-most", is.1);
        self.lists.push(("[[expect.elapsed]]", fields));
        self
    }

    /// A divergence that the scenario exists to show, by its rule.
    #[must_use]
    pub fn known_divergence(mut self, rule: &str) -> Self {
        self.known.push(quote(rule));
        self
    }

    /// The scenario as a file.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        self.head.section("", &mut text);
        text.push_str("\n[hosts]\n");
        for (name, fields) in &self.hosts {
            let _ = writeln!(text, "{} = {}", key(name), fields.inline());
        }
        for (header, fields) in [("[switches]", &self.switches), ("[routers]", &self.routers)] {
            if !fields.0.is_empty() {
                fields.section(header, &mut text);
            }
        }
        for (name, link) in &self.links {
            link.section(name, &mut text);
        }
        for (header, fields) in &self.sections {
            fields.section(header, &mut text);
        }
        if !self.steps.is_empty() {
            let steps: Vec<String> = self.steps.iter().map(|step| format!("  {},\n", step.inline())).collect();
            let _ = write!(text, "\n[run]\nsteps = [\n{}]\n", steps.concat());
        }
        let mut expect = self.expect.clone();
        expect.raw("known-divergences", list(self.known.iter().cloned()));
        expect.section("[expect]", &mut text);
        for (header, fields) in &self.lists {
            fields.section(header, &mut text);
        }
        text
    }

    /// Checks the scenario.
    ///
    /// # Errors
    ///
    /// All of its errors, with places in the file that it stands for.
    pub fn build(self) -> Result<Scenario, Diagnostics> {
        super::load(&self.name, &self.to_toml())
    }
}

/// A host's settings.
#[derive(Clone, Debug)]
pub struct HostBuilder {
    fields: Fields,
    serve: Vec<String>,
    names: Fields,
}

impl HostBuilder {
    /// Its default router.
    #[must_use]
    pub fn via(mut self, router: &str) -> Self {
        self.fields.text("via", router);
        self
    }

    /// A built-in server: `echo`, `sink` or `dns`, on a port.
    #[must_use]
    pub fn serve(mut self, app: &str, proto: Proto, port: u16) -> Self {
        let mut fields = Fields::default();
        fields.text("app", app).text("proto", word_of(proto)).raw("port", port);
        self.serve.push(fields.inline());
        self
    }

    /// A built-in server that sends so many bytes to each who connects.
    #[must_use]
    pub fn serve_bytes(mut self, port: u16, bytes: u64) -> Self {
        let mut fields = Fields::default();
        fields.text("app", "source").raw("port", port).raw("bytes", bytes);
        self.serve.push(fields.inline());
        self
    }

    /// A built-in DNS server that knows these names.
    #[must_use]
    pub fn serve_dns(mut self, records: &[(&str, &[&str])]) -> Self {
        let (mut fields, mut table) = (Fields::default(), Fields::default());
        for (name, addresses) in records {
            table.raw(name, list(addresses.iter().map(|address| quote(address))));
        }
        fields.text("app", "dns").raw("port", 53).raw("records", table.inline());
        self.serve.push(fields.inline());
        self
    }

    /// The defaults of its sockets.
    #[must_use]
    pub fn sockets(mut self, spec: &SocketSpec) -> Self {
        self.fields.raw("sockets", socket_defaults(spec).inline());
        self
    }

    /// The host or address that it asks for names.
    #[must_use]
    pub fn dns(mut self, server: &str) -> Self {
        self.fields.text("dns", server);
        self
    }

    /// A name for its static table, with an address or a host.
    #[must_use]
    pub fn name(mut self, name: &str, address: &str) -> Self {
        self.names.text(name, address);
        self
    }

    /// The initial sequence number of its first connection.
    #[must_use]
    pub fn isn(mut self, isn: u32) -> Self {
        self.fields.raw("isn", isn);
        self
    }

    /// It has no TCP: its programs make each segment, with [`step::segment`], and take each that comes, with
    /// [`step::await_segment`].
    #[must_use]
    pub fn scripted(mut self) -> Self {
        self.fields.text("tcp", "script");
        self
    }

    /// Its TCP is the model peer; with the older RFC 793's answer to a SYN in the window, or with RFC 5961's.
    #[must_use]
    pub fn model(mut self, rfc793: bool, msl: Span) -> Self {
        self.fields.text("tcp", "model").raw("rfc793", rfc793).text("msl", &duration_text(msl));
        self
    }

    fn finish(mut self) -> Fields {
        if !self.serve.is_empty() {
            self.fields.raw("serve", list(self.serve));
        }
        if !self.names.0.is_empty() {
            self.fields.raw("names", self.names.inline());
        }
        self.fields
    }
}
