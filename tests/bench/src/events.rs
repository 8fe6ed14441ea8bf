//! The gateway events for the functions. The harness fills in words in braces, such as `{phone}`.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

/// The templates of the two events of a flow.
#[derive(Debug, Clone)]
pub struct Events {
    send: String,
    verify: String,
}

/// A user who verifies a phone. Every number is a user with another phone, device and address.
#[derive(Debug, Clone, Copy)]
pub struct User(pub u32);

impl User {
    /// The country of all users.
    pub const COUNTRY: &str = "DE";

    /// Returns a German mobile number. Ten thousand users in a row have ten thousand different number blocks.
    #[must_use]
    pub fn phone(self) -> String {
        format!("+49151{:04}{:04}", self.0 % 10_000, self.0 / 10_000)
    }

    /// Returns the user's device, for `uniqueId`.
    #[must_use]
    pub fn device(self) -> String {
        format!("device-{}", self.0)
    }

    /// Returns the user's address, from 10.0.0.0/8.
    #[must_use]
    pub fn address(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 1).to_bits() + self.0)
    }
}

impl Events {
    /// Returns the events of `tests/bench/events`, which are compiled in.
    #[must_use]
    pub fn compile() -> Self {
        Self {
            send: include_str!("../events/send.json").to_owned(),
            verify: include_str!("../events/verify.json").to_owned(),
        }
    }

    /// Reads the events from `send.json` and `verify.json` in `folder`.
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

    /// Returns the event of `user` asking for a code.
    #[must_use]
    pub fn send(&self, user: User) -> String {
        self.send
            .replace("{phone}", &user.phone())
            .replace("{device}", &user.device())
            .replace("{address}", &user.address().to_string())
    }

    /// Returns the event of `user` verifying the challenge token `token` with `code`.
    #[must_use]
    pub fn verify(&self, user: User, token: &str, code: &str) -> String {
        self.verify
            .replace("{token}", token)
            .replace("{code}", code)
            .replace("{address}", &user.address().to_string())
    }
}
