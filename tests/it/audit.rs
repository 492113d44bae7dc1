//! The log against those who would change it, and against crashes, old backups and clocks that go back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{future::poll_fn, pin::pin, task::Poll};

use sereno::{
    audit::{
        Checkpoint, Event, EventKind, LogKey, VerifierKey,
        tree::{Growing, leaf_hash},
        verify::Report,
    },
    domain::{AlarmId, Clock as _, DispositionCode, NewDisposition, Outcome, Role, Severity, User},
    store::{Store, StoreError},
};

use crate::database::{Database, ORIGIN, both_databases, sample};

both_databases!(
    one_changed_character_anywhere_is_named,
    one_changed_number_anywhere_is_named,
    whole_rows_removed_moved_or_added_are_named,
    a_thorough_forger_without_the_key_is_found_by_the_checkpoint,
    a_checkpoint_is_signed_once_and_verifies,
    an_old_backup_or_another_key_signs_nothing,
    log_rows_cannot_be_changed_by_the_service,
    a_clock_that_goes_back_does_not_turn_the_log_back,
    deleted_personal_data_leaves_a_log_that_verifies,
    a_write_that_fails_at_any_table_leaves_nothing,
    a_caller_who_leaves_at_any_moment_leaves_nothing_half_done,
    the_log_verifies_while_others_write,
    a_newer_schema_is_refused,
);

fn user() -> User {
    User { name: "maria".into(), role: Role::Operator }
}

fn closing() -> NewDisposition {
    NewDisposition {
        code: DispositionCode::FalseDetection,
        reason_code: None,
        note: Some("A cat on the wall.".into()),
        approved_actions: Vec::new(),
        dwell_ms: None,
    }
}

async fn accept(store: &Store, n: u32) -> AlarmId {
    store.accept(&sample::alarm(n), "sample").await.unwrap().id
}

async fn decide(store: &Store, n: u32, id: AlarmId) -> Result<(), StoreError> {
    let mut draft = sample::draft(id, &sample::alarm(n), Outcome::Uncertain, Severity::Medium);
    let step = Event::new(EventKind::AgentStep, "2026-11-23T22:00:00Z".parse().unwrap());
    draft.events = vec![step.personal("answer", "grey hood").public("tokens", 93)];
    store.commit_decision(None, draft).await.map(|_| ())
}

/// 17 entries: four alarms, decided and closed, with checkpoints after 8 and 16 entries.
async fn history(db: &Database) -> Store {
    let store = db.store().await;
    for n in 0..4 {
        db.advance(10);
        let id = accept(&store, n).await;
        decide(&store, n, id).await.unwrap();
        store.dispose(id, &closing(), &user()).await.unwrap();
        if n % 2 == 1 {
            store.checkpoint().await.unwrap().unwrap();
        }
    }
    store.record(Event::new(EventKind::SystemStop, db.clock.now())).await.unwrap();
    store
}

async fn verify(db: &Database, store: &Store) -> Report {
    store.verify_log(&db.vkey(), &mut |_, _| ()).await.unwrap()
}

/// The first thing that a verification names.
async fn first_finding(db: &Database, store: &Store) -> String {
    match store.verify_log(&db.vkey(), &mut |_, _| ()).await {
        Ok(report) if report.ok => "nothing".to_owned(),
        Ok(report) => report.findings[0].problem.clone(),
        Err(error) => error.to_string(),
    }
}

