//! What RDS offers, asked before a plan relies on it: one question for each class and region, and one
//! more where a region seems not to have the class.

mod offers;
mod unasked;

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

use crate::shared::http::Pages;

use super::{
    ENGINE,
    client::Clients,
    errors::{Nature, endless, explain},
    rules::disk,
    seen::Seen,
};
use offers::{Wish, judge};
use unasked::{is_billed, known};

/// Rows in one answer; RDS gives at most this many of its offers.
const PAGE: i32 = 1000;
/// The fewest rows that can be asked for.
const SHORTEST_PAGE: i32 = 20;

/// What RDS is asked for: a class in a region.
type Question = (Region, String);
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
                    if error.retry != Retry::Never
                        || matches!(error.kind, ErrorKind::Credentials | ErrorKind::Expired) =>
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
    let questions: BTreeSet<Question> = wishes
        .iter()
        .map(|wish| (wish.region.clone(), wish.class.clone()))
        .collect();
    let asked = questions.into_iter().map(|question| async move {
        let answer = offers.of(clients, &question).await;
        (question, answer)
    });
    let mut checks: Vec<Check> = Vec::new();
    for ((region, class), answer) in join_all(asked).await {
        let wishes = wishes
            .iter()
            .filter(|wish| wish.region == region && wish.class == class);
        let (found, note): (Vec<Check>, Option<Check>) = match answer {
            Ok(offered)
                if offered.is_empty() && tells_nothing(clients, &region, &class).await? =>
            {
                let why = format!(
                    "RDS tells of no offer of {class} in {region}: it was looked for in pgfleet's \
                     own catalog"
                );
                let note = Check::note("aws/not-asked", why);
                (wishes.filter_map(known).collect(), Some(note))
            }
            Ok(offered) => (
                wishes.filter_map(|wish| judge(wish, &offered)).collect(),
                None,
            ),
            // Who cannot ask still may create; RDS says no then, where it must.
            Err(error) if is_optional(error.kind) => {
                let error = clients.hidden_in(error);
                let note = Check::note("aws/not-asked", error.message).remedy(error.remedy);
                (wishes.filter_map(known).collect(), Some(note))
            }
            Err(error) => return Err(error),
        };
        for check in found.into_iter().chain(note) {
            // What is said of no instance alone is said once.
            if !checks.contains(&check) {
                checks.push(check);
            }
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
    let made = |attributes: &Attributes, postgres, replica: bool| {
        Some(Wish {
            region: mutation.resource.region.clone(),
            class: attributes.size.clone()?,
            postgres,
            anew: !replica,
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
            let upgraded =
                to(Field::Postgres).and_then(|FieldChange { to, .. }| to.to_string().parse().ok());
            let resized = fields
                .iter()
                .any(|change| disk::touches_storage(&change.field));
            (class.is_some() || two_zones || upgraded.is_some() || resized).then_some(())?;
            let live = seen.of(&mutation.resource)?;
            Some(Wish {
                region: mutation.resource.region.clone(),
                class: class.or(live.class)?,
                postgres: upgraded.or(live.postgres),
                anew: upgraded.is_some(),
                two_zones,
                replica: false,
                storage: if resized {
                    disk::after(&live.storage, fields)
                } else {
                    Storage::default()
                },
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

/// All offers of a class, page by page.
async fn offers(
    clients: &Clients,
    (region, class): &Question,
) -> Result<Vec<OrderableDbInstanceOption>, ProviderError> {
    let client = clients.rds(region).await;
    let mut found = Vec::new();
    let (mut pages, mut marker) = (Pages::default(), None);
    loop {
        let question = client
            .describe_orderable_db_instance_options()
            .db_instance_class(class)
            .max_records(PAGE)
            .set_marker(marker);
        let page = ask(question).await?;
        found.extend_from_slice(page.orderable_db_instance_options());
        marker = pages
            .next(page.marker)
            .map_err(|circle| endless("DescribeOrderableDBInstanceOptions", circle))?;
        if marker.is_none() {
            return Ok(found);
        }
    }
}

/// Whether an empty list is no answer about a class: what stands in for RDS may know of no offers at
/// all. A class that has a price is offered, so that nothing more is asked then.
async fn tells_nothing(
    clients: &Clients,
    region: &Region,
    class: &str,
) -> Result<bool, ProviderError> {
    Ok(is_billed(region, class) || !offers_anything(clients, region).await?)
}

/// Whether a region has anything on offer.
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
