// guards: src/compose/console/open-console.ts
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { openAuditRecords } from '../../../src/compose/audit/audit-log.ts'
import { offerSignInLink } from '../../../src/compose/console/sign-in-link.ts'
import { withdrawApproval } from '../../../src/compose/console/withdraw-approval.ts'
import { systemClock } from '../../../src/domain/base/instant.ts'
import type { Role } from '../../../src/ports/console/sessions.ts'
import { withRequests } from '../../../src/store/requests.ts'
import { runCommand } from '../../world/commands/commands.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate, type WorldGate } from '../../world/gate/gate.ts'
import { type Browser, type Came, createBrowser } from '../../world/people/browser.ts'
import { until } from '../../world/until.ts'
import { createWorld, type Published, type ReleaseRequest, type World } from '../../world/world.ts'

const DAY = 86_400_000
const day = (days: number) => new Date(Date.now() + days * DAY).toISOString().slice(0, 10)
const ASKED = { reason: 'the build needs it', email: 'ada@acme.example' }
const APPROVED = { ends: day(5), extent: 'file', ticket: 'SEC-7', words: 'until 2.1 is out' }

interface Scene {
  readonly world: World
  readonly gate: WorldGate
  readonly wheel: Published
  readonly sdist: Published
  /** of the console */
  readonly url: string
  /** what a client gets */
  status(file: Pick<Published, 'path'>, of?: WorldGate): Promise<number>
  /** asks about a file, and answers with the request's id */
  ask(file?: Published, fields?: Readonly<Record<string, string>>): Promise<string>
  person(role: Role, name?: string): Promise<Browser>
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { readonly port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

async function scene(
  t: Test,
  {
    release = { attested: false },
    policy,
    store,
    index,
  }: {
    readonly release?: ReleaseRequest
    readonly policy?: string
    readonly store?: object
    readonly index?: object
  } = {},
): Promise<Scene> {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const released = await world.release('demo', '2.0', release)
  const { wheel } = released
  const listen = `127.0.0.1:${await freePort()}`
  const configuration = {
    console: { listen, requests: { anonymous: true } },
    ...(store === undefined ? {} : { store }),
    ...(index === undefined ? {} : { index }),
  }
  const gate = await startGate(t, world, { configuration, ...(policy === undefined ? {} : { policy }) })
  writeFileSync(`${world.folder}/portcullis.yaml`, JSON.stringify({ ...world.configuration(), ...configuration }))
  const url = gate.app.consoleUrl ?? ''
  const status: Scene['status'] = async ({ path }, of = gate) => {
    const answer = await fetch(`${of.url}${path}`)
    await answer.arrayBuffer()
    return answer.status
  }
  return {
    world,
    gate,
    wheel,
    get sdist() {
      return released.sdist
    },
    url,
    status,
    async ask(file = wheel, fields = ASKED) {
      const { explain } = (await (await fetch(`${gate.url}${file.path}`)).json()) as { readonly explain: string }
      const answer = await fetch(`${explain}/request`, { method: 'POST', body: new URLSearchParams(fields) })
      return ((await answer.json()) as { readonly id: string }).id
    },
    async person(role, name = 'grace@acme.example') {
      const doer = { actor: 'shell:test', from: 'command line', why: undefined }
      const link = await offerSignInLink(gate.config, { role, name }, { clock: systemClock, doer })
      const browser = createBrowser(t)
      await browser.post(link, {}, { follow: false })
      return browser
    },
  }
}

async function audited(gate: WorldGate): Promise<readonly string[]> {
  const records = await openAuditRecords(gate.config)
  const rows = (await records?.rows({}, { limit: 50 })) ?? []
  await records?.close()
  const own = new Set(['requested', 'approved', 'declined', 'withdrawn', 'change-approved'])
  return rows.filter(({ action }) => own.has(action)).map(({ action, actor, why }) => `${action} ${actor}: ${why}`)
}

/** Sends what a page of his session may send, whether it offers that or not. */
async function act(
  browser: Browser,
  page: Came,
  path: string,
  fields: Readonly<Record<string, string>>,
): Promise<Came> {
  const [, csrf = ''] = /name="csrf" value="([^"]*)"/.exec(page.text) ?? []
  return await browser.post(new URL(path, page.url), { csrf, ...fields })
}

