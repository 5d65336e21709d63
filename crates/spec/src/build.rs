//! Makes a [`Spec`] of a tree in which nothing is wrong.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use pgfleet_model::{
    Availability, PasswordSource, ProviderKind, Region, ResourceId, Settings, SslMode, Storage,
    Tags, Value as Setting,
};

use crate::{
    Alerts, Connect, ExistingPrimary, InstanceSize, ManagedPrimary, PrimarySpec, Protect,
    ReplicaGroup, SourceFile, Spec, rules,
    text::LineIndex,
    tree::{Node, Table, Value},
};

/// Where a file's paths begin, and where its text is looked up.
pub(crate) struct Builder<'b> {
    pub(crate) source: &'b Arc<SourceFile>,
    pub(crate) index: &'b LineIndex,
    pub(crate) base: &'b Path,
}

impl Builder<'_> {
    /// The spec; `None` only for a tree that was not checked.
    pub(crate) fn spec(&self, root: &Table<'_>, provider: ProviderKind) -> Option<Spec> {
        let empty = Table::default();
        let table = |key| root.table(key).unwrap_or(&empty);
        let protect = table("protect");
        let connect = table("connect");
        let alerts = table("alerts");
        let replicas = root.list("replicas").unwrap_or_default().iter().enumerate();
        let mut places = BTreeMap::new();
        self.places("", root, &mut places);
        Some(Spec {
            source: self.source.clone(),
            fleet: root.text("fleet")?.parse().ok()?,
            provider,
            region: root.text("region").map_or_else(Region::local, Region::new),
            postgres: root.text("postgres").map(str::parse).transpose().ok()?,
            tags: tags(table("tags")),
            in_window: root.text("apply_changes") == Some("window"),
            primary: self.primary(table("primary")),
            replicas: replicas
                .map(|(index, node)| self.group(index, node.table()?, provider))
                .collect::<Option<_>>()?,
            protect: Protect {
                deletion: protect.flag("deletion").unwrap_or(true),
                max_deletes: protect.whole("max_deletes"),
                monthly_usd: money(protect, "monthly_usd"),
                max_monthly_increase_usd: money(protect, "max_monthly_increase_usd"),
                allow_unpriced: protect.flag("allow_unpriced").unwrap_or(false),
            },
            connect: Connect {
                user: connect.text("user").map(str::to_owned),
                password: self.password(connect),
                sslmode: connect.text("sslmode").and_then(sslmode),
                root_cert: connect.text("root_cert").map(|path| self.path(path)),
            },
            alerts: Alerts {
                lag: alerts.text("lag").and_then(rules::duration),
                error_rate: alerts.number("error_rate"),
            },
            wal_gib_per_day: table("usage").number("wal_gib_per_day"),
            max_price_age_days: table("prices").whole("max_age_days"),
            platform: self.settings(table(provider.as_str())),
            places,
        })
    }

    fn primary(&self, table: &Table<'_>) -> PrimarySpec {
        if let Some(reference) = table.text("existing") {
            return PrimarySpec::Existing(ExistingPrimary {
                reference: reference.to_owned(),
            });
        }
        let or_postgres = |key| table.text(key).unwrap_or("postgres").to_owned();
        PrimarySpec::Managed(Box::new(ManagedPrimary {
            id: table.text("id").map(ResourceId::new),
            size: size(table),
            availability: availability(table),
            storage: storage(table),
            admin: or_postgres("admin"),
            database: or_postgres("database"),
            password: self.password(table),
            password_version: table.whole("password_version").unwrap_or(1),
            backup_days: table.whole("backup_days").unwrap_or(7),
            final_snapshot: table.flag("final_snapshot").unwrap_or(true),
        }))
    }

    fn group(
        &self,
        index: usize,
        table: &Table<'_>,
        provider: ProviderKind,
    ) -> Option<ReplicaGroup> {
        let ids: Option<Vec<ResourceId>> = table
            .texts("ids")
            .map(|ids| ids.into_iter().map(ResourceId::new).collect());
        let listed = match &ids {
            None => None,
            Some(ids) => Some(u32::try_from(ids.len()).ok()?),
        };
        Some(ReplicaGroup {
            name: table.text("name").map(str::parse).transpose().ok()?,
            count: table.whole("count").or(listed).unwrap_or(1),
            region: table.text("region").map(Region::new),
            size: size(table),
            availability: availability(table),
            storage: storage(table),
            ids,
            platform: table
                .table(provider.as_str())
                .map_or_else(Settings::new, |table| self.settings(table)),
            index,
        })
    }

    fn password(&self, table: &Table<'_>) -> Option<PasswordSource> {
        let table = table.table("password")?;
        if let Some(name) = table.text("env") {
            return Some(PasswordSource::Env(name.to_owned()));
        }
        if let Some(path) = table.text("file") {
            return Some(PasswordSource::File(self.path(path)));
        }
        let command = table.texts("command")?;
        Some(PasswordSource::Command(
            command.into_iter().map(str::to_owned).collect(),
        ))
    }

    fn path(&self, text: &str) -> PathBuf {
        self.base.join(text)
    }

    fn settings(&self, table: &Table<'_>) -> Settings {
        let value = |key: &str, node: &Node<'_>| match &node.value {
            Value::Flag(flag) => Some(Setting::Flag(*flag)),
            Value::Integer(digits) => digits.parse().ok().map(Setting::Number),
            Value::Text(text) if key == "data_dir" => Some(Setting::Text(
                self.path(text).to_string_lossy().into_owned(),
            )),
            Value::Text(text) => Some(Setting::Text(text.to_string())),
            Value::List(nodes) => nodes
                .iter()
                .map(|node| node.text().map(str::to_owned))
                .collect::<Option<_>>()
                .map(Setting::List),
            Value::Float(_) | Value::Table(_) | Value::Date | Value::Null => None,
        };
        table
            .entries
            .iter()
            .filter_map(|entry| Some((entry.key.to_string(), value(&entry.key, &entry.node)?)))
            .collect()
    }

    fn places(&self, path: &str, table: &Table<'_>, places: &mut BTreeMap<String, crate::Place>) {
        for entry in &table.entries {
            let path = if path.is_empty() {
                entry.key.to_string()
            } else {
                format!("{path}.{}", entry.key)
            };
            self.place(path, &entry.node, places);
        }
    }

    fn place(&self, path: String, node: &Node<'_>, places: &mut BTreeMap<String, crate::Place>) {
        match &node.value {
            Value::Table(table) => self.places(&path, table, places),
            Value::List(nodes) => {
                for (index, node) in nodes.iter().enumerate() {
                    self.place(format!("{path}[{index}]"), node, places);
                }
            }
            _ => {}
        }
        places.insert(path, self.index.place(&self.source.text, node.span.clone()));
    }
}

