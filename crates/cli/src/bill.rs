//! What the fleets of a run cost, and what their plan files say to that.

use std::cell::{Cell, OnceCell};

use pgfleet_model::{Check, ProviderKind, Severity};
use pgfleet_planner::{FleetPlan, Goal};
use pgfleet_pricing::{
    Catalog, CostEstimate, Date, Estimator, Limits, PriceCatalog, Usd, budget, wal_gib_per_day,
};
use pgfleet_spec::Spec;

use crate::{
    prices::{load, today},
    ui::Ui,
};

/// The prices of a run.
pub(crate) struct Prices {
    /// Those that the user has refreshed.
    refreshed: Cell<Option<Catalog>>,
    catalog: OnceCell<PriceCatalog<'static>>,
    today: Date,
}

impl Prices {
    /// The prices for some plan files. The user's own are only looked for where there is a bill.
    pub(crate) fn of(specs: &[Spec], ui: Ui) -> Self {
        let billed = specs
            .iter()
            .any(|spec| spec.provider != ProviderKind::Local);
        if billed {
            // It is read while the platforms are asked; whoever needs it earlier waits for it.
            std::thread::spawn(Catalog::embedded);
        }
        Self {
            refreshed: Cell::new(billed.then(|| load(ui)).flatten()),
            catalog: OnceCell::new(),
            today: today(),
        }
    }

    /// The catalog.
    pub(crate) fn catalog(&self) -> &PriceCatalog<'static> {
        let catalog = || PriceCatalog::new(Catalog::embedded(), self.refreshed.take());
        self.catalog.get_or_init(catalog)
    }

    /// What a plan leads to.
    pub(crate) fn estimate(&self, spec: &Spec, plan: &FleetPlan) -> CostEstimate {
        let estimator = Estimator {
            prices: self.catalog(),
            provider: spec.provider,
            primary_region: &plan.desired.primary_ref().region,
            wal_gib_per_day: wal_gib_per_day(spec.wal_gib_per_day),
        };
        estimator.changes(&plan.set)
    }

    /// What stands against the cost of a plan. Nothing does against taking a fleet down.
    pub(crate) fn checks(&self, spec: &Spec, plan: &FleetPlan) -> Vec<Check> {
        if spec.provider == ProviderKind::Local || plan.goal != Goal::Apply {
            return Vec::new();
        }
        budget(&self.estimate(spec, plan), &limits(spec), self.today)
    }

    /// The same for a plan file that is held against nothing: there is no increase then.
    pub(crate) fn checks_of_file(&self, spec: &Spec, estimate: &CostEstimate) -> Vec<Check> {
        let limits = Limits {
            increase: None,
            ..limits(spec)
        };
        if spec.provider == ProviderKind::Local {
            return Vec::new();
        }
        let mut checks = budget(estimate, &limits, self.today);
        // Nothing is refused here: apply would refuse it.
        for check in &mut checks {
            check.severity = check.severity.min(Severity::Warning);
        }
        checks
    }
}

fn limits(spec: &Spec) -> Limits {
    // The plan file was validated. If an amount were not read here all the same, its limit would
    // be nothing, not absent.
    let money = |text: &Option<String>| {
        let text = text.as_deref()?;
        Some(text.parse::<Usd>().unwrap_or_default())
    };
    Limits {
        monthly: money(&spec.protect.monthly_usd),
        increase: money(&spec.protect.max_monthly_increase_usd),
        allow_unpriced: spec.protect.allow_unpriced,
        max_age_days: spec.max_price_age_days,
    }
}
