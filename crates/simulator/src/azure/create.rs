//! PUT: a new server, or a change of one that exists.

use super::call::{Body, Call, SERVERS};
use super::catalog::{BURSTABLE, plain};
use super::fields::SERVER;
use super::names;
use super::operation::OperationKind;
use super::options::Region;
use super::refusal::{Answer, Outcome, Refusal};
use super::state::{Server, Settings, Storage};
use super::steps::Effect;
use std::collections::BTreeMap;

impl Call<'_> {
    /// PUT of a server.
    pub(super) fn put(&mut self) -> Outcome<Answer> {
        let body = self.body(&SERVER)?;
        let location = body.text("/location").map(plain);
        let location = location
            .filter(|location| !location.is_empty())
            .ok_or_else(|| {
                Refusal::new(
                    400,
                    "LocationRequired",
                    "The location property is required for this definition.",
                )
            })?;
        let region = self.region(&location)?;
        let mode = body.text("/properties/createMode").unwrap_or("Default");
        let key = self.key();
        match (mode, self.world.servers.get(&key)) {
            ("Replica", Some(_)) => Err(Refusal::new(
                409,
                "ReadReplicaAlreadyExistWithGivenName",
                format!(
                    "A read replica with the name '{}' already exists.",
                    self.asked.server
                ),
            )),
            ("Default" | "Create" | "Update", Some(_)) => self.put_again(&body, &location),
            ("Update", None) => Err(Refusal::not_found(
                SERVERS,
                &self.asked.server,
                &self.asked.group,
            )),
            ("Default" | "Create", None) => {
                self.check_new(&location)?;
                self.create(&body, location, &region)
            }
            ("Replica", None) => {
                self.check_new(&location)?;
                self.create_replica(&body, location, &region)
            }
            _ => Err(Refusal::parameter_since(
                "createMode",
                "Restoring is not simulated.",
            )),
        }
    }

    /// A region that exists.
    pub(super) fn region(&self, location: &str) -> Outcome<Region> {
        self.options.region(location).ok_or_else(|| {
            Refusal::new(
                400,
                "LocationNotAvailableForResourceType",
                format!(
                    "The provided location '{location}' is not available for resource type \
                     '{SERVERS}'. List of available regions for the resource type is '{}'.",
                    self.options.region_names()
                ),
            )
        })
    }

    /// Whether the subscription may have no new servers in a region.
    pub(super) fn is_restricted(&self, location: &str) -> bool {
        let restricted = &self.options.restricted_regions;
        restricted.iter().any(|other| plain(other) == location)
    }

    fn check_new(&self, location: &str) -> Outcome<()> {
        if self.is_restricted(location) {
            return Err(Refusal::new(
                400,
                "LocationIsOfferRestricted",
                format!(
                    "Subscriptions are restricted from provisioning in location '{location}'. Try \
                     again in a different location. For exceptions to this rule please open a \
                     support request with issue type of 'Service and subscription limits'."
                ),
            ));
        }
        names::server(&self.asked.server)?;
        if self.world.named(&self.asked.server).is_some() {
            return Err(Refusal::new(
                409,
                "ServerNameAlreadyExists",
                "Specified server name is already used.",
            ));
        }
        Ok(())
    }

    fn create(&mut self, body: &Body, location: String, region: &Region) -> Outcome<Answer> {
        let absent = [
            "/properties/sourceServerResourceId",
            "/properties/pointInTimeUTC",
        ];
        if let Some(path) = absent.iter().find(|path| body.at(path).is_some()) {
            return Err(Refusal::parameter(&path[1..].replace('/', ".")));
        }
        for required in ["/sku/name", "/sku/tier", "/properties/version"] {
            if body.at(required).is_none() {
                return Err(Refusal::parameter(&required[1..].replace('/', ".")));
            }
        }
        let settings = self.changed(&blank(body), body)?;
        let administrator = administrator(&settings, body)?;
        let (subnet, dns_zone) = network(body)?;
        check_availability(&settings, region)?;
        self.check_cores(&location, &settings, None)?;
        let geo_backup = body.on("/properties/backup/geoRedundantBackup");
        let mut server = Server {
            subscription: self.asked.subscription.clone(),
            group: self.group_name(),
            name: self.asked.server.clone(),
            zone: self.zone(body, region)?,
            location,
            administrator,
            geo_backup: geo_backup.unwrap_or(false),
            availability_state: "NotEnabled".to_owned(),
            source: None,
            geo: false,
            promoted: None,
            state: self.options.creating_state.clone(),
            created: self.now,
            settled: 0,
            tier_changed: None,
            databases: super::children::first_databases(),
            firewall_rules: BTreeMap::new(),
            virtual_endpoints: BTreeMap::new(),
            settings,
            subnet,
            dns_zone,
        };
        if server.subnet.is_some() {
            server.settings.public = false;
        }
        let highly_available = server.settings.highly_available();
        set_standby(&mut server, region);
        let mut seconds = self.timing.create;
        if highly_available {
            seconds = seconds.saturating_add(self.timing.high_availability);
            "CreatingStandby".clone_into(&mut server.availability_state);
        }
        let key = server.key();
        let location = server.location.clone();
        self.world.servers.insert(key.clone(), server);
        let id = self.begin(OperationKind::Create, &key, None, location);
        let settled = self.settled_after(seconds);
        let healthy = if highly_available {
            "Healthy"
        } else {
            "NotEnabled"
        };
        self.then(
            &id,
            [
                (
                    seconds,
                    key.clone(),
                    Effect::AvailabilityState(healthy.to_owned()),
                ),
                (0, key.clone(), Effect::Ready { settled }),
                (0, key.clone(), Effect::Over(None)),
            ],
        );
        Ok(self.created(&id, &key))
    }

    /// Accepts a creation, with 202 or as it is wanted.
    pub(super) fn created(&self, id: &str, key: &str) -> Answer {
        let mut answer = self.accepted(id);
        if self.options.answer_created
            && let Some(server) = self.world.servers.get(key)
        {
            answer.status = 201;
            answer.body = Some(self.render(server));
        }
        answer
    }

    /// Until when a server is busy that is ready in so many seconds.
    pub(super) fn settled_after(&self, seconds: u64) -> u64 {
        let seconds = seconds.saturating_add(self.timing.settle);
        self.now.saturating_add(seconds.saturating_mul(1000))
    }

    /// The zone that is asked for, or one that the service chooses; none where there are none.
    pub(super) fn zone(&self, body: &Body, region: &Region) -> Outcome<Option<String>> {
        let wanted = body
            .text("/properties/availabilityZone")
            .filter(|zone| !zone.is_empty());
        match wanted {
            Some(zone) if region.zones && matches!(zone, "1" | "2" | "3") => {
                Ok(Some(zone.to_owned()))
            }
            Some(zone) => Err(Refusal::new(
                400,
                "AvailabilityZoneNotAvailable",
                format!(
                    "Specified availability zone '{zone}' is not supported in this region. Please \
                     choose a different availability zone."
                ),
            )),
            None if region.zones => Ok(Some((self.world.named % 3 + 1).to_string())),
            None => Ok(None),
        }
    }

    /// Refuses what would exceed the subscription's cores in a region. `instead` is the server
    /// whose cores these ones replace.
    pub(super) fn check_cores(
        &self,
        location: &str,
        settings: &Settings,
        instead: Option<&str>,
    ) -> Outcome<()> {
        let cores = |settings: &Settings| {
            let size = self.options.size(&settings.sku);
            let cores = size.map_or(0, |(_, size)| size.cores);
            if settings.highly_available() {
                cores * 2
            } else {
                cores
            }
        };
        let used: u32 = self
            .world
            .servers
            .iter()
            .filter(|(key, server)| {
                server.location == location
                    && server
                        .subscription
                        .eq_ignore_ascii_case(&self.asked.subscription)
                    && instead != Some(key.as_str())
            })
            .map(|(_, server)| cores(&server.settings))
            .sum();
        let (wanted, limit) = (cores(settings), self.options.core_quota);
        if used.saturating_add(wanted) <= limit {
            return Ok(());
        }
        Err(Refusal::new(
            400,
            "QuotaExceeded",
            format!(
                "Operation could not be completed as it results in exceeding approved vCores \
                 quota. Location: {location}, Current Limit: {limit}, Current Usage: {used}, \
                 Additional Required: {wanted}."
            ),
        ))
    }
}

