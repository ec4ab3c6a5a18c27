//! A stub resolver (RFC 1034, 5.3.1): asks one name server over UDP, addresses of IPv4 first, then of IPv6.
//!
//! Each question is sent at most three times, five seconds apart; after that the name cannot be resolved now. The id
//! comes from [`Sys::entropy`]; replies with another id or another question are passed over.

use super::Wait;
use super::dns::LARGEST;
use crate::base::{Fd, Span, Time};
use crate::scenario::model::Proto;
use crate::socket::{Received, Sys};
use crate::socket_api::{Errno, Readiness};
use crate::trace::TimerKind;
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};

const PATIENCE: Span = Span::secs(5);
const TRIES: u32 = 3;

/// How far the resolver is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asked {
    /// Not there: wait for this, then step it again.
    Wait(Wait),
    /// The addresses, at least one.
    Found(Vec<IpAddr>),
    /// EAI_NONAME: the name has no address; EAI_AGAIN: no server answered; or why the question could not be sent.
    Failed(Errno),
}

/// One name on its way to its addresses.
#[derive(Debug)]
pub struct Resolver {
    name: String,
    server: SocketAddr,
    fd: Option<Fd>,
    kind: TYPE,
    id: u16,
    tries: u32,
    /// When it last asked, and when it asks again.
    asked: Time,
    again: Time,
}

/// What a message says about the question.
enum Reply {
    NotOurs,
    Addresses(Vec<IpAddr>),
    NoName,
    ServerFailed,
}

impl Resolver {
    /// A resolver that will ask this server for this name.
    pub fn new(name: &str, server: SocketAddr) -> Resolver {
        let name = name.to_owned();
        Resolver { name, server, fd: None, kind: TYPE::A, id: 0, tries: 0, asked: Time::ZERO, again: Time::ZERO }
    }

    /// Goes on as far as it can. Its socket is closed when it is there or has failed.
    pub fn step(&mut self, sys: &mut dyn Sys) -> Asked {
        let asked = match self.advance(sys) {
            Ok(asked) => asked,
            Err(errno) => Asked::Failed(errno),
        };
        if !matches!(asked, Asked::Wait(_))
            && let Some(fd) = self.fd.take()
        {
            // Nothing is left to do about a failing close.
            let _ = sys.close(fd);
        }
        asked
    }

    fn advance(&mut self, sys: &mut dyn Sys) -> Result<Asked, Errno> {
        let fd = match self.fd {
            Some(fd) => fd,
            None => self.open(sys)?,
        };
        loop {
            if self.tries == 0 || sys.now() >= self.again {
                if self.tries > 0 && sys.now() >= self.asked + PATIENCE {
                    sys.expired(TimerKind::Resolver, PATIENCE);
                }
                if self.tries == TRIES {
                    return Ok(Asked::Failed(Errno::Etryagain));
                }
                self.ask(sys, fd)?;
            }
            match self.hear(sys, fd) {
                Some(Reply::Addresses(addrs)) if !addrs.is_empty() => return Ok(Asked::Found(addrs)),
                Some(Reply::Addresses(_)) if self.kind == TYPE::A => (self.kind, self.tries) = (TYPE::AAAA, 0),
                Some(Reply::Addresses(_) | Reply::NoName) => return Ok(Asked::Failed(Errno::Enoname)),
                Some(Reply::ServerFailed) => self.again = sys.now(),
                Some(Reply::NotOurs) => {}
                None => {
                    let ready = vec![(fd, Readiness::IN)];
                    return Ok(Asked::Wait(Wait::On { ready, until: Some(self.again) }));
                }
            }
        }
    }

    fn open(&mut self, sys: &mut dyn Sys) -> Result<Fd, Errno> {
        let fd = *self.fd.insert(sys.socket(Proto::Udp)?);
        sys.connect(fd, self.server)?;
        Ok(fd)
    }

    fn ask(&mut self, sys: &mut dyn Sys, fd: Fd) -> Result<(), Errno> {
        if self.tries == 0 {
            let label = format!("dns {} {:?} {}", self.name, self.kind, sys.now().0);
            self.id = u16::try_from(sys.entropy(&label) & 0xffff).unwrap_or(0);
        }
        let question = question(&self.name, self.kind, self.id).ok_or(Errno::Enoname)?;
        self.tries += 1;
        self.asked = sys.now();
        self.again = self.asked + PATIENCE;
        match sys.send(fd, &question) {
            // The error of the question before: this one has not gone out either.
            Err(Errno::Econnrefused | Errno::Ehostunreach) => self.again = sys.now(),
            Ok(_) | Err(Errno::Eagain) => {}
            Err(errno) => return Err(errno),
        }
        Ok(())
    }

    fn hear(&self, sys: &mut dyn Sys, fd: Fd) -> Option<Reply> {
        if !sys.ready(fd).any(Readiness::IN | Readiness::ERR) {
            return (sys.now() >= self.again).then_some(Reply::NotOurs);
        }
        match sys.recv(fd, LARGEST) {
            Ok(Received::Data(message)) => Some(self.read(&message)),
            Ok(Received::Eof) => Some(Reply::NotOurs),
            Err(Errno::Eagain) => None,
            Err(_) => Some(Reply::ServerFailed),
        }
    }

    fn read(&self, message: &[u8]) -> Reply {
        let Ok(packet) = Packet::parse(message) else { return Reply::NotOurs };
        let same_name = |name: &Name<'_>| name.to_string().eq_ignore_ascii_case(self.name.trim_end_matches('.'));
        let ours = |asked: &Question<'_>| asked.qtype == QTYPE::TYPE(self.kind) && same_name(&asked.qname);
        if packet.id() != self.id || !packet.has_flags(PacketFlag::RESPONSE) || !packet.questions.iter().any(ours) {
            return Reply::NotOurs;
        }
        match packet.rcode() {
            RCODE::NoError => Reply::Addresses(packet.answers.iter().filter_map(|a| addr(&a.rdata)).collect()),
            RCODE::NameError => Reply::NoName,
            _ => Reply::ServerFailed,
        }
    }
}

fn question(name: &str, kind: TYPE, id: u16) -> Option<Bytes> {
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let name = Name::new(name).ok()?;
    packet.questions.push(Question::new(name, QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), false));
    packet.build_bytes_vec().ok().map(Bytes::from)
}

fn addr(data: &RData<'_>) -> Option<IpAddr> {
    match data {
        RData::A(a) => Some(IpAddr::V4(a.address.into())),
        RData::AAAA(a) => Some(IpAddr::V6(a.address.into())),
        _ => None,
    }
}
