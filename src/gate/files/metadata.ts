import { LRUCache } from 'lru-cache'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { Admitted, type Refused } from '../../domain/decide/verdict.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { Asker } from '../../flow/asker.ts'
import type { Limit } from '../../flow/limit.ts'
import { createOnce } from '../../flow/once.ts'
import type { Events } from '../../observe/events.ts'
import type { Origin } from '../../ports/outward.ts'
import { type MetadataObjection, metadataObjection } from '../../protocol/metadata/metadata-objection.ts'
import type { Documents } from './documents.ts'
import type { Mismatches } from './mismatches.ts'
import type { Vault } from './vault.ts'
import type { WheelMetadata } from './wheel-metadata.ts'

/** `verified`: nothing is given out before the wheel was fetched and holds the same bytes. */
export type MetadataMode = 'promised' | 'verified'

interface Options {
  readonly origin: Origin
  readonly vault: Vault
  readonly documents: Documents
  readonly wheelMetadata: WheelMetadata
  readonly mismatches: Mismatches
  /** of it from the upstream at once */
  readonly limit: Limit
  readonly mode: MetadataMode
  readonly events: Events
  /** whether the index is known to list a file with this sha256, of this project or any other */
  readonly isFile: (artifact: Artifact, sha256: Sha256) => Promise<boolean>
  /** told of METADATA that is in no form to be given out */
  readonly withhold: (artifact: Artifact) => void
}

export interface MetadataBytes {
  readonly kind: 'metadata'
  readonly bytes: Buffer
  readonly sha256: Sha256
}

/**
 * A wheel's `.metadata` (PEP 658, PEP 714): under the verdict of its wheel, with the hash that the index announces, and only as
 * what it has to be, core metadata of exactly that release. What the index names may be another file, one that is refused;
 * that it is known to be no METADATA of the wheel is a refusal of `.metadata` alone, and the wheel's own verdict stands.
 */
export type Metadata = (verdict: Admitted, asker?: Asker) => Promise<MetadataBytes | Refused>

/** Throws not-listed where the index offers none, integrity-mismatch, unknown-…. */
export function createMetadata(options: Options): Metadata {
  const { origin, vault, documents, wheelMetadata, mismatches, limit, mode, events, isFile, withhold } = options
  const once = createOnce<Buffer>()
  /** what was found of a text as the METADATA of a wheel, by `<its sha256> <the wheel's name>` */
  const looked = new LRUCache<string, { readonly objection: MetadataObjection | undefined }>({ max: 50_000 })

  async function fetch(artifact: Artifact, sha256: Sha256, asker: Asker): Promise<Buffer> {
    const url = `${artifact.url}.metadata`
    mismatches.assertNone(url, sha256)
    const answer = await limit.run(() => origin.metadata(artifact, { asker }), asker)
    if (answer.kind === 'absent')
      throw new GateError(
        'unknown-upstream',
        `the index offers metadata for ${artifact.filename.text}, the file origin has none`,
      )
    const { buffer, byteOffset, byteLength } = answer.bytes.value
    const bytes = Buffer.from(buffer, byteOffset, byteLength) // no copy
    const found = sha256Of(bytes)
    if (found !== sha256) {
      const detail = `${artifact.filename.text}.metadata: the bytes have not the sha256 ${sha256}`
      const error = new GateError('integrity-mismatch', detail, { untrusted: { sha256: found } })
      mismatches.remember(url, sha256, error)
      throw error
    }
    // what is not given out is not kept either
    if (objectionTo(artifact, bytes, sha256) === undefined) await documents.keep(sha256, bytes)
    return bytes
  }

  function objectionTo(artifact: Artifact, bytes: Buffer, sha256: Sha256): MetadataObjection | undefined {
    const { project, filename } = artifact
    const key = `${sha256} ${filename.text}`
    const known = looked.get(key)
    if (known !== undefined) return known.objection
    const objection = metadataObjection(bytes, { project, version: filename.version })
    looked.set(key, { objection })
    if (objection?.code === 'metadata-mismatch') tell(filename.text, objection)
    if (objection?.code === 'metadata-unreadable') withhold(artifact)
    return objection
  }

  function tell(filename: string, { found }: MetadataObjection): void {
    const detail = `what the index names as the METADATA of ${filename} ${found}`
    events.emit({ type: 'alarm', alarm: 'metadata-mismatch', detail, untrusted: undefined })
  }

  async function objectionToDigest(artifact: Artifact, sha256: Sha256): Promise<MetadataObjection | undefined> {
    if (!(await isFile(artifact, sha256))) return undefined
    const key = `${sha256} ${artifact.filename.text}`
    if (looked.get(key)?.objection !== IS_FILE) tell(artifact.filename.text, IS_FILE)
    looked.set(key, { objection: IS_FILE })
    return IS_FILE
  }

  /** A wheel that is here already must not be resolved with what an index says of it later. */
  async function compareWithWheel(verdict: Admitted, asker: Asker | undefined): Promise<void> {
    const { artifact } = verdict
    if (wheelMetadata.isCompared(artifact)) return
    if (mode === 'promised') return (await vault.stored(artifact))?.close()
    const opened = await vault.open(verdict, asker)
    if (opened.kind === 'stored') opened.blob.close()
    else await opened.stored
  }

  return async (verdict, asker) => {
    if (!Admitted.is(verdict)) throw new GateError('unknown-bug', 'only an admitted file has metadata')
    const { artifact } = verdict
    const sha256 = artifact.coreMetadata
    if (sha256 === undefined)
      throw new GateError('not-listed', `the index offers no metadata for ${artifact.filename.text}`)
    const another = await objectionToDigest(artifact, sha256)
    if (another !== undefined) return refuse(verdict, another)
    await compareWithWheel(verdict, asker)
    const fetched = (everybody: Asker) => fetch(artifact, sha256, everybody)
    const bytes = (await documents.kept(sha256)) ?? (await once(`${sha256} ${artifact.url}`, fetched, asker))
    const objection = objectionTo(artifact, bytes, sha256)
    return objection === undefined ? { kind: 'metadata', bytes, sha256 } : refuse(verdict, objection)
  }
}

const IS_FILE: MetadataObjection = { code: 'metadata-mismatch', found: 'is a file that the index lists' }

function refuse({ facts }: Admitted, { code, found }: MetadataObjection): Refused {
  const { project, filename, sha256 } = facts.artifact
  const detail = `${filename.text}.metadata: what the index names ${found}.`
  return {
    kind: 'refused',
    code,
    file: { project, version: filename.version, filename: filename.text, sha256 },
    rule: facts.rule,
    identity: facts.identity,
    detail,
    admitWith: undefined,
    policyDigest: facts.policyDigest,
    steps: [
      {
        mark: 'fail',
        check: '.metadata',
        expected: `core metadata of ${project} ${filename.version}`,
        found: `what the index names ${found}`,
      },
    ],
    notes: [],
  }
}