async fn text(db: &Database, sql: &str) -> String {
    use sqlx::{Connection as _, Row as _};
    let mut connection = sqlx::AnyConnection::connect(&db.url).await.unwrap();
    let query = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()));
    let found = query.fetch_one(&mut connection).await.unwrap().get::<String, _>(0);
    connection.close().await.unwrap();
    found
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A text column of one row, and what the first finding must name when a character of it changes.
const TEXTS: [(&str, &str, &str, &str); 14] = [
    ("log_entry", "seq = 7", "leaf", "entry 7: the leaf does not have the recorded hash"),
    ("log_entry", "seq = 7", "leaf_hash", "entry 7: the leaf does not have the recorded hash"),
    ("log_entry", "seq = 7", "recorded_at", "entry 7: "),
    ("log_entry", "seq = 7", "alarm_id", "entry 7: its row names another alarm"),
    ("log_node", "seq = 7 AND level = 3", "hash", "entry 7: the tree node of level 3"),
    ("log_checkpoint", "size = 8", "note", "checkpoint of 8 entries"),
    ("log_payload", "seq = 4 AND name = 'camera'", "name", "entry 4: it commits to nothing named"),
    ("log_payload", "seq = 4 AND name = 'camera'", "dek_id", "entry 4: the stored `camera`"),
    ("log_payload", "seq = 4 AND name = 'camera'", "disclosure", "entry 4: the stored `camera`"),
    ("log_head", "id = 1", "recorded_at", "log: the head says that the last entry"),
    ("alarm", "source_event_id = 'event-1'", "document", "entry 4: the stored alarm is not"),
    ("decision", "entry = 6", "document", "entry 6: the stored decision is not"),
    ("report", "document LIKE '%gate%'", "document", "entry 2: the stored report is not"),
    ("disposition", "entry = 7", "document", "entry 7: the stored disposition is not"),
];

/// A number of one row, what is added to it, and what the first finding must name.
const NUMBERS: [(&str, &str, &str, i64, &str); 9] = [
    ("log_entry", "seq = 7", "seq", 1000, "entry 7 should stand here"),
    ("log_node", "seq = 7 AND level = 2", "seq", 1000, "entry 7: "),
    ("log_node", "seq = 7 AND level = 3", "level", 1000, "entry 7: the tree node of level 3"),
    (
        "log_checkpoint",
        "size = 16",
        "size",
        -1,
        "checkpoint of 15 entries: its signed text says 16",
    ),
    ("log_checkpoint", "size = 16", "size", 1000, "of 1016 entries covers more than the 17"),
    ("log_payload", "seq = 4 AND name = 'camera'", "seq", 1000, "filed under entry 1004"),
    (
        "log_payload",
        "seq = 4 AND name = 'camera'",
        "seq",
        1,
        "entry 5: it commits to nothing named",
    ),
    ("log_head", "id = 1", "size", 1, "the head says 18 entries, but 17 are there"),
    ("log_head", "id = 1", "signed", -1, "the head says that 15 entries are signed"),
];

async fn one_changed_character_anywhere_is_named(db: &Database) {
    let store = history(db).await;
    db.disarm().await;
    for (table, row, column, named) in TEXTS {
        let good = text(db, &format!("SELECT {column} FROM {table} WHERE {row}")).await;
        for at in (0..good.len()).step_by((good.len() / 5).max(1)) {
            if !good.is_char_boundary(at) || !good.is_char_boundary(at + 1) {
                continue;
            }
            let mut changed = good.clone();
            changed.replace_range(at..=at, if good[at..].starts_with('1') { "2" } else { "1" });
            let set = |to: &str| format!("UPDATE {table} SET {column} = {}", quoted(to));
            db.sql(&format!("{} WHERE {row}", set(&changed))).await;
            let found = first_finding(db, &store).await;
            assert!(found.contains(named), "{table}.{column}[{at}]: {found}");
            db.sql(&format!("{} WHERE {column} = {}", set(&good), quoted(&changed))).await;
        }
    }
    assert_eq!(first_finding(db, &store).await, "nothing", "the test has put everything back");
}

async fn one_changed_number_anywhere_is_named(db: &Database) {
    let store = history(db).await;
    db.disarm().await;
    for (table, row, column, change, named) in NUMBERS {
        let good = db.count(&format!("SELECT {column} FROM {table} WHERE {row}")).await;
        let changed = good + change;
        db.sql(&format!("UPDATE {table} SET {column} = {changed} WHERE {row}")).await;
        let found = first_finding(db, &store).await;
        assert!(found.contains(named), "{table}.{column}: {found}");
        let row = row.replace(&format!("{column} = {good}"), &format!("{column} = {changed}"));
        db.sql(&format!("UPDATE {table} SET {column} = {good} WHERE {row}")).await;
    }
    assert_eq!(first_finding(db, &store).await, "nothing", "the test has put everything back");
}

