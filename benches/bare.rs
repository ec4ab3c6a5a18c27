//! The floor: two smoltcp interfaces joined by queues.

use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer, State};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};
use std::collections::VecDeque;

/// smoltcp's TIME-WAIT is over: 10 s.
const TWICE_MSL: Instant = Instant::from_micros_const(10_000_000);

struct Nic {
    incoming: VecDeque<Vec<u8>>,
    outgoing: Vec<Vec<u8>>,
}

struct Rx(Vec<u8>);
struct Tx<'a>(&'a mut Vec<Vec<u8>>);

impl RxToken for Rx {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl TxToken for Tx<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut frame = vec![0; len];
        let result = f(&mut frame);
        self.0.push(frame);
        result
    }
}

impl Device for Nic {
    type RxToken<'a> = Rx;
    type TxToken<'a> = Tx<'a>;

    fn receive(&mut self, _now: Instant) -> Option<(Rx, Tx<'_>)> {
        Some((Rx(self.incoming.pop_front()?), Tx(&mut self.outgoing)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Tx<'_>> {
        Some(Tx(&mut self.outgoing))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1_500;
        capabilities
    }
}

fn host(last: u8) -> (Interface, Nic) {
    let mut nic = Nic { incoming: VecDeque::new(), outgoing: Vec::new() };
    let mut iface = Interface::new(Config::new(HardwareAddress::Ip), &mut nic, Instant::ZERO);
    iface.update_ip_addrs(|addrs| {
        let _ = addrs.push(IpCidr::new(IpAddress::v4(10, 0, 0, last), 24));
    });
    (iface, nic)
}

fn fresh() -> Socket<'static> {
    let buffer = || SocketBuffer::new(vec![0; 4_096]);
    let mut socket = Socket::new(buffer(), buffer());
    socket.set_congestion_control(CongestionControl::Reno);
    socket
}

/// One interface takes in what has come, a frame at a time, and sends what it has.
fn turn((iface, nic): &mut (Interface, Nic), set: &mut SocketSet<'_>, peer: &mut Nic) {
    while !nic.incoming.is_empty() {
        iface.poll_ingress_single(Instant::ZERO, nic, set);
    }
    iface.poll_egress(Instant::ZERO, nic, set);
    peer.incoming.extend(nic.outgoing.drain(..));
}

/// So many connections, one after the other. The client's ends in TIME-WAIT are dropped at once, or `kept` until its
/// 2 MSL are over for all of them, as an end has to that is to answer a FIN sent again.
pub(crate) fn run(connections: u32, kept: bool) {
    let mut in_time_wait = Vec::new();
    let (mut client, mut server) = (host(1), host(2));
    let mut data = [0; 4_096];
    for number in 0..connections {
        let (mut near, mut far) = (SocketSet::new(Vec::with_capacity(1)), SocketSet::new(Vec::with_capacity(1)));
        let (c, s) = (near.add(fresh()), far.add(fresh()));
        far.get_mut::<Socket<'_>>(s).listen(80).expect("a listener");
        let port = 49_152 + u16::try_from(number % 16_000).expect("small");
        let socket = near.get_mut::<Socket<'_>>(c);
        socket.connect(client.0.context(), (IpAddress::v4(10, 0, 0, 2), 80), port).expect("a connection");
        let (mut asked, mut answered) = (false, false);
        while near.get::<Socket<'_>>(c).state() != State::TimeWait || far.get::<Socket<'_>>(s).state() != State::Closed
        {
            let socket = near.get_mut::<Socket<'_>>(c);
            if socket.can_send() && !asked {
                socket.send_slice(&[7; 100]).expect("room");
                asked = true;
            }
            if asked && socket.can_recv() {
                socket.recv_slice(&mut data).expect("data");
                socket.close();
            }
            turn(&mut client, &mut near, &mut server.1);
            let socket = far.get_mut::<Socket<'_>>(s);
            if socket.can_recv() {
                socket.recv_slice(&mut data).expect("data");
                socket.send_slice(&[8; 100]).expect("room");
                answered = true;
            }
            if answered && socket.state() == State::CloseWait {
                socket.close();
            }
            turn(&mut server, &mut far, &mut client.1);
        }
        if kept {
            in_time_wait.push(near);
        }
    }
    for mut set in in_time_wait {
        client.0.poll_egress(TWICE_MSL, &mut client.1, &mut set);
    }
}
