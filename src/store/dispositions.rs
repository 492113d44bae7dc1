//! Dispositions: what people say that an alarm was. The machine's verdict is never touched.

use super::{AlarmState, Store, StoreError, alarms::is_code, oversight, row, tx::Tx};
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
        let Closed { site, suggested, blind, under } = close(&mut tx, id, said).await?;
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
        let event = event(&word, &document).public("blind", blind).about(id, &site).by(actor);
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
        let found = oversight::Finding { alarm: id, code: said.code, closed_under: under };
        oversight::answer(&mut tx, found).await?;
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

/// What an alarm was before a person closed it.
struct Closed {
    site: String,
    /// The verdict that was on the screen; none where it was hidden.
    suggested: Option<Outcome>,
    /// Whether it was hidden.
    blind: bool,
    /// The grant under which the system had closed it.
    under: Option<String>,
}

async fn close(tx: &mut Tx, id: AlarmId, said: &NewDisposition) -> Result<Closed, StoreError> {
    // Read first, because the update ends what `blind` says. The writer's turn, or the row's lock on
    // PostgreSQL, keeps others out in between.
    let before = sqlx::query(
        "UPDATE alarm SET state = state WHERE id = $1 RETURNING state, site, outcome, blind, closed_under",
    )
    .bind(id.to_string())
    .fetch_optional(tx.connection())
    .await?
    .ok_or(StoreError::NotFound("alarm"))?;
    let state: AlarmState = row::parsed(&before, "state")?;
    if state == AlarmState::Waiting {
        let why = "the alarm is still being decided; close it afterwards";
        return Err(StoreError::Conflict(why.into()));
    }
    sqlx::query("UPDATE alarm SET state = 'closed', disposition = $1 WHERE id = $2")
        .bind(said.code.as_str())
        .bind(id.to_string())
        .execute(tx.connection())
        .await?;
    let blind = state == AlarmState::Decided && row::number::<i64>(&before, "blind")? != 0;
    let outcome: Option<Outcome> = row::maybe_parsed(&before, "outcome")?;
    Ok(Closed {
        site: row::text(&before, "site")?,
        suggested: outcome.filter(|_| !blind),
        blind,
        under: row::maybe_text(&before, "closed_under")?,
    })
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
