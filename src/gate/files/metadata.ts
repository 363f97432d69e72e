import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { Admitted, type Refused } from '../../domain/decide/verdict.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { Asker } from '../../flow/asker.ts'
import { keptWithin } from '../../flow/kept-within.ts'
import type { Limit } from '../../flow/limit.ts'
import { createOnce } from '../../flow/once.ts'
import type { Events } from '../../observe/events.ts'
import type { ListedAs } from '../../ports/memory.ts'
import type { Origin, Untrusted } from '../../ports/outward.ts'
import { type MetadataObjection, MetadataReader } from '../../protocol/metadata/metadata-objection.ts'
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
  /** the file with this sha256, of this project or any other; throws `unknown-…` where it may be one */
  readonly fileWith: (artifact: Artifact, sha256: Sha256, asker?: Asker) => Promise<ListedAs | undefined>
  /** told of METADATA that is in no form to be given out */
  readonly withhold: (artifact: Artifact) => void
}

/** It was looked into, nothing speaks against it, and it is kept. */
export interface SoundMetadata {
  readonly kind: 'sound'
  readonly sha256: Sha256
}

export interface MetadataBytes {
  readonly kind: 'metadata'
  readonly bytes: Buffer
  readonly sha256: Sha256
}

/**
 * A wheel's `.metadata` (PEP 658, PEP 714): under the verdict of its wheel, with the hash that the index announces, and only as
 * what it has to be, core metadata of exactly that release. What the index names may be another file, one that is refused;
 * that it is known to be no METADATA of the wheel is a refusal of `.metadata` alone, and the wheel's own verdict stands. Both
 * throw not-listed where the index offers none, integrity-mismatch, unknown-….
 */
export interface Metadata {
  /** Looks into it while it comes, or where it is kept: it is never whole in memory. */
  look(verdict: Admitted, asker?: Asker): Promise<SoundMetadata | Refused>
  /** The whole of it. */
  read(verdict: Admitted, asker?: Asker): Promise<MetadataBytes | Refused>
}

/** What was found of a text as the METADATA of a wheel. */
interface Looked {
  readonly objection: MetadataObjection | undefined
}

const MIB = 1024 * 1024

