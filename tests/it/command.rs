//! Runs the real `sereno` binary on a data folder of its own, the way a person would.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// A command on this data folder, with nothing of the caller's settings.
pub fn sereno(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sereno"));
    command.args(arguments).env("SERENO_DATA_DIR", data).stdin(Stdio::null());
    for name in ["SERENO_CONFIG", "SERENO_DATABASE_URL", "SERENO_LISTEN"] {
        command.env_remove(name);
    }
    command
}

/// Runs to the end with `input` on standard input.
pub fn run(mut command: Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sereno starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    let input = input.to_owned();
    // Written beside the reading, so that neither side waits for the other for ever.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("sereno ends");
    writer.join().expect("the writer does not panic");
    output
}

/// Standard output, one JSON object a line.
pub fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Standard error as text.
pub fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// An alarm of the sample site with these captions.
pub fn alarm(id: &str, camera: &str, captions: &[&str]) -> Value {
    let captions: Vec<Value> = captions.iter().map(|text| json!({ "text": text })).collect();
    json!({
        "source": "test", "source_event_id": id, "occurred_at": "2026-11-16T23:10:00Z",
        "site": "sample", "camera": camera, "kind": "motion", "captions": captions,
    })
}

/// A client of servers on this machine. reqwest asks who encrypts, though nothing is encrypted here.
pub fn client() -> reqwest::Client {
    // A second installation is refused, and is the same.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().build().expect("a client without settings can be built")
}

/// A running service, killed when it is dropped.
pub struct Service {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
}

impl Service {
    /// Starts `sereno serve` on a free port and waits until it says where it listens.
    pub fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut all = vec!["serve"];
        all.extend(arguments);
        let mut command = sereno(data, &all);
        command.env("SERENO_LISTEN", "127.0.0.1:0").env("RUST_BACKTRACE", "0");
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("sereno starts");
        let stdout = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            // Read to the end, though only the first line is waited for: a closed pipe would stop it.
            for line in stdout.lines().map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        let first =
            receiver.recv_timeout(Duration::from_mins(2)).expect("sereno says where it listens");
        let url =
            first.split_whitespace().last().expect("the line ends with the address").to_owned();
        Self { child, url }
    }

    /// `kill -9`: no handler runs, nothing is flushed.
    pub fn kill(mut self) {
        self.child.kill().expect("the process is there");
        self.child.wait().expect("the process ends");
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(mut self) -> bool {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.is_ok_and(|status| status.success()), "the process is there");
        let patience = Instant::now() + Duration::from_mins(2);
        loop {
            match self.child.try_wait().expect("the process can be asked") {
                Some(status) => return status.success(),
                None if Instant::now() > patience => return false,
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
