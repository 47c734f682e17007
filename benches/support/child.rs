//! A child process, and what it took: time, processor time, memory.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures by the clock")]

use std::fs;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::{Outcome, float};

/// How often a process's memory is looked at; the kernel keeps the peak, so that only what comes after the
/// last look is missed.
const LOOK: Duration = Duration::from_millis(5);

/// Clock ticks of `/proc` a second, on every Linux that runs Rust.
const TICKS: f64 = 100.0;

/// What one run took.
#[derive(Clone, Copy)]
pub(crate) struct Taken {
    /// By the clock.
    pub(crate) seconds: f64,
    /// Of the processor, all threads.
    pub(crate) processor: f64,
    /// The most memory that it held.
    pub(crate) peak_mib: f64,
}

/// Runs a command to its end, and fails as it fails.
pub(crate) fn run(command: &mut Command) -> Outcome<Taken> {
    let (taken, status) = watch(command)?;
    if status.success() { Ok(taken) } else { Err(format!("{command:?}: {status}").into()) }
}

/// Runs a command to its end, however it ends.
pub(crate) fn watch(command: &mut Command) -> Outcome<(Taken, ExitStatus)> {
    let before = processor_of_children()?;
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let mut peak_kib = 0;
    let status = loop {
        peak_kib = peak_kib.max(peak_kib_of(child.id()).unwrap_or_default());
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(LOOK);
    };
    let seconds = started.elapsed().as_secs_f64();
    let processor = processor_of_children()? - before;
    Ok((Taken { seconds, processor, peak_mib: float(peak_kib) / 1_024.0 }, status))
}

/// The run in the middle, by the clock.
pub(crate) fn median<T: Copy>(runs: &[T], taken: impl Fn(&T) -> Taken) -> Outcome<T> {
    let mut runs = runs.to_vec();
    runs.sort_by(|one, other| taken(one).seconds.total_cmp(&taken(other).seconds));
    Ok(*runs.get(runs.len() / 2).ok_or("nothing was run")?)
}

/// Seconds of processor time of all children that have ended.
fn processor_of_children() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name in brackets may hold blanks; what follows it does not.
    let after = stat.rsplit_once(") ").ok_or("a stat without a name")?.1;
    let fields: Vec<&str> = after.split(' ').collect();
    let ticks =
        |index: usize| -> Outcome<f64> { Ok(fields.get(index).ok_or("a short stat")?.parse()?) };
    Ok((ticks(13)? + ticks(14)?) / TICKS)
}

fn peak_kib_of(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
