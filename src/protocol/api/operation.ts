import type { z } from 'zod'
import type { ApiScope } from '../../domain/access/scope.ts'

type Fields = z.ZodObject

/** A call of the API: the one place that says how it is reached, who may, what it takes and what it answers. */
export interface Operation {
  readonly method: 'GET' | 'POST'
  /** below {@link API_BASE}; `{name}` stands for one segment */
  readonly path: string
  /** one line, without a full stop */
  readonly summary: string
  /** what else there is to say */
  readonly more?: string
  /** of a token, or what the role of a session amounts to */
  readonly need: ApiScope
  readonly params: Fields
  readonly query: Fields
  /** JSON; absent: none is taken */
  readonly body?: z.ZodType
  /** bytes of a body; default: 64 KiB */
  readonly most?: number
  readonly answer: z.ZodType
  /** of success */
  readonly status: 200 | 201
  /** media type of success; default: JSON */
  readonly type?: string
  /** it has pages: `cursor` and `limit` are taken, `next` and `Link` are given */
  readonly paged?: true
  /** what it may answer besides what every operation may */
  readonly fails: readonly (404 | 409 | 422 | 429)[]
}

export const API_BASE = '/api/v1'

/** Rows of a page, where nobody says how many. */
export const PAGE_ROWS = 100
export const MOST_PAGE_ROWS = 500

/** Keeps the types of what is said. */
export function operation<const Told extends Operation>(told: Told): Told {
  return told
}

/** All that an operation may answer when it does not answer what was asked. */
export function failuresOf({ body, fails }: Operation): readonly number[] {
  const always = [400, 401, 403, 405, 421, 429, 500, 502, 503, 504]
  return [...new Set([...always, ...fails, ...(body === undefined ? [] : [413, 415, 422])])].sort((a, b) => a - b)
}

/** The same, and nobody changes it. */
export type Frozen<Value> = Value extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Frozen<Value[Key]> }
    : Value

/** What a caller says, read. */
export interface Said<Of extends Operation> {
  readonly params: Frozen<z.output<Of['params']>>
  readonly query: Frozen<z.output<Of['query']>>
  readonly body: Of['body'] extends z.ZodType ? Frozen<z.output<Of['body']>> : undefined
}

/** What he is told. */
export type Told<Of extends Operation> = Frozen<z.output<Of['answer']>>
