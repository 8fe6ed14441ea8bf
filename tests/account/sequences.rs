//! Random sequences of requests, compared with a model that knows which of them may change a password.

mod sessions;

use std::collections::BTreeMap;

use http::Method;
use phoneproof_domain::random::Random as _;
use phoneproof_tests::{Answer, SeededRandom, World, phone};
use serde_json::{Value, json};

use crate::account::{call_with_token, log_in, read_tokens, refresh};

/// How long the sample policy's success tokens live, in seconds.
const TOKEN_LIFETIME: u64 = 300;
/// The leeway that the guard gives clocks, in seconds. A token in this stretch may be accepted or not.
const LEEWAY: u64 = 60;
/// A session ends after this many seconds without use. An account that is asked for its phone loses it after as many.
const WEEK: u64 = 7 * 86_400;
const BUSINESSES: [&str; 4] = ["register", "login", "password-change", "password-reset"];

/// A success token and what the model knows about it.
struct Proof {
    token: String,
    business: &'static str,
    phone: usize,
    at: u64,
    spent: bool,
}

/// A session, whose access token may open the change of a password.
struct Session {
    access: String,
    refresh: String,
    phone: usize,
    /// When its access token was issued.
    at: u64,
    ended: bool,
}

/// An account. The model keeps it under its phone.
struct Account {
    password: String,
    second_step: bool,
    recovery: Option<String>,
    /// When somebody else asked for its phone. `None` after the account was used again.
    asked_at: Option<u64>,
}

/// The service, and the passwords, sessions and accounts that it should have.
struct Model {
    world: World,
    dice: SeededRandom,
    now: u64,
    proofs: Vec<Proof>,
    sessions: Vec<Session>,
    /// The accounts, by the number of their phone.
    accounts: BTreeMap<usize, Account>,
    /// Tokens of other kinds, which must not count as success tokens.
    foreign: Vec<String>,
    serial: u32,
    changes: u32,
    refusals: u32,
    taken_over: u32,
    recovered: u32,
    deleted: u32,
}

impl Model {
    async fn new(seed: u64) -> Self {
        let world = World::builder()
            .policy("cooldown_seconds = 60 ", "cooldown_seconds = 10 ")
            .policy("code_lifetime_seconds = 300", "code_lifetime_seconds = 350")
            .policy("phone_per_hour = 5", "phone_per_hour = 1000")
            .policy("phone_per_day = 10", "phone_per_day = 1000")
            .policy("device_per_day = 10 ", "device_per_day = 1000 ")
            .policy("address_per_hour = 20 ", "address_per_hour = 1000 ")
            .start()
            .await;
        Self {
            world,
            dice: SeededRandom::new(seed),
            now: 0,
            proofs: Vec::new(),
            sessions: Vec::new(),
            accounts: BTreeMap::new(),
            foreign: Vec::new(),
            serial: 0,
            changes: 0,
            refusals: 0,
            taken_over: 0,
            recovered: 0,
            deleted: 0,
        }
    }

    fn roll(&self, sides: usize) -> usize {
        let mut byte = [0_u8; 4];
        self.dice.fill(&mut byte).expect("dice");
        usize::try_from(u32::from_le_bytes(byte)).expect("32 bits") % sides
    }

    fn advance(&mut self, seconds: u64) {
        self.world.advance(seconds);
        self.now += seconds;
    }

    fn new_password(&mut self) -> String {
        self.serial += 1;
        format!("mountain number {} of the range", self.serial)
    }

    /// Picks one of the last four proofs. It may be fresh, stale or spent.
    fn pick_recent_proof(&self) -> Option<usize> {
        let back = 1 + self.roll(self.proofs.len().clamp(1, 4));
        self.proofs.len().checked_sub(back)
    }

    /// Picks the newest proof for `business` two times in three, so that many sequences succeed. Otherwise picks any of
    /// the last.
    fn pick_proof_for(&self, business: &str) -> Option<usize> {
        let newest = self.proofs.iter().rposition(|p| p.business == business);
        newest
            .filter(|_| self.roll(3) > 0)
            .or_else(|| self.pick_recent_proof())
    }

