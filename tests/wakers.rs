//! Sockets from outside: wakers, and an executor of a few lines that runs async code on the simulated network.

use crate::linux_sockets::lab::{Client, Lab, Server, server_at};
use bytes::Bytes;
use drywire::base::{ActorId, Choose, Fd, NodeId, Seeded, Span};
use drywire::scenario::Scenario;
use drywire::scenario::model::{How, Proto, SockOpt};
use drywire::socket::{Received, Sys};
use drywire::socket_api::{Errno, Readiness};
use drywire::trace::{CallName, Record, Trace, What};
use drywire::world::World;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Counts how often it is woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Bell {
    /// How often it rang since it was last asked.
    fn rings(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

#[test]
fn a_waker_is_woken_for_each_thing_that_can_be_waited_for() {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut lab = Lab::new();
    let door = lab.listener(80, 5);
    assert_eq!(lab.register(Server, door, &waker), Readiness::NONE);
    let (client, _) = lab.connecting(Client, server_at(80));
    lab.register(Client, client, &waker);
    lab.register(Client, client, &waker);
    assert_eq!(bell.rings(), 0, "nothing has happened yet");
    lab.pass(10);
    assert_eq!(bell.rings(), 2, "the connection is there, and in the accept queue; one waker rings once a descriptor");
    lab.pass(10);
    assert_eq!(bell.rings(), 0, "once");

    let (server, _) = lab.at(Server, |sys| sys.accept(door)).expect("a connection");
    assert_eq!(lab.register(Server, server, &waker), Readiness::OUT);
    lab.at(Client, |sys| sys.send(client, &Bytes::from_static(b"ping"))).expect("room");
    lab.pass(10);
    assert_eq!(bell.rings(), 1, "data has arrived");
    assert!(lab.register(Server, server, &waker).any(Readiness::IN), "what it is ready for at once is told at once");

    let block = Bytes::from(vec![b'x'; 65_536]);
    lab.at(Client, |sys| while sys.send(client, &block).is_ok() {});
    lab.pass(100);
    lab.at(Client, |sys| while sys.send(client, &block).is_ok() {});
    lab.pass(100);
    assert_eq!(lab.register(Client, client, &waker), Readiness::NONE, "both buffers are full");
    bell.rings();
    lab.at(Server, |sys| sys.recv(server, 65_536)).expect("data");
    assert_eq!(bell.rings(), 0, "that is a round trip away");
    lab.pass(100);
    assert_eq!(bell.rings(), 1, "there is room to send again");

    lab.register(Server, server, &waker);
    lab.at(Server, |sys| sys.close(server)).expect("a descriptor");
    assert_eq!(bell.rings(), 1, "whoever waits on a descriptor learns that it is closed");
    assert_eq!(lab.register(Server, server, &waker), Readiness::NONE);
    assert_eq!(bell.rings(), 1, "and whoever comes later learns it at once");
}

#[test]
fn datagrams_and_their_errors_wake_too() {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut lab = Lab::new();
    let (asker, answerer) =
        (lab.at(Client, |sys| sys.socket(Proto::Udp)), lab.at(Server, |sys| sys.socket(Proto::Udp)));
    let (asker, answerer) = (asker.expect("a socket"), answerer.expect("a socket"));
    lab.at(Server, |sys| sys.bind(answerer, None, 53)).expect("a free port");
    lab.register(Server, answerer, &waker);
    lab.at(Client, |sys| sys.sendto(asker, &Bytes::from_static(b"who?"), server_at(53))).expect("room");
    lab.pass(10);
    assert_eq!(bell.rings(), 1);
    lab.at(Server, |sys| sys.close(answerer)).expect("a descriptor");
    lab.at(Client, |sys| sys.connect(asker, server_at(53))).expect("a peer");
    lab.register(Client, asker, &waker);
    lab.at(Client, |sys| sys.send(asker, &Bytes::from_static(b"who?"))).expect("room");
    lab.pass(10);
    assert_eq!(bell.rings(), 1, "nobody has the port: an error is pending");
    assert_eq!(lab.at(Client, |sys| sys.recv(asker, 9)), Err(Errno::Econnrefused));
}

#[test]
fn a_crash_wakes_whoever_waits_on_what_is_gone() {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut lab = Lab::new();
    let (_, server) = lab.connection();
    lab.register(Server, server, &waker);
    lab.at(Server, |sys| sys.crash_host());
    assert_eq!(bell.rings(), 1);
    assert_eq!(lab.at(Server, |sys| sys.recv(server, 9)), Err(Errno::Ebadf));
}

// An executor, and async sockets on it.

/// The world, shared by the tasks of one host.
struct Net {
    world: World,
    choose: Seeded,
    records: Vec<Record>,
    actor: ActorId,
    node: NodeId,
}

type Shared = Rc<RefCell<Net>>;

/// Makes calls now, or when the descriptor has woken the task.
async fn when<R>(net: &Shared, fd: Fd, mut call: impl FnMut(&mut dyn Sys) -> Result<R, Errno>) -> Result<R, Errno> {
    poll_fn(|cx: &mut Context<'_>| {
        let mut net = net.borrow_mut();
        let Net { world, choose, records, actor, node } = &mut *net;
        match world.call(*actor, choose, records, &mut call) {
            Err(Errno::Eagain | Errno::Ealready | Errno::Einprogress) => {
                world.register(*node, fd, cx.waker());
                Poll::Pending
            }
            told => Poll::Ready(told),
        }
    })
    .await
}

/// Calls that never wait.
fn now<R>(net: &Shared, call: impl FnOnce(&mut dyn Sys) -> R) -> R {
    let mut net = net.borrow_mut();
    let Net { world, choose, records, actor, .. } = &mut *net;
    world.call(*actor, choose, records, call)
}

/// Sends a text to an echo server and gives what comes back.
async fn echo_client(net: Shared, to: SocketAddr, text: &'static str) -> Result<String, Errno> {
    let fd = now(&net, |sys| sys.socket(Proto::Tcp))?;
    if now(&net, |sys| sys.connect(fd, to)) != Ok(()) {
        when(&net, fd, |sys| sys.finish_connect(fd)).await?;
    }
    let mut left = Bytes::from_static(text.as_bytes());
    while !left.is_empty() {
        let sent = when(&net, fd, |sys| sys.send(fd, &left)).await?;
        left = left.slice(sent..);
    }
    now(&net, |sys| sys.shutdown(fd, How::Write))?;
    let mut heard = Vec::new();
    while let Received::Data(data) = when(&net, fd, |sys| sys.recv(fd, 7)).await? {
        heard.extend_from_slice(&data);
    }
    now(&net, |sys| sys.close(fd))?;
    Ok(String::from_utf8_lossy(&heard).into_owned())
}

/// A task that has been woken.
struct Flag(AtomicUsize);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(1, Ordering::Relaxed);
    }
}

