//! The authorisation table: every route of the `OpenAPI` document, and who may use it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
use sereno::{domain::Role, http::openapi_json};
use strum::VariantArray;

use super::harness::Service;
use crate::database::Database;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Anybody,
    SignedIn,
    /// These roles, by session or token.
    Roles(&'static [Role]),
    /// These roles, and only somebody who signed in themselves.
    Persons(&'static [Role]),
}

const READERS: Who =
    Who::Roles(&[Role::Operator, Role::Supervisor, Role::Manager, Role::Auditor, Role::Admin]);
const CLOSERS: Who = Who::Persons(&[Role::Operator, Role::Supervisor, Role::Manager]);
const AUDITORS: Who = Who::Roles(&[Role::Manager, Role::Auditor, Role::Admin]);
const WATCHERS: Who = Who::Roles(&[Role::Supervisor, Role::Manager, Role::Auditor, Role::Admin]);
const GOVERNORS: Who = Who::Persons(&[Role::Manager, Role::Admin]);
const SENDERS: Who = Who::Roles(&[Role::Source, Role::Admin]);

const TABLE: &[(&str, &str, Who)] = &[
    ("post", "/api/v1/session", Who::Anybody),
    ("get", "/api/v1/session", Who::SignedIn),
    ("delete", "/api/v1/session", Who::SignedIn),
    ("get", "/api/v1/alarms", READERS),
    ("post", "/api/v1/alarms", SENDERS),
    ("get", "/api/v1/alarms/{id}", READERS),
    ("get", "/api/v1/alarms/{id}/decision", READERS),
    ("get", "/api/v1/alarms/{id}/report", READERS),
    ("get", "/api/v1/alarms/{id}/report.html", READERS),
    ("get", "/api/v1/alarms/{id}/report.md", READERS),
    ("post", "/api/v1/alarms/{id}/dispositions", CLOSERS),
    ("get", "/api/v1/stream", READERS),
    ("get", "/api/v1/quality", WATCHERS),
    ("get", "/api/v1/autonomy", READERS),
    ("post", "/api/v1/autonomy", Who::Persons(&[Role::Manager])),
    ("post", "/api/v1/autonomy/{id}/withdrawal", CLOSERS),
    ("get", "/api/v1/policies", READERS),
    ("get", "/api/v1/policies/{digest}", READERS),
    ("get", "/api/v1/policies/{digest}/cedar.json", READERS),
    ("post", "/api/v1/policies", GOVERNORS),
    ("post", "/api/v1/policies/{digest}/backtest", GOVERNORS),
    ("post", "/api/v1/policies/{digest}/approval", GOVERNORS),
    ("post", "/api/v1/policies/{digest}/withdrawal", GOVERNORS),
    ("post", "/api/v1/policies/rollback", GOVERNORS),
    ("get", "/api/v1/log/status", AUDITORS),
    ("get", "/api/v1/log/entries", AUDITORS),
    ("post", "/api/v1/log/verification", AUDITORS),
    ("get", "/log/checkpoint", Who::Anybody),
    ("get", "/api/openapi.json", Who::Anybody),
    ("get", "/metrics", READERS),
    ("get", "/healthz", Who::Anybody),
    ("get", "/readyz", Who::Anybody),
];

impl Who {
    fn admits(self, role: Role, is_person: bool) -> bool {
        match self {
            Self::Anybody | Self::SignedIn => true,
            Self::Roles(roles) => roles.contains(&role),
            Self::Persons(roles) => is_person && roles.contains(&role),
        }
    }
}

#[test]
fn the_table_has_every_route_of_the_document_and_no_other() {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    let mut documented = BTreeSet::new();
    let mut public = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            documented.insert((method.as_str(), path.as_str()));
            // An empty requirement lifts the one that holds for all.
            if operation["security"] == serde_json::json!([{}]) {
                public.insert((method.as_str(), path.as_str()));
            }
        }
    }
    let listed: BTreeSet<_> = TABLE.iter().map(|row| (row.0, row.1)).collect();
    assert_eq!(listed, documented);
    let open: BTreeSet<_> =
        TABLE.iter().filter(|row| row.2 == Who::Anybody).map(|row| (row.0, row.1)).collect();
    assert_eq!(open, public, "the document says of other routes that they are public");
}

#[tokio::test]
async fn every_route_admits_whom_the_table_says_and_nobody_else() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    for (method, path, who) in TABLE {
        let path = path.replace("{id}", "01936e8a-0000-7000-8000-000000000001");
        let path = path.replace("{digest}", &"0".repeat(64));
        let ask = |request: reqwest::RequestBuilder| async {
            // A scraper on this machine would be let in; one behind a proxy is none.
            let request = request.header("x-forwarded-for", "203.0.113.9");
            let request = request.header("content-type", "application/json").body("{}");
            request.send().await.unwrap().status().as_u16()
        };
        let verb = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let status = ask(service.request(verb.clone(), &path)).await;
        assert_eq!(
            status == 401,
            *who != Who::Anybody,
            "{method} {path} without sign-in: {status}"
        );
        for role in Role::VARIANTS {
            for is_person in [true, false] {
                let client = if is_person {
                    service.person(*role).await
                } else {
                    service.program(*role).await
                };
                let status = ask(client.request(verb.clone(), &path)).await;
                let admitted = status != 401 && status != 403;
                let expected = who.admits(*role, is_person);
                assert_eq!(
                    admitted, expected,
                    "{method} {path} as {role}, person {is_person}: {status}"
                );
                assert!(status < 500 || status == 503, "{method} {path} as {role}: {status}");
            }
        }
    }
}
