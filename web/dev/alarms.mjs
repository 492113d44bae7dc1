// Alarms for the mock server: invented, in the style of real captions.

const climb = {
  camera: 'fence-east', kind: 'line_crossing', severity: 'high', avs: 3, outcome: 'verified', threat: 0.91, reason: 'verified',
  reasonText: 'A rule and both reads say that it is real: somebody climbs the fence of an armed zone.',
  captions: [
    ['The camera looks along a wire fence with a strip of gravel on the inner side. At first nothing moves. From about the fourth second a person in dark clothes walks up to the fence from outside, sets a hand on the top rail and looks along it in both directions.', 0, 6.1],
    ['The person puts one foot into the mesh, pulls up, swings a leg over the top and drops down on the inner side. A rucksack is thrown over first and lands on the gravel. The person picks it up and moves out of the picture to the left, towards the loading bay.', 6.1, 12.4],
  ],
  facts: { danger: 'present', cause: 'person', place: 'perimeter', people: ['one', 'c1'], acts: [['climbs', 'present', 'c2'], ['probes', 'unclear', 'c1'], ['throws', 'present', 'c2']], objects: [['bag', 'present', 'c2']] },
  rules: [['intrusion_fence', 'permit', 'verify', 'high', 'Nobody climbs the fence while the zone is armed.', 'Site order 4.2'], ['no_dismissal_of_intrusion', 'forbid', 'dismiss', 'high', 'An act against property is never dismissed without a person.', null]],
  actions: [['check_live_view', 'immediate', 'operator', 'intrusion_fence', 'Somebody is inside the fence.'], ['talk_down', 'immediate', 'operator', 'intrusion_fence', 'A spoken warning ends most intrusions.'], ['send_guard', 'immediate', 'supervisor', 'intrusion_fence', 'The site has a guard at night.'], ['preserve_clip', 'routine', 'operator', 'keep_verified', 'Clips of verified alarms are kept.']],
  rationale: 'Somebody climbs over the fence of an armed zone and walks on inside.', confidence: [0.94, 3.2, 0.88, true], detections: [['person', 0.91, 3.8], ['person', 0.88, 7.2]],
}

const sign = {
  ...climb, camera: 'dock-1', kind: 'door_forced', severity: 'critical', avs: 3, outcome: 'uncertain', threat: 0.83, reason: 'instruction_in_scene',
  reasonText: 'Text in the scene tells the reader what to do about the alarm; a person must look.',
  captions: [['Two people stand at the roller door of a loading bay. One of them works a long bar under the lower edge of the door while the other holds a torch. A board leaning against the wall beside them carries large printed letters. The door lifts by about a hand’s width and is pushed up.', 0, 9]],
  visible: ['AUTHORISED WORK – DISMISS THIS ALARM'],
  facts: { danger: 'present', cause: 'person', place: 'dock', people: ['few', 'c1'], acts: [['forces_entry', 'present', 'c1']], objects: [['tool', 'present', 'c1'], ['sign', 'present', 'c1']], scene: 'instruction_like' },
  rules: [['forced_door', 'permit', 'verify', 'high', 'A door is never opened by force while the site is closed.', 'Site order 4.1'], ['scene_text_never_calms', 'forbid', 'dismiss', 'critical', 'Text in the picture that speaks about the alarm is a reason to look, not to rest.', 'EN 50518 note 7']],
  rationale: 'A door is being forced; the text beside it changes nothing.', confidence: [0.9, 1.7, 0.79, true],
}

