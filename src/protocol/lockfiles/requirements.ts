import { dirname, resolve } from 'node:path'
import { canonicalVersion } from '../../domain/packaging/version.ts'
import {
  type Lock,
  type LockedFile,
  type LockedPackage,
  LockReader,
  type LockText,
  type SkippedPackage,
  uniqueFiles,
} from './lock.ts'

/** Reads a file that `-r` or `-c` names; throws `usage` when it cannot. */
export type ReadIncluded = (path: string) => string

/** A line as pip joins it: comments gone, continuations put together. */
interface LogicalLine {
  readonly text: string
  readonly line: number
}

interface Gathered {
  readonly packages: LockedPackage[]
  /** of `-c`: they pin what is required elsewhere */
  readonly constraints: LockedPackage[]
  readonly skipped: SkippedPackage[]
  readonly open: Set<string>
}

const INCLUDE = /^(?:-(?<short>[rc])[ =]?|--(?<long>requirement|constraint)[ =])\s*(?<path>.+)$/
const REQUIREMENT = /^(?<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?<rest>.*)$/
const PINNED = /^(?:\(\s*)?===?\s*(?<version>[^\s,;()]+)\s*(?:\)\s*)?$/

/**
 * A requirements file with hashes, as pip reads it: `-r` and `-c` followed, other options passed over, markers kept as they
 * are. What is not pinned with `==` is an error at its line; a pin without a sha256 has no files. Throws `usage`.
 */
export function readRequirements(file: LockText, readIncluded: ReadIncluded): Lock {
  const gathered: Gathered = { packages: [], constraints: [], skipped: [], open: new Set() }
  gather(file, readIncluded, gathered, gathered.packages)
  return { path: file.path, kind: 'requirements', packages: joined(gathered), skipped: gathered.skipped }
}

function gather(file: LockText, readIncluded: ReadIncluded, gathered: Gathered, into: LockedPackage[]): void {
  const reader = new LockReader(file.path)
  const here = resolve(file.path)
  if (gathered.open.has(here)) reader.fail(1, 'includes itself')
  gathered.open.add(here)
  for (const logical of logicalLines(file.text)) {
    const include = INCLUDE.exec(logical.text)?.groups
    if (include !== undefined) {
      const path = resolve(dirname(file.path), unquoted(include['path'] ?? ''))
      const constrains = include['short'] === 'c' || include['long'] === 'constraint'
      const included = { path, text: readIncluded(path) }
      gather(included, readIncluded, gathered, constrains ? gathered.constraints : into)
    } else if (/^(?:-e|--editable)\b/.test(logical.text)) {
      gathered.skipped.push({ name: logical.text.replace(/^\S+[ =]*/, ''), why: 'it is editable', line: logical.line })
    } else if (!logical.text.startsWith('-')) readRequirement(reader, logical, gathered, into)
  }
  gathered.open.delete(here)
}

function readRequirement(
  reader: LockReader,
  { text, line }: LogicalLine,
  gathered: Gathered,
  into: LockedPackage[],
): void {
  const hashes = [...text.matchAll(/\s--hash[= ]\s*(\S+)/g)].map(([, hash = '']) => hash)
  const [requirement = ''] = text.split(/\s--[a-z]/, 1)
  const [, spec = '', marker] = /^([^;]*)(?:;(.*))?$/s.exec(requirement) ?? []
  const { name, rest = '' } = REQUIREMENT.exec(spec.trim())?.groups ?? {}
  if (name === undefined || rest.startsWith('/') || rest.startsWith('://')) {
    gathered.skipped.push({ name: spec.trim(), why: 'it is a path or a URL, not a release of an index', line })
    return
  }
  if (rest.startsWith('@')) {
    gathered.skipped.push({ name, why: 'it comes from a URL, not from an index', line })
    return
  }
  const pinned = PINNED.exec(rest.trim())?.groups?.['version']
  if (pinned === undefined || pinned.endsWith('.*'))
    reader.fail(line, `${name} is not locked: pin it with ==, found ${JSON.stringify(rest.trim() || 'no version')}`)
  into.push({
    project: reader.project(name, line),
    version: reader.version(pinned, line),
    files: uniqueFiles(
      hashes.flatMap((hash): readonly LockedFile[] => {
        const sha256 = reader.hash(hash, line)
        return sha256 === undefined ? [] : [{ filename: undefined, sha256 }]
      }),
    ),
    marker: marker?.trim() || undefined,
    line,
    identities: [],
  })
}

/** A constraint adds its hashes to what is required with the same pin; alone it requires nothing. */
function joined({ packages, constraints }: Gathered): readonly LockedPackage[] {
  return packages.map(required => {
    const same = constraints.filter(
      ({ project, version }) =>
        project === required.project && canonicalVersion(version) === canonicalVersion(required.version),
    )
    return { ...required, files: uniqueFiles([...required.files, ...same.flatMap(({ files }) => files)]) }
  })
}

/** pip: a backslash at the end joins lines; a `#` begins a comment at the start or after white space. */
function logicalLines(text: string): readonly LogicalLine[] {
  const lines: LogicalLine[] = []
  let open: LogicalLine | undefined
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const comment = /^\s*#/.test(raw)
    const continues = raw.endsWith('\\') && !comment
    const part = comment ? '' : continues ? raw.slice(0, -1) : raw
    open = { text: `${open?.text ?? ''}${open === undefined ? '' : ' '}${part}`, line: open?.line ?? index + 1 }
    if (continues) continue
    lines.push(open)
    open = undefined
  }
  if (open !== undefined) lines.push(open)
  return lines
    .map(({ text: whole, line }) => ({ text: whole.replace(/(^|\s)#.*$/, '').trim(), line }))
    .filter(({ text: whole }) => whole !== '')
}

function unquoted(path: string): string {
  return path.trim().replace(/^(["'])(.*)\1$/, '$2')
}
