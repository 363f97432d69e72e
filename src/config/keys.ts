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
  /** how its text stands in an environment variable; `mapping`: as YAML */
  readonly text: 'plain' | 'list' | 'mapping'
  /**
   * `secret`: never logged, never shown; `holds-secrets`: so are its members named `auth` or `url`; `from-file`: no secret. The environment
   * variable of all but `open` may be a `…_FILE`.
   */
  readonly handling: 'open' | 'secret' | 'holds-secrets' | 'from-file'
  readonly schema: z.ZodType
}

const PREFIX = 'PORTCULLIS_'
const HANDLING: Readonly<Record<string, ConfigKey['handling']>> = {
  'upstream.auth': 'secret',
  sources: 'holds-secrets',
  notify: 'holds-secrets',
  'store.database': 'secret',
  'store.blobs': 'from-file',
  'store.max_stale': 'from-file',
}
/** Members of a setting that are never shown: of `url` all but where it is. */
export const SECRET_MEMBERS: ReadonlySet<string> = new Set(['auth', 'url'])

/** Every setting, in the order of the schema. They are of no folder; the working folder's schema is the one that a configuration is read by. */
export const CONFIG_KEYS: readonly ConfigKey[] = keysOf(configSchema(process.cwd()), [])

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
    text: textOf(inner),
    handling: HANDLING[key] ?? 'open',
    schema: member,
  }
}

function textOf(written: unknown): ConfigKey['text'] {
  if (!(written instanceof z.ZodArray)) return written instanceof z.ZodRecord ? 'mapping' : 'plain'
  return writtenSchema(written.element) instanceof z.ZodObject ? 'mapping' : 'list'
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
