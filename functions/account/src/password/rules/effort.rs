//! Counts what a check of a password does, for the tests. Every check of a service takes a bounded time, whatever is
//! typed.

/// Counts `steps` of work. It does nothing outside tests.
#[cfg(not(test))]
pub(super) const fn count(_steps: usize) {}

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts `steps` of work.
#[cfg(test)]
pub(super) fn count(steps: usize) {
    STEPS.set(STEPS.get() + steps);
}

/// Returns the steps that `work` took.
#[cfg(test)]
pub(super) fn measure(work: impl FnOnce()) -> usize {
    STEPS.set(0);
    work();
    STEPS.get()
}
