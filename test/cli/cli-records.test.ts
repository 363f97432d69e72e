// guards: src/cli/command/gate-records.ts src/cli/policy/approve.ts src/cli/policy/diff.ts src/cli/policy/exemptions.ts
// guards: src/cli/policy/given-policy.ts src/cli/policy/history-show.ts src/cli/policy/replay.ts
// guards: src/cli/policy/revocations.ts src/cli/policy/schema.ts src/cli/policy/test.ts src/cli/terminal/table.ts
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { instant } from '../../src/domain/base/instant.ts'
import { type Ended, runCommand } from '../world/commands/commands.ts'
import { startGate, type WorldGate } from '../world/gate/gate.ts'
import { createWorld, type Published, type World } from '../world/world.ts'

const MALLORY = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const
const DAY = 86_400_000

interface Desk {
  readonly world: World
  readonly clock: { now: number }
  /** a gate on the same data folder, with a clock on a string */
  gate(policy: string): Promise<WorldGate>
  /** what a client gets: the status */
  ask(gate: WorldGate, file: Pick<Published, 'path'>): Promise<number>
  run(...argv: readonly string[]): Promise<Ended>
  write(name: string, text: string): string
}

async function desk(t: Test): Promise<Desk> {
  const world = await createWorld(t)
  const clock = { now: Date.now() }
  const configuration = world.configuration()
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(configuration))
  return {
    world,
    clock,
    gate: policy => startGate(t, world, { policy, clock: () => instant(clock.now), configuration }),
    async ask(gate, { path }) {
      const answer = await fetch(`${gate.url}${path}`)
      await answer.arrayBuffer()
      return answer.status
    },
    run: (...argv) => runCommand(argv, { folder: world.folder, clock: () => instant(clock.now) }),
    write(name, text) {
      const path = join(world.folder, name)
      writeFileSync(path, text)
      return path
    },
  }
}

const publisher = (project: string) =>
  `{ kind: github, repository: acme/${project.replace(/-?\*$/, '')}, workflow: release.yml }`
const rule = (project: string, more = '') => `  - { match: "${project}", publishers: [${publisher(project)}]${more} }`
const policyOf = (...lines: readonly string[]) => ['version: 1', ...lines].join('\n')

/** The rule that a command prints. */
function yamlIn(out: string): string {
  const [yaml = ''] = out.slice(out.indexOf('projects:')).split('\nportcullis ')
  return yaml.replace(/^ {2}/gm, '')
}

t.test('replay reports exactly the requests whose outcome changes', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const good = await world.release('demo', '1.0')
  const bare = await world.release('bare', '1.0', { attested: false })
  const stranger = await world.release('lab', '1.0', { identity: { ...MALLORY, repository: 'mallory/lab' } })
  const old = policyOf('defaults: { attestation: optional, unmatched: apply-defaults }', 'projects:', rule('demo'))
  const gate = await desk_.gate(old)
  for (const file of [good.wheel, good.wheel, bare.sdist, stranger.wheel]) t.equal(await desk_.ask(gate, file), 200)
  await gate.stop()

  const same = desk_.write('same.yaml', old)
  t.match(await desk_.run('policy', 'replay', '--policy', same), {
    exit: 0,
    out: /0 files would be refused that passed/,
  })
  const strict = desk_.write('strict.yaml', policyOf('projects:', rule('demo'), rule('bare'), rule('lab')))
  const replayed = await desk_.run('policy', 'replay', '--policy', strict, '--format', 'json')
  t.equal(replayed.exit, 1)
  const { requests, changed, untold } = JSON.parse(replayed.out)
  t.equal(requests, 4)
  t.strictSame(untold, [])
  t.match(changed, [
    {
      filename: bare.sdist.filename,
      from: { outcome: 'admitted', code: 'optional' },
      to: { outcome: 'refused', code: 'unattested' },
    },
    {
      filename: stranger.wheel.filename,
      from: { outcome: 'admitted', code: 'attestation' },
      to: { outcome: 'refused', code: 'publisher-mismatch' },
      requests: 1,
      clients: 1,
    },
  ])
  t.equal(changed.length, 2)
  t.match(
    (await desk_.run('policy', 'replay', '--policy', strict, '--since', '1d')).out,
    /✗ bare-1\.0\.tar\.gz: was admitted \(optional\), would be refused \(unattested\)/,
  )
})

