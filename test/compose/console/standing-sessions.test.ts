import t, { type Test } from 'tap'
import { runCommand } from '../../world/commands/commands.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createBrowser } from '../../world/people/browser.ts'
import { createWorld } from '../../world/world.ts'

async function endElsewhere(t: Test, database: string | undefined): Promise<void> {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const store = database === undefined ? {} : { store: { database } }
  const { app, config } = await startGate(t, world, { configuration: { console: { listen: '127.0.0.1:0' }, ...store } })
  const environment = {
    PORTCULLIS_DATA: database === undefined ? config.data : `${world.folder}/of-commands`,
    PORTCULLIS_STORE_DATABASE: database ?? '',
    PORTCULLIS_CONSOLE_PUBLIC_URL: app.consoleUrl ?? '',
  }
  const run = (...argv: readonly string[]) => runCommand(argv, { folder: world.folder, environment })
  const link = async (name: string) => (await run('console', 'login', '--name', name)).out.trim()
  const [ada, atHome, bob] = [createBrowser(t), createBrowser(t), createBrowser(t)]
  const isIn = async (browser: typeof ada) =>
    (await browser.get(`${app.consoleUrl}/`, { follow: false })).status === 200
  await ada.post(await link('ada@acme.example'), {})
  await atHome.post(await link('ada@acme.example'), {})
  await bob.post(await link('Bob'), {})
  const unused = await link('ada@acme.example')
  t.strictSame(await Promise.all([ada, atHome, bob].map(isIn)), [true, true, true])
  const { out } = await run('console', 'sessions', 'list', '--format', 'json')
  const listed = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { id: string; subject: string; began: string | null })
  t.strictSame(listed.map(({ subject }) => subject).sort(), [
    'user:Bob',
    'user:ada@acme.example',
    'user:ada@acme.example',
    'user:ada@acme.example',
  ])
  const bobs = listed.find(({ subject }) => subject === 'user:Bob')?.id ?? ''
  t.match(await run('console', 'sessions', 'end', 'ada@acme.example', '--reason', 'left the company'), {
    exit: 0,
    out: /a session of user:ada@acme\.example is ended/,
  })
  t.strictSame(await Promise.all([ada, atHome, bob].map(isIn)), [false, false, true], 'all of hers, and nobody else’s')
  t.equal((await createBrowser(t).post(unused, {})).status, 403, 'nor does a link bring her back')
  t.match(await run('console', 'sessions', 'end', bobs), {
    exit: 0,
    out: new RegExp(`user:Bob is ended \\(${bobs}\\)`),
  })
  t.equal(await isIn(bob), false)
  t.match(await run('console', 'sessions', 'end', 'Bob'), { exit: 2, err: /nobody is signed in whom "Bob" names/ })
  t.match(await run('console', 'sessions', 'list'), { exit: 0, out: 'nobody is signed in\n' })
  const log = (await run('audit-log', 'export')).out.split('\n').filter(line => line.includes('sessions-ended'))
  t.equal(log.length, 2)
  t.match(
    log[0],
    /"who":"shell:[^"]+","from":"command line","what":"sessions-ended","target":"user:ada@acme\.example","why":"left the company"/,
  )
  t.equal((await run('audit-log', 'verify')).exit, 0)
}

t.test('a command ends the sessions of somebody else, beside a gate that runs', t => endElsewhere(t, undefined))

t.test('it does so at gates that share a database', { skip: NO_POSTGRES }, async t => {
  await endElsewhere(t, await (await startCluster(t)).database())
})
