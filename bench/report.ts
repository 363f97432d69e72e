/**
 * `node bench/report.ts LOCK [--command report] [--latency 20] [--older 300]`: a command over a real lock, cold and warm, before an
 * index on loopback that lists what the lock names and older releases besides, every sixth project attested, each answer
 * late by so many milliseconds.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { readLock } from '../src/protocol/lockfiles/read-lock.ts'
import { PORTCULLIS } from '../test/world/commands/commands.ts'
import { createSigningWorld } from '../test/world/signing/signing.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    command: { type: 'string', default: 'report' },
    latency: { type: 'string', default: '20' },
    older: { type: 'string', default: '300' },
    runs: { type: 'string', default: '3' },
  },
})
const [lockPath = ''] = positionals
const latency = Number(values.latency)
const older = Number(values.older)
/** every so manieth project is attested */
const ATTESTED = 6

interface File {
  readonly filename: string
  readonly sha256: string
  readonly attested: boolean
  readonly old: boolean
}

const folder = mkdtempSync(join(tmpdir(), 'portcullis-report-'))
const signing = await createSigningWorld()
const lock = readLock(
  { path: lockPath, bytes: readFileSync(lockPath) },
  { read: path => readFileSync(path), environment: {} },
)
const projects = new Map<string, readonly File[]>()
const shaOf = (text: string): string => createHash('sha256').update(text).digest('hex')
for (const { project, version, files } of lock.packages) {
  const attested = shaOf(project).charCodeAt(0) % ATTESTED === 0
  const stem = project.replaceAll('-', '_')
  const own = files.map(({ filename, sha256 }, at) => ({
    filename: filename ?? `${stem}-${version}-${at}-py3-none-any.whl`,
    sha256: sha256 ?? shaOf(`${project} ${at}`),
    attested,
    old: false,
  }))
  const filler = Array.from({ length: older }, (_, at) => ({
    filename: `${stem}-0.0.${Math.floor(at / 3)}-${at % 3}-cp31${at % 3}-cp31${at % 3}-manylinux_2_17_x86_64.whl`,
    sha256: shaOf(`${project} filler ${at}`),
    attested: attested && at > older * 0.8,
    old: true,
  }))
  projects.set(project, [...(projects.get(project) ?? filler), ...own])
}

const urlOf = ({ filename, sha256 }: File): string =>
  `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4, 64)}/${filename}`
const documents = new Map<string, Promise<Buffer>>()

async function sign(project: string, { filename, sha256 }: File): Promise<Buffer> {
  const identity = { kind: 'github', repository: `acme/${project}`, workflow: 'release.yml' } as const
  const attestation = await signing.attest({ filename, sha256, identity })
  return signing.provenance([{ publisher: signing.publisher(identity), attestations: [attestation] }])
}

let origin = ''
const pages = new Map<string, { readonly body: Buffer; readonly etag: string }>()
function pageOf(project: string, files: readonly File[]): { readonly body: Buffer; readonly etag: string } {
  const text = JSON.stringify({
    files: files.map((file, at) => ({
      'core-metadata': { sha256: shaOf(file.filename) },
      'data-dist-info-metadata': { sha256: shaOf(file.filename) },
      filename: file.filename,
      hashes: { sha256: file.sha256 },
      provenance: file.attested ? `${origin}/integrity/${project}/x/${file.filename}/provenance` : null,
      'requires-python': '>=3.9',
      size: 1_000 + at,
      'upload-time': new Date(
        1_600_000_000_000 + 86_400_000 * 3 * (file.old ? Math.floor(at / 3) : older + (at % 3)),
      ).toISOString(),
      url: `${origin.replace('127.0.0.1', 'localhost')}${urlOf(file)}`,
      yanked: false,
    })),
    meta: { '_last-serial': 1_000, 'api-version': '1.4' },
    name: project,
    'project-status': { status: 'active' },
    versions: [],
  })
  return { body: gzipSync(text), etag: `"${shaOf(text).slice(0, 32)}"` }
}

