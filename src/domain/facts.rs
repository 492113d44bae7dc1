//! What was understood from the captions: acts and things, each with its evidence.
//!
//! There is no place here for who somebody is, what they feel or what they intend (Regulation
//! (EU) 2024/1689, Art. 3(39) and Annex III 1): the closed lists name acts and things alone.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::CaptionId;

/// Derives everything a closed list of codes needs: JSON and text names in `snake_case`, and its members.
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
            strum::IntoStaticStr, strum::EnumString, strum::Display, strum::VariantArray,
        )]
        #[serde(rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// The code's name, as JSON, policies and prompts write it.
            pub fn as_str(self) -> &'static str { self.into() }
        }
    };
}
pub(crate) use codes;

codes! {
    /// Whether a thing is there.
    Presence {
        /// Said or seen plainly.
        Present,
        /// Hedged, partly seen, or read by the lexicon alone.
        Unclear,
        /// Said or seen not to be there.
        Absent,
    }
}

codes! {
    /// Who read a fact.
    Reader {
        /// The language model.
        Model,
        /// The fixed word lists, which may only raise doubt.
        Lexicon,
        /// The source's detector.
        Detector,
    }
}

codes! {
    /// Acts that can be seen.
    Act {
        /// Climbs a fence, wall or gate.
        Climbs,
        /// Forces a door, window, lock or fence.
        ForcesEntry,
        /// Goes into or through a door, gate or opening.
        Enters,
        /// Follows somebody through a door or gate without own access.
        Tailgates,
        /// Stays about for long without going anywhere.
        Loiters,
        /// Tries handles, looks into vehicles or windows.
        Probes,
        /// Strikes, kicks, pushes or wrestles somebody.
        Fights,
        /// Points or raises a weapon at somebody.
        ThreatensWithWeapon,
        /// Falls or collapses.
        Falls,
        /// Takes goods or things away, conceals them, snatches them.
        Takes,
        /// Breaks, smashes, sprays or scratches things.
        Damages,
        /// Sets something on fire.
        SetsFire,
        /// Covers, turns or strikes a camera.
        TampersCamera,
        /// A vehicle hits something or somebody.
        Crashes,
        /// Throws an object.
        Throws,
        /// Runs.
        Runs,
        /// Leaves an object behind.
        LeavesObject,
        /// Loads, unloads or delivers goods.
        Delivers,
        /// Cleans.
        Cleans,
        /// Repairs, installs, or inspects equipment.
        Repairs,
        /// Drives, parks or rides.
        Drives,
        /// Walks or passes by.
        Walks,
        /// Stands, sits or waits.
        Waits,
        /// Talks, shops, works or does another everyday thing.
        Works,
    }
}

impl Act {
    /// Whether it is what people do every day; the list names the others first.
    pub fn is_everyday(self) -> bool {
        self >= Self::Runs
    }

    /// Acts against a person.
    pub const AGAINST_LIFE: [Self; 3] = [Self::Fights, Self::ThreatensWithWeapon, Self::SetsFire];
    /// Acts against property.
    pub const AGAINST_PROPERTY: [Self; 5] =
        [Self::Climbs, Self::ForcesEntry, Self::Takes, Self::Damages, Self::TampersCamera];
}

codes! {
    /// Things that endanger.
    Hazard {
        /// Flames.
        Fire,
        /// Smoke.
        Smoke,
        /// A firearm, a blade, or another thing used as a weapon.
        Weapon,
        /// Somebody lies on the ground, has collapsed or does not move.
        PersonDown,
        /// Blood or an injury.
        Injury,
        /// An explosion.
        Explosion,
        /// Water or another liquid where it should not be.
        Leak,
    }
}

impl Hazard {
    /// Hazards that no machine may dismiss, whatever a model says (DESIGN.md §2.4).
    pub const LIFE_SAFETY: [Self; 6] =
        [Self::Fire, Self::Smoke, Self::Weapon, Self::PersonDown, Self::Injury, Self::Explosion];
}

codes! {
    /// Things that matter to a rule.
    Object {
        /// A bag, rucksack or suitcase.
        Bag,
        /// A box, parcel, pallet or goods.
        Goods,
        /// A crowbar, bolt cutter, hammer, drill or the like.
        Tool,
        /// A ladder.
        Ladder,
        /// A trolley, pallet truck or forklift.
        Trolley,
        /// A car, van, lorry or motorcycle.
        Vehicle,
        /// A bicycle, scooter or skateboard.
        Bicycle,
        /// A mop, bucket, broom or cleaning machine.
        CleaningGear,
        /// A sign, a banner or a screen with text.
        Sign,
        /// A spray can.
        SprayCan,
    }
}

codes! {
    /// What most likely set the alarm off.
    Cause {
        /// Somebody.
        Person,
        /// An animal, an insect, a spider's web.
        Animal,
        /// A vehicle.
        Vehicle,
        /// Rain, snow, fog, wind, moving leaves.
        Weather,
        /// Head-lights, shadows, reflections, a change of light.
        Light,
        /// A blurred, dark, blocked, frozen or turned camera.
        CameraFault,
        /// The captions do not say.
        Unclear,
    }
}

codes! {
    /// Where it happens, as the captions show it. What the site's file says of the camera is context.
    Place {
        /// A fence, wall or gate.
        Perimeter,
        /// A door, lobby or reception.
        Entrance,
        /// A loading bay, dock or warehouse.
        Dock,
        /// A car park or garage.
        Parking,
        /// An office, corridor or staircase.
        Office,
        /// A shop, a counter, a bank.
        Shop,
        /// A street, pavement or square.
        Street,
        /// A home, garden or drive.
        Home,
        /// Elsewhere, or not said.
        Other,
    }
}

