import { createHash } from 'node:crypto'
import t from 'tap'
import { tarGz } from '../world/index/archives.ts'
import { createWorld, defaultIdentity, type World } from '../world/world.ts'
import { CLIENT_NAMES, clientOf } from './set-up/clients.ts'
import { openGate, readsWhy, requestsTo } from './set-up/gates.ts'
import { openSite } from './set-up/site.ts'
import { prepareAll } from './set-up/tools.ts'

t.jobs = 2

const world = await createWorld(t)
await world.release('source-only', '1.0', { kinds: ['sdist'] })
await world.release('demo', '1.0')
await world.release('demo', '2.0', { attested: ['sdist'] })
await world.release('half', '1.0', { attested: ['wheel'] })
await world.release('honest-backend', '1.0', { files: { 'build_honest.py': backend('needs_honest', '1.0') } })
await world.release('other-backend', '1.0', {
  attested: false,
  files: { 'build_other.py': backend('needs_other', '1.0') },
})
await releaseSource(world, 'needs-honest', 'honest-backend', 'build_honest')
await releaseSource(world, 'needs-other', 'other-backend', 'build_other')
const tools = await prepareAll(CLIENT_NAMES)

for (const [name, { tool, skip }] of tools) {
  t.test(name, { skip, buffered: true }, async t => {
    if (tool === undefined) return
    const client = clientOf(tool)

    if (client.builds)
      t.test('builds and installs an attested source distribution', async t => {
        const gate = await openGate(t, world)
        const site = await openSite(t)
        const run = await client.install(site, { gate: gate.url, requirements: ['source-only==1.0'] })
        t.equal(run.code, 0, 'it succeeds', { printed: run.text })
        t.strictSame(site.installed(), ['source-only-1.0'])
      })

    for (const mode of ['hide', 'annotate'] as const)
      t.test(`does not build the source of a version whose wheel is refused under ${mode}`, async t => {
        const gate = await openGate(t, world, { configuration: { index: { mode } } })
        const site = await openSite(t)
        const run = await client.install(site, { gate: gate.url, requirements: ['demo'] })
        t.equal(run.code, 0, 'it succeeds', { printed: run.text })
        t.strictSame(site.installed(), ['demo-1.0'])
        t.notOk(
          requestsTo(gate).some(({ url }) => url.includes('demo-2.0')),
          'no file of the refused version was asked for',
        )
      })

    t.test('is told why the wheel was refused where the page lists it, and does not build instead', async t => {
      const gate = await openGate(t, world)
      const site = await openSite(t)
      const run = await client.install(site, { gate: gate.url, requirements: ['demo==2.0'] })
      readsWhy(t, run, client, gate, 'unattested')
      t.strictSame(site.installed(), [])
    })

    t.test('installs the wheel of a version whose source alone is refused', async t => {
      const gate = await openGate(t, world)
      const site = await openSite(t)
      const run = await client.install(site, { gate: gate.url, requirements: ['half==1.0'] })
      t.equal(run.code, 0, 'it succeeds', { printed: run.text })
      t.strictSame(site.installed(), ['half-1.0'])
    })
  })
}

for (const name of ['pip 22.3', 'pip 26.3', 'uv'] as const) {
  const { tool, skip } = tools.get(name) ?? { tool: undefined, skip: 'not prepared' }
  t.test(`what ${name} needs for a build`, { skip, buffered: true }, async t => {
    if (tool === undefined) return
    const client = clientOf(tool)

    t.test('comes through the gate', async t => {
      const gate = await openGate(t, world)
      const site = await openSite(t)
      const run = await client.install(site, { gate: gate.url, requirements: ['needs-honest==1.0'] })
      t.equal(run.code, 0, 'it succeeds', { printed: run.text })
      t.strictSame(site.installed(), ['needs-honest-1.0'], 'the backend is not installed beside it')
      t.ok(requestsTo(gate).some(({ asked, url }) => asked === 'file' && url.includes('honest_backend-1.0')))
    })

    t.test('is refused like everything else, and the reason gets through', async t => {
      const gate = await openGate(t, world)
      const site = await openSite(t)
      const run = await client.install(site, { gate: gate.url, requirements: ['needs-other==1.0'] })
      t.not(run.code, 0)
      t.match(run.text.replace(/\s+/g, ' '), /Refused by policy: unattested \(see http/, { printed: run.text })
      t.strictSame(site.installed(), [])
    })
  })
}

/** A source distribution whose build backend is a package of its own. */
async function releaseSource(world: World, project: string, requires: string, module: string): Promise<void> {
  const stem = `${project.replaceAll('-', '_')}-1.0`
  const metadata = `Metadata-Version: 2.1\nName: ${project}\nVersion: 1.0\n`
  const build = `[build-system]\nrequires = ["${requires}==1.0"]\nbuild-backend = "${module}"\n`
  const filename = `${stem}.tar.gz`
  const bytes = tarGz([
    { name: `${stem}/PKG-INFO`, bytes: Buffer.from(metadata) },
    { name: `${stem}/pyproject.toml`, bytes: Buffer.from(build) },
  ])
  const { signing, upstream } = world
  const identity = defaultIdentity(project, '1.0')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const attestation = await signing.attest({ filename, sha256, identity })
  const bundle = { publisher: signing.publisher(identity), attestations: [attestation] }
  await world.release(project, '0.1', { identity })
  upstream.add(project, { filename, bytes, provenance: signing.provenance([bundle]) })
}

/** A backend that makes an empty wheel. */
function backend(name: string, version: string): string {
  return `import base64, hashlib, os, zipfile

STEM = "${name}-${version}"
FILES = {
    f"{STEM}.dist-info/METADATA": "Metadata-Version: 2.1\\nName: ${name}\\nVersion: ${version}\\n",
    f"{STEM}.dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    filename = f"{STEM}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, filename), "w") as wheel:
        record = ""
        for path, text in FILES.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(text)}\\n"
            wheel.writestr(path, text)
        wheel.writestr(f"{STEM}.dist-info/RECORD", f"{record}{STEM}.dist-info/RECORD,,\\n")
    return filename
`
}
