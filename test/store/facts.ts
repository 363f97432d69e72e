import { type Sha256, sha256Of } from '../../src/domain/base/digest.ts'
import type { Instant } from '../../src/domain/base/instant.ts'
import type { FindingKey, LearnedFinding, RememberedFinding } from '../../src/domain/memory/findings.ts'
import { type Proof, proofOf } from '../../src/domain/memory/history.ts'
import type { Facts, ProjectMemory, ProvedFile } from '../../src/domain/memory/project-memory.ts'
import { isChanged, type ListedFile } from '../../src/domain/memory/sighting.ts'
import type { FilePath, ProjectStatus } from '../../src/domain/packaging/artifact.ts'
import { parseDistFilename } from '../../src/domain/packaging/filename.ts'
import { type ProjectName, parseProjectName } from '../../src/domain/packaging/name.ts'
import type { Memory } from '../../src/ports/memory.ts'
import { encodeFinding } from '../../src/verify/evidence/finding-codec.ts'
import { attested } from '../world/judging/judging.ts'
import { START } from './stores.ts'

export const PKG = parseProjectName('pkg')
export const OTHER = parseProjectName('other')
export const KEY: FindingKey = {
  sha256: sha256Of('file'),
  filename: 'pkg-1.0.tar.gz',
  trustDigest: sha256Of('root'),
}

/** A file as a page lists it; its path follows from its content. */
export function fileOf(filename: string, content = filename): ListedFile & { readonly sha256: Sha256 } {
  const sha256 = sha256Of(content)
  const path = `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}` as FilePath
  const version = parseDistFilename(filename)?.version
  return { path, filename, sha256, version, uploaded: undefined, offered: false, yanked: false }
}

/** A page that tells all files there are. */
export function pageOf(files: readonly ListedFile[], at: Instant = START, status: ProjectStatus = 'active'): Facts {
  return { page: { at, status, files, unread: [] } }
}

/** Reads a page, and tells which of its files came with another sha256 than the first that was seen. */
export async function readPage(
  memory: Memory,
  project: ProjectName,
  files: readonly ListedFile[],
  at: Instant = START,
): Promise<{ readonly changed: readonly string[] }> {
  const { sightings } = await memory.learn(project, pageOf(files, at))
  return { changed: files.filter(file => isChanged(sightings, file)).map(({ filename }) => filename) }
}

export function found(
  finding: RememberedFinding['finding'] = attested(),
  changes: Partial<FindingKey> = {},
  at: Instant = START,
): LearnedFinding {
  return { key: { ...KEY, ...changes }, finding, found: at }
}

export async function findingIn(memory: Memory, key: FindingKey = KEY): Promise<RememberedFinding | undefined> {
  return (await memory.of(PKG)).findings.get(key)
}

/** What acme/pkg signed, proved at this time. */
export function proved(filename = 'pkg-1.0.tar.gz', at: Instant = START): ProvedFile {
  const proof: Proof | undefined = proofOf(attested(), at)
  const version = parseDistFilename(filename)?.version
  if (proof === undefined || version === undefined) throw new TypeError(`nothing is proved of ${filename}`)
  return { filename, version, proof }
}

/** A memory as plain data, the findings of these keys included: equal where nothing tells two memories apart. */
export function plain(memory: ProjectMemory, keys: readonly FindingKey[] = []): unknown {
  const { project, sightings, reading, proofs, settled, serials, findings } = memory
  return {
    project,
    sightings: sorted(sightings.values()),
    reading,
    proofs: sorted(proofs.values()),
    settled: sorted(settled.values()),
    serials,
    findings: keys.map(key => {
      const remembered = findings.get(key)
      return remembered === undefined ? undefined : [remembered.found, encodeFinding(remembered.finding)]
    }),
  }
}

function sorted<Entry extends { readonly filename: string }>(entries: Iterable<Entry>): readonly Entry[] {
  return [...entries].sort((one, other) => (one.filename < other.filename ? -1 : 1))
}

/** As text, whose keys are in the order of their names: which of them was set first is nobody's business. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, orderly) ?? ''
}

function orderly(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
}