t.test('the policy that was in force changes nothing, whatever it went by', async t => {
  const desk_ = await desk(t)
  const { world, clock } = desk_
  const uploaded = (days: number) => new Date(clock.now - days * DAY).toISOString()
  const first = await world.release('ratchet', '1.0', { attested: false })
  const exempt = await world.release('six', '1.0', { attested: false })
  const young = await world.release('young', '1.0', { listed: { uploadTime: uploaded(1) } })
  const policy = policyOf(
    'projects:',
    '  - { match: ratchet, attestation: when-seen, identity: first-seen }',
    '  - { match: six }',
    rule('young', ', cooldown: { min_age: 2d }'),
    'exemptions:',
    `  - { id: EX-1, project: six, waive: [attestation], files: { "${exempt.sdist.filename}": "sha256:${exempt.sdist.sha256}" }, reason: r, owner: o, expires: ${new Date(clock.now + DAY).toISOString()} }`,
  )
  let gate = await desk_.gate(policy)
  const outcomes: number[] = []
  const ask = async (file: Published) => void outcomes.push(await desk_.ask(gate, file))
  await ask(first.sdist) // nothing was seen attested
  await ask(exempt.sdist)
  await ask(young.wheel) // a day too young
  clock.now += 2 * DAY + 3_600_000 // the age counts from the signature, and signing took its time
  const attested = await world.release('ratchet', '1.0.1')
  await ask(attested.wheel)
  await ask(first.sdist) // now it is a loss
  await ask(exempt.sdist) // the exemption has ended
  await ask(young.wheel)
  const changed = await world.release('ratchet', '1.0.2', { identity: { ...MALLORY, repository: 'mallory/ratchet' } })
  clock.now += 2 * DAY
  await ask(changed.wheel)
  await gate.stop()
  t.strictSame(outcomes, [200, 200, 403, 200, 403, 403, 200, 403])

  gate = await desk_.gate(policy)
  await gate.stop()
  const same = desk_.write('same.yaml', policy)
  const { exit, out } = await desk_.run('policy', 'replay', '--policy', same, '--since', '30d')
  t.match(
    out,
    /8 requests replayed\n {2}0 files would be refused that passed \(0 requests\)\n {2}0 files would pass that were refused/,
  )
  t.equal(exit, 0)
  const now = await desk_.run('policy', 'replay', '--policy', same, '--at', 'now')
  t.match(
    now,
    { exit: 1, out: /✗ ratchet-1\.0\.tar\.gz: was admitted \(optional\), would be refused \(provenance-lost\)/ },
    'as of now, it is another question',
  )
})

t.test('what was refused without a look is told apart', async t => {
  const desk_ = await desk(t)
  const { wheel } = await desk_.world.release('demo', '1.0')
  const gate = await desk_.gate(policyOf('projects: [{ match: other, deny: no }]'))
  t.equal(await desk_.ask(gate, wheel), 403)
  await gate.stop()
  const fresh = desk_.write('new.yaml', policyOf('projects:', rule('demo')))
  t.match(await desk_.run('policy', 'replay', '--policy', fresh), {
    exit: 0,
    out: /cannot be determined(?:.|\n)*demo-1\.0-py3-none-any\.whl: was no-rule, 1 request by 1 client/,
  })
})

t.test('a policy in audit mode is replayed as what it would have refused', async t => {
  const desk_ = await desk(t)
  const { sdist } = await desk_.world.release('demo', '1.0', { attested: false })
  const watching = policyOf('mode: audit', 'projects:', rule('demo'))
  const gate = await desk_.gate(watching)
  t.equal(await desk_.ask(gate, sdist), 200)
  await gate.stop()
  const enforced = desk_.write('new.yaml', watching.replace('audit', 'enforce'))
  t.match(await desk_.run('policy', 'replay', '--policy', enforced), {
    exit: 1,
    out: /was admitted \(audit:unattested\), would be refused \(unattested\)/,
  })
})

