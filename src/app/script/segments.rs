//! The steps of a scripted peer: its segments, and waiting for those that come.

use super::perform::{Doing, Stop};
use super::sockets::Sockets;
use crate::app::Wait;
use crate::scenario::model::{Await, Inject, PeerSegment, Target};
use crate::socket::{Sys, Which};
use crate::socket_api::Errno;
use core::net::SocketAddr;

impl Doing {
    pub(super) fn inject(&mut self, segment: &Inject, sys: &mut dyn Sys) -> Result<(), Stop> {
        let to = self.addr(&segment.to, sys)?;
        Ok(sys.inject(segment, to)?)
    }

    pub(super) fn segment(
        &mut self,
        segment: &PeerSegment,
        sockets: &mut Sockets,
        sys: &mut dyn Sys,
    ) -> Result<(), Stop> {
        let other = self.other(segment.to.as_ref(), sys)?;
        let which = Which { other, port: segment.port, current: sockets.scripted };
        sockets.scripted = Some(sys.segment(segment, &which)?);
        Ok(())
    }

    pub(super) fn await_segment(
        &mut self,
        awaits: &Await,
        sockets: &mut Sockets,
        sys: &mut dyn Sys,
    ) -> Result<(), Stop> {
        let other = self.other(awaits.from.as_ref(), sys)?;
        let which = Which { other, port: awaits.port, current: sockets.scripted };
        let now = sys.now();
        let until = awaits.within.map(|within| *self.until.get_or_insert(now + within));
        match sys.await_segment(&which, until) {
            Ok(pair) => {
                sockets.scripted = pair.or(sockets.scripted);
                Ok(())
            }
            Err(Errno::Eagain) => Err(Stop::Wait(Wait::Segment { until })),
            Err(errno) => Err(errno.into()),
        }
    }

    fn other(&mut self, target: Option<&Target>, sys: &mut dyn Sys) -> Result<Option<SocketAddr>, Stop> {
        target.map(|target| self.addr(target, sys)).transpose()
    }
}
