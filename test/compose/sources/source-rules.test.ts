import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { type Ended, runCommand } from '../../world/commands/commands.ts'
import { jsonLines } from '../../world/commands/desk.ts'
import { startGate, type WorldGate } from '../../world/gate/gate.ts'
import { comesTo } from '../../world/until.ts'
import { createWorld, type Release, type ReleaseRequest, type World } from '../../world/world.ts'

const ACME = { kind: 'github', repository: 'acme/tools', workflow: 'release.yml', ref: 'refs/tags/v1' } as const
const SIGNED = 'publishers: [{ kind: github, repository: acme/tools, workflow: release.yml }]'

/** Whatever its name, the right one has to have signed it. */
const RULES = `version: 1\nprojects:\n  - { match: "*", ${SIGNED} }\n`

interface Scene {
  readonly acme: World
  readonly pypi: World
  start(policy: string, settings?: { readonly owns?: readonly string[]; readonly more?: object }): Promise<WorldGate>
  /** with the configuration of the last gate */
  run(...argv: readonly string[]): Promise<Ended>
}

/** Two sources, and a data folder on which gates follow one another. */
async function scene(t: Test): Promise<Scene> {
  const pypi = await createWorld(t)
  const acme = await createWorld(t)
  const source = ({ upstream }: World) => ({ index: upstream.origin, files: [upstream.filesOrigin] })
  return {
    acme,
    pypi,
    async start(policy, { owns = [], more = {} } = {}) {
      const configuration = {
        upstream: undefined,
        sources: { acme: { ...source(acme), owns }, pypi: source(pypi) },
        index: { max_age: '0s', max_stale: '0s' },
        ...more,
      }
      const whole = { ...pypi.configuration(), ...configuration }
      writeFileSync(join(pypi.folder, 'portcullis.yaml'), stringify(whole))
      return await startGate(t, pypi, { policy, configuration })
    },
    run: async (...argv) => await runCommand(argv, { folder: pypi.folder }),
  }
}

interface Answer {
  readonly code?: string
  readonly detail?: string
  readonly index?: string
  readonly source?: string
  readonly explain?: string
}

async function ask({ url }: WorldGate, path: string): Promise<{ readonly status: number } & Answer> {
  const answer = await fetch(`${url}${path}`)
  const text = await answer.text()
  return { status: answer.status, ...(answer.status === 200 ? {} : (JSON.parse(text) as Answer)) }
}

/** A name that acme has lost and PyPI has too, once a gate had learned that it is acme's. */
async function lost(
  t: Test,
  { rules = RULES, own = { identity: ACME }, theirs = { identity: ACME } }: Losing = {},
): Promise<Scene & Release & { readonly gate: WorldGate }> {
  const its = await scene(t)
  await its.acme.release('tools', '1.0', own)
  const release = await its.pypi.release('tools', '2.0', theirs)
  const gate = await its.start(rules)
  t.equal((await ask(gate, '/simple/tools/')).status, 200)
  its.acme.upstream.remove('tools')
  return { ...its, ...release, gate }
}

interface Losing {
  readonly rules?: string
  readonly own?: ReleaseRequest
  readonly theirs?: ReleaseRequest
}

function pinned(project: string, file: { readonly filename: string; readonly sha256: string }, waive: string): string {
  return `exemptions:
  - { id: EX-1, project: ${project}, waive: [${waive}], reason: "looked at", owner: platform, expires: 2099-01-01,
      files: { "${file.filename}": "sha256:${file.sha256}" } }
`
}

