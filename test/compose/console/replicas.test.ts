// guards: src/compose/console/shown-gates.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runCommand } from '../../world/commands/commands.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createBrowser } from '../../world/people/browser.ts'
import { comesTo } from '../../world/until.ts'
import { createWorld } from '../../world/world.ts'

t.test('whoever signs in at one gate is signed in at all, and signed out of all', { skip: NO_POSTGRES }, async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const database = await (await startCluster(t)).database()
  const [one, other] = await Promise.all(
    ['one', 'other'].map(name =>
      startGate(t, world, {
        configuration: { data: `${world.folder}/${name}`, store: { database }, console: { listen: '127.0.0.1:0' } },
      }),
    ),
  )
  const [here, there] = [one?.app.consoleUrl ?? '', other?.app.consoleUrl ?? '']
  const environment = { PORTCULLIS_STORE_DATABASE: database, PORTCULLIS_CONSOLE_PUBLIC_URL: here }
  const { out, err } = await runCommand(['console', 'login', '--name', 'Ada'], { folder: world.folder, environment })
  t.match(out, here, err)
  const ada = createBrowser(t)
  // a link that was printed for one gate, at the other
  const link = out.trim().replace(here, there)
  t.match(await ada.post(link, {}), { status: 200, text: /Ada · admin/ })
  t.match(await ada.get(`${here}/`), { status: 200, text: /Ada · admin/ }, 'a cookie goes to every port of a host')
  t.equal((await createBrowser(t).post(out.trim(), {})).status, 403, 'it was used')
  const thief = createBrowser(t)
  for (const [host, own] of ada.cookies) thief.cookies.set(host, new Map(own))
  await ada.submit(await ada.get(`${here}/`), '/sign-out')
  t.equal((await thief.get(`${there}/`, { follow: false })).status, 303)
  const log = (await runCommand(['audit-log', 'export'], { folder: world.folder, environment })).out
  t.strictSame(
    log
      .split('\n')
      .map(line => /"what":"(sign[^"]*)"/.exec(line)?.[1])
      .filter(what => what !== undefined),
    ['sign-in-link', 'signed-in', 'sign-in-refused', 'signed-out'],
  )
})

t.test('a gate that is offline asks no issuer, and takes links', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const oidc = { issuer: 'http://127.0.0.1:9', client_id: 'x' }
  const configuration = { offline: true, console: { listen: '127.0.0.1:0', oidc } }
  const { app, config } = await startGate(t, world, { configuration })
  const ada = createBrowser(t)
  t.match(await ada.get(`${app.consoleUrl}/`), { status: 200, text: /portcullis console login/ })
  const environment = { PORTCULLIS_DATA: config.data, PORTCULLIS_CONSOLE_PUBLIC_URL: app.consoleUrl ?? '' }
  const { out } = await runCommand(['console', 'login'], { folder: world.folder, environment })
  t.equal((await ada.post(out.trim(), {})).status, 200)
})

t.test(
  'each gate tells of the others what they go by: on the overview, and by the API',
  { skip: NO_POSTGRES },
  async t => {
    const world = await createWorld(t)
    await world.release('demo', '1.0')
    const database = await (await startCluster(t)).database()
    // two indexes of one policy, which a gate says once
    const indexes = { main: { path: '/', sources: ['upstream'] }, ml: { path: '/ml', sources: ['upstream'] } }
    const start = (name: string, policy: object = {}) =>
      startGate(t, world, {
        configuration: {
          data: `${world.folder}/${name}`,
          store: { database },
          indexes,
          console: { listen: '127.0.0.1:0' },
          ...policy,
        },
      })
    const one = await start('one')
    await start('other')
    const environment = { PORTCULLIS_STORE_DATABASE: database, PORTCULLIS_CONSOLE_PUBLIC_URL: one.app.consoleUrl ?? '' }
    const run = (...argv: readonly string[]) => runCommand(argv, { folder: world.folder, environment })
    const token = (await run('token', 'create', '--name', 'dashboard', '--scope', 'read')).out.trim()
    async function others(): Promise<readonly Readonly<Record<string, unknown>>[]> {
      const headers = { authorization: `Bearer ${token}` }
      const answer = await fetch(`${one.app.consoleUrl}/api/v1/overview`, { headers })
      const { gates } = (await answer.json()) as {
        gates: { others: readonly Readonly<Record<string, unknown>>[] } | null
      }
      return gates?.others ?? []
    }
    const known = async (count: number): ReturnType<typeof others> =>
      await comesTo(`${count} others are known`, others, now => now.length === count, 250)
    t.match(await known(1), [{ same_policies: true, same_trust: true, policies: [/^[0-9a-f]{64}$/], seen: /Z$/ }])
    const ada = createBrowser(t)
    const page = await ada.post((await run('console', 'login')).out.trim(), {})
    t.match(page.text, /Other gates that share the store/)
    t.notMatch(page.text, /<span class="badge doubt">another<\/span>/)
    const own = join(world.folder, 'third.yaml')
    writeFileSync(own, 'version: 1\nprojects: [{ match: demo, attestation: optional }]\n')
    await start('third', { policy: [own] })
    t.strictSame(new Set((await known(2)).map(its => its['same_policies'])), new Set([false, true]))
    t.match((await ada.get(`${one.app.consoleUrl}/`)).text, /<span class="badge doubt">another<\/span>/)
  },
)
