import t, { type Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import type { Sessions } from '../../../src/ports/console/sessions.ts'
import { START } from '../stores.ts'

const ADA = { subject: 'user:ada@acme.example', email: 'ada@acme.example', name: undefined, role: 'admin' } as const
const HOUR = millis(3_600_000)
const at = (ms: number) => instant(START + ms)
const SESSION = { person: ADA, began: at(0), ends: at(12 * HOUR) }
const [ONE, OTHER] = [sha256Of('one'), sha256Of('other')]

/** Two processes over one store. */
export type Pair = (t: Test) => Promise<readonly [Sessions, Sessions]>

/** What every store of sessions promises. */
export function sessionsConformance(name: string, pair: Pair, skip: string | false = false): void {
  t.test(`${name}: a session is found by its hash, on every gate, until it ends`, { skip }, async t => {
    const [here, there] = await pair(t)
    await here.begin(ONE, SESSION)
    t.strictSame(await there.find(ONE, at(1), HOUR), SESSION)
    t.equal(await there.find(OTHER, at(1), HOUR), undefined)
    await there.end(ONE)
    t.equal(await here.find(ONE, at(1), HOUR), undefined)
    await there.end(ONE)
  })

  t.test(`${name}: one that nobody used for a while has ended, and so has one that is too old`, { skip }, async t => {
    const [here, there] = await pair(t)
    await here.begin(ONE, SESSION)
    t.equal(await here.find(ONE, at(HOUR), HOUR), undefined, 'not used')
    t.ok(await here.find(ONE, at(HOUR - 1), HOUR))
    t.ok(await there.find(ONE, at(HOUR + 1), HOUR), 'used on another gate')
    for (let used: number = HOUR; used < 12 * HOUR; used += HOUR / 2) await here.find(ONE, at(used), HOUR)
    t.ok(await here.find(ONE, at(12 * HOUR - 1), HOUR))
    t.equal(await here.find(ONE, at(12 * HOUR), HOUR), undefined, 'too old')
  })

  t.test(`${name}: what has ended goes when another begins`, { skip }, async t => {
    const [here] = await pair(t)
    await here.begin(ONE, SESSION)
    await here.begin(OTHER, { ...SESSION, began: at(12 * HOUR), ends: at(24 * HOUR) })
    t.equal(await here.find(ONE, at(1), HOUR), undefined)
  })

  t.test(`${name}: of all who come with a link one is let in`, { skip }, async t => {
    const [here, there] = await pair(t)
    await here.offer(ONE, { person: ADA, ends: at(600_000) })
    const came = await Promise.all([here, there, here, there].map(sessions => sessions.take(ONE, at(1))))
    t.strictSame(
      came.filter(person => person !== undefined),
      [ADA],
    )
    await here.offer(OTHER, { person: ADA, ends: at(600_000) })
    t.equal(await there.take(OTHER, at(600_000)), undefined, 'it is over')
    t.equal(await there.take(OTHER, at(1)), undefined, 'and gone')
  })
}