const count = { page: 0, unchanged: 0, provenance: 0, under: 0, most: 0 }
async function answer(url: string, tag: string | undefined, response: ServerResponse): Promise<void> {
  const [kind, project = '', , filename = ''] = decodeURIComponent(url)
    .split('/')
    .filter(part => part !== '')
  const files = projects.get(project)
  if (kind === 'simple' && files !== undefined) {
    count.page += 1
    const page = pages.get(project) ?? pageOf(project, files)
    pages.set(project, page)
    if (tag === page.etag) {
      count.unchanged += 1
      response.writeHead(304, { etag: page.etag }).end()
      return
    }
    const headers = { 'content-type': 'application/vnd.pypi.simple.v1+json', 'content-encoding': 'gzip' }
    response.writeHead(200, { ...headers, etag: page.etag, 'content-length': page.body.length }).end(page.body)
    return
  }
  const file = files?.find(it => it.filename === filename && it.attested)
  if (kind !== 'integrity' || file === undefined) {
    response.writeHead(404).end()
    return
  }
  count.provenance += 1
  const document = documents.get(file.sha256) ?? sign(project, file)
  documents.set(file.sha256, document)
  const body = await document
  const headers = { 'content-type': 'application/vnd.pypi.integrity.v1+json', 'content-length': body.length }
  response.writeHead(200, headers).end(body)
}

const server = createServer((request, response) => {
  count.under += 1
  count.most = Math.max(count.most, count.under)
  response.once('close', () => {
    count.under -= 1
  })
  void sleep(latency).then(() => answer(request.url ?? '', request.headers['if-none-match'], response))
})
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
for (const [project, files] of projects) pages.set(project, pageOf(project, files))
for (const [project, files] of projects)
  for (const file of files.filter((it, at) => it.attested && (at >= older || at < older * 0.8 + 3)))
    documents.set(file.sha256, sign(project, file)) // those that are asked for; others are signed when they are
await Promise.all(documents.values())

writeFileSync(join(folder, 'root.json'), signing.trustedRootJson)
const configuration = {
  upstream: { index: origin, files: [origin.replace('127.0.0.1', 'localhost')] },
  trust: { root: join(folder, 'root.json') },
}
writeFileSync(join(folder, 'portcullis.yaml'), JSON.stringify({ data: join(folder, 'data'), ...configuration }))
mkdirSync(join(folder, 'data'))

interface Run {
  readonly seconds: number
  /** of a processor: what a machine that does something else besides cannot change */
  readonly work: number
  /** that were resident at most */
  readonly mebibytes: number
  readonly exit: number
}

async function run(): Promise<Run> {
  const began = performance.now()
  const { PATH, HOME, NODE_OPTIONS = '' } = process.env
  const child = spawn(
    '/usr/bin/time',
    [
      '-f',
      'rss=%M cpu=%U+%S',
      PORTCULLIS,
      ...values.command.split(' '),
      lockPath,
      '--same-index',
      'https://pypi.org/simple',
    ],
    { cwd: folder, env: { PATH, HOME, NODE_OPTIONS, XDG_CACHE_HOME: folder }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let err = ''
  let out = ''
  child.stderr.on('data', chunk => {
    err += String(chunk)
  })
  child.stdout.on('data', chunk => {
    out += String(chunk)
  })
  const exit = await new Promise<number>(resolve => child.once('close', code => resolve(code ?? -1)))
  writeFileSync(join(tmpdir(), 'bench-report.out'), out)
  const [, kilobytes = '0', user = '0', system = '0'] = /rss=(\d+) cpu=([\d.]+)\+([\d.]+)/.exec(err) ?? []
  if (exit !== 0) console.log(err.slice(-600))
  return {
    seconds: (performance.now() - began) / 1_000,
    work: Number(user) + Number(system),
    mebibytes: Number(kilobytes) / 1_024,
    exit,
  }
}

const files = [...projects.values()].flat()
console.log(
  `${lockPath}: ${lock.packages.length} packages, ${lock.packages.flatMap(it => it.files).length} files; the index lists ${files.length} files of ${projects.size} projects, ${files.filter(it => it.attested).length} attested`,
)
for (let at = 0; at < Number(values.runs); at += 1) {
  Object.assign(count, { page: 0, unchanged: 0, provenance: 0, most: 0 })
  const { seconds, work, mebibytes, exit } = await run()
  const asked = `${count.page} pages (${count.unchanged} unchanged), ${count.provenance} documents, ${count.most} at once at most`
  console.log(
    `${at === 0 ? 'cold' : 'warm'}: ${seconds.toFixed(2)} s (${work.toFixed(2)} s of a processor), ${mebibytes.toFixed(0)} MB, exit ${exit}; ${asked}`,
  )
}
server.close()
server.closeAllConnections()
rmSync(folder, { recursive: true, force: true })
