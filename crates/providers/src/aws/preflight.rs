//! What RDS offers, asked before a plan relies on it: one question for each class and region, and one
//! more where a region seems not to have the class.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_rds::{
    operation::describe_orderable_db_instance_options::{
        DescribeOrderableDbInstanceOptionsOutput,
        builders::DescribeOrderableDBInstanceOptionsFluentBuilder,
    },
    types::OrderableDbInstanceOption,
};
use futures_util::future::join_all;
use pgfleet_model::{
    Attributes, Availability, Check, Field, FieldChange, Mutation, Operation, PgVersion, Region,
    ResourceRef, Storage, Value,
};
use pgfleet_provider::{ErrorKind, ProviderError, Retry};
use tokio::sync::OnceCell;

use super::{
    ENGINE, GUIDE,
    client::Clients,
    errors::{Nature, explain},
    offered::{Wish, judge, known},
    seen::Seen,
};

/// Rows in one answer; RDS gives at most this many of its offers.
const PAGE: i32 = 1000;
/// The fewest rows that can be asked for.
const SHORTEST_PAGE: i32 = 20;

/// What RDS is asked for: a class in a region, and the exact version where a plan pins one.
type Question = (Region, String, Option<PgVersion>);
/// What RDS offers, or why it does not say.
type Answer = Result<Arc<[OrderableDbInstanceOption]>, ProviderError>;

/// What RDS has said that it offers. Fleets of a run mostly want the same few classes, and the
/// answers are long: each is asked for once.
#[derive(Debug, Default)]
pub(super) struct Offers(Mutex<BTreeMap<Question, Arc<OnceCell<Answer>>>>);

