//! The rules of storage: types, sizes, IOPS and throughput.
//!
//! Source: the user guide's page `CHAP_Storage` (RDS for PostgreSQL).

use super::errors::{ApiError, ApiResult};

/// From this size on, gp3 volumes are striped and take IOPS and throughput (GiB).
const GP3_STRIPED_GIB: i64 = 400;

/// A wanted or live volume.
#[derive(Clone, Debug)]
pub(crate) struct Volume<'a> {
    pub(crate) kind: &'a str,
    pub(crate) gib: i64,
    /// Only what is asked for.
    pub(crate) iops: Option<i64>,
    pub(crate) throughput: Option<i64>,
    pub(crate) max_gib: Option<i64>,
}

/// The smallest and largest size of a storage type, in GiB.
pub(crate) fn sizes(kind: &str) -> Option<(i64, i64)> {
    match kind {
        "gp2" | "gp3" => Some((20, 65_536)),
        "io1" | "io2" => Some((100, 65_536)),
        "standard" => Some((5, 3_072)),
        _ => None,
    }
}

/// Whether a volume has IOPS of its own, which `ModifyDBInstance` wants to hear of together with the
/// size (the API reference, `AllocatedStorage` and `Iops`).
pub(crate) fn is_provisioned(kind: &str, gib: i64) -> bool {
    matches!(kind, "io1" | "io2") || (kind == "gp3" && gib >= GP3_STRIPED_GIB)
}

/// The IOPS and throughput (MiB/s) that a volume has when none are asked for.
pub(crate) fn defaults(kind: &str, gib: i64) -> (Option<i64>, Option<i64>) {
    match kind {
        "gp3" if gib < GP3_STRIPED_GIB => (Some(3_000), Some(125)),
        "gp3" => (Some(12_000), Some(500)),
        "io1" | "io2" => (Some(1_000), None),
        _ => (None, None),
    }
}

impl Volume<'_> {
    /// Refuses what RDS would.
    pub(crate) fn check(&self) -> ApiResult<()> {
        let Some((min, max)) = sizes(self.kind) else {
            return Err(ApiError::value(format!(
                "Invalid storage type: {}",
                self.kind
            )));
        };
        if !(min..=max).contains(&self.gib) {
            return Err(ApiError::combination(format!(
                "Invalid storage size for engine name postgres and storage type {}: {}",
                self.kind, self.gib
            )));
        }
        self.check_performance()?;
        if let Some(limit) = self.max_gib {
            if limit < self.gib || limit > max {
                return Err(ApiError::combination(
                    "Max storage size must be greater than storage size",
                ));
            }
            if limit > self.gib && limit * 10 < self.gib * 11 {
                return Err(ApiError::combination(
                    "The maximum allocated storage must be increased by at least 10 percent.",
                ));
            }
        }
        Ok(())
    }

    fn check_performance(&self) -> ApiResult<()> {
        match self.kind {
            "gp3" if self.iops.is_none() && self.throughput.is_none() => Ok(()),
            "gp3" if self.gib < GP3_STRIPED_GIB => Err(ApiError::combination(format!(
                "You can't specify IOPS or storage throughput for engine postgres and a storage \
                 size less than {GP3_STRIPED_GIB}."
            ))),
            "gp3" => {
                let iops = self.iops.unwrap_or(12_000);
                within("IOPS", iops, 12_000, 64_000)?;
                let throughput = self.throughput.unwrap_or(500);
                within("storage throughput", throughput, 500, 4_000)?;
                if throughput * 4 > iops {
                    return Err(ApiError::combination(
                        "The storage throughput to IOPS ratio must be at most 0.25.",
                    ));
                }
                Ok(())
            }
            "io1" | "io2" => {
                let Some(iops) = self.iops else {
                    return Err(ApiError::combination(format!(
                        "You must specify iops for storage type {}.",
                        self.kind
                    )));
                };
                self.no_throughput()?;
                within("IOPS", iops, 1_000, 256_000)?;
                let most = if self.kind == "io1" { 50 } else { 1_000 };
                if iops * 2 < self.gib || iops > self.gib * most {
                    return Err(ApiError::combination(format!(
                        "Invalid iops to storage (GB) ratio for engine name postgres and storage \
                         type {}: {iops} to {}",
                        self.kind, self.gib
                    )));
                }
                Ok(())
            }
            _ if self.iops.is_some_and(|iops| iops != 0) => Err(ApiError::combination(format!(
                "Iops can't be specified for storage type {}.",
                self.kind
            ))),
            _ => self.no_throughput(),
        }
    }

    fn no_throughput(&self) -> ApiResult<()> {
        if self.throughput.is_some_and(|throughput| throughput != 0) {
            return Err(ApiError::combination(format!(
                "StorageThroughput can't be specified for storage type {}.",
                self.kind
            )));
        }
        Ok(())
    }
}

fn within(what: &str, value: i64, min: i64, max: i64) -> ApiResult<()> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(ApiError::combination(format!(
        "Invalid {what} value for engine name postgres: {value}. It must be between {min} and {max}."
    )))
}
