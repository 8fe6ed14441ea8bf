//! The device that asks for a code.

use std::fmt;

use thiserror::Error;

/// The longest device id that is accepted, in bytes of UTF-8.
pub const MAX_DEVICE_BYTES: usize = 128;

/// The id of a device or an installation, chosen by the client (`uniqueId` on the wire).
///
/// It has 1 to [`MAX_DEVICE_BYTES`] bytes and no control characters. Ids are compared byte for byte. An id is personal
/// data: `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Device(String);

/// Reports a text that is not a device id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a device id has 1 to {MAX_DEVICE_BYTES} bytes and no control characters")]
pub struct InvalidDevice;

impl Device {
    /// Accepts `text` as a device id.
    ///
    /// # Errors
    ///
    /// [`InvalidDevice`] when it is empty, blank, too long or holds a control character.
    pub fn parse(text: &str) -> Result<Self, InvalidDevice> {
        let fits = text.len() <= MAX_DEVICE_BYTES && !text.trim().is_empty();
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidDevice)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_ids_that_clients_use() {
        for id in [
            "a",
            "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
            &"x".repeat(128),
        ] {
            assert_eq!(
                Device::parse(id).map(|d| d.expose().to_owned()),
                Ok(id.to_owned())
            );
        }
    }

    #[test]
    fn refuses_an_id_that_is_blank_too_long_or_holds_control_characters() {
        for id in ["", "  ", "a\0b", "a\nb", &"x".repeat(129)] {
            assert_eq!(Device::parse(id), Err(InvalidDevice));
        }
    }

    #[test]
    fn debug_hides_the_id() {
        let device = Device::parse("canary-device").expect("valid");
        assert!(!format!("{device:?}").contains("canary"));
    }
}