t.test('an exemption that waives source lets exactly its file through, from the source that lists it', async t => {
  const { pypi, gate: first, wheel, sdist } = await lost(t)
  t.match(await ask(first, wheel.path), { status: 403, code: 'source-changed', source: 'pypi', index: 'main' })
  pypi.writePolicy(`${RULES}${pinned('tools', wheel, 'source')}`)
  first.app.reload()
  t.equal((await ask(first, wheel.path)).status, 200)
  t.equal((await ask(first, `${wheel.path}.metadata`)).status, 200)
  t.match(await ask(first, sdist.path), { status: 403, code: 'source-changed' }, 'no other file of the release')
  t.equal((await ask(first, '/simple/tools/')).status, 404, 'the page is that of the source it belongs to')
  pypi.writePolicy(`${RULES}${pinned('tools', wheel, 'attestation')}`)
  first.app.reload()
  t.match(await ask(first, wheel.path), { status: 403, code: 'source-changed' }, 'nothing else waives it')
})

t.test('requests for files of a name that its source has lost cost the other source one question', async t => {
  const { acme, pypi, start } = await scene(t)
  await acme.release('tools', '1.0', { identity: ACME })
  const { wheel, sdist } = await pypi.release('tools', '2.0', { identity: ACME })
  const first = await start(RULES)
  t.equal((await ask(first, '/simple/tools/')).status, 200)
  await first.stop()
  acme.upstream.remove('tools')
  const gate = await start(RULES, { more: { index: { max_age: '10m' } } })
  const before = pypi.upstream.count('page')
  const wanted = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? wheel.path : sdist.path))
  const codes = (await Promise.all(wanted.map(path => ask(gate, path)))).map(({ code }) => code)
  t.strictSame(new Set(codes), new Set(['source-changed']))
  t.match(await ask(gate, wheel.path), { code: 'source-changed' }, 'one who comes later')
  t.equal(pypi.upstream.count('page') - before, 1)
})

t.test('a policy that only watches lets no file of another source through either, unless it is exempt', async t => {
  const rules = RULES.replace('projects:', 'mode: audit\nprojects:')
  const { pypi, gate, wheel } = await lost(t, { rules, own: { attested: false } })
  t.match(await ask(gate, wheel.path), { status: 403, code: 'source-changed' })
  pypi.writePolicy(`${rules}${pinned('tools', wheel, 'source')}`)
  gate.app.reload()
  t.equal((await ask(gate, wheel.path)).status, 200)
})

t.test('what is offered for a file of another source admits it, and it alone', async t => {
  const { pypi, gate, wheel, sdist } = await lost(t, { theirs: { attested: false } })
  const { explain = '' } = await ask(gate, wheel.path)
  const told = await fetch(`${explain}?format=yaml`)
  const yaml = await told.text()
  t.match(yaml, /waive: \[source, attestation\]/)
  pypi.writePolicy(`${RULES}${yaml}`)
  gate.app.reload()
  t.equal((await ask(gate, wheel.path)).status, 200)
  t.equal((await ask(gate, sdist.path)).code, 'source-changed')
})

t.test('no exemption brings a file of another source under a name that is owned', async t => {
  const { acme, pypi, start } = await scene(t)
  await acme.release('acme-core', '1.0', { attested: false })
  const { wheel } = await pypi.release('acme-core', '9.0', { identity: ACME })
  const policy = `version: 1\nprojects:\n  - { match: "*", ${SIGNED} }\n${pinned('acme-core', wheel, 'source, attestation')}`
  const gate = await start(policy, { owns: ['acme-*'] })
  t.equal((await ask(gate, wheel.path)).status, 404)
  acme.upstream.remove('acme-core')
  t.equal((await ask(gate, wheel.path)).status, 404)
  t.equal(pypi.upstream.requests.filter(request => /acme/i.test(JSON.stringify(request))).length, 0)
})

t.test('what was proved of another source’s file is nothing that was seen of the source it belongs to', async t => {
  const { acme, pypi, start } = await scene(t)
  await acme.release('tools', '1.0', { attested: false })
  const { wheel } = await pypi.release('tools', '2.0', { identity: { ...ACME, repository: 'mallory/tools' } })
  const rules = `version: 1\nprojects:\n  - { match: "*", attestation: when-seen, identity: first-seen }\n`
  const gate = await start(`${rules}${pinned('tools', wheel, 'source')}`)
  t.equal((await ask(gate, '/simple/tools/')).status, 200)
  acme.upstream.remove('tools')
  t.equal((await ask(gate, wheel.path)).status, 200)
  const { wheel: back } = await acme.release('tools', '2.1', { attested: false })
  t.equal((await ask(gate, back.path)).status, 200, 'nothing of the project was ever attested there')
})