fn tags(table: &Table<'_>) -> Tags {
    let text = |node: &Node<'_>| node.text().map(str::to_owned);
    table
        .entries
        .iter()
        .filter_map(|entry| Some((entry.key.to_string(), text(&entry.node)?)))
        .collect()
}

fn size(table: &Table<'_>) -> Option<InstanceSize> {
    let node = table.get("size")?;
    if let Some(class) = node.text() {
        return Some(InstanceSize::Class(class.to_owned()));
    }
    let table = node.table()?;
    Some(InstanceSize::AtLeast {
        vcpus: table.whole("vcpus")?,
        memory_gib: table.number("memory_gib")?,
        burstable: table.flag("burstable").unwrap_or(false),
        arm64: table.text("arch") == Some("arm64"),
    })
}

fn availability(table: &Table<'_>) -> Availability {
    match table.flag("multi_az") {
        Some(true) => Availability::Regional,
        Some(false) | None => Availability::Zonal,
    }
}

fn storage(table: &Table<'_>) -> Storage {
    let Some(table) = table.table("storage") else {
        return Storage::default();
    };
    Storage {
        gib: table.whole("gib"),
        kind: table.text("type").map(str::to_owned),
        iops: table.whole("iops"),
        throughput: table.whole("throughput"),
        autogrow: table.flag("autogrow"),
        autogrow_to_gib: table.whole("autogrow_to_gib"),
    }
}

fn sslmode(word: &str) -> Option<SslMode> {
    match word {
        "disable" => Some(SslMode::Disable),
        "prefer" => Some(SslMode::Prefer),
        "require" => Some(SslMode::Require),
        "verify-ca" => Some(SslMode::VerifyCa),
        "verify-full" => Some(SslMode::VerifyFull),
        _ => None,
    }
}

/// An amount as the file writes it.
fn money(table: &Table<'_>, key: &str) -> Option<String> {
    match &table.get(key)?.value {
        Value::Integer(text) | Value::Float(text) | Value::Text(text) => Some(text.to_string()),
        _ => None,
    }
}
