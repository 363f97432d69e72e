import { parseDistFilename } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Version } from '../../domain/packaging/version.ts'
import {
  type AttestationIdentity,
  forPythons,
  fromElsewhere,
  type Lock,
  type LockedPackage,
  LockReader,
  type LockText,
  nameOfWritten,
  show,
  tellSources,
  type Unjudged,
  type WrittenFile,
} from './lock.ts'
import { otherHashes } from './named-files.ts'
import { withoutCredentials } from './plain-url.ts'
import { list, optionalText, type PackageTable, placesOf, readToml, type Table, table } from './toml-lock.ts'

/** `pylock.toml` (PEP 751), with the publishers that it names under `attestation-identities`. Throws `usage`. */
export function readPylock(file: LockText): Lock {
  const reader = new LockReader(file.path)
  const { root, packages } = readToml(file, ['packages'])
  const version = optionalText(root['lock-version'])
  if (version === undefined || !/^1\.\d+$/.test(version))
    reader.fail(1, `lock-version ${show(root['lock-version'])} is not known; 1.0 is`)
  for (const { table: entry, line } of packages) reader.marker(optionalText(entry['marker']), line)
  const placed = packages.map(it => ({ it, apart: elsewhere(it) }))
  const releases = placed.flatMap(({ it, apart }) => (apart === undefined ? [releaseOf(reader, it)] : []))
  const loose = releases.some(({ open, files }) => open || files.some(({ sha256 }) => sha256 === undefined))
  const sources = list(root['sources']).map(it => ({ url: optionalText(table(it)['url']) }))
  return {
    path: file.path,
    kind: 'pylock',
    ...forPythons(optionalText(root['requires-python'])),
    packages: releases,
    unjudged: [
      ...(loose ? tellSources(sources) : []),
      ...placed.flatMap(({ it, apart }) => apart ?? tellVersionless(it)),
    ],
  }
}

const ELSEWHERE = { vcs: 'vcs', directory: 'path', archive: 'url' } as const

function elsewhere({ table: entry, line }: PackageTable): Unjudged | undefined {
  const found = Object.entries(ELSEWHERE).filter(([key]) => entry[key] !== undefined)
  const alone = found.length === 1 && entry['wheels'] === undefined && entry['sdist'] === undefined
  // what says more than one may be had from any of them
  const [key, kind] = found.find(([it]) => it !== 'directory') ?? found[0] ?? []
  if (key === undefined || kind === undefined) return undefined
  const { url, path, editable } = table(entry[key])
  const place = optionalText(url) ?? optionalText(path)
  const own = place === '.' && key === 'directory' && alone
  return fromElsewhere(own ? 'own' : editable === true ? 'editable' : kind, {
    name: String(entry['name']),
    key,
    place,
    line,
  })
}

function releaseOf(reader: LockReader, { table: entry, line }: PackageTable): LockedPackage {
  const { name, version, index, marker } = entry
  const project = reader.project(name, line)
  const files = filesIn(entry).map(it => fileOf(reader, it, line))
  const others = otherHashes(files)
  // hashes of files that pipenv takes from its sources, and knows no more of
  const further = list(table(table(entry['tool'])['pipenv'])['hashes']).map(hash => ({ hash }))
  const registry = optionalText(index)
  return {
    project,
    version: version === undefined ? versionIn(reader, project, files, line) : reader.version(version, line),
    // some clients take a file for good that has any hash of its release
    ...reader.pins([...files.map(file => ({ ...file, others })), ...further], line),
    index: registry === undefined ? undefined : withoutCredentials(registry),
    marker: optionalText(marker),
    line,
    identities: list(entry['attestation-identities']).map(it => identityOf(reader, it, line)),
  }
}

/** Wheels and the source distribution, as they are written. */
function filesIn({ wheels, sdist }: Table): readonly unknown[] {
  return [...list(wheels), ...(sdist === undefined ? [] : [sdist])]
}

/** pipenv takes any version of what has none, unless every hash is a sha256. */
function tellVersionless({ table: entry, line }: PackageTable): readonly Unjudged[] {
  const { name, version } = entry
  const held = filesIn(entry).every(it => table(table(it)['hashes'])['sha256'] !== undefined)
  if (version !== undefined || held) return []
  const why = 'the lock has no version of it, and no sha256 of every file, so that a client may take any release'
  return [{ kind: 'index-line', name: String(name), version: undefined, why, index: undefined, line }]
}

/** PEP 751, `packages.version`: may be left out; the names of wheels and source distributions have it. */
function versionIn(reader: LockReader, project: ProjectName, files: readonly WrittenFile[], line: number): Version {
  const [first] = files.flatMap(file => parseDistFilename(nameOfWritten(file) ?? '', project) ?? [])
  return first?.version ?? reader.fail(line, `${project} has no version, and no file whose name says one`)
}

/** A table of hashes by algorithm, in whatever case: any of them may do for a client. */
function fileOf(reader: LockReader, value: unknown, line: number): WrittenFile {
  const { name, hashes } = table(value)
  const written = Object.entries(table(hashes)).map(([algorithm, digest]) => {
    if (typeof digest !== 'string') return reader.fail(line, `${show(digest)} is not a hash`)
    return `${algorithm}:${digest}`
  })
  const hash = written.find(it => it.startsWith('sha256:')) ?? written.find(it => /^sha256:/i.test(it))
  const others = written.filter(it => it !== hash).map(it => (/^sha256:/i.test(it) ? `second ${it}` : it))
  return { filename: optionalText(name), places: placesOf(value), hash, others }
}

function identityOf(reader: LockReader, value: unknown, line: number): AttestationIdentity {
  const { kind, ...claims } = table(value)
  if (typeof kind !== 'string') return reader.fail(line, 'an attestation identity has no kind')
  const texts = Object.entries(claims).flatMap(([key, claim]) =>
    typeof claim === 'string' ? [[key, claim] as const] : [],
  )
  return { kind, claims: Object.fromEntries(texts) }
}
