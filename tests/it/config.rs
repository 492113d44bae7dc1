//! Settings and site files: which layer wins, and what a wrong one is told.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, fs, path::Path};

use sereno::{
    config::{Config, IntakeLimits, Site, Sites},
    domain::Alarm,
};

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Reads settings from a file with this text.
fn from_file(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sereno.toml");
    fs::write(&file, text).unwrap();
    Config::read(Some(&file), &BTreeMap::new())
        .map_err(|error| error.to_string().replace(&folder.path().display().to_string(), "FOLDER"))
}

#[test]
fn the_defaults_are_whole_and_say_what_the_code_says() {
    let config = Config::read(None, &environment(&[("HOME", "/home/eva")])).unwrap();
    assert_eq!(config.listen, "127.0.0.1:8080");
    assert_eq!(config.intake_limits(), IntakeLimits::default());
    assert_eq!(config.models.dir, Path::new("/home/eva/.cache/sereno/models"));
    assert_eq!(config.store_url(), "sqlite://./sereno-data/sereno.db");
    let model = config.model_file(&config.models.language_model.file);
    assert!(model.starts_with("/home/eva/.cache/sereno/models"), "{}", model.display());
    assert_eq!(config.model_file(Path::new("/m/x.gguf")), Path::new("/m/x.gguf"));
    assert_eq!((config.models.language_model.threads, &config.database_url), (None, &None));
    // Whoever trains or raises a version must pin the new bytes in both places.
    let pins = include_str!("../../models/models.toml");
    let (model, embedder) = (&config.models.language_model, &config.models.embedder);
    let pinned = [&model.sha256, &model.adapter_sha256, &embedder.sha256, &embedder.head_sha256];
    for sha256 in pinned {
        assert!(pins.contains(sha256.as_deref().unwrap()), "models.toml lacks {sha256:?}");
    }
    assert_eq!(Config::shipped_language_model().unwrap(), config.models.language_model);
}

#[test]
fn a_file_beats_the_defaults_and_the_environment_beats_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("sereno.toml"),
        "listen = \"0.0.0.0:9000\"\nworkers = 3\n[log]\njson = true\n",
    )
    .unwrap();
    let data_dir = folder.path().display().to_string();
    let config = Config::read(
        None,
        &environment(&[
            ("SERENO_DATA_DIR", data_dir.as_str()),
            ("SERENO_WORKERS", "5"),
            ("SERENO_MODELS_DIR", "/m"),
            ("SERENO_MODELS__LANGUAGE_MODEL__THREADS", "2"),
            ("SERENO_CACHE_DIR", "belongs to make"),
        ]),
    )
    .unwrap();
    assert_eq!(config.data_dir, folder.path());
    assert_eq!(
        (config.listen.as_str(), config.workers, config.log.json),
        ("0.0.0.0:9000", 5, true)
    );
    assert_eq!(config.models.dir, Path::new("/m"));
    assert_eq!(config.models.language_model.threads, Some(2));
}

#[test]
fn the_file_that_is_named_is_the_one_that_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (named, other) = (folder.path().join("a.toml"), folder.path().join("b.toml"));
    fs::write(&named, "workers = 2").unwrap();
    fs::write(&other, "workers = 4").unwrap();
    let by_environment = environment(&[("SERENO_CONFIG", other.to_str().unwrap())]);
    assert_eq!(Config::read(Some(&named), &by_environment).unwrap().workers, 2);
    assert_eq!(Config::read(None, &by_environment).unwrap().workers, 4);
    let missing = Config::read(Some(Path::new("/no/such.toml")), &BTreeMap::new());
    assert!(missing.unwrap_err().to_string().contains("/no/such.toml"));
}

