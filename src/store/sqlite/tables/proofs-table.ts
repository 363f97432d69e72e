import type Database from 'better-sqlite3'
import { parseSha256 } from '../../../domain/base/digest.ts'
import { instant } from '../../../domain/base/instant.ts'
import type { TrustRootName } from '../../../domain/identity/attestation.ts'
import type { Claims } from '../../../domain/identity/claims.ts'
import { type SignerKey, signerKeyOf } from '../../../domain/identity/signer.ts'
import type { Proof } from '../../../domain/memory/history.ts'
import type { ProvedFile } from '../../../domain/memory/project-memory.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { Version } from '../../../domain/packaging/version.ts'
import { decodeClaims } from '../../../verify/evidence/finding-codec.ts'
import type { SourceId } from './sources-table.ts'

interface ProofsTable {
  /** By file name. A row whose claims are not what was written, or not those of its key, is absent. */
  read(source: SourceId, project: ProjectName): ReadonlyMap<string, ProvedFile>
  /** The first proof of a file stays. */
  write(source: SourceId, project: ProjectName, file: ProvedFile): void
  remove(source: SourceId, project: ProjectName, filename: string): void
}

interface Row {
  readonly filename: string
  readonly version: string
  readonly at: number
  readonly signed_at: number
  readonly signer: number
}

interface SignerRow {
  readonly key: string
  readonly root: string
  readonly claims: string
}

type Signer = Pick<Proof, 'signer' | 'root' | 'claims'>

/** Who signed is written once, and numbered. */
export function prepareProofs(database: Database.Database): ProofsTable {
  const select = database.prepare<[SourceId, string], Row>(
    'select filename, version, at, signed_at, signer from proofs where source = ? and project = ?',
  )
  const selectSigner = database.prepare<[number], SignerRow>('select key, root, claims from signers where id = ?')
  const selectSignerId = database.prepare<[string], number>('select id from signers where key = ?').pluck()
  const insertSigner = database.prepare<[string, string, string]>(
    'insert into signers (key, root, claims) values (?, ?, ?)',
  )
  const insert = database.prepare<(string | number)[]>(
    `insert into proofs (source, project, filename, version, signer, at, signed_at) values (?, ?, ?, ?, ?, ?, ?)
     on conflict do nothing`,
  )

  const remove = database.prepare<[SourceId, string, string]>(
    'delete from proofs where source = ? and project = ? and filename = ?',
  )

  function signerId({ signer, root, claims }: Proof): number {
    return selectSignerId.get(signer) ?? Number(insertSigner.run(signer, root, JSON.stringify(claims)).lastInsertRowid)
  }

  /** All of a project's files have one or two. */
  function signersOf(rows: readonly Row[]): ReadonlyMap<number, Signer> {
    const ids = [...new Set(rows.map(({ signer }) => signer))]
    return new Map(
      ids.flatMap(id => {
        const row = selectSigner.get(id)
        const signer = row === undefined ? undefined : signerOf(row)
        return signer === undefined ? [] : [[id, signer] as const]
      }),
    )
  }

  return {
    read(source, project) {
      const rows = select.all(source, project)
      const signers = signersOf(rows)
      const files = rows.flatMap(row => provedFile(row, signers.get(row.signer)) ?? [])
      return new Map(files.map(file => [file.filename, file] as const))
    },
    write(source, project, { filename, version, proof }) {
      insert.run(source, project, filename, version, signerId(proof), proof.at, proof.signedAt)
    },
    remove: (source, project, filename) => void remove.run(source, project, filename),
  }
}

export function signerOf({ key, root: name, claims: text }: SignerRow): Signer | undefined {
  const claims: Claims | undefined = decodeClaims(text)
  const root: TrustRootName | undefined = name === 'sigstore' ? 'sigstore' : parseSha256(name)
  if (claims === undefined || root === undefined || signerKeyOf(claims, root) !== key) return undefined
  return { signer: key as SignerKey, root, claims }
}

function provedFile(row: Row, signer: Signer | undefined): ProvedFile | undefined {
  if (signer === undefined) return undefined
  const { filename, version, at, signed_at } = row
  return {
    filename,
    version: version as Version,
    proof: { ...signer, at: instant(at), signedAt: instant(signed_at) },
  }
}
