// Conditions in plain words: every sort, every fact, both languages, and negations where they belong.
import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { en } from '../src/i18n/en'
import { es } from '../src/i18n/es'
import type { Condition } from '../src/api/types'
import { wordsIn } from '../src/policies/words'

const english = wordsIn(en, 'en')
const spanish = wordsIn(es, 'es')

const not = (of: Condition): Condition => ({ is: 'not', of })
const all = (...of: Condition[]): Condition => ({ is: 'all', of })
const any = (...of: Condition[]): Condition => ({ is: 'any', of })
const oneOf = (fact: string, ...codes: string[]): Condition => ({ is: 'one_of', fact, codes })
const act = (code: string, plainly = false): Condition => ({ is: 'seen', fact: 'resource.acts', code, plainly })
const thing = (fact: 'objects' | 'hazards', code: string, plainly = false): Condition => ({ is: 'seen', fact: `resource.${fact}`, code, plainly })
const open = (kind: 'maintenance' | 'cleaning' | 'delivery' | 'test'): Condition => ({ is: 'window_open', kind })
const yes = (fact: string): Condition => ({ is: 'yes', fact })
const text = (fact: string, words: string): Condition => ({ is: 'text', fact, text: words })
const below = (fact: string, number: number): Condition => ({ is: 'below', fact, number })
const windows = ['maintenance', 'cleaning', 'delivery', 'test'] as const
const people = (...codes: string[]) => oneOf('resource.people', ...codes)
const days = (n: number) => below('context.weekday', n)

