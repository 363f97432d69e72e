import t from 'tap'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { NOW } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'
import { assertRefusedAtPlace, type WrongPolicy } from '../good-policy.ts'

const WRONG: readonly WrongPolicy[] = [
  ['revocations that are no list', 2, 'revocations: { sha256: x }', '2:14', 'must be a list, found a mapping'],
  ['a revocation of nothing', 2, 'revocations: [{ reason: x }]', '2:15', 'must name what is revoked'],
  ['a revocation without a reason', 2, `revocations: [{ sha256: "${'4'.repeat(64)}" }]`, '2:15', '"reason" is missing'],
  [
    'a revocation of two things',
    2,
    `revocations: [{ sha256: "${'4'.repeat(64)}", run: "https://x.example", reason: x }]`,
    '2:98',
    'stands beside sha256',
  ],
  [
    'a revoked digest that is none',
    2,
    'revocations: [{ sha256: abc, reason: x }]',
    '2:25',
    'must be 64 lower-case hex digits',
  ],
  ['a revoked run that is a number', 2, 'revocations: [{ run: "123", reason: x }]', '2:22', 'must be the URL of a run'],
  [
    'a revoked repository without more',
    2,
    'revocations: [{ repository: a/b, reason: x }]',
    '2:29',
    'needs a commit, or signed_after',
  ],
  [
    'a short commit',
    2,
    'revocations: [{ repository: a/b, commit: "abc1234", reason: x }]',
    '2:42',
    'must be a whole commit digest',
  ],
  [
    'a window without an offset',
    2,
    'revocations: [{ repository: a/b, signed_after: 2026-10-21T11:00:00, reason: x }]',
    '2:48',
    'must be a time with Z or an offset',
  ],
  [
    'a window that ends before it begins',
    2,
    'revocations: [{ repository: a/b, signed_after: 2026-10-21T11:00:00Z, signed_before: 2026-10-21T10:00:00Z, reason: x }]',
    '2:85',
    'is not after signed_after',
  ],
  [
    'a window of a file',
    2,
    `revocations: [{ sha256: "${'4'.repeat(64)}", signed_after: 2026-10-21T11:00:00Z, reason: x }]`,
    '2:107',
    'belongs to repository, not to sha256',
  ],
  [
    'a revoked project without versions',
    2,
    'revocations: [{ project: pkg, reason: x }]',
    '2:26',
    'use `deny` in its rule',
  ],
  [
    'revoked versions that say nothing',
    2,
    'revocations: [{ project: pkg, versions: ",", reason: x }]',
    '2:41',
    'must be a PEP 440 specifier set',
  ],
]

t.test('a malformed revocation is refused at its place', async t => {
  assertRefusedAtPlace(t, WRONG)
})

const DIGEST = '4'.repeat(64)

t.test('a digest is revoked with its algorithm, as exemptions have it, and without', async t => {
  for (const written of [DIGEST, `sha256:${DIGEST}`]) {
    const read = loadPolicy([{ path: 'p', text: revoking(written) }], NOW, noRoots)
    t.match(read, { policy: { revocations: [{ what: { kind: 'sha256', sha256: DIGEST } }] } }, written)
  }
  t.match(loadPolicy([{ path: 'p', text: revoking(`sha512:${DIGEST}`) }], NOW, noRoots), {
    diagnostics: [{ message: 'must be 64 lower-case hex digits' }],
  })
})

function revoking(sha256: string): string {
  return `version: 1\nprojects: [{ match: pkg, deny: no }]\nrevocations: [{ sha256: "${sha256}", reason: x }]\n`
}
