//! The conflicts of overlapping writers: DynamoDB refuses a write whose items a transaction holds at that moment.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::response::Response;
use serde_json::{Value, json};

use crate::proxy::{cancel_transaction, json_error};

/// The code of an item that another writer holds.
pub(crate) const CONFLICT: &str = "TransactionConflict";

/// How long a transaction holds its items after it was applied. A transaction of `DynamoDB` takes about this long.
pub(crate) const HELD_FOR: Duration = Duration::from_millis(8);

/// A write, with the items that it touches: table and key of each, in the order of the request.
pub(crate) struct Write {
    is_transaction: bool,
    items: Vec<String>,
}

impl Write {
    /// Reads the items of a write; `None` for every other operation.
    pub(crate) fn read(operation: &str, body: &[u8]) -> Option<Self> {
        let is_transaction = operation == "TransactWriteItems";
        if !is_transaction && !["UpdateItem", "PutItem", "DeleteItem"].contains(&operation) {
            return None;
        }
        let body: Value = serde_json::from_slice(body).ok()?;
        let items = match body["TransactItems"].as_array() {
            Some(items) => items
                .iter()
                .filter_map(Value::as_object)
                .flat_map(|item| item.values())
                .map(name_item)
                .collect(),
            None => vec![name_item(&body)],
        };
        Some(Self {
            is_transaction,
            items,
        })
    }
}

fn name_item(request: &Value) -> String {
    let key = request["Key"].get("pk").unwrap_or(&request["Item"]["pk"]);
    format!("{} {key}", request["TableName"])
}

/// The items that transactions hold, each with the number of transactions that hold it.
#[derive(Debug, Default)]
pub(crate) struct Contention {
    held: BTreeMap<String, usize>,
    refused: usize,
}

impl Contention {
    /// How many writes were refused.
    pub(crate) fn count_refused(&self) -> usize {
        self.refused
    }

    /// Begins a write. Returns the refusal if a transaction holds one of its items.
    pub(crate) fn begin(&mut self, write: &Write) -> Option<Response> {
        let is_held = |item: &String| self.held.contains_key(item);
        if write.items.iter().any(is_held) {
            let code = |item| if is_held(item) { CONFLICT } else { "None" };
            let codes: Vec<_> = write.items.iter().map(code).collect();
            self.refused += 1;
            return Some(if write.is_transaction {
                cancel_transaction(&codes)
            } else {
                json_error(&json!({
                    "__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
                    "message": "on purpose",
                }))
            });
        }
        // Single writes wait for one another in DynamoDB, so only transactions hold items.
        for item in write.items.iter().filter(|_| write.is_transaction) {
            *self.held.entry(item.clone()).or_default() += 1;
        }
        None
    }

    /// Ends a write that has begun.
    pub(crate) fn end(&mut self, write: &Write) {
        for item in write.items.iter().filter(|_| write.is_transaction) {
            if let Some(count) = self.held.get_mut(item) {
                *count -= 1;
                if *count == 0 {
                    self.held.remove(item);
                }
            }
        }
    }
}
