// What a person chose for this browser. Storage may be closed; then the choice lasts until the page goes.

type Name = 'language' | 'color-scheme' | 'shortcuts'

export function readPreference(name: Name): string | null {
  try {
    return localStorage.getItem(`sereno-${name}`)
  } catch {
    return null
  }
}

export function writePreference(name: Name, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`sereno-${name}`)
    else localStorage.setItem(`sereno-${name}`, value)
  } catch {
    // Nothing to do: the choice still holds on this page.
  }
}
