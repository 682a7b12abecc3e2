//! One thread that starts all children and lives as long as this process.
//!
//! A child asks Linux to kill it when its parent dies, and Linux means the *thread* that
//! started it: a test's own thread ends too early.

use std::{
    io,
    process::{Child, Command},
    sync::{LazyLock, Mutex, PoisonError, mpsc},
    thread,
};

type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// Process-wide, because what it starts depends on nothing but this process.
static ORDERS: LazyLock<Mutex<mpsc::Sender<Order>>> = LazyLock::new(|| {
    let (orders, incoming) = mpsc::channel::<Order>();
    thread::spawn(move || {
        for (mut command, reply) in incoming {
            // Who ordered it waits for the reply.
            let _ = reply.send(command.spawn());
        }
    });
    Mutex::new(orders)
});

pub(super) fn spawn(command: Command) -> io::Result<Child> {
    let (reply, replied) = mpsc::channel();
    let orders = ORDERS.lock().unwrap_or_else(PoisonError::into_inner);
    let sent = orders.send((command, reply));
    sent.expect("the thread lives as long as the process");
    drop(orders);
    replied.recv().expect("each order gets its reply")
}

/// Makes this process end with the thread that started it, even while it is stopped.
#[cfg(target_os = "linux")]
pub(super) fn end_with_parent() {
    use rustix::process::{Signal, set_parent_process_death_signal};
    // Without it the closed side channel ends this process, unless it is stopped.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
}

#[cfg(not(target_os = "linux"))]
pub(super) fn end_with_parent() {}
