//! Personal data and secrets stay out of logs and tables.
//!
//! A binary of its own: it captures the logs of the whole process.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use phoneproof::config::TokenMode;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Fault, World, hex};
use serde_json::json;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const DEVICE: &str = "canary-device-5511";
const ADDRESS: &str = "198.51.100.203";
const PHONE: &str = "+14153349182";

#[tokio::test]
async fn canaries_appear_in_no_log_and_no_table() {
    let captured = Captured::default();
    let writer = captured.clone();
    phoneproof::logging::init(tracing::Level::TRACE, move || writer.clone());
    let mut secrets = vec![
        PHONE[1..].to_owned(),
        "4153349182".to_owned(),
        DEVICE.to_owned(),
        ADDRESS.to_owned(),
    ];
    let (mut tables, mut lines) = (String::new(), String::new());
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).proxied().start().await;
        for body in [
            json!({ "phone": PHONE, "uniqueId": DEVICE, "businessId": "canary-business" }),
            json!({ "phone": 4_153_349_182_u64, "uniqueId": DEVICE, "businessId": "login" }),
            json!({ "phone": format!("{PHONE} ext 5"), "uniqueId": DEVICE, "businessId": "login" }),
        ] {
            assert_eq!(world.client.post("/v1/send", &body).await.status, 400);
        }
        let sent = world.client.send_from(PHONE, DEVICE, ADDRESS).await;
        let (token, code) = (sent.token(), world.code(PHONE));
        world.client.send_from(PHONE, DEVICE, ADDRESS).await;
        world.client.verify(&token, &world.wrong_code(PHONE)).await;
        world.proxy().break_next("UpdateItem", Fault::LoseReply);
        let success = world.client.verify(&token, &code).await.token();
        world.client.verify(&token, &code).await;
        world.client.spend(&success, "login").await;
        world.client.spend(&success, "login").await;
        for carrier in [Carrier::Refuse, Carrier::Fail] {
            world.advance(60);
            world.carrier(carrier);
            world.client.send_from(PHONE, DEVICE, ADDRESS).await;
        }
        world.proxy().break_all("TransactWriteItems", Fault::Refuse);
        world.client.send_from(PHONE, DEVICE, ADDRESS).await;
        for table in ["Limits", "Challenges", "Blocks"] {
            tables.push_str(
                &world
                    .dynamodb("Scan", &json!({ "TableName": table }))
                    .await
                    .text,
            );
        }
        lines.push_str(&world.lines.text());
        secrets.extend([token, code, success]);
    }
    let logs = String::from_utf8(captured.0.lock().expect("no panic").clone()).expect("UTF-8");
    assert!(
        logs.contains("DynamoDB call failed"),
        "the logs were captured"
    );
    assert!(
        lines.contains("\"outcome\":\"served\""),
        "the request lines were captured"
    );
    for secret in &secrets {
        let reversed: String = secret.chars().rev().collect();
        let hex = hex(secret.as_bytes());
        for form in [secret.clone(), reversed, hex] {
            assert!(!logs.contains(&form), "a canary is in the logs");
            // Six digits can also stand in a request line by chance, in a duration.
            let line = lines.contains(&form) && form.len() > 6;
            assert!(!line, "a canary is in a request line");
            // Six digits can stand in a counter or an instant by chance; codes are checked above.
            let by_chance = form.len() == 6;
            assert!(
                by_chance || !tables.contains(&form),
                "a canary is in a table"
            );
        }
    }
}
