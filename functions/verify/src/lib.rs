//! The `verify` function: check a code, spend a success token, and what relying parties read.

mod documents;

use std::sync::Arc;

use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use phoneproof_http::{
    App, Call, Problem, Reply, Route, SpendBody, SpendReply, VerifyBody, VerifyReply, caught,
};
use tracing::Instrument as _;

/// What this function serves.
pub const ROUTES: &[Route] = &[
    Route::Verify,
    Route::Spend,
    Route::Ping,
    Route::Jwks,
    Route::Discovery,
    Route::OpenApi,
];

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    match app.accept(request, ROUTES) {
        Ok(mut call) => {
            let span = call.span();
            let serve = Box::pin(serve(&app, &mut call).instrument(span));
            let outcome = caught(serve).await;
            app.finish(&call, outcome.unwrap_or(Err(Problem::Internal)))
        }
        Err(answer) => *answer,
    }
}

async fn serve(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    match call.route {
        Route::Verify => verify(app, call).await,
        Route::Spend => spend(app, call).await,
        Route::Ping => Ok(Reply::text("ok")),
        Route::Jwks => documents::jwks(app, &mut call.context).await,
        Route::Discovery => documents::discovery(app, &mut call.context).await,
        Route::OpenApi => documents::openapi(),
        Route::Send => Err(Problem::NotFound),
    }
}

async fn verify(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let command = VerifyBody::command(call)?;
    let success = app.service.verify(command, &mut call.context).await?;
    Reply::json(StatusCode::OK, &VerifyReply::from(success))
}

async fn spend(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let command = SpendBody::command(call)?;
    app.service.spend(&command, &mut call.context).await?;
    Reply::json(StatusCode::OK, &SpendReply { spent: true })
}
