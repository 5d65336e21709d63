//! A digest of what was observed, by which a saved plan knows that the world has not moved.

use pgfleet_model::{Condition, ObservedInstance, ObservedState, Stranger};

use crate::hash::sha256;

/// The digest of what a plan was made from, as `sha256:` and 64 hexadecimal digits.
///
/// Left out is what changes without anybody's doing: phases, endpoints, revisions, the sizes of
/// disks that grow by themselves, and zones that a failover swaps.
pub fn fingerprint(observed: &ObservedState) -> String {
    let strangers = observed.strangers.iter().map(|stranger| match stranger {
        Stranger::Holds(_, instance) | Stranger::Follows(instance) => instance,
    });
    let mut lines: Vec<String> = observed
        .owned()
        .chain(&observed.existing)
        .chain(strangers)
        .map(line)
        .collect();
    let above = observed.above.iter();
    lines.extend(above.map(|above| format!("above {}/{}", above.region, above.id)));
    lines.sort();
    let mut text = lines.join("\n");
    text.push('\n');
    sha256(text.as_bytes())
}

fn line(instance: &ObservedInstance) -> String {
    let ObservedInstance {
        resource,
        owner,
        role,
        source,
        phase: _,
        raw_phase: _,
        condition,
        endpoint: _,
        version: _,
        attributes,
        pending,
    } = instance;
    let owner = owner
        .as_ref()
        .map(|owner| format!("{}/{}", owner.fleet, owner.address));
    let source = source
        .as_ref()
        .map(|source| format!("{}/{}", source.region, source.id));
    let mut parts = vec![
        format!("{}/{}", resource.region, resource.id),
        owner.unwrap_or_default(),
        role.to_string(),
        source.unwrap_or_default(),
    ];
    // Only whether: why it is broken may be told in other words each time.
    if let Condition::Broken(_) = condition {
        parts.push("broken".to_owned());
    }
    let fields = attributes.fields();
    let stable = fields.iter().filter(|(field, _)| !field.moves_by_itself());
    parts.extend(stable.map(|(field, value)| format!("{field}={value}")));
    let pending = pending.iter().filter(|(field, _)| !field.moves_by_itself());
    parts.extend(pending.map(|(field, value)| format!("pending {field}={value}")));
    // A list in JSON: no value can pass for two.
    serde_json::Value::from(parts).to_string()
}
