// guards: src/version.ts
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { createOutput } from '../../src/cli/terminal/output.ts'
import { ended, PORTCULLIS, portcullis } from '../world/commands/commands.ts'
import { startGate } from '../world/gate/gate.ts'
import { createWorld } from '../world/world.ts'

// ---------------------------------------------------------------- exit codes of real processes

t.test('exit codes reach the shell: 0 admitted, 1 refused, 2 usage, 4 upstream', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  await world.release('demo', '1.1', { attested: false })
  world.writePolicy()
  const where = { folder: world.folder }
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(world.configuration()))
  t.match(await portcullis(where, 'verify', 'demo==1.0'), { exit: 0, out: /2 of 2 admitted\n$/, err: '' })
  t.match(await portcullis(where, 'verify', 'demo==1.1'), { exit: 1, err: '' })
  t.match(await portcullis(where, 'explain', 'demo==1.1'), { exit: 0, out: /exemptions:/, err: '' })
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

t.test('a reader that goes away is no failure', async t => {
  const folder = t.testdir()
  const { out, err } = await ended('/bin/sh', ['-c', `'${PORTCULLIS}' verify --help | head -n 1`], { folder })
  t.equal(out, 'Usage: portcullis verify [options] <file | name==version>\n')
  t.equal(err, '')
})

t.test('colours: none in a pipe, FORCE_COLOR demands them, NO_COLOR wins', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(world.configuration()))
  world.writePolicy()
  const run = (environment: Readonly<Record<string, string>>) =>
    portcullis({ folder: world.folder, environment }, 'verify', 'demo==1.0')
  const plain = await run({})
  const forced = await run({ FORCE_COLOR: '1' })
  t.equal(plain.out, stripVTControlCharacters(plain.out))
  t.not(forced.out, plain.out)
  t.equal(stripVTControlCharacters(forced.out), plain.out)
  t.equal((await run({ FORCE_COLOR: '1', NO_COLOR: '1' })).out, plain.out)
})

// ---------------------------------------------------------------- what the output makes of its streams

function output(t: Test, streams: { readonly isTTY?: boolean; readonly columns?: number }, environment = {}) {
  const stream = { ...streams, write: () => true, on: () => t }
  return createOutput({ stdout: stream, stderr: stream }, environment)
}

t.test('a terminal gets colour, width and progress; a pipe gets none of them; a dumb terminal no escape', async t => {
  t.match(output(t, { isTTY: true, columns: 90 }), { colour: { out: true, err: true }, columns: 90, progress: true })
  t.match(output(t, { isTTY: true, columns: 300 }), { columns: 100 })
  t.match(output(t, {}), { colour: { out: false, err: false }, columns: undefined, progress: false })
  t.match(output(t, { isTTY: true }, { TERM: 'dumb' }), { colour: { out: false }, progress: false })
  t.match(output(t, { isTTY: true }, { NO_COLOR: '1' }), { colour: { out: false } })
  t.match(output(t, { isTTY: true }, { NO_COLOR: '' }), { colour: { out: true } }, 'an empty variable is not set')
  t.match(output(t, {}, { FORCE_COLOR: '0' }), { colour: { out: false } })
})
