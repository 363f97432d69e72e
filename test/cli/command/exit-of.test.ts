import t from 'tap'
import { exitOfUnknown, exitOfVerdicts } from '../../../src/cli/command/exit-of.ts'
import { type ErrorCode, GateError } from '../../../src/domain/base/errors.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { attested, listed, NOW, policyOf } from '../../world/judging/judging.ts'

const POLICY = policyOf('version: 1\nprojects: [{ match: pkg, attestation: optional }]')
const verdict = (filename: string) => ({ outcome: decide(listed(filename), attested(), POLICY, NO_HISTORY, NOW) })
const [ADMITTED, REFUSED] = [verdict('pkg-1.0.tar.gz'), verdict('other-1.0.tar.gz')]
const unknown = (code: ErrorCode) => ({ outcome: new GateError(code, 'who knows') })

t.test('what is refused is known, so it counts more than what could not be determined', async t => {
  t.match([ADMITTED.outcome.kind, REFUSED.outcome.kind], ['admitted', 'refused'])
  t.equal(exitOfVerdicts([]), 0)
  t.equal(exitOfVerdicts([ADMITTED]), 0)
  t.equal(exitOfVerdicts([ADMITTED, unknown('unknown-upstream')]), 4)
  t.equal(exitOfVerdicts([unknown('unknown-upstream'), REFUSED, ADMITTED]), 1)
})

t.test('of what could not be determined the gravest counts', async t => {
  t.equal(exitOfVerdicts([unknown('unknown-upstream'), unknown('unknown-trust')]), 5)
  t.equal(exitOfVerdicts([unknown('not-listed'), unknown('unknown-upstream')]), 4)
})

t.test('a command that only tells ends well whatever the verdict', async t => {
  t.equal(exitOfUnknown([REFUSED, ADMITTED]), 0)
  t.equal(exitOfUnknown([REFUSED, unknown('unknown-upstream')]), 4)
})
