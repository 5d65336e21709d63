//! Primaries that are not ours, asked over the connection URL of the plan.

use pgfleet_model::Value;

use super::{Found, answered};
use crate::local::{
    config::{MAY_REPLICATE, WAL_LEVEL},
    session::{Answers, Prerequisites, SessionError},
    source::Source,
};

pub(super) async fn look_at(source: &Source) -> Found {
    let mut found = Found::unknown(source.resource.clone(), "");
    found.instance.endpoint = Some(source.endpoint.clone());
    match ask(source).await {
        Ok((
            answers,
            Prerequisites {
                wal_level,
                may_replicate,
            },
        )) => {
            answered(&mut found, answers);
            let settings = &mut found.instance.attributes.settings;
            settings.insert(WAL_LEVEL.to_owned(), Value::Text(wal_level));
            settings.insert(MAY_REPLICATE.to_owned(), Value::Flag(may_replicate));
        }
        Err(why) => found.instance.raw_phase = format!("not answering: {why}"),
    }
    found
}

async fn ask(source: &Source) -> Result<(Answers, Prerequisites), SessionError> {
    let session = source.session().await?;
    Ok((session.ask().await?, session.prerequisites().await?))
}
