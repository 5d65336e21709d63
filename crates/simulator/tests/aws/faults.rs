//! Faults on demand, the log of requests, and the control endpoint.

use crate::client::{HERE, Lab, THERE, exchange, signed, signed_by};
use pgfleet_simulator::{Clock, Fault, FaultEffect, Simulator};
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough that a loaded machine is no matter, short enough to end.
const PATIENCE: Duration = Duration::from_secs(20);

fn error(status: u16, code: &str) -> FaultEffect {
    FaultEffect::Error {
        status,
        code: code.to_owned(),
        message: "by script".to_owned(),
    }
}

#[tokio::test]
async fn an_error_before_the_effect_leaves_everything_as_it_was() {
    let lab = Lab::at_once().await;
    let control = lab.simulator.control();
    control.fault(
        Fault::new(error(503, "ServiceUnavailable"))
            .on("CreateDBInstance")
            .of("food"),
    );
    lab.create("other", &[]).await.ok();
    let reply = lab.create("food", &[]).await;
    assert_eq!(
        reply.refused(503, "ServiceUnavailable").first("Type"),
        "Receiver"
    );
    lab.describe("food")
        .await
        .refused(404, "DBInstanceNotFound");
    lab.create("food", &[]).await.ok();
}

#[tokio::test]
async fn an_error_after_the_effect_hides_it() {
    let lab = Lab::at_once().await;
    let effect = FaultEffect::ErrorAfter {
        status: 500,
        code: "InternalFailure".to_owned(),
        message: String::new(),
    };
    lab.simulator.control().fault(Fault::new(effect));
    lab.create("food", &[])
        .await
        .refused(500, "InternalFailure");
    assert_eq!(lab.status("food").await, "available");
}

#[tokio::test]
async fn a_lost_answer_is_a_closed_connection_after_the_effect() {
    let lab = Lab::at_once().await;
    let control = lab.simulator.control();
    control.fault(Fault::new(FaultEffect::LoseAnswer).on("CreateDBInstance"));
    let lost = [
        ("DBInstanceIdentifier", "food"),
        ("Engine", "postgres"),
        ("DBInstanceClass", "db.m6g.large"),
        ("MasterUsername", "postgres"),
        ("MasterUserPassword", "correct-horse"),
        ("AllocatedStorage", "20"),
    ];
    let error = lab
        .try_call(HERE, "CreateDBInstance", &lost)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(lab.status("food").await, "available");
    let first = &control.requests()[0];
    assert_eq!(
        (first.outcome.as_str(), first.status, first.effect),
        ("answer lost", None, true)
    );
}

