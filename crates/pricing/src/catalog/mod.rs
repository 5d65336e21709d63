//! List prices by provider, region and meter, and the classes that they are asked for.

mod cheapest;
mod class;
mod format;
mod layered;
mod price;
mod store;
mod write;

pub use cheapest::{Choice, Want};
pub use class::{Arch, Class};
pub use format::CatalogError;
pub use layered::PriceCatalog;
pub use price::{Origin, Price, Quality, Quote, Term, TermPrice, Upfront};
pub use store::{Catalog, Coverage};

/// The embedded catalog, made from the facts by `scripts/make-price-catalog`.
pub(crate) const EMBEDDED: &str = include_str!("../../data/catalog.txt");
