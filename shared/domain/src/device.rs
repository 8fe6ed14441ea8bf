//! The device that asks for a code.

#[cfg(test)]
mod alike_tests;
mod placeholder;
#[cfg(test)]
mod tests;

use std::fmt;

use thiserror::Error;

use self::placeholder::names_nobody;

/// The longest device id that is accepted, in bytes of UTF-8.
pub const MAX_DEVICE_BYTES: usize = 128;

/// The id of a device or an installation, chosen by the client (`uniqueId` on the wire).
///
/// It has 1 to [`MAX_DEVICE_BYTES`] bytes and no control characters. Ids are compared byte for byte. Placeholders that
/// many devices share, and names of models, systems and programs, are refused: all of these devices would share the limits of one. An id is personal data:
/// `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Device(String);

/// Why a text is not a device id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidDevice {
    /// The text is empty, blank, too long or holds a control character.
    #[error("a device id has 1 to {MAX_DEVICE_BYTES} bytes and no control characters")]
    Characters,
    /// The text is a placeholder for an id that was missing, or names a model, a system or a program.
    #[error(
        "a device id names one device or installation, such as a random UUID; this one is a placeholder, or a name, that many share"
    )]
    Placeholder,
}

impl Device {
    /// Accepts `text` as a device id.
    ///
    /// # Errors
    ///
    /// [`InvalidDevice`] when it cannot be an id, or is a placeholder for one.
    pub fn parse(text: &str) -> Result<Self, InvalidDevice> {
        let fits = text.len() <= MAX_DEVICE_BYTES && !text.trim().is_empty();
        if !fits || text.chars().any(char::is_control) {
            Err(InvalidDevice::Characters)
        } else if names_nobody(text) {
            Err(InvalidDevice::Placeholder)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// Returns the id in clear. It goes into tokens, never into logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Device(…)")
    }
}
