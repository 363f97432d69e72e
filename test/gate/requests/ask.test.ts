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
    audit: { append: async () => {} } as never,
    notices: { tell() {} },
    clock: () => NOW,
    anonymous: true,
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
