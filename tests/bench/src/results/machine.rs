//! Describes the machine that runs the benchmarks.

use std::fs;

/// Describes the processor, cores, memory and kernel on one line.
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
        series(&read("/proc/sys/kernel/osrelease"))
    )
}

/// Returns major and minor number of a kernel release: `6.8` of `6.8.0-45-generic`.
fn series(release: &str) -> String {
    let mut numbers = release.trim().splitn(3, '.');
    let (major, minor) = (numbers.next(), numbers.next());
    format!("{}.{}", major.unwrap_or("?"), minor.unwrap_or("?"))
}

/// Finds the value of `name` in lines such as `name : value`.
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
    fn finds_a_member_by_its_whole_name() {
        let text = "model\t\t: 85\nmodel name\t: Some CPU @ 2 GHz\n";
        assert_eq!(member(text, "model name"), Some("Some CPU @ 2 GHz"));
        assert_eq!(member(text, "name"), None);
    }

    #[test]
    fn shortens_a_release_to_major_and_minor_number() {
        assert_eq!(series("6.8.0-45-generic\n"), "6.8");
    }
}
