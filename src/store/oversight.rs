//! Who looks at a decision: grants of autonomy, blind reviews and control alarms.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::json;
use sqlx::{Row as _, any::AnyRow};

use super::{
    Store, StoreError, row,
    tx::{Receipt, Subject, Tx},
};
use crate::{
    audit::{Actor, Event, EventKind, leaf::instant, permille},
    domain::{
        Alarm, AlarmId, AlarmRef, DispositionCode, Grant, GrantEnd, GrantEndCode, NewGrant, Review,
        ReviewReason, User,
    },
};

/// The same recorded threat is not shown again for so long.
const CONTROL_RESTS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What a person found, for whoever had let it pass.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) alarm: AlarmId,
    pub(super) code: DispositionCode,
    /// The grant under which the alarm had been closed.
    pub(super) closed_under: Option<String>,
}

impl Store {
    /// Lets the system close alarms without a person: those of this site, kind and verdict whose
    /// calibrated probability lies `below`, on the scale of what the site has `learned`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the same is granted already.
    pub async fn grant(
        &self,
        new: &NewGrant,
        below: f64,
        learned: &str,
        user: &User,
    ) -> Result<Grant, StoreError> {
        self.expire_grants().await?;
        let mut tx = Tx::begin(self).await?;
        let grant = Grant {
            id: self.new_id(),
            site: new.site.clone(),
            kind: new.kind.clone(),
            verdict: new.verdict,
            below,
            learned: learned.to_owned(),
            figures: new.figures.clone(),
            granted_by: user.name.clone(),
            granted_at: self.clock.now(),
            expires_at: new.expires_at,
            ended: None,
        };
        let added = sqlx::query(
            "INSERT INTO autonomy_grant (id, site, kind, verdict, document, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(&grant.id)
        .bind(&grant.site)
        .bind(&grant.kind)
        .bind(grant.verdict.as_str())
        .bind(json!(grant).to_string())
        .bind(instant(grant.expires_at))
        .execute(tx.connection())
        .await?;
        if added.rows_affected() == 0 {
            return Err(StoreError::Conflict(format!(
                "{} alarms of {} may be closed as {} already; take that grant back first",
                grant.kind, grant.site, grant.verdict
            )));
        }
        let mut event = Event::new(EventKind::AutonomyGranted, grant.granted_at)
            .public("grant", grant.id.as_str())
            .public("kind", grant.kind.as_str())
            .public("verdict", grant.verdict.as_str())
            .public("below_permille", permille(below))
            .public("learned", learned)
            .public("figures", grant.figures.as_str())
            .public("expires_at", instant(grant.expires_at))
            .personal("by", user.name.as_str())
            .by(Actor::Person { pseudonym: tx.pseudonym(user).await?, role: user.role });
        event.site = Some(grant.site.clone());
        let subject = tx.own_subject();
        let receipt = tx.record(&event, &subject).await?;
        tx.commit(receipt).await?;
        Ok(grant)
    }

    /// A person takes a grant back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none in force of this id.
    pub async fn withdraw_grant(
        &self,
        id: &str,
        because: &str,
        user: &User,
    ) -> Result<(), StoreError> {
        let mut tx = Tx::begin(self).await?;
        let actor = Actor::Person { pseudonym: tx.pseudonym(user).await?, role: user.role };
        let end = GrantEnd {
            at: self.clock.now(),
            by: Some(user.name.clone()),
            code: GrantEndCode::Person,
            because: because.to_owned(),
        };
        let receipt = end_grant(&mut tx, id, &end, actor).await?;
        tx.commit(receipt.ok_or(StoreError::NotFound("grant in force"))?).await?;
        Ok(())
    }

    /// The system lowers its own autonomy: every grant of `site` ends. Returns how many did.
    pub async fn end_grants(
        &self,
        site: &str,
        code: GrantEndCode,
        because: &str,
    ) -> Result<usize, StoreError> {
        let in_force = "SELECT id FROM autonomy_grant WHERE site = $1 AND ended_at IS NULL";
        let ids = sqlx::query(in_force).bind(site).fetch_all(&self.pool).await?;
        self.end_each(&ids, code, because).await
    }

    /// Ends the grants whose time is over.
    pub async fn expire_grants(&self) -> Result<usize, StoreError> {
        let over = "SELECT id FROM autonomy_grant WHERE ended_at IS NULL AND expires_at <= $1";
        let now = instant(self.clock.now());
        let ids = sqlx::query(over).bind(now).fetch_all(&self.pool).await?;
        self.end_each(&ids, GrantEndCode::Expired, "Its time was over.").await
    }

    async fn end_each(
        &self,
        ids: &[AnyRow],
        code: GrantEndCode,
        because: &str,
    ) -> Result<usize, StoreError> {
        let mut ended = 0;
        for id in ids {
            let mut tx = Tx::begin(self).await?;
            let end = GrantEnd { at: tx.now(), by: None, code, because: because.to_owned() };
            let receipt = end_grant(&mut tx, &row::text(id, "id")?, &end, Actor::System).await?;
            if let Some(receipt) = receipt {
                tx.commit(receipt).await?;
                ended += 1;
            }
        }
        Ok(ended)
    }

    /// The grant in force for alarms of this kind, if there is one.
    pub async fn grant_in_force(
        &self,
        site: &str,
        kind: &str,
    ) -> Result<Option<Grant>, StoreError> {
        let found = sqlx::query(
            "SELECT document, ended FROM autonomy_grant \
             WHERE site = $1 AND kind = $2 AND ended_at IS NULL AND expires_at > $3",
        )
        .bind(site)
        .bind(kind)
        .bind(instant(self.clock.now()))
        .fetch_optional(&self.pool)
        .await?;
        found.as_ref().map(grant).transpose()
    }

    /// The grants in force and those that ended since `since`, the newest first; of one site or all.
    pub async fn grants(
        &self,
        site: Option<&str>,
        since: Timestamp,
    ) -> Result<Vec<Grant>, StoreError> {
        sqlx::query(
            "SELECT document, ended FROM autonomy_grant WHERE ($1 = '' OR site = $1) \
             AND (ended_at IS NULL OR ended_at >= $2) ORDER BY id DESC",
        )
        .bind(site.unwrap_or_default())
        .bind(instant(since))
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(grant)
        .collect()
    }

    /// Why the alarm's suggestion was hidden; `None` where it was not.
    pub async fn review(&self, id: AlarmId) -> Result<Option<Review>, StoreError> {
        sqlx::query("SELECT reason, drawn_at, answered_at FROM review WHERE alarm_id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?
            .map(|found| {
                Ok(Review {
                    reason: row::parsed(&found, "reason")?,
                    drawn_at: row::time(&found, "drawn_at")?,
                    answered_at: row::maybe_parsed(&found, "answered_at")?,
                })
            })
            .transpose()
    }

    /// The alarms whose suggestion is hidden now.
    pub async fn blind_alarms(&self) -> Result<HashSet<AlarmId>, StoreError> {
        sqlx::query("SELECT id FROM alarm WHERE blind = 1")
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|found| row::parsed(found, "id"))
            .collect()
    }

    /// Shows one of the site's recorded real threats again, as if it happened now. `None` where there
    /// is none that has rested long enough.
    pub async fn seed_control(&self, site: &str) -> Result<Option<AlarmId>, StoreError> {
        let rested = self.clock.now() - CONTROL_RESTS;
        let found = sqlx::query(
            "SELECT id, document FROM alarm WHERE site = $1 AND disposition = 'real_threat' \
             AND NOT EXISTS (SELECT 1 FROM review r WHERE \
             (r.alarm_id = alarm.id AND r.reason = 'control') \
             OR (r.original = alarm.id AND r.drawn_at > $2)) ORDER BY id",
        )
        .bind(site)
        .bind(instant(rested))
        .fetch_all(&self.pool)
        .await?;
        let [first, second, ..] = self.ids.random_bytes();
        let drawn = usize::from(u16::from_le_bytes([first, second]));
        let Some(chosen) = drawn.checked_rem(found.len()).map(|at| &found[at]) else {
            return Ok(None);
        };
        let original: AlarmId = row::parsed(chosen, "id")?;
        let recorded: Alarm = row::document(chosen, "document")?;
        let copy = Alarm {
            source_event_id: self.new_id(),
            occurred_at: self.clock.now(),
            raw: serde_json::Value::Null,
            ..recorded
        };
        Ok(Some(self.take_in(&copy, site, Some(original)).await?.id))
    }
}

fn grant(found: &AnyRow) -> Result<Grant, StoreError> {
    let granted: Grant = row::document(found, "document")?;
    let ended: Option<String> = found.try_get("ended")?;
    let ended = ended.map(|text| parsed(&text)).transpose()?;
    Ok(Grant { ended, ..granted })
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Ends a grant where it is in force.
async fn end_grant(
    tx: &mut Tx,
    id: &str,
    end: &GrantEnd,
    actor: Actor,
) -> Result<Option<Receipt>, StoreError> {
    let found = sqlx::query(
        "UPDATE autonomy_grant SET ended_at = $1, ended = $2 \
         WHERE id = $3 AND ended_at IS NULL RETURNING site, kind, verdict",
    )
    .bind(instant(end.at))
    .bind(json!(end).to_string())
    .bind(id)
    .fetch_optional(tx.connection())
    .await?;
    let Some(found) = found else { return Ok(None) };
    let mut event = Event::new(EventKind::AutonomyEnded, end.at)
        .public("grant", id)
        .public("kind", row::text(&found, "kind")?)
        .public("verdict", row::text(&found, "verdict")?)
        .public("code", end.code.as_str())
        .personal("because", end.because.as_str())
        .by(actor);
    if let Some(by) = &end.by {
        event = event.personal("by", by.as_str());
    }
    event.site = Some(row::text(&found, "site")?);
    let subject = tx.own_subject();
    tx.record(&event, &subject).await.map(Some)
}

/// A new alarm is a control: its suggestion will be hidden, and the log knows.
pub(super) async fn hide_control(
    tx: &mut Tx,
    id: AlarmId,
    original: AlarmId,
    site: &str,
    alarm: &Alarm,
    subject: &Subject,
) -> Result<Receipt, StoreError> {
    let drawn = Draw { reason: ReviewReason::Control, grant: None, original: Some(original) };
    hide(tx, id, site, &alarm.camera, &drawn).await?;
    let event = Event::new(EventKind::OversightControlSeeded, tx.now())
        .about(id, site)
        .public("original", original.to_string());
    tx.record(&event, subject).await
}

struct Draw {
    reason: ReviewReason,
    grant: Option<String>,
    original: Option<AlarmId>,
}

async fn hide(
    tx: &mut Tx,
    id: AlarmId,
    site: &str,
    camera: &str,
    draw: &Draw,
) -> Result<(), StoreError> {
    let now = instant(tx.now());
    sqlx::query(
        "INSERT INTO review (alarm_id, reason, site, camera, drawn_at, grant_id, original) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id.to_string())
    .bind(draw.reason.as_str())
    .bind(site)
    .bind(camera)
    .bind(now)
    .bind(draw.grant.as_deref())
    .bind(draw.original.map(|original| original.to_string()))
    .execute(tx.connection())
    .await?;
    sqlx::query("UPDATE alarm SET blind = 1 WHERE id = $1")
        .bind(id.to_string())
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Hands a decided alarm over: to a person who is not told the verdict, to nobody where a grant in
/// force closes it, else to a person.
pub(super) async fn hand_over(
    tx: &mut Tx,
    alarm: &AlarmRef,
    review: Option<ReviewReason>,
    closes: Option<String>,
    subject: &Subject,
) -> Result<(), StoreError> {
    let blind = sqlx::query("SELECT blind FROM alarm WHERE id = $1")
        .bind(alarm.id.to_string())
        .fetch_one(tx.connection())
        .await?;
    if row::number::<i64>(&blind, "blind")? != 0 {
        return Ok(());
    }
    let grant = in_force(tx, closes).await?;
    if let Some(reason) = review {
        let draw = Draw { reason, grant: grant.clone(), original: None };
        hide(tx, alarm.id, &alarm.site, &alarm.camera, &draw).await?;
        let event = Event::new(EventKind::OversightReviewDrawn, tx.now())
            .about(alarm.id, &alarm.site)
            .public("reason", reason.as_str())
            .public("grant", grant);
        tx.record(&event, subject).await?;
    } else if let Some(grant) = grant {
        sqlx::query(
            "UPDATE alarm SET state = 'closed_without_person', closed_under = $1 \
             WHERE id = $2 AND state = 'decided'",
        )
        .bind(&grant)
        .bind(alarm.id.to_string())
        .execute(tx.connection())
        .await?;
        let event = Event::new(EventKind::AlarmClosedWithoutPerson, tx.now())
            .about(alarm.id, &alarm.site)
            .public("grant", grant);
        tx.record(&event, subject).await?;
    }
    Ok(())
}

/// The grant, if it still holds now; a grant that has just been lowered closes nothing any more.
async fn in_force(tx: &mut Tx, grant: Option<String>) -> Result<Option<String>, StoreError> {
    let Some(id) = grant else { return Ok(None) };
    let now = instant(tx.now());
    // Writing the row to itself locks it on PostgreSQL, so that it cannot end before this commits.
    let held = sqlx::query(
        "UPDATE autonomy_grant SET ended_at = ended_at \
         WHERE id = $1 AND ended_at IS NULL AND expires_at > $2",
    )
    .bind(&id)
    .bind(now)
    .execute(tx.connection())
    .await?;
    Ok((held.rows_affected() == 1).then_some(id))
}

/// Takes a person's word as the answer to a review; where it says that the system let a real threat
/// pass, the grant that let it ends in the same transaction.
pub(super) async fn answer(tx: &mut Tx, found: Finding) -> Result<(), StoreError> {
    let now = tx.now();
    let answered = sqlx::query(
        "UPDATE review SET answered_at = $1, answer = $2 \
         WHERE alarm_id = $3 AND answered_at IS NULL RETURNING grant_id",
    )
    .bind(instant(now))
    .bind(found.code.as_str())
    .bind(found.alarm.to_string())
    .fetch_optional(tx.connection())
    .await?;
    if found.code != DispositionCode::RealThreat {
        return Ok(());
    }
    let would_have = answered.map(|row| row::maybe_text(&row, "grant_id")).transpose()?.flatten();
    for grant in [found.closed_under, would_have].into_iter().flatten() {
        let end = GrantEnd {
            at: now,
            by: None,
            code: GrantEndCode::FalseDismissal,
            because: format!("A person found a real threat among what it covers: {}.", found.alarm),
        };
        end_grant(tx, &grant, &end, Actor::System).await?;
    }
    Ok(())
}