t.test('somebody asks, somebody else approves, and the install works until it is withdrawn', async t => {
  const { gate, wheel, sdist, url, status, ask, person } = await scene(t)
  t.equal(await status(wheel), 403)
  const id = await ask()
  const grace = await person('approver')
  const queue = await grace.get(`${url}/requests`)
  t.match(queue, { status: 200, text: /ada@acme\.example/ })
  const page = await grace.get(`${url}/requests/${id}`)
  t.equal(page.status, 200)
  for (const said of [
    ASKED.reason,
    wheel.filename,
    wheel.sha256,
    'unattested',
    `id: approval-${id}`,
    sdist.filename,
    '1.0',
  ])
    t.match(page.text, said)
  const before = gate.app.gate.policy().digest
  const after = await grace.submit(page, `/requests/${id}/approve`, APPROVED)
  t.match(after, { status: 200, text: /until 2\.1 is out/ })
  t.equal(await status(wheel), 200, 'at once')
  t.equal(await status(sdist), 403, 'this file alone')
  t.not(gate.app.gate.policy().digest, before)
  const told = (await (await fetch(`${gate.url}/x/${await refusalOf(gate, id)}/request`)).json()) as object
  t.match(told, {
    state: 'approved',
    decision: { words: 'until 2.1 is out', extent: 'file', by: 'grace@acme.example' },
  })
  const gone = await grace.submit(after, `/requests/${id}/withdraw`, { words: 'a CVE' })
  t.equal(gone.status, 200)
  t.equal(await status(wheel), 403, 'at once')
  t.equal(gate.app.gate.policy().digest, before)
  t.strictSame((await audited(gate)).toReversed(), [
    'requested anonymous: the build needs it',
    'approved user:grace@acme.example: until 2.1 is out',
    'withdrawn user:grace@acme.example: a CVE',
  ])
})

/** The refusal that a request is about, as whoever asked has its address. */
async function refusalOf(gate: WorldGate, id: string): Promise<string> {
  return await withRequests(gate.config.data, systemClock, async requests => (await requests.get(id))?.refusal ?? '')
}

t.test('an approval of the release lets through every file of it that is listed now', async t => {
  const { wheel, sdist, url, status, ask, person, world } = await scene(t)
  const id = await ask()
  const grace = await person('approver')
  const page = await grace.get(`${url}/requests/${id}`)
  await grace.submit(page, `/requests/${id}/approve`, { ...APPROVED, extent: 'release' })
  t.strictSame([await status(wheel), await status(sdist)], [200, 200])
  const { wheel: other } = await world.release('demo', '3.0', { attested: false })
  t.not(await status(other), 200, 'and nothing that comes later')
})

t.test('what came to the release after somebody looked is approved by nobody who did not see it', async t => {
  const { wheel, url, status, ask, person, world } = await scene(t, {
    release: { attested: false, kinds: ['wheel'] },
    index: { max_age: '0s' },
  })
  const id = await ask()
  const grace = await person('approver')
  const page = await grace.get(`${url}/requests/${id}`)
  const late = await world.release('demo', '2.0', { attested: false, kinds: ['sdist'] })
  const order = { ...APPROVED, extent: 'release' }
  const before = await grace.submit(page, `/requests/${id}/approve`, order)
  t.match(before, { status: 409, text: /look again/ })
  const [file] = late.files
  t.strictSame([await status(wheel), file && (await status(file))], [403, 403])
  const now = await grace.get(`${url}/requests/${id}`)
  t.equal((await grace.submit(now, `/requests/${id}/approve`, order)).status, 200)
  t.strictSame([await status(wheel), file && (await status(file))], [200, 200], 'once it was seen')
})

t.test('one’s own request, a viewer’s word, an end that is too late, and what is no end are turned away', async t => {
  const base =
    'version: 1\nlimits: { exemption_max: 10d }\nprojects: [{ match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }]\n'
  const { wheel, url, status, ask, person } = await scene(t, { policy: base })
  const id = await ask()
  const at = `${url}/requests/${id}`
  const grace = await person('approver')
  const page = await grace.get(at)
  for (const [fields, expected] of [
    [{ ...APPROVED, ends: day(11) }, 422],
    [{ ...APPROVED, ends: day(-2) }, 422],
    [{ ...APPROVED, ends: 'soon' }, 422],
    [{ ...APPROVED, words: 'x'.repeat(2_001) }, 422],
  ] as const)
    t.equal((await act(grace, page, `/requests/${id}/approve`, fields)).status, expected)
  const past = await act(grace, page, `/requests/${id}/approve`, { ...APPROVED, ends: day(-2) })
  t.match(past.text, /cannot be decided so[\s\S]*is past: an approval ends in the future/)
  t.notMatch(past.text, 'why the file is needed', 'that is for whoever asks')
  t.equal((await act(grace, page, `/requests/${id}/decline`, { words: ' ' })).status, 422, 'no without a word')
  t.equal((await act(grace, page, `/requests/${id}/withdraw`, {})).status, 409, 'nothing was approved')
  t.equal((await act(grace, page, '/requests/0000/approve', APPROVED)).status, 404)
  for (const name of ['ada@acme.example', 'ADA@acme.example', 'ada+x@acme.example']) {
    const ada = await person('admin', name)
    const own = await ada.get(at)
    t.notMatch(own.text, `/requests/${id}/approve`, 'not offered')
    for (const way of ['approve', 'decline'])
      t.equal((await act(ada, own, `/requests/${id}/${way}`, APPROVED)).status, 403, `${name} ${way}`)
  }
  const viewer = await person('viewer', 'vera@acme.example')
  const seen = await viewer.get(at)
  t.equal(seen.status, 200)
  t.notMatch(seen.text, `/requests/${id}/approve`)
  t.equal((await act(viewer, seen, `/requests/${id}/approve`, APPROVED)).status, 403)
  t.equal((await grace.post(`${at}/approve`, APPROVED)).status, 403, 'without what forms of the session carry')
  t.equal(await status(wheel), 403)
  t.equal((await act(grace, page, `/requests/${id}/decline`, { words: 'use 1.0' })).status, 200)
  t.equal((await act(grace, page, `/requests/${id}/approve`, APPROVED)).status, 409, 'it is decided')
})

