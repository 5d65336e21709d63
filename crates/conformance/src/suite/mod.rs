//! One suite that every provider must pass.
//!
//! [`run`] takes a [`Subject`]: a provider, the words that its plan files need, and hands that can
//! do things behind pgfleet's back. What the provider declares as a capability is run; what it does
//! not declare it must refuse, and the [`Report`] says by which words it did. A case that could not
//! be run is counted as such and never as passed.

mod cases;
mod desk;
mod report;
mod shape;
mod subject;
mod watched;

pub use report::{CaseReport, Report, Verdict};
pub use shape::{FLEET, Shape, Words};
pub use subject::{Hook, Subject};

use cases::{building, changing, claiming, limits, mending, refusing};
use desk::Desk;

/// What a case comes to; the error says what is wrong with the provider.
type CaseResult = Result<Verdict, String>;

/// Runs every case, each in an empty place.
pub async fn run(subject: &dyn Subject) -> Report {
    let mut suite = Suite {
        subject,
        report: Report::new(subject.name()),
    };
    suite.case("create", building::create).await;
    suite.case("observe", building::observe).await;
    suite.case("apply twice", building::twice).await;
    suite
        .case("a plan carried out twice", building::same_plan_twice)
        .await;
    suite.case("scale up and down", building::scale).await;
    suite
        .case("destroy, replicas first", building::destroy)
        .await;
    suite
        .case("destroy replicas only", building::destroy_replicas)
        .await;
    suite
        .case("attach to a create in flight", building::resume_create)
        .await;
    suite
        .case("attach to a delete in flight", building::resume_delete)
        .await;
    suite.case("tags", changing::tags).await;
    suite.case("resize", changing::resize).await;
    suite.case("grow the disk", changing::grow).await;
    suite.case("a stale revision", changing::stale).await;
    suite.case("wait for the window", changing::window).await;
    suite.case("missing", mending::missing).await;
    suite.case("stopped", mending::stopped).await;
    suite.case("broken", mending::broken).await;
    suite.case("lost answers", mending::lost_answers).await;
    suite
        .case("a name that another holds", refusing::foreign)
        .await;
    suite
        .case("a fleet of another name", refusing::other_fleet)
        .await;
    suite.case("adopt and release", claiming::claim).await;
    suite
        .case("a primary in two zones", limits::multi_az_primary)
        .await;
    suite
        .case("a replica in two zones", limits::multi_az_replica)
        .await;
    suite.case("another region", limits::region).await;
    suite
        .case("more replicas than allowed", limits::replicas)
        .await;
    suite.case("a final snapshot", limits::final_snapshot).await;
    suite.report
}

struct Suite<'a> {
    subject: &'a dyn Subject,
    report: Report,
}

impl Suite<'_> {
    async fn case(&mut self, name: &'static str, case: impl AsyncFn(&Desk<'_>) -> CaseResult) {
        let result = if let Err(why) = self.subject.clear().await {
            Err(format!("the place could not be emptied: {why}"))
        } else {
            let desk = Desk::new(self.subject);
            let limit = self.subject.patience();
            let result = tokio::time::timeout(limit, case(&desk)).await;
            desk.close().await;
            result.unwrap_or_else(|_| Err(format!("it did not end within {limit:?}")))
        };
        self.report.add(name, result);
    }
}
