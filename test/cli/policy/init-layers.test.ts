// guards: src/cli/policy/init-options.ts
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Desk, desk } from '../../world/commands/desk.ts'
import { uvLock } from '../../world/commands/locks.ts'
import type { Published, Release } from '../../world/world.ts'

const SHARED = { kind: 'github', repository: 'acme/mono', workflow: 'release.yml' } as const

/** Two teams with projects of their own, and some that both have. */
async function teams(desk: Desk): Promise<{ readonly web: readonly Published[]; readonly data: readonly Published[] }> {
  const { world } = desk
  const common = [await world.release('demo', '1.0'), await world.release('six', '1.17.0', { attested: false })]
  const filesOf = (...releases: readonly Release[]) => [...common, ...releases].flatMap(({ files }) => files)
  const mono = async (name: string) => await world.release(name, '1.0', { identity: SHARED })
  const [a, b, c] = [await mono('mono-a'), await mono('mono-b'), await mono('mono-c')]
  return {
    web: filesOf(a, b, await world.release('old-web', '1.0', { attested: false })),
    data: filesOf(b, c, await world.release('old-data', '1.0', { attested: false })),
  }
}

/** Writes each lock into a folder of its own, so that both are called uv.lock. */
function locksOf(desk: Desk, files: Readonly<Record<string, readonly Published[]>>): readonly string[] {
  return Object.entries(files).map(([name, own]) => {
    mkdirSync(join(desk.world.folder, name), { recursive: true })
    return desk.write(`${name}/uv.lock`, uvLock(own))
  })
}

