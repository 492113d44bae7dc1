//! A fresh database for every test, on SQLite and on a PostgreSQL that this test run starts for itself.
//!
//! Write `async fn name(db: &Database) { … }` and list it in [`both_databases!`]: it then runs on
//! both, and afterwards the log must verify, unless the test said [`Database::is_damaged`].
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    os::unix::{
        fs::{MetadataExt as _, chown},
        process::CommandExt as _,
    },
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sereno::{
    audit::LogKey,
    domain::{AlarmId, RandomIds, clock::FixedClock},
    store::{LogIdentity, Store, sqlite_url},
};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use tempfile::TempDir;

/// Runs each listed test on SQLite and on PostgreSQL.
macro_rules! both_databases {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let db = crate::database::Database::sqlite();
                crate::database::in_time(async { super::$name(&db).await; db.settle().await; }).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let db = crate::database::Database::postgres().await;
                crate::database::in_time(async { super::$name(&db).await; db.settle().await; }).await;
            })+
        }
    };
}
pub(crate) use both_databases;

/// The log's name in tests.
pub const ORIGIN: &str = "log.test/site";

/// An empty database of one test, the key of its log, and a clock that stands still.
pub struct Database {
    /// Its address, as `Store::open` takes it.
    pub url: String,
    /// The clock of every store that it opens: 2026-11-23T22:00:00Z to begin with.
    pub clock: Arc<FixedClock>,
    /// Whether it is PostgreSQL.
    pub postgres: bool,
    folder: TempDir,
    damaged: AtomicBool,
}

impl Database {
    /// A file in a folder of its own.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = sqlite_url(&folder.path().join("sereno.db"));
        Self::new(url, folder, false)
    }

    /// A database of its own in this test run's PostgreSQL.
    pub async fn postgres() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        static SOCKETS: OnceLock<PathBuf> = OnceLock::new();
        let sockets = SOCKETS.get_or_init(start_postgres);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let address =
            |name: &str| format!("postgres://sereno@localhost/{name}?host={}", sockets.display());
        run(&address("postgres"), &format!("CREATE DATABASE {name}")).await;
        Self::new(address(&name), tempfile::tempdir().unwrap(), true)
    }

    fn new(url: String, folder: TempDir, postgres: bool) -> Self {
        let start = "2026-11-23T22:00:00Z".parse().unwrap();
        let clock = Arc::new(FixedClock::at(start));
        Self { url, clock, postgres, folder, damaged: AtomicBool::new(false) }
    }

    /// Opens it, as often as the test likes: every store has connections of its own.
    pub async fn store(&self) -> Store {
        self.open_with(self.key()).await.unwrap()
    }

    /// Opens it with another key.
    pub async fn open_with(&self, key: LogKey) -> Result<Store, sereno::store::StoreError> {
        let identity = LogIdentity {
            origin: ORIGIN.into(),
            system_version: "0.0.0-test".into(),
            build_digest: "b".repeat(64),
            config_digest: "c".repeat(64),
        };
        Store::open(&self.url, identity, key, self.clock.clone(), Arc::new(RandomIds)).await
    }

    /// The key of its log.
    pub fn key(&self) -> LogKey {
        LogKey::open(self.folder.path(), ORIGIN, &RandomIds).unwrap()
    }

    /// The text of `log.vkey`.
    pub fn vkey(&self) -> String {
        self.key().verifier().to_text()
    }

    /// Moves the clock.
    pub fn advance(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// Says that this test damages the log on purpose.
    pub fn is_damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Runs SQL behind the service's back, as somebody with the database's password would.
    pub async fn sql(&self, sql: &str) {
        run(&self.url, sql).await;
    }

    /// Runs SQL behind the service's back; says whether the database took it.
    pub async fn try_sql(&self, sql: &str) -> Result<(), sqlx::Error> {
        try_run(&self.url, sql).await
    }

    /// The one number that a query gives.
    pub async fn count(&self, sql: &str) -> i64 {
        sqlx::any::install_default_drivers();
        let mut connection = sqlx::AnyConnection::connect(&self.url).await.unwrap();
        let row = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await;
        let count = row.unwrap().get::<i64, _>(0);
        connection.close().await.unwrap();
        count
    }

    /// Takes away the triggers that hold the log's tables and write-once rows.
    pub async fn disarm(&self) {
        self.is_damaged();
        for table in
            ["log_entry", "log_node", "log_checkpoint", "decision", "report", "disposition"]
        {
            if self.postgres {
                self.sql(&format!("DROP TRIGGER {table}_guard ON {table}")).await;
            } else {
                self.sql(&format!("DROP TRIGGER IF EXISTS {table}_no_update")).await;
                self.sql(&format!("DROP TRIGGER IF EXISTS {table}_no_delete")).await;
            }
        }
    }

    /// The end of every test: whatever happened, the log verifies.
    pub async fn settle(&self) {
        if self.damaged.load(Ordering::Relaxed) {
            return;
        }
        let store = self.store().await;
        let report = store.verify_log(&self.vkey(), &mut |_, _| ()).await.unwrap();
        assert!(report.ok, "the log does not verify after the test: {report:#?}");
        store.close().await;
    }
}

/// Ends a test that hangs, so that it is named instead of stopping all others with it.
pub async fn in_time(test: impl Future<Output = ()>) {
    let limit = Duration::from_mins(3);
    tokio::time::timeout(limit, test).await.expect("the test has not ended after three minutes");
}

