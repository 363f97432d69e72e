import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { getCACertificates } from 'node:tls'
import { promisify } from 'node:util'
import { EnvHttpProxyAgent, request } from 'undici'
import { findPython } from './tools.ts'

const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json'

/** The index that this machine's pip uses. Where it is stays unsaid: nothing prints it. */
export interface LiveIndex {
  /** `upstream.index`: without /simple */
  readonly index: string
  /** the origins of its files */
  readonly files: readonly string[]
  /** path of the certificate bundle that pip is told to use */
  readonly ca: string | undefined
}

/** Found by asking pip and then the index; or, for `t.test(name, { skip })`, why there is none to test against. */
export async function findLiveIndex(): Promise<
  { readonly live: LiveIndex; readonly skip: false } | { readonly live: undefined; readonly skip: string }
> {
  const settings = await pipSettings()
  const base = (settings.get('index-url') ?? 'https://pypi.org/simple').replace(/\/+$/, '')
  if (!base.startsWith('https:')) return { live: undefined, skip: 'the index of this machine’s pip is not HTTPS' }
  if (!base.endsWith('/simple')) return { live: undefined, skip: 'the index of this machine’s pip is not at /simple' }
  const ca = settings.get('cert')
  try {
    const files = await originsOfFiles(`${base}/sigstore/`, ca)
    return { live: { index: base.slice(0, -'/simple'.length), files, ca }, skip: false }
  } catch {
    return { live: undefined, skip: 'PyPI is out of reach' }
  }
}

/** The last one wins, as in pip: files, then the environment. */
async function pipSettings(): Promise<ReadonlyMap<string, string>> {
  const python = await findPython()
  if (python === undefined) return new Map()
  const { stdout } = await promisify(execFile)(python.path, ['-m', 'pip', 'config', 'list'])
  const settings = stdout.matchAll(/^(?:global|install|:env:)\.([\w-]+)=['"](.*)['"]$/gm)
  return new Map([...settings].map(([, key = '', value = '']) => [key, value]))
}

async function originsOfFiles(page: string, ca: string | undefined): Promise<readonly string[]> {
  const roots = ca === undefined ? {} : { connect: { ca: [...getCACertificates('default'), readFileSync(ca, 'utf8')] } }
  const agent = new EnvHttpProxyAgent(roots)
  try {
    const { statusCode, body } = await request(page, {
      dispatcher: agent,
      headers: { accept: SIMPLE_JSON },
      signal: AbortSignal.timeout(20_000),
    })
    const { files } = (await body.json()) as { readonly files: readonly { readonly url: string }[] }
    if (statusCode !== 200 || files.length === 0) throw new Error('the index has no such page')
    return [...new Set(files.map(({ url }) => new URL(url, page).origin))]
  } finally {
    await agent.close()
  }
}

/** What a gate on this machine needs from the environment to reach the outside. */
export function proxyEnvironment(): Readonly<Record<string, string | undefined>> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap(name => [name, name.toLowerCase()])
  return Object.fromEntries(names.map(name => [name, process.env[name]]))
}
