//! Every fault at every call of every route of the account service.

use std::collections::BTreeMap;

use http::Method;
use phoneproof_crypto::keyring::REFRESH_AFTER;
use phoneproof_tests::{Answer, Fault, World, await_in_time, phone};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::faults::{PLAIN, TRANSACTION, UPDATE};

const PASSWORD: &str = "green mountains at noon";
const KEYS: &str = "GetSecretValue";

/// A request to the account service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Register,
    LogIn,
    LogInByCode,
    LogInInTwoSteps,
    Refresh,
    Me,
    Sessions,
    ChangePassword,
    ResetPassword,
    EndThisSession,
    EndAllSessions,
    Delete,
}

impl Step {
    const ALL: [Self; 12] = [
        Self::Register,
        Self::LogIn,
        Self::LogInByCode,
        Self::LogInInTwoSteps,
        Self::Refresh,
        Self::Me,
        Self::Sessions,
        Self::ChangePassword,
        Self::ResetPassword,
        Self::EndThisSession,
        Self::EndAllSessions,
        Self::Delete,
    ];

    /// The status when no call fails.
    const fn expected_status(self) -> u16 {
        match self {
            Self::Register | Self::LogIn | Self::LogInByCode | Self::LogInInTwoSteps => 201,
            Self::Refresh | Self::Me | Self::Sessions => 200,
            Self::ChangePassword
            | Self::ResetPassword
            | Self::EndThisSession
            | Self::EndAllSessions
            | Self::Delete => 204,
        }
    }
}

/// A person with an account and a session.
struct Member {
    world: World,
    phone: String,
    access: String,
    refresh: String,
    /// How many phones and addresses were used so far.
    serial: u32,
}

/// The request of a step. It can be made more than once.
struct Request {
    method: Method,
    path: &'static str,
    access: String,
    body: Value,
}

impl Member {
    async fn new() -> Self {
        let world = World::builder()
            .policy("phone_per_hour = 5", "phone_per_hour = 1000")
            .policy("phone_per_day = 10", "phone_per_day = 1000")
            .policy("device_per_day = 10 ", "device_per_day = 1000 ")
            .policy("address_per_hour = 20 ", "address_per_hour = 1000 ")
            .proxied()
            .start()
            .await;
        let mut member = Self {
            world,
            phone: String::new(),
            access: String::new(),
            refresh: String::new(),
            serial: 0,
        };
        member.register().await;
        member
    }

