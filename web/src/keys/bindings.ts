// Every key of the console in one table: the help overlay prints it and the pages bind to it.

export type Command =
  | 'help' | 'goQueue' | 'goQuality' | 'goPolicies' | 'goLog'
  | 'down' | 'up' | 'first' | 'filter' | 'tab' | 'arrivals'
  | 'choose1' | 'choose2' | 'choose3' | 'choose4' | 'choose5' | 'choose6' | 'choose7'
  | 'note' | 'actions' | 'confirm' | 'confirmAnywhere' | 'back' | 'report'

export type Scope = 'everywhere' | 'queue' | 'alarm'

export interface Binding {
  command: Command
  scope: Scope
  /** Keys one after the other, by `KeyboardEvent.key`; `ctrl+` stands for Control or Command. */
  keys: readonly string[]
  /** Works also while a field has the focus. */
  inFields?: true
  /** Leaves Enter to links and buttons that have the focus. */
  sparesControls?: true
}

const choose = (n: 1 | 2 | 3 | 4 | 5 | 6 | 7): Binding => ({ command: `choose${n}`, scope: 'alarm', keys: [String(n)] })

export const bindings: readonly Binding[] = [
  { command: 'help', scope: 'everywhere', keys: ['?'] },
  { command: 'goQueue', scope: 'everywhere', keys: ['g', 'q'] },
  { command: 'goQuality', scope: 'everywhere', keys: ['g', 'c'] },
  { command: 'goPolicies', scope: 'everywhere', keys: ['g', 'p'] },
  { command: 'goLog', scope: 'everywhere', keys: ['g', 'l'] },
  { command: 'down', scope: 'queue', keys: ['j'] },
  { command: 'down', scope: 'queue', keys: ['ArrowDown'], inFields: true },
  { command: 'up', scope: 'queue', keys: ['k'] },
  { command: 'up', scope: 'queue', keys: ['ArrowUp'], inFields: true },
  { command: 'first', scope: 'queue', keys: ['Home'] },
  { command: 'filter', scope: 'queue', keys: ['/'] },
  { command: 'tab', scope: 'queue', keys: ['t'] },
  { command: 'arrivals', scope: 'queue', keys: ['.'] },
  { command: 'back', scope: 'queue', keys: ['Escape'], inFields: true },
  choose(1), choose(2), choose(3), choose(4), choose(5), choose(6), choose(7),
  { command: 'note', scope: 'alarm', keys: ['n'] },
  { command: 'actions', scope: 'alarm', keys: ['a'] },
  { command: 'report', scope: 'alarm', keys: ['r'] },
  { command: 'confirm', scope: 'alarm', keys: ['Enter'], sparesControls: true },
  { command: 'confirmAnywhere', scope: 'alarm', keys: ['ctrl+Enter'], inFields: true },
  { command: 'back', scope: 'alarm', keys: ['Escape'], inFields: true },
]

/** A key as `bindings` writes it, or null for keys held with others that belong to the browser. */
export function keyName(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): string | null {
  if (event.altKey) return null
  const held = event.ctrlKey || event.metaKey
  if (!held) return event.key
  return event.key === 'Enter' ? 'ctrl+Enter' : null
}

export function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable) return true
  return target instanceof HTMLInputElement && !['radio', 'checkbox', 'button', 'submit'].includes(target.type)
}

/** Radio buttons and checkboxes do nothing with Enter, so they leave it to the page; links and buttons keep it. */
export function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('a, button, summary, [role=tab]') !== null
}

/** Single characters can be switched off (WCAG 2.1.4); keys with a name and held keys cannot. */
export function isCharacter(binding: Binding): boolean {
  return binding.keys.some((key) => key.length === 1)
}
