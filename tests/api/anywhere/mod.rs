//! Tests that need only HTTP and the inbox. They run against the local stack, or against a deployed one when `BASE_URL`
//! is set. A [`Site`](phoneproof_tests::Site) gives them no clock, fault or table.

mod documents;
mod flow;
mod limits;
mod malformed;
mod refusals;
