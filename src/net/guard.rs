//! The border behind which the stack may panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

/// Through this everything is done that the stack could panic at (its arithmetic on sequence numbers can): that ends the
/// run with a record, not the process. One per host, shared by its devices and the ends of its connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Guard(Arc<OnceLock<String>>);

impl Guard {
    /// Has the stack do something; nothing comes of it where the stack panics, or has before.
    pub(super) fn run<R: Default>(&self, work: impl FnOnce() -> R) -> R {
        if self.0.get().is_some() {
            return R::default();
        }
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
            self.0.get_or_init(|| text.unwrap_or_else(|| "the stack panicked".to_owned()));
            R::default()
        })
    }

    /// Why the stack panicked first, if it did.
    pub(super) fn panicked(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::Guard;

    #[test]
    fn the_first_panic_is_kept_and_nothing_is_done_after_it() {
        let guard = Guard::default();
        let other = guard.clone();
        assert_eq!(guard.run(|| 7), 7);
        assert_eq!(guard.run(|| -> u8 { panic!("no {}", "more") }), 0);
        assert_eq!(other.panicked(), Some("no more"));
        assert_eq!(other.run(|| -> u8 { panic!("again") }), 0);
        assert_eq!((guard.panicked(), guard.run(|| 7)), (Some("no more"), 0));
    }
}
