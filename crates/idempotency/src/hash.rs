//! Stand-in until the hash functions are here.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HashFunction {
    #[default]
    Sha256,
    Md5,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DigestText {
    Hex,
    Base64,
}

pub(crate) fn hash(bytes: &[u8], _function: HashFunction, _text: DigestText) -> String {
    use std::hash::{Hash, Hasher};
    let mut hasher = std::hash::DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
