// guards: src/main.ts src/compose/app.ts src/compose/upstream.ts
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { portcullis } from '../world/commands/commands.ts'
import { startGate } from '../world/gate/gate.ts'
import { createWorld } from '../world/world.ts'

t.test('exit codes reach the shell: 0 admitted, 1 refused, 2 usage, 4 upstream', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  await world.release('demo', '1.1', { attested: false })
  world.writePolicy()
  const where = { folder: world.folder }
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(world.configuration()))
  const err = /^policy: policy\.yaml \(sha256 [0-9a-f]{12}\)\n$/
  t.match(await portcullis(where, 'verify', 'demo==1.0'), { exit: 0, out: /2 of 2 admitted\n$/, err })
  t.match(await portcullis(where, 'verify', 'demo==1.1'), { exit: 1, err })
  t.match(await portcullis(where, 'explain', 'demo==1.1'), { exit: 0, out: /exemptions:/, err })
  t.match(await portcullis(where, 'policy', 'check'), { exit: 0, err: '' })
  t.match(await portcullis(where, 'verify', 'demo==2.0'), { exit: 2, out: '', err: /lists no file of demo 2\.0/ })
  t.match(await portcullis(where, 'mirrors', 'x'), { exit: 2, out: '', err: /unknown command 'mirrors'/ })
  world.upstream.fault({ route: 'page', do: { reset: true } })
  t.match(await portcullis(where, 'verify', 'demo==1.0'), { exit: 4, out: '', err: /upstream could not answer/ })
})

t.test(
  'without provenance a file is judged by what the upstream says, not by a guess when it is out of reach',
  async t => {
    const world = await createWorld(t)
    const { wheel } = await world.release('demo', '1.0')
    world.writePolicy()
    writeFileSync(join(world.folder, wheel.filename), wheel.bytes)
    const closed = createServer()
    const port = await new Promise<number>(resolve => {
      closed.listen(0, '127.0.0.1', () => {
        const address = closed.address()
        closed.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
      })
    })
    const environment = {
      PORTCULLIS_UPSTREAM_INDEX: `http://127.0.0.1:${port}`,
      PORTCULLIS_POLICY: world.policy,
      PORTCULLIS_TRUST_ROOT: world.trustRoot,
    }
    t.match(await portcullis({ folder: world.folder, environment }, 'verify', wheel.filename, '--format', 'json'), {
      exit: 4,
      out: /"outcome":"unknown","code":"unknown-upstream"/,
      err: '',
    })
  },
)

t.test('a refusal that a client met is told by the URL it was given, while the gate runs', async t => {
  const world = await createWorld(t)
  const { sdist } = await world.release('demo', '1.0', { attested: false })
  const gate = await startGate(t, world)
  const refused = await fetch(`${gate.url}${sdist.path}`)
  const body: unknown = await refused.json()
  t.match(body, { code: 'unattested', explain: /\/x\/[0-9a-z]{12}$/ })
  const { explain } = body as { explain: string }
  const where = { folder: world.folder, environment: { PORTCULLIS_DATA: gate.config.data } }
  let told = await portcullis(where, 'explain', explain)
  for (let tries = 0; tries < 20 && told.exit !== 0; tries += 1) told = await portcullis(where, 'explain', explain)
  t.match(told, { exit: 0, out: /^✗ demo-1\.0\.tar\.gz: refused, no attestation \(unattested\)\n/, err: '' })
  t.match(told.out, /note +Recorded 20\d\d-/)
  t.match(await portcullis(where, 'explain', '000000000000'), { exit: 2, err: /keeps no refusal 000000000000/ })
})
