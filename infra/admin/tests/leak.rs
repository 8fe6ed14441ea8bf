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

async fn log_in(client: &Client) -> Answer {
    let body = json!({ "phone": phone(1), "password": PASSWORD });
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
    assert_eq!(stacks, ["STACK", "ACCOUNTS", "STACK"]);
    assert_eq!(commands[2].1[0], "hook-secrets");
    Box::pin(follow(commands)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_root_of_a_local_stack_leaks_and_the_runbook_is_followed() {
    let [_, commands] = read_runbook();
    assert_eq!(commands.len(), 2);
    Box::pin(follow(commands)).await;
}

/// Reads the secrets of the send hook that a receiver is given for this keyring.
fn hook_secrets(keyring: &str) -> Vec<String> {
    let keyring = Keyring::from_json(keyring).expect("a keyring");
    let secrets = keyring.roots().map(HookSecret::of);
    secrets.map(|secret| secret.expose().to_string()).collect()
}

/// Lets the first roots of both keyrings leak, runs `commands`, which replace the first and then the second and may print the
/// secrets of the hook, and counts what is accepted afterwards.
async fn follow(commands: Commands) {
    let root = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01";
    let keyring = format!(r#"{{"current":"r1","r1":"{root}"}}"#);
    let world = World::builder().keyring(&keyring).start().await;
    let refused = refuse_three(&world).await;
    assert_eq!(refused, ["blocked-phone", "phone-lock", "phone-per-hour"]);
    let token = world.proof("register", &phone(1)).await;
    let body = json!({ "token": token, "password": PASSWORD });
    let registered = world.client.post("/account/v1/accounts", &body).await;
    assert_eq!(registered.status, 201, "{}", registered.text);
    let session = log_in(&world.client).await;
    let access = session.json["accessToken"].as_str().expect("a token");
    let unspent = world.proof("login", &phone(1)).await;
    let live = send(&world, 5).await.token();

    let mut thief = Thief::new(&world, &unspent, access).await;
    let guard: RemoteGuard<Https> =
        RemoteGuard::new(world.stack.url.as_str(), Https::new().expect("a client"));
    let now = || u64::try_from(world.clock.now().unix()).expect("after 1970");
    assert_eq!(thief.try_service(&world.client, "r1").await, [true; 3]);
    let forged = thief.forge("r1", Some("login"));
    assert!(guard.check(&forged, "login", now()).await.is_ok());

    for ((stack, arguments), secret) in commands.iter().zip([SECRET_ID, ACCOUNT_SECRET_ID]) {
        let shown = run(&world, *stack, arguments).await;
        assert!(shown.contains("Gone: `r1`."), "{shown}");
        assert!(shown.contains("The keyring has a new form."), "{shown}");
        assert!(shown.contains("Not touched: "), "{shown}");
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

    // Running ones, and all guards, within 15 minutes. No id helps.
    world.advance(900);
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
    assert_eq!(log_in(&world.client).await.status, 201);
    let success = world.proof("login", &phone(1)).await;
    let proof = guard.check(&success, "login", now()).await;
    assert_eq!(proof.expect("accepted").phone, phone(1));
    assert_eq!(world.client.spend(&success, "login").await.status, 200);
}
