import t from 'tap'
import { createByteBudget } from '../../src/flow/byte-budget.ts'

t.test('of more than all may hold, whoever holds the most gives up', async t => {
  const budget = createByteBudget(100)
  const gaveUp: string[] = []
  const enter = (name: string) => {
    const share = budget.enter()
    share.whenOutgrown(() => void gaveUp.push(name))
    return share
  }
  const [large, small] = [enter('large'), enter('small')]
  large.take(80)
  small.take(20)
  t.strictSame(gaveUp, [])
  small.take(1)
  t.strictSame(gaveUp, ['large'], 'and not who asks for a little')
  small.take(79)
  t.strictSame(gaveUp, ['large'], 'its bytes are free')
  large.take(1_000)
  t.strictSame(gaveUp, ['large'], 'what gave up counts no more')
})

t.test('who asks for too much alone gives up itself', async t => {
  const share = createByteBudget(10).enter()
  t.plan(1)
  share.whenOutgrown(() => t.pass())
  share.take(11)
})

t.test('what is given back is free, and given back once', async t => {
  const budget = createByteBudget(10)
  const first = budget.enter()
  first.take(10)
  first.leave()
  first.leave()
  const [second, third] = [budget.enter(), budget.enter()]
  second.whenOutgrown(() => t.fail('there is room'))
  second.take(10)
  t.plan(1)
  third.whenOutgrown(() => t.fail('the other one has more'))
  second.whenOutgrown(() => t.pass('one byte too many'))
  third.take(1)
})
