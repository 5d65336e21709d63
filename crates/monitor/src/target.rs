//! What is asked, and as whom.

use pgfleet_model::{Address, Endpoint, ResourceId, Role};
use secrecy::SecretString;

use crate::Tls;

/// One instance to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its place in the fleet.
    pub address: Address,
    /// Its identifier; also the `application_name` by which a replica is known on its primary.
    pub resource_id: ResourceId,
    /// What the fleet takes it for.
    pub role: Role,
    /// Where it listens.
    pub endpoint: Endpoint,
    /// The replication slot that a replica uses, where it is known: a second way to recognize it.
    pub slot: Option<String>,
}

/// How to log in. `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The role.
    pub user: String,
    /// Its password; `None` where the server asks for none.
    pub password: Option<SecretString>,
    /// The database.
    pub database: String,
    /// How the connection is protected.
    pub tls: Tls,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_password() {
        let credentials = Credentials {
            user: "boss".to_owned(),
            password: Some("hush".into()),
            database: "food".to_owned(),
            tls: Tls::disabled(),
        };
        assert!(!format!("{credentials:?}").contains("hush"));
    }
}
