// Starts the console.
import '@mantine/core/styles.css'
import './tokens.css'
import './app.css'

import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { createQueryClient } from './api/queries'
import { App } from './App'
import { I18nProvider } from './i18n/I18nProvider'
import { KeysProvider } from './keys/KeysProvider'
import { RouterProvider } from './router'
import { theme } from './theme'
import { AnnouncerProvider } from './ui/announcer'
import { NoticeProvider } from './ui/notice'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element with the id root')
// The same key as public/color-scheme.js, which sets the scheme before this runs.
const schemes = localStorageColorSchemeManager({ key: 'sereno-color-scheme' })

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={schemes}>
      <QueryClientProvider client={createQueryClient()}>
        <I18nProvider>
          <KeysProvider>
            <AnnouncerProvider>
              <RouterProvider>
                <NoticeProvider>
                  <App />
                </NoticeProvider>
              </RouterProvider>
            </AnnouncerProvider>
          </KeysProvider>
        </I18nProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
