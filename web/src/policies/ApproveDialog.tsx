// Puts a version in force. What it would change stands here once more, so that nobody approves by habit.
import { Button, Modal } from '@mantine/core'

import type { PolicyVersion } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { useNotice } from '../ui/notice'
import { ErrorLine } from './ErrorLine'
import { Digest } from './marks'
import styles from './Policies.module.css'
import { useApprove } from './queries'

interface Props {
  version: PolicyVersion
  opened: boolean
  onClose: () => void
}

export function ApproveDialog({ version, opened, onClose }: Props) {
  const { t } = useI18n()
  const notify = useNotice()
  const approve = useApprove(version.digest)
  const { backtest } = version
  const close = () => {
    approve.reset()
    onClose()
  }
  const send = () => {
    if (approve.isPending) return
    approve.mutate(undefined, {
      onSuccess: () => {
        close()
        notify({ text: t.policies.approved })
      },
    })
  }
  return (
    <Modal opened={opened} onClose={close} title={t.policies.approveTitle} closeButtonProps={{ 'aria-label': t.common.close }}>
      <div className={styles.dialog}>
        <p>
          <Digest digest={version.digest} /> {version.note}
        </p>
        {backtest != null && <p>{t.backtest.summary(backtest.alarms, backtest.changed)}</p>}
        {backtest != null && backtest.dismissed_threats.length > 0 && (
          <p className={styles.danger}>{t.backtest.threats(backtest.dismissed_threats.length)}</p>
        )}
        <p className={styles.quiet}>{t.policies.approveLead}</p>
        <ErrorLine error={approve.error} />
        <div className={styles.buttons}>
          <Button size="sm" loading={approve.isPending} onClick={send}>
            {t.policies.approveNow}
          </Button>
          <Button size="sm" variant="default" disabled={approve.isPending} onClick={close}>
            {t.policies.leaveIt}
          </Button>
        </div>
      </div>
    </Modal>
  )
}
