// guards: src/compose/console/page-data.ts src/compose/console/open-console.ts
import t, { type Test } from 'tap'
import { offerSignInLink } from '../../../src/compose/console/sign-in-link.ts'
import { systemClock } from '../../../src/domain/base/instant.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createBrowser } from '../../world/people/browser.ts'
import { comesTo } from '../../world/until.ts'
import { createWorld } from '../../world/world.ts'

const MALLORY = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const

/** A gate that was asked for an attested file, one of a stranger, and one without any attestation. */
async function scene(t: Test) {
  const world = await createWorld(t)
  const good = await world.release('demo', '1.0')
  const policy = `${world.policyText()}
exemptions:
  - id: EX-1
    project: demo
    files: { demo-0.1.tar.gz: "sha256:${'ab'.repeat(32)}" }
    waive: [attestation]
    reason: older than attestations
    owner: platform@acme.example
    expires: ${new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10)}
revocations:
  - { project: demo, versions: "==1.0", reason: for the test of who got it }
`
  const stranger = await world.release('demo', '2.0', { identity: MALLORY })
  const bare = await world.release('demo', '3.0', { attested: false })
  const gate = await startGate(t, world, {
    configuration: { console: { listen: '127.0.0.1:0' } },
    policy: world.policyText(),
  })
  for (const { path } of [good.wheel, stranger.wheel, bare.wheel, bare.sdist])
    await (await fetch(`${gate.url}${path}`)).arrayBuffer()
  const url = gate.app.consoleUrl ?? ''
  const config = { ...gate.config, console: { ...gate.config.console, publicUrl: url } }
  const doer = { actor: 'shell:test', from: 'command line', why: undefined }
  const link = await offerSignInLink(config, { role: 'viewer', name: 'ada' }, { clock: systemClock, doer })
  const browser = createBrowser(t)
  await browser.post(link, {}, { follow: false })
  const get = async (path: string) => await browser.get(`${url}${path}`)
  /** rows are on disk within a second or so */
  async function until(path: string, said: RegExp) {
    return await comesTo(
      `${path} says ${said}`,
      () => get(path),
      ({ text }) => said.test(text),
      250,
    )
  }
  return { world, gate, good, stranger, bare, url, policy, ...browser, get, until }
}

t.test('what a gate did is on its pages', async t => {
  const { get, until, good, stranger, bare, world, policy, gate } = await scene(t)
  const journal = await until('/journal', /demo-3\.0.*demo-1\.0/s)
  for (const { filename } of [good.wheel, stranger.wheel, bare.wheel, bare.sdist]) t.match(journal.text, filename)
  t.match(journal.text, /acme\/demo/)
  const overview = await get('/')
  t.match(overview.text, /<section class="card"><h2>Refused<\/h2><p class="figure"><a href="\/refusals[^"]*">3<\/a>/)
  t.match(overview.text, gate.app.gate.policy().digest.slice(0, 12))
  t.match(overview.text, /class="badge doubt">age not known/)
  const refusals = await get('/refusals')
  t.match(refusals.text, /unattested.*publisher-mismatch|publisher-mismatch.*unattested/s)
  t.match((await get('/projects')).text, '<a href="/projects/demo"><span class="word">demo</span></a>')
  t.match((await get('/audit')).text, /signed in.*policy loaded|policy loaded.*signed in/s)
  t.match((await get('/exemptions')).text, 'There is no exemption that fits.')

  world.writePolicy(policy)
  t.equal(gate.app.reload(), 'loaded')
  t.match((await get('/exemptions')).text, /EX-1.*platform@acme\.example/s)
  const revocations = await get('/revocations')
  const [of = ''] = /\/revocations\/[0-9a-f]{16}/.exec(revocations.text) ?? []
  const got = await get(of)
  t.match(got.text, good.wheel.filename)
  t.notMatch(got.text, stranger.wheel.filename)
})

