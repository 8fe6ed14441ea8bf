//! Each crate uses only the layers below it, and only `aws` and those that [`NAMES_AWS`] lists use the crates of AWS.
//!
//! A wrong import compiles only if a manifest allows it, so these tests read the manifests.

use std::collections::BTreeSet;

/// A crate, its manifest, and the crates that it may use.
type Layer = (&'static str, &'static str, &'static [&'static str]);

macro_rules! manifest {
    ($name:literal) => {
        include_str!(concat!("../../shared/", $name, "/Cargo.toml"))
    };
}

const LAYERS: &[Layer] = &[
    ("domain", manifest!("domain"), &[]),
    ("guard", manifest!("guard"), &[]),
    ("crypto", manifest!("crypto"), &["domain", "guard"]),
    ("observe", manifest!("observe"), &["domain"]),
    (
        "aws",
        manifest!("aws"),
        &["crypto", "domain", "guard", "observe"],
    ),
    ("config", manifest!("config"), &["aws", "crypto", "domain"]),
    (
        "service",
        manifest!("service"),
        &["aws", "crypto", "domain", "guard", "observe"],
    ),
    (
        "api",
        manifest!("api"),
        &[
            "aws", "config", "domain", "guard", "http", "observe", "runtime", "service",
        ],
    ),
    ("http", manifest!("http"), &["crypto", "domain", "observe"]),
    ("runtime", manifest!("runtime"), &["config", "observe"]),
    (
        "simulator",
        include_str!("../../infra/simulator/Cargo.toml"),
        &["domain"],
    ),
];

/// The crates that only a binary or a test uses, each with its manifest.
const ABOVE: [(&str, &str); 6] = [
    (
        "account",
        include_str!("../../functions/account/Cargo.toml"),
    ),
    (
        "receipts",
        include_str!("../../functions/receipts/Cargo.toml"),
    ),
    ("send", include_str!("../../functions/send/Cargo.toml")),
    ("verify", include_str!("../../functions/verify/Cargo.toml")),
    ("admin", include_str!("../../infra/admin/Cargo.toml")),
    ("local", include_str!("../../infra/local/Cargo.toml")),
];

/// The crates that name a crate of AWS, and what such names begin with.
const NAMES_AWS: [(&str, &str); 4] = [
    ("aws", "aws-"),
    // The optional ledger of relying parties with a table of their own.
    ("guard", "aws-sdk-dynamodb"),
    // A relying party with a store of its own.
    ("account", "aws-sdk-dynamodb"),
    // It works on deployed stacks, with the credentials of an operator.
    ("admin", "aws-"),
];

/// The cryptography, which calls nothing.
const AWS_LC: &str = "aws-lc-rs";

/// The external crates that the domain may use. They are values, parsers and macros, and none reaches out of the
/// process.
const OF_THE_DOMAIN: [&str; 8] = [
    "derive_more",
    "prost",
    "rlibphonenumber",
    "serde",
    "strum",
    "thiserror",
    "time",
    "zeroize",
];

/// The names in the section `[dependencies]` of a manifest.
fn dependencies(manifest: &'static str) -> BTreeSet<&'static str> {
    let section = manifest.split("\n[dependencies]\n").nth(1);
    let lines = section.unwrap_or_default().lines();
    lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .collect()
}

#[test]
fn a_crate_uses_only_the_layers_below_it() {
    for (name, manifest, allowed) in LAYERS {
        let used = dependencies(manifest)
            .into_iter()
            .filter_map(|dependency| dependency.strip_prefix("phoneproof-"));
        for used in used {
            assert!(allowed.contains(&used), "{name} uses {used}");
        }
    }
}

#[test]
fn only_the_listed_crates_name_a_crate_of_aws() {
    let below = LAYERS.iter().map(|(name, manifest, _)| (*name, *manifest));
    for (name, manifest) in below.chain(ABOVE) {
        let allowed = NAMES_AWS.iter().find(|(own, _)| *own == name);
        let of_aws = dependencies(manifest)
            .into_iter()
            .filter(|used| used.starts_with("aws-") && *used != AWS_LC);
        for used in of_aws {
            assert!(
                allowed.is_some_and(|(_, start)| used.starts_with(start)),
                "{name} names {used}: use what phoneproof-aws has, or list it in NAMES_AWS with the reason"
            );
        }
    }
}

/// A run depends on its seed alone.
#[test]
fn the_simulator_has_the_rules_and_a_seed_and_nothing_else() {
    let used = dependencies(include_str!("../../infra/simulator/Cargo.toml"));
    assert_eq!(used, BTreeSet::from(["phoneproof-domain", "rand_chacha"]));
}

#[test]
fn the_domain_reaches_nothing_outside_the_process() {
    let used = dependencies(manifest!("domain"));
    assert_eq!(used, BTreeSet::from(OF_THE_DOMAIN));
}
