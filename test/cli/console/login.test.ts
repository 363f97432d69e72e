import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { desk } from '../../world/commands/desk.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createBrowser } from '../../world/people/browser.ts'

/** A gate with a console, and the commands beside it. */
async function scene(t: Parameters<typeof desk>[0]) {
  const { run, world } = await desk(t)
  await world.release('demo', '1.0')
  const gate = await startGate(t, world, { configuration: { console: { listen: '127.0.0.1:0' } } })
  const console = { listen: '127.0.0.1:0', public_url: gate.app.consoleUrl }
  const file = join(world.folder, 'with-console.yaml')
  writeFileSync(file, stringify({ ...world.configuration(), console }))
  return { run: (...argv: readonly string[]) => run('console', ...argv, '--config', file), world, gate, plain: run }
}

t.test('a URL is printed alone, signs in once beside a gate that runs, and nothing that is kept holds it', async t => {
  const { run, world, gate, plain } = await scene(t)
  const { exit, out, err } = await run('login', '--role', 'approver', '--name', 'ada@acme.example')
  t.equal(exit, 0, err)
  t.match(out, new RegExp(`^${gate.app.consoleUrl}/link/[\\w-]{43}\\n$`))
  t.match(err, /signs in once, as approver, within ten minutes/)
  const data = String(world.configuration()['data'])
  for (const name of readdirSync(data).filter(file => file.startsWith('portcullis.sqlite')))
    t.notMatch(readFileSync(join(data, name), 'latin1'), out.trim().slice(-43), name)
  const ada = createBrowser(t)
  const url = out.trim()
  const { pathname } = new URL(url)
  t.match(await ada.submit(await ada.get(url), pathname), { status: 200, text: /ada@acme\.example · approver/ })
  t.match(await createBrowser(t).post(url, {}), { status: 403 })
  const log = (await plain('audit-log', 'export')).out
  t.match(log, /"who":"shell:[^"]+","from":"command line","what":"sign-in-link","target":"user:ada@acme\.example"/)
  t.match(log, /"who":"user:ada@acme\.example","from":"127\.0\.0\.1","what":"signed-in"/)
  t.equal((await plain('audit-log', 'verify')).exit, 0)
})

t.test('without a role it is an admin’s, in the name of who runs the command', async t => {
  const { run } = await scene(t)
  const { out } = await run('login')
  t.match(await createBrowser(t).post(out.trim(), {}), { status: 200, text: /· admin/ })
})

t.test('where there is no console, or nobody knows where, there is no URL', async t => {
  const { run, world } = await desk(t)
  const { exit, out, err } = await run('console', 'login')
  t.strictSame([exit, out], [2, ''])
  t.match(err, /there is no console: set console\.listen/)
  const file = join(world.folder, 'any-port.yaml')
  writeFileSync(file, stringify({ ...world.configuration(), console: { listen: '127.0.0.1:0' } }))
  t.match(await run('console', 'login', '--config', file), { exit: 2, err: /set console\.public_url/ })
  for (const words of [
    ['--role', 'king'],
    ['--name', ''],
    ['--name', 'a\nb'],
    ['--name', 'x'.repeat(101)],
  ])
    t.equal((await run('console', 'login', ...words)).exit, 2, words.join(' '))
})
