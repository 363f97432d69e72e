import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock } from '../../domain/base/instant.ts'
import { blobsOf, type HeldFile } from '../../domain/packaging/held-file.ts'
import { describeRule } from '../../domain/policy/rule-ref.ts'
import type { Blobs, OpenBlob } from '../../ports/blobs.ts'
import type { CarriedFolderWriter } from '../../ports/carried.ts'
import type { Holdings } from '../../ports/mirror.ts'
import type { Trust } from '../../ports/trust.ts'
import { type CarrierKey, signDocument } from '../../protocol/attest/dsse.ts'
import {
  type CarriedBlob,
  type CarriedDocument,
  type CarriedPart,
  documentsOf,
  MANIFEST,
  type MirrorManifest,
  renderManifest,
  renderSums,
  SIGNATURE,
  SUMS,
  TRUSTED_ROOT,
  VERDICTS,
} from '../../protocol/carry/mirror-manifest.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import type { TextFile } from '../../protocol/yaml/yaml-document.ts'
import { verdictJson } from '../explain/verdict-json.ts'
import type { Policies } from '../policy/policies.ts'
import { type HeldGates, type HeldVerdict, judgeHeld } from './held-verdicts.ts'

export interface ExportParts {
  readonly gates: HeldGates
  readonly holdings: Holdings
  readonly blobs: Blobs
  readonly trust: Trust
  readonly policies: Policies
  readonly clock: Clock
  /** bytes of an archive of these blobs */
  readonly archiveBytes: (blobs: readonly CarriedBlob[]) => number
}

export interface ExportOrder {
  /** Begins the folder; throws `usage` where something lies in it. */
  readonly begin: () => Promise<CarriedFolderWriter>
  /** a finished export that lies in the folder */
  readonly present: (Manifested & { readonly envelope: Uint8Array }) | undefined
  readonly signer: CarrierKey
  /** only what is new since this one is carried */
  readonly parent: Manifested | undefined
  /** bytes */
  readonly maxPart: number
  /** name and version of this program */
  readonly tool: string
  /** what the policy was read from */
  readonly policyFiles: readonly TextFile[]
  readonly progress: (what: string, done: number, all: number) => void
}

/** A manifest, and the sha256 of its bytes. */
export interface Manifested {
  readonly manifest: MirrorManifest
  readonly sha256: Sha256
}

export interface Exported extends Manifested {
  readonly judged: readonly HeldVerdict[]
}

/** Everything in a manifest that does not depend on how the blobs are packed, nor on what was exported before. */
type Head = Omit<MirrorManifest, 'sequence' | 'parts'>

/** A document and its bytes, before it is written. */
interface Draft extends CarriedDocument {
  readonly bytes: Buffer
}

/**
 * Packs what is held and admitted now, for another network: what is refused by now, or damaged, is left out and told. The
 * same holdings, policy, root and parent always make the same bytes; where they lie in the folder already nothing is
 * written. Throws `usage` for a file larger than a part.
 */
export async function exportMirror(order: ExportOrder, parts: ExportParts): Promise<Exported> {
  const { signer, parent, present, maxPart, progress } = order
  const { holdings } = parts
  const judged = await judgeHeld(await holdings.all(), parts.gates, (done, all) => progress('judged', done, all))
  const admitted = judged.filter(({ outcome }) => isAdmitted(outcome))
  const { head, drafts } = draft(admitted, order, parts)
  if (present !== undefined && (await isStill(present, head, order, holdings))) {
    const { manifest, sha256 } = present
    return { manifest, sha256, judged }
  }
  const fresh = divide(await blobsToCarry(head.files, parent?.manifest, parts.blobs), maxPart, parts.archiveBytes)
  const writer = await order.begin()
  const packed = await pack(fresh, writer, order, parts)
  for (const { name, bytes } of drafts) await writer.document(name, bytes)
  const manifest = await number({ ...head, sequence: 1, parts: packed }, parent?.manifest, holdings)
  const bytes = renderManifest(manifest)
  const sha256 = sha256Of(bytes)
  const envelope = signDocument({ name: MANIFEST, sha256 }, signer)
  const sums = renderSums([
    ...documentsOf(manifest),
    { name: MANIFEST, sha256 },
    { name: SIGNATURE, sha256: sha256Of(envelope) },
  ])
  await writer.document(SUMS, Buffer.from(sums))
  await writer.document(SIGNATURE, envelope)
  await writer.document(MANIFEST, bytes)
  // before the folder is whole: whoever is killed in between makes the same bytes under the same number again
  await holdings.exported({ sequence: manifest.sequence, manifest: sha256 })
  await writer.finish()
  return { manifest, sha256, judged }
}

function draft(
  admitted: readonly HeldVerdict[],
  { parent, tool, policyFiles }: ExportOrder,
  { trust, policies, clock }: ExportParts,
): { readonly head: Head; readonly drafts: readonly Draft[] } {
  const { digest, json } = trust.fresh(clock())
  const root = draftOf(TRUSTED_ROOT, json)
  const policyDrafts = policyFiles.map(({ path, text }, index) => draftOf(policyName(index, path), text))
  const verdicts = draftOf(VERDICTS, admitted.map(it => jsonLine(evidenceOf(it))).join(''))
  const head = {
    tool,
    parent: parent?.sha256,
    policy: { digest: policies.current().digest, files: policyDrafts },
    trust: { digest, source: trust.status(clock()).source, file: root },
    verdicts,
    files: admitted.map(({ held }) => held),
  }
  return { head, drafts: [root, ...policyDrafts, verdicts] }
}

