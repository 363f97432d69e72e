import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { databaseIn } from '../../../src/store/sqlite/schema.ts'
import { uvLock } from '../../world/commands/locks.ts'
import { Luggage } from '../../world/mirror/carried.ts'
import { type Crossing, createCrossing, must, type Served } from '../../world/mirror/crossing.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'

const JSON_PAGE = { accept: 'application/vnd.pypi.simple.v1+json' }
const POLICY = 'version: 1\nprojects: [{ match: "*", attestation: optional }]\n'
const INDEXES = {
  main: { path: '/', sources: ['acme', 'pypi'] },
  ml: { path: '/ml', sources: ['torch', 'pypi'], mode: 'hide' },
}

interface Sourced {
  readonly crossing: Crossing
  readonly acme: World
  readonly torch: World
  readonly pypi: World
  /** Configures a place; what is left out is that of the short form. */
  configure(place: 'outside' | 'inside', config: object): void
  /** `sources` and `indexes` as both places have them */
  readonly sources: object
  plan(files: readonly Published[], ...flags: readonly string[]): Promise<string>
}

/** Three sources outside, and a place without a network. */
async function threeSources(t: Test): Promise<Sourced> {
  const crossing = await createCrossing(t)
  const { world: pypi, places } = crossing
  const [acme, torch] = [await createWorld(t), await createWorld(t)]
  const at = ({ upstream }: World) => ({ index: upstream.origin, files: [upstream.filesOrigin] })
  const sources = {
    sources: {
      acme: { ...at(acme), owns: ['acme-*'] },
      torch: { ...at(torch), only: ['torch'] },
      pypi: at(pypi),
    },
    indexes: INDEXES,
  }
  pypi.writePolicy(POLICY)
  crossing.setPolicy(POLICY)
  const configure: Sourced['configure'] = (place, config) =>
    writeFileSync(
      join(places[place], 'portcullis.yaml'),
      stringify({
        listen: '127.0.0.1:0',
        data: join(places[place], 'data'),
        policy: [place === 'inside' ? join(places.inside, 'policy.yaml') : pypi.policy],
        trust: { root: pypi.trustRoot },
        ...(place === 'inside' ? { offline: true } : {}),
        ...config,
      }),
    )
  configure('outside', sources)
  configure('inside', sources)
  let plans = 0
  return {
    crossing,
    acme,
    torch,
    pypi,
    configure,
    sources,
    async plan(files, ...flags) {
      plans += 1
      const [lock, plan] = [`uv-${plans}.lock`, `plan-${plans}.json`].map(name => join(places.outside, name))
      if (lock === undefined || plan === undefined) throw new TypeError('two names')
      writeFileSync(lock, uvLock(files))
      must(await crossing.outside('mirror', 'plan', lock, '--out', plan, ...flags), 0)
      return plan
    },
  }
}

async function filesOn({ get }: Served, page: string): Promise<readonly string[] | number> {
  const answer = await get(page, JSON_PAGE)
  if (answer.status !== 200) return answer.status
  return ((await answer.json()) as { files: { filename: string }[] }).files.map(({ filename }) => filename).sort()
}

async function namesOn({ get }: Served, page: string): Promise<readonly string[]> {
  const list = (await (await get(page, JSON_PAGE)).json()) as { projects: { name: string }[] }
  return list.projects.map(({ name }) => name).sort()
}

const OPEN = { attested: false } as const