codes! {
    /// How many.
    CountBand {
        /// None.
        None,
        /// One.
        One,
        /// Two to four.
        Few,
        /// Five or more.
        Many,
        /// The captions do not say.
        Unclear,
    }
}

codes! {
    /// Whether the captions suffice to judge by.
    Sufficiency {
        /// They say what happens from start to end.
        Enough,
        /// They leave a gap, or were cut to fit.
        Partial,
        /// They say nothing that helps, or there are none.
        None,
    }
}

codes! {
    /// Class of the text seen in the scene; the text itself reaches no model that decides.
    /// Ordered by how much doubt it raises.
    SceneText {
        /// None was seen.
        None,
        /// A name or a word or two.
        Logo,
        /// A registration plate or another number.
        PlateLike,
        /// A sentence or a notice.
        Sentence,
        /// It tells the reader what to do about the alarm, or imitates our own formats.
        InstructionLike,
    }
}

/// One thing, whether it is there, and where that is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Observed<T> {
    /// The code.
    pub code: T,
    /// Whether it is there.
    pub presence: Presence,
    /// Captions that say so; empty only for detections.
    pub evidence: Vec<CaptionId>,
    /// Who read it.
    pub reader: Reader,
}

/// How many, and where that is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counted {
    /// How many.
    pub count: CountBand,
    /// Captions that say so.
    pub evidence: Vec<CaptionId>,
}

impl Counted {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { count: CountBand::Unclear, evidence: Vec::new() };
}

/// [`Object`] by a name that `utoipa` does not take for "any JSON object".
type Thing = Object;

/// Everything that was read from an alarm's captions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Facts {
    /// Whether the captions suffice to judge by.
    pub sufficiency: Sufficiency,
    /// Whether the scene shows a crime, an accident, violence, fire or somebody in danger.
    pub danger: Presence,
    /// What most likely set the alarm off.
    pub cause: Cause,
    /// Where it happens.
    pub place: Place,
    /// People.
    pub people: Counted,
    /// Vehicles.
    pub vehicles: Counted,
    /// Animals.
    pub animals: Counted,
    /// Acts, those that matter most first.
    pub acts: Vec<Observed<Act>>,
    /// Things.
    #[schema(value_type = Vec<Observed<Thing>>)]
    pub objects: Vec<Observed<Object>>,
    /// Hazards.
    pub hazards: Vec<Observed<Hazard>>,
    /// Class of the text seen in the scene.
    pub scene_text: SceneText,
    /// Captions that were cut or left out to fit the model's window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<CaptionId>,
    /// Whether the language model read the captions; else only the fixed word lists did.
    pub read_by_model: bool,
}

impl Facts {
    /// The facts of an alarm that nobody has read.
    pub const fn unread() -> Self {
        Self {
            sufficiency: Sufficiency::None,
            danger: Presence::Unclear,
            cause: Cause::Unclear,
            place: Place::Other,
            people: Counted::UNKNOWN,
            vehicles: Counted::UNKNOWN,
            animals: Counted::UNKNOWN,
            acts: Vec::new(),
            objects: Vec::new(),
            hazards: Vec::new(),
            scene_text: SceneText::None,
            cut: Vec::new(),
            read_by_model: false,
        }
    }

    /// Whether `act` is there, by anybody's reading: the strongest presence wins.
    pub fn act(&self, act: Act) -> Presence {
        strongest(&self.acts, act)
    }

    /// Whether `hazard` is there, by anybody's reading: the strongest presence wins.
    pub fn hazard(&self, hazard: Hazard) -> Presence {
        strongest(&self.hazards, hazard)
    }

    /// Whether a hazard that no machine may dismiss is present or cannot be ruled out.
    pub fn life_safety(&self) -> bool {
        Hazard::LIFE_SAFETY.iter().any(|hazard| self.hazard(*hazard) != Presence::Absent)
            || Act::AGAINST_LIFE.iter().any(|act| self.act(*act) != Presence::Absent)
    }
}

fn strongest<T: PartialEq + Copy>(observed: &[Observed<T>], code: T) -> Presence {
    observed
        .iter()
        .filter(|one| one.code == code)
        .map(|one| one.presence)
        .min()
        .unwrap_or(Presence::Absent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(code: Hazard, presence: Presence) -> Observed<Hazard> {
        Observed { code, presence, evidence: vec![CaptionId(1)], reader: Reader::Model }
    }

    #[test]
    fn the_strongest_reading_wins_and_silence_is_absence() {
        let facts = Facts {
            hazards: vec![
                observed(Hazard::Fire, Presence::Absent),
                observed(Hazard::Fire, Presence::Unclear),
            ],
            ..Facts::unread()
        };
        assert_eq!(facts.hazard(Hazard::Fire), Presence::Unclear);
        assert_eq!(facts.hazard(Hazard::Weapon), Presence::Absent);
        assert!(facts.life_safety());
        assert!(!Facts::unread().life_safety());
    }

    #[test]
    fn codes_have_one_spelling_everywhere() {
        let json = serde_json::to_string(&Act::ThreatensWithWeapon).ok();
        assert_eq!(json.as_deref(), Some("\"threatens_with_weapon\""));
        assert_eq!(Act::ThreatensWithWeapon.as_str(), "threatens_with_weapon");
        assert_eq!("forces_entry".parse(), Ok(Act::ForcesEntry));
    }
}
