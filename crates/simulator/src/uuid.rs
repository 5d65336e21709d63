//! Ids in the form of random UUIDs, made from texts.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// An id in the form of a UUID, always the same for the same text.
pub(crate) fn uuid(text: &str) -> String {
    let hash = Sha256::digest(text);
    let mut id = String::with_capacity(36);
    for (index, byte) in hash.iter().take(16).enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        let byte = match index {
            6 => byte & 0x0f | 0x40,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        let _ = write!(id, "{byte:02x}");
    }
    id
}
