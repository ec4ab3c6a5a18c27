//! The socket layer does what Linux does: every sequence of the table is made on simulated hosts, and what comes of it
//! is compared with what the table says, word for word. A sequence that differs gives what is written here instead.

mod again;
mod closing;
pub(crate) mod lab;
mod opening;
mod rules;

use crate::support::Kept;
use drywire::judge;
use drywire::socket_api::linux::{self, SEQUENCES, Standing};
use lab::Lab;

/// What came of a sequence, and how it came.
pub(crate) struct Played {
    pub(crate) id: &'static str,
    pub(crate) outcome: String,
}

/// A part of a table's row.
pub(crate) fn say(name: &str, value: impl std::fmt::Display) -> String {
    format!("{name}={value}")
}

type Scene = fn(&mut Lab) -> Vec<Played>;

/// All of them; those that go on from one another are one scene.
pub(crate) const SCENES: &[Scene] = &[
    opening::s01,
    opening::s02,
    opening::s03,
    opening::s04,
    rules::s05,
    rules::s06,
    rules::s07,
    rules::s08,
    rules::s09,
    rules::s10,
    opening::s11_to_s13,
    closing::s16,
    closing::s17,
    closing::s19,
    closing::s21,
    closing::s22,
    closing::s24,
    rules::s26,
    rules::s27,
    closing::s29,
    rules::s31,
    opening::s32,
    opening::s34,
    closing::s35,
    opening::s38,
    again::s39,
    again::s40,
    again::s41,
    again::s42,
    again::s43,
    again::s44,
    again::s45,
    again::s46,
    again::s47,
    again::s48,
    again::s49,
];

/// What comes of the sequences that differ.
const HERE: &[(&str, &str)] = &[
    ("S13", "accepts=fd, EAGAIN x3; later=fd, EAGAIN x2; client states=ESTABLISHED x2, SYN_SENT"),
    (
        "S16",
        "after shutdown WR=FIN_WAIT2, CLOSE_WAIT; after late data=FIN_WAIT2, CLOSE_WAIT; client after the server's \
         close=TIME_WAIT; server recv=b'', b''; server send=4; client recv=b'late', b''; client send after \
         shutdown=EPIPE",
    ),
    ("S32", "connect=ok; state=ESTABLISHED; send=2; recv=b'me'; shutdown WR=ok; state after=TIME_WAIT; recv=b''"),
    ("S35", "close=ok; state=CLOSE; peer state=CLOSE; peer recv=ECONNRESET; peer recv again=b''; reconnect=ok"),
    ("S38", "connect=ETIMEDOUT; after s=0.3; state=CLOSE"),
    ("S44", "connect=EISCONN; poll=IN|OUT|ERR|HUP|RDHUP; connect=EISCONN"),
    ("S45", "connect=ECONNREFUSED; poll=OUT|HUP"),
    ("S46", "another bind() to the port=EADDRINUSE; bind=EINVAL"),
    ("S47", "port=0"),
    ("S48", "setsockopt=EISCONN; getsockopt=16384"),
    ("S49", "sendto=EMSGSIZE, port=0; send=EDESTADDRREQ, port=0; sendto=EINVAL, port=0"),
];

fn play() -> Vec<Played> {
    SCENES.iter().flat_map(|scene| scene(&mut Lab::new())).collect()
}

#[test]
fn every_sequence_gives_what_the_table_says() {
    let played = play();
    let ids: Vec<&str> = played.iter().map(|played| played.id).collect();
    let all: Vec<&str> = SEQUENCES.iter().map(|row| row.id).collect();
    assert_eq!(ids, all, "every row is played, in order");
    for (row, played) in SEQUENCES.iter().zip(&played) {
        let here = HERE.iter().find(|(id, _)| *id == row.id).map(|(_, here)| *here);
        match row.standing {
            Standing::Held => {
                assert_eq!(here, None, "{}: held rows have no other outcome", row.id);
                assert_eq!(played.outcome, row.outcome, "{}: {}", row.id, row.title);
            }
            Standing::Differs(why) => {
                assert_eq!(Some(played.outcome.as_str()), here, "{}: {}", row.id, row.title);
                assert_ne!(played.outcome, row.outcome, "{} does not differ any more", row.id);
                assert!(why.len() > 40, "{}: the reason is a sentence", row.id);
            }
        }
    }
}

#[test]
fn the_document_is_the_table() {
    let mut kept = Kept::default();
    kept.file("docs/linux-sockets.md", &linux::document());
    kept.held();
}

#[test]
fn the_judge_finds_nothing_in_them() {
    for scene in SCENES {
        let mut lab = Lab::new();
        let ids: Vec<&str> = scene(&mut lab).iter().map(|played| played.id).collect();
        lab.pass(30_000);
        let trace = lab.trace();
        let findings = judge::judge(&trace.header, &trace.records);
        let told: Vec<_> = findings.iter().map(|found| (found.rule, &found.text)).collect();
        assert!(told.is_empty(), "{ids:?}: {told:?}");
    }
}