t.test('a project shows each file by the policy in force, who signed, and what changed', async t => {
  const { get, until, good, stranger, bare } = await scene(t)
  await until('/journal', /demo-3\.0/)
  const { text, status } = await get('/projects/demo')
  t.equal(status, 200)
  const about = (filename: string) => text.slice(text.indexOf(`<b>${filename}</b>`)).split('<b>')[1] ?? ''
  t.match(about(good.wheel.filename), 'class="badge yes">admitted')
  t.match(about(stranger.wheel.filename), /class="badge no">refused.*publisher-mismatch/s)
  t.match(about(bare.wheel.filename), /class="badge no">refused.*unattested/s)
  t.match(text, 'The identity changed')
  t.match(text, '<a href="https://github.com/acme/demo" rel="noreferrer noopener">https://github.com/acme/demo</a>')
  t.match(text, '<strong>differs</strong>')
  t.equal((await get('/projects/never-heard-of')).status, 404)
  t.equal((await get('/projects/demo?index=other')).status, 404)
})

t.test('a list is exported as the filter of its address finds it', async t => {
  const { get, until, bare } = await scene(t)
  await until('/journal', /demo-3\.0/)
  const rows = JSON.parse((await get('/journal?code=unattested&format=json')).text)
  t.strictSame(
    rows.map(({ filename }: { filename: string }) => filename).sort(),
    [bare.wheel.filename, bare.sdist.filename].sort(),
  )
  const csv = await get('/journal?code=unattested&format=csv')
  t.match(csv.headers, {
    'content-disposition': 'attachment; filename="portcullis-journal.csv"',
    'content-type': /^text\/csv/,
  })
  t.equal(csv.text.trim().split('\r\n').length, 3)
  for (const path of ['projects', 'refusals', 'would-refuse', 'exemptions', 'revocations', 'downloads', 'audit']) {
    t.ok(Array.isArray(JSON.parse((await get(`/${path}?format=json`)).text)), path)
    t.match((await get(`/${path}?format=csv`)).text, /^[a-z\d,_]+\r\n/, path)
  }
  for (const path of [
    '/journal?format=xml',
    '/journal?outcome=maybe',
    '/journal?since=2026-02-30',
    '/journal?cursor=x',
    '/audit?cursor=x',
    '/?days=8',
  ])
    t.equal((await get(path)).status, 400, path)
})

t.test('what another policy would change is told, and nothing of it is kept or in force', async t => {
  const { get, submit, until, gate, world, good } = await scene(t)
  await until('/journal', /demo-3\.0/)
  const before = gate.app.gate.policy().digest
  const page = await get('/what-if')
  const loose = 'version: 1\nprojects: [{ match: demo, attestation: optional }]\n'
  const told = await submit(page, '/what-if', { policy: loose })
  t.equal(told.status, 200)
  t.match(told.text, /<strong>3<\/strong> that were refused would pass/)
  t.match(told.text, 'admits more')
  const strict = await submit(page, '/what-if', {
    policy: 'version: 1\nprojects: [{ match: demo, deny: not here }]\n',
  })
  t.match(strict.text, /<strong>1<\/strong> that passed would be refused/)
  t.match(strict.text, good.wheel.filename)
  const wrong = await submit(page, '/what-if', {
    policy: 'version: 1\nprojects: [{ match: demo, atestation: optional }]\n',
  })
  t.match(wrong.text, /pasted\.yaml:2:\d+ .*atestation/)
  t.notMatch(wrong.text, world.folder)
  t.equal((await submit(page, '/what-if', { policy: '  ' })).status, 400)
  t.equal(gate.app.gate.policy().digest, before)
})

t.test('a policy that is tried reads no file but those that the one in force names', async t => {
  const { get, submit, until, world } = await scene(t)
  await until('/journal', /demo-3\.0/)
  const page = await get('/what-if')
  for (const named of [world.trustRoot, '/etc/passwd', 'policy.yaml']) {
    const policy = `version: 1
projects: [{ match: demo }]
exemptions:
  - { id: EX-9, pins: ${JSON.stringify(named)}, waive: [attestation], reason: none, owner: a@acme.example, expires: 2026-12-31 }
`
    const { text } = await submit(page, '/what-if', { policy })
    t.match(text, 'is not read here', named)
    t.notMatch(text, /root:|mediaType/, named)
  }
})
