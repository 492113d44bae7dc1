// Proposing: what was typed or brought stays whatever the server says, and problems stand at their files and lines.
import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { beforeEach, describe, expect, it } from 'vitest'

import type { Role } from '../src/api/types'
import { en } from '../src/i18n/en'
import { draftOf, keepDraft, touched } from '../src/policies/drafts'
import { PoliciesPage } from '../src/policies/PoliciesPage'
import { ProposalPage } from '../src/policies/ProposalPage'
import { refuse, serve, show, type Call } from './fixtures'
import { checked, digests, document as documentOf, draft, list, live, routesOf } from './policies'

const PATH = 'POST /api/v1/policies'
const inForce = documentOf(live).files
beforeEach(() => keepDraft('ana', null))

async function open(more: Record<string, unknown> = {}, role: Role = 'manager'): Promise<Call[]> {
  const calls = serve(routesOf([live], more))
  show(<ProposalPage />, role)
  await screen.findByRole('heading', { level: 1 })
  return calls
}
const posted = (calls: Call[]) => calls.filter((call) => call.method === 'POST').map((call) => call.body)
const text = (name: string) => screen.getByLabelText<HTMLTextAreaElement>(new RegExp(`${name}$`), { selector: 'textarea' })
const note = () => screen.getByLabelText<HTMLTextAreaElement>(/^What it is for/)
const propose = () => screen.getByRole<HTMLButtonElement>('button', { name: en.policies.proposeNow })
const write = (field: HTMLElement, value: string) => fireEvent.change(field, { target: { value } })
const files = () => within(screen.getByRole('navigation', { name: en.proposal.fileList }))
const file = (content: string | Uint8Array<ArrayBuffer>, path: string) => {
  const made = new File([content], path.split('/').at(-1) ?? path)
  if (path.includes('/')) Object.defineProperty(made, 'webkitRelativePath', { value: path })
  return made
}
const bring = (label: string, ...some: File[]) => fireEvent.change(screen.getByLabelText(label), { target: { files: some } })

