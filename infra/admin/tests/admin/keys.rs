//! `keys`: each step, both keyrings, and operators at once.

use super::*;

#[tokio::test]
async fn keys_are_rotated_step_by_step() {
    let site = Site::start().await;
    let token = site.client.send(PHONE).await.token();
    let listed = site.run_done(&["keys", "list"]).await;
    assert_eq!(
        (&listed["keys"][0]["id"], &listed["keys"][0]["current"]),
        (&json!("r1"), &json!(true))
    );
    site.run_done(&["keys", "add"]).await;
    let (code, early) = site.run_json(&["keys", "promote", "r2", "--yes"]).await;
    assert_eq!(code, 4, "{early}");
    let promoted = site
        .run_done(&["keys", "promote", "r2", "--yes", "--force"])
        .await;
    assert_eq!(
        (&promoted["keys"][1]["id"], &promoted["keys"][1]["current"]),
        (&json!("r2"), &json!(true))
    );
    for in_use in [&["r2", "--force"][..], &["r1"]] {
        let step = [&["keys", "retire", "--yes"], in_use].concat();
        let (code, refused) = site.run_json(&step).await;
        assert_eq!(code, 4, "{in_use:?}: {refused}");
    }
    assert_eq!(site.run_json(&["keys", "retire", "r9", "--yes"]).await.0, 3);
    assert_eq!(site.run_json(&["keys", "add", "r1"]).await.0, 2);
    let (code, refused) = site.run_json(&["keys", "add", "R-2"]).await;
    assert_eq!(code, 2, "{refused}");
    assert!(
        refused.to_string().contains("ID: 1 to 16 lower-case"),
        "{refused}"
    );
    let (code, refused) = site.run_json(&["keys", "retire", "index", "--yes"]).await;
    assert_eq!(code, 4, "{refused}");
    assert!(refused.to_string().contains("never retired"), "{refused}");
    // The service still accepts a challenge made with the old root.
    assert_eq!(
        site.client
            .verify(&token, &site.read_code(PHONE))
            .await
            .status,
        200
    );
    site.run_done(&["keys", "add", "r3"]).await;
    site.run_done(&["keys", "retire", "r3", "--yes"]).await;
    let retired = site
        .run_done(&["keys", "retire", "r1", "--yes", "--force"])
        .await;
    let ids: Vec<_> = retired["keys"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|key| (&key["id"], &key["purpose"]))
        .collect();
    let expected = [("r2", "root"), ("index", "index")].map(|(id, is)| (json!(id), json!(is)));
    assert_eq!(
        ids,
        [
            (&expected[0].0, &expected[0].1),
            (&expected[1].0, &expected[1].1)
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_operators_at_once_never_both_change_the_keyring() {
    let site = Site::start().await;
    let list = async || {
        let listed = site.run_done(&["keys", "list"]).await;
        let keys = listed["keys"].as_array().expect("keys").iter();
        let ids = keys.map(|key| key["id"].as_str().expect("an id").to_owned());
        ids.collect::<Vec<_>>()
    };
    for round in 0..3 {
        let ids = ["a", "b", "c"].map(|name| format!("{name}{round}"));
        let add = async |id: &str| site.run_json(&["keys", "add", id]).await.0;
        let codes: [i32; 3] = tokio::join!(add(&ids[0]), add(&ids[1]), add(&ids[2])).into();
        let listed = list().await;
        for (id, code) in ids.iter().zip(codes) {
            let expected = if listed.contains(id) { 0 } else { 4 };
            assert_eq!(code, expected, "{id}: {listed:?}");
        }
        assert!(codes.contains(&0), "one of them is the first");
        let (before, late) = (list().await, format!("z{round}"));
        let (leaked, added) = tokio::join!(
            site.run_json(&["keys", "rotate", "--leaked", "--yes"]),
            add(&late)
        );
        let (listed, (code, said)) = (list().await, leaked);
        let survived = listed.iter().any(|id| id != "index" && before.contains(id));
        assert_eq!(code, if survived { 4 } else { 0 }, "{said} {listed:?}");
        // A root that was added just before a rotation went with it.
        let was_added = listed.contains(&late) || code == 0;
        assert!(
            added == 4 || (added == 0 && was_added),
            "{added} {listed:?}"
        );
        site.run_done(&["keys", "rotate", "--leaked", "--yes"])
            .await;
    }
}

#[tokio::test]
async fn keeps_the_peppers_of_an_account_stack_until_they_are_given_up_by_name() {
    let site = Site::start().await;
    let keyring = ("ACCOUNT_KEYRING_SECRET_ID", ACCOUNT_SECRET_ID);
    let step = async |arguments: &[&str]| {
        let arguments = [&["--json", "--yes", "keys"], arguments].concat();
        let output = site.run_on(&arguments, keyring).await;
        let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), json)
    };
    let peppers = |listed: &Value| -> Vec<(Value, Value)> {
        let keys = listed["keys"].as_array().into_iter().flatten();
        keys.filter(|key| key["purpose"] == "pepper")
            .map(|key| (key["id"].clone(), key["current"].clone()))
            .collect()
    };
    assert_eq!(step(&["add", "r2"]).await.0, Some(0));
    assert_eq!(step(&["promote", "r2", "--force"]).await.0, Some(0));
    // Sessions live for a month.
    assert_eq!(step(&["retire", "r1"]).await.0, Some(4));
    let (code, listed) = step(&["retire", "r1", "--force"]).await;
    assert_eq!(code, Some(0), "{listed}");
    assert_eq!(peppers(&listed), [(json!("r1"), json!(true))]);
    assert_eq!(step(&["retire-pepper", "r1", "--force"]).await.0, Some(4));
    let (code, listed) = step(&["rotate", "--leaked"]).await;
    assert_eq!(code, Some(0), "{listed}");
    let expected = [("r1", true), ("p1", false)].map(|(id, is)| (json!(id), json!(is)));
    assert_eq!(peppers(&listed), expected);
    assert_eq!(step(&["retire-pepper", "r1", "--force"]).await.0, Some(4));
    assert_eq!(step(&["retire-pepper", "r9", "--force"]).await.0, Some(3));
    // It signs access tokens.
    let (code, added) = step(&["add-rsa"]).await;
    assert_eq!(
        (code, &added["done"]),
        (Some(0), &json!("`rsa1` signs access tokens in 10 minutes"))
    );
    // The other keyring has no pepper in use, and says so.
    let (code, refused) = site
        .run_json(&["keys", "retire-pepper", "r1", "--force", "--yes"])
        .await;
    assert_eq!(code, 2, "{refused}");
    assert!(
        refused["error"]
            .as_str()
            .is_some_and(|error| error.contains("no passwords")),
        "{refused}"
    );
    // The verification service's keyring was not touched, and shows no peppers.
    let verification = site.run_done(&["keys", "list"]).await;
    assert_eq!(verification["keys"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn adds_and_retires_an_rsa_key() {
    let site = Site::start().await;
    let added = site.run_done(&["keys", "add-rsa", "--yes"]).await;
    assert_eq!(
        (&added["keys"][1]["id"], &added["keys"][1]["algorithm"]),
        (&json!("rsa1"), &json!("RS256"))
    );
    let done = added["done"].as_str().expect("what was done");
    assert!(
        done.starts_with("`rsa1` signs success tokens in 10 minutes"),
        "{done}"
    );
    let human = site.run_human(&["keys", "list"]).await;
    assert_eq!(added["keys"][1]["current"], false, "{human}");
    let from = added["keys"][1]["from"].as_str().expect("an instant");
    assert!(human.contains(&format!("signs from {from}")), "{human}");
    assert_eq!(
        site.run_json(&["keys", "add-rsa", "rsa2", "--yes"]).await.0,
        2
    );
    assert_eq!(
        site.run_json(&["keys", "retire", "rsa1", "--yes"]).await.0,
        4
    );
    site.run_done(&["keys", "retire", "rsa1", "--yes", "--force"])
        .await;
}

#[tokio::test]
async fn each_keyring_of_a_local_stack_is_reached_and_the_wrong_one_is_refused_by_name() {
    let site = Site::start().await;
    // The variables as `cargo run` prints them.
    let printed = [
        ("KEYRING_SECRET_ID", SECRET_ID),
        ("ACCOUNT_KEYRING_SECRET_ID", ACCOUNT_SECRET_ID),
    ];
    let run = async |arguments: &[&str], variables: &[(&str, &str)]| {
        let arguments = [&["--json", "--yes"], arguments].concat();
        let output = site.run_with(&arguments, variables).await;
        let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().expect("a code"), json)
    };
    let ids = |listed: &Value| {
        let keys = listed["keys"].as_array().into_iter().flatten();
        let ids: Vec<_> = keys
            .map(|key| key["id"].as_str().expect("an id").to_owned())
            .collect();
        ids.join(" ")
    };
    for (keyring, expected) in [
        (None, "verification"),
        (Some("account"), "account"),
        (Some("verification"), "verification"),
    ] {
        let option: Vec<&str> = keyring
            .into_iter()
            .flat_map(|keyring| ["--keyring", keyring])
            .collect();
        for arguments in [
            [&["keys"], &option[..], &["list"]].concat(),
            [&["keys", "list"], &option[..]].concat(),
        ] {
            let (code, listed) = run(&arguments, &printed).await;
            assert_eq!(
                (code, &listed["keyring"]),
                (0, &json!(expected)),
                "{arguments:?}"
            );
        }
    }
    // Each step on the one leaves the other alone.
    let (_, before) = run(&["keys", "list"], &printed).await;
    let (code, leaked) = run(
        &["keys", "--keyring", "account", "rotate", "--leaked"],
        &printed,
    )
    .await;
    assert_eq!((code, ids(&leaked)), (0, "r2 index r1 p1".to_owned()));
    let said = leaked["done"].as_str().expect("words");
    assert!(
        said.contains("Not touched: the keyring of the verification service"),
        "{said}"
    );
    assert!(said.contains("--keyring verification"), "{said}");
    assert_eq!(run(&["keys", "list"], &printed).await.1, before);
    let (code, leaked) = run(&["keys", "rotate", "--leaked"], &printed).await;
    assert_eq!((code, ids(&leaked)), (0, "r2 index".to_owned()));
    let said = leaked["done"].as_str().expect("words");
    assert!(
        said.contains("Not touched: the keyring of the account service"),
        "{said}"
    );
    assert!(said.contains("--keyring account"), "{said}");
    // A pepper that waits says from when on it is used.
    let human = site
        .run_with(&["keys", "--keyring", "account", "list"], &printed)
        .await;
    let human = String::from_utf8(human.stdout).expect("UTF-8");
    let (_, listed) = run(&["keys", "--keyring", "account", "list"], &printed).await;
    let from = listed["keys"][3]["from"].as_str().expect("an instant");
    assert!(human.contains(&format!("used from {from}")), "{human}");
}

/// Runs a command with the variables of a local stack exchanged or missing. Returns its exit code and what it printed.
async fn run_with(site: &Site, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, Value) {
    let arguments = [&["--json", "--yes"], arguments].concat();
    let output = site.run_with(&arguments, variables).await;
    let json = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().expect("a code"), json)
}

#[tokio::test]
async fn the_keyring_of_the_other_service_is_refused_by_name() {
    let site = Site::start().await;
    site.run_done(&["keys", "add"]).await;
    // Exchanged variables.
    let secrets = (
        site.secret(SECRET_ID).await,
        site.secret(ACCOUNT_SECRET_ID).await,
    );
    for (variable, secret, commands) in [
        (
            "KEYRING_SECRET_ID",
            ACCOUNT_SECRET_ID,
            &[
                &["keys", "list"][..],
                &["keys", "rotate", "--leaked"],
                &["keys", "add"],
                &["block", "phone", PHONE, "--reason", "r"],
                &["explain", PHONE],
                &["unlock", PHONE],
                &["forget", PHONE],
            ][..],
        ),
        (
            "ACCOUNT_KEYRING_SECRET_ID",
            SECRET_ID,
            &[
                &["keys", "--keyring", "account", "rotate", "--leaked"][..],
                &["keys", "list", "--keyring", "account"],
            ],
        ),
    ] {
        for command in commands {
            let (code, refused) = run_with(&site, command, &[(variable, secret)]).await;
            assert_eq!(code, 2, "{command:?}: {refused}");
            let error = refused["error"].as_str().expect("an error");
            assert!(error.contains(&format!("`{secret}`")), "{error}");
            let advice = refused["advice"].as_str().expect("advice");
            assert!(advice.contains("--keyring"), "{advice}");
        }
    }
    assert_eq!(
        (
            site.secret(SECRET_ID).await,
            site.secret(ACCOUNT_SECRET_ID).await
        ),
        secrets
    );
    let verification = [("KEYRING_SECRET_ID", SECRET_ID)];
    let (code, missing) = run_with(
        &site,
        &["keys", "--keyring", "account", "list"],
        &verification,
    )
    .await;
    assert_eq!(code, 2);
    let error = missing["error"].as_str().expect("an error");
    assert!(error.contains("ACCOUNT_KEYRING_SECRET_ID"), "{error}");
    assert_eq!(
        run_with(&site, &["keys", "--keyring", "both", "list"], &verification)
            .await
            .0,
        2
    );
}

#[tokio::test]
async fn an_id_is_used_once() {
    let site = Site::start().await;
    assert_eq!(site.run_json(&["keys", "add", "index"]).await.0, 2);
    site.run_done(&["keys", "add-rsa", "--yes"]).await;
    site.run_done(&["keys", "rotate", "--leaked", "--yes"])
        .await;
    for id in ["r1", "rsa1", "r2", "rsa2", "index", "R9", "r-9", ""] {
        let (code, refused) = site.run_json(&["keys", "add", id]).await;
        assert_eq!(code, 2, "{id}: {refused}");
    }
    let (_, refused) = site.run_json(&["keys", "add", "r1"]).await;
    let said = refused["error"].as_str().expect("an error");
    assert!(
        said.contains("was used before") && said.contains("`r3`"),
        "{said}"
    );
    for word in ["current", "add", "retire"] {
        let (code, refused) = site.run_json(&["keys", "add", word]).await;
        let said = refused["error"].as_str().expect("an error");
        assert_eq!(code, 2, "{said}");
        let why = said.contains("reserved word") && said.contains("`r3`");
        assert!(why, "{said}");
    }
    // Without a name, the next one that no key had.
    let added = site.run_done(&["keys", "add"]).await;
    assert_eq!(added["keys"][1]["id"], "r3");
    site.run_done(&["keys", "retire", "r3", "--yes"]).await;
    assert_eq!(site.run_done(&["keys", "add"]).await["keys"][1]["id"], "r4");
    site.run_done(&["keys", "retire", "rsa2", "--yes", "--force"])
        .await;
    let added = site.run_done(&["keys", "add-rsa", "--yes"]).await;
    assert_eq!(added["keys"][2]["id"], "rsa3");
}
