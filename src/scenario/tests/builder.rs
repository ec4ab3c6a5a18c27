//! What Rust says is what a file says.

use super::{SIMS, placeless};
use crate::base::{Limits, Span};
use crate::scenario::model::{How, Proto, SockOpt, SocketSpec};
use crate::scenario::{Builder, Scenario, fault, load, step};
use crate::socket_api::Errno;

fn two_hosts(name: &str) -> Builder {
    Scenario::builder(name).host("client", "10.0.0.1").host("server", "10.0.0.2").link(
        "wire",
        "client",
        "server",
        |link| link.delay(Span::millis(50)),
    )
}

#[test]
fn a_built_scenario_is_the_file_s() {
    let (name, text) = SIMS[1];
    let file = load(name, text).unwrap();
    let built = two_hosts(name)
        .title("The SYN is lost")
        .about(&file.about)
        .fault(fault::drop("SYN").from("client").nth(1))
        .step("server", step::listen(80))
        .step("client", step::connect("server:80").label("open"))
        .step("server", step::accept())
        .expect_path("client", "CLOSED > SYN-SENT > ESTABLISHED")
        .expect_path("server", "LISTEN > SYN-RECEIVED > ESTABLISHED")
        .expect_count("lost", 1)
        .expect_count("retransmissions", 1)
        .expect_elapsed(None, Some("open"), (Span::millis(1_100), Span::millis(1_200)))
        .build()
        .unwrap();
    assert_eq!(placeless(built), placeless(file));
}

#[test]
fn everything_that_can_be_built_loads() {
    let spec = SocketSpec { nagle: false, ..SocketSpec::default() };
    let built = Scenario::builder("all")
        .seed(3)
        .host_with("a", &["10.0.0.1", "fd00::1"], |host| {
            host.via("r").isn(7).sockets(&spec).dns("b").name("www", "b").serve_bytes(19, 5)
        })
        .host_with("b", &["10.0.1.1"], |host| {
            host.serve("echo", Proto::Udp, 7).serve_dns(&[("x.example", &["10.9.9.9", "a"])])
        })
        .router("r", &["10.0.0.254", "10.0.1.254", "fd00::ff"])
        .host("c", "10.7.0.1")
        .switch("s")
        .sockets(&SocketSpec::default())
        .link("one", "a", "r", |link| {
            link.jitter(Span::micros(3)).down(Span::secs(1), Some(Span::secs(2))).down(Span::secs(3), None).from(
                "r",
                |d| {
                    d.rate(8)
                        .queue(9)
                        .mtu(1_400)
                        .loss(1)
                        .burst(1, 2, 3)
                        .duplicate(4)
                        .reorder(5, Span::secs(1))
                        .corrupt(6)
                },
            )
        })
        .link("two", "b", "r", |link| link)
        .link("three", "c", "s", |link| link.ethernet())
        .fault(fault::delay("data", Span::millis(3)).link("one").from_nth(2).seq(1..9))
        .fault(fault::hold("data", "data 3").nth(2))
        .fault(fault::duplicate("FIN"))
        .fault(fault::corrupt("any"))
        .step("a", step::socket(Proto::Udp).named("door"))
        .step("a", step::bind(7).on("door").at(Span::millis(1)))
        .step("a/x", step::sendto("x.example:7", "text").wait(Span::millis(1)))
        .step("a/x", step::recvfrom().max(9).expect("end").after("there"))
        .step("b", step::recv().whole(9).expect_end().label("there"))
        .step("b", step::recv().to_end().expect_anything())
        .step("b", step::getsockopt(SockOpt::Error).expect("0"))
        .step("b", step::setsockopt(SockOpt::Linger, 0).fails(Errno::Einval))
        .step("b", step::accept().no_wait())
        .step("b", step::shutdown(How::Both))
        .step("b", step::inject(":1", "a:2", crate::packet::Flags::SYN, 3, 4))
        .step("c", step::sleep(Span::secs(1)))
        .step("c", step::cut("one"))
        .step("c", step::repair("one"))
        .step("c", step::crash())
        .step("c", step::restart())
        .limits(Limits::default())
        .known_divergence("rule")
        .expect_ending("stuck")
        .build();
    let built = built.unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((built.links[0].lanes[1].rate, built.links[0].lanes[0].rate), (8, 1_000_000_000));
    assert_eq!((built.cuts.len(), built.known.len(), built.actors.len()), (2, 1, 7));
}

#[test]
fn errors_show_the_file_that_it_stands_for() {
    let errors = two_hosts("x").step("client", step::connect("sever:80")).build().map(|_| ()).unwrap_err();
    assert_eq!(errors.list[0].message, "unknown host `sever`");
    assert_eq!(&errors.text[errors.list[0].span.clone()], "\"sever:80\"");
}
