import t from 'tap'
import { MOST_OPEN, MOST_OPEN_OF_NOBODY } from '../../../src/domain/requests/request.ts'
import { createAsk } from '../../../src/gate/requests/ask.ts'
import type { Requests } from '../../../src/ports/console/requests.ts'
import { NOW } from '../../world/judging/judging.ts'

const refused = {
  id: 'r1',
  code: 'unattested',
  file: { project: 'demo', version: '1.0', filename: 'demo-1.0.tar.gz', sha256: 'a'.repeat(64) },
} as never

t.test('where nobody knows who asks, half of the room in all is left for whoever is known', async t => {
  const told: object[] = []
  const requests: Pick<Requests, 'ask'> = {
    async ask(_request, most) {
      told.push(most)
      return { full: 'all' }
    },
  }
  const ask = createAsk({
    requests: requests as Requests,
    notices: { tell() {} },
    clock: () => NOW,
    anonymous: true,
    requireHolder: false,
    consoleUrl: () => undefined,
  })
  const order = { refusal: 'r1', refused, index: 'main', reason: 'wanted', email: 'ada@acme.example' }
  for (const [subject, all] of [
    ['anonymous', 5_000],
    ['token:ci', 10_000],
  ] as const)
    await t.rejects(ask({ ...order, client: { subject, address: '10.0.0.1' } }), {
      code: 'too-many-requests',
      detail: `${all} requests are open already`,
    })
  t.strictSame(told, [MOST_OPEN_OF_NOBODY, MOST_OPEN])
})

t.test(
  'where tokens have to be somebody’s, one that is nobody’s does not ask; whose it is stands with what it asks',
  async t => {
    const kept: unknown[] = []
    const options = {
      requests: {
        async ask(request: unknown) {
          kept.push(request)
          return { request, isNew: false }
        },
      } as never,
      notices: { tell() {} },
      clock: () => NOW,
      anonymous: false,
      consoleUrl: () => undefined,
    }
    const order = { refusal: 'r1', refused, index: 'main', reason: 'wanted', email: '' }
    const client = { subject: 'token:ci', address: '10.0.0.1', also: ['token:ci of 2026-01-01T00:00:00.000Z'] }
    const strict = createAsk({ ...options, requireHolder: true })
    await t.rejects(strict({ ...order, client }), { code: 'not-allowed-here', detail: /token create --for/ })
    await strict({ ...order, client: { ...client, holder: 'ada@acme.example' } })
    await strict({ ...order, client: { ...client, subject: 'workload:acme/app@main' } })
    await createAsk({ ...options, requireHolder: false })({ ...order, client })
    t.match(kept, [
      { by: { subject: 'token:ci', email: 'ada@acme.example' } },
      { by: { subject: 'workload:acme/app@main', email: undefined } },
      { by: { subject: 'token:ci', email: undefined } },
    ])
    t.notOk('holder' in (kept[0] as { by: object }).by)
  },
)
