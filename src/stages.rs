//! How long each stage took: recorded as it ends, whether it went well or not.

use std::cell::RefCell;
use std::time::Instant;

use crate::delivery::Stage;

/// The stages so far, and who wants to hear of each as it ends.
pub struct Stages<'a> {
    list: RefCell<Vec<Stage>>,
    watch: &'a dyn Fn(Stage),
}

impl std::fmt::Debug for Stages<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Stages").field(&self.list).finish()
    }
}

impl<'a> Stages<'a> {
    /// Begins with none; `watch` is called with each stage as it ends.
    pub fn new(watch: &'a dyn Fn(Stage)) -> Self {
        Self { list: RefCell::default(), watch }
    }

    /// Does one stage and records how it went.
    pub fn time<T, E>(&self, name: &'static str, stage: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let started = Instant::now();
        let result = stage();
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let stage = Stage { name, ms, ok: result.is_ok() };
        self.list.borrow_mut().push(stage);
        (self.watch)(stage);
        result
    }

    /// Returns all stages so far, in order, and begins anew.
    pub fn take(&self) -> Vec<Stage> {
        self.list.take()
    }
}
