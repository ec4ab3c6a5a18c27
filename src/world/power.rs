//! Hosts that crash, and start again.

use super::host::Station;
use super::run::{Hands, World};
use crate::base::NodeId;
use crate::scenario::model;
use crate::trace::What;

impl World {
    /// The host loses its servers and all its sockets without a word. Scripts go on, to find their descriptors gone.
    pub(super) fn crash(&mut self, node: NodeId, hands: &mut Hands<'_, '_>) {
        let Station::Host(host) = &mut self.stations[node.index()] else { return };
        host.up = false;
        host.boot += 1;
        let fresh = super::build::kernel(&self.scenario, &self.ports, node, self.seed, host.boot);
        host.kernel.replace_by(fresh, &mut self.conns);
        for &actor in &self.residents[node.index()] {
            let slot = &mut self.slots[actor];
            if slot.program.as_ref().is_some_and(|program| program.serves()) {
                slot.program = None;
            }
        }
        hands.tape.note(node, || What::Power { up: false });
    }

    /// The host starts again, with its built-in servers; first it goes down, if it is up.
    pub(super) fn restart(&mut self, node: NodeId, hands: &mut Hands<'_, '_>) {
        if matches!(&self.stations[node.index()], Station::Host(host) if host.up) {
            self.crash(node, hands);
        }
        let Station::Host(host) = &mut self.stations[node.index()] else { return };
        host.up = true;
        hands.tape.note(node, || What::Power { up: true });
        let serves = |actor: &usize| {
            let spec = self.scenario.actors.get(*actor)?;
            matches!(spec.program, model::Program::Serve(_)).then(|| (*actor, crate::app::program(&spec.program)))
        };
        let servers: Vec<_> = self.residents[node.index()].iter().filter_map(serves).collect();
        for (actor, program) in servers {
            self.slots[actor].begin(program);
            self.start(actor);
        }
    }
}
