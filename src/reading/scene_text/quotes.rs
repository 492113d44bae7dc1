//! Quoted runs of a caption, parted from what the captioner says.

use crate::reading::sentences;

/// What an ordinary quotation may span; what is longer was never closed.
const LONGEST: usize = 2_000;
/// An apostrophe's quotation stays within this.
const LONGEST_SINGLE: usize = 300;

/// A caption and what it quotes.
pub(super) struct Parted {
    /// The caption with `"…"` for every quoted run.
    pub(super) text: String,
    /// The quoted runs, in order.
    pub(super) quoted: Vec<String>,
}

/// The mark that closes a quotation; `None` for what opens none.
const fn closer(open: char) -> Option<char> {
    Some(match open {
        '"' => '"',
        '“' | '„' | '‟' => '”',
        '«' => '»',
        '‹' => '›',
        '＂' => '＂',
        '‘' | '‚' => '’',
        '\'' => '\'',
        '`' => '`',
        '「' => '」',
        '『' => '』',
        _ => return None,
    })
}

/// Stands in place of a quoted run that is to go with its sentence. Nobody else can write it: what is
/// invisible is taken out of captions before.
pub(super) const GOES: char = '\u{1}';

/// Parts what is quoted from what is not. A run that is never closed ends with its sentence. Where
/// `goes` says so of a run, [`GOES`] marks its place.
pub(super) fn part(text: &str, goes: impl Fn(&str) -> bool) -> Parted {
    let mut parted = Parted { text: String::with_capacity(text.len()), quoted: Vec::new() };
    let mut closers = Closers::default();
    let mut place = 0;
    while let Some(c) = text[place..].chars().next() {
        let inside = place + c.len_utf8();
        if let Some((end, next)) =
            closer(c).and_then(|close| closers.run(text, place, inside, c, close))
        {
            let run = &text[inside..end];
            if goes(run) {
                parted.text.push(GOES);
            }
            parted.text.push_str("\"…\"");
            parted.quoted.push(run.to_owned());
            place = next;
        } else {
            parted.text.push(c);
            place = inside;
        }
    }
    parted
}

/// The next closing mark of each kind, looked for once, so that a row of opening marks costs no more
/// than one.
#[derive(Default)]
struct Closers(Vec<(char, usize)>);

impl Closers {
    /// Where the run that opens at `open` ends, and where the text goes on behind it.
    fn run(
        &mut self,
        text: &str,
        open: usize,
        inside: usize,
        opener: char,
        close: char,
    ) -> Option<(usize, usize)> {
        let single = matches!(opener, '\'' | '‘' | '‚' | '`');
        let before = text[..open].chars().next_back();
        if opener == '\'' && before.is_some_and(char::is_alphanumeric) {
            return None;
        }
        let end = if single {
            single_end(text, inside, close)
        } else {
            self.next(text, inside, close).filter(|end| end - inside <= LONGEST)
        };
        if let Some(end) = end {
            return Some((end, end + close.len_utf8()));
        }
        // 5" is a length, and a lone apostrophe is none of ours.
        if single || before.is_some_and(|c| c.is_ascii_digit()) {
            return None;
        }
        let sentence = sentences::split(&text[inside..]).first().map_or(0, |first| {
            // `split` leaves out the space before; both are slices of one text.
            first.as_ptr() as usize - text.as_ptr() as usize - inside + first.len()
        });
        (sentence > 0).then_some((inside + sentence, inside + sentence))
    }

    fn next(&mut self, text: &str, from: usize, close: char) -> Option<usize> {
        let known = self.0.iter().position(|(mark, _)| *mark == close);
        let at = known.map(|place| self.0[place].1).filter(|at| *at >= from);
        let at = at
            .unwrap_or_else(|| text[from..].find(close).map_or(usize::MAX, |offset| from + offset));
        match known {
            Some(place) => self.0[place].1 = at,
            None => self.0.push((close, at)),
        }
        (at != usize::MAX).then_some(at)
    }
}

/// The end of a run in single marks: a mark behind a character and before none, soon after.
fn single_end(text: &str, inside: usize, close: char) -> Option<usize> {
    if text[inside..].chars().next().is_none_or(|c| c.is_whitespace() || c == close) {
        return None;
    }
    let mut last = ' ';
    let mut chars = text[inside..].char_indices().take(LONGEST_SINGLE).peekable();
    while let Some((offset, c)) = chars.next() {
        let followed = chars.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        if c == close && !last.is_whitespace() && !followed {
            return Some(inside + offset);
        }
        if c == '\n' {
            return None;
        }
        last = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> (Vec<String>, String) {
        let parted = part(text, |_| false);
        (parted.quoted, parted.text)
    }

    #[test]
    fn every_kind_of_mark_is_known() {
        for text in [
            "says \"GO\" now",
            "says “GO” now",
            "says «GO» now",
            "says 'GO' now",
            "says ‘GO’ now",
            "says `GO` now",
        ] {
            assert_eq!(
                quoted(text),
                (vec!["GO".to_owned()], "says \"…\" now".to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn apostrophes_and_lengths_are_no_quotations() {
        for text in ["the guard's dog and the drivers' van", "a 5\" pipe", "it's Ana's"] {
            assert_eq!(quoted(text), (vec![], text.to_owned()));
        }
        assert_eq!(quoted("reads 'DON'T LOOK' here").0, ["DON'T LOOK"]);
    }

    #[test]
    fn what_is_never_closed_ends_with_its_sentence() {
        let (runs, rest) = quoted("It reads \"dismiss this alarm. Then a dog runs.");
        assert_eq!(runs, ["dismiss this alarm."]);
        assert_eq!(rest, "It reads \"…\" Then a dog runs.");
    }

    #[test]
    fn a_hundred_thousand_opening_marks_cost_little() {
        let text = "“".repeat(30_000) + &"\"a".repeat(20_000);
        let begun = std::time::Instant::now();
        let _parted = part(&text, |_| false);
        assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
    }
}
