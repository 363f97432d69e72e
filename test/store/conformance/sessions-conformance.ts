import t, { type Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import type { AuditEntry, AuditRecords } from '../../../src/ports/console/audit-log.ts'
import type { SessionBook, Sessions, StandingSession } from '../../../src/ports/console/sessions.ts'
import { START } from '../stores.ts'

const ADA = { subject: 'user:ada@acme.example', email: 'ada@acme.example', name: undefined, role: 'admin' } as const
const BOB = { subject: 'user:bob', email: undefined, name: 'Bob', role: 'viewer' } as const
const HOUR = millis(3_600_000)
const at = (ms: number) => instant(START + ms)
const SESSION = { person: ADA, began: at(0), ends: at(12 * HOUR) }
const [ONE, OTHER] = [sha256Of('one'), sha256Of('other')]

const UNTIL = { now: at(1), idle: HOUR }

function endedBy(ended: readonly StandingSession[]): AuditEntry {
  const detail = { ended: ended.map(({ id }) => id).join(' ') }
  return { at: at(1), action: 'sessions-ended', actor: 'shell:ada', from: '::1', target: 'x', why: 'a test', detail }
}

function notAsked(): never {
  throw new TypeError('nobody is ended, so there is no row')
}

type Both = Sessions & SessionBook

/** Two processes over one store. */
export type Pair = (t: Test) => Promise<readonly [Both, Both]>

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

  t.test(
    `${name}: all that lets somebody in is listed, on every gate, and nothing that has ended`,
    { skip },
    async t => {
      const [here, there] = await pair(t)
      await here.begin(ONE, SESSION)
      await here.begin(OTHER, { person: BOB, began: at(0), ends: at(HOUR) })
      await here.offer(sha256Of('a link'), { person: ADA, ends: at(600_000) })
      await here.find(ONE, at(120_000), HOUR)
      const listed = await there.list(at(120_001), HOUR)
      t.match(listed, [
        { person: ADA, began: at(0), used: at(120_000), ends: at(12 * HOUR) },
        { person: BOB, began: at(0), used: at(0), ends: at(HOUR) },
        { person: ADA, began: undefined, used: undefined, ends: at(600_000) },
      ])
      t.ok(listed.every(({ id }) => /^[0-9a-f]{16}$/.test(id)))
      t.equal(new Set(listed.map(({ id }) => id)).size, 3)
      t.strictSame(
        (await there.list(at(600_000), HOUR)).map(({ person, began }) => [person.subject, began]),
        [
          [ADA.subject, at(0)],
          [BOB.subject, at(0)],
        ],
        'the link is over',
      )
      t.equal((await there.list(at(120_000 + HOUR), HOUR)).length, 0, 'nobody used them')
    },
  )

  t.test(
    `${name}: one session is ended, or all of somebody and the links that would let him in again`,
    { skip },
    async t => {
      const [here, there] = await pair(t)
      const link = sha256Of('a link')
      const begin = async (): Promise<void> => {
        await here.begin(ONE, SESSION)
        await here.begin(sha256Of('one more'), SESSION)
        await here.begin(OTHER, { ...SESSION, person: BOB })
        await here.offer(link, { person: ADA, ends: at(600_000) })
      }
      await begin()
      t.match(await there.endOf({ id: ONE.slice(0, 16) }, UNTIL, endedBy), [{ person: ADA, began: at(0) }])
      t.equal(await here.find(ONE, at(1), HOUR), undefined)
      t.equal((await here.list(at(1), HOUR)).length, 3)
      t.match(await there.endOf({ subject: ADA.subject }, UNTIL, endedBy), [{ began: at(0) }, { began: undefined }])
      t.match(await here.list(at(1), HOUR), [{ person: BOB }])
      t.equal(await here.take(link, at(1)), undefined)
      const late = { ...UNTIL, now: at(HOUR) }
      t.strictSame(await there.endOf({ id: OTHER.slice(0, 16) }, late, notAsked), [], 'nobody used it for an hour')
      t.strictSame(await there.endOf({ subject: 'user:nobody' }, UNTIL, notAsked), [])
      t.strictSame(await here.list(at(1), HOUR), [])
    },
  )
}

/** While no row can be added to the audit log (`refuse` sees to that, `allow` ends it) nothing is begun, made or ended that would have one. */
export async function heldToTheLog(
  t: Test,
  { sessions, audit }: { readonly sessions: Both; readonly audit: AuditRecords },
  { refuse, allow }: { refuse(): unknown; allow(): unknown },
): Promise<void> {
  const link = sha256Of('a link')
  const entry = (action: AuditEntry['action']): AuditEntry => ({ ...endedBy([]), action })
  await sessions.begin(ONE, SESSION)
  await refuse()
  const unknown = { code: 'unknown-store' }
  await t.rejects(sessions.endOf({ subject: ADA.subject }, UNTIL, endedBy), unknown)
  await t.rejects(sessions.end(ONE, entry('signed-out')), unknown)
  await t.rejects(sessions.begin(OTHER, SESSION, entry('signed-in')), unknown)
  await t.rejects(sessions.offer(link, { person: ADA, ends: at(HOUR) }, entry('sign-in-link')), unknown)
  t.match(await sessions.list(at(1), HOUR), [{ id: ONE.slice(0, 16) }], 'as it was')
  t.equal((await sessions.list(at(1), HOUR)).length, 1)
  await allow()
  await sessions.begin(OTHER, SESSION, entry('signed-in'))
  await sessions.offer(link, { person: ADA, ends: at(HOUR) }, entry('sign-in-link'))
  await sessions.end(OTHER, entry('signed-out'))
  t.equal((await sessions.endOf({ subject: ADA.subject }, UNTIL, endedBy)).length, 2)
  t.strictSame(await sessions.endOf({ subject: ADA.subject }, UNTIL, notAsked), [])
  t.match(await audit.rows({}, { limit: 10 }), [
    { action: 'sessions-ended', detail: { ended: /^[0-9a-f]{16} [0-9a-f]{16}$/ } },
    { action: 'signed-out' },
    { action: 'sign-in-link' },
    { action: 'signed-in' },
  ])
}
