//! The first roots of both keyrings leak, and an operator follows the runbook to the letter.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

#[path = "admin/command.rs"]
mod command;

use http::Method;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_crypto::webhook::HookSecret;
use phoneproof_domain::clock::Clock as _;
use phoneproof_guard::{Https, RemoteGuard};
use phoneproof_local::aws::{ACCOUNT_SECRET_ID, SECRET_ID};
use phoneproof_tests::{Answer, Client, Forger, World, jwt_part, phone};
use serde_json::{Value, json};

use crate::command::admin_command;

const RUNBOOK: &str = include_str!("../../RUNBOOK.md");
const PASSWORD: &str = "green mountains at noon";
/// What the thief makes of another account's password.
const STOLEN: &str = "yellow rivers at night";
/// How many tokens are forged under each id.
const FORGED: u32 = 50;

/// The commands of one list, each with the words before it that name a stack, if any.
type Commands = Vec<(Option<&'static str>, Vec<&'static str>)>;

/// Lists the commands of the section "After a leak" that call `phoneproof-admin`: those for stacks on AWS, with the
/// variable that names the stack, and those for a local stack.
fn read_runbook() -> [Commands; 2] {
    let (_, section) = RUNBOOK
        .split_once("\n## After a leak\n")
        .expect("a section");
    let (section, _) = section.split_once("\n## ").expect("a next section");
    let commands = section.lines().filter_map(|line| {
        let rest = line.strip_prefix("phoneproof-admin ")?;
        let Some(rest) = rest.strip_prefix("--stack-name $") else {
            return Some((None, rest.split_whitespace().collect()));
        };
        let mut words = rest.split_whitespace();
        Some((words.next(), words.collect()))
    });
    let (on_aws, local) = commands.partition(|(stack, _)| stack.is_some());
    [on_aws, local]
}

