import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { ImportRefusal } from '../../domain/base/import-refusal.ts'
import type { Clock } from '../../domain/base/instant.ts'
import type { RefusalCode } from '../../domain/base/refusal.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import { blobsOf, compareHeld, type HeldFile, heldAgain } from '../../domain/packaging/held-file.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Blobs, BlobWriter } from '../../ports/blobs.ts'
import type { CarriedFolder, Evidence } from '../../ports/carried.ts'
import type { HeldProjects, Holdings } from '../../ports/mirror.ts'
import type { CarrierKey } from '../../protocol/attest/dsse.ts'
import type { CarriedBlob, MirrorManifest } from '../../protocol/carry/mirror-manifest.ts'
import { assertInSequence, openManifest, readDocuments } from './carried-documents.ts'
import { type HeldGates, type HeldVerdict, judgeHeld } from './held-verdicts.ts'

export interface ImportParts {
  /** The gates of all indexes over these holdings alone, with this site's policies and root, that remember nothing of what they judged. */
  readonly gatesOver: (holdings: HeldProjects) => Promise<HeldGates>
  /** Whose a held file is here; `undefined` of all where no sources are told apart. */
  readonly holderOf: (file: HeldFile) => SourceName | undefined
  readonly holdings: Holdings
  readonly blobs: Blobs
  readonly evidence: Evidence
  /** The sha256 with which the gate here has seen a file of this name and source. */
  readonly seen: (file: HeldFile) => Promise<Sha256 | undefined>
  readonly clock: Clock
}

export interface ImportOrder {
  readonly folder: CarriedFolder
  readonly signer: CarrierKey
  /** everything is looked at, and nothing is kept */
  readonly dryRun: boolean
  /** files that are refused for one of these are left out, and the others let in */
  readonly allowRefused: ReadonlySet<RefusalCode>
  readonly progress: (what: string, done: number, all: number) => void
}

export interface Imported {
  readonly manifest: MirrorManifest
  readonly sha256: Sha256
  /** held before, just so */
  readonly same: readonly HeldFile[]
  /** the same, but that bytes of it were gone or damaged, and are here again */
  readonly restored: readonly HeldFile[]
  readonly fresh: readonly HeldFile[]
  /** held before with the same bytes, and listed otherwise now */
  readonly changed: readonly HeldFile[]
  readonly leftOut: readonly HeldVerdict[]
  /** listed, and left out of an import that this one goes on from: their bytes never came in */
  readonly absent: readonly HeldFile[]
  /** this very manifest was imported before */
  readonly again: boolean
}

/**
 * Lets in what was carried here, all of it or none: signature, manifest, documents, parts, blobs, and then every file under
 * the policy and the root of this place, as if nobody had ever judged it. Throws ImportRefusal for what is wrong,
 * `unknown-…` for what cannot be determined; either way nothing of it can be asked for afterwards.
 */
export async function importMirror(order: ImportOrder, parts: ImportParts): Promise<Imported> {
  const arrived = await openManifest(order.folder, order.signer)
  const { manifest, sha256 } = arrived
  const again = await assertInSequence(manifest, sha256, order.signer, parts.holdings)
  const documents = await readDocuments(arrived, order.folder, order.progress)
  const added = new Set<Sha256>()
  try {
    await unpackParts(manifest, order, parts.blobs, added)
    const absent = await absentFiles(manifest, order, parts.blobs)
    const carried = manifest.files.filter(file => !absent.has(file))
    const candidates = await candidatesOf(carried, parts)
    const judged = await judgeHeld(carried, await parts.gatesOver(candidates), (done, all) =>
      order.progress('judged', done, all),
    )
    const leftOut = assertAdmitted(judged, order.allowRefused)
    const out = new Set(leftOut.map(({ held }) => held))
    const files = carried.filter(file => !out.has(file))
    const compared = await compare(files, parts.holdings)
    // what was held all the time, and had lost bytes that came along
    const isRestored = (file: HeldFile): boolean => blobsOf(file).some(blob => added.has(blob))
    const restored = compared.same.filter(isRestored)
    const same = compared.same.filter(file => !isRestored(file))
    const result = { manifest, sha256, leftOut, absent: [...absent], again, ...compared, same, restored }
    if (order.dryRun) {
      await discard(added, parts)
      return result
    }
    await parts.evidence.keep(sha256, documents)
    const { sequence } = manifest
    await parts.holdings.put(files, { sequence, manifest: sha256, signer: order.signer.id, at: parts.clock() })
    await discard(new Set(leftOut.flatMap(({ held }) => blobsOf(held))), parts)
    return result
  } catch (error) {
    // what cannot be determined yet goes on where it was; of what is refused nothing stays, nor what a run of it left that was killed
    if (order.dryRun) await discard(added, parts)
    else if (error instanceof ImportRefusal) await discard(blobsIn(manifest), parts)
    throw error
  }
}

