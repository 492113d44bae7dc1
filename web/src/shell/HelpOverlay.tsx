// Every key, printed from the same table that the pages bind to.
import { Modal, Switch } from '@mantine/core'
import { Fragment } from 'react'

import { useI18n } from '../i18n/I18nProvider'
import type { Texts } from '../i18n/en'
import { bindings, type Command, type Scope } from '../keys/bindings'
import { useShortcuts } from '../keys/KeysProvider'
import styles from './Shell.module.css'

const scopes: Scope[] = ['everywhere', 'queue', 'alarm']
const printed: Record<string, string> = { ArrowDown: '↓', ArrowUp: '↑', Escape: 'Esc', 'ctrl+Enter': 'Ctrl Enter' }

export interface HelpLine {
  label: string
  /** Alternatives, each a sequence. */
  ways: string[][]
}

/** Keys that do the same are one line, and so are 1 to 7. */
export function helpLines(t: Texts, scope: Scope): HelpLine[] {
  const lines = new Map<string, HelpLine>()
  for (const binding of bindings.filter((one) => one.scope === scope)) {
    const label = labelOf(t, binding.command)
    const line = lines.get(label) ?? { label, ways: [] }
    line.ways.push(binding.keys.map((key) => printed[key] ?? key))
    lines.set(label, line)
  }
  if (scope === 'queue') lines.set('open', { label: t.help.keys.open, ways: [['Enter']] })
  const all = [...lines.values()]
  for (const line of all) if (line.ways.length > 2) line.ways = [[`${line.ways[0]?.[0]} – ${line.ways.at(-1)?.[0]}`]]
  return all
}

function labelOf(t: Texts, command: Command): string {
  if (command.startsWith('choose')) return t.help.keys.choose
  return t.help.keys[command as Exclude<Command, `choose${number}`>]
}

export function HelpOverlay({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useI18n()
  const { characters, setCharacters } = useShortcuts()
  return (
    <Modal opened={opened} onClose={onClose} title={t.help.title} size="lg" closeButtonProps={{ 'aria-label': t.common.close }}>
      <div className={styles.help}>
        {scopes.map((scope) => (
          <section key={scope}>
            <h3>{t.help[scope]}</h3>
            <dl>
              {helpLines(t, scope).map((line) => (
                <div key={line.label}>
                  <dt>
                    {line.ways.map((way, i) => (
                      <Fragment key={way.join(' ')}>
                        {i > 0 && ' / '}
                        {way.map((key, at) => (
                          <Fragment key={key}>
                            {at > 0 && t.help.after} <kbd>{key}</kbd>
                          </Fragment>
                        ))}
                      </Fragment>
                    ))}
                  </dt>
                  <dd>{line.label}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <Switch
        className={styles.switch}
        label={t.help.off}
        description={t.help.offLead}
        checked={characters}
        onChange={(event) => setCharacters(event.currentTarget.checked)}
      />
    </Modal>
  )
}
