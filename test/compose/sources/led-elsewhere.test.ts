import t from 'tap'
import { startGate } from '../../world/gate/gate.ts'
import { serve } from '../../world/network/loopback.ts'
import { createWorld } from '../../world/world.ts'
import { ask, POLICY } from './two-sources.ts'

const JSON_PAGE = 'application/vnd.pypi.simple.v1+json'

/** One host with the company's index at `/corp` and the public one's proxy at `/proxy`; what `/corp` is asked for it leads to `target`. */
async function hostThatLeadsTo(t: Parameters<typeof serve>[0], target: string) {
  const host = await serve(t, ({ url = '' }, response) => {
    if (url.startsWith('/corp/') && !url.startsWith('/corp/moved/'))
      return void response.writeHead(302, { location: url.replace('/corp/', target) }).end()
    const files = [
      {
        filename: 'acme_core-9.0-py3-none-any.whl',
        url: '/corp/f/acme_core-9.0-py3-none-any.whl',
        hashes: {},
        size: 3,
      },
    ]
    const name = url.split('/').at(-2)
    const list = { projects: [{ name: 'acme-core' }] }
    const page = name === 'simple' ? list : { name, versions: ['9.0'], files }
    response.setHeader('content-type', JSON_PAGE).end(JSON.stringify({ meta: { 'api-version': '1.1' }, ...page }))
  })
  const gate = await startGate(t, await createWorld(t), {
    policy: POLICY,
    configuration: {
      upstream: undefined,
      sources: {
        corp: { index: `${host.origin}/corp`, owns: ['acme-*'] },
        pypi: { index: `${host.origin}/proxy`, files: [`${host.origin}/proxy`] },
      },
    },
  })
  const asked = (): readonly string[] => host.requests.map(({ url }) => url)
  return { gate, asked, page: () => ask(`${gate.url}/simple/acme-core/`, { headers: { accept: JSON_PAGE } }) }
}

t.test(
  'an owner whose page leads to another source of its host is unknown, and that source hears of nothing',
  async t => {
    const { page, asked, gate } = await hostThatLeadsTo(t, '/proxy/')
    t.equal((await page()).status, 503)
    t.equal((await ask(`${gate.url}/pypi/acme-core/json`)).status, 503)
    t.strictSame(
      asked().filter(url => url.startsWith('/proxy/') && url.includes('acme')),
      [],
    )
  },
)

t.test('one whose page leads to a place of its own is followed', async t => {
  const { page, asked } = await hostThatLeadsTo(t, '/corp/moved/')
  t.equal((await page()).status, 200)
  t.ok(asked().includes('/corp/moved/simple/acme-core/'))
})
