import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'
import { noRoots } from '../../world/judging/roots.ts'
import { changed, diagnose, GOOD, load, NOW, ROOT } from '../good-policy.ts'

const POLICIES = new URL('../../../policies/', import.meta.url)

t.test('the good policy loads', async t => {
  t.strictSame(diagnose(GOOD.join('\n')), [])
})

t.test('a file that is no policy', async t => {
  t.match(diagnose(''), [/^p\.yaml:1:1 .*must be a mapping, found nothing/])
  t.match(diagnose('# only a comment'), [/must be a mapping, found nothing/])
  t.match(diagnose('hello'), [/must be a mapping, found "hello"/])
  t.match(diagnose('%YAML 1.1\n---\nversion: 1'), [/directives are not allowed/])
  t.match(diagnose(`version: 1\n# ${'x'.repeat(1024 * 1024)}`), ['p.yaml:1:1 the file is larger than 1 MiB'])
  t.not(diagnose('['.repeat(100_000)).length, 0, 'nested without end')
  t.match(diagnose('version: 1'), [/the policy has no rule/])
  t.match(diagnose('version: 1\ndefaults: { unmatched: apply-defaults }'), [/the policy has no rule/])
  t.match(diagnose('version: 1\nprojects: []'), [/projects: must not be empty/])
  t.match(diagnose('version: 1\nprojects: {}'), ['p.yaml:2:11 projects: must be a list, found a mapping'])
  t.match(diagnose('version: 1\nprojects: [pkg]'), ['p.yaml:2:12 projects[0]: must be a mapping, found "pkg"'])
  t.strictSame(diagnose('version: 1\ndefaults: { unmatched: apply-defaults, attestation: optional }'), [])
})

t.test('all diagnostics come at once, in order, with their paths', async t => {
  const text = changed(
    10,
    '  - { match: pkg, publishers: [acne, { kind: github, repository: x, workflow: y.yml }], yank: deny }',
  ).replace('2027-03-31', '2027-02-30')
  t.match(diagnose(text), [
    /^p\.yaml:10:32 projects\[0\]\.publishers\[0\]: no publisher is named "acne"/,
    /^p\.yaml:10:66 projects\[0\]\.publishers\[1\]\.repository: must be owner\/name/,
    /^p\.yaml:10:89 projects\[0\]\.yank: unknown key "yank" \(did you mean "yanked"\?\)/,
    /^p\.yaml:21:14 exemptions\[0\]\.expires: must be a date/,
  ])
})

t.test('several files are one policy', async t => {
  const load = (...texts: readonly string[]) =>
    loadPolicy(
      texts.map((text, index) => ({ path: `${index}.yaml`, text })),
      NOW,
      noRoots,
    )
  const told = (...texts: readonly string[]) => {
    const loaded = load(...texts)
    return 'policy' in loaded ? [] : loaded.diagnostics.map(formatDiagnostic)
  }
  const more = 'version: 1\nprojects:\n  - { match: other, publishers: [acme] }'
  t.strictSame(told(GOOD.join('\n'), more), [], 'a publisher of one is known in the other')
  const loaded = load(GOOD.join('\n'), more)
  t.match('policy' in loaded && loaded.policy.ruleFor(parseProjectName('other')), { ref: { file: '1.yaml', line: 3 } })
  t.match(told(GOOD.join('\n'), more.replace('other', 'pkg')), [/^1\.yaml:3:14 .*0\.yaml:10 matches the same/])
  t.match(told(GOOD.join('\n'), `${more}\ndefaults: {}`), [
    /^1\.yaml:4:1 defaults: "defaults" stands in 0\.yaml:7 already/,
  ])
  t.match(told(GOOD.join('\n'), `${more}\npublishers:\n  acme: { kind: google, email: a@b.c }`), [
    /^1\.yaml:5:3 publishers\.acme: the publisher "acme" stands in 0\.yaml:4 too, and differs in kind, /,
  ])
  t.match(told(GOOD.join('\n'), `version: 1\n${GOOD.slice(12).join('\n').replace('old', 'older')}`), [
    /^1\.yaml:3:9 .*the exemption "EX-7" stands in 0\.yaml:14 already, and differs in reason/,
  ])
  t.match(told(), [/there is no policy file/])
})

