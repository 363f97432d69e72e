import { createHash } from 'node:crypto'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Fault, type FaultAction, FaultProgram, type Route } from './upstream-faults.ts'
import {
  announce,
  type Dialect,
  isVersion,
  pathOf,
  renderHtmlPage,
  renderLegacy,
  renderPage,
  type UpstreamFile,
  type UpstreamProject,
  versionOf,
} from './upstream-project.ts'

/** One request that reached the upstream, whatever became of it. */
export interface UpstreamRequest {
  readonly route: Route
  readonly origin: string
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

export interface UpstreamOptions {
  /** serve files from an origin of their own, as PyPI does */
  readonly files?: 'own-origin'
  /** serve the Integrity API from an origin of its own */
  readonly integrity?: 'own-origin'
  readonly dialect?: Partial<Dialect>
  /** of all bodies together, as a link has it */
  readonly bytesPerSecond?: number
}

/** An index that speaks what PyPI speaks, on loopback, and does wrong what it is told to. */
export interface Upstream {
  readonly origin: string
  readonly filesOrigin: string
  readonly integrityOrigin: string
  /** oldest first */
  readonly requests: readonly UpstreamRequest[]
  /** how many requests of a route there were, those whose path contains `match` */
  count(route: Route, match?: string): number
  forgetRequests(): void
  fault(fault: Fault): void
  clearFaults(): void
  add(project: string, ...files: readonly UpstreamFile[]): void
  /** without a file name: the whole project */
  remove(project: string, filename?: string): void
  /** changes what is served or said of a file, and only what is named: announced digests and sizes stay */
  replace(project: string, filename: string, changes: Partial<UpstreamFile>): void
  yank(project: string, filename: string, reason?: string): void
  setStatus(project: string, status: string, reason?: string): void
  setSerial(project: string, serial: number): void
  speak(dialect: Partial<Dialect>): void
  /** bytes a second for all bodies together; `undefined` is as fast as it goes */
  limit(bytesPerSecond: number | undefined): void
  /** `/packages/…` */
  pathOf(project: string, filename: string): string
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json'
const INTEGRITY_JSON = 'application/vnd.pypi.integrity.v1+json'
const CHUNK = 64 * 1024

export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const projects = new Map<string, UpstreamProject>()
  const faults = new FaultProgram()
  let requests: UpstreamRequest[] = []
  let dialect: Dialect = { minor: 4, provenance: true, coreMetadata: true, versions: true, ...options.dialect }
  let serial = 1_000
  let rate = options.bytesPerSecond
  let linkFreeAt = 0

  const listener = (serves: readonly Route[]) => (request: IncomingMessage, response: ServerResponse) =>
    void answer(serves, request, response).catch(() => response.destroy())
  const all: readonly Route[] = ['root', 'page', 'legacy', 'provenance', 'file', 'metadata', 'other']
  const elsewhere: readonly Route[] = [
    ...(options.files === undefined ? [] : (['file', 'metadata'] as const)),
    ...(options.integrity === undefined ? [] : (['provenance'] as const)),
  ]
  const index = await listen(listener(all.filter(route => !elsewhere.includes(route))))
  const files = options.files === undefined ? index : await listen(listener(['file', 'metadata', 'other']))
  const integrity = options.integrity === undefined ? index : await listen(listener(['provenance', 'other']))
  const origins = { files: files.origin, integrity: integrity.origin }

  async function answer(serves: readonly Route[], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request
    // a segment may hold "%2B", which is a plus sign
    const path = decodeURIComponent(new URL(url, 'http://upstream.test').pathname)
    const route = routeOf(path)
    requests.push({ route, origin: `http://${headers.host ?? ''}`, method, url, headers })
    const answered = serves.includes(route) ? reply(route, path, request) : missing()
    await send(request, response, answered, faults.take(route, path))
  }