const said: [string, Condition, string, string][] = [
  ['a window', open('maintenance'), 'a maintenance window were open', 'hubiera abierta una ventana de mantenimiento'],
  ['no window of a kind', not(open('test')), 'no test window were open', 'no hubiera abierta ninguna ventana de prueba'],
  ['one of several windows', any(open('cleaning'), open('test')), 'a cleaning window or a test window were open', 'hubiera abierta una ventana de limpieza o una ventana de prueba'],
  ['none of several windows', not(any(open('cleaning'), open('test'))), 'no cleaning window or test window were open', 'no hubiera abierta ninguna ventana de limpieza ni ninguna ventana de prueba'],
  ['any window at all', not(all(...windows.map((kind) => not(open(kind))))), 'a window of any kind were open', 'hubiera abierta una ventana de cualquier tipo'],
  ['no window at all', all(...windows.map((kind) => not(open(kind)))), 'no window of any kind were open', 'no hubiera abierta ninguna ventana de ningún tipo'],

  ['an act, plainly', act('climbs', true), 'somebody plainly climbed', 'se viera claramente que alguien trepa'],
  ['an act, perhaps', act('climbs'), 'somebody perhaps climbed', 'pudiera ser que alguien trepara'],
  ['no act', not(act('climbs')), 'nobody climbed', 'nadie trepara'],
  ['an act not plainly', not(act('climbs', true)), 'nobody plainly climbed', 'no se viera claramente que alguien trepa'],
  ['one of several acts', any(act('climbs', true), act('forces_entry', true)), 'somebody plainly climbed or forced an entry', 'se viera claramente que alguien trepa o fuerza la entrada'],
  ['none of several acts', all(not(act('climbs')), not(act('runs'))), 'nobody climbed or ran', 'nadie trepara ni corriera'],
  ['none, as the contrary of any', not(any(act('climbs'), act('runs'))), 'nobody climbed or ran', 'nadie trepara ni corriera'],
  ['two acts, each differently seen', any(act('climbs', true), act('runs')), 'somebody plainly climbed or somebody perhaps ran', 'se viera claramente que alguien trepa o pudiera ser que alguien corriera'],
  ['any act at all', any(...Object.keys(en.codes.Act).map((code) => act(code, true))), 'an act of any kind were plainly seen', 'se viera claramente un acto cualquiera'],
  ['a thing', thing('objects', 'ladder', true), 'a ladder were plainly seen', 'se viera claramente una escalera'],
  ['no sign of things', all(not(thing('objects', 'tool')), not(thing('objects', 'ladder'))), 'there were no sign of a tool or a ladder', 'no hubiera indicio de una herramienta o una escalera'],
  ['a hazard, perhaps', thing('hazards', 'smoke'), 'there were some sign of smoke', 'hubiera algún indicio de humo'],
  ['a hazard not plainly', not(thing('hazards', 'fire', true)), 'fire were not plainly seen', 'no se viera claramente fuego'],
  ['an unknown act', act('juggles', true), '“juggles” were plainly seen', 'se viera claramente «juggles»'],

  ['a cause', oneOf('resource.cause', 'animal'), 'the cause were an animal', 'la causa fuera un animal'],
  ['several causes', oneOf('resource.cause', 'animal', 'weather', 'light'), 'the cause were an animal, the weather or a change of light', 'la causa fuera un animal, el tiempo atmosférico o un cambio de luz'],
  ['not a cause', not(oneOf('resource.cause', 'person')), 'the cause were not a person', 'la causa no fuera una persona'],
  ['causes from two lists', any(oneOf('resource.cause', 'animal'), oneOf('resource.cause', 'light')), 'the cause were an animal or a change of light', 'la causa fuera un animal o un cambio de luz'],
  ['a zone', oneOf('context.zone.kind', 'perimeter', 'restricted'), 'the zone were “Perimeter” or “Restricted”', 'la zona fuera «Perímetro» o «Zona restringida»'],
  ['not a zone', not(oneOf('context.zone.kind', 'sales_floor')), 'the zone were not “Sales floor”', 'la zona no fuera «Sala de ventas»'],
  ['danger ruled out', oneOf('resource.danger', 'absent'), 'danger were ruled out', 'el peligro estuviera descartado'],
  ['danger not seen', not(oneOf('resource.danger', 'present')), 'danger were not plainly seen', 'no se viera claramente peligro'],
  ['nobody', people('none'), 'there were no people', 'no hubiera personas'],
  ['perhaps somebody', not(people('none')), 'people were there or might be', 'hubiera, o pudiera haber, personas'],
  ['somebody', people('one', 'few', 'many'), 'people were plainly there', 'se vieran claramente personas'],
  ['a number', people('few', 'many'), 'the number of people were 2 to 4 or 5 or more', 'el número de personas fuera de 2 a 4 o 5 o más'],
  ['enough to judge', oneOf('resource.sufficiency', 'enough'), 'the captions sufficed to judge', 'las descripciones bastaran para juzgar'],

  ['armed', yes('context.armed'), 'the zone were armed', 'la zona estuviera armada'],
  ['closed', not(yes('context.open')), 'the site were closed', 'el sitio estuviera cerrado'],
  ['twice the contrary', not(not(yes('context.open'))), 'the site were open', 'el sitio estuviera abierto'],
  ['a kind', text('resource.kind', 'motion'), 'the alarm were of the kind “Motion”', 'la alarma fuera del tipo «Movimiento»'],
  ['several kinds', any(text('resource.kind', 'motion'), text('resource.kind', 'loitering')), 'the alarm were of the kind “Motion” or “Loitering”', 'la alarma fuera del tipo «Movimiento» o «Merodeo»'],
  ['a pattern', not(text('resource.camera', 'gate-*')), 'the camera were not “gate-*”', 'la cámara no fuera «gate-*»'],

  ['fewer', below('context.recent.lastHour', 3), 'there were fewer than 3 earlier alarms of this camera within the hour', 'hubiera menos de 3 alarmas anteriores de esta cámara en la hora'],
  ['none of a count', below('context.recent.realThreatsLastDay', 1), 'there were no real threats at this camera within the day', 'no hubiera amenazas reales en esta cámara en el día'],
  ['one at least', not(below('context.recent.realThreatsLastDay', 1)), 'there were at least 1 real threat at this camera within the day', 'hubiera al menos 1 amenaza real en esta cámara en el día'],
  ['a range', all(not(below('context.sequence.signals', 2)), below('context.sequence.signals', 5)), 'there were 2 to 4 alarms of the whole site within half an hour, with this one', 'hubiera de 2 a 4 alarmas de todo el sitio en media hora, contando esta'],
  ['an exact number', all(not(below('context.sequence.detectors', 2)), below('context.sequence.detectors', 3)), 'there were exactly 2 cameras and sensors of the site that raised an alarm within half an hour', 'hubiera exactamente 2 cámaras y sensores del sitio con alarma en media hora'],
  ['a time', below('context.minuteOfDay', 450), 'it were before 07:30', 'fueran antes de las 07:30'],
  ['a later time', not(below('context.minuteOfDay', 1320)), 'it were 22:00 or later', 'fueran las 22:00 o más tarde'],
  ['a span of time', all(not(below('context.minuteOfDay', 480)), below('context.minuteOfDay', 1080)), 'it were between 08:00 and 18:00', 'fueran entre las 08:00 y las 18:00'],
  ['working days', days(6), 'it were Monday to Friday', 'fuera de lunes a viernes'],
  ['a weekend', not(days(6)), 'it were Saturday or Sunday', 'fuera sábado o domingo'],
  ['one day', all(not(days(3)), days(4)), 'it were Wednesday', 'fuera miércoles'],

  ['nothing more', all(), 'nothing more were needed', 'no faltara nada más'],
  ['never', any(), 'the rule itself read otherwise', 'la propia regla dijera otra cosa'],
  ['the contrary of nothing more', not(all()), 'the rule itself read otherwise', 'la propia regla dijera otra cosa'],
  ['never, inside', all(yes('context.open'), any()), 'the rule itself read otherwise', 'la propia regla dijera otra cosa'],
  ['what cannot be', all(people('none'), people('one')), 'the rule itself read otherwise', 'la propia regla dijera otra cosa'],
  ['two things', all(yes('context.open'), not(yes('context.armed'))), 'the site were open and the zone were disarmed', 'el sitio estuviera abierto y la zona estuviera desarmada'],
  ['not both', not(all(yes('context.open'), yes('context.armed'))), 'the site were closed or the zone were disarmed', 'el sitio estuviera cerrado o la zona estuviera desarmada'],
  [
    'a list inside, which stands last', all(any(yes('context.open'), open('test')), yes('context.armed')),
    'the zone were armed and either the site were open or a test window were open', 'la zona estuviera armada y o bien el sitio estuviera abierto o hubiera abierta una ventana de prueba',
  ],
  [
    'two lists inside, in brackets', any(all(yes('context.open'), yes('context.armed')), all(open('test'), not(act('runs')))),
    '(the site were open and the zone were armed) or (a test window were open and nobody ran)', '(el sitio estuviera abierto y la zona estuviera armada) o (hubiera abierta una ventana de prueba y nadie corriera)',
  ],
  ['a fact of a newer server', yes('context.moonlit'), 'context.moonlit were so', 'context.moonlit se cumpliera'],
  ['codes of a newer fact', not(oneOf('resource.mood', 'calm')), 'resource.mood were not “calm”', 'resource.mood no fuera «calm»'],
  ['a sort of a newer server', { is: 'moonlit' } as unknown as Condition, 'moonlit were so', 'moonlit se cumpliera'],
  ['a fact named like a property of every object', yes('constructor'), 'constructor were so', 'constructor se cumpliera'],
]

