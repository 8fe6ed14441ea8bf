//! Reads what the kernel counts for another process: processor time, memory and sockets.

use std::fs;
use std::time::Duration;

use nix::sys::time::TimeValLike as _;
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// A running process on this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    pid: u32,
    clock: ClockId,
}

impl Process {
    /// Finds the process with this id, which must be running.
    pub(crate) fn new(pid: u32) -> Self {
        let id = i32::try_from(pid).expect("process ids are small");
        let clock = clock_getcpuclockid(Pid::from_raw(id)).expect("it is alive");
        Self { pid, clock }
    }

    /// Returns the processor time of all its threads so far, in user and kernel mode, to the nanosecond.
    pub(crate) fn cpu(self) -> Duration {
        let spent = clock_gettime(self.clock).expect("it is alive");
        Duration::from_nanos(u64::try_from(spent.num_nanoseconds()).unwrap_or(0))
    }

    /// Returns its peak resident memory (`VmHWM`), in megabytes.
    pub(crate) fn peak_mb(self) -> f64 {
        self.status_mb("VmHWM:")
    }

    /// Returns its resident memory now (`VmRSS`), in megabytes.
    pub(crate) fn memory_mb(self) -> f64 {
        self.status_mb("VmRSS:")
    }

    /// Counts the sockets that it has open.
    pub(crate) fn sockets(self) -> f64 {
        let files = fs::read_dir(format!("/proc/{}/fd", self.pid)).expect("it is alive");
        let is_socket = |file: &fs::DirEntry| {
            fs::read_link(file.path())
                .is_ok_and(|target| target.to_string_lossy().starts_with("socket:"))
        };
        let sockets = files.filter_map(Result::ok).filter(is_socket).count();
        f64::from(u32::try_from(sockets).unwrap_or(u32::MAX))
    }

    /// Reads a size from its status file, which is in kibibytes, and converts it to megabytes.
    fn status_mb(self, name: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).expect("it is alive");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        let kibibytes: f64 = number.and_then(|n| n.parse().ok()).expect("kB");
        kibibytes * 1_024.0 / 1e6
    }
}
