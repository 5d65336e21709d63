//! Where servers may lie: regions, zones, networks.

use pgfleet_model::{
    Availability, ChangeSet, Check, DesiredInstance, DesiredState, ObservedState, Role,
};

use crate::azure::docs;
use crate::{
    azure::{resolve::is_private, setting},
    shared::offered,
};

/// Regions of which the catalog knows no price.
const REGIONS: [&str; 32] = [
    "australiacentral",
    "australiacentral2",
    "australiasoutheast",
    "austriaeast",
    "belgiumcentral",
    "brazilsoutheast",
    "canadaeast",
    "chilecentral",
    "denmarkeast",
    "eastasia",
    "francesouth",
    "germanynorth",
    "indonesiacentral",
    "israelcentral",
    "italynorth",
    "japanwest",
    "jioindiacentral",
    "jioindiawest",
    "koreasouth",
    "malaysiawest",
    "newzealandnorth",
    "northcentralus",
    "norwaywest",
    "qatarcentral",
    "southafricawest",
    "southindia",
    "spaincentral",
    "swedensouth",
    "switzerlandwest",
    "uaecentral",
    "westcentralus",
    "westindia",
];

/// Regions without zones that a standby could lie in. Japan West is not among them: of its zones more
/// than one thing is said.
const WITHOUT_ZONES: [&str; 18] = [
    "australiacentral",
    "australiacentral2",
    "australiasoutheast",
    "brazilsoutheast",
    "canadaeast",
    "francesouth",
    "germanynorth",
    "jioindiacentral",
    "jioindiawest",
    "koreasouth",
    "northcentralus",
    "norwaywest",
    "southafricawest",
    "switzerlandwest",
    "uaecentral",
    "ukwest",
    "westcentralus",
    "westus",
];

/// Regions that there are.
pub(super) fn regions(
    desired: &DesiredState,
    observed: &ObservedState,
    changes: &ChangeSet,
) -> Vec<Check> {
    offered::regions(desired, observed, changes, &REGIONS, &docs("overview"))
}

/// A standby lies in another zone. One that is there already proves that there are zones.
pub(super) fn zones(desired: &DesiredState, observed: &ObservedState) -> Option<Check> {
    let primary = desired.managed_primary()?;
    let regional = Some(Availability::Regional);
    let live = observed.wanted.get(&primary.address);
    let comes = primary.attributes.availability == regional
        && live.is_none_or(|live| live.attributes.availability != regional);
    let region = &primary.resource.region;
    (comes && WITHOUT_ZONES.contains(&region.as_str())).then(|| {
        Check::error(
            "azure/no-zones",
            format!("`{region}` has no zones, and so no standby in another one"),
        )
        .at(&primary.address)
        .key("primary.multi_az")
        .remedy("leave `multi_az` out, or take a region with zones")
        .source(docs("overview"))
    })
}

/// A private address takes a subnet that is delegated to the service, and a zone for its name.
pub(super) fn network(wanted: &DesiredInstance) -> Option<Check> {
    let settings = &wanted.attributes.settings;
    let text = |name: &str| settings.get(name).map(ToString::to_string);
    let (subnet, zone) = (text(setting::SUBNET), text(setting::DNS_ZONE));
    if subnet.is_none() && zone.is_none() {
        return None;
    }
    let own = match wanted.role() {
        Role::Primary => "azure".to_owned(),
        Role::Replica => format!("{}.azure", wanted.key),
    };
    let (code, key, message, remedy) = match (subnet, zone) {
        (Some(subnet), _) if !names(&subnet, &["virtualNetworks", "subnets"]) => (
            "azure/subnet-id",
            setting::SUBNET,
            format!("`{subnet}` is no subnet's resource ID"),
            "write what `az network vnet subnet show --query id` prints",
        ),
        (Some(_), None) => (
            "azure/private-dns-zone",
            setting::DNS_ZONE,
            "a server in a subnet needs a private DNS zone for its name".to_owned(),
            "set `private_dns_zone_id` beside `subnet_id`",
        ),
        (_, Some(zone)) if !names(&zone, &["privateDnsZones"]) => (
            "azure/private-dns-zone",
            setting::DNS_ZONE,
            format!("`{zone}` is no private DNS zone's resource ID"),
            "write what `az network private-dns zone show --query id` prints",
        ),
        (None, Some(_)) => (
            "azure/private-dns-zone",
            setting::DNS_ZONE,
            "a private DNS zone is for a server in a subnet, and none is named".to_owned(),
            "set `subnet_id` beside `private_dns_zone_id`, or leave both out",
        ),
        _ => return None,
    };
    Some(
        Check::error(code, message)
            .at(&wanted.address)
            .key(format!("{own}.{key}"))
            .remedy(remedy)
            .source(docs("network/concepts-networking-private")),
    )
}

/// Whether a text is the whole resource ID of something of these kinds, the one within the other.
fn names(id: &str, kinds: &[&str]) -> bool {
    let parts: Vec<&str> = id.split('/').collect();
    let [
        "",
        subscriptions,
        _,
        groups,
        _,
        providers,
        namespace,
        path @ ..,
    ] = parts.as_slice()
    else {
        return false;
    };
    let words = [
        (subscriptions, "subscriptions"),
        (groups, "resourceGroups"),
        (providers, "providers"),
        (namespace, "Microsoft.Network"),
    ];
    let of_kinds = path.len() == 2 * kinds.len()
        && path
            .iter()
            .step_by(2)
            .zip(kinds)
            .all(|(word, kind)| word.eq_ignore_ascii_case(kind));
    of_kinds
        && parts[1..].iter().all(|part| !part.is_empty())
        && words
            .iter()
            .all(|(word, known)| word.eq_ignore_ascii_case(known))
}

/// A server stays in the region in which it was made, and keeps its name to itself.
pub(super) fn elsewhere(wanted: &DesiredInstance, observed: &ObservedState) -> Option<Check> {
    let other = observed.owned().find(|live| {
        live.resource.id == wanted.resource.id && live.resource.region != wanted.resource.region
    })?;
    Some(
        Check::error(
            "azure/location-change",
            format!(
                "{} is in {}, and a server cannot be moved",
                other.resource, other.resource.region
            ),
        )
        .at(&wanted.address)
        .key(wanted.key.clone())
        .remedy("keep its region, or make another server under another name (`id`, `ids`)")
        .source(docs("configure-maintain/how-to-create-server")),
    )
}

pub(super) fn public_address(created: &[&DesiredInstance]) -> Option<Check> {
    let public = created
        .iter()
        .any(|wanted| !is_private(&wanted.attributes.settings));
    public.then(|| {
        Check::note(
            "azure/public-address",
            "without `subnet_id` a server gets a public address, which nobody reaches until you \
             make a firewall rule",
        )
        .key("azure.subnet_id")
        .remedy("set `subnet_id` and `private_dns_zone_id` in [azure] for a private one")
        .source(docs("network/concepts-networking-public"))
    })
}