describe('a proposal', () => {
  it('begins with the files in force, and is sent once it differs and says what it is for', async () => {
    const calls = await open({ [PATH]: { ...checked, proposed_by: 'ana' } })
    expect(text('intrusion.cedar').value).toBe('// Getting in.\n')
    expect(propose().disabled).toBe(true)
    write(note(), 'Doors too')
    expect(screen.getByText(en.proposal.same)).toBeTruthy()
    write(text('intrusion.cedar'), '// Getting in by doors.\n')
    fireEvent.click(propose())
    await waitFor(() => expect(location.pathname).toBe(`/policies/${digests.checked}`))
    expect(posted(calls)).toEqual([{ note: 'Doors too', files: [{ name: 'intrusion.cedar', text: '// Getting in by doors.\n' }, ...documentOf(live).files.slice(1)] }])
    expect(draftOf('ana')).toBeNull()
    expect(screen.getByText(en.proposal.done)).toBeTruthy()
  })

  it('with problems stays open, opens the file, marks the line, and says where the draft is kept', async () => {
    await open({ [PATH]: { ...draft, problems: ['packs/office/entrance.cedar:2: unexpected token\n  permitt\n  ^^^^^^^', 'sites.toml: no pack `x`'] } })
    write(text('intrusion.cedar'), 'typed')
    write(note(), 'Why')
    fireEvent.click(propose())
    const found = await screen.findByRole('region', { name: en.proposal.found })
    expect(document.activeElement?.textContent).toBe(en.proposal.found)
    expect(found.querySelector('pre')?.textContent).toBe('unexpected token\n  permitt\n  ^^^^^^^')
    expect(within(found).getByRole('link').getAttribute('href')).toBe(`/policies/${digests.draft}`)
    const field = text('packs/office/entrance.cedar')
    expect(field.getAttribute('aria-invalid')).toBe('true')
    expect(screen.getByText('! 2')).toBeTruthy()
    expect(files().getAllByText(en.policies.problemsCount(1))).toHaveLength(2)
    fireEvent.click(within(found).getByRole('button', { name: 'packs/office/entrance.cedar:2' }))
    await waitFor(() => expect(document.activeElement).toBe(field))
    expect(field.selectionStart).toBe('// Doors.\n'.length)
    fireEvent.click(files().getByRole('button', { name: /^intrusion.cedar/ }))
    expect([text('intrusion.cedar').value, note().value]).toEqual(['typed', 'Why'])
  })

  it.each([
    ['known_version', () => refuse(409, 'known_version'), en.policies.problems.known_version],
    ['a server that is away', () => new Response('', { status: 503 }), en.problem.away],
    ['too much', () => refuse(413, 'body_too_large'), en.policies.problems.too_large],
    ['a role that may not', () => refuse(403, 'role_not_allowed'), en.problem.forbidden],
  ])('loses nothing on %s, and says so', async (_, answer, words) => {
    await open({ [PATH]: answer() })
    write(text('intrusion.cedar'), 'typed')
    write(note(), 'Why')
    fireEvent.click(propose())
    expect((await screen.findByRole('alert')).textContent).toContain(words)
    expect([text('intrusion.cedar').value, note().value]).toEqual(['typed', 'Why'])
    expect(propose().disabled).toBe(false)
  })

  it('that the server does not accept shows what is wrong at the files', async () => {
    const detail = 'these are no policy files: intrusion.cedar: it is larger than 1048576 bytes; .: there are 900 files'
    await open({ [PATH]: Response.json({ type: 'urn:sereno:problem:invalid_policy', title: 'Unprocessable', status: 422, detail, request_id: 'r9' }, { status: 422 }) })
    write(text('intrusion.cedar'), 'typed')
    write(note(), 'Why')
    fireEvent.click(propose())
    const found = await screen.findByRole('region', { name: en.proposal.found })
    expect([...found.querySelectorAll('pre')].map((one) => one.textContent)).toEqual(['it is larger than 1048576 bytes', 'there are 900 files'])
    expect(screen.getByRole('alert').textContent).toContain(en.policies.problems.invalid_policy)
  })

  it('that is known already leads to the version that it is', async () => {
    const detail = `these files are known: they are the version ${digests.checked}, which is checked`
    await open({ [PATH]: Response.json({ type: 'urn:sereno:problem:known_version', title: 'Conflict', status: 409, detail, request_id: 'r9' }, { status: 409 }) })
    write(text('intrusion.cedar'), 'typed')
    write(note(), 'Why')
    fireEvent.click(propose())
    expect(within(await screen.findByRole('alert')).getByRole('link').getAttribute('href')).toBe(`/policies/${digests.checked}`)
  })

  it('outlives the page and the session, for the person who wrote it alone', async () => {
    await open({ [PATH]: new Response('', { status: 401 }) })
    write(text('intrusion.cedar'), 'typed')
    write(note(), 'Why')
    fireEvent.click(propose())
    await waitFor(() => expect(propose().dataset['loading']).toBeUndefined())
    const kept = draftOf('ana')
    expect([kept?.files[0]?.text, kept?.note, kept && touched(kept)]).toEqual(['typed', 'Why', true])
    expect(draftOf('jon')).toBeNull()
    const leaving = new Event('beforeunload', { cancelable: true })
    dispatchEvent(leaving)
    expect(leaving.defaultPrevented).toBe(true)
  })

  it('warns when another version has gone into force meanwhile', async () => {
    keepDraft('ana', { base: digests.before, baseFiles: [], files: [], note: '', findings: [], recorded: null, before: null })
    await open()
    await waitFor(() => expect(screen.getByRole<HTMLButtonElement>('button', { name: en.policies.startFrom }).disabled).toBe(false))
    expect((await screen.findByText(/did not begin from the version that is in force/)).textContent).toContain('aaaaaaaa')
    fireEvent.click(screen.getByRole('button', { name: en.policies.startFrom }))
    expect(draftOf('ana')?.base).toBe(digests.live)
    expect(text('intrusion.cedar').value).toBe('// Getting in.\n')
  })

  it.each(['operator', 'supervisor', 'auditor'] as const)('is not for a %s', (role) => {
    serve({})
    show(<ProposalPage />, role)
    expect(screen.getByText(en.problem.forbidden)).toBeTruthy()
  })
})

