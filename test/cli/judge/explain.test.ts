import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import type { Refused } from '../../../src/domain/decide/verdict.ts'
import { desk, jsonLines, release } from '../../world/commands/desk.ts'
import { comesTo } from '../../world/until.ts'

const EVIL = { kind: 'github', repository: 'evil/demo', workflow: 'release.yml', ref: 'refs/tags/v1.0' } as const

t.test('explain shows every step, the rule with its place, and the publisher that the certificate proves', async t => {
  const desk_ = await desk(t)
  await release(desk_, 'demo', '0.9')
  const { sdist } = await release(desk_, 'demo', '1.0', { identity: EVIL })
  const { exit, out } = await desk_.run('explain', sdist.filename)
  t.equal(exit, 0)
  t.match(out, /^✗ demo-1\.0\.tar\.gz: refused, signed by somebody else \(publisher-mismatch\)\n/)
  t.match(out, /✓ rule\n? +projects\[0\] demo/)
  t.match(out, '✓ attestation')
  t.match(
    out,
    '  ✗ source repository (.12)\n      expected  https://github.com/acme/demo\n      found     https://github.com/evil/demo\n',
  )
  t.match(
    out,
    /^# sign, in projects\[0\] demo \(policy\.yaml:\d+\):\n# {5}publishers:\n# {7}- kind: github\n# {9}repository: evil\/demo\n/m,
  )
})

t.test('the YAML that explain prints admits the file', async t => {
  const desk_ = await desk(t)
  const { sdist } = await release(desk_, 'demo', '1.0')
  const head = 'version: 1\nmode: enforce\n'
  desk_.world.writePolicy(`${head}projects:\n  - { match: other, deny: "not here" }\n`)
  const { exit, out } = await desk_.run('explain', sdist.filename, '--format', 'json')
  t.equal(exit, 0)
  const [line] = jsonLines(out)
  t.match(line, { outcome: 'refused', code: 'no-rule', identity: { repository: 'acme/demo' } })
  desk_.world.writePolicy(`${head}${String(line?.['admit_with'])}`)
  t.match(await desk_.run('explain', sdist.filename), { exit: 0, out: /^✓ demo-1\.0\.tar\.gz: admitted\n/ })
})

t.test('whom to ask and what would pass stand beside the reason', async t => {
  const desk_ = await desk(t)
  await release(desk_, 'demo', '1.0')
  const { sdist } = await release(desk_, 'demo', '2.0', { attested: false })
  const contact = 'contact: { name: "Platform team", url: "https://tickets.acme.example/?t={code}%20{filename}" }'
  desk_.world.writePolicy(`${desk_.world.policyText()}\n${contact}\n`)
  const url = 'https://tickets.acme.example/?t=unattested%20demo-2.0.tar.gz'
  // what passes is looked for within a moment
  const explained = async (...how: readonly string[]) =>
    await comesTo(
      'it is known what passes',
      async () => (await desk_.run('explain', sdist.filename, ...how)).out,
      told => told.includes('demo-1.0.tar.gz'),
    )
  const out = await explained()
  t.match(out, '\n  passes     demo==1.0 (demo-1.0.tar.gz)\n')
  t.match(out, `\n  ask        Platform team, ${url}\n`)
  t.match(jsonLines(await explained('--format', 'json')), [
    { passes: { version: '1.0', filename: 'demo-1.0.tar.gz' }, contact: { name: 'Platform team', url } },
  ])
  const admitted = await desk_.run('explain', 'demo==1.0', '--format', 'json')
  t.match(jsonLines(admitted.out), [{ passes: null, contact: null, nothing_admits: null }, {}])
})

t.test('an admitted file shows its publisher too, ids and all', async t => {
  const desk_ = await desk(t)
  const { wheel } = await release(desk_, 'demo', '1.0')
  const { out } = await desk_.run('explain', wheel.filename)
  t.match(out, 'The certificate proves this publisher')
  t.match(out, /repository: acme\/demo\n +workflow: release\.yml\n +ref: "refs\/tags\/\*"\n +repository_id: "\d+"\n/)
})

t.test('explain finds a file by name, path at PyPI, path at the gate, release, and metadata URL', async t => {
  const desk_ = await desk(t)
  const { wheel, sdist } = await release(desk_, 'my-demo', '1.0')
  for (const target of [
    sdist.filename,
    `https://files.pythonhosted.org${sdist.path}`,
    `https://pypi.acme.example/prefix${sdist.path}#sha256=${sdist.sha256}`,
  ])
    t.match(await desk_.run('explain', target), { exit: 0, out: /^✓ my_demo-1\.0\.tar\.gz: admitted/ }, target)
  t.match(await desk_.run('explain', `http://127.0.0.1:8080${wheel.path}.metadata`), {
    exit: 0,
    out: /^✓ my_demo-1\.0-py3-none-any\.whl: admitted/,
  })
  const both = jsonLines((await desk_.run('explain', 'my.demo[extra] == 1.0', '--format', 'json')).out)
  t.strictSame(
    both.map(({ filename }) => filename),
    [wheel.filename, sdist.filename],
  )
})

