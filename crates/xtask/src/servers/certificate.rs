//! An authority and a certificate for the loopback interface, made for one run.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Failure, Result};
use crate::workspace::{capture, check, command_line};

/// The certificate of the authority, which clients have to trust.
pub(crate) const AUTHORITY: &str = "ca.pem";
/// The certificate of the server.
pub(crate) const CERTIFICATE: &str = "server.pem";
/// The key of the server.
pub(crate) const KEY: &str = "server.key";

/// LibreSSL, which macOS has, understands this file, but not every option of OpenSSL.
const CONFIGURATION: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = the tests of one run
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
";

/// Makes the three files above in `directory`.
pub(crate) fn make(directory: &Path) -> Result<()> {
    let configuration = directory.join("openssl.cnf");
    fs::write(&configuration, CONFIGURATION)
        .map_err(|e| Failure::new(format!("cannot write {}: {e}", configuration.display())))?;
    for line in [
        "ecparam -name prime256v1 -genkey -noout -out ca.key",
        "req -x509 -new -config openssl.cnf -extensions authority -days 2 -key ca.key -out ca.pem",
        "ecparam -name prime256v1 -genkey -noout -out server.key",
        "req -new -config openssl.cnf -key server.key -out server.csr",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
         -extfile openssl.cnf -extensions server -out server.pem",
    ] {
        openssl(directory, line)?;
    }
    Ok(())
}

/// A password of 48 hexadecimal digits.
pub(crate) fn password() -> Result<String> {
    let text = capture(Command::new("openssl").args(["rand", "-hex", "24"]))?;
    Ok(text.trim().to_owned())
}

fn openssl(directory: &Path, line: &str) -> Result<()> {
    let mut command = Command::new("openssl");
    command.args(line.split_whitespace()).current_dir(directory);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| Failure::new(format!("cannot start openssl: {e}")))?;
    // It chats on standard error when all is well.
    check(&command_line(&command), output.status).map_err(|e| {
        let said = String::from_utf8_lossy(&output.stderr);
        Failure::new(format!("{e}:\n{}", said.trim_end()))
    })
}
