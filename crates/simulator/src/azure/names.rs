//! The rules of names and passwords.

use super::refusal::{Outcome, Refusal};

/// A server's name: 3 to 63 lower-case letters, digits and hyphens, neither first nor last a hyphen.
pub(super) fn server(name: &str) -> Outcome<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let inside = name.bytes().all(|byte| plain(byte) || byte == b'-');
    let ends = !name.starts_with('-') && !name.ends_with('-');
    if (3..=63).contains(&name.len()) && inside && ends {
        Ok(())
    } else {
        Err(Refusal::parameter("serverName"))
    }
}

/// An administrator's name: what `PostgreSQL` takes unquoted, and nothing that is reserved.
pub(super) fn administrator(name: &str) -> Outcome<()> {
    const RESERVED: [&str; 8] = [
        "azure_superuser",
        "azure_pg_admin",
        "azuresu",
        "admin",
        "administrator",
        "root",
        "guest",
        "public",
    ];
    let lower = name.to_ascii_lowercase();
    let reserved = RESERVED.contains(&lower.as_str()) || lower.starts_with("pg_");
    let first = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let inside = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "_-.$".contains(letter));
    if !reserved && first && inside && name.len() <= 63 {
        Ok(())
    } else {
        Err(Refusal::parameter("administratorLogin"))
    }
}

/// A password: 8 to 128 letters of three of the four kinds, and not with the login in it.
pub(super) fn password(password: &str, login: &str) -> Outcome<()> {
    let length = password.chars().count();
    if length < 8 {
        return Err(Refusal::new(
            400,
            "PasswordTooShort",
            "Password is too short. It must have at least 8 characters.",
        ));
    }
    if length > 128 {
        return Err(Refusal::new(
            400,
            "PasswordTooLong",
            "Password is too long. It must have at most 128 characters.",
        ));
    }
    let kinds: [fn(char) -> bool; 4] = [
        |letter| letter.is_ascii_lowercase(),
        |letter| letter.is_ascii_uppercase(),
        |letter| letter.is_ascii_digit(),
        |letter| !letter.is_ascii_alphanumeric(),
    ];
    let used = kinds
        .iter()
        .filter(|kind| password.chars().any(*kind))
        .count();
    let lower = password.to_lowercase();
    let holds_login = login.len() >= 3 && lower.contains(&login.to_lowercase());
    if used < 3 || holds_login {
        return Err(Refusal::new(
            400,
            "PasswordNotComplex",
            "Password validation failed. The password must have characters of three of: lower \
             case, upper case, digits, others; and must not have the login name in it.",
        ));
    }
    Ok(())
}

/// A database's name: neither what the service has for itself, nor a template.
pub(super) fn database(name: &str) -> Outcome<()> {
    let first = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let inside = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "_-$".contains(letter));
    let reserved = ["azure_maintenance", "azure_sys", "template0", "template1"];
    let reserved = reserved
        .iter()
        .any(|other| other.eq_ignore_ascii_case(name));
    if first && inside && name.len() <= 63 && !reserved {
        Ok(())
    } else {
        Err(Refusal::parameter("databaseName"))
    }
}

/// The name of a firewall rule or of a virtual endpoint.
pub(super) fn child(name: &str, parameter: &str) -> Outcome<()> {
    let inside = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter));
    if inside && (1..=128).contains(&name.len()) {
        Ok(())
    } else {
        Err(Refusal::parameter(parameter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_logins_are_refused() {
        for name in ["admin", "Root", "azure_superuser", "pg_mine", "1st", ""] {
            assert!(administrator(name).is_err(), "{name}");
        }
        for name in ["postgres", "food_admin", "_me"] {
            assert!(administrator(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn databases_of_the_service_are_not_made() {
        for name in ["azure_sys", "Azure_Maintenance", "template1", "1st", ""] {
            assert!(database(name).is_err(), "{name}");
        }
        for name in ["orders", "azure_food", "_me"] {
            assert!(database(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn passwords_need_three_kinds_of_characters_and_no_login() {
        assert!(password("Correct-horse", "postgres").is_ok());
        for bad in ["short-A", "onlylowercase", "Postgres-1234"] {
            assert!(password(bad, "postgres").is_err(), "{bad}");
        }
    }
}
