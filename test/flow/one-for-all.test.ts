import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { millis } from '../../src/domain/base/instant.ts'
import { oneForAll } from '../../src/flow/one-for-all.ts'
import type { Lease, Leases } from '../../src/ports/among-gates.ts'

/** One lease, by hand. */
function oneLease(): Leases & { readonly isHeld: () => boolean } {
  let held: Lease | undefined
  return {
    isHeld: () => held !== undefined,
    async take() {
      if (held !== undefined) return undefined
      const lease: Lease = {
        fence: 1,
        async release() {
          if (held === lease) held = undefined
        },
      }
      held = lease
      return lease
    },
    change: async (_key, most) => await sleep(Math.min(most, 5)),
    async close() {},
  }
}

t.test('of many one does it, and the others take what it made', async t => {
  const leases = oneLease()
  let made: string | undefined
  let times = 0
  const all = await Promise.all(
    Array.from({ length: 50 }, () =>
      oneForAll({
        leases,
        key: 'k',
        patience: millis(10_000),
        look: async () => made,
        async work(lease) {
          times += 1
          await sleep(20)
          made = 'made'
          await lease?.release()
          return 'made'
        },
      }),
    ),
  )
  t.ok(all.every(its => its === 'made'))
  t.equal(times, 1)
  t.notOk(leases.isHeld())
})

t.test('who has waited long enough does it too', async t => {
  const leases = oneLease()
  await leases.take('k')
  const made = await oneForAll({
    leases,
    key: 'k',
    patience: millis(30),
    look: async () => undefined,
    work: async lease => (lease === undefined ? 'on its own' : 'in turn'),
  })
  t.equal(made, 'on its own')
})

t.test('nobody waits where there is nothing to wait for', async t => {
  const leases = oneLease()
  await leases.take('k')
  const options = { leases, key: 'k', patience: millis(60_000), isWorthWaiting: () => false }
  t.equal(await oneForAll({ ...options, look: async () => undefined, work: async () => 'done' }), 'done')
})

t.test('whoever cannot look lets the next one in', async t => {
  const leases = oneLease()
  const options = { leases, key: 'k', patience: millis(10), work: async () => 'done' }
  await t.rejects(oneForAll({ ...options, look: () => Promise.reject(new Error('blind')) }), { message: 'blind' })
  t.notOk(leases.isHeld())
})

t.test('one that fails is followed by the next, who tries again', async t => {
  const leases = oneLease()
  let times = 0
  const tries = Array.from({ length: 3 }, () =>
    oneForAll({
      leases,
      key: 'k',
      patience: millis(10_000),
      look: async () => undefined,
      async work(lease) {
        times += 1
        await lease?.release()
        if (times < 2) throw new Error('failed')
        return times
      },
    }),
  )
  const outcomes = await Promise.allSettled(tries)
  t.equal(outcomes.filter(({ status }) => status === 'rejected').length, 1)
})
