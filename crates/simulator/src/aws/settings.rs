//! Switches that take effect with the call that sets them, whatever `ApplyImmediately` says.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::names;
use super::state::Instance;

/// What a create or modify call says of an instance's switches.
#[derive(Debug)]
pub(crate) struct Settings {
    auto_minor_upgrade: Option<bool>,
    copy_tags: Option<bool>,
    deletion_protection: Option<bool>,
    publicly_accessible: Option<bool>,
    iam_authentication: Option<bool>,
    performance_insights: Option<bool>,
    insights_retention: Option<i64>,
    insights_mode: Option<String>,
    monitoring_interval: Option<i64>,
    monitoring_role: Option<String>,
    log_exports: Option<Vec<String>>,
    network_type: Option<String>,
    backup_window: Option<String>,
    maintenance_window: Option<String>,
    security_groups: Option<Vec<String>>,
}

impl Settings {
    /// Reads and checks what the call says.
    pub(crate) fn read(call: &Call<'_>) -> ApiResult<Self> {
        let arguments = &call.arguments;
        let backup_window = arguments
            .text("PreferredBackupWindow")
            .map(names::backup_window);
        let maintenance = arguments
            .text("PreferredMaintenanceWindow")
            .map(names::maintenance_window);
        let network_type = arguments.owned("NetworkType");
        if let Some(other) = network_type.as_deref().filter(|kind| *kind != "IPV4") {
            return Err(ApiError::new(
                400,
                "NetworkTypeNotSupported",
                format!("The network type {other} isn't supported by the DB subnet group."),
            ));
        }
        Ok(Self {
            auto_minor_upgrade: arguments.boolean("AutoMinorVersionUpgrade"),
            copy_tags: arguments.boolean("CopyTagsToSnapshot"),
            deletion_protection: arguments.boolean("DeletionProtection"),
            publicly_accessible: arguments.boolean("PubliclyAccessible"),
            iam_authentication: arguments.boolean("EnableIAMDatabaseAuthentication"),
            performance_insights: arguments.boolean("EnablePerformanceInsights"),
            insights_retention: arguments.integer("PerformanceInsightsRetentionPeriod"),
            insights_mode: arguments.owned("DatabaseInsightsMode"),
            monitoring_interval: monitoring_interval(call)?,
            monitoring_role: arguments.owned("MonitoringRoleArn"),
            log_exports: arguments
                .texts("EnableCloudwatchLogsExports")
                .map(<[String]>::to_vec),
            network_type,
            backup_window: backup_window.transpose()?,
            maintenance_window: maintenance.transpose()?,
            security_groups: security_groups(call)?,
        })
    }

    /// Sets what the call says, and leaves the rest.
    pub(crate) fn apply(self, instance: &mut Instance) {
        let Self {
            auto_minor_upgrade,
            copy_tags,
            deletion_protection,
            publicly_accessible,
            iam_authentication,
            performance_insights,
            insights_retention,
            insights_mode,
            monitoring_interval,
            monitoring_role,
            log_exports,
            network_type,
            backup_window,
            maintenance_window,
            security_groups,
        } = self;
        set(&mut instance.auto_minor_upgrade, auto_minor_upgrade);
        set(&mut instance.copy_tags, copy_tags);
        set(&mut instance.deletion_protection, deletion_protection);
        set(&mut instance.publicly_accessible, publicly_accessible);
        set(&mut instance.iam_authentication, iam_authentication);
        set(&mut instance.performance_insights, performance_insights);
        set(
            &mut instance.insights_retention,
            insights_retention.map(Some),
        );
        set(&mut instance.insights_mode, insights_mode);
        set(&mut instance.monitoring_interval, monitoring_interval);
        set(&mut instance.monitoring_role, monitoring_role.map(Some));
        set(&mut instance.log_exports, log_exports);
        set(&mut instance.network_type, network_type);
        set(&mut instance.backup_window, backup_window);
        set(&mut instance.maintenance_window, maintenance_window);
        set(&mut instance.security_groups, security_groups);
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn monitoring_interval(call: &Call<'_>) -> ApiResult<Option<i64>> {
    let interval = call.arguments.integer("MonitoringInterval");
    match interval {
        None | Some(0) => Ok(interval),
        Some(1 | 5 | 10 | 15 | 30 | 60) if call.arguments.text("MonitoringRoleArn").is_some() => {
            Ok(interval)
        }
        Some(1 | 5 | 10 | 15 | 30 | 60) => Err(ApiError::combination(
            "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other \
             than 0.",
        )),
        Some(other) => Err(ApiError::value(format!(
            "Invalid monitoring interval: {other}"
        ))),
    }
}

/// The security groups that the call names; one that belongs to another region is refused.
fn security_groups(call: &Call<'_>) -> ApiResult<Option<Vec<String>>> {
    let Some(names) = call.arguments.texts("VpcSecurityGroupIds") else {
        return Ok(None);
    };
    for name in names {
        let digits = name.strip_prefix("sg-").unwrap_or_default();
        let formed =
            matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut declared = call
            .options
            .security_groups
            .iter()
            .filter(|group| group.name == *name);
        let elsewhere = declared.clone().next().is_some()
            && !declared.any(|group| group.region == call.place.region);
        if !formed || elsewhere {
            return Err(ApiError::value(format!(
                "Invalid security group , groupId= {name}"
            )));
        }
    }
    Ok((!names.is_empty()).then(|| names.to_vec()))
}
