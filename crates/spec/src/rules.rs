//! What a text may say, where that depends on the text alone.

use std::time::Duration;

use pgfleet_model::{FleetName, GroupName, PgVersion};

use crate::{code, text::quote};

/// The rule for one kind of text.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    /// The most bytes.
    pub(crate) max: usize,
    /// The same as a pattern, as near as a pattern comes; for the JSON Schema.
    pub(crate) pattern: Option<&'static str>,
    /// Whether a wrong text is kept out of everything that is shown.
    pub(crate) secret: bool,
    pub(crate) check: fn(&str) -> Result<(), Complaint>,
}

/// What is wrong with a text.
pub(crate) struct Complaint {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) remedy: &'static str,
}

const ANY: Rule = Rule {
    max: 4096,
    pattern: None,
    secret: false,
    check: |_| Ok(()),
};

/// A provider's word that only the provider can judge.
pub(crate) const LABEL: Rule = Rule { max: 1024, ..ANY };
pub(crate) const PATH: Rule = ANY;
pub(crate) const ARGUMENT: Rule = ANY;
/// A URL may hold a password, so what is wrong with one is for the cross-check to say.
pub(crate) const EXISTING: Rule = ANY;
pub(crate) const USER: Rule = Rule { max: 63, ..ANY };

/// The longest name of a tag, in characters, and the longest text of one.
pub(crate) const TAG_NAME: usize = 128;
pub(crate) const TAG_TEXT: usize = 256;

pub(crate) const FLEET: Rule =
    Rule {
        max: 63,
        pattern: Some("^[a-z][a-z0-9]*(-[a-z0-9]+)*$"),
        check: |text| {
            text.parse::<FleetName>().map(drop).map_err(|error| Complaint {
            code: code::BAD_NAME,
            message: format!("the fleet name {} {}", quote(text), error.problem),
            remedy: "use lowercase letters, digits and single hyphens, such as \"foodtruck\"",
        })
        },
        ..ANY
    };

pub(crate) const GROUP: Rule = Rule {
    check: |text| {
        text.parse::<GroupName>().map(drop).map_err(|error| {
            let reserved = text == "primary" || text == "replica";
            Complaint {
                code: if reserved {
                    code::RESERVED_NAME
                } else {
                    code::BAD_NAME
                },
                message: if reserved {
                    format!("the group name {} is reserved", quote(text))
                } else {
                    format!("the group name {} {}", quote(text), error.problem)
                },
                remedy: if reserved {
                    "leave the name out for the unnamed group, or choose another"
                } else {
                    "use lowercase letters, digits and single hyphens, such as \"eu\""
                },
            }
        })
    },
    ..FLEET
};

pub(crate) const REGION: Rule = Rule {
    max: 63,
    pattern: Some("^[a-z][a-z0-9-]*$"),
    check: |text| {
        let good = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        good.then_some(()).ok_or_else(|| Complaint {
            code: code::BAD_REGION,
            message: format!("{} cannot be a region", quote(text)),
            remedy: "write the provider's own word, such as us-east-1, europe-west1 or eastus2",
        })
    },
    ..ANY
};

pub(crate) const VERSION: Rule = Rule {
    max: 16,
    pattern: Some("^[0-9]{2,4}(\\.[0-9]{1,4})?$"),
    check: |text| {
        text.parse::<PgVersion>().map(drop).map_err(|_| Complaint {
            code: code::BAD_VERSION,
            message: format!("{} is not a PostgreSQL version", quote(text)),
            remedy: "write the major version such as \"16\", or on aws also \"16.3\"",
        })
    },
    ..ANY
};

pub(crate) const DURATION: Rule = Rule {
    max: 16,
    pattern: Some("^[0-9]{1,9}(ms|s|m|h)$"),
    check: |text| {
        duration(text).map(drop).ok_or_else(|| Complaint {
            code: code::BAD_DURATION,
            message: format!("{} is not a length of time above zero", quote(text)),
            remedy: "write a whole number and a unit: \"500ms\", \"1s\", \"2m\" or \"1h\"",
        })
    },
    ..ANY
};

/// Reads `500ms`, `1s`, `2m`, `1h`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 9 {
        return None;
    }
    let number: u64 = text[..digits].parse().ok()?;
    let duration = match &text[digits..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number * 60),
        "h" => Duration::from_secs(number * 3600),
        _ => return None,
    };
    (!duration.is_zero()).then_some(duration)
}

