//! What RDS offers, asked before a plan relies on it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_rds::types::OrderableDbInstanceOption;
use futures_util::future::join_all;
use pgfleet_model::{
    Address, Attributes, Availability, Check, Field, FieldChange, Mutation, Operation, Region,
    Value,
};
use pgfleet_provider::{ErrorKind, ProviderError, Retry};
use tokio::sync::OnceCell;

use super::{
    ENGINE, GUIDE,
    client::Clients,
    errors::{Nature, explain},
};

/// Rows in one answer; RDS gives at most this many of its offers.
const PAGE: i32 = 1000;

/// Something that a plan wants made or resized.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Wish {
    region: Region,
    class: String,
    two_zones: bool,
    replica: bool,
    storage_kind: Option<String>,
    address: Address,
}

/// A class in a region, for a version where one is pinned.
type Question = (Region, String, Option<String>);
/// What RDS offers, or why it does not say.
type Answer = Result<Arc<[OrderableDbInstanceOption]>, ProviderError>;

/// What RDS has answered in this run: fleets that want the same ask once.
#[derive(Default)]
pub(super) struct Offers {
    answers: Mutex<BTreeMap<Question, Arc<OnceCell<Answer>>>>,
}

impl Offers {
    /// The answer to a question, asked where nobody has asked it yet. A refusal is an answer; what
    /// passes, or ends with other credentials, is not kept.
    async fn of(&self, clients: &Clients, question: Question) -> Answer {
        let cell = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(answers.entry(question.clone()).or_default())
        };
        let (region, class, version) = question;
        let ask = || async {
            match offers(clients, &region, &class, version.as_deref()).await {
                Err(error)
                    if error.retry != Retry::Never || error.kind == ErrorKind::Credentials =>
                {
                    Err(error)
                }
                answer => Ok(answer.map(Arc::from)),
            }
        };
        cell.get_or_try_init(ask).await?.clone()
    }
}

/// Asks once for each class and region, side by side.
pub(super) async fn check(
    clients: &Clients,
    known: &Offers,
    mutations: &[&Mutation],
) -> Result<Vec<Check>, ProviderError> {
    let wishes: Vec<Wish> = mutations
        .iter()
        .filter_map(|mutation| wish(mutation))
        .collect();
    let version = mutations.iter().find_map(|mutation| version(mutation));
    let questions: BTreeSet<(Region, String)> = wishes
        .iter()
        .map(|wish| (wish.region.clone(), wish.class.clone()))
        .collect();
    let asked = questions.into_iter().map(|(region, class)| {
        let version = version.clone();
        async move {
            let question = (region.clone(), class.clone(), version);
            (region, class, known.of(clients, question).await)
        }
    });
    let mut checks = Vec::new();
    for (region, class, offers) in join_all(asked).await {
        let wishes = wishes
            .iter()
            .filter(|wish| wish.region == region && wish.class == class);
        match offers {
            Ok(offers) => checks.extend(wishes.filter_map(|wish| judge(wish, &offers))),
            // Who cannot ask still may create; RDS says no then, where it must.
            Err(error) if is_optional(error.kind) => checks.push(
                Check::note("aws/not-asked", error.message.clone()).remedy(error.remedy.clone()),
            ),
            Err(error) if error.message.contains("Cannot find version") => checks.push(
                Check::error("aws/version", error.message.clone())
                    .key("postgres")
                    .remedy(error.remedy.clone())
                    .source(format!(
                        "{GUIDE}PostgreSQL.Concepts.General.DBVersions.html"
                    )),
            ),
            Err(error) => return Err(error),
        }
    }
    Ok(checks)
}

/// Whether it only keeps the question from being asked: it is not allowed, or the endpoint stands
/// in for RDS and does not know it.
fn is_optional(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Permission | ErrorKind::Unsupported)
}

