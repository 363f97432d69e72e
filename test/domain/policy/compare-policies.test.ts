// guards: src/domain/policy/compare-publishers.ts src/domain/policy/compare-rules.ts src/domain/policy/rule-ref.ts
import t, { type Test } from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { comparePolicies } from '../../../src/domain/policy/compare-policies.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'
import { CIRCLECI } from '../../world/judging/claims.ts'
import { NOW } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'

const MARKS = { wider: '+', stricter: '-', other: '~' } as const

function load(text: string, path: string) {
  const loaded = loadPolicy([{ path, text: `version: 1\n${text}\n` }], NOW, noRoots)
  if (!('policy' in loaded)) throw new TypeError(loaded.diagnostics.map(formatDiagnostic).join('\n'))
  const { policy, contents } = loaded
  return { policy, ...contents }
}

/** `+ about: text` of each change. */
function compare(old: string, fresh: string, seen: readonly string[] = []): readonly string[] {
  return comparePolicies(load(old, 'old.yaml'), load(fresh, 'new.yaml'), {
    seen: seen.map(parseProjectName),
    now: NOW,
  }).map(({ effect, about, text }) => `${MARKS[effect]} ${about}: ${text}`)
}

/** Each line matches its pattern, and there is no other. */
function like(t: Test, lines: readonly string[], patterns: readonly RegExp[], message = ''): void {
  t.match(lines, patterns, message)
  t.equal(lines.length, patterns.length, lines.join('\n'))
}

const ACME = 'kind: github, repository: acme/pkg, workflow: release.yml'
const one = (keys: string) => `projects: [{ match: pkg, ${keys} }]`
const by = (...publishers: readonly string[]) =>
  one(`publishers: [${publishers.map(keys => `{ ${keys} }`).join(', ')}]`)

t.test('what is only written otherwise is no change', async t => {
  const named = `publishers: { acme: { ${ACME}, ref: [refs/tags/*, refs/heads/main] } }\n${one('publishers: [acme]')}`
  t.strictSame(compare(named, by(`${ACME}, ref: [refs/heads/main, refs/tags/*]`)), [])
  t.strictSame(
    compare(`defaults: { yanked: deny }\n${by(ACME)}`, one(`yanked: deny, publishers: [{ ${ACME} }]`)),
    [],
    'inherited or said',
  )
  t.strictSame(
    compare(by(ACME), one(`publishers: [{ ${ACME} }], regression: { lost: allow, publisher_changed: allow }`)),
    [],
    'keys without an effect under the rule',
  )
  t.strictSame(
    compare(by(ACME), `${by(ACME)}\ntests: [{ given: { file: pkg-1.tar.gz }, expect: { refused: unattested } }]`),
    [],
  )
})

t.test('a publisher is compared with itself, demand by demand', async t => {
  const [only, ...others] = compare(by(ACME), by(`${ACME}, environment: pypi`))
  t.equal(only, '- pkg: publishers: kind github, repository acme/pkg: environment: any became pypi')
  t.strictSame(others, [])
  const circle = `kind: circleci, project_id: ${CIRCLECI.project}, pipeline_definition_id: ${CIRCLECI.definition}`
  const pipeline = `pkg: publishers: kind circleci, project_id ${CIRCLECI.project}`
  t.strictSame(compare(by(circle), by(`${circle}, ref: refs/tags/*`)), [`- ${pipeline}: ref: any became refs/tags/*`])
  t.strictSame(compare(by(circle), by(circle.replace(CIRCLECI.definition, CIRCLECI.organization))), [
    `~ ${pipeline}: pipeline_definition_id: ${CIRCLECI.definition} became ${CIRCLECI.organization}`,
  ])
  const head = 'pkg: publishers: kind github, repository acme/pkg'
  t.strictSame(compare(by(`${ACME}, owner_id: "2"`), by(ACME)), [`+ ${head}: owner_id: 2 became any`])
  t.strictSame(compare(by(`${ACME}, owner_id: "2"`), by(`${ACME}, owner_id: "3"`)), [`~ ${head}: owner_id: 2 became 3`])
  t.strictSame(compare(by(ACME), by(ACME.replace('release.yml', '[release.yml, ci.yml]'))), [
    `+ ${head}: workflow: release.yml became ci.yml or release.yml`,
  ])
  t.strictSame(compare(by(`${ACME}, trigger: [push, release]`), by(`${ACME}, trigger: push`)), [
    `- ${head}: trigger: push or release became push`,
  ])
  t.strictSame(
    compare(by(ACME), by(`${ACME}, trigger: pull_request_target`)),
    [`~ ${head}: trigger: any became pull_request_target`],
    'which any is not',
  )
  const signer = 'signer: { workflow: o/r/.github/workflows/b.yml, ref: refs/tags/* }'
  like(t, compare(by(ACME), by(`${ACME}, ${signer}`)), [/^~ .*signer: any became/])
  t.strictSame(compare(by(ACME), by('kind: google, email: a@b.example')), [
    '+ pkg: publishers: kind google, email a@b.example was added',
    `- ${head}, workflow release.yml was removed`,
  ])
})

t.test('who may sign at all', async t => {
  const [nobody, first, anybody] = [
    `${one('attestation: required')}\nexemptions: [{ id: E, project: pkg, waive: [attestation], files: { pkg-1.tar.gz: "sha256:${'1'.repeat(64)}" }, reason: r, owner: o, expires: 2027-01-01 }]`,
    one('identity: first-seen'),
    one('attestation: optional'),
  ]
  like(t, compare(nobody, first), [
    /^\+ pkg: signed by whoever was proved first; before: signed by nobody/,
    /exemption E/,
  ])
  like(t, compare(by(ACME), first), [/^~ pkg: signed by whoever was proved first; before: signed by kind github/])
  like(t, compare(by(ACME), anybody), [/^\+ pkg: attestation/, /^\+ pkg: signed by anybody/])
  like(t, compare(anybody, by(ACME)), [/^- pkg: attestation/, /^- pkg: signed by kind github/])
  t.strictSame(compare(first, one('identity: first-seen, regression: { publisher_changed: allow }')), [
    '+ pkg: regression.publisher_changed: deny became allow',
  ])
})

