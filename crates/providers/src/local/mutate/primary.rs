//! Making a primary.

use pgfleet_model::{Bootstrap, DesiredInstance};
use pgfleet_postgres::{FileError, InitOptions, Server, sql_identifier, sql_literal};
use pgfleet_provider::ProviderError;
use postgres_protocol::password::scram_sha_256;
use secrecy::{ExposeSecret, SecretString};

use super::{
    Site,
    create::{begin, complete, hba, passfile, undo_if_failed},
    random_name,
};
use crate::local::{
    config::{MAX_SENDERS, MAX_SLOTS, PORT, ServerConfig},
    errors::{Explain, refused},
    ports,
    session::ROLE,
};

/// Where our servers listen.
const LOOPBACK: &str = "127.0.0.1";

/// Makes a primary: `initdb`, roles and database while nobody can connect, then the server.
pub(super) async fn make(
    site: Site,
    desired: DesiredInstance,
    admin_password: Option<SecretString>,
) -> Result<(), ProviderError> {
    let bootstrap = desired
        .bootstrap
        .clone()
        .ok_or_else(|| refused("no administrator is named"))?;
    let major = desired.attributes.postgres.map(|version| version.major);
    let server = site.host.server(&site.layout, major)?;
    let built = async {
        let asked = desired.attributes.number(PORT);
        let asked = asked.and_then(|port| u16::try_from(port).ok());
        let marker = begin(&site, &desired, &bootstrap, asked, ports::FIRST).await?;
        let port = marker.reserved_port.unwrap_or(ports::FIRST);
        let config = primary_config(&site, &desired, port);
        build_primary(&site, &server, &config, &bootstrap, admin_password).await?;
        start_primary(&site, &server, config, asked).await?;
        complete(&site, marker)
    };
    let built = built.await;
    undo_if_failed(&site, Some(&server), None, built).await
}

async fn build_primary(
    site: &Site,
    server: &Server,
    config: &ServerConfig,
    bootstrap: &Bootstrap,
    admin_password: Option<SecretString>,
) -> Result<(), ProviderError> {
    let Site {
        host, layout, lock, ..
    } = site;
    let lock = lock
        .share()
        .map_err(|error| FileError::new("share", layout.lock(), error).explain())?;
    let init = InitOptions {
        superuser: bootstrap.admin.clone(),
        lock: Some(lock),
    };
    server.initdb(init).await.map_err(Explain::explain)?;
    let account = host.account();
    let write = |path: std::path::PathBuf, text: &str| {
        account
            .write_file(&path, text.as_bytes())
            .map_err(Explain::explain)
    };
    write(layout.data().join("pg_hba.conf"), &hba("scram-sha-256"))?;
    let main = layout.data().join("postgresql.conf");
    let text = std::fs::read_to_string(&main)
        .map_err(|error| FileError::new("read", &main, error).explain())?;
    write(
        main,
        &format!(
            "{text}\n# pgfleet's settings; yours may follow below.\ninclude = 'pgfleet.conf'\n"
        ),
    )?;

    config
        .write(account, &layout.config())
        .map_err(Explain::explain)?;

    let own = random_name()?;
    write(layout.pgpass(), &passfile(ROLE, &own, LOOPBACK)?)?;
    let admin = if let Some(password) = admin_password {
        password
    } else {
        let made_up = random_name()?;
        write(
            layout.admin_pgpass(),
            &passfile(&bootstrap.admin, &made_up, LOOPBACK)?,
        )?;
        SecretString::from(made_up)
    };
    make_roles(server, bootstrap, &admin, &own).await
}

fn primary_config(site: &Site, desired: &DesiredInstance, port: u16) -> ServerConfig {
    let mut config = ServerConfig::common(&site.layout);
    for name in [MAX_SENDERS, MAX_SLOTS] {
        if let Some(value) = desired.attributes.settings.get(name) {
            config.set(name, value.to_string());
        }
    }
    config.set(PORT, port.to_string());
    config
}

async fn start_primary(
    site: &Site,
    server: &Server,
    mut config: ServerConfig,
    asked: Option<u16>,
) -> Result<(), ProviderError> {
    match asked {
        // The plan's own port is kept or the run fails; another would surprise its users.
        Some(_) => site.start(server).await.map_err(Explain::explain),
        None => site.start_anywhere(server, &mut config, ports::FIRST).await,
    }
}

/// Roles, database and pgfleet's schema, before the server takes connections. The server is
/// given verifiers, so that no password can reach its log.
async fn make_roles(
    server: &Server,
    bootstrap: &Bootstrap,
    admin: &SecretString,
    own: &str,
) -> Result<(), ProviderError> {
    let Bootstrap {
        admin: name,
        database,
        password: _,
    } = bootstrap;
    let verifier = |password: &str| sql_literal(&scram_sha_256(password.as_bytes()));
    let (name, role) = (sql_identifier(name), sql_identifier(ROLE));
    let mut statements = vec![
        format!(
            "ALTER ROLE {name} PASSWORD {}",
            verifier(admin.expose_secret())
        ),
        format!(
            "CREATE ROLE {role} LOGIN REPLICATION PASSWORD {}",
            verifier(own)
        ),
        format!("GRANT pg_monitor TO {role}"),
    ];
    if database != "postgres" {
        statements.push(format!(
            "CREATE DATABASE {} OWNER {name}",
            sql_identifier(database)
        ));
    }
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    server
        .single_user("postgres", &statements)
        .await
        .map_err(Explain::explain)?;
    let schema = format!("CREATE SCHEMA {role} AUTHORIZATION {role}");
    server
        .single_user(database, &[&schema])
        .await
        .map_err(Explain::explain)
}