t.test('whoever gave out the token that asked decides nothing about it, signed in as himself', async t => {
  const { gate, wheel, url, status, person } = await scene(t)
  const grace = await person('admin')
  const start = await grace.get(`${url}/requests`)
  const [, csrf = ''] = /name="csrf" value="([^"]*)"/.exec(start.text) ?? []
  const minted = await grace.get(`${url}/api/v1/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf-token': csrf, origin: new URL(url).origin },
    body: JSON.stringify({ name: 'laptop-7' }),
  })
  t.equal(minted.status, 201, minted.text)
  const { token } = JSON.parse(minted.text) as { readonly token: string }
  const headers = { authorization: `Bearer ${token}` }
  const { explain } = (await (await fetch(`${gate.url}${wheel.path}`)).json()) as { readonly explain: string }
  const body = new URLSearchParams({ reason: 'the build needs it' })
  const asked = await fetch(`${explain}/request`, { method: 'POST', headers, body })
  t.equal(asked.status, 201)
  const { id } = (await asked.json()) as { readonly id: string }
  const page = await grace.get(`${url}/requests/${id}`)
  t.match(page.text, 'with a token that you gave out')
  t.notMatch(page.text, `/requests/${id}/approve`, 'not offered')
  for (const way of ['approve', 'decline'])
    t.equal((await act(grace, page, `/requests/${id}/${way}`, APPROVED)).status, 403, way)
  t.equal(await status(wheel), 403)
  const hedy = await person('approver', 'hedy@acme.example')
  const seen = await hedy.get(`${url}/requests/${id}`)
  t.equal((await hedy.submit(seen, `/requests/${id}/approve`, APPROVED)).status, 200)
  t.equal(await status(wheel), 200)
})

t.test('two who decide at once are one decision', async t => {
  const { url, ask, person, gate } = await scene(t)
  const id = await ask()
  const [grace, hedy] = [await person('approver'), await person('approver', 'hedy@acme.example')]
  const [one, other] = [await grace.get(`${url}/requests/${id}`), await hedy.get(`${url}/requests/${id}`)]
  const statuses = await Promise.all([
    grace.submit(one, `/requests/${id}/approve`, APPROVED),
    hedy.submit(other, `/requests/${id}/decline`, { words: 'no' }),
  ])
  t.strictSame(
    statuses.map(({ status }) => status).sort((a, b) => a - b),
    [200, 409],
  )
  const rows = await audited(gate)
  t.ok(rows.length >= 2, rows.join('\n'))
})

t.test('a change of the publisher is decided in the same queue, by the bytes', async t => {
  const policy = 'version: 1\nprojects: [{ match: demo, identity: first-seen }]\n'
  const identity = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const
  const world = await createWorld(t)
  const { wheel: first } = await world.release('demo', '1.0')
  const { wheel } = await world.release('demo', '2.0', { identity })
  const listen = `127.0.0.1:${await freePort()}`
  const gate = await startGate(t, world, {
    policy,
    configuration: { console: { listen, requests: { anonymous: true } } },
  })
  const get = async ({ path }: Published) => await fetch(`${gate.url}${path}`)
  t.equal((await get(first)).status, 200)
  const refused = (await (await get(wheel)).json()) as { readonly code: string; readonly explain: string }
  t.equal(refused.code, 'publisher-changed')
  const asked = await fetch(`${refused.explain}/request`, { method: 'POST', body: new URLSearchParams(ASKED) })
  const { id, kind } = (await asked.json()) as { readonly id: string; readonly kind: string }
  t.equal(kind, 'change')
  const doer = { actor: 'shell:test', from: 'command line', why: undefined }
  const grace = createBrowser(t)
  await grace.post(
    await offerSignInLink(gate.config, { role: 'approver', name: 'grace@acme.example' }, { clock: systemClock, doer }),
    {},
    { follow: false },
  )
  const page = await grace.get(`${gate.app.consoleUrl}/requests/${id}`)
  t.match(page.text, /Another signs than before[\s\S]*acme\/demo[\s\S]*mallory\/demo[\s\S]*repository: mallory\/demo/)
  await grace.submit(page, `/requests/${id}/approve`, APPROVED)
  t.equal((await get(wheel)).status, 200)
  t.match(await audited(gate), [/^change-approved user:grace/, /^requested/])
})

t.test('commands say what the door says, print it as a policy, and withdraw it', async t => {
  const { world, gate, wheel, url, status, ask, person } = await scene(t)
  const run = (...argv: readonly string[]) => runCommand(argv, { folder: world.folder, clock: systemClock })
  t.match(await run('policy', 'approvals', 'list'), { exit: 0, out: /nothing is approved/ })
  t.match(await run('policy', 'approvals', 'export'), { exit: 0, out: /version: 1/ })
  const id = await ask()
  const grace = await person('approver')
  await grace.submit(await grace.get(`${url}/requests/${id}`), `/requests/${id}/approve`, APPROVED)
  t.equal(await status(wheel), 200)
  t.match(await run('policy', 'approvals', 'list'), { exit: 0, out: new RegExp(`${id}.*${wheel.filename}`) })
  t.match(await run('policy', 'approvals', 'list', '--format', 'json'), { out: /"ticket":"SEC-7"/ })
  const check = await run('policy', 'check', '--format', 'json')
  t.equal((JSON.parse(check.out) as { digest: string }).digest, gate.app.gate.policy().digest)
  t.match(await run('explain', wheel.filename), { exit: 0, out: /✓/, err: /policy: .*, 1 approval \(sha256/ })
  t.match(await run('exemptions', 'expiring', '--within', '30d'), { exit: 0, out: new RegExp(`approval-${id}`) })
  const exported = await run('policy', 'approvals', 'export')
  t.match(exported, { exit: 0, out: new RegExp(`id: approval-${id}`) })
  writeFileSync(`${world.folder}/approved.yaml`, exported.out)
  const policy = String(gate.config.policy[0])
  t.match(
    await run('policy', 'check', policy, `${world.folder}/approved.yaml`),
    { exit: 0 },
    'it loads beside the policy',
  )
  t.match(await run('policy', 'approvals', 'withdraw', 'nothing', '--reason', 'x'), { exit: 2, err: /no such request/ })
  t.match(await run('policy', 'approvals', 'withdraw', id, '--reason', 'fixed in 2.1'), {
    exit: 0,
    out: /approved no longer at main/,
  })
  await until('the gate that runs goes by it', async () => (await status(wheel)) === 403)
  t.match(await audited(gate), [/^withdrawn shell:.*: fixed in 2\.1$/, /^approved/, /^requested/])
  await t.rejects(
    withdrawApproval(gate.config, { request: id, reason: 'x' }, { clock: systemClock, environment: {} }),
    { code: 'usage' },
  )
})

t.test('a gate that is started again goes by what was approved before', async t => {
  const { world, gate, wheel, url, status, ask, person } = await scene(t)
  const id = await ask()
  const grace = await person('approver')
  await grace.submit(await grace.get(`${url}/requests/${id}`), `/requests/${id}/approve`, APPROVED)
  await gate.stop()
  const again = await startGate(t, world, {})
  t.equal(await status(wheel, again), 200, 'also without a console')
})

t.test('what is approved at one gate comes into force at another', { skip: NO_POSTGRES }, async t => {
  const database = await (await startCluster(t)).database()
  const { world, wheel, url, status, ask, person } = await scene(t, { store: { database } })
  const data = `${world.folder}/other-data`
  const other = await startGate(t, world, { configuration: { data, store: { database } } })
  t.equal(await status(wheel, other), 403)
  const id = await ask()
  const grace = await person('approver')
  const after = await grace.submit(await grace.get(`${url}/requests/${id}`), `/requests/${id}/approve`, APPROVED)
  const approved = Date.now()
  await until('it is in force there', async () => (await status(wheel, other)) === 200)
  t.comment(`in force on the other gate after ${Date.now() - approved} ms`)
  await grace.submit(after, `/requests/${id}/withdraw`, {})
  const withdrawn = Date.now()
  await until('it is gone there', async () => (await status(wheel, other)) === 403)
  t.comment(`gone there after ${Date.now() - withdrawn} ms`)
})
