//! Azure Database for PostgreSQL, flexible server, behind Azure Resource Manager; and as much of
//! Microsoft Entra as issues tokens.
//!
//! Written from Microsoft's specification of the API (2022-12-01 to 2026-10-01), the models of its
//! Python client and learn.microsoft.com. `request` finds what a path is about, `arm` is what comes
//! before the service, `fields` and `body` read strictly, `operation` and `steps` are what takes
//! time; `catalog`, `names`, `settings` and `scaling` are the rules.

mod arm;
mod body;
mod call;
mod capabilities;
mod catalog;
mod children;
mod cloud;
mod control;
mod create;
mod delete;
mod ending;
mod fields;
mod listing;
mod names;
mod operation;
mod options;
mod power;
mod refusal;
mod render;
mod replica;
mod request;
mod scaling;
mod service;
mod settings;
mod state;
mod steps;
mod token;
mod update;
mod uri;

pub use options::{
    AzureOptions, AzureTiming, Denied, OperationAddresses, Region, ResourceGroup, Role, Size,
};
pub(crate) use service::Azure;
