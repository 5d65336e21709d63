//! Reading and writing configuration files of our own.

use std::{fs, io, path::Path};

use crate::{Account, FileError};

/// Writes a configuration file of these settings, whole or not at all, owned by the account.
///
/// # Errors
/// The file cannot be written, or a name or value is one that such a file cannot hold.
pub fn write_config(
    account: &Account,
    path: &Path,
    settings: &[(&str, &str)],
) -> Result<(), FileError> {
    let mut text = String::new();
    for (name, value) in settings {
        let wrong = |what: String| {
            FileError::new(
                "write",
                path,
                io::Error::new(io::ErrorKind::InvalidInput, what),
            )
        };
        if !is_name(name) {
            return Err(wrong(format!("`{name}` is no name of a setting")));
        }
        if value.contains('\0') {
            return Err(wrong(format!("the value of {name} holds a null character")));
        }
        text.extend([name, " = ", &quote(value), "\n"]);
    }
    account.write_file(path, text.as_bytes())
}

/// Reads what [`write_config`] wrote, in its order. Comments and empty lines are passed over; a
/// value without quotes is taken as it stands.
///
/// # Errors
/// The file cannot be read, or a line is no `name = value`; the text names the line.
pub fn read_config(path: &Path) -> Result<Vec<(String, String)>, FileError> {
    let text = fs::read_to_string(path).map_err(FileError::at("read", path))?;
    text.lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            parse(line).ok_or_else(|| {
                let what = format!("line {number} is no `name = value`");
                FileError::new(
                    "read",
                    path,
                    io::Error::new(io::ErrorKind::InvalidData, what),
                )
            })
        })
        .collect()
}

/// Whether a server would take this as the name of a setting.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
}

fn quote(value: &str) -> String {
    let mut quoted = String::from("'");
    for c in value.chars() {
        match c {
            '\'' => quoted.push_str("''"),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            c => quoted.push(c),
        }
    }
    quoted + "'"
}

fn parse(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if !is_name(name) {
        return None;
    }
    let value = match value.strip_prefix('\'') {
        Some(quoted) => unquote(quoted)?,
        None if value.contains(['\'', ' ']) => return None,
        None => value.to_owned(),
    };
    Some((name.to_owned(), value))
}

/// The text up to the closing quote, which must end the line.
fn unquote(quoted: &str) -> Option<String> {
    let mut value = String::new();
    let mut rest = quoted.chars();
    loop {
        match rest.next()? {
            '\'' => match rest.next() {
                Some('\'') => value.push('\''),
                None => return Some(value),
                Some(_) => return None,
            },
            '\\' => match rest.next()? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                c @ ('\\' | '\'') => value.push(c),
                _ => return None,
            },
            c => value.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_back_as_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgfleet.conf");
        let account = Account::for_folder(Path::new("/nonexistent")).unwrap();
        let settings = [
            ("port", "5440"),
            ("a.b", "it's a \\ # 'test'\nof = it\r"),
            ("empty", ""),
            ("x", "'"),
        ];
        write_config(&account, &path, &settings).unwrap();
        let read = read_config(&path).unwrap();
        let read: Vec<_> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(read, settings);
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.conf");
        let account = Account::for_folder(Path::new("/nonexistent")).unwrap();
        for wrong in [("a b", "1"), ("", "1"), ("x\ny", "1"), ("x", "\0")] {
            assert!(
                write_config(&account, &path, &[wrong]).is_err(),
                "{wrong:?} was taken"
            );
        }
        assert!(!path.exists());
        fs::write(&path, "# fine\nport = 1\nport = 'x").unwrap();
        let error = read_config(&path).unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
    }
}
