//! What the machine says about its memory, where it is Linux; nothing elsewhere.

use std::fs;

/// Bytes that can be had without swapping (`MemAvailable` of proc(5)).
pub fn memory_available() -> Option<u64> {
    figure(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable")
}

/// The most bytes that this process has held in memory so far (`VmHWM` of proc(5)).
pub fn memory_peak() -> Option<u64> {
    figure(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM")
}

/// The bytes that this process holds in memory now (`VmRSS` of proc(5)).
pub fn memory_resident() -> Option<u64> {
    figure(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS")
}

/// The bytes of a line such as `VmHWM:     6952 kB`.
fn figure(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kibibytes: u64 = value.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kibibytes.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_found_by_its_whole_name() {
        let text = "VmHWMx:\t 1 kB\nVmPeak:\t 9 kB\nVmHWM:\t    6952 kB\nThreads:\t3\n";
        assert_eq!(figure(text, "VmHWM"), Some(6_952 * 1_024));
        assert_eq!(figure(text, "Threads"), None);
        assert_eq!(figure(text, "MemAvailable"), None);
    }
}
