import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { ImportRefusal } from '../../domain/base/import-refusal.ts'
import type { CarriedFolder } from '../../ports/carried.ts'
import type { Holdings } from '../../ports/mirror.ts'
import { assertSigned, type CarrierKey } from '../../protocol/attest/dsse.ts'
import { LARGEST_ENVELOPE } from '../../protocol/attest/envelope.ts'
import {
  documentsOf,
  LARGEST_MANIFEST,
  MANIFEST,
  type MirrorManifest,
  readManifest,
  renderSums,
  SIGNATURE,
  SUMS,
} from '../../protocol/carry/mirror-manifest.ts'

/** Bytes that a policy, a trusted root or the verdicts may have. */
const LARGEST_DOCUMENT = 256 * 1024 * 1024

/** What was carried here, as far as its signature goes. */
export interface CarriedIn {
  readonly manifest: MirrorManifest
  readonly sha256: Sha256
  readonly bytes: Buffer
  readonly envelope: Buffer
  /** sizes by name, of all that lies there */
  readonly files: ReadonlyMap<string, number>
}

/** Nothing of the manifest is looked at before its signature holds. */
export async function openManifest(folder: CarriedFolder, signer: CarrierKey): Promise<CarriedIn> {
  const files = await folder.files()
  if (!files.has(SIGNATURE)) throw new ImportRefusal('signature-invalid', `there is no ${SIGNATURE}: it is not signed`)
  const envelope = await folder.read(SIGNATURE, LARGEST_ENVELOPE)
  const bytes = await folder.read(MANIFEST, LARGEST_MANIFEST)
  const sha256 = sha256Of(bytes)
  assertSigned(envelope, { name: MANIFEST, sha256 }, signer)
  return { manifest: readManifest(bytes), sha256, bytes, envelope, files }
}

/** True when this very manifest was let in before, as the latest. */
export async function assertInSequence(
  manifest: MirrorManifest,
  sha256: Sha256,
  signer: CarrierKey,
  holdings: Holdings,
): Promise<boolean> {
  const imports = await holdings.imports(signer.id)
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
export async function readDocuments(
  { manifest, sha256, bytes, envelope, files }: CarriedIn,
  folder: CarriedFolder,
  progress: (what: string, done: number, all: number) => void,
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
