import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { readWheelMetadata } from '../../src/protocol/metadata/wheel-metadata.ts'
import type { WorldGate } from '../world/gate/gate.ts'
import type { UpstreamFile } from '../world/index/upstream-project.ts'
import { distFilename, readVector, vectorsSkip } from '../world/vectors/vectors.ts'
import { vectorsFolder } from '../world/vectors/vectors-folder.ts'
import { createWorld, type World } from '../world/world.ts'
import { clientOf, pip } from './set-up/clients.ts'
import { openGate, readsWhy, requestsTo } from './set-up/gates.ts'
import { findLiveIndex, proxyEnvironment } from './set-up/live-index.ts'
import { openSite } from './set-up/site.ts'
import { prepareAll, type Tool } from './set-up/tools.ts'

/** Files of PyPI with the provenance that PyPI serves: path of the file, path of the document. */
const REAL = {
  'sigstore-4.5.0-py3-none-any.whl': [
    'artifact-keeper/pypi-sigstore-4.5.0-py3-none-any.whl',
    'artifact-keeper/pypi-sigstore-4.5.0-whl-provenance.json',
  ],
  'sigstore-4.5.0.tar.gz': [
    'artifact-keeper/pypi-sigstore-4.5.0.tar.gz',
    'artifact-keeper/pypi-sigstore-4.5.0-sdist-provenance.json',
  ],
  'sigstore-3.6.1.tar.gz': [
    'pypi-attestations-history/sigstore-3.6.1.tar.gz',
    'pypi-attestations-history/sigstore-3.6.1.tar.gz.provenance',
  ],
  'pypi_attestations-0.0.19.tar.gz': [
    'pypi-attestations/pypi_attestations-0.0.19.tar.gz',
    'pypi-attestations/pypi_attestations-0.0.19.tar.gz.provenance',
  ],
  'abi3info-2024.10.3-py3-none-any.whl': [
    'pip-plugin-pep740/abi3info-2024.10.3-py3-none-any.whl',
    'pip-plugin-pep740/abi3info-2024.10.3-py3-none-any.whl.provenance',
  ],
  'abi3info-2024.10.8-py3-none-any.whl': [
    'pip-plugin-pep740/abi3info-2024.10.8-py3-none-any.whl',
    'pip-plugin-pep740/abi3info-2024.10.8-py3-none-any.whl.provenance',
  ],
  'abi3info-2024.10.8.tar.gz': [
    'pip-plugin-pep740/abi3info-2024.10.8.tar.gz',
    'pip-plugin-pep740/abi3info-2024.10.8.tar.gz.provenance',
  ],
} as const

type RealName = keyof typeof REAL
const REAL_NAMES = Object.keys(REAL) as readonly RealName[]

const WHEELS = [
  ['sigstore==4.5.0', 'sigstore-4.5.0'],
  ['abi3info==2024.10.3', 'abi3info-2024.10.3'],
  ['abi3info==2024.10.8', 'abi3info-2024.10.8'],
] as const

const starter = readFileSync(new URL('../../policies/starter.yaml', import.meta.url), 'utf8')
const production = fileURLToPath(
  new URL('trusted-roots/production.sigstore-tuf-5.0.1-seed.trusted_root.json', vectorsFolder),
)
const tools = await prepareAll(['pip 22.3', 'pip 26.3', 'uv'])
const newestPip = tools.get('pip 26.3') ?? { tool: undefined, skip: 'not prepared' }
const skipVectors = vectorsSkip === false ? newestPip.skip : vectorsSkip

/** The real file as the index lists it. */
async function realFile(filename: RealName): Promise<UpstreamFile> {
  const [file, document] = REAL[filename]
  const bytes = readVector(file)
  const dist = distFilename(filename)
  const metadata =
    dist.kind === 'wheel'
      ? await readWheelMetadata(
          {
            size: bytes.length,
            read: async (into, position, length) => bytes.copy(into, 0, position, position + length),
          },
          dist,
        )
      : undefined
  return { filename, bytes, metadata, provenance: readVector(document) }
}

/** PyPI, as far as the vectors hold it, with one thing changed. */
async function replay(t: Test, changes: Partial<Record<RealName, Partial<UpstreamFile>>> = {}): Promise<World> {
  const world = await createWorld(t)
  for (const filename of REAL_NAMES)
    world.upstream.add(distFilename(filename).project, { ...(await realFile(filename)), ...changes[filename] })
  return world
}

/** Sigstore's production root, and the policy that the project ships. */
function openRealGate(t: Test, world: World, policy = starter): Promise<WorldGate> {
  return openGate(t, world, { policy, configuration: { trust: { root: production } } })
}

