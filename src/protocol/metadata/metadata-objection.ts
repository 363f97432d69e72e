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

/** Whether these bytes are core metadata of exactly this release: {@link MetadataReader} for a text that is whole. */
export function metadataObjection(bytes: Uint8Array, release: Release): MetadataObjection | undefined {
  const reader = new MetadataReader()
  reader.write(bytes)
  return reader.objection(release)
}

/**
 * Looks at core metadata (PEP 566, 643) piece by piece, while it comes: UTF-8 without control characters but tab, form feed and line
 * ends, which no archive is, and headers whose Name, normalised, and Version, as PEP 440 compares them, are the release's for every
 * client, whichever characters end a line for it. What
 * Requires-Dist and the other headers say is not looked at. Nothing of the text is kept but the line that is under way.
 */
export class MetadataReader {
  readonly #headers = new HeaderReader('python')
  readonly #fed = new HeaderReader('line feeds')
  #bytes = 0
  #isUtf8 = true
  #holdsControls = false
  /** the beginning of a character whose end has not come yet */
  #cut: Uint8Array = NOTHING

  write(piece: Uint8Array): void {
    this.#bytes += piece.byteLength
    if (this.#bytes > MOST_METADATA_BYTES || !this.#isUtf8 || this.#holdsControls) return
    const joined = this.#cut.byteLength === 0 ? piece : Buffer.concat([this.#cut, piece])
    const whole = joined.byteLength - cutAtEnd(joined)
    this.#isUtf8 = isUtf8(joined.subarray(0, whole))
    this.#cut = Uint8Array.from(joined.subarray(whole))
    this.#holdsControls = holdsControls(piece)
    this.#headers.write(piece)
    this.#fed.write(piece)
  }

  /** What speaks against giving out all that was written; `undefined` where nothing does. */
  objection(release: Release): MetadataObjection | undefined {
    if (this.#bytes > MOST_METADATA_BYTES) return unreadable(`has more than ${MOST_METADATA_BYTES} bytes`)
    if (this.#holdsControls && this.#isUtf8) return unreadable('holds control characters')
    if (!this.#isUtf8 || this.#cut.byteLength > 0) return unreadable('is not UTF-8')
    const headers = this.#headers.end()
    for (const name of REQUIRED) if (!headers.has(name)) return unreadable(`has no ${name} among its headers`)
    // whichever of several a client takes, it takes the right one
    const fed = this.#fed.end()
    const names = [headers, fed].flatMap(each => each.get('name') ?? [])
    const versions = [headers, fed].flatMap(each => each.get('version') ?? [])
    if (!names.every(name => tryProjectName(name) === release.project)) return mismatch('names another project')
    if (!versions.every(version => isVersion(version, release.version))) return mismatch('names another version')
    return undefined
  }
}

const NOTHING = new Uint8Array()

/** How many bytes at the end begin a character of UTF-8 that goes on behind them. */
function cutAtEnd(bytes: Uint8Array): number {
  for (let back = 1; back <= 3; back += 1) {
    const byte = bytes.at(-back)
    if (byte === undefined) return 0
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? back : 0
  }
  return 0
}

const REQUIRED: ReadonlySet<string> = new Set(['metadata-version', 'name', 'version'])

function isVersion(text: string, version: Version): boolean {
  const parsed = parseVersion(text)
  return parsed !== undefined && compareVersions(parsed, version) === 0
}

const [TAB, LINE_FEED, FORM_FEED, CARRIAGE_RETURN, SPACE, DELETE] = [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x7f]
/** Texts have form feeds between their pages, the licenses of GNU first of all. */
const OF_TEXTS: ReadonlySet<number> = new Set([TAB, LINE_FEED, FORM_FEED, CARRIAGE_RETURN])
/** For each byte, 1 where it is RFC 5234's CTL and none of texts; in UTF-8 no other character holds such a byte. */
const CONTROLS = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === DELETE || (byte < SPACE && !OF_TEXTS.has(byte)) ? 1 : 0,
)

/** By number: an iterator takes ten times as long until it is compiled, and every METADATA comes by here. */
function holdsControls(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1) if (CONTROLS[bytes[at] ?? 0] === 1) return true
  return false
}

/** As Python's `email.feedparser` has them; a value goes on to the end of its line, whatever stands in it. */
const HEADER = /^([\x21-\x39\x3b-\x7e]+):(.*)$/s
/** What is none there, and ends nothing: an envelope, and a header without a name. */
const SKIPPED = /^(?:From |:)/
/** Bytes of a line that are looked at: what is longer is no name and no version, whatever it begins with. */
const LONGEST_LINE = 64 * 1024

/**
 * The headers that are looked at, by their names in lower case, as clients read them. A value that goes on over lines is no name and
 * no version.
 *
 * - `python`: as its `email`, up to the first line that is neither a header nor goes on with one; a line ends at LF, CR or both. Nothing
 *   else ends one, not U+0085, U+2028 or a form feed.
 * - `line feeds`: as uv's `mailparse`, the first of each name up to an empty line, whatever else stands between; CR ends no line.
 */
class HeaderReader {
  readonly #kind: 'python' | 'line feeds'
  readonly #headers = new Map<string, string[]>()
  #last: string | undefined
  #isFirst = true
  #isOver = false
  /** of the line that is under way */
  #pieces: Buffer[] = []
  #bytes = 0
  #isTooLong = false
  #isAfterReturn = false

  constructor(kind: 'python' | 'line feeds') {
    this.#kind = kind
  }

  write(piece: Uint8Array): void {
    if (this.#isOver || piece.byteLength === 0) return
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    let from = this.#isAfterReturn && bytes[0] === LINE_FEED ? 1 : 0
    this.#isAfterReturn = false
    for (let at = from; at < bytes.length && !this.#isOver; at += 1) {
      const byte = bytes[at]
      if (byte !== LINE_FEED && (byte !== CARRIAGE_RETURN || this.#kind === 'line feeds')) continue
      this.#gather(bytes.subarray(from, at))
      this.#endLine()
      if (byte === CARRIAGE_RETURN && bytes[at + 1] === LINE_FEED) at += 1
      this.#isAfterReturn = byte === CARRIAGE_RETURN && at === bytes.length - 1
      from = at + 1
    }
    if (!this.#isOver) this.#gather(bytes.subarray(from))
  }

  end(): ReadonlyMap<string, readonly string[]> {
    if (this.#bytes > 0) this.#endLine()
    return this.#headers
  }

  /** Copied, so that no piece is held for the sake of a few of its bytes. */
  #gather(bytes: Buffer): void {
    const room = LONGEST_LINE - this.#bytes
    if (bytes.length > room) this.#isTooLong = true
    const looked = bytes.subarray(0, room)
    if (looked.length > 0) this.#pieces.push(Buffer.from(looked))
    this.#bytes += looked.length
  }

  #endLine(): void {
    const text = Buffer.concat(this.#pieces, this.#bytes).toString()
    this.#pieces = []
    this.#bytes = 0
    const line = this.#isFirst ? text.replace(/^\ufeff/, '') : text
    if (this.#kind === 'python') this.#take(line)
    else this.#takeFirst(line.replace(/\r$/, ''))
    this.#isFirst = false
    this.#isTooLong = false
  }

  #take(line: string): void {
    if (/^[ \t]/.test(line)) {
      this.#fold()
      return
    }
    const [, name, value = ''] = HEADER.exec(line) ?? []
    this.#last = name?.toLowerCase()
    if (this.#last === undefined) this.#isOver = !SKIPPED.test(line)
    else this.#note(this.#last, value)
  }

  #takeFirst(line: string): void {
    if (/^[ \t]/.test(line)) {
      this.#fold()
      return
    }
    if (line === '') this.#isOver = true
    const end = line.indexOf(':')
    const name = end < 0 ? '' : line.slice(0, end).toLowerCase()
    this.#last = this.#headers.has(name) ? undefined : name
    if (this.#last !== undefined) this.#note(name, line.slice(end + 1))
  }

  #note(name: string, value: string): void {
    if (!REQUIRED.has(name)) return
    const values = this.#headers.get(name) ?? []
    values.push(this.#isTooLong ? FOLDED : value.replace(/^[ \t]+|[ \t]+$/g, ''))
    this.#headers.set(name, values)
  }

  #fold(): void {
    if (this.#last !== undefined) this.#headers.get(this.#last)?.push(FOLDED)
  }
}

/** Neither a name nor a version. */
const FOLDED = ' '

function unreadable(found: string): MetadataObjection {
  return { code: 'metadata-unreadable', found }
}

function mismatch(found: string): MetadataObjection {
  return { code: 'metadata-mismatch', found }
}
