//! The runbook. Alarms link to its sections. A test runs each of its commands, or the command is marked as needing AWS.

use std::collections::BTreeSet;
use std::process::Command;

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_domain::purse::PurseRule;

use crate::template::document::{account_template, template};

const RUNBOOK: &str = include_str!("../../infra/RUNBOOK.md");

/// The mark of a block for a local stack, which the variables of `cargo run` name. `infra/admin/tests/leak.rs` runs it.
const LOCAL: &str = "<!-- local -->";

/// Lists the anchors of the headings of the runbook, as GitHub makes them.
pub(crate) fn list_anchors() -> BTreeSet<String> {
    let headings = RUNBOOK.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .replace(' ', "-")
        })
        .map(|line| {
            line.chars()
                .filter(|c| c.is_alphanumeric() || *c == '-')
                .collect()
        })
        .collect()
}

/// Lists the lines of the command blocks for stacks on AWS. A line that ends in a backslash is joined with the next.
fn list_commands() -> Vec<String> {
    let text = RUNBOOK.replace("\\\n", " ");
    let mut commands = Vec::new();
    let mut inside = false;
    let mut before = "";
    for line in text.lines().map(str::trim) {
        if line.starts_with("```") {
            inside = line == "```sh" && before != LOCAL;
        } else if inside {
            commands.push(line.to_owned());
        }
        before = line;
    }
    commands
}

/// A relying party accepts a leaked key for as long as it keeps it, so each snippet says how long, and the runbook says
/// what libraries do by themselves.
#[test]
fn every_snippet_of_a_relying_party_names_the_age_of_its_keys() {
    let readme = include_str!("../../README.md");
    let guard = include_str!("../../shared/guard/README.md");
    for (document, snippet, age, version) in [
        (
            readme,
            "PyJWKClient(",
            "cache_keys=False, lifespan=300)",
            "pyjwt[crypto]>=2.9",
        ),
        (
            readme,
            "createRemoteJWKSet(new",
            "{ cacheMaxAge: 300_000 }",
            "jose@6",
        ),
        (
            guard,
            "keyfunc.New",
            "RefreshInterval: 5 * time.Minute",
            "3.7 or later",
        ),
        (
            guard,
            "JWKSourceBuilder.create",
            ".cache(300_000, 15_000).outageTolerant(false)",
            "9.28 or later",
        ),
    ] {
        let uses: Vec<_> = document.match_indices(snippet).collect();
        assert_eq!(uses.len(), 1, "{snippet}");
        let (at, _) = uses[0];
        let statement: String = document[at..].chars().take(200).collect();
        assert!(statement.contains(age), "{snippet}: {statement}");
        assert!(document.contains(version), "{version}");
    }
    let (_, leak) = RUNBOOK
        .split_once("From when on a forged token is refused")
        .expect("the table");
    for library in [
        "PyJWT",
        "cacheMaxAge",
        "RefreshInterval",
        "jwkset",
        "Nimbus",
        "JWT authorizer",
    ] {
        assert!(leak.contains(library), "{library}");
    }
}

/// An operator in a hurry must not change another stage than the one that is attacked.
#[test]
fn every_command_that_reaches_a_stack_names_it() {
    let mut count = 0;
    for command in list_commands() {
        let (needed, exempt): (&[&str], bool) = match command.split(' ').next() {
            Some("sam") => (
                &["--config-env \"$STAGE\"", "--stack-name \"$STACK\""],
                command == "sam build",
            ),
            Some("phoneproof-admin") => (
                &[
                    "--stack-name \"$STACK\"",
                    "--stack-name $STACK ",
                    "--stack-name $ACCOUNTS ",
                ],
                [" policy check ", " simulate "]
                    .iter()
                    .any(|own| command.contains(own)),
            ),
            _ => continue,
        };
        let is_named = needed.iter().any(|needed| command.contains(needed));
        assert!(exempt || is_named, "{command}");
        count += usize::from(is_named);
    }
    assert!(count > 15);
}

