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
  type WrittenFile,
} from './lock.ts'
import { allFilesOf, byHash, namedFile, otherHashes } from './named-files.ts'
import { list, optionalText, type PackageTable, readToml, type Table, table } from './toml-lock.ts'

/**
 * `pdm.lock`: files with their hashes beside each package, in older ones under `[metadata.files]` by name and version; what comes
 * from elsewhere says so with a key of its own. Throws `usage`.
 */
export function readPdmLock(file: LockText): Lock {
  const reader = new LockReader(file.path)
  const { root, packages } = readToml(file, ['package'])
  const metadata = table(root['metadata'])
  checkVersion(reader, metadata)
  const older = allFilesOf(reader, table(metadata['files']), namedFile)
  const placed = packages.map(it => ({ it, apart: elsewhere(it) }))
  return {
    path: file.path,
    kind: 'pdm',
    ...forPythons(pdmPythons(metadata)),
    packages: placed.flatMap(({ it, apart }) => (apart === undefined ? [releaseOf(reader, it, older)] : [])),
    unjudged: placed.flatMap(({ apart }) => apart ?? []),
  }
}

/** Several targets may be for different Pythons, and then nothing is told; without any, an older lock has one range. */
function pdmPythons({ targets, requires_python: range }: Table): string | undefined {
  const named = list(targets).map(target => optionalText(table(target)['requires_python']))
  const [only, ...others] = named
  return named.length === 0 ? optionalText(range) : others.length === 0 ? only : undefined
}

function checkVersion(reader: LockReader, { lock_version: version }: Table): void {
  if (version === undefined || (typeof version === 'string' && /^[234](?:\.\d+)*$/.test(version))) return
  reader.fail(1, `lock_version ${show(version)} is not known; 2, 3 and 4 are`)
}

const ELSEWHERE = { git: 'vcs', hg: 'vcs', svn: 'vcs', bzr: 'vcs', path: 'path', url: 'url' } as const

function elsewhere({ table: entry, line }: PackageTable): Unjudged | undefined {
  const [found] = Object.entries(ELSEWHERE).filter(([key]) => entry[key] !== undefined)
  if (found === undefined) return undefined
  const [key, kind] = found
  const editable = entry['editable'] === true ? 'editable' : kind
  return fromElsewhere(editable, { name: String(entry['name']), key, place: optionalText(entry[key]), line })
}

function releaseOf(
  reader: LockReader,
  { table: entry, line }: PackageTable,
  older: ReturnType<typeof allFilesOf>,
): LockedPackage {
  const project = reader.project(entry['name'], line)
  const version = reader.version(entry['version'], line)
  const beside = entry['files']
  const files = beside === undefined ? filesOfVersion(project, version, older(project)) : list(beside).map(namedFile)
  return {
    project,
    version,
    ...reader.pins(pooled(files), line),
    index: undefined,
    marker: optionalText(entry['marker']) ?? optionalText(entry['markers']),
    line,
    identities: [],
  }
}

/** PDM takes a file for good that has any hash of its release, whichever file the hash stands beside. */
function pooled(files: readonly WrittenFile[]): readonly WrittenFile[] {
  const others = otherHashes(files)
  return byHash(files).map(file => ({ ...file, others }))
}
