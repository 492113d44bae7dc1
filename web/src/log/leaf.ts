// A leaf as people read it. The hash covers the exact text, so that is never rewritten, only shown indented.

type Loose = Record<string, unknown>

export interface LeafView {
  type: string
  actor: string
  alarmId: string | null
  pretty: string
}

export function readLeaf(leaf: unknown): LeafView {
  const value = typeof leaf === 'string' ? parse(leaf) : leaf
  if (typeof value !== 'object' || value === null) {
    return { type: '–', actor: '–', alarmId: null, pretty: String(leaf) }
  }
  const object = value as Loose
  const alarm = object['alarm_id']
  return {
    type: typeof object['type'] === 'string' ? object['type'] : '–',
    actor: actorOf(object['actor']),
    alarmId: typeof alarm === 'string' && alarm !== '' ? alarm : null,
    pretty: JSON.stringify(object, null, 2),
  }
}

/** An actor may be a word or an object with a kind and a name; either is shown in one line. */
function actorOf(actor: unknown): string {
  if (typeof actor === 'string') return actor
  if (typeof actor !== 'object' || actor === null) return '–'
  const parts = Object.values(actor as Loose).filter((part) => typeof part === 'string' && part !== '')
  return parts.length === 0 ? '–' : parts.join(' · ')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
