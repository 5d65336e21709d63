//! A saved plan as it stands in a file: JSON that people can read, and at its end the digest of every
//! byte before it. It goes out and comes in as it stands, since a plan may hold hundreds of fleets.

use std::{
    cell::RefCell,
    io::{self, Write},
};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    SavedFleet, SavedPlan,
    hash::{sha256, shown},
};

/// The version of the file's form.
const FORMAT: &str = "1";
/// What a file must call itself to be taken for a saved plan.
const KIND: &str = "pgfleet-saved-plan";

/// Why a file is no saved plan that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SavedPlanError {
    /// It is something else.
    #[error("is no saved plan")]
    Other,
    /// It is of another form.
    #[error(
        "has the form `{0}`, which this pgfleet does not know; make it again with `plan --out`"
    )]
    Format(String),
    /// Somebody has edited it, or it was cut off.
    #[error("was changed after it was saved, or is damaged ({0}); make it again with `plan --out`")]
    Damaged(String),
}

/// The file, in the order of its fields.
#[derive(Serialize)]
struct Document<'a> {
    format_version: &'static str,
    kind: &'static str,
    pgfleet: &'a str,
    simulated: bool,
    fleets: &'a [SavedFleet],
    digest: Seal<'a>,
}

/// What says which form a file has.
#[derive(Deserialize)]
struct Head {
    format_version: Option<Value>,
    kind: Option<Value>,
}

/// The digest of what has been written when it is its turn.
struct Seal<'a>(&'a RefCell<Sha256>);

impl Serialize for Seal<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digest = shown(self.0.borrow().clone());
        serializer.serialize_str(&digest)
    }
}

/// Passes on what is written, and hashes it on the way.
struct Hashing<'a, W> {
    out: W,
    hash: &'a RefCell<Sha256>,
}

impl<W: Write> Write for Hashing<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.borrow_mut().update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl SavedPlan {
    /// Writes the file, with its digest.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn write(&self, out: impl Write) -> io::Result<()> {
        let Self {
            pgfleet,
            simulated,
            fleets,
        } = self;
        let hash = RefCell::new(Sha256::new());
        let mut out = Hashing { out, hash: &hash };
        let document = Document {
            format_version: FORMAT,
            kind: KIND,
            pgfleet,
            simulated: *simulated,
            fleets,
            digest: Seal(&hash),
        };
        serde_json::to_writer_pretty(&mut out, &document)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`SavedPlanError`], which says what it is instead.
    pub fn from_text(text: &str) -> Result<Self, SavedPlanError> {
        let damaged = |error: serde_json::Error| SavedPlanError::Damaged(error.to_string());
        if !text.trim_start().starts_with('{') {
            return Err(SavedPlanError::Other);
        }
        let head: Head = serde_json::from_str(text).map_err(damaged)?;
        if head.kind.as_ref().and_then(Value::as_str) != Some(KIND) {
            return Err(SavedPlanError::Other);
        }
        match head.format_version.as_ref().and_then(Value::as_str) {
            Some(FORMAT) => {}
            other => return Err(SavedPlanError::Format(other.unwrap_or("none").to_owned())),
        }
        let sealed = text.strip_suffix("\"\n}\n");
        let sealed = sealed.and_then(|text| text.rsplit_once('"'));
        if sealed.is_none_or(|(all, digest)| sha256(all.as_bytes()) != digest) {
            return Err(SavedPlanError::Damaged("its digest differs".to_owned()));
        }
        serde_json::from_str(text).map_err(damaged)
    }

    /// Whether a text means to be a saved plan, whole or damaged.
    pub fn is_meant_by(text: &str) -> bool {
        text.trim_start().starts_with('{') && text.contains(KIND)
    }
}
