// guards: src/gate/requests/ask.ts src/gate/requests/decide.ts src/gate/requests/desk.ts src/gate/requests/look.ts
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { createApprovals } from '../../../src/gate/requests/approvals.ts'
import { readOffer } from '../../../src/gate/requests/offer.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import type { Requests } from '../../../src/ports/console/requests.ts'
import { createMemoryRequests } from '../../store/conformance/memory-requests.ts'
import { asked, DAY, decision, MOST } from '../../store/conformance/requests-conformance.ts'
import { START } from '../../store/stores.ts'
import { until } from '../../world/until.ts'

async function scene(t: Test, { changes = true }: { readonly changes?: boolean } = {}) {
  const requests = createMemoryRequests()
  const failing = { now: false, reading: false }
  const steady = { now: 0 }
  let unread: () => GateError | undefined = () => undefined
  let asks = 0
  const port: Pick<Requests, 'inForce' | 'revision'> = {
    async inForce(now) {
      if (failing.reading) throw new GateError('unknown-store', 'locked')
      return await requests.inForce(now)
    },
    async revision() {
      asks += 1
      if (failing.now) throw new GateError('unknown-store', 'away')
      return await requests.revision()
    },
  }
  const approved = new Map<string, readonly string[]>()
  const index = (name: string) => ({
    approve: (of: readonly { readonly id: string }[]) =>
      void approved.set(
        name,
        of.map(({ id }) => id),
      ),
    heed: (state: typeof unread) => {
      unread = state
    },
  })
  const events: GateEvent[] = []
  const time = { now: START }
  const approvals = createApprovals({
    requests: port,
    indexes: new Map(['main', 'ml'].map(name => [name, index(name)])),
    clock: () => time.now,
    events: { emit: event => void events.push(event) },
    changes,
    maxStale: 10_000,
    pollMs: 5,
    steady: () => steady.now,
  })
  t.teardown(approvals.close)
  const approve = async (id: string, at = 'main') => {
    await requests.ask(asked(id, { index: at }), MOST)
    await requests.decide(id, 'open', 'approved', decision())
  }
  return {
    requests,
    approvals,
    approved,
    events,
    time,
    steady,
    failing,
    approve,
    asks: () => asks,
    unread: () => unread(),
  }
}

t.test('an approval holds at the index of its refusal alone', async t => {
  const { approvals, approved, approve } = await scene(t)
  await approve('a')
  await approve('b', 'ml')
  await approve('c', 'gone')
  await approvals.refresh()
  t.strictSame(
    [...approved],
    [
      ['main', ['a']],
      ['ml', ['b']],
    ],
  )
})

t.test('what another gate decides is noticed, and so is an end', async t => {
  const { approvals, approved, approve, requests, time } = await scene(t)
  await approvals.refresh()
  await approve('a')
  await until('the approval holds', () => approved.get('main')?.includes('a') === true)
  await requests.decide('a', 'approved', 'withdrawn', decision())
  await until('it is withdrawn', () => approved.get('main')?.length === 0)
  await approve('b')
  await until('the other holds', () => approved.get('main')?.includes('b') === true)
  time.now = instant(START + DAY)
  await until('it has ended', () => approved.get('main')?.length === 0)
})

t.test('a store that is away is told once, and changes nothing', async t => {
  const { approvals, approved, approve, failing, events } = await scene(t)
  await approve('a')
  await approvals.refresh()
  failing.now = true
  await until('it is told', () => events.length > 0)
  await delay(50)
  t.match(events, [{ type: 'unknown', code: 'unknown-store', route: 'background' }])
  t.strictSame(approved.get('main'), ['a'])
  failing.now = false
  await approve('b')
  await until('both hold', () => approved.get('main')?.length === 2)
})

t.test('a gate where nobody can approve anything asks for nothing', async t => {
  const { approvals, asks } = await scene(t, { changes: false })
  await approvals.refresh()
  const before = asks()
  await delay(60)
  t.equal(asks(), before)
})

t.test('what a refusal offers is read out of its document', async t => {
  const yaml =
    '---\nversion: 1\nprojects:\n  - match: demo\nexemptions:\n  - id: EX\n    waive: [attestation, cooldown]\n'
  t.strictSame(readOffer(yaml), { waive: ['attestation', 'cooldown'], needsRule: true })
  t.equal(readOffer(undefined), undefined)
  t.equal(readOffer('version: 1\n'), undefined)
  t.equal(readOffer('exemptions: [{ waive: [everything] }]'), undefined)
})

t.test(
  'while nobody can read what is approved, nobody knows it: soon where something has changed, later where nothing is known to have',
  async t => {
    const { approvals, approve, requests, failing, steady, asks, unread } = await scene(t)
    await approve('a')
    await approvals.refresh()
    failing.now = true
    steady.now += 9_000
    t.equal(unread(), undefined, 'for as long as what is shared may be away')
    steady.now += 1_000
    t.match(unread(), { code: 'unknown-store', detail: /could not be read for 10 s/ })
    failing.now = false
    await until('it was read', () => unread() === undefined)

    failing.reading = true
    await requests.decide('a', 'approved', 'withdrawn', decision())
    const before = asks()
    await until('it is noticed', () => asks() > before + 2)
    steady.now += 1_999
    t.equal(unread(), undefined, 'it has two seconds to come here')
    steady.now += 1
    t.match(unread(), { code: 'unknown-store' })
    failing.reading = false
    await until('it was read', () => unread() === undefined)
  },
)

t.test('what comes back is not believed before what was approved was read again', async t => {
  const { approvals, steady, unread } = await scene(t)
  await approvals.refresh()
  approvals.close()
  steady.now += 60_000
  t.match(unread(), { code: 'unknown-store' }, 'however many other questions are answered meanwhile')
  await approvals.refresh()
  t.equal(unread(), undefined)
})

t.test('where nobody approves anything while the gate runs, nothing has to be read again', async t => {
  const { approvals, steady, unread } = await scene(t, { changes: false })
  await approvals.refresh()
  steady.now += 3_600_000
  t.equal(unread(), undefined)
})
