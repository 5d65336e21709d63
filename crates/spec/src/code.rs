//! The stable names of everything that can be wrong with a plan file.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $text;)*

        /// Every code that a [`Diagnostic`](crate::Diagnostic) can bear, in alphabetical order.
        pub const CODES: &[&str] = &[$($text),*];
    };
}

codes! {
    AUTOGROW = "spec/autogrow";
    AUTOGROW_LIMIT = "spec/autogrow-limit";
    BAD_ACCOUNT = "spec/bad-account";
    BAD_ADMIN = "spec/bad-admin";
    BAD_DATABASE = "spec/bad-database";
    BAD_DURATION = "spec/bad-duration";
    BAD_ENV = "spec/bad-env";
    BAD_ID = "spec/bad-id";
    BAD_MONEY = "spec/bad-money";
    BAD_NAME = "spec/bad-name";
    BAD_REGION = "spec/bad-region";
    BAD_RESOURCE_GROUP = "spec/bad-resource-group";
    BAD_SUBSCRIPTION = "spec/bad-subscription";
    BAD_URL = "spec/bad-url";
    BAD_VERSION = "spec/bad-version";
    CONTROL_CHARACTER = "spec/control-character";
    COUNT_MISMATCH = "spec/count-mismatch";
    DUPLICATE_FLEET = "spec/duplicate-fleet";
    DUPLICATE_GROUP = "spec/duplicate-group";
    DUPLICATE_ID = "spec/duplicate-id";
    DUPLICATE_KEY = "spec/duplicate-key";
    EMPTY = "spec/empty";
    EXISTING_WITH_OTHER_KEYS = "spec/existing-with-other-keys";
    MINOR_VERSION = "spec/minor-version";
    MISSING_FILE = "spec/missing-file";
    MISSING_KEY = "spec/missing-key";
    NO_PLANS = "spec/no-plans";
    NOT_PER_GROUP = "spec/not-per-group";
    NOT_UTF8 = "spec/not-utf8";
    OLD_VERSION = "spec/old-version";
    OTHER_PROVIDER = "spec/other-provider";
    OUT_OF_RANGE = "spec/out-of-range";
    PASSWORD_LITERAL = "spec/password-literal";
    PASSWORD_SOURCE = "spec/password-source";
    REGION_ON_LOCAL = "spec/region-on-local";
    RESERVED_NAME = "spec/reserved-name";
    RESERVED_TAG = "spec/reserved-tag";
    STORAGE_OPTION = "spec/storage-option";
    STORAGE_TYPE = "spec/storage-type";
    SYNTAX = "spec/syntax";
    TOO_COMPLEX = "spec/too-complex";
    TOO_DEEP = "spec/too-deep";
    TOO_LARGE = "spec/too-large";
    TOO_LONG = "spec/too-long";
    TOO_MANY_PROBLEMS = "spec/too-many-problems";
    TOO_MANY_REPLICAS = "spec/too-many-replicas";
    UNKNOWN_KEY = "spec/unknown-key";
    UNKNOWN_WORD = "spec/unknown-word";
    UNREADABLE_FILE = "spec/unreadable-file";
    WRONG_TYPE = "spec/wrong-type";
}
