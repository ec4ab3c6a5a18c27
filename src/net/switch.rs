//! A learning switch: remembers behind which port a hardware address was last seen (IEEE 802.1D's basic bridging,
//! without ageing and spanning tree).

use std::collections::BTreeMap;

/// A hardware address.
type Station = [u8; 6];

/// A switch; its ports are numbered from 0.
#[derive(Debug, Default)]
pub struct Switch {
    seen: BTreeMap<Station, usize>,
    ports: usize,
}

impl Switch {
    /// A switch with so many ports that has learnt nothing.
    pub fn new(ports: usize) -> Self {
        Switch { seen: BTreeMap::new(), ports }
    }

    /// The ports through which a frame that came in at `port` goes out.
    pub fn forward(&mut self, port: usize, frame: &[u8]) -> Vec<usize> {
        let (Some(to), Some(from)) = (station(frame, 0), station(frame, 6)) else { return Vec::new() };
        self.seen.insert(from, port);
        let group = to[0] & 1 == 1;
        match self.seen.get(&to) {
            Some(&known) if !group => {
                if known == port {
                    Vec::new()
                } else {
                    vec![known]
                }
            }
            Some(_) | None => (0..self.ports).filter(|&other| other != port).collect(),
        }
    }
}

fn station(frame: &[u8], at: usize) -> Option<Station> {
    frame.get(at..at + 6)?.try_into().ok()
}
