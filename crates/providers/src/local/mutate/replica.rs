//! Making a replica.

use pgfleet_model::{Address, Bootstrap, DesiredInstance, PgVersion, ResourceRef, Value};
use pgfleet_postgres::{BaseBackup, ConnInfo, FileError, Server};
use pgfleet_provider::{ProviderError, Retry};
use secrecy::ExposeSecret as _;

use super::{
    Site,
    create::{begin, complete, hba, make_slot, passfile, undo_if_failed, until_streaming},
};
use crate::local::{
    config::{MAX_SLOTS, PORT, STANDBY_SETTINGS, ServerConfig},
    errors::Explain,
    platform::as_number,
    session::{Answers, Session},
    source::Source,
};

/// Makes a replica: a copy of the running primary over a slot of its own, then a server that
/// streams.
pub(super) async fn make(
    site: Site,
    desired: DesiredInstance,
    source: ResourceRef,
) -> Result<(), ProviderError> {
    let source = Source::find(&site.host, &source)?;
    let bootstrap = Bootstrap {
        admin: source.admin.clone(),
        database: source.login.database.clone(),
        password: None,
    };
    // Replica 2 tries the second port after its primary's first: replicas that are made side by
    // side get the same ports in every run.
    let number = match &desired.address {
        Address::Primary => 1,
        Address::Replica { number, .. } => u16::try_from(number.get()).unwrap_or(1),
    };
    let first = source.endpoint.port.saturating_add(number);
    let marker = begin(&site, &desired, &bootstrap, None, first).await?;
    let (server, session) = match reach(&site, &source).await {
        Ok(reached) => reached,
        Err(error) => return undo_if_failed(&site, None, None, Err(error)).await,
    };
    let built = async {
        let port = marker.reserved_port.unwrap_or(first);
        build(&site, &server, &desired, &source, &session, port).await?;
        complete(&site, marker)
    };
    let built = built.await;
    let slot = source.slot(site.layout.id());
    undo_if_failed(&site, Some(&server), Some((&session, &slot)), built).await
}

/// The new server, with programs of its primary's version, and a session on the primary.
async fn reach(site: &Site, source: &Source) -> Result<(Server, Session), ProviderError> {
    let silent = |why| source.away(&format!("does not answer: {why}"));
    let session = source.session().await.map_err(silent)?;
    let version = session.ask().await.map_err(silent)?.version;
    let word = version.split_whitespace().next().unwrap_or_default();
    let version: Option<PgVersion> = word.parse().ok();
    let major = version.map(|version| version.major);
    Ok((site.host.server(&site.layout, major)?, session))
}

async fn build(
    site: &Site,
    server: &Server,
    desired: &DesiredInstance,
    source: &Source,
    session: &Session,
    port: u16,
) -> Result<(), ProviderError> {
    let Site {
        host, layout, lock, ..
    } = site;
    let account = host.account();
    let slot = source.slot(layout.id());
    // Before the copy begins, not by `pg_basebackup -C`: that makes the slot only after the copy's
    // first checkpoint, and with several copies side by side another one's checkpoint can remove
    // the log in between.
    make_slot(session, &slot).await.map_err(|error| {
        let remedy = format!("end whatever uses the slot {slot}, then run again");
        error.explain().remedy(remedy)
    })?;
    let user = &source.login.user;
    if let Some(password) = &source.login.password {
        let line = passfile(user, password.expose_secret(), &source.endpoint.host)?;
        account
            .write_file(&layout.pgpass(), line.as_bytes())
            .map_err(Explain::explain)?;
    }
    let lock = lock
        .share()
        .map_err(|error| FileError::new("share", layout.lock(), error).explain())?;
    let backup = BaseBackup {
        source: ConnInfo {
            host: source.endpoint.host.clone(),
            port: source.endpoint.port,
            user: user.clone(),
            passfile: Some(layout.pgpass()),
            parameters: vec![("application_name".to_owned(), layout.id().to_string())],
        },
        slot: Some(slot.clone()),
        create_slot: false,
        lock: Some(lock),
        progress: None,
    };
    server.basebackup(backup).await.map_err(|error| {
        let crowded = error.to_string().contains("max_wal_senders");
        let error = error.explain();
        if crowded {
            error.retry(Retry::Backoff)
        } else {
            error
        }
    })?;

    if !source.ours {
        take_over_configuration(site)?;
    }
    let answers = session.ask().await.map_err(Explain::explain)?;
    let mut config = standby_config(site, desired, &answers);
    config.follow(layout, &source.endpoint, user, &slot);
    config.set(PORT, port.to_string());
    server.mark_standby().map_err(Explain::explain)?;
    config
        .write(account, &layout.config())
        .map_err(Explain::explain)?;
    let first = source.endpoint.port.saturating_add(1);
    site.start_anywhere(server, &mut config, first).await?;
    until_streaming(layout, config.port().unwrap_or(port)).await
}

/// Settings of a standby: what the plan wants, and at least its primary's.
fn standby_config(site: &Site, desired: &DesiredInstance, primary: &Answers) -> ServerConfig {
    let mut config = ServerConfig::common(&site.layout);
    for name in STANDBY_SETTINGS.into_iter().chain([MAX_SLOTS]) {
        let wanted = desired.attributes.number(name);
        let least = primary.setting(name).as_ref().and_then(as_number);
        if let Some(value) = wanted.max(least) {
            config.set(name, Value::Number(value).to_string());
        }
    }
    config
}

/// Puts configuration of our own into the copy of a server that is not ours: its own may be
/// elsewhere and not copied, or name files and addresses of its own. Its users keep their
/// passwords, old hashes included.
fn take_over_configuration(site: &Site) -> Result<(), ProviderError> {
    let data = site.layout.data();
    let files = [
        ("postgresql.conf", "include 'pgfleet.conf'\n".to_owned()),
        ("postgresql.auto.conf", String::new()),
        ("pg_hba.conf", hba("md5")),
        ("pg_ident.conf", String::new()),
    ];
    for (name, text) in files {
        let path = data.join(name);
        site.host
            .account()
            .write_file(&path, text.as_bytes())
            .map_err(Explain::explain)?;
    }
    Ok(())
}
