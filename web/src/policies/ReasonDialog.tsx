// Asks why before something is undone; the reason is for whoever reads the log, and stays when the server refuses.
import { Button, Modal, Textarea } from '@mantine/core'
import { useState, type ReactNode } from 'react'

import { useI18n } from '../i18n/I18nProvider'
import { ErrorLine } from './ErrorLine'
import { oneLine } from './life'
import styles from './Policies.module.css'

const LONGEST = 500

interface Act {
  mutate: (because: string, options: { onSuccess: () => void }) => void
  reset: () => void
  isPending: boolean
  error: unknown
}

interface Props {
  opened: boolean
  onClose: () => void
  title: string
  lead: ReactNode
  submit: string
  act: Act
  onDone: () => void
}

export function ReasonDialog({ opened, onClose, title, lead, submit, act, onDone }: Props) {
  const { t } = useI18n()
  const [because, setBecause] = useState('')
  const reason = oneLine(because)
  const close = () => {
    act.reset()
    onClose()
  }
  const send = () => {
    if (reason === '' || act.isPending) return
    act.mutate(reason, {
      onSuccess: () => {
        setBecause('')
        close()
        onDone()
      },
    })
  }
  return (
    <Modal opened={opened} onClose={close} title={title} closeButtonProps={{ 'aria-label': t.common.close }}>
      <form
        className={styles.dialog}
        onSubmit={(event) => {
          event.preventDefault()
          send()
        }}
      >
        <p>{lead}</p>
        <Textarea
          data-autofocus
          rows={3}
          label={t.policies.because}
          description={t.policies.becauseHint}
          required
          maxLength={LONGEST}
          disabled={act.isPending}
          value={because}
          onChange={(event) => setBecause(event.currentTarget.value)}
        />
        <ErrorLine error={act.error} />
        <div className={styles.buttons}>
          <Button type="submit" size="sm" disabled={reason === ''} loading={act.isPending}>
            {submit}
          </Button>
          <Button size="sm" variant="default" disabled={act.isPending} onClick={close}>
            {t.policies.leaveIt}
          </Button>
        </div>
      </form>
    </Modal>
  )
}
