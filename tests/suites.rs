//! The black-box suites in one binary, so that a change links only one program. A part of a test's name chooses which
//! tests run. The top of each suite says what it alone sees.
//!
//! Two suites are binaries of their own. `privacy` captures the logs and panics of the whole process. `model` keeps two
//! processors busy, which would delay tests with deadlines.

mod account;
mod api;
mod attacks;
mod channels;
mod drills;
mod faults;
mod guard;
mod template;
