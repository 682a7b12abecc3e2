//! Ports, and whether an HTTP server answers on one.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::failure::{Failure, Result};

const LIMIT: Duration = Duration::from_secs(5);

/// A port of the loopback interface that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|e| Failure::new(format!("no free port on the loopback interface: {e}")))
}

/// Whether `GET path` on this port is answered with 200.
pub(crate) fn http_ok(port: u16, path: &str) -> bool {
    status_line(port, path).is_ok_and(|line| line.split(' ').nth(1) == Some("200"))
}

fn status_line(port: u16, path: &str) -> io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    stream.write_all(
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn server(answer: &'static str) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // The whole request, so that closing does not reset the connection.
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        });
        port
    }

    #[test]
    fn an_http_server_is_ready_when_it_answers_with_200() {
        assert!(http_ok(server("HTTP/1.1 200 OK\r\n\r\n{}"), "/health"));
        assert!(!http_ok(server("HTTP/1.1 503 Busy\r\n\r\n"), "/health"));
        assert!(!http_ok(server(""), "/health"));
    }

    #[test]
    fn a_port_without_server_does_not_answer() {
        assert!(!http_ok(free_port().unwrap(), "/"));
    }
}
