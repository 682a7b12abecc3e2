//! Names of resources in an account that is nobody's.

/// The ARN of a function in the account that AWS uses in its examples.
pub(crate) fn function_arn(region: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{name}")
}

/// The account that AWS uses in its examples.
pub(crate) const ACCOUNT: &str = "123456789012";
