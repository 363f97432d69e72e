/**
 * Usage: index.ts FOLDER PROJECTS LATENCY trace|lock — an index of its own making that answers every request so many milliseconds late.
 * Writes `trusted_root.json`, `trace.json` ({@link TraceStep}) and `requirements.txt` to the folder, then prints {@link IndexReady}.
 * `GET /told` says what was asked of it since it was asked that last ({@link IndexTold}), at once.
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { createSigningWorld } from '../../test/world/signing/signing.ts'

const [, , folder = '', count = '500', latency = '20', shape = 'trace'] = process.argv

/** What a client asks of one project: its page, which lists so many files, and the `.metadata` of its newest wheel. */
export interface TraceStep {
  readonly page: string
  readonly files: number
  readonly metadata: string
  readonly sha256: string
}

export interface IndexReady {
  readonly origin: string
  /** on all pages */
  readonly files: number
  /** in requirements.txt */
  readonly locked: number
  /** of them, those that are attested */
  readonly attested: number
  /** of all pages */
  readonly bytes: number
}

export interface IndexTold {
  readonly requests: number
  readonly provenance: number
  /** at once */
  readonly most: number
}

const DAY = 86_400_000
const IDENTITY = { kind: 'github', repository: 'acme/bench', workflow: 'release.yml', ref: 'refs/tags/v1.0' } as const
const JSON_PAGE = 'application/vnd.pypi.simple.v1+json'
const PYTHONS = ['cp310', 'cp311', 'cp312', 'cp313']
const PLATFORMS = ['manylinux_2_17_x86_64', 'manylinux_2_17_aarch64', 'musllinux_1_2_x86_64', 'macosx_11_0_arm64']
const TAGS = PYTHONS.flatMap(python => PLATFORMS.map(platform => `${python}-${python}-${platform}`))
/** A release as locks have them: 14 wheels and a source distribution. */
const LOCKED_TAGS = TAGS.slice(0, 14)
const OLDER = 300
/** In a lock, every so manieth project is attested. */
const ATTESTED = 6
const WORDS =
  'a wheel of some size has a description that says at length what it is for and how it is to be used'.split(' ')

interface Answer {
  readonly type: string
  readonly body: Buffer
  readonly gzip?: Buffer
  readonly etag?: string
}

interface File {
  readonly filename: string
  readonly version: string
  readonly sha256: string
  readonly metadataSha256: string | undefined
  readonly uploaded: number
  readonly newest: boolean
  /** offered with provenance */
  readonly attested: boolean
}

const hex = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex')
/** The same number in every run, below `limit`. */
const drawn = (seed: string, limit: number): number => Number.parseInt(hex(seed).slice(0, 8), 16) % limit

const signing = await createSigningWorld()
const answers = new Map<string, Answer>()
const documents = new Map<string, () => Promise<Answer>>()
let told = { requests: 0, provenance: 0, most: 0 }
let underWay = 0

/** Most projects list 5 to 50 files, every eighth up to 150, every twentieth 300. */
function filesOf(name: string, number: number): number {
  if (number % 20 === 19) return 300
  return number % 8 === 7 ? 51 + drawn(`${name} many`, 100) : 5 + drawn(`${name} files`, 46)
}

/** 2 to 20 KB, as descriptions make it. */
function metadataOf(name: string, version: string): Buffer {
  const requires = Array.from(
    { length: 3 + drawn(`${name} requires`, 12) },
    (_, at) => `Requires-Dist: some-other-${at}>=1.${at}`,
  )
  const head = [
    'Metadata-Version: 2.1',
    `Name: ${name}`,
    `Version: ${version}`,
    'Summary: made for a benchmark',
    'Requires-Python: >=3.9',
    'Description-Content-Type: text/markdown',
  ]
  const bytes = 2_000 + drawn(`${name} bytes`, 18_000)
  let text = `${[...head, ...requires].join('\n')}\n\n`
  for (let at = 0; text.length < bytes; at += 1)
    text += `${WORDS[drawn(`${name} ${at}`, WORDS.length)]}${at % 12 === 11 ? '\n' : ' '}`
  return Buffer.from(`${text}\n`)
}

/**
 * In a trace every third project has wheels for platforms, the others one wheel; in a lock the newest release has one for each of many. Each
 * release has an sdist besides. Attested is the newest release: of a trace always, of a lock now and then.
 */
function listed(name: string, number: number): { readonly files: readonly File[]; readonly metadata: Buffer } {
  const platforms = number % 3 === 0 ? TAGS.slice(8, 12) : ['py3-none-any']
  const before = shape === 'lock' ? OLDER : filesOf(name, number) - platforms.length - 1
  const releases = Math.max(2, 1 + Math.ceil(before / (platforms.length + 1)))
  const stem = name.replaceAll('-', '_')
  const metadata = metadataOf(name, `1.${releases - 1}.0`)
  const files = Array.from({ length: releases }, (_, release) => {
    const version = `1.${release}.0`
    const newest = release === releases - 1
    const attested = newest && (shape === 'trace' || number % ATTESTED === 0)
    const of = { version, newest, attested, uploaded: Date.now() - (releases - release) * 20 * DAY }
    const digest = newest ? hex(metadata) : hex(`${name} ${version}`)
    const tags = newest && shape === 'lock' ? LOCKED_TAGS : platforms
    const wheels = tags.map(tag => ({ ...of, filename: `${stem}-${version}-${tag}.whl`, metadataSha256: digest }))
    return [...wheels, { ...of, filename: `${stem}-${version}.tar.gz`, metadataSha256: undefined }]
  }).flat()
  return { files: files.map(file => ({ ...file, sha256: hex(`bytes of ${file.filename}`) })), metadata }
}

