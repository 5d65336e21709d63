//! Names that a new primary is made with.

use super::*;

#[test]
fn an_administrator_has_a_plain_name_that_nobody_reserves() {
    let long = "a".repeat(64);
    for name in [
        "1st",
        "_me",
        "my-name",
        "m\u{fc}ller",
        "a b",
        &long,
        "admin",
        "rdsadmin",
        "RDS_SUPERUSER",
        "PG_me",
        "user",
        "Select",
    ] {
        let text = file(&format!("admin = '{name}'"), "");
        if planning::parsed(&text).is_ok() {
            refuses(&planned(&text, []), "aws/admin");
        }
        // One that is there already has its administrator.
        if planning::parsed(&text).is_ok() {
            takes(&planned(&text, [live("primary")]));
        }
    }
    for name in ["postgres", "o", "Owner_1", "users", &long[..63]] {
        takes(&planned(&file(&format!("admin = '{name}'"), ""), []));
    }
}

#[test]
fn a_database_has_a_plain_name_that_nobody_reserves() {
    for name in [
        "1st",
        "my-shop",
        "\u{fc}ber",
        "a b",
        "rdsadmin",
        "table",
        "User",
    ] {
        let text = file(&format!("database = '{name}'"), "");
        refuses(&planned(&text, []), "aws/database");
        takes(&planned(&text, [live("primary")]));
    }
    for name in ["postgres", "_shop", "Shop_1", "users"] {
        takes(&planned(&file(&format!("database = '{name}'"), ""), []));
    }
}
