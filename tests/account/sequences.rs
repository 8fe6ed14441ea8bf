//! Random sequences of steps, compared with a model of what may change a password.

use std::collections::BTreeMap;

use http::Method;
use phoneproof::domain::random::Random as _;
use phoneproof_tests::{SeededRandom, World, phone};
use serde_json::json;

use crate::{log_in, with_token};

/// How long the sample policy's success tokens live, in seconds.
const TOKEN_LIFETIME: u64 = 300;
/// What the guard allows clocks to differ by. A token in this stretch may be accepted or not.
const LEEWAY: u64 = 60;
const BUSINESSES: [&str; 4] = ["register", "login", "password-change", "password-reset"];

/// A success token, and what is known about it.
struct Proof {
    token: String,
    business: &'static str,
    phone: usize,
    at: u64,
    spent: bool,
}

/// A session whose access token may open the change of a password.
struct Session {
    access: String,
    phone: usize,
    at: u64,
    ended: bool,
}

/// What should be true.
struct Model {
    world: World,
    dice: SeededRandom,
    now: u64,
    proofs: Vec<Proof>,
    sessions: Vec<Session>,
    /// By phone: the account's password.
    passwords: BTreeMap<usize, String>,
    serial: u32,
    changes: u32,
    refusals: u32,
}

