//! What runs on a host: programs, which see nothing but [`Sys`].
//!
//! A [`Program`] is stepped when what it waits for has come; it does what can be done at once and says what it waits
//! for next. Scripted actors ([`Script`]) and built-in servers ([`serve`]) are programs, and so is whatever a user of
//! the library writes. A program keeps its own state and has no other: same calls, same answers, same program.
//!
//! Servers ask [`Sys::ready`] before they call, so that a trace shows no call that would have blocked.
//!
//! # A program of one's own
//!
//! No call waits. A call that cannot be finished says EAGAIN (`connect`: EINPROGRESS, then EALREADY); the program
//! returns the [`Wait`] for it, and makes the call again when it is stepped.
//!
//! ```
//! use drywire::app::{Program, Wait};
//! use drywire::base::{Fd, NodeId, Seeded, Span};
//! use drywire::scenario::model::Proto;
//! use drywire::scenario::{Diagnostics, Scenario};
//! use drywire::socket::{Received, Sys};
//! use drywire::socket_api::{Errno, Readiness};
//! use drywire::world::World;
//!
//! /// Sends a greeting to an echo server, and says what comes back.
//! #[derive(Default)]
//! struct Greeter {
//!     fd: Option<Fd>,
//!     greeted: bool,
//! }
//!
//! impl Greeter {
//!     fn go_on(&mut self, sys: &mut dyn Sys) -> Result<Wait, Errno> {
//!         let Some(fd) = self.fd else {
//!             let fd = *self.fd.insert(sys.socket(Proto::Tcp)?);
//!             let server = sys.lookup("server").first().copied().ok_or(Errno::Enoname)?;
//!             return match sys.connect(fd, (server, 7).into()) {
//!                 Ok(()) | Err(Errno::Einprogress) => Ok(Wait::on(fd, Readiness::OUT)),
//!                 Err(errno) => Err(errno),
//!             };
//!         };
//!         if !self.greeted {
//!             sys.finish_connect(fd)?;
//!             sys.send(fd, &"hello".into())?;
//!             self.greeted = true;
//!         }
//!         match sys.recv(fd, 4096) {
//!             Err(Errno::Eagain) => Ok(Wait::on(fd, Readiness::IN)),
//!             Ok(Received::Data(bytes)) => {
//!                 sys.say(&format!("heard {}", String::from_utf8_lossy(&bytes)));
//!                 sys.close(fd).map(|()| Wait::Done)
//!             }
//!             Ok(Received::Eof) => Ok(Wait::Done),
//!             Err(errno) => Err(errno),
//!         }
//!     }
//! }
//!
//! impl Program for Greeter {
//!     fn step(&mut self, sys: &mut dyn Sys) -> Wait {
//!         self.go_on(sys).unwrap_or_else(|errno| {
//!             sys.say(&format!("failed: {errno}"));
//!             Wait::Done
//!         })
//!     }
//! }
//!
//! let scenario = Scenario::builder("greeter")
//!     .host("client", "10.0.0.1")
//!     .host_with("server", &["10.0.0.2"], |host| host.serve("echo", Proto::Tcp, 7))
//!     .link("wire", "client", "server", |link| link.delay(Span::millis(10)))
//!     .build()?;
//! let mut world = World::new(&scenario, 0);
//! world.spawn(NodeId(0), "greeter", Box::new(Greeter::default()));
//! let trace = world.trace(&mut Seeded::new(0));
//! let text = drywire::trace::text(&trace, &drywire::trace::TextOptions::default());
//! assert!(text.contains("heard hello"));
//! # Ok::<(), Diagnostics>(())
//! ```

mod dns;
mod echo;
mod resolver;
mod script;
mod sink;
mod source;
#[cfg(test)]
mod stub;
mod tcp_server;
mod udp_server;

pub use resolver::{Asked, Resolver};
pub use script::Script;

use crate::base::{Fd, Time};
use crate::scenario::model::{self, Proto, Serve, ServeApp};
use crate::socket::Sys;
use crate::socket_api::Readiness;

/// Something that runs on a host.
pub trait Program {
    /// Does what can be done now; says what to wait for. A step with nothing new is harmless.
    fn step(&mut self, sys: &mut dyn Sys) -> Wait;

    /// It waits for others by its nature, as a server does: a run may end while it waits, and is not stuck then.
    fn serves(&self) -> bool {
        false
    }
}

/// What a program waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wait {
    /// For any of these descriptors to be ready for one of these words (ERR and HUP always count, and so does a
    /// descriptor that is not open), or for the time. With neither it waits for ever.
    On {
        /// Descriptors, each with what is awaited.
        ready: Vec<(Fd, Readiness)>,
        /// Not longer than this.
        until: Option<Time>,
    },
    /// For anything to happen to any descriptor that the program has made, or for the time: it is told once, and which
    /// ones [`Sys::changed`] says. Whoever waits so goes on with each of those until nothing is left to do.
    Own {
        /// Not longer than this.
        until: Option<Time>,
    },
    /// For a segment to reach the scripted peer, or for the time.
    Segment {
        /// Not longer than this.
        until: Option<Time>,
    },
    /// For the step of this label to complete.
    Label(String),
    /// For nothing: it has ended, and is not stepped again.
    Done,
}

impl Wait {
    /// For one descriptor.
    pub fn on(fd: Fd, interest: Readiness) -> Wait {
        Wait::On { ready: vec![(fd, interest)], until: None }
    }

    /// For a time.
    pub fn until(time: Time) -> Wait {
        Wait::On { ready: Vec::new(), until: Some(time) }
    }
}

/// The program that a scenario describes.
pub fn program(described: &model::Program) -> Box<dyn Program> {
    match described {
        model::Program::Script(steps) => Box::new(Script::new(steps.clone())),
        model::Program::Serve(described) => serve(described),
    }
}

/// A built-in server.
pub fn serve(described: &Serve) -> Box<dyn Program> {
    let (port, backlog) = (described.port, described.backlog);
    match (described.proto, &described.app) {
        (Proto::Tcp, ServeApp::Echo) => tcp_server::boxed(port, backlog, echo::Echo::default),
        (Proto::Tcp, ServeApp::Sink) => tcp_server::boxed(port, backlog, sink::Sink::default),
        (Proto::Tcp, ServeApp::Source(bytes)) => {
            let bytes = *bytes;
            tcp_server::boxed(port, backlog, move || source::Source::new(bytes))
        }
        (Proto::Udp, ServeApp::Echo) => udp_server::boxed(port, |datagram, _| Some(datagram.clone())),
        (Proto::Udp, ServeApp::Sink) => udp_server::boxed(port, |_, _| None),
        (Proto::Udp, ServeApp::Source(bytes)) => {
            let bytes = *bytes;
            udp_server::boxed(port, move |_, _| Some(crate::base::pattern(0, bytes.min(udp_server::LARGEST))))
        }
        (Proto::Tcp | Proto::Udp, ServeApp::Dns(table)) => {
            let table = dns::Table::new(table);
            udp_server::boxed(port, move |question, sys| {
                let reply = table.answer(question)?;
                sys.say(&dns::told(&reply));
                Some(reply)
            })
        }
    }
}

#[cfg(test)]
mod tests;
