import t from 'tap'
import { Closing } from '../../src/compose/closing.ts'

t.test('what was opened last is closed first, and each once', async t => {
  const closed: string[] = []
  const closing = new Closing()
  for (const name of ['store', 'gate', 'server']) closing.add({ close: () => void closed.push(name) })
  await closing.close()
  await closing.close()
  t.strictSame(closed, ['server', 'gate', 'store'])
})

t.test('a part that does not close keeps no other open, and is told', async t => {
  const closed: string[] = []
  const closing = new Closing()
  closing.add({ close: () => void closed.push('store') })
  closing.add({ close: () => Promise.reject(new Error('stuck')) })
  await t.rejects(closing.close(), { errors: [{ message: 'stuck' }] })
  t.strictSame(closed, ['store'])
})
