//! Each crate uses only the layers below it, and only `aws` and the ledger of `guard` use an AWS SDK.
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

/// The external crates that the domain may use. They are values, parsers and macros, and none reaches out of the process.
const OF_THE_DOMAIN: [&str; 7] = [
    "derive_more",
    "prost",
    "rlibphonenumber",
    "serde",
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
fn only_the_aws_layer_and_the_guard_name_an_aws_sdk() {
    for (name, manifest, _) in LAYERS {
        let names_one = dependencies(manifest)
            .iter()
            .any(|dependency| dependency.starts_with("aws-sdk-"));
        // The guard has an optional ledger for relying parties with a table of their own.
        let may = matches!(*name, "aws" | "guard");
        assert!(may || !names_one, "{name} names an AWS SDK");
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
