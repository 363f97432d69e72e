import type Database from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import { parseSha256 } from '../../domain/base/digest.ts'
import type { Instant } from '../../domain/base/instant.ts'
import type { TrustRootName } from '../../domain/identity/attestation.ts'
import { type SignerKey, signerKeyOf } from '../../domain/identity/signer.ts'
import { createHistory, type History, type Proof, type SeenFile } from '../../domain/memory/history.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Version } from '../../domain/packaging/version.ts'
import type { Histories } from '../../ports/memory.ts'
import { decodeClaims } from '../../verify/evidence/finding-codec.ts'
import type { PageRead, Sight } from './sightings-table.ts'
import type { WriteBehind } from './write-behind.ts'

/** A file's first proof, and the version that its name has. */
export interface ProvedFile {
  readonly filename: string
  readonly version: Version
  readonly proof: Proof
}

export interface HistoriesTable extends Histories {
  /** Something new was recorded of the project. */
  forget(project: ProjectName): void
}

interface Seen {
  files(project: ProjectName): ReadonlyMap<string, Sight>
  page(project: ProjectName): PageRead | undefined
}

export interface ProofRow {
  readonly filename: string
  readonly version: string
  readonly at: number
  readonly signed_at: number
  readonly key: string
  readonly root: string
  readonly claims: string
}

export const SELECT_PROOFS = `select filename, version, at, signed_at, key, root, claims
  from proofs join signers on signers.id = proofs.signer where project = ?`

/** Files whose summaries stay in memory, of all projects together. */
const MOST_FILES = 400_000

/** Summaries in memory, made from one query when something new was recorded. Nothing of it is ever deleted. */
export function createHistoriesTable(
  database: Database.Database,
  writes: WriteBehind,
  raise: (at: Instant) => void,
  seen: Seen,
): HistoriesTable {
  const selectProofs = database.prepare<[string], ProofRow>(SELECT_PROOFS)
  const selectSigner = database.prepare<[string], number>('select id from signers where key = ?').pluck()
  const insertSigner = database.prepare<[string, string, string]>(
    'insert into signers (key, root, claims) values (?, ?, ?)',
  )
  const insertProof = database.prepare<(string | number)[]>(
    `insert into proofs (project, filename, version, signer, at, signed_at) values (?, ?, ?, ?, ?, ?)
     on conflict do nothing`,
  )
  const histories = new LRUCache<ProjectName, { readonly history: History; readonly size: number }>({
    maxSize: MOST_FILES,
    sizeCalculation: ({ size }) => 16 + size,
  })
  /** project, then file name: what is not written yet */
  const pending = new Map<ProjectName, Map<string, ProvedFile>>()
  let waiting = 0

  writes.add({
    size: () => waiting,
    write(limit) {
      const rows = [
        ...pending
          .entries()
          .flatMap(([project, files]) => files.values().map(file => ({ project, file })))
          .take(limit),
      ]
      for (const { project, file } of rows) {
        const { filename, version, proof } = file
        insertProof.run(project, filename, version, signerId(proof), proof.at, proof.signedAt)
      }
      return () => {
        for (const { project, file } of rows) {
          const files = pending.get(project)
          if (files?.delete(file.filename)) waiting -= 1
          if (files?.size === 0) pending.delete(project)
        }
      }
    },
  })

  function signerId({ signer, root, claims }: Proof): number {
    return selectSigner.get(signer) ?? Number(insertSigner.run(signer, root, JSON.stringify(claims)).lastInsertRowid)
  }

  function proofs(project: ProjectName): ReadonlyMap<string, ProvedFile> {
    const rows = writes.ask('who signed a project could not be looked up', () => selectProofs.all(project))
    const known = new Map(rows.flatMap(row => provedFile(row) ?? []).map(file => [file.filename, file] as const))
    for (const [filename, file] of pending.get(project) ?? []) if (!known.has(filename)) known.set(filename, file)
    return known
  }

  function seenOf(project: ProjectName): readonly SeenFile[] {
    return seenFiles(seen.files(project), proofs(project), seen.page(project))
  }

  function of(project: ProjectName): History {
    const known = histories.get(project)
    if (known !== undefined) return known.history
    const files = seenOf(project)
    const history = createHistory(files)
    histories.set(project, { history, size: files.length })
    return history
  }

  return {
    of,
    seen: seenOf,
    proved(project, { filename, version }, proof) {
      const files = pending.get(project) ?? new Map<string, ProvedFile>()
      if (files.has(filename) || proofs(project).has(filename)) return
      writes.assertWriting()
      files.set(filename, { filename, version, proof })
      pending.set(project, files)
      waiting += 1
      histories.delete(project)
      raise(proof.at)
      writes.due()
    },
    forget: project => void histories.delete(project),
  }
}

/** A row whose claims are not what was written, or not those of its key, is absent. */
export function provedFile(row: ProofRow): ProvedFile | undefined {
  const claims = decodeClaims(row.claims)
  const root: TrustRootName | undefined = row.root === 'sigstore' ? 'sigstore' : parseSha256(row.root)
  if (claims === undefined || root === undefined || signerKeyOf(claims, root) !== row.key) return undefined
  return {
    filename: row.filename,
    version: row.version as Version,
    proof: {
      signer: row.key as SignerKey,
      claims,
      root,
      at: row.at as Instant,
      signedAt: row.signed_at as Instant,
    },
  }
}

/** What a page listed and what was proved, file by file; what is neither wheel nor sdist has no version and no history. */
export function seenFiles(
  sights: ReadonlyMap<string, Sight>,
  proofs: ReadonlyMap<string, ProvedFile>,
  page: PageRead | undefined,
): readonly SeenFile[] {
  const listed = [...sights.values()].flatMap((sight): readonly SeenFile[] => {
    const { filename, version, uploaded, firstSeen, absent, offered, gone } = sight
    if (version === undefined) return []
    const lastSeen = gone ?? page?.lastRead ?? firstSeen
    return [{ filename, version, uploaded, firstSeen, lastSeen, absent, offered, proof: proofs.get(filename)?.proof }]
  })
  const listedNames = new Set(listed.map(({ filename }) => filename))
  const others = [...proofs.values()].flatMap(({ filename, version, proof }): readonly SeenFile[] => {
    if (listedNames.has(filename)) return []
    const { at } = proof
    return [
      {
        filename,
        version,
        uploaded: undefined,
        firstSeen: at,
        lastSeen: at,
        absent: undefined,
        offered: undefined,
        proof,
      },
    ]
  })
  return [...listed, ...others]
}