export function createMetadata(options: Options): Metadata {
  const { origin, vault, documents, wheelMetadata, mismatches, limit, mode, events, fileWith, withhold } = options
  const once = createOnce<Looked>()
  /** by `<sha256 of the text> <the wheel's name>` */
  const looked = keptWithin<string, Looked>({
    bytes: 8 * MIB,
    weigh: ({ objection }) => (objection === undefined ? 64 : 1_024),
  })
  /** by the same: those of which it was told that they are files, which they are for as long as that is known */
  const told = keptWithin<string, true>({ bytes: 2 * MIB })

  async function fetch(artifact: Artifact, sha256: Sha256, asker: Asker): Promise<Looked> {
    const inside = wheelMetadata.inside(artifact)
    if (inside !== undefined) return await keepSound(artifact, sha256, [inside])
    mismatches.assertNone(urlOf(artifact), sha256)
    const take = (body: Untrusted<AsyncIterable<Buffer>>) => keepSound(artifact, sha256, body.value)
    const answer = await limit.run(() => origin.metadata(artifact, take, { asker }), asker)
    if (answer.kind === 'metadata') return answer.taken
    throw new GateError(
      'unknown-upstream',
      `the index offers metadata for ${artifact.filename.text}, the file origin has none`,
    )
  }

  /** Written down while it is looked into; nobody can open it before both have ended well, and what is not given out is not kept. */
  async function keepSound(
    artifact: Artifact,
    sha256: Sha256,
    body: AsyncIterable<Buffer> | readonly Buffer[],
  ): Promise<Looked> {
    const writer = await documents.writer(sha256)
    try {
      const reader = new MetadataReader()
      for await (const piece of body) {
        reader.write(piece)
        await writer.write(piece)
      }
      assertAnnounced(artifact, sha256, writer.digest())
      const found = note(artifact, sha256, reader)
      await (found.objection === undefined ? writer.commit() : writer.abort())
      return found
    } catch (error) {
      await writer.abort().catch(() => {})
      throw error
    }
  }

  function assertAnnounced(artifact: Artifact, sha256: Sha256, found: Sha256): void {
    if (found === sha256) return
    const detail = `${artifact.filename.text}.metadata: the bytes have not the sha256 ${sha256}`
    const error = new GateError('integrity-mismatch', detail, { untrusted: { sha256: found } })
    mismatches.remember(urlOf(artifact), sha256, error)
    throw error
  }

  /** What was found of it where it is kept; `undefined` where it is not. */
  async function lookAtKept(artifact: Artifact, sha256: Sha256): Promise<Looked | undefined> {
    const known = looked.get(keyOf(artifact, sha256))
    if (known !== undefined) return (await isKept(sha256)) ? known : undefined
    const reader = new MetadataReader()
    return (await documents.look(sha256, piece => reader.write(piece))) ? note(artifact, sha256, reader) : undefined
  }

  async function isKept(sha256: Sha256): Promise<boolean> {
    const document = await documents.open(sha256)
    document?.close()
    return document !== undefined
  }

  function note(artifact: Artifact, sha256: Sha256, reader: MetadataReader): Looked {
    const { project, filename } = artifact
    const known = looked.get(keyOf(artifact, sha256))
    if (known !== undefined) return known
    const objection = reader.objection({ project, version: filename.version })
    looked.set(keyOf(artifact, sha256), { objection })
    if (objection?.code === 'metadata-mismatch') tell(filename.text, objection)
    if (objection?.code === 'metadata-unreadable') withhold(artifact)
    return { objection }
  }

  function tell(filename: string, { found }: MetadataObjection): void {
    const detail = `what the index names as the METADATA of ${filename} ${found}`
    events.emit({ type: 'alarm', alarm: 'metadata-mismatch', detail, untrusted: undefined })
  }

  async function objectionToDigest(
    artifact: Artifact,
    sha256: Sha256,
    asker: Asker | undefined,
  ): Promise<MetadataObjection | undefined> {
    const file = await fileWith(artifact, sha256, asker)
    const key = keyOf(artifact, sha256)
    if (file === undefined) {
      told.delete(key)
      return undefined
    }
    const found = `is a file that the index lists, ${file.filename} of ${file.project}`
    const objection: MetadataObjection = { code: 'metadata-mismatch', found }
    if (!told.has(key)) tell(artifact.filename.text, objection)
    told.set(key, true)
    return objection
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

  async function look(verdict: Admitted, asker?: Asker): Promise<SoundMetadata | Refused> {
    if (!Admitted.is(verdict)) throw new GateError('unknown-bug', 'only an admitted file has metadata')
    const { artifact } = verdict
    const sha256 = artifact.coreMetadata
    if (sha256 === undefined)
      throw new GateError('not-listed', `the index offers no metadata for ${artifact.filename.text}`)
    const another = await objectionToDigest(artifact, sha256, asker)
    if (another !== undefined) return refuse(verdict, another)
    await compareWithWheel(verdict, asker)
    const fetched = (everybody: Asker) => fetch(artifact, sha256, everybody)
    const flight = `${sha256} ${artifact.project} ${artifact.url}`
    const { objection } = (await lookAtKept(artifact, sha256)) ?? (await once(flight, fetched, asker))
    return objection === undefined ? { kind: 'sound', sha256 } : refuse(verdict, objection)
  }

  return {
    look,
    async read(verdict, asker) {
      const found = await look(verdict, asker)
      if (found.kind === 'refused') return found
      const bytes = await documents.kept(found.sha256)
      if (bytes === undefined) throw new GateError('unknown-store', 'a document was kept and is gone')
      return { kind: 'metadata', bytes, sha256: found.sha256 }
    },
  }
}

function urlOf({ url }: Artifact): string {
  return `${url}.metadata`
}

function keyOf({ filename }: Artifact, sha256: Sha256): string {
  return `${sha256} ${filename.text}`
}

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
