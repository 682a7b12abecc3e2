//! Every process that came from this one, in whatever process group it is by now.
//!
//! On Linux only. Elsewhere nothing is found, and a process that leaves its group is missed.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::io;
use rustix::process::{Pid, Signal, getpid, kill_process};

use crate::host::Stopwatch;

/// How long the kernel gets to end what was killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// From now on a descendant that loses its parent becomes our child, and stays one of ours.
#[cfg(target_os = "linux")]
pub(crate) fn adopt() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(getpid()))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn adopt() -> io::Result<()> {
    Ok(())
}

/// Kills them until none is left: one may start another meanwhile.
pub(crate) fn end() {
    let clock = Stopwatch::start();
    while clock.elapsed() < PATIENCE {
        let found = of(getpid(), &living());
        if found.is_empty() {
            return;
        }
        for id in found {
            let _ = kill_process(id, Signal::KILL);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    id: Pid,
    parent: Pid,
}

/// The processes of this machine that have not ended.
fn living() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes()[0].is_ascii_digit())
        .filter_map(|entry| read(&fs::read_to_string(entry.path().join("stat")).ok()?))
        .collect()
}

/// `7 (the name) S 1 …`: the number, the name, the state and the parent.
fn read(stat: &str) -> Option<Process> {
    let (id, rest) = stat.split_once(' ')?;
    // The name may hold anything, parentheses too.
    let (_, rest) = rest.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    let state = words.next()?;
    let parent = words.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    Some(Process {
        id: Pid::from_raw(id.parse().ok()?)?,
        parent: Pid::from_raw(parent.parse().ok()?)?,
    })
}

fn of(ancestor: Pid, processes: &[Process]) -> Vec<Pid> {
    let mut family = vec![ancestor];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        let children = processes.iter().filter(|process| process.parent == parent);
        family.extend(children.map(|process| process.id));
        next += 1;
    }
    family.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(id: i32) -> Pid {
        Pid::from_raw(id).unwrap()
    }

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let expected = Process {
            id: pid(7),
            parent: pid(3),
        };
        assert_eq!(read("7 (a) S 1) S 3 7 7 0 -1"), Some(expected));
        assert_eq!(read("7 (ended) Z 3 7 7 0 -1"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn children_and_their_children_are_found_and_nobody_else() {
        let processes: Vec<Process> = [(2, 1), (9, 7), (5, 9), (7, 2), (8, 2), (4, 8)]
            .map(|(id, parent)| Process {
                id: pid(id),
                parent: pid(parent),
            })
            .into();
        assert_eq!(of(pid(7), &processes), [pid(9), pid(5)]);
        assert_eq!(of(pid(3), &processes), []);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_alive() {
        assert!(living().iter().any(|process| process.id == getpid()));
    }
}