t.test('a release is summed up, and --all shows every step of every file', async t => {
  const desk_ = await desk(t)
  const { wheel, sdist } = await release(desk_, 'demo', '1.0', { attested: ['wheel'] })
  const { exit, out } = await desk_.run('explain', 'demo==1.0')
  t.equal(exit, 0)
  t.match(out, /^demo 1\.0: 2 files\n\n✗ 1 file: refused, no attestation[\s\S]*\n✓ 1 file: admitted\n/)
  t.notMatch(out, '✓ attestation', 'no step that passed')
  const all = await desk_.run('explain', 'demo==1.0', '--all')
  t.match(all.out, new RegExp(`^✓ ${wheel.filename}: admitted\n[\\s\\S]*\n✗ ${sdist.filename}: refused`))
  t.match(all.out, '✓ attestation')
  const lines = (await desk_.run('explain', 'demo==1.0', '--format', 'json')).out
  t.equal(jsonLines(lines).length, 2, 'a program is told all')
})

t.test('the commands that a summary ends with come to the same verdict', async t => {
  const desk_ = await desk(t)
  const { wheel } = await release(desk_, 'demo', '1.0')
  const denies = desk_.write('denies.yaml', 'version: 1\nprojects:\n  - { match: other, deny: "not here" }\n')
  const target = ['--python', '3.12', '--platform', 'linux_x86_64']
  const { out } = await desk_.run('explain', 'demo==1.0', '--policy', denies, ...target)
  t.match(out, `every step of one file:  portcullis explain ${wheel.filename} --policy ${denies}\n`)
  t.match(out, `of all of them:          portcullis explain demo==1.0 --all --policy ${denies} ${target.join(' ')}\n`)
  for (const [, words = ''] of out.matchAll(/: +portcullis (explain .*)/g))
    t.match((await desk_.run(...words.split(' '))).out, 'no-rule', words)
})

t.test('a mistyped id of a refusal is said to look like one', async t => {
  const desk_ = await desk(t)
  await release(desk_, 'demo', '1.0')
  for (const [id, more] of [
    ['b45wdn5cr702XX', '; this has 14 '],
    ['b45wdn5cr70', '; this has 11 '],
    ['B45WDN5CR702', ' '],
  ] as const)
    t.match(
      await desk_.run('explain', id).then(({ err }) => err.replace(/\s+/g, ' ')),
      `12 characters, of 0-9 and a-z without i, l, o and u${more}`,
      id,
    )
  t.notMatch((await desk_.run('explain', 'cryptography')).err, 'refusal')
})

t.test('a name alone stands for its newest release that an installer takes', async t => {
  const desk_ = await desk(t)
  for (const version of ['1.9', '1.10', '2.0rc1']) await release(desk_, 'demo', version)
  await release(desk_, 'demo', '1.11', { listed: { yanked: 'broken' } })
  t.match(await desk_.run('explain', 'Demo'), { exit: 0, out: /^demo 1\.10, the newest release: 2 files\n/ })
  await release(desk_, 'next', '1.0a1')
  t.match(await desk_.run('explain', 'next'), { exit: 0, out: /^next 1\.0a1, the newest release/ }, 'there is no other')
  t.match(await desk_.run('explain', 'never'), { exit: 2, out: '', err: /the index does not know never/ })
})

t.test(
  'a listed file that is neither wheel nor sdist, and a quarantined project, are explained as refused',
  async t => {
    const desk_ = await desk(t)
    const { wheel } = await release(desk_, 'demo', '1.0')
    desk_.world.upstream.add('demo', { filename: 'demo-1.0-py3.8.egg', bytes: Buffer.from('x') })
    t.match(await desk_.run('explain', 'demo-1.0-py3.8.egg'), { exit: 0, out: /\(file-unsupported\)/ })
    desk_.world.upstream.setStatus('demo', 'quarantined')
    t.match(await desk_.run('explain', 'demo-3.0.tar.gz'), { exit: 0, out: /\(project-quarantined\)/ })
    const { path } = desk_.save(wheel)
    t.match(await desk_.run('verify', path), { exit: 1, out: /\(project-quarantined\)/ })
  },
)

