//! The machine that runs this.

use std::fs;

/// Processor, cores, memory and kernel, on one line.
pub(super) fn description() -> String {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let (cpus, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let cores = cpus
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let kibibytes =
        member(&memory, "MemTotal").and_then(|size| size.split(' ').next()?.parse().ok());
    let gigabytes: f64 = kibibytes.unwrap_or(0.0) * 1_024.0 / 1e9;
    format!(
        "{}, {cores} cores, {gigabytes:.0} GB, {}, Linux {}",
        member(&cpus, "model name").unwrap_or("unknown processor"),
        std::env::consts::ARCH,
        read("/proc/sys/kernel/osrelease").trim()
    )
}

/// The value of `name` in lines of `name : value`.
fn member<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_their_whole_name() {
        let text = "model\t\t: 85\nmodel name\t: Some CPU @ 2 GHz\n";
        assert_eq!(member(text, "model name"), Some("Some CPU @ 2 GHz"));
        assert_eq!(member(text, "name"), None);
    }
}