t.test('diff tells what changes in meaning, and not in writing', async t => {
  const desk_ = await desk(t)
  const a = desk_.write('a.yaml', policyOf('projects:', rule('demo'), rule('demo-*', ', yanked: deny')))
  const b = desk_.write(
    'b.yaml',
    `# another order\n${policyOf('projects:', rule('demo-*', ', yanked: deny'), rule('demo'))}`,
  )
  t.match(await desk_.run('policy', 'diff', a, b), { exit: 0, out: /the policies mean the same/ })
  const c = desk_.write(
    'c.yaml',
    policyOf(
      'mode: audit',
      'projects:',
      `  - { match: demo, publishers: [${publisher('demo')}, ${publisher('other')}], attestation: when-seen, cooldown: { min_age: 3d } }`,
      rule('demo-*'),
      'exemptions:',
      `  - { id: EX-1, project: demo, waive: [attestation], files: { demo-1.0.tar.gz: "sha256:${'4'.repeat(64)}" }, reason: r, owner: o, expires: 2027-01-01 }`,
      'revocations: [{ project: demo, versions: "==3", reason: stolen }]',
    ),
  )
  const { exit, out } = await desk_.run('policy', 'diff', a, c)
  t.equal(exit, 1)
  for (const line of [
    'mode\n  + enforce became audit',
    'attestation: required became when-seen',
    '+ publishers: kind github, repository acme/other, workflow release.yml was added',
    '- cooldown.min_age: 0 h became 72 h',
    '+ yanked: deny became allow',
    'exemption EX-1\n  + was added for demo',
    '- demo ==3 (stolen) was added',
  ])
    t.ok(out.includes(line), line, { out })
  const d = desk_.write('d.yaml', policyOf('projects:', rule('demo*')))
  const wider = desk_.write('e.yaml', policyOf('projects:', rule('demo*'), '  - { match: demo, deny: no }'))
  t.match(
    (await desk_.run('policy', 'diff', wider, d)).out,
    /demo\n {2}~ its own rule is gone: decided by projects\[0\] demo\* \(d\.yaml:3\) now, by projects\[1\] demo \(e\.yaml:4\) before\n {2}\+ is denied no more/,
  )
  t.equal((await desk_.run('policy', 'diff', a, desk_.write('f.yaml', 'nonsense: true'))).exit, 2)
})

t.test('approve shows a held change field by field and prints the rule that accepts it', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const first = await world.release('demo', '1.0')
  const second = await world.release('demo', '2.0', { identity: MALLORY })
  const policy = policyOf('projects: [{ match: demo, identity: first-seen }]')
  const gate = await desk_.gate(policy)
  t.equal(await desk_.ask(gate, first.wheel), 200)
  t.match(await desk_.run('policy', 'approve', 'demo'), { exit: 1, out: 'nothing is held for demo\n' })
  t.equal(await desk_.ask(gate, second.wheel), 403)
  await gate.stop()
  const { exit, out } = await desk_.run('policy', 'approve', 'demo')
  t.equal(exit, 0)
  t.match(out, /≠ repository +https:\/\/github\.com\/acme\/demo\n +https:\/\/github\.com\/mallory\/demo\n/)
  t.match(out, /\n1 request by 1 client met it since\n/)
  t.notMatch(out, 'Another owner', 'the ids are the same')
  const yaml = yamlIn(out)
  const approved = await desk_.gate(policyOf(yaml))
  t.equal(await desk_.ask(approved, second.wheel), 200, 'and it does')
  t.equal(await desk_.ask(approved, first.sdist), 200)
  await approved.stop()
  t.match(await desk_.run('policy', 'approve', 'demo'), { exit: 1 }, 'then nothing is held')
  t.match(await desk_.run('policy', 'approve', '-'), { exit: 2 })
})

