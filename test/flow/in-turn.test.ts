import t from 'tap'
import { createInTurn } from '../../src/flow/in-turn.ts'

t.test('calls of one key run one after the other, those of another beside them', async t => {
  const inTurn = createInTurn<string>()
  const told: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = inTurn('a', async () => {
    await gate.promise
    told.push('first')
    throw new Error('it fails')
  })
  const second = inTurn('a', async () => void told.push('second'))
  await inTurn('b', async () => void told.push('other'))
  gate.resolve()
  await t.rejects(first)
  await second
  t.strictSame(told, ['other', 'first', 'second'], 'one that fails holds nobody up')
})
