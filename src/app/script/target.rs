//! From a target as the scenario writes it to an address.

use super::perform::Stop;
use crate::app::{Asked, Resolver};
use crate::socket::Sys;
use crate::socket_api::Errno;
use crate::trace::{CallName, Outcome};
use core::net::{IpAddr, SocketAddr};

/// The address that a step is about, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    found: Option<SocketAddr>,
    resolver: Option<Resolver>,
}

impl Lookup {
    /// The host's first address: a literal; where the host has a name server, what that says; else what the static
    /// table says. It is recorded as `getaddrinfo` where it asks a server, where it fails, and where the step is about
    /// nothing else (`always`); an address found in the static table goes without saying.
    pub(super) fn addr(
        &mut self,
        (host, port): (&str, u16),
        always: bool,
        sys: &mut dyn Sys,
    ) -> Result<SocketAddr, Stop> {
        if let Some(found) = self.found {
            return Ok(found);
        }
        let literal: Option<IpAddr> = host.parse().ok();
        let addr = match (literal, sys.dns_server()) {
            (None, Some(server)) => self.ask(host, port, server, sys)?,
            _ => {
                let addr = literal.or_else(|| sys.lookup(host).first().copied());
                let addr = addr.map(|addr| SocketAddr::new(addr, port)).ok_or(Errno::Enoname);
                if always || addr.is_err() {
                    sys.called(CallName::Getaddrinfo, host.to_owned(), outcome(addr));
                }
                addr
            }
        };
        let addr = addr.map_err(|_| Stop::Failed)?;
        Ok(*self.found.insert(addr))
    }

    fn ask(
        &mut self,
        host: &str,
        port: u16,
        server: SocketAddr,
        sys: &mut dyn Sys,
    ) -> Result<Result<SocketAddr, Errno>, Stop> {
        let resolver = self.resolver.get_or_insert_with(|| {
            sys.enter(CallName::Getaddrinfo, host.to_owned());
            Resolver::new(host, server)
        });
        let addr = match resolver.step(sys) {
            Asked::Wait(wait) => return Err(Stop::Wait(wait)),
            Asked::Found(addrs) => addrs.first().map(|addr| SocketAddr::new(*addr, port)).ok_or(Errno::Enoname),
            Asked::Failed(errno) => Err(errno),
        };
        sys.leave(outcome(addr));
        Ok(addr)
    }
}

fn outcome(addr: Result<SocketAddr, Errno>) -> Outcome {
    match addr {
        Ok(addr) => Outcome::Addr(addr),
        Err(errno) => Outcome::Err(errno),
    }
}