/// Runs `phoneproof-admin` on the stack with the variables that `cargo run` prints. It must succeed. `stack` is the
/// runbook's variable for the name of a stack on AWS, in whose place only the variable of its keyring is set.
async fn run(world: &World, stack: Option<&str>, arguments: &[&str]) -> String {
    let mut command = admin_command(&world.stack, &world.stack.url, arguments);
    if stack != Some("ACCOUNTS") {
        command.env("KEYRING_SECRET_ID", SECRET_ID);
    }
    if stack != Some("STACK") {
        command.env("ACCOUNT_KEYRING_SECRET_ID", ACCOUNT_SECRET_ID);
    }
    let output = command::run(command).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Reads the root that a stack was born with.
fn first_root(secret: &str) -> String {
    let keyring: Value = serde_json::from_str(secret).expect("JSON");
    keyring["r1"].as_str().expect("a root").to_owned()
}

/// Somebody who has read both secrets, and has seen one token of each kind.
struct Thief {
    roots: [Forger; 2],
    success: [Value; 2],
    access: [Value; 2],
    made: u32,
}

impl Thief {
    async fn new(world: &World, success: &str, access: &str) -> Self {
        let secrets = [
            world.secret(SECRET_ID).await,
            world.secret(ACCOUNT_SECRET_ID).await,
        ];
        let parts = |token| [jwt_part(token, 0), jwt_part(token, 1)];
        Self {
            roots: secrets.map(|secret| Forger::of_root(&first_root(&secret))),
            success: parts(success),
            access: parts(access),
            made: 0,
        }
    }

    /// Forges a success token for the victim, or with no `audience` an access token.
    fn forge(&mut self, kid: &str, audience: Option<&str>) -> String {
        self.made += 1;
        let (root, [mut header, mut claims]) = match audience {
            Some(_) => (&self.roots[0], self.success.clone()),
            None => (&self.roots[1], self.access.clone()),
        };
        header["kid"] = json!(kid);
        claims["jti"] = json!(format!("forged-{}", self.made));
        claims["exp"] = json!(u64::MAX);
        if let Some(audience) = audience {
            claims["aud"] = json!(audience);
        }
        root.sign(&header, &claims.to_string())
    }

    /// Forges a success token for any phone.
    fn forge_for(&mut self, phone: &str, kid: &str, audience: &str) -> String {
        let owner = std::mem::replace(&mut self.success[1]["phone_number"], json!(phone));
        let token = self.forge(kid, Some(audience));
        self.success[1]["phone_number"] = owner;
        token
    }

    /// Whether forged tokens are accepted at spend, at the account service as success token and as access token.
    async fn try_service(&mut self, client: &Client, kid: &str) -> [bool; 3] {
        let spent = client.spend(&self.forge(kid, Some("login")), "login").await;
        let token = self.forge(kid, Some("password-reset"));
        // A good token gets as far as the rules of passwords, and stays unspent.
        let body = json!({ "token": token, "password": "tiny" });
        let reset = client.post("/account/v1/password-reset", &body).await;
        let me = get_me(client, &self.forge(kid, None)).await;
        [
            spent.status == 200,
            reset.problem() == "password-refused",
            me.status == 200,
        ]
    }
}

async fn get_me(client: &Client, access: &str) -> Answer {
    let authorization = format!("Bearer {access}");
    let headers = [("authorization", authorization.as_str())];
    client
        .raw(Method::GET, "/account/v1/me", &headers, Vec::new())
        .await
}

async fn log_in(client: &Client, n: u32, password: &str) -> Answer {
    let body = json!({ "phone": phone(n), "password": password });
    client.post("/account/v1/sessions", &body).await
}

/// Sends a text to the `n`-th phone, from a device and an address of its own.
async fn send(world: &World, n: u32) -> Answer {
    world.advance(60);
    let (device, address) = (format!("d{n}"), format!("198.18.0.{n}"));
    world.client.send_from(&phone(n), &device, &address).await
}

/// Blocks phone 2, locks phone 3 and uses up what phone 4 may get in an hour. Returns the answers to their next sends.
async fn refuse_three(world: &World) -> [String; 3] {
    let block = ["block", "phone", &phone(2), "--reason", "test"];
    run(world, Some("STACK"), &block).await;
    for _ in 0..4 {
        let token = send(world, 3).await.token();
        for _ in 0..5 {
            let wrong = world.wrong_code(&phone(3));
            world.client.verify(&token, &wrong).await;
        }
    }
    for _ in 0..5 {
        assert_eq!(send(world, 4).await.status, 202);
    }
    next_refusals(world).await
}

/// Which rules refuse the next texts to the three phones.
async fn next_refusals(world: &World) -> [String; 3] {
    let mut rules = Vec::new();
    for n in 2..=4 {
        let refused = send(world, n).await;
        rules.push(refused.json["rule"].as_str().unwrap_or_default().to_owned());
    }
    rules.try_into().expect("three")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_root_leaks_and_the_runbook_is_followed() {
    let [commands, _] = read_runbook();
    let stacks: Vec<_> = commands.iter().filter_map(|(stack, _)| *stack).collect();
    assert_eq!(stacks, ["STACK", "ACCOUNTS", "STACK", "ACCOUNTS"]);
    assert_eq!(commands[2].1[0], "hook-secrets");
    Box::pin(follow(commands)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_root_of_a_local_stack_leaks_and_the_runbook_is_followed() {
    let [_, commands] = read_runbook();
    assert_eq!(commands.len(), 3);
    Box::pin(follow(commands)).await;
}

/// Reads the secrets of the send hook that a receiver is given for this keyring.
fn hook_secrets(keyring: &str) -> Vec<String> {
    let keyring = Keyring::from_json(keyring).expect("a keyring");
    let secrets = keyring.roots().map(HookSecret::of);
    secrets.map(|secret| secret.expose().to_string()).collect()
}

/// Returns what stands in quotes behind an option of the command with `start` in the section "After a leak".
fn read_option(start: &str, option: &str) -> &'static str {
    let (_, command) = RUNBOOK.split_once(start).expect("the command");
    let (_, rest) = command.split_once(option).expect("the option");
    rest.split('\'').nth(1).expect("quoted")
}

/// Posts to the account service.
async fn post(client: &Client, path: &str, body: &Value) -> Answer {
    client.post(&format!("/account/v1{path}"), body).await
}

/// What a thief did with accounts while the account service still knew the old key set.
struct Window {
    /// When it began, in seconds since 1970.
    since: i64,
    /// A session of the first phone's account.
    session: Value,
}

impl Window {
    /// Begins a session for the first phone and resets the password of the sixth, with forged tokens.
    async fn use_up(thief: &mut Thief, client: &Client, since: i64) -> Self {
        let token = thief.forge("r1", Some("login"));
        let begun = post(client, "/sessions", &json!({ "token": token })).await;
        assert_eq!(begun.status, 201, "{}", begun.text);
        let token = thief.forge_for(&phone(6), "r1", "password-reset");
        let body = json!({ "token": token, "password": STOLEN });
        let reset = post(client, "/password-reset", &body).await;
        assert_eq!(reset.status, 204, "{}", reset.text);
        Self {
            since,
            session: begun.json,
        }
    }

    /// Exchanges the refresh token of the session, which works as long as the session lives.
    async fn refresh(&mut self, client: &Client) -> u16 {
        let body = json!({ "refreshToken": self.session["refreshToken"] });
        let answer = post(client, "/sessions/refresh", &body).await;
        if answer.status == 200 {
            self.session = answer.json;
        }
        answer.status
    }

    /// Finds the accounts that were changed in the window with the runbook's scan, and closes each with its update.
    async fn close(&self, world: &World) -> usize {
        let scan = "aws dynamodb scan --table-name \"$ACCOUNTS_TABLE\" \\\n  --filter-expression 'created_at";
        let values = read_option(
            scan,
            ":since OR phone_changed_at >= :since' \\\n  --expression",
        );
        let values = values.replace("1795435200", &self.since.to_string());
        let filter = scan.rsplit('\'').next().expect("its start").to_owned();
        let (_, rest) = RUNBOOK.split_once(scan).expect("the scan");
        let filter = filter + rest.split('\'').next().expect("its end");
        let table = &world.database.account_tables.accounts;
        let values: Value = serde_json::from_str(&values).expect("JSON");
        let scan = json!({ "TableName": table, "FilterExpression": filter, "ExpressionAttributeValues": values });
        let found = world.dynamodb("Scan", &scan).await;
        let items = found.json["Items"].as_array().expect("items").clone();
        let update = "aws dynamodb update-item --table-name \"$ACCOUNTS_TABLE\"";
        let values = read_option(update, "--expression-attribute-values");
        let values: Value = serde_json::from_str(values).expect("JSON");
        for item in &items {
            let closed = json!({
                "TableName": table,
                "Key": { "pk": item["pk"] },
                "ConditionExpression": read_option(update, "--condition-expression"),
                "UpdateExpression": read_option(update, "--update-expression"),
                "ExpressionAttributeValues": values,
            });
            let answer = world.dynamodb("UpdateItem", &closed).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        items.len()
    }
}

/// Lets the first roots of both keyrings leak, runs `commands`, which replace the first and then the second, may print
/// the secrets of the hook and replace the second again, and counts what is accepted afterwards.
async fn follow(mut commands: Commands) {
    let root = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01";
    let keyring = format!(r#"{{"current":"r1","r1":"{root}"}}"#);
    let world = World::builder().keyring(&keyring).start().await;
    let refused = refuse_three(&world).await;
    assert_eq!(refused, ["blocked-phone", "phone-lock", "phone-per-hour"]);
    for n in [1, 6] {
        let token = world.proof("register", &phone(n)).await;
        let body = json!({ "token": token, "password": PASSWORD });
        let registered = post(&world.client, "/accounts", &body).await;
        assert_eq!(registered.status, 201, "{}", registered.text);
    }
    let session = log_in(&world.client, 1, PASSWORD).await;
    let access = session.json["accessToken"].as_str().expect("a token");
    // The account service reads its own keyring now, and the key set 200 seconds later. So after the leak it knows its
    // new keys 200 seconds before it knows those of the verification service.
    world.advance(240);
    assert_eq!(get_me(&world.client, access).await.status, 200);
    let unspent = world.proof("login", &phone(1)).await;
    let live = send(&world, 5).await.token();
    world.advance(80);

    let mut thief = Thief::new(&world, &unspent, access).await;
    let guard: RemoteGuard<Https> =
        RemoteGuard::new(world.stack.url.as_str(), Https::new().expect("a client"));
    let now = || u64::try_from(world.clock.now().unix()).expect("after 1970");
    assert_eq!(thief.try_service(&world.client, "r1").await, [true; 3]);
    let forged = thief.forge("r1", Some("login"));
    assert!(guard.check(&forged, "login", now()).await.is_ok());

    let (stack, last) = commands.pop().expect("the last step");
    for ((stack, arguments), secret) in commands.iter().zip([SECRET_ID, ACCOUNT_SECRET_ID]) {
        let shown = run(&world, *stack, arguments).await;
        assert!(shown.contains("Gone: `r1`."), "{shown}");
        assert!(shown.contains("The keyring has a new form."), "{shown}");
        assert!(shown.contains("Not touched: "), "{shown}");
        assert!(shown.contains("steps 5 and 6"), "what comes next: {shown}");
        assert!(!world.secret(secret).await.contains("\"r1\":\""), "{shown}");
    }
    assert!(!world.secret(SECRET_ID).await.contains(root));
    // The receiver of the send hook gets a secret that the thief does not have.
    for (stack, arguments) in &commands[2..] {
        let shown = run(&world, *stack, arguments).await;
        assert!(!shown.contains(&hook_secrets(&keyring)[0]), "{shown}");
        for secret in hook_secrets(&world.secret(SECRET_ID).await) {
            assert!(shown.contains(&secret), "{shown}");
        }
    }

    // New instances refuse at once.
    let instance = world.instance().await;
    let fresh = Client::new(&instance.url);
    assert_eq!(fresh.spend(&unspent, "login").await.status, 400);
    let verified = fresh.verify(&live, &world.code(&phone(5))).await;
    assert_eq!(
        (verified.status, verified.problem()),
        (400, "invalid-token")
    );
    assert_eq!(get_me(&fresh, access).await.status, 401);
    let [spent, _, me] = thief.try_service(&fresh, "r1").await;
    assert_eq!([spent, me], [false; 2]);

    // The account service has its new keys, and still knows the old key set.
    world.advance(110);
    let since = world.clock.now().unix();
    let mut window = Window::use_up(&mut thief, &world.client, since).await;

    // Running ones, and all guards, within 15 minutes. No id helps.
    world.advance(900);
    assert_eq!(window.refresh(&fresh).await, 200, "no key ends it");
    let shown = run(&world, stack, &last).await;
    assert!(shown.contains("Gone: `r2`."), "{shown}");
    let instance = world.instance().await;
    assert_eq!(window.refresh(&Client::new(&instance.url)).await, 401);
    let access = window.session["accessToken"].as_str().expect("a token");
    let fresh = Client::new(&instance.url);
    assert_eq!(get_me(&fresh, access).await.status, 401);
    assert_eq!(log_in(&fresh, 6, STOLEN).await.status, 201);
    assert_eq!(window.close(&world).await, 1, "the one that was reset");
    assert_eq!(log_in(&fresh, 6, STOLEN).await.status, 401);
    for kid in ["r1", "r2"] {
        for _ in 0..FORGED {
            for client in [&world.client, &fresh] {
                assert_eq!(thief.try_service(client, kid).await, [false; 3], "{kid}");
            }
            let forged = thief.forge(kid, Some("login"));
            assert!(guard.check(&forged, "login", now()).await.is_err(), "{kid}");
        }
    }

    assert_eq!(next_refusals(&world).await, refused);
    assert_eq!(log_in(&world.client, 1, PASSWORD).await.status, 201);
    // The owner of the account that was closed sets a new password.
    let token = world.proof("password-reset", &phone(6)).await;
    let body = json!({ "token": token, "password": PASSWORD });
    let reset = post(&world.client, "/password-reset", &body).await;
    assert_eq!(reset.status, 204, "{}", reset.text);
    assert_eq!(log_in(&world.client, 6, PASSWORD).await.status, 201);
    let success = world.proof("login", &phone(1)).await;
    let proof = guard.check(&success, "login", now()).await;
    assert_eq!(proof.expect("accepted").phone, phone(1));
    assert_eq!(world.client.spend(&success, "login").await.status, 200);
}
