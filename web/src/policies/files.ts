// Files that somebody chose or dropped, brought into the form of a policy folder. Pure but for reading them.
import type { PolicyFile } from '../api/types'

/** A file with its path as the browser told it: `policies/packs/office/x.cedar`, or a bare name. */
export interface Chosen {
  path: string
  file: Blob
}

export interface Read {
  files: PolicyFile[]
  /** Paths that are no policy files. */
  leftOut: string[]
  /** Paths whose content is not text. */
  notText: string[]
  /** Whether folders came, so that the files are the whole set. */
  folder: boolean
}

/** Whether a file of this name has a say: rules, cases, and `sites.toml`. */
export function counts(name: string): boolean {
  const last = name.split('/').at(-1) ?? name
  return name === 'sites.toml' || (!last.startsWith('.') && /.\.(cedar|cases\.toml)$/.test(last))
}

// Folders that belong to the path, even where one of them was chosen by itself.
const inside = ['packs', 'sites']

/** The path inside the policy folder: without the folder that was chosen. */
export function nameOf(path: string): string {
  const parts = path.split('/').filter((part) => part !== '')
  if (parts.length > 1 && !inside.includes(parts[0] ?? '')) parts.shift()
  return parts.join('/')
}

export async function read(chosen: readonly Chosen[]): Promise<Read> {
  const result: Read = { files: [], leftOut: [], notText: [], folder: chosen.some(({ path }) => path.replace(/^\//, '').includes('/')) }
  for (const { path, file } of chosen) {
    const name = nameOf(path)
    if (!counts(name)) {
      result.leftOut.push(name)
      continue
    }
    try {
      result.files.push({ name, text: new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer()) })
    } catch {
      result.notText.push(name)
    }
  }
  result.files = sorted(result.files)
  return result
}

export const sorted = (files: readonly PolicyFile[]) => files.toSorted((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0))

/** Where a file that came without its folder belongs: over the one of its name, wherever only one has it. */
export function placed(files: readonly PolicyFile[], name: string): string {
  const same = files.map((file) => file.name).filter((one) => one === name || one.endsWith(`/${name}`))
  return same.length === 1 && same[0] !== undefined ? same[0] : name
}

/** Single files put among those that are there. */
export function merged(files: readonly PolicyFile[], more: readonly PolicyFile[]): PolicyFile[] {
  const all = new Map(files.map((file) => [file.name, file.text]))
  for (const { name, text } of more) all.set(placed(files, name), text)
  return sorted([...all].map(([name, text]) => ({ name, text })))
}

/** Everything that was dropped, folders with all that is in them. */
export async function dropped(transfer: DataTransfer): Promise<Chosen[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null)
  if (entries.some((entry) => entry === null)) return [...transfer.files].map((file) => ({ path: file.name, file }))
  const found = await Promise.all(entries.filter((entry) => entry !== null).map(within))
  return found.flat()
}

async function within(entry: FileSystemEntry): Promise<Chosen[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
    return [{ path: entry.fullPath.replace(/^\//, ''), file }]
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const inner: FileSystemEntry[] = []
  // The browser gives a folder in pieces; an empty one is the last.
  for (;;) {
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (piece.length === 0) break
    inner.push(...piece)
  }
  return (await Promise.all(inner.map(within))).flat()
}