fn administrator(settings: &Settings, body: &Body) -> Outcome<Option<String>> {
    let login = body.text("/properties/administratorLogin");
    let password = body.text("/properties/administratorLoginPassword");
    if !settings.password_sign_in {
        return match login.or(password) {
            Some(_) => Err(Refusal::parameter("administratorLogin")),
            None => Ok(None),
        };
    }
    let login = login.ok_or_else(|| Refusal::parameter("administratorLogin"))?;
    names::administrator(login)?;
    let password = password.ok_or_else(|| Refusal::parameter("administratorLoginPassword"))?;
    names::password(password, login)?;
    Ok(Some(login.to_owned()))
}

/// Whether a server that is no replica may be highly available as it is wanted.
pub(super) fn check_availability(settings: &Settings, region: &Region) -> Outcome<()> {
    if !settings.highly_available() {
        return Ok(());
    }
    if settings.tier == BURSTABLE {
        return Err(Refusal::new(
            400,
            "HighAvailabilityNotSupportedForBurstable",
            "High availability is not supported for the Burstable tier. Change the tier first.",
        ));
    }
    if settings.availability == "ZoneRedundant" && !region.zones {
        return Err(Refusal::new(
            400,
            "ZoneRedundantHighAvailabilityNotSupported",
            format!(
                "Zone redundant high availability is not supported in the region '{}'.",
                region.display_name
            ),
        ));
    }
    Ok(())
}

