import { parseDistFilename } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Version } from '../../domain/packaging/version.ts'
import {
  type AttestationIdentity,
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

/** `pylock.toml` (PEP 751), with the publishers that it names under `attestation-identities`. Throws `usage`. */
export function readPylock(file: LockText): Lock {
  const reader = new LockReader(file.path)
  const { root, packages } = readToml(file, 'packages')
  const version = optionalText(root['lock-version'])
  if (version === undefined || !/^1\.\d+$/.test(version))
    reader.fail(1, `lock-version ${show(root['lock-version'])} is not known; 1.0 is`)
  const placed = packages.map(it => ({ it, apart: elsewhere(it) }))
  return {
    path: file.path,
    kind: 'pylock',
    packages: placed.flatMap(({ it, apart }) => (apart === undefined ? [releaseOf(reader, it)] : [])),
    unjudged: placed.flatMap(({ apart }) => apart ?? []),
  }
}

const ELSEWHERE = { vcs: 'vcs', directory: 'path', archive: 'url' } as const

function elsewhere({ table: entry, line }: PackageTable): Unjudged | undefined {
  const [found] = Object.entries(ELSEWHERE).filter(([key]) => entry[key] !== undefined)
  if (found === undefined) return undefined
  const [key, kind] = found
  const { url, path, editable } = table(entry[key])
  const place = optionalText(url) ?? optionalText(path)
  const how = place === '.' && kind === 'path' ? 'own' : editable === true ? 'editable' : kind
  return fromElsewhere(how, { name: String(entry['name']), key, place, line })
}

function releaseOf(reader: LockReader, { table: entry, line }: PackageTable): LockedPackage {
  const { name, version, sdist, wheels, index, marker } = entry
  const project = reader.project(name, line)
  const files = [...list(wheels), ...(sdist === undefined ? [] : [sdist])].map(it => fileOf(reader, it, line))
  const registry = optionalText(index)
  return {
    project,
    version: version === undefined ? versionIn(reader, project, files, line) : reader.version(version, line),
    ...pinsOf(files),
    index: registry === undefined ? undefined : withoutCredentials(registry),
    marker: optionalText(marker),
    line,
    identities: list(entry['attestation-identities']).map(it => identityOf(reader, it, line)),
  }
}

/** PEP 751, `packages.version`: may be left out; the names of wheels and source distributions have it. */
function versionIn(
  reader: LockReader,
  project: ProjectName,
  files: readonly (LockedFile | undefined)[],
  line: number,
): Version {
  const [first] = files.flatMap(file => parseDistFilename(file?.filename ?? '', project) ?? [])
  return first?.version ?? reader.fail(line, `${project} has no version, and no file whose name says one`)
}

function fileOf(reader: LockReader, value: unknown, line: number): LockedFile | undefined {
  const { name, url, path, hashes } = table(value)
  const digest = Object.entries(table(hashes)).find(([algorithm]) => algorithm.toLowerCase() === 'sha256')?.[1]
  const hash = typeof digest === 'string' ? `sha256:${digest}` : digest
  return reader.file({ filename: optionalText(name), place: optionalText(url) ?? optionalText(path), hash }, line)
}

function identityOf(reader: LockReader, value: unknown, line: number): AttestationIdentity {
  const { kind, ...claims } = table(value)
  if (typeof kind !== 'string') return reader.fail(line, 'an attestation identity has no kind')
  const texts = Object.entries(claims).flatMap(([key, claim]) =>
    typeof claim === 'string' ? [[key, claim] as const] : [],
  )
  return { kind, claims: Object.fromEntries(texts) }
}