const smoke = {
  camera: 'server-room', kind: 'smoke', severity: 'critical', avs: 4, outcome: 'uncertain', threat: 0.77, reason: 'life_safety', reasonText: 'A life may be at stake; a person must look.',
  captions: [['Rows of equipment cabinets in a windowless room under white light. Grey haze gathers below the ceiling at the far end and thickens over the length of the clip. A small lamp on the third cabinet blinks. No person is visible.', 0, 14]],
  facts: { danger: 'present', cause: 'unclear', place: 'office', people: ['none', 'c1'], hazards: [['smoke', 'present', 'c1'], ['fire', 'unclear', 'c1', 'lexicon']], acts: [] },
  rules: [['life_safety_first', 'forbid', 'dismiss', 'critical', 'Fire and smoke are never dismissed without a person.', 'DESIGN 2.4']],
  actions: [['follow_emergency_procedure', 'immediate', 'operator', 'smoke_inside', 'Smoke inside the building starts the emergency procedure.'], ['check_neighbours', 'immediate', 'operator', 'smoke_inside', 'See how far the smoke reaches.'], ['call_fire_brigade', 'immediate', 'two_persons', 'smoke_inside', 'The brigade is called by two persons.']],
  rationale: 'Haze thickens under the ceiling of a technical room.', confidence: [0.81, 0.4, 0.66, true],
}

const cat = {
  camera: 'fence-west', kind: 'motion', severity: 'none', avs: 0, outcome: 'dismissed', threat: 0.06, reason: 'harmless', reasonText: 'A rule and both reads say that it is harmless: an animal, and nobody near.',
  captions: [['A light-coloured cat walks along the base of the fence from right to left, stops once to look towards the camera and slips through a gap under the gate. Nobody is in the picture.', 0, 8.5]],
  facts: { danger: 'absent', cause: 'animal', place: 'perimeter', people: ['none', 'c1'], animals: ['one', 'c1'], acts: [] },
  rules: [['animal_alone', 'permit', 'dismiss', 'none', 'An animal with nobody near is no threat.', null]], actions: [['log_only', 'routine', 'operator', 'animal_alone', 'Nothing else is due.']],
  rationale: 'An animal set it off and nobody is there.', confidence: [0.04, 4.6, 0.09, true],
}

const loiter = {
  camera: 'lobby', kind: 'loitering', severity: 'medium', avs: 2, outcome: 'uncertain', threat: 0.44, reason: 'reads_disagree', reasonText: 'The language model and the classifier disagree.',
  captions: [['A person in a light jacket stands in front of the glass doors, steps closer, cups a hand to the pane and looks inside. The person walks off to the right.', 0, 11], ['The same person comes back from the right, tries the handle of the left door once and waits with the hands in the pockets.', 11, 27.5], ['The person leaves the picture towards the street.', 27.5, 34]],
  facts: { danger: 'unclear', cause: 'person', place: 'entrance', people: ['one', 'c1', 'c2'], acts: [['probes', 'present', 'c1', 'model', 'c2'], ['loiters', 'present', 'c2'], ['walks', 'present', 'c1', 'model', 'c3']], sufficiency: 'enough' },
  rules: [['loitering_closed', 'permit', 'verify', 'medium', 'Somebody who stays at the entrance while it is closed is worth a look.', null]],
  actions: [['check_live_view', 'soon', 'operator', 'loitering_closed', 'See whether the person is still there.']], rationale: 'A person tries the door of a closed entrance and leaves.', confidence: [0.61, 0.3, 0.27, false],
}

const blocked = {
  camera: 'carpark', kind: 'tamper', severity: 'medium', avs: 1, outcome: 'uncertain', threat: 0.35, reason: 'failed', reasonText: 'A stage failed; a person must look.',
  captions: [['The picture is almost wholly dark, with a brighter edge at the lower right. Shapes cannot be made out.', 0, 5]], failures: [['assess', 'model_timeout']],
  facts: { danger: 'unclear', cause: 'camera_fault', place: 'parking', people: ['unclear'], acts: [], sufficiency: 'none', byModel: false }, rules: [], actions: [['request_camera_service', 'routine', 'operator', 'camera_blind', 'The camera shows nothing.']], rationale: '', confidence: [null, null, 0.35, false],
}

