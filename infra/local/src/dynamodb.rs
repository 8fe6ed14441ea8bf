//! The embedded DynamoDB, and the sweep that deletes expired items as DynamoDB's time to live does.

use std::io;
use std::path::Path;
use std::time::Duration;

use dynoxide::Database;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::private::name_file;

/// How often expired items are deleted. Nothing relies on the deletion: every condition checks expiry itself.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// Opens the database, in memory or in `file`, and creates the tables that are missing in it.
///
/// # Errors
///
/// When the file cannot be opened as a database. The error names it.
pub(crate) fn open(file: Option<&Path>, tables: &[&str]) -> io::Result<Database> {
    let database = match file {
        None => Database::memory(),
        Some(path) => Database::new(&path.to_string_lossy()),
    }
    .map_err(|error| match file {
        None => io::Error::other(error.to_string()),
        Some(path) => name_broken(path, &error.to_string()),
    })?;
    for name in tables {
        create_table(&database, name).map_err(|error| match file {
            None => error,
            Some(path) => name_broken(path, &error.to_string()),
        })?;
    }
    Ok(database)
}

/// Says that a database cannot be used. What the database advises about its own build is left out.
fn name_broken(path: &Path, error: &str) -> io::Error {
    let cause = error.lines().next().unwrap_or_default();
    let cause = cause.split(" If encrypted").next().unwrap_or_default();
    name_file(path)(&format_args!(
        "the database is damaged or another program's; choose a new file with --data ({cause})"
    ))
}

/// Creates a table with the key and the time to live that the templates give it, unless the table exists.
fn create_table(database: &Database, name: &str) -> io::Result<()> {
    let describe = json!({ "TableName": name });
    let known = serde_json::from_value(describe).is_ok_and(|r| database.describe_table(r).is_ok());
    if known {
        return Ok(());
    }
    let table = json!({
        "TableName": name,
        "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
        "BillingMode": "PAY_PER_REQUEST",
    });
    let ttl = json!({
        "TableName": name,
        "TimeToLiveSpecification": { "AttributeName": "expires_at", "Enabled": true },
    });
    let failed = |error: String| io::Error::other(format!("table {name}: {error}"));
    let table = serde_json::from_value(table).map_err(|e| failed(e.to_string()))?;
    database
        .create_table(table)
        .map_err(|e| failed(e.to_string()))?;
    let ttl = serde_json::from_value(ttl).map_err(|e| failed(e.to_string()))?;
    database
        .update_time_to_live(ttl)
        .map_err(|e| failed(e.to_string()))?;
    Ok(())
}

/// Serves the database and deletes expired items until `stop`.
pub(crate) async fn serve(listener: TcpListener, database: Database, stop: CancellationToken) {
    let sweeping = tokio::spawn(sweep(database.clone(), stop.clone()));
    let served = dynoxide::server::serve_with_shutdown(listener, database, stop.cancelled_owned());
    drop(served.await);
    drop(sweeping.await);
}

async fn sweep(database: Database, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => drop(database.sweep_ttl()),
        }
    }
}
