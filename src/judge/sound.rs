//! `stall` and `panic`: the stack stays at work; `trace-order`: the trace itself makes sense.

use super::{Check, Finding, Scene, rfc9293};
use crate::base::{RecordId, Time};
use crate::trace::{Ending, Record, What};

/// Looks at the run's own words, and at order.
#[derive(Default)]
pub(super) struct Sound {
    last: Option<(RecordId, Time)>,
}

impl Check for Sound {
    fn observe(&mut self, scene: &Scene<'_>, record: &Record, out: &mut Vec<Finding>) {
        self.order(record, out);
        match &record.what {
            What::Stall { conn, end } => out.push(Finding {
                record: record.id,
                conn: Some(*conn),
                rule: "stall",
                clause: rfc9293("3.10.8"),
                text: format!(
                    "{}: the stack says that something is due and does nothing; right is to do it, or to set a timer",
                    scene.name(*conn, *end)
                ),
            }),
            What::End { ending: Ending::Panic(message) } => out.push(Finding {
                record: record.id,
                conn: None,
                rule: "panic",
                clause: rfc9293("3.10"),
                text: format!("the stack panicked: {message}; right is to go on, whatever arrives"),
            }),
            _ => {}
        }
    }
}

impl Sound {
    fn order(&mut self, record: &Record, out: &mut Vec<Finding>) {
        let mut wrong = |text: String| {
            let clause = "Drywire, trace".to_owned();
            out.push(Finding { record: record.id, conn: None, rule: "trace-order", clause, text });
        };
        if let Some(cause) = record.cause.filter(|&cause| cause >= record.id) {
            wrong(format!("record {} has the cause {}; right is one before it", record.id.0, cause.0));
        }
        if let Some((last, at)) = self.last {
            if record.id <= last {
                wrong(format!("record {} follows record {}; right is a higher number", record.id.0, last.0));
            }
            if record.at < at {
                wrong(format!("record {} is at {} ms, after {at} ms; right is no earlier", record.id.0, record.at));
            }
        }
        self.last = Some((record.id, record.at));
    }
}

#[cfg(test)]
mod tests {
    use crate::base::{RecordId, Time};
    use crate::judge::sample::{CLIENT, Sample, ack};
    use crate::trace::{End, Ending, What};

    #[test]
    fn what_the_run_says_of_itself_is_found() {
        let mut sample = Sample::open();
        let conn = sample.conn;
        sample.note(CLIENT, None, What::Stall { conn, end: End::Initiator });
        sample.end(Ending::Panic("underflow".into()));
        assert_eq!(sample.rules(), ["stall", "panic"]);
    }

    #[test]
    fn a_cause_comes_first_and_time_goes_on() {
        let mut sample = Sample::open();
        sample.send(CLIENT, ack(1, 1));
        let last = sample.records.last_mut().unwrap();
        last.cause = Some(RecordId(999));
        last.at = Time::ZERO;
        let rules = sample.rules();
        assert_eq!(rules, ["trace-order", "trace-order"]);
    }
}
