//! The device that asks for a code.

mod placeholder;

use std::fmt;

use thiserror::Error;

use self::placeholder::names_nobody;

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
    #[expect(clippy::too_many_lines, reason = "a list of ids")]
    fn refuses_an_id_that_many_devices_share() {
        for id in [
            "00000000-0000-0000-0000-000000000000",
            "{00000000-0000-0000-0000-000000000000}",
            "urn:uuid:00000000-0000-0000-0000-000000000000",
            "UUID('00000000-0000-0000-0000-000000000000')",
            "{0x00000000,0x0000,0x0000,{0x00,0x00,0x00,0x00,0x00,0x00,0x00,0x00}}",
            "00000000000000000000000000000000",
            "AAAAAAAAAAAAAAAAAAAAAA==",
            "00000000-0000-4000-8000-000000000000",
            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            "ffffffff-ffff-4fff-bfff-ffffffffffff",
            "11111111-1111-1111-1111-111111111111",
            "12345678-1234-5678-1234-567812345678",
            "01234567-89ab-cdef-0123-456789abcdef",
            "123e4567-e89b-12d3-a456-426614174000",
            "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
            "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx",
            "0",
            "-0",
            "0x0",
            "-1",
            "000000000000000",
            "111111111111111",
            "1234567890",
            "9876543210",
            "0123456789ABCDEF",
            "null",
            "(null)",
            "<nil>",
            "nullnull",
            "null/undefined",
            "Undefined",
            " unknown ",
            "unknown-device",
            "device",
            "Web",
            "browser",
            "iOS",
            "android",
            "iPhone",
            "web-browser",
            "test",
            "test-device",
            "Guest",
            "localhost",
            "emulator-5554",
            "Optional(\"\")",
            "00000000-0000-0000-0000-000000000001",
            "00000000-0000-4000-0000-000000000000",
            "0000000000000001",
            "unknownDeviceId",
            "device_id_unknown",
            "no device id",
            "NOT_SET",
            "N/A",
            "NaN",
            "\u{ff2e}\u{ff35}\u{ff2c}\u{ff2c}",
            "\u{1d427}\u{1d42e}\u{1d425}\u{1d425}",
            "\u{24dd}\u{24e4}\u{24db}\u{24db}",
            "nu\u{200b}ll",
            "未知",
            "неизвестно",
            "[object Object]",
            "[object Undefined]",
            "Instance of 'Future<String?>'",
            "${deviceId}",
            "{{ device_id }}",
            "{deviceId}",
            "%DEVICE_ID%",
            "%s",
            "%1$s",
            "<uuid>",
            "YOUR_DEVICE_ID",
            "installation-id",
            "9774d56d682e549c",
            "9774D56D682E549C",
            "02:00:00:00:00:00",
            "ff:ff:ff:ff:ff:ff",
            "00:11:22:33:44:55",
            "aa:bb:cc:dd:ee:ff",
            "To be filled by O.E.M.",
            "d41d8cd98f00b204e9800998ecf8427e",
            "--",
            "ffffffff",
            "FF-FF-FF-FF",
            "xxxxxxxx",
            "11111111",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "00000000-0000-0000-0000-00000000000a",
            "10000000-0000-0000-0000-000000000000",
            "00000000-0000-1000-8000-00000000000f",
            "deadbeef-dead-beef-dead-beefdeadbeef",
            "\u{660}\u{660}\u{660}\u{660}-\u{660}\u{660}\u{660}\u{660}",
            "\u{966}",
            "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
            "3FA85F64-5717-4562-B3FC-2C963F66AFA6",
            "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
            "919108f7-52d1-4320-9bac-f847db4148a8",
            "03000200-0400-0500-0006-000700080009",
            "12345678-1234-1234-1234-123456789abc",
            "V1StGXR8_Z5jdHi6B-myT",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "490154203237518",
            "00:1A:2B:3C:4D:5E",
            "de:ad:be:ef:ca:fe",
            "EMULATOR30X4X5X0",
            "emulator-5556",
            "sdk_gphone64_x86_64",
            "Android SDK built for x86",
            "generic_x86_64",
            "Default string",
            "kotlin.Unit",
            "unknown unknown",
            "undefined-undefined",
            "null_null_null",
            "<unknown>",
            "[null]",
            "{}",
            "\"\"",
            "''",
            "'null'",
            "id: null",
            "deviceId=undefined",
        ] {
            assert_eq!(Device::parse(id), Err(InvalidDevice::Placeholder), "{id}");
        }
    }

    #[test]
    fn accepts_an_id_that_only_looks_like_a_placeholder() {
        for id in [
            "d",
            "f",
            "x",
            "1",
            "10",
            "123",
            "my-laptop",
            "nano",
            "banana",
            "pixel-7",
            "android-14",
            "unknown-7",
            "null-7",
            "-1204719283",
            "test-7",
            "emulator-a",
            "urn:uuid:6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            "UUID('6f9619ff-8b86-d011-b42d-00cf4fc964ff')",
            "{6f9619ff-8b86-d011-b42d-00cf4fc964ff}",
            "6f9619ff8b86d011b42d00cf4fc964ff",
            "b8:27:eb:12:34:56",
            "490154203237526",
            "bf4d6c8e01a2937f",
            "W3StGXR8_Z5jdHi6B-myQ",
            "01HZX3NDEKTSV4RRFFQ69G5FB7",
            "设备",
            "device-64",
            "device64",
            "Device 1",
            "dev-7",
            "user42",
            "user-1",
            "client_7f3a",
            "web-7f3a",
            "ios-1a",
            "my-ipad-2",
            "x7",
            "0a",
            "000000000004711",
            "0000000000004711",
            "00000000-0000-0000-0000-000000004711",
            "00000000-0000-0000-0000-000000000042",
            "000000000012",
            "1000000",
            "12345",
            "1234567",
            "12121212",
            "deadbeef00112233",
            "facefeeddeadbeef",
            "c0ffee0123456789",
            "cafebabe-1f2e-4a3b-9c4d-5e6f708192a3",
            "00c0ffee-dead-4bee-8fed-facade0decaf",
            "0b00b1e5-f00d-4bad-a55a-5ca1ab1e0ff5",
            "ff00ff00ff01",
            "00:00:5e:00:53:01",
            "nullable",
            "undefinedish-9",
            "testament",
            "idiom",
            "unknownsoldier",
            "guestbook",
            "iPhone14,2",
            "Pixel 8 Pro",
            "R58M123ABCD",
            "HT7A1KM00123",
            "sdk-2f9c",
            "générique-3",
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
