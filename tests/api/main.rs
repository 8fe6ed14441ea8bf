//! The API from outside: real HTTP against the local stack, the code read from the inbox.

mod calls;
mod delivery;
mod documents;
mod events;
mod flow;
mod limits;
mod malformed;
mod refusals;
