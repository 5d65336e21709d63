//! Runs PostgreSQL servers on this machine: finds the programs, makes data folders, starts, stops,
//! clones and promotes servers, and says what state they are in.
//!
//! The room knows of servers and folders only; fleets, plans and tags are other crates' business.
//! Nothing here keeps a server alive: a [`Server`] is a handle, and what it started outlives it.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use pgfleet_postgres::{Account, InitOptions, Installation, Server, StartOptions};
//! let folder = std::path::Path::new("/var/lib/example");
//! let account = Account::for_folder(folder)?;
//! account.create_folder(folder)?;
//! let server = Server::new(
//!     Installation::discover(Some(16))?,
//!     account,
//!     folder.join("data"),
//!     folder.join("server.log"),
//! );
//! server.initdb(InitOptions { superuser: "admin".to_owned(), lock: None }).await?;
//! server.start(&StartOptions::default(), None).await?;
//! # Ok(())
//! # }
//! ```

mod account;
mod basebackup;
mod config;
mod control;
mod error;
mod initialize;
mod install;
mod lock;
mod orphan;
mod place;
mod process;
mod quote;
mod server;
mod start;
mod status;
mod stop;

pub use account::Account;
pub use basebackup::{BackupProgress, BaseBackup, ConnInfo};
pub use config::{read_config, write_config};
pub use control::ControlData;
pub use error::{AccountError, FileError, InstallError, StartError, StopError, ToolError};
pub use initialize::InitOptions;
pub use install::Installation;
pub use lock::InstanceLock;
pub use orphan::{Orphan, end_orphan, orphans};
pub use place::{folder_bytes, free_bytes, port_is_free, socket_setting};
pub use quote::{conninfo, passfile_line, sql_identifier, sql_literal};
pub use server::Server;
pub use start::StartOptions;
pub use status::Status;
pub use stop::StopMode;