t.test('what is held depends on the rule that decides', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const first = await world.release('demo', '1.0')
  const taken = { ...MALLORY, repository: 'acme/demo', ownerId: '666' }
  const second = await world.release('demo', '2.0', { identity: taken })
  const under = (rule: string) => desk_.write('policy.yaml', policyOf(`projects: [${rule}]`))
  const gate = await desk_.gate(policyOf('projects: [{ match: "de*", identity: first-seen, yanked: deny }]'))
  for (const [file, status] of [
    [first.wheel, 200],
    [second.wheel, 403],
  ] as const)
    t.equal(await desk_.ask(gate, file), status)
  await gate.stop()
  const glob = await desk_.run('policy', 'approve', 'demo')
  t.match(glob.out, /≠ owner id +222\n +666\n/)
  t.match(glob.out, /! Another owner: the repository was moved, or somebody else/, 'the name alone would not have told')
  t.match(
    glob.out,
    /projects\[0\] de\* \(policy\.yaml:2\) decides demo now; what it says besides, the new rule has to say/,
  )
  under('{ match: demo, identity: first-seen, regression: { publisher_changed: allow } }')
  t.match(await desk_.run('policy', 'approve', 'demo'), { exit: 1, out: 'nothing is held for demo\n' }, 'allowed')
  under('{ match: demo, attestation: optional }')
  t.match(await desk_.run('policy', 'approve', 'demo'), { exit: 1 }, 'anybody may sign')
  under('{ match: other, deny: no }')
  t.match(await desk_.run('policy', 'approve', 'demo'), { exit: 1, out: /no rule decides it/ })
  under(
    `{ match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml, owner_id: "222" }] }`,
  )
  const named = await desk_.run('policy', 'approve', 'demo', '--format', 'json')
  t.equal(named.exit, 0)
  const { first: pinned, others, rule, requests }: Record<string, never> = JSON.parse(named.out)
  t.match([pinned, others], [{ owner_id: '222' }, [{ owner_id: '666', files: [second.wheel.filename] }]])
  t.equal(requests, 1)
  t.match(rule, /owner_id: "666"/)
  t.notMatch(rule, /owner_id: "222"/, 'the rule has that already')
})

