//! Subnet groups and parameter groups, which belong to a region.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::options::AwsOptions;
use super::pages::page;
use super::state::Place;
use super::xml::Xml;
use std::collections::BTreeSet;

/// The names of a region's subnet groups.
pub(crate) fn subnet_groups(options: &AwsOptions, region: &str) -> BTreeSet<String> {
    let declared = options
        .subnet_groups
        .iter()
        .filter(|group| group.region == region);
    let declared = declared.map(|group| group.name.to_ascii_lowercase());
    declared.chain(["default".to_owned()]).collect()
}

pub(crate) fn default_security_group(place: &Place) -> String {
    format!("sg-{}", &place.derived("default security group")[..17])
}

pub(crate) fn subnet_group(xml: &mut Xml, name: &str, place: &Place, options: &AwsOptions) {
    xml.leaf("DBSubnetGroupName", name);
    xml.leaf("DBSubnetGroupDescription", format_args!("{name} subnets"));
    let vpc = if name == "default" { "vpc" } else { name };
    xml.leaf("VpcId", format_args!("vpc-{}", &place.derived(vpc)[..17]));
    xml.leaf("SubnetGroupStatus", "Complete");
    let zones = options.zones(&place.region).unwrap_or_default();
    xml.list("Subnets", "Subnet", zones, |xml, zone| {
        let digits = place.derived(&format!("subnet {name} {zone}"));
        xml.leaf("SubnetIdentifier", format_args!("subnet-{}", &digits[..17]));
        xml.element("SubnetAvailabilityZone", |xml| xml.leaf("Name", zone));
        xml.element("SubnetOutpost", |_| {});
        xml.leaf("SubnetStatus", "Active");
    });
    xml.leaf("DBSubnetGroupArn", place.arn("subgrp", name));
    xml.texts("SupportedNetworkTypes", "member", ["IPV4"]);
}

pub(crate) fn describe_subnet_groups(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    no_filters(call)?;
    let mut names = subnet_groups(call.options, &call.place.region);
    if let Some(wanted) = call
        .arguments
        .text("DBSubnetGroupName")
        .map(str::to_ascii_lowercase)
    {
        names.retain(|name| *name == wanted);
        if names.is_empty() {
            return Err(ApiError::new(
                404,
                "DBSubnetGroupNotFoundFault",
                format!("DB subnet group '{wanted}' does not exist."),
            ));
        }
    }
    let page = page(
        call,
        100,
        names.into_iter().map(|name| (name.clone(), name)),
    )?;
    xml.list(
        "DBSubnetGroups",
        "DBSubnetGroup",
        page.items,
        |xml, name| {
            subnet_group(xml, &name, &call.place, call.options);
        },
    );
    xml.optional("Marker", page.marker);
    Ok(())
}

pub(crate) fn describe_parameter_groups(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    no_filters(call)?;
    let majors: BTreeSet<u32> = call
        .options
        .all_versions()
        .into_iter()
        .map(|(major, _)| major)
        .collect();
    let newest = majors.last().copied().unwrap_or(0);
    let defaults = majors.into_iter().map(|major| {
        (
            format!("default.postgres{major}"),
            format!("postgres{major}"),
        )
    });
    let declared = call.options.parameter_groups.iter();
    let declared = declared
        .filter(|group| group.region == call.place.region)
        // Which family a declared group belongs to is not asked; it fits every instance.
        .map(|group| (group.name.to_ascii_lowercase(), format!("postgres{newest}")));
    let mut groups: Vec<(String, String)> = defaults.chain(declared).collect();
    groups.sort_unstable();
    if let Some(wanted) = call
        .arguments
        .text("DBParameterGroupName")
        .map(str::to_ascii_lowercase)
    {
        groups.retain(|(name, _)| *name == wanted);
        if groups.is_empty() {
            return Err(ApiError::new(
                404,
                "DBParameterGroupNotFound",
                format!("DBParameterGroup not found: {wanted}"),
            ));
        }
    }
    let named = groups
        .into_iter()
        .map(|(name, family)| (name.clone(), (name, family)));
    let page = page(call, 100, named)?;
    xml.list(
        "DBParameterGroups",
        "DBParameterGroup",
        page.items,
        |xml, (name, family)| {
            xml.leaf("DBParameterGroupName", &name);
            xml.leaf("DBParameterGroupFamily", &family);
            xml.leaf("Description", format_args!("Parameter group for {family}"));
            xml.leaf("DBParameterGroupArn", call.place.arn("pg", &name));
        },
    );
    xml.optional("Marker", page.marker);
    Ok(())
}

fn no_filters(call: &Call<'_>) -> ApiResult<()> {
    match call.arguments.filters().first() {
        Some(filter) => Err(ApiError::value(format!(
            "Unrecognized filter name: {}",
            filter.name
        ))),
        None => Ok(()),
    }
}
