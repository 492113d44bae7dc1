//! Watches over the decisions: puts in force what sites learned, measures, lowers autonomy, shows
//! control alarms.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    audit::{Event, EventKind},
    config::{QualitySettings, Sites},
    domain::{Clock, Grant, GrantEndCode, IdSource, Learning, Rate, SiteQuality},
    evaluation::{
        drift,
        quality::{self, Grounds},
    },
    model::site::{SiteModel, SiteModels},
    store::{LearnedVersion, Store, StoreError},
};

/// How often everything is looked at.
const EVERY: Duration = Duration::from_mins(1);
/// Days that figures look back.
const DAYS: i64 = 30;

/// What watches, and what it needs.
#[derive(Clone)]
pub struct Watch {
    /// Where everything is counted.
    pub store: Store,
    /// The sites, with how each is watched.
    pub sites: Arc<Sites>,
    /// What sites have learned, shared with whoever decides.
    pub learned: SiteModels,
    /// Digest of the models and prompts that decide now.
    pub made_with: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What draws control alarms.
    pub ids: Arc<dyn IdSource>,
    /// Wakes the worker after a control alarm.
    pub wake: Arc<Notify>,
    /// The first day of the figures that the log was last told, by site.
    pub recorded: Arc<Mutex<BTreeMap<String, Timestamp>>>,
}

