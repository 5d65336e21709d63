//! Digests, as they are shown.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The SHA-256 digest, as `sha256:` and 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    shown(Sha256::new_with_prefix(bytes))
}

/// The digest of what was hashed so far.
pub(crate) fn shown(hash: Sha256) -> String {
    let mut text = String::from("sha256:");
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