t.test('history show prints the timeline, and marks what somebody should look at', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const one = await world.release('demo', '1.0')
  await world.release('demo', '1.1', { attested: ['wheel'] })
  const two = await world.release('demo', '2.0', { identity: MALLORY })
  await world.release('demo', '2.1', { attested: false })
  const gate = await desk_.gate(policyOf('projects: [{ match: demo, attestation: optional }]'))
  for (const file of [one.wheel, two.wheel]) t.equal(await desk_.ask(gate, file), 200)
  await gate.stop()
  const { exit, out } = await desk_.run('history', 'show', 'Demo')
  t.equal(exit, 0)
  t.match(out, /first identity: acme\/demo release\.yml \(demo-1\.0-py3-none-any\.whl/)
  t.match(out, /1\.0 +1\.0 +2\/2 .* acme\/demo release\.yml\n/)
  t.match(out, /1\.1 +1\.1 +1\/2 .*\(offered, not asked for\) {2}← partly attested\n/)
  t.match(out, /2\.0 +2\.0 +2\/2 .*mallory\/demo release\.yml {2}← another signer\n/)
  t.match(out, /2\.1 +2\.1 +0\/2 .*← attestations have stopped\n/)
  t.match(JSON.parse((await desk_.run('history', 'show', 'demo', '--format', 'json')).out), {
    project: 'demo',
    first: { file: one.wheel.filename },
    files: { length: 8 },
  })
  const renamed = await world.release('demo', '3.0', {
    identity: { kind: 'github', repository: 'acme/demo', workflow: 'release.yml', ref: 'refs/tags/v3', ownerId: '666' },
  })
  desk_.clock.now += 61_000
  const again = await desk_.gate(policyOf('projects: [{ match: demo, attestation: optional }]'))
  t.equal(await desk_.ask(again, renamed.wheel), 200)
  t.match(await desk_.run('history', 'show', 'demo'), { exit: 0, err: '' }, 'while the gate runs')
  await again.stop()
  t.match(
    (await desk_.run('history', 'show', 'demo')).out,
    /3\.0 +3\.0 +2\/2 .*acme\/demo release\.yml \(.*owner id 666.*← another signer\n/,
    'taken over',
  )
  t.match(await desk_.run('history', 'show', 'never'), { exit: 0, out: 'the gate has never read the page of never\n' })
})

t.test('exemptions that end soon, and how often each was used', async t => {
  const desk_ = await desk(t)
  const { sdist } = await desk_.world.release('six', '1.0', { attested: false })
  const ends = (days: number) => new Date(desk_.clock.now + days * DAY).toISOString()
  const exemption = (id: string, days: number) =>
    `  - { id: ${id}, project: six, waive: [attestation], files: { "${sdist.filename}": "sha256:${sdist.sha256}" }, reason: r, owner: me, expires: ${ends(days)} }`
  const gate = await desk_.gate(
    policyOf(
      'projects: [{ match: six }]',
      'exemptions:',
      exemption('EX-soon', 3),
      exemption('EX-late', 90),
      exemption('EX-ended', -3),
    ),
  )
  t.equal(await desk_.ask(gate, sdist), 200)
  await gate.stop()
  const { exit, out } = await desk_.run('exemptions', 'expiring')
  t.equal(exit, 0)
  t.match(out, /ended 20.* EX-ended +six +1 +0 +attestation\n {2}me, .*policy\.yaml:\d+\n/)
  t.match(out, /in [23] d +EX-soon +six +1 +1 +attestation\n/)
  t.notMatch(out, /EX-late/)
  t.match((await desk_.run('exemptions', 'expiring', '--within', '100d', '--format', 'json')).out, /"id":"EX-late"/)
  t.match(await desk_.run('exemptions', 'expiring', '--within', 'soon'), { exit: 2 })
})

t.test('a revocation holds for what is stored, and its downloaders are listed', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const { wheel, sdist } = await world.release('demo', '1.0')
  await world.release('demo', '2.0')
  const policy = policyOf('projects:', rule('demo'))
  const gate = await desk_.gate(policy)
  t.equal(await desk_.ask(gate, wheel), 200)
  t.equal(await desk_.ask(gate, sdist), 200)
  const revoked = policyOf(
    'projects:',
    rule('demo'),
    `revocations:\n  - { sha256: "${wheel.sha256}", reason: malware }\n  - { repository: acme/demo, signed_after: 2020-01-01T00:00:00Z, reason: incident }\n  - { project: other, versions: ">=1", reason: elsewhere }\n  - { project: demo, versions: "==2.0", reason: never taken }`,
  )
  world.writePolicy(revoked)
  t.equal(gate.app.reload(), 'loaded')
  t.equal(await desk_.ask(gate, wheel), 403)
  t.equal(await desk_.ask(gate, sdist), 403)
  await gate.stop()
  const { exit, out } = await desk_.run('revocations', 'show')
  t.equal(exit, 0)
  t.match(
    out,
    /✗ sha256 [0-9a-f]{64} \(malware\)\n(?:.*\n)*? {2}downloaded by 1 client:\n.*\n {2}127\.0\.0\.1 +1 +20\S+ +20\S+ +demo-1\.0-py3-none-any\.whl\n/,
  )
  t.match(out, /acme\/demo, signed from 2020-01-01T00:00:00\.000Z \(incident\)\n(?:.*\n)*?.*demo-1\.0\.tar\.gz/)
  t.match(out, /other >=1 \(elsewhere\)\n.*\n {2}no file of it is on record/)
  t.match(
    out,
    /demo ==2\.0 \(never taken\)\n.*\n {2}demo-2\.0-py3(?:.*\n)*? {2}nobody downloaded it/,
    'known from the page',
  )
  const lines = (await desk_.run('revocations', 'show', '--format', 'json')).out.trim().split('\n')
  t.match(JSON.parse(lines[0] ?? ''), {
    files: [{ filename: wheel.filename, sha256: wheel.sha256, held: true }],
    downloads: [{ client: '127.0.0.1', filename: wheel.filename, requests: 1 }],
  })
  const untaken: { files: { held: boolean }[]; downloads: unknown[] } = JSON.parse(lines[3] ?? '')
  t.strictSame([untaken.files.map(({ held }) => held), untaken.downloads], [[false, false], []])
})

t.test('where there is no database, it is said', async t => {
  const desk_ = await desk(t)
  desk_.world.writePolicy(policyOf('projects: [{ match: demo, deny: no }]'))
  for (const argv of [
    ['history', 'show', 'demo'],
    ['policy', 'approve', 'demo'],
    ['revocations', 'show'],
    ['policy', 'replay', '--policy', desk_.world.policy],
  ])
    t.match(await desk_.run(...argv), { exit: 2, err: /there is no database of a gate/ }, argv.join(' '))
})