async fn whole_rows_removed_moved_or_added_are_named(db: &Database) {
    let store = history(db).await;
    db.disarm().await;
    let steps = [
        (
            "INSERT INTO log_node (seq, level, hash) VALUES (900, 1, 'x')",
            "a tree node is filed under entry 900",
        ),
        ("DELETE FROM log_node WHERE seq = 900", "nothing"),
        (
            "INSERT INTO log_entry (seq, leaf, leaf_hash, recorded_at) \
             SELECT 17, leaf, leaf_hash, recorded_at FROM log_entry WHERE seq = 16",
            "entry 17: 1 tree nodes belong to it, but 0 are stored",
        ),
        ("DELETE FROM log_entry WHERE seq = 17", "nothing"),
        ("UPDATE log_entry SET seq = -1 WHERE seq = 3", "seq holds `-1`"),
        ("UPDATE log_entry SET seq = 3 WHERE seq = -1", "nothing"),
        (
            "DELETE FROM decision WHERE entry = 6",
            "entry 6: the decision that it commits to is gone",
        ),
        ("UPDATE log_head SET size = 16 WHERE id = 1", "entry 6"),
        ("DELETE FROM log_entry WHERE seq = 16", "entry 6"),
        // The last entry and its place in the head went together, and no checkpoint covers it yet:
        // nobody can tell. That is why checkpoints are frequent and kept elsewhere too.
        ("DELETE FROM log_payload WHERE seq IN (6, 15)", "nothing"),
        (
            "DELETE FROM log_node WHERE seq = 15",
            "entry 15: 4 tree nodes belong to it, but 0 are stored",
        ),
        (
            "DELETE FROM log_entry WHERE seq = 15",
            "the checkpoint of 16 entries covers more than the 15",
        ),
        ("DELETE FROM log_entry WHERE seq = 3", "entry 3 should stand here: entries are missing"),
    ];
    for (sql, named) in steps {
        db.sql(sql).await;
        let found = first_finding(db, &store).await;
        assert!(found.contains(named), "{sql}: {found}");
    }
}

async fn a_thorough_forger_without_the_key_is_found_by_the_checkpoint(db: &Database) {
    let store = history(db).await;
    db.disarm().await;
    // The forger makes a canonical leaf, its hash, and every tree node over it anew.
    let mut tree = Growing::default();
    for entry in store.entries(0, 100).await.unwrap() {
        let leaf =
            entry.leaf.replace("\"final_choice\":\"false_detection\"", "\"final_choice\":\"test\"");
        let hash = leaf_hash(leaf.as_bytes());
        let leaf = if entry.seq == 11 { leaf } else { entry.leaf };
        let hash = if entry.seq == 11 { hash } else { leaf_hash(leaf.as_bytes()) };
        db.sql(&format!(
            "UPDATE log_entry SET leaf = {}, leaf_hash = '{}' WHERE seq = {}",
            quoted(&leaf),
            hex::encode(hash),
            entry.seq
        ))
        .await;
        for (id, hash) in tree.push(hash) {
            db.sql(&format!(
                "UPDATE log_node SET hash = '{}' WHERE seq = {} AND level = {}",
                hex::encode(hash),
                entry.seq,
                id.level
            ))
            .await;
        }
    }
    let found = first_finding(db, &store).await;
    assert!(
        found.contains(
            "checkpoint of 16 entries: the entries 8 to 15 are not those that were signed"
        ),
        "{found}"
    );
    let refused = store.checkpoint().await;
    assert!(
        matches!(refused, Err(StoreError::Corrupt(_))),
        "a forged log must not be signed: {refused:?}"
    );
}

