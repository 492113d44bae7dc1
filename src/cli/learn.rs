//! `sereno learn`: what a site's labels teach, shown first and put in force by a person.

use std::{fmt::Write as _, path::PathBuf};

use clap::Args;
use serde_json::json;

use super::{
    App, AppError, Ending,
    eval::{self, screen::screen},
    print,
    triage::{progress_bar, read_alarms, tell},
    user::read_password,
};
use crate::{
    app::OnMissingModel,
    assessment::Depth,
    domain::{Alarm, User},
    evaluation::learning::{self, Labelled, Lesson, Terms},
    http::auth,
    intake::Label,
    model::{classify::SentenceClassifier, site::SiteModels},
    pipeline::{self, Pipeline},
    reading,
    store::{LabelledAlarm, LearnedVersion, Store},
    verdict,
};

/// What to learn, and whether it goes live.
#[derive(Debug, Args)]
pub struct Learn {
    /// The site whose labels teach.
    #[arg(long, value_name = "SITE")]
    site: String,
    /// Learn from these labelled alarms too: JSON Lines, as `sereno eval` reads them.
    #[arg(value_name = "DATASET")]
    files: Vec<PathBuf>,
    /// Put what was learned in force. The manager named with --by approves it with their password.
    #[arg(long, requires = "by")]
    apply: bool,
    /// Put an earlier version in force again; 0 is what ships.
    #[arg(long, value_name = "VERSION", requires = "by", conflicts_with_all = ["apply", "files"])]
    revert: Option<u32>,
    /// Who approves: a manager. The password is read from standard input.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// List what the site has learned so far.
    #[arg(long, conflicts_with_all = ["apply", "revert", "files"])]
    list: bool,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

impl Learn {
    /// Learns and shows; changes nothing unless told to.
    pub async fn run(&self, app: &App) -> Result<Ending, AppError> {
        let Some(described) = app.sites.get(&self.site) else {
            let known: Vec<&str> = app.sites.iter().map(|site| site.id.as_str()).collect();
            return Err(AppError::Input(format!(
                "no file describes the site `{}`; there are {}",
                self.site,
                known.join(", ")
            )));
        };
        let store = app.open_store().await?;
        if self.list {
            return self.list(&store.learned_versions(Some(&self.site)).await?);
        }
        // Asked first, so that nobody waits for what they may not approve.
        let approver = match &self.by {
            Some(name) => Some(approver(&store, name).await?),
            None => None,
        };
        if let (Some(version), Some(user)) = (self.revert, &approver) {
            store.revert_learned(&self.site, version, user).await?;
            let what =
                if version == 0 { "what ships".to_owned() } else { format!("version {version}") };
            return print(&format!(
                "{}: {what} is in force again; the service takes it over within a minute, and what was \
                 granted ends",
                self.site
            ));
        }
        let models = app.load_models(OnMissingModel::Stop).await?;
        let Some(classifier) = &models.sentences else {
            return Err(AppError::Environment("the classifier is not loaded".to_owned()));
        };
        let pipeline =
            app.pipeline(app.policies()?, &models, SiteModels::default(), Depth::Verdict).await?;
        let class = Class { app, classifier, pipeline: &pipeline };
        let Material { labels, others, lost } = self.labels(&class, &store).await?;
        let terms = Terms {
            site: &self.site,
            version: store.next_learned_version(&self.site).await?,
            shipped: classifier.head(),
            made_with: pipeline.made_with(),
            missed_at_most: described.quality.missed_threats_at_most,
            now: app.clock.now(),
        };
        let lesson = learning::learn(&labels, &terms)
            .map_err(|why| AppError::Input(format!("{}: {why}", self.site)))?;
        self.show(&lesson, others)?;
        match approver.filter(|_| self.apply) {
            Some(user) => self.keep(&store, &lesson, &user).await?,
            None => self.dry()?,
        };
        Ok(if lost == 0 { Ending::Done } else { Ending::BadInput })
    }

    /// What there is to learn from. A bad line of a dataset is told, and the rest goes on.
    async fn labels(&self, class: &Class<'_>, store: &Store) -> Result<Material, AppError> {
        let recorded = store.labelled(&self.site).await?;
        let made_with = class.pipeline.made_with();
        let (ours, others): (Vec<LabelledAlarm>, Vec<_>) =
            recorded.into_iter().partition(|one| one.made_with == made_with);
        let files = if self.files.is_empty() {
            Vec::new()
        } else {
            read_alarms(&self.files, &class.app.config.intake_limits())?
        };
        let lines = screen(files);
        let mut lost = 0;
        let progress = progress_bar((ours.len() + lines.len()) as u64, "labels");
        let mut labels = Vec::new();
        for one in ours {
            labels.push(Labelled {
                group: camera_day(&one.alarm),
                threat: one.threat,
                vectors: class.vectors(&one.alarm).await?,
                model_threat: one.confidence.model_threat,
                lift: verdict::lift(one.prohibited, one.alarm.captions.len()),
            });
            progress.inc(1);
        }
        for (file, number, line) in lines {
            match line {
                Ok((alarm, label)) => labels.extend(class.labelled(alarm, label).await?),
                Err(error) => {
                    lost += 1;
                    tell(&progress, &file, number, &error);
                }
            }
            progress.inc(1);
        }
        progress.finish_and_clear();
        // An alarm without a sentence has nothing to learn from.
        labels.retain(|label| !label.vectors.is_empty());
        Ok(Material { labels, others: others.len(), lost })
    }

