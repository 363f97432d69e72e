import { type Sha256, sha256Of } from '../domain/digest.ts'
import { GateError } from '../domain/errors.ts'
import { blobsOf, compareHeld, type HeldFile } from '../domain/held-file.ts'
import { ImportRefusal } from '../domain/import-refusal.ts'
import type { Clock } from '../domain/instant.ts'
import type { RefusalCode } from '../domain/refusal.ts'
import type { Blobs, CarriedFolder, Evidence, HeldFiles, Holdings, Records } from '../ports.ts'
import { assertSigned, type CarrierKey, LARGEST_ENVELOPE } from '../protocol/dsse.ts'
import {
  type CarriedBlob,
  documentsOf,
  LARGEST_MANIFEST,
  MANIFEST,
  type MirrorManifest,
  readManifest,
  renderSums,
  SIGNATURE,
  SUMS,
} from '../protocol/mirror-manifest.ts'
import type { RunningGate } from './create-gate.ts'
import { type HeldVerdict, judgeHeld } from './held-verdicts.ts'

/** Bytes that a policy, a trusted root or the verdicts may have. */
const LARGEST_DOCUMENT = 256 * 1024 * 1024

export interface ImportParts {
  /** A gate over these holdings alone, with this site's policy and root, that remembers nothing of what it judged. */
  readonly gateOver: (holdings: HeldFiles) => RunningGate
  readonly holdings: Holdings
  readonly blobs: Blobs
  readonly evidence: Evidence
  /** what the gate here has seen */
  readonly records: Pick<Records, 'project'> | undefined
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
 * `unknown-…` for what cannot be told; either way nothing of it can be asked for afterwards.
 */
export async function importMirror(order: ImportOrder, parts: ImportParts): Promise<Imported> {
  const arrived = await openManifest(order)
  const { manifest, sha256 } = arrived
  const again = assertInSequence(manifest, sha256, order.signer, parts.holdings)
  const documents = await readDocuments(arrived, order)
  const added = new Set<Sha256>()
  let kept = false
  try {
    await unpackParts(manifest, order, parts.blobs, added)
    const absent = await absentFiles(manifest, order, parts.blobs)
    const carried = manifest.files.filter(file => !absent.includes(file))
    const candidates = candidatesOf(carried, parts)
    const judged = await judgeHeld(carried, parts.gateOver(candidates), (done, all) =>
      order.progress('judged', done, all),
    )
    const leftOut = assertAdmitted(judged, order.allowRefused)
    const out = new Set(leftOut.map(({ held }) => held))
    const files = carried.filter(file => !out.has(file))
    const result = { manifest, sha256, leftOut, absent, again, ...compare(files, parts.holdings) }
    if (order.dryRun) return result
    await parts.evidence.keep(sha256, documents)
    const { sequence } = manifest
    parts.holdings.put(files, { sequence, manifest: sha256, signer: order.signer.id, at: parts.clock() })
    kept = true
    await discard(new Set(leftOut.flatMap(({ held }) => blobsOf(held))), parts)
    return result
  } finally {
    // of what is refused nothing stays, nor of what an earlier run of it left when it was killed
    if (!kept) await discard(order.dryRun ? added : blobsIn(manifest), parts)
  }
}

interface Arrived {
  readonly manifest: MirrorManifest
  readonly sha256: Sha256
  readonly bytes: Buffer
  readonly envelope: Buffer
  /** sizes by name, of all that lies there */
  readonly files: ReadonlyMap<string, number>
}

/** Nothing of the manifest is looked at before its signature holds. */
async function openManifest({ folder, signer }: ImportOrder): Promise<Arrived> {
  const files = await folder.files()
  if (!files.has(SIGNATURE)) throw new ImportRefusal('signature-invalid', `there is no ${SIGNATURE}: it is not signed`)
  const envelope = await folder.read(SIGNATURE, LARGEST_ENVELOPE)
  const bytes = await folder.read(MANIFEST, LARGEST_MANIFEST)
  const sha256 = sha256Of(bytes)
  assertSigned(envelope, { name: MANIFEST, sha256 }, signer)
  return { manifest: readManifest(bytes), sha256, bytes, envelope, files }
}

/** True when this very manifest was let in before, as the latest. */
function assertInSequence(manifest: MirrorManifest, sha256: Sha256, signer: CarrierKey, holdings: Holdings): boolean {
  const imports = holdings.imports(signer.id)
  const last = imports.at(-1)
  if (last?.manifest === sha256) return true
  if (last !== undefined && manifest.sequence <= last.sequence)
    throw new ImportRefusal(
      'rollback',
      `this is export ${manifest.sequence} of its signer, and export ${last.sequence} was imported already`,
    )
  if (manifest.parent !== undefined && !imports.some(passage => passage.manifest === manifest.parent))
    throw new ImportRefusal(
      'parent-missing',
      `it carries what is new since the export with the manifest ${manifest.parent}, which was not imported here`,
    )
  return false
}

/** Exactly what the manifest names lies there, and each is what it says; the documents beside the parts are returned. */
async function readDocuments(
  { manifest, sha256, bytes, envelope, files }: Arrived,
  { folder, progress }: ImportOrder,
): Promise<readonly { readonly name: string; readonly bytes: Uint8Array }[]> {
  const documents = documentsOf(manifest)
  const named = new Set([MANIFEST, SIGNATURE, SUMS, ...documents.map(({ name }) => name)])
  for (const name of files.keys())
    if (!named.has(name))
      throw new ImportRefusal('entry-strange', `${name} lies there, and the manifest does not name it`)
  for (const name of named)
    if (!files.has(name)) throw new ImportRefusal('entry-missing', `${name} is not there, and the manifest names it`)
  for (const { name, size } of documents)
    if (files.get(name) !== size)
      throw new ImportRefusal('part-mismatch', `${name} has ${files.get(name)} bytes, the manifest says ${size}`)
  const sums = renderSums([...documents, { name: MANIFEST, sha256 }, { name: SIGNATURE, sha256: sha256Of(envelope) }])
  if ((await folder.read(SUMS, Buffer.byteLength(sums))).toString('utf8') !== sums)
    throw new ImportRefusal('part-mismatch', `${SUMS} does not say what the manifest says`)
  const kept: { readonly name: string; readonly bytes: Uint8Array }[] = [
    { name: MANIFEST, bytes },
    { name: SIGNATURE, bytes: envelope },
  ]
  for (const [index, { name, sha256: wanted }] of documents.entries()) {
    const isPart = manifest.parts.some(part => part.name === name)
    const content = isPart ? undefined : await folder.read(name, LARGEST_DOCUMENT)
    const found = content === undefined ? await folder.sha256Of(name) : sha256Of(content)
    if (found !== wanted)
      throw new ImportRefusal('part-mismatch', `${name} has the sha256 ${found}, the manifest says ${wanted}`)
    if (content !== undefined) kept.push({ name, bytes: content })
    progress('checked', index + 1, documents.length)
  }
  return kept
}

/** Blobs become part of the store, where nobody can ask for them yet. A part whose blobs are all there is passed over. */
async function unpackParts(
  manifest: MirrorManifest,
  { folder, progress }: ImportOrder,
  blobs: Blobs,
  added: Set<Sha256>,
): Promise<void> {
  for (const [index, part] of manifest.parts.entries()) {
    const absent = new Set<Sha256>()
    for (const blob of part.blobs) if (!(await isThere(blob, blobs))) absent.add(blob.sha256)
    if (absent.size > 0)
      await folder.unpack(part, async ({ sha256 }, body) => {
        if (absent.has(sha256)) await store(sha256, body, blobs, added)
        else for await (const _ of body);
      })
    progress('unpacked', index + 1, manifest.parts.length)
  }
}

async function isThere({ sha256, size }: CarriedBlob, blobs: Blobs): Promise<boolean> {
  const blob = await blobs.open(sha256)
  blob?.close()
  return blob !== undefined && blob.size === size
}

async function store(sha256: Sha256, body: AsyncIterable<Buffer>, blobs: Blobs, added: Set<Sha256>): Promise<void> {
  const writer = await blobs.writer(sha256)
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
): Promise<readonly HeldFile[]> {
  const absent: HeldFile[] = []
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
      absent.push(file)
      break
    }
  return absent
}

