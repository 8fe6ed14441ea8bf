//! The steps that make, renew and use sessions.

use super::*;

impl Model {
    /// Notes that somebody used the account, so it keeps its phone.
    pub(super) fn note_use(&mut self, who: usize) {
        if let Some(account) = self.accounts.get_mut(&who) {
            account.asked_at = None;
        }
    }

    pub(super) fn begin_session(&mut self, who: usize, answer: &Answer) {
        let (access, refresh) = read_tokens(answer);
        self.note_use(who);
        self.sessions.push(Session {
            access,
            refresh,
            phone: who,
            at: self.now,
            ended: false,
        });
        // The service ends the least recently used session when there are more than ten. The model forgets sessions
        // earlier.
        if self.sessions.len() > 9 {
            self.sessions.remove(0);
        }
    }

    /// Logs in with the password and, at random, a proof beside it.
    pub(super) async fn log_in(&mut self) {
        let who = self.roll(2);
        let Some(account) = self.accounts.get(&who) else {
            return;
        };
        let needs_code = account.second_step;
        let mut body = json!({ "phone": number(who), "password": account.password });
        let brings_code = needs_code || self.roll(3) == 0;
        let proof = self.pick_proof_for("login").filter(|_| brings_code);
        let mut expected = Some(!needs_code);
        if let Some(at) = proof {
            body["token"] = json!(self.proofs[at].token);
            let is_own = self.proofs[at].phone == who;
            expected = self
                .admits(&self.proofs[at], "login")
                .map(|is| is && is_own);
        }
        let answer = self.post("/sessions", &body).await;
        let happened = answer.status == 201;
        let as_expected = expected.is_none_or(|expected| expected == happened);
        assert!(as_expected, "the model's password: {}", answer.text);
        if happened {
            self.begin_session(who, &answer);
            if let Some(at) = proof {
                self.proofs[at].spent = true;
            }
        }
    }

    /// Logs in with a code in place of a password. This must change no password.
    pub(super) async fn log_in_by_code(&mut self) {
        let Some(at) = self.pick_proof_for("login") else {
            return;
        };
        let who = self.proofs[at].phone;
        let admitted = self.admits(&self.proofs[at], "login");
        let account = self.accounts.get(&who);
        let is_enough = account.is_some_and(|account| !account.second_step);
        let body = json!({ "token": self.proofs[at].token });
        let answer = self.post("/sessions", &body).await;
        let happened = answer.status == 201;
        let expected = admitted.map(|admitted| admitted && is_enough);
        assert!(expected.is_none_or(|expected| expected == happened));
        if happened {
            self.begin_session(who, &answer);
            self.proofs[at].spent = true;
        }
    }

    /// Picks one of the sessions. It may be over.
    pub(super) fn pick_session(&self) -> Option<usize> {
        let count = self.sessions.len();
        (count > 0).then(|| self.roll(count))
    }

    pub(super) async fn refresh(&mut self) {
        let Some(at) = self.pick_session() else {
            return;
        };
        let session = &self.sessions[at];
        let answer = refresh(&self.world, &session.refresh).await;
        let age = self.now - session.at;
        let expected = !session.ended && age < WEEK;
        assert_eq!(answer.status == 200, expected, "{}", answer.text);
        if expected {
            let (access, refresh) = read_tokens(&answer);
            let now = self.now;
            let session = &mut self.sessions[at];
            (session.access, session.refresh, session.at) = (access, refresh, now);
            let who = session.phone;
            self.note_use(who);
        }
    }

    /// Whether the access token of a session is accepted. `None` within the leeway of clocks.
    pub(super) fn is_open(&self, session: &Session) -> Option<bool> {
        let age = self.now - session.at;
        if session.ended || age >= 600 + LEEWAY {
            return Some(false);
        }
        (age < 600).then_some(true)
    }

    pub(super) async fn make_recovery_code(&mut self) {
        let Some(at) = self.pick_session() else {
            return;
        };
        let session = &self.sessions[at];
        let (who, expected) = (session.phone, self.is_open(session));
        let access = session.access.clone();
        let path = "/recovery-code";
        let answer = call_with_token(&self.world, Method::POST, path, &access, None).await;
        let happened = answer.status == 201;
        assert!(expected.is_none_or(|expected| expected == happened));
        if happened && let Some(account) = self.accounts.get_mut(&who) {
            account.recovery = answer.json["recoveryCode"].as_str().map(str::to_owned);
        }
    }
}
