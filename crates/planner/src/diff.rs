//! Finds what differs. One function decides each change and says why.

use pgfleet_model::{
    Action, Address, Change, ChangeSet, Check, Condition, DesiredInstance, DesiredState, Drift,
    DriftReason, Field, FieldChange, ObservedInstance, ObservedState, PgVersion, Phase, Reason,
    Role, Stranger, Value,
};

use crate::{
    Compare, FieldRule, Platform,
    refusals::{
        broken_primary, located, never_replaced, not_ours, replaces_a_primary, second_primary,
        wrong_role,
    },
};

/// Whether the live value does for the wanted one.
pub fn satisfies(compare: Compare, wanted: &Value, live: &Value) -> bool {
    match (compare, wanted, live) {
        (Compare::AtLeast { .. }, Value::Number(wanted), Value::Number(live)) => live >= wanted,
        (Compare::RoundedUp { percent }, Value::Number(wanted), Value::Number(live)) => {
            let most = wanted.saturating_mul(100 + u64::from(percent));
            live >= wanted && live.saturating_mul(100) <= most
        }
        (Compare::Includes, Value::Map(wanted), Value::Map(live)) => wanted
            .iter()
            .all(|(name, value)| live.get(name) == Some(value)),
        (Compare::Serves, Value::Text(wanted), Value::Text(live)) => {
            match (wanted.parse::<PgVersion>(), live.parse::<PgVersion>()) {
                (Ok(wanted), Ok(live)) => wanted.is_served_by(live),
                _ => wanted == live,
            }
        }
        (_, wanted, live) => wanted == live,
    }
}

/// Compares a fleet as wanted with the fleet as it is. Whether modifications wait for the window
/// decides what a pending value is: as good as there, or still to be seen through. The checks are those that the comparison
/// itself runs into: what differs and cannot be put right.
pub fn diff(
    platform: &dyn Platform,
    desired: &DesiredState,
    observed: &ObservedState,
    in_window: bool,
) -> (ChangeSet, Vec<Check>) {
    let mut found = Found {
        platform,
        in_window,
        set: ChangeSet::default(),
        checks: Vec::new(),
    };
    for wanted in desired.instances.values() {
        found.wanted(desired, observed, wanted);
    }
    for surplus in &observed.surplus {
        found.surplus(desired, observed, surplus);
    }
    for stranger in &observed.strangers {
        if let Stranger::Follows(instance) = stranger {
            found.set.drift.push(Drift {
                address: None,
                resource: instance.resource.clone(),
                field: None,
                wanted: None,
                observed: None,
                reason: DriftReason::NotOurs,
            });
        }
    }
    // Delete stands before create at one address: the order in which a rebuild runs.
    found.set.changes.sort_by(|a, b| {
        let rank = |change: &Change| (change.address.clone(), change.action != Action::Delete);
        rank(a).cmp(&rank(b))
    });
    (found.set, found.checks)
}

struct Found<'a> {
    platform: &'a dyn Platform,
    in_window: bool,
    set: ChangeSet,
    checks: Vec<Check>,
}

