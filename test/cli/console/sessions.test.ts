// guards: src/cli/console/console.ts src/cli/console/sessions-list.ts src/cli/console/sessions-end.ts src/cli/console/told-session.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { desk, jsonLines } from '../../world/commands/desk.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createBrowser } from '../../world/people/browser.ts'

t.test('sessions are listed and ended alike from a data folder and from afar', async t => {
  const { run, world } = await desk(t)
  await world.release('demo', '1.0')
  const gate = await startGate(t, world, { configuration: { console: { listen: '127.0.0.1:0' } } })
  const url = gate.app.consoleUrl ?? ''
  const file = join(world.folder, 'with-console.yaml')
  writeFileSync(file, JSON.stringify({ ...world.configuration(), console: { public_url: url } }))
  const { out: secret } = await run('token', 'create', '--name', 'root', '--scope', 'admin')
  const secretFile = join(world.folder, 'root.token')
  writeFileSync(secretFile, secret)
  const afar = ['--gate', url, '--gate-token', secretFile]
  const here = ['--config', file]
  const signIn = async (name: string): Promise<void> => {
    const { out } = await run('console', 'login', '--role', 'viewer', '--name', name, ...here)
    t.equal((await createBrowser(t).post(out.trim(), {})).status, 200)
  }
  t.match(await run('console', 'sessions', 'list', ...here), { exit: 0, out: 'nobody is signed in\n' })
  await signIn('ada@acme.example')
  await signIn('Bob')
  await run('console', 'login', '--name', 'Eve', ...here)
  const list = async (...how: readonly string[]) => await run('console', 'sessions', 'list', ...how)
  t.strictSame(await list(...here), await list(...afar))
  const json = await list('--format', 'json', ...here)
  t.strictSame(json, await list('--format', 'json', ...afar))
  t.match(
    jsonLines(json.out).find(row => (row as { subject: string }).subject === 'user:ada@acme.example'),
    { role: 'viewer', email: 'ada@acme.example', began: /Z$/, ends: /Z$/ },
  )
  t.match((await list(...here)).out, /user:Eve +admin +by a link, not yet +- /)
  t.match(await run('console', 'sessions', 'end', 'Bob', ...afar, '--reason', 'SEC-1'), {
    exit: 0,
    out: /✓ a session of user:Bob is ended \([0-9a-f]{16}\)\n/,
  })
  t.match(await run('console', 'sessions', 'end', 'user:Eve', ...here), {
    exit: 0,
    out: /✓ a link for user:Eve is ended/,
  })
  for (const how of [here, afar])
    t.match(await run('console', 'sessions', 'end', 'Bob', ...how), {
      exit: 2,
      err: /nobody is signed in whom "Bob" names/,
    })
  t.equal(jsonLines((await list('--format', 'json', ...here)).out).length, 1)
  t.match(
    (await run('audit-log', 'export')).out,
    /"who":"token:root","from":"127\.0\.0\.1","what":"sessions-ended","target":"user:Bob","why":"SEC-1"/,
  )
})