/// Polls tasks that are woken; when none is, the next thing happens on the network.
fn run<T>(net: &Shared, tasks: Vec<Pin<Box<dyn Future<Output = T>>>>) -> Vec<T> {
    let mut tasks: Vec<_> =
        tasks.into_iter().map(|task| (Some(task), Arc::new(Flag(AtomicUsize::new(1))), None)).collect();
    loop {
        for (task, flag, out) in &mut tasks {
            let woken = flag.0.swap(0, Ordering::Relaxed) == 1;
            if let (true, Some(future)) = (woken, task.as_mut())
                && let Poll::Ready(value) =
                    future.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(flag))))
            {
                (*task, *out) = (None, Some(value));
            }
        }
        if tasks.iter().any(|(_, flag, _)| flag.0.load(Ordering::Relaxed) == 1) {
            continue;
        }
        if tasks.iter().all(|(task, ..)| task.is_none()) {
            return tasks.into_iter().filter_map(|(_, _, out)| out).collect();
        }
        let mut net = net.borrow_mut();
        let Net { world, choose, records, .. } = &mut *net;
        assert!(world.step(choose, records), "tasks wait, and nothing is left to happen");
    }
}

fn net() -> Shared {
    let scenario = Scenario::builder("async")
        .host("client", "10.0.0.1")
        .host_with("server", &["10.0.0.2"], |host| host.serve("echo", Proto::Tcp, 7))
        .link("wire", "client", "server", |link| link.delay(Span::millis(20)).loss(50_000))
        .build()
        .expect("a sound scenario");
    let mut world = World::new(&scenario, 3);
    let actor = world.guest(NodeId(0), "async");
    Rc::new(RefCell::new(Net { world, choose: Seeded::new(3), records: Vec::new(), actor, node: NodeId(0) }))
}

