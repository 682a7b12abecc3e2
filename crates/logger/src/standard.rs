//! The keys that every line has a place for.

/// A key with a place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standard {
    Level,
    Location,
    Message,
    Timestamp,
    Service,
    SamplingRate,
    TraceId,
}

/// The error's key that a field never replaces: it would be another error's.
pub(crate) const STACK_TRACE: &[u8] = b"stack_trace";

impl Standard {
    /// Those that stand first, unless the order of keys is configured.
    pub(crate) const LEADING: [Self; 6] = [
        Self::Level,
        Self::Location,
        Self::Message,
        Self::Timestamp,
        Self::Service,
        Self::SamplingRate,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Location => "location",
            Self::Message => "message",
            Self::Timestamp => "timestamp",
            Self::Service => "service",
            Self::SamplingRate => "sampling_rate",
            Self::TraceId => "xray_trace_id",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::of_escaped(name.as_bytes())
    }

    /// None of the names needs an escape.
    pub(crate) fn of_escaped(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"level" => Self::Level,
            b"location" => Self::Location,
            b"message" => Self::Message,
            b"timestamp" => Self::Timestamp,
            b"service" => Self::Service,
            b"sampling_rate" => Self::SamplingRate,
            b"xray_trace_id" => Self::TraceId,
            _ => return None,
        })
    }
}

/// Fields of an event with these names are dropped: what they say is not for an event
/// to decide.
pub(crate) fn is_reserved_field(name: &str) -> bool {
    matches!(
        Standard::of(name),
        Some(Standard::Level | Standard::Location | Standard::Timestamp)
    )
}

/// Keys with these names are dropped, unless they are null, which switches the key off.
pub(crate) fn is_reserved_key(name: &str) -> bool {
    is_reserved_field(name) || Standard::of(name) == Some(Standard::Message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_key() {
        for standard in Standard::LEADING.into_iter().chain([Standard::TraceId]) {
            assert_eq!(Standard::of(standard.name()), Some(standard));
        }
        assert_eq!(Standard::of("Level"), None);
    }
}
