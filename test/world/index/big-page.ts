import { createHash } from 'node:crypto'

/** A project with many releases of a wheel and a source distribution each, as PyPI writes it. */
export interface BigProject {
  readonly page: Buffer
  /** of the newest version without `version`; with it, of that one, without its siblings */
  legacy(version?: string): Buffer
  readonly versions: readonly string[]
  /** `/packages/…` of every file, in the page's order */
  readonly paths: readonly string[]
}

interface Request {
  readonly name: string
  /** an even number */
  readonly files: number
  /** where files are served */
  readonly origin: string
  /** versions whose files are offered with provenance; default none */
  readonly offered?: (at: number) => boolean
}

export function makeBigProject({ name, files, origin, offered = () => false }: Request): BigProject {
  const versions = Array.from({ length: files / 2 }, (_, at) => `${at >> 8}.${at & 255}.${at % 7}`)
  const made = versions.map((version, at) =>
    [`${name}-${version}-py3-none-any.whl`, `${name}-${version}.tar.gz`].map(filename => {
      const sha256 = hex(filename)
      const path = `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}`
      const uploaded = new Date(1_600_000_000_000 + at * 10_000_000).toISOString()
      return { version, filename, sha256, path, uploaded, isOffered: offered(at) }
    }),
  )
  const page = {
    files: made.flat().map(({ version, filename, sha256, path, uploaded, isOffered }) => ({
      'core-metadata': filename.endsWith('.whl') ? { sha256: hex(`metadata of ${filename}`) } : false,
      filename,
      hashes: { sha256 },
      provenance: isOffered ? `${origin}/integrity/${name}/${version}/${filename}/provenance` : null,
      'requires-python': '>=3.9',
      size: 123_456,
      'upload-time': uploaded,
      url: `${origin}${path}`,
      yanked: false,
    })),
    meta: { '_last-serial': 7, 'api-version': '1.4' },
    name,
    'project-status': { status: 'active' },
    versions,
  }
  const legacyFiles = made.map(release =>
    release.map(({ filename, sha256, path, uploaded }) => ({
      comment_text: '',
      digests: { blake2b_256: hex(`blake of ${filename}`), md5: sha256.slice(0, 32), sha256 },
      filename,
      packagetype: filename.endsWith('.whl') ? 'bdist_wheel' : 'sdist',
      python_version: 'py3',
      requires_python: '>=3.9',
      size: 123_456,
      upload_time_iso_8601: uploaded,
      url: `${origin}${path}`,
      yanked: false,
      yanked_reason: null,
    })),
  )
  return {
    page: Buffer.from(JSON.stringify(page)),
    versions,
    paths: made.flat().map(({ path }) => path),
    legacy(version) {
      const shown = version === undefined ? versions.length - 1 : versions.indexOf(version)
      const releases = Object.fromEntries(versions.map((each, at) => [each, legacyFiles[at]]))
      return Buffer.from(
        JSON.stringify({
          info: { name, version: versions[shown], summary: 'made for a test' },
          last_serial: 7,
          ...(version === undefined ? { releases } : {}),
          urls: legacyFiles[shown] ?? [],
          vulnerabilities: [],
        }),
      )
    },
  }
}

function hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
