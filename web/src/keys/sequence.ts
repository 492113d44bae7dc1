// From key presses to commands. Pure, so that its rules can be tested without a page.
import { isCharacter, isControl, isField, keyName, type Binding, type Command, type Scope } from './bindings'

const PAUSE_MS = 1_200

export interface Press {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  target: EventTarget | null
}

export class Sequence {
  private pressed: string[] = []
  private lastMs = Number.NEGATIVE_INFINITY
  private readonly bindings: readonly Binding[]

  constructor(bindings: readonly Binding[]) {
    this.bindings = bindings
  }

  /** The command that this press completes, if any. */
  press(press: Press, scopes: readonly Scope[], nowMs: number, characters = true): Command | null {
    const key = keyName(press)
    if (key === null) return null
    if (nowMs - this.lastMs > PAUSE_MS) this.pressed = []
    this.lastMs = nowMs
    this.pressed.push(key)
    const usable = this.bindings.filter((binding) => scopes.includes(binding.scope) && allowed(binding, press, characters))
    // A started sequence owns its second key: after `g`, `l` goes to the log.
    const complete = usable
      .filter((binding) => endsWith(this.pressed, binding.keys))
      .toSorted((one, other) => other.keys.length - one.keys.length)[0]
    const begins = usable.some((binding) => binding.keys.length > 1 && binding.keys[0] === key)
    if (complete !== undefined || !begins) this.pressed = []
    return complete?.command ?? null
  }
}

function allowed(binding: Binding, press: Press, characters: boolean): boolean {
  if (!characters && isCharacter(binding)) return false
  if (isField(press.target) && binding.inFields !== true) return false
  return !(binding.sparesControls === true && isControl(press.target))
}

function endsWith(pressed: readonly string[], keys: readonly string[]): boolean {
  return keys.length <= pressed.length && keys.every((key, i) => pressed[pressed.length - keys.length + i] === key)
}
