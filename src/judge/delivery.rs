//! `delivery` and `early-eof`: what `recv` gives at one end is a prefix of what `send` took at the other, and end of
//! file comes after all of it.
//!
//! A program may be told less than everything without anyone being wrong: it shut its reading side down, the connection
//! was reset or given up, or a crafted segment misled the end. Bytes of a `send` that still blocks may arrive before
//! it returns; how many it took is known only then.

use super::scene::Returned;
use super::{Check, Finding, Scene, rfc9293};
use crate::base::{ConnId, RecordId};
use crate::socket_api::Errno;
use crate::trace::{CallName, End, Outcome, Record, What};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

type Key = (ConnId, End);

/// Bytes given to one call of `send`.
struct Chunk {
    call: RecordId,
    left: Bytes,
    /// The call has returned: it took all of these.
    taken: bool,
    /// How many bytes of it have been received.
    used: u64,
}

/// What one end sends, less what the other has received.
#[derive(Default)]
struct Stream {
    chunks: VecDeque<Chunk>,
    received: u64,
    spoiled: bool,
}

/// What the receiving program has been told.
#[derive(Default)]
struct Reader {
    eof: bool,
    error: Option<Errno>,
    excused: bool,
}

/// Compares what is received with what was sent.
#[derive(Default)]
pub(super) struct Delivery {
    streams: BTreeMap<Key, Stream>,
    readers: BTreeMap<Key, Reader>,
}

impl Check for Delivery {
    fn observe(&mut self, scene: &Scene<'_>, record: &Record, out: &mut Vec<Finding>) {
        if let What::Call(call) = &record.what
            && let (CallName::Send, Some(conn), Outcome::Pending, Some(data)) =
                (call.call, call.conn, &call.outcome, &call.data)
            && let Some(end) = scene.end_of(conn, record.node, call.fd)
        {
            let chunk = Chunk { call: record.id, left: data.0.clone(), taken: false, used: 0 };
            self.streams.entry((conn, end)).or_default().chunks.push_back(chunk);
        }
        let Some(done) = scene.returned(record) else { return };
        let Some(conn) = done.call.conn else { return };
        let Some(end) = scene.end_of(conn, done.node, done.call.fd) else { return };
        let found = match done.call.call {
            CallName::Send => self.sent((conn, end), &done),
            CallName::Recv => self.received(scene, (conn, end), &done),
            CallName::Shutdown => self.shut((conn, end), &done),
            CallName::Connect => self.failed((conn, end), &done),
            _ => None,
        };
        if let Some((rule, clause, text)) = found {
            out.push(Finding { record: record.id, conn: Some(conn), rule, clause: rfc9293(clause), text });
        }
    }
}

type Found = Option<(&'static str, &'static str, String)>;

impl Delivery {
    fn sent(&mut self, key: Key, done: &Returned<'_>) -> Found {
        let stream = self.streams.entry(key).or_default();
        let at = stream.chunks.iter().position(|chunk| chunk.call == done.id);
        match (done.outcome, at) {
            (Outcome::Count(count), Some(at)) => {
                let chunk = &mut stream.chunks[at];
                let rest = u64::from(*count).checked_sub(chunk.used);
                chunk.left.truncate(usize::try_from(rest.unwrap_or(0)).unwrap_or(usize::MAX));
                chunk.taken = true;
                if rest.is_none() {
                    stream.spoiled = true;
                    let text = format!("send took {count} bytes, but its peer has received {} of them", chunk.used);
                    return Some(("delivery", "3.6", format!("{text}; right is no more than it took")));
                }
            }
            (Outcome::Count(count), None) => {
                let mut left = done.call.data.as_ref()?.0.clone();
                left.truncate(usize::try_from(*count).unwrap_or(usize::MAX));
                stream.chunks.push_back(Chunk { call: done.id, left, taken: true, used: 0 });
            }
            // How much of it the stack took before the error, nobody says.
            (Outcome::Err(_), _) => return self.failed(key, done),
            _ => {}
        }
        None
    }