/** Blobs become part of the store, where nobody can ask for them yet. A part whose blobs are all there is passed over. */
async function unpackParts(
  manifest: MirrorManifest,
  { folder, progress }: ImportOrder,
  blobs: Blobs,
  added: Set<Sha256>,
): Promise<void> {
  const documents = documentsIn(manifest)
  const writerOf = (sha256: Sha256) => (documents.has(sha256) ? blobs.documentWriter(sha256) : blobs.writer(sha256))
  for (const [index, part] of manifest.parts.entries()) {
    const absent = new Set<Sha256>()
    for (const blob of part.blobs) if (!(await isThere(blob, blobs))) absent.add(blob.sha256)
    if (absent.size > 0)
      await folder.unpack(part, async ({ sha256 }, body) => {
        if (absent.has(sha256)) await store(sha256, body, await writerOf(sha256), added)
        else for await (const _ of body);
      })
    progress('unpacked', index + 1, manifest.parts.length)
  }
}

/** METADATA and provenance, as far as none of it is the bytes of a file too. */
function documentsIn({ files }: MirrorManifest): ReadonlySet<Sha256> {
  const documents = files.flatMap(({ coreMetadata, provenance }) => [coreMetadata ?? [], provenance ?? []].flat())
  return new Set(documents).difference(new Set(files.map(({ sha256 }) => sha256)))
}

async function isThere({ sha256, size }: CarriedBlob, blobs: Blobs): Promise<boolean> {
  const blob = await blobs.open(sha256)
  blob?.close()
  return blob !== undefined && blob.size === size
}

async function store(
  sha256: Sha256,
  body: AsyncIterable<Buffer>,
  writer: BlobWriter,
  added: Set<Sha256>,
): Promise<void> {
  try {
    for await (const chunk of body) await writer.write(chunk)
    added.add(sha256)
    await writer.commit()
  } catch (error) {
    await writer.abort().catch(() => {})
    throw error
  }
}

/**
 * Files whose bytes are neither carried nor here. An export that only carries what is new names them where they were left
 * out of an earlier import, and whoever left them out then may go on doing so.
 */
async function absentFiles(
  { files, parent }: MirrorManifest,
  { allowRefused }: ImportOrder,
  blobs: Blobs,
): Promise<ReadonlySet<HeldFile>> {
  const absent = new Set<HeldFile>()
  for (const file of files)
    for (const sha256 of blobsOf(file)) {
      const blob = await blobs.open(sha256)
      blob?.close()
      if (blob !== undefined) continue
      if (parent === undefined || allowRefused.size === 0)
        throw new ImportRefusal(
          'blob-missing',
          `${file.filename.text} needs ${sha256}, which is neither carried nor held here`,
        )
      absent.add(file)
      break
    }
  return absent
}

/** What would be held afterwards: the manifest's files beside those that are here. */
async function candidatesOf(files: readonly HeldFile[], parts: ImportParts): Promise<HeldProjects> {
  const candidates = new Map<ProjectName, ReadonlyMap<string, HeldFile>>()
  for (const [project, own] of Map.groupBy(files, file => file.project))
    candidates.set(project, await candidatesIn(project, own, parts))
  return {
    of: async project =>
      [...(candidates.get(project)?.values() ?? (await parts.holdings.of(project)))].sort(compareHeld),
    projects: async () => [...new Set([...(await parts.holdings.projects()), ...candidates.keys()])].sort(),
  }
}

