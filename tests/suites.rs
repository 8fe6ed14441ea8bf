//! The black-box suites in one binary: after a change one program is linked, and a part of a test's name chooses what
//! runs.
//!
//! Two suites are programs of their own: `privacy` captures the logs and panics of the whole process, and `model` keeps
//! two processors busy, which tests with deadlines would notice.

mod account;
mod api;
mod attacks;
mod drills;
mod faults;
mod guard;
mod template;
