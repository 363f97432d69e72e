import t from 'tap'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'
import { noRoots } from '../../world/judging/roots.ts'
import { changed, GOOD, load, NOW } from '../good-policy.ts'

t.test('warnings do not stop a load', async t => {
  const warn = (text: string) => {
    const loaded = loadPolicy([{ path: 'p.yaml', text }], NOW, noRoots)
    return 'policy' in loaded ? loaded.policy.warnings : loaded.diagnostics.map(formatDiagnostic)
  }
  t.strictSame(warn(GOOD.join('\n')), [])
  t.strictSame(warn(changed(21, '    expires: 2026-11-23')), [
    'p.yaml:21:14 exemptions[0].expires: the exemption EX-7 has ended (owner platform@acme.example)',
  ])
  t.match(warn(changed(21, '    expires: 2026-11-30')), [/ends within \d+ days/])
  t.strictSame(warn(changed(10, '  - { match: pkg, publishers: [acme] }')), [
    'p.yaml:5:3 publishers.lab: no rule uses the publisher "lab"',
  ])
  t.match(
    warn(changed(12, '  - { match: seven, deny: no }').replace('attestation: required', 'unmatched: apply-defaults')),
    [/no rule decides "six"/],
  )
})

t.test('a predicate that must be there and may not be there is warned about', async t => {
  const rule = 'predicates: { require: [slsa-provenance/v1], allow: [publish/v1] }'
  const text = `version: 1\nprojects:\n  - match: a\n    publishers: [{ kind: google, email: a@b.example }]\n    ${rule}\n`
  const loaded = loadPolicy([{ path: 'p.yaml', text }], NOW, noRoots)
  t.match('policy' in loaded && loaded.policy.warnings, [
    /p\.yaml:3:5 projects\[0\]: slsa-provenance\/v1 must be there/,
  ])
})

t.test('what has no effect, or more than one might think, is warned about', async t => {
  const warned = (rule: string) => load(`version: 1\nprojects:\n  - { match: pkg, ${rule} }`).policy.warnings
  const by = 'publishers: [{ kind: google, email: a@b.example }]'
  t.match(warned(`${by}, identity: first-seen`), [/projects\[0\]\.identity: has no effect/])
  t.match(warned('attestation: when-seen'), [/anybody’s attestation passes: add publishers, or identity: first-seen/])
  t.strictSame(warned('attestation: when-seen, identity: first-seen'), [])
  t.match(
    warned(
      `${by}, attestation: optional, slsa: { builders: [{ workflow: a/b/.github/workflows/c.yml, ref: refs/heads/x }] }`,
    ),
    [/slsa: is not asked of unattested files/],
  )
})