t.test('a rule that names a source decides that source’s files alone, and defaults may be a source’s own', async t => {
  const { acme, pypi, start, run } = await scene(t)
  const ours = await acme.release('tools', '1.0', { attested: false })
  const theirs = await pypi.release('other', '1.0', { attested: false })
  const policy = (more: string) => `${RULES}${more}`
  const gate = await start(policy('  - { match: "*", source: acme, attestation: optional }\n'))
  t.equal((await ask(gate, '/simple/tools/')).status, 200)
  t.equal((await ask(gate, ours.wheel.path)).status, 200)
  t.match(await ask(gate, theirs.wheel.path), { code: 'unattested', source: 'pypi' })
  pypi.writePolicy(policy('defaults: { sources: { acme: { attestation: optional } } }\n'))
  gate.app.reload()
  t.equal((await ask(gate, ours.wheel.path)).status, 200)
  t.equal((await ask(gate, theirs.wheel.path)).code, 'unattested')
  pypi.writePolicy(policy(''))
  gate.app.reload()
  t.equal((await ask(gate, ours.wheel.path)).code, 'unattested')
  await t.test('and who got it is told with the source', async t => {
    const told = async () => jsonLines((await run('downloads', 'show', 'tools', '--format', 'json')).out)
    while ((await told()).length === 0) await sleep(50) // the journal is written behind
    t.match(await told(), [{ project: 'tools', source: 'acme' }])
    t.match((await run('downloads', 'show', 'tools')).out, /verdict +source +file\n.* acme +tools-1\.0/)
  })
})

t.test('of a name that no page has, or that has lost its page, it is told whose it is', async t => {
  const { acme, pypi, start, run } = await scene(t)
  await acme.release('tools', '1.0')
  await pypi.release('other', '1.0')
  const gate = await start(RULES, { owns: ['acme-*'] })
  t.equal((await ask(gate, '/simple/tools/')).status, 200)
  t.match((await ask(gate, '/simple/acme-core/')).detail, 'owned by acme, and nobody else is asked')
  t.match((await ask(gate, '/simple/new/')).detail, 'nobody’s yet: acme, then pypi are asked')
  acme.upstream.remove('tools')
  for (const [name, told] of [
    ['acme-core', 'does not know acme-core: the name is owned by acme'],
    ['acme-core==1.0', 'does not know acme-core: the name is owned by acme'],
    ['acme_core-1.0.tar.gz', 'owned by acme'],
    ['new', 'it is nobody’s yet: acme, then pypi are asked'],
    ['tools', 'the name belongs to acme, where it was found first'],
    ['other==9.0', '(it lists 1.0): the name belongs to pypi'],
  ] as const) {
    // what the gate learns is on the disk within a second, where commands find it
    const { exit } = await comesTo(
      `${name}: ${told}`,
      () => run('explain', name),
      ({ err }) => err.replaceAll(/\s+/g, ' ').includes(told),
      100,
    )
    t.equal(exit, 2, name)
  }
})

t.test('a source that there is not stops the start, with the place where it is named', async t => {
  const { start } = await scene(t)
  const policy = 'version: 1\nprojects:\n  - match: "*"\n    source: acne\n    attestation: optional\n'
  await t.rejects(start(policy), {
    code: 'policy-invalid',
    detail: /policy\.yaml:4:13 projects\[0\]\.source: no source is named "acne" \(did you mean "acme"\?\)/,
  })
})

