//! What the process takes of its machine, by the names that Prometheus' own libraries have for it. As Linux tells it;
//! elsewhere there are no such series.

use std::fs;

use super::exposition::{Exposition, number};

/// A tick of the clock that Linux counts processor time in. It is the same everywhere, whatever the kernel's own is.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Debug, Default, PartialEq)]
struct Vitals {
    cpu_seconds: Option<f64>,
    started: Option<f64>,
    resident_bytes: Option<f64>,
    virtual_bytes: Option<f64>,
    open_files: Option<f64>,
    most_files: Option<f64>,
    /// What the container may have.
    memory_limit: Option<f64>,
}

/// Everything, in the text format. What the system does not tell is left out.
pub(super) fn render(text: &mut String) {
    write(&look(), text);
}

fn look() -> Vitals {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let files = fs::read_dir("/proc/self/fd").map(Iterator::count).ok();
    Vitals {
        open_files: files.map(|files| number(files as u64)),
        ..understand(&Told {
            stat: &read("/proc/self/stat"),
            status: &read("/proc/self/status"),
            limits: &read("/proc/self/limits"),
            machine: &read("/proc/stat"),
            container: &[
                "/sys/fs/cgroup/memory.max",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            ]
            .map(read)
            .concat(),
        })
    }
}

/// What the files of the same names under `/proc/self` hold, and `/proc/stat`.
struct Told<'a> {
    stat: &'a str,
    status: &'a str,
    limits: &'a str,
    machine: &'a str,
    /// Of control groups, version 2 or 1: a number, or `max`.
    container: &'a str,
}

/// What control groups of version 1 say where there is no limit is far beyond any memory.
const NO_LIMIT: u64 = 1 << 60;

fn understand(told: &Told) -> Vitals {
    // The program's name is in parentheses, and may hold anything. The next field is the third.
    let fields: Vec<&str> = match told.stat.rsplit_once(") ") {
        Some((_, fields)) => fields.split(' ').collect(),
        None => Vec::new(),
    };
    let ticks = |field: usize| parsed(fields.get(field - 3)).map(|ticks| ticks / TICKS_PER_SECOND);
    let kilobytes = |name| count(told.status, name).map(|kilobytes| kilobytes * 1024.0);
    let booted = count(told.machine, "btime ");
    Vitals {
        cpu_seconds: ticks(14).zip(ticks(15)).map(|(user, system)| user + system),
        started: ticks(22).zip(booted).map(|(after, booted)| booted + after),
        resident_bytes: kilobytes("VmRSS:"),
        virtual_bytes: kilobytes("VmSize:"),
        most_files: count(told.limits, "Max open files"),
        memory_limit: limit(told.container),
        open_files: None,
    }
}

/// The number that follows the beginning of a line.
fn count(text: &str, beginning: &str) -> Option<f64> {
    let mut lines = text.lines();
    let rest = lines.find_map(|line| line.strip_prefix(beginning))?;
    parsed(rest.split_whitespace().next().as_ref())
}

fn limit(told: &str) -> Option<f64> {
    let bytes: u64 = told.split_whitespace().next()?.parse().ok()?;
    (bytes < NO_LIMIT).then(|| number(bytes))
}

fn parsed(word: Option<&&str>) -> Option<f64> {
    word?.parse::<u64>().ok().map(number)
}

fn write(vitals: &Vitals, text: &mut String) {
    let families = [
        (
            "cpu_seconds_total",
            "Processor time",
            "counter",
            vitals.cpu_seconds,
        ),
        (
            "start_time_seconds",
            "When the process began",
            "gauge",
            vitals.started,
        ),
        (
            "resident_memory_bytes",
            "Memory that is in use",
            "gauge",
            vitals.resident_bytes,
        ),
        (
            "virtual_memory_bytes",
            "Memory that is set aside",
            "gauge",
            vitals.virtual_bytes,
        ),
        (
            "open_fds",
            "Open files and connections",
            "gauge",
            vitals.open_files,
        ),
        (
            "max_fds",
            "Files and connections that may be open",
            "gauge",
            vitals.most_files,
        ),
    ];
    for (name, help, sort, value) in families {
        if let Some(value) = value {
            Exposition::new(text, format!("process_{name}"), help, sort).single(value);
        }
    }
    if let Some(limit) = vitals.memory_limit {
        let name = "lockstep_memory_limit_bytes".to_owned();
        Exposition::new(text, name, "Memory that the container may have", "gauge").single(limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_tells_is_understood() {
        let told = Told {
            stat: "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 250 150 0 0 20 0 4 0 1000 99999 42 18446744073709551615\n",
            status: "Name:\ta ) b\nVmSize:\t  2048 kB\nVmRSS:\t    1024 kB\n",
            limits: "Limit                     Soft Limit           Hard Limit           Units\n\
                     Max open files            1024                 4096                 files\n",
            machine: "cpu  1 2 3\nbtime 1700000000\n",
            container: "4194304\n",
        };
        let vitals = understand(&told);
        let expected = Vitals {
            cpu_seconds: Some(4.0),
            started: Some(1_700_000_010.0),
            resident_bytes: Some(1_048_576.0),
            virtual_bytes: Some(2_097_152.0),
            open_files: None,
            most_files: Some(1024.0),
            memory_limit: Some(4_194_304.0),
        };
        assert_eq!(vitals, expected);
        let mut text = String::new();
        write(&vitals, &mut text);
        assert!(
            text.contains("\nprocess_resident_memory_bytes 1048576\n"),
            "{text}"
        );
        assert!(!text.contains("open_fds"), "{text}");
    }

    #[test]
    fn what_is_not_told_is_left_out() {
        for (stat, container) in [
            ("", ""),
            ("7 (a) S", "max\n"),
            ("7 (a) S 1 7 7 0 -1 4194560 1 0 0 0 x y", "9223372036854771712\n"),
        ] {
            let told = Told {
                container,
                stat,
                status: "VmRSS: none\n",
                limits: "Max open files unlimited\n",
                machine: "",
            };
            assert_eq!(understand(&told), Vitals::default());
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_takes_something() {
        let vitals = look();
        assert!(vitals.resident_bytes > Some(0.0), "{vitals:?}");
        assert!(vitals.open_files > Some(0.0), "{vitals:?}");
        assert!(
            vitals.cpu_seconds.is_some() && vitals.started > Some(0.0),
            "{vitals:?}"
        );
    }
}
