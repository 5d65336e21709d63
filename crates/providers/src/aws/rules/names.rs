//! Names of administrators and databases that RDS takes when it makes a primary.

use pgfleet_model::{Check, DesiredInstance};

use crate::{aws::docs, shared::databases};

/// Accounts that RDS keeps for itself.
const RESERVED: [&str; 7] = [
    "admin",
    "rdsadmin",
    "rds_iam",
    "rds_password",
    "rds_replication",
    "rds_superuser",
    "rdsrepladmin",
];
/// Databases that are there already.
const DATABASES: [&str; 3] = ["rdsadmin", "template0", "template1"];
/// Words that PostgreSQL itself reserves ("SQL Key Words"): RDS takes them for neither.
const KEY_WORDS: [&str; 78] = [
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "current_catalog",
    "current_date",
    "current_role",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "from",
    "grant",
    "group",
    "having",
    "in",
    "initially",
    "intersect",
    "into",
    "lateral",
    "leading",
    "limit",
    "localtime",
    "localtimestamp",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "placing",
    "primary",
    "references",
    "returning",
    "select",
    "session_user",
    "some",
    "symmetric",
    "system_user",
    "table",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "when",
    "where",
    "window",
    "with",
];

const CREATE_CALL: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html";

/// Letters, digits and underscores, at most 63.
fn is_formed(name: &str, first: fn(char) -> bool) -> bool {
    name.len() <= 63
        && name.starts_with(first)
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_among(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(name))
}

pub(in crate::aws) fn admin(wanted: &DesiredInstance) -> Option<Check> {
    let name = &wanted.bootstrap.as_ref()?.admin;
    let why = if !is_formed(name, |first| first.is_ascii_alphabetic()) {
        "1 to 63 letters, digits and underscores, a letter first"
    } else if is_among(name, &RESERVED)
        || is_among(name, &KEY_WORDS)
        || name.to_ascii_lowercase().starts_with("pg_")
    {
        "a name that is no reserved word of RDS's or PostgreSQL's"
    } else {
        return None;
    };
    let message = format!("RDS takes no administrator `{name}`");
    Some(
        Check::error("aws/admin", message)
            .at(&wanted.address)
            .key("primary.admin")
            .remedy(format!("take {why}, such as `postgres`"))
            .source(docs("UsingWithRDS.MasterAccounts.html")),
    )
}

pub(in crate::aws) fn database(wanted: &DesiredInstance) -> Option<Check> {
    let name = databases::wanted(wanted)?;
    let why = if !is_formed(name, |first| first.is_ascii_alphabetic() || first == '_') {
        "1 to 63 letters, digits and underscores, no digit first"
    } else if is_among(name, &DATABASES) || is_among(name, &KEY_WORDS) {
        "a name that is neither reserved nor taken"
    } else {
        return None;
    };
    Some(
        Check::error("aws/database", format!("RDS makes no database `{name}`"))
            .at(&wanted.address)
            .key("primary.database")
            .remedy(format!("take {why}; others can be made later, with SQL"))
            .source(CREATE_CALL),
    )
}
