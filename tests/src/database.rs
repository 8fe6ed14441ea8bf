//! The DynamoDB that a [`crate::World`] uses: the embedded one, or the one that `AWS_ENDPOINT_URL_DYNAMODB` names.

use std::sync::Arc;
use std::time::SystemTime;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use phoneproof_aws::clients::{AwsSettings, Clients, Credentials};
use phoneproof_aws::store::Tables;
use phoneproof_config::process::SystemClock;
use phoneproof_config::process::SystemRandom;
use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::random::draw_array;
use phoneproof_local::stack::{AccountTables, ExternalDynamoDb, account_tables, tables};
use serde_json::{Value, json};

use crate::client::{Answer, Client};

/// Reads a variable of the environment. Returns `otherwise` if it is missing or empty.
fn read_variable(name: &str, otherwise: &str) -> String {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.unwrap_or_else(|| otherwise.to_owned())
}

/// A DynamoDB with the tables of one world: three of the verification service and two of the account service.
#[derive(Debug, Clone)]
pub struct Database {
    /// The names of the verification service's tables.
    pub tables: Tables,
    /// The names of the account service's tables.
    pub account_tables: AccountTables,
    /// The endpoint, the region and the credentials to reach it with.
    pub access: ExternalDynamoDb,
    is_external: bool,
    client: Client,
}

impl Database {
    /// Creates new tables in the database that the environment names; `None` if it names none.
    ///
    /// It is also `None` for an `https` endpoint when `proxied` is set. The tests' proxy speaks no TLS and signs
    /// nothing, so it cannot stand before AWS.
    pub async fn external(proxied: bool) -> Option<Self> {
        let endpoint = read_variable("AWS_ENDPOINT_URL_DYNAMODB", "");
        if endpoint.is_empty() || (proxied && endpoint.starts_with("https://")) {
            return None;
        }
        let id = u64::from_be_bytes(draw_array(&SystemRandom).expect("random bytes"));
        let name = |table: &str| format!("phoneproof-test-{id:016x}-{table}");
        let session = read_variable("AWS_SESSION_TOKEN", "");
        let database = Self {
            client: Client::new(&endpoint),
            tables: Tables {
                limits: name("Limits"),
                challenges: name("Challenges"),
                blocks: name("Blocks"),
            },
            account_tables: AccountTables {
                accounts: name("Accounts"),
                limits: name("AccountLimits"),
            },
            access: ExternalDynamoDb {
                endpoint,
                region: read_variable("AWS_REGION", "us-east-1"),
                credentials: Credentials::new(
                    read_variable("AWS_ACCESS_KEY_ID", "test"),
                    read_variable("AWS_SECRET_ACCESS_KEY", "test"),
                    (!session.is_empty()).then_some(session),
                    None,
                    "environment",
                ),
            },
            is_external: true,
        };
        for name in database.names() {
            database.create(name).await;
        }
        Some(database)
    }

    /// Describes the embedded database at `endpoint`, whose tables exist already.
    #[must_use]
    pub fn at(endpoint: &str) -> Self {
        Self {
            client: Client::new(endpoint),
            tables: tables(),
            account_tables: account_tables(),
            access: ExternalDynamoDb {
                endpoint: endpoint.to_owned(),
                region: "us-east-1".to_owned(),
                credentials: Credentials::new("local", "local", None, None, "local"),
            },
            is_external: false,
        }
    }

    fn names(&self) -> [&str; 5] {
        [
            &self.tables.limits,
            &self.tables.challenges,
            &self.tables.blocks,
            &self.account_tables.accounts,
            &self.account_tables.limits,
        ]
    }

    async fn create(&self, name: &str) {
        let table = json!({
            "TableName": name,
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
            "BillingMode": "PAY_PER_REQUEST",
        });
        let created = self.raw("CreateTable", &table).await;
        assert_eq!(created.status, 200, "{}", created.text);
        let describe = json!({ "TableName": name });
        while self.raw("DescribeTable", &describe).await.json["Table"]["TableStatus"] != "ACTIVE" {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    /// Deletes the tables of an external database. Their random names make sure that no other world uses them.
    pub(crate) async fn delete(mut self) {
        // The old client's connections belong to the runtime that opened them, and this is another runtime.
        self.client = Client::new(&self.access.endpoint);
        for name in self.names().into_iter().filter(|_| self.is_external) {
            self.raw("DeleteTable", &json!({ "TableName": name })).await;
        }
    }

    /// Whether the database outlives this process, so that the world must delete its tables.
    #[must_use]
    pub const fn is_external(&self) -> bool {
        self.is_external
    }

    /// Calls DynamoDB directly, as an operator's tool does.
    ///
    /// `TableName` in `body` is the local stack's name of a table, such as `Limits`. The call replaces it by the real
    /// name.
    pub async fn call(&self, operation: &str, body: &Value) -> Answer {
        let mut body = body.clone();
        let table = match body["TableName"].as_str() {
            Some("Limits") => &self.tables.limits,
            Some("Challenges") => &self.tables.challenges,
            Some("Accounts") => &self.account_tables.accounts,
            Some("AccountLimits") => &self.account_tables.limits,
            _ => &self.tables.blocks,
        };
        body["TableName"] = json!(table);
        self.raw(operation, &body).await
    }

    async fn raw(&self, operation: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let target = format!("DynamoDB_20120810.{operation}");
        let mut headers = vec![
            ("x-amz-target".to_owned(), target),
            (
                "content-type".to_owned(),
                "application/x-amz-json-1.0".to_owned(),
            ),
        ];
        headers.extend(self.signature(&headers, &body));
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        self.client
            .raw(http::Method::POST, "/", &headers, body.into_bytes())
            .await
    }

    /// Returns the headers that AWS Signature Version 4 adds to a request.
    fn signature(&self, headers: &[(String, String)], body: &str) -> Vec<(String, String)> {
        let identity = self.access.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.access.region)
            .name("dynamodb")
            .time(SystemTime::UNIX_EPOCH + SystemClock.since_epoch())
            .settings(SigningSettings::default())
            .build()
            .expect("complete parameters")
            .into();
        let url = format!("{}/", self.access.endpoint);
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let request =
            SignableRequest::new("POST", url, headers, SignableBody::Bytes(body.as_bytes()));
        let signed = sign(request.expect("a request"), &parameters).expect("a signature");
        let (instructions, _) = signed.into_parts();
        let headers = instructions.headers();
        headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Returns the service's own AWS clients, all of which call this endpoint.
    #[must_use]
    pub fn clients(&self) -> Clients {
        let endpoint = Some(self.access.endpoint.clone());
        let settings = AwsSettings {
            region: self.access.region.clone(),
            sns_region: None,
            credentials: self.access.credentials.clone(),
            dynamodb_endpoint: endpoint.clone(),
            sns_endpoint: endpoint.clone(),
            sms_voice_endpoint: endpoint.clone(),
            secrets_endpoint: endpoint,
            ca_bundle: None,
        };
        Clients::new(&settings, Arc::new(SystemClock)).expect("TLS")
    }
}
