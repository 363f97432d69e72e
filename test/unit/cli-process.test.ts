import { execFile } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { createOutput } from '../../src/cli/output.ts'
import type { Ended } from '../world/commands.ts'
import { readVector, vectorsSkip as skip } from '../world/vectors.ts'
import { vectorsFolder } from '../world/vectors-folder.ts'
import { createWorld } from '../world/world.ts'

const PORTCULLIS = fileURLToPath(new URL('../../bin/portcullis', import.meta.url))
const STARTER = fileURLToPath(new URL('../../policies/starter.yaml', import.meta.url))
const PRODUCTION = 'trusted-roots/production.sigstore-tuf-5.0.1-seed.trusted_root.json'

interface Where {
  readonly folder: string
  readonly environment?: Readonly<Record<string, string>>
}

/** Runs the command as a shell would. */
function portcullis({ folder, environment = {} }: Where, ...argv: readonly string[]): Promise<Ended> {
  return ended(PORTCULLIS, argv, { folder, environment })
}

function ended(file: string, argv: readonly string[], { folder, environment = {} }: Where): Promise<Ended> {
  const { PATH, HOME } = process.env
  return new Promise(resolve => {
    const options = { cwd: folder, env: { PATH, HOME, XDG_CACHE_HOME: folder, ...environment }, timeout: 60_000 }
    execFile(file, argv, options, (error, out, err) => {
      const exit = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ exit, out, err })
    })
  })
}

/** An environment in which every attempt to open a socket or to ask for a name ends the process with exit 99. */
function withoutNetwork(folder: string): Readonly<Record<string, string>> {
  const guard = join(folder, 'no-network.cjs')
  writeFileSync(
    guard,
    `const end = () => { require('node:fs').writeSync(2, 'the network was asked for\\n'); process.exit(99) }
require('node:net').Socket.prototype.connect = end
require('node:dgram').createSocket = end
for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) { require('node:dns')[name] = end; require('node:dns').promises[name] = end }
`,
  )
  return { NODE_OPTIONS: `--require ${guard}` }
}

interface Vector {
  readonly name: string
  readonly file: string
  readonly provenance: string
}

const SIGSTORE_WHEEL: Vector = {
  name: 'sigstore-4.5.0-py3-none-any.whl',
  file: 'artifact-keeper/pypi-sigstore-4.5.0-py3-none-any.whl',
  provenance: 'artifact-keeper/pypi-sigstore-4.5.0-whl-provenance.json',
}
const REAL: readonly Vector[] = [
  SIGSTORE_WHEEL,
  {
    name: 'sigstore-4.5.0.tar.gz',
    file: 'artifact-keeper/pypi-sigstore-4.5.0.tar.gz',
    provenance: 'artifact-keeper/pypi-sigstore-4.5.0-sdist-provenance.json',
  },
  {
    name: 'pypi_attestations-0.0.19.tar.gz',
    file: 'pypi-attestations/pypi_attestations-0.0.19.tar.gz',
    provenance: 'pypi-attestations/pypi_attestations-0.0.19.tar.gz.provenance',
  },
]

function vectorPath(path: string): string {
  return fileURLToPath(new URL(path, vectorsFolder))
}

/** The arguments that judge a vector offline; its file under its real name is a link into the vectors. */
function offline(folder: string, { name, file, provenance }: Vector, served = name): readonly string[] {
  symlinkSync(vectorPath(file), join(folder, served))
  return ['verify', served, '--provenance', vectorPath(provenance), '--trust-root', vectorPath(PRODUCTION)]
}

// ---------------------------------------------------------------- real files, real signatures

t.test(
  'real files of PyPI are admitted offline, under the shipped policy and Sigstore’s own root',
  { skip },
  async t => {
    const folder = t.testdir()
    const where = { folder, environment: withoutNetwork(folder) }
    for (const vector of REAL) {
      const { exit, out, err } = await portcullis(
        where,
        ...offline(folder, vector),
        '--policy',
        STARTER,
        '--format',
        'json',
      )
      t.equal(exit, 0, `${vector.name} ${err}`)
      t.match(JSON.parse(out), {
        filename: vector.name,
        outcome: 'admitted',
        code: null,
        identity: { ref: /^refs\/tags\/v/ },
      })
      t.equal(err, '')
    }
  },
)

t.test('the shipped policy is the one that judges where none is named', { skip }, async t => {
  const folder = t.testdir()
  const { exit, out } = await portcullis(
    { folder, environment: withoutNetwork(folder) },
    ...offline(folder, SIGSTORE_WHEEL),
  )
  t.equal(exit, 0)
  t.match(out, /rule +projects\[\d+\] sigstore \(.*policies\/starter\.yaml:\d+\)/)
  t.match(out, '– listed by the index with this sha256')
})

t.test('a real file with one changed byte is refused', { skip }, async t => {
  const folder = t.testdir({ changed: {}, linked: {} })
  const bytes = readVector(SIGSTORE_WHEEL.file)
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
  const path = join(folder, 'changed', SIGSTORE_WHEEL.name)
  writeFileSync(path, bytes)
  const [command = '', , ...options] = offline(join(folder, 'linked'), SIGSTORE_WHEEL)
  const { exit, out } = await portcullis({ folder }, command, path, ...options)
  t.equal(exit, 1)
  t.match(out, /refused, attestation is about other bytes \(digest-mismatch\)/)
})

t.test('a real file under another name is refused', { skip }, async t => {
  const folder = t.testdir()
  const argv = offline(folder, SIGSTORE_WHEEL, 'sigstore-4.5.1-py3-none-any.whl')
  t.match(await portcullis({ folder }, ...argv), { exit: 1, out: /subject-mismatch/ })
})

t.test(
  'a real file is refused under a policy that names somebody else, and the publisher it proves is printed',
  { skip },
  async t => {
    const folder = t.testdir()
    const policy = join(folder, 'policy.yaml')
    writeFileSync(
      policy,
      'version: 1\nmode: enforce\nprojects:\n  - match: sigstore\n    publishers: [{ kind: github, repository: sigstore/sigstore-pythom, workflow: release.yml }]\n',
    )
    const { exit, out } = await portcullis({ folder }, ...offline(folder, SIGSTORE_WHEEL), '--policy', policy)
    t.equal(exit, 1)
    t.match(out, /refused, signed by somebody else \(publisher-mismatch\)/)
    t.match(
      out,
      /expected {2}https:\/\/github\.com\/sigstore\/sigstore-pythom\n +found +https:\/\/github\.com\/sigstore\/sigstore-python\n/,
    )
  },
)

t.test(
  'the root of another Sigstore does not vouch for a real file, and an absent one is exit 5',
  { skip },
  async t => {
    const folder = t.testdir()
    const argv = offline(folder, SIGSTORE_WHEEL).slice(0, -1)
    const staging = vectorPath('trusted-roots/staging.sigstore-python.trusted_root.json')
    t.match(await portcullis({ folder }, ...argv, staging), { exit: 1, out: /signature-invalid/ })
    t.match(await portcullis({ folder }, ...argv, join(folder, 'absent.json')), {
      exit: 5,
      out: '',
      err: /trust root unusable: .*absent\.json/,
    })
  },
)

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
  t.match(await portcullis(where, 'audit', 'x'), { exit: 2, out: '', err: /unknown command 'audit'/ })
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