/** What would be held afterwards: the manifest's files beside those that are here. */
function candidatesOf(files: readonly HeldFile[], parts: ImportParts): HeldFiles {
  const carried = Map.groupBy(files, ({ project }) => project)
  const candidates = new Map(
    [...carried].map(([project, own]) => {
      const byName = new Map(parts.holdings.of(project).map(file => [file.filename.text, file]))
      for (const file of own) {
        assertUnchanged(file, byName.get(file.filename.text)?.sha256)
        byName.set(file.filename.text, file)
      }
      for (const seen of parts.records?.project(project)?.files ?? []) {
        const file = own.find(({ filename }) => filename.text === seen.filename)
        if (file !== undefined) assertUnchanged(file, seen.sha256)
      }
      return [project, byName] as const
    }),
  )
  return {
    of: project => [...(candidates.get(project)?.values() ?? parts.holdings.of(project))].sort(compareHeld),
    file: (project, filename) => {
      const byName = candidates.get(project)
      return byName === undefined ? parts.holdings.file(project, filename) : byName.get(filename)
    },
  }
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
  for (const it of judged) {
    const { outcome } = it
    if (outcome instanceof GateError) {
      if (!KNOWN_WRONG.has(outcome.code)) throw outcome
      wrong.push(outcome.detail)
    } else if (outcome.kind === 'refused') {
      if (allowRefused.has(outcome.code)) leftOut.push(it)
      else wrong.push(`${outcome.file.filename}: ${outcome.code}: ${outcome.detail}`)
    }
  }
  const [first, ...others] = wrong
  if (first === undefined) return leftOut
  throw new ImportRefusal('file-refused', `${first}${others.length > 0 ? ` (and ${others.length} more)` : ''}`)
}

/** What is no verdict, and is known all the same: the bytes are not what is said of them. */
const KNOWN_WRONG: ReadonlySet<string> = new Set(['integrity-mismatch', 'unknown-index-changed'])

function compare(files: readonly HeldFile[], holdings: Holdings): Pick<Imported, 'same' | 'fresh' | 'changed'> {
  const before = new Map(holdings.all().map(file => [`${file.project} ${file.filename.text}`, file]))
  const kindOf = (file: HeldFile): 'same' | 'fresh' | 'changed' => {
    const known = before.get(`${file.project} ${file.filename.text}`)
    if (known === undefined) return 'fresh'
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
  const needed = new Set(holdings.all().flatMap(blobsOf))
  for (const sha256 of digests) if (!needed.has(sha256)) await blobs.remove(sha256)
}