describe('files', () => {
  it('of a folder are the whole draft, without the folder’s name and what is no policy file; and can be taken back', async () => {
    await open()
    bring(en.proposal.folder, file('// a', 'mine/a.cedar'), file('x', 'mine/README.md'), file('// e', 'mine/packs/office/entrance.cedar'), file(new Uint8Array([0xff]), 'mine/b.cedar'))
    await screen.findByText(en.proposal.broughtFolder(2))
    expect(draftOf('ana')?.files).toEqual([{ name: 'a.cedar', text: '// a' }, { name: 'packs/office/entrance.cedar', text: '// e' }])
    expect(screen.getByText(/left out/).textContent).toContain('README.md')
    expect(screen.getByText(/not UTF-8/).textContent).toContain('b.cedar')
    expect(text('a.cedar').value).toBe('// a')
    fireEvent.click(screen.getByRole('button', { name: en.proposal.takeBack }))
    expect(draftOf('ana')?.files).toEqual(inForce)
  })

  it('that come singly take the place of the one of their name', async () => {
    await open()
    bring(en.proposal.files, file('// New doors.', 'entrance.cedar'))
    await screen.findByText(en.proposal.broughtFiles(1))
    expect(draftOf('ana')?.files.map((one) => one.name)).toEqual(inForce.map((one) => one.name))
    expect(text('packs/office/entrance.cedar').value).toBe('// New doors.')
  })

  it('are dropped as well as chosen', async () => {
    await open()
    const dropped = file('// n', 'new.cedar')
    fireEvent.drop(screen.getByText(en.proposal.bring), { dataTransfer: { items: [{ webkitGetAsEntry: () => null }], files: [dropped] } })
    await screen.findByText(en.proposal.broughtFiles(1))
    expect(text('new.cedar').value).toBe('// n')
  })

  it('dropped as a folder are read to its depth', async () => {
    await open()
    const leaf = (fullPath: string) => ({ isFile: true, fullPath, file: (resolve: (one: File) => void) => resolve(file(`// ${fullPath}`, 'x')) })
    const branch = (fullPath: string, inner: unknown[]) => {
      const pieces = [inner, []]
      return { isFile: false, fullPath, createReader: () => ({ readEntries: (resolve: (some: unknown) => void) => resolve(pieces.shift()) }) }
    }
    const folder = branch('/p', [leaf('/p/a.cedar'), branch('/p/packs', [branch('/p/packs/x', [leaf('/p/packs/x/b.cedar')])])])
    fireEvent.drop(screen.getByText(en.proposal.bring), { dataTransfer: { items: [{ webkitGetAsEntry: () => folder }], files: [] } })
    await screen.findByText(en.proposal.broughtFolder(2))
    expect(draftOf('ana')?.files.map((one) => one.name)).toEqual(['a.cedar', 'packs/x/b.cedar'])
  })

  it('can be added and taken out, and what is gone can be put back', async () => {
    await open()
    write(screen.getByLabelText(en.proposal.newFile), 'notes.txt')
    expect(screen.getByText(en.proposal.nameWrong)).toBeTruthy()
    write(screen.getByLabelText(en.proposal.newFile), 'sites/madrid-1/night.cedar')
    fireEvent.click(screen.getByRole('button', { name: en.proposal.add }))
    expect(text('sites/madrid-1/night.cedar').value).toBe('')
    fireEvent.click(screen.getByRole('button', { name: en.proposal.removeFile('sites.toml') }))
    expect(files().getByRole('button', { name: en.proposal.restoreFile('sites.toml') })).toBeTruthy()
    expect(screen.getByText(en.proposal.changedFiles(2))).toBeTruthy()
    fireEvent.click(files().getByRole('button', { name: en.proposal.restoreFile('sites.toml') }))
    expect(draftOf('ana')?.files.map((one) => one.name)).toEqual(['intrusion.cedar', 'packs/office/entrance.cedar', 'sites.toml', 'sites/madrid-1/night.cedar'])
  })
})

describe('starting from a version', () => {
  const start = async () => {
    serve(routesOf([draft, live], { 'GET /api/v1/policies': list([draft, live]) }))
    show(<PoliciesPage digest={digests.draft} />, 'manager')
    const mend = await screen.findByRole<HTMLButtonElement>('button', { name: en.policies.mend })
    await waitFor(() => expect(mend.disabled).toBe(false))
    fireEvent.click(mend)
  }

  it('takes its files and what is wrong with them along', async () => {
    await start()
    expect(location.pathname).toBe('/policies/proposal')
    expect(draftOf('ana')).toMatchObject({ base: digests.draft, findings: [{ file: 'intrusion.cedar', line: 7 }] })
  })

  it('asks before it throws away a draft', async () => {
    const mine = { base: digests.live, baseFiles: [], files: [{ name: 'a.cedar', text: 'mine' }], note: '', findings: [], recorded: null, before: null }
    keepDraft('ana', mine)
    await start()
    const dialog = await screen.findByRole('dialog')
    expect(draftOf('ana')).toBe(mine)
    fireEvent.click(within(dialog).getByRole('button', { name: en.proposal.keep }))
    expect([location.pathname, draftOf('ana')]).toEqual(['/policies/proposal', mine])
  })

  it('throws it away when told to', async () => {
    keepDraft('ana', { base: digests.live, baseFiles: [], files: [], note: 'mine', findings: [], recorded: null, before: null })
    await start()
    fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: en.proposal.replace }))
    expect(draftOf('ana')?.base).toBe(digests.draft)
  })
})
