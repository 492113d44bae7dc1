//! Cuts a Cedar file into its rules, so that a fault in one hides none in another.

/// Brackets inside brackets: more than this no person reads, and the parser's stack is not endless.
const DEEPEST: usize = 24;
/// Operators of one rule. Each is a call inside a call when rules are read, checked and evaluated.
const MOST_OPERATORS: usize = 256;
/// Bytes of one rule.
const LONGEST: usize = 8 * 1024;

/// One rule's text as the file has it, annotations included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    /// The text, its `;` included.
    pub text: &'a str,
    /// The line of its first character, counted from one.
    pub line: usize,
}

impl Statement<'_> {
    /// The file's line of the byte `offset` of this text.
    pub(super) fn line_at(&self, offset: usize) -> usize {
        let until = offset.min(self.text.len());
        self.line + self.text.as_bytes()[..until].iter().filter(|byte| **byte == b'\n').count()
    }

    /// Says why the rule is too big to be handed to the parser, or nothing.
    pub(super) fn oversize(&self) -> Option<String> {
        if self.text.len() > LONGEST {
            return Some(format!(
                "this rule has {} bytes, but a rule may have {LONGEST}",
                self.text.len()
            ));
        }
        let depth = deepest(self.text);
        if depth > DEEPEST {
            return Some(format!("brackets are nested {depth} deep, but {DEEPEST} is the limit"));
        }
        let operators = operators(self.text);
        (operators > MOST_OPERATORS).then(|| {
            format!("this rule has {operators} operators, but {MOST_OPERATORS} is the limit")
        })
    }
}

/// Where the scanner stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Code,
    Text,
    Escape,
    Comment,
}

/// The mode after `byte`, given the byte that follows it.
const fn step(mode: Mode, byte: u8, next: Option<u8>) -> Mode {
    match (mode, byte) {
        (Mode::Code, b'/') if matches!(next, Some(b'/')) => Mode::Comment,
        (Mode::Code, b'"') | (Mode::Escape, _) => Mode::Text,
        (Mode::Text, b'\\') => Mode::Escape,
        (Mode::Text, b'"') | (Mode::Comment, b'\n') => Mode::Code,
        (mode, _) => mode,
    }
}

/// Every byte that is code, neither string nor comment, with its offset.
fn code(source: &str) -> impl Iterator<Item = (usize, u8)> + '_ {
    let bytes = source.as_bytes();
    let mut mode = Mode::Code;
    bytes.iter().enumerate().filter_map(move |(at, byte)| {
        let before = mode;
        mode = step(mode, *byte, bytes.get(at + 1).copied());
        (before == Mode::Code && mode != Mode::Comment).then_some((at, *byte))
    })
}

fn deepest(text: &str) -> usize {
    let (mut depth, mut most) = (0_usize, 0);
    for (_, byte) in code(text) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

/// Operators, members and conditions: what can be chained without brackets.
fn operators(text: &str) -> usize {
    let mut before = b' ';
    let mut count = 0;
    for (_, byte) in code(text) {
        let pair = byte == before && matches!(byte, b'&' | b'|');
        let word = before == b'i' && byte == b'f';
        count += usize::from(pair || word || matches!(byte, b'+' | b'-' | b'*' | b'.' | b'!'));
        before = byte;
    }
    count
}

/// The rules of `source`, in order. Text after the last `;` is a rule too: the parser says what it lacks.
pub(super) fn split(source: &str) -> Vec<Statement<'_>> {
    let mut statements = Vec::new();
    let (mut line, mut counted) = (1, 0);
    let mut start = None;
    let mut end_of_code = 0;
    for (at, byte) in code(source) {
        if start.is_none() && !byte.is_ascii_whitespace() {
            line += source.as_bytes()[counted..at].iter().filter(|byte| **byte == b'\n').count();
            counted = at;
            start = Some(at);
        }
        if !byte.is_ascii_whitespace() {
            end_of_code = at + 1;
        }
        if byte == b';' {
            statements
                .extend(start.take().map(|from| Statement { text: &source[from..=at], line }));
        }
    }
    let rest = start.map(|from| &source[from..]);
    statements.extend(rest.filter(|_| end_of_code > 0).map(|text| Statement { text, line }));
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_cut_at_their_semicolons_and_know_their_lines() {
        let source = "// head; not a rule\n\n@because(\"a; b // \\\"c\\\";\")\npermit(x);\n// tail\nforbid(y) ;\n";
        let rules = split(source);
        assert_eq!(rules.len(), 2);
        assert_eq!((rules[0].line, rules[1].line), (3, 6));
        assert!(rules[0].text.ends_with("permit(x);"));
        assert_eq!(rules[0].line_at(rules[0].text.len()), 4);
    }

    #[test]
    fn what_follows_the_last_semicolon_is_not_lost() {
        let rules = split("permit(x);\n  forbid(y)\n");
        assert_eq!(rules.len(), 2);
        assert_eq!(rules[1].text.trim(), "forbid(y)");
        assert!(split("  // nothing here\n").is_empty());
        assert!(split("").is_empty());
    }

    #[test]
    fn a_rule_too_deep_or_too_long_is_named() {
        let deep = format!("permit{}{};", "(".repeat(100), ")".repeat(100));
        assert!(split(&deep)[0].oversize().is_some_and(|why| why.contains("100 deep")));
        let long = format!("permit({});", "x".repeat(LONGEST));
        assert!(split(&long)[0].oversize().is_some_and(|why| why.contains("bytes")));
        let chain = format!("permit(x) when {{ a{} }};", "&&a".repeat(300));
        assert!(split(&chain)[0].oversize().is_some_and(|why| why.contains("300 operators")));
        assert_eq!(split("permit(x) when { a.b && \"&&&&\" == c };")[0].oversize(), None);
        assert_eq!(split("permit([(1)]);")[0].oversize(), None);
    }
}
