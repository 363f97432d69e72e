import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { requirementsLock } from '../world/commands/locks.ts'
import { tarGz } from '../world/index/archives.ts'
import { createCrossing, must } from '../world/mirror/crossing.ts'
import { createWorld, defaultIdentity, type World } from '../world/world.ts'
import { CLIENT_NAMES, clientOf, pip, uv } from './set-up/clients.ts'
import { openGate, readsWhy, requestsTo } from './set-up/gates.ts'
import { openSite, type Run, type Site } from './set-up/site.ts'
import { prepareAll, type Tool } from './set-up/tools.ts'

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

const [pip26, uvTool] = (['pip 26.3', 'uv'] as const).map(name => tools.get(name)?.tool)
const skipBoth = (['pip 26.3', 'uv'] as const).map(name => tools.get(name)?.skip).find(why => why !== false) ?? false
const PROJECT = '[build-system]\nrequires = ["maker>=1"]\nbuild-backend = "build_maker"\n'

t.test(
  'a lock with source distributions is installed where it was carried to',
  { skip: skipBoth, timeout: 600_000 },
  async t => {
    if (pip26 === undefined || uvTool === undefined) return
    const crossing = await createCrossing(t)
    const { world, places } = crossing
    const maker = (version: string, text: string) =>
      world.release('maker', version, { kinds: ['wheel'], requires: ['helper'], files: { 'build_maker.py': text } })
    await world.release('helper', '1.0', { kinds: ['wheel'], files: { 'helping.py': 'TAG = "py3-none-any"\n' } })
    await maker('1.0', BACKEND)
    const sdists = ['one', 'two', 'three', 'four', 'five', 'six'].map(name =>
      world.release(name, '1.0', { kinds: ['sdist'], files: { 'pyproject.toml': PROJECT } }),
    )
    const files = (await Promise.all(sdists)).flatMap(release => release.files)
    const installed = ['five-1.0', 'four-1.0', 'one-1.0', 'six-1.0', 'three-1.0', 'two-1.0']
    world.writePolicy()
    crossing.setPolicy()
    const requirements = `${requirementsLock(files)}\n`
    const lock = join(places.outside, 'requirements.txt')
    const plan = join(places.outside, 'plan.json')
    const constraints = join(places.outside, 'build-constraints.txt')
    writeFileSync(lock, requirements)
    must(await crossing.outside('mirror', 'plan', lock, '--out', plan, '--build-constraints', constraints), 0)
    t.equal(readFileSync(constraints, 'utf8'), 'helper==1.0\nmaker==1.0\n')
    must(await crossing.outside('mirror', 'fetch', plan), 0)
    must(await crossing.inside('mirror', 'import', await crossing.export('first'), '--signer', crossing.signer), 0)
    world.upstream.forgetRequests()

    const installers: readonly (readonly [name: string, install: Install])[] = [
      ['pip', (site, url, more) => installWithPip(pip26, site, url, more)],
      ['uv', (site, url, more) => installWithUv(uvTool, site, url, more)],
    ]
    const inside = await crossing.serve()
    for (const [name, install] of installers)
      await t.test(`${name} builds all of them without a network`, async t =>
        assertInstalls(t, install, { url: inside.url, requirements, installed }),
      )
    t.strictSame(world.upstream.requests, [], 'nobody asked outside for anything')
    await inside.stop()

    await t.test('constraints hold a build to what was looked at, where there is something newer', async t => {
      await maker('2.0', 'raise SystemExit("not what was looked at")\n')
      const outside = await crossing.serve('outside')
      for (const [name, install] of installers) {
        await t.test(`${name} goes wrong without`, async t => {
          const site = await openSite(t)
          site.write('requirements.txt', requirements)
          const run = await install(site, outside.url, undefined)
          t.not(run.code, 0)
          t.match(run.text, /not what was looked at/)
        })
        await t.test(`${name} does not with them`, async t =>
          assertInstalls(t, install, {
            url: outside.url,
            requirements,
            installed,
            constraints: readFileSync(constraints, 'utf8'),
          }),
        )
      }
      await t.test('a project of uv names them itself', async t => {
        const site = await openSite(t)
        const held = readFileSync(constraints, 'utf8').trim().split('\n')
        const table = (more: string) =>
          site.write(
            'pyproject.toml',
            `[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.9"\ndependencies = ["one==1.0"]\n${more}`,
          )
        table('')
        const sync = async () => await uv(uvTool, site, ['sync', '--default-index', `${outside.url}/simple/`])
        t.match((await sync()).text, /not what was looked at/)
        table(`[tool.uv]\nbuild-constraint-dependencies = ${JSON.stringify(held)}\n`)
        const run = await sync()
        t.equal(run.code, 0, 'it succeeds', { printed: run.text })
        t.strictSame(site.installed(), ['one-1.0'])
      })
      await outside.stop()
    })
  },
)

type Install = (site: Site, url: string, constraints: string | undefined) => Promise<Run>

const installWithPip = (tool: Tool, site: Site, url: string, constraints: string | undefined): Promise<Run> =>
  pip(tool, site, 'install', [
    '--index-url',
    `${url}/simple/`,
    '--require-hashes',
    '-r',
    'requirements.txt',
    ...(constraints === undefined ? [] : ['--build-constraint', constraints]),
  ])

const installWithUv = (tool: Tool, site: Site, url: string, constraints: string | undefined): Promise<Run> =>
  uv(tool, site, [
    'pip',
    'sync',
    '--default-index',
    `${url}/simple/`,
    '--require-hashes',
    'requirements.txt',
    ...(constraints === undefined ? [] : ['--build-constraints', constraints]),
  ])

interface Case {
  readonly url: string
  readonly requirements: string
  readonly installed: readonly string[]
  readonly constraints?: string
}

async function assertInstalls(t: Test, install: Install, { url, requirements, installed, constraints }: Case) {
  const site = await openSite(t)
  site.write('requirements.txt', requirements)
  if (constraints !== undefined) site.write('build.txt', constraints)
  const run = await install(site, url, constraints === undefined ? undefined : 'build.txt')
  t.equal(run.code, 0, 'it succeeds', { printed: run.text })
  t.strictSame(site.installed(), installed)
}

/** A backend that makes an empty wheel of what it finds, and needs a module of another project for it. */
const BACKEND = `import base64, hashlib, os, zipfile
from helping import TAG


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open("PKG-INFO") as file:
        fields = dict(line.strip().split(": ", 1) for line in file if ": " in line)
    stem = fields["Name"] + "-" + fields["Version"]
    files = {
        stem + ".dist-info/METADATA": f"Metadata-Version: 2.1\\nName: {fields['Name']}\\nVersion: {fields['Version']}\\n",
        stem + ".dist-info/WHEEL": f"Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: {TAG}\\n",
    }
    filename = f"{stem}-{TAG}.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, filename), "w") as wheel:
        record = ""
        for path, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(text)}\\n"
            wheel.writestr(path, text)
        wheel.writestr(f"{stem}.dist-info/RECORD", f"{record}{stem}.dist-info/RECORD,,\\n")
    return filename
`

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