    fn shut(&mut self, key: Key, done: &Returned<'_>) -> Found {
        let reads = done.call.args.contains("SHUT_RD") && *done.outcome == Outcome::Ok;
        self.readers.entry(key).or_default().excused |= reads;
        None
    }

    /// After an error that ends the connection, end of file says nothing about the peer.
    fn failed(&mut self, key: Key, done: &Returned<'_>) -> Found {
        if let Outcome::Err(errno) = done.outcome
            && ends_connection(*errno)
        {
            self.readers.entry(key).or_default().excused = true;
        }
        None
    }

    fn received(&mut self, scene: &Scene<'_>, (conn, end): Key, done: &Returned<'_>) -> Found {
        let side = scene.side(conn, end)?;
        let from = scene.conn(conn)?.peer(end);
        let (me, peer) = (scene.name(conn, end), scene.name(conn, from));
        let reader = self.readers.entry((conn, end)).or_default();
        let stream = self.streams.entry((conn, from)).or_default();
        match done.outcome {
            Outcome::Data(data) if side.misled || stream.spoiled => stream.skip(data.0.len()),
            Outcome::Data(data) => {
                if let Some(before) = reader.over() {
                    let text = format!("{me} receives {} bytes after {before}; right is nothing more", data.0.len());
                    return Some(("delivery", "3.10.3", text));
                }
                let wrong = stream.take(&data.0)?;
                stream.spoiled = true;
                return Some(("delivery", "3.6", format!("{me} receives {wrong} ({peer} is the sender)")));
            }
            Outcome::Eof if reader.eof => {}
            Outcome::Eof => {
                reader.eof = true;
                let reset = side.wire.rst || side.wire.rst_arrived;
                if reader.excused || reset || side.misled || side.crashed || stream.spoiled {
                    return None;
                }
                let missing = stream.missing();
                let total = stream.received + missing;
                if missing > 0 {
                    let text = format!(
                        "{me} reads end of file after {} of the {total} bytes that {peer} sent; right is after all of them",
                        stream.received
                    );
                    return Some(("early-eof", "3.6", text));
                }
                if !side.wire.fin_arrived {
                    let text = format!("{me} reads end of file, but no FIN has arrived; right is to wait for {peer}");
                    return Some(("early-eof", "3.10.3", text));
                }
            }
            Outcome::Err(errno) if ends_connection(*errno) => {
                reader.error = reader.error.or(Some(*errno));
                reader.excused = true;
            }
            _ => {}
        }
        None
    }
}

impl Reader {
    /// What the program was told that lets nothing follow.
    fn over(&self) -> Option<String> {
        match self.error {
            Some(errno) => Some(errno.to_string()),
            None if self.eof && !self.excused => Some("end of file".to_owned()),
            None => None,
        }
    }
}

impl Stream {
    /// Takes received bytes off what was sent; what is wrong with them, if something is.
    fn take(&mut self, got: &[u8]) -> Option<String> {
        let mut rest = got;
        while !rest.is_empty() {
            // An empty chunk goes, unless its call may yet say that it took less.
            while self.chunks.front().is_some_and(|chunk| chunk.taken && chunk.left.is_empty()) {
                self.chunks.pop_front();
            }
            let Some(chunk) = self.chunks.iter_mut().find(|chunk| !chunk.left.is_empty()) else {
                return Some(format!(
                    "{} bytes more than the {} that were sent; right is nothing that was not sent",
                    rest.len(),
                    self.received
                ));
            };
            let many = rest.len().min(chunk.left.len());
            let (now, later) = rest.split_at(many);
            if let Some(at) = now.iter().zip(&chunk.left[..many]).position(|(a, b)| a != b) {
                let (seen, right) = (now[at], chunk.left[at]);
                let place = self.received + count(at) + 1;
                return Some(format!("0x{seen:02x} as byte {place} of the stream; right is 0x{right:02x}, as sent"));
            }
            let _ = chunk.left.split_to(many);
            chunk.used += count(many);
            self.received += count(many);
            rest = later;
        }
        None
    }

    fn skip(&mut self, many: usize) {
        self.received += count(many);
    }