t.test('two outputs of init load together and admit what each admits, with --out and without', async t => {
  const desk_ = await desk(t)
  const locks = locksOf(desk_, await teams(desk_))
  for (const how of ['files', 'stdout'] as const) {
    const policies: string[] = []
    for (const [index, lock] of locks.entries()) {
      const policy = join(desk_.world.folder, `${how}-${index}.yaml`)
      const owner = ['--owner', `team-${index}`, '--expires', `2027-0${index + 1}-01`]
      const ended = await desk_.run('policy', 'init', lock, ...owner, ...(how === 'files' ? ['--out', policy] : []))
      t.equal(ended.exit, 0)
      if (how === 'stdout') writeFileSync(policy, ended.out)
      policies.push(policy)
      t.match(ended.out + desk_.read(`${how}-${index}.yaml`), /^publishers:\n {2}acme-mono-release: \{ kind: github, /m)
    }
    t.match(await desk_.run('policy', 'check', ...policies), { exit: 0, out: /exemptions +\d+\n/ }, how)
    const given = policies.flatMap(policy => ['--policy', policy])
    t.match(await desk_.run('audit', ...locks, ...given), { exit: 0 }, 'together they admit both locks')
    t.match(await desk_.run('audit', ...locks, '--policy', policies[0] ?? ''), { exit: 1 }, 'one alone does not')
  }
})

t.test('locks of one name in one run have pins of their own', async t => {
  const desk_ = await desk(t)
  const locks = locksOf(desk_, await teams(desk_))
  const out = join(desk_.world.folder, 'acme.yaml')
  t.equal((await desk_.run('policy', 'init', ...locks, '--out', out)).exit, 0)
  t.match(desk_.read('acme.yaml'), /pins: \.\/pins\/acme-data-uv-attestation\.txt\n[\s\S]*pins: \.\/pins\/acme-web-uv-/)
  t.match(desk_.read('pins/acme-web-uv-attestation.txt'), /^old-web==1\.0 /m)
  t.notMatch(desk_.read('pins/acme-data-uv-attestation.txt'), /old-web/)
  t.match(desk_.read('pins/acme-data-uv-attestation.txt'), /^six==1\.17\.0 /m, 'each has what its lock needs')
  t.equal((await desk_.run('audit', ...locks, '--policy', out)).exit, 0)
})

t.test('beside a base only what it lacks is written', async t => {
  const desk_ = await desk(t)
  const [web = '', data = ''] = locksOf(desk_, await teams(desk_))
  const [base, out] = ['base.yaml', 'team.yaml'].map(name => join(desk_.world.folder, name)) as [string, string]
  const flags = ['--owner', 'me', '--expires', '2027-03-31']
  t.equal((await desk_.run('policy', 'init', web, '--out', base, ...flags)).exit, 0)
  const ended = await desk_.run('policy', 'init', data, '--base', base, '--out', out, ...flags)
  t.match(ended, { exit: 0, err: new RegExp(`policy check ${base} ${out}`) })
  const text = desk_.read('team.yaml')
  t.match(text, /^ {2}- \{ match: mono-c, publishers: \[\{ kind: github, repository: acme\/mono/m)
  t.match(text, /^ {2}- match: old-data$/m)
  t.notMatch(text, /demo|six|mono-b|^mode:|^defaults:/m)
  t.notMatch(desk_.read('pins/team-uv-attestation.txt'), /six/)
  t.equal((await desk_.run('audit', web, data, '--policy', base, '--policy', out)).exit, 0)
  t.match(
    await desk_.run('policy', 'init', web, '--base', base, ...flags),
    { exit: 0, out: '', err: /The base admits all of it: nothing is written/ },
    'what lacks nothing',
  )
})

t.test('where the base has a rule that rule decides, and what it refuses is pinned', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const old = await world.release('demo', '1.0', { attested: false, kinds: ['wheel'] })
  const moved = await world.release('demo', '2.0', { identity: SHARED, kinds: ['wheel'] })
  const [lock = ''] = locksOf(desk_, { app: [...old.files, ...moved.files] })
  const base = desk_.write(
    'base.yaml',
    'version: 1\nmode: audit\nprojects:\n  - { match: "de*", publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }\n',
  )
  const out = join(world.folder, 'team.yaml')
  t.equal((await desk_.run('policy', 'init', lock, '--base', base, '--out', out)).exit, 0)
  t.notMatch(desk_.read('team.yaml'), /projects:|publishers:/)
  t.match(desk_.read('pins/team-uv-attestation.txt'), /^demo==1\.0 /m)
  t.match(desk_.read('pins/team-uv-identity.txt'), /^demo==2\.0 /m)
  t.equal((await desk_.run('audit', lock, '--enforce', '--policy', base, '--policy', out)).exit, 0)
  const denying = desk_.write('base.yaml', 'version: 1\nprojects: [{ match: demo, deny: no }]\n')
  const denied = await desk_.run('policy', 'init', lock, '--base', denying, '--out', out, '--force')
  t.match(denied, { exit: 1, err: /rule-denies/ }, 'what the base denies is left out')
})

t.test('a base that does not load, or that what is written does not fit, is exit 2', async t => {
  const desk_ = await desk(t)
  const six = await desk_.world.release('six', '1.0', { attested: false })
  const lock = desk_.write('uv.lock', uvLock(six.files))
  const run = async (text: string) => await desk_.run('policy', 'init', lock, '--base', desk_.write('base.yaml', text))
  t.match(await run('version: 2\nprojects: [{ match: a, deny: no }]'), {
    exit: 2,
    out: '',
    err: /base\.yaml:1:10 version/,
  })
  t.match(await run('version: 1\nlimits: { exemption_max: 30d }\nprojects: [{ match: a, deny: no }]'), {
    exit: 2,
    out: '',
    err: /policy is wrong[\s\S]*lives longer than limits\.exemption_max/,
  })
})

t.test('ends are shared out over a window, neighbours by name together', async t => {
  const desk_ = await desk(t)
  const names = ['aa', 'bb', 'cc', 'dd', 'ee', 'ff']
  const files: Published[] = []
  for (const name of names)
    files.push(...(await desk_.world.release(name, '1.0', { attested: false, kinds: ['wheel'] })).files)
  const lock = desk_.write('uv.lock', uvLock(files))
  const out = join(desk_.world.folder, 'acme.yaml')
  const spread = async (length: string, ...flags: readonly string[]) =>
    await desk_.run('policy', 'init', lock, '--expires', '2099-03-31', '--spread', length, ...flags)
  t.equal((await spread('14d', '--out', out)).exit, 0)
  t.strictSame(desk_.read('acme.yaml').match(/expires: \S+/g), [
    'expires: 2099-03-17',
    'expires: 2099-03-24',
    'expires: 2099-03-31',
  ])
  t.match(desk_.read('pins/acme-uv-attestation.txt'), /^aa==1\.0 [\s\S]*^bb==1\.0 /m)
  t.match(desk_.read('pins/acme-uv-attestation-3.txt'), /^ee==1\.0 [\s\S]*^ff==1\.0 /m)
  t.equal((await desk_.run('audit', lock, '--policy', out)).exit, 0)
  const alone = (await spread('5d')).out.match(/expires: \S+/g)
  t.equal(new Set(alone).size, 6, 'a day each where the window is short, and on stdout too')
  t.match(await desk_.run('policy', 'init', lock, '--spread', '200d'), { exit: 2, err: /--spread begins .* is past/ })
  t.match(await desk_.run('policy', 'init', lock, '--spread', 'soon'), { exit: 2 })
})

t.test('nothing is written over pins that lie there, and nothing is written by half', async t => {
  const desk_ = await desk(t)
  const six = await desk_.world.release('six', '1.0', { attested: false })
  const lock = desk_.write('uv.lock', uvLock(six.files))
  const out = join(desk_.world.folder, 'acme.yaml')
  t.equal((await desk_.run('policy', 'init', lock, '--out', out)).exit, 0)
  rmSync(out)
  t.match(await desk_.run('policy', 'init', lock, '--out', out), {
    exit: 2,
    err: /acme-uv-attestation\.txt exists: --force/,
  })
  t.notOk(existsSync(out))
  t.equal((await desk_.run('policy', 'init', lock, '--out', out, '--force')).exit, 0)
  t.ok(existsSync(out))
})

t.test('what could not be asked is named', async t => {
  const desk_ = await desk(t)
  const six = await desk_.world.release('six', '1.0')
  const lock = desk_.write('uv.lock', uvLock(six.files))
  desk_.world.upstream.fault({
    route: 'provenance',
    match: '.whl/',
    action: { kind: 'status', status: 503 },
    times: 1_000,
  } as never)
  const ended = await desk_.run('policy', 'init', lock)
  t.match(ended, {
    exit: 4,
    out: '',
    err: /1 file could not be determined, so nothing is written:\n +six-1\.0-py3-none-any\.whl\n/,
  })
})
