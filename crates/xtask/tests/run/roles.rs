//! What this binary does when it is not the one that tests.
#![expect(
    clippy::disallowed_methods,
    reason = "a developer tool does not depend on the library that it checks"
)]
#![expect(clippy::exit, reason = "a server that ends is what it is about")]

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, parent_id};
use std::process::{self, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, getpgrp, test_kill_process};

/// The first argument of every role.
pub(crate) const ROLE: &str = "--role";

/// How long a process stays at most if nobody ends it.
const LIMIT: Duration = Duration::from_secs(120);

/// Plays the role that the arguments name, if they do.
pub(crate) fn play() -> bool {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [ROLE, role, ref rest @ ..] = words[..] else {
        return false;
    };
    thread::spawn(|| {
        thread::sleep(LIMIT);
        process::exit(124);
    });
    match (role, rest) {
        ("server", [act, starts]) => serve(act, starts),
        ("tests", [act]) => test(act),
        ("daemon", []) => daemon(),
        ("chatter", []) => chatter(),
        _ => wait(),
    }
    true
}

/// Until somebody ends this process.
fn wait() {
    thread::sleep(LIMIT * 2);
}

/// The AWS-compatible server. The file `starts` gets a line for each start.
fn serve(act: &str, starts: &str) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(starts)
        .expect("its directory exists");
    let port = env::var("GATEWAY_PORT").expect("the port is given");
    writeln!(file, "{port}").expect("the disk is not full");
    let count = fs::read_to_string(starts).map_or(0, |text| text.lines().count());
    if act == "fails" || (act == "fails-once" && count == 1) {
        println!("no room for a table");
        process::exit(3);
    }
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).expect("the port is free");
    if act == "silent" {
        return wait();
    }
    println!("Running on http://127.0.0.1:{port}");
    for stream in listener.incoming().flatten() {
        thread::spawn(|| answer(stream));
    }
}

fn answer(mut stream: TcpStream) {
    let mut request = [0; 1024];
    while let Ok(length @ 1..) = stream.read(&mut request) {
        if request[..length].starts_with(b"GET /end") {
            println!("the ground gave way");
            process::exit(7);
        }
        if request[..length].starts_with(b"GET /_ministack/health ") {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            return;
        }
    }
}

/// `cargo test`.
fn test(act: &str) {
    let url = env::var("PT_TEST_AWS_URL").expect("the tests are told the address");
    println!("at {url}");
    let python = env::var("PT_TEST_PYTHON").expect("the tests are told of Python");
    println!("with {python}");
    match act {
        "pass" => report(),
        "litter" => {
            leave("sleeper", Stdio::null(), Stdio::inherit());
            report();
        }
        "end-the-server" => {
            let address = url.trim_start_matches("http://");
            let mut stream = TcpStream::connect(address).expect("the server listens");
            stream
                .write_all(b"GET /end HTTP/1.1\r\n\r\n")
                .expect("the server reads");
            wait();
        }
        "orphan" => {
            orphan_is_reaped();
            report();
        }
        "fill" => {
            println!("the tests fill the output");
            fill();
        }
        "chatter" => {
            leave("chatter", Stdio::null(), Stdio::inherit());
            println!("guarded by {}", parent_id());
            wait();
        }
        _ => {
            leave("sleeper", Stdio::null(), Stdio::inherit());
            println!("guarded by {}", parent_id());
            println!("the tests hang");
            wait();
        }
    }
}

fn report() {
    println!("running 1 test");
    println!(
        "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0s"
    );
}

/// A process that a test leaves behind, and its number. With our output it holds that of the
/// run open. On Linux it has left the process group too.
#[expect(
    clippy::zombie_processes,
    reason = "that nobody waits is what it is about"
)]
fn leave(role: &str, input: Stdio, output: Stdio) -> u32 {
    let child = Command::new(env::current_exe().expect("this file exists"))
        .args([ROLE, role])
        .process_group(if cfg!(target_os = "linux") {
            0
        } else {
            getpgrp().as_raw_pid()
        })
        .stdin(input)
        .stdout(output)
        .stderr(Stdio::null())
        .spawn()
        .expect("this file can be started");
    child.id()
}

/// What a build starts for the builds to come. Its input is a socket that listens.
fn daemon() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let address = listener.local_addr().expect("it listens");
    let id = leave("sleeper", OwnedFd::from(listener).into(), Stdio::null());
    println!("daemon {id} {address}");
}

/// Ends when its own child has, whose parent has ended before.
fn orphan_is_reaped() {
    let output = Command::new("sh")
        .args(["-c", "sleep 0.05 > /dev/null & echo $!"])
        .output()
        .expect("there is a shell");
    let id = String::from_utf8_lossy(&output.stdout).trim().parse();
    let id = Pid::from_raw(id.expect("it is a number")).expect("it is not zero");
    while test_kill_process(id).is_ok() {
        thread::sleep(Duration::from_millis(5));
    }
}

/// Writes until nobody reads, then says so in the file `full`.
fn fill() {
    let written = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&written);
    thread::spawn(move || {
        loop {
            println!("one more line");
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    let mut before = 0;
    loop {
        thread::sleep(Duration::from_millis(300));
        let now = written.load(Ordering::Relaxed);
        if now == before && now > 0 {
            break;
        }
        before = now;
    }
    fs::write("full", "").expect("the disk is not full");
    wait();
}

fn chatter() {
    loop {
        println!("one more line");
    }
}
