// Problems and remarks as the server words them, `FILE:LINE: MESSAGE`, taken apart. Pure.

export interface Finding {
  /** Null where it is about no file. */
  file: string | null
  /** From one; null where the whole file is meant. */
  line: number | null
  /** As the server worded it, with its line breaks. */
  message: string
}

const name = String.raw`[\w./-]*[\w-]\.\w+|\.`
const head = new RegExp(`^(${name})(?::(\\d+))?: ?`)
const begins = String.raw`(?=(?:${name})(?::\d+)?: )`
const leadIn = new RegExp(`^[^:\n]*: ${begins}`)
const next = new RegExp(`; ${begins}`, 'g')

export function readFinding(text: string): Finding {
  const match = head.exec(text)
  if (match?.[1] === undefined) return { file: null, line: null, message: text }
  return { file: match[1] === '.' ? null : match[1], line: match[2] === undefined ? null : Number(match[2]), message: text.slice(match[0].length) }
}

/** Several in one text, as a problem's detail lists them: each begins with its file, and what follows belongs to it. */
export function readFindings(text: string): Finding[] {
  const parts: string[] = []
  for (const line of text.replace(leadIn, '').replaceAll(next, '\n').split('\n')) {
    if (parts.length === 0 || head.test(line)) parts.push(line)
    else parts[parts.length - 1] += `\n${line}`
  }
  return parts.filter((part) => part.trim() !== '').map(readFinding)
}

export const place = ({ file, line }: Finding): string => (line === null ? (file ?? '') : `${file ?? ''}:${line}`)
