// guards: src/cli/policy/policy.ts
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { desk, jsonLines, release } from '../../world/commands/desk.ts'
import { gateDesk, policyOf, rule } from '../../world/commands/gate-desk.ts'

t.test('policy check tells everything that is wrong, each at its place, and exits 2', async t => {
  const desk_ = await desk(t)
  const file = join(desk_.world.folder, 'wrong.yaml')
  writeFileSync(
    file,
    'version: 1\nmode: enforce\npublishers:\n  acme: { kind: github, repository: acme/demo, workflow: release.yml }\nprojects:\n  - match: demo\n    publisher: [acme]\n  - match: other\n    publishers: [acmee]\n',
  )
  const { exit, out } = await desk_.run('policy', 'check', file)
  t.equal(exit, 2)
  t.match(out, /wrong\.yaml:7:5 projects\[0\]\.publisher: .*did you mean "publishers"/)
  t.match(
    out,
    /wrong\.yaml:9:18 projects\[1\]\.publishers\[0\]: no publisher is named "acmee" \(did you mean "acme"\?\)/,
  )
  t.match(out, /✗ \d things are wrong: no gate would start with this policy\n$/)
  const [json] = jsonLines((await desk_.run('policy', 'check', file, '--format', 'json')).out)
  t.match(json, { ok: false, digest: null, diagnostics: [{ line: 7, column: 5, path: 'projects[0].publisher' }] })
})

t.test('policy check without a file checks the configured policy, warns, and sums up', async t => {
  const desk_ = await desk(t)
  const { sdist } = await release(desk_, 'demo', '1.0')
  desk_.world.writePolicy(
    `${desk_.world.policyText()}publishers:\n  unused: { kind: google, email: a@b.example }\nexemptions:\n  - { id: EX-1, project: demo, waive: [attestation], files: { ${sdist.filename}: "sha256:${sdist.sha256}" }, reason: r, owner: team, expires: 2020-01-01 }\n`,
  )
  const { exit, out } = await desk_.run('policy', 'check')
  t.equal(exit, 0)
  t.match(out, /policy\.yaml:\d+:\d+ .*no rule uses the publisher "unused"/)
  t.match(out, /the exemption EX-1 has ended \(owner team\)/)
  t.match(out, /exemptions +1 \(1 ended\)/)
  t.match(out, /rules +1\n/)
  t.match(out, /longest life +no bound, for approvals neither: say limits\.exemption_max\n/)
  const [json] = jsonLines((await desk_.run('policy', 'check', '--format', 'json')).out)
  t.match(json, { ok: true, rules: 1, unmatched: 'deny', exemptions: [{ id: 'EX-1', owner: 'team', ended: true }] })
  t.equal(json?.['exemption_max'], null)
  desk_.world.writePolicy(`${desk_.world.policyText()}limits: { exemption_max: 90d }\n`)
  t.match((await desk_.run('policy', 'check')).out, /longest life +90d\n/)
  t.match(json?.['warnings'], [
    { line: Number, message: String },
    { line: Number, message: String },
  ])
})

t.test('a policy that names sources is told to have none of them where the configuration names none', async t => {
  const desk_ = await desk(t)
  const file = join(desk_.world.folder, 'ours.yaml')
  writeFileSync(file, 'version: 1\nprojects:\n  - { match: "acme-*", source: acme, attestation: optional }\n')
  const { exit, err } = await desk_.run('policy', 'check', file)
  t.equal(exit, 0)
  t.match(
    err,
    /note: the policy names the sources acme, and the configuration here names none: a gate with both does not start/,
  )
  const open = join(desk_.world.folder, 'open.yaml')
  writeFileSync(open, 'version: 1\nprojects:\n  - { match: "acme-*", attestation: optional }\n')
  t.notMatch(await desk_.run('policy', 'check', open), { err: /sources/ })
})

t.test('a policy file that cannot be read, or a configuration that is wrong, is exit 2', async t => {
  const desk_ = await desk(t)
  t.match(await desk_.run('policy', 'check', '/nowhere/at-all.yaml'), {
    exit: 2,
    err: /policy is wrong\n.*does not exist/,
  })
  t.match(await desk_.with({ environment: { PORTCULLIS_INDEX_MODE: 'maybe' } })('policy', 'check'), {
    exit: 2,
    err: /configuration is wrong\n.*PORTCULLIS_INDEX_MODE/,
  })
  desk_.world.writePolicy(desk_.world.policyText().replace('version: 1', 'version: 2'))
  t.match(await desk_.run('verify', 'demo==1.0'), {
    exit: 2,
    out: '',
    err: /policy is wrong\n[\s\S]*policy\.yaml:1:10 version/,
  })
})

t.test('policy check holds globs and names against what the gate was asked for', async t => {
  const desk_ = await gateDesk(t)
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

t.test('the digest of a policy is that of the bytes on disk', async t => {
  const desk_ = await gateDesk(t)
  const text = `\uFEFF${policyOf('projects: [{ match: demo, deny: no }]')}`
  const { exit, out } = await desk_.run('policy', 'check', desk_.write('bom.yaml', text))
  t.equal(exit, 0)
  t.match(out, sha256Of(Buffer.from(text)), 'a byte order mark is some of them')
})
