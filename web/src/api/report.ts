// An incident report as the console reads it. Its own JSON Schema belongs to the server; templates may add
// parts, so everything here is checked while reading and unknown parts are left alone.

export interface Sentence {
  text: string
  evidence: string[]
  origin: string | null
}

export interface Section {
  heading: string
  sentences: Sentence[]
}

export interface Report {
  title: string
  sections: Section[]
  /** Text that was seen in the scene: data from strangers. */
  sceneText: string[]
  /** What each evidence id stands for. */
  evidence: Map<string, string>
}

type Loose = Record<string, unknown>
const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

export function readReport(value: unknown): Report {
  const report = isObject(value) ? value : {}
  const scene = report['scene_text']
  return {
    title: text(report['title']),
    sections: list(report['sections']).filter(isObject).map(readSection).filter((section) => section.sentences.length > 0),
    sceneText: (isObject(scene) ? list(scene['items']) : []).map(text).filter((words) => words !== ''),
    evidence: new Map(list(report['evidence']).filter(isObject).map((one) => [text(one['id']), text(one['text'])])),
  }
}

function readSection(section: Loose): Section {
  return {
    heading: text(section['heading']) || text(section['title']),
    sentences: list(section['sentences'])
      .filter(isObject)
      .map((sentence) => ({
        text: text(sentence['text']),
        evidence: list(sentence['evidence']).map(text).filter((id) => id !== ''),
        origin: text(sentence['origin']) || null,
      }))
      .filter((sentence) => sentence.text !== ''),
  }
}
