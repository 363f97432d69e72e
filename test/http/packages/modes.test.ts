// guards: src/http/packages/integrity.ts src/http/packages/root-list-proxy.ts src/http/packages/root-list.ts
// guards: src/http/packages/send-body.ts
import t from 'tap'
import { type GateChanges, startGate } from '../../world/gate/gate.ts'
import { until } from '../../world/until.ts'
import { createWorld, type World } from '../../world/world.ts'
import { createAsk, SIMPLE_JSON } from '../client.ts'
import { etagOf, scene } from '../listing-scene.ts'

function inMode(mode: string): GateChanges {
  return { configuration: { index: { mode } } }
}

/** A release whose wheel alone is attested, one whose sdist alone is, one with both, one with neither. */
async function quarters(world: World): Promise<void> {
  await world.release('demo', '1.0')
  await world.release('demo', '2.0', { attested: ['wheel'] })
  await world.release('demo', '3.0', { attested: ['sdist'] })
  await world.release('demo', '4.0', { attested: false })
}

t.test('list shows everything as it is', async t => {
  const { list } = await scene(t, quarters, inMode('list'))
  const files = await list()
  t.equal(files.length, 8)
  t.ok(files.every(({ yanked }) => yanked === false))
})

t.test('annotate yanks what is refused, with the reason; a refused wheel takes its sdist along', async t => {
  const { list, ask } = await scene(t, quarters, inMode('annotate'))
  const yanked = new Map((await list()).map(file => [file.filename, file.yanked]))
  t.equal(yanked.size, 8)
  for (const [filename, expected] of [
    ['demo-1.0-py3-none-any.whl', false],
    ['demo-1.0.tar.gz', false],
    ['demo-2.0-py3-none-any.whl', false],
    ['demo-2.0.tar.gz', true],
    ['demo-3.0-py3-none-any.whl', true],
    ['demo-3.0.tar.gz', true],
    ['demo-4.0-py3-none-any.whl', true],
    ['demo-4.0.tar.gz', true],
  ] as const)
    if (expected)
      t.match(yanked.get(filename), /^Refused by policy: unattested .*see http:\/\/127\.0\.0\.1:\d+\/x\//, filename)
    else t.equal(yanked.get(filename), false, filename)
  const { text } = await ask('/simple/demo/')
  t.match(text, /data-yanked="Refused by policy: unattested/)
})

t.test('hide leaves it out; the file door judges each file alone all the same', async t => {
  const { list, ask, world } = await scene(t, quarters, inMode('hide'))
  const passing = ['demo-1.0-py3-none-any.whl', 'demo-1.0.tar.gz', 'demo-2.0-py3-none-any.whl']
  // a machine with much else to do may not judge all of them while the first page waits
  await until('what passes is shown', async () => {
    const shown = (await list()).map(({ filename }) => filename)
    t.ok(new Set(passing).isSupersetOf(new Set(shown)), 'and nothing else at any time')
    return shown.length === passing.length
  })
  t.equal(
    (await ask(world.upstream.pathOf('demo', 'demo-3.0.tar.gz'))).status,
    200,
    'hidden for its wheel, itself attested',
  )
  t.equal((await ask(world.upstream.pathOf('demo', 'demo-4.0.tar.gz'))).status, 403)
})

/** A release that passes, and a newer one that somebody else signed. */
async function passAndRefuse(world: World): Promise<void> {
  await world.release('demo', '1.0')
  await world.release('demo', '2.0', {
    identity: { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' },
  })
}

t.test('an attested file that nobody judged is listed in annotate, judged in the background, and changes', async t => {
  const { list, ask, gate } = await scene(t, passAndRefuse, inMode('annotate'))
  const before = await etagOf(ask)
  await gate.app.gate.settled()
  await until('the page changed', async () => (await etagOf(ask)) !== before)
  const refused = (await list()).filter(({ filename }) => filename.includes('2.0'))
  for (const { yanked } of refused) t.match(yanked, /publisher-mismatch/)
  const stable = await etagOf(ask)
  t.equal(await etagOf(ask), stable, 'and then it stays')
})

t.test('the JSON API forgets a file once it is judged, and has it back when the policy changes its mind', async t => {
  const { ask, world, gate } = await scene(t, async world => {
    await world.release('demo', '1.0')
    const identity = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const
    await world.release('demo', '2.0', { identity, kinds: ['wheel'] })
  })
  const releases = async (): Promise<readonly string[]> => Object.keys((await ask('/pypi/demo/json')).json().releases)
  t.strictSame(await releases(), ['1.0', '2.0'], 'nobody judged it yet')
  await gate.app.gate.settled()
  await until('it is left out', async () => (await releases()).length === 1)
  t.equal((await ask('/pypi/demo/2.0/json')).json().urls.length, 0)
  const { etag } = (await ask('/pypi/demo/json')).headers
  t.equal((await ask('/pypi/demo/json')).headers['etag'], etag)
  world.writePolicy(
    'version: 1\nmode: enforce\nprojects:\n  - match: demo\n    publishers: [{ kind: github, repository: mallory/demo, workflow: release.yml }]\n',
  )
  t.equal(gate.app.reload(), 'loaded')
  t.strictSame(await releases(), ['2.0'])
  world.writePolicy()
  gate.app.reload()
  t.equal((await ask('/pypi/demo/json')).headers['etag'], etag)
})

t.test('a reload of the policy changes pages and their tags, and nothing has to be forgotten by hand', async t => {
  const { world, gate, ask, list } = await scene(t, quarters, inMode('hide'))
  const before = await etagOf(ask)
  t.equal((await list()).length, 3)
  world.writePolicy('version: 1\nmode: enforce\nprojects: [{ match: demo, attestation: optional }]\n')
  t.equal(gate.app.reload(), 'loaded')
  t.equal((await list()).length, 8)
  t.not(await etagOf(ask), before)
  world.writePolicy('version: 1\nmode: enforce\nprojects: [{ match: demo, deny: "not for us" }]\n')
  t.equal(gate.app.reload(), 'loaded')
  t.strictSame(await list(), [])
  world.writePolicy()
  gate.app.reload()
  t.equal(await etagOf(ask), before, 'the same state has the same tag')
})

t.test('an index that is older than PyPI: 1.0 and 1.1, without provenance, core-metadata or versions', async t => {
  for (const minor of [0, 1] as const)
    for (const mode of ['list', 'annotate', 'hide']) {
      const { list, ask, world, gate } = await scene(
        t,
        async world => {
          await world.release('demo', '1.0')
          await world.release('demo', '2.0', { attested: false })
        },
        {
          ...inMode(mode),
          world: { dialect: { minor, provenance: false, coreMetadata: false, versions: minor === 1 } },
        },
      )
      const page = (await ask('/simple/demo/', { headers: { accept: SIMPLE_JSON } })).json()
      t.equal(page.meta['api-version'], `1.${minor}`)
      t.equal(page.files.length, mode === 'hide' ? 2 : 4, 'nothing is known yet, and what is hidden is judged first')
      for (const file of page.files) for (const key of ['provenance', 'core-metadata']) t.notOk(file[key])
      const status = async (filename: string): Promise<number> =>
        (await ask(world.upstream.pathOf('demo', filename))).status
      t.equal(await status('demo-1.0-py3-none-any.whl'), 200, 'the Integrity API has its provenance')
      t.equal(await status('demo-2.0-py3-none-any.whl'), 403)
      await gate.app.gate.settled()
      if (mode === 'hide')
        await until('the refused release is gone', async () =>
          (await list()).every(({ filename }) => !filename.includes('2.0')),
        )
      if (mode === 'annotate')
        await until('it is yanked', async () => (await list()).filter(({ yanked }) => yanked !== false).length === 2)
      const html = await ask('/simple/demo/')
      t.match(html.text, `content="1.${minor}"`)
    }
})

t.test(
  'an upstream that cannot answer: a page that may stand in does, then it is 503, never 404 and never 403',
  async t => {
    const world = await createWorld(t)
    await world.release('demo', '1.0')
    const clock = { now: Date.now() }
    const gate = await startGate(t, world, { clock: () => clock.now as never })
    const ask = createAsk(t, world, gate.url)
    const page = { headers: { accept: SIMPLE_JSON } }
    t.equal((await ask('/simple/demo/', page)).status, 200)
    world.upstream.fault({ route: 'page', do: { status: 502 } })
    clock.now += 120_000
    t.equal((await ask('/simple/demo/', page)).status, 200, 'for a while')
    clock.now += 3_600_000
    for (const form of [page, {}]) {
      const unknown = await ask('/simple/demo/', form)
      t.equal(unknown.status, 503)
      t.match(unknown.headers['retry-after'], /^\d+$/)
      t.match(unknown.json(), { code: 'unknown-upstream' })
    }
    world.upstream.clearFaults()
    clock.now += 10_000
    t.equal((await ask('/simple/demo/', page)).status, 200)
  },
)

t.test('an internal name is 404 on every path, and nobody is asked', async t => {
  const { ask, world } = await scene(t, quarters, { configuration: { index: { internal: ['acme-*'] } } })
  for (const path of [
    '/simple/acme-tool/',
    '/pypi/acme-tool/json',
    '/pypi/Acme_Tool/1.0/json',
    '/integrity/acme-tool/1.0/acme_tool-1.0.tar.gz/provenance',
    `/packages/aa/bb/${'c'.repeat(60)}/acme_tool-1.0.tar.gz`,
    `/packages/aa/bb/${'c'.repeat(60)}/acme_tool-1.0-py3-none-any.whl.metadata`,
  ]) {
    const answered = await ask(path)
    t.equal(answered.status, 404, path)
    t.equal(answered.json().code, 'internal')
  }
  t.equal(world.upstream.requests.length, 0)
})

t.test('the root list in both forms, rebuilt: names and serials, and nothing else of the upstream', async t => {
  const { ask, world } = await scene(t, quarters)
  world.upstream.fault({
    route: 'root',
    do: {
      bytes: JSON.stringify({
        meta: { '_last-serial': 7, 'api-version': '1.4', next: `${world.upstream.origin}/simple/?page=2` },
        projects: [
          { '_last-serial': 5, name: 'demo' },
          { name: 'Other.Name', url: `${world.upstream.origin}/simple/other-name/`, '_last-serial': 6 },
          { name: '<script>' },
        ],
      }),
    },
  })
  const json = await ask('/simple/', { headers: { accept: SIMPLE_JSON } })
  t.equal(json.headers['content-type'], SIMPLE_JSON)
  t.match(json.headers['x-pypi-last-serial'], /^\d+$/)
  t.equal(json.headers['vary'], 'Accept, Accept-Encoding')
  t.strictSame(json.json().projects, [
    { '_last-serial': 5, name: 'demo' },
    { '_last-serial': 6, name: 'Other.Name' },
  ])
  const html = await ask('/simple/', { headers: { 'accept-encoding': 'gzip' } })
  t.equal(html.headers['content-type'], 'text/html')
  t.equal(html.headers['content-encoding'], 'gzip')
  t.match(html.text, '<a href="other-name/">Other.Name</a>')
  t.notMatch(html.text, 'script')
  const head = await ask('/simple/', { method: 'HEAD', headers: { accept: SIMPLE_JSON } })
  t.strictSame([head.status, head.raw.length, head.headers['content-type']], [200, 0, SIMPLE_JSON])
  t.equal((await ask('/simple/', { headers: { accept: 'image/png' } })).status, 406)
})

t.test('however many ask for the list of all projects, the upstream is asked once', async t => {
  const { ask, world } = await scene(t, quarters)
  world.upstream.fault({ route: 'root', do: { delayMs: 300 } })
  const answers = await Promise.all(Array.from({ length: 7 }, () => ask('/simple/')))
  for (const { status } of [...answers, await ask('/simple/')]) t.equal(status, 200)
  t.equal(world.upstream.count('root'), 1)
})

t.test('a root list that fails is 5xx, one that ends early is never a whole one', async t => {
  const { ask, world } = await scene(t, quarters)
  const accept = { headers: { accept: SIMPLE_JSON } }
  for (const fault of [
    { status: 500 },
    { status: 403 },
    { reset: true },
    { headers: { 'content-type': 'text/html' } },
  ] as const) {
    world.upstream.fault({ route: 'root', times: 1, do: fault })
    const failed = await ask('/simple/', accept)
    t.match(String(failed.status), /^50[234]$/, JSON.stringify(fault))
    t.match(failed.headers, { 'content-type': 'application/problem+json', 'retry-after': /^\d+$/ })
  }
  world.upstream.fault({ route: 'root', times: 1, do: { bytes: '{"meta":{},"projects":[{"name":"a"},{"name":"b"}' } })
  t.equal((await ask('/simple/', accept)).status, 503)
  t.equal((await ask('/simple/', accept)).status, 200)
})
