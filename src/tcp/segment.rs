//! What of a segment matters to the connection machine.

/// A segment's control information; its text by length alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Segment {
    /// SEG.SEQ.
    pub seq: u32,
    /// SEG.ACK, if the ACK bit is set.
    pub ack: Option<u32>,
    /// Octets of text.
    pub len: u32,
    /// SEG.WND as it stands in the header, not scaled.
    pub window: u16,
    /// The SYN bit.
    pub syn: bool,
    /// The FIN bit.
    pub fin: bool,
    /// The RST bit.
    pub rst: bool,
    /// The shift of a window scale option (RFC 7323).
    pub scale: Option<u8>,
    /// Its timestamp shows that it is of a newer connection than the one it arrives at (RFC 6191).
    pub newer: bool,
}

impl Segment {
    /// SEG.LEN: text, counting SYN and FIN.
    pub const fn seg_len(&self) -> u32 {
        seg_len(self.len, self.syn, self.fin)
    }

    /// The number of the first octet of text.
    pub const fn text_start(&self) -> u32 {
        self.seq.wrapping_add(self.syn as u32)
    }

    /// The number after the last octet of text: that of the FIN, if there is one.
    pub const fn text_end(&self) -> u32 {
        self.text_start().wrapping_add(self.len)
    }

    /// The number after all that the segment occupies.
    pub const fn end(&self) -> u32 {
        self.seq.wrapping_add(self.seg_len())
    }
}

/// SEG.LEN of so many octets of text (RFC 9293, 3.4). A length that no segment can have saturates.
pub const fn seg_len(text: u32, syn: bool, fin: bool) -> u32 {
    text.saturating_add(syn as u32 + fin as u32)
}
