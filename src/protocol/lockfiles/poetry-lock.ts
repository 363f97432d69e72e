import {
  filesOfVersion,
  forPythons,
  fromElsewhere,
  type Lock,
  type LockedPackage,
  LockReader,
  type LockText,
  show,
  type Unjudged,
  type UnjudgedKind,
  type WrittenFile,
} from './lock.ts'
import { allFilesOf, byHash, namedFile } from './named-files.ts'
import { withoutCredentials } from './plain-url.ts'
import { list, optionalText, type PackageTable, readToml, type Table, table } from './toml-lock.ts'

/**
 * `poetry.lock`: files with their hashes beside each package; up to Poetry 1.2 in one list a name under `[metadata.files]`, and
 * before 1.0 as bare hashes under `[metadata.hashes]`. Throws `usage`.
 */
export function readPoetryLock(file: LockText): Lock {
  const reader = new LockReader(file.path)
  const { root, packages } = readToml(file, ['package'])
  const metadata = table(root['metadata'])
  checkVersion(reader, metadata)
  const older = olderFiles(reader, metadata)
  const placed = packages.map(it => ({ it, kind: kindOf(it) }))
  return {
    path: file.path,
    kind: 'poetry',
    ...forPythons(poetryPythons(optionalText(metadata['python-versions']))),
    packages: placed.flatMap(({ it, kind }) => (kind === undefined ? [releaseOf(reader, it, older)] : [])),
    unjudged: placed.flatMap(({ it, kind }) => (kind === undefined ? [] : [elsewhere(it, kind)])),
  }
}

/** `^3.9` and `~3.9` are Poetry's own; what else is no specifier says nothing here. */
function poetryPythons(written: string | undefined): string | undefined {
  const clauses = written?.split(',').map(clause => clause.trim())
  return clauses
    ?.map(clause => {
      const [, operator, minor] = /^([~^])\s*3\.(\d{1,2})(?:\.\d+)?$/.exec(clause) ?? []
      if (operator === undefined) return clause
      return operator === '^' ? `>=3.${minor},<4` : `==3.${minor}.*`
    })
    .join(',')
}

/** Poetry reads 1 and 2, whatever stands behind the dot; before 1.0 there was no number. */
function checkVersion(reader: LockReader, { 'lock-version': version }: Table): void {
  if (version === undefined || (typeof version === 'string' && /^[12](?:\.\d+)*$/.test(version))) return
  reader.fail(1, `lock-version ${show(version)} is not known; 1 and 2 are`)
}

type Apart = Extract<UnjudgedKind, 'vcs' | 'url' | 'path'>

const KINDS: Readonly<Record<string, Apart>> = {
  git: 'vcs',
  url: 'url',
  directory: 'path',
  file: 'path',
}

/** `undefined` where it comes from an index; `legacy` is one beside PyPI. */
function kindOf({ table: { source } }: PackageTable): Apart | undefined {
  const { type } = table(source)
  if (type === undefined || type === 'legacy') return undefined
  return (typeof type === 'string' ? KINDS[type] : undefined) ?? 'vcs'
}

function elsewhere({ table: { name, source }, line }: PackageTable, kind: Apart): Unjudged {
  const { type, url } = table(source)
  return fromElsewhere(kind, { name: String(name), key: String(type), place: optionalText(url), line })
}

type FilesOf = ReturnType<typeof allFilesOf>

function releaseOf(reader: LockReader, { table: entry, line }: PackageTable, older: FilesOf): LockedPackage {
  const project = reader.project(entry['name'], line)
  const version = reader.version(entry['version'], line)
  const beside = entry['files']
  const files = beside === undefined ? filesOfVersion(project, version, older(project)) : list(beside).map(namedFile)
  const index = optionalText(table(entry['source'])['url'])
  return {
    project,
    version,
    ...reader.pins(byHash(files), line),
    index: index === undefined ? undefined : withoutCredentials(index),
    marker: optionalText(entry['marker']) ?? optionalText(entry['markers']),
    line,
    identities: [],
  }
}

function olderFiles(reader: LockReader, { files, hashes }: Table): FilesOf {
  const named = allFilesOf(reader, table(files), namedFile)
  const bare = allFilesOf(reader, table(hashes), hashedFile)
  return project => [...named(project), ...bare(project)]
}

/** Hex digits alone: a sha256 where they are 64. */
function hashedFile(value: unknown): WrittenFile {
  const digits = String(value).replace(/^sha256:/, '')
  return digits.length === 64 ? { hash: `sha256:${digits}` } : {}
}
