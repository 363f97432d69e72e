import { getHeapSpaceStatistics } from 'node:v8'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { giveBackMemory } from '../../src/flow/give-back.ts'

/** bytes that the spaces of this thread's heap have of the system */
function held(): number {
  return getHeapSpaceStatistics().reduce((sum, { space_size }) => sum + space_size, 0)
}

t.test('what nobody uses goes back to the system', async t => {
  let kept: object[] | undefined = Array.from({ length: 400_000 }, (_, number) => ({ number, text: `${number}` }))
  t.equal(kept.length, 400_000)
  const before = held()
  kept = undefined
  giveBackMemory()
  t.ok(held() < before - 16_000_000, `${before} to ${held()}`)
})

t.test('nobody else can have it collected afterwards', async t => {
  t.equal(globalThis.gc, undefined)
  giveBackMemory()
  t.equal(globalThis.gc, undefined)
})

t.test('threads that do so at once are in nobody’s way', async t => {
  const source = new URL('../../src/flow/give-back.ts', import.meta.url).href
  const many = `import(${JSON.stringify(source)}).then(({ giveBackMemory }) => { for (let i = 0; i < 40; i += 1) giveBackMemory() })`
  const ended = Array.from(
    { length: 3 },
    () =>
      new Promise<number>((resolve, reject) => {
        new Worker(many, { eval: true }).on('error', reject).on('exit', resolve)
      }),
  )
  for (let count = 0; count < 40; count += 1) giveBackMemory()
  t.strictSame(await Promise.all(ended), [0, 0, 0])
})
