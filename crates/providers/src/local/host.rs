//! The machine: its folder, its user, its PostgreSQL programs.

use std::path::{Path, PathBuf};

use pgfleet_postgres::{Account, Installation, Server};
use pgfleet_provider::ProviderError;

use super::{errors::Explain, layout::Layout, source::Source};

/// The machine as far as one data folder is concerned.
#[derive(Debug)]
pub(crate) struct Host {
    root: PathBuf,
    existing: Vec<Source>,
    account: Account,
    installations: Vec<Installation>,
}

impl Host {
    pub(crate) fn open(root: &Path, existing: Vec<Source>) -> Result<Self, ProviderError> {
        let account = Account::for_folder(root).map_err(Explain::explain)?;
        Ok(Self {
            root: root.to_owned(),
            existing,
            account,
            installations: Installation::all(),
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The primaries that plans name by URL.
    pub(crate) fn existing(&self) -> &[Source] {
        &self.existing
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// The newest usable PostgreSQL, or the newest of a major version.
    pub(crate) fn installation(&self, major: Option<u32>) -> Result<Installation, ProviderError> {
        let mut fitting: Vec<&Installation> = self
            .installations
            .iter()
            .filter(|one| one.version.major >= 13)
            .filter(|one| major.is_none_or(|major| one.version.major == major))
            .collect();
        fitting.sort_by_key(|one| one.version);
        match fitting.pop() {
            Some(installation) => Ok(installation.clone()),
            // Looks again, for the error that says what was found and how to install it.
            None => Installation::discover(major).map_err(Explain::explain),
        }
    }

    pub(crate) fn server(
        &self,
        layout: &Layout,
        major: Option<u32>,
    ) -> Result<Server, ProviderError> {
        let installation = self.installation(major)?;
        Ok(Server::new(
            installation,
            self.account.clone(),
            layout.data(),
            layout.log(),
        ))
    }
}
