// guards: src/http/console/api/handlers/lists.ts
import t from 'tap'
import { openApiScene } from './api-scene.ts'

t.test('what was asked for is listed in pages, by a filter, and put together', async t => {
  const paths: string[] = []
  const { call, ask, token } = await openApiScene(t, {
    policy:
      'version: 1\nprojects:\n  - { match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }\n',
    async prepare(world) {
      for (const version of ['1.0', '2.0', '3.0'])
        paths.push(
          ...(await world.release('demo', version, { attested: version !== '3.0' })).files.map(({ path }) => path),
        )
    },
  })
  const read = await token('reader', ['read'])
  for (const path of paths) await ask({ path })
  const list = (path: string) => call(path, { token: read })
  const all = await until(
    async () => (await list('/journal')).body.items ?? [],
    rows => rows.length === paths.length,
  )
  t.equal(all.length, paths.length)

  const first = await list('/journal?limit=4')
  t.equal(first.body.items?.length, 4)
  const [, next = ''] = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '') ?? []
  t.ok(next.includes(`cursor=${encodeURIComponent(first.body.next ?? '')}`))
  const url = new URL(next)
  const second = await list(`${url.pathname}${url.search}`)
  t.strictSame([...(first.body.items ?? []), ...(second.body.items ?? [])], all, 'the next page goes on where it ended')
  t.equal(second.headers.get('link'), null)

  t.equal((await list('/journal?outcome=refused')).body.items?.length, 2)
  t.match((await list('/refusals')).body.items, [{ project: 'demo', code: 'unattested', files: 2, index: 'main' }])
  t.strictSame((await list('/would-refuse')).body.items, [])
  t.equal((await list('/downloads?project=Demo&version=1.0.0')).body.items?.length, 2)
  t.match(await list('/downloads?version=1.0'), { status: 400, body: { code: 'bad-call' } })
  t.match((await list('/projects?text=em')).body.items, [{ project: 'demo', admitted: 4, refused: 2 }])
  t.match(await list(`/refusals?cursor=${first.body.next}`), { status: 400, body: { code: 'bad-call' } })
  t.match((await list('/overview')).body, {
    policies: [{ index: 'main' }],
    checks: [{ name: 'policy' }],
    gates: null,
  })
  t.match((await list('/projects/demo')).body, {
    rule: { file: 'policy.yaml', line: 3 },
    releases: [
      { version: '3.0', files: [{ attested: 'no', last_verdict: { outcome: 'refused', code: 'unattested' } }, {}] },
      { version: '2.0', files: [{ attested: 'proved', signer: { repository: /acme\/demo/ } }, {}] },
      { version: '1.0' },
    ],
  })
})

/** What is written behind is there within a second or so. */
async function until<Found>(look: () => Promise<Found>, isThere: (found: Found) => boolean): Promise<Found> {
  for (;;) {
    const found = await look()
    if (isThere(found)) return found
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
