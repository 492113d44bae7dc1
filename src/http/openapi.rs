//! The `OpenAPI` document: built from the handlers, so that it cannot say anything else.

use std::sync::LazyLock;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::api;
// `utoipa` takes the name `Object` for any JSON object.
use crate::domain::{Act, Hazard, Object as Thing, WindowKind, ZoneKind};

static SERVED: LazyLock<String> = LazyLock::new(openapi_json);

/// The document as it is served.
pub(super) fn served() -> &'static str {
    &SERVED
}

/// The `OpenAPI` 3.1 document of this build, indented JSON that ends with a line break.
pub fn openapi_json() -> String {
    let mut text = Api::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sereno",
        description = "Decision support for security control rooms. Errors are problem documents \
            (RFC 9457). A request by cookie that changes something carries `x-sereno-csrf: 1`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        api::open_session::open_session,
        api::show_session::show_session,
        api::close_session::close_session,
        api::list_alarms::list_alarms,
        api::receive_alarm::receive_alarm,
        api::show_alarm::show_alarm,
        api::show_decision::show_decision,
        api::dispose_alarm::dispose_alarm,
        api::show_report::show_report,
        api::print_report::print_html,
        api::print_report::print_markdown,
        api::stream_changes::stream_changes,
        api::show_quality::show_quality,
        api::grant_autonomy::list_grants,
        api::grant_autonomy::grant_autonomy,
        api::grant_autonomy::withdraw_autonomy,
        api::show_policies::list_policies,
        api::show_policies::show_policy,
        api::show_policies::export_policy,
        api::change_policy::propose_policy,
        api::change_policy::backtest_policy,
        api::change_policy::approve_policy,
        api::change_policy::withdraw_policy,
        api::change_policy::roll_back_policy,
        api::show_log::show_log,
        api::list_entries::list_entries,
        api::verify_log::verify_log,
        api::show_checkpoint::show_checkpoint,
        api::show_openapi::show_openapi,
        api::show_metrics::show_metrics,
        api::check_health::check_health,
        api::check_readiness::check_readiness,
    ),
    // Codes that stand in the document only as members of others, for who translates them.
    components(schemas(Act, Hazard, Thing, WindowKind, ZoneKind)),
    modifiers(&Credentials),
    security(("session" = []), ("token" = [])),
)]
struct Api;

/// Names the two ways to sign in.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let session = ApiKey::Cookie(ApiKeyValue::with_description(
            "sereno_session",
            "Set by `POST /api/v1/session`; for people.",
        ));
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API token, `sereno_…`; for machines."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("session", SecurityScheme::ApiKey(session));
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_names_itself_and_its_types_as_rust_does() {
        let document: serde_json::Value = serde_json::from_str(&openapi_json()).unwrap();
        assert_eq!(document["info"]["title"], "Sereno");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for name in [
            "Act",
            "Alarm",
            "AlarmDetail",
            "AlarmList",
            "AlarmReceipt",
            "AlarmState",
            "Change",
            "Decision",
            "Disposition",
            "LogEntries",
            "LogEntry",
            "LogStatus",
            "LogVerification",
            "NewDisposition",
            "Problem",
            "QueueItem",
            "User",
            "Verdict",
        ] {
            assert!(schemas.contains_key(name), "{name} is missing");
        }
        let objects = &schemas["Facts"]["properties"]["objects"]["items"];
        assert_eq!(objects["$ref"], "#/components/schemas/Observed_Object");
        assert!(document["components"]["securitySchemes"]["session"].is_object());
    }
}
