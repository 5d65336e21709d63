//! The primary that replicas are copied from: one of our own, or one that is somebody else's.

use std::str::FromStr as _;

use pgfleet_model::{Endpoint, Region, ResourceId, ResourceRef};
use pgfleet_provider::{ErrorKind, ProviderError};
use secrecy::SecretString;
use tokio_postgres::config::Host as PgHost;

use super::{
    config::ServerConfig,
    errors::Explain,
    host::Host,
    layout::{Layout, foreign_slot_name, slot_name},
    session::{Login, Session, SessionError, read_pgpass},
};

/// PostgreSQL's own default port.
const DEFAULT_PORT: u16 = 5432;

/// A primary that replicas can be copied from. `Debug` shows no password.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Its name in pgfleet: its folder, or `HOST:PORT` where it is not ours.
    pub(crate) resource: ResourceRef,
    pub(crate) endpoint: Endpoint,
    pub(crate) login: Login,
    /// The administrator, where it is ours.
    pub(crate) admin: String,
    /// Whether pgfleet made it.
    pub(crate) ours: bool,
}

impl Source {
    /// A primary that pgfleet does not own, by the connection URL of `existing`.
    ///
    /// # Errors
    /// What is wrong with the URL, in words that show nothing of it.
    pub(crate) fn existing(url: &str) -> Result<Self, &'static str> {
        let config = tokio_postgres::Config::from_str(url)
            .map_err(|_| "it is not a connection URL such as postgres://USER@HOST:PORT/DATABASE")?;
        let [PgHost::Tcp(host)] = config.get_hosts() else {
            return Err("it must name exactly one host, reached by TCP");
        };
        let port = config.get_ports().first().copied().unwrap_or(DEFAULT_PORT);
        let user = config.get_user().ok_or("it names no user")?;
        let password = match config.get_password() {
            None => None,
            Some(bytes) => {
                let text = std::str::from_utf8(bytes).map_err(|_| "its password is no text")?;
                Some(SecretString::from(text.to_owned()))
            }
        };
        let id = ResourceId::new(format!("{host}:{port}"));
        Ok(Self {
            resource: ResourceRef {
                region: Region::local(),
                id,
            },
            endpoint: Endpoint {
                host: host.clone(),
                port,
            },
            login: Login {
                user: user.to_owned(),
                password,
                database: config.get_dbname().unwrap_or(user).to_owned(),
            },
            admin: user.to_owned(),
            ours: false,
        })
    }

    /// Finds a primary by its name: among those that plans name by URL, else among our folders.
    pub(crate) fn find(host: &Host, resource: &ResourceRef) -> Result<Self, ProviderError> {
        if let Some(existing) = host.existing().iter().find(|one| one.resource == *resource) {
            return Ok(existing.clone());
        }
        let layout = Layout::new(host.root(), &resource.id);
        let away = |why: &str| away(resource, why);
        let marker = layout.marker().map_err(Explain::explain)?;
        let marker = marker.ok_or_else(|| away("is not there"))?;
        let config = ServerConfig::read(&layout.config()).map_err(Explain::explain)?;
        let port = config.port().ok_or_else(|| away("has no port"))?;
        let (user, password) = read_pgpass(&layout.pgpass()).map_err(Explain::explain)?;
        Ok(Self {
            resource: resource.clone(),
            endpoint: Endpoint {
                host: "127.0.0.1".to_owned(),
                port,
            },
            login: Login {
                user,
                password: Some(password),
                database: marker.database,
            },
            admin: marker.admin,
            ours: true,
        })
    }

    /// A session on it.
    pub(crate) async fn session(&self) -> Result<Session, SessionError> {
        Session::connect(&self.endpoint, &self.login).await
    }

    /// The slot that it keeps for a replica.
    pub(crate) fn slot(&self, replica: &ResourceId) -> String {
        if self.ours {
            slot_name(replica)
        } else {
            foreign_slot_name(replica)
        }
    }

    /// The error for one that cannot be worked with now.
    pub(crate) fn away(&self, why: &str) -> ProviderError {
        away(&self.resource, why)
    }
}

fn away(resource: &ResourceRef, why: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unreachable,
        format!("the primary {resource} {why}"),
    )
    .remedy("start it, or run the same command again: apply starts what is stopped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_primary_and_shows_no_password() {
        let source = Source::existing("postgres://ann:s%20cret@localhost:5433/food").unwrap();
        assert_eq!(source.resource.id.as_str(), "localhost:5433");
        assert_eq!(source.login.database, "food");
        assert!(!format!("{source:?}").contains("s cret"));
        for wrong in [
            "postgres://ann@/food",
            "postgres://localhost",
            "postgres://a@b:x/",
            "x",
        ] {
            assert!(Source::existing(wrong).is_err(), "{wrong} was taken");
        }
    }
}
