import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { createTlsAuthority } from '../world/network/tls-certificates.ts'
import { checkout } from './build.ts'
import { freePort } from './free-port.ts'

export interface Front {
  ask(path: string, headers?: Readonly<Record<string, string>>, method?: 'GET' | 'HEAD'): Promise<IncomingMessage>
  /** what nginx complained of */
  errors(): string
}

/**
 * The example as it stands; only addresses and paths of the machine are replaced. Where root runs it, root's are the files that it may
 * read.
 */
export async function startFront(t: Test, gatePort: number, blobs = '/nowhere'): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-front-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const authority = await createTlsAuthority('front')
  const { key, cert } = await authority.issue(['pypi.acme.example'])
  writeFileSync(join(folder, 'key.pem'), key)
  writeFileSync(join(folder, 'cert.pem'), cert)
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    name => `${name}_temp_path ${folder}/${name};`,
  )
  const replaced: readonly (readonly [string, string])[] = [
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['server 127.0.0.1:8080', `server 127.0.0.1:${gatePort}`],
    ['/etc/nginx/tls/fullchain.pem', join(folder, 'cert.pem')],
    ['/etc/nginx/tls/privkey.pem', join(folder, 'key.pem')],
    ['/dev/stdout', join(folder, 'access.log')],
    ['/var/lib/portcullis/blobs', blobs],
    ['events {}', process.getuid?.() === 0 ? 'user root;\nevents {}' : 'events {}'],
    ['http {', `http {\n${temporary.join('\n')}`],
  ]
  let text = readFileSync(join(checkout, 'docker/nginx.conf'), 'utf8')
  for (const [what, by] of replaced) {
    if (!text.includes(what)) throw new Error(`docker/nginx.conf no longer says ${what}`)
    text = text.replaceAll(what, by)
  }
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, text)
  const words = ['-p', folder, '-c', file, '-e', join(folder, 'error.log'), '-g', `daemon off; pid ${folder}/pid;`]
  execFileSync('nginx', ['-t', ...words], { stdio: 'pipe' })
  const nginx = spawn('nginx', words, { stdio: 'ignore' })
  const ended = once(nginx, 'exit')
  t.teardown(async () => {
    nginx.kill('SIGTERM')
    await ended
  })
  const ask: Front['ask'] = (path, headers = {}, method = 'GET') =>
    new Promise((resolve, reject) => {
      const where = {
        host: '127.0.0.1',
        port,
        path,
        servername: 'pypi.acme.example',
        ca: authority.ca,
        method,
        agent: false,
      }
      request({ ...where, headers: { host: 'pypi.acme.example', ...headers } }, resolve)
        .on('error', reject)
        .end()
    })
  for (let tries = 0; tries < 2_400; tries++) {
    const up = await ask('/up').catch(() => undefined)
    up?.resume()
    if (up !== undefined) return { ask, errors: () => readFileSync(join(folder, 'error.log'), 'utf8') }
    await sleep(50)
  }
  throw new Error(`nginx did not come up: ${readFileSync(join(folder, 'error.log'), 'utf8')}`)
}

export async function read(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  return Buffer.concat(chunks)
}
