//! Renders messages through the model's chat template, with their content kept plain text.

use llama_cpp_2::{
    model::{LlamaChatMessage, LlamaChatTemplate, LlamaModel as Weights},
    token::LlamaToken,
};

use crate::model::{Message, Role};

/// The tokens of one message with the template's words around it. Prompts are evaluated, kept and
/// compared chunk by chunk, so that a token is always evaluated in the same company.
pub(super) type Chunk = Vec<LlamaToken>;

/// The chat template that the model file carries.
pub(super) struct ChatTemplate(LlamaChatTemplate);

impl ChatTemplate {
    /// Takes it from the model and tries it once.
    ///
    /// # Errors
    /// In words, when there is none or llama.cpp does not know it.
    pub(super) fn of(weights: &Weights) -> Result<Self, String> {
        let template = weights.chat_template(None).map_err(|error| {
            format!("carries no chat template ({error}); use the `instruct` or `chat` version of the model")
        })?;
        let template = Self(template);
        template
            .around(weights, &[Role::System, Role::User])
            .map_err(|error| format!("has a chat template that cannot be used: {error}"))?;
        Ok(template)
    }

    /// The chunks of a prompt, one a message; the last one ends where the answer begins.
    ///
    /// # Errors
    /// In words, when the template refuses these roles.
    pub(super) fn render(
        &self,
        weights: &Weights,
        messages: &[Message],
    ) -> Result<Vec<Chunk>, String> {
        let roles: Vec<_> = messages.iter().map(|message| message.role).collect();
        let around = self.around(weights, &roles)?;
        let vocab = weights.vocab();
        let markup = |text: &str| vocab.tokenize(text.as_bytes(), false, true);
        let mut opening = markup(&around.opening);
        if vocab.should_add_bos() && opening.first() != Some(&vocab.bos()) {
            opening.insert(0, vocab.bos());
        }
        let mut chunks = Vec::with_capacity(messages.len());
        for (message, closing) in messages.iter().zip(&around.closings) {
            let mut chunk = std::mem::take(&mut opening);
            // Without special-token parsing: `<|im_start|>` in a caption stays what it says.
            chunk.extend(vocab.tokenize(message.content.as_bytes(), false, false));
            chunk.extend(markup(closing));
            chunks.push(chunk);
        }
        Ok(chunks)
    }

    /// Renders marks in place of the content and cuts the result at them.
    fn around(&self, weights: &Weights, roles: &[Role]) -> Result<Around, String> {
        let chat = (0..)
            .zip(roles)
            .map(|(index, role)| LlamaChatMessage::new(role.as_str().to_owned(), mark(index)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        let text = weights
            .apply_chat_template(&self.0, &chat, true)
            .map_err(|error| format!("llama.cpp does not know it ({error})"))?;
        cut(&text, roles.len())
    }
}

/// What the template puts around the messages.
#[derive(Debug, PartialEq, Eq)]
struct Around {
    opening: String,
    closings: Vec<String>,
}

/// Stands for a message's content while the template is rendered: private-use characters, which no
/// template contains and which none trims.
fn mark(index: usize) -> String {
    format!("\u{E000}{index}\u{E001}")
}

fn cut(text: &str, messages: usize) -> Result<Around, String> {
    if messages == 0 {
        return Err("a prompt has at least one message".to_owned());
    }
    let mut pieces = Vec::with_capacity(messages + 1);
    let mut rest = text;
    for index in 0..messages {
        let (before, after) = rest
            .split_once(&mark(index))
            .ok_or_else(|| format!("it drops or reorders message {index}"))?;
        pieces.push(before.to_owned());
        rest = after;
    }
    pieces.push(rest.to_owned());
    let opening = pieces.remove(0);
    Ok(Around { opening, closings: pieces })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_the_marks() {
        let text = format!("<s>{}</s><u>{}</u><a>", mark(0), mark(1));
        let around = cut(&text, 2).unwrap();
        assert_eq!(around.opening, "<s>");
        assert_eq!(around.closings, ["</s><u>", "</u><a>"]);
    }

    #[test]
    fn a_template_that_drops_a_message_is_refused() {
        let text = format!("<u>{}</u>", mark(1));
        assert!(cut(&text, 2).is_err());
    }

    #[test]
    fn a_prompt_without_messages_is_refused() {
        assert!(cut("<a>", 0).is_err());
    }

    #[test]
    fn marks_of_ten_and_more_are_not_mixed_up() {
        let text: String = (0..12).map(|index| mark(index) + "|").collect();
        assert_eq!(cut(&text, 12).unwrap().closings.len(), 12);
    }
}
