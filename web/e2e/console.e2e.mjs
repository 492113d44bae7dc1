// Drives the built console in a real browser against a running server: logs in, opens the most urgent alarm by
// keyboard, disposes of it, judges one blind where there is one, and looks at the quality figures and the log.
// Screenshots go to $OUT.
//   SERENO_URL=http://127.0.0.1:8080 SERENO_USER=… SERENO_PASSWORD=… OUT=/tmp/shots npm run e2e
// SERENO_LANG=es and SERENO_SCHEME=light look at the other language and scheme. CHROMIUM names another browser.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { chromium } from 'playwright-core'

const { SERENO_URL, SERENO_USER, SERENO_PASSWORD, OUT, CHROMIUM, SERENO_LANG = 'en', SERENO_SCHEME = 'dark' } = process.env
if (!SERENO_URL || !SERENO_USER || !SERENO_PASSWORD || !OUT) {
  console.error('SERENO_URL, SERENO_USER, SERENO_PASSWORD and OUT are needed.')
  process.exit(2)
}
await mkdir(OUT, { recursive: true })

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const browser = await chromium.launch({ executablePath: CHROMIUM ?? '/usr/bin/chromium', args: flags })
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: SERENO_LANG, colorScheme: SERENO_SCHEME })
const page = await context.newPage()
const complaints = []
page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`))
page.on('console', (message) => {
  // The first question, who is logged in, is answered with 401 by design.
  if (message.type() === 'error' && !message.text().includes('401')) complaints.push(`console: ${message.text()}`)
})
page.on('request', (request) => {
  const url = request.url()
  if (!url.startsWith(SERENO_URL) && !url.startsWith('data:')) complaints.push(`asked elsewhere: ${url}`)
})
const shoot = (name) => page.screenshot({ path: join(OUT, `${name}.png`) })
const step = (what) => console.log(`ok  ${what}`)
const need = (condition, what) => {
  if (!condition) throw new Error(what)
}

try {
  await page.goto(SERENO_URL)
  await page.locator('input[autocomplete=username]').fill(SERENO_USER)
  await page.locator('input[autocomplete=current-password]').fill(SERENO_PASSWORD)
  await shoot('1-login')
  await page.keyboard.press('Enter')
  step('logged in')

  // What is judged blind has no severity on it.
  const rows = page.locator('a[data-id][data-severity]')
  const blind = page.locator('a[data-id]:not([data-severity])')
  await rows.first().waitFor({ timeout: 30_000 })
  await page.keyboard.press('j')
  await page.keyboard.press('k')
  await shoot('2-queue')
  step(`queue with ${await rows.count()} open alarms`)

  await page.keyboard.press('?')
  await page.getByRole('dialog').waitFor()
  await page.waitForTimeout(300)
  await shoot('3-keys')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  step('help opens and closes by key')

  const first = await rows.first().getAttribute('data-id')
  await rows.first().focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/alarms/${first}`)
  await page.locator('fieldset input[type=radio]').first().waitFor({ state: 'attached' })
  const chip = page.locator('button[aria-label]', { hasText: /^c\d+$/ }).first()
  if ((await chip.count()) > 0) {
    const id = await chip.textContent()
    await chip.hover()
    need((await page.locator(`#caption-${id}`).getAttribute('data-active')) === 'true', `caption ${id} did not light up`)
    step(`evidence chip ${id} lights its caption up`)
  }
  await shoot('4-alarm')
  need(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight), 'the alarm does not fit one screen')

  await page.mouse.move(720, 20)
  await page.keyboard.press('r')
  await page.waitForURL('**/report')
  await page.waitForTimeout(400)
  await shoot('5-report')
  await page.keyboard.press('r')
  step('report')

  await page.keyboard.press('7')
  await page.keyboard.press('n')
  await page.keyboard.type('Closed by the end-to-end check.')
  await shoot('6-chosen')
  const answer = page.waitForResponse((response) => response.url().endsWith(`/alarms/${first}/dispositions`))
  await page.keyboard.press('Control+Enter')
  need((await answer).status() === 201, `the disposition was answered with ${(await answer).status()}`)
  await page.waitForURL((url) => !url.pathname.includes(first))
  await page.waitForTimeout(400)
  await shoot('7-next')
  step('disposed by keyboard; the next most urgent is shown')

  await page.goto(`${SERENO_URL}/closed`)
  await page.locator(`a[data-id="${first}"]`).waitFor()
  await shoot('8-closed')
  step('it is among the closed')

  await page.goto(SERENO_URL)
  await rows.first().waitFor()
  if ((await blind.count()) > 0) {
    const id = await blind.first().getAttribute('data-id')
    await blind.first().click()
    await page.waitForURL(`**/alarms/${id}`)
    await page.locator('fieldset input[type=radio]').first().waitFor({ state: 'attached' })
    need((await page.locator('input[type=checkbox], h2[tabindex]').count()) === 0, 'a blind alarm shows its suggestion')
    await shoot('9-blind')
    await page.keyboard.press('3')
    await page.keyboard.press('Control+Enter')
    await page.locator('h2[tabindex]').waitFor()
    need(page.url().endsWith(id), 'the page left before the suggestion could be seen')
    await shoot('10-told')
    step('judged blind, then told the suggestion')
  }

  if ((await page.locator('nav a[href="/quality"]').count()) > 0) {
    await page.keyboard.press('g')
    await page.keyboard.press('c')
    await page.waitForURL('**/quality')
    await page.locator('select').waitFor()
    await shoot('11-quality')
    step('quality')
  }

  if ((await page.locator('nav a[href="/audit"]').count()) > 0) {
    await page.keyboard.press('g')
    await page.keyboard.press('l')
    await page.waitForURL('**/audit')
    await page.locator('table button').first().click()
    await shoot('12-log')
    step('log')
  }
  need(complaints.length === 0, complaints.join('\n'))
  step('no error, and nothing was asked of another host')
} catch (error) {
  await shoot('failed')
  console.error(`not ok  ${error.message}`)
  process.exitCode = 1
} finally {
  await browser.close()
}
