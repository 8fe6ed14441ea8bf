//! What is wrong with an argument: the message names the argument, and what is accepted.

use super::*;

/// Runs a command that is refused as usage, and returns what it says.
async fn refuse(site: &Site, arguments: &[&str]) -> String {
    let output = site.run(arguments).await;
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    said
}

#[tokio::test]
async fn a_number_out_of_range_is_told_the_range() {
    let site = Site::start().await;
    let texts = "TEXTS: a whole number of texts from 0 to 1000000 is needed";
    let dollars = "0 to 1000000 US dollars are needed";
    let seeds = "a whole number from 1 to 1000 is needed";
    let first = "a whole number from 0 to 1000000000 is needed";
    let top = "a whole number from 1 to 1000000 is needed";
    for (arguments, named, accepted) in [
        (&["purse", "grant", "SG", "-3"][..], "TEXTS", texts),
        (&["purse", "grant", "SG", "1000001"], "TEXTS", texts),
        (&["purse", "grant", "SG", "1.5"], "TEXTS", texts),
        (&["purse", "budget", "SG", "-3"], "DOLLARS", dollars),
        (&["purse", "budget", "SG", "1000001"], "DOLLARS", dollars),
        (&["simulate", "--seeds", "0"], "--seeds", seeds),
        (&["simulate", "--seeds", "-1"], "--seeds", seeds),
        (&["simulate", "--seeds", "x"], "--seeds", seeds),
        (&["simulate", "--seeds", "99999999999"], "--seeds", seeds),
        (&["simulate", "--first-seed", "-1"], "--first-seed", first),
        (
            &["simulate", "--first-seed", "1000000001"],
            "--first-seed",
            first,
        ),
        (&["stats", "--top", "0"], "--top", top),
        (&["stats", "--top", "-1"], "--top", top),
        (&["stats", "--top", "99999999999999999999999"], "--top", top),
    ] {
        let said = refuse(&site, arguments).await;
        assert!(
            said.contains(named) && said.contains(accepted),
            "{arguments:?}: {said}"
        );
    }
    // The options after such a number are still options.
    let given = ["purse", "grant", "US", "3", "--for", "1h", "--yes"];
    site.run_done(&given).await;
}

#[tokio::test]
async fn a_value_that_is_missing_or_no_such_is_told_what_is_accepted() {
    let site = Site::start().await;
    let network = "network: an address of the network is needed, as in 198.51.100.7, or a prefix of one network, as in 198.51.0.0/16";
    for (arguments, accepted) in [
        (&["purse", "reset", "network"][..], network),
        (&["purse", "reset", "network", "somewhere"], network),
        (&["purse", "reset", "network", "198.51.100.7/x"], network),
        (&["purse", "reset", "network", "198.51.100.7/33"], network),
        // It has many networks.
        (&["purse", "reset", "network", "198.0.0.0/8"], network),
        (&["purse", "reset", "network", "2001:db8::/31"], network),
        (
            &["purse", "reset", "number-block"],
            "number-block: a number of the block is needed",
        ),
        (
            &["purse", "reset", "calls"],
            "calls: a country is needed, as in MA",
        ),
        (
            &["block", "phone", "--reason", "r"],
            "phone: a phone in E.164 is needed, as in +14155550100",
        ),
        (
            &["block", "device", "--reason", "r"],
            "device: the `uniqueId` of its requests is needed",
        ),
        (
            &["block", "address", "--reason", "r"],
            "address: an IPv4 or IPv6 address is needed, as in 198.51.100.7",
        ),
        (
            &["block", "network", "--reason", "r"],
            "network: an IPv4 or IPv6 prefix is needed, as in 198.51.100.0/24",
        ),
        (
            &["block", "country", "--reason", "r"],
            "country: the ISO 3166-1 code of a country is needed, as in GB",
        ),
        (
            &["explain", "-", "-", "x"],
            "address: an IPv4 or IPv6 address is needed, as in 198.51.100.7",
        ),
        (
            &["explain", PHONE, "--business", "x"],
            "--business: one of the policy is needed: ",
        ),
        (
            &["send-test", PHONE, "--business", "x"],
            "--business: one of the policy is needed: ",
        ),
        (
            &["tail", "--filter", "=x"],
            "--filter: a member and its value are needed",
        ),
        (
            &["purses", "MA"],
            "MA: a country of the policy (numbers.countries) is needed: AU, CA",
        ),
        (
            &["purse", "grant", "SG", "1", "--for", "x"],
            "as in 5m; 21d at most; a change",
        ),
        (
            &["purse", "grant", "SG", "1", "--for", "22d"],
            "as in 5m; 21d at most; a change",
        ),
        (&["simulate"], "--policy: a policy file is needed"),
        (
            &["--policy", "/no/such/file", "simulate"],
            "--policy: /no/such/file: ",
        ),
        (
            &["--region", "", "blocks"],
            "an AWS region is needed, as in us-east-1",
        ),
        (
            &["--region", "us east", "blocks"],
            "an AWS region is needed, as in us-east-1",
        ),
    ] {
        let said = refuse(&site, arguments).await;
        assert!(said.contains(accepted), "{arguments:?}: {said}");
    }
    let policy = format!("{}/../policy/policy.toml", env!("CARGO_MANIFEST_DIR"));
    for only in [",", "", "1,"] {
        let arguments = ["--policy", policy.as_str(), "simulate", "--only", only];
        let said = refuse(&site, &arguments).await;
        let accepted = "--only: ids of scenarios are needed, as in 1,2,6b; there are 1, 1n";
        assert!(said.contains(accepted), "{only}: {said}");
    }
    let arguments = [
        "--policy",
        policy.as_str(),
        "simulate",
        "--load",
        "/no/such/file",
    ];
    let said = refuse(&site, &arguments).await;
    assert!(said.contains("--load: /no/such/file: "), "{said}");
}

#[tokio::test]
async fn a_purse_without_an_item_is_named() {
    let site = Site::start().await;
    for (arguments, named) in [
        (
            &["purse", "reset", "network", "198.51.7.7", "--yes"][..],
            "network 198.51.0.0/16: ",
        ),
        (
            &["purse", "reset", "network", "198.51.7.0/24", "--yes"],
            "network 198.51.0.0/16: ",
        ),
        (
            &["purse", "reset", "number-block", "+1415200", "--yes"],
            "number-block +1415200xxxx: ",
        ),
        (&["purse", "reset", "US", "--yes"], "US: "),
        (&["purse", "reset", "calls", "US", "--yes"], "calls US: "),
    ] {
        let output = site.run(arguments).await;
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).expect("UTF-8");
        let words = format!("{named}there is nothing to reset");
        assert!(said.contains(&words), "{arguments:?}: {said}");
    }
}