function installAlone(tool: Tool, gate: WorldGate, requirement: string) {
  return async (t: Test) => {
    const site = await openSite(t)
    const run = await pip(tool, site, 'install', ['--index-url', `${gate.url}/simple/`, '--no-deps', requirement])
    return { run, site }
  }
}

t.test('real files, real signatures, the shipped policy', { skip: skipVectors }, async t => {
  const world = await replay(t)
  const gate = await openRealGate(t, world)

  for (const name of ['pip 22.3', 'pip 26.3'] as const) {
    const { tool, skip } = tools.get(name) ?? { tool: undefined, skip: 'not prepared' }
    for (const [requirement, installed] of WHEELS)
      t.test(`${name} installs ${requirement}`, { skip }, async t => {
        if (tool === undefined) return
        const { run, site } = await installAlone(tool, gate, requirement)(t)
        t.equal(run.code, 0, 'it succeeds', { printed: run.text })
        t.strictSame(site.installed(), [installed])
      })
  }

  t.test('every one arrives as it is', async t => {
    for (const filename of REAL_NAMES) {
      const path = world.upstream.pathOf(distFilename(filename).project, filename)
      const response = await fetch(`${gate.url}${path}`)
      t.equal(response.status, 200, filename)
      t.equal(sha256Of(Buffer.from(await response.arrayBuffer())), sha256Of(readVector(REAL[filename][0])), filename)
    }
  })
})

/** What is changed about the world, and what pip then says of abi3info 2024.10.8. */
const WHEEL = 'abi3info-2024.10.8-py3-none-any.whl'
const SPOILED: readonly (readonly [title: string, code: string, change: () => Promise<Partial<UpstreamFile>>])[] = [
  [
    'one byte of a real file is changed and announced',
    'digest-mismatch',
    async () => ({ bytes: flip(readVector(REAL[WHEEL][0]), 20) }),
  ],
  [
    'its provenance is another file’s',
    'subject-mismatch',
    async () => ({ provenance: readVector(REAL['abi3info-2024.10.8.tar.gz'][1]) }),
  ],
  [
    'one character of its signature is changed',
    'signature-invalid',
    async () => ({ provenance: flipSignature(readVector(REAL[WHEEL][1])) }),
  ],
  ['it has none', 'unattested', async () => ({ provenance: undefined })],
]

for (const [title, code, change] of SPOILED)
  t.test(`a real file is refused where ${title}`, { skip: skipVectors }, async t => {
    if (newestPip.tool === undefined) return
    const gate = await openRealGate(t, await replay(t, { [WHEEL]: await change() }))
    const { run, site } = await installAlone(newestPip.tool, gate, 'abi3info==2024.10.8')(t)
    readsWhy(t, run, clientOf(newestPip.tool), gate, code)
    t.strictSame(site.installed(), [])
  })

t.test('a real file whose bytes change on the way is not installed', { skip: skipVectors }, async t => {
  if (newestPip.tool === undefined) return
  const world = await replay(t)
  world.upstream.replace('abi3info', WHEEL, { bytes: flip(readVector(REAL[WHEEL][0]), 20) })
  const gate = await openRealGate(t, world)
  const { run, site } = await installAlone(newestPip.tool, gate, 'abi3info==2024.10.8')(t)
  t.not(run.code, 0, 'it fails', { printed: run.text })
  t.strictSame(site.installed(), [])
})

t.test('a real file is refused where the policy names another repository', { skip: skipVectors }, async t => {
  if (newestPip.tool === undefined) return
  const policy = starter.replace('repository: woodruffw/abi3info', 'repository: woodruffw/abi3audit')
  const gate = await openRealGate(t, await replay(t), policy)
  const { run, site } = await installAlone(newestPip.tool, gate, 'abi3info==2024.10.8')(t)
  readsWhy(t, run, clientOf(newestPip.tool), gate, 'publisher-mismatch')
  t.strictSame(site.installed(), [])
})

t.test('after twenty files without provenance the person reads what to configure', { skip: skipVectors }, async t => {
  const { tool } = tools.get('uv') ?? {}
  if (tool === undefined) return
  const world = await createWorld(t, { dialect: { minor: 1, provenance: false, coreMetadata: false, versions: false } })
  for (let minor = 0; minor < 20; minor += 1)
    await world.release('abi3info', `2024.1.${minor}`, { kinds: ['wheel'], attested: false })
  const gate = await openRealGate(t, world)
  for (let minor = 0; minor < 20; minor += 1) {
    const path = world.upstream.pathOf('abi3info', `abi3info-2024.1.${minor}-py3-none-any.whl`)
    t.equal((await fetch(`${gate.url}${path}`)).status, 403)
  }
  const site = await openSite(t)
  const client = clientOf(tool)
  const run = await client.install(site, { gate: gate.url, requirements: ['abi3info==2024.1.7'] })
  readsWhy(t, run, client, gate, 'unattested')
  t.match(run.text.replace(/\s+/g, ' '), /set upstream\.integrity/, { printed: run.text })
  t.ok(gate.events.some(({ type }) => type === 'no-pep740-upstream'))
})

