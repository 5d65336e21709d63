//! The Query protocol: who may ask, what is a request, and what answers look like.

use crate::client::{HERE, Lab, THERE, arn, exchange, form, send, signed, signed_by};
use pgfleet_simulator::{AwsOptions, Clock};
use tokio::net::TcpStream;

const DESCRIBE: &[u8] = b"Action=DescribeDBInstances&Version=2014-10-31";

#[tokio::test]
async fn a_request_without_authentication_is_refused() {
    let lab = Lab::at_once().await;
    let reply = send(lab.simulator.address(), "", DESCRIBE).await.unwrap();
    reply.refused(403, "MissingAuthenticationToken");
    assert_eq!(reply.first("Type"), "Sender");
    assert_eq!(reply.first("RequestId").len(), 36);
}

#[tokio::test]
async fn an_incomplete_signature_is_refused() {
    let lab = Lab::at_once().await;
    let whole = signed(HERE, "rds");
    let broken = [
        ("Signature=", "Sig="),
        ("aws4_request", "aws4"),
        ("Credential=", "Cred="),
        ("AWS4-HMAC-SHA256", "Bearer"),
        ("X-Amz-Date", "X-Date"),
        ("20260102T", "2026-01-02T"),
        ("host;", ""),
        ("000000", "zzzzzz"),
    ];
    for (from, to) in broken {
        let reply = send(lab.simulator.address(), &whole.replace(from, to), DESCRIBE)
            .await
            .unwrap();
        reply.refused(400, "IncompleteSignature");
    }
    let other_day = whole.replace("/20260102/", "/20260103/");
    let reply = send(lab.simulator.address(), &other_day, DESCRIBE)
        .await
        .unwrap();
    reply.refused(403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn a_scope_of_another_service_or_an_unknown_region_is_refused() {
    let lab = Lab::at_once().await;
    for headers in [signed(HERE, "ec2"), signed("xx-nowhere-1", "rds")] {
        let reply = send(lab.simulator.address(), &headers, DESCRIBE)
            .await
            .unwrap();
        reply.refused(403, "SignatureDoesNotMatch");
    }
    let reply = send(lab.simulator.address(), &signed(HERE, "sts"), DESCRIBE)
        .await
        .unwrap();
    reply.refused(400, "InvalidAction");
}

#[tokio::test]
async fn sts_tells_whose_key_it_is() {
    let mut options = AwsOptions::default();
    options
        .accounts
        .insert("AKIDOTHER".to_owned(), "210987654321".to_owned());
    let lab = Lab::with(options, Clock::AtOnce).await;
    let body = b"Action=GetCallerIdentity&Version=2011-06-15";
    for (key, account) in [
        ("AKIDEXAMPLE", "123456789012"),
        ("AKIDOTHER", "210987654321"),
    ] {
        let headers = signed_by(key, HERE, "sts");
        let reply = send(lab.simulator.address(), &headers, body)
            .await
            .unwrap()
            .ok();
        assert_eq!(reply.first("Account"), account);
        assert!(
            reply
                .body
                .contains("https://sts.amazonaws.com/doc/2011-06-15/")
        );
    }
}

#[tokio::test]
async fn unknown_actions_versions_and_parameters_are_refused() {
    let lab = Lab::at_once().await;
    lab.call(HERE, "DescribeDBClusters", &[])
        .await
        .refused(400, "InvalidAction");
    let headers = signed(HERE, "rds");
    let requests = [
        (
            &b"Action=DescribeDBInstances&Version=2014-09-01"[..],
            "InvalidAction",
        ),
        (b"Action=DescribeDBInstances", "MissingParameter"),
        (b"Version=2014-10-31", "MissingAction"),
        (b"", "MissingAction"),
        (b"Action=A&Action=B", "MalformedQueryString"),
        (b"Action=%GG", "MalformedQueryString"),
        (b"Action=%FF%FE", "MalformedQueryString"),
    ];
    for (body, code) in requests {
        send(lab.simulator.address(), &headers, body)
            .await
            .unwrap()
            .refused(400, code);
    }
    let refused = [
        ("Surprise", "1", "InvalidQueryParameter"),
        ("AllocatedStorage", "much", "InvalidParameterValue"),
        ("MultiAZ", "yes", "InvalidParameterValue"),
        ("Tags.Tag.2.Key", "a", "MalformedInput"),
        ("Tags.Tag.0.Key", "a", "MalformedInput"),
        ("Tags.Tag.x.Key", "a", "MalformedInput"),
        ("Tags.Label.1.Key", "a", "MalformedInput"),
        ("Tags.Tag.1.Value", "a", "MalformedInput"),
        (
            "VpcSecurityGroupIds.VpcSecurityGroupId",
            "sg-1",
            "MalformedInput",
        ),
        ("DBInstanceClass", "", "MissingParameter"),
        ("DBClusterIdentifier", "c", "InvalidParameterCombination"),
    ];
    for (name, value, code) in refused {
        lab.create("food", &[(name, value)])
            .await
            .refused(400, code);
    }
    assert_eq!(
        lab.call(HERE, "DescribeDBInstances", &[])
            .await
            .all("DBInstance")
            .len(),
        0
    );
}

#[tokio::test]
async fn lists_are_taken_under_their_members_name_and_as_members() {
    let lab = Lab::at_once().await;
    let tags = [("Tags.Tag.1.Key", "a"), ("Tags.Tag.1.Value", "1")];
    lab.create("one", &tags).await.ok();
    let tags = [
        ("Tags.member.1.Key", "a"),
        ("Tags.member.1.Value", "1"),
        ("Tags.member.2.Key", "b"),
    ];
    let reply = lab.create("two", &tags).await.ok();
    assert_eq!(
        reply.first("TagList"),
        "<Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value></Value></Tag>"
    );
}

#[tokio::test]
async fn the_region_of_the_credentials_scope_is_the_region_of_the_call() {
    let lab = Lab::at_once().await;
    lab.create("food", &[]).await.ok();
    let there = lab.call(THERE, "DescribeDBInstances", &[]).await.ok();
    assert!(there.all("DBInstance").is_empty());
    let name = [("DBInstanceIdentifier", "food")];
    lab.call(THERE, "DescribeDBInstances", &name)
        .await
        .refused(404, "DBInstanceNotFound");
    let (by_arn, elsewhere) = (arn(HERE, "food"), arn(THERE, "food"));
    lab.describe(&by_arn).await.ok();
    lab.describe(&elsewhere)
        .await
        .refused(404, "DBInstanceNotFound");
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let mut options = AwsOptions::default();
    options.instance_quota = 1000;
    let lab = Lab::with(options, Clock::AtOnce).await;
    for number in 0..230 {
        lab.create(&format!("n{number:03}"), &[]).await.ok();
    }
    let (mut seen, mut sizes, mut marker) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = [("Marker", marker.as_str())];
        let page = if marker.is_empty() {
            &page[..0]
        } else {
            &page[..]
        };
        let reply = lab.call(HERE, "DescribeDBInstances", page).await.ok();
        sizes.push(reply.all("DBInstance").len());
        seen.extend(
            reply
                .all("DBInstanceIdentifier")
                .iter()
                .map(|name| (*name).to_owned()),
        );
        marker = reply.first("Marker").to_owned();
        if marker.is_empty() {
            break;
        }
    }
    assert_eq!(sizes, [100, 100, 30]);
    assert_eq!(
        seen,
        (0..230)
            .map(|number| format!("n{number:03}"))
            .collect::<Vec<_>>()
    );
    let few = lab
        .call(HERE, "DescribeDBInstances", &[("MaxRecords", "20")])
        .await
        .ok();
    assert_eq!(few.all("DBInstance").len(), 20);
    for wrong in [
        ("MaxRecords", "19"),
        ("MaxRecords", "101"),
        ("Marker", "page two"),
    ] {
        let reply = lab.call(HERE, "DescribeDBInstances", &[wrong]).await;
        reply.refused(400, "InvalidParameterValue");
    }
}

#[tokio::test]
async fn filters_narrow_the_list_and_unknown_ones_are_refused() {
    let lab = Lab::at_once().await;
    for name in ["one", "two", "three"] {
        lab.create(name, &[]).await.ok();
    }
    let filter = |name| {
        [
            ("Filters.Filter.1.Name", name),
            ("Filters.Filter.1.Values.Value.1", "two"),
            ("Filters.Filter.1.Values.Value.2", "three"),
        ]
    };
    let reply = lab
        .call(HERE, "DescribeDBInstances", &filter("db-instance-id"))
        .await
        .ok();
    assert_eq!(reply.all("DBInstanceIdentifier"), ["three", "two"]);
    let reply = lab
        .call(HERE, "DescribeDBInstances", &filter("engine"))
        .await
        .ok();
    assert!(reply.all("DBInstance").is_empty());
    let reply = lab
        .call(HERE, "DescribeDBInstances", &filter("tag:team"))
        .await;
    reply.refused(400, "InvalidParameterValue");
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let lab = Lab::at_once().await;
    let mut stream = TcpStream::connect(lab.simulator.address()).await.unwrap();
    let headers = signed(HERE, "rds");
    let mut ids = Vec::new();
    for _ in 0..50 {
        let reply = exchange(&mut stream, "POST", "/", &headers, DESCRIBE)
            .await
            .unwrap()
            .ok();
        ids.push(reply.first("RequestId").to_owned());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 50);
}

#[tokio::test]
async fn requests_side_by_side_all_take_effect() {
    let mut options = AwsOptions::default();
    options.instance_quota = 100;
    let lab = std::sync::Arc::new(Lab::with(options, Clock::AtOnce).await);
    let tasks: Vec<_> = (0..60)
        .map(|number| {
            let lab = std::sync::Arc::clone(&lab);
            tokio::spawn(async move { lab.create(&format!("n{number}"), &[]).await.status })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 200);
    }
    assert_eq!(
        lab.call(HERE, "DescribeDBInstances", &[])
            .await
            .all("DBInstance")
            .len(),
        60
    );
}

#[tokio::test]
async fn any_bytes_get_an_answer_and_the_server_lives_on() {
    let lab = Lab::at_once().await;
    let headers = signed(HERE, "rds");
    let letters = b"=&%.+AaTagsKey10\0\xff\xc3<>Filters";
    let mut seed = 1_u64;
    for length in 0..400 {
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                letters[usize::try_from(seed >> 33).unwrap() % letters.len()]
            })
            .collect();
        let body = [
            b"Action=CreateDBInstance&Version=2014-10-31&".as_slice(),
            &bytes,
        ]
        .concat();
        for body in [&bytes, &body] {
            let reply = send(lab.simulator.address(), &headers, body).await.unwrap();
            assert!((400..500).contains(&reply.status), "{reply:?}");
        }
    }
    let large = vec![b'a'; (1 << 20) + 1];
    if let Ok(reply) = send(lab.simulator.address(), &headers, &large).await {
        assert_eq!(reply.status, 413);
    }
    lab.create("food", &[]).await.ok();
}

