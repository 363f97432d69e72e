import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { initTUF } from '@sigstore/tuf'
import { errorCode } from '../../domain/base/error-code.ts'
import { createTrustFetch, FETCH_TIMEOUT_MS } from './fetch.ts'
import type { RefreshAnswer, RefreshRequest, TufMetadata } from './refresh-messages.ts'

const TARGET = 'trusted_root.json'
/** of one document; the refresh as a whole is tried again soon */
const RETRIES = 1

/** One refresh of the repository by TUF's client workflow, in a folder of its own; then this thread ends. */
async function refresh(request: RefreshRequest): Promise<RefreshAnswer> {
  const cache = cacheFolder(request)
  try {
    layMetadata(cache, request.metadata)
    const repository = await initTUF({
      mirrorURL: request.url,
      cachePath: request.folder,
      ...(request.rootFile === undefined ? {} : { rootPath: request.rootFile }),
      timeout: FETCH_TIMEOUT_MS,
      retry: { retries: RETRIES, minTimeout: 500 },
    })
    const target = await repository.getTarget(TARGET)
    return { kind: 'refreshed', target, metadata: readMetadata(cache) }
  } catch (error) {
    return { kind: 'failed', ...inWords(error), metadata: readMetadata(cache) }
  }
}

/** Where the library keeps what it knows of a repository. A test shows that it finds there what is laid there. */
function cacheFolder({ url, folder }: RefreshRequest): string {
  const { host, pathname } = new URL(url)
  return join(folder, encodeURIComponent(host + pathname.replace(/\/$/, '')))
}

function layMetadata(cache: string, metadata: TufMetadata): void {
  mkdirSync(cache, { recursive: true })
  for (const [role, text] of Object.entries(metadata)) writeFileSync(join(cache, `${basename(role)}.json`), text)
}

function readMetadata(cache: string): TufMetadata {
  const files = readdirSync(cache).filter(name => name.endsWith('.json'))
  return Object.fromEntries(files.map(name => [basename(name, '.json'), readFileSync(join(cache, name), 'utf8')]))
}

/** The innermost cause says what happened; its name or code is a word of a library's, its message may hold anything. */
function inWords(error: unknown): { readonly reason: string; readonly detail: string } {
  const messages: string[] = []
  let reason = 'Error'
  for (let inner = error; inner instanceof Error && messages.length < 5; inner = inner.cause) {
    messages.push(inner.message)
    reason = wordOf(inner)
  }
  return { reason, detail: messages.join(': ') }
}

function wordOf(error: Error): string {
  const code = errorCode(error)
  if (code !== undefined) return code
  return 'statusCode' in error ? `HTTP ${String(error.statusCode)}` : error.constructor.name
}

const request: RefreshRequest = workerData
globalThis.fetch = createTrustFetch(request)
parentPort?.postMessage(await refresh(request))
