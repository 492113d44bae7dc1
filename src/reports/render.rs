//! Reports as pages: HTML to print and Markdown to paste, everything from outside made inert.

use std::sync::LazyLock;

use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value as Shown, context,
    escape_formatter, syntax::SyntaxConfig,
};
use serde_json::Value;

use super::{ReportError, document, words::labels};

/// The HTML page's template; a copy of it is where a customer's own begins.
pub const HTML_TEMPLATE: &str = include_str!("templates/incident.html");
/// The Markdown page's template.
pub const MARKDOWN_TEMPLATE: &str = include_str!("templates/incident.md");

/// Name of the page that is escaped as HTML; everything else is escaped as Markdown.
const HTML: &str = "incident.html";

static TEMPLATES: LazyLock<Result<Environment<'static>, String>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|error| error.to_string())?);
    // A misspelt name in a template is an error, not an empty place in a signed document.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| {
        if name == HTML { AutoEscape::Html } else { AutoEscape::Custom("markdown".into()) }
    });
    environment.set_formatter(format_value);
    for (name, source) in [(HTML, HTML_TEMPLATE), ("incident.md", MARKDOWN_TEMPLATE)] {
        environment.add_template(name, source).map_err(|error| error.to_string())?;
    }
    Ok(environment)
});

/// The report as a page to print: light, without scripts, and with nothing fetched.
///
/// # Errors
/// [`ReportError::Template`] where the document lacks something that the page shows.
pub fn html(report: &Value) -> Result<String, ReportError> {
    render(HTML, report)
}

/// The report as Markdown (`CommonMark` with tables).
///
/// # Errors
/// [`ReportError::Template`] where the document lacks something that the page shows.
pub fn markdown(report: &Value) -> Result<String, ReportError> {
    render("incident.md", report)
}

fn render(name: &str, report: &Value) -> Result<String, ReportError> {
    let environment = TEMPLATES.as_ref().map_err(|error| ReportError::Template(error.clone()))?;
    let labels = Shown::from_pairs(labels::all(document::language_of(report)));
    let report = shown(report);
    environment
        .get_template(name)
        .and_then(|template| template.render(context! { report => report, labels => labels }))
        .map_err(|error| ReportError::Template(format!("{error:#}")))
}

fn shown(value: &Value) -> Shown {
    match value {
        Value::Null => Shown::from(()),
        Value::Bool(truth) => Shown::from(*truth),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Shown::from(whole),
            (None, real) => Shown::from(real.unwrap_or_default()),
        },
        Value::String(text) => Shown::from(text.as_str()),
        Value::Array(items) => items.iter().map(shown).collect(),
        Value::Object(members) => {
            Shown::from_pairs(members.iter().map(|(key, value)| (key.as_str(), shown(value))))
        }
    }
}

fn format_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Shown,
) -> Result<(), Error> {
    if !matches!(state.auto_escape(), AutoEscape::Custom(_)) || value.is_safe() {
        return escape_formatter(out, state, value);
    }
    Ok(out.write_str(&escape_markdown(&value.to_string()))?)
}

/// `text` as Markdown that shows exactly these characters: no markup, no HTML, no link, one line.
pub fn escape_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut before = ' ';
    for (at, one) in text.char_indices() {
        let rest = &text[at + one.len_utf8()..];
        let markup = matches!(
            one,
            '\\' | '`'
                | '*'
                | '_'
                | '['
                | ']'
                | '<'
                | '>'
                | '#'
                | '|'
                | '~'
                | '&'
                | '!'
                | '$'
                | '@'
                | '{'
                | '}'
        );
        // Bare addresses would become links, and a line's first mark a list.
        let link = one == ':' && rest.starts_with('/')
            || one == '.' && text[..at].to_ascii_lowercase().ends_with("www");
        let alone = rest.is_empty() || rest.starts_with(char::is_whitespace);
        let list = matches!(one, '-' | '+' | '=') && at == 0
            || matches!(one, '.' | ')')
                && alone
                && at > 0
                && text[..at].bytes().all(|byte| byte.is_ascii_digit());
        if markup || link || list {
            out.push('\\');
        }
        let line_break = one.is_control();
        if !(line_break && before == ' ') {
            out.push(if line_break { ' ' } else { one });
        }
        before = if line_break { ' ' } else { one };
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_links_and_lists_are_shown_not_obeyed() {
        assert_eq!(escape_markdown("[x](javascript:y)"), r"\[x\](javascript:y)");
        assert_eq!(escape_markdown("<script>"), r"\<script\>");
        assert_eq!(
            escape_markdown("see http://a.b www.c.d me@e.f"),
            r"see http\://a.b www\.c.d me\@e.f"
        );
        assert_eq!(escape_markdown("1. one"), r"1\. one");
        assert_eq!(escape_markdown("- two"), r"\- two");
        assert_eq!(escape_markdown("2.5 s at gate-north"), "2.5 s at gate-north");
        assert_eq!(escape_markdown("a\n\n# b"), r"a \# b");
    }

    proptest! {
        #[test]
        fn taking_the_backslashes_out_gives_the_text_back(text in "[ -~]{0,60}") {
            let mut shown = String::new();
            let escaped = escape_markdown(&text);
            let mut characters = escaped.chars();
            while let Some(one) = characters.next() {
                shown.push(if one == '\\' { characters.next().unwrap() } else { one });
            }
            prop_assert_eq!(shown, text);
        }
    }
}
