import { isJsonObject, JsonError, parseJsonStrict } from '../text/json.ts'
import {
  fromElsewhere,
  type Lock,
  type LockedPackage,
  LockReader,
  type LockText,
  pinsOf,
  show,
  type Unjudged,
  withoutCredentials,
} from './lock.ts'
import { list, optionalText, type Table, table } from './toml-lock.ts'

const LIMITS = { bytes: 64 * 1024 * 1024, depth: 32 }

/** `Pipfile.lock`: categories of packages, each with hashes that belong to no file by name. Throws `usage`. */
export function readPipfileLock(file: LockText): Lock {
  const reader = new LockReader(file.path)
  const root = readJson(file, reader)
  const meta = table(root['_meta'])
  checkSpec(reader, meta)
  const entries = entriesOf(file.text, root)
  return {
    path: file.path,
    kind: 'pipfile',
    packages: entries.flatMap(it => (elsewhere(it) === undefined ? [releaseOf(reader, it, meta)] : [])),
    unjudged: entries.flatMap(it => elsewhere(it) ?? []),
  }
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

const ELSEWHERE = {
  git: 'vcs',
  hg: 'vcs',
  svn: 'vcs',
  bzr: 'vcs',
  path: 'path',
  file: 'url',
  uri: 'url',
} as const

function elsewhere({ name, entry, line }: Entry): Unjudged | undefined {
  const [found] = Object.entries(ELSEWHERE).filter(([key]) => entry[key] !== undefined)
  if (found === undefined) return undefined
  const [key, kind] = found
  const place = optionalText(entry[key])
  const how = key === 'path' && place === '.' ? 'own' : entry['editable'] === true ? 'editable' : kind
  return fromElsewhere(how, { name, key, place, line })
}

function releaseOf(reader: LockReader, { name, entry, line }: Entry, meta: Table): LockedPackage {
  const { version, hashes, markers } = entry
  const pinned = typeof version === 'string' ? /^===?(.+)$/s.exec(version)?.[1]?.trim() : undefined
  if (pinned === undefined) return reader.fail(line, `${name} is not pinned with ==; found ${show(version)}`)
  return {
    project: reader.project(name, line),
    version: reader.version(pinned, line),
    ...pinsOf(list(hashes).map(hash => reader.file({ hash }, line))),
    index: sourceOf(meta, optionalText(entry['index'])),
    marker: optionalText(markers),
    line,
    identities: [],
  }
}

/** pipenv: a package without `index` comes from the first source. A name that no source has is all there is to tell. */
function sourceOf(meta: Table, name: string | undefined): string | undefined {
  const sources = list(meta['sources']).map(table)
  const source = name === undefined ? sources[0] : sources.find(it => it['name'] === name)
  const url = optionalText(source?.['url'])
  if (url !== undefined) return withoutCredentials(url)
  return sources.length === 0 ? undefined : name
}
