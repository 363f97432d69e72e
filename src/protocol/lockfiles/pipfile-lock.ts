import { isJsonObject, JsonError, parseJsonStrict } from '../text/json.ts'
import {
  forPythons,
  fromElsewhere,
  type Lock,
  type LockedPackage,
  LockReader,
  type LockText,
  MARKER,
  show,
  tellSources,
  type Unjudged,
} from './lock.ts'
import { withoutCredentials } from './plain-url.ts'
import type { Environment } from './requirements/surroundings.ts'
import { list, optionalText, type Table, table } from './toml-lock.ts'

const LIMITS = { bytes: 64 * 1024 * 1024, depth: 32 }

/**
 * `Pipfile.lock`: categories of packages, each with hashes that belong to no file by name. pipenv writes what stands in an entry into
 * a requirements file as it is, so that nothing may stand there that is more than a value. Throws `usage`.
 */
export function readPipfileLock(file: LockText, environment: Environment): Lock {
  const reader = new LockReader(file.path)
  const root = readJson(file, reader)
  const meta = table(root['_meta'])
  checkSpec(reader, meta)
  const sources = list(meta['sources']).map(it => sourceIn(table(it), environment))
  const entries = entriesOf(file.text, root)
  for (const entry of entries) checkValues(reader, entry)
  const packages = entries.flatMap(it => (elsewhere(it) === undefined ? [releaseOf(reader, it, sources)] : []))
  return {
    path: file.path,
    kind: 'pipfile',
    ...forPythons(pipfilePythons(table(meta['requires']))),
    packages,
    unjudged: [
      ...(packages.some(({ open }) => open) ? tellSources(sources) : []),
      ...entries.flatMap(it => [...[elsewhere(it) ?? []].flat(), ...tellArguments(it)]),
    ],
  }
}

function pipfilePythons({ python_version: minor, python_full_version: full }: Table): string | undefined {
  const written = optionalText(minor) ?? optionalText(full)
  const [, number] = /^3\.(\d{1,2})(?:\.|$)/.exec(written ?? '') ?? []
  return number === undefined ? undefined : `==3.${number}.*`
}

interface Source {
  readonly name: unknown
  readonly url: string | undefined
}

/** pipenv fills in variables of the environment, where they are set. */
function sourceIn({ name, url }: Table, environment: Environment): Source {
  const filled = optionalText(url)?.replace(/\$(?:(\w+)|\{([^}]*)\})/g, (written, bare?: string, braced?: string) => {
    const variable = bare ?? braced ?? ''
    return Object.hasOwn(environment, variable) ? (environment[variable] ?? written) : written
  })
  return { name, url: filled }
}

interface Entry {
  readonly name: string
  readonly entry: Table
  readonly line: number
}

function checkSpec(reader: LockReader, { 'pipfile-spec': spec }: Table): void {
  if (spec === undefined || (typeof spec === 'number' && spec <= 6)) return
  reader.fail(1, `pipfile-spec ${show(spec)} is not known; 6 is`)
}

function readJson({ text }: LockText, reader: LockReader): Table {
  try {
    const json = parseJsonStrict(Buffer.from(text), LIMITS)
    return isJsonObject(json) ? json : reader.fail(1, 'the file holds no JSON object')
  } catch (error) {
    if (error instanceof JsonError) return reader.fail(1, `not JSON: ${error.message}`)
    throw error
  }
}

/** Keys stand in the order of the file, so that each is looked for after the one before. */
function entriesOf(text: string, root: Table): readonly Entry[] {
  const lines = text.split('\n')
  let at = 0
  const placeOf = (key: string): number => {
    const needle = `${JSON.stringify(key)}:`
    let found = at
    while (found < lines.length && lines[found]?.trimStart().startsWith(needle) !== true) found += 1
    at = found < lines.length ? found : at
    return at + 1
  }
  return Object.entries(root).flatMap(([category, entries]) => {
    if (category === '_meta') return []
    placeOf(category)
    return Object.entries(table(entries)).map(([name, entry]) => ({ name, entry: table(entry), line: placeOf(name) }))
  })
}

/** What pipenv writes beside a name, and what it may look like. */
const VALUES: Readonly<Record<string, RegExp>> = { version: /^[\w .!*+=<>~-]*$/, markers: MARKER, os_markers: MARKER }
const LISTS: Readonly<Record<string, RegExp>> = { extras: /^[\w.-]+$/, hashes: /^\w+:[\w+/=-]+$/ }

function checkValues(reader: LockReader, { name, entry, line }: Entry): void {
  for (const [key, form] of Object.entries(VALUES)) {
    const value = entry[key] ?? ''
    if (typeof value !== 'string' || !form.test(value)) wrongValue(reader, { name, key, value, line })
  }
  for (const [key, form] of Object.entries(LISTS)) {
    const value = entry[key] ?? []
    if (!Array.isArray(value) || !value.every(it => typeof it === 'string' && form.test(it)))
      wrongValue(reader, { name, key, value, line })
  }
}

interface WrongValue {
  readonly name: string
  readonly key: string
  readonly value: unknown
  readonly line: number
}

function wrongValue(reader: LockReader, { name, key, value, line }: WrongValue): never {
  return reader.fail(line, `${key} of ${show(name)} is more than pipenv writes there: ${show(value)}`)
}

/** What pipenv hands to pip besides; how a package is built is not what it is. */
function tellArguments({ name, entry: { pip_args: given }, line }: Entry): readonly Unjudged[] {
  const words = given === undefined || given === null ? [] : Array.isArray(given) ? given : [given]
  const harmless = words.every(
    it => typeof it === 'string' && (it === '--config-settings' || /^[A-Za-z0-9][^\s=]*=\S*$/.test(it)),
  )
  if (harmless) return []
  return [fromElsewhere('index-line', { name: `${name} ${show(words)}`, key: 'pip_args', place: undefined, line })]
}

/** In pipenv's order: the first that is there counts. */
const ELSEWHERE = {
  git: 'vcs',
  svn: 'vcs',
  hg: 'vcs',
  bzr: 'vcs',
  file: 'url',
  uri: 'url',
  path: 'path',
} as const

function elsewhere({ name, entry, line }: Entry): Unjudged | undefined {
  const [found] = Object.entries(ELSEWHERE).filter(([key]) => entry[key] !== undefined)
  if (found === undefined) return undefined
  const [key, kind] = found
  const place = optionalText(entry[key])
  const how = key === 'path' && place === '.' ? 'own' : entry['editable'] === true ? 'editable' : kind
  return fromElsewhere(how, { name, key, place, line })
}

function releaseOf(reader: LockReader, { name, entry, line }: Entry, sources: readonly Source[]): LockedPackage {
  const { version, hashes, markers } = entry
  const pinned = typeof version === 'string' ? /^===?(.+)$/s.exec(version)?.[1]?.trim() : undefined
  if (pinned === undefined) return reader.fail(line, `${name} is not pinned with ==; found ${show(version)}`)
  return {
    project: reader.project(name, line),
    version: reader.version(pinned, line),
    ...reader.pins(
      list(hashes).map(hash => ({ hash })),
      line,
    ),
    index: sourceOf(sources, optionalText(entry['index'])),
    marker: optionalText(markers),
    line,
    identities: [],
  }
}

/** pipenv: a package without `index` comes from the first source. A name that no source has is all there is to tell. */
function sourceOf(sources: readonly Source[], name: string | undefined): string | undefined {
  const source = name === undefined ? sources[0] : sources.find(it => it.name === name)
  if (source?.url !== undefined) return withoutCredentials(source.url)
  return sources.length === 0 ? undefined : name
}
