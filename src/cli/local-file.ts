import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { parseSha256 } from '../domain/digest.ts'
import { GateError } from '../domain/errors.ts'
import { parseDistFilename } from '../domain/filename.ts'
import type { LocalFile } from '../gate/explain.ts'

/** Parses the name and hashes the bytes. Throws `usage` for what cannot be read or is no distribution. */
export async function readLocalFile(path: string): Promise<LocalFile> {
  const filename = parseDistFilename(basename(path))
  const hash = createHash('sha256')
  let size = 0
  try {
    if (statSync(path).isDirectory()) throw new GateError('usage', `${path} is a folder: give one file`)
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
    if (statSync(path).size > LARGEST) throw new GateError('usage', `${path} is too large for a provenance document`)
    return readFileSync(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): GateError {
  if (error instanceof GateError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
  const release = path.includes('=') ? ' (a release is written name==version)' : ''
  const why = code === 'ENOENT' ? `there is no such file${release}` : `it cannot be read (${code})`
  return new GateError('usage', `${path}: ${why}`, { cause: error })
}
