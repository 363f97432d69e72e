import { z } from 'zod'
import type { Sha256 } from '../../domain/base/digest.ts'
import { ImportRefusal } from '../../domain/base/import-refusal.ts'
import { blobsOf, compareHeld, type HeldFile } from '../../domain/packaging/held-file.ts'
import { JsonError, parseJsonStrict } from '../text/json.ts'
import { sha256Text } from '../text/parsed-text.ts'
import { heldFileJson, heldFileSchema } from './held-file-json.ts'

/** Names of what lies in a carried folder besides the parts. */
export const MANIFEST = 'manifest.json'
export const SIGNATURE = 'manifest.dsse.json'
export const SUMS = 'SHA256SUMS'
export const VERDICTS = 'verdicts.ndjson'
export const TRUSTED_ROOT = 'trust/trusted_root.json'

/** Bytes by content. */
export interface CarriedBlob {
  readonly sha256: Sha256
  /** bytes */
  readonly size: number
}

/** A file of the folder, as it lies there. */
export interface CarriedDocument extends CarriedBlob {
  /** path within the folder, with `/` */
  readonly name: string
}

/** An archive, and what is in it, in its order. */
export interface CarriedPart extends CarriedDocument {
  readonly blobs: readonly CarriedBlob[]
}

/**
 * What is carried: every file that the mirror holds, and the bytes that are new since `parent`. It says nothing of when it
 * was made, so that the same holdings always make the same bytes.
 */
export interface MirrorManifest {
  readonly tool: string
  /** counts the exports of one signer; an import never goes back */
  readonly sequence: number
  /** sha256 of the manifest of which this one only carries what is new */
  readonly parent: Sha256 | undefined
  /** evidence: what judged outside */
  readonly policy: { readonly digest: string; readonly files: readonly CarriedDocument[] }
  /** evidence: the root that judged outside */
  readonly trust: { readonly digest: string; readonly source: string; readonly file: CarriedDocument }
  /** evidence */
  readonly verdicts: CarriedDocument
  readonly files: readonly HeldFile[]
  readonly parts: readonly CarriedPart[]
}

const FORMAT = 'portcullis-mirror/1'
/** Some file says of which source it is: whoever does not know of sources must not take it for anybody's. */
const WITH_SOURCES = 'portcullis-mirror/2'
const LIMITS = { bytes: 1024 * 1024 * 1024, depth: 8 }
/** The largest manifest that is read. */
export const LARGEST_MANIFEST = LIMITS.bytes

const blob = { sha256: sha256Text, size: z.int().min(0) }
const document = (name: RegExp) => z.strictObject({ name: z.string().regex(name), ...blob })

const manifestSchema = z.strictObject({
  format: z.enum([FORMAT, WITH_SOURCES]),
  tool: z.string().max(200),
  sequence: z.int().min(1),
  parent: sha256Text.nullable(),
  policy: z.strictObject({
    digest: z.string().max(200),
    files: z.array(document(/^policy\/[0-9]{2,6}-[A-Za-z0-9_][A-Za-z0-9._-]{0,200}$/)).max(10_000),
  }),
  trust: z.strictObject({
    digest: z.string().max(200),
    source: z.string().max(20),
    file: document(/^trust\/trusted_root\.json$/),
  }),
  verdicts: document(/^verdicts\.ndjson$/),
  files: z.array(heldFileSchema),
  parts: z
    .array(
      z.strictObject({
        name: z.string().regex(/^part-\d{4,6}\.tar\.zst$/),
        ...blob,
        blobs: z.array(z.strictObject(blob)),
      }),
    )
    .max(100_000),
})

/** Reads a manifest and holds it against itself. Throws ImportRefusal `manifest-invalid`, `blob-unexpected`. */
export function readManifest(bytes: Uint8Array): MirrorManifest {
  const { data, error } = manifestSchema.safeParse(parseJson(bytes))
  if (data === undefined) {
    const [issue] = error.issues
    throw invalid(`${issue?.path.join('.') || 'it'}: ${issue?.message}`)
  }
  const { format, ...said } = data
  const manifest: MirrorManifest = { ...said, parent: said.parent ?? undefined }
  if (format !== formatOf(manifest)) throw invalid(`${format} is not what it is`)
  assertConsistent(manifest)
  return manifest
}

function formatOf({ files }: Pick<MirrorManifest, 'files'>): string {
  return files.some(({ source }) => source !== undefined) ? WITH_SOURCES : FORMAT
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return parseJsonStrict(bytes, LIMITS)
  } catch (error) {
    if (error instanceof JsonError) throw invalid(error.message)
    throw error
  }
}

function invalid(why: string): ImportRefusal {
  return new ImportRefusal('manifest-invalid', `the manifest is not one: ${why}`)
}

/** Each file and each blob once, in order, and no blob that no file needs. */
function assertConsistent({ files, parts, policy }: MirrorManifest): void {
  for (const [index, file] of files.entries()) {
    const before = files[index - 1]
    if (before !== undefined && compareHeld(before, file) >= 0)
      throw invalid(`${file.filename.text} stands twice, or out of order`)
  }
  const names = [...parts, ...policy.files].map(({ name }) => name)
  if (new Set(names).size !== names.length) throw invalid('a name stands twice')
  const needed = new Map(files.flatMap(file => blobsOf(file).map(digest => [digest, file.filename.text] as const)))
  const sizes = new Map(files.map(file => [file.sha256, file.size]))
  const seen = new Set<Sha256>()
  for (const { name, blobs } of parts)
    for (const { sha256: digest, size } of blobs) {
      if (seen.has(digest)) throw invalid(`${name} carries ${digest} a second time`)
      seen.add(digest)
      if (!needed.has(digest))
        throw new ImportRefusal('blob-unexpected', `${name} carries ${digest}, which no listed file needs`)
      const listed = sizes.get(digest)
      if (listed !== undefined && listed !== size)
        throw invalid(`${needed.get(digest)} has ${listed} bytes, and ${size} in ${name}`)
    }
}

/** The manifest as bytes: the same manifest, the same bytes. */
export function renderManifest(manifest: MirrorManifest): Buffer {
  const { tool, sequence, parent, policy, trust, verdicts, files, parts } = manifest
  const text = JSON.stringify(
    {
      format: formatOf(manifest),
      tool,
      sequence,
      parent: parent ?? null,
      policy: { digest: policy.digest, files: policy.files.map(documentJson) },
      trust: { digest: trust.digest, source: trust.source, file: documentJson(trust.file) },
      verdicts: documentJson(verdicts),
      files: files.toSorted(compareHeld).map(heldFileJson),
      parts: parts.map(part => ({ ...documentJson(part), blobs: part.blobs.map(blobJson) })),
    },
    undefined,
    1,
  )
  return Buffer.from(`${text}\n`)
}

function documentJson({ name, ...blob }: CarriedDocument): object {
  return { name, ...blobJson(blob) }
}

function blobJson({ sha256: digest, size }: CarriedBlob): object {
  return { sha256: digest, size }
}

/** Everything that lies in the folder, but for the list of sums itself. */
export function documentsOf(manifest: MirrorManifest): readonly CarriedDocument[] {
  return [...manifest.parts, ...manifest.policy.files, manifest.trust.file, manifest.verdicts]
}

/** What `sha256sum -c` reads: a line for each file, by name. */
export function renderSums(documents: readonly { readonly name: string; readonly sha256: Sha256 }[]): string {
  return documents
    .map(({ name, sha256: digest }) => `${digest}  ${name}\n`)
    .sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1))
    .join('')
}
