//! Facts and context as Cedar reads them: one entity and one context record, built without JSON.

use std::{
    collections::{HashMap, HashSet},
    str::FromStr,
};

use cedar_policy::{
    Context as CedarContext, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request,
    RestrictedExpression as Value,
};

use crate::domain::{
    Act, Cause, Context, CountBand, Facts, Hazard, Object, Observed, Phase, Place, Presence,
    SceneText, Sufficiency, WindowKind, ZoneKind,
};

use super::{AlarmView, action::PolicyAction, error::PolicyError, schema::Code};

/// The codes of one closed list as Cedar values, made once.
struct Codes<T>(Vec<(T, Value)>);

impl<T: Code> Codes<T> {
    fn new() -> Result<Self, PolicyError> {
        let value = |code: &T| {
            let name: &str = (*code).into();
            uid(T::TYPE, name).map(|uid| (*code, Value::new_entity_uid(uid)))
        };
        T::ALL.iter().map(value).collect::<Result<_, _>>().map(Self)
    }

    /// The code as a Cedar value. Every member is in the table, so the empty set never stands in.
    fn of(&self, code: T) -> Value {
        let found = self.0.iter().find(|(one, _)| *one == code);
        found.map_or_else(|| Value::new_set([]), |(_, value)| value.clone())
    }

    /// `{ present, unclear, possible }`; the strongest presence of a code wins.
    fn observed(&self, observed: &[Observed<T>]) -> Value {
        let (mut present, mut unclear) = (Vec::new(), Vec::new());
        for (code, value) in &self.0 {
            let seen = observed.iter().filter(|one| one.code == *code).map(|one| one.presence);
            match seen.min() {
                Some(Presence::Present) => present.push(value.clone()),
                Some(Presence::Unclear) => unclear.push(value.clone()),
                Some(Presence::Absent) | None => {}
            }
        }
        let possible = present.iter().chain(&unclear).cloned().collect::<Vec<_>>();
        record([
            ("present", Value::new_set(present)),
            ("unclear", Value::new_set(unclear)),
            ("possible", Value::new_set(possible)),
        ])
    }
}

/// Everything that can be made before the first alarm.
pub(super) struct Vocabulary {
    agent: EntityUid,
    alarm: EntityUid,
    acts: Codes<Act>,
    causes: Codes<Cause>,
    counts: Codes<CountBand>,
    hazards: Codes<Hazard>,
    objects: Codes<Object>,
    phases: Codes<Phase>,
    places: Codes<Place>,
    presences: Codes<Presence>,
    scene_texts: Codes<SceneText>,
    sufficiencies: Codes<Sufficiency>,
    windows: Codes<WindowKind>,
    zones: Codes<ZoneKind>,
}

/// One alarm, ready to be asked about.
pub(super) struct Question {
    agent: EntityUid,
    alarm: EntityUid,
    context: CedarContext,
    /// The alarm with its facts.
    pub entities: Entities,
}

impl Question {
    /// May the agent do `action`? Nothing where Cedar refuses the question.
    pub(super) fn ask(&self, action: &EntityUid) -> Option<Request> {
        let (agent, alarm) = (self.agent.clone(), self.alarm.clone());
        Request::new(agent, action.clone(), alarm, self.context.clone(), None).ok()
    }
}

impl Vocabulary {
    pub(super) fn new() -> Result<Self, PolicyError> {
        Ok(Self {
            agent: uid("Sereno::Agent", "sereno")?,
            alarm: uid("Sereno::Alarm", "alarm")?,
            acts: Codes::new()?,
            causes: Codes::new()?,
            counts: Codes::new()?,
            hazards: Codes::new()?,
            objects: Codes::new()?,
            phases: Codes::new()?,
            places: Codes::new()?,
            presences: Codes::new()?,
            scene_texts: Codes::new()?,
            sufficiencies: Codes::new()?,
            windows: Codes::new()?,
            zones: Codes::new()?,
        })
    }

    /// Puts an alarm into Cedar's words. An error here is a fault of this build.
    pub(super) fn question(
        &self,
        alarm: &AlarmView<'_>,
        facts: &Facts,
        context: &Context,
    ) -> Result<Question, PolicyError> {
        let attributes = self.alarm_attributes(alarm, facts);
        let entity = Entity::new(self.alarm.clone(), attributes, HashSet::new())
            .map_err(PolicyError::vocabulary)?;
        Ok(Question {
            agent: self.agent.clone(),
            alarm: self.alarm.clone(),
            context: CedarContext::from_pairs(self.context_pairs(context))
                .map_err(PolicyError::vocabulary)?,
            entities: Entities::from_entities([entity], None).map_err(PolicyError::vocabulary)?,
        })
    }

