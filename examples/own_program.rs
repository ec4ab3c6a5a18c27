//! A program written in Rust on a simulated host: it asks the built-in echo server, and says what came back.
//!
//! `cargo run --example own_program`

use drywire::app::{Program, Wait};
use drywire::base::{Fd, NodeId, Seeded, Span};
use drywire::scenario::model::Proto;
use drywire::scenario::{Diagnostics, Scenario};
use drywire::socket::{Received, Sys};
use drywire::socket_api::{Errno, Readiness};
use drywire::trace::{TextOptions, text};
use drywire::world::World;
use std::io::Write;

/// Where the conversation stands.
enum Greeter {
    New,
    Connecting(Fd),
    Asked(Fd),
    Done,
}

impl Greeter {
    /// The next thing to do; what would block says EAGAIN.
    fn go_on(&mut self, sys: &mut dyn Sys) -> Result<(), Errno> {
        match *self {
            Greeter::New => {
                let fd = sys.socket(Proto::Tcp)?;
                *self = Greeter::Connecting(fd);
                let server = sys.lookup("server").first().copied().ok_or(Errno::Enoname)?;
                sys.connect(fd, (server, 7).into())
            }
            Greeter::Connecting(fd) => {
                sys.finish_connect(fd)?;
                sys.send(fd, &"hello, wire".into())?;
                *self = Greeter::Asked(fd);
                Ok(())
            }
            Greeter::Asked(fd) => {
                if let Received::Data(bytes) = sys.recv(fd, 4096)? {
                    sys.say(&format!("the server said: {}", String::from_utf8_lossy(&bytes)));
                }
                *self = Greeter::Done;
                sys.close(fd)
            }
            Greeter::Done => Ok(()),
        }
    }
}

impl Program for Greeter {
    fn step(&mut self, sys: &mut dyn Sys) -> Wait {
        match self.go_on(sys) {
            Ok(()) | Err(Errno::Einprogress | Errno::Ealready | Errno::Eagain) => {}
            Err(errno) => {
                sys.say(&format!("failed: {errno}"));
                *self = Greeter::Done;
            }
        }
        match *self {
            Greeter::Connecting(fd) => Wait::on(fd, Readiness::OUT),
            Greeter::Asked(fd) => Wait::on(fd, Readiness::IN),
            Greeter::New | Greeter::Done => Wait::Done,
        }
    }
}

fn main() -> Result<(), Diagnostics> {
    let scenario = Scenario::builder("own-program")
        .host("client", "10.0.0.1")
        .host_with("server", &["10.0.0.2"], |host| host.serve("echo", Proto::Tcp, 7))
        .link("wire", "client", "server", |link| link.delay(Span::millis(10)))
        .build()?;
    let client = scenario.nodes.iter().zip(0..).find(|(node, _)| node.name == "client").map_or(0, |(_, id)| id);
    let mut world = World::new(&scenario, 0);
    world.spawn(NodeId(client), "client", Box::new(Greeter::New));
    let trace = world.trace(&mut Seeded::new(0));
    // A reader who has gone wants no more.
    let _ = std::io::stdout().write_all(text(&trace, &TextOptions::default()).as_bytes());
    Ok(())
}
