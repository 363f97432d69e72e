// guards: src/http/console/api/handlers/explain.ts src/http/console/api/handlers/projects.ts
// guards: src/http/console/api/handlers/policy.ts
import t from 'tap'
import { explained, history } from '../../../../src/protocol/api/told-shapes.ts'
import { inAnyRound } from '../../../world/thread/rounds.ts'
import { comesTo } from '../../../world/until.ts'
import { openApiScene } from './api-scene.ts'

const POLICY = [
  'version: 1',
  'projects:',
  '  - { match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }',
  'contact: { name: Platform, url: "https://tickets.acme.example/new?title={code}" }',
].join('\n')

t.test('a file, a release, a project and a refusal are explained', async t => {
  const scene = await openApiScene(t, {
    policy: POLICY,
    async prepare(world) {
      await world.release('demo', '1.0')
      await world.release('demo', '2.0', { attested: false })
    },
  })
  const { call, ask, token } = scene
  const dev = await token('dev')
  const explain = (target: string) => call(`/explain?target=${encodeURIComponent(target)}`, { token: dev })
  const file = await explain('demo-1.0-py3-none-any.whl')
  t.equal(file.status, 200)
  t.strictSame(explained.parse(file.body), file.body, 'as the document has it')
  t.match(file.body, {
    index: 'main',
    release: null,
    files: [
      { outcome: 'admitted', by: 'attestation', rule: { file: 'policy.yaml' }, signed: { publisher: /acme\/demo/ } },
    ],
  })
  const release = await explain('demo==2.0')
  t.match(release.body, {
    release: { project: 'demo', version: '2.0', chosen: 'as named' },
    files: [
      { outcome: 'refused', code: 'unattested', admit_with: /exemptions/, contact: { name: 'Platform' } },
      { outcome: 'refused' },
    ],
  })
  t.match((await explain('demo')).body, { release: { version: '2.0', chosen: 'the newest' } })
  const { refusal } = await ask({ path: await pathOf(scene, 'demo-2.0-py3-none-any.whl') })
  t.match((await explain(refusal)).body, { recorded: /^20/, files: [{ outcome: 'refused', code: 'unattested' }] })
  t.match(await explain('nothing-like-it'), { status: 404, body: { code: 'no-project' } })
  t.match(await explain('0123456789ab'), { status: 404 })
})

async function pathOf({ gate }: Awaited<ReturnType<typeof openApiScene>>, filename: string): Promise<string> {
  const page = await fetch(`${gate.url}/simple/demo/`, { headers: { accept: 'application/vnd.pypi.simple.v1+json' } })
  const { files } = JSON.parse(await page.text()) as {
    readonly files: readonly { readonly filename: string; readonly url: string }[]
  }
  return new URL(files.find(file => file.filename === filename)?.url ?? '', page.url).pathname
}

t.test('to explain teaches the gate nothing', async t => {
  const { call, token } = await openApiScene(t)
  const read = await token('reader', ['read'])
  t.match((await call('/explain?target=demo', { token: read })).body, { files: [{ outcome: 'admitted' }, {}] })
  t.match((await call('/projects/demo/history', { token: read })).body, { last_read: null, files: [] })
})

t.test('what was seen of a project is told with its signers and claims', async t => {
  const scene = await openApiScene(t)
  const read = await scene.token('reader', ['read'])
  await scene.ask({ path: await pathOf(scene, 'demo-1.0-py3-none-any.whl') })
  await scene.gate.app.gate.settled()
  const told = await comesTo(
    'the signer is written',
    () => scene.call('/projects/Demo/history', { token: read }),
    ({ body }) => !Array.isArray(body['signers']) || body['signers'].length > 0,
  )
  t.strictSame(history.parse(told.body), told.body)
  t.match(told.body, { project: 'demo', status: 'active', signers: [{ root: 'sigstore' }] })
})