describe('a condition', () => {
  it.each(said)('%s', (_, condition, inEnglish, inSpanish) => {
    expect(english.phrase(condition)).toBe(inEnglish)
    expect(spanish.phrase(condition)).toBe(inSpanish)
  })
})

describe('every fact of the policies’ schema', () => {
  const source = readFileSync('../src/policy/condition/fact.rs', 'utf8')
  const listOf = (name: string) => [...(new RegExp(`enum ${name} \\{([\\s\\S]*?)\\n\\}`).exec(source)?.[1] ?? '').matchAll(/serialize = "([^"]+)"/g)].map((match) => match[1] ?? '')
  const some: Record<string, string> = { 'resource.sceneText': 'sentence', 'context.zone.kind': 'offices', 'resource.phase': 'start', 'resource.place': 'dock', 'resource.sufficiency': 'partial', 'resource.danger': 'unclear', 'resource.cause': 'light' }
  const cases: [string, Condition][] = [
    ...listOf('Code').map((fact): [string, Condition] => [fact, oneOf(fact, some[fact] ?? 'one')]),
    ...listOf('ListFact').map((fact): [string, Condition] => [fact, { is: 'seen', fact, code: { 'resource.acts': 'runs', 'resource.objects': 'bag' }[fact] ?? 'leak', plainly: true }]),
    ...listOf('Flag').map((fact): [string, Condition] => [fact, yes(fact)]),
    ...listOf('Text').map((fact): [string, Condition] => [fact, text(fact, 'x')]),
    ...listOf('Number').map((fact): [string, Condition] => [fact, below(fact, 5)]),
  ]

  it('is read from the source', () => expect(cases.length).toBeGreaterThan(30))

  it.each(cases)('%s has words in both languages, for it and against it', (fact, condition) => {
    for (const words of [english, spanish]) {
      for (const one of [condition, not(condition)]) expect(words.phrase(one)).not.toContain(fact)
    }
  })
})

