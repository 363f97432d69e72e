// guards: src/domain/decide/story.ts
import t from 'tap'
import { decide } from '../../../src/domain/decide/decide.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { githubClaims } from '../../world/judging/claims.ts'
import { attested, listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'
import { after, ago, BY_MOVED, judge, MOVED, outcome, proved } from './seen-before.ts'

t.test('the first identity that was proved is the one', async t => {
  const rule = 'identity: first-seen'
  const first = { finding: attested() }
  t.equal(outcome(rule, NO_HISTORY, first), 'attestation', 'whoever it is')
  t.equal(outcome(rule, after(proved('1.0.0')), first), 'attestation', 'and again')
  t.equal(outcome(rule, after(proved('1.0.0')), { finding: BY_MOVED }), 'publisher-changed', 'nobody else afterwards')
  t.equal(outcome(rule, after(proved('1.0.0')), { finding: UNATTESTED }), 'unattested')
  t.equal(
    outcome(`${rule}, regression: { publisher_changed: allow }`, after(proved('1.0.0')), { finding: BY_MOVED }),
    'attestation',
    'unless the rule lets it change',
  )
  t.equal(
    outcome(rule, after(proved('1.0.0', MOVED, ago(3)), proved('0.9', githubClaims(), ago(9))), { finding: BY_MOVED }),
    'publisher-changed',
    'the earliest proof counts, not the oldest version',
  )
  t.match(judge(rule, after(proved('1.0.0')), { finding: BY_MOVED }), {
    detail: /pkg-1\.0\.0\.tar\.gz was attested by "acme\/pkg release\.yml" \(2026-11-14\)/,
    admitWith: /repository: acme\/pkg\n(?:.*\n)+.* repository: evil\/pkg/,
  })
  const { admitWith } = judge(rule, after(proved('1.0.0')), { finding: BY_MOVED }) as { readonly admitWith: string }
  const [, both = ''] = /^# sign, in projects.*\n((?:# {3}.*\n)+)/m.exec(admitWith) ?? []
  const approved = policyOf(`version: 1\nprojects:\n  - match: pkg\n${both.replace(/^# /gm, '')}`)
  t.equal(decide(listed('pkg-2.0.0.tar.gz'), BY_MOVED, approved, NO_HISTORY, NOW).kind, 'admitted', 'once approved')
  t.equal(
    decide(listed('pkg-1.0.0.tar.gz'), attested(), approved, NO_HISTORY, NOW).kind,
    'admitted',
    'and the first identity stays',
  )
})
