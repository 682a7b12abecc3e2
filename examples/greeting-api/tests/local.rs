//! The program as a developer runs it: a real port, a real request, real signals.
#![cfg(unix)]

use std::{
    net::{SocketAddr, TcpListener},
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use testbed::check::emf::EmfCheck;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStderr, ChildStdout, Command},
    time::timeout,
};

/// Far more than anything here takes; a test that hangs shall fail.
const LONGEST: Duration = Duration::from_secs(60);

const FREE_PORT: &str = "127.0.0.1:0";

fn program(address: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greeting-api"));
    command
        .env("POWERTOOLS_LOCAL_ADDRESS", address)
        .env("POWERTOOLS_SERVICE_NAME", "greetings")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for inherited in [
        "AWS_LAMBDA_LOG_LEVEL",
        "AWS_LAMBDA_RUNTIME_API",
        "LOG_LEVEL",
        "POWERTOOLS_LOG_LEVEL",
    ] {
        command.env_remove(inherited);
    }
    command
}

struct Running {
    program: Child,
    stdout: ChildStdout,
    stderr: Lines<BufReader<ChildStderr>>,
}

impl Running {
    fn start() -> Self {
        let mut program = program(FREE_PORT).spawn().unwrap();
        let stdout = program.stdout.take().unwrap();
        let stderr = BufReader::new(program.stderr.take().unwrap()).lines();
        Self {
            program,
            stdout,
            stderr,
        }
    }

    /// The next line on standard error with this text.
    async fn says(&mut self, text: &str) -> String {
        loop {
            let line = timeout(LONGEST, self.stderr.next_line()).await.unwrap();
            let line = line.unwrap().expect("the program has ended");
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Where it listens, taken out of the `curl` line.
    async fn address(&mut self) -> SocketAddr {
        let line = self.says("curl").await;
        let url = line.split('\'').nth(1).unwrap();
        let address = url.strip_prefix("http://").unwrap();
        address.strip_suffix("/greeting").unwrap().parse().unwrap()
    }

    async fn interrupt(&self) {
        let pid = self.program.id().unwrap().to_string();
        let kill = Command::new("sh")
            .args(["-c", "kill -INT $0", &pid])
            .status()
            .await;
        assert!(kill.unwrap().success());
    }

    /// Waits for the end of every process that writes to the standard output, and
    /// gives what they have written.
    async fn ends(mut self) -> (i32, String) {
        let mut written = String::new();
        let end = async {
            self.stdout.read_to_string(&mut written).await.unwrap();
            self.program.wait().await.unwrap()
        };
        let status = timeout(LONGEST, end).await.unwrap();
        (status.code().unwrap(), written)
    }
}

/// Status line, headers and body of the answer to a request.
async fn request(address: SocketAddr, method: &str, path: &str) -> (String, String) {
    send(address, &format!("{method} {path}"), "", "").await
}

async fn send(address: SocketAddr, line: &str, headers: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    timeout(LONGEST, read).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test]
async fn a_request_is_answered_through_the_function_and_logged_with_its_context() {
    let mut running = Running::start();
    let address = running.address().await;
    assert!(address.ip().is_loopback());

    let (head, body) = request(address, "GET", "/greeting").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(body, r#"{"message":"hello"}"#);

    let (head, body) = request(address, "GET", "/unknown").await;
    assert!(head.starts_with("http/1.1 404"), "{head}");
    assert_eq!(body, r#"{"statusCode":404,"message":"Not found"}"#);

    let (head, body) = request(address, "PUT", "/greeting").await;
    assert!(head.starts_with("http/1.1 405"), "{head}");
    assert!(head.contains("allow: get,head,post"), "{head}");
    assert_eq!(body, r#"{"statusCode":405,"message":"Method not allowed"}"#);

    running.interrupt().await;
    let (code, written) = running.ends().await;
    assert_eq!(code, 0);
    // Standard output is the function's: one log line, metrics, and nothing else.
    let (metrics, logs): (Vec<&str>, _) = written
        .lines()
        .partition(|line| line.starts_with("{\"_aws\""));
    let [log] = logs.try_into().unwrap();
    let line: Value = serde_json::from_str(log).unwrap();
    assert_eq!(line["message"], "greeting requested");
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["service"], "greetings");
    assert_eq!(line["cold_start"], true);
    assert_eq!(line["function_name"], "greeting-api");
    assert_eq!(line["function_memory_size"], 128);
    for key in ["function_arn", "function_request_id", "xray_trace_id"] {
        assert!(line[key].is_string(), "{key}");
    }
    let metrics = EmfCheck::new().assert_lines(metrics.join("\n"));
    let names = metrics.iter().flat_map(|line| line.metrics());
    let names: Vec<_> = names.map(|metric| metric.key().name()).collect();
    let count = |wanted: &str| names.iter().filter(|name| **name == wanted).count();
    assert_eq!(
        (count("ColdStart"), count("Greetings")),
        (1, 1),
        "{names:?}"
    );
    // A greeting, a path and a method that are unknown: each in every dimension set.
    assert_eq!(count("Requests"), 7, "{names:?}");
}

#[tokio::test]
async fn a_greeting_is_made_once_for_each_key() {
    let mut running = Running::start();
    let address = running.address().await;
    let mut bodies = Vec::new();
    for key in ["1", "1", "2"] {
        let headers = format!("content-type: application/json\r\nidempotency-key: {key}\r\n");
        let guest = r#"{"name": "Ada"}"#;
        let (head, body) = send(address, "POST /greeting", &headers, guest).await;
        assert!(head.starts_with("http/1.1 201"), "{head}");
        assert!(body.ends_with(r#""message":"hello Ada"}"#), "{body}");
        bodies.push(body);
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_ne!(bodies[0], bodies[2]);
    running.interrupt().await;
    let (_, written) = running.ends().await;
    assert_eq!(written.matches("greeting made").count(), 2, "{written}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_interrupt_ends_the_function_as_well() {
    let mut running = Running::start();
    let address = running.address().await;
    request(address, "GET", "/greeting").await;
    let functions = children_of(running.program.id().unwrap());
    assert_eq!(functions.len(), 1, "{functions:?}");

    running.interrupt().await;
    let (code, _) = running.ends().await;
    assert_eq!(code, 0);
    for function in functions {
        assert!(parent_of(&function).is_none(), "{function}");
    }
    assert!(TcpStream::connect(address).await.is_err());
}

#[cfg(target_os = "linux")]
fn children_of(pid: u32) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap();
    processes
        .map(|process| process.unwrap().file_name().into_string().unwrap())
        .filter(|process| parent_of(process) == Some(pid))
        .collect()
}

/// `None` if there is no such process.
#[cfg(target_os = "linux")]
fn parent_of(process: &str) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before may hold anything, then come the state and the parent.
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_way_out() {
    let taken = TcpListener::bind(FREE_PORT).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = program(&address).output();
    let output = timeout(LONGEST, run).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("greeting-api: "), "{said}");
    assert!(said.contains(&address), "{said}");
    assert!(said.contains("already in use"), "{said}");
    assert!(said.contains("POWERTOOLS_LOCAL_ADDRESS"), "{said}");
}

#[tokio::test]
async fn an_address_beyond_loopback_is_refused() {
    let run = program("0.0.0.0:0").output();
    let output = timeout(LONGEST, run).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("0.0.0.0:0 is not a loopback address"),
        "{said}"
    );
}