async fn a_checkpoint_is_signed_once_and_verifies(db: &Database) {
    let store = db.store().await;
    assert_eq!(store.checkpoint().await.unwrap(), None, "an empty log has nothing to sign");
    assert_eq!(store.latest_checkpoint().await.unwrap(), None);
    accept(&store, 1).await;
    let other = db.store().await;
    let (one, two) = tokio::join!(store.checkpoint(), other.checkpoint());
    let mut notes: Vec<String> = [one, two].into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(notes.len(), 1, "of two at once, one signs");
    let note = notes.remove(0);
    let verifier = VerifierKey::parse(&db.vkey()).unwrap();
    let read = Checkpoint::open(&note, &verifier).unwrap();
    let head = store.log_head().await.unwrap();
    assert_eq!((read.origin.as_str(), read.size), (ORIGIN, 1));
    assert_eq!((head.size, head.signed, head.root), (1, 1, hex::encode(read.root)));
    assert_eq!(store.latest_checkpoint().await.unwrap(), Some(note));
    assert_eq!(store.checkpoint().await.unwrap(), None, "it has not grown");

    let mut seen = Vec::new();
    let report = store.verify_log(&db.vkey(), &mut |read, of| seen.push((read, of))).await.unwrap();
    assert_eq!((report.ok, report.size, report.signed_size, report.checkpoints), (true, 1, 1, 1));
    assert_eq!((report.disclosed, report.documents, report.erased), (4, 1, 0));
    assert_eq!(seen, [(1, 1)]);
    let stranger = LogKey::from_seed([9; 32], ORIGIN).unwrap();
    let report = store.verify_log(&stranger.verifier().to_text(), &mut |_, _| ()).await.unwrap();
    assert!(report.findings[0].problem.contains("no signature by the key"), "{report:?}");
    let wrong = store.verify_log("nonsense", &mut |_, _| ()).await;
    assert!(matches!(wrong, Err(StoreError::Invalid(_))), "{wrong:?}");
}

async fn an_old_backup_or_another_key_signs_nothing(db: &Database) {
    let store = history(db).await;
    let stranger = LogKey::from_seed([9; 32], ORIGIN).unwrap();
    let refused = db.open_with(stranger).await.unwrap_err().to_string();
    assert!(refused.contains("log.key that belongs to this database"), "{refused}");

    db.disarm().await;
    let before = db.count("SELECT COUNT(*) FROM log_checkpoint").await;
    db.sql("DELETE FROM log_entry WHERE seq >= 10").await;
    db.sql("DELETE FROM log_node WHERE seq >= 10").await;
    db.sql("UPDATE log_head SET size = 10 WHERE id = 1").await;
    let refused = store.checkpoint().await.unwrap_err();
    assert_eq!(refused.code(), "store_corrupt");
    assert!(refused.to_string().contains("was an old backup restored?"), "{refused}");
    assert_eq!(db.count("SELECT COUNT(*) FROM log_checkpoint").await, before);
}

async fn log_rows_cannot_be_changed_by_the_service(db: &Database) {
    let store = history(db).await;
    for sql in [
        "UPDATE log_entry SET leaf = '{}' WHERE seq = 0",
        "DELETE FROM log_entry WHERE seq = 0",
        "UPDATE log_node SET hash = '' WHERE seq = 1",
        "DELETE FROM log_node",
        "UPDATE log_checkpoint SET note = ''",
        "DELETE FROM log_checkpoint",
        "UPDATE decision SET document = '{}'",
        "UPDATE report SET document = '{}'",
        "UPDATE disposition SET document = '{}'",
    ] {
        let refused = db.try_sql(sql).await.unwrap_err().to_string();
        assert!(refused.contains("rows are never changed"), "{sql}: {refused}");
    }
    assert_eq!(first_finding(db, &store).await, "nothing");
}

