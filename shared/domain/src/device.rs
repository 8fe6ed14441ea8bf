//! The device that asks for a code.

#[cfg(test)]
mod alike_tests;
mod placeholder;
#[cfg(test)]
mod tests;

use thiserror::Error;

use self::placeholder::names_nobody;

/// The longest device id that is accepted, in bytes of UTF-8.
pub const MAX_DEVICE_BYTES: usize = 128;

/// The id of a device or an installation, chosen by the client (`uniqueId` on the wire).
///
/// It has 1 to [`MAX_DEVICE_BYTES`] bytes and no control characters. Ids are compared byte for byte. Placeholders that
/// many devices share, and names of models, systems and programs, are refused: all of these devices would share the
/// limits of one. An id is personal data: `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash, derive_more::Debug)]
#[debug("Device(…)")]
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
        let device = Self::parse_accepted(text)?;
        if names_nobody(text) {
            return Err(InvalidDevice::Placeholder);
        }
        Ok(device)
    }

    /// Accepts the device id of a token, which was accepted when the token was made. It is not compared with
    /// placeholders again: that takes long, and a list that grew meanwhile must not close a challenge that is open.
    ///
    /// # Errors
    ///
    /// [`InvalidDevice::Characters`] when it cannot be an id.
    pub fn parse_accepted(text: &str) -> Result<Self, InvalidDevice> {
        let fits = text.len() <= MAX_DEVICE_BYTES && !text.trim().is_empty();
        if !fits || text.chars().any(char::is_control) {
            return Err(InvalidDevice::Characters);
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the id in clear. It goes into tokens, never into logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}
