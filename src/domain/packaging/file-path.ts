import { type Sha256, sha256Of } from '../base/digest.ts'
import type { FilePath, UpstreamUrl } from './artifact.ts'
import { isListedFilename } from './filename.ts'

const HEX2 = /^[0-9a-f]{2}$/
const HEX60 = /^[0-9a-f]{60}$/
const PYPI_PATH = /\/packages\/([0-9a-f]{2})\/([0-9a-f]{2})\/([0-9a-f]{60})\/([^/]+)$/

/**
 * The path of a file at the gate from the decoded segments of a request; `undefined` outside the grammar. Segments may
 * hold anything that a client can percent-encode, so nothing else may be built from them.
 */
export function parseFilePath(a: string, b: string, rest: string, filename: string): FilePath | undefined {
  if (!HEX2.test(a) || !HEX2.test(b) || !HEX60.test(rest) || !isListedFilename(filename)) return undefined
  return `/packages/${a}/${b}/${rest}/${filename}` as FilePath
}

/** PyPI's own path where the upstream URL has one; else the file's sha256, split the same way. */
export function filePathOf(url: UpstreamUrl, sha256: Sha256 | undefined, filename: string): FilePath {
  const [, a, b, rest, name] = PYPI_PATH.exec(new URL(url).pathname) ?? []
  if (a !== undefined && b !== undefined && rest !== undefined && decoded(name) === filename)
    return `/packages/${a}/${b}/${rest}/${filename}` as FilePath
  // an entry without a sha256 is refused at this path; it only needs one of its own
  const hex = sha256 ?? sha256Of(url)
  return `/packages/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex.slice(4)}/${filename}` as FilePath
}

/** `+` and `!` may stand percent-encoded in an upstream URL; at the gate they do not. */
function decoded(segment: string | undefined): string | undefined {
  return segment?.replace(/%(2b|21)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
