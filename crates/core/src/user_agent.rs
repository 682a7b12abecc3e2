use crate::Env;

/// The part that our calls to AWS add to the user agent:
/// `PT/<utility>/<version> PTEnv/<AWS_EXECUTION_ENV or NA>`.
///
/// AWS counts the use of Powertools by it. It carries no data of the user.
#[must_use]
pub fn user_agent(utility: &str, env: &Env) -> String {
    let host = env.get_non_empty("AWS_EXECUTION_ENV");
    let host = host.as_deref().unwrap_or("NA");
    format!("PT/{utility}/{} PTEnv/{host}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_utility_version_and_execution_environment() {
        let env = Env::from_iter([("AWS_EXECUTION_ENV", "AWS_Lambda_Image")]);
        let expected = format!(
            "PT/idempotency/{} PTEnv/AWS_Lambda_Image",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(user_agent("idempotency", &env), expected);
    }

    #[test]
    fn an_unknown_execution_environment_is_na() {
        let env = Env::from_iter([("AWS_EXECUTION_ENV", "")]);
        assert!(user_agent("batch", &env).ends_with(" PTEnv/NA"));
    }
}