    fn alarm_attributes(&self, alarm: &AlarmView<'_>, facts: &Facts) -> HashMap<String, Value> {
        named([
            ("kind", text(alarm.kind)),
            ("camera", text(alarm.camera)),
            ("phase", self.phases.of(alarm.phase)),
            ("hasCaptions", Value::new_bool(alarm.has_captions)),
            ("readByModel", Value::new_bool(facts.read_by_model)),
            ("cut", Value::new_bool(!facts.cut.is_empty())),
            ("sufficiency", self.sufficiencies.of(facts.sufficiency)),
            ("danger", self.presences.of(facts.danger)),
            ("cause", self.causes.of(facts.cause)),
            ("place", self.places.of(facts.place)),
            ("people", self.counts.of(facts.people.count)),
            ("vehicles", self.counts.of(facts.vehicles.count)),
            ("animals", self.counts.of(facts.animals.count)),
            ("acts", self.acts.observed(&facts.acts)),
            ("objects", self.objects.observed(&facts.objects)),
            ("hazards", self.hazards.observed(&facts.hazards)),
            ("sceneText", self.scene_texts.of(facts.scene_text)),
        ])
        .collect()
    }

    fn context_pairs(&self, context: &Context) -> impl Iterator<Item = (String, Value)> {
        let hour = i64::from(context.local_time.hour());
        let windows = WindowKind::ALL.iter().filter(|kind| context.window(**kind).is_some());
        let weekday = context.local_time.weekday().to_monday_one_offset();
        named([
            ("site", text(&context.site)),
            ("cameraKnown", Value::new_bool(context.camera_known)),
            ("zone", self.zone(context)),
            ("open", Value::new_bool(context.open)),
            ("armed", Value::new_bool(context.armed)),
            ("windows", Value::new_set(windows.map(|kind| self.windows.of(*kind)))),
            ("recent", recent(context)),
            ("sequence", sequence(context)),
            ("clockSuspect", Value::new_bool(context.clock_suspect)),
            ("emergencyServices", Value::new_bool(context.emergency_services)),
            ("autonomyGranted", Value::new_bool(context.autonomy_granted)),
            ("hour", Value::new_long(hour)),
            ("minuteOfDay", Value::new_long(hour * 60 + i64::from(context.local_time.minute()))),
            ("weekday", Value::new_long(i64::from(weekday))),
        ])
    }

    fn zone(&self, context: &Context) -> Value {
        record([
            ("id", text(&context.zone.id)),
            ("kind", self.zones.of(context.zone.kind)),
            ("public", Value::new_bool(context.zone.public)),
        ])
    }
}

fn recent(context: &Context) -> Value {
    let recent = &context.recent;
    record([
        ("lastHour", Value::new_long(recent.last_hour.into())),
        ("lastDay", Value::new_long(recent.last_day.into())),
        ("realThreatsLastDay", Value::new_long(recent.real_threats_last_day.into())),
        ("harmlessLastDay", Value::new_long(recent.harmless_last_day.into())),
        ("harmlessLastHour", Value::new_long(recent.harmless_last_hour.into())),
    ])
}

fn sequence(context: &Context) -> Value {
    record([
        ("signals", Value::new_long(context.recent.site_signals.into())),
        ("detectors", Value::new_long(context.recent.site_detectors.into())),
    ])
}

/// The Cedar action's own id.
pub(super) fn action_uid(action: PolicyAction) -> Result<EntityUid, PolicyError> {
    uid("Sereno::Action", action.name())
}

fn uid(type_name: &str, id: &str) -> Result<EntityUid, PolicyError> {
    let type_name = EntityTypeName::from_str(type_name).map_err(PolicyError::vocabulary)?;
    Ok(EntityUid::from_type_name_and_id(type_name, EntityId::new(id)))
}

fn text(words: &str) -> Value {
    Value::new_string(words.to_owned())
}

fn named<const N: usize>(pairs: [(&str, Value); N]) -> impl Iterator<Item = (String, Value)> {
    pairs.map(|(name, value)| (name.to_owned(), value)).into_iter()
}

/// A record whose names are all different; were they not, the empty set stands in and rules error.
fn record<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::new_record(named(pairs)).unwrap_or_else(|_| Value::new_set([]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{case::CaseContext, schema};

    #[test]
    fn what_is_built_by_hand_conforms_to_the_schema() {
        let schema = cedar_policy::Schema::from_cedarschema_str(&schema::cedar_schema()).unwrap().0;
        let vocabulary = Vocabulary::new().unwrap();
        let alarm =
            AlarmView { kind: "motion", camera: "c", phase: Phase::State, has_captions: true };
        let question = vocabulary
            .question(&alarm, &Facts::unread(), &CaseContext::default().into_context())
            .unwrap();
        for action in PolicyAction::all() {
            let action = action_uid(action).unwrap();
            question.context.validate(&schema, &action).unwrap();
        }
        let alarm = question.entities.get(&vocabulary.alarm).unwrap().clone();
        Entities::from_entities([alarm], Some(&schema)).unwrap();
    }
}
