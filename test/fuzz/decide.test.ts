import fc from 'fast-check'
import t from 'tap'
import { nonEmpty } from '../../src/domain/base/brand.ts'
import { loadPolicy } from '../../src/protocol/policy/policy-yaml.ts'
import { ARTIFACTS, acmeRoot, admits, FINDINGS, policies } from '../world/judging/any-policy.ts'
import { NOW } from '../world/judging/judging.ts'

t.setTimeout(900_000)

const BUNDLES = FINDINGS.flatMap(finding => (finding.kind === 'attested' ? finding.bundles : []))
const RUNS = { numRuns: 300 }

// the work is measured in runs, whatever time a busy machine takes for them
t.setTimeout(0)

const compiled = policies
  .map(text => loadPolicy([{ path: 'p', text: JSON.stringify(text) }], NOW, acmeRoot))
  .filter(loaded => 'policy' in loaded)
  .map(loaded => loaded.policy)

t.test('whatever the policy, what failed or is quarantined is never admitted', async t => {
  fc.assert(
    fc.property(compiled, policy => {
      for (const artifact of ARTIFACTS)
        for (const finding of FINDINGS) {
          if (finding.kind === 'invalid' && admits(artifact, finding, policy)) throw new Error('failed evidence')
          if (admits({ ...artifact, status: 'quarantined' }, finding, policy)) throw new Error('quarantined')
        }
    }),
    RUNS,
  )
  t.pass('never')
})

/** A revocation counts in whichever bundle it is met: one more bundle can only take away. */
const unrevoked = compiled.map(policy => ({ ...policy, revocations: [] }))

t.test('several bundles admit exactly where one of them does alone, in any order', async t => {
  let admitted = 0
  fc.assert(
    fc.property(unrevoked, fc.shuffledSubarray(BUNDLES, { minLength: 1, maxLength: 4 }), (policy, chosen) => {
      const bundles = nonEmpty(chosen)
      const [shape] = FINDINGS.filter(finding => finding.kind === 'attested')
      if (bundles === undefined || shape === undefined) throw new TypeError('there is one')
      for (const artifact of ARTIFACTS) {
        const together = admits(artifact, { ...shape, bundles }, policy)
        const alone = bundles.some(bundle => admits(artifact, { ...shape, bundles: [bundle] }, policy))
        if (together !== alone) throw new Error(`together ${together}, alone ${alone}`)
        if (together) admitted += 1
      }
    }),
    RUNS,
  )
  t.ok(admitted > 100, 'and some were admitted')
})

t.test('a mark on a file never admits more', async t => {
  fc.assert(
    fc.property(compiled, policy => {
      for (const artifact of ARTIFACTS)
        for (const finding of FINDINGS)
          if (
            admits(artifact, finding, policy) &&
            !admits({ ...artifact, yanked: false, status: 'active' }, finding, policy)
          )
            throw new Error('admitted only with a mark')
    }),
    RUNS,
  )
  t.pass('never')
})