/// A standby that nobody has given a zone gets one.
pub(super) fn set_standby(server: &mut Server, region: &Region) {
    let settings = &mut server.settings;
    match settings.availability.as_str() {
        "ZoneRedundant" if settings.standby_zone.is_none() => {
            let other = if server.zone.as_deref() == Some("1") {
                "2"
            } else {
                "1"
            };
            settings.standby_zone = Some(other.to_owned());
        }
        "SameZone" if region.zones => settings.standby_zone.clone_from(&server.zone),
        "Disabled" => settings.standby_zone = None,
        _ => {}
    }
}

/// What a new server has that says nothing.
fn blank(body: &Body) -> Settings {
    let burstable = body.text("/sku/tier") == Some(BURSTABLE);
    let gib = if burstable { 32 } else { 64 };
    Settings {
        tags: BTreeMap::new(),
        sku: String::new(),
        tier: String::new(),
        version: String::new(),
        minor: String::new(),
        storage: Storage {
            gib,
            auto_grow: false,
            tier: String::new(),
            kind: String::new(),
            iops: 0,
            throughput: None,
        },
        backup_days: 7,
        availability: "Disabled".to_owned(),
        standby_zone: None,
        directory_sign_in: false,
        password_sign_in: true,
        tenant: None,
        window: None,
        public: true,
    }
}

/// The delegated subnet and the private DNS zone.
pub(super) fn network(body: &Body) -> Outcome<(Option<String>, Option<String>)> {
    let subnet = body.text("/properties/network/delegatedSubnetResourceId");
    let zone = body.text("/properties/network/privateDnsZoneArmResourceId");
    let subnet = subnet.filter(|subnet| !subnet.is_empty());
    let zone = zone.filter(|zone| !zone.is_empty());
    if let Some(subnet) = subnet {
        let lower = subnet.to_ascii_lowercase();
        if !lower.contains("/virtualnetworks/") || !lower.contains("/subnets/") {
            return Err(Refusal::parameter("network.delegatedSubnetResourceId"));
        }
        if zone.is_none() {
            return Err(Refusal::new(
                400,
                "EmptyPrivateDnsZoneArmResourceId",
                "Private DNS Zone argument is required to be specified with a delegated subnet.",
            ));
        }
    }
    Ok((subnet.map(str::to_owned), zone.map(str::to_owned)))
}
