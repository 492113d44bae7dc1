// Actions that the policy makes due, for a person to approve; nothing is ticked beforehand.
import { Checkbox } from '@mantine/core'

import type { ActionCode, FiredRule, RecommendedAction } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { useWords } from '../policies/useWords'
import { approves, strictest } from '../session/roles'
import { useUser } from '../session/SessionContext'
import styles from './Alarm.module.css'

interface Props {
  actions: readonly RecommendedAction[]
  /** The rules that took part, which say why in more than one language. */
  rules: readonly FiredRule[]
  approved: ReadonlySet<ActionCode>
  onChange: (approved: ReadonlySet<ActionCode>) => void
  readOnly: boolean
}

export function ActionsList({ actions, rules, approved, onChange, readOnly }: Props) {
  const { t, code } = useI18n()
  const words = useWords()
  const user = useUser()
  const toggle = (action: ActionCode, on: boolean) => {
    const next = new Set(approved)
    if (on) next.add(action)
    else next.delete(action)
    onChange(next)
  }
  return (
    <section className={styles.block} aria-label={t.actions.title}>
      <h2 className={styles.actionsTitle}>
        {t.actions.title} <span className={styles.quiet}>{actions.length === 0 ? t.actions.none : t.actions.lead}</span>
      </h2>
      <ul className={styles.actions} id="actions">
        {actions.map((action) => {
          const needed = strictest(actions.filter((other) => other.code === action.code).map((other) => other.approver))
          const may = approves(user.role, needed)
          const approver = code('Approver', needed)
          const reason = rules.find((rule) => rule.id === action.rule) ?? action
          return (
            <li key={`${action.code} ${action.rule}`}>
              <Checkbox
                size="sm"
                checked={approved.has(action.code)}
                disabled={readOnly || !may}
                onChange={(event) => toggle(action.code, event.currentTarget.checked)}
                label={
                  <span className={styles.actionHead}>
                    <b>{code('ActionCode', action.code)}</b>
                    <span data-urgency={action.urgency}>{code('Urgency', action.urgency)}</span>
                  </span>
                }
                description={
                  <>
                    <span lang={words.languageOf(reason)}>{words.because(reason)}</span> <code>{action.rule}</code> · {may || readOnly ? approver : needed === 'two_persons' ? t.actions.two : t.actions.needs(approver)}
                  </>
                }
              />
            </li>
          )
        })}
      </ul>
    </section>
  )
}
