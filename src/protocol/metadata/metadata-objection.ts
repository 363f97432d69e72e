import { isUtf8 } from 'node:buffer'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { compareVersions, parseVersion, type Version } from '../../domain/packaging/version.ts'

/** METADATA that has more is not read. Bytes. */
export const MOST_METADATA_BYTES = 16 * 1024 * 1024

/** What speaks against giving out a text as the METADATA of a release. */
export interface MetadataObjection {
  /** `metadata-unreadable`: it is not in the form of core metadata; `metadata-mismatch`: it is, and of another release */
  readonly code: 'metadata-unreadable' | 'metadata-mismatch'
  /** what it is, behind the name of the file */
  readonly found: string
}

interface Release {
  readonly project: ProjectName
  readonly version: Version
}

/**
 * Whether these bytes are core metadata (PEP 566, 643) of exactly this release: UTF-8 without control characters but tab and
 * line ends, which no archive is, and headers whose Name, normalised, and Version, as PEP 440 compares them, are the release's.
 * `undefined` where nothing speaks against them. What Requires-Dist and the other headers say is not looked at.
 */
export function metadataObjection(bytes: Uint8Array, release: Release): MetadataObjection | undefined {
  if (bytes.byteLength > MOST_METADATA_BYTES) return unreadable(`has more than ${MOST_METADATA_BYTES} bytes`)
  if (!isUtf8(bytes)) return unreadable('is not UTF-8')
  if (holdsControls(bytes)) return unreadable('holds control characters')
  const headers = readHeaders(new TextDecoder().decode(bytes))
  for (const name of REQUIRED) if (!headers.has(name)) return unreadable(`has no ${name} among its headers`)
  // whichever of several a client takes, it takes the right one
  const names = headers.get('name') ?? []
  const versions = headers.get('version') ?? []
  if (!names.every(name => tryProjectName(name) === release.project)) return mismatch('names another project')
  if (!versions.every(version => isVersion(version, release.version))) return mismatch('names another version')
  return undefined
}

const REQUIRED: ReadonlySet<string> = new Set(['metadata-version', 'name', 'version'])

function isVersion(text: string, version: Version): boolean {
  const parsed = parseVersion(text)
  return parsed !== undefined && compareVersions(parsed, version) === 0
}

const [TAB, LINE_FEED, CARRIAGE_RETURN, SPACE, DELETE] = [0x09, 0x0a, 0x0d, 0x20, 0x7f]

/** RFC 5234's CTL; in UTF-8 no other character holds such a byte. */
function holdsControls(bytes: Uint8Array): boolean {
  for (const byte of bytes) {
    if (byte === DELETE) return true
    if (byte < SPACE && byte !== TAB && byte !== LINE_FEED && byte !== CARRIAGE_RETURN) return true
  }
  return false
}

const LINE = /([^\r\n]*)(\r\n|\r|\n|$)/y
const HEADER = /^([\x21-\x39\x3b-\x7e]+):(.*)$/

/**
 * The headers that are looked at, by their names in lower case, as Python's `email` reads them: up to the first line that is neither a
 * header nor goes on with one. A value that goes on over lines is no name and no version.
 */
function readHeaders(text: string): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>()
  let last: string | undefined
  LINE.lastIndex = 0
  while (LINE.lastIndex < text.length) {
    const [, line = ''] = LINE.exec(text) ?? []
    if (/^[ \t]/.test(line)) {
      if (last === undefined) break
      headers.get(last)?.push(FOLDED)
      continue
    }
    const [, name, value = ''] = HEADER.exec(line) ?? []
    if (name === undefined) break
    last = name.toLowerCase()
    if (!REQUIRED.has(last)) continue
    const values = headers.get(last) ?? []
    values.push(value.trim())
    headers.set(last, values)
  }
  return headers
}

/** Neither a name nor a version. */
const FOLDED = ' '

function unreadable(found: string): MetadataObjection {
  return { code: 'metadata-unreadable', found }
}

function mismatch(found: string): MetadataObjection {
  return { code: 'metadata-mismatch', found }
}
