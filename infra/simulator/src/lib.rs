//! Plays attacks on the SMS bill and honest loads against the product's own rules, on a virtual clock.
//!
//! - A [`world`] has countries with prices, number plans and networks. Its [`crowd`]s are the honest users.
//! - An [`attack`] is a stream of sends that somebody recorded or bounded.
//! - A [`service`] decides on each send with the functions of `phoneproof_domain`. Its tables are in memory.
//! - A [`scenario`] puts them together, and [`play`](play::play) runs one seed of it.
//! - [`layers`] take a part of the defence away, to see what it is there for.
//!
//! Everything is drawn from one seed, so a run gives the same figures every time. Money is in integers wherever the
//! service decides. The world itself is drawn with floating-point numbers.
//!
//! # Where the numbers of the world come from
//!
//! - The attacks are what their victims wrote down: Luma (pont.is/p/sms-fraud) and Healthchecks.io (its blog, June
//!   2026).
//! - Prices are public lists of 2025, and for Morocco the bill of Healthchecks.io.
//! - Number plans, networks and conversions are round figures of the right order.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "draws are scaled to small ranges"
)]

pub mod attack;
pub mod crowd;
pub mod dice;
pub mod layers;
pub mod play;
pub mod scenario;
pub mod service;
pub mod world;
