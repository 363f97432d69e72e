import { createHash } from 'node:crypto'
import { parseDistFilename } from '../../../src/domain/packaging/filename.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { compareVersions, parseVersion } from '../../../src/domain/packaging/version.ts'

/** A file of an upstream: what it serves, and what it says about it where that is not the truth. */
export interface UpstreamFile {
  readonly filename: string
  readonly bytes: Buffer
  /** as announced; default: of the bytes */
  readonly sha256?: string
  /** as announced; default: of the bytes */
  readonly size?: number
  /** METADATA, served beside a wheel */
  readonly metadata?: Buffer | undefined
  /** as announced; default: of `metadata` */
  readonly metadataSha256?: string
  readonly provenance?: Buffer | undefined
  readonly requiresPython?: string | undefined
  /** default 2024-11-06T22:37:09.220617Z */
  readonly uploadTime?: string
  readonly yanked?: string | boolean
  /** keys of its entry on the page, over all others; `undefined` takes one away */
  readonly entry?: Readonly<Record<string, unknown>>
  /** where it is served; default PyPI's form */
  readonly path?: string
}

/** Which Simple API the upstream speaks; company mirrors are often older than PyPI. */
export interface Dialect {
  /** of api-version 1.x */
  readonly minor: 0 | 1 | 2 | 3 | 4
  readonly provenance: boolean
  readonly coreMetadata: boolean
  readonly versions: boolean
  /** default JSON; HTML has no sizes, no times of upload, and here no serial */
  readonly form?: 'json' | 'html'
}

export interface UpstreamProject {
  /** normalised */
  readonly name: string
  files: UpstreamFile[]
  serial: number
  status: { readonly status: string; readonly reason?: string }
}