function draftOf(name: string, text: string): Draft {
  const bytes = Buffer.from(text)
  return { name, bytes, sha256: sha256Of(bytes), size: bytes.byteLength }
}

/** Whether what lies there is the last export, signed with this key, and nothing that it says has changed. */
async function isStill(
  { manifest, sha256, envelope }: NonNullable<ExportOrder['present']>,
  head: Head,
  { signer }: ExportOrder,
  holdings: Holdings,
): Promise<boolean> {
  const same = { sequence: 1, parts: [] }
  return (
    sha256 === (await holdings.exports()).at(-1)?.manifest &&
    renderManifest({ ...manifest, ...same }).equals(renderManifest({ ...head, ...same })) &&
    signDocument({ name: MANIFEST, sha256 }, signer).equals(envelope)
  )
}

function isAdmitted(outcome: HeldVerdict['outcome']): boolean {
  return !(outcome instanceof GateError) && outcome.kind === 'admitted'
}

function evidenceOf(judged: HeldVerdict): object {
  const { outcome, held } = judged
  const rule =
    outcome instanceof GateError ? undefined : outcome.kind === 'admitted' ? outcome.facts.rule : outcome.rule
  // folders are nobody's business elsewhere
  return {
    ...verdictJson(judged),
    rule: rule === undefined ? null : describeRule(rule),
    provenance: held.provenance ?? null,
    ...(held.source === undefined ? {} : { source: held.source }),
  }
}

/** File names come from people: what remains of them is enough to tell them apart by. */
function policyName(index: number, path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/[^A-Za-z0-9._-]/g, '_')
  return `policy/${String(index + 1).padStart(2, '0')}-${name.replace(/^[.-]/, '_').slice(0, 200)}`
}

/** The last number again when nothing changed since; else the next one, also after the parent's. */
async function number(
  manifest: MirrorManifest,
  parent: MirrorManifest | undefined,
  holdings: Holdings,
): Promise<MirrorManifest> {
  const last = (await holdings.exports()).at(-1)
  const again = { ...manifest, sequence: last?.sequence ?? 1 }
  if (last !== undefined && sha256Of(renderManifest(again)) === last.manifest) return again
  return { ...manifest, sequence: Math.max(last?.sequence ?? 0, parent?.sequence ?? 0) + 1 }
}

/** Every blob once, in the order of the files, without those that the parent's files needed. */
async function blobsToCarry(
  files: readonly HeldFile[],
  parent: MirrorManifest | undefined,
  blobs: Blobs,
): Promise<readonly CarriedBlob[]> {
  const carried = new Set(parent?.files.flatMap(blobsOf) ?? [])
  const digests = [...new Set(files.flatMap(blobsOf))].filter(sha256 => !carried.has(sha256))
  const sized: CarriedBlob[] = []
  for (const sha256 of digests) {
    const blob = await openHeld(sha256, blobs)
    sized.push({ sha256, size: blob.size })
    blob.close()
  }
  return sized
}

async function openHeld(sha256: Sha256, blobs: Blobs): Promise<OpenBlob> {
  const blob = await blobs.open(sha256)
  if (blob === undefined)
    throw new GateError('unknown-store', `the stored file ${sha256} is gone: see portcullis mirror verify`)
  return blob
}

/** In order, each part as full as may be. */
function divide(
  blobs: readonly CarriedBlob[],
  maxPart: number,
  archiveBytes: ExportParts['archiveBytes'],
): readonly (readonly CarriedBlob[])[] {
  // what cannot be compressed grows by the frames that it is put in
  const room = maxPart - Math.ceil(maxPart / 1_000) - 1_024
  const parts: CarriedBlob[][] = []
  let current: CarriedBlob[] = []
  let used = archiveBytes([])
  const empty = used
  for (const blob of blobs) {
    const needs = archiveBytes([blob]) - empty
    if (needs + empty > room)
      throw new GateError(
        'usage',
        `a file of ${blob.size} bytes does not fit a part of ${maxPart} bytes: give --max-part more`,
      )
    if (used + needs > room) {
      parts.push(current)
      current = []
      used = empty
    }
    current.push(blob)
    used += needs
  }
  return current.length > 0 ? [...parts, current] : parts
}

async function pack(
  divided: readonly (readonly CarriedBlob[])[],
  writer: CarriedFolderWriter,
  { progress }: ExportOrder,
  { blobs }: ExportParts,
): Promise<readonly CarriedPart[]> {
  const packed: CarriedPart[] = []
  for (const [index, of] of divided.entries()) {
    const name = `part-${String(index + 1).padStart(4, '0')}.tar.zst`
    packed.push(await writer.part(name, of, ({ sha256 }) => openHeld(sha256, blobs)))
    progress('packed', index + 1, divided.length)
  }
  return packed
}