impl Offers {
    /// The answer to a question; whoever comes while somebody else asks, waits. A refusal is an
    /// answer. What passes, or ends with other credentials, is not kept.
    async fn of(&self, clients: &Clients, question: &Question) -> Answer {
        let cell = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(question.clone()).or_default())
        };
        let ask = || async {
            match offers(clients, question).await {
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

/// Holds each wish against what RDS offers of its class in its region, asked side by side.
pub(super) async fn check(
    clients: &Clients,
    offers: &Offers,
    seen: &Seen,
    mutations: &[&Mutation],
) -> Result<Vec<Check>, ProviderError> {
    let wishes: Vec<Wish> = mutations
        .iter()
        .filter_map(|mutation| wish(mutation, mutations, seen))
        .collect();
    let exact = mutations.iter().find_map(|mutation| pinned(mutation));
    let questions: BTreeSet<Question> = wishes
        .iter()
        .map(|wish| (wish.region.clone(), wish.class.clone(), exact))
        .collect();
    let asked = questions.into_iter().map(|question| async move {
        let answer = offers.of(clients, &question).await;
        (question, answer)
    });
    let mut checks = Vec::new();
    for ((region, class, _), answer) in join_all(asked).await {
        let wishes = wishes
            .iter()
            .filter(|wish| wish.region == region && wish.class == class);
        match answer {
            Ok(offered) => {
                if offered.is_empty() && !offers_anything(clients, &region).await? {
                    checks.extend(wishes.filter_map(known));
                    let why = format!(
                        "RDS tells of no offer at all in {region}: {class} was looked for in \
                         pgfleet's own catalog"
                    );
                    checks.push(Check::note("aws/not-asked", why));
                } else {
                    checks.extend(wishes.filter_map(|wish| judge(wish, &offered)));
                }
            }
            // Who cannot ask still may create; RDS says no then, where it must.
            Err(error) if is_optional(error.kind) => {
                checks.extend(wishes.filter_map(known));
                checks.push(Check::note("aws/not-asked", error.message).remedy(error.remedy));
            }
            Err(error) if error.message.contains("Cannot find version") => checks.push(
                Check::error("aws/version", error.message)
                    .key("postgres")
                    .remedy(error.remedy)
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

/// What a mutation asks of RDS's offers; nothing where it neither makes nor resizes an instance.
fn wish(mutation: &Mutation, all: &[&Mutation], seen: &Seen) -> Option<Wish> {
    let made = |attributes: &Attributes, postgres, replica| {
        Some(Wish {
            region: mutation.resource.region.clone(),
            class: attributes.size.clone()?,
            postgres,
            two_zones: attributes.availability == Some(Availability::Regional),
            replica,
            storage: attributes.storage.clone(),
            address: mutation.owner.address.clone(),
        })
    };
    match &mutation.operation {
        // It was found on offer when it was begun.
        _ if mutation.resume => None,
        Operation::CreatePrimary { desired } => {
            made(&desired.attributes, desired.attributes.postgres, false)
        }
        // RDS gives a replica the version of its source.
        Operation::CreateReplica { desired, source } => {
            let live = seen.of(source).and_then(|known| known.postgres);
            made(&desired.attributes, live.or(to_be(source, all)), true)
        }
        Operation::Modify { fields, .. } => {
            let to = |field| fields.iter().find(|change| change.field == field);
            let class = to(Field::Size).map(|change| change.to.to_string());
            let two_zones = to(Field::MultiAz).is_some_and(|change| change.to == Value::Flag(true));
            let live = seen.of(&mutation.resource).unwrap_or_default();
            (class.is_some() || two_zones).then_some(())?;
            let upgraded =
                to(Field::Postgres).and_then(|FieldChange { to, .. }| to.to_string().parse().ok());
            Some(Wish {
                region: mutation.resource.region.clone(),
                class: class.or(live.class)?,
                postgres: upgraded.or(live.postgres),
                two_zones,
                replica: false,
                storage: Storage::default(),
                address: mutation.owner.address.clone(),
            })
        }
        Operation::Start | Operation::Delete { .. } => None,
    }
}

/// The version of a primary that is made by the same plan.
fn to_be(primary: &ResourceRef, all: &[&Mutation]) -> Option<PgVersion> {
    all.iter().find_map(|mutation| match &mutation.operation {
        Operation::CreatePrimary { desired } if mutation.resource == *primary => {
            desired.attributes.postgres
        }
        _ => None,
    })
}

/// The minor version that a new primary is pinned to. Of a major one alone RDS picks the minor, so
/// that no single one is asked for.
fn pinned(mutation: &Mutation) -> Option<PgVersion> {
    match &mutation.operation {
        Operation::CreatePrimary { desired } => {
            let version = desired.attributes.postgres;
            version.filter(|version| version.minor.is_some())
        }
        _ => None,
    }
}

/// All offers of a class, page by page.
async fn offers(
    clients: &Clients,
    (region, class, version): &Question,
) -> Result<Vec<OrderableDbInstanceOption>, ProviderError> {
    let client = clients.rds(region).await;
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let question = client
            .describe_orderable_db_instance_options()
            .db_instance_class(class)
            .set_engine_version(version.map(|version| version.to_string()))
            .max_records(PAGE)
            .set_marker(marker);
        let page = ask(question).await?;
        found.extend_from_slice(page.orderable_db_instance_options());
        marker = page.marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            return Ok(found);
        }
    }
}

/// Whether a region has anything on offer. What stands in for RDS may know of no offers at all, and
/// then an empty list is no answer about a class.
async fn offers_anything(clients: &Clients, region: &Region) -> Result<bool, ProviderError> {
    let client = clients.rds(region).await;
    let question = client
        .describe_orderable_db_instance_options()
        .max_records(SHORTEST_PAGE);
    let page = ask(question).await?;
    Ok(!page.orderable_db_instance_options().is_empty())
}

async fn ask(
    question: DescribeOrderableDBInstanceOptionsFluentBuilder,
) -> Result<DescribeOrderableDbInstanceOptionsOutput, ProviderError> {
    let answer = question.engine(ENGINE).send().await;
    answer.map_err(|error| explain("DescribeOrderableDBInstanceOptions", Nature::Reads, &error))
}
