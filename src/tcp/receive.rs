//! RCV.NXT and what lies beyond it: acceptability, trimming, reassembly (RFC 9293, 3.10.7.4, first and seventh).

use super::facts::ReceiveSide;
use super::segment::Segment;
use super::seq::{before, beyond, earlier, later, not_after};

/// Where the new text of a segment lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Text {
    /// It has none.
    None,
    /// It begins at RCV.NXT.
    InOrder,
    /// It begins beyond RCV.NXT.
    Ahead,
}

/// What taking a segment's text and FIN came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Taken {
    pub(super) text: Text,
    /// The peer's FIN is in order now, and was not before.
    pub(super) fin: bool,
}

impl ReceiveSide {
    fn in_window(&self, number: u32) -> bool {
        not_after(self.nxt, number) && before(number, self.edge)
    }

    /// The test of table 6. One allowance: the window is room for text, and a FIN takes none, so that a FIN just behind
    /// the window's last octet is acceptable, and so is one at RCV.NXT to a window of zero.
    pub(super) fn accepts(&self, segment: &Segment) -> bool {
        if segment.seg_len() == 0 {
            return segment.seq == self.nxt || self.in_window(segment.seq);
        }
        let last = segment.end().wrapping_sub(1);
        let last_text = segment.text_end().wrapping_sub(1);
        let ends_inside = self.in_window(last) || (segment.fin && (last == self.nxt || self.in_window(last_text)));
        self.in_window(segment.seq) || ends_inside
    }

    /// Takes text and FIN of an acceptable segment.
    pub(super) fn take(&mut self, segment: &Segment) -> Taken {
        let was_received = self.fin_received();
        let (start, end) = (later(segment.text_start(), self.nxt), earlier(segment.text_end(), self.edge));
        let text = match () {
            () if !before(start, end) || was_received => Text::None,
            () if start == self.nxt => Text::InOrder,
            () => Text::Ahead,
        };
        match text {
            Text::None => {}
            Text::InOrder => self.nxt = end,
            Text::Ahead => self.hold(start, end),
        }
        self.join();
        if segment.fin && not_after(segment.text_end(), self.edge) && !was_received {
            self.fin = Some(segment.text_end());
        }
        let fin = !was_received && self.fin == Some(self.nxt);
        if fin {
            self.nxt = self.nxt.wrapping_add(1);
            self.held.clear();
        }
        Taken { text, fin }
    }

    /// Keeps a range, joined with those that it touches.
    fn hold(&mut self, mut start: u32, mut end: u32) {
        self.held.retain(|&(from, to)| {
            let apart = before(to, start) || before(end, from);
            if !apart {
                (start, end) = (earlier(start, from), later(end, to));
            }
            apart
        });
        self.held.push((start, end));
        let nxt = self.nxt;
        self.held.sort_by_key(|&(from, _)| beyond(nxt, from));
    }

    /// Brings RCV.NXT over the held ranges that it has reached.
    fn join(&mut self) {
        while let Some(&(from, to)) = self.held.first()
            && not_after(from, self.nxt)
        {
            self.nxt = later(self.nxt, to);
            self.held.remove(0);
        }
    }
}
