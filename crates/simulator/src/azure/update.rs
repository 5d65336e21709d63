//! PATCH, and PUT on a server that exists.

use super::call::{Body, Call};
use super::create::set_standby;
use super::fields::SERVER;
use super::names;
use super::operation::OperationKind;
use super::refusal::{Answer, Outcome, Refusal};
use super::state::{Server, Settings};
use super::steps::Effect;

impl Call<'_> {
    pub(super) fn patch(&mut self) -> Outcome<Answer> {
        let body = self.body(&SERVER)?;
        self.found()?;
        let mode = body.text("/properties/createMode").unwrap_or("Default");
        if !matches!(mode, "Default" | "Update") {
            return Err(Refusal::parameter("createMode"));
        }
        if let Some(answer) = self.promote(&body)? {
            return Ok(answer);
        }
        for name in ["delegatedSubnetResourceId", "privateDnsZoneArmResourceId"] {
            if body.at(&format!("/properties/network/{name}")).is_some() {
                return Err(fixed(&format!("network.{name}")));
            }
        }
        self.update(&body)
    }

    /// PUT on a server that exists: a change, but of nothing that is fixed.
    pub(super) fn put_again(&mut self, body: &Body, location: &str) -> Outcome<Answer> {
        let server = self.found()?;
        if server.location != location {
            return Err(Refusal::new(
                409,
                "InvalidResourceLocation",
                format!(
                    "The resource '{}' already exists in location '{}' in resource group '{}'. A \
                     resource with the same name cannot be created in location '{location}'. \
                     Please select a new resource name.",
                    server.name, server.location, server.group
                ),
            ));
        }
        check_fixed(server, body)?;
        self.update(body)
    }

    fn update(&mut self, body: &Body) -> Outcome<Answer> {
        let key = self.key();
        let server = self.ready(&key)?.clone();
        if server.source.is_some() {
            super::replica::no_availability(body)?;
            for path in [
                "/properties/backup",
                "/properties/administratorLoginPassword",
            ] {
                if body.at(path).is_some() {
                    return Err(Refusal::parameter_since(
                        &path[1..].replace('/', "."),
                        "It cannot be set for a read replica.",
                    ));
                }
            }
        }
        let next = self.changed(&server.settings, body)?;
        if let Some(password) = body.text("/properties/administratorLoginPassword") {
            let login = server.administrator.as_deref().unwrap_or_default();
            names::password(password, login)?;
        }
        self.check_change(&server, &next)?;
        let region = self.region(&server.location)?;
        let mut wanted = server.clone();
        wanted.settings = next;
        set_standby(&mut wanted, &region);
        let location = server.location.clone();
        let id = self.begin(OperationKind::Update, &key, None, location);
        self.mark(&key, "Updating");
        let steps = self.work(&server, &wanted.settings);
        let steps = steps
            .into_iter()
            .map(|(seconds, effect)| (seconds, key.clone(), effect));
        let steps: Vec<_> = steps.collect();
        self.then(&id, steps);
        Ok(self.accepted(&id))
    }

    /// The steps in which a server becomes what is wanted.
    fn work(&self, server: &Server, next: &Settings) -> Vec<(u64, Effect)> {
        let (now, timing) = (&server.settings, self.timing);
        let mut seconds = timing.settings;
        if next.version != now.version {
            seconds = seconds.saturating_add(timing.upgrade);
        }
        if next.sku != now.sku {
            seconds = seconds.saturating_add(timing.scale);
        }
        if next.storage != now.storage {
            seconds = seconds.saturating_add(timing.grow);
        }
        let state = |word: &str| Effect::AvailabilityState(word.to_owned());
        let mut steps = vec![(seconds, Effect::Apply(Box::new(next.clone())))];
        match (now.highly_available(), next.highly_available()) {
            (false, true) => {
                let half = timing.high_availability / 2;
                steps.push((0, state("CreatingStandby")));
                steps.push((half, state("ReplicatingData")));
                steps.push((timing.high_availability - half, state("Healthy")));
            }
            (true, false) => {
                steps.push((0, state("RemovingStandby")));
                steps.push((timing.high_availability_off, state("NotEnabled")));
            }
            _ => {}
        }
        steps.push((0, Effect::Ready { settled: 0 }));
        steps.push((0, Effect::Over(None)));
        steps
    }
}

fn fixed(name: &str) -> Refusal {
    Refusal::parameter_since(name, "It cannot be changed after creation.")
}

/// A PUT may name what is fixed, as long as it is so.
fn check_fixed(server: &Server, body: &Body) -> Outcome<()> {
    let same = |path: &str, now: Option<&str>| {
        body.text(path)
            .is_none_or(|wanted| now.is_some_and(|now| now.eq_ignore_ascii_case(wanted)))
    };
    // The zone is not among them: a failover may have swapped it, and nobody is told so.
    let fixed_fields = [
        ("administratorLogin", server.administrator.as_deref()),
        ("sourceServerResourceId", server.source.as_deref()),
        (
            "network/delegatedSubnetResourceId",
            server.subnet.as_deref(),
        ),
        (
            "network/privateDnsZoneArmResourceId",
            server.dns_zone.as_deref(),
        ),
        ("replicationRole", Some(server.role())),
    ];
    for (name, now) in fixed_fields {
        if !same(&format!("/properties/{name}"), now) {
            return Err(fixed(&name.replace('/', ".")));
        }
    }
    let geo = body.on("/properties/backup/geoRedundantBackup");
    if geo.is_some_and(|geo| geo != server.geo_backup) {
        return Err(fixed("backup.geoRedundantBackup"));
    }
    Ok(())
}