async fn run(url: &str, sql: &str) {
    try_run(url, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn try_run(url: &str, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(url).await?;
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
    connection.close().await?;
    done.map(|_| ())
}

/// Starts a PostgreSQL that speaks on a socket in a folder of its own, and returns that folder.
/// A shell minds it: when this process ends, however it ends, the shell's input ends with it, and
/// the shell stops the server and removes the folder. It is a process group of its own, so that
/// what stops the tests does not stop it too.
#[expect(
    clippy::zombie_processes,
    reason = "it outlives this process in order to clean up after it"
)]
fn start_postgres() -> PathBuf {
    const SCRIPT: &str = r#"set -e
bin="$1"; dir="$2"; cd "$dir"; PATH="$bin:$PATH"; export PATH LC_ALL=C
initdb -D data -U sereno -A trust -E UTF8 --locale=C --no-sync >log 2>&1 || { cat log; exit 1; }
pg_ctl -D data -l server.log -w -t 60 -o "-c listen_addresses='' -k '$dir' -c fsync=off -c max_connections=300" start >>log 2>&1 || { cat log server.log; exit 1; }
echo ready
cat >/dev/null || true
pg_ctl -D data -m immediate stop >>log 2>&1 || true
cd /; rm -rf "$dir""#;
    let folder = tempfile::Builder::new().prefix("sereno-pg-").tempdir().unwrap().keep();
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "sh"]).arg(postgres_binaries()).arg(&folder);
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        let (uid, gid) = unprivileged_user();
        chown(&folder, Some(uid), Some(gid)).unwrap();
        command.uid(uid).gid(gid);
    }
    let child =
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(child.stdout.unwrap()).lines().map_while(Result::ok) {
        said.push(line);
        if said.last().is_some_and(|line| line == "ready") {
            break;
        }
    }
    assert!(said.last().is_some_and(|line| line == "ready"), "PostgreSQL did not start: {said:#?}");
    // Kept open until this process ends.
    std::mem::forget(child.stdin);
    folder
}

#[expect(clippy::disallowed_methods, reason = "only the machine's PATH says where PostgreSQL lies")]
/// The folder of `initdb` and `pg_ctl`: on the path, or where Debian puts it.
fn postgres_binaries() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let whole =
        |folder: &PathBuf| ["initdb", "pg_ctl"].iter().all(|name| folder.join(name).exists());
    folders.into_iter().find(whole).expect(
        "these tests need PostgreSQL: no folder on PATH and none of /usr/lib/postgresql/*/bin has \
         initdb and pg_ctl; install Debian's package `postgresql`",
    )
}

/// A user that PostgreSQL agrees to run as, for it refuses root.
fn unprivileged_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2);
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    };
    find("postgres")
        .or_else(|| find("nobody"))
        .expect("neither `postgres` nor `nobody` in /etc/passwd")
}

/// The sample alarms and decisions that tests share.
pub mod sample {
    use sereno::{
        domain::{
            Alarm, AlarmRef, Assessment, AvsLevel, Cause, Context, Facts, Outcome, Oversight,
            Reason, ReasonCode, Ruling, Severity, Verdict,
        },
        store::{DecisionDraft, DecisionSigns},
    };

    use super::{AlarmId, Timestamp, json};

    /// Alarm number `n` of a camera, with a caption.
    pub fn alarm(n: u32) -> Alarm {
        serde_json::from_value(json!({
            "source": "test:vms", "source_event_id": format!("event-{n}"),
            "occurred_at": "2026-11-23T21:59:30Z", "camera": "gate-north", "kind": "line_crossing",
            "captions": [{"start_s": 0.0, "text": format!("Somebody in a grey hood climbs over gate {n}.")}],
            "visible_text": ["NO ENTRY"],
        }))
        .unwrap()
    }

    /// The same with another time.
    pub fn alarm_at(n: u32, occurred_at: &str) -> Alarm {
        let occurred_at: Timestamp = occurred_at.parse().unwrap();
        Alarm { occurred_at, ..alarm(n) }
    }

    /// A decision about `alarm`.
    pub fn draft(
        id: AlarmId,
        alarm: &Alarm,
        outcome: Outcome,
        severity: Severity,
    ) -> DecisionDraft {
        DecisionDraft {
            alarm: AlarmRef::new(id, alarm, "sample"),
            facts: Facts::unread(),
            context: Context::unknown("sample", Timestamp::UNIX_EPOCH),
            ruling: Ruling {
                policy_digest: "d".repeat(64),
                permitted: vec![outcome],
                severity_floor: Severity::Low,
                oversight: Oversight::Operator,
                rules: Vec::new(),
                near: Vec::new(),
                due: Vec::new(),
                may_close_without_person: false,
                prohibited: Vec::new(),
                settled: None,
            },
            assessment: Assessment {
                rationale: "It looks like an intruder.".into(),
                ..Assessment::none()
            },
            verdict: Verdict {
                outcome,
                threat_probability: 0.123_456_789_012_345_67,
                calibrated: false,
                severity,
                avs_level: AvsLevel::PRESENCE,
                rules: vec!["perimeter.climb".into()],
                actions: Vec::new(),
                reason: Reason { code: ReasonCode::Verified, text: "A rule says so.".into() },
            },
            events: Vec::new(),
            report: json!({"title": "Somebody at the gate"}),
            signs: DecisionSigns {
                made_with: "test".into(),
                cause: Cause::Person,
                acts: Vec::new(),
                read: true,
                agree: true,
                sketch: vec![7; 16],
            },
            closes: None,
            review: None,
        }
    }
}