function pathOf({ filename, sha256 }: File): string {
  return `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}`
}

function provenancePath(project: string, { version, filename }: File): string {
  return `/integrity/${project}/${version}/${filename}/provenance`
}

function renderPage(name: string, files: readonly File[]): Answer {
  const text = JSON.stringify({
    files: files.map(file => {
      const offered = file.metadataSha256 === undefined ? false : { sha256: file.metadataSha256 }
      return {
        'core-metadata': offered,
        'data-dist-info-metadata': offered,
        filename: file.filename,
        hashes: { sha256: file.sha256 },
        provenance: file.attested ? `${origin}${provenancePath(name, file)}` : null,
        'requires-python': '>=3.9',
        size: 10_000 + drawn(file.filename, 1_000_000),
        'upload-time': new Date(file.uploaded).toISOString(),
        url: `${origin}${pathOf(file)}`,
        yanked: false,
      }
    }),
    meta: { '_last-serial': 1_000, 'api-version': '1.4' },
    name,
    'project-status': { status: 'active' },
    versions: [...new Set(files.map(({ version }) => version))],
  })
  return { type: JSON_PAGE, body: Buffer.from(text), gzip: gzipSync(text), etag: `"${hex(text).slice(0, 32)}"` }
}

async function sign({ filename, sha256 }: File): Promise<Answer> {
  const attestation = await signing.attest({ filename, sha256, identity: IDENTITY })
  const body = signing.provenance([{ publisher: signing.publisher(IDENTITY), attestations: [attestation] }])
  return { type: 'application/vnd.pypi.integrity.v1+json', body }
}

function once(make: () => Promise<Answer>): () => Promise<Answer> {
  let made: Promise<Answer> | undefined
  return () => {
    made ??= make()
    return made
  }
}

async function find(path: string): Promise<Answer | undefined> {
  return answers.get(path) ?? (await documents.get(path)?.())
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = '/', headers } = request
  if (url === '/told') {
    response.end(JSON.stringify(told satisfies IndexTold))
    told = { requests: 0, provenance: 0, most: 0 }
    return
  }
  underWay += 1
  response.once('close', () => {
    underWay -= 1
  })
  told.requests += 1
  told.most = Math.max(told.most, underWay)
  if (url.endsWith('/provenance')) told.provenance += 1
  const [found] = await Promise.all([find(url), sleep(Number(latency))])
  if (found === undefined) return void response.writeHead(404, { 'content-length': 0 }).end()
  const { type, body, gzip, etag } = found
  const common =
    etag === undefined ? {} : { etag, 'cache-control': 'max-age=600, public', 'x-pypi-last-serial': '1000' }
  if (etag !== undefined && headers['if-none-match'] === etag) return void response.writeHead(304, common).end()
  const coded = gzip !== undefined && String(headers['accept-encoding']).includes('gzip')
  const sent = coded ? gzip : body
  const coding = coded ? { 'content-encoding': 'gzip' } : {}
  response.writeHead(200, { 'content-type': type, 'content-length': sent.length, ...coding, ...common }).end(sent)
}

const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
let bytes = 0
const steps: TraceStep[] = []
const requirements: string[] = []
const locked: File[] = []
for (let number = 0; number < Number(count); number += 1) {
  const project = `made-project-${number}`
  const { files, metadata } = listed(project, number)
  const page = renderPage(project, files)
  answers.set(`/simple/${project}/`, page)
  bytes += page.body.length
  const newest = files.filter(file => file.newest)
  for (const file of newest) {
    const served = { type: 'application/octet-stream', body: metadata }
    if (file.metadataSha256 !== undefined) answers.set(`${pathOf(file)}.metadata`, served)
    if (file.attested)
      documents.set(
        provenancePath(project, file),
        once(() => sign(file)),
      )
  }
  const [wheel] = newest
  if (wheel === undefined) throw new Error(`${project} has no release`)
  // what will be asked for is signed before; the other documents are when they are asked for
  for (const file of shape === 'lock' ? newest : [wheel]) await documents.get(provenancePath(project, file))?.()
  steps.push({
    page: `/simple/${project}/`,
    files: files.length,
    metadata: `${pathOf(wheel)}.metadata`,
    sha256: hex(metadata),
  })
  const hashes = newest.map(({ sha256 }) => ` \\\n    --hash=sha256:${sha256}`)
  requirements.push(`${project}==${wheel.version}${hashes.join('')}\n`)
  locked.push(...newest)
}
writeFileSync(join(folder, 'trusted_root.json'), signing.trustedRootJson)
writeFileSync(join(folder, 'trace.json'), JSON.stringify(steps))
writeFileSync(join(folder, 'requirements.txt'), requirements.join(''))
const files = steps.reduce((sum, step) => sum + step.files, 0)
const attested = locked.filter(file => file.attested).length
const ready: IndexReady = { origin, files, locked: locked.length, attested, bytes }
process.stdout.write(`${JSON.stringify(ready)}\n`)