t.test('several documents of a file are one policy, and everything keeps its place', async t => {
  const more = '---\nversion: 1\nprojects:\n  - { match: other, publishers: [acme] }\n'
  const own = `${GOOD.join('\n')}\n`
  const loaded = loadPolicy([{ path: 'p.yaml', text: `${own}${more}` }], NOW, noRoots)
  if (!('policy' in loaded)) throw new Error(loaded.diagnostics.map(formatDiagnostic).join('\n'))
  t.match(loaded.policy.ruleFor(parseProjectName('other')), { ref: { file: 'p.yaml', line: GOOD.length + 4 } })
  t.strictSame(loaded.policy.files, ['p.yaml'])
  t.match(diagnose(`${own}${more.replace('other', 'pkg')}`), [/^p\.yaml:\d+:14 .*p\.yaml:10 matches the same/])
  t.match(diagnose(`${own}---\nprojects: []\n`), [/"version" is missing/, /must not be empty/])
})

t.test('the digest is that of the file', async t => {
  const digest = (text: string) => {
    const loaded = loadPolicy([{ path: 'p', text }], NOW, noRoots)
    return 'policy' in loaded ? loaded.policy.digest : undefined
  }
  t.match(digest(GOOD.join('\n')), /^[0-9a-f]{64}$/)
  t.not(digest(GOOD.join('\n')), digest(`${GOOD.join('\n')}\n`))
})

t.test('two trusted roots in each other’s place are another policy', async t => {
  const named = (name: string) =>
    `  ${name}: { kind: custom, issuer: "https://id.${name}.example", san: "https://${name}.example/ci", trusted_root: ${name}.json }\n`
  const text = `version: 1\npublishers:\n${named('one')}${named('two')}projects: [{ match: pkg, publishers: [one, two] }]\n`
  const digest = (roots: Readonly<Record<string, string>>, folder = '/etc/gate', texts = [text]) => {
    const files = texts.map((written, index) => ({ path: `${folder}/${index}.yaml`, text: written }))
    const loaded = loadPolicy(files, NOW, path => {
      const json = roots[path] ?? 'another'
      return { json, digest: sha256Of(json) }
    })
    if (!('policy' in loaded)) throw new Error(loaded.diagnostics.map(formatDiagnostic).join('\n'))
    return loaded.policy.digest
  }
  const right = digest({ '/etc/gate/one.json': '1', '/etc/gate/two.json': '2' })
  t.not(digest({ '/etc/gate/one.json': '2', '/etc/gate/two.json': '1' }), right, 'in each other’s place')
  t.not(digest({ '/etc/gate/one.json': '1', '/etc/gate/two.json': '3' }), right, 'another one')
  t.equal(digest({ '/srv/one.json': '1', '/srv/two.json': '2' }, '/srv'), right, 'wherever the folder lies')
  const other = 'version: 1\nprojects: [{ match: other, deny: no }]\n'
  const roots = { '/etc/gate/one.json': '1', '/etc/gate/two.json': '2' }
  t.equal(
    digest(roots, '/etc/gate', [text, other]),
    digest(roots, '/etc/gate', [other, text]),
    'whatever the files are called',
  )
})

t.test('the digest of a policy without trusted roots is that of its files alone', async t => {
  const texts = [GOOD.join('\n'), 'version: 1\nprojects: [{ match: other, deny: no }]\n']
  const files = texts.map((text, index) => ({ path: `${index}.yaml`, text }))
  const digestOf = (given: typeof files) => {
    const loaded = loadPolicy(given, NOW, noRoots)
    return 'policy' in loaded ? loaded.policy.digest : undefined
  }
  t.equal(digestOf(files.slice(0, 1)), sha256Of(texts[0] ?? ''))
  const each = texts.map(text => sha256Of(text)).sort()
  t.equal(digestOf(files), sha256Of(each.join('\n')))
})

