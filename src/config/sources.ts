import { GateError } from '../domain/base/errors.ts'
import type { SourceName } from '../domain/base/source-name.ts'
import { ownedInVain, ownedTwice, type SourceRule } from '../domain/sources/source-rule.ts'
import type { Credentials } from './parts.ts'
import type { Config } from './schema.ts'
import { type AccessSettings, accessFor, type WorkloadSettings } from './sections/access.ts'

/** One upstream as it is in force. */
export interface SourceSettings extends Omit<Config['upstream'], 'auth'> {
  readonly rule: SourceRule
  /** by origin */
  readonly auth: Readonly<Record<string, Credentials>>
}

/** One index as it is in force. */
export interface IndexSettings {
  readonly name: string
  /** before `/simple/`: empty for the one at `/`, else without a slash at its end */
  readonly path: string
  /** in the order in which they are asked about a name that nobody owns */
  readonly sources: readonly SourceName[]
  readonly policy: Config['policy']
  readonly mode: Config['index']['mode']
  readonly access: AccessSettings
}

/** What the short form calls its one source, and its one index. */
const UPSTREAM = 'upstream' as SourceName
const MAIN = 'main'

/** PyPI serves its files elsewhere than its pages; whoever names it need not know. */
const PYPI = 'https://pypi.org'
const PYPI_FILES = ['https://files.pythonhosted.org']

/** devpi’s files lie beside the folder of its pages. */
const DEVPI_PAGES = /\/\+simple$/

type Several = Pick<Config, 'sources' | 'indexes' | 'upstream' | 'policy' | 'index' | 'access'>

/** Every source; the short form is one of them. Never empty. */
export function sourcesOf({ sources, upstream }: Several): readonly SourceSettings[] {
  if (sources === undefined) return [{ ...upstream, rule: { name: UPSTREAM, owns: [], only: undefined } }]
  return Object.entries(sources).map(([name, source]): SourceSettings => {
    const { index, files, integrity, auth, ca, timeout, owns, only } = source
    return {
      rule: { name: name as SourceName, owns, only },
      index,
      files: files ?? (index === PYPI ? PYPI_FILES : [index.replace(DEVPI_PAGES, '')]),
      integrity: integrity ?? index,
      auth: auth === undefined ? {} : { [new URL(index).origin]: auth },
      ca,
      timeout,
    }
  })
}

/** What sources are called: a policy may name these, and no other. */
export function sourceNames(config: Several): readonly SourceName[] {
  return sourcesOf(config).map(({ rule }) => rule.name)
}

/**
 * The same for a command, which may be told of a policy where no gate is configured: `undefined` where the configuration says nothing
 * of sources.
 */
export function namedSources(config: Several): readonly SourceName[] | undefined {
  return config.sources === undefined ? undefined : sourceNames(config)
}

/** Every index, `/` first where there is one there. Never empty. */
export function indexesOf(config: Several): readonly IndexSettings[] {
  const { indexes, policy, index, access } = config
  const every = sourcesOf(config).map(({ rule }) => rule.name)
  if (indexes === undefined) return [{ name: MAIN, path: '', sources: every, policy, mode: index.mode, access }]
  return Object.entries(indexes)
    .map(
      ([name, own]): IndexSettings => ({
        name,
        path: own.path === '/' ? '' : own.path,
        sources: own.sources as SourceName[],
        policy: own.policy ?? policy,
        mode: own.mode ?? index.mode,
        access: accessFor(access, own.access),
      }),
    )
    .sort((one, other) => one.path.length - other.path.length || (one.path < other.path ? -1 : 1))
}

/** The index that was named, or the first. @throws GateError `usage` for one that there is not */
export function indexNamed(config: Config, name: string | undefined): IndexSettings {
  const indexes = indexesOf(config)
  const index = indexes.find(one => name === undefined || one.name === name)
  if (index !== undefined) return index
  const known = indexes.map(one => one.name).join(', ')
  throw new GateError('usage', `there is no index ${JSON.stringify(name)}; the configuration has: ${known}`)
}

/** Whose rows of a journal are one index's: with only one index every row is, whatever it was called when they were written. */
export function oneOfSeveral(config: Several, index: string): string | undefined {
  return indexesOf(config).length > 1 ? index : undefined
}

