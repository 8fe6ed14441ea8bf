//! Collects the faults of a policy file.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use phoneproof_domain::policy::{Fault, PolicyFaults};

use super::reader::Misfit;

/// Collects faults, so that an operator sees all of them at once.
#[derive(Default)]
pub(super) struct Faults {
    /// Values that have the wrong form. They were left out before the values were checked, or stand as the largest number.
    form: Vec<Misfit>,
    /// Values that are not accepted.
    found: Vec<Fault>,
}

impl Faults {
    /// Starts with the values that have the wrong form.
    pub(super) fn of_form(form: Vec<Misfit>) -> Self {
        Self {
            form,
            found: Vec::new(),
        }
    }

    /// Notes that the value at `path` is not accepted, and why.
    ///
    /// A value that was left out has a fault already, and so has everything in it.
    pub(super) fn add(&mut self, path: impl Display, reason: impl Display) {
        self.add_any(&path, &reason);
    }

    /// One function for all types of paths and reasons, because each of them would be a copy of it.
    fn add_any(&mut self, path: &dyn Display, reason: &dyn Display) {
        let path = path.to_string();
        if let Some(size) = self.find_size(&path) {
            size.reason = reason.to_string();
            size.number = None;
            return;
        }
        let is_left_out = |form: &Misfit| form.path == "file" || is_within(&path, &form.path);
        if !self.form.iter().any(is_left_out) {
            self.found.push(Fault {
                path,
                reason: reason.to_string(),
            });
        }
    }

    /// Finds the number at `path` that no policy can hold, unless its range was named already.
    fn find_size(&mut self, path: &str) -> Option<&mut Misfit> {
        let mut form = self.form.iter_mut();
        form.find(|form| form.number.is_some() && form.path == path)
    }

    /// Notes a fault of the value at `path` that follows from the value at `other`. If that was left out, nobody knows.
    pub(super) fn add_beside(
        &mut self,
        path: impl Display,
        other: impl Display,
        reason: impl Display,
    ) {
        if !self.has_left_out(other) {
            self.add_any(&path, &reason);
        }
    }

    /// Notes faults that name their paths themselves.
    pub(super) fn extend(&mut self, faults: Vec<Fault>) {
        self.found.extend(faults);
    }

    /// Whether the value at `path` was left out, or one in it, or the table that holds it.
    ///
    /// A policy without faults, which every cold start reads, asks often, so `path` is written only if there are some.
    pub(super) fn has_left_out(&self, path: impl Display) -> bool {
        !self.form.is_empty() && self.is_left_out(&path.to_string())
    }

    fn is_left_out(&self, path: &str) -> bool {
        let holds = |form: &Misfit| is_within(&form.path, path) || is_within(path, &form.path);
        self.form.iter().any(holds)
    }

    /// Whether any business was left out, or its `member`, or a value in that.
    pub(super) fn has_left_out_of_businesses(&self, member: &str) -> bool {
        self.form.iter().any(|form| {
            let mut parts = form.path.split(['.', '[']);
            let is_business = parts.next() == Some("business");
            is_business && parts.nth(1).is_none_or(|own| own == member)
        })
    }

    /// Whether the value at `path`, or one in it, is not accepted.
    pub(super) fn has(&self, path: impl Display) -> bool {
        !self.found.is_empty() && self.is_noted(&path.to_string())
    }

    fn is_noted(&self, path: &str) -> bool {
        self.found.iter().any(|fault| is_within(&fault.path, path))
    }

    /// Whether the value at `path`, or one in it, was left out or is not accepted.
    pub(super) fn is_doubtful(&self, path: impl Display) -> bool {
        !self.is_empty() && {
            let path = path.to_string();
            self.is_left_out(&path) || self.is_noted(&path)
        }
    }

    /// Whether no fault was noted.
    pub(super) fn is_empty(&self) -> bool {
        self.form.is_empty() && self.found.is_empty()
    }

    /// Returns `value`. If it is not in `range`, notes a fault and returns the nearest number that is: other checks
    /// then have no work with a number that means nothing.
    pub(super) fn check_range(
        &mut self,
        path: impl Display,
        value: u32,
        range: RangeInclusive<u32>,
    ) -> u32 {
        self.check_any_range(&path, value, &range);
        value.clamp(*range.start(), *range.end())
    }

    fn check_any_range(&mut self, path: &dyn Display, value: u32, range: &RangeInclusive<u32>) {
        if !range.contains(&value) {
            let (least, most) = (range.start(), range.end());
            let path = &path.to_string();
            let size = self.find_size(path).and_then(|size| size.number);
            let value = size.unwrap_or(i64::from(value));
            self.add_any(
                path,
                &format_args!("{value} is not within {least} to {most}"),
            );
        }
    }

    /// Returns `value` seconds, or the nearest in `range` with a fault.
    pub(super) fn check_seconds(
        &mut self,
        path: impl Display,
        value: u32,
        range: RangeInclusive<u32>,
    ) -> Duration {
        Duration::from_secs(u64::from(self.check_range(path, value, range)))
    }

    /// Returns the value of `result`, or notes its error as the fault.
    pub(super) fn check<T, E: Display>(
        &mut self,
        path: impl Display,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|reason| self.add_any(&path, &reason)).ok()
    }

    /// Returns `value` if no fault was noted, or else the faults.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, PolicyFaults> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            _ => {
                let form = self.form.into_iter().map(Fault::from);
                Err(PolicyFaults(form.chain(self.found).collect()))
            }
        }
    }
}

/// Whether `path` is `table`, or the path of a value in it.
fn is_within(path: &str, table: &str) -> bool {
    path.strip_prefix(table)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
