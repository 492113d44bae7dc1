//! What the machine may do to us: a port that is taken, a disk that is full.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::command::{alarm, client, complaint, run, sereno};

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = sereno(folder.path(), &["serve"]);
    command.env("SERENO_LISTEN", &address);
    let output = run(command, "");
    assert_eq!(output.status.code(), Some(3), "{}", complaint(&output));
    let told = complaint(&output);
    assert!(told.contains(&address) && told.contains("SERENO_LISTEN"), "{told}");
}

#[tokio::test]
async fn the_service_goes_on_when_nobody_reads_what_it_prints() {
    let address = {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        free.local_addr().expect("an address").to_string()
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = sereno(folder.path(), &["serve"]);
    command.env("SERENO_LISTEN", &address).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("sereno starts");
    drop(child.stdout.take());
    let (client, patience) = (client(), Instant::now() + Duration::from_mins(3));
    let mut is_up = false;
    while !is_up && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let answer = client.get(format!("http://{address}/healthz")).send().await;
        is_up = answer.is_ok_and(|answer| answer.status().is_success());
    }
    let ended = child.try_wait().expect("its state can be asked");
    drop(child.kill());
    drop(child.wait());
    assert!(is_up && ended.is_none(), "up: {is_up}, ended: {ended:?}");
}

/// Decides more alarms than a small disk holds, makes the disk larger, and goes on.
const SCRIPT: &str = r#"
    mount -t tmpfs -o size=3m none "$1" || exit 77
    "$2" triage "$3" > "$4/first" 2> "$4/complaint"
    echo "$?" > "$4/code"
    mount -o remount,size=64m "$1" || exit 77
    "$2" triage "$3" > "$4/second" || exit 1
    "$2" log verify
"#;

#[test]
fn a_full_disk_loses_nothing_and_is_named() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let [disk, beside] = folders.each_ref().map(tempfile::TempDir::path);
    // Without captions no model is asked, so only the disk is in the way.
    let alarms: Vec<Value> = (0..60)
        .map(|number| {
            let mut alarm = alarm(&number.to_string(), "lobby", &[]);
            alarm["raw"] = json!({ "blob": "x".repeat(60_000) });
            alarm
        })
        .collect();
    let input = beside.join("alarms.jsonl");
    let text = alarms.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    std::fs::write(&input, text).expect("the input is written");
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh"])
        .args([disk, Path::new(env!("CARGO_BIN_EXE_sereno")), &input, beside])
        .env("SERENO_DATA_DIR", disk)
        .output()
        .expect("unshare is part of util-linux");
    if output.status.code() == Some(77) || complaint(&output).contains("unshare failed") {
        // A machine that lets nobody mount cannot be made to run out of disk.
        return;
    }
    let read = |name: &str| std::fs::read_to_string(beside.join(name)).expect("it was written");
    let told = read("complaint");
    assert_eq!(read("code").trim(), "3", "{told}");
    assert!(told.contains("disk is full"), "{told}");
    assert!(output.status.success(), "{}", complaint(&output));
    let (first, second) = (read("first"), read("second"));
    assert_eq!(second.lines().count(), alarms.len(), "all are decided once there is room");
    for (before, after) in first.lines().zip(second.lines()) {
        assert_eq!(before, after, "what was decided before the disk was full is decided once");
    }
}
