import {
  fromElsewhere,
  type Lock,
  type LockedFile,
  type LockedPackage,
  LockReader,
  type LockText,
  pinsOf,
  show,
  type Unjudged,
  withoutCredentials,
} from './lock.ts'
import { list, optionalText, type PackageTable, readToml, table } from './toml-lock.ts'

/** `uv.lock`, version 1: packages of registries with the URLs, hashes and sizes of their files. Throws `usage`. */
export function readUvLock(file: LockText): Lock {
  const reader = new LockReader(file.path)
  const { root, packages } = readToml(file, 'package')
  if (root['version'] !== 1) reader.fail(1, `uv.lock of version ${show(root['version'])} is not known; 1 is`)
  const placed = packages.map(it => ({ it, registry: registryOf(it) }))
  return {
    path: file.path,
    kind: 'uv',
    packages: placed.flatMap(({ it, registry }) =>
      registry === undefined ? [] : [releaseOf(reader, it, withoutCredentials(registry))],
    ),
    unjudged: placed.flatMap(({ it, registry }) => (registry === undefined ? [elsewhere(it)] : [])),
  }
}

/** The URL of an index; `undefined` for what comes from anywhere else, a registry that is a folder too. */
function registryOf({ table: { source } }: PackageTable): string | undefined {
  const registry = optionalText(table(source)['registry'])
  // a folder that uv finds files in is written as a path
  return registry !== undefined && /^https?:/i.test(registry) ? registry : undefined
}

function releaseOf(reader: LockReader, { table: entry, line }: PackageTable, index: string): LockedPackage {
  const { name, version, sdist, wheels } = entry
  const files = [...list(wheels), ...(sdist === undefined ? [] : [sdist])]
  return {
    project: reader.project(name, line),
    version: reader.version(version, line),
    ...pinsOf(files.map(it => fileOf(reader, it, line))),
    index,
    marker: undefined,
    line,
    identities: [],
  }
}

function fileOf(reader: LockReader, value: unknown, line: number): LockedFile | undefined {
  const { url, path, filename, hash } = table(value)
  return reader.file({ filename: optionalText(filename), place: optionalText(url) ?? optionalText(path), hash }, line)
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

function elsewhere({ table: { name, source }, line }: PackageTable): Unjudged {
  const [found] = Object.entries(KINDS).filter(([key]) => table(source)[key] !== undefined)
  const [key, kind] = found ?? (['no source', 'path'] as const)
  const place = optionalText(table(source)[key])
  // the project's own code is no package that its lock lets in
  const own = place === '.' && (kind === 'editable' || key === 'directory')
  return fromElsewhere(own ? 'own' : kind, { name: String(name), key, place, line })
}
