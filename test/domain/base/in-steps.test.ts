import t from 'tap'
import { atOnce } from '../../../src/domain/base/in-steps.ts'

t.test('all steps at once come to what they return, and what a step throws is thrown', async t => {
  const steps: number[] = []
  const come = atOnce(
    (function* () {
      for (const step of [1, 2, 3]) {
        steps.push(step)
        yield
      }
      return 'done'
    })(),
  )
  t.equal(come, 'done')
  t.strictSame(steps, [1, 2, 3])
  t.throws(
    () =>
      atOnce(
        (function* () {
          yield
          throw new TypeError('in the second step')
        })(),
      ),
    /in the second step/,
  )
})