t.test(
  'what several sources have is carried across, each file of its own, and each index has its sources’',
  async t => {
    const world = await threeSources(t)
    const { crossing, acme, torch, pypi } = world
    const core = await acme.release('acme-core', '1.0', OPEN)
    const tools = await pypi.release('tools', '1.0', OPEN)
    const plain = await pypi.release('torch', '1.0', { ...OPEN, requires: ['plain'] })
    const fast = await torch.release('torch', '1.0', OPEN)
    const main = await world.plan([core.wheel, tools.wheel, plain.wheel])
    const ml = await world.plan([fast.wheel], '--index', 'ml')
    const planned = (path: string) =>
      (JSON.parse(readFileSync(path, 'utf8')) as { files: { project: string; source: string; index?: string }[] }).files
    t.match(planned(main), [
      { project: 'acme-core', source: 'acme' },
      { project: 'tools', source: 'pypi' },
      { project: 'torch', source: 'pypi' },
    ])
    t.match(planned(ml), [{ project: 'torch', source: 'torch', index: 'ml' }])
    for (const plan of [main, ml]) must(await crossing.outside('mirror', 'fetch', plan), 0)
    const folder = await crossing.export('first')
    t.strictSame(
      new Luggage(folder).manifest.files.map(({ filename, source }) => `${String(source)}: ${String(filename)}`),
      [
        'acme: acme_core-1.0-py3-none-any.whl',
        'pypi: tools-1.0-py3-none-any.whl',
        'pypi: torch-1.0-py3-none-any.whl',
        'torch: torch-1.0-py3-none-any.whl',
      ],
      'two files of one name',
    )
    const imported = must(await crossing.inside('mirror', 'import', folder, '--signer', crossing.signer), 0)
    t.match(imported.out, /4 new/)
    must(await crossing.inside('mirror', 'verify'), 0)

    const served = await crossing.serve()
    t.strictSame(await filesOn(served, '/simple/acme-core/'), [core.wheel.filename])
    t.equal(await filesOn(served, '/ml/simple/acme-core/'), 404, 'its owner is no source of this index')
    t.strictSame(await filesOn(served, '/ml/simple/tools/'), [tools.wheel.filename])
    for (const [path, wheel] of [
      ['', plain.wheel],
      ['/ml', fast.wheel],
    ] as const) {
      const page = (await (await served.get(`${path}/simple/torch/`, JSON_PAGE)).json()) as {
        files: { url: string; hashes: { sha256: string } }[]
      }
      t.strictSame(
        page.files.map(({ hashes }) => hashes.sha256),
        [wheel.sha256],
        `${path}/`,
      )
      t.equal((await served.get(`${path}${wheel.path}`)).status, 200)
      t.strictSame(await (await served.get(`${path}${wheel.path}`)).bytes(), wheel.bytes)
    }
    t.equal((await served.get(fast.wheel.path)).status, 404, 'the other one’s is not to be had')
    t.strictSame(await namesOn(served, '/simple/'), ['acme-core', 'tools', 'torch'])
    t.strictSame(await namesOn(served, '/ml/simple/'), ['tools', 'torch'])
  },
)

t.test('what was asked in vain is asked for at its index', async t => {
  const world = await threeSources(t)
  const { crossing, torch, pypi } = world
  const fast = await torch.release('torch', '1.0', OPEN)
  await pypi.release('torch', '2.0', OPEN)
  const inside = await crossing.serve()
  t.equal((await inside.get('/ml/simple/torch/')).status, 404)
  t.equal((await inside.get('/ml/simple/acme-core/')).status, 404, 'internal here: nobody is asked')
  await inside.stop()
  const request = join(crossing.places.inside, 'request.json')
  must(await crossing.inside('mirror', 'request', '--out', request), 0)
  t.strictSame(JSON.parse(readFileSync(request, 'utf8')).wanted, [{ project: 'torch', filename: null, index: 'ml' }])
  const fetched = must(await crossing.outside('mirror', 'fetch', request, '--format', 'json'), 0)
  t.strictSame(
    fetched.out
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as { sha256: string }).sha256)
      .sort(),
    [fast.wheel.sha256, fast.sdist.sha256].sort(),
    'of the source that this index asks',
  )
  t.match(await crossing.outside('mirror', 'fetch', request.replace('request', 'none')), { exit: 2 })
})