impl Found<'_> {
    /// Decides what happens at an address that the plan wants.
    fn wanted(
        &mut self,
        desired: &DesiredState,
        observed: &ObservedState,
        wanted: &DesiredInstance,
    ) {
        let address = &wanted.address;
        if let Some(other) = observed
            .strangers
            .iter()
            .find_map(|stranger| match stranger {
                Stranger::Holds(held, instance) if held == address => Some(instance),
                _ => None,
            })
        {
            return self.checks.push(not_ours(wanted, other));
        }
        let Some(live) = observed.wanted.get(address) else {
            if let Some(check) = replaces_a_primary(wanted, observed) {
                return self.checks.push(check);
            }
            return self.create(wanted, Reason::Missing, None);
        };
        match live.phase {
            Phase::Creating => return self.create(wanted, Reason::InFlight, Some(live)),
            Phase::Deleting => {
                self.delete(live, address, Reason::InFlight, None);
                return self.create(wanted, Reason::Missing, None);
            }
            _ => {}
        }
        if live.role != wanted.role() {
            return self.checks.push(wrong_role(wanted, live));
        }
        if let Some(why) = defect(desired, wanted, live) {
            return match wanted.role() {
                Role::Primary => self.checks.push(broken_primary(wanted, live, &why)),
                Role::Replica => self.rebuild(wanted, live, &why),
            };
        }
        self.compare(wanted, live);
    }

    /// Compares attribute by attribute an instance that is there and whole.
    fn compare(&mut self, wanted: &DesiredInstance, live: &ObservedInstance) {
        let mut fields = Vec::new();
        let mut coming = Vec::new();
        let mut rebuild = Vec::new();
        for (field, to) in wanted.attributes.fields() {
            let (compare, rule) = match self.platform.rule(&field, wanted.role()) {
                FieldRule::Ignore => continue,
                rule @ (FieldRule::InPlace(compare)
                | FieldRule::Rebuild(compare)
                | FieldRule::Refuse { compare, .. }) => (compare, rule),
            };
            let from = live.attributes.get(&field);
            if from
                .as_ref()
                .is_some_and(|from| satisfies(compare, &to, from))
            {
                self.drift(wanted, live, compare, &field, &to, from.as_ref());
                continue;
            }
            let pending = live.pending.get(&field);
            if self.platform.capabilities().pending_values
                && pending.is_some_and(|pending| satisfies(compare, &to, pending))
            {
                if self.in_window {
                    self.push_drift(wanted, live, &field, &to, pending, DriftReason::Pending);
                } else {
                    coming.push(FieldChange { field, from, to });
                }
                continue;
            }
            match rule {
                FieldRule::Rebuild(_) if wanted.role() == Role::Replica => rebuild.push(field),
                FieldRule::Rebuild(_) => {
                    self.checks
                        .push(never_replaced(wanted, &field, from.as_ref(), &to));
                }
                FieldRule::Refuse { check, .. } => {
                    self.checks.push(located(check, wanted, &field));
                }
                _ => fields.push(FieldChange { field, from, to }),
            }
        }
        if let Some(owner) = &live.owner
            && owner.address != wanted.address
        {
            fields.push(FieldChange {
                field: Field::Address,
                from: Some(Value::Text(owner.address.to_string())),
                to: Value::Text(wanted.address.to_string()),
            });
        }
        if !rebuild.is_empty() {
            let names: Vec<_> = rebuild.iter().map(Field::as_str).collect();
            let why = format!("{} can only be chosen at creation", names.join(", "));
            return self.rebuild(wanted, live, &why);
        }
        let stopped = live.phase == Phase::Stopped;
        // What the platform is at work on is waited for. Where it rests, a value that is wanted now
        // was left for the window, and is asked for again.
        let in_flight = fields.is_empty()
            && !coming.is_empty()
            && matches!(live.phase, Phase::Modifying | Phase::Unknown);
        fields.extend(coming);
        let reasons: Vec<Reason> = stopped
            .then_some(Reason::Stopped)
            .into_iter()
            .chain(in_flight.then_some(Reason::InFlight))
            .chain(
                fields
                    .iter()
                    .map(|change| Reason::Field(change.field.clone())),
            )
            .collect();
        let mut after = live.attributes.clone();
        for change in &fields {
            after.set(&change.field, change.to.clone());
        }
        self.set.changes.push(Change {
            address: wanted.address.clone(),
            resource: wanted.resource.clone(),
            action: if reasons.is_empty() {
                Action::NoOp
            } else {
                Action::Update
            },
            reasons,
            detail: in_flight.then(|| format!("it is `{}`", live.raw_phase)),
            before: Some(live.attributes.clone()),
            after: Some(after),
            fields,
        });
    }

    /// Notes what satisfies the plan and differs from it all the same.
    fn drift(
        &mut self,
        wanted: &DesiredInstance,
        live: &ObservedInstance,
        compare: Compare,
        field: &Field,
        to: &Value,
        from: Option<&Value>,
    ) {
        let shows_more = matches!(
            compare,
            Compare::AtLeast { show_more: true } | Compare::RoundedUp { .. }
        );
        if shows_more && from != Some(to) {
            self.push_drift(wanted, live, field, to, from, DriftReason::Grown);
        }
        // What is pending will end what is right now, or was ordered by somebody else.
        let pending = live.pending.get(field);
        if let Some(pending) = pending.filter(|pending| Some(*pending) != from && *pending != to) {
            self.push_drift(wanted, live, field, to, Some(pending), DriftReason::Pending);
        }
    }

    fn push_drift(
        &mut self,
        wanted: &DesiredInstance,
        live: &ObservedInstance,
        field: &Field,
        to: &Value,
        observed: Option<&Value>,
        reason: DriftReason,
    ) {
        self.set.drift.push(Drift {
            address: Some(wanted.address.clone()),
            resource: live.resource.clone(),
            field: Some(field.clone()),
            wanted: Some(to.clone()),
            observed: observed.cloned(),
            reason,
        });
    }

    /// Decides what happens to an instance of ours that the plan does not want.
    fn surplus(
        &mut self,
        desired: &DesiredState,
        observed: &ObservedState,
        live: &ObservedInstance,
    ) {
        let Some(owner) = &live.owner else { return };
        if live.role == Role::Primary && desired.managed_primary().is_some() {
            match observed.wanted.get(&Address::Primary) {
                // The check on the wanted primary has already said what is the matter.
                None => return,
                Some(primary) if owner.address == Address::Primary => {
                    return self.checks.push(second_primary(primary, live));
                }
                // A promoted replica that the plan has let go.
                Some(_) => {}
            }
        }
        let reason = match live.phase {
            Phase::Deleting => Reason::InFlight,
            _ => Reason::NotInPlan,
        };
        self.delete(live, &owner.address, reason, None);
    }

    fn create(
        &mut self,
        wanted: &DesiredInstance,
        reason: Reason,
        live: Option<&ObservedInstance>,
    ) {
        self.set.changes.push(Change {
            address: wanted.address.clone(),
            resource: wanted.resource.clone(),
            action: Action::Create,
            reasons: vec![reason],
            detail: live.map(|live| format!("it is `{}`", live.raw_phase)),
            before: None,
            after: Some(wanted.attributes.clone()),
            fields: Vec::new(),
        });
    }

    fn delete(
        &mut self,
        live: &ObservedInstance,
        address: &Address,
        reason: Reason,
        detail: Option<String>,
    ) {
        self.set.changes.push(Change {
            address: address.clone(),
            resource: live.resource.clone(),
            action: Action::Delete,
            reasons: vec![reason],
            detail,
            before: Some(live.attributes.clone()),
            after: None,
            fields: Vec::new(),
        });
    }

    fn rebuild(&mut self, wanted: &DesiredInstance, live: &ObservedInstance, why: &str) {
        self.delete(live, &wanted.address, Reason::Rebuild, Some(why.to_owned()));
        self.set.changes.push(Change {
            address: wanted.address.clone(),
            resource: wanted.resource.clone(),
            action: Action::Create,
            reasons: vec![Reason::Rebuild],
            detail: Some(why.to_owned()),
            before: None,
            after: Some(wanted.attributes.clone()),
            fields: Vec::new(),
        });
    }
}

/// Why an instance that is there cannot do its work, if so.
fn defect(
    desired: &DesiredState,
    wanted: &DesiredInstance,
    live: &ObservedInstance,
) -> Option<String> {
    if let Condition::Broken(why) = &live.condition {
        return Some(why.clone());
    }
    if live.phase == Phase::Failed {
        return Some(format!("it is `{}`", live.raw_phase));
    }
    let source = live.source.as_ref()?;
    (wanted.role() == Role::Replica && source != desired.primary_ref())
        .then(|| format!("it follows {source} instead of {}", desired.primary_ref()))
}