  function reply(route: Route, path: string, { headers }: IncomingMessage): Answer {
    const [first = '', second, third = '', fourth] = path.split('/').filter(part => part !== '')
    const project = projects.get(second?.toLowerCase().replace(/[-_.]+/g, '-') ?? '')
    switch (route) {
      case 'root':
        return withTag(renderRoot(), SIMPLE_JSON, serial, headers)
      case 'page':
        if (project === undefined) return missing()
        if (path !== `/${first}/${project.name}/`) return moved(`/simple/${project.name}/`)
        return dialect.form === 'html'
          ? plain(200, 'text/html; charset=utf-8', renderHtmlPage(project, dialect, origins))
          : withTag(renderPage(project, dialect, origins), SIMPLE_JSON, project.serial, headers)
      case 'legacy': {
        const version = fourth === 'json' ? third : undefined
        const body = project === undefined ? undefined : renderLegacy(project, version, origins)
        return project === undefined || body === undefined
          ? missing()
          : withTag(body, 'application/json', project.serial, headers)
      }
      case 'provenance': {
        const file = project?.files.find(({ filename }) => filename === fourth)
        const listed =
          project !== undefined && file !== undefined && isVersion(third, versionOf(file.filename, project.name))
        if (!listed || file.provenance === undefined)
          return plain(404, 'application/json', JSON.stringify({ message: `No provenance available for ${fourth}` }))
        return plain(200, INTEGRITY_JSON, file.provenance)
      }
      case 'file':
      case 'metadata': {
        const file = findFile(route === 'file' ? path : path.slice(0, -'.metadata'.length))
        const body = route === 'file' ? file?.bytes : file?.filename.endsWith('.whl') ? file.metadata : undefined
        if (body === undefined) return missing()
        const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? []
        const start = Number(from ?? 0)
        return {
          status: from === undefined ? 200 : 206,
          headers: {
            'content-type': 'application/octet-stream',
            'cache-control': 'max-age=365000000, immutable, public',
            'accept-ranges': 'bytes',
            ...(from === undefined ? {} : { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }),
          },
          body: body.subarray(start),
        }
      }
      case 'other':
        return missing()
      default:
        return route satisfies never
    }
  }

  function renderRoot(): Buffer {
    const listed = [...projects.values()].map(project => ({ '_last-serial': project.serial, name: project.name }))
    const meta = { '_last-serial': serial, 'api-version': `1.${dialect.minor}` }
    return Buffer.from(`${JSON.stringify({ meta, projects: listed })}\n`)
  }

  function findFile(path: string): UpstreamFile | undefined {
    for (const project of projects.values()) {
      const file = project.files.find(candidate => pathOf(candidate) === path)
      if (file !== undefined) return file
    }
    return undefined
  }

  async function send(
    request: IncomingMessage,
    response: ServerResponse,
    intended: Answer,
    fault: FaultAction,
  ): Promise<void> {
    if (fault.delayMs !== undefined) await sleep(fault.delayMs)
    await fault.once
    if (fault.hang) return
    if (fault.reset) return void request.socket.resetAndDestroy()
    const replaced = fault.bytes === undefined ? intended.body : Buffer.from(fault.bytes)
    const body = fault.alter === undefined ? replaced : Buffer.from(fault.alter(replaced))
    const status = fault.status ?? intended.status
    const headers: Record<string, string | undefined> = { ...intended.headers, ...fault.headers }
    if (status !== 304 && !('content-length' in headers)) headers['content-length'] = String(body.length)
    const kept = Object.entries(headers).filter((header): header is [string, string] => header[1] !== undefined)
    response.writeHead(status, Object.fromEntries(kept))
    if (request.method === 'HEAD' || status === 304) return void response.end()
    const stop = fault.truncateAt ?? fault.resetAt ?? fault.hangAt
    await write(response, stop === undefined ? body : body.subarray(0, stop))
    if (stop === undefined) return void response.end()
    if (fault.truncateAt !== undefined) request.socket.destroySoon()
    else if (fault.resetAt !== undefined) request.socket.resetAndDestroy()
  }

  async function write(response: ServerResponse, body: Buffer): Promise<void> {
    response.flushHeaders()
    const step = rate === undefined ? body.length : CHUNK
    for (let sent = 0; sent < body.length && !response.destroyed; sent += step) {
      const chunk = body.subarray(sent, sent + step)
      await takeLink(chunk.length)
      await new Promise<void>(resolve => response.write(chunk, () => resolve()))
    }
  }