#[test]
fn each_fault_names_key_file_and_line_and_what_is_right() {
    for (text, told) in [
        ("data_dir = \"x\"\nlisten = 8080", ":2: `listen` must be text in quotes"),
        ("listen = \"8080\"", ":1: `listen` must be an address and a port"),
        ("\nworker = 2", ":2: unknown setting `worker`; did you mean `workers`?"),
        (
            "[models.language_model]\nfiel = \"x\"",
            ":2: unknown setting `models.language_model.fiel`; did you mean `file`?",
        ),
        ("workers = 0", ":1: `workers` must be 1 to 64"),
        ("workers = -1", ":1: `workers` "),
        ("models = 3", ":1: `models` must be a table of settings"),
        (
            "database_url = \"mysql://x\"",
            ":1: `database_url` must begin with sqlite: or postgres://",
        ),
        (
            "[models.language_model]\nsha256 = \"12\"",
            ":2: `models.language_model.sha256` must be 64 hexadecimal digits",
        ),
        (
            "[models.language_model]\nadapter_sha256 = \"12\"",
            ":2: `models.language_model.adapter_sha256` must be 64 hexadecimal digits",
        ),
        (
            "[models.language_model]\ncontext_tokens = 5",
            ":2: `models.language_model.context_tokens` must be 0 (chosen) or 1024 to 131072",
        ),
        (
            "[models.remote]\nurl = \"10.0.0.5:8000\"",
            ":2: `models.remote.url` must begin with http:// or https://",
        ),
        (
            "[models.remote]\nurl = \"https://eva:secret@host\"",
            ":2: `models.remote.url` must begin with http:// or https:// and hold no log-in",
        ),
        (
            "[models.remote]\nurl = \"https://host\"\nmodel = \" \"",
            ":3: `models.remote.model` must name the model",
        ),
        (
            "[models.remote]\nstructured = \"xml\"",
            ":2: `models.remote.structured` is out of range: unknown variant `xml`, expected `json_schema`",
        ),
        ("[models.remote]\nconcurrency = 0", ":2: `models.remote.concurrency` must be 1 to 1024"),
        ("listen = ", ":1:10: not TOML"),
        ("workers = 1\nworkers = 2", ":2:1: not TOML: duplicate key"),
    ] {
        let error = from_file(text).unwrap_err();
        assert!(error.starts_with(&format!("FOLDER/sereno.toml{told}")), "{error}");
    }
}