t.test('a rule that is gone is compared with what covers its names now', async t => {
  const wide = '{ match: "*", attestation: optional }'
  like(t, compare(`projects: [${wide}, { match: "acme-*", publishers: [{ ${ACME} }] }]`, `projects: [${wide}]`), [
    /^~ acme-\*: its own rule is gone: decided by projects\[0\] \* \(new\.yaml:2\) now/,
    /^\+ acme-\*: attestation: required became optional/,
    /^\+ acme-\*: signed by anybody/,
  ])
  like(t, compare(`projects: [${wide}, { match: pkg, deny: no }]`, `projects: [${wide}]`), [
    /^~ pkg: its own rule is gone/,
    /^\+ pkg: is denied no more \(no\): attestation optional, signed by anybody/,
  ])
  like(t, compare(`projects: [${wide}, { match: "acme-*", deny: no }]`, 'projects: [{ match: zzz, deny: no }]'), [
    /^- \*: has no rule any more/,
    /^~ acme-\*: has no rule any more/,
    /^~ zzz: decided by projects\[0\] zzz .*, by projects\[0\] \* /,
    /^- zzz: is denied: no/,
  ])
})

t.test('defaults for everybody are one change, however many names were seen', async t => {
  const seen = Array.from({ length: 40 }, (_, index) => `seen-${index}`)
  const everybody = 'defaults: { attestation: optional, unmatched: apply-defaults }\n'
  like(t, compare(one('deny: no'), `${everybody}${one('deny: no')}`, seen), [
    /^\+ projects without a rule: has a rule: defaults \(new\.yaml:2\), attestation optional, signed by anybody/,
  ])
  const globs = (deny: string) =>
    `projects: [{ match: "seen-*", attestation: optional }, { match: "*-39", ${deny} }, { match: "s*", deny: s }]`
  like(
    t,
    compare(globs('deny: a'), `projects: [{ match: "seen-*", deny: x }, { match: "s*", deny: s }]`, seen).filter(
      line => !line.includes('*-39'),
    ),
    [/^- seen-\*: is denied: x$/],
    'nor those that a glob decides',
  )
})

t.test('names that were seen and that change like no glob are told together', async t => {
  const seen = ['abc-1', 'abc-2', 'abc-3', 'abc-4', 'abc-5', 'abc-6', 'abd']
  const old = 'projects: [{ match: "a*", attestation: optional }]'
  const fresh = 'projects: [{ match: "*", attestation: optional }, { match: "ab*", deny: x }]'
  const changes = compare(old, fresh, seen)
  t.ok(
    changes.some(line => line.startsWith('- ab*: is denied: x')),
    changes.join('\n'),
  )
  t.notOk(
    changes.some(line => line.includes('abc-1')),
    'a glob has said it',
  )
})

t.test('an exemption: added, removed, extended, shortened, ended', async t => {
  const sha256 = '1'.repeat(64)
  const with_ = (ends: string, more = '') =>
    `${by(ACME)}\nexemptions: [{ id: E, project: pkg, waive: [attestation], files: { pkg-1.tar.gz: "sha256:${sha256}"${more} }, reason: r, owner: o, expires: ${ends} }]`
  like(t, compare(by(ACME), with_('2027-01-01')), [
    /^\+ exemption E: was added for pkg: waives attestation of 1 file until/,
  ])
  like(t, compare(with_('2027-01-01'), by(ACME)), [/^- exemption E: was removed/])
  like(t, compare(with_('2027-01-01'), with_('2027-02-01')), [/^\+ exemption E: ends 2027-02-02T/])
  like(t, compare(with_('2027-01-01'), with_('2026-12-01')), [/^- exemption E: ends/])
  like(
    t,
    compare(with_('2027-01-01'), with_('2026-01-01')),
    [/^- exemption E: ends 2026-01-02/],
    'which is the end of it',
  )
  like(t, compare(with_('2026-01-01'), by(ACME)), [/^~ exemption E: was removed/], 'it had ended')
  like(t, compare(by(ACME), with_('2026-01-01')), [/^~ exemption E: was added/], 'and changes nothing')
  like(t, compare(with_('2027-01-01'), with_('2027-01-01', `, pkg-2.tar.gz: "sha256:${sha256}"`)), [
    /^\+ exemption E: files: pkg-2\.tar\.gz of pkg, sha256:1+ was added/,
  ])
})

t.test('mode, revocations and limits', async t => {
  t.strictSame(compare(by(ACME), `mode: audit\n${by(ACME)}`), ['+ mode: enforce became audit'])
  t.strictSame(compare(`revocations: [{ project: pkg, versions: "==1", reason: r }]\n${by(ACME)}`, by(ACME)), [
    '+ revocations: pkg ==1 (r) was removed',
  ])
  t.strictSame(compare(by(ACME), `limits: { exemption_max: 90d, exemption_warn: 7d }\n${by(ACME)}`), [
    '- limits: exemption_max: none became 90 d',
    '~ limits: exemption_warn: none became 7 d',
  ])
  t.strictSame(compare(`limits: { exemption_max: 90d }\n${by(ACME)}`, `limits: { exemption_max: 180d }\n${by(ACME)}`), [
    '+ limits: exemption_max: 90 d became 180 d',
  ])
})
