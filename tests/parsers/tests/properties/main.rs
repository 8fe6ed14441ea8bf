//! Runs every target of the library on mutated good inputs.
//!
//! Every run takes the same inputs. `PROPTEST_CASES=100000` takes more of them. `PROPTEST_RNG_SEED=7` takes others.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failed expectation is a failed test"
)]

mod mutation;

use std::cell::Cell;
use std::fmt;
use std::path::Path;

use phoneproof_parsers::{Outcome, TARGETS, Target, target};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use mutation::mutation;

/// Input bytes. A failed property shows them as a byte string, ready to copy into a test.
#[derive(Clone)]
struct Input(Vec<u8>);

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// Generates a seed with a few mutations or, seldom, random bytes or text.
fn input(target: &Target) -> impl Strategy<Value = Input> + use<> {
    let (seeds, words) = ((target.seeds)(), target.words);
    let mutated = (0..seeds.len(), prop::collection::vec(mutation(), 0..5)).prop_map(
        move |(index, mutations)| {
            let mut bytes = seeds[index].clone();
            for mutation in mutations {
                mutation.apply(&mut bytes, &seeds, words);
            }
            bytes
        },
    );
    let noise = prop::collection::vec(any::<u8>(), 0..200);
    let text = "\\PC{0,100}".prop_map(String::into_bytes);
    prop_oneof![20 => mutated, 1 => noise, 1 => text].prop_map(Input)
}

/// Configures the given number of inputs, the same in every run. The environment can change both.
fn config(cases: u32) -> Config {
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(1);
    }
    config.failure_persistence = None;
    config
}

/// Feeds a target with inputs.
///
/// Each outcome must be at least about a twentieth of the other, because the inputs would otherwise test little.
fn run_property(name: &str, cases: u32) {
    let target = target(name).expect("a target");
    let (accepted, refused) = (Cell::new(0), Cell::new(0));
    let held = TestRunner::new(config(cases)).run(&input(target), |Input(bytes)| {
        let count = match (target.run)(&bytes) {
            Outcome::Accepted => &accepted,
            Outcome::Refused => &refused,
        };
        count.set(count.get() + 1);
        Ok(())
    });
    let (accepted, refused) = (accepted.get(), refused.get());
    let failure = held.err().map_or(String::new(), |error| error.to_string());
    assert!(failure.is_empty(), "{name}: {failure}");
    println!("{name}: {accepted} accepted, {refused} refused");
    assert!(
        accepted * 20 > refused && refused * 20 > accepted,
        "{accepted} accepted, {refused} refused"
    );
}

macro_rules! properties {
    ($($name:ident: $cases:literal,)*) => {
        $(#[test]
        fn $name() {
            run_property(stringify!($name), $cases);
        })*

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

properties! {
    send_body: 3_000,
    verify_body: 3_000,
    spend_body: 3_000,
    account_bodies: 3_000,
    refresh_token: 3_000,
    event: 3_000,
    phone: 3_000,
    words: 3_000,
    challenge_token: 3_000,
    challenge_contents: 3_000,
    success_token: 3_000,
    signed_token: 3_000,
    jwks: 3_000,
    keyring: 3_000,
    policy: 3_000,
}

#[test]
fn each_target_has_a_property_test_and_a_fuzz_target() {
    let targets: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(targets, NAMES);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
    for name in targets {
        assert!(
            folder.join(format!("fuzz_targets/{name}.rs")).exists(),
            "{name}"
        );
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}

#[test]
fn at_least_half_of_the_seeds_are_accepted() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        let accepted = seeds
            .iter()
            .filter(|seed| (target.run)(seed) == Outcome::Accepted);
        assert!(accepted.count() * 2 >= seeds.len(), "{}", target.name);
    }
}