t.test('an owned name is never served from what another source brought', async t => {
  const world = await threeSources(t)
  const { crossing, pypi } = world
  const { wheel } = await pypi.release('acme-core', '9.0', OPEN)
  // outside nobody owned the name when it was fetched
  const { sources: all } = world.sources as { sources: Record<string, object> }
  world.configure('outside', { sources: { pypi: all['pypi'] } })
  must(await crossing.outside('mirror', 'fetch', await world.plan([wheel])), 0)
  const folder = await crossing.export('first')
  const refused = await crossing.inside('mirror', 'import', folder, '--signer', crossing.signer)
  t.equal(refused.exit, 1)
  t.match(refused.err, /file-refused: .*source-changed: No index here takes acme_core-9\.0.*of the source pypi/s)
  const flags = ['--signer', crossing.signer, '--allow-refused', 'source-changed']
  t.match(must(await crossing.inside('mirror', 'import', folder, ...flags), 0).out, /0 new.*1 left out/)

  // and where nobody owned it inside either, until now
  world.configure('inside', { sources: { pypi: all['pypi'] } })
  const again = ['mirror', 'import', folder, '--signer', crossing.signer]
  must(await crossing.inside(...again), 0)
  let served = await crossing.serve()
  t.strictSame(await filesOn(served, '/simple/acme-core/'), [wheel.filename])
  await served.stop()
  world.configure('inside', world.sources)
  served = await crossing.serve()
  for (const path of ['/simple/acme-core/', '/ml/simple/acme-core/', '/pypi/acme-core/json', wheel.path])
    t.equal((await served.get(path)).status, 404, path)
  t.equal((await served.get(`${wheel.path}.metadata`)).status, 404)
  await served.stop()
  t.match(await crossing.inside('mirror', 'verify'), { exit: 1 })
})

t.test('a name stays with the source that had it first, until somebody decides', async t => {
  const world = await threeSources(t)
  const { crossing, acme, pypi } = world
  for (const place of ['outside', 'inside'] as const) world.configure(place, { ...world.sources, indexes: undefined })
  const first = await pypi.release('tools', '1.0', OPEN)
  must(await crossing.outside('mirror', 'fetch', await world.plan([first.wheel])), 0)
  must(await crossing.inside('mirror', 'import', await crossing.export('first'), '--signer', crossing.signer), 0)
  let served = await crossing.serve()
  t.strictSame(await filesOn(served, '/simple/tools/'), [first.wheel.filename])
  await served.stop()

  const second = await acme.release('tools', '2.0', OPEN)
  const decide = ['policy', 'approve', 'tools', '--source', 'acme', '--reason', 'INC-9']
  must(await crossing.outside(...decide), 0)
  must(await crossing.outside('mirror', 'fetch', await world.plan([second.wheel])), 0)
  const folder = crossing.carried('second')
  const left = must(await crossing.outside('mirror', 'export', '--out', folder, '--key', crossing.key), 1)
  t.match(left.out, /source-changed.*1 file left out/s)
  t.strictSame(
    new Luggage(folder).manifest.files.map(({ source }) => source),
    ['acme'],
    'what was pypi’s is no more',
  )
  const letIn = ['mirror', 'import', folder, '--signer', crossing.signer]
  const refused = await crossing.inside(...letIn)
  t.equal(refused.exit, 1)
  t.match(refused.err, /source-changed/)
  must(await crossing.inside(...decide), 0)
  must(await crossing.inside(...letIn), 0)
  served = await crossing.serve()
  t.strictSame(await filesOn(served, '/simple/tools/'), [second.wheel.filename])
})

