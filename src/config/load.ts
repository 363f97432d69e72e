import { fileURLToPath } from 'node:url'
import { GateError } from '../domain/base/errors.ts'
import { valueAt } from '../protocol/yaml/value-at.ts'
import { CONFIG_KEYS } from './keys.ts'
import { CONFIG_VARIABLE, type Environment, readEnvironment } from './read-environment.ts'
import { readConfigFile } from './read-file.ts'
import { type Config, configSchema } from './schema.ts'
import { describe, namedSource, put, type SettingSource } from './source.ts'

export interface LoadedConfig {
  readonly config: Config
  /** for each key (`index.max_age`): `default`, `portcullis.yaml:3:5`, `PORTCULLIS_LISTEN` or `--listen` */
  readonly origins: ReadonlyMap<string, string>
}

interface Setting {
  readonly value: unknown
  readonly origin: string
}

/** The policy that is in force when nobody names one. */
const STARTER_POLICY = fileURLToPath(new URL('../../policies/starter.yaml', import.meta.url))

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
  const values = configSchema(folder).parse({})
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
  const { data, error } = configSchema(folder).safeParse(document.value)
  if (error !== undefined) return { wrong: describe(error.issues, source) }
  return {
    settings: CONFIG_KEYS.filter(({ path }) => valueAt(document.value, path) !== undefined).map(({ key, path }) => [
      key,
      { value: valueAt(data, path), origin: origin(path) },
    ]),
  }
}

/** What only shows once everything is put together. */
function contradictions(settings: ReadonlyMap<string, Setting>): readonly string[] {
  const wrong: string[] = []
  const url = settings.get('trust.tuf_url')
  if (url?.value !== undefined && settings.get('trust.tuf_root')?.value === undefined)
    wrong.push(`${url.origin} trust.tuf_url: needs trust.tuf_root, the root.json to start from`)
  const offline = settings.get('offline')
  if (offline?.value === true && settings.get('trust.root')?.value === 'tuf')
    wrong.push(
      `${offline.origin} offline: needs trust.root to name a trusted_root.json, because nothing can be refreshed; portcullis trust export writes one where there is a network`,
    )
  return wrong
}

/** The integrity API is asked at the index unless another place is named. */
function assemble(settings: ReadonlyMap<string, Setting>): Config {
  const config: Record<string, unknown> = {}
  for (const { key, property } of CONFIG_KEYS) put(config, property, settings.get(key)?.value)
  const index = settings.get('upstream.index')?.value
  put(config, ['upstream', 'integrity'], settings.get('upstream.integrity')?.value ?? index)
  return config as unknown as Config // every key of the schema, each as the schema made it
}
