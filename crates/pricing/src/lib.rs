//! What a fleet costs a month: an embedded catalog of list prices, and the estimate made from it.
//!
//! Money is decimal and exact; it is rounded, half up, only where it is shown. A price that is not
//! known is [`Price::NotFound`]: a value of its own that cannot be added up, so that it never
//! becomes zero. The crate knows no file system, no clock, no network and no runtime: what the
//! live price lists answer is handed in, and so is the date.
//!
//! ```
//! use pgfleet_model::{ProviderKind, Region};
//! use pgfleet_pricing::{Catalog, Gib, Want};
//!
//! let catalog = Catalog::embedded();
//! let region = Region::new("us-east-1");
//! let class = catalog.class(ProviderKind::Aws, &region, "db.t3.medium").unwrap();
//! assert_eq!((class.vcpus, class.memory), (2, Gib::whole(4)));
//!
//! let want = Want { vcpus: 2, memory_gib: Gib::whole(4), burstable: false, arm64: false };
//! let cheapest = catalog.cheapest(ProviderKind::Aws, &region, &want).unwrap();
//! assert_eq!(&*cheapest.class.name, "db.m6i.large");
//! assert_eq!(cheapest.hourly.to_string(), "0.178");
//! ```

mod catalog;
mod date;
mod gcp;
mod quantity;
mod usd;

pub use catalog::{
    Arch, Catalog, CatalogError, Choice, Class, Coverage, Origin, Price, PriceCatalog, Quality,
    Quote, Term, TermPrice, Upfront, Want,
};
pub use date::Date;
pub use quantity::{Gib, Quantity};
pub use usd::{Usd, UsdError};
