import t from 'tap'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import type { ReleaseLine } from '../../../src/domain/packaging/release-line.ts'
import { githubClaims } from '../../world/judging/claims.ts'
import { attested, listed, UNASKED } from '../../world/judging/judging.ts'
import { after, ago, judge, outcome, proved, seen } from './seen-before.ts'

t.test('the ratchet', async t => {
  const rule = 'attestation: when-seen'
  t.equal(outcome(rule, NO_HISTORY), 'optional', 'lets an unattested file pass while none was seen attested')
  t.equal(outcome(rule, after(seen('1.0.0'))), 'optional', 'and files without attestations change nothing')
  t.equal(outcome(rule, after(proved('1.0.0'))), 'provenance-lost', 'closes with the first that was proved')
  t.equal(outcome(rule, after(seen('1.0.0', { offered: ago(3) }))), 'provenance-lost', 'or offered by the index')
  t.equal(outcome(rule, after(proved('2.0.0'))), 'provenance-partial', 'tells a release whose other files are attested')
  t.equal(outcome(rule, NO_HISTORY, { finding: attested() }), 'attestation', 'and an attested file passes as ever')
  t.match(
    judge(rule, after(proved('1.0.0'))),
    { detail: /pkg-1\.0\.0\.tar\.gz was attested by "acme\/pkg release\.yml", first verified here on 2026-11-14/ },
    'the story is told',
  )
  t.equal(
    outcome(`${rule}, regression: { lost: allow }`, after(proved('1.0.0'))),
    'optional',
    'unless the rule allows it',
  )
  t.equal(
    outcome(`${rule}, regression: { partial: allow }`, after(proved('2.0.0'))),
    'optional',
    'a partial release, where that is allowed, is no loss of itself',
  )
  t.equal(
    outcome(`${rule}, regression: { partial: allow }`, after(proved('2.0.0'), proved('1.9.0'))),
    'provenance-lost',
    'but what came before it counts',
  )
  t.throws(() => judge(rule, NO_HISTORY, { finding: UNASKED }), { code: 'unknown-upstream' }, 'unknown is not absent')
})

t.test('release lines: a new line continues the lines before it, an old one is not held to a newer', async t => {
  const lost = (file: string, before: string, line: ReleaseLine) =>
    outcome(`attestation: when-seen, regression: { release_line: ${line} }`, after(proved(before)), {
      artifact: listed(`pkg-${file}.tar.gz`),
    }) === 'provenance-lost'
  t.ok(lost('1.0.1', '1.0.0', 'minor'))
  t.ok(lost('1.1.0', '1.0.0', 'minor'), 'the next minor line')
  t.ok(lost('9.9.9', '1.0.0', 'minor'), 'a bump is no way out')
  t.ok(lost('1!0.1', '9.0', 'minor'), 'nor is an epoch')
  t.ok(lost('1.0.0', '1.0.5', 'minor'), 'within a line the order does not count')
  t.notOk(lost('1.0.9', '1.1.0', 'minor'), 'the line before it')
  t.ok(lost('1.0.9', '1.1.0', 'major'))
  t.notOk(lost('1.9.0', '2.0.0', 'major'))
  t.ok(lost('1.9.0', '2.0.0', 'project'))
})

t.test('pre-releases are compared among themselves, unless the rule says otherwise', async t => {
  const rule = 'attestation: when-seen'
  const rc = { artifact: listed('pkg-2.0rc1.tar.gz') }
  t.equal(outcome(rule, after(proved('1.0.0')), rc), 'optional', 'finals say nothing of a pre-release')
  t.equal(outcome(rule, after(proved('2.0rc1', githubClaims()))), 'optional', 'a pre-release says nothing of a final')
  t.equal(outcome(rule, after(proved('1.0.dev1')), rc), 'provenance-lost')
  const together = `${rule}, regression: { ignore_prereleases: false }`
  t.equal(outcome(together, after(proved('1.0.0')), rc), 'provenance-lost')
  t.equal(outcome(together, after(proved('2.0rc1'))), 'provenance-lost')
})

t.test('under required an unattested file is unattested, and what came before is told', async t => {
  const rule = 'publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }]'
  t.match(judge(rule, after(proved('1.0.0'))), {
    code: 'unattested',
    detail: /Unlike this one, pkg-1\.0\.0\.tar\.gz was attested by "acme\/pkg release\.yml"/,
  })
  t.match(judge(rule, after(seen('1.0.0', { offered: ago(2) }))), {
    detail: /the index has offered provenance for pkg-1\.0\.0\.tar\.gz since 2026-11-22/,
  })
  t.equal(outcome('attestation: optional', after(proved('1.0.0'))), 'optional', 'under optional it passes')
})