t.test('metrics, readiness and refusals name the index', async t => {
  const { acme, pypi, start } = await scene(t)
  await acme.release('tools', '1.0', { attested: false })
  const { wheel } = await pypi.release('other', '1.0', { attested: false })
  const indexes = { main: { path: '/', sources: ['acme', 'pypi'] }, ml: { path: '/ml', sources: ['pypi'] } }
  const gate = await start(`version: 1\nprojects:\n  - { match: "*", ${SIGNED} }\n`, { more: { indexes } })
  await ask(gate, '/ml/simple/other/')
  await ask(gate, `/ml${wheel.path}`)
  await ask(gate, '/simple/tools/')
  const metrics = await (await fetch(`${gate.url}/metrics`)).text()
  for (const sample of [
    /^portcullis_requests_total\{method="GET",route="page",status="200",index="ml"\} 1$/m,
    /^portcullis_requests_total\{method="GET",route="page",status="200",index="main"\} 1$/m,
    /^portcullis_verdicts_total\{outcome="refused",code="unattested",index="ml"\} 1$/m,
    /^portcullis_request_duration_seconds_count\{route="file",index="ml"\} 1$/m,
  ])
    t.match(metrics, sample)
  const ready = await (await fetch(`${gate.url}/readyz`)).text()
  t.match(ready, /index main/)
  t.match(ready, /index ml/)
  t.match(await ask(gate, wheel.path), { index: 'main' })
})

t.test('commands know every name that an owner was seen to have, as the gate does', async t => {
  const { acme, pypi, start, run } = await scene(t)
  await acme.release('acme-core', '1.0', { attested: false })
  const { wheel } = await pypi.release('acmecore', '1.0', { identity: ACME })
  const gate = await start(`version: 1\nprojects:\n  - { match: "*", confusable: deny, ${SIGNED} }\n`, {
    owns: ['acme-*'],
    more: { indexes: { pub: { path: '/', sources: ['pypi'] }, all: { path: '/all', sources: ['acme', 'pypi'] } } },
  })
  t.equal((await ask(gate, '/all/simple/acme-core/')).status, 200)
  t.equal((await ask(gate, wheel.path)).code, 'confusable')
  await gate.stop()
  for (const index of ['pub', 'all'])
    t.match(jsonLines((await run('explain', wheel.filename, '--index', index, '--format', 'json')).out), [
      { code: 'confusable', source: 'pypi', index },
    ])
  const lock = join(pypi.folder, 'requirements.txt')
  writeFileSync(lock, `acmecore==1.0 --hash=sha256:${wheel.sha256}\n`)
  for (const index of ['pub', 'all'])
    t.match(await run('audit', lock, '--index', index), { exit: 1, out: /confusable/ }, index)
  t.match((await run('explain', wheel.filename)).out, /\n {2}source {5}pypi, at the index pub\n/)
})

t.test('commands tell of another source’s file, and of a source that there is not, what the gate tells', async t => {
  const { acme, pypi, start, run } = await scene(t)
  await acme.release('tools', '1.0', { identity: ACME })
  const { wheel } = await pypi.release('tools', '2.0', { identity: ACME })
  const gate = await start(RULES)
  t.equal((await ask(gate, '/simple/tools/')).status, 200)
  await gate.stop()
  acme.upstream.remove('tools')
  const explain = async () => jsonLines((await run('explain', wheel.filename, '--format', 'json')).out)
  t.match(await explain(), [{ outcome: 'refused', code: 'source-changed', source: 'pypi', index: 'main' }])
  pypi.writePolicy(`${RULES}${pinned('tools', wheel, 'source')}`)
  t.match(await explain(), [{ outcome: 'admitted', source: 'pypi' }])
  pypi.writePolicy('version: 1\nprojects:\n  - match: "*"\n    source: acne\n    attestation: optional\n')
  for (const command of ['check', 'test'])
    t.match(await run('policy', command), { exit: 2, out: /policy\.yaml:4:13 .*no source is named "acne"/s })
})
