import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import type { Distribution } from '../../world/index/distributions.ts'
import type { Tool } from '../set-up/tools.ts'

/** An index of one's own, with packages in it. */
export interface SecondIndex {
  /** as `sources.….index` says it */
  readonly index: string
  /** paths that were asked for, where the index tells */
  readonly asked: readonly string[]
}

/** Loading Python packages on a machine with other things to do, ms. */
const LONGEST_START_MS = 180_000

/** pypiserver over a folder: pages in HTML with links from the root, a sha256 in each, and no JSON. */
export async function startPypiserver(t: Test, tool: Tool, files: readonly Distribution[]): Promise<SecondIndex> {
  const folder = scratch(t)
  for (const { filename, bytes } of files) writeFileSync(join(folder, filename), bytes)
  const port = await freePort()
  const where = ['-i', '127.0.0.1', '-p', `${port}`]
  // without it, whoever asks for another name is led to PyPI
  const args = ['run', ...where, '--disable-fallback', '-a', '.', '-P', '.', folder]
  await startServer(t, tool, ['-m', 'pypiserver', ...args], /Listening on/)
  return { index: `http://127.0.0.1:${port}`, asked: [] }
}

/** devpi with one stage that has no bases: pages at `+simple`, files at `+f`, and names led to their normal spelling. */
export async function startDevpi(t: Test, tool: Tool, files: readonly Distribution[]): Promise<SecondIndex> {
  const folder = join(scratch(t), 'server')
  const secret = join(scratch(t), 'secret')
  writeFileSync(secret, 'c2VjcmV0IG9mIGEgdGVzdCwgb2YgdGhpcnR5LXR3byBieXRlcyBhbmQgbW9yZQ', { mode: 0o600 })
  const init = ['--serverdir', folder, '--no-root-pypi', '--root-passwd', 'test']
  const begin = 'import sys; from devpi_server.init import init; sys.exit(init())'
  await promisify(execFile)(tool.python, ['-c', begin, ...init], { timeout: LONGEST_START_MS })
  const port = await freePort()
  const args = [
    '--serverdir',
    folder,
    '--secretfile',
    secret,
    '--host',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--offline-mode',
  ]
  await startServer(t, tool, ['-m', 'devpi_server', ...args], /Serving on/)
  const server = `http://127.0.0.1:${port}`
  await makeStage(server)
  for (const file of files) await upload(`${server}/root/acme/`, file)
  return { index: `${server}/root/acme/+simple`, asked: [] }
}

async function makeStage(server: string): Promise<void> {
  const json = { accept: 'application/json', 'content-type': 'application/json' }
  const login = await fetch(`${server}/+login`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ user: 'root', password: 'test' }),
  })
  const { result } = (await login.json()) as { result: { password: string } }
  const auth = Buffer.from(`root:${result.password}`).toString('base64')
  const stage = { type: 'stage', bases: [], acl_upload: [':ANONYMOUS:'] }
  const made = await fetch(`${server}/root/acme`, {
    method: 'PUT',
    headers: { ...json, 'x-devpi-auth': auth },
    body: JSON.stringify(stage),
  })
  if (!made.ok) throw new Error(`devpi made no stage: ${made.status} ${await made.text()}`)
}

async function upload(stage: string, { filename, bytes, kind }: Distribution): Promise<void> {
  const [name = '', version = ''] = filename.replace(/\.tar\.gz$/, '').split('-')
  const form = new FormData()
  form.set(':action', 'file_upload')
  form.set('name', name)
  form.set('version', version)
  form.set('filetype', kind === 'wheel' ? 'bdist_wheel' : 'sdist')
  form.set('content', new Blob([new Uint8Array(bytes)]), filename)
  const answer = await fetch(stage, { method: 'POST', body: form })
  if (!answer.ok) throw new Error(`devpi took no ${filename}: ${answer.status} ${await answer.text()}`)
}

/** As PyTorch's: `/whl/cpu/<name>/` in HTML, the plus sign of a local version encoded in links, no `.metadata` and no JSON. */
export async function startPytorch(t: Test, files: readonly Distribution[]): Promise<SecondIndex> {
  const asked: string[] = []
  const at = new Map(files.map(file => [`/whl/cpu/${encodeURIComponent(file.filename)}`, file]))
  const pages = Map.groupBy(at, ([, { filename }]) => filename.slice(0, filename.indexOf('-')))
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const file = at.get(path)
    const page = pages.get(/^\/whl\/cpu\/([^/]+)\/$/.exec(path)?.[1] ?? '')
    if (file !== undefined) response.writeHead(200, { 'content-type': 'binary/octet-stream' }).end(file.bytes)
    else if (page !== undefined)
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end(
          page
            .map(([link, { filename, sha256 }]) => `<a href="${link}#sha256=${sha256}">${filename}</a><br/>\n`)
            .join(''),
        )
    else response.writeHead(403, { 'content-type': 'application/xml' }).end('<Error><Code>AccessDenied</Code></Error>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { index: `http://127.0.0.1:${(server.address() as AddressInfo).port}/whl/cpu`, asked }
}

function scratch(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-index-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const packages = join(folder, 'packages')
  mkdirSync(packages)
  return packages
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Until it says that it listens. It has no proxy and nothing else of the machine's configuration. */
async function startServer(t: Test, tool: Tool, args: readonly string[], ready: RegExp): Promise<void> {
  const child = spawn(tool.python, args, {
    env: { PATH: '/usr/bin:/bin', HOME: scratch(t), LANG: 'C.UTF-8', PYTHONUNBUFFERED: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => stop(child))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${tool.name} does not listen\n${said}`)), LONGEST_START_MS)
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString('utf8')
        if (!ready.test(said)) return
        clearTimeout(late)
        resolve()
      })
    child.once('exit', code => reject(new Error(`${tool.name} ended with ${code}\n${said}`)))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
