import { renameSync, writeFileSync } from 'node:fs'
import { request as send } from 'node:https'
import { connect as plainly } from 'node:net'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { openTls, readPair } from '../../src/compose/tls.ts'
import { startGate } from '../world/gate/gate.ts'
import { createTlsAuthority, type TlsIdentity } from '../world/network/tls-certificates.ts'
import { createWorld } from '../world/world.ts'

async function scene(t: Test) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const authority = await createTlsAuthority('test')
  const paths = { cert: join(world.folder, 'cert.pem'), key: join(world.folder, 'key.pem') }
  function write({ cert, key }: TlsIdentity): void {
    for (const [name, text] of [
      ['cert', cert],
      ['key', key],
    ] as const) {
      writeFileSync(`${paths[name]}.new`, text)
      renameSync(`${paths[name]}.new`, paths[name])
    }
  }
  const identity = await authority.issue(['127.0.0.1', 'localhost'])
  write(identity)
  return { world, wheel, authority, paths, write, identity }
}

function ask(
  url: string,
  ca: string,
): Promise<{ readonly status: number; readonly body: Buffer; readonly serial: string }> {
  return new Promise((resolve, reject) => {
    const request = send(url, { ca, agent: false, servername: 'localhost' }, response => {
      const chunks: Buffer[] = []
      const serial = (response.socket as TLSSocket).getPeerCertificate().fingerprint256
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks), serial }))
    })
    request.on('error', reject)
    request.end()
  })
}

t.test('the gate speaks HTTPS itself, and a new certificate holds from the next connection on', async t => {
  const { world, wheel, authority, paths, write } = await scene(t)
  const gate = await startGate(t, world, { configuration: { tls: paths } })
  t.match(gate.url, /^https:\/\/127/)
  const first = await ask(`${gate.url}${wheel.path}`, authority.ca)
  t.strictSame([first.status, first.body.equals(wheel.bytes)], [200, true])
  write(await authority.issue(['127.0.0.1', 'localhost']))
  gate.app.reload()
  const second = await ask(`${gate.url}${wheel.path}`, authority.ca)
  t.not(second.serial, first.serial)
  t.match(gate.events.filter(({ type }) => type === 'lifecycle').at(-1), { action: 'certificate' })
  writeFileSync(paths.key, 'no key')
  gate.app.reload()
  gate.app.reload()
  t.equal((await ask(`${gate.url}${wheel.path}`, authority.ca)).serial, second.serial, 'the last good one stays')
  t.match(
    gate.events.filter(({ type, ...event }) => type === 'config-warning' && /tls/.test(JSON.stringify(event))),
    { length: 1 },
  )
})

t.test('nothing older than TLS 1.2 is spoken, nothing but HTTP/1.1, and plain HTTP is no answer', async t => {
  const { world, authority, paths } = await scene(t)
  const gate = await startGate(t, world, { configuration: { tls: paths } })
  const { port } = new URL(gate.url)
  const shake = (options: object): Promise<string> =>
    new Promise(resolve => {
      const socket = connect({
        host: '127.0.0.1',
        port: Number(port),
        servername: 'localhost',
        ca: authority.ca,
        ...options,
      })
      socket.on('secureConnect', () => {
        resolve(`${socket.getProtocol()} ${socket.alpnProtocol}`)
        socket.destroy()
      })
      socket.on('error', () => resolve('refused'))
    })
  t.equal(await shake({ ALPNProtocols: ['h2', 'http/1.1'] }), 'TLSv1.3 http/1.1')
  t.equal(await shake({ maxVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] }), 'TLSv1.2 http/1.1')
  t.equal(await shake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }), 'refused')
  t.equal(await shake({ ALPNProtocols: ['h2'] }), 'refused')
  const heard = await new Promise<string>(resolve => {
    const socket = plainly({ host: '127.0.0.1', port: Number(port) }, () =>
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    )
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
    })
    socket.on('close', () => resolve(text))
    socket.on('error', () => {})
  })
  t.notMatch(heard, /HTTP\/1\.1 [23]/)
  t.equal((await ask(`${gate.url}/healthz`, authority.ca)).status, 200)
})

t.test('a body that is cut ends with a reset below TLS, too, and the gate goes on', async t => {
  const { world, authority, paths } = await scene(t)
  const { wheel } = await world.release('big', '1.0', { padTo: 600 * 1024 })
  const gate = await startGate(t, world, { configuration: { tls: paths, files: { spool: '1KiB' } } })
  world.upstream.fault({ route: 'file', times: 1, do: { alter: body => body.fill(0, body.length - 10) } })
  // by a socket of our own: whoever reads must see a reset, and not only the end of TLS
  const code = await new Promise<string>(resolve => {
    const carrier = plainly({ host: '127.0.0.1', port: Number(new URL(gate.url).port) })
    const tell = (error: Error): void => resolve('code' in error ? String(error.code) : 'error')
    carrier.on('error', tell)
    const secure = connect({ socket: carrier, servername: 'localhost', ca: authority.ca })
    secure.on('error', tell)
    secure.on('secureConnect', () => secure.write(`GET ${wheel.path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`))
    secure.on('data', () => {})
    carrier.on('close', () => resolve('closed'))
  })
  t.equal(code, 'ECONNRESET')
  t.equal((await ask(`${gate.url}/healthz`, authority.ca)).status, 200)
  await gate.stop()
})

t.test('a pair that cannot be used stops the start, without a word of what it holds', async t => {
  const { world, paths, identity, authority } = await scene(t)
  const other = await authority.issue(['127.0.0.1'])
  for (const [what, cert, key, told] of [
    ['another key', identity.cert, other.key, /the key is not that of the certificate/],
    ['no certificate', 'x', identity.key, /no certificate and key in PEM/],
    ['no key', identity.cert, 'SECRET', /no certificate and key in PEM/],
  ] as const) {
    writeFileSync(paths.cert, cert)
    writeFileSync(paths.key, key)
    t.throws(() => readPair(paths, 'tls'), { code: 'config-invalid', detail: told }, what)
    await t.rejects(
      startGate(t, world, { configuration: { tls: paths } }),
      { code: 'config-invalid', detail: told },
      what,
    )
  }
  await t.rejects(startGate(t, world, { configuration: { tls: { ...paths, cert: '/nowhere.pem' } } }), {
    code: 'config-invalid',
    detail: /tls\.cert: \/nowhere\.pem does not exist/,
  })
  t.equal(openTls({ cert: undefined, key: undefined }, { events: { emit() {} }, setting: 'tls' }), undefined)
})
