import { createHash } from 'node:crypto'
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { parseSha256 } from '../../domain/base/digest.ts'
import { errorCode } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import type { LocalFile } from '../../gate/explain/explain-local.ts'

/** Parses the name and hashes the bytes. Throws `usage` for what cannot be read or is no distribution. */
export async function readLocalFile(path: string): Promise<LocalFile> {
  const filename = parseDistFilename(basename(path))
  const hash = createHash('sha256')
  let size = 0
  try {
    const stat = statSync(path)
    if (stat.isDirectory()) throw new GateError('usage', `${path} is a folder: give one file`)
    // a pipe may never begin, a device never end
    if (!stat.isFile()) throw new GateError('usage', `${path} is not a regular file`)
    if (filename === undefined)
      throw new GateError(
        'usage',
        `${basename(path)} is neither the name of a wheel nor of a source distribution (.whl, .tar.gz, .zip)`,
      )
    for await (const chunk of createReadStream(path)) {
      hash.update(chunk)
      size += chunk.length
    }
  } catch (error) {
    throw unreadable(path, error)
  }
  const sha256 = parseSha256(hash.digest('hex'))
  if (sha256 === undefined) throw new TypeError('a sha256 has 64 digits')
  return { filename, sha256, size }
}

const LARGEST = 64 * 1024 * 1024

/** A provenance document. What is wrong in it is a refusal; that it cannot be read is `usage`. */
export function readProvenance(path: string): Uint8Array {
  try {
    return readAtMost(path, LARGEST)
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** A pipe may be given too (`<(…)`), so its size is known only once it was read. */
function readAtMost(path: string, most: number): Uint8Array {
  const file = openSync(path, 'r')
  try {
    const chunks: Buffer[] = []
    for (let size = 0; ; ) {
      const chunk = Buffer.allocUnsafe(64 * 1024)
      const count = readSync(file, chunk)
      if (count === 0) return Buffer.concat(chunks, size)
      size += count
      if (size > most) throw new GateError('usage', `${path} is too large for a provenance document`)
      chunks.push(chunk.subarray(0, count))
    }
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