interface Origins {
  readonly files: string
  readonly integrity: string
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** `/packages/aa/bb/<60>/<filename>`; the digest is opaque to everybody (PyPI's is BLAKE2, which Node lacks at this length). */
export function pathOf({ filename, bytes, path }: UpstreamFile): string {
  if (path !== undefined) return path
  const digest = createHash('sha512-256').update(bytes).digest('hex')
  return `/packages/${digest.slice(0, 2)}/${digest.slice(2, 4)}/${digest.slice(4)}/${filename}`
}

/** A file with everything that is announced of it written down, so that changing what is served changes nothing else. */
export function announce(file: UpstreamFile): UpstreamFile {
  const { bytes, metadata } = file
  return {
    ...file,
    path: pathOf(file),
    sha256: file.sha256 ?? sha256(bytes),
    size: file.size ?? bytes.length,
    ...(metadata === undefined ? {} : { metadataSha256: file.metadataSha256 ?? sha256(metadata) }),
  }
}

/** The version in a file's name, normalised as PyPI shows it (`1.0` stays `1.0`); empty for a name that is no distribution. */
export function versionOf(filename: string, project: string): string {
  return parseDistFilename(filename, parseProjectName(project))?.version ?? ''
}

/** PyPI finds a release by any spelling of its version. */
export function isVersion(text: string, version: string): boolean {
  const [a, b] = [parseVersion(text), parseVersion(version)]
  return a !== undefined && b !== undefined && compareVersions(a, b) === 0
}

/** The page as PyPI writes it: sorted keys, compact, a final newline. */
export function renderPage(project: UpstreamProject, dialect: Dialect, origins: Origins): Buffer {
  const page = {
    files: project.files.map(file => renderFile(project, file, dialect, origins)),
    meta: { '_last-serial': project.serial, 'api-version': `1.${dialect.minor}` },
    name: project.name,
    ...(dialect.minor < 4 ? {} : { 'project-status': project.status }),
    ...(dialect.versions ? { versions: versionsOf(project) } : {}),
  }
  return Buffer.from(`${JSON.stringify(page)}\n`)
}

function versionsOf({ files, name }: UpstreamProject): readonly string[] {
  return [...new Set(files.map(({ filename }) => versionOf(filename, name)).filter(version => version !== ''))]
}

function renderFile(project: UpstreamProject, file: UpstreamFile, dialect: Dialect, origins: Origins): object {
  const { filename, bytes, metadata } = file
  const offered =
    metadata === undefined || !filename.endsWith('.whl') ? false : { sha256: file.metadataSha256 ?? sha256(metadata) }
  return {
    ...(dialect.coreMetadata ? { 'core-metadata': offered, 'data-dist-info-metadata': offered } : {}),
    filename,
    hashes: { sha256: file.sha256 ?? sha256(bytes) },
    ...(dialect.provenance ? { provenance: provenanceUrl(project, file, origins) } : {}),
    'requires-python': file.requiresPython ?? null,
    ...(dialect.minor < 1 ? {} : { size: file.size ?? bytes.length, 'upload-time': uploadTime(file) }),
    url: `${origins.files}${pathOf(file)}`,
    yanked: file.yanked ?? false,
    ...file.entry,
  }
}

/** The page of an index that knows PEP 503 and what came to it as attributes: relative links, names percent-encoded. */
export function renderHtmlPage(project: UpstreamProject, dialect: Dialect, origins: Origins): Buffer {
  const meta = dialect.minor === 0 ? '' : `<meta name="pypi:repository-version" content="1.${dialect.minor}">`
  const status = dialect.minor < 4 ? '' : `<meta name="pypi:project-status" content="${project.status.status}">`
  const anchors = project.files.map(file => renderAnchor(project, file, dialect, origins))
  return Buffer.from(`<!DOCTYPE html>
<html><head>${meta}${status}<title>Links for ${project.name}</title></head>
<body><h1>Links for ${project.name}</h1>
${anchors.join('<br/>\n')}
</body></html>
`)
}

function renderAnchor(project: UpstreamProject, file: UpstreamFile, dialect: Dialect, origins: Origins): string {
  const { filename, bytes, metadata, requiresPython, yanked = false } = file
  const digest = metadata === undefined ? undefined : (file.metadataSha256 ?? sha256(metadata))
  const attributes: Readonly<Record<string, string | undefined>> = {
    href: `${origins.files}${pathOf(file).replaceAll('+', '%2B')}#sha256=${file.sha256 ?? sha256(bytes)}`,
    'data-requires-python': requiresPython,
    'data-yanked': yanked === false ? undefined : yanked === true ? '' : yanked,
    'data-core-metadata':
      digest === undefined || !dialect.coreMetadata || !filename.endsWith('.whl') ? undefined : `sha256=${digest}`,
    'data-provenance': dialect.provenance ? (provenanceUrl(project, file, origins) ?? undefined) : undefined,
  }
  const written = Object.entries(attributes).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [` ${name}="${value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}"`],
  )
  return `<a${written.join('')}>${filename}</a>`
}

function provenanceUrl(
  project: UpstreamProject,
  { filename, provenance }: UpstreamFile,
  origins: Origins,
): string | null {
  if (provenance === undefined) return null
  return `${origins.integrity}/integrity/${project.name}/${versionOf(filename, project.name)}/${filename}/provenance`
}

function uploadTime({ uploadTime = '2024-11-06T22:37:09.220617Z' }: UpstreamFile): string {
  return uploadTime
}

/** The JSON API's answer for a project, or for one version of it (then without `releases`). */
export function renderLegacy(
  project: UpstreamProject,
  version: string | undefined,
  origins: Origins,
): Buffer | undefined {
  const versions = versionsOf(project)
  const shown = version === undefined ? versions.at(-1) : versions.find(each => isVersion(each, version))
  if (shown === undefined) return undefined
  const filesOf = (wanted: string): readonly object[] =>
    project.files
      .filter(({ filename }) => versionOf(filename, project.name) === wanted)
      .map(file => renderLegacyFile(file, origins))
  return Buffer.from(
    JSON.stringify({
      info: { name: project.name, version: shown, summary: 'made for a test', requires_dist: null, yanked: false },
      last_serial: project.serial,
      ...(version === undefined ? { releases: Object.fromEntries(versions.map(each => [each, filesOf(each)])) } : {}),
      urls: filesOf(shown),
      vulnerabilities: [],
    }),
  )
}

function renderLegacyFile(file: UpstreamFile, origins: Origins): object {
  const { filename, bytes, yanked = false } = file
  return {
    digests: { sha256: file.sha256 ?? sha256(bytes) },
    filename,
    packagetype: filename.endsWith('.whl') ? 'bdist_wheel' : 'sdist',
    python_version: filename.endsWith('.whl') ? 'py3' : 'source',
    requires_python: file.requiresPython ?? null,
    size: file.size ?? bytes.length,
    upload_time: uploadTime(file).slice(0, 19),
    upload_time_iso_8601: uploadTime(file),
    url: `${origins.files}${pathOf(file)}`,
    yanked: yanked !== false,
    yanked_reason: typeof yanked === 'string' ? yanked : null,
  }
}
