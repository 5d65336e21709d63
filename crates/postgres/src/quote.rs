//! Quoting for the small languages that PostgreSQL reads.

use crate::ToolError;

/// A connection string of keywords and values, such as `host='127.0.0.1' port='5432'`. Right for
/// `primary_conninfo` too. A password does not belong in it: use a password file.
pub fn conninfo<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let quoted = parameters.into_iter().map(|(name, value)| {
        format!(
            "{name}='{}'",
            value.replace('\\', "\\\\").replace('\'', "\\'")
        )
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// A line of a password file, without its line end; `*` stands for anything but in the password.
///
/// # Errors
/// A field holds a line end, which such a file cannot say. The text names no password.
pub fn passfile_line(
    host: &str,
    port: &str,
    database: &str,
    user: &str,
    password: &str,
) -> Result<String, ToolError> {
    let fields = [host, port, database, user, password];
    if fields
        .iter()
        .any(|field| field.contains(['\n', '\r', '\0']))
    {
        return Err(ToolError::Input(
            "a password file cannot hold a line end in a name or a password; choose another"
                .to_owned(),
        ));
    }
    Ok(fields
        .map(|field| field.replace('\\', "\\\\").replace(':', "\\:"))
        .join(":"))
}

/// A text as SQL says it, on one line.
pub fn sql_literal(text: &str) -> String {
    let quoted = text.replace('\\', "\\\\").replace('\'', "''");
    format!("E'{}'", quoted.replace('\n', "\\n").replace('\r', "\\r"))
}

/// A name as SQL says it.
pub fn sql_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_characters_are_quoted() {
        let line = conninfo([("host", "127.0.0.1"), ("passfile", r"/it's\here")]);
        assert_eq!(line, r"host='127.0.0.1' passfile='/it\'s\\here'");
        assert_eq!(
            passfile_line("127.0.0.1", "5432", "*", "a:b", r"p\:w").unwrap(),
            r"127.0.0.1:5432:*:a\:b:p\\\:w"
        );
        let error = passfile_line("h", "1", "*", "u", "sec\nret").unwrap_err();
        assert!(!error.to_string().contains("sec"));
        assert_eq!(sql_literal("it's\n\\"), r"E'it''s\n\\'");
        assert_eq!(sql_identifier("a\"b"), "\"a\"\"b\"");
    }
}
