import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { GateError } from '../domain/base/errors.ts'
import { valueAt } from '../protocol/yaml/value-at.ts'
import type { YamlPath } from '../protocol/yaml/yaml-document.ts'
import { CONFIG_KEYS } from './keys.ts'
import { CONFIG_VARIABLE, type Environment, readEnvironment } from './read-environment.ts'
import { readConfigFile } from './read-file.ts'
import { type Config, configSchema } from './schema.ts'
import { isClosed } from './sections/access.ts'
import { consoleContradictions } from './sections/console.ts'
import { halfPair } from './sections/tls.ts'
import { vsaContradictions } from './sections/vsa.ts'
import { describe, namedSource, put, type SettingSource } from './source.ts'
import { indexesOf, issuerContradictions, sourceContradictions } from './sources.ts'

export interface LoadedConfig {
  readonly config: Config
  /** for each key (`index.max_age`): `default`, `portcullis.yaml:3:5`, `PORTCULLIS_LISTEN` or `--listen` */
  readonly origins: ReadonlyMap<string, string>
}

interface Setting {
  readonly value: unknown
  readonly origin: string
  /** where a member of it stands: `portcullis.yaml:7:5` */
  readonly member?: (path: YamlPath) => string
}

/** The policy that is in force when nobody names one. */
const STARTER_POLICY = fileURLToPath(new URL('../../policies/starter.yaml', import.meta.url))

/** zod would compile what is read once. */
const INTERPRETED = { jitless: true } as const

/** Settings that the command line can give, under the names of their keys. */
const FLAGS: readonly string[] = ['listen', 'policy', 'data', 'offline']

/**
 * Defaults, then the file, then the environment, then flags. Each of them is held against the schema on its own, so that
 * a mistake is told where it stands even where something else overrides it.
 *
 * @throws GateError `config-invalid` with everything that is wrong, one a line
 */
export function loadConfig(input: {
  readonly flags: Readonly<Record<string, unknown>>
  /** of `--config` */
  readonly file: string | undefined
  readonly environment: Environment
  /** the working folder */
  readonly folder: string
}): LoadedConfig {
  const { flags, environment, folder } = input
  const file = readConfigFile(input.file ?? (environment[CONFIG_VARIABLE] || undefined), folder)
  const variables = readEnvironment(environment, folder)
  const sources = [file.source, variables.source, readFlags(flags, folder)].filter(source => source !== undefined)
  const wrong = [...file.wrong, ...variables.wrong]
  const settings = defaults(folder)
  for (const source of sources) {
    const read = readSource(source)
    if ('wrong' in read) wrong.push(...read.wrong)
    else for (const [key, setting] of read.settings) settings.set(key, setting)
  }
  wrong.push(...contradictions(settings))
  if (wrong.length > 0) throw new GateError('config-invalid', wrong.join('\n'))
  return {
    config: assemble(settings),
    origins: new Map(CONFIG_KEYS.map(({ key }) => [key, settings.get(key)?.origin ?? 'default'])),
  }
}

function defaults(folder: string): Map<string, Setting> {
  const values = configSchema(folder).parse({}, INTERPRETED)
  return new Map(
    CONFIG_KEYS.map(({ key, path }): [string, Setting] => [key, { value: valueAt(values, path), origin: 'default' }]),
  ).set('policy', { value: [STARTER_POLICY], origin: 'default' })
}

function readFlags(flags: Readonly<Record<string, unknown>>, folder: string): SettingSource {
  const given = CONFIG_KEYS.filter(({ key }) => FLAGS.includes(key) && flags[key] !== undefined)
  return namedSource(
    folder,
    given.map(({ key, path, text }) => {
      const flag = flags[key]
      return { path, name: `--${key}`, value: text === 'list' && !Array.isArray(flag) ? [flag] : flag }
    }),
  )
}

function readSource(
  source: SettingSource,
): { readonly wrong: readonly string[] } | { readonly settings: readonly (readonly [string, Setting])[] } {
  const { document, folder, origin } = source
  const { data, error } = schemaOf(document.value, folder).safeParse(document.value, INTERPRETED)
  if (error !== undefined) return { wrong: describe(error.issues, source) }
  return {
    settings: CONFIG_KEYS.filter(({ path }) => valueAt(document.value, path) !== undefined).map(({ key, path }) => [
      key,
      { value: valueAt(data, path), origin: origin(path), member: origin },
    ]),
  }
}

/** Of the configuration as far as a source speaks of it: the defaults of all else are none of its words. */
function schemaOf(value: unknown, folder: string): z.ZodType {
  const schema = configSchema(folder)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return schema
  const said = Object.keys(schema.shape).filter(key => Object.hasOwn(value, key))
  return schema.pick(Object.fromEntries(said.map(key => [key, true])) as { [Name in keyof typeof schema.shape]?: true })
}