#[test]
fn a_misspelt_variable_is_told_and_a_foreign_one_is_not() {
    for (name, value, said) in [
        ("SERENO_LISTNE", "x:1", "did you mean `listen`?"),
        ("SERENO_LOG__LEVLE", "info", "log.levle"),
        (
            "SERENO_WORKERS",
            "many",
            "environment variable SERENO_WORKERS: `workers` must be a whole number",
        ),
        ("SERENO_LISTEN", "", "SERENO_LISTEN"),
    ] {
        let error = Config::read(None, &environment(&[(name, value)])).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    for foreign in ["SERENO_URL", "SERENO_USER", "SERENO_LANG", "SERENO_PASSWORD", "SERENO_SCHEME"]
    {
        assert!(Config::read(None, &environment(&[(foreign, "x")])).is_ok(), "{foreign}");
    }
}

#[test]
fn no_secret_is_shown_and_the_digest_does_not_depend_on_it() {
    let at = |password: &str| {
        let url = format!("postgres://sereno:{password}@db.example/sereno");
        Config::read(None, &environment(&[("SERENO_DATABASE_URL", &url)])).unwrap()
    };
    let (one, other) = (at("hush-one"), at("hush-two"));
    assert!(one.store_url().contains("hush-one"));
    assert!(!one.redacted().contains("hush") && one.redacted().contains("db.example"));
    assert_eq!(one.digest(), other.digest());
    let changed = Config::read(None, &environment(&[("SERENO_WORKERS", "2")])).unwrap();
    assert_ne!(changed.digest(), Config::read(None, &BTreeMap::new()).unwrap().digest());
}

#[test]
fn what_is_shown_can_be_used_as_a_file() {
    let config = Config::read(None, &environment(&[("SERENO_WORKERS", "2")])).unwrap();
    assert_eq!(from_file(&config.redacted()).unwrap(), config);
}

const SITE: &str = r#"
id = "north"
name = "North"
time_zone = "Europe/Madrid"
opening_hours = ["mon-fri 08:00-18:00"]

[[zones]]
id = "yard"
name = "Yard"
kind = "perimeter"
armed = "when_closed"

[[cameras]]
id = "gate"
name = "Gate"
zone = "yard"
"#;

fn refused(from: &str, to: &str) -> String {
    let text = SITE.replacen(from, to, 1);
    assert_ne!(text, SITE, "{from}");
    Site::parse(Path::new("north.toml"), &text).unwrap_err().to_string()
}

#[test]
fn the_sites_that_ship_load() {
    let sites = Sites::embedded().unwrap();
    assert_eq!(sites.len(), 2);
    let sample = sites.get("sample").unwrap();
    assert_eq!(sample.cameras().count(), 10);
    assert!(!sites.any_emergency_services());
    assert_eq!(sample.digest.len(), 64);
}

#[test]
fn a_wrong_site_file_names_line_column_field_and_what_is_right() {
    let append = |more: &str| refused("zone = \"yard\"\n", &format!("zone = \"yard\"\n{more}"));
    for (error, place, told) in [
        (
            refused("Europe/Madrid", "Europe/Madird"),
            ":4:13: `time_zone`",
            "`Europe/Madird` is no time zone",
        ),
        (refused("08:00-18:00", "8-18"), ":5:", "mon-fri 07:30-21:00"),
        (
            refused("\"mon-fri 08:00-18:00\"", "\"mon-fri 08:00-18:00\", \"fri 17:00-19:00\""),
            ":5:17: `opening_hours`",
            "cover the same hours",
        ),
        (
            refused("zone = \"yard\"", "zone = \"garden\""),
            ":16:8: `cameras.zone`",
            "there is no zone `garden`",
        ),
        (refused("kind = \"perimeter\"", "kind = \"moon\""), ":10:", "moon"),
        (refused("armed = \"when_closed\"", "armed = \"sometimes\""), ":11:", "when_closed"),
        (refused("name = \"North\"", "nam = \"North\""), "", "nam"),
        (refused("id = \"gate\"", "id = \"gate 1\""), ":14:6: `cameras.id`", "no spaces"),
        (
            append("\n[[cameras]]\nid = \"gate\"\nname = \"Again\"\nzone = \"yard\"\n"),
            ":19:6: `cameras.id`",
            "stands there twice",
        ),
        (
            append(
                "\n[[windows]]\nid = \"w\"\nkind = \"test\"\nzones = [\"yard\"]\nhours = [\"daily 00:00-24:00\"]\n",
            ),
            ":20:8: `windows.kind`",
            "[[tests]]",
        ),
        (
            append(
                "\n[[windows]]\nid = \"w\"\nkind = \"cleaning\"\nhours = [\"daily 20:00-22:00\"]\n",
            ),
            "",
            "neither zones nor cameras",
        ),
        (
            append(
                "\n[[windows]]\nid = \"w\"\nkind = \"maintenance\"\nzones = [\"yard\"]\nhours = [\"daily 20:00-22:00\"]\nfrom = \"2026-03-06\"\nto = \"2026-03-02\"\n",
            ),
            "`windows.to`",
            "lies before `from`",
        ),
        (
            append(
                "\n[[tests]]\nid = \"t\"\ncameras = [\"gate\"]\nfrom = \"2026-03-04T09:00\"\nuntil = \"2026-04-04T09:00\"\n",
            ),
            "`tests.until`",
            "a test must end",
        ),
        (
            append("\n[[tests]]\nid = \"t\"\ncameras = [\"gate\"]\nfrom = \"2026-03-04T09:00\"\n"),
            "",
            "until",
        ),
    ] {
        assert!(error.starts_with("north.toml:"), "{error}");
        assert!(error.contains(place) && error.contains(told), "{error}");
    }
}

#[test]
fn sites_are_read_from_a_folder_and_two_of_one_name_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Sites::load(folder.path()).unwrap_err().to_string().contains("holds no site"));
    fs::write(folder.path().join("a.toml"), SITE).unwrap();
    fs::write(folder.path().join("notes.txt"), "not a site").unwrap();
    assert_eq!(Sites::load(folder.path()).unwrap().len(), 1);
    fs::write(folder.path().join("b.toml"), SITE).unwrap();
    let error = Sites::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("b.toml") && error.contains("`north`"), "{error}");
    assert!(
        Sites::load(Path::new("/no/such/folder"))
            .unwrap_err()
            .to_string()
            .contains("/no/such/folder")
    );
}

#[test]
fn an_alarm_belongs_to_the_site_that_it_names_or_the_only_one_that_knows_its_camera() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.toml"), SITE).unwrap();
    fs::write(
        folder.path().join("b.toml"),
        SITE.replace("\"north\"", "\"south\"").replace("id = \"gate\"", "id = \"door\""),
    )
    .unwrap();
    let sites = Sites::load(folder.path()).unwrap();
    let alarm = |site: Option<&str>, camera: &str| -> Alarm {
        serde_json::from_value(serde_json::json!({
            "source": "s", "source_event_id": "1", "occurred_at": "2026-03-02T22:00:00Z",
            "site": site, "camera": camera, "kind": "motion",
        }))
        .unwrap()
    };
    assert_eq!(sites.resolve(&alarm(None, "door")), "south");
    assert_eq!(sites.resolve(&alarm(Some("north"), "door")), "north");
    assert_eq!(sites.resolve(&alarm(Some("elsewhere"), "door")), "elsewhere");
    assert_eq!(sites.resolve(&alarm(None, "roof")), "unknown");
    fs::write(folder.path().join("c.toml"), SITE.replace("\"north\"", "\"west\"")).unwrap();
    let sites = Sites::load(folder.path()).unwrap();
    assert_eq!(sites.resolve(&alarm(None, "gate")), "unknown", "two sites know it");
}
