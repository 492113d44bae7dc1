// Language, and light or dark; both are kept on this machine only.
import { Menu, useMantineColorScheme } from '@mantine/core'

import { useI18n, type Language } from '../i18n/I18nProvider'
import styles from './Shell.module.css'

const languages: [Language, string][] = [
  ['en', 'English'],
  ['es', 'Español'],
]

export function DisplayMenu() {
  const { t, language, setLanguage } = useI18n()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const schemes = [
    ['auto', t.nav.schemeAuto],
    ['light', t.nav.schemeLight],
    ['dark', t.nav.schemeDark],
  ] as const
  return (
    <Menu position="bottom-end" width={190}>
      <Menu.Target>
        <button type="button" className={styles.plain}>
          {t.nav.settings}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t.nav.language}</Menu.Label>
        {languages.map(([code, name]) => (
          <Menu.Item key={code} lang={code} leftSection={<Tick on={language === code} />} onClick={() => setLanguage(code)}>
            {name}
          </Menu.Item>
        ))}
        <Menu.Label>{t.nav.scheme}</Menu.Label>
        {schemes.map(([scheme, name]) => (
          <Menu.Item key={scheme} leftSection={<Tick on={colorScheme === scheme} />} onClick={() => setColorScheme(scheme)}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function Tick({ on }: { on: boolean }) {
  const { t } = useI18n()
  return (
    <span className={styles.tick}>
      {on && <span aria-hidden>✓</span>}
      {on && <span className="visually-hidden">{t.common.yes}</span>}
    </span>
  )
}