t.test('a policy that somebody brings is checked and compared, and put in force nowhere', async t => {
  const { call, token, gate } = await openApiScene(t, {
    policy: POLICY,
    prepare: world => world.release('demo', '1.0'),
  })
  const read = await token('reader', ['read'])
  const before = gate.app.gate.policy().digest
  const post = (what: string, text: string, pins: readonly object[] = []) =>
    call(`/policy/${what}`, { token: read, method: 'POST', body: { files: [{ name: 'acme.yaml', text }], pins } })
  t.match(await post('check', POLICY), { status: 200, body: { ok: true, rules: 1, diagnostics: [] } })
  t.match(await post('check', 'version: 1\nrule: x\n'), {
    status: 200,
    body: { ok: false, digest: null, diagnostics: [{ file: 'acme.yaml', line: 1 }] },
  })
  const strict = POLICY.replace('release.yml', 'publish.yml')
  t.match(await post('diff', strict), { status: 200, body: { in_force: before, changes: [{ about: 'demo' }] } })
  t.match(await post('diff', POLICY), { status: 200, body: { changes: [] } })
  t.match(await post('diff', 'version: 2'), { status: 422, body: { code: 'invalid-body' } })
  t.match(await post('replay', strict), { status: 200, body: { whole: true, requests: 0, changed: [] } })
  const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
  const pinned = `${POLICY}\nexemptions:\n  - { id: E1, match: "*", pins: ./pins/app.txt, waive: [attestation], reason: r, owner: o, expires: ${day} }\n`
  const hash = 'a'.repeat(64)
  const pins = [{ path: './pins/app.txt', text: `demo==1.0 --hash=sha256:${hash}\n` }]
  t.match(await post('check', pinned, pins), { status: 200, body: { ok: true, exemptions: 1 } })
  t.match((await post('check', pinned)).body, {
    ok: false,
    diagnostics: [{ message: /was not sent beside the policy/ }],
  })
  t.equal(gate.app.gate.policy().digest, before)
})

t.test('a policy that takes long to look at keeps nobody else waiting', async t => {
  const { call, token, gate } = await openApiScene(t, { policy: POLICY })
  const read = await token('reader', ['read'])
  const globs = Array.from({ length: 700 }, (_, at) => `  - { match: "a${at}-*", deny: "no" }`)
  const files = [{ name: 'acme.yaml', text: `version: 1\nprojects:\n${globs.join('\n')}\n` }]
  await inAnyRound(
    t,
    'ms that others wait, of those that the look takes',
    async () => {
      const began = performance.now()
      let [longest, looking] = [0, true]
      const diff = call('/policy/diff', { token: read, method: 'POST', body: { files } }).finally(() => {
        looking = false
      })
      while (looking) {
        const asked = performance.now()
        t.equal((await fetch(`${gate.url}/healthz`)).status, 200)
        longest = Math.max(longest, performance.now() - asked)
      }
      // a look that the machine gives no time is given up
      return { longest, took: performance.now() - began, status: (await diff).status }
    },
    ({ longest, took, status }) => status === 200 && longest < took / 4,
  )
})

t.test('whoever tries many policies at once waits behind himself, and others have their turns', async t => {
  const { call, token } = await openApiScene(t, { policy: POLICY })
  const [greedy, other] = [await token('greedy', ['read']), await token('other', ['read'])]
  const globs = Array.from({ length: 400 }, (_, at) => `  - { match: "a${at}-*", deny: "no" }`)
  const body = { files: [{ name: 'acme.yaml', text: `version: 1\nprojects:\n${globs.join('\n')}\n` }] }
  await inAnyRound(
    t,
    'the other is answered after a few of twelve',
    async () => {
      const order: string[] = []
      let most = 200
      const ask = async (who: string, bearer: string) => {
        most = Math.max(most, (await call('/policy/check', { token: bearer, method: 'POST', body })).status)
        order.push(who)
      }
      const all = Array.from({ length: 12 }, async () => await ask('greedy', greedy))
      // in the same breath: twelve that were done while the question of the other is on its way would say nothing
      await Promise.all([...all, ask('other', other)])
      return { after: order.indexOf('other'), 'the greatest status': most }
    },
    ({ after, 'the greatest status': most }) => most === 200 && after <= 4,
  )
})

t.test('exemptions and policies are told without the folders that they lie in', async t => {
  const { call, token, world } = await openApiScene(t)
  const read = await token('reader', ['read'])
  const { body } = await call('/policies', { token: read })
  t.match(body.items, [{ index: 'main', files: ['policy.yaml'], mode: 'enforce', kept_back: null }])
  t.notMatch(JSON.stringify(body), new RegExp(world.folder))
  t.match((await call('/exemptions', { token: read })).body, { index: 'main', items: [] })
})
