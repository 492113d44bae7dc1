//! The service: worker, checkpoints and HTTP side by side, from start to an orderly stop.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    sync::Arc,
    time::Duration,
};

use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{Notify, broadcast},
};
use tokio_util::sync::CancellationToken;

use super::{App, AppError, Desk, Models, OnMissingModel, first_start, samples, watch::Watch};
use crate::{
    assessment::Depth,
    audit::{Event, EventKind},
    http::{self, ApiState, Readiness, ReportFormat},
    lifecycle::Lifecycle,
    model::site::SiteModels,
    pipeline::Pipeline,
    policy::{LivePolicies, Policies},
    reports,
    store::{Change, Store},
    telemetry,
    worker::Worker,
};

/// A grown log is signed at least this often.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(2);
/// A model that was out of reach at start is asked this often.
const SETTLE_EVERY: Duration = Duration::from_secs(5);
/// Changes that a slow listener may lag behind before it is told to fetch everything again.
const CHANGES_KEPT: usize = 1024;

/// Serves until the operating system asks to stop. With `with_samples`, sample alarms arrive on
/// an empty store, so that a newcomer sees a living queue.
///
/// # Errors
/// [`AppError`] when a part cannot be started; nothing runs then.
pub async fn serve(app: App, with_samples: bool) -> Result<(), AppError> {
    let metrics = telemetry::start_metrics().map_err(AppError::environment)?;
    let listener = bind(&app.config.listen).await?;
    let store = app.open_store().await?;
    let in_force = open_policies(&app, &store).await?;
    store.release_jobs().await?;
    let models = app.load_models(OnMissingModel::RunOn).await?;
    for problem in &models.problems {
        tracing::error!("{problem}; every alarm goes to a person until this is mended");
    }
    let log_ins = first_start::prepare(&app, &store, with_samples).await?;
    record_start(&app, &store, &models, &in_force.policies).await?;

    let lifecycle = Lifecycle::default();
    let wake = Arc::new(Notify::new());
    let (changes, _) = broadcast::channel::<Change>(CHANGES_KEPT);
    let learned = SiteModels::default();
    let InForce { policies, desk } = in_force;
    let pipeline = Arc::new(app.pipeline(policies, &models, learned.clone(), Depth::Report).await?);
    let watch = Watch {
        store: store.clone(),
        sites: Arc::clone(&app.sites),
        learned,
        made_with: pipeline.made_with().to_owned(),
        clock: Arc::clone(&app.clock),
        ids: Arc::clone(&app.ids),
        wake: Arc::clone(&wake),
        recorded: Arc::default(),
    };
    watch.refresh().await?;
    for number in 1..=app.config.workers {
        let worker = Worker {
            name: format!("{}-{number}", std::process::id()),
            store: store.clone(),
            pipeline: Arc::clone(&pipeline),
            sites: Arc::clone(&app.sites),
            ids: Arc::clone(&app.ids),
            wake: Arc::clone(&wake),
            changes: changes.clone(),
        };
        lifecycle.spawn(worker.run(lifecycle.stop_token()));
    }
    lifecycle.spawn(keep_signing(store.clone(), lifecycle.stop_token()));
    lifecycle.spawn(watch.clone().run(lifecycle.stop_token()));
    lifecycle.spawn(Arc::clone(&desk).run(lifecycle.stop_token()));
    lifecycle.spawn(settle(pipeline, lifecycle.stop_token()));

    let running =
        Running { app: &app, store: &store, models: &models, desk, lifecycle: &lifecycle };
    let state = ApiState {
        quality: Arc::new(move |site| {
            let watch = watch.clone();
            Box::pin(async move { watch.figures(&site).await })
        }),
        ..api_state(running, metrics, changes, &wake)
    };
    announce(&listener, &log_ins, &models);
    if with_samples {
        let feed = samples::feed(app.sites.clone(), store.clone(), wake, lifecycle.stop_token());
        lifecycle.spawn(feed);
    }
    let stopping = lifecycle.clone();
    let served = axum::serve(
        listener,
        http::router(state).into_make_service_with_connect_info::<std::net::SocketAddr>(),
    )
    .with_graceful_shutdown(async move { stopping.until_stopped().await })
    .await;
    lifecycle.finish().await;
    store.record(Event::new(EventKind::SystemStop, app.clock.now())).await?;
    store.checkpoint().await?;
    served.map_err(AppError::environment)
}

/// The policies in force, and the desk that exchanges them.
struct InForce {
    policies: Arc<LivePolicies>,
    desk: Arc<Desk>,
}

