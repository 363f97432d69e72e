import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createWorld, type World } from '../world/world.ts'
import { openGate, requestsTo } from './set-up/gates.ts'
import { openSite } from './set-up/site.ts'
import { prepareAll, type Tool } from './set-up/tools.ts'

const { tool, skip } = (await prepareAll(['bandersnatch'])).get('bandersnatch') ?? {
  tool: undefined,
  skip: 'not prepared',
}

/** The gate, and a mirror of two of its projects that is brought up to date by each `sync`. */
async function openMirror(t: Test, tool: Tool, world: World) {
  const gate = await openGate(t, world)
  const site = await openSite(t)
  const folder = join(site.project, 'mirror')
  const config = site.write('bandersnatch.conf', configuration(folder, gate.url))
  // it knows no exception from a proxy
  const direct = { http_proxy: '', https_proxy: '', HTTP_PROXY: '', HTTPS_PROXY: '' }
  return {
    gate,
    sync: () => site.run(tool.python, ['-m', 'bandersnatch.main', '--config', config, 'mirror'], direct),
    read: (path: string) => readFileSync(join(folder, path)),
    has: (path: string) => existsSync(join(folder, path)),
    files: () =>
      globSync('web/packages/**/*.{whl,gz}', { cwd: folder })
        .map(path => path.slice(path.lastIndexOf('/') + 1))
        .toSorted(),
  }
}

t.test('bandersnatch mirrors a mixed project: what is attested, without what is not', { skip }, async t => {
  if (tool === undefined) return
  const world = await createWorld(t)
  const good = await world.release('demo', '1.0')
  await world.release('demo', '2.0', { attested: false })
  await world.release('demo', '3.0', { attested: ['wheel'] })
  await world.release('nothing-attested', '1.0', { attested: false })
  const mirror = await openMirror(t, tool, world)
  const run = await mirror.sync()

  t.equal(run.code, 0, 'it succeeds', { printed: run.text })
  t.notMatch(run.text, /Error syncing package/)
  t.strictSame(mirror.files(), ['demo-1.0-py3-none-any.whl', 'demo-1.0.tar.gz', 'demo-3.0-py3-none-any.whl'])
  t.same(mirror.read(`web${good.wheel.path}`), good.wheel.bytes)
  const page = mirror.read('web/simple/demo/index.html').toString('utf8')
  t.match(page, 'demo-1.0-py3-none-any.whl')
  t.notMatch(page, 'demo-2.0', 'refused files are on no page')
  t.match(mirror.read('status').toString('utf8').trim(), /^\d{4,}$/, 'the serial advances')
  const spoiled = requestsTo(mirror.gate).filter(({ status }) => status >= 400)
  t.strictSame(spoiled, [], 'nothing that it asked for was refused')
})

t.test('bandersnatch leaves out in its next run what a first look found signed by somebody else', { skip }, async t => {
  if (tool === undefined) return
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  await world.release('demo', '2.0', {
    identity: { kind: 'github', repository: 'evil/demo', workflow: 'release.yml', ref: 'refs/tags/v2.0' },
  })
  const mirror = await openMirror(t, tool, world)
  const first = await mirror.sync()
  t.match(first.text, /Refused by policy: publisher-mismatch \(see http/, 'its log holds the reason')
  await mirror.gate.app.gate.settled()
  const second = await mirror.sync()
  t.equal(second.code, 0, 'it succeeds', { printed: second.text })
  t.notMatch(second.text, /Error syncing package/)
  t.strictSame(mirror.files(), ['demo-1.0-py3-none-any.whl', 'demo-1.0.tar.gz'])
  t.ok(mirror.has('web/simple/demo/index.html'))
  t.ok(mirror.has('status'), 'the serial advances')
})

function configuration(directory: string, gate: string): string {
  return `[mirror]
directory = ${directory}
master = ${gate}
allow-non-https = true
json = false
workers = 2
timeout = 20
global-timeout = 120
stop-on-error = false
hash-index = false
compare-method = hash
[plugins]
enabled =
    allowlist_project
[allowlist]
packages =
    demo
    nothing-attested
`
}