#[tokio::test]
async fn a_reset_comes_before_the_effect() {
    let lab = Lab::at_once().await;
    lab.simulator
        .control()
        .fault(Fault::new(FaultEffect::Reset));
    let error = lab
        .try_call(HERE, "CreateDBInstance", &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    lab.call(HERE, "DescribeDBInstances", &[]).await.ok();
}

#[tokio::test]
async fn a_hanging_request_never_ends_and_the_others_go_on() {
    let lab = Arc::new(Lab::at_once().await);
    lab.simulator
        .control()
        .fault(Fault::new(FaultEffect::HangAfter).on("CreateDBInstance"));
    let hanging = tokio::spawn({
        let lab = Arc::clone(&lab);
        async move { lab.create("food", &[]).await }
    });
    timeout(PATIENCE, async {
        while lab.describe("food").await.status != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert!(!hanging.is_finished());
    hanging.abort();
    let _ = hanging.await;
    let Ok(lab) = Arc::try_unwrap(lab) else {
        panic!("still in use")
    };
    lab.simulator.control().fault(Fault::new(FaultEffect::Hang));
    let address = lab.simulator.address();
    let open = tokio::spawn(async move {
        crate::client::send(address, &signed(HERE, "rds"), b"Action=DescribeDBInstances").await
    });
    timeout(PATIENCE, async {
        while lab.simulator.control().requests().last().unwrap().outcome != "hangs"
            || lab.simulator.control().requests().last().unwrap().effect
        {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    timeout(PATIENCE, lab.simulator.shutdown()).await.unwrap();
    assert!(timeout(PATIENCE, open).await.unwrap().unwrap().is_err());
}

#[tokio::test]
async fn a_slow_request_is_answered_all_the_same() {
    let lab = Lab::at_once().await;
    lab.simulator
        .control()
        .fault(Fault::new(FaultEffect::Slow { milliseconds: 30 }));
    lab.create("food", &[]).await.ok();
}

#[tokio::test]
async fn answers_can_be_cut_short_or_be_no_xml() {
    let lab = Lab::at_once().await;
    lab.create("food", &[]).await.ok();
    let control = lab.simulator.control();
    control.fault(Fault::new(FaultEffect::Truncate));
    let reply = lab.describe("food").await.ok();
    assert!(
        reply.body.starts_with("<?xml") && !reply.body.contains("</DescribeDBInstancesResponse>")
    );
    control.fault(Fault::new(FaultEffect::Malformed));
    assert!(!lab.describe("food").await.body.contains("DBInstance"));
    lab.describe("food").await.ok();
}

#[tokio::test]
async fn the_nth_request_of_a_region_can_be_throttled_several_times() {
    let lab = Lab::at_once().await;
    let control = lab.simulator.control();
    control.fault(
        Fault::new(FaultEffect::Throttle)
            .in_region(HERE)
            .nth(2)
            .times(2),
    );
    let mut codes = Vec::new();
    for region in [HERE, THERE, HERE, HERE, HERE] {
        codes.push(
            lab.call(region, "DescribeDBInstances", &[])
                .await
                .code()
                .to_owned(),
        );
    }
    assert_eq!(codes, ["", "", "Throttling", "Throttling", ""]);
    control.fault(Fault::new(FaultEffect::Throttle).times(0));
    for _ in 0..3 {
        lab.call(HERE, "DescribeDBInstances", &[])
            .await
            .refused(400, "Throttling");
    }
    control.clear_faults();
    lab.call(HERE, "DescribeDBInstances", &[]).await.ok();
}

#[tokio::test]
async fn credentials_expire_and_new_ones_are_taken() {
    let lab = Lab::at_once().await;
    let control = lab.simulator.control();
    control.expire_credentials(["AKIDEXAMPLE"]);
    lab.call(HERE, "DescribeDBInstances", &[])
        .await
        .refused(403, "ExpiredToken");
    let body = b"Action=DescribeDBInstances&Version=2014-10-31";
    let headers = signed_by("AKIDNEW", HERE, "rds");
    crate::client::send(lab.simulator.address(), &headers, body)
        .await
        .unwrap()
        .ok();
    control.expire_credentials(["*"]);
    let reply = crate::client::send(lab.simulator.address(), &headers, body)
        .await
        .unwrap();
    reply.refused(403, "ExpiredToken");
    control.expire_credentials([] as [&str; 0]);
    lab.call(HERE, "DescribeDBInstances", &[]).await.ok();
}

#[tokio::test]
async fn requests_are_counted_and_written_down_without_their_parameters() {
    let lab = Lab::at_once().await;
    lab.create("food", &[]).await.ok();
    lab.create("food", &[]).await;
    lab.call(THERE, "DescribeDBInstances", &[]).await.ok();
    let control = lab.simulator.control();
    assert_eq!(control.request_count(), 3);
    let requests = control.requests();
    let seen: Vec<_> = requests
        .iter()
        .map(|one| {
            (
                one.number,
                one.action.as_str(),
                one.region.as_str(),
                one.outcome.as_str(),
                one.effect,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (1, "CreateDBInstance", HERE, "ok", true),
            (
                2,
                "CreateDBInstance",
                HERE,
                "DBInstanceAlreadyExists",
                false
            ),
            (3, "DescribeDBInstances", THERE, "ok", false),
        ]
    );
    assert_eq!(requests[0].identifier.as_deref(), Some("food"));
    let told = format!(
        "{requests:?} {:?} {:?} {}",
        lab.simulator,
        control,
        control.state()
    );
    assert!(!told.contains("correct-horse"));
}

#[tokio::test]
async fn a_hook_is_called_after_each_effect() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&seen);
    let builder = Simulator::builder()
        .clock(Clock::AtOnce)
        .after_effect(move |number, record| {
            hook.lock().unwrap().push((number, record.action.clone()));
        });
    let lab = Lab::start(builder).await;
    lab.create("food", &[]).await.ok();
    lab.describe("food").await.ok();
    lab.create("food", &[]).await;
    lab.replica("food-1", "food", &[]).await.ok();
    let expected = [(1, "CreateDBInstance"), (2, "CreateDBInstanceReadReplica")]
        .map(|(number, action)| (number, action.to_owned()));
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn everything_can_be_controlled_over_http() {
    let builder = Simulator::builder()
        .clock(Clock::Manual)
        .with_control_endpoint(true);
    let lab = Lab::start(builder).await;
    lab.create("food", &[]).await.ok();
    let mut stream = TcpStream::connect(lab.simulator.address()).await.unwrap();
    let cases = [
        (
            "POST",
            "clock",
            r#"{"advance_seconds": 1000}"#,
            "now_milliseconds",
        ),
        ("GET", "clock", "", "now_milliseconds"),
        ("GET", "state", "", r#""status":"available""#),
        ("GET", "requests", "", r#""count":1"#),
        (
            "POST",
            "faults",
            r#"{"action": "X", "effect": {"kind": "throttle"}}"#,
            r#""armed":1"#,
        ),
        (
            "POST",
            "faults",
            r#"[{"effect": {"kind": "hang"}}]"#,
            r#""armed":2"#,
        ),
        ("GET", "faults", "", r#""kind":"hang""#),
        ("DELETE", "faults", "", r#""armed":0"#),
        ("POST", "credentials", r#"{"expired": ["*"]}"#, "*"),
        ("POST", "credentials", r#"{"expired": []}"#, "expired"),
        (
            "POST",
            "status",
            r#"{"region": "us-east-1", "identifier": "food", "status": "failed"}"#,
            "failed",
        ),
        ("POST", "options", r#"{"instance_quota": 1}"#, "changed"),
        ("GET", "options", "", r#""instance_quota":1"#),
        ("GET", "aws/options", "", r#""instance_quota":1"#),
    ];
    for (method, path, body, expected) in cases {
        let path = format!("/_simulator/{path}");
        let reply = exchange(&mut stream, method, &path, "", body.as_bytes())
            .await
            .unwrap()
            .ok();
        assert!(
            reply.body.contains(expected),
            "{method} {path}: {}",
            reply.body
        );
    }
    assert_eq!(lab.status("food").await, "failed");
    lab.create("more", &[])
        .await
        .refused(400, "InstanceQuotaExceeded");
    for (path, body) in [
        ("faults", "{}"),
        ("clock", "soon"),
        ("status", "{}"),
        ("options", r#"{"x":1}"#),
    ] {
        let path = format!("/_simulator/{path}");
        let reply = exchange(&mut stream, "POST", &path, "", body.as_bytes())
            .await
            .unwrap();
        assert_eq!(reply.status, 400);
    }
    let reply = exchange(&mut stream, "GET", "/_simulator/what", "", b"")
        .await
        .unwrap();
    assert_eq!(reply.status, 404);
}
