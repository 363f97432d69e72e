import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { whyUnread } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { ReadPinsFile } from '../../protocol/clauses/named-pins.ts'
import type { TextFile } from '../../protocol/yaml/yaml-document.ts'

const MIB = 1024 * 1024
const LARGEST = MIB
const LARGEST_PINS = 8 * MIB

/**
 * Policy files by path; a folder stands for the `.yaml` and `.yml` files in it, by name, without those that begin with a
 * dot (a ConfigMap keeps its versions there).
 *
 * @throws GateError `policy-invalid` naming every file that cannot be read, or that is not UTF-8, one a line
 */
export function readPolicyFiles(paths: readonly string[]): readonly TextFile[] {
  const wrong: GateError[] = []
  const noting = <Found>(read: () => readonly Found[]): readonly Found[] => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof GateError)) throw error
      wrong.push(error)
      return []
    }
  }
  const files = paths
    .flatMap(path => noting(() => expand(path)))
    .flatMap(path => noting(() => [{ path, text: readText(path, LARGEST) }]))
  const [first, ...others] = wrong
  if (first === undefined) return files
  throw others.length === 0 ? first : new GateError('policy-invalid', wrong.map(({ detail }) => detail).join('\n'))
}

/** A pins file by its absolute path, or what is wrong with it; those of thousands of releases are larger than any policy. */
export const readPinsFile: ReadPinsFile = path => {
  try {
    return readText(path, LARGEST_PINS)
  } catch (error) {
    return { wrong: unreadable(path, error).detail }
  }
}

/**
 * Changes whenever one of the files may have: also when a symbolic link is swapped for another, and when one comes or goes
 * while another cannot be read.
 */
export function fingerprintOf(paths: readonly string[]): string {
  return paths.map(fingerprint).join('\n')
}

function fingerprint(path: string): string {
  try {
    return expand(path)
      .map(file => {
        const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true }) // follows links
        return [file, dev, ino, size, mtimeNs, ctimeNs].join(' ')
      })
      .join('\n')
  } catch {
    return `${path} unreadable` // the reload that follows says why
  }
}

function expand(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    const names = readdirSync(path).filter(name => /^[^.].*\.ya?ml$/.test(name))
    if (names.length === 0) throw new GateError('policy-invalid', `${path}: the folder holds no .yaml file`)
    return names.sort().map(name => join(path, name))
  } catch (error) {
    throw unreadable(path, error)
  }
}

function readText(path: string, largest: number): string {
  try {
    const status = statSync(path)
    if (!status.isFile()) throw new GateError('policy-invalid', `${path}: is not a file`)
    if (status.size > largest)
      throw new GateError('policy-invalid', `${path}: the file is larger than ${largest / MIB} MiB`)
    // a byte order mark stays in the text: a policy's digest is that of the bytes on disk
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path))
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): GateError {
  if (error instanceof GateError) return error
  return new GateError('policy-invalid', `${path}: ${whyUnread(error)}`, { cause: error })
}