    async fn prove(&mut self) {
        // This ends the cooldown after an earlier text.
        self.advance(10);
        let (business, who) = (BUSINESSES[self.roll(4)], self.roll(2));
        let number = number(who);
        let body = json!({ "phone": number, "uniqueId": "model-1", "businessId": business });
        let sent = self.world.client.post("/v1/send", &body).await;
        let code = self.world.code(&number);
        let token = self.world.client.verify(&sent.token(), &code).await.token();
        self.foreign.push(sent.token());
        self.proofs.push(Proof {
            token,
            business,
            phone: who,
            at: self.now,
            spent: false,
        });
    }

    /// Whether a proof may be used for `business` now. `None` within the leeway of clocks.
    fn admits(&self, proof: &Proof, business: &str) -> Option<bool> {
        let age = self.now - proof.at;
        if proof.spent || proof.business != business || age >= TOKEN_LIFETIME + LEEWAY {
            return Some(false);
        }
        (age < TOKEN_LIFETIME).then_some(true)
    }

    fn end_sessions(&mut self, who: usize) {
        let of_phone = self.sessions.iter_mut().filter(|s| s.phone == who);
        of_phone.for_each(|session| session.ended = true);
    }

    /// Compares what happened with what was expected. `None` accepts both.
    fn judge(&mut self, expected: Option<bool>, happened: bool, what: &str) {
        assert!(
            expected.is_none_or(|expected| expected == happened),
            "{what}: {happened}, at {}",
            self.now
        );
        if happened {
            self.changes += 1;
        } else {
            self.refusals += 1;
        }
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        let path = format!("/account/v1{path}");
        self.world.client.post(&path, body).await
    }

    /// Registers with a proof. This must succeed if the phone has no account, or if its account was not used for a week
    /// after it was asked to give the phone up.
    async fn register(&mut self) {
        let Some(at) = self.pick_proof_for("register") else {
            return;
        };
        let (password, second_step) = (self.new_password(), self.roll(2) == 0);
        let (who, now) = (self.proofs[at].phone, self.now);
        let admitted = self.admits(&self.proofs[at], "register");
        let asked_at = self.accounts.get(&who).map(|account| account.asked_at);
        let is_free = match asked_at {
            None => true,
            Some(asked_at) => asked_at.is_some_and(|asked| now >= asked + WEEK),
        };
        let token = &self.proofs[at].token;
        // Without the flag, nothing happens to an account that has the phone.
        let by_name = !self.serial.is_multiple_of(8);
        let is_free = is_free && (by_name || asked_at.is_none());
        let body = json!({ "token": token, "password": password, "secondStep": second_step,
                           "requestUnlink": by_name });
        let answer = self.post("/accounts", &body).await;
        let happened = answer.status == 201;
        self.judge(admitted.map(|is| is && is_free), happened, &answer.text);
        if happened {
            self.taken_over += u32::from(asked_at.is_some());
            self.end_sessions(who);
            let account = Account {
                password,
                second_step,
                recovery: None,
                asked_at: None,
            };
            self.accounts.insert(who, account);
        }
        let is_new = self.world.lines.last()["event"] == "unlink-requested";
        assert!(by_name || !is_new, "asked without the flag");
        if is_new && let Some(account) = self.accounts.get_mut(&who) {
            account.asked_at = Some(now);
        }
        self.proofs[at].spent |= happened || is_new || answer.problem() == "already-spent";
    }

    /// Resets with a proof and, at random, the account's recovery code, another one or none.
    async fn reset(&mut self) {
        let Some(at) = self.pick_proof_for("password-reset") else {
            return;
        };
        let password = self.new_password();
        let who = self.proofs[at].phone;
        let admitted = self.admits(&self.proofs[at], "password-reset");
        let account = self.accounts.get(&who);
        let right = account.and_then(|account| account.recovery.clone());
        let typed = match self.roll(6) {
            0 => None,
            1 => Some("0123-4567-89ab-cdef-0123".to_owned()),
            _ => right.clone(),
        };
        let needs_code = account.is_some_and(|account| account.second_step);
        let wanted = account.is_some() && (!needs_code || (typed.is_some() && typed == right));
        let mut body = json!({ "token": self.proofs[at].token, "password": password });
        if let Some(code) = typed {
            body["recoveryCode"] = json!(code);
        }
        let answer = self.post("/password-reset", &body).await;
        let happened = answer.status == 204;
        self.judge(admitted.map(|is| is && wanted), happened, &answer.text);
        self.proofs[at].spent |= happened;
        if happened && let Some(account) = self.accounts.get_mut(&who) {
            account.password = password;
            if needs_code {
                account.recovery = None;
                self.recovered += 1;
            }
            self.end_sessions(who);
        }
    }

