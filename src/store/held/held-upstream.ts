import { GateError } from '../../domain/base/errors.ts'
import { parseInstant } from '../../domain/base/instant.ts'
import { wheelTags } from '../../domain/packaging/filename.ts'
import type { HeldFile } from '../../domain/packaging/held-file.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import {
  canonicalVersion,
  compareVersions,
  isPrerelease,
  parseVersion,
  type Version,
} from '../../domain/packaging/version.ts'
import { type Blobs, type OpenBlob, readBlob } from '../../ports/blobs.ts'
import type { HeldFiles } from '../../ports/mirror.ts'
import type { Index, Integrity, ResumableOrigin } from '../../ports/outward.ts'
import { type LegacyJson, legacyJson } from '../../protocol/legacy/legacy-json.ts'
import { readCoreMetadata } from '../../protocol/metadata/core-metadata.ts'
import { metadataObjection } from '../../protocol/metadata/metadata-objection.ts'
import type { IndexFile, ProjectIndex } from '../../protocol/simple/project-index.ts'

/** Larger is no document. Bytes. */
const LARGEST_DOCUMENT = 16 * 1024 * 1024

/** What stands in an upstream's place where there is none: what the mirror holds, and not a packet. */
export interface HeldUpstream {
  readonly index: Index
  readonly integrity: Integrity
  readonly origin: ResumableOrigin
}

/**
 * The outward ports over what a mirror holds. Everything that comes from here is as unchecked as what a network brings: a
 * verdict is made of it afresh.
 */
export function createHeldUpstream(holdings: HeldFiles, blobs: Pick<Blobs, 'open'>): HeldUpstream {
  return {
    index: {
      async project(name) {
        const files = await holdings.of(name)
        return files.length === 0 ? { kind: 'absent' } : { kind: 'page', index: pageOf(name, files), etag: undefined }
      },
      async legacy(name, version) {
        const wanted = version === undefined ? undefined : parseVersion(version)
        const files = await holdings.of(name)
        const shown = wanted ?? newest(files)
        const urls = files.filter(file => shown !== undefined && compareVersions(file.filename.version, shown) === 0)
        if (urls.length === 0) return { kind: 'absent' }
        return { kind: 'json', json: legacyOf(name, files, urls, await metadataOf(urls, blobs)) }
      },
    },
    integrity: {
      isOwnOrigin: () => true,
      async provenance(project, filename) {
        const held = (await holdings.of(project)).find(file => file.filename.text === filename.text)
        const digest = held?.provenance
        if (digest === undefined) return { kind: 'absent' }
        const blob = await blobs.open(digest)
        if (blob === undefined) throw gone(`the provenance of ${filename.text}`)
        return { kind: 'provenance', bytes: await readDocument(blob) }
      },
    },
    origin: {
      async file({ filename }) {
        // what is held was opened before anybody asks an origin
        throw gone(filename.text)
      },
      async rest({ filename }) {
        throw gone(filename.text)
      },
      async metadata({ filename }) {
        throw gone(`${filename.text}.metadata`)
      },
    },
  }
}

function gone(what: string): GateError {
  return new GateError(
    'unknown-store',
    `${what} is listed, and its bytes are gone or were changed: run portcullis mirror verify, and import again`,
  )
}

function pageOf(name: ProjectName, files: readonly HeldFile[]): ProjectIndex {
  const versions = new Map(files.map(({ filename: { version } }) => [canonicalVersion(version), version]))
  return {
    name,
    minor: 4,
    files: files.map(listed),
    versions: [...versions.values()].sort(compareVersions),
    status: files.find(({ status }) => status !== 'active')?.status ?? 'active',
    statusReason: undefined,
    serial: undefined,
    dropped: [],
  }
}

function listed(file: HeldFile): IndexFile {
  const { filename, path, url, sha256, size, uploadTime, requiresPython, yanked, coreMetadata } = file
  return {
    filename: filename.text,
    dist: filename,
    path,
    url,
    sha256,
    hashes: { sha256 },
    size,
    uploadTime,
    uploaded: uploadTime === undefined ? undefined : parseInstant(uploadTime),
    requiresPython,
    yanked,
    coreMetadata,
    provenance: provenanceOf(file),
  }
}

/** What was offered outside and is not here must not become "there is none". */
function provenanceOf({ provenance, said }: HeldFile): IndexFile['provenance'] {
  return provenance !== undefined || said === 'offered' ? 'offered' : 'none'
}

/** The newest release that an installer would choose. */
function newest(files: readonly HeldFile[]): Version | undefined {
  const versions = files.map(({ filename: { version } }) => version).sort(compareVersions)
  return versions.findLast(version => !isPrerelease(version)) ?? versions.at(-1)
}

/** METADATA of one wheel of the release, where the mirror holds any. */
async function metadataOf(files: readonly HeldFile[], blobs: Pick<Blobs, 'open'>): Promise<string | undefined> {
  for (const { coreMetadata, project, filename } of files) {
    const blob = coreMetadata === undefined ? undefined : await blobs.open(coreMetadata)
    const bytes = blob === undefined ? undefined : await readDocument(blob)
    const isIt = bytes !== undefined && metadataObjection(bytes, { project, version: filename.version }) === undefined
    if (isIt) return bytes.toString('utf8')
  }
  return undefined
}

/** PyPI's JSON API, as far as the Simple API and METADATA tell. */
function legacyOf(
  name: ProjectName,
  files: readonly HeldFile[],
  urls: readonly HeldFile[],
  metadata: string | undefined,
): LegacyJson {
  const releases = Map.groupBy(files, ({ filename: { version } }) => canonicalVersion(version))
  const [first] = urls
  const info = {
    ...readCoreMetadata(metadata ?? ''),
    name,
    version: first?.filename.version,
    requires_python: first?.requiresPython ?? null,
    yanked: urls.every(({ yanked }) => yanked !== false),
    yanked_reason: urls.map(({ yanked }) => yanked).find(yanked => typeof yanked === 'string') ?? null,
  }
  const document = {
    info,
    last_serial: 0,
    releases: Object.fromEntries([...releases.values()].map(of => [of[0]?.filename.version ?? '', of.map(legacyFile)])),
    urls: urls.map(legacyFile),
    vulnerabilities: [],
  }
  return legacyJson(document, { project: name, serial: undefined })
}

function legacyFile(file: HeldFile): Readonly<Record<string, unknown>> {
  const { filename, sha256, size, uploadTime, requiresPython, yanked } = file
  return {
    filename: filename.text,
    digests: { sha256 },
    size,
    packagetype: filename.kind === 'wheel' ? 'bdist_wheel' : 'sdist',
    python_version: filename.kind === 'wheel' ? (wheelTags(filename).pythons[0] ?? 'py3') : 'source',
    requires_python: requiresPython ?? null,
    upload_time_iso_8601: uploadTime ?? null,
    yanked: yanked !== false,
    yanked_reason: typeof yanked === 'string' ? yanked : null,
    url: file.url,
  }
}

async function readDocument(blob: OpenBlob): Promise<Buffer> {
  const bytes = await readBlob(blob, LARGEST_DOCUMENT)
  if (bytes === undefined) throw new GateError('unknown-store', 'a document is larger than documents are')
  return bytes
}
