//! Reads secrets at the moment in which they are needed.

use std::{
    io::Read as _,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use pgfleet_model::PasswordSource;
use secrecy::SecretString;

/// How long a password command may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A password that could not be read. It never holds the password itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The environment variable is not set.
    #[error("the environment variable {0} is not set; set it to the password")]
    NotSet(String),
    /// It is set to nothing, or the file or the output is empty.
    #[error("{0} holds an empty password")]
    Empty(String),
    /// It holds bytes that are no text, or a line break or NUL in the middle.
    #[error("{0} holds a password that is not one line of UTF-8 text")]
    NotText(String),
    /// The file cannot be read.
    #[error("the password file {0} cannot be read: {1}")]
    File(String, String),
    /// The program cannot be run, or failed.
    #[error("the password command `{0}` failed: {1}")]
    Command(String, String),
}

/// Where a run gets its secrets from. It keeps none of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Secrets;

impl Secrets {
    /// Reads one password.
    ///
    /// # Errors
    /// [`SecretError`], which names the source and never the secret.
    pub fn read(self, source: &PasswordSource) -> Result<SecretString, SecretError> {
        let bytes = match source {
            PasswordSource::Env(name) => std::env::var_os(name)
                .ok_or_else(|| SecretError::NotSet(name.clone()))?
                .into_encoded_bytes(),
            PasswordSource::File(path) => std::fs::read(path).map_err(|error| {
                SecretError::File(path.display().to_string(), error.to_string())
            })?,
            PasswordSource::Command(words) => from_command(words)?,
        };
        one_line(bytes, source.to_string())
    }

    /// Ends the programs that are being asked for a password. Called before the process ends, since one
    /// that outlives it holds the terminal or the pipe that it was given.
    pub fn abandon(self) {
        for child in asked().drain(..) {
            // One that is being waited for has said all it had to say.
            if let Ok(mut child) = child.try_lock() {
                let _ = child.kill();
            }
        }
    }
}

/// The programs that are being asked.
fn asked() -> std::sync::MutexGuard<'static, Vec<Arc<Mutex<Child>>>> {
    static ASKED: Mutex<Vec<Arc<Mutex<Child>>>> = Mutex::new(Vec::new());
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn from_command(words: &[String]) -> Result<Vec<u8>, SecretError> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| SecretError::Command(String::new(), "it is empty".to_owned()))?;
    let failed = |why: String| SecretError::Command(program.clone(), why);
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    // Read beside the waiting: a program that writes much would else wait for us.
    let (sender, receiver) = mpsc::channel();
    let stdout = child.stdout.take();
    let child = Arc::new(Mutex::new(child));
    asked().push(Arc::clone(&child));
    thread::spawn(move || {
        let mut output = Vec::new();
        let read = stdout.map(|mut stdout| stdout.read_to_end(&mut output));
        // Nobody listens any more where the program was given up.
        let _ = sender.send(read.transpose().map(|_| output));
    });
    let silent = || failed(format!("no answer within {} s", PATIENCE.as_secs()));
    let output = receiver.recv_timeout(PATIENCE);
    let status = {
        let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
        if output.is_err() {
            // Whether or not it can be ended, it gave no password.
            let _ = child.kill();
        }
        child.wait()
    };
    asked().retain(|other| !Arc::ptr_eq(other, &child));
    let output = output.map_err(|_| silent())?;
    let status = status.map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        return Err(failed(status.to_string()));
    }
    output.map_err(|error| failed(error.to_string()))
}

/// One trailing line break is how editors and `echo` end a file; it is not part of the password.
fn one_line(bytes: Vec<u8>, place: String) -> Result<SecretString, SecretError> {
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(SecretError::NotText(place));
    };
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(SecretError::Empty(place));
    }
    if text.contains(['\n', '\r', '\0']) {
        return Err(SecretError::NotText(place));
    }
    Ok(SecretString::from(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn line(bytes: &[u8]) -> Result<String, SecretError> {
        one_line(bytes.to_vec(), "it".into()).map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn one_trailing_line_break_is_not_part_of_it() {
        assert_eq!(line(b"top\n").unwrap(), "top");
        assert_eq!(line(b"top\r\n").unwrap(), "top");
        assert_eq!(line(b" top ").unwrap(), " top ");
        assert!(line(b"top\n\n").is_err());
        assert!(line(b"\n").is_err());
        assert!(line(b"\xff").is_err());
    }

    #[test]
    fn a_command_s_output_is_read_and_its_failure_is_told() {
        let echo = PasswordSource::Command(vec!["echo".into(), "s3cret".into()]);
        assert_eq!(Secrets.read(&echo).unwrap().expose_secret(), "s3cret");
        let fails = PasswordSource::Command(vec!["false".into()]);
        assert!(matches!(
            Secrets.read(&fails),
            Err(SecretError::Command(..))
        ));
        let nothing = PasswordSource::Env("PGFLEET_TEST_NOT_SET".into());
        let error = Secrets.read(&nothing).unwrap_err().to_string();
        assert!(error.contains("PGFLEET_TEST_NOT_SET"), "{error}");
    }
}
