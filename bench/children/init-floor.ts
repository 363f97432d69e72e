/**
 * Usage: init-floor.ts INDEX ROOT REQUIREMENTS — the least that `policy init` takes of a process: fetches the page of each package of the lock and
 * the provenance document of each attested file of it, 16 at once, and has the documents proved by the gate's own verifier. No history is
 * read, nothing is written down or drawn from it. Fails where a document proves nothing.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Agent, request } from 'undici'
import { parseSha256 } from '../../src/domain/base/digest.ts'
import { parseDistFilename } from '../../src/domain/packaging/filename.ts'
import { createVerifierPool } from '../../src/verify/workers/pool.ts'

interface ListedFile {
  readonly filename: string
  readonly provenance: string | null
  readonly hashes: { readonly sha256: string }
}

const [, , index = '', root = '', requirements = ''] = process.argv
const AT_ONCE = 16
const agent = new Agent({ connections: AT_ONCE })
const roots = { sigstore: { digest: 'floor', json: readFileSync(root, 'utf8') }, custom: [] }
const verifier = createVerifierPool({ size: 1, timeoutMs: 60_000, maxQueue: 1_000 })
const lock = readFileSync(requirements, 'utf8')
const names = [...lock.matchAll(/^(\S+)==/gm)].map(([, name]) => name)
const locked = new Set([...lock.matchAll(/sha256:([0-9a-f]{64})/g)].map(([, digest]) => digest))

async function fetched(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  const { statusCode, body } = await request(url, { dispatcher: agent, headers })
  const bytes = Buffer.from(await body.arrayBuffer())
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`)
  return bytes
}

async function prove({ filename, provenance, hashes }: ListedFile): Promise<void> {
  if (provenance === null || !locked.has(hashes.sha256)) return
  const dist = parseDistFilename(filename)
  const sha256 = parseSha256(hashes.sha256)
  if (dist === undefined || sha256 === undefined) throw new Error(`${filename} is no distribution`)
  const finding = await verifier.verify({ bytes: await fetched(provenance), filename: dist, sha256 }, roots)
  if (finding.kind !== 'attested') throw new Error(`${filename}: ${finding.detail}`)
}

verifier.warmUp(roots)
const left = names.values()
const files: ListedFile[] = []
async function readPages(): Promise<void> {
  const headers = { accept: 'application/vnd.pypi.simple.v1+json', 'accept-encoding': 'gzip' }
  for (const name of left) {
    const page = JSON.parse(gunzipSync(await fetched(`${index}/simple/${name}/`, headers)).toString())
    files.push(...page.files)
  }
}
async function proveAll(waiting: Iterable<ListedFile>): Promise<void> {
  for (const file of waiting) await prove(file)
}

await Promise.all(Array.from({ length: AT_ONCE }, readPages))
const waiting = files.values()
await Promise.all(Array.from({ length: AT_ONCE }, () => proveAll(waiting)))
await verifier.close()
await agent.close()
