// guards: src/protocol/policy/file-contents.ts
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { load, ROOT } from '../good-policy.ts'

t.test('what a policy does not say', async t => {
  const { policy } = load('version: 1\nprojects: [{ match: pkg, publishers: [{ kind: google, email: a@b.example }] }]')
  t.equal(policy.mode, 'enforce')
  t.match(policy.ruleFor(parseProjectName('pkg')), {
    attestation: 'required',
    identity: 'declared',
    slsa: undefined,
    regression: {
      lost: 'deny',
      partial: 'deny',
      publisherChanged: 'deny',
      addedLate: 'deny',
      releaseLine: 'minor',
      ignorePrereleases: true,
    },
    cooldown: { minAge: 0 },
  })
})

t.test('a rule that names no publisher is warned about, unless it is of one source and asks for nothing', async t => {
  const warnings = (rule: string) =>
    load(`version: 1\nprojects: [{ match: "acme-*", ${rule} }]`).contents.warnings.map(({ message }) => message)
  t.match(warnings('attestation: optional'), [/^names no publisher, so that anybody’s attestation passes/])
  t.strictSame(warnings('attestation: optional, source: acme'), [])
  t.match(warnings('attestation: when-seen, source: acme'), [/^names no publisher/])
})

t.test('what a rule does not say comes from defaults, key by key', async t => {
  const { policy } = load(
    'version: 1\ndefaults: { regression: { lost: allow, release_line: major }, cooldown: { min_age: 2d } }\nprojects: [{ match: pkg, publishers: [{ kind: google, email: a@b.example }], regression: { partial: allow } }]',
  )
  t.match(policy.ruleFor(parseProjectName('pkg')), {
    regression: { lost: 'allow', partial: 'allow', addedLate: 'deny', releaseLine: 'major' },
    cooldown: { minAge: 172_800_000 },
  })
})

t.test('a project without a rule', async t => {
  const strangers = (defaults: string) =>
    load(`version: 1\ndefaults: { ${defaults} }\nprojects: [{ match: pkg, deny: no }]`).policy.ruleFor(
      parseProjectName('other'),
    )
  t.equal(strangers('attestation: when-seen'), undefined, 'is denied unless the policy says otherwise')
  t.match(strangers('attestation: when-seen, unmatched: apply-defaults'), { ref: { id: 'defaults' } })
  t.equal(
    strangers('attestation: required, unmatched: apply-defaults'),
    undefined,
    'required needs somebody to require it of',
  )
  t.match(
    strangers('identity: first-seen, unmatched: apply-defaults'),
    { identity: 'first-seen' },
    'such as the first seen',
  )
})

t.test('the digest of a policy with custom publishers covers their roots', async t => {
  const text =
    'version: 1\nprojects: [{ match: pkg, publishers: [{ kind: custom, issuer: https://a.example, san: x, trusted_root: r.json }] }]'
  const one = load(text, () => ROOT).policy.digest
  t.equal(load(text, () => ROOT).policy.digest, one)
  t.not(load(text, () => ({ digest: sha256Of('other'), json: '{}' })).policy.digest, one)
  t.equal(
    load('version: 1\nprojects: [{ match: a, deny: b }]').policy.digest,
    sha256Of('version: 1\nprojects: [{ match: a, deny: b }]'),
  )
})
