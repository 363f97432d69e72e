import { buffer } from 'node:stream/consumers'
import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Admitted } from '../../domain/decide/verdict.ts'
import type { WheelFilename } from '../../domain/packaging/filename.ts'
import { createLimit } from '../../flow/limit.ts'
import { createOnce } from '../../flow/once.ts'
import type { Origin } from '../../ports/outward.ts'
import { ArchiveError } from '../../protocol/metadata/archive-error.ts'
import { type BuildRequires, readBuildRequires } from '../../protocol/metadata/build-requires.ts'
import { readCoreMetadata } from '../../protocol/metadata/core-metadata.ts'
import { metadataObjection } from '../../protocol/metadata/metadata-objection.ts'
import { readSdistProject } from '../../protocol/metadata/sdist-project.ts'
import { readWheelMetadata } from '../../protocol/metadata/wheel-metadata.ts'
import { fetchVerified } from './fetch-verified.ts'

/** Files that are in memory at once, and the largest of them. */
const AT_ONCE = 2
const MOST_BYTES = 128 * 1024 * 1024
/** METADATA that is fetched at once */
const DOCUMENTS = 8

/** What an admitted file needs, told by its own bytes. A text says why that cannot be known. Throws integrity-mismatch, unknown-…. */
export interface LookInside {
  /** `[build-system].requires` of a source distribution. */
  buildRequires(verdict: Admitted): Promise<BuildRequires | string>
  /** Requires-Dist of a wheel, as written. */
  requiresDist(verdict: Admitted): Promise<readonly string[] | string>
}

export function createLookInside(origin: Origin): LookInside {
  const files = createLimit({ running: AT_ONCE, waiting: Number.POSITIVE_INFINITY, what: 'files' })
  const documents = createLimit({ running: DOCUMENTS, waiting: Number.POSITIVE_INFINITY, what: 'METADATA' })
  const once = createOnce<readonly string[] | string>()
  const known = new Map<string, readonly string[] | string>()

  async function bytesOf(verdict: Admitted): Promise<Buffer | string> {
    const bytes = await fetchVerified(verdict, origin, MOST_BYTES)
    return bytes ?? `it has more than ${MOST_BYTES} bytes`
  }

  async function insideSdist(verdict: Admitted): Promise<BuildRequires | string> {
    const { filename } = verdict.artifact
    if (filename.kind !== 'sdist') throw new GateError('unknown-bug', `${filename.text} is no source distribution`)
    const bytes = await bytesOf(verdict)
    if (typeof bytes === 'string') return bytes
    return await readable(async () => readBuildRequires(await readSdistProject(bytes, filename)))
  }

  /** What the index announces, by its hash; where it announces nothing, what the wheel holds. */
  async function metadataOf(verdict: Admitted, filename: WheelFilename): Promise<Buffer | string> {
    const { artifact } = verdict
    const { coreMetadata } = artifact
    const answer =
      coreMetadata === undefined
        ? undefined
        : await documents.run(() => origin.metadata(artifact, ({ value }) => buffer(value)))
    if (answer?.kind === 'metadata') {
      if (sha256Of(answer.taken) === coreMetadata) return answer.taken
      throw new GateError(
        'integrity-mismatch',
        `${filename.text}.metadata: the bytes have not the sha256 ${coreMetadata}`,
      )
    }
    return await files.run(async () => {
      const wheel = await bytesOf(verdict)
      if (typeof wheel === 'string') return wheel
      return await readable(() => readWheelMetadata(inMemory(wheel), filename))
    })
  }

  async function insideWheel(verdict: Admitted): Promise<readonly string[] | string> {
    const { filename, project } = verdict.artifact
    if (filename.kind !== 'wheel') throw new GateError('unknown-bug', `${filename.text} is no wheel`)
    const bytes = await metadataOf(verdict, filename)
    if (typeof bytes === 'string') return bytes
    const objection = metadataObjection(bytes, { project, version: filename.version })
    if (objection !== undefined) return `its METADATA ${objection.found}`
    const { requires_dist: requires } = readCoreMetadata(bytes.toString('utf8'))
    return Array.isArray(requires) ? requires : []
  }

  return {
    buildRequires: verdict => files.run(() => insideSdist(verdict)),
    async requiresDist(verdict) {
      const { sha256, filename } = verdict.artifact
      const key = `${sha256} ${filename.text}`
      const before = known.get(key)
      if (before !== undefined) return before
      const found = await once(key, () => insideWheel(verdict))
      known.set(key, found)
      return found
    },
  }
}

function inMemory(bytes: Buffer) {
  return {
    size: bytes.length,
    read: async (buffer: Buffer, position: number, length: number) =>
      bytes.copy(buffer, 0, position, Math.min(position + length, bytes.length)),
  }
}

/** An archive that contradicts itself is known to, and says nothing of what it needs. */
async function readable<Read>(read: () => Promise<Read>): Promise<Read | string> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof ArchiveError) return error.message
    throw error
  }
}