/** A member of `sources`, `indexes` or `access` that does not go with another one. */
export interface Contradiction {
  /** from the top on */
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** What only shows when sources and indexes are held against each other. */
export function sourceContradictions({
  sources,
  indexes,
}: Pick<Config, 'sources' | 'indexes'>): readonly Contradiction[] {
  return [...amongSources(sources ?? {}), ...amongIndexes(indexes ?? {}, Object.keys(sources ?? { [UPSTREAM]: {} }))]
}

function amongSources(sources: NonNullable<Config['sources']>): readonly Contradiction[] {
  const rules = Object.entries(sources).map(([name, { owns, only }]) => ({ name: name as SourceName, owns, only }))
  const twice = ownedTwice(rules).map(({ by: [one, other], globs: [left, right] }): Contradiction => {
    const both = left === right ? left : `${left} and ${right}`
    return { path: ['sources', other, 'owns'], message: `${one} and ${other} cannot both own ${both}` }
  })
  const vain = rules.flatMap(rule =>
    ownedInVain(rule).map(
      (glob): Contradiction => ({
        path: ['sources', rule.name, 'only'],
        message: `leaves out ${glob}, which ${rule.name} owns: nobody could be asked about it`,
      }),
    ),
  )
  return [...twice, ...vain, ...told(sources)]
}

/** An owner whose provenance is asked for where another source's names are: that one would hear of what is owned. */
function told(sources: NonNullable<Config['sources']>): readonly Contradiction[] {
  const originOf = (url: string): string => new URL(url).origin
  return Object.entries(sources).flatMap(([name, { index, integrity, owns }]): readonly Contradiction[] => {
    if (owns.length === 0 || integrity === undefined || originOf(integrity) === originOf(index)) return []
    const other = Object.entries(sources).find(
      ([others, its]) =>
        others !== name && [its.index, its.integrity ?? its.index].some(url => originOf(url) === originOf(integrity)),
    )
    if (other === undefined) return []
    const message = `is where ${other[0]} is asked, which would hear of what ${name} owns: leave it out`
    return [{ path: ['sources', name, 'integrity'], message }]
  })
}

function amongIndexes(indexes: NonNullable<Config['indexes']>, known: readonly string[]): readonly Contradiction[] {
  const wrong: Contradiction[] = []
  const paths = new Map<string, string>()
  for (const [name, { path, sources }] of Object.entries(indexes)) {
    const other = paths.get(path)
    if (other !== undefined) wrong.push({ path: ['indexes', name, 'path'], message: `${other} is at ${path} already` })
    paths.set(path, other ?? name)
    for (const [place, source] of sources.entries()) {
      if (!known.includes(source))
        wrong.push({
          path: ['indexes', name, 'sources', place],
          message: `there is no source ${source}; there are: ${known.join(', ')}`,
        })
      else if (sources.indexOf(source) < place)
        wrong.push({ path: ['indexes', name, 'sources', place], message: `${source} is there already` })
    }
  }
  return wrong
}

/** Rules that name one issuer, and certificate authorities of their own that are not the same. */
export function issuerContradictions({
  workloads,
  indexes,
}: {
  readonly workloads: readonly WorkloadSettings[] | undefined
  readonly indexes: Config['indexes']
}): readonly Contradiction[] {
  const named = [
    ...placed(workloads, ['access', 'workloads']),
    ...Object.entries(indexes ?? {}).flatMap(([name, { access }]) =>
      placed(access?.workloads, ['indexes', name, 'access', 'workloads']),
    ),
  ]
  const first = new Map<string, string>()
  return named.flatMap(({ issuer, ca, path }): readonly Contradiction[] => {
    if (ca === undefined) return []
    const other = first.get(issuer) ?? ca
    first.set(issuer, other)
    return other === ca
      ? []
      : [{ path, message: `${issuer} is asked with ${other} by another rule: name one of the two` }]
  })
}

function placed(
  workloads: readonly WorkloadSettings[] = [],
  at: readonly string[],
): readonly { readonly issuer: string; readonly ca: string | undefined; readonly path: Contradiction['path'] }[] {
  return workloads.map(({ issuer, ca }, place) => ({ issuer, ca, path: [...at, place, 'ca'] }))
}
