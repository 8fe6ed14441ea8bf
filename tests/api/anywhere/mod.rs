//! Tests that need nothing but HTTP and the inbox: they run against the local stack, and against a deployed
//! one when `BASE_URL` is set. A [`Site`](phoneproof_tests::Site) gives them no clock, fault or table.

mod documents;
mod flow;
mod limits;
mod malformed;
mod refusals;
