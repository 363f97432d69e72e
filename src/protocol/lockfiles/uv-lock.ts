import {
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
import { isWebAddress, withoutCredentials } from './plain-url.ts'
import { list, optionalText, type PackageTable, placesOf, readToml, table } from './toml-lock.ts'

/**
 * `uv.lock`, version 1: packages of registries with the URLs, hashes and sizes of their files; `[[distribution]]` is the older name
 * that uv still reads. Throws `usage`.
 */
export function readUvLock(file: LockText): Lock {
  const reader = new LockReader(file.path)
  const { root, packages } = readToml(file, ['package', 'distribution'])
  if (root['version'] !== 1) reader.fail(1, `uv.lock of version ${show(root['version'])} is not known; 1 is`)
  const placed = packages.map(it => ({ it, registry: registryOf(it) }))
  return {
    path: file.path,
    kind: 'uv',
    ...forPythons(optionalText(root['requires-python'])),
    packages: placed.flatMap(({ it, registry }) =>
      registry === undefined ? [] : [releaseOf(reader, it, withoutCredentials(registry))],
    ),
    unjudged: placed.flatMap(({ it, registry }) => (registry === undefined ? [elsewhere(it)] : [])),
  }
}

/** The URL of an index; `undefined` for what comes from anywhere else, a registry that is a folder too. */
function registryOf({ table: { source } }: PackageTable): string | undefined {
  // of several uv takes the first that it knows
  if (keysOf(source).length !== 1) return undefined
  const registry = optionalText(table(source)['registry'])
  // a folder that uv finds files in is written as a path
  return registry !== undefined && isWebAddress(registry) ? registry : undefined
}

function releaseOf(reader: LockReader, { table: entry, line }: PackageTable, index: string): LockedPackage {
  const { name, version, sdist, wheels } = entry
  const files = [...list(wheels), ...(sdist === undefined ? [] : [sdist])]
  return {
    project: reader.project(name, line),
    version: reader.version(version, line),
    ...reader.pins(files.map(fileOf), line),
    index,
    marker: undefined,
    line,
    identities: [],
  }
}

/** What uv can have compressed it checks by the hash of that alone. */
function fileOf(value: unknown): WrittenFile {
  const { filename, hash, zstd } = table(value)
  const compressed = zstd === undefined ? [] : [`zstd of ${show(table(zstd)['hash'])}`]
  return { filename: optionalText(filename), places: placesOf(value), hash, others: compressed }
}

const KINDS = {
  registry: 'path',
  git: 'vcs',
  url: 'url',
  path: 'path',
  directory: 'path',
  editable: 'editable',
  virtual: 'own',
} as const

function keysOf(source: unknown): readonly (keyof typeof KINDS)[] {
  return Object.keys(KINDS).filter((key): key is keyof typeof KINDS => table(source)[key] !== undefined)
}

function elsewhere({ table: { name, source }, line }: PackageTable): Unjudged {
  const keys = keysOf(source)
  // the project's own code is no package that its lock lets in
  const key = keys.find(it => KINDS[it] !== 'own') ?? keys[0]
  const kind = key === undefined ? 'path' : KINDS[key]
  const place = key === undefined ? undefined : optionalText(table(source)[key])
  const own = place === '.' && (key === 'editable' || key === 'directory') && keys.length === 1
  return fromElsewhere(own ? 'own' : kind, { name: String(name), key: key ?? 'no source', place, line })
}
