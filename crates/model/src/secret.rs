//! Where secrets come from. The secrets themselves have no type here on purpose: nothing in the
//! model can hold one, so nothing in a plan, an event or a saved file can show one.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

/// Where a password is read from, at the moment in which it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordSource {
    /// An environment variable.
    Env(String),
    /// A file; one trailing line break is not part of the password.
    File(PathBuf),
    /// A program and its arguments, run without a shell; its standard output is the password.
    Command(Vec<String>),
}

/// Where it is, in the middle of a sentence. Of a command's arguments nothing is told.
impl fmt::Display for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the password file {}", path.display()),
            Self::Command(words) => {
                let program = words.first().map_or("", String::as_str);
                write!(f, "the output of `{program}`")
            }
        }
    }
}