/** Neither what is held nor what was ever seen may come back with other bytes. */
async function candidatesIn(
  project: ProjectName,
  files: readonly HeldFile[],
  { holdings, holderOf, seen }: ImportParts,
): Promise<ReadonlyMap<string, HeldFile>> {
  const keyOf = (file: HeldFile) => `${holderOf(file) ?? ''} ${file.filename.text}`
  const byName = new Map((await holdings.of(project)).map(file => [keyOf(file), file]))
  for (const file of files) {
    assertUnchanged(file, byName.get(keyOf(file))?.sha256)
    assertUnchanged(file, await seen(file))
    byName.set(keyOf(file), heldAgain(file, byName.get(keyOf(file))))
  }
  return byName
}

function assertUnchanged(file: HeldFile, before: Sha256 | undefined): void {
  if (before !== undefined && before !== file.sha256)
    throw new ImportRefusal(
      'digest-changed',
      `${file.filename.text} is known here with the sha256 ${before}, and comes with ${file.sha256}`,
    )
}

/** The files that may be left out; anything else that is not admitted stops everything. */
function assertAdmitted(
  judged: readonly HeldVerdict[],
  allowRefused: ReadonlySet<RefusalCode>,
): readonly HeldVerdict[] {
  const wrong: string[] = []
  const leftOut: HeldVerdict[] = []
  let unknown: GateError | undefined
  for (const it of judged) {
    const { outcome } = it
    if (outcome instanceof GateError) {
      if (KNOWN_WRONG.has(outcome.code)) wrong.push(outcome.detail)
      else unknown ??= outcome
    } else if (outcome.kind === 'refused') {
      if (allowRefused.has(outcome.code)) leftOut.push(it)
      else wrong.push(`${outcome.file.filename}: ${outcome.code}: ${outcome.detail}`)
    }
  }
  const [first, ...others] = wrong
  if (first !== undefined) throw new ImportRefusal('file-refused', first, others)
  if (unknown !== undefined) throw unknown
  return leftOut
}

/** What is no verdict, and is known all the same: the bytes are not what is said of them. */
const KNOWN_WRONG: ReadonlySet<string> = new Set(['integrity-mismatch', 'unknown-index-changed'])

async function compare(
  files: readonly HeldFile[],
  holdings: Holdings,
): Promise<Pick<Imported, 'same' | 'fresh' | 'changed'>> {
  const nameOf = (file: HeldFile) => `${file.project} ${file.filename.text}`
  const before = Map.groupBy(await holdings.all(), nameOf)
  const kindOf = (file: HeldFile): 'same' | 'fresh' | 'changed' => {
    const named = before.get(nameOf(file)) ?? []
    const known =
      named.find(({ source }) => source === file.source) ??
      named.find(({ source, sha256 }) => sha256 === file.sha256 && (source === undefined || file.source === undefined))
    if (known === undefined) return 'fresh'
    // what says its source stays
    if (file.source === undefined && known.source !== undefined) return 'same'
    return JSON.stringify(known) === JSON.stringify(file) ? 'same' : 'changed'
  }
  const kinds = Map.groupBy(files, kindOf)
  return { same: kinds.get('same') ?? [], fresh: kinds.get('fresh') ?? [], changed: kinds.get('changed') ?? [] }
}

function blobsIn({ parts }: MirrorManifest): ReadonlySet<Sha256> {
  return new Set(parts.flatMap(({ blobs }) => blobs.map(({ sha256 }) => sha256)))
}

/** Takes out what nothing that is held needs. */
async function discard(digests: ReadonlySet<Sha256>, { holdings, blobs }: ImportParts): Promise<void> {
  const needed = new Set((await holdings.all()).flatMap(blobsOf))
  for (const sha256 of digests) if (!needed.has(sha256)) await blobs.remove(sha256)
}
