//! The capacity units of the calls that the proxy sees.

use serde_json::Value;

/// The request units of DynamoDB that calls cost, when every item has at most a kilobyte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Units {
    /// The write units: two per item of a transaction, one per single write.
    pub write: usize,
    /// The halves of read units: two per item that is read consistently, else one.
    pub half_reads: usize,
}

impl Units {
    pub(super) fn add(&mut self, operation: &str, body: &[u8]) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let halves = |request: &Value| {
            if request["ConsistentRead"] == true {
                2
            } else {
                1
            }
        };
        match operation {
            "TransactWriteItems" => {
                self.write += 2 * body["TransactItems"].as_array().map_or(0, Vec::len);
            }
            "UpdateItem" | "PutItem" | "DeleteItem" => self.write += 1,
            "GetItem" => self.half_reads += halves(&body),
            "BatchGetItem" => {
                let tables = body["RequestItems"].as_object().into_iter().flatten();
                let cost =
                    |read: &Value| read["Keys"].as_array().map_or(0, Vec::len) * halves(read);
                self.half_reads += tables.map(|(_, read)| cost(read)).sum::<usize>();
            }
            _ => {}
        }
    }
}
