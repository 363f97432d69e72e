import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { openTwoWays, written } from './two-ways.ts'

t.test('a gate that runs is asked, and what is told is what its data folder tells', async t => {
  const { run, afar } = await openTwoWays(t)
  await written(run)
  for (const argv of [
    ['history', 'show', 'demo'],
    ['history', 'show', 'demo', '--format', 'json'],
    ['history', 'show', 'never-asked'],
    ['downloads', 'show', 'demo', '--format', 'json'],
    ['downloads', 'show', 'demo==1.0'],
    ['downloads', 'show', 'anonymous'],
    ['downloads', 'show', 'demo==2.0'],
    ['revocations', 'show'],
    ['revocations', 'show', '--format', 'json'],
    ['policy', 'approvals', 'list'],
    ['policy', 'approvals', 'export'],
  ]) {
    const [here, there] = [await run(argv), await run([...argv, ...afar])]
    t.equal(there.out, here.out, argv.join(' '))
    t.equal(there.exit, here.exit, `${argv.join(' ')}: ${there.err}`)
  }
  const expiring = ['exemptions', 'expiring', '--format', 'json']
  const [here, there] = [await run(expiring), await run([...expiring, ...afar])]
  t.strictSame({ ...JSON.parse(there.out), uses: 0 }, JSON.parse(here.out), 'all but how often it let something pass')
})

t.test('which gate and what token may stand in the environment', async t => {
  const { run, url, token } = await openTwoWays(t)
  const environment = { PORTCULLIS_GATE: url, PORTCULLIS_GATE_TOKEN: await token('env', ['read']) }
  await written(run)
  t.match(await run(['history', 'show', 'demo'], environment), { exit: 0, out: /^demo/ })
  t.match(await run(['config', 'show'], environment), { exit: 0 }, 'other commands go on as ever')
})

t.test('what cannot be asked of a gate is usage, and no secret is told', async t => {
  const { run, afar, url, world, gate } = await openTwoWays(t)
  const ask = ['history', 'show', 'demo']
  for (const [argv, why] of [
    [[...ask, '--gate', 'http://gate.acme.example'], /neither https/],
    [[...ask, '--gate', 'https://user:hunter2@gate.acme.example'], /credentials/],
    [[...ask, '--gate', `${url}/requests`], /no page of it/],
    [[...ask, '--gate', 'gate'], /is no URL/],
    [[...ask, '--gate', url, '--gate-token', 'pcl_hunter2'], /names a file/],
    [[...ask, '--gate', url, '--gate-token', join(world.folder, 'none')], /does not exist/],
    [['explain', 'demo', '--policy', 'x.yaml', ...afar], /--policy has no meaning/],
    [['policy', 'check', ...afar], /asks no gate from afar/],
    [[...ask, '--gate', url], /the gate says: .*signed in/],
    [[...ask, '--gate', gate.url], /the gate says: this is the address of packages and not of the console/],
    [
      ['console', 'sessions', 'end', 'ada', '--gate', gate.url],
      /--gate names where the console is, and not where packages are/,
    ],
  ] as const) {
    const { exit, err } = await run(argv)
    t.equal(exit, 2, argv.join(' '))
    t.match(err, why)
    t.notMatch(err, /hunter2/)
  }
})

t.test('a gate that is away, that cannot tell, or that lies is 4 and one line', async t => {
  const { run } = await openTwoWays(t)
  const lies: Readonly<Record<string, RequestListener>> = {
    'another program': (_request, response) => response.end('<html>'),
    'half an answer': (_request, response) => response.end('{"project": "demo"}'),
    'a redirect': (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    'no answer': (_request, response) => response.destroy(),
    'a problem': (_request, response) =>
      response
        .writeHead(503, { 'content-type': 'application/problem+json' })
        .end('{"type":"t","title":"t","status":503,"detail":"the disk is full","code":"unknown-store"}'),
  }
  for (const [what, listener] of Object.entries(lies)) {
    const server = createServer(listener)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { exit, err } = await run(['history', 'show', 'demo', '--gate', url])
    t.equal(exit, 4, `${what}: ${err}`)
    t.equal(err.trimEnd().split('\n').length, 1, `${what}: one line`)
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    if (what === 'a problem') {
      t.match(err, /the disk is full \(unknown-store\)/)
      t.match(await run(['history', 'show', 'demo', '--gate', url]), { exit: 4, err: /ECONNREFUSED/ })
    }
  }
})