/// What is in force is known before anything is recorded. A faulty folder does not keep the service from
/// starting with what people approved: what ships stands in until that is loaded.
async fn open_policies(app: &App, store: &Store) -> Result<InForce, AppError> {
    let folder = app.config.policies_dir.clone();
    let (policies, fault) = match app.policies() {
        Ok(policies) => (policies, None),
        Err(fault) if folder.is_some() => {
            let shipped = Policies::shipped().map_err(AppError::input)?;
            (Arc::new(LivePolicies::new(shipped)), Some(fault.to_string()))
        }
        Err(fault) => return Err(fault),
    };
    let desk = Desk::new(store.clone(), Arc::clone(&policies), Arc::clone(&app.clock), folder);
    desk.start(fault.as_deref()).await?;
    Ok(InForce { policies, desk: Arc::new(desk) })
}

async fn bind(listen: &str) -> Result<TcpListener, AppError> {
    TcpListener::bind(listen).await.map_err(|error| {
        let advice = if error.kind() == io::ErrorKind::AddrInUse {
            "another program listens there; stop it, or choose another port with SERENO_LISTEN"
        } else {
            "`listen` must be an address of this machine and a port, such as 127.0.0.1:8080"
        };
        AppError::Environment(format!("cannot listen on {listen}: {error}; {advice}"))
    })
}

/// What was loaded, by digest, so that every later entry can be read beside it.
async fn record_start(
    app: &App,
    store: &Store,
    models: &Models,
    policies: &LivePolicies,
) -> Result<(), AppError> {
    let event = Event::new(EventKind::SystemStart, app.clock.now())
        .public("language_model", json!(models.language.manifest()))
        .public("classifier", json!(models.classifier.manifest()))
        .public("policy_digest", policies.current().digest())
        .public("emergency_dispatch_recommendation", app.sites.any_emergency_services());
    store.record(event).await?;
    Ok(())
}

/// Signs the log whenever it has grown. A failure is told and tried again: the entries are safe.
async fn keep_signing(store: Store, stop: CancellationToken) {
    let mut every = tokio::time::interval(CHECKPOINT_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => {}
        }
        if let Err(error) = store.checkpoint().await {
            tracing::error!(%error, "the log could not be signed");
        }
    }
}

/// A model server that was down at start is asked until it is there, so that it is ready for an alarm.
async fn settle(pipeline: Arc<Pipeline>, stop: CancellationToken) {
    while !pipeline.settle().await {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SETTLE_EVERY) => {}
        }
    }
}

/// What the API is put together from.
struct Running<'a> {
    app: &'a App,
    store: &'a Store,
    models: &'a Models,
    desk: Arc<Desk>,
    lifecycle: &'a Lifecycle,
}

fn api_state(
    running: Running<'_>,
    metrics: metrics_exporter_prometheus::PrometheusHandle,
    changes: broadcast::Sender<Change>,
    wake: &Arc<Notify>,
) -> ApiState {
    let Running { app, store, models, desk, lifecycle } = running;
    let sites = Arc::clone(&app.sites);
    let (language, classifier) = (Arc::clone(&models.language), Arc::clone(&models.classifier));
    ApiState {
        store: store.clone(),
        clock: Arc::clone(&app.clock),
        ids: Arc::clone(&app.ids),
        changes,
        wake: Arc::clone(wake),
        metrics,
        ready: Arc::new(move || {
            let all = language.is_ready() && classifier.is_ready();
            if all { Readiness::Ready } else { Readiness::Degraded }
        }),
        log_vkey: store.verifier_key(),
        render: Arc::new(|report, format| {
            match format {
                ReportFormat::Html => reports::html(report),
                ReportFormat::Markdown => reports::markdown(report),
            }
            .map_err(|error| error.to_string())
        }),
        resolve_site: Arc::new(move |alarm| sites.resolve(alarm)),
        site_ids: app.sites.iter().map(|site| site.id.clone()).collect(),
        quality: Arc::new(|_| Box::pin(async { Ok(None) })),
        policies: desk,
        limits: app.config.limits.clone(),
        secure_cookies: app.config.secure_cookies,
        stopping: lifecycle.stop_token(),
    }
}

/// The one thing that is written to standard output: where to go and how to get in.
fn announce(listener: &TcpListener, log_ins: &[first_start::LogIn], models: &Models) {
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let mut told = format!("Sereno {} listens on http://{address}\n", env!("CARGO_PKG_VERSION"));
    for log_in in log_ins {
        let _infallible =
            writeln!(told, "  log-in: {:<9} password: {}", log_in.name, log_in.password);
    }
    if !log_ins.is_empty() {
        told.push_str("  change them with: sereno user password NAME\n");
    }
    if !models.problems.is_empty() {
        told.push_str(
            "  a model is missing or out of reach: every alarm goes to a person (see the log above)\n",
        );
    }
    // Whoever started it may have stopped reading; the service goes on.
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(told.as_bytes()).and_then(|()| out.flush()) {
        tracing::warn!(%error, "nobody reads where the service listens");
    }
}
