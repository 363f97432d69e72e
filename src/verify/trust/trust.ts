import { mkdir, readFile, stat } from 'node:fs/promises'
import { GateError } from '../../domain/base/errors.ts'
import { type Clock, formatInstant, type Instant, instant, type Millis, millis } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { Trust, TrustMaterial, TrustStatus } from '../../ports/trust.ts'
import { parseUpstreamBase } from '../../protocol/simple/upstream-base.ts'
import { readTrustCa } from './trust-ca.ts'
import { newestKey, readTrustedRoot } from './trusted-root.ts'
import { createTufTrust } from './tuf.ts'

export interface TrustOptions {
  /** Sigstore's TUF repository, the copy that the libraries ship, or a file that somebody chose */
  readonly root: 'tuf' | 'embedded' | { readonly file: string }
  /** a mirror of the repository: `https:`, or `http:` on a loopback address */
  readonly tufUrl: string | undefined
  /** file name of the root.json to begin with; needed with `tufUrl` */
  readonly tufRoot: string | undefined
  /** since the last refresh that succeeded; `tuf` only */
  readonly maxAge: Millis
  /** where the last refresh is kept; `tuf` only */
  readonly folder: string
  readonly clock: Clock
  readonly events: Events
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in either case */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** PEM, added to the default roots */
  readonly ca: string | undefined
  readonly refreshEvery?: Millis
  /** `tuf` only; false: only what was kept is looked at, and nobody is asked. Default true. */
  readonly refresh?: boolean
}

/** Sigstore's own repository; its first root.json comes with the library. */
const SIGSTORE = 'https://tuf-repo-cdn.sigstore.dev'
const REFRESH_EVERY = millis(6 * 60 * 60_000)

/**
 * The trust root in force. Never waits for the network: with `tuf` the last refresh is read from disk and the next one
 * begins in the background. Throws `config-invalid` for what an operator must put right.
 */
export async function createTrust(options: TrustOptions): Promise<Trust> {
  const { root, events } = options
  if (root === 'tuf') return await openRepository(options)
  const trust = root === 'embedded' ? await readEmbedded() : await readPinned(root.file)
  const { digest, detail } = trust.status(options.clock())
  events.emit({ type: 'trust', action: 'loaded', digest, detail })
  return trust
}

async function openRepository(options: TrustOptions): Promise<Trust> {
  const { tufUrl, tufRoot, folder, environment, ca } = options
  if (tufUrl !== undefined && tufRoot === undefined)
    throw new GateError('config-invalid', 'trust.tuf_url needs trust.tuf_root, the root.json to begin with')
  if (ca !== undefined) readTrustCa(ca)
  const rootJson = tufRoot === undefined ? undefined : await readSetting(tufRoot, 'trust.tuf_root')
  try {
    // who only looks makes nothing
    if (options.refresh !== false) await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new GateError('config-invalid', `the folder of the trust root ${folder} cannot be made`, { cause })
  }
  return await createTufTrust({
    ...options,
    url: tufUrl === undefined ? SIGSTORE : parseUpstreamBase(tufUrl, 'trust.tuf_url').href,
    // the default is public and must be named to be allowed; a mirror's address is nobody's business but the operator's
    called: tufUrl === undefined ? SIGSTORE : 'the TUF repository of trust.tuf_url',
    rootJson: rootJson?.toString('utf8'),
    refreshEvery: options.refreshEvery ?? REFRESH_EVERY,
    refresh: options.refresh ?? true,
    proxies: proxiesOf(environment),
  })
}

function proxiesOf(environment: TrustOptions['environment']): Readonly<Record<string, string>> {
  const names = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'no_proxy', 'NO_PROXY']
  return Object.fromEntries(
    names.flatMap(name => {
      const value = environment[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

// ---------------------------------------------------------------- roots that nobody refreshes

/** For trials: as old as the libraries. */
async function readEmbedded(): Promise<Trust> {
  const { default: seeds } = await import('@sigstore/tuf/seeds.json', { with: { type: 'json' } })
  const material = readTrustedRoot(Buffer.from(seeds[SIGSTORE].targets['trusted_root.json'], 'base64'))
  const newest = newestKey(material)
  return createFixedTrust('embedded', material, {
    newest,
    detail: `the copy shipped with the libraries, for trials; its newest key is from ${dayOf(newest)} and nothing refreshes it`,
  })
}

async function readPinned(path: string): Promise<Trust> {
  const bytes = await readSetting(path, 'trust.root')
  const { mtimeMs } = await stat(path)
  try {
    const material = readTrustedRoot(bytes)
    const newest = newestKey(material)
    // whoever copies a file makes its time, and nothing inside says when somebody last looked
    return createFixedTrust('pinned', material, {
      newest,
      detail: `the file that trust.root names, written here on ${dayOf(instant(mtimeMs))}; how old the root is, is not known: its newest key is from ${dayOf(newest)}. Nothing refreshes it`,
    })
  } catch (cause) {
    throw new GateError('config-invalid', `trust.root: ${path} is no usable trusted_root.json`, { cause })
  }
}

async function readSetting(path: string, setting: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new GateError('config-invalid', `${setting}: ${path} cannot be read`, { cause })
  }
}

function dayOf(at: Instant): string {
  return formatInstant(at).slice(0, 10)
}

/** In force until the process ends. Its age is not known, and stops nothing. */
function createFixedTrust(
  source: 'embedded' | 'pinned',
  material: TrustMaterial,
  { newest, detail }: { readonly newest: Instant; readonly detail: string },
): Trust {
  return {
    fresh: () => material,
    digest: () => material.digest,
    status(): TrustStatus {
      const { digest } = material
      return { source, digest, refreshed: undefined, ageMs: undefined, newestKey: newest, fresh: true, detail }
    },
    async settled() {},
    async close() {},
  }
}