  /** Waits until the link has carried what was sent before. */
  async function takeLink(bytes: number): Promise<void> {
    if (rate === undefined) return
    const now = performance.now()
    const start = Math.max(now, linkFreeAt)
    linkFreeAt = start + (bytes / rate) * 1000
    // timers are coarse: short debts are carried over
    if (start - now > 2) await sleep(start - now)
  }

  function projectNamed(name: string): UpstreamProject {
    const normalised = name.toLowerCase().replace(/[-_.]+/g, '-')
    const project = projects.get(normalised) ?? {
      name: normalised,
      files: [],
      serial: 0,
      status: { status: 'active' },
    }
    projects.set(normalised, project)
    return project
  }

  function change(name: string, how: (project: UpstreamProject) => void): void {
    const project = projectNamed(name)
    how(project)
    serial += 1
    project.serial = serial
  }

  function replace(project: string, filename: string, changes: Partial<UpstreamFile>): void {
    change(project, found => {
      found.files = found.files.map(file => (file.filename === filename ? { ...file, ...changes } : file))
    })
  }

  return {
    origin: index.origin,
    filesOrigin: files.origin,
    integrityOrigin: integrity.origin,
    get requests() {
      return requests
    },
    count: (route, match = '') => requests.filter(seen => seen.route === route && seen.url.includes(match)).length,
    forgetRequests: () => {
      requests = []
    },
    fault: fault => faults.add(fault),
    clearFaults: () => faults.clear(),
    add: (project, ...added) => change(project, found => void found.files.push(...added.map(announce))),
    remove: (project, filename) => {
      if (filename === undefined) return void projects.delete(projectNamed(project).name)
      change(project, found => {
        found.files = found.files.filter(file => file.filename !== filename)
      })
    },
    replace,
    yank: (project, filename, reason) => replace(project, filename, { yanked: reason ?? true }),
    setStatus: (project, status, reason) =>
      change(project, found => {
        found.status = reason === undefined ? { status } : { status, reason }
      }),
    setSerial: (project, value) => {
      projectNamed(project).serial = value
    },
    speak: changes => {
      dialect = { ...dialect, ...changes }
    },
    limit: bytesPerSecond => {
      rate = bytesPerSecond
    },
    pathOf: (project, filename) => {
      const file = projectNamed(project).files.find(candidate => candidate.filename === filename)
      if (file === undefined) throw new Error(`the upstream has no ${filename}`)
      return pathOf(file)
    },
    close: async () => {
      for (const { server } of new Set([index, files, integrity])) await shut(server)
    },
  }
}

function routeOf(path: string): Route {
  if (/^\/simple\/?$/.test(path)) return 'root'
  if (path.startsWith('/simple/')) return 'page'
  if (path.startsWith('/pypi/')) return 'legacy'
  if (path.startsWith('/integrity/')) return 'provenance'
  return path.endsWith('.metadata') ? 'metadata' : path.startsWith('/packages/') ? 'file' : 'other'
}

function missing(): Answer {
  return plain(404, 'text/plain; charset=utf-8', '404 Not Found')
}

function moved(location: string): Answer {
  return { status: 301, headers: { location, 'content-type': 'text/plain' }, body: Buffer.from('') }
}

function plain(status: number, type: string, body: string | Buffer): Answer {
  return { status, headers: { 'content-type': type }, body: Buffer.from(body) }
}

function withTag(body: Buffer, type: string, serial: number, { 'if-none-match': known }: IncomingHttpHeaders): Answer {
  const etag = `"${createHash('md5').update(body).digest('base64url')}"`
  const headers = {
    etag,
    'cache-control': 'max-age=600, public',
    'x-pypi-last-serial': String(serial),
    vary: 'Accept, Accept-Encoding',
  }
  if (known === etag) return { status: 304, headers, body: Buffer.alloc(0) }
  return { status: 200, headers: { ...headers, 'content-type': type }, body }
}

async function listen(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly server: Server; readonly origin: string }> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function shut(server: Server): Promise<void> {
  await new Promise<void>(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
