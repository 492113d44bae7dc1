// Takes a grant back at once; the reason is for whoever reads the log.
import { Button, TextInput } from '@mantine/core'
import { useRef, useState } from 'react'

import { ApiError } from '../api/client'
import { useWithdraw } from '../api/queries'
import type { Grant } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { useNotice } from '../ui/notice'
import { problemText } from '../ui/ProblemView'
import styles from './Autonomy.module.css'

const LONGEST = 500

export function Withdrawal({ grant, onDone }: { grant: Grant; onDone: () => void }) {
  const { t, code } = useI18n()
  const notify = useNotice()
  const withdraw = useWithdraw(grant.id)
  const [open, setOpen] = useState(false)
  const [because, setBecause] = useState('')
  const opener = useRef<HTMLButtonElement>(null)
  const name = `${t.autonomy.withdraw}: ${code('AlarmKind', grant.kind)}, ${grant.site}`

  const close = () => {
    setOpen(false)
    opener.current?.focus()
  }
  const send = () => {
    if (because.trim() === '' || withdraw.isPending) return
    withdraw.mutate(because.trim(), {
      onSuccess: () => {
        notify({ text: t.autonomy.withdrawn(code('AlarmKind', grant.kind)) })
        onDone()
      },
    })
  }
  return (
    <div className={styles.withdrawal}>
      <Button ref={opener} size="xs" variant="default" aria-label={name} aria-expanded={open} onClick={() => setOpen(!open)}>
        {t.autonomy.withdraw}
      </Button>
      {open && (
        <form
          className={styles.reason}
          onSubmit={(event) => {
            event.preventDefault()
            send()
          }}
        >
          <TextInput
            autoFocus
            size="sm"
            label={t.autonomy.because}
            description={t.autonomy.becauseHint}
            required
            maxLength={LONGEST}
            disabled={withdraw.isPending}
            value={because}
            onChange={(event) => setBecause(event.currentTarget.value)}
          />
          <div className={styles.buttons}>
            <Button type="submit" size="xs" disabled={because.trim() === ''} loading={withdraw.isPending}>
              {t.autonomy.withdrawNow}
            </Button>
            <Button size="xs" variant="default" disabled={withdraw.isPending} onClick={close}>
              {t.autonomy.cancel}
            </Button>
          </div>
          {withdraw.isError && (
            <p role="alert" className={styles.error}>
              {withdraw.error instanceof ApiError && withdraw.error.code === 'grant_not_in_force'
                ? t.autonomy.notInForce
                : problemText(t, withdraw.error)}
            </p>
          )}
        </form>
      )}
    </div>
  )
}
