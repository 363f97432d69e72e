import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createTlsAuthority, type TlsIdentity } from '../../world/network/tls-certificates.ts'
import { createWorld } from '../../world/world.ts'
import { pip, uv } from '../set-up/clients.ts'
import { openGate } from '../set-up/gates.ts'
import { openSite, type Run, type Site } from '../set-up/site.ts'
import { prepareAll, type Tool } from '../set-up/tools.ts'

const world = await createWorld(t)
await world.release('application', '1.0')
const authority = await createTlsAuthority('acme')
const paths = { cert: join(world.folder, 'cert.pem'), key: join(world.folder, 'key.pem') }

function write({ cert, key }: TlsIdentity): void {
  for (const [path, text] of [
    [paths.cert, cert],
    [paths.key, key],
  ] as const) {
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }
}

/** With the authority in `ca`, or with what the machine trusts. */
async function install(tool: Tool, site: Site, url: string, ca: string | undefined): Promise<Run> {
  await site.emptyEnvironment()
  site.emptyHome()
  if (tool.name !== 'uv')
    return pip(tool, site, 'install', [...(ca === undefined ? [] : ['--cert', ca]), '--index-url', url, 'application'])
  const trusting: Site =
    ca === undefined ? site : { ...site, run: (command, args) => site.run(command, args, { SSL_CERT_FILE: ca }) }
  return uv(tool, trusting, ['pip', 'install', '--default-index', url, 'application'])
}

for (const [name, { tool, skip }] of await prepareAll(['pip 26.3', 'uv'])) {
  t.test(
    `${name} installs over TLS from the gate itself, also after its certificate was replaced`,
    { skip },
    async t => {
      if (tool === undefined) return
      write(await authority.issue(['127.0.0.1', 'localhost']))
      const gate = await openGate(t, world, { configuration: { tls: paths } })
      const site = await openSite(t)
      const url = `${gate.url}/simple/`
      t.match(url, /^https:/)
      const ca = site.write('ca.pem', authority.ca)
      t.not((await install(tool, site, url, undefined)).code, 0, 'nobody trusts the authority by himself')
      t.strictSame(site.installed(), [])
      const first = await install(tool, site, url, ca)
      t.equal(first.code, 0, 'it succeeds', { printed: first.text })
      t.strictSame(site.installed(), ['application-1.0'])

      const stranger = await createTlsAuthority('another')
      write(await stranger.issue(['127.0.0.1', 'localhost']))
      gate.app.reload()
      t.not((await install(tool, site, url, ca)).code, 0, 'the new certificate is in use')
      write(await authority.issue(['127.0.0.1', 'localhost']))
      gate.app.reload()
      const last = await install(tool, site, url, ca)
      t.equal(last.code, 0, 'it succeeds', { printed: last.text })
      t.strictSame(site.installed(), ['application-1.0'])
    },
  )
}
