//! One row of the retail prices.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::live::{LiveError, clip};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    currency_code: Option<String>,
    tier_minimum_units: Option<f64>,
    reservation_term: Option<String>,
    pub(super) retail_price: Box<RawValue>,
    pub(super) arm_region_name: Option<String>,
    pub(super) effective_start_date: Option<String>,
    meter_name: Option<String>,
    product_name: Option<String>,
    sku_name: Option<String>,
    arm_sku_name: Option<String>,
    unit_of_measure: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

impl Row {
    /// Whether it only holds beyond some quantity.
    pub(super) fn is_tier(&self) -> bool {
        self.tier_minimum_units.is_some_and(|least| least > 0.0)
    }

    /// The years of a reservation.
    pub(super) fn years(&self) -> Option<u8> {
        match self.reservation_term.as_deref()? {
            "1 Year" => Some(1),
            "3 Years" => Some(3),
            _ => None,
        }
    }

    /// Refuses another currency or unit than the meter has.
    pub(super) fn check(&self, unit: Unit, place: &str) -> Result<(), LiveError> {
        let currency = self.currency_code.as_deref().unwrap_or("nothing");
        if currency != "USD" {
            let message = format!("priced in {}, not in USD", clip(currency));
            return Err(LiveError::new(place, message));
        }
        let found = self.unit_of_measure.as_deref().unwrap_or("nothing");
        let right = match unit {
            Unit::Hour => found == "1 Hour",
            Unit::Gib => matches!(found, "1 GB/Month" | "1 GiB/Month"),
            Unit::Month => found == "1/Month",
        };
        if right {
            Ok(())
        } else {
            Err(LiveError::new(place, format!("priced by {}", clip(found))))
        }
    }
}

/// What a price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Hour,
    Gib,
    Month,
}

/// The meters of disks and backups, by the name that the list gives them.
const STORAGE: [(&str, &str, Unit); 9] = [
    ("Storage Data Stored", "premium-ssd", Unit::Gib),
    (
        "IOPS Scaling Provisioned IOPS",
        "premium-ssd/iops",
        Unit::Month,
    ),
    (
        "Premium SSD v2 Storage Data Stored",
        "premium-ssd-v2",
        Unit::Gib,
    ),
    (
        "Premium SSD v2 IOPS Provisioned IOPS",
        "premium-ssd-v2/iops",
        Unit::Month,
    ),
    (
        "Premium SSDv2 Throughput Prov Throughput (MBps)",
        "premium-ssd-v2/throughput",
        Unit::Month,
    ),
    ("Ultra Disk Storage Data Stored", "ultra-disk", Unit::Gib),
    (
        "Ultra Disk IOPS Provisioned IOPS",
        "ultra-disk/iops",
        Unit::Month,
    ),
    (
        "Ultra Disk Throughput Prov Throughput (MBps)",
        "ultra-disk/throughput",
        Unit::Month,
    ),
    ("Backup Storage LRS Data Stored", "backup", Unit::Gib),
];

/// Whether a meter is one of disks or backups.
pub(super) fn is_storage(meter: &str) -> bool {
    STORAGE.iter().any(|(_, known, _)| *known == meter)
}

/// The meter that a row prices, with its unit. `None` for what no flexible server is billed by.
pub(super) fn meter(row: &Row) -> Option<(String, Unit)> {
    let product = row.product_name.as_deref()?;
    if !product.contains("PostgreSQL Flex") {
        return None;
    }
    let name = row.meter_name.as_deref().unwrap_or_default();
    if let Some((_, meter, unit)) = STORAGE.iter().find(|(known, ..)| *known == name) {
        return Some(((*meter).to_owned(), *unit));
    }
    let series = product.strip_suffix(" Series Compute")?;
    let family = series.rsplit(' ').next()?;
    let sku = row.sku_name.as_deref()?;
    let meter = match sku.strip_suffix("vCore").map(str::trim) {
        // One vCore, whatever the size of the server.
        Some("" | "1") => family.to_owned(),
        // A whole server of so many.
        Some(cores) => server(family, cores, row.arm_sku_name.as_deref())?,
        // A size with a name of its own. `Basic` is a second name of B1ms.
        None if sku == "Basic" => return None,
        None => format!("Standard_{}", named(sku)?),
    };
    Some((meter, Unit::Hour))
}

/// The name of a server with so many vCores, such as `Standard_D4ds_v5`.
fn server(family: &str, cores: &str, name: Option<&str>) -> Option<String> {
    let cores: u32 = cores.parse().ok()?;
    if let Some(name) = name.filter(|name| name.starts_with("Standard_")) {
        return Some(name.to_owned());
    }
    let letters = family.find(|c: char| c.is_ascii_lowercase())?;
    let (letters, rest) = family.split_at_checked(letters)?;
    let (features, generation) = rest.rsplit_once('v')?;
    Some(format!("Standard_{letters}{cores}{features}_v{generation}"))
}

/// The API's spelling of a size that the list calls `B1MS` or `M64ds_v2`.
fn named(sku: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if sku.is_empty() || !sku.chars().all(plain) {
        return None;
    }
    match sku.strip_prefix('B') {
        Some(rest) => Some(format!("B{}", rest.to_ascii_lowercase())),
        None => sku.starts_with('M').then(|| sku.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_apart() {
        let row = |product: &str, sku: &str, meter: &str, arm: &str| -> Row {
            let json = serde_json::json!({
                "retailPrice": 1, "productName": product, "skuName": sku,
                "meterName": meter, "armSkuName": arm,
            });
            serde_json::from_str(&json.to_string()).unwrap()
        };
        let general =
            "Azure Database for PostgreSQL Flexible Server General Purpose Ddsv5 Series Compute";
        let burstable = "Azure Database for PostgreSQL Flexible Server Burstable BS Series Compute";
        let read =
            |product, sku, name, arm| meter(&row(product, sku, name, arm)).map(|(meter, _)| meter);
        assert_eq!(
            read(general, "vCore", "vCore", "x").as_deref(),
            Some("Ddsv5")
        );
        assert_eq!(
            read(general, "1 vCore", "1 vCore", "x").as_deref(),
            Some("Ddsv5")
        );
        let whole = read(general, "4 vCore", "vCore", "Standard_D4ds_v5");
        assert_eq!(whole.as_deref(), Some("Standard_D4ds_v5"));
        let whole = read(general, "8 vCore", "vCore", "");
        assert_eq!(whole.as_deref(), Some("Standard_D8ds_v5"));
        let small = read(burstable, "B1MS", "B1MS", "B1MS");
        assert_eq!(small.as_deref(), Some("Standard_B1ms"));
        assert_eq!(read(burstable, "Basic", "Basic", ""), None);
        let single =
            "Azure Database for PostgreSQL Single Server General Purpose Gen5 Series Compute";
        assert_eq!(read(single, "vCore", "vCore", ""), None);
        let disk = read(
            "Az DB for PostgreSQL Flexible Server Storage",
            "Storage",
            "Storage Data Stored",
            "",
        );
        assert_eq!(disk.as_deref(), Some("premium-ssd"));
    }
}
