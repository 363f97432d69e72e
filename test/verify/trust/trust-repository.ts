import { createHash } from 'node:crypto'
import { KeyPair } from '@tufjs/repo-mock/dist/key.js'
import {
  createRootMeta,
  createSnapshotMeta,
  createTargetsMeta,
  createTimestampMeta,
} from '@tufjs/repo-mock/dist/metadata.js'
import { collectTargets } from '@tufjs/repo-mock/dist/target.js'
import type { Test } from 'tap'
import { type Loopback, serve } from '../../world/network/loopback.ts'

const TARGET = 'trusted_root.json'
const YEAR = 365 * 86_400_000
/** where a redirect leads; what is there is right */
const ELSEWHERE = '/elsewhere'

/** What one publication says differently from the last. */
interface Publication {
  readonly trustedRoot?: string
  /** of timestamp, snapshot and targets; default: one more than before */
  readonly version?: number
  /** of the timestamp; default: in a year */
  readonly expires?: Date
}

/** How the repository's server misbehaves. */
export type TufFault = 'gone' | 'hangs' | 'fails' | 'redirects' | undefined

/** A TUF repository whose keys this test holds, behind a real server; it writes and names its files as Sigstore's does. */
export interface TufRepository {
  readonly server: Loopback
  /** the root.json that a client begins with */
  readonly firstRoot: string
  publish(publication: Publication): void
  /** New keys for every role, certified by the old ones. */
  rotate(): void
  /** Serves other bytes under a target's or a role's name. */
  tamper(path: string, change: (text: string) => string): void
  /** From now on; `undefined`: none. */
  fault: TufFault
  readonly paths: () => readonly string[]
}

type Root = ReturnType<typeof createRootMeta>

export async function startTufRepository(t: Test, trustedRoot: string): Promise<TufRepository> {
  const files = new Map<string, string>()
  let keys = new KeyPair()
  let root = rootOf(keys, 1)
  let version = 0
  let content = trustedRoot
  let fault: TufFault

  const server = await serve(t, (request, response) => {
    if (fault === 'hangs') return
    if (fault === 'gone') return void request.socket.destroy()
    const { url = '' } = request
    const moved = url.startsWith(ELSEWHERE)
    if (fault === 'redirects' && !moved) return void response.writeHead(302, { location: `${ELSEWHERE}${url}` }).end()
    const body = fault === 'fails' ? undefined : files.get(moved ? url.slice(ELSEWHERE.length) : url)
    response.writeHead(fault === 'fails' ? 503 : body === undefined ? 404 : 200).end(body ?? '')
  })

  function publish(publication: Publication): void {
    version = publication.version ?? version + 1
    content = publication.trustedRoot ?? content
    const sign = (data: Buffer) => keys.sign(data)
    const targets = createTargetsMeta(collectTargets([{ name: TARGET, content }]), keys)
    Object.assign(targets.signed, { version })
    targets.sign(sign, false)
    const snapshot = createSnapshotMeta(targets, keys)
    Object.assign(snapshot.signed, { version })
    Object.assign(snapshot.signed.meta['targets.json'] ?? {}, { version })
    snapshot.sign(sign, false)
    const timestamp = createTimestampMeta(snapshot, keys)
    Object.assign(timestamp.signed, { version })
    Object.assign(timestamp.signed.snapshotMeta, { version })
    if (publication.expires !== undefined)
      Object.assign(timestamp.signed, { expires: publication.expires.toISOString() })
    timestamp.sign(sign, false)
    files.set(`/targets/${createHash('sha256').update(content).digest('hex')}.${TARGET}`, content)
    files.set(`/${version}.targets.json`, JSON.stringify(targets))
    files.set(`/${version}.snapshot.json`, JSON.stringify(snapshot))
    files.set('/timestamp.json', JSON.stringify(timestamp))
  }

  publish({})
  return {
    server,
    firstRoot: JSON.stringify(root),
    publish,
    rotate() {
      const old = keys
      keys = new KeyPair()
      root = rootOf(keys, root.signed.version + 1)
      root.sign(data => old.sign(data))
      files.set(`/${root.signed.version}.root.json`, JSON.stringify(root))
      publish({})
    },
    tamper(path, change) {
      for (const [name, text] of files) if (name.endsWith(path)) files.set(name, change(text))
    },
    get fault() {
      return fault
    },
    set fault(next: TufFault) {
      fault = next
    },
    paths: () => server.requests.map(({ url }) => url),
  }
}

function rootOf(keys: KeyPair, version: number): Root {
  const root = createRootMeta(keys)
  const expires = new Date(Date.now() + YEAR).toISOString()
  Object.assign(root.signed, { version, expires, consistentSnapshot: true })
  root.sign(data => keys.sign(data), false)
  return root
}
