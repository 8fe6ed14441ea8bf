//! The `receipts` function. It takes receipts of delivery: the events of AWS End User Messaging, and the callbacks of
//! the receiver of the send hook.
//!
//! A receipt becomes a metric, and the last outcome of its phone. It never makes anybody send again: this function
//! sends nothing, and no other one reads what it writes.

mod callback;
mod event;
mod route;
mod service;

use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use phoneproof_domain::receipt::Moment;
use phoneproof_http::{Problem, Reply};
use phoneproof_observe::{Receipt, RequestContext, Unreadable};
use serde_json::Value;

pub use self::route::{Endpoint, ROUTES};
use self::service::Reported;
pub use self::service::{Receipts, Refused};

/// The state of one process, which every request shares.
pub type App = phoneproof_http::App<Receipts>;

/// A request that matched a route of this function.
pub type Incoming = phoneproof_http::Incoming<Endpoint>;

/// How long the work on an event may take, less than the time-out of the function.
const WITHIN: Duration = Duration::from_secs(8);

/// Serves one callback.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    app.serve(request, ROUTES, take_callback).await
}

async fn take_callback(app: &App, incoming: &mut Incoming) -> Result<Reply, Problem> {
    callback::check_size(incoming)?;
    let keyring = app.service.read_keyring(&mut incoming.context).await;
    let keyring = keyring.map_err(|refused| callback::make_problem(&refused))?;
    let Some((name, signed_at)) = callback::check_signature(incoming, &keyring) else {
        return Err(refuse(app, &Refused::Unreadable(Unreadable::Signature)));
    };
    let name = name.to_owned();
    let said = callback::read(incoming).inspect_err(|_| note(app, Unreadable::Form))?;
    let reported = Reported {
        receipt: &said.receipt,
        name: &name,
        report: said.report(signed_at),
        received: Moment::since_epoch(app.clock.since_epoch()),
    };
    let kept = app
        .service
        .keep(reported, &keyring, &mut incoming.context)
        .await;
    match kept {
        Ok(Some(receipt)) => record(app, receipt),
        Ok(None) => {}
        Err(refused) => return Err(refuse(app, &refused)),
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Takes one event of `EventBridge`.
///
/// # Errors
///
/// When the keyring or the store gives no answer. Lambda then hands over the event again. An event that cannot be read
/// is counted and given up.
pub async fn take(app: Arc<App>, event: Value) -> Result<(), phoneproof_runtime::Error> {
    let read = match event::read(&event) {
        Ok(read) => read,
        Err(event::NotTaken::Progress) => return Ok(()),
        Err(event::NotTaken::Unreadable) => {
            note(&app, Unreadable::Form);
            return Ok(());
        }
    };
    let mut request = RequestContext::new(app.clock.now(), WITHIN, Arc::clone(&app.random));
    let taken = match &read.receipt {
        Some(receipt) => {
            let keyring = app.service.read_keyring(&mut request).await?;
            let reported = Reported {
                receipt,
                name: &read.name,
                report: read.report,
                received: Moment::since_epoch(app.clock.since_epoch()),
            };
            app.service.keep(reported, &keyring, &mut request).await
        }
        // Nothing says whose text it is, so it is counted, and no phone gets it as its outcome.
        None => Ok(Some(app.service.report_unattributed(&read))),
    };
    match taken {
        Ok(Some(receipt)) => record(&app, receipt),
        Ok(None) => {}
        Err(Refused::Unreadable(kind)) => note(&app, kind),
        Err(unavailable) => return Err(unavailable.into()),
    }
    Ok(())
}

fn record(app: &App, receipt: Receipt) {
    app.journal
        .record_receipt(app.clock.since_epoch(), &receipt);
}

fn note(app: &App, kind: Unreadable) {
    let at = app.clock.since_epoch();
    app.journal.record_unreadable_receipt(at, kind);
}

fn refuse(app: &App, refused: &Refused) -> Problem {
    if let Refused::Unreadable(kind) = refused {
        note(app, *kind);
    }
    callback::make_problem(refused)
}
