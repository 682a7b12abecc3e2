//! Ports, and whether a server answers on one.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::failure::{Failure, Result};

/// For each step of one try.
const LIMIT: Duration = Duration::from_secs(2);

/// A port of the loopback interface that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|e| Failure::new(format!("no free port on the loopback interface: {e}")))
}

/// Whether what listens on this port answers so. With nothing to ask and nothing to be
/// answered it is enough that it accepts a connection.
pub(crate) fn answers(port: u16, question: &str, answer: &str) -> bool {
    ask(port, question, answer.len()).is_ok_and(|begin| begin == answer.as_bytes())
}

fn ask(port: u16, question: &str, length: usize) -> io::Result<Vec<u8>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    stream.write_all(question.as_bytes())?;
    let mut begin = vec![0; length];
    stream.read_exact(&mut begin)?;
    Ok(begin)
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
            stream.read_exact(&mut [0; 6]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        port
    }

    #[test]
    fn a_server_is_ready_when_it_gives_the_answer() {
        assert!(answers(server("+PONG\r\nmore"), "PING\r\n", "+PONG\r\n"));
        assert!(!answers(server("-LOADING\r\n"), "PING\r\n", "+PONG\r\n"));
        assert!(!answers(server(""), "PING\r\n", "+PONG\r\n"));
    }

    #[test]
    fn a_server_that_says_nothing_holds_nobody_up() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!answers(port, "PING\r\n", "+PONG\r\n"));
        assert!(answers(port, "", ""));
    }

    #[test]
    fn a_port_without_server_does_not_answer() {
        assert!(!answers(free_port().unwrap(), "", ""));
    }
}