impl Watch {
    /// Watches until `stop`. What fails is told and tried again.
    pub async fn run(self, stop: CancellationToken) {
        let mut every = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = every.tick() => {}
            }
            if let Err(error) = self.look().await {
                tracing::error!(%error, "the decisions could not be watched over");
            }
        }
    }

    /// Looks at everything once.
    ///
    /// # Errors
    /// When the store does not answer; grants end by their time all the same.
    pub async fn look(&self) -> Result<(), StoreError> {
        self.store.expire_grants().await?;
        self.refresh().await?;
        for site in self.sites.iter() {
            let Some(figures) = self.figures(&site.id).await? else { continue };
            self.lower(&figures).await?;
            tell(&figures);
            self.record(&figures).await?;
            if self.chance(site.quality.control_alarms_per_day)
                && let Some(control) = self.store.seed_control(&site.id).await?
            {
                tracing::info!(%control, "a recorded threat is shown again");
                self.wake.notify_one();
            }
        }
        Ok(())
    }

    /// Puts in force what the store says is in force.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let versions = self.store.learned_versions(None).await?;
        let in_force = versions.iter().filter(|version| version.in_force);
        let models = in_force.filter_map(|version| {
            SiteModel::parse(&version.document, &version.sha256)
                .inspect_err(|error| tracing::error!(%error, "the site decides with what ships"))
                .ok()
        });
        self.learned.replace(models);
        Ok(())
    }

    /// The site's figures; nothing where nobody described it.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn figures(&self, site: &str) -> Result<Option<SiteQuality>, StoreError> {
        let Some(described) = self.sites.get(site) else { return Ok(None) };
        let now = self.clock.now();
        // From the day's beginning, so that figures which did not change have the same digest.
        let begun = (now - SignedDuration::from_hours(24 * DAYS)).as_second();
        let since = Timestamp::from_second(begun - begun.rem_euclid(86_400)).unwrap_or(now);
        let mut samples =
            self.store.decision_samples(site, now, drift::CURRENT + drift::REFERENCE).await?;
        samples.retain(|sample| sample.signs.made_with == self.made_with);
        let reference = samples.split_off(samples.len().min(drift::CURRENT as usize));
        let versions = self.store.learned_versions(Some(site)).await?;
        let in_force = versions.iter().find(|version| version.in_force);
        let grounds = Grounds {
            site,
            since,
            counts: &self.store.camera_counts(site, since).await?,
            reviews: &self.store.review_counts(site, since).await?,
            drift: drift::signs(&reference, &samples),
            learning: self.learning(&described.quality, in_force),
            grants: self.store.grants(Some(site), since).await?,
        };
        Ok(Some(grounds.figures()))
    }

    /// What the site has learned, where that was over the models that decide now.
    fn learning(&self, settings: &QualitySettings, version: Option<&LearnedVersion>) -> Learning {
        let shipped = Learning {
            missed_at_most: settings.missed_threats_at_most,
            more_threats_needed: quality::threats_needed(settings.missed_threats_at_most),
            ..Learning::default()
        };
        let Some(version) = version else { return shipped };
        match SiteModel::parse(&version.document, &version.sha256) {
            Ok(model) if model.made_with == self.made_with => {
                quality::learning(&version.document, shipped, version.version, &version.sha256)
            }
            _ => shipped,
        }
    }

    /// Lowers what was granted where the ground for it is gone.
    async fn lower(&self, figures: &SiteQuality) -> Result<(), StoreError> {
        let site = &figures.site;
        let up = self.store.drift_raised(site).await?;
        for sign in &figures.drift {
            if sign.raised == up.contains(&sign.code) {
                continue;
            }
            if self.store.note_drift(site, sign).await? && sign.raised {
                tracing::warn!(site, sign = %sign.code, "drift");
            }
        }
        let mut granted = figures.grants.iter().filter(|grant| grant.ended.is_none());
        let outdated = |grant: &Grant| grant.learned != figures.learning.sha256;
        if granted.clone().any(outdated) {
            let because =
                "The models, or what the site learned, are others than when it was granted.";
            self.store.end_grants(site, GrantEndCode::ModelsChanged, because).await?;
        } else if let Some(sign) = figures.drift.iter().find(|sign| sign.raised)
            && granted.next().is_some()
        {
            let because = format!(
                "{} moved by {:.2}, and {:.2} is the limit.",
                sign.code,
                sign.value.unwrap_or_default(),
                sign.limit
            );
            self.store.end_grants(site, GrantEndCode::Drift, &because).await?;
        }
        Ok(())
    }

    /// Tells the log the figures, once for every period that they are counted over.
    async fn record(&self, figures: &SiteQuality) -> Result<(), StoreError> {
        if figures.all.decided == 0 || self.recorded().get(&figures.site) == Some(&figures.since) {
            return Ok(());
        }
        let rate = |rate: Rate| json!({ "hits": rate.hits, "of": rate.of });
        let all = &figures.all;
        let mut event = Event::new(EventKind::QualityMeasured, self.clock.now())
            .public("since", figures.since.to_string())
            .public("figures", figures.digest.as_str())
            .public("decided", all.decided)
            .public("dismissed", all.dismissed)
            .public("closed_without_person", all.closed_without_person)
            .public("false_dismissals", rate(all.false_dismissals))
            .public("overridden", rate(all.overridden))
            .public("controls_seen", rate(all.controls_seen));
        event.site = Some(figures.site.clone());
        self.store.record(event).await?;
        self.recorded().insert(figures.site.clone(), figures.since);
        Ok(())
    }

    fn recorded(&self) -> MutexGuard<'_, BTreeMap<String, Timestamp>> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something that happens `per_day` times on an average day happens now.
    fn chance(&self, per_day: f64) -> bool {
        let looks = 86_400.0 / EVERY.as_secs_f64();
        self.ids.fraction() < per_day / looks
    }
}

/// The figures as metrics. A share that is not known is not told.
fn tell(figures: &SiteQuality) {
    let site = || figures.site.clone();
    let shares = [
        ("sereno_false_dismissal_share", figures.all.false_dismissals.share),
        ("sereno_false_dismissal_share_upper", figures.all.false_dismissals.high),
        ("sereno_override_share", figures.all.overridden.share),
        ("sereno_controls_seen_share", figures.all.controls_seen.share),
    ];
    for (name, share) in shares {
        if let Some(share) = share {
            metrics::gauge!(name, "site" => site()).set(share);
        }
    }
    for sign in &figures.drift {
        if let Some(value) = sign.value {
            metrics::gauge!("sereno_drift", "site" => site(), "sign" => sign.code.as_str())
                .set(value);
        }
    }
    let in_force = figures.grants.iter().filter(|grant| grant.ended.is_none()).count();
    let in_force = f64::from(u32::try_from(in_force).unwrap_or(u32::MAX));
    metrics::gauge!("sereno_autonomy_grants", "site" => site()).set(in_force);
}