/// The name of a variable that the first block makes of an output, such as `SEND_FUNCTION` of `SendFunction`.
fn make_variable(output: &str) -> String {
    let mut name = String::new();
    for character in output.chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(character.to_ascii_uppercase());
    }
    name
}

#[test]
fn the_first_block_sets_every_variable() {
    let outputs: Vec<_> = [template(), account_template()]
        .iter()
        .flat_map(|template| template["Outputs"].as_object().expect("outputs").clone())
        .map(|(output, _)| make_variable(&output))
        .collect();
    let commands = list_commands();
    let end = commands.iter().position(|line| line.starts_with("echo "));
    let (first, others) = commands.split_at(end.expect("the end of the first block") + 1);
    let unset = first.iter().find_map(|line| line.strip_prefix("unset "));
    let unset: Vec<_> = unset.expect("old values are unset").split(' ').collect();
    let mut used = 0;
    for command in others {
        for rest in command.split('$').skip(1) {
            let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
            let name = rest.split(|c| !is_name(c)).next().expect("a name");
            if name.is_empty() || ["STAGE", "STACK", "ACCOUNTS"].contains(&name) {
                continue;
            }
            used += 1;
            assert!(outputs.iter().any(|output| output == name), "{command}");
            assert!(unset.contains(&name), "{name}: it could be another stage's");
        }
    }
    assert!(used > 5);
}

/// Stands for the command line of AWS: there is a verification stack `phoneproof-dev` and an account stack
/// `accounts-dev`, with functions, of which `$BROKEN` cannot be changed.
const FAKE_AWS: &str = r#"aws() {
case "$*" in
"cloudformation describe-stacks --stack-name phoneproof-dev "*"Outputs[]."*)
  printf '%s\t%s\n' ApiUrl https://own SendFunction send KeyringSecret own-keys BlocksTable blocks ;;
"cloudformation describe-stacks --stack-name accounts-dev "*"OutputKey=='AccountsTable'"*)
  printf '%s\t%s\n' AccountsTable accounts ;;
"cloudformation describe-stack-resources --stack-name phoneproof-dev "*) printf '%s\n' send verify ;;
"cloudformation describe-stack-resources --stack-name accounts-dev "*) echo account ;;
"lambda update-function-configuration --function-name "[a-z]*)
  [ "$4" != "$BROKEN" ] || return 254
  echo "changed $4" ;;
*) echo "An error occurred (ValidationError): $*" >&2; return 254 ;;
esac
}"#;

/// Runs a block as in a shell into which somebody pastes it, with other values in place of `STAGE` and `ACCOUNTS`.
/// Returns whether it ended well, and what it said.
fn paste(block: &str, variables: &[(&str, &str)]) -> (bool, String) {
    let shown = "status=$?; echo \"KEYS=$KEYRING_SECRET\"; exit $status";
    let done = Command::new("bash")
        .args(["-c", &format!("{FAKE_AWS}\n{block}\n{shown}")])
        .env("KEYRING_SECRET", "of-another-stage")
        .envs(variables.iter().copied())
        .output()
        .expect("bash");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    (done.status.success(), said)
}

/// Finds the block of shell commands that has this line.
fn find_block(line: &str) -> &'static str {
    let mut blocks = RUNBOOK.split("```sh\n").skip(1);
    let block = blocks.find_map(|rest| {
        let (block, _) = rest.split_once("\n```")?;
        block.lines().any(|own| own == line).then_some(block)
    });
    block.expect("a block")
}