describe('the words for codes', () => {
  it('cover every act, thing, hazard, window and cause', () => {
    for (const { codes, conditions } of [en, es]) {
      expect(Object.keys(conditions.does)).toEqual(Object.keys(codes.Act))
      expect(Object.keys(conditions.did)).toEqual(Object.keys(codes.Act))
      expect(Object.keys(conditions.things)).toEqual([...Object.keys(codes.Object), ...Object.keys(codes.Hazard)])
      expect(Object.keys(conditions.windows)).toEqual(Object.keys(codes.WindowKind))
      expect(Object.keys(conditions.noWindows)).toEqual(Object.keys(codes.WindowKind))
      expect(Object.keys(conditions.cause)).toEqual(Object.keys(codes.Cause))
    }
  })
})

describe('what a rule does', () => {
  it.each([
    ['permit', ['dismiss'], 'Permits dismissing', 'Permite descartar'],
    ['forbid', ['closeWithoutPerson'], 'Forbids closing without a person', 'Prohíbe cerrar sin persona'],
    ['permit', ['send_guard', 'preserve_clip'], 'Recommends “Send the guard” and “Keep the clip”', 'Recomienda «Enviar al vigilante» y «Conservar el clip»'],
    ['forbid', ['call_police'], 'Forbids recommending “Call the police”', 'Prohíbe recomendar «Llamar a la policía»'],
    ['permit', ['verify', 'send_guard'], 'Permits verifying and recommends “Send the guard”', 'Permite verificar y recomienda «Enviar al vigilante»'],
  ] as const)('%s %j', (effect, actions, inEnglish, inSpanish) => {
    expect(english.does(effect, actions)).toBe(inEnglish)
    expect(spanish.does(effect, actions)).toBe(inSpanish)
  })

  it('is said with its condition as one sentence', () => {
    expect(english.would('permit', ['dismiss'], open('maintenance'))).toBe('Would permit dismissing if a maintenance window were open.')
    expect(spanish.would('forbid', ['dismiss'], not(act('climbs')))).toBe('Prohibiría descartar si nadie trepara.')
  })

  it('has its reason in the language in use, where it was written', () => {
    const rule = { because: 'Nobody climbs.', because_es: 'Nadie trepa.' }
    expect([english.because(rule), spanish.because(rule), spanish.because({ because: 'Only English.' })]).toEqual(['Nobody climbs.', 'Nadie trepa.', 'Only English.'])
    expect([english.languageOf(rule), spanish.languageOf(rule), spanish.languageOf({ because: 'x', because_es: null })]).toEqual(['en', 'es', 'en'])
  })
})