fn wish(mutation: &Mutation) -> Option<Wish> {
    let made = |attributes: &Attributes, replica| {
        Some(Wish {
            region: mutation.resource.region.clone(),
            class: attributes.size.clone()?,
            two_zones: attributes.availability == Some(Availability::Regional),
            replica,
            storage_kind: attributes.storage.kind.clone(),
            address: mutation.owner.address.clone(),
        })
    };
    match &mutation.operation {
        _ if mutation.resume => None,
        Operation::CreatePrimary { desired } => made(&desired.attributes, false),
        Operation::CreateReplica { desired, .. } => made(&desired.attributes, true),
        Operation::Modify { fields, .. } => {
            let class = fields.iter().find(|change| change.field == Field::Size)?;
            let two_zones = |change: &FieldChange| {
                change.field == Field::MultiAz && change.to == Value::Flag(true)
            };
            Some(Wish {
                region: mutation.resource.region.clone(),
                class: class.to.to_string(),
                two_zones: fields.iter().any(two_zones),
                replica: false,
                storage_kind: None,
                address: mutation.owner.address.clone(),
            })
        }
        Operation::Start | Operation::Delete { .. } => None,
    }
}

/// The minor version that a new primary is pinned to; a major one alone is not asked for, since
/// RDS then picks the minor.
fn version(mutation: &Mutation) -> Option<String> {
    match &mutation.operation {
        Operation::CreatePrimary { desired } => {
            let version = desired.attributes.postgres?;
            version.minor.map(|_| version.to_string())
        }
        _ => None,
    }
}

async fn offers(
    clients: &Clients,
    region: &Region,
    class: &str,
    version: Option<&str>,
) -> Result<Vec<OrderableDbInstanceOption>, ProviderError> {
    let client = clients.rds(region).await;
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = client
            .describe_orderable_db_instance_options()
            .engine(ENGINE)
            .db_instance_class(class)
            .set_engine_version(version.map(ToOwned::to_owned))
            .max_records(PAGE)
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| {
                explain("DescribeOrderableDBInstanceOptions", Nature::Reads, &error)
            })?;
        found.extend_from_slice(page.orderable_db_instance_options());
        marker = page.marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            return Ok(found);
        }
    }
}

fn judge(wish: &Wish, offers: &[OrderableDbInstanceOption]) -> Option<Check> {
    let Wish {
        region,
        class,
        two_zones,
        replica,
        storage_kind,
        address,
    } = wish;
    let error = |code, message: String, remedy: &str| {
        Some(
            Check::error(code, message)
                .at(address)
                .remedy(remedy)
                .source(format!("{GUIDE}Concepts.DBInstanceClass.html")),
        )
    };
    if offers.is_empty() {
        return error(
            "aws/class",
            format!("RDS offers no {class} for this PostgreSQL in {region}"),
            "aws rds describe-orderable-db-instance-options --engine postgres lists what there is",
        );
    }
    let with_disk: Vec<_> = offers
        .iter()
        .filter(|offer| {
            storage_kind
                .as_deref()
                .is_none_or(|kind| offer.storage_type() == Some(kind))
        })
        .collect();
    if with_disk.is_empty() {
        let kind = storage_kind.as_deref().unwrap_or_default();
        return error(
            "aws/storage-type",
            format!("RDS offers {class} in {region} without {kind} storage"),
            "take another storage type or class",
        );
    }
    if *two_zones
        && !with_disk
            .iter()
            .any(|offer| offer.multi_az_capable() == Some(true))
    {
        return error(
            "aws/multi-az",
            format!("RDS offers {class} in {region} in one zone only"),
            "leave multi_az out, or take another class",
        );
    }
    if *replica
        && !with_disk
            .iter()
            .any(|offer| offer.read_replica_capable() == Some(true))
    {
        return error(
            "aws/replica-class",
            format!("RDS makes no replicas of class {class} in {region}"),
            "take another class for the replica",
        );
    }
    None
}
