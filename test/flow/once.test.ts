import t from 'tap'
import { createOnce } from '../../src/flow/once.ts'

t.test('whoever asks while a call is under way shares it, and nobody starts another', async t => {
  const once = createOnce<number>()
  const first = Promise.withResolvers<number>()
  let started = 0
  const start = (): Promise<number> => {
    started += 1
    return first.promise
  }
  const asked = [once('a', start), once('a', start)]
  t.equal(asked[0], asked[1])
  first.resolve(7)
  t.strictSame(await Promise.all(asked), [7, 7])
  t.equal(started, 1)
})

t.test('another key is another call', async t => {
  const once = createOnce<string>()
  t.strictSame(await Promise.all([once('a', async () => 'a'), once('b', async () => 'b')]), ['a', 'b'])
})

t.test('neither a result nor a failure is kept', async t => {
  const once = createOnce<string>()
  await t.rejects(
    once('a', () => Promise.reject(new Error('now'))),
    { message: 'now' },
  )
  t.equal(await once('a', async () => 'then'), 'then')
  t.equal(await once('a', async () => 'and anew'), 'and anew')
})
