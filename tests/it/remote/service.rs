//! Commands and the service while the model's server is down, and once it is back.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::injector::{Act, Injector};
use crate::command::{Service, alarm, client, complaint, run, sereno};

/// A data folder whose settings name a server, and the address where none listens.
fn pointing_nowhere() -> (TempDir, SocketAddr) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "[models.remote]\nurl = \"http://{address}\"\nmodel = \"m\"\nretries = 0\nbreaker_seconds = 1\n"
    );
    fs::write(folder.path().join("sereno.toml"), settings).unwrap();
    (folder, address)
}

#[test]
fn a_command_stops_and_names_the_server_that_is_down() {
    let (folder, address) = pointing_nowhere();
    let input = alarm("1", "lobby", &["A person waits."]).to_string();
    let output = run(sereno(folder.path(), &["triage"]), &input);
    assert_eq!(output.status.code(), Some(3));
    let told = complaint(&output);
    assert!(told.contains(&format!("http://{address}")), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_runs_without_the_server_and_finds_it_when_it_is_up() {
    let (folder, address) = pointing_nowhere();
    let service = Service::start(folder.path(), &[]);
    let client = client();
    let readiness = async || {
        let answer = client.get(format!("{}/readyz", service.url)).send().await.unwrap();
        answer.text().await.unwrap()
    };
    assert_eq!(readiness().await, "degraded\n");
    let _server = Injector::start_at(address, Act::good()).await;
    let patience = Instant::now() + Duration::from_secs(30);
    while readiness().await != "ready\n" {
        assert!(Instant::now() < patience, "the server is up and not found");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let figures = client.get(format!("{}/metrics", service.url)).send().await.unwrap();
    let figures = figures.text().await.unwrap();
    assert!(figures.contains("sereno_model_breaker_open 0"), "{figures}");
    assert!(service.stop());
}
