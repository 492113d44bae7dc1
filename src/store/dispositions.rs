//! Dispositions: what people say that an alarm was. The machine's verdict is never touched.

use super::{
    AlarmState, Store, StoreError,
    alarms::{is_code, state},
    row,
    tx::Tx,
};
use crate::{
    audit::{Actor, Event, EventKind, sha256},
    domain::{AlarmId, Disposition, NewDisposition, Outcome, User},
};

impl Store {
    /// Keeps a person's word, closes the alarm, and records both. A later word stands beside an
    /// earlier one, and the queue shows the later.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such alarm, [`StoreError::Conflict`] while it
    /// still waits for the system's suggestion.
    pub async fn dispose(
        &self,
        id: AlarmId,
        said: &NewDisposition,
        user: &User,
    ) -> Result<Disposition, StoreError> {
        let mut tx = Tx::begin(self).await?;
        let (site, suggested) = close(&mut tx, id, said).await?;
        let word = Disposition {
            said: said.clone(),
            by: user.name.clone(),
            at: self.clock.now(),
            suggested,
        };
        let document = serde_json::to_string(&word).map_err(|error| {
            StoreError::Invalid(format!("the disposition has no JSON form: {error}"))
        })?;
        let actor = Actor::Person { pseudonym: tx.pseudonym(user).await?, role: user.role };
        let event = event(&word, &document).about(id, &site).by(actor);
        let subject = tx.subject(id).await?.ok_or(StoreError::NotFound("alarm"))?;
        let receipt = tx.record(&event, &subject).await?;
        sqlx::query(
            "INSERT INTO disposition (id, alarm_id, document, entry) VALUES ($1, $2, $3, $4)",
        )
        .bind(self.new_id())
        .bind(id.to_string())
        .bind(document)
        .bind(row::signed(receipt.place().entry)?)
        .execute(tx.connection())
        .await?;
        tx.commit(receipt).await?;
        Ok(word)
    }

    /// What people said about the alarm, in the order in which they said it.
    pub async fn dispositions(&self, id: AlarmId) -> Result<Vec<Disposition>, StoreError> {
        sqlx::query("SELECT document FROM disposition WHERE alarm_id = $1 ORDER BY entry")
            .bind(id.to_string())
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|found| row::document(found, "document"))
            .collect()
    }
}

/// Closes the alarm and returns its site and the verdict that was on the screen.
async fn close(
    tx: &mut Tx,
    id: AlarmId,
    said: &NewDisposition,
) -> Result<(String, Option<Outcome>), StoreError> {
    let closed = sqlx::query(
        "UPDATE alarm SET state = 'closed', disposition = $1 \
         WHERE id = $2 AND state <> 'waiting' RETURNING site, outcome",
    )
    .bind(said.code.as_str())
    .bind(id.to_string())
    .fetch_optional(tx.connection())
    .await?;
    if let Some(closed) = closed {
        return Ok((row::text(&closed, "site")?, row::maybe_parsed(&closed, "outcome")?));
    }
    match state(tx, id).await? {
        None => Err(StoreError::NotFound("alarm")),
        Some(AlarmState::Waiting | AlarmState::Decided | AlarmState::Closed) => Err(
            StoreError::Conflict("the alarm is still being decided; close it afterwards".into()),
        ),
    }
}

/// The entry: codes and times in the leaf; the note, the name and free words are committed to.
fn event(word: &Disposition, document: &str) -> Event {
    let said = &word.said;
    let actions: Vec<&str> = said.approved_actions.iter().map(|code| code.as_str()).collect();
    let mut event = Event::new(EventKind::OversightDisposition, word.at)
        .public("final_choice", said.code.as_str())
        .public("suggested", word.suggested.map(Outcome::as_str))
        .public("approved_actions", actions)
        .public("dwell_ms", said.dwell_ms)
        .personal("by", word.by.as_str())
        .personal("disposition_sha256", hex::encode(sha256(document.as_bytes())));
    if let Some(note) = &said.note {
        event = event.personal("note", note.as_str());
    }
    match said.reason_code.as_deref() {
        Some(code) if is_code(code) => event.public("reason_code", code),
        Some(words) => event.personal("reason_code", words),
        None => event,
    }
}