impl Model {
    async fn new(seed: u64) -> Self {
        let world = World::builder()
            .policy("cooldown_seconds = 60 ", "cooldown_seconds = 10 ")
            .policy("code_lifetime_seconds = 300", "code_lifetime_seconds = 380")
            .policy("phone_per_hour = 5", "phone_per_hour = 1000")
            .policy("phone_per_day = 10", "phone_per_day = 1000")
            .policy("device_per_day = 10 ", "device_per_day = 1000 ")
            .policy(
                "number_block_per_hour = 20 ",
                "number_block_per_hour = 1000 ",
            )
            .policy("address_per_hour = 20 ", "address_per_hour = 1000 ")
            .start()
            .await;
        Self {
            world,
            dice: SeededRandom::new(seed),
            now: 0,
            proofs: Vec::new(),
            sessions: Vec::new(),
            passwords: BTreeMap::new(),
            serial: 0,
            changes: 0,
            refusals: 0,
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

    /// One of the last proofs: fresh, stale or spent.
    fn recent_proof(&self) -> Option<usize> {
        let back = 1 + self.roll(self.proofs.len().clamp(1, 4));
        self.proofs.len().checked_sub(back)
    }

    async fn prove(&mut self) {
        // The cooldown of an earlier text is over then.
        self.advance(10);
        let (business, who) = (BUSINESSES[self.roll(4)], self.roll(2));
        let number = phone(u32::try_from(who).expect("0 or 1"));
        let body = json!({ "phone": number, "uniqueId": "model", "businessId": business });
        let sent = self.world.client.post("/v1/send", &body).await;
        let code = self.world.code(&number);
        let token = self.world.client.verify(&sent.token(), &code).await.token();
        self.proofs.push(Proof {
            token,
            business,
            phone: who,
            at: self.now,
            spent: false,
        });
    }

    /// Whether a proof may be used for `business` now: surely, surely not, or within the leeway of clocks.
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

    /// Compares what happened with what had to; `None` leaves it to the service.
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

    /// Registers or resets with a proof, whichever it is for.
    async fn set_with_proof(&mut self, path: &str, business: &str) {
        let Some(at) = self.recent_proof() else {
            return;
        };
        let (password, proof) = (self.new_password(), &self.proofs[at]);
        let who = proof.phone;
        let has_account = self.passwords.contains_key(&who);
        let admitted = self.admits(proof, business);
        let wanted = has_account == (business == "password-reset");
        let body = json!({ "token": proof.token, "password": password });
        let answer = self
            .world
            .client
            .post(&format!("/account/v1{path}"), &body)
            .await;
        let happened = matches!(answer.status, 201 | 204);
        let expected = admitted.map(|admitted| admitted && wanted);
        self.judge(expected, happened, &answer.text);
        // Asking for a phone that is in use spends the proof the first time; later proofs stay.
        let asked = answer.problem() == "phone-in-use" || answer.problem() == "already-spent";
        self.proofs[at].spent |= happened || asked;
        if happened {
            self.passwords.insert(who, password);
            self.end_sessions(who);
        }
    }

    async fn change(&mut self) {
        let Some(at) = self.recent_proof().filter(|_| !self.sessions.is_empty()) else {
            return;
        };
        let session = self.roll(self.sessions.len());
        let (password, proof) = (self.new_password(), &self.proofs[at]);
        let session = &self.sessions[session];
        let who = session.phone;
        let age = self.now - session.at;
        let admitted = self.admits(proof, "password-change");
        let expected = if session.ended || proof.phone != who || age >= 600 + LEEWAY {
            Some(false)
        } else if age >= 600 {
            admitted.filter(|admitted| !admitted)
        } else {
            admitted
        };
        let body = json!({ "token": proof.token, "password": password });
        let answer = with_token(
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
            self.passwords.insert(who, password);
            self.end_sessions(who);
        }
    }

    async fn log_in(&mut self) {
        let who = self.roll(2);
        let Some(password) = self.passwords.get(&who).cloned() else {
            return;
        };
        let number = phone(u32::try_from(who).expect("0 or 1"));
        let answer = log_in(&self.world, &number, &password).await;
        assert_eq!(answer.status, 201, "the model's password: {}", answer.text);
        self.sessions.push(Session {
            access: answer.json["accessToken"].as_str().expect("one").to_owned(),
            phone: who,
            at: self.now,
            ended: false,
        });
        // Ten sessions, and the least recently used goes: the model forgets them before that.
        if self.sessions.len() > 9 {
            self.sessions.remove(0);
        }
    }

    /// Goes on with a code in place of a password, which must change none.
    async fn log_in_by_code(&mut self) {
        let Some(at) = self.recent_proof() else {
            return;
        };
        let proof = &self.proofs[at];
        let admitted = self.admits(proof, "login");
        let has_account = self.passwords.contains_key(&proof.phone);
        let body = json!({ "token": proof.token });
        let answer = self.world.client.post("/account/v1/sessions", &body).await;
        let expected = admitted.map(|admitted| admitted && has_account);
        assert!(expected.is_none_or(|expected| expected == (answer.status == 201)));
        self.proofs[at].spent |= answer.status == 201;
    }

    async fn step(&mut self) {
        match self.roll(12) {
            0..=3 => self.prove().await,
            4 | 5 => {
                self.set_with_proof("/password-reset", "password-reset")
                    .await;
            }
            6 | 7 => self.set_with_proof("/accounts", "register").await,
            8 => self.change().await,
            9 => self.log_in().await,
            10 => self.log_in_by_code().await,
            _ => {
                let seconds = [1, 60, 250, 310, 700][self.roll(5)];
                self.advance(seconds);
            }
        }
    }
}

#[tokio::test]
async fn no_path_leads_to_a_password_without_a_fresh_unspent_token_of_its_business_and_phone() {
    let (mut changes, mut refusals) = (0, 0);
    for seed in 0..12 {
        let mut model = Model::new(seed).await;
        for _ in 0..80 {
            model.step().await;
        }
        // Whatever was refused has left the passwords as they were.
        for (who, password) in model.passwords.clone() {
            let number = phone(u32::try_from(who).expect("0 or 1"));
            assert_eq!(log_in(&model.world, &number, &password).await.status, 201);
        }
        changes += model.changes;
        refusals += model.refusals;
    }
    // The sequences must have come to both, or they show nothing.
    assert!(changes >= 20, "{changes} changes");
    assert!(refusals >= 200, "{refusals} refusals");
}
