import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { errorCode } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import type { LocalFile } from '../../gate/explain/explain-local.ts'

/** Parses the name and hashes the bytes. Throws `usage` for what cannot be read or is no distribution. */
export function readLocalFile(path: string): LocalFile {
  const filename = parseDistFilename(basename(path))
  const { sha256, size } = hashFile(path, () => {
    if (filename === undefined)
      throw new GateError(
        'usage',
        `${basename(path)} is neither the name of a wheel nor of a source distribution (.whl, .tar.gz, .zip)`,
      )
  })
  if (filename === undefined) throw new TypeError('a name was looked at before the bytes')
  return { filename, sha256, size }
}

/** Whatever its name is. Throws `usage` for what cannot be read, and what `look` throws of a file that is there. */
export function hashFile(
  path: string,
  look: () => void = () => {},
): { readonly sha256: Sha256; readonly size: number } {
  const hash = createHash('sha256')
  let size = 0
  try {
    const stat = statSync(path)
    if (stat.isDirectory()) throw new GateError('usage', `${path} is a folder: give one file`)
    // a pipe may never begin, a device never end
    if (!stat.isFile()) throw new GateError('usage', `${path} is not a regular file`)
    look()
    for (const chunk of chunksOf(path)) {
      hash.update(chunk)
      size += chunk.length
    }
  } catch (error) {
    throw unreadable(path, error)
  }
  const sha256 = parseSha256(hash.digest('hex'))
  if (sha256 === undefined) throw new TypeError('a sha256 has 64 digits')
  return { sha256, size }
}

const LARGEST = 64 * 1024 * 1024

/** A provenance document. What is wrong in it is a refusal; that it cannot be read is `usage`. */
export function readProvenance(path: string): Uint8Array {
  return readDocument(path, { most: LARGEST, what: 'a provenance document' })
}

/** `most`: bytes. Throws `usage` for what cannot be read, and for what is larger. */
export function readDocument(
  path: string,
  { most, what }: { readonly most: number; readonly what: string },
): Uint8Array {
  try {
    return readAtMost(path, most, what)
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** A pipe may be given too (`<(…)`), so its size is known only once it was read. */
function readAtMost(path: string, most: number, what: string): Uint8Array {
  const chunks: Buffer[] = []
  let size = 0
  for (const chunk of chunksOf(path)) {
    size += chunk.length
    if (size > most) throw new GateError('usage', `${path} is too large for ${what}`)
    chunks.push(Buffer.from(chunk))
  }
  return Buffer.concat(chunks, size)
}

/** Each in the place of the one before. */
function* chunksOf(path: string): Generator<Buffer, void, undefined> {
  const file = openSync(path, 'r')
  try {
    const piece = Buffer.allocUnsafe(64 * 1024)
    for (let count = readSync(file, piece); count > 0; count = readSync(file, piece)) yield piece.subarray(0, count)
  } finally {
    closeSync(file)
  }
}

function unreadable(path: string, error: unknown): GateError {
  if (error instanceof GateError) return error
  const code = errorCode(error) ?? 'unreadable'
  const release = path.includes('=') ? ' (a release is written name==version)' : ''
  const why = code === 'ENOENT' ? `there is no such file${release}` : `it cannot be read (${code})`
  return new GateError('usage', `${path}: ${why}`, { cause: error })
}