t.test('policy check holds globs and names against what the gate was asked for', async t => {
  const desk_ = await desk(t)
  const asked = ['requests', 'reqeusts', 'acme-lib', 'six']
  for (const project of asked) await desk_.world.release(project, '1.0')
  const policy = desk_.write(
    'new.yaml',
    policyOf(
      'projects:',
      rule('requests'),
      '  - { match: "acme-*", deny: no }',
      '  - { match: acme-lib, deny: no }',
      '  - { match: "zope-*", deny: no }',
      '  - { match: s1x, deny: no }',
    ),
  )
  const before = await desk_.run('policy', 'check', policy)
  t.match(before, { exit: 0, err: '' })
  t.notMatch(before.out, 'asked for', 'without a database there is nothing to hold it against')
  t.notOk(existsSync(join(desk_.world.folder, 'data', 'portcullis.sqlite')), 'and none is made')
  const gate = await desk_.gate(policyOf('projects: [{ match: "*", attestation: optional }]'))
  for (const project of asked) t.equal((await fetch(`${gate.url}/simple/${project}/`)).status, 200)
  await gate.stop()
  const { exit, out } = await desk_.run('policy', 'check', policy)
  t.equal(exit, 0, 'warnings do not fail')
  t.match(out, /new\.yaml:3:1 projects\[0\]: the gate was asked for reqeusts, which looks like "requests": a slip/)
  t.match(out, /new\.yaml:4:1 projects\[1\]: "acme-\*" decides nothing: more exact rules take all .* \(acme-lib\)/)
  t.match(out, /new\.yaml:6:1 projects\[3\]: "zope-\*" matches none of the 4 projects/)
  t.notMatch(out, 's1x', 'three letters are all alike')
  t.match(out, /held against {6}4 projects that the gate was asked for/)
  const json: { warnings: unknown[]; seen: number } = JSON.parse(
    (await desk_.run('policy', 'check', policy, '--format', 'json')).out,
  )
  t.match([json.warnings.length, json.seen], [3, 4])
  const broken = desk_.write('broken.yaml', 'nonsense: 1')
  t.match(await desk_.run('--config', broken, 'policy', 'check', policy), {
    exit: 0,
    err: /^Not held against what the gate was asked for: /,
  })
})

t.test('the tests of a policy, one by one', async t => {
  const desk_ = await desk(t)
  const tests = (...lines: readonly string[]) => policyOf('projects:', rule('demo'), ...lines)
  const passing = '{ given: { file: demo-1.0.tar.gz }, expect: { refused: unattested } }'
  const none = desk_.write('none.yaml', tests())
  t.match(await desk_.run('policy', 'test', none), { exit: 0, out: /has no tests/ })
  const good = desk_.write('good.yaml', tests(`tests: [${passing}]`))
  t.match(await desk_.run('policy', 'test', good), {
    exit: 0,
    out: /^✓ demo-1\.0\.tar\.gz: refused: unattested .*good\.yaml:4/,
  })
  const bad = desk_.write(
    'bad.yaml',
    tests(`tests: [${passing}, { given: { file: demo-1.0.tar.gz }, expect: admitted }]`),
  )
  const failed = await desk_.run('policy', 'test', bad)
  t.match(failed, { exit: 1, out: /✗ demo-1\.0\.tar\.gz: expected admitted, found refused: unattested/ })
  t.match(failed.out, /2 tests?, .*1 failed|1 of 2 tests failed/)
  const json: { tests: { passed: boolean }[] } = JSON.parse(
    (await desk_.run('policy', 'test', bad, '--format', 'json')).out,
  )
  t.strictSame(
    json.tests.map(({ passed }) => passed),
    [true, false],
  )
  t.match(await desk_.run('policy', 'check', bad), { exit: 2 }, 'no gate would load it')
  const wrong = desk_.write('wrong.yaml', tests('unknown: 1'))
  t.match(await desk_.run('policy', 'test', wrong), { exit: 2 })
  const { exit, out } = await desk_.run('policy', 'schema')
  t.equal(exit, 0)
  t.equal(out, readFileSync(join(import.meta.dirname, '../../policies/policy.schema.json'), 'utf8'))
})

t.test('the digest of a policy is that of the bytes on disk', async t => {
  const desk_ = await desk(t)
  const text = `\uFEFF${policyOf('projects: [{ match: demo, deny: no }]')}`
  const { exit, out } = await desk_.run('policy', 'check', desk_.write('bom.yaml', text))
  t.equal(exit, 0)
  t.match(out, sha256Of(Buffer.from(text)), 'a byte order mark is some of them')
})