t.test(
  'what was carried before sources were named is of where its bytes came from, and is known as before',
  async t => {
    const world = await threeSources(t)
    const { crossing, pypi } = world
    const { sources: all } = world.sources as { sources: Record<string, object> }
    const tools = await pypi.release('tools', '1.0', OPEN)
    world.configure('outside', { upstream: all['pypi'] })
    world.configure('inside', {})
    const plan = await world.plan([tools.wheel])
    t.match(JSON.parse(readFileSync(plan, 'utf8')), { format: 'portcullis-plan/1' })
    must(await crossing.outside('mirror', 'fetch', plan), 0)
    const folder = await crossing.export('first')
    t.equal(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')).format, 'portcullis-mirror/1')
    must(await crossing.inside('mirror', 'import', folder, '--signer', crossing.signer), 0)
    let served = await crossing.serve()
    t.strictSame(await filesOn(served, '/simple/tools/'), [tools.wheel.filename])
    await served.stop()

    world.configure('inside', world.sources)
    served = await crossing.serve()
    for (const path of ['', '/ml']) {
      t.strictSame(await filesOn(served, `${path}/simple/tools/`), [tools.wheel.filename])
      t.equal((await served.get(`${path}${tools.wheel.path}`)).status, 200)
    }
    await served.stop()

    world.configure('outside', world.sources)
    must(await crossing.outside('mirror', 'fetch', plan), 0)
    const second = await crossing.export('second')
    t.match(new Luggage(second).manifest.files, [{ source: 'pypi' }])
    t.match(
      must(await crossing.inside('mirror', 'import', second, '--signer', crossing.signer), 0).out,
      /0 new, 1 changed/,
    )
    t.match(await crossing.inside('mirror', 'import', folder, '--signer', crossing.signer), { exit: 1 }, 'never back')
  },
)

t.test('where no sources are named everything carried is one index’s', async t => {
  const world = await threeSources(t)
  const { crossing, acme, torch, pypi } = world
  const core = await acme.release('acme-core', '1.0', OPEN)
  const plain = await pypi.release('torch', '1.0', OPEN)
  const fast = await torch.release('torch', '2.0', OPEN)
  world.configure('inside', {})
  must(await crossing.outside('mirror', 'fetch', await world.plan([core.wheel, plain.wheel])), 0)
  must(await crossing.inside('mirror', 'import', await crossing.export('first'), '--signer', crossing.signer), 0)
  const served = await crossing.serve()
  t.strictSame(await filesOn(served, '/simple/acme-core/'), [core.wheel.filename])
  t.strictSame(await filesOn(served, '/simple/torch/'), [plain.wheel.filename])
  await served.stop()

  must(await crossing.outside('mirror', 'fetch', await world.plan([fast.wheel], '--index', 'ml')), 0)
  const both = await crossing.inside('mirror', 'import', await crossing.export('second'), '--signer', crossing.signer)
  t.not(both.exit, 0, 'names never merge')
  t.match(both.err, /torch is held of pypi and of torch/)
})

t.test('each index judges what is carried by its own policy, and one that admits is enough', async t => {
  const world = await threeSources(t)
  const { crossing, pypi } = world
  const tools = await pypi.release('tools', '1.0', OPEN)
  must(await crossing.outside('mirror', 'fetch', await world.plan([tools.wheel])), 0)
  const strict = join(crossing.places.inside, 'strict.yaml')
  writeFileSync(strict, 'version: 1\nprojects: [{ match: "*", deny: no }]\n')
  world.configure('inside', { ...world.sources, indexes: { ...INDEXES, main: { ...INDEXES.main, policy: [strict] } } })
  must(await crossing.inside('mirror', 'import', await crossing.export('first'), '--signer', crossing.signer), 0)
  const served = await crossing.serve()
  t.equal((await served.get(tools.wheel.path)).status, 403)
  t.equal((await served.get(`/ml${tools.wheel.path}`)).status, 200)
})

t.test('what one index carried is no other index’s where a source comes first that was not asked about it', async t => {
  const world = await threeSources(t)
  const { crossing, acme, pypi } = world
  const { sources: all } = world.sources as { sources: Record<string, object> }
  const several = {
    sources: { acme: all['acme'], pypi: all['pypi'] },
    indexes: { main: { path: '/', sources: ['acme', 'pypi'] }, ml: { path: '/ml', sources: ['pypi'] } },
  }
  for (const place of ['outside', 'inside'] as const) world.configure(place, several)
  const own = await acme.release('tools', '1.0', OPEN)
  const theirs = await pypi.release('tools', '9.0', OPEN)
  const other = await pypi.release('other', '1.0', OPEN)
  const carry = async (folder: string): Promise<void> => {
    must(await crossing.outside('mirror', 'export', '--out', crossing.carried(folder), '--key', crossing.key), 0)
    must(await crossing.inside('mirror', 'import', crossing.carried(folder), '--signer', crossing.signer), 0)
  }
  const atMl = ['--index', 'ml']
  must(await crossing.outside('mirror', 'fetch', await world.plan([theirs.wheel, other.wheel], ...atMl)), 0)
  await carry('first')
  let served = await crossing.serve()
  for (const path of ['/simple/tools/', theirs.wheel.path, `${theirs.wheel.path}.metadata`])
    t.equal((await served.get(path)).status, 404, path)
  t.strictSame(await namesOn(served, '/simple/'), [])
  t.strictSame(await filesOn(served, '/ml/simple/tools/'), [theirs.wheel.filename])
  await served.stop()

  must(await crossing.outside('mirror', 'fetch', await world.plan([own.wheel, other.wheel])), 0)
  await carry('second')
  served = await crossing.serve()
  t.strictSame(await filesOn(served, '/simple/tools/'), [own.wheel.filename], 'its own')
  t.equal((await served.get(theirs.wheel.path)).status, 404)
  t.strictSame(await filesOn(served, '/ml/simple/tools/'), [theirs.wheel.filename])
  for (const path of ['', '/ml'])
    t.strictSame(await filesOn(served, `${path}/simple/other/`), [other.wheel.filename], 'fetched at both')
})

t.test(
  'a source that is called otherwise keeps what is held of it, and nobody has it by a name that was another’s',
  async t => {
    const world = await threeSources(t)
    const { crossing, acme, pypi } = world
    const { sources: all } = world.sources as { sources: Record<string, { owns?: readonly string[] }> }
    const [own, its] = [{ ...all['acme'], owns: ['acme-*'] }, all['pypi']]
    const configured = (names: Record<string, object | undefined>) => world.configure('inside', { sources: names })
    world.configure('outside', { sources: { acme: own, pypi: its } })
    configured({ acme: own, pypi: its })
    const tools = await pypi.release('tools', '1.0', OPEN)
    const core = await acme.release('acme-core', '1.0', OPEN)
    must(await crossing.outside('mirror', 'fetch', await world.plan([tools.wheel, core.wheel])), 0)
    must(await crossing.inside('mirror', 'import', await crossing.export('first'), '--signer', crossing.signer), 0)
    const ask = async (): Promise<readonly (readonly string[] | number)[]> => {
      const served = await crossing.serve()
      const pages = [await filesOn(served, '/simple/tools/'), await filesOn(served, '/simple/acme-core/')]
      await served.stop()
      return pages
    }
    const listed = [[tools.wheel.filename], [core.wheel.filename]]
    t.strictSame(await ask(), listed)
    configured({ corp: own, public: its })
    t.strictSame(await ask(), listed, 'called otherwise')
    must(await crossing.inside('mirror', 'verify'), 0)

    const evil = await createWorld(t)
    const bad = await evil.release('tools', '1.0', { ...OPEN, padTo: 40_000 })
    world.configure('outside', {
      data: join(crossing.places.outside, 'other'),
      sources: { public: { index: evil.upstream.origin, files: [evil.upstream.filesOrigin] } },
    })
    const more = await evil.release('more', '1.0', OPEN)
    for (const [folder, { wheel }] of [
      ['more', more],
      ['bad', bad],
    ] as const) {
      must(await crossing.outside('mirror', 'fetch', await world.plan([wheel])), 0)
      await crossing.export(folder)
    }
    const assertRefused = async (why: string): Promise<void> => {
      const refused = await crossing.inside('mirror', 'import', crossing.carried('bad'), '--signer', crossing.signer)
      t.equal(refused.exit, 1, why)
      t.match(refused.err, /digest-changed/, why)
    }
    await assertRefused('held')

    configured({ pypi: { ...own, owns: ['tools'] }, acme: its })
    t.strictSame(await ask(), [404, 404], 'names that changed places')

    const edit = (sql: string): void => {
      const database = new Database(databaseIn(join(crossing.places.inside, 'data')))
      database.exec(sql)
      database.close()
    }
    configured({ corp: own, public: its })
    edit(`delete from held where project = 'tools'`)
    await assertRefused('not held any more, and seen')
    edit(`update sources set source = 'nobody' where source = 'held public'`)
    edit(`update sources set source = 'held public' where source = 'held ${pypi.upstream.origin}'`)
    await assertRefused('seen when names were written down')
  },
)

t.test('an index without a network that is at another path keeps whose its names are', async t => {
  const world = await threeSources(t)
  const { crossing, acme, pypi } = world
  const { sources: all } = world.sources as { sources: Record<string, object> }
  const sources = { acme: all['acme'], pypi: all['pypi'] }
  const at = (path: string) =>
    world.configure('inside', { sources, indexes: { main: { path, sources: ['pypi', 'acme'] } } })
  const first = await acme.release('tools', '1.0', { attested: false })
  const second = await pypi.release('tools', '9.0', { attested: false })
  world.configure('outside', { sources: { pypi: all['pypi'], acme: all['acme'] } })
  pypi.upstream.remove('tools')
  at('/a')
  must(await crossing.outside('mirror', 'fetch', await world.plan([first.wheel])), 0)
  must(await crossing.inside('mirror', 'import', await crossing.export('first'), '--signer', crossing.signer), 0)
  let served = await crossing.serve()
  t.strictSame(await filesOn(served, '/a/simple/tools/'), [first.wheel.filename])
  await served.stop()

  await pypi.release('tools', '9.0', OPEN)
  must(await crossing.outside('policy', 'approve', 'tools', '--source', 'pypi', '--reason', 'INC-9'), 0)
  must(await crossing.outside('mirror', 'fetch', await world.plan([second.wheel])), 0)
  must(await crossing.outside('mirror', 'export', '--out', crossing.carried('two'), '--key', crossing.key), 1)
  const letIn = ['mirror', 'import', crossing.carried('two'), '--signer', crossing.signer]
  at('/b')
  const refused = await crossing.inside(...letIn)
  t.equal(refused.exit, 1, 'before any gate was there')
  t.match(refused.err, /source-changed/)
  served = await crossing.serve()
  t.strictSame(await filesOn(served, '/b/simple/tools/'), [first.wheel.filename])
  await served.stop()
  t.match(await crossing.inside(...letIn), { exit: 1 })
})

t.test(
  'what is of a source that nobody here is called, and comes from where nobody here is, is refused with words',
  async t => {
    const world = await threeSources(t)
    const { crossing, acme, torch, pypi } = world
    const tools = await acme.release('tools', '1.0', OPEN)
    const at = ({ upstream }: World) => ({ index: upstream.origin, files: [upstream.filesOrigin] })
    world.configure('inside', { sources: { nexus: at(torch), pypi: at(pypi) } })
    must(await crossing.outside('mirror', 'fetch', await world.plan([tools.wheel])), 0)
    const folder = await crossing.export('renamed')
    const refused = await crossing.inside('mirror', 'import', folder, '--signer', crossing.signer)
    t.equal(refused.exit, 1)
    t.match(
      refused.err,
      /source-changed: .* it is of the source acme\..* is called otherwise here is known by the place/s,
    )
    world.configure('inside', { sources: { nexus: at(acme), pypi: at(pypi) } })
    must(await crossing.inside('mirror', 'import', folder, '--signer', crossing.signer), 0)
    const served = await crossing.serve()
    t.strictSame(await filesOn(served, '/simple/tools/'), [tools.wheel.filename])
    await served.stop()
  },
)
