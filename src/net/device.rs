//! A virtual network device: one frame in, a queue of frames out.

use crate::packet::ETHERNET_HEADER;
use bytes::Bytes;
use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use std::collections::VecDeque;

/// Which of a host's two devices.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Via {
    /// The one on its link.
    Link,
    /// Loopback: frames come back to the same host.
    Loopback,
}

/// The device; the stack sees its queues and nothing of what is behind them.
pub(super) struct Device {
    ethernet: bool,
    mtu: usize,
    /// Frames sent, oldest first.
    pub(super) outgoing: VecDeque<Bytes>,
}

/// The device while a frame is taken in.
pub(super) struct Receiving<'f> {
    pub(super) frame: Option<&'f [u8]>,
    pub(super) device: &'f mut Device,
}

impl Device {
    /// A device for IP packets of at most `mtu` bytes.
    pub(super) fn new(ethernet: bool, mtu: u32) -> Self {
        Device { ethernet, mtu: mtu as usize, outgoing: VecDeque::new() }
    }

    /// Its frames have Ethernet headers.
    pub(super) fn ethernet(&self) -> bool {
        self.ethernet
    }
}

impl phy::Device for Device {
    type RxToken<'a> = Incoming<'a>;
    type TxToken<'a> = Outgoing<'a>;

    fn receive(&mut self, _now: Instant) -> Option<(Incoming<'_>, Outgoing<'_>)> {
        None
    }

    fn transmit(&mut self, _now: Instant) -> Option<Outgoing<'_>> {
        Some(Outgoing(&mut self.outgoing))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = if self.ethernet { Medium::Ethernet } else { Medium::Ip };
        // smoltcp counts the Ethernet header into the MTU.
        capabilities.max_transmission_unit = self.mtu + if self.ethernet { ETHERNET_HEADER } else { 0 };
        capabilities
    }
}

impl phy::Device for Receiving<'_> {
    type RxToken<'a>
        = Incoming<'a>
    where
        Self: 'a;
    type TxToken<'a>
        = Outgoing<'a>
    where
        Self: 'a;

    fn receive(&mut self, _now: Instant) -> Option<(Incoming<'_>, Outgoing<'_>)> {
        Some((Incoming(self.frame.take()?), Outgoing(&mut self.device.outgoing)))
    }

    fn transmit(&mut self, now: Instant) -> Option<Outgoing<'_>> {
        self.device.transmit(now)
    }

    fn capabilities(&self) -> DeviceCapabilities {
        self.device.capabilities()
    }
}

pub(super) struct Incoming<'a>(&'a [u8]);

impl phy::RxToken for Incoming<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

pub(super) struct Outgoing<'a>(&'a mut VecDeque<Bytes>);

impl phy::TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut frame = vec![0; len];
        let result = f(&mut frame);
        self.0.push_back(Bytes::from(frame));
        result
    }
}