pub(crate) const ADMIN: Rule = Rule {
    max: 63,
    check: |text| {
        if !text.starts_with("pg_") {
            return Ok(());
        }
        Err(Complaint {
            code: code::BAD_ADMIN,
            message: format!("{} cannot be the administrator's name", quote(text)),
            remedy: "PostgreSQL keeps names that begin with pg_ for itself; choose another",
        })
    },
    ..ANY
};

pub(crate) const DATABASE: Rule = Rule {
    max: 63,
    check: |text| {
        if text != "template0" && text != "template1" {
            return Ok(());
        }
        Err(Complaint {
            code: code::BAD_DATABASE,
            message: format!("the database {} is PostgreSQL's own", quote(text)),
            remedy: "choose another name for the fleet's database",
        })
    },
    ..ANY
};

pub(crate) const ENV: Rule = Rule {
    max: 255,
    pattern: Some("^[A-Za-z_][A-Za-z0-9_]*$"),
    // Somebody who mistakes the key writes the password here.
    secret: true,
    check: |text| {
        let good = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        good.then_some(()).ok_or_else(|| Complaint {
            code: code::BAD_ENV,
            message: "`env` must name an environment variable".to_owned(),
            remedy: "write the variable's name, such as FOODTRUCK_DB_PASSWORD, not its value",
        })
    },
};

pub(crate) const ID: Rule = Rule {
    max: 98,
    pattern: Some("^[A-Za-z0-9][A-Za-z0-9-]*$"),
    check: |text| {
        let good = text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        good.then_some(()).ok_or_else(|| Complaint {
            code: code::BAD_ID,
            message: format!("{} cannot be an instance's identifier", quote(text)),
            remedy: "identifiers hold letters, digits and hyphens and begin with a letter or digit",
        })
    },
    ..ANY
};

pub(crate) const ACCOUNT: Rule = Rule {
    max: 12,
    pattern: Some("^[0-9]{12}$"),
    check: |text| {
        let good = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        good.then_some(()).ok_or_else(|| Complaint {
            code: code::BAD_ACCOUNT,
            message: format!("{} is not an AWS account", quote(text)),
            remedy: "an account number has 12 digits, such as \"123456789012\"",
        })
    },
    ..ANY
};

/// An ID as a rule; whatever else it is, it stands in the paths of requests.
pub(crate) const SUBSCRIPTION: Rule = Rule {
    max: 64,
    pattern: Some("^[A-Za-z0-9_-]+$"),
    check: |text| {
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        text.bytes()
            .all(good)
            .then_some(())
            .ok_or_else(|| Complaint {
                code: code::BAD_SUBSCRIPTION,
                message: format!("{} is no subscription's ID", quote(text)),
                remedy: "write the ID that `az account show --query id` prints",
            })
    },
    ..ANY
};

pub(crate) const RESOURCE_GROUP: Rule = Rule {
    max: 360,
    check: |text| {
        let good = |c: char| c.is_alphanumeric() || "-_.()".contains(c);
        let good = !text.ends_with('.') && text.chars().all(good) && text.chars().count() <= 90;
        good.then_some(()).ok_or_else(|| Complaint {
            code: code::BAD_RESOURCE_GROUP,
            message: format!("{} is no resource group's name", quote(text)),
            remedy: "write the name that `az group list` prints",
        })
    },
    ..ANY
};

/// The pattern of an amount of money, for the JSON Schema.
pub(crate) const MONEY: &str = "^(0|[1-9][0-9]{0,11})(\\.[0-9]{1,6})?$";

/// Whether a text is an amount of money.
pub(crate) fn is_money(text: &str) -> bool {
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(w, f)| (w, Some(f)));
    let digits = |part: &str, most: usize| {
        !part.is_empty() && part.len() <= most && part.bytes().all(|b| b.is_ascii_digit())
    };
    digits(whole, 12)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(|fraction| digits(fraction, 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Some(Duration::from_secs(120)));
        for text in [
            "",
            "s",
            "1",
            "1 s",
            "-1s",
            "1.5s",
            "0s",
            "1d",
            "9999999999s",
            "\u{664}s",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn money_is_a_plain_decimal() {
        for text in ["0", "700", "0.10", "700.123456"] {
            assert!(is_money(text), "{text}");
        }
        for text in [
            "",
            "-1",
            "+1",
            "1e3",
            "NaN",
            "inf",
            "1.",
            ".5",
            "01",
            "1.1234567",
            "1,000",
        ] {
            assert!(!is_money(text), "{text}");
        }
    }
}
