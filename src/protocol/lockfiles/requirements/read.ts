import { compareVersions, parseVersion } from '../../../domain/packaging/version.ts'
import {
  fromElsewhere,
  type Lock,
  type LockedFile,
  type LockedPackage,
  LockReader,
  pinsOf,
  show,
  type Unjudged,
} from '../lock.ts'
import { withoutCredentials } from '../plain-url.ts'
import { formatsInForce } from './formats.ts'
import { type ParsedLine, parseRequirements, type RequirementLine, type SourceLine } from './parse.ts'
import { parseRequirement, pinnedVersion, type Requirement } from './requirement.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * A requirements file with hashes, as pip reads it: `-r` and `-c` followed, markers kept as they are. What is required and not
 * pinned with `==` is an error at its line; a constraint may be anything, and requires nothing. Throws `usage`.
 */
export function readRequirements(
  file: { readonly path: string; readonly bytes: Uint8Array },
  surroundings: Surroundings,
): Lock {
  const lines = parseRequirements(file, surroundings)
  const sources = sourcesInForce(lines)
  const required = lines.filter(isRequirement).filter(({ constraint }) => !constraint)
  const constraints = lines.filter(isRequirement).filter(({ constraint }) => constraint)
  const read = required.map(line => ({ ...readRequired(line, indexOf(sources)), ...fromOther(line, file) }))
  const packages = read.filter(it => 'project' in it)
  const narrowed = narrow(packages, constraints.map(readConstraint))
  const apart = read.filter(it => 'kind' in it)
  return {
    path: file.path,
    kind: 'requirements',
    ...formatsInForce(lines.filter(line => 'format' in line)),
    packages: narrowed.filter(it => 'project' in it),
    unjudged: [...sources.map(tellSource), ...apart, ...narrowed.filter(it => 'kind' in it)],
  }
}

function isRequirement(line: ParsedLine): line is RequirementLine {
  return 'requirement' in line
}

/** pip: an index replaces those before it, extra ones too; after `--no-index` only places of files count. */
function sourcesInForce(lines: readonly ParsedLine[]): readonly SourceLine[] {
  let indexes: readonly SourceLine[] = []
  let closed = false
  const places: SourceLine[] = []
  for (const line of lines) {
    if (!('option' in line)) continue
    if (line.option === 'find-links') places.push(line)
    else if (line.option === 'no-index') [closed, indexes] = [true, []]
    else if (!closed) indexes = line.option === 'index-url' ? [line] : [...indexes, line]
  }
  return [...indexes, ...places]
}

/** An included file, where something stands in one. */
function fromOther({ path }: RequirementLine, file: { readonly path: string }): { readonly from?: string } {
  return path === file.path ? {} : { from: path }
}

function indexOf(sources: readonly SourceLine[]): string | undefined {
  const index = sources.find(({ option }) => option === 'index-url')
  return index === undefined ? undefined : withoutCredentials(index.value)
}

function tellSource({ option, value, line }: SourceLine): Unjudged {
  const index = option === 'find-links' ? undefined : withoutCredentials(value)
  const name = `--${option} ${withoutCredentials(value)}`
  return { ...fromElsewhere('index-line', { name, key: `--${option}`, place: undefined, line }), index }
}

function readRequired(required: RequirementLine, index: string | undefined): LockedPackage | Unjudged {
  const { path, line, editable, requirement: text } = required
  if (editable) return fromElsewhere('editable', { name: withoutCredentials(text), key: '-e', place: undefined, line })
  const reader = new LockReader(path)
  const requirement = parseRequirement(text) ?? reader.fail(line, `${show(text)} is no requirement`)
  if (requirement.kind !== 'release') return tellPlace(requirement, line)
  const { name, specifier, marker } = requirement
  const pinned = pinnedVersion(specifier)
  if (pinned === undefined)
    return reader.fail(
      line,
      `${name} is not locked: pin it with ==, found ${JSON.stringify(specifier || 'no version')}`,
    )
  return {
    project: reader.project(name, line),
    version: reader.version(pinned, line),
    ...pinsOf(filesOf(reader, required)),
    places: [],
    index,
    marker,
    line,
    identities: [],
  }
}

function tellPlace({ kind, name, place }: Exclude<Requirement, { kind: 'release' }>, line: number): Unjudged {
  return fromElsewhere(kind, { name: name ?? withoutCredentials(place), key: '@', place, line })
}

function filesOf(reader: LockReader, { hashes, line }: RequirementLine): readonly (LockedFile | undefined)[] {
  return hashes.map(hash => reader.file({ hash }, line))
}

interface Constraint {
  readonly project: LockedPackage['project']
  readonly version: LockedPackage['version'] | undefined
  readonly files: readonly (LockedFile | undefined)[]
  /** where it makes the project come from, if it does */
  readonly place: Exclude<Requirement, { kind: 'release' }> | undefined
  readonly line: number
}

/** pip refuses constraints that are editable or have no name. */
function readConstraint(line: RequirementLine): Constraint {
  const reader = new LockReader(line.path)
  const requirement = line.editable ? undefined : parseRequirement(line.requirement)
  const name = requirement?.name
  if (requirement === undefined || name === undefined)
    return reader.fail(line.line, `${show(line.requirement)} is no constraint that pip takes`)
  const release = requirement.kind === 'release' ? requirement : undefined
  return {
    project: reader.project(name, line.line),
    version: parseVersion(pinnedVersion(release?.specifier ?? '') ?? ''),
    files: filesOf(reader, line),
    place: requirement.kind === 'release' ? undefined : requirement,
    line: line.line,
  }
}

/** A constraint with the same pin narrows the hashes; one that names a place makes what is required come from there. */
function narrow(
  packages: readonly LockedPackage[],
  constraints: readonly Constraint[],
): readonly (LockedPackage | Unjudged)[] {
  return packages.map(required => {
    const own = constraints.filter(({ project }) => project === required.project)
    const moved = own.find(({ place }) => place !== undefined)
    if (moved?.place !== undefined) return tellPlace(moved.place, moved.line)
    const pins = own.filter(({ version }) => version !== undefined && compareVersions(version, required.version) === 0)
    return pins.reduce(narrowBy, required)
  })
}

/** pip: hashes of both must allow a file, unless one of them has none. */
function narrowBy(required: LockedPackage, { files }: Constraint): LockedPackage {
  if (files.length === 0) return required
  const narrower = pinsOf(files)
  const pinsNothing = required.files.length === 0
  if (pinsNothing) return { ...required, ...narrower }
  const both = required.files.filter(({ sha256 }) => narrower.files.some(other => other.sha256 === sha256))
  return both.length === 0 || narrower.open ? required : { ...required, files: both }
}
