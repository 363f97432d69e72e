import { setImmediate } from 'node:timers/promises'
import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { instant } from '../../domain/base/instant.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { type Revocation, revokedByName, revokedByProvenance } from '../../domain/policy/revocation.ts'
import type { Records } from '../../ports/records.ts'
import { type Download, Downloads } from '../records/downloads.ts'

export interface RevokedFile {
  readonly filename: string
  readonly sha256: Sha256
}

export interface RevokedFiles {
  readonly revocation: Revocation
  /** that the gate knows, downloaded or not: from pages, from proofs, from the journal */
  readonly files: readonly (RevokedFile & { readonly held: boolean })[]
  /** the latest first */
  readonly downloads: readonly Download[]
}

const FOR_EVER = instant(0)

/** Who has what is revoked: every admission on record of a file that a revocation names, by its name or by its provenance. */
export async function findRevoked(
  records: Pick<Records, 'journal' | 'attested' | 'projects' | 'project' | 'holds'>,
  revocations: readonly Revocation[],
): Promise<readonly RevokedFiles[]> {
  const proved = await provedBy(records, revocations)
  const naming = createNaming(revocations)
  const found = await knownFiles(records, revocations, proved)
  for await (const row of records.journal(FOR_EVER)) {
    const { outcome, project, filename, sha256: digest } = row
    const sha256 = parseSha256(digest ?? '')
    if (sha256 === undefined) continue
    const file = { filename, sha256 }
    for (const revocation of new Set([...naming(project, file), ...(proved.bySha256.get(sha256) ?? [])])) {
      const own = found.get(revocation)
      own?.know(file)
      if (outcome === 'admitted') own?.downloads.add(row)
    }
  }
  return await Promise.all(
    [...found].map(async ([revocation, own]) => ({
      revocation,
      files: await Promise.all(own.files.map(async file => ({ ...file, held: await records.holds(file.sha256) }))),
      downloads: own.downloads.latestFirst(),
    })),
  )
}

/** The files that the gate knows of each revocation, from pages and from proofs. */
export async function knownFiles(
  records: Pick<Records, 'attested' | 'projects' | 'project'>,
  revocations: readonly Revocation[],
  proved?: Awaited<ReturnType<typeof provedBy>>,
): Promise<ReadonlyMap<Revocation, Found>> {
  const found = new Map(revocations.map(revocation => [revocation, new Found()]))
  const naming = createNaming(revocations)
  for (const { file, by } of (proved ?? (await provedBy(records, revocations))).files) found.get(by)?.know(file)
  for await (const { project, ...file } of listedFiles(records, revocations))
    for (const revocation of naming(project, file)) found.get(revocation)?.know(file)
  return found
}

/** What the attestations on record say of each file. */
async function provedBy(
  records: Pick<Records, 'attested'>,
  revocations: readonly Revocation[],
): Promise<{
  readonly files: readonly { readonly file: RevokedFile; readonly by: Revocation }[]
  readonly bySha256: ReadonlyMap<Sha256, ReadonlySet<Revocation>>
}> {
  const asking = revocations.filter(({ what }) => what.kind === 'run' || what.kind === 'repository')
  const files: { readonly file: RevokedFile; readonly by: Revocation }[] = []
  const bySha256 = new Map<Sha256, Set<Revocation>>()
  for await (const { sha256, filename, finding } of asking.length === 0 ? [] : records.attested())
    for (const by of asking) {
      if (revokedByProvenance(finding, [by]) === undefined) continue
      files.push({ file: { filename, sha256 }, by })
      bySha256.set(sha256, (bySha256.get(sha256) ?? new Set()).add(by))
    }
  return { files, bySha256 }
}

/** Files on the pages that may hold what a revocation names; a sha256 may be anywhere. */
async function* listedFiles(
  records: Pick<Records, 'projects' | 'project'>,
  revocations: readonly Revocation[],
): AsyncGenerator<RevokedFile & { readonly project: string }> {
  const anywhere = revocations.some(({ what }) => what.kind === 'sha256')
  const named = new Set(revocations.flatMap(({ what }) => (what.kind === 'project' ? [what.project] : [])))
  for (const project of anywhere ? await records.projects() : named) {
    await setImmediate() // a gate that serves others reads many, and lets them have their turn
    for (const { filename, sha256 } of (await records.project(project)).sightings.values())
      if (sha256 !== undefined) yield { project, filename, sha256 }
  }
}

/** Which revocations name a file; the journal asks for the same one again and again. */
export function createNaming(
  revocations: readonly Revocation[],
): (project: string, file: RevokedFile) => readonly Revocation[] {
  const known = new Map<string, readonly Revocation[]>()
  return (text, { filename, sha256 }) => {
    const key = `${text} ${filename} ${sha256}`
    const before = known.get(key)
    if (before !== undefined) return before
    const project = tryProjectName(text)
    const dist = project === undefined ? undefined : parseDistFilename(filename, project)
    const naming =
      project === undefined || dist === undefined
        ? []
        : revocations.filter(
            revocation => revokedByName({ project, filename: dist, sha256 }, [revocation]) !== undefined,
          )
    known.set(key, naming)
    return naming
  }
}

/** What is found of one revocation. */
export class Found {
  readonly #files = new Map<string, RevokedFile>()
  readonly downloads = new Downloads()

  know(file: RevokedFile): void {
    this.#files.set(`${file.filename} ${file.sha256}`, file)
  }

  get files(): readonly RevokedFile[] {
    return [...this.#files.values()].sort((a, b) => (a.filename < b.filename ? -1 : 1))
  }
}
