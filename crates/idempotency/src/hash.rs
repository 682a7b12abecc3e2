use std::error::Error;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Blake2s256};
use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};

/// The function that makes keys and payload hashes of canonical JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashFunction {
    /// MD5, the default of the other languages.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256, the default here.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA3-224.
    Sha3_224,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
    /// BLAKE2b with 64 bytes.
    Blake2b,
    /// BLAKE2s with 32 bytes.
    Blake2s,
}

impl HashFunction {
    const ALL: [Self; 12] = [
        Self::Md5,
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha3_224,
        Self::Sha3_256,
        Self::Sha3_384,
        Self::Sha3_512,
        Self::Blake2b,
        Self::Blake2s,
    ];

    /// The name that Python's `hashlib` has for it, such as `sha3_256`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Sha3_224 => "sha3_224",
            Self::Sha3_256 => "sha3_256",
            Self::Sha3_384 => "sha3_384",
            Self::Sha3_512 => "sha3_512",
            Self::Blake2b => "blake2b",
            Self::Blake2s => "blake2s",
        }
    }
}

impl fmt::Display for HashFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for HashFunction {
    type Err = UnknownHashFunction;

    /// # Errors
    ///
    /// The name is none of [`HashFunction::as_str`].
    fn from_str(name: &str) -> Result<Self, UnknownHashFunction> {
        let mut all = Self::ALL.into_iter();
        all.find(|function| function.as_str() == name)
            .ok_or_else(|| UnknownHashFunction(name.to_owned()))
    }
}

/// There is no hash function of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownHashFunction(String);

impl UnknownHashFunction {
    /// The name that was asked for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownHashFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown hash function {:?}; one of", self.0)?;
        for (n, function) in HashFunction::ALL.into_iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(f, "{comma} {function}")?;
        }
        Ok(())
    }
}

impl Error for UnknownHashFunction {}

/// How a digest is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum DigestText {
    /// Lower-case hexadecimal digits.
    #[default]
    Hex,
    /// Standard base64 with padding.
    Base64,
}

/// The digest of `bytes` as text.
pub(crate) fn hash(bytes: &[u8], function: HashFunction, text: DigestText) -> String {
    match function {
        HashFunction::Md5 => digest::<Md5>(bytes, text),
        HashFunction::Sha1 => digest::<Sha1>(bytes, text),
        HashFunction::Sha224 => digest::<Sha224>(bytes, text),
        HashFunction::Sha256 => digest::<Sha256>(bytes, text),
        HashFunction::Sha384 => digest::<Sha384>(bytes, text),
        HashFunction::Sha512 => digest::<Sha512>(bytes, text),
        HashFunction::Sha3_224 => digest::<Sha3_224>(bytes, text),
        HashFunction::Sha3_256 => digest::<Sha3_256>(bytes, text),
        HashFunction::Sha3_384 => digest::<Sha3_384>(bytes, text),
        HashFunction::Sha3_512 => digest::<Sha3_512>(bytes, text),
        HashFunction::Blake2b => digest::<Blake2b512>(bytes, text),
        HashFunction::Blake2s => digest::<Blake2s256>(bytes, text),
    }
}

fn digest<D: Digest>(bytes: &[u8], text: DigestText) -> String {
    let digest = D::digest(bytes);
    match text {
        DigestText::Hex => hex(&digest),
        DigestText::Base64 => STANDARD.encode(&digest),
    }
}

fn hex(digest: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = vec![0; 2 * digest.len()];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(digest) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 0xf)];
    }
    String::from_utf8(hex).expect("hexadecimal digits are ASCII")
}

#[cfg(test)]
mod tests {
    use super::{DigestText, HashFunction, hash};

    /// Made by hashlib of `{"a": 1}`.
    const KNOWN: [(&str, &str); 12] = [
        ("md5", "42b7b4f2921788ea14dac5566e6f06d0"),
        ("sha1", "e4ad4daad53a2eec0313386ada88211e50d693bd"),
        (
            "sha224",
            "eea70a6ccb8cb94901d8734e645362b0d03fc0ba78cba7800d838d59",
        ),
        (
            "sha256",
            "f9d86028c6e0d64e225186f96acb69338b2c59764df79162107f5c4bb34d1310",
        ),
        (
            "sha384",
            "f2b4c03bc2786e3ac08a87a9a411e6f4948d55c07a180a0f53ae5d9eb146a7948e2fc7fb0a70e13ec0d1db9b80ead426",
        ),
        (
            "sha512",
            "778d1677f90ee644f1254e0fc57b76e2f996466488b91a64272644f5e362a7134cf9510cdb56b097fece6d5a3bad788d11edd1162a1c6208eabf3f079815cb5c",
        ),
        (
            "sha3_224",
            "eee6ee3a4853cce950de5ce9bb1bbe4e07472357255bc98a27b41a88",
        ),
        (
            "sha3_256",
            "595dbdd6cebd2cce5e81b4bd45d9ad1488e44179efa14f8f1fd6cad5f53e4735",
        ),
        (
            "sha3_384",
            "f0de9f776ab552b4470ea45a2c659ca962c7a08bdfe7bd3abed7c89fc1a0d5950583ae80ff29fcea2d3fa1057aa4366c",
        ),
        (
            "sha3_512",
            "42b3eab38741cd65c67490760d97df13c268d8273583360aed0f1eef2564fe638732c71425765c92a30233c5ec8325c3ca08a3eaed5bf52acdfdaaa03a2af363",
        ),
        (
            "blake2b",
            "2240e8b0b61c13b0d9ed7748a25e927d7b4bc482a76d2c057364055de9e13e96f8bbc7349aa9b78dbd716d2ee85b5ad101dac95e7381a1a6887003f77b4da9b6",
        ),
        (
            "blake2s",
            "47a3a3c313a17a7aafef333bdd9bf639b4340b56af8c4ae12a7d700c119e9821",
        ),
    ];

    #[test]
    fn each_function_is_hashlibs_of_the_same_name() {
        for (name, digest) in KNOWN {
            let function: HashFunction = name.parse().expect("a name");
            assert_eq!(function.as_str(), name);
            assert_eq!(hash(b"{\"a\": 1}", function, DigestText::Hex), digest);
        }
        assert_eq!(KNOWN.len(), HashFunction::ALL.len());
    }

    #[test]
    fn base64_is_standard_with_padding() {
        let text = hash(b"{\"a\":1}", HashFunction::Md5, DigestText::Base64);
        assert_eq!(text, "u2y1xo30ZSlByvZSo2by2A==");
    }

    #[test]
    fn sha_256_is_the_default() {
        assert_eq!(HashFunction::default(), HashFunction::Sha256);
    }

    #[test]
    fn an_unknown_name_is_an_error_that_tells_the_known_ones() {
        for name in ["nope", "", "SHA256", "sha-256", "shake_128"] {
            let error = name.parse::<HashFunction>().expect_err("no such name");
            assert_eq!(error.name(), name);
            assert!(error.to_string().contains("md5, sha1, sha224, sha256"));
        }
    }
}