#[tokio::test]
async fn texts_are_escaped() {
    let lab = Lab::at_once().await;
    let name = "<a & \"b\">";
    let reply = lab.on("DescribeDBInstances", name, &[]).await;
    reply
        .refused(404, "DBInstanceNotFound")
        .saying("&lt;a &amp; &quot;b&quot;&gt;");
}

#[tokio::test]
async fn only_post_to_the_root_is_served_and_control_is_off_unless_asked_for() {
    let lab = Lab::at_once().await;
    let mut stream = TcpStream::connect(lab.simulator.address()).await.unwrap();
    for (method, path) in [("GET", "/"), ("POST", "/rds"), ("GET", "/_simulator/state")] {
        let reply = exchange(&mut stream, method, path, &signed(HERE, "rds"), b"")
            .await
            .unwrap();
        assert_eq!(reply.status, 404);
    }
}

#[tokio::test]
async fn requests_beyond_the_rate_are_throttled_per_region() {
    let mut options = AwsOptions::default();
    options.rate = Some(pgfleet_simulator::Rate {
        per_second: 0.001,
        burst: 3.0,
    });
    let lab = Lab::with(options, Clock::AtOnce).await;
    for _ in 0..3 {
        lab.call(HERE, "DescribeDBInstances", &[]).await.ok();
    }
    let reply = lab.call(HERE, "DescribeDBInstances", &[]).await;
    reply.refused(400, "Throttling").saying("Rate exceeded");
    lab.call(THERE, "DescribeDBInstances", &[]).await.ok();
}

#[tokio::test]
async fn the_form_of_the_tests_is_itself_well_formed() {
    assert_eq!(form(&[("a b", "ü&="), ("c", "")]), "a%20b=%C3%BC%26%3D&c=");
}
