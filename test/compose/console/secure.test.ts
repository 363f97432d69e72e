// guards: src/compose/console/open-console.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { offerSignInLink } from '../../../src/compose/console/sign-in-link.ts'
import { systemClock } from '../../../src/domain/base/instant.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createTlsAuthority, type TlsIdentity } from '../../world/network/tls-certificates.ts'
import { createBrowser } from '../../world/people/browser.ts'
import { createWorld } from '../../world/world.ts'

async function scene(t: Test) {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const authority = await createTlsAuthority('test')
  const paths = { cert: join(world.folder, 'cert.pem'), key: join(world.folder, 'key.pem') }
  function write({ cert, key }: TlsIdentity): void {
    writeFileSync(paths.cert, cert)
    writeFileSync(paths.key, key)
  }
  write(await authority.issue(['127.0.0.1', 'localhost']))
  return { world, authority, paths, write }
}

t.test(
  'the console speaks HTTPS by a certificate of its own, and its links and cookies are for HTTPS alone',
  async t => {
    const { world, authority, paths } = await scene(t)
    const gate = await startGate(t, world, { configuration: { console: { listen: '127.0.0.1:0', tls: paths } } })
    const url = gate.app.consoleUrl ?? ''
    t.match([gate.url, url], [/^http:/, /^https:\/\/127/])
    const order = { role: 'admin', name: 'ada@acme.example' } as const
    const port = Number(new URL(url).port)
    const link = await offerSignInLink(
      { ...gate.config, console: { ...gate.config.console, listen: { host: '127.0.0.1', port } } },
      order,
      { clock: systemClock, doer: { actor: 'shell:ada', from: 'command line', why: undefined, detail: {} } },
    )
    t.ok(link.startsWith(`${url}/link/`), link)
    const ada = createBrowser(t, { ca: authority.ca })
    const opened = await ada.get(link)
    const came = await ada.submit(opened, new URL(link).pathname)
    t.match(came, { status: 200, text: /ada@acme\.example/ })
    t.strictSame([...(ada.cookies.get('127.0.0.1')?.keys() ?? [])], ['__Host-portcullis-session'])
    const named = `https://localhost:${port}/`
    t.equal((await ada.get(named, { follow: false })).status, 303, 'the usual other name is its own, over HTTPS')
  },
)

t.test(
  'a new certificate of the console holds from the next connection on, and one that is no good changes nothing',
  async t => {
    const { world, authority, paths, write } = await scene(t)
    const gate = await startGate(t, world, { configuration: { console: { listen: '127.0.0.1:0', tls: paths } } })
    const other = await createTlsAuthority('another')
    const status = async (ca: string) =>
      await createBrowser(t, { ca })
        .get(`${gate.app.consoleUrl}/sign-in`)
        .then(
          came => came.status < 500,
          () => false,
        )
    t.strictSame([await status(authority.ca), await status(other.ca)], [true, false])
    write(await other.issue(['127.0.0.1']))
    gate.app.reload()
    t.strictSame([await status(authority.ca), await status(other.ca)], [false, true])
    t.match(gate.events.filter(({ type }) => type === 'lifecycle').at(-1), {
      action: 'certificate',
      detail: /certificate of console\.tls/,
    })
    writeFileSync(paths.key, 'no key')
    gate.app.reload()
    t.equal(await status(other.ca), true)
    t.ok(gate.events.some(event => event.type === 'config-warning' && event.detail.startsWith('console.tls: ')))
  },
)

t.test('a pair that cannot be used for the console stops the start, and says whose it is', async t => {
  const { world, paths } = await scene(t)
  writeFileSync(paths.key, 'SECRET')
  const started = startGate(t, world, { configuration: { console: { listen: '127.0.0.1:0', tls: paths } } })
  await t.rejects(started, { code: 'config-invalid', detail: /^console\.tls: .* no certificate and key in PEM$/ })
})
