import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createWorld } from '../world/world.ts'
import { openGate, requestsTo } from './gates.ts'
import { openSite } from './site.ts'
import { prepareAll } from './tools.ts'

const { tool, skip } = (await prepareAll(['bandersnatch'])).get('bandersnatch') ?? {
  tool: undefined,
  skip: 'not prepared',
}

t.test('bandersnatch mirrors a mixed project: what is attested, without what is not', { skip }, async t => {
  if (tool === undefined) return
  const world = await createWorld(t)
  const good = await world.release('demo', '1.0')
  await world.release('demo', '2.0', { attested: false })
  await world.release('demo', '3.0', { attested: ['wheel'] })
  await world.release('nothing-attested', '1.0', { attested: false })
  const gate = await openGate(t, world)
  const site = await openSite(t)
  const mirror = join(site.project, 'mirror')
  const config = site.write('bandersnatch.conf', configuration(mirror, gate.url))
  const direct = { http_proxy: '', https_proxy: '', HTTP_PROXY: '', HTTPS_PROXY: '' }
  const run = await site.run(tool.python, ['-m', 'bandersnatch.main', '--config', config, 'mirror'], direct)

  t.equal(run.code, 0, run.text)
  t.strictSame(
    globSync('web/packages/**/*.{whl,gz}', { cwd: mirror })
      .map(path => path.slice(path.lastIndexOf('/') + 1))
      .toSorted(),
    ['demo-1.0-py3-none-any.whl', 'demo-1.0.tar.gz', 'demo-3.0-py3-none-any.whl'],
  )
  t.same(readFileSync(join(mirror, 'web', good.wheel.path)), good.wheel.bytes)
  const page = readFileSync(join(mirror, 'web/simple/demo/index.html'), 'utf8')
  t.match(page, 'demo-1.0-py3-none-any.whl')
  t.notMatch(page, 'demo-2.0', 'refused files are on no page')
  t.ok(existsSync(join(mirror, 'status')), 'the serial advances')
  t.match(readFileSync(join(mirror, 'status'), 'utf8').trim(), /^\d{4,}$/)
  t.notMatch(run.text, /Error syncing package/)
  t.strictSame(
    requestsTo(gate).filter(({ status }) => status >= 400),
    [],
    'nothing that it asked for was refused',
  )
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
