// The log-in.
import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'

import { api, ApiError } from '../api/client'
import { keys } from '../api/queries'
import { useI18n } from '../i18n/I18nProvider'
import type { Texts } from '../i18n/en'
import { DisplayMenu } from '../shell/DisplayMenu'
import { Logo } from '../shell/Logo'
import { problemText } from '../ui/ProblemView'
import styles from './LoginPage.module.css'

export function LoginPage({ expired }: { expired: boolean }) {
  const { t } = useI18n()
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      const user = await api.logIn(name.trim(), password)
      // What somebody else saw before on this machine is not for this person.
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' })
      client.setQueryData(keys.session, user)
    } catch (failure) {
      setError(failure)
      setPassword('')
    } finally {
      setBusy(false)
    }
  }

  return (
    <main className={styles.page}>
      <div className={styles.corner}>
        <DisplayMenu />
      </div>
      <form className={styles.card} onSubmit={(event) => void submit(event)}>
        <h1 className={styles.brand}>
          <Logo size={34} /> Sereno
        </h1>
        <p className={styles.lead}>{t.login.lead}</p>
        <p role="alert" className={styles.error}>
          {error === null ? (expired ? t.login.expired : '') : loginError(t, error)}
        </p>
        <TextInput
          label={t.login.name}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          withAsterisk={false}
          autoFocus
          size="md"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <PasswordInput
          label={t.login.password}
          autoComplete="current-password"
          required
          withAsterisk={false}
          size="md"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" size="md" loading={busy}>
          {t.login.submit}
        </Button>
      </form>
    </main>
  )
}

function loginError(t: Texts, error: unknown): string {
  if (error instanceof ApiError && error.status === 401) return t.login.wrong
  if (error instanceof ApiError && error.status === 429) return t.login.tooMany
  return problemText(t, error)
}