    /// Tries every route that sets a password with a token of another kind.
    async fn misuse(&mut self) {
        let mut tokens = self.foreign.clone();
        let sessions = self.sessions.iter();
        tokens.extend(sessions.flat_map(|s| [s.access.clone(), s.refresh.clone()]));
        if tokens.is_empty() {
            return;
        }
        let token = tokens[self.roll(tokens.len())].clone();
        let body = json!({ "token": token, "password": self.new_password() });
        for path in ["/accounts", "/password-reset"] {
            let answer = self.post(path, &body).await;
            self.judge(Some(false), answer.status < 300, &answer.text);
        }
        for session in &self.sessions {
            let access = &session.access;
            let changed =
                call_with_token(&self.world, Method::POST, "/password", access, Some(&body));
            assert!(changed.await.status >= 400);
        }
    }

    async fn change(&mut self) {
        let has_session = !self.sessions.is_empty();
        let Some(at) = self
            .pick_proof_for("password-change")
            .filter(|_| has_session)
        else {
            return;
        };
        let session = self.roll(self.sessions.len());
        let (password, proof) = (self.new_password(), &self.proofs[at]);
        let session = &self.sessions[session];
        let who = session.phone;
        let admitted = self.admits(proof, "password-change");
        let expected = match self.is_open(session) {
            _ if proof.phone != who => Some(false),
            Some(false) => Some(false),
            Some(true) => admitted,
            None => admitted.filter(|admitted| !admitted),
        };
        let body = json!({ "token": proof.token, "password": password });
        let answer = call_with_token(
            &self.world,
            Method::POST,
            "/password",
            &session.access,
            Some(&body),
        )
        .await;
        self.judge(expected, answer.status == 204, &answer.text);
        if answer.status == 204 {
            self.proofs[at].spent = true;
            if let Some(account) = self.accounts.get_mut(&who) {
                account.password = password;
            }
            self.end_sessions(who);
        }
    }

    async fn delete(&mut self) {
        let Some(at) = self.pick_session() else {
            return;
        };
        let session = &self.sessions[at];
        let (who, expected) = (session.phone, self.is_open(session));
        let access = session.access.clone();
        let answer = call_with_token(&self.world, Method::DELETE, "/me", &access, None).await;
        let happened = answer.status == 204;
        assert!(expected.is_none_or(|expected| expected == happened));
        if happened {
            self.accounts.remove(&who);
            self.end_sessions(who);
            self.deleted += 1;
        }
    }

    async fn step(&mut self) {
        match self.roll(24) {
            0..=7 => self.prove().await,
            8 | 9 => self.reset().await,
            10 | 11 => self.register().await,
            12 => self.change().await,
            13..=15 => self.log_in().await,
            16 => self.log_in_by_code().await,
            17 => self.refresh().await,
            18..=20 => self.make_recovery_code().await,
            21 => self.misuse().await,
            22 if self.roll(4) == 0 => self.delete().await,
            _ => {
                let is_asked = self.accounts.values().any(|a| a.asked_at.is_some());
                let seconds = if is_asked && self.roll(2) == 0 {
                    WEEK + 1
                } else {
                    [1, 60, 250, 310, 700][self.roll(5)]
                };
                self.advance(seconds);
            }
        }
    }

    /// Compares every password with the model. A refused request must not have changed any.
    async fn compare(&mut self) {
        for (who, account) in &self.accounts {
            let answer = log_in(&self.world, &number(*who), &account.password).await;
            let expected = if account.second_step { 403 } else { 201 };
            assert_eq!(answer.status, expected, "{}", answer.text);
        }
    }
}

fn number(who: usize) -> String {
    phone(u32::try_from(who).expect("0 or 1"))
}

#[tokio::test]
async fn no_path_leads_to_a_password_without_a_fresh_unspent_token_of_its_business_and_phone() {
    let mut seen = [0; 5];
    for seed in 0..12 {
        let mut model = Model::new(seed).await;
        for _ in 0..120 {
            model.step().await;
        }
        model.compare().await;
        let counts = [
            model.changes,
            model.refusals,
            model.taken_over,
            model.recovered,
            model.deleted,
        ];
        for (sum, count) in seen.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    // The test proves nothing unless the sequences reached all of these.
    for (count, least) in seen.iter().zip([20, 200, 1, 1, 1]) {
        assert!(*count >= least, "{seen:?}");
    }
}
