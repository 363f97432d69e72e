import { stringify } from 'yaml'
import { z } from 'zod'
import { valueAt } from '../protocol/yaml/value-at.ts'
import { CONFIG_KEYS, type ConfigKey, SECRET_MEMBERS } from './keys.ts'
import type { LoadedConfig } from './load.ts'
import { put } from './source.ts'

/** A setting as it would stand in the file, secrets masked; `undefined` where it has no value. */
export interface ShownSetting {
  readonly key: string
  readonly path: readonly string[]
  readonly value: unknown
  readonly origin: string
}

/** Every setting in force, in the order of the schema. */
export function showConfig({ config, origins }: LoadedConfig): readonly ShownSetting[] {
  return CONFIG_KEYS.map(setting => {
    const { key, path, property } = setting
    return { key, path, value: written(setting, valueAt(config, property)), origin: origins.get(key) ?? 'default' }
  })
}

/** `{ listen: "127.0.0.1:8080", index: { mode: "list", … } }`; null where there is no value. */
export function shownDocument(settings: readonly ShownSetting[]): Readonly<Record<string, unknown>> {
  const document: Record<string, unknown> = {}
  for (const { path, value } of settings) put(document, path, value ?? null)
  return document
}

/** One line of YAML for each setting, under the names of their sections. */
export function shownLines(
  settings: readonly ShownSetting[],
): readonly { readonly text: string; readonly origin: string | undefined }[] {
  const isEmpty = (section: readonly string[]): boolean =>
    settings.every(
      ({ path, value }) =>
        value === undefined || path.length <= section.length || section.some((part, at) => part !== path[at]),
    )
  return settings.flatMap(({ path, value, origin }, index) => {
    const name = path.at(-1)
    const text = value === undefined ? `# ${name} is not set` : `${name}: ${inOneLine(value)}`
    return [
      ...sectionsOpened(path, settings[index - 1]?.path ?? [], isEmpty),
      { text: `${indentAt(path.length - 1)}${text}`, origin },
    ]
  })
}

/** A line for each section that a setting stands in and the one before it did not. */
function sectionsOpened(
  path: readonly string[],
  before: readonly string[],
  isEmpty: (section: readonly string[]) => boolean,
): readonly { readonly text: string; readonly origin: undefined }[] {
  const sections = path.slice(0, -1)
  const apart = sections.findIndex((section, depth) => section !== before[depth])
  if (apart < 0) return []
  return sections.slice(apart).map((section, depth) => {
    // a section without a member is written so that it is still one
    const empty = isEmpty(path.slice(0, apart + depth + 1)) ? ' {}' : ''
    return { text: `${indentAt(apart + depth)}${section}:${empty}`, origin: undefined }
  })
}

function indentAt(depth: number): string {
  return '  '.repeat(depth)
}

function written({ handling, schema }: ConfigKey, value: unknown): unknown {
  if (value === undefined) return undefined
  const text = z.encode(schema, value)
  if (handling === 'open' || handling === 'from-file') return text
  return handling === 'secret' ? masked(text) : withoutSecrets(text)
}

/** Everything is shown but members that hold secrets. */
function withoutSecrets(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutSecrets)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shownMember(key, inner)]))
}

function shownMember(key: string, value: unknown): unknown {
  if (!SECRET_MEMBERS.has(key)) return withoutSecrets(value)
  const url = key === 'url' && typeof value === 'string' ? URL.parse(value) : null
  return url === null ? masked(value) : `${url.origin}/***`
}

/** The keys stay, so that one sees which origins have credentials and of what kind. */
function masked(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return '***'
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner)]))
}

function inOneLine(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, version: '1.2' }).trimEnd()
}
