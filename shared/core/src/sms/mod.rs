//! Text messages: what they say, how many segments they need, and their delivery through SNS.

pub mod catalog;
pub mod segments;
pub mod sender;
