//! A UDP server: each datagram by itself, answered or not.

use super::{Program, Wait};
use crate::base::Fd;
use crate::scenario::model::Proto;
use crate::socket::Sys;
use crate::socket_api::{Errno, Readiness};
use bytes::Bytes;

/// The most bytes that a UDP datagram holds over IPv4.
pub(super) const LARGEST: u64 = 65_507;

struct UdpServer<F> {
    port: u16,
    fd: Option<Fd>,
    answer: F,
}

/// A server on this port; `answer` says what to send back for a datagram, if anything.
pub(super) fn boxed<F: FnMut(&Bytes, &mut dyn Sys) -> Option<Bytes> + 'static>(
    port: u16,
    answer: F,
) -> Box<dyn Program> {
    Box::new(UdpServer { port, fd: None, answer })
}

impl<F: FnMut(&Bytes, &mut dyn Sys) -> Option<Bytes>> UdpServer<F> {
    fn open(&self, sys: &mut dyn Sys) -> Result<Fd, Errno> {
        let fd = sys.socket(Proto::Udp)?;
        sys.bind(fd, None, self.port)?;
        Ok(fd)
    }
}

impl<F: FnMut(&Bytes, &mut dyn Sys) -> Option<Bytes>> Program for UdpServer<F> {
    fn serves(&self) -> bool {
        true
    }

    fn step(&mut self, sys: &mut dyn Sys) -> Wait {
        let fd = match self.fd {
            Some(fd) => fd,
            None => match self.open(sys) {
                Ok(fd) => *self.fd.insert(fd),
                Err(errno) => {
                    sys.say(&format!("cannot serve UDP port {}: {errno}", self.port));
                    return Wait::Done;
                }
            },
        };
        while sys.ready(fd).any(Readiness::IN) {
            let Ok((datagram, from)) = sys.recvfrom(fd, 65_535) else { break };
            if let Some(reply) = (self.answer)(&datagram, sys) {
                // A reply that cannot be sent is a lost reply.
                let _ = sys.sendto(fd, &reply, from);
            }
        }
        Wait::on(fd, Readiness::IN)
    }
}
