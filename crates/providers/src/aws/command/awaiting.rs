//! Commands of AWS's own tool that end when a mutation has come to its end.

use std::fmt::Write as _;

use pgfleet_model::{Field, FieldChange, Mutation, Operation, ResourceRef, Value};
use pgfleet_planner::Word;

use crate::aws::command::{command, in_region};

/// Asks again while the listing, narrowed to what is not as wanted yet, shows anything. It ends
/// where RDS cannot be asked: the next command then says why.
const WHILE_LISTED: &str = "while aws rds describe-db-instances --db-instance-identifier \"$1\" \
     --region \"$2\" --query \"$3\" --output text | grep -q .; do sleep 15; done";

/// `aws rds wait ...`, or a loop where the tool has no such wait.
pub(in crate::aws) fn of(mutation: &Mutation) -> Vec<Vec<Word>> {
    let resource = &mutation.resource;
    match &mutation.operation {
        Operation::CreatePrimary { .. } | Operation::CreateReplica { .. } | Operation::Start => {
            vec![wait("db-instance-available", resource)]
        }
        Operation::Delete { .. } => vec![wait("db-instance-deleted", resource)],
        // Nothing happens before the window.
        Operation::Modify {
            in_window: true, ..
        } => Vec::new(),
        Operation::Modify { fields, .. } => modified(resource, fields).into_iter().collect(),
    }
}

pub(in crate::aws) fn wait(condition: &str, resource: &ResourceRef) -> Vec<Word> {
    let mut words = command(condition, resource);
    words.insert(2, "wait".into());
    in_region(&mut words, resource);
    words
}

/// RDS shows `available` for a while after it has taken a change, and `storage-optimization` for
/// hours: the values tell, for which the tool has no wait.
fn modified(resource: &ResourceRef, fields: &[FieldChange]) -> Option<Vec<Word>> {
    let mut not_yet = String::new();
    for FieldChange { field, to, .. } in fields {
        let shown = match field {
            // RDS rounds it up where it is not a tenth more.
            Field::StorageGib => {
                // Writing to a string cannot fail.
                let _ = write!(not_yet, " || AllocatedStorage<`{to}`");
                continue;
            }
            Field::Size => "DBInstanceClass",
            Field::Postgres => "EngineVersion",
            Field::StorageType => "StorageType",
            Field::Iops => "Iops",
            Field::Throughput => "StorageThroughput",
            Field::MultiAz => "MultiAZ",
            // What takes effect with the answer.
            _ => continue,
        };
        let wanted = match to {
            Value::Flag(on) => on.to_string(),
            other => other.to_string(),
        };
        let wanted = wanted.replace('\\', "\\\\").replace('\'', "\\'");
        let _ = write!(not_yet, " || to_string({shown})!='{wanted}'");
    }
    (!not_yet.is_empty()).then(|| {
        let query = format!(
            "DBInstances[?!contains(['available','storage-initialization','storage-optimization'],\
             DBInstanceStatus){not_yet}].DBInstanceStatus"
        );
        let mut words: Vec<Word> = ["sh", "-c", WHILE_LISTED, "wait"].map(Word::from).to_vec();
        words.push(resource.id.to_string().into());
        words.push(resource.region.to_string().into());
        words.push(query.into());
        words
    })
}