async fn a_clock_that_goes_back_does_not_turn_the_log_back(db: &Database) {
    let store = db.store().await;
    accept(&store, 1).await;
    db.advance(-3_600);
    accept(&store, 2).await;
    let entries = store.entries(0, 2).await.unwrap();
    assert_eq!(entries[0].recorded_at, entries[1].recorded_at);
    assert!(entries[0].leaf.contains(r#""clock_source":"system""#));
    assert!(entries[1].leaf.contains(r#""clock_source":"system_held""#), "and the leaf says so");
}

async fn deleted_personal_data_leaves_a_log_that_verifies(db: &Database) {
    let store = history(db).await;
    let whole = verify(db, &store).await;
    db.sql("DELETE FROM log_payload WHERE seq IN (0, 1, 2, 3)").await;
    db.sql("DELETE FROM alarm WHERE source_event_id = 'event-0'").await;
    db.sql("DELETE FROM staff_pseudonym").await;
    let report = verify(db, &store).await;
    assert!(report.ok, "{report:#?}");
    assert_eq!(report.erased + report.disclosed, whole.disclosed);
    assert!(report.erased > 8, "{report:?}");
    assert_eq!(db.count("SELECT COUNT(*) FROM decision").await, 3, "it goes with its alarm");
}

/// How many rows there are of everything, and how far the alarms have come.
async fn footprint(db: &Database) -> Vec<i64> {
    let mut counts = Vec::new();
    for what in [
        "alarm",
        "alarm WHERE state = 'waiting'",
        "alarm WHERE state = 'closed'",
        "alarm WHERE decided_at IS NULL",
        "job",
        "decision",
        "report",
        "disposition",
        "staff_pseudonym",
        "user_account",
        "log_entry",
        "log_node",
        "log_payload",
    ] {
        counts.push(db.count(&format!("SELECT COUNT(*) FROM {what}")).await);
    }
    counts.push(db.count("SELECT size FROM log_head WHERE id = 1").await);
    counts
}

/// Makes every write of this kind to `table` fail until [`mend`].
async fn break_table(db: &Database, act: &str, table: &str) {
    if db.postgres {
        db.sql(&format!(
            "CREATE OR REPLACE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'crash'; END $$; \
             CREATE TRIGGER crash BEFORE {act} ON {table} FOR EACH ROW EXECUTE FUNCTION crash()"
        ))
        .await;
    } else {
        let body = "BEGIN SELECT RAISE(ABORT, 'crash'); END";
        db.sql(&format!("CREATE TRIGGER crash BEFORE {act} ON {table} {body}")).await;
    }
}

async fn mend(db: &Database, table: &str) {
    let of = if db.postgres { format!(" ON {table}") } else { String::new() };
    db.sql(&format!("DROP TRIGGER crash{of}")).await;
}

async fn a_write_that_fails_at_any_table_leaves_nothing(db: &Database) {
    let store = db.store().await;
    accept(&store, 0).await;
    let log = [("UPDATE", "log_head"), ("INSERT", "log_entry"), ("INSERT", "log_payload")];
    let node = ("INSERT", "log_node");

    for (act, table) in [("INSERT", "alarm"), ("INSERT", "job"), node].into_iter().chain(log) {
        let before = footprint(db).await;
        break_table(db, act, table).await;
        let failed = store.accept(&sample::alarm(1), "sample").await;
        assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{table}: {failed:?}");
        assert_eq!(footprint(db).await, before, "accept, broken at {table}");
        mend(db, table).await;
    }
    let id = accept(&store, 1).await;

    let own =
        [("UPDATE", "alarm"), ("INSERT", "decision"), ("INSERT", "report"), ("DELETE", "job")];
    for (act, table) in own.into_iter().chain([node]).chain(log) {
        let before = footprint(db).await;
        break_table(db, act, table).await;
        assert!(decide(&store, 1, id).await.is_err(), "{table}");
        assert_eq!(footprint(db).await, before, "decide, broken at {table}");
        mend(db, table).await;
    }
    decide(&store, 1, id).await.unwrap();

    let own = [("UPDATE", "alarm"), ("INSERT", "disposition"), ("INSERT", "staff_pseudonym")];
    for (act, table) in own.into_iter().chain(log) {
        let before = footprint(db).await;
        break_table(db, act, table).await;
        assert!(store.dispose(id, &closing(), &user()).await.is_err(), "{table}");
        assert_eq!(footprint(db).await, before, "dispose, broken at {table}");
        mend(db, table).await;
    }
    store.dispose(id, &closing(), &user()).await.unwrap();

    for (act, table) in [("INSERT", "user_account")].into_iter().chain(log) {
        let before = footprint(db).await;
        break_table(db, act, table).await;
        assert!(store.add_user("maria", Role::Operator, "hash").await.is_err(), "{table}");
        assert_eq!(footprint(db).await, before, "add_user, broken at {table}");
        mend(db, table).await;
    }
    for (act, table) in [("INSERT", "log_checkpoint"), ("UPDATE", "log_head")] {
        break_table(db, act, table).await;
        assert!(store.checkpoint().await.is_err(), "{table}");
        mend(db, table).await;
    }
    assert!(store.checkpoint().await.unwrap().is_some());
}

/// Polls `future` at most `polls` times, then drops it, as a caller does whose connection breaks.
async fn leave_after<F: Future>(polls: u32, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

async fn a_caller_who_leaves_at_any_moment_leaves_nothing_half_done(db: &Database) {
    let store = db.store().await;
    let mut left = 0;
    for polls in 1..40 {
        let alarm = sample::alarm(polls);
        left += u32::from(leave_after(polls, store.accept(&alarm, "sample")).await.is_none());
        let accepted = db.count("SELECT COUNT(*) FROM alarm").await;
        let recorded =
            db.count("SELECT COUNT(*) FROM log_entry WHERE leaf LIKE '%alarm.received%'").await;
        assert_eq!(accepted, recorded, "left after {polls} polls");
        let id = accept(&store, polls).await;

        left += u32::from(leave_after(polls, decide(&store, polls, id)).await.is_none());
        let [decided, reported, waiting, alarms, verdicts] =
            ["decision", "report", "job", "alarm", "log_entry WHERE leaf LIKE '%alarm.verdict%'"]
                .map(|what| format!("SELECT COUNT(*) FROM {what}"));
        let decided = db.count(&decided).await;
        assert_eq!(db.count(&reported).await, decided, "left after {polls} polls");
        assert_eq!(db.count(&verdicts).await, decided, "left after {polls} polls");
        assert_eq!(db.count(&alarms).await, decided + db.count(&waiting).await);
        decide(&store, polls, id).await.unwrap();
        leave_after(polls, store.checkpoint()).await;
    }
    assert!(left > 10, "the test must cut callers off: it did {left} times");
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.waiting, counts.decided), (0, 39));
}

async fn the_log_verifies_while_others_write(db: &Database) {
    let store = db.store().await;
    let writers: Vec<_> = (0..4_u32)
        .map(|worker| {
            let store = store.clone();
            tokio::spawn(async move {
                for n in 0..15 {
                    let number = worker * 100 + n;
                    let id = accept(&store, number).await;
                    decide(&store, number, id).await.unwrap();
                    if n % 5 == 0 {
                        store.checkpoint().await.unwrap();
                    }
                }
            })
        })
        .collect();
    let mut seen = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        let report = verify(db, &store).await;
        assert!(report.ok, "{report:#?}");
        assert!(report.size >= seen, "the log never shrinks");
        seen = report.size;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(verify(db, &store).await.size, 4 * 15 * 3);
}

async fn a_newer_schema_is_refused(db: &Database) {
    drop(db.store().await);
    let copy = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                SELECT 9999, description, success, checksum, execution_time FROM _sqlx_migrations \
                WHERE version = 1";
    db.is_damaged();
    db.sql(copy).await;
    let refused = db.open_with(db.key()).await.unwrap_err();
    assert_eq!(refused.code(), "store_newer_schema");
    assert!(refused.to_string().contains("newer Sereno (migration 9999)"), "{refused}");
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let open = async |path: &str| {
        let mut db = Database::sqlite();
        db.url = format!("sqlite:{}/{path}", folder.path().display());
        let error = db.open_with(db.key()).await.unwrap_err();
        (error.code(), error.to_string())
    };
    let (code, message) = open("missing/sereno.db").await;
    assert_eq!(code, "store_unavailable");
    assert!(message.contains("missing/sereno.db"), "{message}");

    std::fs::write(
        folder.path().join("photo.db"),
        "not a database, but long enough to be read as one".repeat(20),
    )
    .unwrap();
    let (code, message) = open("photo.db").await;
    assert_eq!(code, "store_corrupt");
    assert!(message.contains("photo.db"), "{message}");
}
