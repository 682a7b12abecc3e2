use std::{error::Error, fmt, io, net::SocketAddr};

/// The variable that overrides the front's address.
pub(crate) const ADDRESS_VARIABLE: &str = "POWERTOOLS_LOCAL_ADDRESS";

/// Why the front, the Runtime API or the function's process could not start.
///
/// Its `Debug` form is a sentence too, because that is what a `main` prints
/// that returns it.
pub struct LocalError(Kind);

enum Kind {
    NotLoopback(SocketAddr),
    Bind(SocketAddr, io::Error),
    Setting(&'static str, &'static str),
    Spawn(io::Error),
    Signal(io::Error),
}

impl LocalError {
    pub(crate) fn not_loopback(address: SocketAddr) -> Self {
        Self(Kind::NotLoopback(address))
    }

    pub(crate) fn bind(address: SocketAddr, source: io::Error) -> Self {
        Self(Kind::Bind(address, source))
    }

    pub(crate) fn setting(name: &'static str, expected: &'static str) -> Self {
        Self(Kind::Setting(name, expected))
    }

    pub(crate) fn spawn(source: io::Error) -> Self {
        Self(Kind::Spawn(source))
    }

    pub(crate) fn signal(source: io::Error) -> Self {
        Self(Kind::Signal(source))
    }

    /// The address is not one of the loopback interface; nothing was bound.
    #[must_use]
    pub fn is_not_loopback(&self) -> bool {
        matches!(self.0, Kind::NotLoopback(_))
    }

    /// Another program listens on the address.
    #[must_use]
    pub fn is_address_in_use(&self) -> bool {
        matches!(&self.0, Kind::Bind(_, source) if source.kind() == io::ErrorKind::AddrInUse)
    }

    /// A setting or an environment variable has a value that cannot be used.
    #[must_use]
    pub fn is_invalid_setting(&self) -> bool {
        matches!(self.0, Kind::Setting(..))
    }

    /// The executable could not be started.
    #[must_use]
    pub fn is_spawn(&self) -> bool {
        matches!(self.0, Kind::Spawn(_))
    }

    /// The address that could not be used, if the error is about one.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.0 {
            Kind::NotLoopback(address) | Kind::Bind(address, _) => Some(*address),
            Kind::Setting(..) | Kind::Spawn(_) | Kind::Signal(_) => None,
        }
    }
}

impl fmt::Display for LocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::NotLoopback(address) => write!(
                f,
                "address {address} is not a loopback address; use one such as 127.0.0.1:3000"
            ),
            Kind::Bind(address, _) if self.is_address_in_use() => write!(
                f,
                "address {address} is already in use; end the program that listens there \
                 or set {ADDRESS_VARIABLE} to another one such as 127.0.0.1:3001"
            ),
            Kind::Bind(address, _) => write!(f, "address {address} could not be bound"),
            Kind::Setting(name, expected) => write!(f, "{name} must be {expected}"),
            Kind::Spawn(_) => f.write_str("the function's process could not be started"),
            Kind::Signal(_) => f.write_str("the handler for Ctrl-C could not be installed"),
        }
    }
}

impl fmt::Debug for LocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        self.source()
            .map_or(Ok(()), |source| write!(f, ": {source}"))
    }
}

impl Error for LocalError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Bind(_, source) | Kind::Spawn(source) | Kind::Signal(source) => Some(source),
            Kind::NotLoopback(_) | Kind::Setting(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_address_is_named_and_the_way_out_is_said() {
        let address = SocketAddr::from(([127, 0, 0, 1], 3000));
        let error = LocalError::bind(address, io::ErrorKind::AddrInUse.into());

        assert!(error.is_address_in_use());
        assert_eq!(error.address(), Some(address));
        let text = error.to_string();
        assert!(text.contains("127.0.0.1:3000"), "{text}");
        assert!(text.contains("POWERTOOLS_LOCAL_ADDRESS"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn the_source_is_not_in_the_display() {
        let error = LocalError::spawn(io::Error::other("secret path"));

        assert!(!error.to_string().contains("secret path"));
        assert!(
            format!("{error:?}").ends_with("could not be started: secret path"),
            "{error:?}"
        );
        assert_eq!(error.source().unwrap().to_string(), "secret path");
    }
}