#[test]
fn async_clients_run_on_a_few_lines_of_executor() {
    let net = net();
    let texts = ["안녕하세요", "one", "a longer text, read seven bytes at a time"];
    let task =
        |text| -> Pin<Box<dyn Future<Output = _>>> { Box::pin(echo_client(Rc::clone(&net), server_at(7), text)) };
    let heard = run(&net, texts.iter().map(|&text| task(text)).collect());
    assert_eq!(heard, texts.map(|text| Ok(text.to_owned())));

    let refused = run(&net, vec![Box::pin(echo_client(Rc::clone(&net), server_at(8), "x")) as Pin<Box<_>>]);
    assert_eq!(refused, [Err(Errno::Econnrefused)], "nobody listens at port 8");

    let Ok(net) = Rc::try_unwrap(net) else { panic!("the tasks are done") };
    let Net { world, records, .. } = net.into_inner();
    let trace = Trace { header: world.header().clone(), records };
    let findings = drywire::judge::judge(&trace.header, &trace.records);
    // A SYN that is sent again gets no answer in SYN-RECEIVED: sims/handshake-syn-ack-lost.toml.
    let unknown = |finding: &&drywire::judge::Finding| {
        finding.rule != "no-reply" || !finding.text.contains("SYN [0,1) lies below 1")
    };
    assert!(findings.iter().all(|finding| !unknown(&finding)), "{findings:?}");
    let asked = |record: &&Record| matches!(&record.what, What::Call(call) if call.call == CallName::Getsockopt);
    assert_eq!(
        trace.records.iter().filter(asked).count(),
        4,
        "a connect that did not block is asked after by SO_ERROR"
    );
}

#[test]
fn calls_from_outside_go_between_the_steps_of_the_world() {
    let mut lab = Lab::new();
    let door = lab.listener(80, 5);
    let (client, told) = lab.connecting(Client, server_at(80));
    assert_eq!(told, Err(Errno::Einprogress));
    let mut steps = 0;
    while lab.at(Client, |sys| sys.finish_connect(client)) == Err(Errno::Ealready) {
        assert!(lab.step(), "the SYN is on its way");
        steps += 1;
    }
    assert!(steps >= 2, "a SYN, and a SYN,ACK");
    assert_eq!(lab.at(Server, |sys| sys.accept(door)), Err(Errno::Eagain), "its ACK is still on the wire");
    assert!(lab.step());
    let (server, peer) = lab.at(Server, |sys| sys.accept(door)).expect("a connection");
    assert_eq!(Ok(peer), lab.at(Client, |sys| sys.getsockname(client)));
    let before = lab.millis();
    lab.pass(1_000);
    assert_eq!(lab.millis(), before + 1_000, "time passes where nothing happens");
    lab.at(Server, |sys| sys.setsockopt(server, SockOpt::NoDelay, 1)).expect("an option");
    assert_eq!(lab.at(Server, |sys| sys.getsockopt(server, SockOpt::NoDelay)), Ok(1));
}

/// Choices of the world go through one door, also where it is driven from outside.
#[test]
fn the_door_for_choices_is_the_callers() {
    struct Count(Seeded, u32);
    impl Choose for Count {
        fn choose(&mut self, at: drywire::base::Point, options: u32) -> u32 {
            self.1 += 1;
            self.0.choose(at, options)
        }
    }
    let net = net();
    let mut net = net.borrow_mut();
    let Net { world, records, actor, .. } = &mut *net;
    let mut door = Count(Seeded::new(3), 0);
    world.call(*actor, &mut door, records, |sys| {
        let fd = sys.socket(Proto::Tcp).expect("a socket");
        let _ = sys.connect(fd, server_at(7));
    });
    assert_eq!(door.1, 1, "is the SYN lost?");
}