t.test('a file whose name could belong to several projects is found in the one that lists it', async t => {
  const desk_ = await desk(t)
  desk_.world.upstream.add('foo', { filename: 'foo-1.0-1.tar.gz', bytes: Buffer.from('x') })
  desk_.world.writePolicy('version: 1\nmode: enforce\nprojects:\n  - { match: foo, attestation: optional }\n')
  const { exit, out } = await desk_.run('explain', 'foo-1.0-1.tar.gz', '--format', 'json')
  t.equal(exit, 0)
  t.match(jsonLines(out), [{ project: 'foo', version: '1.0.post1', outcome: 'admitted' }])
  const asked = desk_.world.upstream.requests.length
  const run = desk_.with({ environment: { PORTCULLIS_INDEX_INTERNAL: 'foo' } })
  t.match(await run('explain', 'foo-1.0-1.tar.gz'), { exit: 2, out: '', err: /internal/ })
  t.equal(desk_.world.upstream.requests.length, asked, 'one internal reading is enough to ask about none')
})

t.test('explain exits 0 whatever the verdict, 4 when nobody can tell, 2 for what it does not understand', async t => {
  const desk_ = await desk(t)
  const { sdist } = await release(desk_, 'demo', '1.0', { attested: false })
  t.match(await desk_.run('explain', sdist.filename), { exit: 0, out: /unattested/ })
  for (const target of [
    'not a name',
    'cryptography',
    './demo-1.0.tar.gz',
    'https://pypi.org/project/demo/',
    'http://%zz/x',
    'demo-2.0.tar.gz',
  ])
    t.match(await desk_.run('explain', target), { exit: 2, out: '', err: /^error: /m }, target)
  desk_.world.upstream.fault({ route: 'provenance', do: { status: 500 } })
  desk_.world.upstream.speak({ provenance: false })
  const unknown = await desk_.run('explain', sdist.filename)
  t.match(unknown, { exit: 4, out: /^\? demo-1\.0\.tar\.gz: cannot tell, upstream could not answer/ })
})

t.test('without a rule, a provenance that cannot be fetched changes nothing but is told', async t => {
  const desk_ = await desk(t)
  const { sdist } = await desk_.world.release('demo', '1.0')
  desk_.world.writePolicy('version: 1\nmode: enforce\nprojects:\n  - { match: other, attestation: optional }\n')
  desk_.world.upstream.fault({ route: 'provenance', do: { status: 500 } })
  const { exit, out } = await desk_.run('explain', sdist.filename)
  t.equal(exit, 0)
  t.match(out, /refused, no rule for this project/)
  t.match(out, /note +Who signed it could not be found out/)
  t.notMatch(out, /would admit|can admit/)
})

t.test('an upstream without the provenance key leads to upstream.integrity', async t => {
  const desk_ = await desk(t, { dialect: { minor: 1, provenance: false } })
  const { sdist } = await release(desk_, 'demo', '1.0', { attested: false })
  t.match((await desk_.run('explain', sdist.filename)).out, 'set upstream.integrity')
})

t.test('a recorded refusal is told by its id and by the URL that pip printed', async t => {
  const desk_ = await desk(t)
  await release(desk_, 'demo', '1.0')
  const refused: Refused = {
    kind: 'refused',
    code: 'unattested',
    file: { project: 'demo', version: '1.0', filename: 'demo-1.0.tar.gz', sha256: undefined },
    rule: { id: 'projects[0] demo', file: 'acme.yaml', line: 7 },
    identity: undefined,
    detail: 'demo-1.0.tar.gz has no attestation, and projects[0] demo requires one.',
    admitWith: undefined,
    policyDigest: 'f'.repeat(64),
    steps: [{ mark: 'fail', check: 'attestation', expected: 'one that verifies', found: 'none' }],
    notes: [],
  }
  const id = '3k9q0c7m2a1b'
  const refusals = {
    get: async (asked: string) =>
      asked === id ? { refused, at: instant(Date.parse('2026-11-24T12:00:00Z')) } : undefined,
  }
  const nothing = (): never => {
    throw new TypeError('nobody asks for it')
  }
  const records = {
    refusals,
    journal: nothing,
    dropped: nothing,
    lastDecision: nothing,
    projects: nothing,
    project: nothing,
    finding: nothing,
    attested: nothing,
    holds: nothing,
    misses: nothing,
    approvals: nothing,
    belonging: () => undefined,
    close: async () => {},
  }
  const run = desk_.with({ records })
  for (const target of [id, `https://pypi.acme.example/x/${id}`, `http://127.0.0.1:8080/x/${id}/unattested`])
    t.match(await run('explain', target), {
      exit: 0,
      out: /^✗ demo-1\.0\.tar\.gz: refused, no attestation[\s\S]*projects\[0\] demo \(acme\.yaml:7\)[\s\S]*Recorded 2026-11-24T12:00:00\.000Z/,
    })
  t.match(await run('explain', '3k9q0c7m2a1c'), { exit: 2, err: /keeps no refusal 3k9q0c7m2a1c/ })
  t.match(await desk_.run('explain', id), {
    exit: 2,
    out: '',
    err: /there is no database of a gate in .*<gate>\/x\/3k9q0c7m2a1b/,
  })
  t.equal(desk_.world.upstream.requests.length, 0)
})
