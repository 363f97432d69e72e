import { z } from 'zod'
import { writtenSchema } from '../protocol/yaml/keys-at.ts'
import { configSchema, NOTES } from './schema.ts'

/** One setting, and every name it has. */
export interface ConfigKey {
  /** `index.max_age` */
  readonly key: string
  /** in the file: `['index', 'max_age']` */
  readonly path: readonly string[]
  /** in the program: `['index', 'maxAge']` */
  readonly property: readonly string[]
  /** `PORTCULLIS_INDEX_MAX_AGE` */
  readonly environment: string
  readonly description: string
  /** as one would write it; `undefined` where there is none, or none that is a plain value */
  readonly usual: unknown
  /** the default in words */
  readonly otherwise: string | undefined
  /** how its text stands in an environment variable */
  readonly text: 'plain' | 'list' | 'mapping'
  /** never logged, never shown; its environment variable may be a `…_FILE` */
  readonly handling: 'open' | 'secret'
  readonly schema: z.ZodType
}

const PREFIX = 'PORTCULLIS_'
const SECRETS: readonly string[] = ['upstream.auth']

/** Every setting, in the order of the schema. */
export const CONFIG_KEYS: readonly ConfigKey[] = keysOf(configSchema('/'), [])

function keysOf(section: z.ZodObject, above: readonly string[]): readonly ConfigKey[] {
  return Object.entries(section.shape).flatMap(([name, member]) => {
    const path = [...above, name]
    const inner = writtenSchema(member)
    return inner instanceof z.ZodObject ? keysOf(inner, path) : [keyOf(path, member)]
  })
}

function keyOf(path: readonly string[], member: unknown): ConfigKey {
  const inner = writtenSchema(member)
  if (!(member instanceof z.ZodType)) throw new TypeError(`${path.join('.')} has no schema`)
  const key = path.join('.')
  return {
    key,
    path,
    property: path.map(camelCase),
    environment: `${PREFIX}${path.join('_').toUpperCase()}`,
    description: member.description ?? '',
    usual: member instanceof z.ZodPrefault ? member.def.defaultValue : undefined,
    otherwise: NOTES.get(member)?.otherwise,
    text: inner instanceof z.ZodArray ? 'list' : inner instanceof z.ZodRecord ? 'mapping' : 'plain',
    handling: SECRETS.includes(key) ? 'secret' : 'open',
    schema: member,
  }
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