// ---------------------------------------------------------------- PyPI itself

const { live, skip: skipLive } = skipVectors === false ? await findLiveIndex() : { live: undefined, skip: skipVectors }

/** One that is large, and what pip's build isolation asks for: nobody here knows their attestations. */
const LIVE_POLICY = `${starter}
  - match: numpy
    attestation: optional
  - match: setuptools
    attestation: optional
`
const LARGE = 'numpy==1.26.4'
const LARGE_TARGET = ['--only-binary', ':all:', '--python-version', '3.11', '--platform', 'manylinux2014_x86_64']

t.test('in front of this machine’s own index', { skip: skipLive }, async t => {
  if (live === undefined || newestPip.tool === undefined) return
  const tool = newestPip.tool
  const replaying = await replay(t)
  const { index, files, ca } = live
  const gate = await openGate(t, replaying, {
    policy: LIVE_POLICY,
    configuration: {
      trust: { root: production },
      upstream: { index, files, integrity: replaying.upstream.origin, ...(ca === undefined ? {} : { ca }) },
    },
    environment: proxyEnvironment(),
  })

  for (const [requirement, installed] of WHEELS)
    t.test(`pip installs ${requirement}`, async t => {
      const { run, site } = await installAlone(tool, gate, requirement)(t)
      t.equal(run.code, 0, 'it succeeds', { printed: run.text })
      t.strictSame(site.installed(), [installed])
    })

  t.test('pip builds pypi-attestations 0.0.19 from source, its backend through the gate too', async t => {
    const { run, site } = await installAlone(tool, gate, 'pypi-attestations==0.0.19')(t)
    t.equal(run.code, 1, 'the wheel of that release is on the index, and its provenance is not among the vectors')
    readsWhy(t, run, clientOf(tool), gate, 'unattested')
    const source = ['--no-binary', 'pypi-attestations', 'pypi-attestations==0.0.19']
    const built = await pip(tool, site, 'install', ['--index-url', `${gate.url}/simple/`, '--no-deps', ...source])
    t.equal(built.code, 0, 'it succeeds', { printed: built.text })
    t.strictSame(site.installed(), ['pypi-attestations-0.0.19'])
    t.ok(requestsTo(gate).some(({ asked, url }) => asked === 'file' && url.includes('setuptools-')))
  })

  t.test(`pip downloads ${LARGE}, larger than what is spooled, which nobody attested`, async t => {
    const site = await openSite(t)
    const args = ['--index-url', `${gate.url}/simple/`, '--no-deps', ...LARGE_TARGET, '--dest', 'wheels', LARGE]
    const run = await pip(tool, site, 'download', args)
    t.equal(run.code, 0, 'it succeeds', { printed: run.text })
    t.match(run.text, /Successfully downloaded numpy/)
    const stored = gate.events.flatMap(event =>
      event.type === 'blob' && event.action === 'stored' ? [event.bytes] : [],
    )
    t.ok(Math.max(...stored) > gate.config.files.spool, 'it was streamed')
  })

  t.test('pip is told that a release without provenance is refused', async t => {
    const { run, site } = await installAlone(tool, gate, 'abi3info==2024.10.26')(t)
    readsWhy(t, run, clientOf(tool), gate, 'unattested')
    t.strictSame(site.installed(), [])
  })

  t.test('pip is told that a project without a rule is refused', async t => {
    const { run, site } = await installAlone(tool, gate, 'six==1.17.0')(t)
    readsWhy(t, run, clientOf(tool), gate, 'no-rule')
    t.strictSame(site.installed(), [])
  })

  t.test('no page or log line of the gate says where the index is', async t => {
    const page = await fetch(`${gate.url}/simple/sigstore/`, {
      headers: { accept: 'application/vnd.pypi.simple.v1+json' },
    })
    const text = await page.text()
    for (const origin of [index, ...files]) t.notMatch(text, new URL(origin).host)
  })
})

function flip(bytes: Buffer, position: number): Buffer {
  const changed = Buffer.from(bytes)
  changed.writeUInt8(changed.readUInt8(position) ^ 1, position)
  return changed
}

function flipSignature(document: Buffer): Buffer {
  const value = JSON.parse(document.toString('utf8'))
  const envelope = value.attestation_bundles[0].attestations[0].envelope
  const signature = Buffer.from(envelope.signature, 'base64')
  envelope.signature = flip(signature, signature.length - 1).toString('base64')
  return Buffer.from(JSON.stringify(value))
}