t.test('every shipped policy loads without a warning', async t => {
  const names = readdirSync(POLICIES).filter(name => name.endsWith('.yaml'))
  t.ok(names.includes('starter.yaml'))
  for (const name of names) {
    const loaded = loadPolicy([{ path: name, text: readFileSync(new URL(name, POLICIES), 'utf8') }], NOW, noRoots)
    t.strictSame('policy' in loaded ? loaded.policy.warnings : loaded.diagnostics.map(formatDiagnostic), [], name)
  }
})

t.test('the commented rules of the shipped policies load once they are uncommented', async t => {
  const text = readFileSync(new URL('popular.yaml', POLICIES), 'utf8')
  t.strictSame(diagnose(text.replace(/^ {2}# (- match| {2}publishers)/gm, '  $1')), [])
})

const DESIGN = new URL('../../../../shared/design/policy.md', import.meta.url)

const exampleSkip = existsSync(DESIGN) ? false : 'the design is not here: 1 example'

t.test('the example of the language loads as it stands, with a root file beside it', { skip: exampleSkip }, async t => {
  const [, example = ''] = /```yaml\n((?:.|\n)*?)```/.exec(readFileSync(DESIGN, 'utf8')) ?? []
  const asked: string[] = []
  const { policy, contents, tests } = load(example, path => {
    asked.push(path)
    return ROOT
  })
  t.strictSame(asked, ['/etc/acme/acme-root.json'])
  t.equal(contents.rules.length, 7)
  t.equal(contents.revocations.length, 5)
  t.match(tests, [{ passed: true, found: 'refused: publisher-mismatch' }])
  t.strictSame(policy.roots, [ROOT])
  t.match(policy.ruleFor(parseProjectName('acme-cloud-x')), {
    attestation: 'when-seen',
    cooldown: { minAge: 259_200_000 },
  })
  t.match(policy.ruleFor(parseProjectName('acme-crypto')), { slsa: { minLevel: 3 } })
})

t.test('mode and limits are the same in all files that have them; revocations and tests add up', async t => {
  const files = (...texts: readonly string[]) =>
    loadPolicy(
      texts.map((text, index) => ({ path: `${index}.yaml`, text: `version: 1\n${text}` })),
      NOW,
      noRoots,
    )
  const told = (...texts: readonly string[]) => {
    const loaded = files(...texts)
    return 'policy' in loaded ? [] : loaded.diagnostics.map(formatDiagnostic)
  }
  const rule = 'projects: [{ match: pkg, deny: no }]'
  t.match(told(`mode: audit\n${rule}`, 'mode: enforce'), ['1.yaml:2:1 mode: "mode" stands in 0.yaml:2 already'])
  t.match(told(`limits: {}\n${rule}`, 'limits: { exemption_max: 1d }'), [
    '1.yaml:2:1 limits: "limits" stands in 0.yaml:2 already, and differs in exemption_max',
  ])
  t.strictSame(told(`limits: { exemption_max: 1d }\n${rule}`, 'limits: { exemption_max: 24h }'), [])
  const revocations = (version: string) => `revocations: [{ project: pkg, versions: "==${version}", reason: r }]`
  const test = 'tests: [{ given: { file: pkg-1.0.tar.gz }, expect: { refused: revoked } }]'
  const loaded = files(
    `${rule}\n${revocations('1.0')}\n${test}`,
    `${revocations('2.0')}\n${test.replace('1.0', '2.0')}`,
  )
  t.match('policy' in loaded && loaded.contents, { revocations: { length: 2 }, tests: { length: 2 } })
})
