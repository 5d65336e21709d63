//! What an apply on a cloud survives, whichever cloud it is.

use pgfleet_simulator::{Fault, FaultEffect};

use crate::{Cloud, Vendor, say};

/// Ends an apply of 1 + 2 after each request that took effect; the next apply goes on. An apply
/// has more than `least` such requests.
pub fn survives_kills(vendor: Vendor, least: u64) {
    for number in 1..100 {
        let cloud = Cloud::new(vendor);
        cloud.plan(2, "");
        let child = cloud.command(&["apply", "truck.toml", "--auto-approve"]);
        let run = cloud.machine.start_command(child);
        cloud.kills(run.pid(), number);
        let ran = run.wait();
        say(&format!("killed after {number}: {}", ran.code));
        let whole = ran.code == 0;
        cloud.kills_nothing();
        cloud.apply().exits(0);
        cloud.is_as_planned(2);
        assert_eq!(cloud.instances().len(), 3);
        if whole {
            assert!(number > least, "an apply has more requests with an effect");
            return;
        }
    }
    panic!("no run came to its end by itself");
}

/// Loses the answer of each of these actions once; no second instance is made.
pub fn survives_lost_answers(vendor: Vendor, actions: &[&str]) {
    for action in actions {
        for nth in 1..=2 {
            let cloud = Cloud::new(vendor);
            cloud.plan(2, "");
            let lost = Fault::new(FaultEffect::LoseAnswer).on(*action).nth(nth);
            cloud.simulator.control().fault(lost);
            cloud.apply().exits(0);
            cloud.is_as_planned(2);
            assert_eq!(cloud.instances().len(), 3);
        }
    }
}

/// Throttles each request of an apply in turn, twice. An apply has more than `least` requests.
pub fn survives_throttling(vendor: Vendor, least: u64) {
    for number in 1..100 {
        let cloud = Cloud::new(vendor);
        cloud.plan(2, "");
        let throttled = Fault::new(FaultEffect::Throttle).nth(number).times(2);
        cloud.simulator.control().fault(throttled);
        cloud.apply().exits(0);
        let requests = cloud.simulator.control().request_count();
        cloud.is_as_planned(2);
        if number >= requests {
            assert!(number > least, "an apply has more requests");
            return;
        }
    }
    panic!("no run came to its end by itself");
}
