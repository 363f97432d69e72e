// guards: src/http/console/api/handlers/standing.ts
import t from 'tap'
import { until } from '../../../world/until.ts'
import { openApiScene } from './api-scene.ts'

const RULES = 'version: 1\nprojects: [{ match: demo, attestation: optional }]\n'

t.test('who has what is revoked is told by index: of each who got it there, and nobody else', async t => {
  const { call, ask, token, gate, world } = await openApiScene(t, {
    policy: RULES,
    configuration: {
      indexes: { main: { path: '/', sources: ['upstream'] }, ml: { path: '/ml', sources: ['upstream'] } },
    },
  })
  const [read, forMl, one, other] = [
    await token('reader', ['read']),
    await token('researcher', ['read'], ['ml']),
    await token('one'),
    await token('other'),
  ]
  const { wheel } = await world.release('demo', '2.0')
  t.equal((await ask(wheel, one)).status, 200)
  t.equal((await ask({ path: `/ml${wheel.path}` }, other)).status, 200)
  await gate.app.gate.settled()
  world.writePolicy(`${RULES}revocations: [{ project: demo, versions: "==2.0", reason: malware }]\n`)
  gate.app.reload()
  const journal = async () => (await call('/downloads?project=demo', { token: read })).body.items ?? []
  await until('both are written', async () => (await journal()).length >= 2)
  const got = async (query: string, by = read) => {
    const { status, body } = await call(`/revocations${query}`, { token: by })
    const items = (body.items ?? []) as readonly { readonly downloads: readonly { readonly subject: string }[] }[]
    return {
      status,
      index: body['index'],
      who: items.flatMap(({ downloads }) => downloads.map(({ subject }) => subject)),
    }
  }
  t.strictSame(await got('?index=main'), { status: 200, index: 'main', who: ['token:one'] })
  t.strictSame(await got('?index=ml'), { status: 200, index: 'ml', who: ['token:other'] })
  t.strictSame(await got(''), { status: 200, index: 'main', who: ['token:one'] }, 'the first, where none is named')
  t.strictSame(await got('', forMl), { status: 200, index: 'ml', who: ['token:other'] }, 'the one that a token is for')
  t.match(await got('?index=main', forMl), { status: 403, who: [] })
  t.match(await call('/revocations?index=ml', { token: read }), {
    body: { items: [{ reason: 'malware', files: [{ filename: wheel.filename }, {}] }] },
  })
})
