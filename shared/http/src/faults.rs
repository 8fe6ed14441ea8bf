//! Reads the fields of a request, and collects what is wrong with them.

use std::fmt;

use super::fault::FieldFault;
use super::field::SensitiveText;
use super::incoming::Incoming;
use super::problem::Problem;

/// Collects the faults of a request, so that a client sees all of them at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<FieldFault>);

impl Faults {
    /// Takes the value of `field`, or notes what is accepted there.
    pub fn check<T, E: fmt::Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value
            .map_err(|accepted| self.0.push(FieldFault::new(field, accepted)))
            .ok()
    }

    /// Parses the text of an optional field, if it is there.
    pub fn optional<T, E: fmt::Display>(
        &mut self,
        field: &str,
        text: Option<SensitiveText>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let SensitiveText(text) = text?;
        self.check(field, parse(&text))
    }

    /// Takes the header `name`, which faults call `display`, if it is there: 1 to 255 visible ASCII characters.
    pub fn header<E>(
        &mut self,
        incoming: &Incoming<E>,
        name: &str,
        display: &str,
    ) -> Option<String> {
        let value = incoming.header(name)?;
        let text = value.to_str().unwrap_or_default();
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        let accepted = "1 to 255 visible ASCII characters are needed";
        self.check(display, fits.then(|| text.to_owned()).ok_or(accepted))
    }

    /// Whether nothing was wrong so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes the refusal that lists the faults.
    #[must_use]
    pub fn into_problem(self) -> Problem {
        Problem::from_faults(self.0)
    }
}