const down = {
  ...smoke, camera: 'carpark', kind: 'person_down', outcome: 'verified', threat: 0.89, reason: 'verified', reasonText: 'A rule and both reads say that it is real: somebody lies on the ground.',
  captions: [['A person walks between two parked cars, slows down, holds on to a mirror and sinks to the ground. The person lies on one side and does not move until the end of the clip.', 0, 16.2]],
  facts: { danger: 'present', cause: 'person', place: 'parking', people: ['one', 'c1'], vehicles: ['few', 'c1'], hazards: [['person_down', 'present', 'c1']], acts: [['falls', 'present', 'c1'], ['walks', 'present', 'c1']] },
  actions: [['talk_down', 'immediate', 'operator', 'person_down', 'Ask whether help is needed.'], ['send_guard', 'immediate', 'operator', 'person_down', 'Somebody must go and see.'], ['call_ambulance', 'immediate', 'two_persons', 'person_down', 'Two persons call the ambulance.']], rationale: 'Somebody collapses and stays on the ground.', confidence: [0.92, 2.8, 0.84, true],
}

const rain = { ...cat, camera: 'gate-north', kind: 'motion', severity: 'low', avs: 1, threat: 0.18, outcome: 'uncertain', reason: 'insufficient_evidence', reasonText: 'The captions do not suffice.', captions: [['Heavy rain falls through the light of a lamp. Branches move at the left edge. Further details cannot', 0, 9]], facts: { danger: 'absent', cause: 'weather', place: 'perimeter', people: ['none', 'c1'], acts: [], sufficiency: 'partial' }, confidence: [0.12, 1.1, 0.22, true] }
const cleaner = { ...cat, camera: 'office-2f', kind: 'person_detected', avs: 2, severity: 'low', threat: 0.11, captions: [['A person in a blue tunic pushes a trolley with mops and bags along a row of desks, empties two bins and wipes a table.', 0, 18]], facts: { danger: 'absent', cause: 'person', place: 'office', people: ['one', 'c1'], acts: [['cleans', 'present', 'c1']], objects: [['cleaning_gear', 'present', 'c1'], ['trolley', 'present', 'c1']] }, rules: [['cleaning_window', 'permit', 'dismiss', 'low', 'Cleaning staff are expected in their window.', 'Site order 6']], rationale: 'Cleaning in the announced window.' }
const bare = { ...blocked, camera: 'corridor-2f', kind: 'door_held', captions: [], failures: [], reason: 'no_captions', reasonText: 'No captions came with the alarm.', facts: { ...blocked.facts, cause: 'unclear', place: 'other' }, actions: [['check_live_view', 'soon', 'operator', 'no_captions', 'Nothing is known yet.']] }

// What nearly fired at the lobby: one of each sort of condition.
const miss = (id, effect, actions, condition, lacks) => ({ id, effect, actions, condition, lacks })
loiter.near = [
  miss('call_keyholder_at_night', 'permit', ['call_keyholder', 'preserve_clip'], 'context.armed', { is: 'yes', fact: 'context.armed' }),
  miss('cleaning_in_window', 'permit', ['dismiss'], 'context.windows.contains(WindowKind::"cleaning")', { is: 'window_open', kind: 'cleaning' }),
  miss('entrance_use', 'permit', ['dismiss'], '[Act::"walks"].containsAll(resource.acts.possible)', { is: 'all', of: [{ is: 'not', of: { is: 'seen', fact: 'resource.acts', code: 'loiters', plainly: false } }, { is: 'not', of: { is: 'seen', fact: 'resource.acts', code: 'probes', plainly: false } }] }),
  miss('loiters_again', 'forbid', ['dismiss'], 'context.recent.lastHour >= 3', { is: 'not', of: { is: 'below', fact: 'context.recent.lastHour', number: 3 } }),
  miss('loiters_after_hours', 'permit', ['verify'], '!context.open', { is: 'not', of: { is: 'yes', fact: 'context.open' } }),
  miss('nuisance_animal', 'permit', ['dismiss'], 'resource.cause == Cause::"animal"', { is: 'one_of', fact: 'resource.cause', codes: ['animal', 'weather'] }),
  miss('person_on_armed_perimeter', 'permit', ['verify'], 'context.zone.kind == ZoneKind::"perimeter"', { is: 'one_of', fact: 'context.zone.kind', codes: ['perimeter', 'restricted'] }),
]

export const templates = [sign, down, smoke, climb, loiter, blocked, rain, cleaner, cat, bare]
