//! The device that asks for a code.

use std::fmt;

use thiserror::Error;

/// The longest device id that is accepted, in bytes of UTF-8.
pub const MAX_DEVICE_BYTES: usize = 128;

/// The id of a device or an installation, chosen by the client (`uniqueId` on the wire).
///
/// It has 1 to [`MAX_DEVICE_BYTES`] bytes and no control characters. Ids are compared byte for byte. Placeholders that
/// many devices share are refused, because all of them would share the limits of one device. An id is personal data:
/// `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Device(String);

/// Why a text is not a device id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidDevice {
    /// The text is empty, blank, too long or holds a control character.
    #[error("a device id has 1 to {MAX_DEVICE_BYTES} bytes and no control characters")]
    Characters,
    /// The text is a placeholder for an id that was missing.
    #[error(
        "a device id names one device or installation, such as a random UUID; this one is a placeholder that many share"
    )]
    Placeholder,
}

/// What programs give in place of an id that they do not have, in lower case, without punctuation and spaces.
///
/// - The words are what languages print for a missing value, and defaults of frameworks and manufacturers.
/// - `9774d56d682e549c` is the `ANDROID_ID` of many Android 2.2 devices (Android issue 10603).
/// - `020000000000` is the MAC address that Android (since 6.0) and iOS (since 7) give to every app.
/// - `0123456789abcdef` is the serial number of devices whose maker set none.
/// - `012345678912345` and `358240051111110` are IMEIs of emulators.
/// - The others are MD5, SHA-1 and SHA-256 of nothing.
const PLACEHOLDERS: [&str; 34] = [
    "null",
    "undefined",
    "unknown",
    "none",
    "nil",
    "nan",
    "na",
    "empty",
    "missing",
    "true",
    "false",
    "anonymous",
    "unavailable",
    "notavailable",
    "notset",
    "default",
    "defaultstring",
    "tobefilledbyoem",
    "systemserialnumber",
    "string",
    "optionalnil",
    "objectobject",
    "deviceid",
    "uniqueid",
    "androidid",
    "uuid",
    "9774d56d682e549c",
    "020000000000",
    "0123456789abcdef",
    "012345678912345",
    "358240051111110",
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
];

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

/// Whether `text` is a placeholder: a known one, or an id of zeros or of `f`s only, such as the nil UUID.
fn names_nobody(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    let bare: String = letters.flat_map(char::to_lowercase).collect();
    let is_filled =
        bare.bytes().all(|b| b == b'0') || is_run_of(&bare, b'f') || is_run_of(&bare, b'x');
    is_filled || PLACEHOLDERS.contains(&bare.as_str())
}

/// Whether `text` repeats `byte` in the length of a UUID or of an Android id.
fn is_run_of(text: &str, byte: u8) -> bool {
    matches!(text.len(), 16 | 32) && text.bytes().all(|b| b == byte)
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
            assert_eq!(Device::parse(id), Err(InvalidDevice::Characters));
        }
    }

    #[test]
    fn refuses_an_id_that_many_devices_share() {
        for id in [
            "00000000-0000-0000-0000-000000000000",
            "{00000000-0000-0000-0000-000000000000}",
            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
            "0",
            "000000000000000",
            "null",
            "(null)",
            "<nil>",
            "Undefined",
            " unknown ",
            "N/A",
            "NaN",
            "[object Object]",
            "9774d56d682e549c",
            "9774D56D682E549C",
            "02:00:00:00:00:00",
            "To be filled by O.E.M.",
            "d41d8cd98f00b204e9800998ecf8427e",
            "--",
        ] {
            assert_eq!(Device::parse(id), Err(InvalidDevice::Placeholder), "{id}");
        }
        for id in [
            "d",
            "f",
            "10",
            "00000000-0000-0000-0000-000000000001",
            "null-7",
            "设备",
        ] {
            assert!(Device::parse(id).is_ok(), "{id}");
        }
    }

    #[test]
    fn debug_hides_the_id() {
        let device = Device::parse("canary-device").expect("valid");
        assert!(!format!("{device:?}").contains("canary"));
    }
}
