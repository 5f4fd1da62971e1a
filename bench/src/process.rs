//! What the system reports about processes, in `/proc`.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::MissedTickBehavior;

/// The kernel reports processor time in hundredths of a second, whatever its own tick.
const TICKS_PER_SECOND: u64 = 100;

/// Processor time that a process has used, in its own code and in the kernel.
fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let fields = stat(pid)?;
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).context("reading /proc");
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 1000 / TICKS_PER_SECOND))
}

/// The fields of `/proc/{pid}/stat` behind the name, which may hold anything.
fn stat(pid: u32) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("reading /proc")?;
    let (_, fields) = text.rsplit_once(')').context("reading /proc")?;
    Ok(fields.split_whitespace().map(str::to_owned).collect())
}

fn parent(pid: u32) -> Option<u32> {
    stat(pid).ok()?.get(1)?.parse().ok()
}

/// Memory of a process that is in use (`VmRSS`), in bytes.
pub fn resident_bytes(pid: u32) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).context("reading /proc")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("reading /proc")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().context("reading /proc")?;
    Ok(kibibytes * 1024)
}

/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs `work`, and returns too how much memory the process used at most meanwhile.
pub async fn most_resident<T>(pid: u32, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<(T, u64)> {
    let mut work = std::pin::pin!(work);
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut most = 0;
    loop {
        tokio::select! {
            done = &mut work => return Ok((done?, most.max(resident_bytes(pid)?))),
            _ = look.tick() => most = most.max(resident_bytes(pid)?),
        }
    }
}

/// Processor time of all threads that a process has now, to the nanosecond.
fn exact_cpu(pid: u32) -> anyhow::Result<Duration> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).context("reading /proc")?;
    let mut used = Duration::ZERO;
    for thread in threads {
        // One that ended meanwhile used nothing more.
        let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let on_cpu = text.split_whitespace().next().and_then(|ns| ns.parse().ok()).context("reading /proc")?;
        used += Duration::from_nanos(on_cpu);
    }
    Ok(used)
}

/// The processes whose time counts: the servers, and those of a PostgreSQL on this machine.
pub struct Meter {
    servers: Vec<u32>,
    postmaster: Option<u32>,
    /// Those of PostgreSQL, where they are known one by one.
    backends: Vec<u32>,
}

impl Meter {
    /// `backend` is the process of a connection to PostgreSQL, where there is one on this machine.
    pub fn new(servers: Vec<u32>, backend: Option<u32>) -> Self {
        let is_here = |pid: &u32| {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            name.trim() == "postgres"
        };
        Self { servers, postmaster: backend.filter(is_here).and_then(parent), backends: Vec::new() }
    }

    /// A server, and what PostgreSQL has for its database.
    pub fn of(server: u32, backends: Vec<u32>) -> Self {
        Self { servers: vec![server], postmaster: None, backends }
    }

    /// What the servers and the known backends have used so far, to the nanosecond: for what takes milliseconds.
    pub fn read_exactly(&self) -> anyhow::Result<Duration> {
        let servers = self.servers.iter().map(|pid| exact_cpu(*pid)).sum::<anyhow::Result<Duration>>()?;
        // A backend may end, and PostgreSQL may be on another machine.
        Ok(servers + self.backends.iter().filter_map(|pid| exact_cpu(*pid).ok()).sum::<Duration>())
    }

    /// What they have used so far.
    pub fn read(&self) -> anyhow::Result<Duration> {
        let servers = self.servers.iter().map(|pid| cpu(*pid)).sum::<anyhow::Result<Duration>>()?;
        let Some(postmaster) = self.postmaster else { return Ok(servers) };
        let pids = std::fs::read_dir("/proc").context("reading /proc")?;
        let pids = pids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let children = pids.filter(|pid| parent(*pid) == Some(postmaster));
        // One that ended meanwhile used nothing more.
        Ok(servers + children.filter_map(|pid| cpu(pid).ok()).sum::<Duration>())
    }

    /// Runs `work`, and returns too what they used meanwhile.
    pub async fn during<T>(&self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<(T, Duration)> {
        let before = self.read()?;
        let done = work.await?;
        Ok((done, self.read()?.saturating_sub(before)))
    }
}
