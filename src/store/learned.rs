//! What sites learned from people's words: the labels, the versions, and which one is in force.

use jiff::Timestamp;
use serde::Deserialize;
use sqlx::any::AnyRow;

use super::{DecisionSigns, Store, StoreError, row, tx::Tx};
use crate::{
    audit::{Actor, Event, EventKind, leaf::instant, sha256},
    domain::{Alarm, CaptionId, Confidence, DispositionCode, User},
};

/// An alarm that people told apart, with what both reads had said.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledAlarm {
    /// The alarm.
    pub alarm: Alarm,
    /// Whether it was a real threat.
    pub threat: bool,
    /// What both reads said.
    pub confidence: Confidence,
    /// How many captions plainly showed what a rule prohibits.
    pub prohibited: usize,
    /// Digest of the models and prompts that they came from.
    pub made_with: String,
}

/// One version of what a site learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnedVersion {
    /// The site.
    pub site: String,
    /// The version, from 1.
    pub version: u32,
    /// Its document, JSON.
    pub document: String,
    /// SHA-256 of the document, hex.
    pub sha256: String,
    /// Who approved it.
    pub approved_by: String,
    /// When.
    pub kept_at: Timestamp,
    /// Whether it is the one in force.
    pub in_force: bool,
}

/// The part of a decision that learning needs.
#[derive(Deserialize)]
struct Assessed {
    assessment: Read,
    ruling: Shown,
}

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    prohibited: Vec<CaptionId>,
}

#[derive(Deserialize)]
struct Read {
    confidence: Confidence,
}

impl Store {
    /// The site's alarms that people called a real threat, or harmless, false or technical, in the
    /// order of arrival. Tests, duplicates, what could not be told, and control alarms teach nothing.
    pub async fn labelled(&self, site: &str) -> Result<Vec<LabelledAlarm>, StoreError> {
        sqlx::query(
            "SELECT a.document AS alarm, a.disposition, d.document AS decision, d.signs \
             FROM alarm a JOIN decision d ON d.alarm_id = a.id \
             WHERE a.site = $1 AND d.signs IS NOT NULL AND a.disposition IN \
             ('real_threat', 'real_no_threat', 'false_detection', 'technical') \
             AND NOT EXISTS (SELECT 1 FROM review r WHERE r.alarm_id = a.id AND r.reason = 'control') \
             ORDER BY a.id",
        )
        .bind(site)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|found| {
            let said: DispositionCode = row::parsed(found, "disposition")?;
            let decided: Assessed = row::document(found, "decision")?;
            let signs: DecisionSigns = row::document(found, "signs")?;
            Ok(LabelledAlarm {
                alarm: row::document(found, "alarm")?,
                threat: said.threat() == Some(true),
                prohibited: decided.ruling.prohibited.len(),
                confidence: decided.assessment.confidence,
                made_with: signs.made_with,
            })
        })
        .collect()
    }

    /// The number that the site's next version gets.
    pub async fn next_learned_version(&self, site: &str) -> Result<u32, StoreError> {
        let sql = "SELECT COALESCE(MAX(version), 0) + 1 AS next FROM learned WHERE site = $1";
        let found = sqlx::query(sql).bind(site).fetch_one(&self.pool).await?;
        row::number(&found, "next")
    }

    /// Keeps a new version and puts it in force.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when that version is there already.
    pub async fn keep_learned(
        &self,
        site: &str,
        version: u32,
        document: &str,
        user: &User,
    ) -> Result<(), StoreError> {
        let mut tx = Tx::begin(self).await?;
        let digest = hex::encode(sha256(document.as_bytes()));
        let added = sqlx::query(
            "INSERT INTO learned (site, version, document, sha256, approved_by, kept_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(site)
        .bind(i64::from(version))
        .bind(document)
        .bind(digest)
        .bind(&user.name)
        .bind(instant(self.clock.now()))
        .execute(tx.connection())
        .await?;
        if added.rows_affected() == 0 {
            return Err(StoreError::Conflict(format!(
                "{site} learned a version {version} in the meantime; learn again"
            )));
        }
        self.put_in_force(tx, site, version, user).await
    }

    /// Puts an earlier version in force again; 0 is what ships.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such version.
    pub async fn revert_learned(
        &self,
        site: &str,
        version: u32,
        user: &User,
    ) -> Result<(), StoreError> {
        let tx = Tx::begin(self).await?;
        self.put_in_force(tx, site, version, user).await
    }

    async fn put_in_force(
        &self,
        mut tx: Tx,
        site: &str,
        version: u32,
        user: &User,
    ) -> Result<(), StoreError> {
        let digest = match version {
            0 => None,
            _ => Some(
                sqlx::query("SELECT sha256 FROM learned WHERE site = $1 AND version = $2")
                    .bind(site)
                    .bind(i64::from(version))
                    .fetch_optional(tx.connection())
                    .await?
                    .map(|found| row::text(&found, "sha256"))
                    .transpose()?
                    .ok_or(StoreError::NotFound("version of what the site learned"))?,
            ),
        };
        sqlx::query(
            "INSERT INTO learned_in_force (site, version) VALUES ($1, $2) \
             ON CONFLICT (site) DO UPDATE SET version = excluded.version",
        )
        .bind(site)
        .bind(i64::from(version))
        .execute(tx.connection())
        .await?;
        let mut event = Event::new(EventKind::ChangeLearned, self.clock.now())
            .public("version", version)
            .public("learned", digest)
            .personal("by", user.name.as_str())
            .by(Actor::Person { pseudonym: tx.pseudonym(user).await?, role: user.role });
        event.site = Some(site.to_owned());
        let subject = tx.own_subject();
        let receipt = tx.record(&event, &subject).await?;
        tx.commit(receipt).await?;
        Ok(())
    }

    /// Every version of the site, or of all sites, the newest first.
    pub async fn learned_versions(
        &self,
        site: Option<&str>,
    ) -> Result<Vec<LearnedVersion>, StoreError> {
        sqlx::query(
            "SELECT l.site, l.version, l.document, l.sha256, l.approved_by, l.kept_at, \
             CASE WHEN f.version = l.version THEN 1 ELSE 0 END AS in_force \
             FROM learned l JOIN learned_in_force f ON f.site = l.site \
             WHERE $1 = '' OR l.site = $1 ORDER BY l.site, l.version DESC",
        )
        .bind(site.unwrap_or_default())
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(version)
        .collect()
    }
}

fn version(found: &AnyRow) -> Result<LearnedVersion, StoreError> {
    Ok(LearnedVersion {
        site: row::text(found, "site")?,
        version: row::number(found, "version")?,
        document: row::text(found, "document")?,
        sha256: row::text(found, "sha256")?,
        approved_by: row::text(found, "approved_by")?,
        kept_at: row::time(found, "kept_at")?,
        in_force: row::number::<i64>(found, "in_force")? != 0,
    })
}
