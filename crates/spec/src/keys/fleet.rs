//! What every plan file may hold.

use pgfleet_model::ProviderKind::{Aws, Azure, Gcp, Local};

use super::{
    Key,
    Kind::{
        Above, Command, Flag, GroupPlatform, Money, Number, Password, Platform, Size, Table,
        Tables, Tags, Text, Texts, Whole, Word,
    },
    MAX_REPLICAS, key,
    platforms::{AWS, AZURE, GCP, LOCAL},
};
use crate::rules;

/// The keys at the top of the file.
pub(crate) static ROOT: &[Key] = &[
    key(
        "fleet",
        Text(rules::FLEET),
        "The fleet's name, the stem of every identifier.",
        r#""foodtruck""#,
    )
    .required(),
    key(
        "provider",
        Word(&["aws", "gcp", "azure", "local"]),
        "Where the fleet runs.",
        r#""aws""#,
    )
    .required(),
    key(
        "region",
        Text(rules::REGION),
        "The provider's region; required but for local, refused there.",
        r#""us-east-1""#,
    ),
    key(
        "postgres",
        Text(rules::VERSION),
        "The major version, as text; a minor only on aws.",
        r#""16""#,
    ),
    key(
        "tags",
        Tags,
        "Tags for every instance, beside pgfleet's own.",
        r#"{"team": "food"}"#,
    ),
    key(
        "apply_changes",
        Word(&["now", "window"]),
        "Whether changes wait for the maintenance window.",
        r#""now""#,
    )
    .default(r#""now""#),
    key(
        "primary",
        Table(PRIMARY),
        "The primary.",
        r#"{"size": "db.t3.medium"}"#,
    ),
    key(
        "replicas",
        Tables(REPLICAS),
        "Groups of read replicas; one may be unnamed.",
        r#"[{"count": 2}]"#,
    ),
    key(
        "protect",
        Table(PROTECT),
        "What apply and destroy refuse.",
        r#"{"deletion": true}"#,
    ),
    key(
        "connect",
        Table(CONNECT),
        "How verify, status, monitor and export reach the databases.",
        r#"{"user": "postgres"}"#,
    ),
    key(
        "alerts",
        Table(ALERTS),
        "What counts as unhealthy.",
        r#"{"lag": "1s"}"#,
    ),
    key(
        "usage",
        Table(USAGE),
        "What cannot be seen beforehand but costs money.",
        r#"{"wal_gib_per_day": 5}"#,
    ),
    key(
        "prices",
        Table(PRICES),
        "How old prices may be.",
        r#"{"max_age_days": 180}"#,
    ),
    key(
        "aws",
        Platform(Aws, AWS),
        "What only Amazon RDS knows.",
        r#"{"account": "123456789012"}"#,
    ),
    key(
        "gcp",
        Platform(Gcp, GCP),
        "What only Cloud SQL knows.",
        r#"{"project": "food-prod"}"#,
    ),
    key(
        "azure",
        Platform(Azure, AZURE),
        "What only Azure knows.",
        r#"{"resource_group": "food"}"#,
    ),
    key(
        "local",
        Platform(Local, LOCAL),
        "What only this machine knows.",
        r#"{"port": 5440}"#,
    ),
];

static PRIMARY: &[Key] = &[
    SIZE,
    MULTI_AZ,
    STORAGE,
    key(
        "admin",
        Text(rules::ADMIN),
        "The administrator's name.",
        r#""postgres""#,
    )
    .default(r#""postgres""#),
    key(
        "database",
        Text(rules::DATABASE),
        "The database that is created with the primary.",
        r#""foodtruck""#,
    )
    .default(r#""postgres""#),
    PASSWORD,
    key(
        "password_version",
        Whole(1, u32::MAX),
        "Raise it to have the password set anew.",
        "2",
    )
    .default("1"),
    key(
        "backup_days",
        Whole(0, 35),
        "Days for which automatic backups are kept.",
        "7",
    )
    .default("7"),
    key(
        "final_snapshot",
        Flag,
        "Whether a last snapshot is taken before deletion.",
        "true",
    )
    .default("true"),
    key(
        "id",
        Text(rules::ID),
        "The provider's identifier, where it is not FLEET-primary.",
        r#""orders-db""#,
    ),
    key(
        "existing",
        Text(rules::EXISTING),
        "Attach replicas to this primary, which pgfleet does not own: its identifier, or for local a connection URL. No other key of [primary] goes with it.",
        r#""foodtruck-prod""#,
    ),
];

static REPLICAS: &[Key] = &[
    key(
        "name",
        Text(rules::GROUP),
        "The group's name: its replicas are NAME-1, NAME-2, ...; without a name replica-1, ...",
        r#""eu""#,
    ),
    key(
        "count",
        Whole(0, MAX_REPLICAS),
        "How many; without it as many as ids, or 1.",
        "2",
    ),
    key(
        "region",
        Text(rules::REGION),
        "The region, where it is not the primary's.",
        r#""eu-west-1""#,
    ),
    SIZE,
    MULTI_AZ,
    STORAGE,
    key(
        "ids",
        Texts(rules::ID),
        "The provider's identifiers, one per replica, where they are not the derived ones.",
        r#"["orders-eu"]"#,
    ),
    key(
        "aws",
        GroupPlatform(Aws, AWS),
        "Overrides [aws] for this group.",
        r#"{"kms_key": "arn:aws:kms:eu-west-1:123456789012:key/example"}"#,
    ),
    key(
        "gcp",
        GroupPlatform(Gcp, GCP),
        "Overrides [gcp] for this group.",
        r#"{"network": "projects/food/global/networks/eu"}"#,
    ),
    key(
        "azure",
        GroupPlatform(Azure, AZURE),
        "Overrides [azure] for this group.",
        r#"{"subnet_id": "/subscriptions/example"}"#,
    ),
    key(
        "local",
        GroupPlatform(Local, LOCAL),
        "Overrides [local] for this group.",
        "{}",
    ),
];

const SIZE: Key = key(
    "size",
    Size(SIZES),
    "The provider's class, or what it must hold. Replicas inherit the primary's.",
    r#""db.t3.medium""#,
);

static SIZES: &[Key] = &[
    key(
        "vcpus",
        Whole(1, 4096),
        "Virtual processors, at least.",
        "2",
    )
    .required(),
    key(
        "memory_gib",
        Above(0.0, 65536.0),
        "Memory in GiB, at least.",
        "4",
    )
    .required(),
    key(
        "burstable",
        Flag,
        "Whether a burstable class will do.",
        "true",
    )
    .default("false"),
    key(
        "arch",
        Word(&["x86_64", "arm64"]),
        "The processor's architecture.",
        r#""arm64""#,
    )
    .default(r#""x86_64""#),
];

const MULTI_AZ: Key = key(
    "multi_az",
    Flag,
    "A standby in a second zone: RDS Multi-AZ, Cloud SQL REGIONAL, Azure zone-redundant. Never inherited.",
    "true",
)
.default("false");

const STORAGE: Key = key(
    "storage",
    Table(STORAGES),
    "The disk. Replicas inherit it key by key from the primary.",
    r#"{"gib": 100, "type": "gp3"}"#,
);

static STORAGES: &[Key] = &[
    key("gib", Whole(1, u32::MAX), "Size in GiB.", "100"),
    key(
        "type",
        Text(rules::LABEL),
        "The provider's word: gp2, gp3, io1, io2; PD_SSD, PD_HDD; premium-ssd, premium-ssd-v2.",
        r#""gp3""#,
    ),
    key("iops", Whole(1, u32::MAX), "Operations a second.", "3000"),
    key(
        "throughput",
        Whole(1, u32::MAX),
        "Throughput in MiB/s.",
        "125",
    ),
    key(
        "autogrow",
        Flag,
        "Whether the disk grows by itself (gcp, azure).",
        "true",
    ),
    key(
        "autogrow_to_gib",
        Whole(1, u32::MAX),
        "Up to how many GiB the disk grows by itself (aws).",
        "500",
    ),
];

const PASSWORD: Key = key(
    "password",
    Password(PASSWORDS),
    "Where the password is read from: exactly one of env, file and command.",
    r#"{"env": "FOODTRUCK_DB_PASSWORD"}"#,
);

static PASSWORDS: &[Key] = &[
    key(
        "env",
        Text(rules::ENV),
        "An environment variable.",
        r#""FOODTRUCK_DB_PASSWORD""#,
    ),
    key(
        "file",
        Text(rules::PATH),
        "A file, relative to the plan file; one line break at its end is left out.",
        r#""secrets/foodtruck""#,
    ),
    key(
        "command",
        Command(rules::ARGUMENT),
        "A program and its arguments, run without a shell, that prints it.",
        r#"["pass", "show", "foodtruck"]"#,
    ),
];

static PROTECT: &[Key] = &[
    key(
        "deletion",
        Flag,
        "Whether destroy, and apply down to no instance, refuse.",
        "false",
    )
    .default("true"),
    key(
        "max_deletes",
        Whole(0, u32::MAX),
        "How many instances one run may delete; no limit without it.",
        "1",
    ),
    key(
        "monthly_usd",
        Money,
        "apply refuses a result that costs more than this a month and more than before.",
        "700",
    ),
    key(
        "max_monthly_increase_usd",
        Money,
        "apply refuses to add more than this to the cost of a month.",
        "300",
    ),
    key(
        "allow_unpriced",
        Flag,
        "Whether an unknown price passes the two limits.",
        "true",
    )
    .default("false"),
];

static CONNECT: &[Key] = &[
    key(
        "user",
        Text(rules::USER),
        "The role to connect as.",
        r#""postgres""#,
    ),
    PASSWORD,
    key(
        "sslmode",
        Word(&["disable", "prefer", "require", "verify-ca", "verify-full"]),
        "As libpq has it; verify-full but for local.",
        r#""verify-full""#,
    ),
    key(
        "root_cert",
        Text(rules::PATH),
        "A file with the certificates to trust, relative to the plan file.",
        r#""certs/rds.pem""#,
    ),
];

static ALERTS: &[Key] = &[
    key(
        "lag",
        Text(rules::DURATION),
        "How far a replica may be behind.",
        r#""1s""#,
    ),
    key(
        "error_rate",
        Number(0.0, 1.0),
        "Which share of probes may fail, from 0 to 1.",
        "0.01",
    ),
];

static USAGE: &[Key] = &[key(
    "wal_gib_per_day",
    Number(0.0, 1e9),
    "How many GiB of write-ahead log the primary writes a day.",
    "5",
)];

static PRICES: &[Key] = &[key(
    "max_age_days",
    Whole(0, 36500),
    "From which age in days on prices are warned of.",
    "180",
)];
