// guards: src/compose/console/open-console.ts src/compose/console/sign-in-link.ts
import t from 'tap'
import { runCommand } from '../../world/commands/commands.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createBrowser } from '../../world/people/browser.ts'
import { createWorld } from '../../world/world.ts'

/** What anybody may have who reaches the console, besides style sheets and scripts: how to sign in. */
const OPEN = [
  'GET /callback',
  'GET /link/:secret',
  'GET /sign-in',
  'GET /sign-in/again',
  'GET /signed-out',
  'POST /link/:secret',
]

t.test('nothing of the console is for whoever is not signed in', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const { app } = await startGate(t, world, { configuration: { console: { listen: '127.0.0.1:0' } } })
  const url = app.consoleUrl ?? ''
  const { get } = createBrowser(t)
  const open: string[] = []
  let closed = 0
  for (const { method, path, kind } of app.consoleRoutes) {
    if (kind === 'open') {
      open.push(`${method} ${path}`)
      continue
    }
    closed += 1
    const to = `${url}${path.replace(/:[^/]+/g, 'x')}`
    const body = method === 'GET' ? {} : { body: '{}' }
    for (const headers of [{}, { cookie: `portcullis-session=${'A'.repeat(43)}` }, { authorization: 'Bearer pcl_x' }]) {
      const came = await get(to, { method, headers, follow: false, ...body })
      // who guesses at tokens is slowed, and enters as little
      if (kind === 'api')
        t.ok(came.status === 401 || (headers.authorization && came.status === 429), `${method} ${path}`)
      else t.match(came, { status: 303, headers: { location: /^\/sign-in(?:\?to=|\/again$|$)/ } }, `${method} ${path}`)
    }
  }
  t.ok(closed > 0)
  t.strictSame(open.filter(route => !route.startsWith('GET /assets/')).sort(), OPEN)
})

t.test('a link is good once at each gate that there is, and no command makes one without a trace', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const { config, app } = await startGate(t, world, { configuration: { console: { listen: '127.0.0.1:0' } } })
  const environment = { PORTCULLIS_DATA: config.data, PORTCULLIS_CONSOLE_PUBLIC_URL: app.consoleUrl ?? '' }
  const run = (...argv: readonly string[]) => runCommand(argv, { folder: world.folder, environment })
  const { out } = await run('console', 'login', '--role', 'viewer', '--name', 'Ada')
  t.match(await createBrowser(t).post(out.trim(), {}), { status: 200, text: /<code>user:Ada<\/code>/ })
  t.match((await run('audit-log', 'export')).out, /"what":"sign-in-link","target":"user:Ada"/)
})
