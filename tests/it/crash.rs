//! `kill -9` under load: every accepted alarm is decided exactly once, and the log verifies.

use std::{collections::BTreeMap, path::Path, time::Duration};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;

use crate::command::{Service, alarm, client, complaint, run, sereno};

/// How many times the service is killed. Each waits for a real model, so a few serve as the
/// standing check; `SERENO_KILLS` raises it for a longer one.
fn kills() -> usize {
    option_env!("SERENO_KILLS").and_then(|count| count.parse().ok()).unwrap_or(10)
}

/// Alarms that are sent before each death: more than are decided in time, few enough to wait for.
const BURST: usize = 8;

const SEEN: &str = "A person climbs over the fence at night.";

fn token(data: &Path) -> String {
    let output = run(sereno(data, &["user", "token", "load"]), "");
    assert!(output.status.success(), "{}", complaint(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_accepted_alarm_survives_a_kill_and_is_decided_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let token = token(folder.path());
    let client = client();
    let mut random = StdRng::seed_from_u64(7);
    let mut accepted: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..kills() {
        let service = Service::start(folder.path(), &[]);
        let url = format!("{}/api/v1/alarms", service.url);
        let life = Duration::from_millis(random.random_range(20..1_500));
        let sending = async {
            for number in 0..BURST {
                let id = format!("{round}-{number}");
                // Every fourth is read by the model; the others are decided as fast as they come.
                let seen: &[&str] = if number % 4 == 0 { &[SEEN] } else { &[] };
                let body = alarm(&id, "fence-east", seen);
                let sent = client.post(&url).bearer_auth(&token).json(&body).send().await;
                let Ok(response) = sent else { return };
                if response.status() == reqwest::StatusCode::ACCEPTED
                    && let Ok(answer) = response.json::<Value>().await
                {
                    accepted.insert(id, answer["id"].as_str().expect("an id").to_owned());
                }
            }
            std::future::pending::<()>().await;
        };
        // The clock only chooses the moment of death; nothing waits for it to be long enough.
        drop(tokio::time::timeout(life, sending).await);
        service.kill();
    }
    assert!(!accepted.is_empty(), "something was accepted");

    let service = Service::start(folder.path(), &[]);
    let decided = all_decided(&client, &service, &token, accepted.len()).await;
    assert!(service.stop(), "it stops in good order");
    assert!(decided >= accepted.len(), "{decided} decided of {} accepted", accepted.len());

    let verified = run(sereno(folder.path(), &["log", "verify", "--json"]), "");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let verdicts = verdicts_by_alarm(folder.path()).await;
    for (sent, id) in &accepted {
        assert_eq!(verdicts.get(id), Some(&1), "alarm {sent} ({id}) is decided exactly once");
    }
}

/// Waits, by asking, until no alarm waits for its decision. Returns how many are decided.
async fn all_decided(
    client: &reqwest::Client,
    service: &Service,
    token: &str,
    at_least: usize,
) -> usize {
    let patience = tokio::time::Instant::now() + Duration::from_mins(15);
    loop {
        let text = client
            .get(format!("{}/metrics", service.url))
            .bearer_auth(token)
            .send()
            .await
            .expect("the service is up")
            .text()
            .await
            .expect("figures are text");
        let figure = |state: &str| -> usize {
            text.lines()
                .find(|line| line.starts_with("sereno_alarms{") && line.contains(state))
                .and_then(|line| line.split_whitespace().last())
                .and_then(|value| value.parse().ok())
                .unwrap_or_else(|| panic!("no count of alarms that are {state}: {text}"))
        };
        let (waiting, decided) = (figure("waiting"), figure("decided"));
        if waiting == 0 && decided >= at_least {
            return decided;
        }
        assert!(
            tokio::time::Instant::now() < patience,
            "{waiting} alarms still wait and {decided} of {at_least} are decided"
        );
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// How many `alarm.verdict` entries each alarm has, read straight from the database.
async fn verdicts_by_alarm(data: &Path) -> BTreeMap<String, u32> {
    use sqlx::Row as _;
    sqlx::any::install_default_drivers();
    let url = format!("sqlite:{}", data.join("sereno.db").display());
    let pool = sqlx::AnyPool::connect(&url).await.expect("the database opens");
    let rows = sqlx::query("SELECT leaf FROM log_entry ORDER BY seq")
        .fetch_all(&pool)
        .await
        .expect("entries can be read");
    let mut verdicts = BTreeMap::new();
    for row in rows {
        let leaf: Value = serde_json::from_str(row.get::<&str, _>(0)).expect("a leaf is JSON");
        if leaf["type"] == "alarm.verdict" {
            *verdicts
                .entry(leaf["alarm_id"].as_str().expect("an alarm").to_owned())
                .or_default() += 1;
        }
    }
    verdicts
}
