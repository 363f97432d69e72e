import type { Sha256 } from '../../domain/base/digest.ts'
import { parseSha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { isListedFilename } from '../../domain/packaging/filename.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { parseVersion, type Version } from '../../domain/packaging/version.ts'

/** A file that a lock allows. Some formats know the hash alone. */
export interface LockedFile {
  readonly filename: string | undefined
  readonly sha256: Sha256
}

/** Whom a lock names as publisher (PEP 751 `attestation-identities`): its kind, and the other keys as written. */
export interface AttestationIdentity {
  readonly kind: string
  readonly claims: Readonly<Record<string, string>>
}

/** One release that a lock names. */
export interface LockedPackage {
  readonly project: ProjectName
  readonly version: Version
  /** empty where the lock pins no sha256 */
  readonly files: readonly LockedFile[]
  /** as written; never evaluated */
  readonly marker: string | undefined
  /** where it stands, from 1 */
  readonly line: number
  readonly identities: readonly AttestationIdentity[]
}

/** What a lock names and no index serves: a folder, a repository, a file at some URL. */
export interface SkippedPackage {
  readonly name: string
  readonly why: string
  readonly line: number
}

export type LockKind = 'requirements' | 'uv' | 'poetry' | 'pdm' | 'pipfile' | 'pylock'

export interface Lock {
  readonly path: string
  readonly kind: LockKind
  readonly packages: readonly LockedPackage[]
  readonly skipped: readonly SkippedPackage[]
}

export interface LockText {
  readonly path: string
  readonly text: string
}

/** What is wrong with a lock, at its place. */
export function wrongLock(path: string, line: number, message: string): GateError {
  return new GateError('usage', `${path}:${line}: ${message}`)
}

/** Reads names, versions and hashes of one lock; every problem names file and line. */
export class LockReader {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  fail(line: number, message: string): never {
    throw wrongLock(this.path, line, message)
  }

  project(text: unknown, line: number): ProjectName {
    const name = typeof text === 'string' ? tryProjectName(text) : undefined
    return name ?? this.fail(line, `${show(text)} is not a project name`)
  }

  version(text: unknown, line: number): Version {
    const version = typeof text === 'string' ? parseVersion(text) : undefined
    return version ?? this.fail(line, `${show(text)} is not one version (PEP 440)`)
  }

  /** A name as an index may list it; `undefined` where the lock has none. */
  filename(text: string | undefined, line: number): string | undefined {
    if (text === undefined || isListedFilename(text)) return text
    return this.fail(line, `${show(text)} is not a file name that an index could list`)
  }

  /** `sha256:…` in either case, `undefined` for another algorithm. */
  hash(text: unknown, line: number): Sha256 | undefined {
    if (typeof text !== 'string') return this.fail(line, `${show(text)} is not a hash`)
    const [algorithm = '', digest = ''] = text.split(':', 2)
    if (algorithm.toLowerCase() !== 'sha256') return undefined
    return parseSha256(digest.toLowerCase()) ?? this.fail(line, `${show(text)} is not a sha256 of 64 hex digits`)
  }
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80)
}

/** The last segment of a URL's path, decoded; `undefined` where there is none. */
export function filenameOfUrl(url: unknown): string | undefined {
  if (typeof url !== 'string') return undefined
  const path = url.replace(/[?#].*$/s, '')
  const last = path.slice(path.lastIndexOf('/') + 1)
  try {
    return last === '' ? undefined : decodeURIComponent(last)
  } catch {
    return undefined
  }
}

/** Two locks of one project often allow the same files: each once, by project, version and name. */
export function uniqueFiles(files: readonly LockedFile[]): readonly LockedFile[] {
  const known = new Map<Sha256, LockedFile>()
  for (const file of files) if (known.get(file.sha256)?.filename === undefined) known.set(file.sha256, file)
  return [...known.values()]
}
