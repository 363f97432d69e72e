import { inGroups, type Steps } from '../../flow/steps.ts'
import { CLAIMS, type LegacyFile, type LegacyInfo, type LegacyJson } from './legacy-json.ts'

interface Rendering {
  /** false: the file is left out */
  keep(file: LegacyFile): boolean
  /** the file's URL at the gate; `undefined` leaves it out */
  urlOf(file: LegacyFile): string | undefined
  /** `null`: what only METADATA of a file can say is not repeated after the index, but null, so that clients look there */
  readonly claims: 'as listed' | 'null'
}

/** bytes that are copied in one step */
const COPIED = 256 * 1024

/**
 * The document with refused files left out, URLs at the gate and digests kept. A release whose files are all left out goes
 * with them; one that never had any stays.
 */
export function* renderLegacyJson(json: LegacyJson, rendering: Rendering): Steps<Buffer> {
  const text = new PiecesOf(json)
  text.add('{"urls":[')
  yield* addFiles(text, json.urls, rendering)
  text.add(']')
  if (json.releases !== undefined) yield* addReleases(text, json.releases, rendering)
  if (json.info !== undefined) addInfo(text, json.info, rendering.claims)
  text.addPart(json.info?.end ?? 0, json.beside)
  text.add('}')
  return yield* text.join()
}

const NO_CLAIMS = CLAIMS.map(key => `"${key}":null`).join(',')

function addInfo(text: PiecesOf, { claims, end }: LegacyInfo, told: Rendering['claims']): void {
  text.add(',"info":{')
  if (told === 'null') text.add(NO_CLAIMS)
  else text.addPart(0, claims)
  if (end > claims && (told === 'null' || claims > 0)) text.add(',')
  text.addPart(claims, end)
  text.add('}')
}

function* addReleases(
  text: PiecesOf,
  releases: NonNullable<LegacyJson['releases']>,
  rendering: Rendering,
): Steps<undefined> {
  text.add(',"releases":{')
  let separator = ''
  for (const { version, files, hadFiles } of releases) {
    const shown: Shown[] = []
    for (const group of inGroups(files)) {
      for (const file of group) take(shown, file, rendering)
      yield
    }
    if (shown.length === 0 && hadFiles) continue
    text.add(`${separator}${JSON.stringify(version)}:[`)
    addShown(text, shown)
    text.add(']')
    separator = ','
  }
  text.add('}')
}

function* addFiles(text: PiecesOf, files: readonly LegacyFile[], rendering: Rendering): Steps<undefined> {
  const shown: Shown[] = []
  for (const group of inGroups(files)) {
    for (const file of group) take(shown, file, rendering)
    yield
  }
  addShown(text, shown)
}

/** A file that is not left out. */
interface Shown {
  readonly file: LegacyFile
  readonly url: string
}

function take(shown: Shown[], file: LegacyFile, rendering: Rendering): void {
  const url = rendering.keep(file) ? rendering.urlOf(file) : undefined
  if (url !== undefined) shown.push({ file, url })
}

function addShown(text: PiecesOf, shown: readonly Shown[]): void {
  for (const [at, { file, url }] of shown.entries()) {
    if (at > 0) text.add(',')
    text.addPart(file.from, file.to)
    text.add(`${JSON.stringify(url)}}`)
  }
}

/** Texts of our own between parts of a document. */
class PiecesOf {
  readonly #bytes: Uint8Array
  readonly #pieces: (string | { readonly from: number; readonly to: number })[] = []
  #size = 0

  constructor({ bytes }: LegacyJson) {
    this.#bytes = bytes
  }

  add(text: string): void {
    this.#pieces.push(text)
    this.#size += Buffer.byteLength(text)
  }

  addPart(from: number, to: number): void {
    this.#pieces.push({ from, to })
    this.#size += to - from
  }

  *join(): Steps<Buffer> {
    const joined = Buffer.allocUnsafe(this.#size)
    let at = 0
    let copied = 0
    for (const piece of this.#pieces) {
      const before = at
      if (typeof piece === 'string') at += joined.write(piece, at)
      else {
        joined.set(this.#bytes.subarray(piece.from, piece.to), at)
        at += piece.to - piece.from
      }
      copied += at - before
      if (copied < COPIED) continue
      copied = 0
      yield
    }
    return joined
  }
}
