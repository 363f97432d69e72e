import t, { type Test } from 'tap'
import { GateError } from '../../src/domain/base/errors.ts'
import { millis } from '../../src/domain/base/instant.ts'
import { Person } from '../../src/flow/asker.ts'
import type { Limit } from '../../src/flow/limit.ts'
import { CONNECTIONS, createLanes, laneOf } from '../../src/upstream/lanes.ts'

const PATIENCE = millis(60_000)
type Served = 'files' | 'answers'

function lanes(...serves: readonly Served[]) {
  return createLanes({ serves: new Set(serves), waiting: 0, patience: PATIENCE })
}

/** Places that one client gets, and all clients together. */
async function placesOf(t: Test, lane: Limit): Promise<readonly [number, number]> {
  let [all, ofOne] = [0, 0]
  for (const name of ['a', 'b', 'c', 'd']) {
    const asker = new Person(name)
    try {
      for (;;) {
        await lane.enter(undefined, { asker })
        all += 1
        if (name === 'a') ofOne += 1
      }
    } catch (error) {
      t.ok(error instanceof GateError && error.code === 'unknown-overloaded')
    }
  }
  return [ofOne, all]
}

t.test('of each lane one client has three quarters, and all of them together the sockets', async t => {
  const { known, first, file, rootList } = lanes('files', 'answers')
  const places = { known: [14, 18], first: [9, 12], file: [12, 16], rootList: [2, 2] }
  for (const [name, lane] of Object.entries({ known, first, file, rootList }))
    t.strictSame(await placesOf(t, lane), places[name as keyof typeof places], name)
  t.equal(18 + 12 + 16 + 2, CONNECTIONS)
})

t.test(
  'where no pages come from, nothing is kept for first sights, and where no files come from, nothing for them',
  async t => {
    t.strictSame(await placesOf(t, lanes('files').known), [22, 29])
    t.strictSame(await placesOf(t, lanes('answers').known), [21, 28])
  },
)

t.test('only a page is ever a first sight', async t => {
  t.equal(laneOf('page', 'first'), 'first')
  t.equal(laneOf('page'), 'known')
  for (const what of ['file', 'root-list'] as const) t.not(laneOf(what, 'first'), 'first')
})
