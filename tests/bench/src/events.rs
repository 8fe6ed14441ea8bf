//! The events that functions are fed with: gateway events whose words in braces are filled in.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

/// The events of one flow.
#[derive(Debug, Clone)]
pub struct Events {
    send: String,
    verify: String,
}

/// Somebody who verifies a phone; everybody has a phone, a device and an address of their own.
#[derive(Debug, Clone, Copy)]
pub struct User(pub u32);

impl User {
    /// A German mobile number; ten thousand users walk through ten thousand number blocks.
    #[must_use]
    pub fn phone(self) -> String {
        format!("+49151{:04}{:04}", self.0 % 10_000, self.0 / 10_000)
    }

    /// The name of the device.
    #[must_use]
    pub fn device(self) -> String {
        format!("device-{}", self.0)
    }

    /// A private address.
    #[must_use]
    pub fn address(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 1).to_bits() + self.0)
    }
}

impl Events {
    /// The events of `tests/bench/events`, compiled in.
    #[must_use]
    pub fn compiled() -> Self {
        Self {
            send: include_str!("../events/send.json").to_owned(),
            verify: include_str!("../events/verify.json").to_owned(),
        }
    }

    /// Reads `send.json` and `verify.json` in `folder`.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            send: fs::read_to_string(folder.join("send.json"))?,
            verify: fs::read_to_string(folder.join("verify.json"))?,
        })
    }

    /// `user` asks for a code.
    #[must_use]
    pub fn send(&self, user: User) -> String {
        self.send
            .replace("{phone}", &user.phone())
            .replace("{device}", &user.device())
            .replace("{address}", &user.address().to_string())
    }

    /// `user` brings the code of the challenge.
    #[must_use]
    pub fn verify(&self, user: User, token: &str, code: &str) -> String {
        self.verify
            .replace("{token}", token)
            .replace("{code}", code)
            .replace("{address}", &user.address().to_string())
    }
}