/** What only shows once everything is put together. */
function contradictions(settings: ReadonlyMap<string, Setting>): readonly string[] {
  const wrong: string[] = []
  const url = settings.get('trust.tuf_url')
  if (url?.value !== undefined && settings.get('trust.tuf_root')?.value === undefined)
    wrong.push(`${url.origin} trust.tuf_url: needs trust.tuf_root, the root.json to start from`)
  wrong.push(...twoForms(settings), ...amongSources(settings), ...amongIssuers(settings), ...halfPair(settings, 'tls'))
  wrong.push(...consoleContradictions(settings), ...vsaContradictions(settings))
  if (wrong.length === 0) wrong.push(...shutOut(settings))
  const offline = settings.get('offline')
  if (offline?.value === true && settings.get('trust.root')?.value === 'tuf')
    wrong.push(
      `${offline.origin} offline: needs trust.root to name a trusted_root.json, because nothing can be refreshed; portcullis trust export writes one where there is a network`,
    )
  const notify = settings.get('notify')
  if (offline?.value === true && !isEmpty(notify?.value))
    wrong.push(`${notify?.origin} notify: leave it out: a gate that is offline sends nothing anywhere`)
  const location = settings.get('files.accel.location')
  if (location?.value !== undefined && isEmpty(settings.get('trust_proxy')?.value))
    wrong.push(
      `${location.origin} files.accel.location: needs trust_proxy to name the front that sends the files; to anybody else they would be empty`,
    )
  const header = settings.get('files.accel.header')
  if (header !== undefined && header.value !== USUAL_HEADER && location?.value === undefined)
    wrong.push(`${header.origin} files.accel.header: needs files.accel.location, the front's location of stored files`)
  return wrong
}

/** `upstream` is the short form of one source. */
function twoForms(settings: ReadonlyMap<string, Setting>): readonly string[] {
  const sources = settings.get('sources')
  if (sources?.value === undefined) return []
  const given = [...settings].filter(([key, { origin }]) => key.startsWith('upstream.') && origin !== 'default')
  return given.map(
    ([key, { origin }]) =>
      `${origin} ${key}: sources, at ${sources.origin}, stands in place of upstream; leave one out`,
  )
}

function amongSources(settings: ReadonlyMap<string, Setting>): readonly string[] {
  const [sources, indexes] = [settings.get('sources'), settings.get('indexes')]
  const several = { sources: sources?.value, indexes: indexes?.value } as Pick<Config, 'sources' | 'indexes'>
  return sourceContradictions(several).map(({ path, message }) => {
    const setting = path[0] === 'sources' ? sources : indexes
    return `${setting?.member?.(path) ?? setting?.origin} ${path.join('.')}: ${message}`
  })
}

/** An issuer is asked by one connection, whichever rules name it. */
function amongIssuers(settings: ReadonlyMap<string, Setting>): readonly string[] {
  const [top, indexes] = [settings.get('access.workloads'), settings.get('indexes')]
  const several = { workloads: top?.value, indexes: indexes?.value } as Parameters<typeof issuerContradictions>[0]
  return issuerContradictions(several).map(({ path, message }) => {
    const setting = path[0] === 'access' ? top : indexes
    return `${setting?.member?.(path) ?? setting?.origin} ${path.join('.')}: ${message}`
  })
}

const USUAL_HEADER = CONFIG_KEYS.find(({ key }) => key === 'files.accel.header')?.usual

function isEmpty(list: unknown): boolean {
  return !Array.isArray(list) || list.length === 0
}

/** An index that nobody could enter is a mistake. */
function shutOut(settings: ReadonlyMap<string, Setting>): readonly string[] {
  const config = assemble(settings)
  return indexesOf(config)
    .filter(({ access }) => isClosed(access, config))
    .map(({ name }) => {
      const own = config.indexes?.[name]?.access?.anonymous === false
      const setting = settings.get(own ? 'indexes' : 'access.anonymous')
      const path = ['indexes', name, 'access', 'anonymous']
      const place = own ? `${setting?.member?.(path)} ${path.join('.')}` : `${setting?.origin} access.anonymous`
      return `${place}: nobody could enter the index ${name}: allow tokens, workloads or a front${config.offline ? '; workloads are nobody to a gate that is offline, which can ask no issuer' : ''}`
    })
}

/** The integrity API is asked at the index unless another place is named. */
function assemble(settings: ReadonlyMap<string, Setting>): Config {
  const config: Record<string, unknown> = {}
  for (const { key, property } of CONFIG_KEYS) put(config, property, settings.get(key)?.value)
  const index = settings.get('upstream.index')?.value
  put(config, ['upstream', 'integrity'], settings.get('upstream.integrity')?.value ?? index)
  return config as unknown as Config // every key of the schema, each as the schema made it
}