/// The accounts' keyring must not pass for that of a stack that is missing, and a missing account stack must not pass
/// for none.
#[test]
fn the_first_block_fails_when_a_stack_is_missing() {
    let block = find_block("export STAGE=dev");
    for (stage, accounts, expected) in [
        (
            "dev",
            "",
            Some("stage dev: stack phoneproof-dev at https://own \nKEYS=own-keys\n"),
        ),
        (
            "dev",
            "accounts-dev",
            Some(
                "stage dev: stack phoneproof-dev at https://own with accounts accounts-dev in accounts\nKEYS=own-keys\n",
            ),
        ),
        ("nowhere", "", None),
        ("nowhere", "accounts-dev", None),
        ("prod", "accounts-dev", None),
        ("dev", "nowhere", None),
        // A verification stack is not deployed where the accounts are.
        ("dev", "phoneproof-dev", None),
    ] {
        let block = block
            .replace("STAGE=dev", &format!("STAGE={stage}"))
            .replace("ACCOUNTS=\n", &format!("ACCOUNTS={accounts}\n"));
        let (is_good, said) = paste(&block, &[("ACCOUNTS_TABLE", "of-another-stage")]);
        if let Some(expected) = expected {
            assert_eq!((is_good, said.as_str()), (true, expected));
        } else {
            assert!(!is_good, "{stage} {accounts}: {said}");
            assert!(!said.contains("stage "), "{said}");
        }
    }
}

/// In the night of a leak, a function that goes on with the old keys must be named.
#[test]
fn the_block_of_a_leak_says_which_stack_is_left() {
    let block = find_block("start_new() {");
    let own = "changed send\nchanged verify\n";
    let all = format!("{own}changed account\n");
    for (accounts, broken, changed, left) in [
        ("", "", own, "no stack"),
        ("accounts-dev", "", all.as_str(), "no stack"),
        ("nowhere", "", own, "nowhere"),
        ("accounts-dev", "account", own, "accounts-dev"),
        (
            "accounts-dev",
            "verify",
            "changed send\nchanged account\n",
            "phoneproof-dev",
        ),
    ] {
        let variables = [
            ("STACK", "phoneproof-dev"),
            ("ACCOUNTS", accounts),
            ("BROKEN", broken),
        ];
        let (is_good, said) = paste(block, &variables);
        let end = format!("{changed}old keys may be in use for an hour in: {left}\n");
        assert!(said.starts_with(&end), "{accounts} {broken}: {said}");
        assert_eq!(is_good, left == "no stack");
    }
    let (is_good, said) = paste(block, &[("STACK", "")]);
    assert!(
        !is_good && !said.contains("no stack"),
        "the first block did not run: {said}"
    );
}

#[test]
fn every_command_is_run_or_marked_as_needing_aws() {
    let mut before = "";
    let mut blocks = 0;
    for line in RUNBOOK.lines().map(str::trim) {
        if line == "```sh" {
            blocks += 1;
            let marked = ["<!-- AWS -->", LOCAL].contains(&before);
            let marked = marked || before.starts_with("<!-- emulated");
            assert!(marked, "after {before:?}");
        }
        before = line;
    }
    assert!(blocks > 15);
}

/// An operator comes from a rule that the dashboard shows, or wants to try one before it refuses anybody.
#[test]
fn every_rule_of_purses_is_where_operators_look_for_it() {
    let section = |document: &'static str, heading: &str| {
        let (_, rest) = document.split_once(heading).expect(heading);
        rest.split("\n## ").next().unwrap_or(rest)
    };
    let limits = include_str!("../../docs/LIMITS.md");
    let (_, shadow) = DEFAULT_POLICY
        .split_once("# Rules that refuse nobody")
        .expect("the comment");
    let (shadow, _) = shadow.split_once("\nshadow = ").expect("the setting");
    let denials = section(RUNBOOK, "### Denial spike");
    let (denials, _) = denials.split_once("\n### ").expect("another section");
    let change = section(RUNBOOK, "## Change the policy");
    for rule in PurseRule::ALL.map(PurseRule::name) {
        let quoted = format!("`{rule}`");
        assert!(denials.contains(&quoted), "{rule}: the runbook's table");
        assert!(change.contains(&quoted), "{rule}: shadow mode");
        assert!(limits.contains(&quoted), "{rule}: docs/LIMITS.md");
        assert!(
            shadow.contains(&format!("\"{rule}\"")),
            "{rule}: the sample policy"
        );
    }
}

#[test]
fn every_link_in_the_runbook_leads_to_one_of_its_sections() {
    for link in RUNBOOK
        .split("](#")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
    {
        assert!(list_anchors().contains(link), "{link}");
    }
}