    /// Bytes that `send` has taken and that nobody has received.
    fn missing(&self) -> u64 {
        self.chunks.iter().filter(|chunk| chunk.taken).map(|chunk| count(chunk.left.len())).sum()
    }
}

fn count(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}

const fn ends_connection(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::Econnreset
            | Errno::Econnrefused
            | Errno::Econnaborted
            | Errno::Etimedout
            | Errno::Epipe
            | Errno::Ehostunreach
            | Errno::Enetunreach
    )
}

#[cfg(test)]
mod tests {
    use crate::judge::sample::{CLIENT, SERVER, Sample, ack};
    use crate::packet::Flags;
    use crate::socket_api::Errno;
    use crate::trace::{CallName, Outcome};

    fn data(text: &str) -> Outcome {
        Outcome::Data(text.into())
    }

    #[test]
    fn a_prefix_is_right_however_it_is_cut() {
        let mut sample = Sample::open();
        sample.gives(CLIENT, "hello ");
        let blocked = sample.call(CLIENT, CallName::Send, "world and more", Outcome::Pending);
        sample.call(SERVER, CallName::Recv, "", data("hel"));
        sample.call(SERVER, CallName::Recv, "", data("lo world"));
        sample.returns(blocked, Outcome::Count(5));
        assert_eq!(sample.rules(), Vec::<&str>::new());
    }

    #[test]
    fn another_byte_is_found_and_told_once() {
        let mut sample = Sample::open();
        sample.gives(CLIENT, "hello");
        sample.call(SERVER, CallName::Recv, "", data("hexlo"));
        sample.call(SERVER, CallName::Recv, "", data("!"));
        let findings = sample.findings();
        assert_eq!(findings.len(), 1);
        assert!(findings[0].text.starts_with("server receives 0x78 as byte 3 of the stream; right is 0x6c"));
    }

    #[test]
    fn bytes_from_nowhere_are_found() {
        let mut sample = Sample::open();
        sample.gives(CLIENT, "hi");
        sample.call(SERVER, CallName::Recv, "", data("hi!"));
        assert!(sample.findings()[0].text.contains("1 bytes more than the 2"));
    }

    #[test]
    fn a_clean_end_of_file_before_all_of_it_is_found() {
        let mut sample = Sample::open();
        sample.gives(CLIENT, "hello");
        sample.pass(CLIENT, ack(1, 1).text(5).flags(Flags::FIN.with(Flags::ACK)));
        sample.answer(SERVER, ack(1, 7));
        sample.call(SERVER, CallName::Recv, "", data("hell"));
        sample.call(SERVER, CallName::Recv, "", Outcome::Eof);
        let findings = sample.findings();
        assert_eq!((findings[0].rule, findings[0].clause.as_str()), ("early-eof", "RFC 9293 3.6"));
        assert!(findings[0].text.contains("after 4 of the 5 bytes that client sent"));
    }

    #[test]
    fn end_of_file_needs_a_fin_unless_the_program_wanted_it_so() {
        let mut sample = Sample::open();
        sample.call(SERVER, CallName::Recv, "", Outcome::Eof);
        assert_eq!(sample.rules(), ["early-eof"]);
        let mut sample = Sample::open();
        sample.shutdown(SERVER, "SHUT_RD");
        sample.call(SERVER, CallName::Recv, "", Outcome::Eof);
        sample.gives(CLIENT, "late");
        sample.call(SERVER, CallName::Recv, "", data("late"));
        assert_eq!(sample.rules(), Vec::<&str>::new());
    }

    #[test]
    fn after_a_reset_unread_bytes_may_be_lost_but_none_may_follow() {
        let mut sample = Sample::open();
        sample.gives(CLIENT, "hello");
        sample.call(SERVER, CallName::Recv, "", Outcome::Err(Errno::Econnreset));
        sample.call(SERVER, CallName::Recv, "", Outcome::Eof);
        assert_eq!(sample.rules(), Vec::<&str>::new());
        sample.call(SERVER, CallName::Recv, "", data("hello"));
        assert!(sample.findings()[0].text.contains("receives 5 bytes after ECONNRESET"));
    }
}