    fn show(&self, lesson: &Lesson, others: usize) -> Result<(), AppError> {
        let mut told = if self.json {
            serde_json::to_string_pretty(lesson).map_err(AppError::input)?
        } else {
            lesson.render()
        };
        if others > 0 && !self.json {
            let _infallible = writeln!(
                told,
                "\n{others} labelled alarms were decided by other models or prompts and teach nothing."
            );
        }
        print(&told).map(|_| ())
    }

    async fn keep(&self, store: &Store, lesson: &Lesson, user: &User) -> Result<Ending, AppError> {
        let document = serde_json::to_string(lesson).map_err(AppError::environment)?;
        store.keep_learned(&self.site, lesson.version, &document, user).await?;
        if self.json {
            return Ok(Ending::Done);
        }
        print(&format!(
            "\nVersion {} is in force, approved by {}. The service takes it over within a minute; what was \
             granted on the old scale ends. Back again: sereno learn --site {} --revert {} --by NAME",
            lesson.version,
            user.name,
            self.site,
            lesson.version - 1
        ))
    }

    fn dry(&self) -> Result<Ending, AppError> {
        if self.json {
            return Ok(Ending::Done);
        }
        print(&format!(
            "\nNothing has changed. To put it in force: sereno learn --site {} --apply --by NAME",
            self.site
        ))
    }

    fn list(&self, versions: &[LearnedVersion]) -> Result<Ending, AppError> {
        if self.json {
            let all: Vec<_> = versions
                .iter()
                .map(|one| {
                    json!({ "version": one.version, "sha256": one.sha256, "approved_by": one.approved_by,
                        "kept_at": one.kept_at, "in_force": one.in_force })
                })
                .collect();
            return print(&serde_json::to_string_pretty(&all).map_err(AppError::input)?);
        }
        if versions.is_empty() {
            return print(&format!(
                "{} decides with what ships; it has learned nothing yet",
                self.site
            ));
        }
        let lines = versions.iter().map(|one| {
            let mark = if one.in_force { "in force" } else { "" };
            let (version, short) = (one.version, &one.sha256[..one.sha256.len().min(12)]);
            let at = one.kept_at.strftime("%Y-%m-%d %H:%M UTC");
            format!("{version:>4}  {at}  {short}  {:<8}  approved by {}", mark, one.approved_by)
        });
        print(&lines.collect::<Vec<_>>().join("\n"))
    }
}

/// What there is to learn from.
struct Material {
    labels: Vec<Labelled>,
    /// Alarms that other models had decided.
    others: usize,
    /// Lines that could not be used.
    lost: usize,
}

/// What labels are read with.
struct Class<'a> {
    app: &'a App,
    classifier: &'a SentenceClassifier,
    pipeline: &'a Pipeline,
}

impl Class<'_> {
    async fn vectors(&self, alarm: &Alarm) -> Result<Vec<Vec<f32>>, AppError> {
        let sentences = pipeline::sentences(&reading::prepare(alarm));
        let texts: Vec<String> = sentences.into_iter().map(|(_, text)| text).collect();
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        self.classifier.embedder().embed(&texts).await.map_err(AppError::environment)
    }

    /// A labelled alarm of a dataset, read now; nothing where it has no agreed label.
    async fn labelled(&self, alarm: Alarm, label: Label) -> Result<Option<Labelled>, AppError> {
        let Some(threat) = label.threat else { return Ok(None) };
        let received = eval::received(self.app, alarm);
        let decided = self.pipeline.decide(&received).await;
        Ok(Some(Labelled {
            group: label.group.unwrap_or_else(|| received.alarm.source_event_id.clone()),
            threat,
            vectors: self.vectors(&received.alarm).await?,
            model_threat: decided.draft.assessment.confidence.model_threat,
            lift: verdict::lift(
                decided.draft.ruling.prohibited.len(),
                received.alarm.captions.len(),
            ),
        }))
    }
}

/// Alarms of one camera on one day resemble each other.
fn camera_day(alarm: &Alarm) -> String {
    format!("{} {}", alarm.camera, alarm.occurred_at.strftime("%Y-%m-%d"))
}

/// The manager who approves, known by their password.
async fn approver(store: &Store, name: &str) -> Result<User, AppError> {
    let password = read_password()?;
    let (user, hash) = store.user_credentials(name).await?.unzip();
    // A user who does not exist costs the same.
    let known = auth::verify_password(&password, hash.as_deref());
    match user.filter(|_| known) {
        Some(user) if user.role.grants_autonomy() => Ok(user),
        Some(user) => Err(AppError::Input(format!(
            "{} is {}; what a site learns is approved by a manager",
            user.name, user.role
        ))),
        None => Err(AppError::Input("the name or the password is wrong".to_owned())),
    }
}
