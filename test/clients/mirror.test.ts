import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Luggage } from '../world/mirror/carried.ts'
import { createCrossing, must, type Served } from '../world/mirror/crossing.ts'
import { pip, uv, writeUvProject } from './set-up/clients.ts'
import { openSite } from './set-up/site.ts'
import { prepareAll, type Tool } from './set-up/tools.ts'

t.setTimeout(300_000)

const tools = await prepareAll(['pip 22.3', 'pip 26.3', 'uv'])
const [pip22, pip26, uvTool] = ['pip 22.3', 'pip 26.3', 'uv'].map(name => tools.get(name as 'uv')?.tool)
const skip = [...tools.values()].find(({ skip: why }) => why !== false)?.skip ?? false

t.test('locks are carried across, and installed where there is no network', { skip }, async t => {
  if (pip22 === undefined || pip26 === undefined || uvTool === undefined) return
  const crossing = await createCrossing(t)
  const { world } = crossing
  await world.release('library', '1.0')
  await world.release('application', '1.0', { requires: ['library>=1.0'] })
  await world.release('extra', '1.0')
  world.writePolicy()
  crossing.setPolicy()

  const outside = await crossing.serve('outside')
  const locks = await lock(t, uvTool, pip26, outside.url)
  await outside.stop()
  const plan = join(crossing.places.outside, 'plan.json')
  must(await crossing.outside('mirror', 'plan', ...Object.values(locks.paths), '--out', plan), 0)
  t.equal(JSON.parse(readFileSync(plan, 'utf8')).files.length, 4, 'three locks name the same four files')
  must(await crossing.outside('mirror', 'fetch', plan), 0)
  const first = await crossing.export('first')
  must(await crossing.inside('mirror', 'import', first, '--signer', crossing.signer), 0)
  world.upstream.forgetRequests()
  let inside = await crossing.serve()

  for (const [name, tool] of [
    ['pip 22.3', pip22],
    ['pip 26.3', pip26],
  ] as const)
    await t.test(`${name} installs by name`, async t => {
      await assertInstalls(t, tool, inside, ['application==1.0'], ['application-1.0', 'library-1.0'])
    })
  await t.test('uv installs from the lock, moved here with one replacement', async t => {
    const site = await openSite(t)
    writeUvProject(site, { gate: inside.url, requirements: ['application==1.0'] })
    site.write('uv.lock', locks.uv.replaceAll(outside.url, inside.url))
    const run = await uv(uvTool, site, ['sync', '--frozen'])
    t.equal(run.code, 0, 'it succeeds', { printed: run.text })
    t.strictSame(site.installed(), ['application-1.0', 'library-1.0'])
  })
  await t.test('uv and pip install from hashes', async t => {
    for (const install of ['uv', 'pip'] as const) {
      const site = await openSite(t)
      site.write('requirements.txt', locks.requirements)
      const index = ['--index-url', `${inside.url}/simple/`]
      const run =
        install === 'uv'
          ? await uv(uvTool, site, ['pip', 'sync', ...index, '--require-hashes', 'requirements.txt'])
          : await pip(pip26, site, 'install', [...index, '--require-hashes', '-r', 'requirements.txt'])
      t.equal(run.code, 0, `${install} succeeds`, { printed: run.text })
      t.strictSame(site.installed(), ['application-1.0', 'library-1.0'])
    }
  })
  await t.test('what was not carried cannot be had', async t => {
    const site = await openSite(t)
    for (const run of [
      await pip(pip26, site, 'install', ['--index-url', `${inside.url}/simple/`, 'extra']),
      await uv(uvTool, site, ['pip', 'install', '--index-url', `${inside.url}/simple/`, 'extra']),
    ]) {
      t.not(run.code, 0)
      t.match(run.text, /extra/)
    }
  })
  t.strictSame(world.upstream.requests, [], 'nobody asked outside for anything')
  await inside.stop()

  await t.test('it is asked for, carried as a delta, and installed', async t => {
    const request = join(crossing.places.inside, 'request.json')
    must(await crossing.inside('mirror', 'request', '--out', request), 0)
    must(await crossing.outside('mirror', 'fetch', request), 0)
    const second = await crossing.export('second', '--since', join(first, 'manifest.json'))
    const carried = blobsIn(second)
    t.equal(carried.size, 5, 'a wheel with METADATA and provenance, an sdist with provenance')
    t.ok(carried.isDisjointFrom(blobsIn(first)), 'and nothing that was carried before')
    must(await crossing.inside('mirror', 'import', second, '--signer', crossing.signer), 0)
    inside = await crossing.serve()
    await assertInstalls(t, pip26, inside, ['extra', 'application'], ['application-1.0', 'extra-1.0', 'library-1.0'])
    await inside.stop()
  })
  await t.test('what is held and refused here is refused with its reason', async t => {
    crossing.setPolicy(world.policyText().replace('acme/library', 'acme/other'))
    inside = await crossing.serve()
    const site = await openSite(t)
    const run = await pip(pip26, site, 'install', ['--index-url', `${inside.url}/simple/`, 'application'])
    t.equal(run.code, 1)
    t.match(run.text, /Refused by policy: publisher-mismatch \(see http:\/\/127\.0\.0\.1:\d+\/x\//)
    await inside.stop()
  })
  await t.test('a tree is installed from by whatever serves files', async t => {
    const tree = await crossing.export('tree', '--layout', 'pep503')
    const server = await serveFolder(t, tree)
    await assertInstalls(t, pip26, server, ['application'], ['application-1.0', 'library-1.0'])
  })
})

interface Locks {
  readonly uv: string
  readonly requirements: string
  readonly paths: { readonly uv: string; readonly requirements: string; readonly pylock: string }
}

/** What people have: a uv project, requirements with hashes, and pip's own lock. */
async function lock(t: Test, uvTool: Tool, pipTool: Tool, gate: string): Promise<Locks> {
  const site = await openSite(t)
  writeUvProject(site, { gate, requirements: ['application==1.0'] })
  site.write('requirements.in', 'application==1.0\n')
  const index = ['--default-index', `${gate}/simple/`]
  for (const run of [
    await uv(uvTool, site, ['lock', ...index]),
    await uv(uvTool, site, [
      'pip',
      'compile',
      ...index,
      '--generate-hashes',
      'requirements.in',
      '-o',
      'requirements.txt',
    ]),
    await pip(pipTool, site, 'lock', ['--index-url', `${gate}/simple/`, '--output', 'pylock.toml', 'application==1.0']),
  ])
    if (run.code !== 0) throw new Error(run.text)
  const at = (name: string): string => join(site.project, name)
  return {
    uv: site.read('uv.lock'),
    requirements: site.read('requirements.txt'),
    paths: { uv: at('uv.lock'), requirements: at('requirements.txt'), pylock: at('pylock.toml') },
  }
}

async function assertInstalls(
  t: Test,
  tool: Tool,
  { url }: Pick<Served, 'url'>,
  requirements: readonly string[],
  installed: readonly string[],
): Promise<void> {
  const site = await openSite(t)
  const run = await pip(tool, site, 'install', ['--index-url', `${url}/simple/`, ...requirements])
  t.equal(run.code, 0, 'it succeeds', { printed: run.text })
  t.strictSame(site.installed(), installed)
}

function blobsIn(folder: string): ReadonlySet<string> {
  return new Set(new Luggage(folder).manifest.parts.flatMap(({ blobs }) => blobs.map(({ sha256 }) => sha256)))
}

/** As plain as a server of files can be. */
async function serveFolder(t: Test, folder: string): Promise<{ readonly url: string }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://tree.test')
    try {
      const html = pathname.endsWith('/')
      const body = readFileSync(join(folder, html ? `${pathname}index.html` : pathname))
      response.writeHead(200, { 'content-type': html ? 'text/html' : 'application/octet-stream' }).end(body)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