    async fn make(&mut self, request: &Request) -> Answer {
        self.serial += 1;
        let authorization = format!("Bearer {}", request.access);
        let address = format!("198.18.{}.{}", self.serial / 256, self.serial % 256);
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
            ("x-test-source-ip", address.as_str()),
        ];
        let path = format!("/account/v1{}", request.path);
        let body = request.body.to_string().into_bytes();
        let client = &self.world.client;
        await_in_time(client.raw(request.method.clone(), &path, &headers, body)).await
    }

    /// Prepares the request of a step. No call is broken meanwhile.
    async fn prepare(&mut self, step: Step) -> Request {
        let (method, path) = match step {
            Step::Register => (Method::POST, "/accounts"),
            Step::LogIn | Step::LogInByCode | Step::LogInInTwoSteps => (Method::POST, "/sessions"),
            Step::Refresh => (Method::POST, "/sessions/refresh"),
            Step::Me => (Method::GET, "/me"),
            Step::Sessions => (Method::GET, "/sessions"),
            Step::ChangePassword => (Method::POST, "/password"),
            Step::ResetPassword => (Method::POST, "/password-reset"),
            Step::EndThisSession => (Method::DELETE, "/sessions"),
            Step::EndAllSessions => (Method::DELETE, "/sessions/all"),
            Step::Delete => (Method::DELETE, "/me"),
        };
        let number = self.phone.clone();
        let body = match step {
            Step::Register => {
                self.serial += 1;
                self.phone = phone(self.serial);
                let token = self.world.proof("register", &self.phone).await;
                json!({ "token": token, "password": PASSWORD })
            }
            Step::LogIn => json!({ "phone": number, "password": PASSWORD }),
            Step::LogInByCode => json!({ "token": self.world.proof("login", &number).await }),
            Step::LogInInTwoSteps => json!({
                "phone": number, "password": PASSWORD, "token": self.world.proof("login", &number).await,
            }),
            Step::Refresh => json!({ "refreshToken": self.refresh }),
            Step::ChangePassword => {
                let token = self.world.proof("password-change", &number).await;
                json!({ "token": token, "password": PASSWORD })
            }
            Step::ResetPassword => {
                let token = self.world.proof("password-reset", &number).await;
                json!({ "token": token, "password": PASSWORD })
            }
            Step::Me
            | Step::Sessions
            | Step::EndThisSession
            | Step::EndAllSessions
            | Step::Delete => json!({}),
        };
        Request {
            method,
            path,
            access: self.access.clone(),
            body,
        }
    }

    /// Registers a new account and logs in.
    async fn register(&mut self) {
        let request = self.prepare(Step::Register).await;
        assert_eq!(self.make(&request).await.status, 201);
        self.log_in().await;
    }

    async fn log_in(&mut self) {
        let request = self.prepare(Step::LogIn).await;
        let answer = self.make(&request).await;
        self.keep(&answer);
    }

    /// Gets a new access token, because one lives only ten minutes. A log-in would hash the password.
    async fn renew(&mut self) {
        let request = self.prepare(Step::Refresh).await;
        let answer = self.make(&request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.keep(&answer);
    }

    fn keep(&mut self, answer: &Answer) {
        let text = |name: &str| {
            answer
                .json
                .get(name)
                .and_then(Value::as_str)
                .expect("a token")
                .to_owned()
        };
        (self.access, self.refresh) = (text("accessToken"), text("refreshToken"));
    }

    /// Does what a step that was served requires, so that the member has an account and a session again.
    async fn follow(&mut self, step: Step, answer: &Answer) {
        match step {
            Step::LogIn | Step::LogInByCode | Step::LogInInTwoSteps | Step::Refresh => {
                self.keep(answer);
            }
            Step::Register
            | Step::ChangePassword
            | Step::ResetPassword
            | Step::EndThisSession
            | Step::EndAllSessions => self.log_in().await,
            Step::Me | Step::Sessions => {}
            Step::Delete => self.register().await,
        }
    }

    /// Counts the calls that a step makes, by operation.
    async fn count_calls(&mut self, step: Step) -> BTreeMap<String, usize> {
        self.renew().await;
        let request = self.prepare(step).await;
        drop(self.world.proxy().take_calls());
        let answer = self.make(&request).await;
        assert_eq!(
            answer.status,
            step.expected_status(),
            "{step:?}: {}",
            answer.text
        );
        let calls = self.world.proxy().take_calls();
        self.follow(step, &answer).await;
        calls
    }

    /// Breaks one call of a step. If the request is refused, the same request must be served afterwards.
    async fn break_call(&mut self, step: Step, operation: &str, nth: usize, fault: Fault) {
        self.renew().await;
        let request = self.prepare(step).await;
        if operation == KEYS {
            self.world.advance(REFRESH_AFTER.as_secs());
        }
        self.world.proxy().break_after(operation, nth, fault);
        let mut answer = self.make(&request).await;
        self.world.proxy().mend();
        let others: &[(Fault, u16)] = match operation {
            // The instance still has usable keys.
            KEYS => &[],
            "GetItem" | "PutItem" => &PLAIN,
            "UpdateItem" => &UPDATE,
            _ => &TRANSACTION,
        };
        let other = others.iter().find(|(other, _)| *other == fault);
        let expected = other.map_or(step.expected_status(), |(_, status)| *status);
        let what = format!("{step:?}, {operation} {nth}, {fault:?}: {}", answer.text);
        assert_eq!(answer.status, expected, "{what}");
        if answer.status != step.expected_status() {
            answer = self.make(&request).await;
            assert_eq!(
                answer.status,
                step.expected_status(),
                "{what}; {}",
                answer.text
            );
        }
        self.follow(step, &answer).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_every_fault_as_documented_and_serves_the_repeat() {
    let mut learner = Member::new().await;
    let mut calls = Vec::new();
    for step in Step::ALL {
        let mut made = learner.count_calls(step).await;
        // Any step may have to read the keyring.
        made.insert(KEYS.to_owned(), 1);
        for (operation, count) in made {
            calls.extend((0..count).map(|nth| (step, operation.clone(), nth)));
        }
    }
    assert!(calls.len() >= 41, "{calls:?}");
    let mut running = JoinSet::new();
    for fault in Fault::ALL {
        let calls = calls.clone();
        running.spawn(async move {
            let mut member = Member::new().await;
            for (step, operation, nth) in calls {
                member.break_call(step, &operation, nth, fault).await;
            }
        });
    }
    assert_eq!(running.join_all().await.len(), Fault::ALL.len());
}
